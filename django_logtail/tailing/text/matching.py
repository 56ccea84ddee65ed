"""Matches a text or a regular expression in UTF-8. Independent of files.

A regular expression comes from a viewer and may be hostile: only RE2 matches it, in time linear in the text; never
`re`.
"""

from __future__ import annotations

import functools
import importlib
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final, Protocol

from django_logtail.tailing.reasons import reason

#: Bytes searched at a time; a longer line is searched in pieces.
LONGEST_BYTES: Final = 1024 * 1024
#: Instructions RE2 may compile an expression to, and bytes of memory for it: `.{1000}` is one of 8,000, and takes a
#: thousand times as long as it should.
MAX_PROGRAM: Final = 1_000
REGEX_MEMORY_BYTES: Final = 4 * 1024 * 1024
#: Bytes of memory in which an expression must compile before it gets all of that: the attempt ends soon if the
#: expression is far too large. A text that we turned into an expression needs more.
COMPILED_BYTES: Final = 128 * 1024
#: Classes of Unicode letters in an expression: each has hundreds of ranges to read before its size is known.
MAX_CLASSES: Final = 16
#: At worst RE2 looks at each byte once for each instruction, some 50 million times a second on a busy machine: this
#: many looks take less than a turn. For a plain text it never does that, however long it is.
PIECE_WORK: Final = 4 * 1024 * 1024
TEXT_PIECE_WORK: Final = 256 * 1024 * 1024
#: Without RE2: up to this many letters with other forms are replaced one after the other; and with more, how many bytes
#: to translate at a time, at 10 MB/s during which nothing else runs.
FEW_FOLDS: Final = 8
TRANSLATED_BYTES: Final = 128 * 1024
#: Bytes after a place in which a text in any case is looked for without RE2, and the matches there after which all of
#: the text is converted to lower case.
NEAR_BYTES: Final = 1024
MANY_NEAR: Final = 16
#: Makes `^` and `$` match at line ends.
_BY_LINE: Final = b"(?m)"
#: What may look beyond a line: beginning and end of the text, and turning off our `(?m)`.
_SEES_MORE: Final = re.compile(r"\\[Az]|\(\?[a-zA-Z]*-[a-zA-Z]*m")
#: `\C`, any byte, even a part of a character: the page's find takes the same expressions, but doesn't know this one.
_BYTE: Final = re.compile(r"(?<!\\)(?:\\\\)*\\C")
_CLASS: Final = re.compile(r"\\[pP]")


class BadPattern(ValueError):
    """The search is impossible. The text says why, as the end of a sentence."""


class Matcher(Protocol):
    """Finds a pattern in UTF-8."""

    @property
    def longest(self) -> int:
        """Bytes that may be searched at once in less than a turn, whatever their content."""

    @property
    def pause_bytes(self) -> int:
        """Bytes after which a search pauses, at the end of a line, to check the clock and whether it was cancelled."""

    @property
    def looks_ahead(self) -> bool:
        """Whether it reads lines around a line: `follow` and `look_ahead` are for such a matcher."""

    @property
    def needed(self) -> str:
        """A text that every matching line contains, if upper and lower case of ASCII are alike; "": unknown."""

    def follow(self, text: bytes) -> None:
        """Begin anew after this text, which isn't searched."""

    def look_ahead(self, line: bytes) -> None:
        """The line after the text that was prepared last."""

    def prepared(self, text: bytes) -> bytes:
        """The text to search: of the same length, with lines and characters at the same places."""

    def find(self, text: bytes, start: int, end: int) -> int:
        """Where the first match begins in the lines [start, end) of a prepared text; -1: nowhere."""

    def spans(self, line: bytes) -> Iterator[tuple[int, int]]:
        """Where a prepared line matches: in order, without overlap."""


class _ByLine:
    """A matcher that sees one line at a time."""

    looks_ahead = False
    needed = ""

    def follow(self, text: bytes) -> None:
        pass

    def look_ahead(self, line: bytes) -> None:
        pass


