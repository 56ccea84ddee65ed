"""One viewer's place in a ring, and what it is sent next. Knows neither feeds nor other viewers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from django_logtail.place import Place
from django_logtail.protocol import Frame
from django_logtail.relay.gap import frames_between, landing
from django_logtail.relay.items import RingItem
from django_logtail.relay.ring import Ring, Spot


@dataclass(slots=True, eq=False)
class Cursor:
    """A place in a ring: the next item's number and how many of its bytes the viewer already has.

    `news` is set when there may be something to send, or the log's state changed, unless `at_once` has dealt with that:
    it sends what is new in the feed's own turn, and returns whether it could. `stepped_at`: when the viewer last
    was sent something, or joined, by the feed's clock.
    """

    ring: Ring
    number: int = 0
    skipped: int = 0
    place: Place | None = None
    news: asyncio.Event = field(default_factory=asyncio.Event)
    at_once: Callable[[], bool] | None = None
    stepped_at: float = 0.0
    _opening: Frame | None = field(default=None, init=False)
    _shown_partial: RingItem | None = field(default=None, init=False)

    def tell(self) -> None:
        """There may be something to send, or the log's state changed."""
        if self.at_once is None or not self.at_once():
            self.news.set()

    @property
    def total(self) -> int:
        """Bytes of the stream up to here."""
        ring = self.ring
        if self.number >= ring.next:
            return ring.received
        item = ring.item(max(self.number, ring.first))
        return item.total - len(item.data) + self.skipped

    @property
    def behind(self) -> int:
        """Bytes that the ring has received but this viewer has not been sent."""
        return self.ring.received - self.total

    @property
    def is_off_the_ring(self) -> bool:
        """Whether its next item is gone."""
        return self.number < self.ring.first

    def idle(self, now: float) -> float:
        """Seconds during which there was something to take but nothing was taken."""
        if self.number >= self.ring.next:
            return 0.0
        return now - max(self.stepped_at, self.ring.item(max(self.number, self.ring.first)).at)

    def begin(self, *, size: int | None, is_resumed: bool) -> None:
        """Set the first frame of a viewer that joins in the middle, because every stream begins with `started`."""
        ring = self.ring
        if self.number < ring.next:
            item = ring.item(self.number)
            if item.is_start:
                self._opening, self.place, self.number = item.frame, item.after, self.number + 1
                return
            if item.before is None:
                return
            self.place = item.before.ahead(self.skipped)
        else:
            self.place = ring.position
        if self.place is not None:
            file, offset = self.place.file, self.place.offset
            self._opening = Frame.message(
                "event", kind="started", file=file, offset=offset, size=size, resumed=is_resumed
            )

    def move_to(self, ring: Ring, spot: Spot) -> None:
        """Continue in another ring, at the same place in the log."""
        self.ring = ring
        self.number, self.skipped = spot
        self._shown_partial = None
        self.news.set()

    def frames(self) -> Iterator[tuple[Frame, Place | None]]:
        """What to send next, and the place after it. Stops when the viewer is up to date."""
        if self._opening is not None:
            opening, self._opening = self._opening, None
            yield opening, self.place
        while self.number < self.ring.next:
            if self.is_off_the_ring:
                yield from self._jump()
            else:
                yield self._step()
        partial = self.ring.partial
        if partial is not None and partial is not self._shown_partial:
            self._shown_partial = partial
            yield partial.frame, self.place

    def _step(self) -> tuple[Frame, Place | None]:
        item = self.ring.item(self.number)
        if self.skipped and item.before is not None:
            frame = item.frame.after(self.skipped)
            self.number += 1
        else:
            frame, self.number = self.ring.joined(self.number)
            item = self.ring.item(self.number - 1)
        self.skipped = 0
        if not item.is_late and item.after is not None:
            self.place = item.after
        return frame, self.place

    def _jump(self) -> Iterator[tuple[Frame, Place | None]]:
        """The viewer fell off the ring: continue near its end."""
        number = landing(self.ring)
        target = self.ring.item(number).before if number < self.ring.next else self.ring.position
        yield from frames_between(self.ring, self.place, target)
        self.number, self.skipped, self.place = number, 0, target
