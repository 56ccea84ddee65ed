"""How much a reader may send: credit, and fast viewers waiting for slower ones of the same log."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

from django_logtail.relay.cursor import Cursor
from django_logtail.relay.ring import Ring

#: Bytes a feed requests past its fastest viewer: 32 full batches. Three logs at full speed stay below a core layer's
#: capacity of 100 messages, sixteen below the 32 MiB at which Redis disconnects a pubsub subscriber; 1 MiB would halve
#: the throughput.
CREDIT_BYTES: Final = 2 * 1024 * 1024
#: The minimum, if many feeds share the memory: two full batches.
LEAST_CREDIT_BYTES: Final = 128 * 1024
#: Seconds without taking anything after which a viewer is no longer waited for; a client on the other side of the world
#: takes that long to respond.
STEP_SECONDS: Final = 0.2
#: Seconds a feed waits for viewers that make progress but would fall off the ring.
CATCH_UP_SECONDS: Final = 1.0
#: Seconds between checks of them.
LOOK_SECONDS: Final = 0.01
#: Seconds until a feed waits again for a viewer for which it waited in vain.
SLOW_SECONDS: Final = 120.0


class Pace:
    """The cursors of one ring: the fastest of them paces the reader, but not at once.

    Viewers that can all keep up are served in turns, and at full speed chance alone takes one of them megabytes ahead.
    So before requesting more, a feed lets viewers catch up that would fall off the ring, as long as they make progress.
    A viewer that takes nothing harms only itself; the feed waits for a slow one once in SLOW_SECONDS.

    `ring_bytes`: how many bytes the ring may keep now. `go_on` is called when more may be requested.
    """

    def __init__(
        self,
        ring: Ring,
        *,
        ring_bytes: Callable[[], int],
        clock: Callable[[], float],
        go_on: Callable[[], None],
    ) -> None:
        self.cursors: set[Cursor] = set()
        self._ring = ring
        self._ring_bytes = ring_bytes
        self._clock = clock
        self._go_on = go_on
        #: Viewers that have just joined and had no turn yet.
        self._newcomers: set[Cursor] = set()
        #: The furthest place of any viewer: bytes, and the number of its next item.
        self._fastest = 0
        self._reached = 0
        self._granted = 0
        #: The viewers being waited for, and the total they must reach.
        self._awaited: set[Cursor] = set()
        self._awaited_total = 0
        self._awaited_since = 0.0
        #: Until when the others don't wait for a viewer.
        self._slow_until: dict[Cursor, float] = {}

    def join(self, cursor: Cursor) -> None:
        self.cursors.add(cursor)
        self._newcomers.add(cursor)
        # Before this viewer's tasks, which don't exist yet, and after whatever brings items in the same turn.
        asyncio.get_running_loop().call_soon(self._newcomers.discard, cursor)
        self.stepped(cursor)

    def leave(self, cursor: Cursor) -> None:
        """If it was the fastest, slower ones now pace the reader."""
        self.cursors.discard(cursor)
        self._slow_until.pop(cursor, None)
        self._fastest = max((other.total for other in self.cursors), default=0)
        self._reached = max((other.number for other in self.cursors), default=0)
        self._await_no_more([cursor])

    def stepped(self, cursor: Cursor) -> None:
        """The viewer was sent something; if it is the fastest, the reader may go on."""
        cursor.stepped_at = self._clock()
        total = cursor.total
        self._reached = max(self._reached, cursor.number)
        if cursor in self._awaited and total >= self._awaited_total:
            self._await_no_more([cursor])
        if total > self._fastest:
            self._fastest = total
            self._ask_for_more()

    @property
    def needed(self) -> int:
        """The number of the oldest item that must be kept.

        Items not yet sent to any viewer are kept: credit limits them, and viewers that keep up must not get a gap. So
        are the first items of a viewer that joined at the ring's old end, until its first turn.
        """
        return min([self._reached, *(cursor.number for cursor in self._newcomers)])

    def grant(self) -> int:
        """Bytes past what was received that the reader may send. No more are granted while waiting for viewers."""
        if not self._awaited:
            self._granted = self._fastest + self._most_credit
        return max(0, self._granted - self._ring.received)

    @property
    def _most_credit(self) -> int:
        """How much may wait for the fastest viewer: less than a ring holds, so that all rings together stay limited."""
        return min(CREDIT_BYTES, max(LEAST_CREDIT_BYTES, self._ring_bytes() // 2))

    def _ask_for_more(self) -> None:
        """Request more once half of the credit is used up and nobody would fall off the ring."""
        credit = self._most_credit
        if self._awaited or self._fastest + credit - self._granted < credit // 2:
            return
        self._wait_for_slower(credit)
        if not self._awaited:
            self._go_on()

    def _wait_for_slower(self, credit: int) -> None:
        now = self._clock()
        needed = min(self._fastest, self._fastest + credit - self._ring_bytes() * 3 // 4)
        self._awaited = {
            cursor
            for cursor in self.cursors
            if self._slow_until.get(cursor, 0.0) <= now
            and cursor.total < needed
            and not self._stands_still(cursor, now)
        }
        if self._awaited:
            self._awaited_total, self._awaited_since = needed, now
            asyncio.get_running_loop().call_later(LOOK_SECONDS, self._look, now)

    def _stands_still(self, cursor: Cursor, now: float) -> bool:
        """Whether waiting would not help it. That doesn't make it slow: if it moves on, the feed may wait for it."""
        return cursor.is_off_the_ring or cursor.idle(now) >= STEP_SECONDS

    def _look(self, since: float) -> None:
        """Stop waiting for viewers that take nothing, or have not caught up in time."""
        if not self._awaited or self._awaited_since != since:
            return
        now = self._clock()
        is_over = now - since >= CATCH_UP_SECONDS
        slow = [cursor for cursor in self._awaited if is_over or self._stands_still(cursor, now)]
        self._slow_until.update(dict.fromkeys(slow, now + SLOW_SECONDS))
        self._await_no_more(slow)
        if self._awaited:
            asyncio.get_running_loop().call_later(LOOK_SECONDS, self._look, since)

    def _await_no_more(self, cursors: Iterable[Cursor]) -> None:
        if not self._awaited:
            return
        self._awaited.difference_update(cursors)
        if not self._awaited:
            self._go_on()