class Literal(_ByLine):
    """Literal text; without `case`, letters match if they share an upper-case form of the same length in bytes."""

    def __init__(self, pattern: str, *, case: bool) -> None:
        """Raises `BadPattern`."""
        self._needle = _encoded(pattern)
        self._case = case
        self.needed = pattern if case else _longest_without_forms(pattern)
        self._folds: dict[bytes, bytes] = {}
        if not case:
            if not pattern.isascii():
                wanted = {character.upper() for character in pattern}
                forms = ((form, upper) for form, upper in _upper_forms().items() if upper in wanted)
                self._folds = {form.encode(): upper.encode() for form, upper in forms}
            self._needle = self._folded(self._needle)

    pause_bytes = LONGEST_BYTES

    @property
    def longest(self) -> int:
        return TRANSLATED_BYTES if len(self._folds) > FEW_FOLDS else LONGEST_BYTES

    @property
    def has_folds(self) -> bool:
        """Whether letters beyond ASCII have matching forms."""
        return bool(self._folds)

    @property
    def expression(self) -> str:
        """The same for RE2."""
        alike: dict[str, str] = {}
        for form, folded in self._folds.items():
            alike[folded.decode()] = alike.get(folded.decode(), folded.decode()) + form.decode()
        parts = (
            f"[{character}{character.upper()}]"
            if character.isascii() and character.isalpha()
            else f"[{alike[character]}]"
            if character in alike
            else re.sub(r"([^\w\s])", r"\\\1", character, flags=re.ASCII)
            if character.isascii()
            else character
            for character in self._needle.decode()
        )
        return "".join(parts)

    def prepared(self, text: bytes) -> bytes:
        return text if self._case else self._folded(text)

    def _folded(self, text: bytes) -> bytes:
        text = text.lower()  # bytes: only A to Z
        if text.isascii():
            return text
        if len(self._folds) > FEW_FOLDS:  # one pass, whatever their number
            letters = text.decode("utf-8", "surrogateescape")
            return letters.translate(self._translation).encode("utf-8", "surrogateescape")
        for form, folded in self._folds.items():
            text = text.replace(form, folded)
        return text

    @functools.cached_property
    def _translation(self) -> dict[int, str]:
        return {ord(form.decode()): folded.decode() for form, folded in self._folds.items()}

    def find(self, text: bytes, start: int, end: int) -> int:
        return text.find(self._needle, start, end)

    def spans(self, line: bytes) -> Iterator[tuple[int, int]]:
        at = line.find(self._needle)
        while at >= 0:
            yield at, at + len(self._needle)
            at = line.find(self._needle, at + len(self._needle))


