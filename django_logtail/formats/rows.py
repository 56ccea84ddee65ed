"""The rows of the table of formats, ready for matching. The page has the same in `rows.js`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal

Level = Literal["E", "W", "I", "D", "O"]

#: Characters to search for a head; a line may be longer.
HEAD_CHARACTERS = 800
#: The same for access logs, where a whole request precedes the status.
LONG_HEAD_CHARACTERS = 16_000

TABLE_FILE = Path(__file__).parent.parent / "static" / "logtail" / "formats" / "table.js"


def _table() -> dict[str, Any]:
    text = TABLE_FILE.read_text(encoding="utf-8").partition("\nexport default ")[2]
    table: dict[str, Any] = json.loads(text.rstrip().removesuffix(";"))
    return table


TABLE = _table()
#: Minutes east of Greenwich.
ZONES: dict[str, int] = TABLE["zones"]
KEYS: dict[str, Any] = TABLE["keys"]
MAPS: dict[str, dict[str, Level]] = TABLE["maps"]
#: Words of levels that are too common to name a level anywhere but in a field.
FIELD_WORDS: dict[str, Level] = TABLE["fieldWords"]

_SLOT = re.compile(r"<(time|level|logger|status|pri)(?::([a-z]+))?(\?)?>")
_PART = re.compile(r"\{(T:)?([A-Za-z]+)\}")

#: The level of each word; case doesn't matter.
_LEVELS: dict[str, Level] = {word: level for level, words in TABLE["words"].items() for word in words}
_WIDE = {code: code + 0xFEE0 for code in range(ord("A"), ord("Z") + 1)}
_NARROW = {code + 0xFEE0: code for code in (*range(ord("A"), ord("Z") + 1), *range(ord("a"), ord("z") + 1))}


def _one_of(words: Iterable[str]) -> str:
    return f"(?:{'|'.join(sorted(set(words), key=lambda word: (-len(word), word)))})"


_ALL = list(_LEVELS)
_UPPER = [
    *_ALL,
    *(word.translate(_WIDE) for word in ("ERROR", "WARN", "WARNING", "INFO", "DEBUG", "FATAL", "CRITICAL")),
]
_LEVEL_SLOTS: dict[str, str] = {
    "any": _one_of(
        [*_UPPER, *(word.lower() for word in _ALL), *(word[0] + word[1:].lower() for word in _ALL)]
    ),
    # Python's name for a level that has none.
    "upper": f"(?:{_one_of(_UPPER)}|Level [0-9]{{1,2}}(?![0-9]))",
    "letter": "[A-Z]",
    "sign": "[*#.-]",
    **{name: _one_of(words) for name, words in TABLE["levels"].items()},
    **{
        name: _one_of(words)
        for name, words in TABLE["maps"].items()
        if name not in ("letter", "redis", "severity")
    },
}
_PARTS: dict[str, str] = {**TABLE["parts"], "LEVELS": _one_of([*_ALL, *TABLE["levels"]["near"]])}
_SLOTS: dict[str, dict[str, str]] = {
    "time": TABLE["times"],
    "level": _LEVEL_SLOTS,
    "logger": TABLE["loggers"],
    "status": {"any": r"[1-5]\d\d"},
    "pri": {"any": r"\d{1,3}"},
}


@dataclass(frozen=True)
class Row:
    """One way an entry begins, or a wrapper around a line.

    `slots` says what each group captures, in order; None for text in between. If there is a `before`, the time is
    between it and `expression`, and is matched separately. `of` is "lines" or "messages" for a wrapper; `many` means
    that it wraps lines of several programs; `within`, that the time is part of the message; `alone`,
    that nothing is wrapped around the line.

    The expressions are compiled when they are first used: a web process starts faster, and most never read a line.
    """

    id: str
    name: str
    before_source: str | None
    source: str
    slots: tuple[str | None, ...]
    map: dict[str, Level] | None
    level: Level | None
    part: bool
    blank: bool
    pairs: bool
    follows: bool
    within: bool
    alone: bool
    long: bool
    first: str
    of: str
    many: bool

    @cached_property
    def before(self) -> re.Pattern[str] | None:
        return None if self.before_source is None else re.compile(self.before_source, re.ASCII)

    @cached_property
    def expression(self) -> re.Pattern[str]:
        return re.compile(self.source, re.ASCII)


def expanded(text: str) -> str:
    """An expression of the table with its parts filled in."""

    def part(found: re.Match[str]) -> str:
        return expanded(TABLE["times"][found[2]] if found[1] else _PARTS[found[2]])

    return _PART.sub(part, text)


def _compiled(row: dict[str, Any], shape: str | None = None) -> Row:
    """A row ready for matching; `shape`: an expression for its time; None: written in any way."""
    source = ""
    last = 0
    slots: list[str | None] = []
    before: str | None = None
    head: str = row["head"]
    for found in _SLOT.finditer(head):
        if between := head[last : found.start()]:
            source += f"({expanded(between)})"
            slots.append(None)
        last = found.end()
        slot, variant, optional = found[1], found[2] or "any", found[3]
        slots.append(slot)
        if slot == "time" and variant == "any" and shape is None:
            # The expression for any time is long: it is matched once for all rows.
            before, source = source, ""
            continue
        what = shape if slot == "time" and shape is not None else expanded(_SLOTS[slot][variant])
        after = expanded("{AFTERTIME}") if slot == "time" else ""
        source += f"((?:{what})?)" if optional else f"({what}){after}"
    if rest := head[last:]:
        source += f"({expanded(rest)})"
        slots.append(None)
    return Row(
        id=row["id"],
        name=row.get("name", row["id"]),
        before_source=before,
        source=source,
        slots=tuple(slots),
        map=TABLE["maps"][row["map"]] if "map" in row else None,
        level=row.get("level"),
        part=row.get("part", False),
        blank=row.get("blank", False),
        pairs=row.get("pairs", False),
        follows=row.get("follows", False),
        within=row.get("within", False),
        alone=row.get("alone", False),
        long=row.get("long", False),
        first=row["first"],
        of=row.get("of", ""),
        many=row.get("many", False),
    )


_TIME = re.compile(f"(?:{expanded(TABLE['times']['any'])}){expanded('{AFTERTIME}')}", re.ASCII)


@lru_cache(maxsize=64)
def _time_end(text: str, at: int) -> int:
    """The end of a time that begins at `at`, or -1."""
    found = _TIME.match(text, at)
    return found.end() if found else -1


def captured(row: Row, text: str) -> tuple[str, ...] | None:
    """What a row's slots capture at the beginning of a text, in order, or None."""
    if row.before is None:
        found = row.expression.match(text)
        return found.groups() if found else None
    before = row.before.match(text)
    if before is None:
        return None
    at = before.end()
    end = _time_end(text, at)
    after = row.expression.match(text, end) if end >= 0 else None
    return (*before.groups(), text[at:end], *after.groups()) if after else None


