"""The web process' side of delivery: one `Relay` an event loop, one `Feed` a watched log.

A feed is where this process stands in a log: a ring of recent items that its viewers are cursors over. It posts what
it wants and takes only what continues exactly where it stands; whatever else arrives makes it post the want again
with a new serial. The relay carries wants out, mailbox messages in, and notices a reader that fell silent.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import time
import uuid
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from django_logtail.control import VIEWERS_SECONDS, Control, ControlUnavailable, ViewerFacts
from django_logtail.control.process import control, in_thread
from django_logtail.control.wants import WANT_RENEWAL_SECONDS, Sought, Want
from django_logtail.mailboxes import Mailboxes, MailboxUnavailable, local_mailboxes
from django_logtail.protocol import encode_batch, encode_message
from django_logtail.reader import reader_of
from django_logtail.tailing.events import Position

logger = logging.getLogger(__name__)

#: Bytes a feed asks for past its fastest viewer: 32 full batches. Three logs at full speed stay below a core layer's
#: capacity of 100 messages, sixteen below the 32 MiB at which Redis cuts a pubsub subscriber; 1 MiB halves the MB/s.
CREDIT_BYTES: Final = 2 * 1024 * 1024
#: The least of it, where many feeds share the memory: two full batches.
LEAST_CREDIT_BYTES: Final = 128 * 1024
#: Bytes of recent items one feed keeps, all feeds of a process together, and one feed at least.
RING_BYTES: Final = 4 * 1024 * 1024
PROCESS_RING_BYTES: Final = 64 * 1024 * 1024
LEAST_RING_BYTES: Final = 64 * 1024
#: Bytes one item costs beside its text.
ITEM_BYTES: Final = 300
#: Seconds a feed waits for viewers who would fall off the ring: without any step of theirs, and in all. Whoever does
#: not catch up in that time is slow, and is waited for again only after so many seconds.
STEP_SECONDS: Final = 0.2
CATCH_UP_SECONDS: Final = 1.0
SLOW_SECONDS: Final = 120.0
#: Bytes before the end that a viewer who fell off the ring is put back to.
JUMP_BYTES: Final = 64 * 1024
#: Moves between generations that a feed remembers, to name a gap that spans them.
MOVES: Final = 64
#: Generations of a log whose place a feed remembers: as many as a follower holds, and the current one.
GENERATIONS: Final = 9
#: Seconds without a heartbeat after which wants are posted every RETRY_SECONDS.
SILENT_SECONDS: Final = 1.2
RETRY_SECONDS: Final = 0.4
#: Seconds without a reader after which viewers are told.
NO_READER_SECONDS: Final = 3.0
#: Seconds without any message, while Redis answers and says that a reader runs, after which to receive anew.
DEAF_SECONDS: Final = 5.0
#: Seconds a `range` may take.
HISTORY_SECONDS: Final = 15.0
#: Messages about how far a search is that may wait for a slow viewer.
MOST_PROGRESS: Final = 8


@dataclass(frozen=True, slots=True)
class RingItem:
    """One item of the stream as it goes to viewers. `data` is empty for events.

    `total` counts the bytes of log that the feed had received with this item.
    """

    before: Position | None
    after: Position | None
    frame: bytes | str
    total: int
    data: bytes = b""
    is_late: bool = False
    is_start: bool = False

    @property
    def size(self) -> int:
        return len(self.frame) + ITEM_BYTES


class Feed:
    """Where one process stands in one log, and what it lately received.

    `flow` names a feed of a viewer's own (a start that the shared ring does not have); "" is the shared one.
    """

    def __init__(
        self, relay: Relay, log: str, queue: str, *, flow: str, lines: int, start: Position | None
    ) -> None:
        self.relay = relay
        self.log = log
        self.queue = queue
        self.flow = flow
        self.lines = lines
        self.starts_at = start
        self.position = start
        self.serial = next(relay.serials)
        self.viewers: set[FeedViewer] = set()
        #: Those who have just joined and had no turn yet.
        self.newcomers: set[FeedViewer] = set()
        self.ring: deque[RingItem] = deque()
        self.ring_bytes = 0
        self.first = 0
        self.partial: RingItem | None = None
        #: The first `started`: how the stream begins for whoever was held since before it came.
        self.start: RingItem | None = None
        self.moves: deque[RingItem] = deque(maxlen=MOVES)
        self.state = "waiting"
        self.reason = ""
        self.size: int | None = None
        self.host = ""
        self.last_byte_at: float | None = None
        self.received = 0
        #: The furthest that any viewer has come: bytes, and the number of the item it is sent next.
        self.fastest = 0
        self.reached = 0
        #: Token and run of the flow whose items are taken; its first one decides.
        self._source = ("", 0)
        self._number = 0
        self._has_begun = False
        self._places: dict[str, int] = {}
        self._taken = 0
        self._granted = 0
        #: Viewers who are waited for, where each stood at the last look, and which total they have to reach.
        self._awaited: dict[FeedViewer, int] = {}
        self._awaited_total = 0
        self._awaited_since = 0.0
        #: What the last heartbeat said of a flow whose items had not all come by then.
        self._stale: tuple[tuple[str, int], int, int] | None = None
        self._rate: deque[tuple[float, int]] = deque(maxlen=4)

    # -- the ring ----------------------------------------------------------------------------------

    @property
    def next(self) -> int:
        """The number of the item that will come next."""
        return self.first + len(self.ring)

    def item(self, number: int) -> RingItem:
        return self.ring[number - self.first]

    def _append(self, item: RingItem) -> None:
        self.partial = None
        self.ring.append(item)
        self.ring_bytes += item.size
        most = self.relay.ring_bytes
        # What no viewer was sent yet stays: credit bounds it, and who keeps up must not be told of a gap. So does
        # what a viewer begins with who joined at the ring's old end, until its first turn.
        needed = min([self.reached, *(viewer.number for viewer in self.newcomers)])
        while self.ring_bytes > most and len(self.ring) > 1 and self.first < needed:
            self.ring_bytes -= self.ring.popleft().size
            self.first += 1

    def find(self, place: Position) -> tuple[int, int] | None:
        """The item of the ring that begins at or holds `place`, and how many of its bytes come before it."""
        for number in range(self.next - 1, self.first - 1, -1):
            item = self.item(number)
            if item.is_late or item.before is None or item.before.file != place.file:
                continue
            skipped = place.offset - item.before.offset
            if skipped == 0 or 0 < skipped < len(item.data):
                first = number
                while first > self.first and self.item(first - 1).before == item.before and skipped == 0:
                    first -= 1
                return first, skipped
            if skipped > 0:
                break
        if place == self.position:
            return self.next, 0
        return None

    def backlog_start(self, lines: int) -> tuple[int, int] | None:
        """Where the ring's last `lines` lines begin, or None when it does not reach back so far."""
        newlines = lines + 1
        for number in range(self.next - 1, self.first - 1, -1):
            item = self.item(number)
            count = 0 if item.is_late else item.data.count(b"\n")
            if count >= newlines:
                at = len(item.data)
                for _ in range(newlines):
                    at = item.data.rfind(b"\n", 0, at)
                return (number, at + 1) if at + 1 < len(item.data) else (number + 1, 0)
            newlines -= count
            if item.data and not item.is_late and item.before is not None and item.before.offset == 0:
                return number, 0
            if item.is_start and (lines <= self.lines or item.after is None or item.after.offset == 0):
                return number, 0
        return None

    # -- taking what the reader sends --------------------------------------------------------------

    def take(self, message: dict[str, Any]) -> None:
        """An item from a mailbox: append it if it is the next one, else ask again."""
        if message["serial"] != self.serial:
            return
        number, source = message["number"], (message["token"], message["run"])
        if source != self._source:
            if source[0] in self.relay.past_tokens:
                return
            if number != 1:
                self.ask_again("another reader answers")
                return
            self._source, self._number = source, 0
        if number <= self._number:
            return
        if number > self._number + 1 or not self._continues(message):
            self.ask_again("an item was lost")
            return
        self._number = number
        if "data" in message:
            self._take_batch(message)
        else:
            self._take_event(message)
        self._notify()

    def _continues(self, message: dict[str, Any]) -> bool:
        if "data" in message:
            is_late = bool(message["flags"] & 2)
            return is_late or Position(message["file"], message["start"]) == self.position
        return _position(message["before"]) == self.position

    def _take_batch(self, message: dict[str, Any]) -> None:
        data: bytes = message["data"]
        partial, late = bool(message["flags"] & 1), bool(message["flags"] & 2)
        before = Position(message["file"], message["start"])
        frame = encode_batch(before.file, before.offset, data, partial=partial, late=late)
        after = self.position if partial or late else Position(before.file, before.offset + len(data))
        self.last_byte_at = time.time()
        if partial:
            self.partial = RingItem(before, after, frame, self.received, data)
            return
        self._taken += len(data)
        self.received += len(data)
        item = RingItem(before, after, frame, self.received, data, late)
        if not late:
            self.position = after
        self._took(Position(before.file, before.offset + len(data)))
        self._append(item)

    def _take_event(self, message: dict[str, Any]) -> None:
        before, after = _position(message["before"]), _position(message["after"])
        kind = message["kind"]
        if kind == "started":
            if self._has_begun and before == after == self.position:
                return  # a rewind to where we stand: nothing a viewer needs to see
            self._has_begun = True
        frame = encode_message(
            "event",
            kind=kind,
            file=None if after is None else after.file,
            offset=None if after is None else after.offset,
            before=None if before is None else {"file": before.file, "offset": before.offset},
            **message["details"],
        )
        item = RingItem(before, after, frame, self.received, is_start=kind == "started")
        if item.is_start and self.start is None:
            self.start = item
        if after is not None:
            if before != after:
                self.moves.append(item)
                if before is not None:
                    self._took(before)
            self.position = after
        self._append(item)

    def _took(self, place: Position) -> None:
        """Remember how far each of the last generations was taken: late bytes of older ones are repaired from there."""
        self._places.pop(place.file, None)
        self._places[place.file] = place.offset
        while len(self._places) > GENERATIONS:
            del self._places[next(iter(self._places))]

    def heard(
        self,
        source: tuple[str, int],
        host: str,
        serial: int,
        number: int,
        size: int | None,
        state: str,
        reason: str,
    ) -> None:
        """A heartbeat names this feed: how many items of which serial were sent, and how the file is."""
        if source[0] in self.relay.past_tokens:
            return
        is_behind = serial == self.serial and number > (self._number if source == self._source else 0)
        if is_behind and self._stale == (source, serial, number):
            self.ask_again("the last item was lost")
            is_behind = False
        self._stale = (source, serial, number) if is_behind else None
        self.host = host
        self.size = size
        self._set_state({"reading": "live", "opening": "waiting"}.get(state, state), reason)

    def _set_state(self, state: str, reason: str = "") -> None:
        if (state, reason) != (self.state, self.reason):
            self.state, self.reason = state, reason
            self._notify()

    def unanswered(self, state: str, reason: str = "") -> None:
        """Nobody serves this feed: no reader, or Redis is gone."""
        self._set_state(state, reason)

    # -- wanting -----------------------------------------------------------------------------------

    @property
    def member(self) -> str:
        return f"{self.relay.process}|{self.log}|{self.flow}"

    @property
    def credit(self) -> int:
        """Bytes past what was received: up to `most_credit` past the fastest viewer, who so paces the reader.

        None beyond what was granted while others are waited for.
        """
        limit = self._granted if self._awaited else self.fastest + self.most_credit
        return max(0, limit - self.received)

    @property
    def most_credit(self) -> int:
        """What may wait for the fastest viewer: less than a ring holds, so that all rings together stay bounded."""
        return min(CREDIT_BYTES, max(LEAST_CREDIT_BYTES, self.relay.ring_bytes // 2))

    def want(self) -> Want:
        if not self._awaited:
            self._granted = self.fastest + self.most_credit
        return Want(
            self.relay.process,
            self.log,
            self.flow,
            self.relay.mailbox,
            self.serial,
            self.credit,
            lines=self.lines,
            position=self.position,
            taken=self._taken,
            late={
                file: end
                for file, end in self._places.items()
                if self.position and file != self.position.file
            },
        )

    def ask_again(self, why: str) -> None:
        """Post the want with a new serial: the reader rewinds to where this feed stands."""
        logger.info("log %s: %s; asking again from %s", self.log, why, self.position and self.position.offset)
        self.serial = next(self.relay.serials)
        self._source, self._number, self._taken, self._stale = ("", 0), 0, 0, None
        self.relay.post_soon(self)

    def viewer_reached(self, viewer: FeedViewer, total: int, number: int) -> None:
        """A viewer was sent all before item `number`, `total` bytes; if it is the fastest, the reader may go on."""
        if number > self.reached:
            self.reached = number
        if viewer in self._awaited and total >= self._awaited_total:
            self._await_no_more([viewer])
        if total > self.fastest:
            self.fastest = total
            credit = self.most_credit
            if not self._awaited and self.fastest + credit - self._granted >= credit // 2:
                self._wait_for_slower()
                if not self._awaited:
                    self.relay.post_soon(self)

    def viewer_left(self, viewer: FeedViewer) -> None:
        """The fastest viewer may be gone: the slower ones pace the reader now."""
        self.fastest = max(viewer.total for viewer in self.viewers)
        self.reached = max(viewer.number for viewer in self.viewers)
        self._await_no_more([viewer])

    def _wait_for_slower(self) -> None:
        """Ask for nothing until those who would fall off the ring have caught up, or proved to be slow.

        Viewers who could all keep up are served in turns, and at full speed chance alone takes one of them megabytes
        ahead. A slow one harms only itself: it is waited for once in SLOW_SECONDS.
        """
        now = self.relay.now()
        needed = min(self.fastest, self.fastest + self.most_credit - self.relay.ring_bytes * 3 // 4)
        self._awaited = {
            viewer: total
            for viewer in self.viewers
            if viewer.slow_until <= now and (total := viewer.total) < needed
        }
        if self._awaited:
            self._awaited_total, self._awaited_since = needed, now
            asyncio.get_running_loop().call_later(STEP_SECONDS, self._look_for_steps, now)

    def _look_for_steps(self, since: float) -> None:
        if not self._awaited or self._awaited_since != since:
            return
        now = self.relay.now()
        is_over = now - since >= CATCH_UP_SECONDS
        slow = [viewer for viewer, before in self._awaited.items() if is_over or viewer.total == before]
        for viewer in slow:
            viewer.slow_until = now + SLOW_SECONDS
        self._await_no_more(slow)
        for viewer in self._awaited:
            self._awaited[viewer] = viewer.total
        if self._awaited:
            asyncio.get_running_loop().call_later(STEP_SECONDS, self._look_for_steps, since)

    def _await_no_more(self, viewers: Iterable[FeedViewer]) -> None:
        if not self._awaited:
            return
        for viewer in viewers:
            self._awaited.pop(viewer, None)
        if not self._awaited:
            self.relay.post_soon(self)

    def _notify(self) -> None:
        for viewer in self.viewers:
            viewer.news.set()

    def measure(self, now: float) -> None:
        """Called each second: remember how much came, for the rate."""
        self._rate.append((now, self.received))

    @property
    def rate(self) -> int:
        """Bytes a second over the last seconds."""
        if len(self._rate) < 2:
            return 0
        (then, before), (now, after) = self._rate[0], self._rate[-1]
        return round((after - before) / (now - then)) if now > then else 0


@dataclass(slots=True, eq=False)
class FeedViewer:
    """One viewer's cursor over a feed: the next item's number and how many of its bytes it already has."""

    feed: Feed
    number: int
    skipped: int = 0
    news: asyncio.Event = field(default_factory=asyncio.Event)
    place: Position | None = None
    shown_partial: RingItem | None = None
    #: Until when the others do not wait for it.
    slow_until: float = 0.0
    opening: str | None = None

    @property
    def total(self) -> int:
        """Bytes of the feed up to this viewer's cursor."""
        feed = self.feed
        if self.number >= feed.next:
            return feed.received
        item = feed.item(max(self.number, feed.first))
        return item.total - len(item.data) + self.skipped

    @property
    def behind(self) -> int:
        """Bytes the feed has received that this viewer has not been sent."""
        return self.feed.received - self.total

    def status(self) -> dict[str, object]:
        """The fields of a `status` message, as of now."""
        feed, behind = self.feed, self.behind
        if feed.size is not None and feed.position is not None:
            behind += max(0, feed.size - feed.position.offset)
        return {
            "state": feed.state,
            "reason": feed.reason or None,
            "size": feed.size,
            "rate": feed.rate,
            "behind": behind,
            "last_byte_at": None if feed.last_byte_at is None else round(feed.last_byte_at, 1),
            "reader": {"host": feed.host, "queue": feed.queue},
        }

    def begin(self, *, is_resumed: bool) -> None:
        """Set the first frame of a viewer that joins in the middle: every stream begins with `started`."""
        feed = self.feed
        if self.number < feed.next:
            item = feed.item(self.number)
            if item.is_start:
                self.opening, self.place, self.number = str(item.frame), item.after, self.number + 1
                return
            if item.before is None:
                return
            self.place = Position(item.before.file, item.before.offset + self.skipped)
        else:
            self.place = feed.position
        if self.place is not None:
            self.opening = encode_message(
                "event",
                kind="started",
                file=self.place.file,
                offset=self.place.offset,
                size=feed.size,
                resumed=is_resumed,
            )

    def frames(self) -> Iterator[tuple[bytes | str, Position | None, int]]:
        """What to send next: frame, the place after it, and its bytes of log. Stops when the viewer is up to date."""
        if self.opening is not None:
            opening, self.opening = self.opening, None
            yield opening, self.place, 0
        while True:
            feed = self.feed
            if self.number < feed.first:
                yield from self._jump()
                continue
            if self.number >= feed.next:
                break
            item = feed.item(self.number)
            frame, data = item.frame, item.data
            if self.skipped and item.before is not None:
                data = data[self.skipped :]
                frame = encode_batch(
                    item.before.file, item.before.offset + self.skipped, data, late=item.is_late
                )
            self.number += 1
            self.skipped = 0
            if not item.is_late and item.after is not None:
                self.place = item.after
            feed.viewer_reached(self, item.total, self.number)
            yield frame, self.place, len(data)
        partial = feed.partial
        if partial is not None and partial is not self.shown_partial:
            self.shown_partial = partial
            yield partial.frame, self.place, 0

    def _jump(self) -> Iterator[tuple[bytes | str, Position | None, int]]:
        """Fallen off the ring: name the gap exactly, one a generation, and go on JUMP_BYTES before the end."""
        feed = self.feed
        number, size = feed.next, 0
        while number > feed.first and size < JUMP_BYTES:
            number -= 1
            size += len(feed.item(number).data)
        while number < feed.next and (feed.item(number).is_late or feed.item(number).before is None):
            number += 1
        target = feed.item(number).before if number < feed.next else feed.position
        here = self.place
        if here is None and feed.start is not None:
            here = feed.start.after
            yield feed.start.frame, here, 0
        for move in list(feed.moves):
            if here is None or target is None or here.file == target.file:
                break
            if move.before is None or move.after is None or move.before.file != here.file:
                continue
            if move.before.offset > here.offset:
                yield _gap(here, move.before.offset), move.before, 0
            here = move.after
            yield move.frame, here, 0
        if here is not None and target is not None:
            if here.file == target.file and target.offset > here.offset:
                yield _gap(here, target.offset), target, 0
            elif here.file != target.file:
                missed = encode_message(
                    "event",
                    kind="missed",
                    file=target.file,
                    offset=target.offset,
                    before={"file": here.file, "offset": here.offset},
                )
                yield missed, target, 0
        self.number, self.skipped, self.place = number, 0, target


def _position(pair: list[Any] | None) -> Position | None:
    return None if pair is None else Position(*pair)


def _gap(start: Position, end: int) -> str:
    return encode_message("gap", file=start.file, start=start.offset, end=end, reason="slow")


@dataclass(slots=True)
class _History:
    """A one-time request to a reader and where its answer goes."""

    want: Want
    queue: str
    answers: asyncio.Queue[dict[str, Any]]

    def may_skip(self, message: dict[str, Any]) -> bool:
        """Whether it only says how far a search is, and a slow viewer has not taken what was said before."""
        is_progress = "count" in message and not message["hits"] and not message["done"]
        return is_progress and self.answers.qsize() >= MOST_PROGRESS


class Relay:
    """One a process and event loop: a mailbox, the feeds, and the wants they post.

    `wake` sends a wake-up for a queue; it may take a while and is run as a task. Start it with `start`, end it with
    `close`.
    """

    def __init__(
        self,
        control: Control,
        mailboxes: Mailboxes,
        wake: Callable[[str], Awaitable[None]],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.process = uuid.uuid4().hex[:12]
        self.serials = itertools.count(1)
        self.mailbox = ""
        self.past_tokens: deque[str] = deque(maxlen=16)
        self._viewers: dict[str, ViewerFacts] = {}
        self._viewers_changed = asyncio.Event()
        self._control = control
        self._mailboxes = mailboxes
        self._wake = wake
        self._clock = clock
        self._feeds: dict[str, Feed] = {}
        self._histories: dict[str, _History] = {}
        self._changed: set[str] = set()
        self._dropped: dict[str, str] = {}
        self._post_now = asyncio.Event()
        self._heard_at: dict[str, float] = {}
        self._wanted_since: dict[str, float] = {}
        self._holder: dict[str, str] = {}
        self._deaf_since: float | None = None
        self._receiving: asyncio.Task[Any]
        self._renewed_at = 0.0
        self._tasks: set[asyncio.Task[Any]] = set()

    # -- life --------------------------------------------------------------------------------------

    def start(self) -> None:
        self._receiving = self._spawn(self._receive())
        for part in (self._post(), self._measure(), self._report_viewers()):
            self._spawn(part)

    async def close(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def now(self) -> float:
        """By the relay's clock."""
        return self._clock()

    def _spawn(self, work: Any) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    @property
    def ring_bytes(self) -> int:
        """Bytes one feed may keep now, so that all of them stay within PROCESS_RING_BYTES."""
        return max(LEAST_RING_BYTES, min(RING_BYTES, PROCESS_RING_BYTES // max(1, len(self._feeds))))

    # -- viewers -----------------------------------------------------------------------------------

    def join(
        self, log: str, queue: str, *, lines: int, resume: Position | None, may_cut: bool = True
    ) -> FeedViewer:
        """A cursor for a new viewer: on the shared feed where its ring reaches back far enough, else on its own.

        `may_cut`: a batch may be cut after any newline byte (not so in UTF-16).
        """
        shared = self._feeds.get(f"{self.process}|{log}|")
        if shared is None:
            shared = self._new_feed(log, queue, flow="", lines=lines, start=resume)
            return self._add(FeedViewer(shared, 0))
        if not shared.ring and resume is None and shared.starts_at is None and lines <= shared.lines:
            return self._add(FeedViewer(shared, 0))  # its backlog is on the way
        found = None
        if resume is not None:
            found = shared.find(resume)
        elif may_cut:
            found = shared.backlog_start(lines)
        if found is not None and shared.position is not None:
            viewer = FeedViewer(shared, *found)
            viewer.begin(is_resumed=resume is not None)
            return self._add(viewer)
        own = self._new_feed(log, queue, flow=uuid.uuid4().hex[:8], lines=lines, start=resume)
        return self._add(FeedViewer(own, 0))

    def shared_place(self, viewer: FeedViewer) -> None:
        """Move a viewer from a feed of its own to the shared one, once it has come to where that one's ring is."""
        own = viewer.feed
        if not own.flow or viewer.number < own.next or viewer.place is None or own.position != viewer.place:
            return
        shared = self._feeds.get(f"{self.process}|{own.log}|")
        if shared is None:
            return
        found = shared.find(viewer.place)
        if found is None:
            return
        self.leave(viewer)
        viewer.feed, viewer.number, viewer.skipped = shared, *found
        viewer.shown_partial = None
        self._add(viewer)
        viewer.news.set()

    def _add(self, viewer: FeedViewer) -> FeedViewer:
        feed = viewer.feed
        feed.viewers.add(viewer)
        feed.newcomers.add(viewer)
        # Before the tasks of this viewer, which are not made yet, and after whatever brings items in the same turn.
        asyncio.get_running_loop().call_soon(feed.newcomers.discard, viewer)
        feed.viewer_reached(viewer, viewer.total, viewer.number)
        return viewer

    def _new_feed(self, log: str, queue: str, *, flow: str, lines: int, start: Position | None) -> Feed:
        feed = Feed(self, log, queue, flow=flow, lines=lines, start=start)
        self._feeds[feed.member] = feed
        self._dropped.pop(feed.member, None)
        self._wanted_since.setdefault(queue, self._clock())
        self.post_soon(feed)
        return feed

    def leave(self, viewer: FeedViewer) -> None:
        """The viewer is gone; the last one takes its feed, and the want behind it, with it."""
        feed = viewer.feed
        feed.viewers.discard(viewer)
        if feed.viewers:
            feed.viewer_left(viewer)
            return
        self._feeds.pop(feed.member, None)
        self._changed.discard(feed.member)
        self._dropped[feed.member] = feed.queue
        if not any(other.queue == feed.queue for other in self._feeds.values()):
            self._wanted_since.pop(feed.queue, None)
        self._post_now.set()

    # -- history -----------------------------------------------------------------------------------

    async def history(
        self,
        log: str,
        queue: str,
        place: Position,
        *,
        end: int | None = None,
        before_lines: int | None = None,
        search: Sought | None = None,
    ) -> AsyncHistory:
        """Ask the reader for bytes [place.offset, end), for the lines that end there, or for those that match."""
        want = Want(
            self.process,
            log,
            "range-" + uuid.uuid4().hex[:8],
            self.mailbox,
            next(self.serials),
            0,
            position=place,
            end=end,
            before_lines=before_lines,
            search=search,
        )
        pending = _History(want, queue, asyncio.Queue())
        self._histories[want.member] = pending
        self._changed.add(want.member)
        self._post_now.set()
        return AsyncHistory(self, pending)

    def end_history(self, pending: _History) -> None:
        if self._histories.pop(pending.want.member, None) is not None:
            self._dropped[pending.want.member] = pending.queue
            self._post_now.set()

    # -- wants out ---------------------------------------------------------------------------------

    def post_soon(self, feed: Feed) -> None:
        self._changed.add(feed.member)
        self._post_now.set()

    async def _post(self) -> None:
        asked_at = self._clock()
        while not self.mailbox:
            await self._pause(RETRY_SECONDS)
            if self._clock() - asked_at > SILENT_SECONDS:
                self._tell_no_redis("the channel layer does not answer")
        while True:
            try:
                await self._post_all()
            except ControlUnavailable as error:
                self._tell_no_redis(str(error))
                await asyncio.sleep(RETRY_SECONDS)
                continue
            await self._pause(self._next_post())

    def _tell_no_redis(self, reason: str) -> None:
        self._deaf_since = None
        for feed in self._feeds.values():
            feed.unanswered("no-redis", reason)

    async def _pause(self, seconds: float) -> None:
        timer = asyncio.get_running_loop().call_later(seconds, self._post_now.set)
        try:
            await self._post_now.wait()
        finally:
            timer.cancel()
            self._post_now.clear()

    def _next_post(self) -> float:
        """Seconds until there is something to post, or to find that a reader fell silent."""
        now = self._clock()
        pauses = [
            WANT_RENEWAL_SECONDS
            if not self._feeds
            else max(0.0, self._renewed_at + WANT_RENEWAL_SECONDS - now)
        ]
        pauses += [
            RETRY_SECONDS if self._is_silent(queue, now) else self._last_sign(queue) + SILENT_SECONDS - now
            for queue in self._queues()
        ]
        return max(0.01, min(pauses))

    def _queues(self) -> set[str]:
        return {feed.queue for feed in self._feeds.values()} | {old.queue for old in self._histories.values()}

    def _is_silent(self, queue: str, now: float) -> bool:
        return now - self._last_sign(queue) > SILENT_SECONDS

    def _last_sign(self, queue: str) -> float:
        """When a reader of this queue was last heard, or when it could first have been."""
        return max(self._heard_at.get(queue, 0.0), self._wanted_since.get(queue, 0.0))

    async def _post_all(self) -> None:
        now = self._clock()
        must_renew = now - self._renewed_at >= WANT_RENEWAL_SECONDS
        dropped, self._dropped = self._dropped, {}
        changed, self._changed = self._changed, set()
        try:
            for queue in self._queues() | set(dropped.values()):
                feeds = {member: feed for member, feed in self._feeds.items() if feed.queue == queue}
                wants = [feed.want() for member, feed in feeds.items() if member in changed]
                wants += [
                    old.want for m, old in self._histories.items() if m in changed and old.queue == queue
                ]
                others = feeds.keys() | {m for m, old in self._histories.items() if old.queue == queue}
                renewals = others - changed if must_renew or self._is_silent(queue, now) else set()
                gone = [member for member, where in dropped.items() if where == queue]
                if not (wants or renewals or gone):
                    continue
                posted = await in_thread(self._control.post, queue, wants, renewals, gone)
                known = self._feeds.keys() | self._histories.keys()
                self._changed.update(member for member in posted.missing if member in known)
                if posted.missing:
                    self._post_now.set()
                self._judge_reader(queue, posted.reader.token if posted.reader else "", now)
                if posted.wake:
                    self._spawn(self._wake_up(queue))
                if posted.reader is not None and posted.reader.mailbox and (wants or gone):
                    await self._nudge(posted.reader.mailbox)
        except ControlUnavailable:
            self._changed |= changed & (self._feeds.keys() | self._histories.keys())
            self._dropped.update({m: q for m, q in dropped.items() if m not in self._feeds})
            raise
        if must_renew:
            self._renewed_at = now

    async def _nudge(self, mailbox: str) -> None:
        """Have the reader look now and not at its next tick. If this is lost, nothing but 0.4 s is."""
        with contextlib.suppress(MailboxUnavailable):
            await self._mailboxes.send(mailbox, {"type": "logtail.nudge"})

    def _judge_reader(self, queue: str, token: str, now: float) -> None:
        old = self._holder.get(queue, "")
        if old and token and old != token:
            self.past_tokens.append(old)
            with contextlib.suppress(
                ValueError
            ):  # it slept, the other one left, and it holds the lease again
                self.past_tokens.remove(token)
        if token:
            self._holder[queue] = token
        since = max(self._heard_at.get(queue, 0.0), self._wanted_since.get(queue, now))
        if now - since < NO_READER_SECONDS:
            return
        if not token:
            self._deaf_since = None
        elif self._deaf_since is None:
            self._deaf_since = now
        elif now - self._deaf_since >= DEAF_SECONDS:
            self._deaf_since = now
            self._receiving.cancel()
            self._receiving = self._spawn(self._receive_anew())
        reason = (
            "a reader runs, but its messages do not arrive: is it the same channel layer?" if token else ""
        )
        for feed in self._feeds.values():
            if feed.queue == queue:
                feed.unanswered("no-reader", reason)

    async def _wake_up(self, queue: str) -> None:
        try:
            await self._wake(queue)
        except Exception as error:  # noqa: BLE001 - the broker's errors; the wake-up is repeated
            logger.warning("wake-up for queue %s could not be sent: %s", queue, error)

    # -- messages in -------------------------------------------------------------------------------

    async def _receive(self) -> None:
        mailbox = ""
        while True:
            try:
                if not mailbox:
                    self.mailbox = mailbox = await self._mailboxes.new()
                    self._changed.update(self._feeds)
                    self._post_now.set()
                message = await self._mailboxes.receive(mailbox)
            except MailboxUnavailable as error:
                logger.debug("mailbox: %s", error)
                await asyncio.sleep(RETRY_SECONDS)
                continue
            self._take(message)

    async def _receive_anew(self) -> None:
        """The connection so far may be to a Redis host that is gone, which nothing else would ever tell."""
        logger.warning("nothing arrives from a reader that runs: receiving over a new connection")
        await self._mailboxes.renew()
        await self._receive()

    def _take(self, message: dict[str, Any]) -> None:
        match message.get("type"):
            case "logtail.item":
                feed = self._feeds.get(message["member"])
                if feed is not None:
                    feed.take(message)
            case "logtail.beat":
                self._deaf_since = None
                self._heard_at[message["queue"]] = self._clock()
                for member, (run, *facts) in message["flows"].items():
                    feed = self._feeds.get(member)
                    if feed is not None:
                        feed.heard((message["token"], run), message["host"], *facts)
            case "logtail.range":
                pending = self._histories.get(message["member"])
                if pending is not None and not pending.may_skip(message):
                    pending.answers.put_nowait(message)

    async def _measure(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            self._measure_all(self._clock())

    def _measure_all(self, now: float) -> None:
        """Apart, because a loop that sleeps would hold the last feed, and its ring, after everybody left."""
        for feed in self._feeds.values():
            feed.measure(now)

    def enter(self, facts: ViewerFacts) -> None:
        """Somebody watches through this process."""
        self._viewers[facts.session] = facts
        self._viewers_changed.set()

    def exit(self, session: str) -> None:
        del self._viewers[session]
        self._viewers_changed.set()

    async def _report_viewers(self) -> None:
        """Say who watches: soon after somebody came or went, and before the list lapses."""
        loop = asyncio.get_running_loop()
        while True:
            renewal = loop.call_later(VIEWERS_SECONDS, self._viewers_changed.set) if self._viewers else None
            await self._viewers_changed.wait()
            self._viewers_changed.clear()
            if renewal is not None:
                renewal.cancel()
            with contextlib.suppress(ControlUnavailable):
                await in_thread(self._control.report_viewers, self.process, list(self._viewers.values()))
            await asyncio.sleep(1.0)


class AsyncHistory:
    """The answer to a `range`: messages with `start` and `data`, then one with `start` and `end`, or with `error`."""

    def __init__(self, relay: Relay, pending: _History) -> None:
        self._relay = relay
        self._pending = pending

    async def next(self) -> dict[str, Any]:
        """The next message. Raises TimeoutError when the reader does not answer for HISTORY_SECONDS."""
        return await asyncio.wait_for(self._pending.answers.get(), HISTORY_SECONDS)

    def close(self) -> None:
        self._relay.end_history(self._pending)


def local_relay() -> Relay:
    """A relay whose readers run beside it, in this process and event loop: no Redis, no worker, no channel layer."""

    async def wake(queue: str) -> None:
        await reader_of(queue, control(), local_mailboxes, wake).run()

    return Relay(control(), local_mailboxes, wake)


_relays: dict[asyncio.AbstractEventLoop, Relay] = {}


def relay_of_this_loop(make: Callable[[], Relay]) -> Relay:
    """The running loop's relay, made and started on first use."""
    loop = asyncio.get_running_loop()
    for old in [old for old in _relays if old.is_closed()]:
        del _relays[old]
    if loop not in _relays:
        relay = _relays[loop] = make()
        relay.start()
    return _relays[loop]
