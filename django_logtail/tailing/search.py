"""Find lines of one generation, in bounded chunks, whatever its encoding. Knows nothing of who asks.

The text is searched as UTF-8. Bytes of another encoding are converted first, chunk by chunk, so that a match never
begins inside a character of several bytes; what can stay as it is, stays. A regular expression is the reader's own and
hostile: it is matched by RE2, in time linear in the text, or not at all, and never by `re`.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Protocol

from django_logtail.tailing.lines import LineEnds

#: Bytes read and converted at a time; a line longer than this is searched in pieces.
CHUNK_BYTES: Final = 1024 * 1024
#: Bytes searched between two looks at the clock and at whether to go on: more while it goes fast, fewer while slow.
LEAST_SLICE_BYTES: Final = 16 * 1024
FAST_SECONDS: Final = 0.002
SLOW_SECONDS: Final = 0.02
#: Hits of one search. Who wants more begins again where it ended, or narrows the search.
MAX_HITS: Final = 1_000
#: Bytes of UTF-8 shown of a line, matches marked in it, and bytes before a match that is far to the right.
EXCERPT_BYTES: Final = 512
MAX_MARKED: Final = 50
LEAD_BYTES: Final = 80
#: Instructions RE2 may compile an expression to, and bytes of memory for it: `.{1000}` is one of 8,000, and takes a
#: thousand times as long as it should.
MAX_PROGRAM: Final = 2_000
REGEX_MEMORY_BYTES: Final = 4 * 1024 * 1024
#: What makes `^` and `$` those of a line.
_BY_LINE: Final = b"(?m)"
#: What may look beyond a line: begin and end of the text, any byte, and an end to our `(?m)`.
_SEES_MORE: Final = re.compile(r"\\[AzC]|\(\?[a-zA-Z]*-[a-zA-Z]*m")


class BadPattern(ValueError):
    """What is searched for cannot be. The text says why, as the end of a sentence."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A line that matches: bytes [start, end) of the file, its newline included.

    `parts` is its text, cut where it matches: every second one, from the second on, is a match. `before` and `after`
    say whether the line goes on beyond them. Of a line longer than CHUNK_BYTES, `end` is how far it was read.
    """

    start: int
    end: int
    parts: tuple[str, ...]
    before: bool = False
    after: bool = False


class Matcher(Protocol):
    """Finds in UTF-8 what was asked for."""

    def prepared(self, text: bytes) -> bytes:
        """The text as it is to be searched: as long, with lines and characters at the same places."""

    def find(self, text: bytes, start: int, end: int) -> int:
        """Where in the lines [start, end) of a prepared text the first match begins; -1: nowhere."""

    def spans(self, line: bytes) -> Iterator[tuple[int, int]]:
        """Where a prepared line matches: in order, without overlap."""


class Literal:
    """Text as it stands; without `case`, letters are alike that have one upper form, of as many bytes as theirs."""

    def __init__(self, pattern: str, *, case: bool) -> None:
        """Raises `BadPattern`."""
        self._needle = _encoded(pattern)
        self._case = case
        self._folds: dict[bytes, bytes] = {}
        if not case:
            if not pattern.isascii():
                wanted = {character.upper() for character in pattern}
                forms = ((form, upper) for form, upper in _upper_forms().items() if upper in wanted)
                self._folds = {form.encode(): upper.encode() for form, upper in forms}
            self._needle = self.prepared(self._needle)

    @property
    def has_folds(self) -> bool:
        """Whether letters beyond ASCII have forms that are alike."""
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
        if self._case:
            return text
        text = text.lower()  # bytes: nothing but A to Z
        if text.isascii():
            return text
        for form, folded in self._folds.items():
            text = text.replace(form, folded)
        return text

    def find(self, text: bytes, start: int, end: int) -> int:
        return text.find(self._needle, start, end)

    def spans(self, line: bytes) -> Iterator[tuple[int, int]]:
        at = line.find(self._needle)
        while at >= 0:
            yield at, at + len(self._needle)
            at = line.find(self._needle, at + len(self._needle))


class Regex:
    """An expression of RE2. It sees one line at a time: `^` and `$` are a line's, and nothing matches a line feed."""

    def __init__(self, pattern: str, *, case: bool) -> None:
        """Raises `BadPattern`; also when this installation has no RE2."""
        re2 = _re2()
        if re2 is None:
            raise BadPattern('regular expressions need the "regex" extra, which is not installed here')
        options = re2.Options()
        options.log_errors = False
        options.never_capture = True
        options.never_nl = True
        options.case_sensitive = case
        options.max_mem = REGEX_MEMORY_BYTES
        try:
            self._regex = re2.compile(_BY_LINE + _encoded(pattern), options)
        except re2.error as error:
            raise BadPattern(_words_of(error)) from None
        finally:
            re2.purge()  # it would keep 128 of them
        if max(self._regex.programsize, self._regex.reverseprogramsize) > MAX_PROGRAM:
            raise BadPattern("the expression is too large; repeat less in it")
        # These look at where the text ends, and so must see no more than a line. Rare enough to be slow.
        self._is_by_line = _SEES_MORE.search(pattern) is not None

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


