"""The conditions of a search beyond one pattern: further texts, fields and levels, in whole lines.

The pattern, or a text, finds candidates as fast as before; only these lines are parsed. Everything here comes from a
viewer and may be hostile: texts are literal, expressions are RE2's, and field values are compared without any.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from django_logtail.control.wants import Sought
from django_logtail.formats.detection import Formats, detect
from django_logtail.formats.field_terms import FieldTerm
from django_logtail.formats.given import BadFormat, given
from django_logtail.formats.heads import shown
from django_logtail.formats.shape import fields_of
from django_logtail.protocol import LEVELS
from django_logtail.reader.level_signs import signs_of
from django_logtail.reader.levels import Levels, shown_line
from django_logtail.tailing.reasons import reason
from django_logtail.tailing.text.matching import LONGEST_BYTES, BadPattern, Matcher, matcher

#: Bytes searched at once if lines are parsed: about a turn if every line is a candidate. A longer line is searched in
#: pieces, which have no fields.
TAKEN_APART_BYTES: Final = 128 * 1024
#: Bytes of lines checked between two looks at the clock: hundreds of lines at most.
PAUSE_BYTES: Final = 1024
#: The same if most lines are passed over without a look at each.
SIEVED_BYTES: Final = 16 * 1024
#: Lines from which to detect a log's formats, at its beginning and at its end.
SAMPLED_LINES: Final = 300
_ORDINARY: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-@$")


@dataclass(frozen=True, slots=True)
class Sample:
    """The source of a log's formats: the format it was given, and some of its lines."""

    format: str = ""
    first: Sequence[str] = ()
    last: Sequence[str] = ()

    def formats(self) -> Formats | None:
        if self.format:
            with contextlib.suppress(BadFormat):
                return given(self.format)
        return detect([shown(line) for line in self.first], [shown(line) for line in self.last])


def needs_sample(sought: Sought) -> bool:
    """Whether lines must be parsed."""
    return bool(sought.levels) or sought.heads or any("field" in term for term in sought.terms)


def matcher_of(sought: Sought, sample: Sample | None = None) -> Matcher:
    """A matcher for the wanted lines. Raises `BadPattern`."""
    if sought.pattern and not sought.terms and not sought.levels and not sought.heads:
        return matcher(sought.pattern, regex=sought.regex, case=sought.case)
    return Conditions(sought, sample or Sample())