_ROWS = [_compiled(row) for row in TABLE["rows"]]
_WRAPPERS = [_compiled(row) for row in TABLE["wrappers"]]


def _chooser(rows: list[Row]) -> Callable[[str], list[Row]]:
    """A function that gives the rows that may fit a line, by its first character: 0 means digits, A and a letters."""

    def fits(row: Row, character: str) -> bool:
        if ord(character) > 127:
            return "A" in row.first or "[" in row.first  # wide letters and brackets
        kind = character
        if character.isdigit():
            kind = "0"
        elif character.isalpha():
            kind = "A" if character.isupper() else "a"
        return character in row.first or kind in row.first

    by_first = {chr(code): [row for row in rows if fits(row, chr(code))] for code in range(129)}
    return lambda text: by_first.get(text[0], by_first["\x80"])


#: The rows, and the wrappers, that may fit a line.
rows_for = _chooser(_ROWS)
wrappers_for = _chooser(_WRAPPERS)


#: The shape that covers times written in any way.
ANY_TIME = "any"


@cache
def rows_like(id: str, shape: str) -> tuple[Row, ...]:
    """All rows of a format, for times of one shape or of any."""
    like = (row for row in TABLE["rows"] if row["id"] == id)
    written = None if shape == ANY_TIME else _expression_of(shape)
    return tuple(_compiled(row, None if row.get("own") else written) for row in like)


