"""What a log's written times mean: in the log's zone, and with the year and the day that they may lack."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from django_logtail.formats.moments import moment_of

_DAY_MS: Final = 86_400_000
_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - clocks without a zone are counted from it
_EPOCH_UTC: Final = _EPOCH.replace(tzinfo=timezone.utc)
_MS: Final = timedelta(milliseconds=1)
#: A fraction of a second, behind minutes and seconds.
_FRACTION: Final = re.compile(r"(?<=:\d\d:\d\d)[.,](\d{1,9})(?!\d)", re.ASCII)


def zone_named(name: str) -> tzinfo:
    """The zone with this name; UTC if this host doesn't know it."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return timezone.utc


class Clocks:
    """The moments of one log's times; those without a zone are in `zone`."""

    def __init__(self, zone: tzinfo) -> None:
        #: Whether there was a time without a zone.
        self.are_bare = False
        self._zone = zone
        #: The last second, and its moment: in a long log, many lines are of one.
        self._last: tuple[tuple[str, float], tuple[float, bool] | None] = ("", 0.0), None

    def moment_of(self, written: str, written_at: float) -> tuple[float, bool] | None:
        """Milliseconds since the epoch, and whether the clock showed this twice.

        A missing year or day is the latest that the file's last write, at `written_at`, allows.
        """
        fraction = _FRACTION.search(written)
        second = written
        if fraction is not None:
            second = written[: fraction.start()] + written[fraction.end() :]
        if self._last[0] != (second, written_at):
            self._last = (second, written_at), self._moment_of(second, written_at)
        found = self._last[1]
        if found is None or fraction is None:
            return found
        return found[0] + int(fraction[1].ljust(9, "0")) / 1e6, found[1]

    def _moment_of(self, written: str, written_at: float) -> tuple[float, bool] | None:
        try:
            moment = moment_of(written)
            if moment is None:
                return None
            if moment.has != "moment":
                latest = written_at
                if moment.zone is None:
                    local = (_EPOCH_UTC + written_at * _MS).astimezone(self._zone)
                    latest = (local.replace(tzinfo=None) - _EPOCH) / _MS
                back = 182 * _DAY_MS if moment.has == "day" else _DAY_MS * 11 // 24
                moment = moment_of(written, latest - back)
                if moment is None:
                    return None
            if moment.zone is not None:
                return moment.ms, False
            self.are_bare = True
            local = (_EPOCH + moment.clock * _MS).replace(tzinfo=self._zone)
            return (local - _EPOCH_UTC) / _MS, _is_twice(local)
        except (OverflowError, ValueError):  # a year that no calendar has
            return None

    def is_repeated(self, moment: float) -> bool:
        """Whether the clock showed this moment's time twice, so that times without a zone are ambiguous."""
        if not self.are_bare:
            return False
        try:
            return _is_twice((_EPOCH_UTC + moment * _MS).astimezone(self._zone))
        except OverflowError:  # a year that no calendar has
            return False


def _is_twice(local: datetime) -> bool:
    before, after = local.replace(fold=0).utcoffset(), local.replace(fold=1).utcoffset()
    return before is not None and after is not None and before > after