class Conditions:
    """A `Matcher` for lines that meet all conditions."""

    def __init__(self, sought: Sought, sample: Sample) -> None:
        """Raises `BadPattern`."""
        self._sample = sample
        self._levels = sought.levels
        self._wants_heads = sought.heads
        self._reads_entries = bool(sought.levels) or sought.heads
        self._wanted: list[Matcher] = []
        self._unwanted: list[Matcher] = []
        self._fields: list[_FieldCondition] = []
        self._expressions = int(sought.regex)
        if sought.pattern:
            self._wanted.append(matcher(sought.pattern, regex=sought.regex, case=sought.case))
        for term in sought.terms:
            self._add(term, case=sought.case)
        # Each expression may match a line before the next look at the clock.
        longest = [one.longest // max(1, self._expressions) for one in (*self._wanted, *self._unwanted)]
        takes_apart = self._fields or self._reads_entries or not self._wanted
        #: Bytes that may be searched at once.
        self.longest = min([*longest, TAKEN_APART_BYTES if takes_apart else LONGEST_BYTES])
        #: The text being searched, as prepared by the first matcher.
        self._prepared = b""
        self._level = Levels(lambda: self._formats)

    def _add(self, term: Any, *, case: bool) -> None:
        match term:
            case {"text": str(text)}:
                self._add_matcher(text, term, regex=False, case=case)
            case {"regex": str(expression)}:
                self._add_matcher(expression, term, regex=True, case=case)
            case {"field": str(name), "is": str(operator), "value": str(value)}:
                wanted = FieldTerm(name, operator, value, term.get("exact") is True, case)
                self._fields.append(_FieldCondition(wanted, is_wanted=term.get("not") is not True))
            case _:
                raise BadPattern(reason("bad-term"))

    def _add_matcher(self, pattern: str, term: Any, *, regex: bool, case: bool) -> None:
        found = matcher(pattern, regex=regex, case=case)
        self._expressions += regex
        (self._unwanted if term.get("not") is True else self._wanted).append(found)

    @property
    def needed(self) -> str:
        return self._wanted[0].needed if self._wanted else ""

    @property
    def pause_bytes(self) -> int:
        return PAUSE_BYTES if self._signs is None else SIEVED_BYTES

    @property
    def looks_ahead(self) -> bool:
        return self._reads_entries

    def follow(self, text: bytes) -> None:
        self._level.follow(text)

    def look_ahead(self, line: bytes) -> None:
        self._level.look_ahead(line)

    def prepared(self, text: bytes) -> bytes:
        if self._reads_entries:
            self._level.go_on(text)
        self._prepared = self._wanted[0].prepared(text) if self._wanted else text
        return text

    def find(self, text: bytes, start: int, end: int) -> int:
        while start < end:
            found = self._next(text, start, end)
            if found < 0:
                return -1
            begin = text.rfind(b"\n", 0, found) + 1
            stop = text.find(b"\n", found, end)
            stop = end if stop < 0 else stop
            if self._is_met(text, begin, stop):
                return found
            start = stop + 1
        return -1

    def _next(self, text: bytes, start: int, end: int) -> int:
        """A place in the next line that may meet them."""
        if self._wanted:
            return self._wanted[0].find(self._prepared, start, end)
        if self._signs is None:
            return start
        found = self._signs.search(text, start, end)
        return -1 if found is None else int(found.start())

    def spans(self, line: bytes) -> Iterator[tuple[int, int]]:
        """Where the texts are; empty for a line found by its fields alone."""
        spans = [span for one in self._wanted for span in one.spans(one.prepared(line))]
        end = 0
        for start, stop in sorted(spans) if len(self._wanted) > 1 else spans:
            if start >= end:
                yield start, stop
                end = stop
        if not self._wanted:
            yield 0, 0

    def _is_met(self, text: bytes, begin: int, stop: int) -> bool:
        line = text[begin:stop].removesuffix(b"\r")
        if not all(_is_in(line, one) for one in self._wanted[1:]):
            return False
        if any(_is_in(line, one) for one in self._unwanted):
            return False
        if not all(condition.may_be_met(line) for condition in self._fields):
            return False
        if self._fields:
            fields = fields_of(shown_line(line), self._formats)
            if not all(one.term.matches(fields) is one.is_wanted for one in self._fields):
                return False
        if not self._reads_entries:
            return True
        has_level = self._level.level_of(begin, stop) in (self._levels or LEVELS)
        return has_level and (self._level.is_head or not self._wants_heads)

    @cached_property
    def _formats(self) -> Formats | None:
        return self._sample.formats()

    @cached_property
    def _signs(self) -> Any:
        """What every wanted line has at least one of; None: unknown."""
        may_be_told = self._wants_heads and not self._wanted
        return signs_of(self._levels, self._formats) if may_be_told else None


@dataclass(frozen=True)
class _FieldCondition:
    term: FieldTerm
    is_wanted: bool

    def may_be_met(self, line: bytes) -> bool:
        """Whether the bytes of a line of JSON allow it: its keys are written in the line."""
        if not self.is_wanted or not line.startswith(b"{") or b"\\u" in line:
            return True
        return self._key in line

    @cached_property
    def _key(self) -> bytes:
        last = self.term.name.rpartition(".")[2]
        return last.encode("utf-8", "replace") if _ORDINARY.issuperset(last) else b""


def _is_in(line: bytes, one: Matcher) -> bool:
    return next(one.spans(one.prepared(line)), None) is not None
