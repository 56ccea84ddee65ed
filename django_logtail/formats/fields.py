"""Reads lines of fields: JSON and logfmt. The page has the same in `fields.js`.

JSON is parsed, and only its own keys count, never text that looks like them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django_logtail.formats.escapes import plain
from django_logtail.formats.rows import (
    FIELD_WORDS,
    KEYS,
    MAPS,
    REQUEST_KEYS,
    Level,
    level_of,
    level_of_number,
    level_of_status,
)

#: Characters of a line that are parsed at most.
_MOST_CHARACTERS = 2_000_000
#: Depth of nested objects: real lines have fewer, and parsing a million of them would take seconds.
_MOST_DEPTH = 200
LONG = 1_000
#: Characters of a line to search for pairs.
_MOST_PAIRS = 100_000
#: Digits of an integer that is kept exactly.
_MOST_DIGITS = 400
#: JavaScript writes smaller numbers with an exponent.
_LEAST_PLAIN = 1e-6
#: In a log of pairs, single letters and names of programs don't count as level keys.
_PAIR_LEVELS = {"level", "lvl", "severity", "loglevel", "log.level", "at"}
_MONGO: dict[str, Level] = {"F": "E", "E": "E", "W": "W", "I": "I", "D": "D"}
_DIGITS = re.compile(r"[0-9]{1,6}\Z")
_FAILED = re.compile("[45][0-9][0-9]\\Z")
#: A request, or its method alone.
_REQUEST = re.compile("[A-Z]{3,10}(?: |\\Z)")
_LETTER = re.compile(r"(?:.|D[1-5])\Z")


@dataclass(frozen=True, slots=True)
class Fields:
    """What a line of fields says. `level` is None if no key names one; `inner` is a line wrapped in it."""

    level: Level | None
    level_key: str
    time: str
    time_key: str
    logger: str
    message: str
    inner: str | None = None


def _value_at(values: dict[str, Any], path: str) -> Any:
    """The value of a key, or of nested keys joined by dots."""
    if path in values or "." not in path:
        return values.get(path)
    inner: Any = values
    for key in path.split("."):
        if not isinstance(inner, dict) or key not in inner:
            return None
        inner = inner[key]
    return inner


def _names(key: str) -> tuple[str, ...]:
    return (key, key[0].upper() + key[1:]) if "a" <= key[0] <= "z" else (key,)


def _is_number(value: Any) -> bool:
    """Whether it is a number that Python and JavaScript write the same way."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e20


def _as_text(value: Any) -> str:
    """The value as JavaScript writes it, which has no integers: long ones are rounded."""
    if isinstance(value, str):
        return value
    number = float(value)
    if number == 0:
        return "0"
    if abs(number) < _LEAST_PLAIN:
        digits, exponent = repr(number).split("e")
        return f"{digits}e{int(exponent)}"
    written = f"{Decimal(repr(number)):f}"
    return written.rstrip("0").rstrip(".") if "." in written else written


def _integer(digits: str) -> int | float:
    """An integer of any length: `int` refuses long ones, and takes quadratic time for others."""
    return int(digits) if len(digits) <= _MOST_DIGITS else float(digits)


def _first_of(values: dict[str, Any], keys: list[str]) -> tuple[str, str]:
    """The first of the keys that has text or a number, and its value."""
    for key in keys:
        for name in _names(key):
            value = _value_at(values, name)
            if (isinstance(value, str) and value) or _is_number(value):
                return name, _as_text(value)
    return "", ""


def _level_from(value: Any, family: str, key: str, values: dict[str, Any]) -> Level | None:
    if isinstance(value, str) and not _DIGITS.match(value):
        if not value:
            return None
        if family == "postgres":
            return MAPS["postgres"].get(value)
        if family == "letter":
            return _MONGO.get(value[:1]) if _LETTER.match(value) else None
        if family != "any":
            return None
        if len(value) == 1:
            return MAPS["letter"].get(value.upper(), "O")
        return FIELD_WORDS.get(value.lower()) or level_of(value)
    if family in ("letter", "postgres") or not (isinstance(value, str) or _is_number(value)):
        return None
    number = float(value)
    if family != "any":
        return level_of_number(number, family)
    if key.lower() == "severity":
        return level_of_number(number, "google" if number >= 100 else "syslog" if number < 8 else "otel")
    if number >= 5000:
        return level_of_number(number, "log4j")
    if number >= 100:
        return level_of_number(number, "monolog")
    if number < 8 and "reqId" in values:
        return level_of_number(number, "nextcloud")
    if number < 8 or "short_message" in values:
        return level_of_number(number, "syslog")
    return level_of_number(number, "pino")


