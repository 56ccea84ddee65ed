"""Which item of a reader comes next: one number decides."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator

#: A reader's token, and its run of the flow: what numbers items from 1 on.
Source = tuple[str, int]


class Verdict(enum.Enum):
    """Of one item. After the last two, nothing more can be taken until the want is posted with a new serial."""

    NEXT = enum.auto()
    #: It answers an older serial, was taken before, or comes from a reader of the past.
    PASSED = enum.auto()
    FOREIGN = enum.auto()
    LOST = enum.auto()


class Order:
    """Where a feed is in the items of its serial: it takes the next number, of the reader and run it listens to.

    `is_past` says of a token whether its reader was replaced.
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
        #: What the last heartbeat said of a flow whose items had not all come by then.
        self._stale: tuple[Source, int, int] | None = None

    def judge(self, serial: int, source: Source, number: int) -> Verdict:
        """An item came; if it is the next one, it counts as taken."""
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
        """A heartbeat says that so many items were sent: whether the last ones were not only on their way."""
        taken = self._number if source == self._source else 0
        said = (source, serial, number)
        is_behind = serial == self.serial and number > taken
        is_lost = is_behind and said == self._stale
        self._stale = said if is_behind and not is_lost else None
        return is_lost
