"""Converts written times to moments. The page has the same in `moments.js`.

Missing parts are not invented: a time without a zone is compared by its clock, and one without a year or a day is
placed near a neighbouring moment.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import date
from typing import Literal

from django_logtail.formats.rows import ZONES

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAY_MS = 86_400_000
_EPOCH_DAY = date(1970, 1, 1).toordinal()

_A = re.ASCII
_EPOCH = re.compile(r"([12]\d{9})(\d{9}|\d{6}|\d{3})?(?:\.(\d{1,9}))?\Z", _A)
_CLOCK = re.compile(
    r"(\d\d?):(\d\d)(?::(\d\d)(?:[.,:](\d{1,9}))?)?(?:[ \u202f]?([AaPp])[Mm](?![A-Za-z]))?", _A
)
_DOTTED_CLOCK = re.compile(r"(?:^|[ T])(\d\d?)\.(\d\d)\.(\d\d)(?:[.,](\d{1,9}))?", _A)
_COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)(?:[T :_-]?)(\d\d)(\d\d)(\d\d)(?:[.,](\d{1,9}))?", _A)
_KLOG = re.compile(r"(?:(20\d\d))?(\d\d)(\d\d)[ /](\d\d):?(\d\d):?(\d\d)(?:[.,](\d{1,9}))?\Z", _A)
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)?\Z", _A)
#: A zone that Java adds to an offset.
_JAVA_ZONE = re.compile(r"\[[\w/+-]{1,60}\]\Z", _A)
_NAMED_OFFSET = re.compile(r"(?:GMT|UTC)([+-])(\d\d?):?(\d\d)?\Z", _A)
_ZONE_NAME = re.compile(r"(?:\d|[ ,])(Z|[A-Z]{3,4})(?= \d{4}\Z|\Z)", _A)
_CLF = re.compile(r"\d\d?/[A-Za-z]{3,9}/\d{4}[: ]|\d\d?-[A-Za-z]{3,9}-\d{4}::", _A)
_COMPACT_TIME = re.compile(r"T\d{6}", _A)

_YEAR_FIRST = re.compile(r"(?:^|[ ,])(\d{4})[-/.](\d\d?)[-/.](\d\d?)(?!\d)", _A)
_CHINESE = re.compile(r"(\d{4})年(\d\d?)月(\d\d?)日", _A)
_DAY_MONTH = re.compile(r"(?:^|[ ,])(\d\d?)[-/ ]([A-Za-z]{3,9})[-/ ](\d{4})", _A)
_YEAR_MONTH = re.compile(r"(\d{4}) ([A-Z][a-z]{2,8}) {1,2}(\d\d?) ", _A)
_WEEKDAY = re.compile(r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6},? ")
_MONTH_DAY = re.compile(r"(?:^|[ ,])([A-Z][a-z]{2,8}) {1,2}(\d\d?)(?![\d:])(?:,? (\d{4})(?=[ ,]))?", _A)
_LATER_YEAR = re.compile(r" (\d{4})(?: |\Z)", _A)
_NO_YEAR_MONTH = re.compile(r"(\d\d?) ([A-Z][a-z]{2,8}) \d", _A)
_NUMBERS = re.compile(r"(\d\d?)([/.-])(\d\d?)[/.-](\d{4}|\d\d)(?!\d)", _A)
_COMPACT_DATE = re.compile(r"(\d{4})(\d\d)(\d\d)[ -]", _A)
_SHORT_DATE = re.compile(r"(\d\d)(\d\d)(\d\d) ", _A)
_NO_YEAR = re.compile(r"(\d\d)(?:-(\d\d)[ |]|/(\d\d) )", _A)


#: Year, month and day.
_Date = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Moment:
    """A written moment.

    `ms`: milliseconds since the epoch, by the written clock if the zone is unknown; `clock`: the written clock, read as
    UTC; `zone`: minutes east, None if unknown; `has`: "day" without a year, "clock" without a day.
    """

    ms: float
    clock: float
    zone: int | None
    has: Literal["moment", "day", "clock"]


def _milliseconds(digits: str | None) -> float:
    return int((digits or "").ljust(9, "0")[:9]) / 1e6


def _day_number(year: int, month: int, day: int) -> float | None:
    """Milliseconds since the epoch at which a day begins. 30 February is 2 March, as in the page."""
    if not (1 <= month <= 12 and 1 <= day <= 31 and 1 <= year <= 9999):
        return None
    return (date(year, month, 1).toordinal() - _EPOCH_DAY + day - 1) * _DAY_MS


def _month(name: str) -> int:
    short = name[:3].lower()
    return _MONTHS.index(short) + 1 if short in _MONTHS else 0


def _year(digits: str) -> int:
    return int(digits) + (2000 if len(digits) == 2 else 0)


def _date_of(written: str, beside: float | None) -> _Date | None:
    """Year, month and day of a written date; the year is 0 if missing; None without a date."""
    found = _YEAR_FIRST.search(written) or _CHINESE.match(written)
    if found:
        return int(found[1]), int(found[2]), int(found[3])
    found = _DAY_MONTH.search(written)
    if found and _month(found[2]):
        return int(found[3]), _month(found[2]), int(found[1])
    found = _YEAR_MONTH.match(written)
    if found and _month(found[2]):
        return int(found[1]), _month(found[2]), int(found[3])
    found = _MONTH_DAY.search(_WEEKDAY.sub("", written, count=1) if _WEEKDAY.match(written) else written)
    if found and _month(found[1]):
        later = _LATER_YEAR.search(written)
        year = found[3] or (later[1] if later else "0")
        return int(year), _month(found[1]), int(found[2])
    found = _NO_YEAR_MONTH.match(written)
    if found and _month(found[2]):
        return 0, _month(found[2]), int(found[1])
    return _date_of_numbers(written, beside)


def _likelier(one: _Date, other: _Date, beside: float | None) -> _Date:
    """Of 28/11/26 as day, month, year and as year, month, day: the date nearest to `beside`.

    Without that, it is the later date that is not in the future.
    """
    first, second = _day_number(*one), _day_number(*other)
    if first is None or second is None:
        return other if first is None else one
    if beside is not None:
        return other if abs(second - beside) < abs(first - beside) else one
    tomorrow = time.time() * 1000 + _DAY_MS
    if (first > tomorrow) != (second > tomorrow):
        return other if first > tomorrow else one
    return other if (second > first) == (first <= tomorrow) else one


def _date_of_numbers(written: str, beside: float | None) -> _Date | None:
    found = _NUMBERS.match(written)
    if found:
        first, sign, second, third = found.groups()
        if len(third) == 2 and int(first) > 12:
            day_first = (_year(third), int(second), int(first))
            return _likelier(day_first, (_year(first), int(second), int(third)), beside)
        # 28.11.2026, 28/11/2026 and 5/11/2026 -- 14:22:09 (Suricata), but 11/28/2026.
        if sign != "/" or int(first) > 12 or " -- " in written:
            return _year(third), int(second), int(first)
        return _year(third), int(first), int(second)
    if found := _COMPACT_DATE.match(written) or _SHORT_DATE.match(written):
        return _year(found[1]), int(found[2]), int(found[3])
    found = _NO_YEAR.match(written)
    return (0, int(found[1]), int(found[2] or found[3])) if found else None


def _zone_of(written: str) -> int | None:
    """Minutes east of Greenwich."""
    written = _JAVA_ZONE.sub("", written)
    offset = _OFFSET.search(written) or _NAMED_OFFSET.search(written)
    at = written.find(":")
    if offset and (offset.start() > at if at >= 0 else _COMPACT_TIME.search(written)):
        return (-1 if offset[1] == "-" else 1) * (int(offset[2]) * 60 + int(offset[3] or 0))
    name = _ZONE_NAME.search(written)
    return ZONES.get(name[1]) if name else None


def _clock_found(written: str) -> re.Match[str] | None:
    """Where the clock is in a written time: after its date.

    In 28/Nov/2026:14:22:09 the year is followed by a colon, and in 2026-11-28T14:22 by a letter.
    """
    clf = _CLF.match(written)
    after = written[clf.end() :] if clf else written
    return _CLOCK.search(after) or _DOTTED_CLOCK.search(after)


def moment_of(written: str, beside: float | None = None) -> Moment | None:
    """The moment that a written time means, or None if it can't be read.

    `beside`: a moment near it, in milliseconds since the epoch, for times without a year or a day.
    """
    epoch = _EPOCH.match(written)
    if epoch and not (len(written) == 14 and written.startswith("20")):
        ms = int(epoch[1]) * 1000 + _milliseconds((epoch[2] or "") + (epoch[3] or ""))
        return Moment(ms, ms, 0, "moment")
    parts = _parts_of(written, beside)
    if parts is None:
        return None
    day, hours, minutes, seconds, rest = parts
    if hours > 24 or minutes > 59 or seconds > 60:
        return None
    in_day = ((hours * 60 + minutes) * 60 + seconds) * 1000 + rest
    zone = _zone_of(written)
    back = (zone or 0) * 60_000
    if day and day[0]:
        begins = _day_number(*day)
        return None if begins is None else Moment(begins + in_day - back, begins + in_day, zone, "moment")
    if day:
        now = time.time() * 1000
        near = now if beside is None else beside
        year = time.gmtime(near / 1000).tm_year
        days = [_day_number(one, day[1], day[2]) for one in (year - 1, year, year + 1)]
        clocks = [begins + in_day for begins in days if begins is not None]
        if not clocks:
            return None
        # In November, 31 Dec is last year's: lines come from the past, by clocks that may be a day ahead.
        past = [one for one in clocks if one - back <= max(now, near) + _DAY_MS]
        clock = min(past or clocks, key=lambda one: abs(one - (near + back)))
        return Moment(clock - back, clock, zone, "day")
    if beside is None:
        return Moment(in_day - back, in_day, zone, "clock")
    begins = (beside + back) // _DAY_MS * _DAY_MS
    clocks = [begins + days * _DAY_MS + in_day for days in (-1, 0, 1)]
    clock = min(clocks, key=lambda one: abs(one - (beside + back)))
    return Moment(clock - back, clock, zone, "clock")


_Parts = tuple[_Date | None, int, int, int, float]


def _parts_of(written: str, beside: float | None) -> _Parts | None:
    """Date, hours, minutes, seconds and milliseconds."""
    compact = _COMPACT.match(written) or _KLOG.match(written)
    if compact:
        year, month, day, hours, minutes, seconds, fraction = compact.groups()
        return (
            (int(year or 0), int(month), int(day)),
            int(hours),
            int(minutes),
            int(seconds),
            _milliseconds(fraction),
        )
    clock = _clock_found(written)
    if clock is None:
        return None
    hour = int(clock[1])
    half = clock[5].lower() if clock.re is _CLOCK and clock[5] else ""
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    return _date_of(written, beside), hour, int(clock[2]), int(clock[3] or 0), _milliseconds(clock[4])


def passed(before: Moment, after: Moment) -> float:
    """Milliseconds from one to the other; by the written clocks if only one of them has a zone."""
    if (before.zone is None) == (after.zone is None):
        return after.ms - before.ms
    return after.clock - before.clock