def _level_said(values: dict[str, Any], takes: Callable[[str], bool]) -> tuple[Level | None, str]:
    """The level, from a word rather than a number: if there are both, they mean the same level, and the word names
    it.
    """
    for wants_word in (True, False):
        for key, family in KEYS["level"]:
            for name in _names(key) if takes(key) else ():
                value = _value_at(values, name)
                is_word = isinstance(value, str) and not ("0" <= value[:1] <= "9")
                if value is None or is_word != wants_word:
                    continue
                level = _level_from(value, family, name, values)
                if level is not None:
                    return level, name
    return None, ""


def _said(values: dict[str, Any], takes: Callable[[str], bool] = lambda key: True) -> Fields:
    level, level_key = _level_said(values, takes)
    time_key, time = _first_of(values, KEYS["time"])
    if level is None and "@t" in values and ("@mt" in values or "@m" in values):
        level = "I"
    if level is None:
        level = _level_of_request(values)
    return Fields(
        level,
        level_key,
        time,
        time_key,
        _first_of(values, KEYS["logger"])[1],
        _first_of(values, KEYS["message"])[1],
    )


def _level_of_request(values: dict[str, Any]) -> Level | None:
    """The level of a line of an access log, by its status; None for a success: many other lines have one, too."""
    status = _first_of(values, REQUEST_KEYS["status"])[1]
    if not _FAILED.match(status):
        return None
    request = _first_of(values, [*REQUEST_KEYS["method"], *REQUEST_KEYS["request"]])[1]
    return level_of_status(status) if _REQUEST.match(request) else None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def fields_of_json(text: str) -> Fields | None:
    """What a line of JSON says, or None. If a container runtime wrapped another line in it, that is `inner`."""
    if len(text) > _MOST_CHARACTERS or (len(text) > LONG and is_deep(text)):
        return None
    try:
        values = json.loads(text, parse_constant=_no_constant, parse_int=_integer)
    except (ValueError, RecursionError):
        return None
    if not isinstance(values, dict):
        return None
    said = _said(values)
    inner, beside = values.get("log"), (values.get("stream"), values.get("time"))
    if isinstance(inner, str) and any(isinstance(one, str) for one in beside) and not said.level_key:
        return Fields(
            said.level, "", said.time, said.time_key, said.logger, said.message, plain(_without_end(inner))
        )
    return said


_SIGN = re.compile(r'\\.|["\[\]{}]', re.DOTALL)


def is_deep(text: str) -> bool:
    """Whether objects and lists are nested too deeply to parse."""
    depth, is_quoted = 0, False
    for found in _SIGN.finditer(text):
        sign = found[0]
        if sign == '"':
            is_quoted = not is_quoted
        elif not is_quoted and sign[0] != "\\":
            depth += 1 if sign in "[{" else -1
            if depth > _MOST_DEPTH:
                return True
    return False


def _without_end(line: str) -> str:
    return line[:-1].removesuffix("\r") if line.endswith("\n") else line


_KEY = re.compile(r"[A-Za-z0-9_.@/-]+")
_BLANKS = re.compile(r"[ \t]*")
_QUOTED = re.compile(r'(?:[^"\\]|\\[\s\S])*')
_BARE = re.compile(r"[^ \t]*")
#: A value as Python writes it. A quotation mark that a blank doesn't follow is an apostrophe.
SINGLE_QUOTED = re.compile(r"'(?:[^'\\]|\\[\s\S])*'(?![^ \t])")


def fields_of_pairs(text: str, at: int = 0) -> Fields | None:
    """The pairs of a line `key=value other="with blanks" third='as Python'` from `at` on, or None if there are none."""
    end = min(len(text), _MOST_PAIRS)
    values: dict[str, Any] = {}
    pairs = 0
    while at < end:
        at = _end(_BLANKS, text, at, end)
        begin = at
        at = _end(_KEY, text, at, end)
        if at == begin or at >= end or text[at] != "=":
            if not pairs:
                return None
            space = text.find(" ", at, end)
            at = end if space < 0 else space
            continue
        key = text[begin:at]
        at += 1
        if text[at : at + 1] == '"':
            opened = at + 1
            at = _end(_QUOTED, text, opened, end)
            value = text[opened:at]
            at += 1
        elif single := SINGLE_QUOTED.match(text, at, end):
            at = single.end()
            value = single[0][1:-1]
        else:
            opened = at
            at = _end(_BARE, text, opened, end)
            value = text[opened:at]
        pairs += 1
        values.setdefault(key, value)
    if pairs < 2:
        return None
    said = _said(values, _PAIR_LEVELS.__contains__)
    return said if said.level is not None or said.time else None


def _end(expression: re.Pattern[str], text: str, at: int, end: int) -> int:
    found = expression.match(text, at, end)
    return found.end() if found else at
