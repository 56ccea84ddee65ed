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
    HEAD_CHARACTERS,
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
        "pip install 'django-logtail[regex]'. Or choose a format by its name."
    ),
    "unreadable": gettext_noop("The expression is invalid: %(said)s."),
    "too-large": gettext_noop("The expression is too large; repeat less in it."),
    "group": gettext_noop("The group “%(group)s” has no meaning. Use time, level, logger and message."),
    "no-group": gettext_noop("Name the time or the level, as in (?P<time>…) or (?P<level>…)."),
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
        self._regex = _compiled(source)
        groups = set(self._regex.groupindex)
        if unknown := sorted(groups - set(GROUPS)):
            raise BadFormat("group", group=unknown[0])
        if not groups & {"time", "level"}:
            raise BadFormat("no-group")
        self._groups = {name: self._regex.groupindex[name] for name in GROUPS if name in groups}

    def head(self, text: str) -> Head | None:
        found = self._regex.match(text[:HEAD_CHARACTERS])
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


def _level(word: str) -> Level:
    return MAPS["letter"].get(word, "O") if len(word) == 1 else level_of(word)


def _compiled(source: str) -> Any:
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
        compiled = re2.compile(source, options)
    except re2.error as error:
        said = error.args[0] if error.args else ""
        said = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
        raise BadFormat("unreadable", said=said) from None
    if compiled.programsize > MAX_PROGRAM:
        raise BadFormat("too-large")
    return compiled