class Regex(_ByLine):
    """An RE2 expression. It sees one line at a time: `^` and `$` match at line ends, and nothing matches a line
    feed.
    """

    def __init__(self, pattern: str, *, case: bool, is_text: bool = False, needed: str = "") -> None:
        """`is_text`: we built it to match a text. Raises `BadPattern`, also if RE2 is not installed."""
        self.needed = needed
        if not is_text and len(_CLASS.findall(pattern)) > MAX_CLASSES:
            raise BadPattern(reason("pattern-classes", count=MAX_CLASSES))
        if _BYTE.search(pattern) is not None:
            raise BadPattern(reason("bad-escape", part="\\C"))
        memory = (REGEX_MEMORY_BYTES,) if is_text else (COMPILED_BYTES, REGEX_MEMORY_BYTES)
        for max_mem in memory:
            self._regex = _compiled(pattern, case, max_mem)
        size = max(self._regex.programsize, self._regex.reverseprogramsize)
        if size > MAX_PROGRAM and not is_text:
            raise BadPattern(reason("pattern-too-large"))
        self._longest: int = min(LONGEST_BYTES, (TEXT_PIECE_WORK if is_text else PIECE_WORK) // size)
        # These depend on where the text ends, so they must see only one line. Rare enough to be slow.
        self._is_by_line = _SEES_MORE.search(pattern) is not None

    pause_bytes = LONGEST_BYTES

    @property
    def longest(self) -> int:
        return self._longest

    def prepared(self, text: bytes) -> bytes:
        return text

    def find(self, text: bytes, start: int, end: int) -> int:
        if not self._is_by_line:
            found = self._regex.search(text, start, end)
            return found.start() if found is not None else -1
        while start < end:
            line_end = text.find(b"\n", start, end)
            line = text[start : line_end if line_end >= 0 else end]
            if self._regex.search(line) is not None:
                return start
            start += len(line) + 1
        return -1

    def spans(self, line: bytes) -> Iterator[tuple[int, int]]:
        return (found.span() for found in self._regex.finditer(line))


class AnyCase(Literal):
    """A text of ASCII in upper or lower case: RE2 finds it faster than all of a log can be converted to lower case.

    A call of it takes long, so what is near is looked at first; where much is near, the rest is converted after all.
    """

    def __init__(self, pattern: str) -> None:
        """Raises `BadPattern`."""
        super().__init__(pattern, case=False)
        self._regex = Regex(self.expression, case=True, is_text=True)
        #: The text of the last call, in lower case if it has many matches, and how many it has had nearby.
        self._text = self._lowered = b""
        self._near = 0

    @property
    def longest(self) -> int:
        return self._regex.longest

    def prepared(self, text: bytes) -> bytes:
        return text

    def find(self, text: bytes, start: int, end: int) -> int:
        if text is not self._text:
            self._text, self._lowered, self._near = text, b"", 0
        if self._lowered:
            return self._lowered.find(self._needle, start, end)
        near = min(end, start + NEAR_BYTES)
        found = text[start:near].lower().find(self._needle)
        if found >= 0:
            self._near += 1
            if self._near == MANY_NEAR:
                self._lowered = text.lower()
            return start + found
        return self._regex.find(text, max(start, near - len(self._needle)), end) if near < end else -1

    def spans(self, line: bytes) -> Iterator[tuple[int, int]]:
        return super().spans(line.lower())


def matcher(pattern: str, *, regex: bool, case: bool) -> Matcher:
    """A matcher for `pattern`. Raises `BadPattern`."""
    if regex:
        return Regex(pattern, case=case)
    literal = Literal(pattern, case=case or pattern.upper() == pattern.lower())
    if not has_regex() or case:
        return literal
    if literal.has_folds:
        # RE2 handles both forms at once; converting takes ten times as long.
        return Regex(literal.expression, case=True, is_text=True, needed=literal.needed)
    return AnyCase(pattern) if pattern.isascii() and pattern.upper() != pattern.lower() else literal


def own_expression(pattern: str) -> Any:
    """An expression of ours, and of nobody else, for `search` in UTF-8: in RE2, or in `re` where RE2 is missing."""
    re2 = _re2()
    if re2 is None:
        return re.compile(pattern.encode(), re.MULTILINE)
    options = re2.Options()
    options.never_capture = True
    return re2.compile(_BY_LINE + pattern.encode(), options)


class OwnSet:
    """Which of several expressions of ours, for `own_expression`, match somewhere in UTF-8, in one pass over it."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns = range(len(patterns))
        re2 = _re2()
        self._set = re2.Set.SearchSet() if re2 is not None and patterns else None
        if self._set is not None:
            for pattern in patterns:
                self._set.Add(_BY_LINE + pattern.encode())
            self._set.Compile()

    def matching(self, text: bytes) -> Sequence[int]:
        """The numbers of those that match in `text`, in which one does; all of them without RE2."""
        # RE2 also says "none" when its memory is too small.
        return sorted((self._set and self._set.Match(text)) or self._patterns)


def has_regex() -> bool:
    """Whether regular expressions are available here."""
    return _re2() is not None


@functools.cache
def _upper_forms() -> dict[str, str]:
    """The upper-case forms of letters beyond ASCII that have a single one of the same length in UTF-8."""
    letters = (chr(number) for number in range(0x80, 0x20000) if not 0xD800 <= number < 0xE000)
    forms = ((letter, letter.upper()) for letter in letters)
    return {
        letter: upper
        for letter, upper in forms
        if letter != upper and len(upper) == 1 and len(letter.encode()) == len(upper.encode())
    }


def _longest_without_forms(pattern: str) -> str:
    """Its longest part of ASCII and of characters that have neither an upper nor a lower case."""
    parts = "".join(
        letter if letter.isascii() or letter == letter.upper() == letter.lower() else "\n"
        for letter in pattern
    )
    return max(parts.split("\n"), key=len)


def _encoded(pattern: str) -> bytes:
    if not pattern:
        raise BadPattern(reason("pattern-empty"))
    if "\n" in pattern:
        raise BadPattern(reason("pattern-line-end"))
    try:
        return pattern.encode()
    except UnicodeEncodeError:
        raise BadPattern(reason("pattern-half-character")) from None


def _compiled(pattern: str, case: bool, max_mem: int) -> Any:
    """The expression in RE2. Raises `BadPattern`."""
    re2 = _re2()
    if re2 is None:
        raise BadPattern(reason("no-regex"))
    options = re2.Options()
    options.log_errors = False
    options.never_capture = True
    options.never_nl = True
    options.case_sensitive = case
    options.max_mem = max_mem
    try:
        return re2.compile(_BY_LINE + _encoded(pattern), options)
    except re2.error as error:
        raise BadPattern(reason_of_re2(_text_of(error))) from None
    finally:
        re2.purge()  # its cache would keep 128 of them


#: Codes by the beginning of RE2's message, which continues with a colon and the faulty part of the expression.
_RE2_SAYS: Final = {
    "invalid escape sequence": "bad-escape",
    "invalid character class range": "bad-range",
    "invalid character class": "bad-class",
    "missing ]": "missing-bracket",
    "missing )": "missing-parenthesis",
    "missing closing ]": "missing-bracket",
    "missing closing )": "missing-parenthesis",
    "unexpected )": "unexpected-parenthesis",
    "trailing \\": "trailing-backslash",
    "no argument for repetition operator": "nothing-to-repeat",
    "invalid repetition size": "bad-repetition",
    "bad repetition operator": "bad-repetition",
    "invalid perl operator": "bad-operator",
    "invalid named capture": "bad-group",
    "invalid named capture group": "bad-group",
}


def reason_of_re2(said: str) -> str:
    """What RE2 says is wrong with an expression, as one of `reasons`; unchanged if its message is unknown."""
    if "too large" in said:
        return reason("pattern-too-large")
    said = said.replace(_BY_LINE.decode(), "", 1)
    found, _, part = said.partition(": ")
    return reason(_RE2_SAYS[found], part=part) if found in _RE2_SAYS else said


def _text_of(error: Exception) -> str:
    seen = error.args[0] if error.args else b""
    return seen.decode("utf-8", "replace") if isinstance(seen, bytes) else str(seen)


def _re2() -> Any:
    """The `re2` module of google-re2; None without the extra. Another package of that name has other options."""
    try:
        module = importlib.import_module("re2")
    except ImportError:
        return None
    return module if hasattr(module, "Options") else None