def matcher(pattern: str, *, regex: bool, case: bool) -> Matcher:
    """What finds `pattern`. Raises `BadPattern`."""
    if regex:
        return Regex(pattern, case=case)
    literal = Literal(pattern, case=case)
    if literal.has_folds and has_regex():
        with contextlib.suppress(
            BadPattern
        ):  # RE2 sees to both forms at once; converting a chunk takes ten times as long
            return Regex(literal.expression, case=True)
    return literal


def has_regex() -> bool:
    """Whether regular expressions can be had here."""
    return _re2() is not None


class Search:
    """One search through bytes [start, end) of an open file, a step at a time. It owns the descriptor.

    Steps may be made in any thread, one after the other. `cancel` may come from another: the step under way ends soon.
    """

    def __init__(
        self,
        descriptor: int,
        matcher: Matcher,
        start: int,
        end: int,
        *,
        encoding: str = "utf-8",
        head: bytes = b"",
        max_hits: int = MAX_HITS,
        chunk_bytes: int = CHUNK_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`head`: the first bytes of the file, for the byte order of `utf-16`."""
        self._descriptor = descriptor
        self._matcher = matcher
        self._ends = LineEnds(encoding, head)
        self._codec = None if self._ends.name in ("utf-8", "utf-8-sig") else self._ends.name
        self._is_ascii_clear = _is_ascii_clear(self._ends)
        self.start = start - start % self._ends.unit
        self.end = end
        #: Everything before it has been searched.
        self.position = self.start
        self.found = 0
        #: Whether it ended because of MAX_HITS: there may be more beyond `position`.
        self.is_full = False
        self.is_done = self.start >= end
        self._max_hits = max_hits
        self._chunk_bytes = chunk_bytes
        self._slice_bytes = LEAST_SLICE_BYTES
        self._clock = clock
        self._is_cancelled = False
        #: Where the line began that goes on in the next chunk, and whether it was found already.
        self._open_line: int | None = None
        self._open_line_found = False
        self._slices = self._searched()

    def cancel(self) -> None:
        """Have the step under way come back soon."""
        self._is_cancelled = True

    def close(self) -> None:
        """Not while a step is under way."""
        os.close(self._descriptor)

    def step(self, seconds: float, max_bytes: int, *, is_eager: bool = False) -> list[Hit]:
        """Search on for so long or so far; with `is_eager`, no further than to the first hits. Raises `OSError`."""
        hits: list[Hit] = []
        until, most = self._clock() + seconds, self.position + max_bytes
        while not self.is_done and not self._is_cancelled:
            hits += next(self._slices, ())
            if self._clock() >= until or self.position >= most or (hits and is_eager):
                break
        return hits

    def _searched(self) -> Iterator[list[Hit]]:
        """The hits of each slice, whose chunk has been searched when the next chunk's first slice begins."""
        while self.position < self.end:
            data = os.pread(self._descriptor, min(self._chunk_bytes, self.end - self.position), self.position)
            if not data:
                break  # the file became shorter
            is_last = self.position + len(data) >= self.end
            cut = len(data) if is_last else self._cut(data)
            yield from self._search(data[:cut])
            if self.is_full:
                break
            self.position += cut
        self.is_done = True

    def _cut(self, data: bytes) -> int:
        """How much of a full chunk to search: whole lines, or a piece of a line that is longer."""
        whole = self._ends.after_last(data, self.position)
        return whole or self._ends.whole_characters(data) or len(data)

    def _search(self, data: bytes) -> Iterator[list[Hit]]:
        chunk = _Chunk(data, self._text_of(data), self.position, self._ends)
        text = self._matcher.prepared(chunk.text)
        at = 0
        while at < len(text):
            began = self._clock()
            stop = text.find(b"\n", min(at + self._slice_bytes, len(text)) - 1) + 1 or len(text)
            hits = list(self._hits(chunk, text, at, stop))
            at = stop
            if self.is_full:
                self.position = hits[-1].end
            took = self._clock() - began
            if took < FAST_SECONDS:
                self._slice_bytes = min(self._slice_bytes * 2, self._chunk_bytes)
            elif took > SLOW_SECONDS:
                self._slice_bytes = max(self._slice_bytes // 2, LEAST_SLICE_BYTES)
            yield hits
            if self.is_full:
                return
        if text.endswith(b"\n"):
            self._open_line = None
        elif self._open_line is None or b"\n" in text:
            self._open_line = chunk.start_of(text.rfind(b"\n") + 1)
            self._open_line_found = chunk.last_found == self._open_line

    def _text_of(self, data: bytes) -> bytes:
        if self._codec is None or (self._is_ascii_clear and data.isascii()):
            return data
        text = data.decode(self._codec, "replace").encode()
        if self._ends.unit > 1 or text.count(b"\n") == data.count(b"\n"):
            return text
        starts = _line_starts(data, self.position, self._ends)  # a broken character took a line feed along
        lines = zip(starts, [*starts[1:], len(data)], strict=True)
        return b"".join(
            data[start:end].decode(self._codec, "replace").replace("\n", "").encode()
            + b"\n" * (end != len(data) or data.endswith(self._ends.newline))
            for start, end in lines
        )

    def _hits(self, chunk: _Chunk, text: bytes, at: int, stop: int) -> Iterator[Hit]:
        while at < stop and (found := self._matcher.find(text, at, stop)) >= 0:
            line_start = text.rfind(b"\n", 0, found) + 1
            newline = text.find(b"\n", found)
            line_end = newline if newline >= 0 else len(text)
            at = line_end + 1
            if line_start == len(text):
                return  # nothing matches everywhere, but after the last line feed there is no line
            start = chunk.start_of(line_start)
            if line_start == 0 and self._open_line is not None:
                if self._open_line_found:
                    continue
                start, self._open_line_found = self._open_line, True
            shown = self._shown(chunk.text[line_start:line_end], text[line_start:line_end])
            if shown is None:
                continue
            parts, before, after = shown
            if start == 0:
                parts = (parts[0].removeprefix("\ufeff"), *parts[1:])
            before = before or (line_start == 0 and self._open_line is not None)
            chunk.last_found = start
            self.found += 1
            yield Hit(start, chunk.end_of(line_end), parts, before, after or newline < 0 < self._left(chunk))
            if self.found >= self._max_hits:
                self.is_full = True
                return

    def _left(self, chunk: _Chunk) -> int:
        return self.end - chunk.base - len(chunk.data)

    def _shown(self, line: bytes, prepared: bytes) -> tuple[tuple[str, ...], bool, bool] | None:
        """The parts of a line around its first match; None: on its own, it does not match."""
        line = line.removesuffix(b"\r")
        spans = self._matcher.spans(prepared[: len(line)])
        first = span = next(spans, None)
        if first is None:
            return None
        start = 0 if first[0] <= EXCERPT_BYTES // 4 else _character_start(line, first[0] - LEAD_BYTES)
        end = (
            len(line) if start + EXCERPT_BYTES >= len(line) else _character_start(line, start + EXCERPT_BYTES)
        )
        cuts, count = [start], 0
        while span is not None and span[0] < end and count < MAX_MARKED:
            if span[0] < span[1]:
                cuts += [span[0], min(span[1], end)]
            count += 1
            span = next(spans, None)
        pieces = zip(cuts, [*cuts[1:], end], strict=True)
        parts = tuple(line[one:other].decode("utf-8", "replace") for one, other in pieces)
        return parts, start > 0, end < len(line)


class _Chunk:
    """Bytes of the file and the same as UTF-8, whose lines are the same ones."""

    def __init__(self, data: bytes, text: bytes, base: int, ends: LineEnds) -> None:
        self.data = data
        self.text = text
        self.base = base
        self.last_found = -1
        self._ends = ends
        self._starts: list[int] | None = None
        self._counted = (0, 0)

    def start_of(self, at: int) -> int:
        """The offset in the file of the line that begins at `at` of the text. To be asked in ascending order."""
        if self.text is self.data:
            return self.base + at
        if self._starts is None:
            self._starts = _line_starts(self.data, self.base, self._ends)
        place, lines = self._counted
        if at < place:
            place, lines = 0, 0
        lines += self.text.count(b"\n", place, at)
        self._counted = at, lines
        return self.base + self._starts[lines]

    def end_of(self, at: int) -> int:
        """The offset after the line feed at `at` of the text, or after the text where there is none."""
        if at >= len(self.text):
            return self.base + len(self.data)
        return self.start_of(at + 1)


def _line_starts(data: bytes, base: int, ends: LineEnds) -> list[int]:
    """Where in `data` its lines begin; the last one is len(data) when it ends in a line feed."""
    starts, at = [0], data.find(ends.newline)
    while at >= 0:
        if (base + at) % ends.unit == 0:
            at += ends.unit
            starts.append(at)
        else:
            at += 1
        at = data.find(ends.newline, at)
    return starts


@functools.cache
def _upper_forms() -> dict[str, str]:
    """Of letters beyond ASCII the upper form, where it is one letter and takes as many bytes of UTF-8."""
    letters = (chr(number) for number in range(0x80, 0x20000) if not 0xD800 <= number < 0xE000)
    forms = ((letter, letter.upper()) for letter in letters)
    return {
        letter: upper
        for letter, upper in forms
        if letter != upper and len(upper) == 1 and len(letter.encode()) == len(upper.encode())
    }


def _is_ascii_clear(ends: LineEnds) -> bool:
    """Whether bytes below 128 are ASCII wherever they stand alone; not so in UTF-16 and in what has escapes."""
    if ends.unit > 1 or ends.name.startswith("iso2022"):
        return False
    ascii_bytes = bytes(range(128))
    return ascii_bytes.decode(ends.name, "replace") == ascii_bytes.decode("ascii")


def _character_start(text: bytes, at: int) -> int:
    """`at`, or the start of the character of UTF-8 that it is in."""
    for back in range(4):
        if at - back <= 0 or text[at - back] & 0xC0 != 0x80:
            return max(0, at - back)
    return at


def _encoded(pattern: str) -> bytes:
    if not pattern:
        raise BadPattern("there is nothing to search for")
    if "\n" in pattern:
        raise BadPattern("a match is within one line")
    try:
        return pattern.encode()
    except UnicodeEncodeError:
        raise BadPattern("it holds half a character") from None


def _words_of(error: Exception) -> str:
    seen = error.args[0] if error.args else b""
    said: str = seen.decode("utf-8", "replace") if isinstance(seen, bytes) else str(seen)
    return said.replace(_BY_LINE.decode(), "", 1)


def _re2() -> Any:
    """The `re2` of google-re2; None without the extra. Another package of that name has other options."""
    try:
        module = importlib.import_module("re2")
    except ImportError:
        return None
    return module if hasattr(module, "Options") else None
