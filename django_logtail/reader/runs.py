"""What was read of one file, to be counted in any columns."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from django_logtail.formats.context import Context


@dataclass(slots=True)
class Run:
    """The entries that begin in the bytes [start, end) of a file.

    `last`: the latest line's time; NaN before the first one. `early`: entries before the first time, by kind.
    """

    start: int
    end: int
    context: Context
    moments: array[float] = field(default_factory=lambda: array("d"))
    kinds: bytearray = field(default_factory=bytearray)
    early: list[int] = field(default_factory=lambda: [0, 0, 0])
    lines: int = 0
    latest: float = -math.inf

    @property
    def first(self) -> float:
        return self.moments[0] if self.moments else math.nan

    @property
    def last(self) -> float:
        return self.moments[-1] if self.moments else math.nan

    @property
    def count(self) -> int:
        return len(self.moments) + sum(self.early)

    def copy(self) -> Run:
        return replace(
            self,
            context=replace(self.context),
            moments=array("d", self.moments),
            kinds=bytearray(self.kinds),
            early=list(self.early),
        )


def joined(runs: Sequence[Run]) -> list[Run]:
    """The same runs, in order; those that touch are one."""
    found: list[Run] = []
    for run in sorted(runs, key=lambda run: run.start):
        if found and found[-1].end == run.start and (found[-1].moments or not run.moments):
            before = found[-1]
            for kind, count in enumerate(run.early):
                if before.moments:
                    before.moments.extend([before.last] * count)
                    before.kinds.extend([kind] * count)
                else:
                    before.early[kind] += count
            before.moments.extend(run.moments)
            before.kinds.extend(run.kinds)
            before.end, before.context = run.end, run.context
            before.lines += run.lines
            before.latest = max(before.latest, run.latest)
        else:
            found.append(run)
    return found
