"""The format that an administrator gave a log: a name, or an expression. The page has the same in `given.js`.

Both page and host use RE2 for expressions, which takes time linear in the line. An expression is matched at the
beginning of a line; a line that doesn't match continues the entry above.
"""

from __future__ import annotations

import importlib
import re
from typing import Any, Final

from django_logtail.formats.detection import Formats
from django_logtail.formats.heads import Head
from django_logtail.formats.rows import (
    ANY_TIME,
    MAPS,
    Level,
    format_names,
    level_of,
    wrapper_names,
)

#: The groups that an expression may have.
GROUPS: Final = ("time", "level", "logger", "message")
#: Characters that mark an expression: no name contains them.
_SIGNS: Final = frozenset("(<\\[")
#: `\C`, any byte, even a part of a character: the page's engine doesn't know it.
_BYTE: Final = re.compile(r"(?<!\\)(?:\\\\)*\\C")
#: Characters of a line that an expression is matched against, and the ways that it may choose between (`_choices`):
#: the page matches every line that it shows.
MAX_CHARACTERS: Final = 200
MAX_CHOICES: Final = 20
_GROUP: Final = re.compile(r"\((?:\?(?:P?<[A-Za-z0-9_]*>|[A-Za-z-]*:?))?")
_CLASS: Final = re.compile(r"\[\^?\]?(?:\[:[^\]]*:\]|\\.|[^\]\\])*\]?", re.DOTALL)
_ESCAPE: Final = re.compile(r"\\(?:Q.*?(?:\\E|\Z)|[pP]\{[^}]*\}|x\{[^}]*\}|.?)", re.DOTALL)
_COUNTED: Final = re.compile(r"\{([0-9]+)(,([0-9]*))?\}")
#: Instructions that RE2 may compile an expression to, and bytes of memory for it.
MAX_PROGRAM: Final = 1_000
_MEMORY_BYTES: Final = 1024 * 1024


def gettext_noop(text: str) -> str:
    """Mark a text for `makemessages`, like Django's function of the same name."""
    return text


#: The possible mistakes in a given format.
MISTAKES: Final = {
    "unknown": gettext_noop(
        "“%(given)s” is not the name of a format. Choose one from the list, or give an expression."
    ),
    "no-re2": gettext_noop(
        "An expression needs the “regex” extra, which is not installed here: "
        "pip install google-re2. Or choose a format by its name."
    ),
    "unreadable": gettext_noop("The expression is invalid: %(said)s."),
    "too-large": gettext_noop("The expression is too large. Reduce its repetitions."),
    "group": gettext_noop("Unknown group “%(group)s”. Use time, level, logger or message."),
    "no-group": gettext_noop("Add a group for the time or the level, as in (?P<time>…) or (?P<level>…)."),
    "too-many": gettext_noop(
        "The expression has %(count)s repetitions, and 20 are allowed. Each “*”, “+” and “?” counts, inside “{5}” "
        "five times, and “{1,40}” counts 39 times: use “+” instead."
    ),
}


class BadFormat(ValueError):
    """The given text is not a format. `sentence` is the one of `MISTAKES` for its code; `params` fill it in.

    A param `said` is RE2's own text.
    """

    def __init__(self, code: str, **params: str) -> None:
        self.code = code
        self.sentence = MISTAKES[code]
        self.params = params
        super().__init__(self.sentence % params)


class Expression:
    """An expression whose groups mark time, level, logger and message."""

    def __init__(self, source: str) -> None:
        """Raises `BadFormat`."""
        self.source = source
        self._regex = compiled(source)
        count = choices(source)
        if count > MAX_CHOICES:
            raise BadFormat("too-many", count=str(count))
        groups = set(self._regex.groupindex)
        if unknown := sorted(groups - set(GROUPS)):
            raise BadFormat("group", group=unknown[0])
        if not groups & {"time", "level"}:
            raise BadFormat("no-group")
        self._groups = {name: self._regex.groupindex[name] for name in GROUPS if name in groups}

    def head(self, text: str) -> Head | None:
        found = self._regex.match(text[:MAX_CHARACTERS])
        if found is None:
            return None
        head = Head("expression", message=found.end())
        for name, number in self._groups.items():
            begin, end = found.span(number)
            if begin < 0 or begin == end:
                continue
            span, what = (begin, end), text[begin:end]
            match name:
                case "time":
                    head.time, head.written = span, what
                case "level":
                    head.word, head.level = span, _level(what)
                case "logger":
                    head.source, head.logger = span, what
                case _:
                    head.message = begin
        return head


def given(text: str) -> Formats:
    """The formats that `text` means: one of `names`, or an expression. Raises `BadFormat`."""
    if _SIGNS & set(text):
        formats = Formats([])
        formats.expression = Expression(text)
        formats.is_given = True
        return formats
    if text in ("json", "logfmt"):
        formats = Formats([f"{text}|"])
    elif text == "docker" or text in wrapper_names():
        formats = Formats([f"{text}>|"])
    elif text in format_names():
        formats = Formats([f"{text}|{ANY_TIME}"])
    else:
        raise BadFormat("unknown", given=text)
    formats.is_given = True
    return formats


def names() -> dict[str, str]:
    """The names that `given` accepts, each with its name for people."""
    return {
        "json": "JSON lines",
        "logfmt": "logfmt",
        **format_names(),
        "docker": "Docker (json-file)",
        **wrapper_names(),
    }


def choices(source: str) -> int:
    """How often an expression repeats something any number of times, each counted as often as it is repeated itself.

    That, and the length of the text, is what matching it costs.
    """
    totals = [0]
    last = at = 0
    while at < len(source):
        sign = source[at]
        if sign == "(":
            totals.append(0)
            at = _after(_GROUP, source, at)
        elif sign == ")" and len(totals) > 1:
            last = totals.pop()
            totals[-1] += last
            at += 1
        elif sign in "*+?":
            last += 1
            totals[-1] += 1
            at += 2 if source[at + 1 : at + 2] == "?" else 1
        elif counted := _COUNTED.match(source, at):
            least = int(counted[1][:9])
            most = int((counted[3] or counted[1])[:9])
            more = 1 if counted[2] == "," else most - least
            repeated = last * max(most, 1) + more
            totals[-1] += repeated - last
            last = repeated
            at = counted.end() + (source[counted.end() : counted.end() + 1] == "?")
        else:
            last = 0
            at = _after({"[": _CLASS, "\\": _ESCAPE}.get(sign), source, at)
    return sum(totals)


def _after(expression: re.Pattern[str] | None, text: str, at: int) -> int:
    found = expression.match(text, at) if expression else None
    return found.end() if found else at + 1


def _level(word: str) -> Level:
    return MAPS["letter"].get(word, "O") if len(word) == 1 else level_of(word)


def compiled(source: str) -> Any:
    """The expression, compiled by RE2. Raises `BadFormat`."""
    try:
        re2 = importlib.import_module("re2")
        options = re2.Options()
    except (ImportError, AttributeError):
        raise BadFormat("no-re2") from None
    options.log_errors = False
    options.never_nl = True
    options.max_mem = _MEMORY_BYTES
    if _BYTE.search(source):
        raise BadFormat("unreadable", said="invalid escape sequence: \\C")
    try:
        found = re2.compile(source, options)
    except re2.error as error:
        said = error.args[0] if error.args else ""
        said = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
        raise BadFormat("unreadable", said=said) from None
    if found.programsize > MAX_PROGRAM:
        raise BadFormat("too-large")
    return found
