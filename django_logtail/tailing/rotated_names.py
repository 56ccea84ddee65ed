"""The names that rotation gives to a log's older files. Looks at names only, not at files or times.

The rules are conservative. Names that may just as well be a program's other logs (`app-2.log`, `app2.log`), and names
that people give to copies (`app-old.log`, `app.log.bak`, `app.log~`), don't count as rotation, unless the log's row
says so.

| who rotates | what it calls the older files of `app.log` |
| --- | --- |
| logrotate; `start`, `extension .log` | `app.log.1`; `app.log.0`; `app.1.log` |
| logrotate with `dateext`, `dateformat` | `app.log-20261128`, `app-20261128.log`, `app.log-1795891766` |
| Python's RotatingFileHandler, TimedRotatingFileHandler | `app.log.1`, `app.log.2026-11-28_18-40` |
| log4j2, logback, NLog, Tomcat | `app-2026-11-28-1.log`, `app-11-28-2026-1.log`, `app.2026-11-28.0.log`, `app.1.log` |
| lumberjack, loguru, pm2 | `app-2026-11-28T18-40-00.000.log`, `app__2026-11-28_18-40-00.log` |
| rotatelogs, cronolog, Ruby, winston | `app.log.1795891766`, `app.log.20261128.1`, `app-2026-11-28.log.1` |
| names of weekdays and zones | `app-Mon.log`, `app.log-2026-11-28T18:40:00+0100` |
| s6-log, multilog, svlogd (the log is `current`) | `@400000006543210f0c8e1b2a.s` |

Each of them may be compressed: it then is unpacked to be read (`archives`).
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from enum import Enum

from django_logtail.tailing.mistakes import Mistake

#: Endings of compressed files.
COMPRESSED = (
    *(".gz", ".bz2", ".xz", ".zst", ".lz4", ".lzma", ".lzo", ".Z", ".zip", ".7z", ".br", ".sz"),
    *(".tgz", ".zlib"),
)
#: What a row's own pattern may contain, and its meaning.
PLACEHOLDERS = {
    "name": "the log's whole name",
    "stem": "its name without the ending",
    "ext": "the ending, with its dot",
    "number": "a number",
    "date": "a date, with or without a time, in any of the usual forms",
}

_YEAR, _MONTH, _DAY = r"(?:19|20)\d\d", r"(?:0[1-9]|1[0-2])", r"(?:0[1-9]|[12]\d|3[01])"
_TIME = r"(?:[\-_.T ]?(?:[01]\d|2[0-3])(?:[\-_.:]?[0-5]\d){0,2}(?:[.,_\-]\d{3,9})?)?"
_ZONE = r"(?:Z|[+\-]\d\d:?\d\d|[\-_]?[A-Z]{3,4})?"
_WEEKDAY = r"(?:(?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs)?|Fri|Sat(?:ur)?|Sun)(?:day)?)"
_DATE = (
    rf"(?:(?:{_YEAR}[\-_.]?{_MONTH}(?:[\-_.]?{_DAY})?|{_MONTH}-{_DAY}-{_YEAR}|{_DAY}-{_MONTH}-{_YEAR})"
    rf"{_TIME}{_ZONE}|1\d{{9}}|{_WEEKDAY})"
)
_COUNTER = r"(?:[\-_.]\d{1,5})?"
_NUMBER = r"\d{1,5}"
_MARK = rf"(?:(?:__|[.\-_])(?P<date>{_DATE}{_COUNTER})|\.(?P<number>{_NUMBER}))"
_YEAR_LAST = re.compile(rf"({_MONTH})-({_DAY})-({_YEAR})", re.ASCII)
_TAI64N = re.compile(r"@(?P<date>[0-9a-f]{16}(?:[0-9a-f]{8})?)(?:\.[stu])?", re.ASCII)
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


class Order(Enum):
    """What the names of a rotation reveal about its order."""

    DATES = "dates"  # a greater one is newer
    OWN_DATES = "own-dates"  # the same, whatever the times: the log's own pattern has them (`matching_names`)
    NUMBERS = "numbers"  # in either direction: usually the greatest is the oldest, but not always
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Rotated:
    """What the name of an older file reveals. Compare `key` only with others of the same `order`."""

    order: Order
    key: tuple[int, ...] = ()
    compression: str = ""

    @property
    def number(self) -> int | None:
        """The number, if the name has a number and nothing else."""
        return self.key[0] if self.order is Order.NUMBERS else None


class BadPattern(Mistake):
    """A pattern that can't describe names."""


