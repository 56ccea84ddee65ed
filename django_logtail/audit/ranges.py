"""Which bytes of which files were delivered, as a bounded number of ranges. Pure."""

from __future__ import annotations

from bisect import bisect_left
from itertools import pairwise
from typing import Any, Final

#: Ranges kept for one viewing: a viewer who stays at the end of a log needs one for each rotation.
MOST_RANGES: Final = 100


class Ranges:
    """Disjoint ranges by file, in order. Beyond `MOST_RANGES`, those with the smallest gap between them are joined."""

    def __init__(self) -> None:
        #: False: some ranges were joined, and cover more than was delivered; or files were left out.
        self.is_exact = True
        self._files: dict[str, list[tuple[int, int]]] = {}
        self._names: dict[str, str] = {}
        self._count = 0

    def add(self, file: str, start: int, end: int) -> None:
        """The bytes [start, end) of a file were delivered, maybe not for the first time."""
        if end <= start:
            return
        ranges = self._files.setdefault(file, [])
        first = bisect_left(ranges, start, key=lambda one: one[1])
        last = first
        while last < len(ranges) and ranges[last][0] <= end:
            start, end = min(start, ranges[last][0]), max(end, ranges[last][1])
            last += 1
        self._count += 1 - (last - first)
        ranges[first:last] = [(start, end)]
        if self._count > MOST_RANGES:
            self._join()

    def name(self, file: str, name: str) -> None:
        """What the file was called."""
        if file in self._names or len(self._names) < MOST_RANGES:
            self._names[file] = name

    def told(self) -> list[dict[str, Any]]:
        """For each file its id, its name if that is known, and its ranges."""
        return [
            {"file": file, "name": self._names.get(file, ""), "ranges": [list(one) for one in ranges]}
            for file, ranges in self._files.items()
        ]

    def _join(self) -> None:
        self.is_exact = False
        self._count -= 1
        gaps = [
            (right[0] - left[1], file, index)
            for file, ranges in self._files.items()
            for index, (left, right) in enumerate(pairwise(ranges))
        ]
        if not gaps:  # one for each of too many files
            del self._files[next(iter(self._files))]
            return
        _, file, index = min(gaps)
        ranges = self._files[file]
        ranges[index : index + 2] = [(ranges[index][0], ranges[index + 1][1])]