#: Formats with nothing but a time, which lines of formats with more have, too.
GENERAL = ("time", "epoch")
#: The wrapper of heads behind blanks.
INDENTED = "indented"


def wrapper_called(id: str) -> Row | None:
    return next((row for row in _WRAPPERS if row.id == id), None)


def name_of(id: str) -> str:
    named = (row for row in (*_ROWS, *_WRAPPERS) if row.id == id and row.name != id)
    return next((row.name for row in named), id)


def format_names() -> dict[str, str]:
    """The table's formats: ids, each with its name for people."""
    return {row.id: name_of(row.id) for row in _ROWS}


def wrapper_names() -> dict[str, str]:
    """The table's wrappers: ids, each with its name for people."""
    return {row.id: name_of(row.id) for row in _WRAPPERS}


_RUN = re.compile(r"[A-Za-z_/]{2,}|[A-Za-z]")
_WEST = re.compile(r"(:0(?:[.,:]0)? ?)-")


def shape_of(written: str) -> str:
    """How a time is written: digits become "0", words "a", and a zone's sign "+"."""
    shape = re.sub("[0-9]+", "0", written)
    shape = _RUN.sub(lambda run: run[0] if len(run[0]) == 1 and run[0] in "TZ" else "a", shape)
    return _WEST.sub(r"\1+", re.sub(" +", " ", shape), count=1)


def _expression_of(shape: str) -> str:
    known = {"0": r"\d{1,20}", "a": "[A-Za-z_/]{1,60}", " ": " {1,2}", "+": "[+-]"}
    return "".join(
        known.get(part) or (part if part.isalpha() or ord(part) > 127 else f"\\{part}") for part in shape
    )


_OFFSET = re.compile(r"[+-][0-9]{1,3}\Z")


def level_of(word: str) -> Level:
    if word.startswith("Level "):
        return level_of_number(int(word[6:]), "python") if word[6:].isdecimal() else "O"
    known = _LEVELS.get(word)
    return known or _LEVELS.get(_OFFSET.sub("", word.translate(_NARROW).upper()), "O")


def level_of_status(status: str) -> Level:
    """The level of an HTTP status."""
    return "E" if status >= "500" else "W" if status >= "400" else "I"


def level_of_priority(priority: int) -> Level:
    """The level of a syslog priority, which combines facility and severity."""
    level: Level = TABLE["maps"]["severity"][str(priority & 7)]
    return level


def level_of_number(number: float, family: str) -> Level:
    level: Level = "O"
    for begin, name in TABLE["numbers"][family]:
        if number >= begin:
            level = name
    return level


_REQUEST_PART = re.compile("<([a-z]+)>")


def _request(line: str) -> re.Pattern[str]:
    parts = TABLE["requests"]["parts"]
    return re.compile(
        expanded(_REQUEST_PART.sub(lambda part: f"(?P<{part[1]}>{parts[part[1]]})", line)), re.ASCII
    )


@cache
def requests() -> tuple[re.Pattern[str], ...]:
    """How the message of an access line may be written; the groups are its fields."""
    return tuple(map(_request, TABLE["requests"]["lines"]))


#: The keys of a request in a line of JSON or of pairs, by what they name.
REQUEST_KEYS: dict[str, list[str]] = TABLE["requests"]["keys"]


def _crash(name: str) -> re.Pattern[str]:
    return re.compile(expanded(TABLE["crash"][name]), re.ASCII)


#: How crashes begin and continue. All are matched at the beginning of a line.
HARD, SOFT, THROWN, AT, FRAMES, MORE = map(_crash, ("hard", "soft", "thrown", "at", "frames", "more"))
