"""Whether a line has a field with a certain name and value. The page has the same in `find/field-test.js`.

Values come from viewers: none becomes an expression, and each test takes time linear in the line.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from django_logtail.formats.shape import Field

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\Z")
_INTEGER = re.compile(r"[+-]?[0-9]+\Z")
#: Digits from which on the page's numbers are rounded: such numbers are compared as written.
_ROUNDED_DIGITS: Final = 16


def number_in(text: str) -> float | None:
    """The number in the text; None if it isn't one."""
    return float(text) if _NUMBER.match(text) else None


def folded(text: str) -> str:
    """The text with each letter in upper case if that is a single letter too, as the page's expressions fold it."""
    return text.upper() if text.isascii() else "".join(map(_upper, text))


def _upper(letter: str) -> str:
    upper = letter.upper()
    is_one = len(upper) == 1 and "\x7f" < upper < "\U00010000"
    return upper if is_one or letter < "\x80" else letter


@dataclass(frozen=True)
class FieldTerm:
    """A wanted field: its `name`, dotted if nested, and a condition on its value.

    With ":", a "*" in the value matches any text, unless `exact`.
    """

    name: str
    operator: str
    value: str
    exact: bool = False
    case: bool = False

    def matches(self, fields: list[Field] | None) -> bool:
        """Whether one of the fields matches."""
        return any(name == self.name and self._takes(text) for name, text in fields or ())

    @cached_property
    def _takes(self) -> Callable[[str], bool]:
        number = number_in(self.value)
        fold = str if self.case else folded
        value = fold(self.value)
        if self.operator != ":":
            return _compared(self.operator, float("nan") if number is None else number)
        if not self.exact and "*" in value:
            parts = re.split(r"\*+", value)
            return lambda text: _is_like(fold(text), parts)
        if self.exact or number is None:
            return lambda text: fold(text) == value
        is_long = len(value) >= _ROUNDED_DIGITS and _INTEGER.match(value) is not None
        return lambda text: (
            fold(text) == value
            or (number_in(text) == number and not (is_long and _INTEGER.match(text) is not None))
        )


def _compared(operator: str, number: float) -> Callable[[str], bool]:
    def takes(text: str) -> bool:
        found = number_in(text)
        if found is None:
            return False
        match operator:
            case ">":
                return found > number
            case ">=":
                return found >= number
            case "<":
                return found < number
            case _:
                return found <= number

    return takes


def _is_like(text: str, parts: list[str]) -> bool:
    """Whether the text contains the parts in order, the first at its beginning and the last at its end."""
    first, *inner, last = parts
    if not text.startswith(first):
        return False
    at = len(first)
    for part in inner:
        found = text.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return len(text) - len(last) >= at and text.endswith(last)
