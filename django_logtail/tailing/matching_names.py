"""The names that a pattern matches: those of a log that follows the newest of several files. Looks at names only.

A pattern is the last part of a path, with the codes of a date (`app-%Y-%m-%d.log`) or the signs of a shell pattern
(`app-*.log`), but not both.
"""

from __future__ import annotations

import fnmatch
import re
from typing import Final

from django_logtail.tailing.mistakes import Mistake
from django_logtail.tailing.rotated_names import COMPRESSED, Order, Rotated, ending_of

#: Signs of a shell pattern.
SIGNS: Final = "*?["
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
#: By code of `strftime`, what may be in its place; from the most significant to the least.
CODES: Final = {
    "s": r"\d{9,11}",
    "Y": r"\d{4}",
    "G": r"\d{4}",
    "y": r"\d\d",
    "m": r"(?:0[1-9]|1[0-2])",
    "b": rf"(?:{'|'.join(name.capitalize() for name in _MONTHS)})",
    "j": r"(?:[0-2]\d\d|3[0-5]\d|36[0-6])",
    "U": r"[0-5]\d",
    "V": r"[0-5]\d",
    "W": r"[0-5]\d",
    "d": r"(?:0[1-9]|[12]\d|3[01])",
    "H": r"(?:[01]\d|2[0-3])",
    "M": r"[0-5]\d",
    "S": r"[0-6]\d",
}
_CODE: Final = re.compile(r"%(.?)", re.DOTALL)
#: The number that a file gets when it is rotated under its own name.
_NUMBER: Final = r"(?:\.(?P<number>\d{1,5}))?"


def is_dated_pattern(name: str) -> bool:
    """Whether the last part of a path is a pattern with the codes of a date, rather than a file's name with "%"."""
    try:
        return MatchingNames(name).is_dated
    except BadMatch:
        return False


class BadMatch(Mistake):
    """A pattern that can't name a log's files."""


class MatchingNames:
    """The names that `pattern` matches, and those that rotation by number or compression gives to such a file.

    Raises `BadMatch`.
    """

    #: Its older files are beside it.
    directory = ""

    def __init__(self, pattern: str) -> None:
        self.name = pattern
        self.is_dated = "%" in pattern
        has_signs = any(sign in pattern for sign in SIGNS)
        if not self.is_dated and not has_signs:
            raise BadMatch("match-one-file", pattern=repr(pattern))
        if self.is_dated and has_signs:
            raise BadMatch("match-both", pattern=repr(pattern))
        if pattern.endswith(COMPRESSED):
            raise BadMatch("match-compressed", pattern=repr(pattern))
        text, self._codes, literal = _dated(pattern) if self.is_dated else _shell(pattern)
        #: How closely it describes its names, to compare with others: the characters that it fixes.
        self.weight = literal
        self._exact = re.compile(text, re.ASCII | re.DOTALL)
        self._rotated = re.compile(text + _NUMBER, re.ASCII | re.DOTALL)

    def date(self, name: str) -> tuple[int, ...] | None:
        """What the current file's name says of its age, greater for a newer one; None: the pattern doesn't match.

        Empty for a shell pattern.
        """
        if name.endswith(COMPRESSED) or (found := self._exact.fullmatch(name)) is None:
            return None
        return self._key(found)

    def rotated(self, name: str) -> Rotated | None:
        """What `name` reveals, if it is one of the log's names, the current file's among them."""
        compression = ending_of(name)
        found = self._rotated.fullmatch(name.removesuffix(compression))
        if found is None:
            return None
        if not self.is_dated:
            return Rotated(Order.NONE, (), compression)
        return Rotated(Order.OWN_DATES, (*self._key(found), -int(found["number"] or 0)), compression)

    def _key(self, found: re.Match[str]) -> tuple[int, ...]:
        return tuple(
            _MONTHS.index(found[code].lower()) if code == "b" else int(found[code]) for code in self._codes
        )


def _dated(pattern: str) -> tuple[str, list[str], int]:
    """As an expression; its codes, the most significant first; and the number of fixed characters."""
    pattern = pattern.replace("%F", "%Y-%m-%d")
    pieces, codes, literal = [], set[str](), 0
    for at, piece in enumerate(_CODE.split(pattern)):
        if at % 2 == 0 or piece == "%":
            pieces.append(re.escape(piece))
            literal += len(piece)
        elif piece not in CODES:
            known = ", ".join(f"%{code}" for code in CODES)
            raise BadMatch("match-code", unknown=f"%{piece}", known=known)
        else:
            pieces.append(f"(?P={piece})" if piece in codes else f"(?P<{piece}>{CODES[piece]})")
            codes.add(piece)
    if not codes:
        raise BadMatch("match-one-file", pattern=repr(pattern))
    return "".join(pieces), [code for code in CODES if code in codes], literal


def _shell(pattern: str) -> tuple[str, list[str], int]:
    hidden = "" if pattern.startswith(".") else r"(?!\.)"  # as in a shell
    literal = len(re.sub(r"\[[^\]]+\]|[*?]", "", pattern))
    return hidden + fnmatch.translate(pattern).removesuffix(r"\Z").removesuffix(r"\z"), [], literal