class Names:
    """The names that rotation gives to a log called `name`: by the rules above, or by `pattern` instead.

    A pattern is a name with placeholders, such as `{stem}-{number}{ext}`; before it there may be the directory that
    older files are moved to, relative to the log's own or absolute. Raises `BadPattern`.
    """

    def __init__(self, name: str, pattern: str = "") -> None:
        self.name = name
        #: How closely these rules describe their names, to compare with other logs'.
        self.weight = len(name)
        #: The directory that the pattern names; empty: the log's own.
        self.directory = ""
        stem, extension = os.path.splitext(name)  # noqa: PTH122 - ".log" has no extension, as with Path
        if pattern:
            self.directory, last = _split(pattern)
            self._rules = [_compiled(last, {"name": name, "stem": stem, "ext": extension})]
            return
        whole, ending = re.escape(name), re.escape(extension)
        self._rules = [re.compile(rf"{whole}{_MARK}" + (rf"(?:{ending})?" if extension else ""), re.ASCII)]
        if extension:
            self._rules.append(
                re.compile(rf"{re.escape(stem)}{_MARK}{ending}(?:\.(?P<counter>{_NUMBER}))?", re.ASCII)
            )
        if name == "current":
            self._rules.append(_TAI64N)

    def rotated(self, name: str) -> Rotated | None:
        """What `name` reveals, if rotation gives this log such a name."""
        if name == self.name and not self.directory:
            return None
        compression = ending_of(name)
        for rule in self._rules:
            for text, ending in ((name, ""), (name.removesuffix(compression), compression)):
                if (found := rule.fullmatch(text)) is not None:
                    return _told(found.groupdict(), ending or _compression_in(self.name, text))
        return None


def ending_of(name: str) -> str:
    """The ending of a compressed file, or ""."""
    if not name.endswith(COMPRESSED):  # most are not compressed, and there may be thousands
        return ""
    return next(ending for ending in COMPRESSED if name.endswith(ending))


def _compression_in(name: str, text: str) -> str:
    """A log named `app.gz` is not a compressed file."""
    ending = ending_of(text)
    return "" if name.endswith(ending) else ending


def _told(groups: dict[str, str | None], compression: str) -> Rotated:
    if (date := groups.get("date")) is not None:
        return Rotated(
            *_date_key(date + (f".{counter}" if (counter := groups.get("counter")) else "")), compression
        )
    if (number := groups.get("number")) is not None:
        return Rotated(Order.NUMBERS, (int(number),), compression)
    return Rotated(Order.NONE, (), compression)


def _date_key(text: str) -> tuple[Order, tuple[int, ...]]:
    """The numbers of a date, the year first: dates of one form can be compared by them."""
    if re.fullmatch(r"[0-9a-f]{16}|[0-9a-f]{24}", text):
        return Order.DATES, (int(text, 16),)
    text = _YEAR_LAST.sub(r"\3-\1-\2", text)
    numbers = tuple(int(run) for run in re.findall(r"\d+", text))
    return (Order.DATES, numbers) if numbers and numbers[0] > 999 else (Order.NONE, ())


def _split(pattern: str) -> tuple[str, str]:
    """The directory and the name of a pattern. Raises `BadPattern`."""
    directory, slash, last = pattern.rpartition("/")
    if "\0" in pattern or "\n" in pattern:
        raise BadPattern("pattern-characters")
    if ".." in directory.split("/"):
        raise BadPattern("pattern-upwards")
    if "{" in directory or "}" in directory:
        raise BadPattern("pattern-directory")
    return directory or slash, last


def _compiled(pattern: str, texts: dict[str, str]) -> re.Pattern[str]:
    found = _PLACEHOLDER.findall(pattern)
    for name in found:
        if name not in PLACEHOLDERS:
            known = ", ".join(f"{{{each}}}" for each in PLACEHOLDERS)
            raise BadPattern("pattern-unknown", placeholder=f"{{{name}}}", known=known)
        if name in ("number", "date") and found.count(name) > 1:
            raise BadPattern("pattern-twice", placeholder=f"{{{name}}}")
    if not found or found == ["ext"]:
        raise BadPattern("pattern-one-file")
    texts = {name: re.escape(text) for name, text in texts.items()}
    texts |= {"number": r"(?P<number>\d{1,10})", "date": rf"(?P<date>{_DATE}|\d{{6,14}})"}
    pieces = _PLACEHOLDER.split(pattern)
    if any("{" in piece or "}" in piece for piece in pieces[::2]):
        raise BadPattern("pattern-brace")
    literal = [texts[piece] if at % 2 else re.escape(piece) for at, piece in enumerate(pieces)]
    return re.compile("".join(literal), re.ASCII)
