"""What a search looks for besides one pattern: further texts, fields and levels, in whole lines.

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
from django_logtail.formats.context import Context, read
from django_logtail.formats.detection import Formats, detect
from django_logtail.formats.field_terms import FieldTerm
from django_logtail.formats.given import BadFormat, given
from django_logtail.formats.heads import head_of, shown
from django_logtail.formats.shape import fields_of
from django_logtail.tailing.reasons import reason
from django_logtail.tailing.text.matching import LONGEST_BYTES, BadPattern, Matcher, matcher

#: Bytes searched at once if lines are parsed: about a turn if every line is a candidate. A longer line is searched in
#: pieces, which have no fields.
TAKEN_APART_BYTES: Final = 128 * 1024
#: Bytes of lines checked between two looks at the clock: hundreds of lines at most.
PAUSE_BYTES: Final = 1024
#: Lines above a line to search for the head of its entry, and bytes to keep of what was searched before.
MOST_BACK: Final = 300
KEPT_BYTES: Final = 64 * 1024
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
    return bool(sought.levels) or any("field" in term for term in sought.terms)


def matcher_of(sought: Sought, sample: Sample | None = None) -> Matcher:
    """A matcher for the wanted lines. Raises `BadPattern`."""
    if not sought.terms and not sought.levels:
        return matcher(sought.pattern, regex=sought.regex, case=sought.case)
    return Conditions(sought, sample or Sample())


class Conditions:
    """A `Matcher` for lines that meet all conditions."""

    pause_bytes = PAUSE_BYTES

    def __init__(self, sought: Sought, sample: Sample) -> None:
        """Raises `BadPattern`."""
        self._sample = sample
        self._levels = sought.levels
        self._wanted: list[Matcher] = []
        self._unwanted: list[Matcher] = []
        self._fields: list[_FieldCondition] = []
        if sought.pattern:
            self._wanted.append(matcher(sought.pattern, regex=sought.regex, case=sought.case))
        for term in sought.terms:
            self._add(term, case=sought.case)
        longest = [one.longest for one in (*self._wanted, *self._unwanted)]
        takes_apart = self._fields or self._levels or not self._wanted
        #: Bytes that may be searched at once.
        self.longest = min([*longest, TAKEN_APART_BYTES if takes_apart else LONGEST_BYTES])
        #: The text being searched, as prepared by the first matcher; and the end of what was searched before.
        self._text = self._prepared = self._before = b""
        #: The end, in that text, of the last line whose level is known, and what is known after it. Below 0: in the
        #: text before. Each line is read only once, however many lines are candidates.
        self._read_to: int | None = None
        self._context = Context()

    def _add(self, term: Any, *, case: bool) -> None:
        match term:
            case {"text": str(text)}:
                found = matcher(text, regex=False, case=case)
                (self._unwanted if term.get("not") is True else self._wanted).append(found)
            case {"field": str(name), "is": str(operator), "value": str(value)}:
                wanted = FieldTerm(name, operator, value, term.get("exact") is True, case)
                self._fields.append(_FieldCondition(wanted, is_wanted=term.get("not") is not True))
            case _:
                raise BadPattern(reason("bad-term"))

    def prepared(self, text: bytes) -> bytes:
        if self._read_to is not None:
            self._read_to -= len(self._text)
        self._before = self._text[-KEPT_BYTES:]
        self._text = text
        self._prepared = self._wanted[0].prepared(text) if self._wanted else text
        return text

    def find(self, text: bytes, start: int, end: int) -> int:
        while start < end:
            found = self._wanted[0].find(self._prepared, start, end) if self._wanted else start
            if found < 0:
                return -1
            begin = text.rfind(b"\n", 0, found) + 1
            stop = text.find(b"\n", found, end)
            stop = end if stop < 0 else stop
            if self._is_met(text, begin, stop):
                return found
            start = stop + 1
        return -1

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
            fields = fields_of(_shown(line), self._formats)
            if not all(one.term.matches(fields) is one.is_wanted for one in self._fields):
                return False
        return not self._levels or self._level(text, begin, stop) in self._levels

    @cached_property
    def _formats(self) -> Formats | None:
        return self._sample.formats()

    def _level(self, text: bytes, begin: int, stop: int) -> str:
        """The level of the entry that contains a line."""
        lines = [_shown(text[begin:stop].removesuffix(b"\r"))]
        context = Context(self._formats)
        if not self._begins_entry(lines[0]):
            above = _backwards(text, begin, self._before)
            at = begin
            while at != self._read_to and len(lines) <= MOST_BACK:
                found = next(above, None)
                if found is None:
                    break
                at, line = found
                lines.append(_shown(line))
                if self._begins_entry(lines[-1]):
                    break
            else:
                if at == self._read_to:
                    context = self._context
        lines.reverse()
        newline = text.find(b"\n", stop + 1)
        following = _shown(text[stop + 1 : newline].removesuffix(b"\r")) if newline >= 0 else None
        level = "O"
        for text_of, after in zip(lines, [*lines[1:], following], strict=True):
            level = read(text_of, context, after).level
        self._read_to, self._context = stop + 1, context
        return level

    def _begins_entry(self, line: str) -> bool:
        head = head_of(line, self._formats)
        return head is not None and not head.part and not head.is_bare and head.written != ""


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


def _shown(line: bytes) -> str:
    return shown(line.decode("utf-8", "replace"))


def _backwards(text: bytes, begin: int, before: bytes) -> Iterator[tuple[int, bytes]]:
    """The lines before a place with where they begin (below 0: in the text before), nearest first."""
    for part, end, base in ((text, begin, 0), (before, len(before), -len(before))):
        while end > 0:
            start = part.rfind(b"\n", 0, end - 1) + 1
            if start == 0 and part is before and len(before) == KEPT_BYTES:
                return  # its beginning is missing
            line = part[start:end].removesuffix(b"\n")
            yield base + start, line.removesuffix(b"\r") if len(line) < end - start else line
            end = start
