"""Entries over time: how many are in each column, by kind."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Picture:
    """Entries over time: errors, warnings and others in each column of [since, until), in milliseconds.

    `at` of `end`: lines read, of those to read at most. Without columns, no times were recognised.
    """

    since: int
    until: int
    columns: list[list[int]]
    is_estimated: bool
    at: int
    end: int


class Columns:
    """Counts by column and kind. Entries before the first column or after the last can count in it (`takes_…`)."""

    def __init__(self, since: int, until: int, columns: int, takes_before: bool, takes_after: bool) -> None:
        self.since = since
        self.until = until
        self.cells = [0] * (3 * columns)
        self._columns = columns
        self.width = (until - since) / columns
        self._takes_before = takes_before
        self._takes_after = takes_after

    def _column(self, moment: float) -> int | None:
        if moment < self.since:
            return 0 if self._takes_before else None
        if moment >= self.until:
            return self._columns - 1 if self._takes_after else None
        return min(self._columns - 1, int((moment - self.since) / self.width))

    def add(self, moment: float, kind: int) -> None:
        column = self._column(moment)
        if column is not None:
            self.cells[3 * column + kind] += 1

    def spread(self, cells: list[float], low: float, high: float, kind: int, count: float) -> None:
        """Add `count` entries, evenly from `low` to `high`."""
        if high - low < 1:
            column = self._column(low)
            if column is not None:
                cells[3 * column + kind] += count
            return
        share = count / (high - low)
        begin = max(low, self.since)
        if low < self.since and self._takes_before:
            cells[kind] += share * (min(high, self.since) - low)
        if high > self.until and self._takes_after:
            cells[3 * (self._columns - 1) + kind] += share * (high - max(low, self.until))
        end = min(high, self.until)
        if begin >= end:
            return
        first = min(self._columns - 1, int((begin - self.since) / self.width))
        last = min(self._columns - 1, int((end - self.since) / self.width))
        for column in range(first, last + 1):
            left = max(begin, self.since + column * self.width)
            right = min(end, self.since + (column + 1) * self.width)
            if right > left:
                cells[3 * column + kind] += share * (right - left)
