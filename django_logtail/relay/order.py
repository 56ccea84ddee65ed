"""Decides by one number which item of a reader comes next."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator

#: A reader's token and its run of the flow; items are numbered from 1 within each.
Source = tuple[str, int]


class Verdict(enum.Enum):
    """The verdict about one item. After the last two, nothing can be taken until the want has a new serial."""

    NEXT = enum.auto()
    #: It answers an older serial, was taken before, or comes from a replaced reader.
    PASSED = enum.auto()
    FOREIGN = enum.auto()
    LOST = enum.auto()


class Order:
    """A feed's progress in the items of its serial: it takes the next number, from the reader and run it listens to.

    `is_past` tells whether the reader with a token was replaced.
    """

    def __init__(self, serials: Iterator[int], is_past: Callable[[str], bool]) -> None:
        self._serials = serials
        self._is_past = is_past
        self.restart()

    def restart(self) -> None:
        """Start over with an unused serial, and listen to the first reader that answers it."""
        self.serial = next(self._serials)
        self._source: Source = ("", 0)
        self._number = 0
        #: From the last heartbeat, if not all items had arrived by then.
        self._stale: tuple[Source, int, int] | None = None

    def judge(self, serial: int, source: Source, number: int) -> Verdict:
        """Judge an item; if it is the next one, it counts as taken."""
        if serial != self.serial:
            return Verdict.PASSED
        if source != self._source:
            if self._is_past(source[0]):
                return Verdict.PASSED
            if number != 1:
                return Verdict.FOREIGN
            self._source, self._number = source, 0
        if number <= self._number:
            return Verdict.PASSED
        if number > self._number + 1:
            return Verdict.LOST
        self._number = number
        return Verdict.NEXT

    def is_last_lost(self, serial: int, source: Source, number: int) -> bool:
        """Whether the last of the `number` items that a heartbeat reports are lost, and not just on their way."""
        taken = self._number if source == self._source else 0
        said = (source, serial, number)
        is_behind = serial == self.serial and number > taken
        is_lost = is_behind and said == self._stale
        self._stale = said if is_behind and not is_lost else None
        return is_lost
