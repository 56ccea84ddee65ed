"""One process's place in one log."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import partial
from typing import Final

from django_logtail import redaction_rules
from django_logtail.control.messages import Batch, Beat, Event, Message
from django_logtail.control.wants import Want, original_until
from django_logtail.place import Place
from django_logtail.promptness import Promptness
from django_logtail.protocol import Frame
from django_logtail.relay.cursor import Cursor
from django_logtail.relay.items import RingItem, batch_item, event_item
from django_logtail.relay.order import Order, Source, Verdict
from django_logtail.relay.pace import Pace
from django_logtail.relay.posting import Wants
from django_logtail.relay.ring import Ring, Spot
from django_logtail.relay.telling import Telling
from django_logtail.states import as_told
from django_logtail.timing import Rate

logger = logging.getLogger(__name__)

#: Generations of a log whose ends a feed remembers: as many as a follower holds, plus the current one.
GENERATIONS: Final = 9


class Feed:
    """One want and its items: accepts what continues exactly at its place, and requests anything else again.

    `flow` names a viewer's own feed (whose start the shared ring doesn't have); "" is the shared one. It begins at
    `start`, or with the last `lines` lines. `file` is the queue and the registry's path when the feed began.

    `promptness`: of this process's feeds.

    `is_past` tells whether the reader with a token was replaced; `ring_bytes`, how much the ring may keep now.
    """

    def __init__(
        self,
        log: str,
        file: tuple[str, str],
        *,
        flow: str,
        lines: int,
        start: Place | None,
        wants: Wants,
        is_past: Callable[[str], bool],
        ring_bytes: Callable[[], int],
        clock: Callable[[], float],
        user: str = "",
        revision: str = "",
        original_end: float = 0.0,
        wall: Callable[[], float] = time.time,
        promptness: Promptness | None = None,
    ) -> None:
        self.member = f"{wants.process}|{log}|{flow}"
        self.log = log
        self.file = file
        self.queue = file[0]
        self.flow = flow
        self.user = user
        self.revision = revision
        self.lines = lines
        #: Until when its one viewer sees the original, in seconds since the epoch; 0: its lines are redacted.
        self.original_end = original_end
        self._wall = wall
        self.state = "waiting"
        self.reason = ""
        #: Whether the log's row has changed since its viewers were admitted, so that their access must be checked
        #: again.
        self.is_outdated = False
        self.size: int | None = None
        #: The file that `size` belongs to; "" if it isn't known to be the one that is read.
        self._sized_file = ""
        #: Viewers of feeds of their own that are ahead of this one, and will join it when it has come to their place.
        self.awaited_by: set[Cursor] = set()
        self.host = ""
        self._told_status: dict[str, object] = {}
        self._status_frame = Frame.message("status")
        self.ring = Ring(start)
        self.pace = Pace(
            self.ring,
            ring_bytes=ring_bytes,
            clock=clock,
            go_on=partial(wants.post_soon, [self.member]),
        )
        self.telling = Telling(self.member, self._notify, clock, promptness)
        self._wants = wants
        self._ring_bytes = ring_bytes
        self._clock = clock
        self._starts_at = start
        self._last_byte_at: float | None = None
        self._rate = Rate()
        self._order = Order(wants.serials, is_past)
        #: Bytes accepted of this serial.
        self._taken = 0
        #: How far each of the last generations was taken; late bytes of older ones continue from there.
        self._ends: dict[str, int] = {}

    # -- taking what the reader sends --------------------------------------------------------------

    def take(self, message: Message) -> None:
        """An item from a mailbox: append it if it is the next one, otherwise request again."""
        if not isinstance(message, (Batch, Event)):
            return
        source = message.token, message.run
        match self._order.judge(message.serial, source, message.number):
            case Verdict.PASSED:
                return
            case Verdict.FOREIGN:
                self.ask_again("another reader answers")
            case Verdict.NEXT if self._continues(message):
                self._take_next(message)
                self.telling.came(len(message.data) if isinstance(message, Batch) else 0)
            case _:
                self.ask_again("an item was lost")

    def _continues(self, message: Batch | Event) -> bool:
        if isinstance(message, Event):
            return message.before == self.ring.position
        return message.is_late or message.start == self.ring.position

    def _take_next(self, message: Batch | Event) -> None:
        now = self._clock()
        if isinstance(message, Batch):
            self._take_batch(batch_item(message, self.ring.position, self.ring.received, now))
        else:
            self._take_event(event_item(message, self.ring.received, now))

    def _take_batch(self, item: RingItem) -> None:
        self._last_byte_at = time.time()
        if item.is_partial:
            self.ring.partial = item
            return
        self._taken += len(item.data)
        assert item.before is not None
        self._remember(item.before.ahead(len(item.data)))
        self._append(item)

    def _take_event(self, item: RingItem) -> None:
        if item.is_start and self.ring.start is not None and item.before == item.after == self.ring.position:
            return  # a rewind to our own place, which a viewer needn't see
        if item.is_move and item.before is not None:
            self._remember(item.before)
        self._append(item)

    def _remember(self, end: Place) -> None:
        self._ends.pop(end.file, None)
        self._ends[end.file] = end.offset
        while len(self._ends) > GENERATIONS:
            del self._ends[next(iter(self._ends))]

    def _append(self, item: RingItem) -> None:
        self.ring.append(item)
        self.ring.trim(self._ring_bytes(), self.pace.needed)

    # -- how the log is ----------------------------------------------------------------------------

    def heard(
        self,
        token: str,
        host: str,
        beat: Beat,
        trouble: str = "",
    ) -> None:
        """A heartbeat about this feed: how many items of which serial were sent, and the file's state.

        `trouble`: why that reader's items still can't be used.
        """
        source: Source = token, beat.run
        if self._order.is_last_lost(beat.serial, source, beat.number):
            self.ask_again("the last item was lost")
        self.host = host
        self._take_size(beat.size)
        self.is_outdated = beat.state == "changed"
        if trouble:
            self.become("no-reader", trouble)
        else:
            self.become(as_told(beat.state), beat.reason)

    def _take_size(self, size: int | None) -> None:
        """Set the size of the newest file. One that is smaller than what was read of it is that of another file."""
        position = self.ring.position
        self.size = size
        is_of_file = size is not None and position is not None and position.offset <= size
        self._sized_file = position.file if position is not None and is_of_file else ""

    def become(self, state: str, reason: str = "") -> None:
        """Set the log's state, also if nobody serves this feed: no reader, or no Redis."""
        if (state, reason) != (self.state, self.reason):
            self.state, self.reason = state, reason
            self._notify()

    def measure(self, now: float) -> None:
        """Called each second, for the rate."""
        self._rate.measure(now, self.ring.received)

    def status(self, cursor: Cursor) -> dict[str, object]:
        """The fields of a `status` message for one viewer, as of now."""
        behind, position = cursor.behind, self.ring.position
        if self.size is not None and position is not None:
            behind += max(0, self.size - position.offset)
        return {
            "state": self.state,
            "reason": self.reason or None,
            "size": self.size,
            "rate": self._rate.per_second,
            "behind": behind,
            "last_byte_at": None if self._last_byte_at is None else round(self._last_byte_at, 1),
            "reader": {"host": self.host, "queue": self.queue},
        }

    def status_frame(self, cursor: Cursor) -> Frame:
        """The `status` message for one viewer, as of now: the same one for all that are told the same."""
        status = self.status(cursor)
        if status != self._told_status:
            self._told_status, self._status_frame = status, Frame.message("status", **status)
        return self._status_frame

    def _notify(self) -> None:
        for cursor in (*self.pace.cursors, *self.awaited_by):
            cursor.tell()
        self.awaited_by.clear()

    # -- wanting -----------------------------------------------------------------------------------

    def will_bring(self, lines: int) -> bool:
        """Whether the last `lines` lines are on their way. More may be, but not to who wants none."""
        is_enough = lines <= self.lines if lines else self.lines == 0
        return self.ring.is_empty and self._starts_at is None and is_enough

    @property
    def end_of_file(self) -> Spot | None:
        """Where only what is written from now on comes; None while some of the file, such as the beginning of an
        unfinished line, is still to come.

        As of the last heartbeat, or of the beginning, if that was at the end of the file and none has come since.
        """
        position = self.ring.position
        if position is None or self.ring.partial is not None:
            return None
        has_just_begun = self.state == "waiting" and self.size is None
        if has_just_begun and self.lines == 0 and self._starts_at is None:
            return Spot(self.ring.next)
        is_up_to_date = self.size is not None and self.size <= position.offset
        if self.state != "live" or self._sized_file != position.file or not is_up_to_date:
            return None
        return Spot(self.ring.next)

    @property
    def lapses(self) -> bool:
        return bool(self.original_end)

    def want(self, mailbox: str) -> Want:
        position = self.ring.position
        return Want(
            self._wants.process,
            self.log,
            self.flow,
            mailbox,
            self._order.serial,
            self.pace.grant(),
            lines=self.lines,
            position=position,
            taken=self._taken,
            late={file: end for file, end in self._ends.items() if position and file != position.file},
            user=self.user,
            revision=self.revision,
            rules=redaction_rules.digest(),
            original_until=original_until(self.original_end, self._wall()),
        )

    def ask_again(self, why: str) -> None:
        """Post the want with a new serial, so that the reader rewinds to this feed's place."""
        position = self.ring.position
        logger.info("log %s: %s; asking again from %s", self.log, why, position and position.offset)
        self._order.restart()
        self._taken = 0
        self._wants.post_soon([self.member])
