"""The reader: one asyncio loop that follows every wanted log of its queue and sends each want what it asks for.

Knows neither Redis nor Dramatiq: what is wanted comes from a `Control`, batches leave through `Mailboxes`. It runs in
the Dramatiq actor of a worker, or in the web process itself.

Every item of a flow carries the want's serial, the flow's run, and its own number in that run, from 1 on. Whoever
takes items and misses a number posts the want again with a new serial, and the flow starts over at the want's
position: loss, a new reader and a reader that woke up late are all mended by that one rule.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import math
import os
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Any, Final

from django.db import close_old_connections

from django_logtail.budget import Budget
from django_logtail.conf import conf
from django_logtail.control import READER_LEASE_MS, Control, ControlUnavailable, Note, ReaderLease, Seen, Tick
from django_logtail.control.process import in_thread
from django_logtail.control.wants import Want
from django_logtail.mailboxes import Mailboxes, MailboxUnavailable
from django_logtail.models import Log
from django_logtail.paths import Roots
from django_logtail.protocol import MAX_BATCH_BYTES, MAX_RANGE_BYTES
from django_logtail.searches import Searches
from django_logtail.tailing import (
    Batch,
    Event,
    Follower,
    FollowerSet,
    LastLines,
    Position,
    Resume,
    history,
)

logger = logging.getLogger(__name__)

#: Seconds between ticks; a stop flag waits at most this long, and a new want whose nudge was lost.
TICK_SECONDS: Final = 0.1
#: The same while nothing moves: a tick is what a reader of resting logs costs most by.
RESTING_TICK_SECONDS: Final = 0.4
#: The shortest pause, while a flow has just run out of credit; the longer it waits, the longer the pauses.
STARVED_TICK_SECONDS: Final = 0.002
#: Seconds between batches of one flow while data keeps coming; 10 ms costs 2.3x the CPU at 100 viewers.
ROUND_SECONDS: Final = 0.05
#: Seconds between looks at the event source: writers that write 5,000 times a second must not wake us as often.
HINT_SECONDS: Final = 0.002
#: Bytes one flow may read in a turn, so that a busy log never starves the others.
TURN_BYTES: Final = 256 * 1024
#: Seconds between heartbeats, and how many a flow is named in after it changed; then every FULL_BEATS-th.
BEAT_SECONDS: Final = 0.5
CHANGED_BEATS: Final = 4
FULL_BEATS: Final = 10
#: Seconds without a want after which the reader ends: a page that is loaded again finds it still there.
LINGER_SECONDS: Final = 10.0
#: Seconds without Redis after which the reader ends; wants wake another when Redis is back.
ORPHAN_SECONDS: Final = 60.0
#: Seconds between looks at the registry, for logs that were disabled, moved or re-routed.
REGISTRY_SECONDS: Final = 15.0
#: Seconds a flow counts as limited after a budget last made it wait.
LIMITED_SECONDS: Final = 2.0
#: Seconds between reports for those who look after the host, and while nothing moves.
REPORT_SECONDS: Final = 1.0
RESTING_REPORT_SECONDS: Final = 4.0
#: Seconds between looks at files whose items cannot be sent, and items that may so wait for the mailbox.
LOOK_ON_SECONDS: Final = 1.0
MOST_WAITING: Final = 100
#: Reads at once of files whose first look or file system may not answer, and seconds until one counts as stalled.
APART_READS: Final = 4
STALLED_SECONDS: Final = 5.0
#: Bytes of backlog one new flow reads at most.
BACKLOG_BYTES: Final = 256 * 1024

#: Said once to who opens a log that grows by being read: a few lines for each reader, never one for a line.
FED_BY_US: Final = (
    "django-logtail's own messages go to this log: a few when a reader starts or stops, none for a line"
)


class Ending(str, Enum):
    """Why a reader ended."""

    IDLE = "nothing was wanted"
    LOST = "another reader holds the lease"
    HANDED_OVER = "the worker shuts down"
    ORPHANED = "Redis did not answer"


@dataclass(frozen=True, slots=True)
class Source:
    """What the registry says of a log: where its file is, and how its bytes are to be cut."""

    path: Path
    encoding: str
    name: str


@dataclass(frozen=True, slots=True)
class Limits:
    """What one reader may take of its host, from the settings of the same names."""

    bytes_per_second: int = 10**12
    bytes_per_second_per_log: int = 10**12
    logs: int = 100_000
    open_files: int = 1_000_000
    history_jobs: int = 4
    search_bytes_per_second: int = 10**12


@dataclass(slots=True, eq=False)
class Flow:
    """One want being served: a follower and what it emitted that is not yet sent."""

    want: Want
    #: Tells a flow from an earlier one of the same want and reader, whose items were numbered from 1 as well.
    run: int = 0
    source: Source | None = None
    follower: Follower | None = None
    outbox: deque[dict[str, Any]] = field(default_factory=deque)
    budget: Budget | None = None
    limited_by: str = ""
    limited_at: float = 0.0
    number: int = 0
    sent: int = 0
    emitted: int = 0
    reported: int = 0
    stands_at: Position | None = None
    not_before: float = 0.0
    trouble: tuple[str, str] | None = None
    beats: int = CHANGED_BEATS
    is_opening: bool = False
    must_rewind: bool = False
    is_watched: bool = False
    apart: asyncio.Task[None] | None = None
    shown_state: tuple[str, str] = ("", "")

    @property
    def allowance(self) -> int:
        """Bytes that may still be emitted under the want's credit: none rather than less than a batch."""
        left = self.want.taken + self.want.credit - self.sent
        return left if left >= MAX_BATCH_BYTES else 0

    @property
    def state(self) -> tuple[str, str]:
        if self.trouble is not None:
            return self.trouble
        if self.follower is None:
            return "opening", ""
        return self.follower.state, getattr(self.follower, "reason", None) or self.limited_by


class Reader:
    """Serves the wants of one queue until nothing is wanted, the lease is lost, or it is told to leave.

    `find_sources` maps log ids to sources, leaving out logs that may not be read here; it may block and is called in
    a thread. `permit` decides about an open descriptor. `wake` sends a wake-up for the queue after a hand-over.
    """

    def __init__(
        self,
        queue: str,
        control: Control,
        mailboxes: Mailboxes,
        find_sources: Callable[[Collection[str]], Mapping[str, Source]],
        *,
        permit: Callable[[int], str | None],
        wake: Callable[[str], Awaitable[None]],
        limits: Limits | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        limits = limits or Limits()
        self.queue = queue
        self.lease = ReaderLease.new()
        self._control = control
        self._mailboxes = mailboxes
        self._find_sources = find_sources
        self._permit = permit
        self._wake = wake
        self._clock = clock
        self._flows: dict[str, Flow] = {}
        self._runs = itertools.count(1)
        #: Members that have something to do, longest waiting first; those whose time has not come stay in.
        self._ready: dict[str, None] = {}
        #: Members that could emit more but have no credit, since when.
        self._starved: dict[str, float] = {}
        #: Members that moved, or may have: only these are looked at for the next heartbeat.
        self._moving: dict[str, None] = {}
        self._stops: Mapping[str, str] = {}
        self._followers: FollowerSet  # opened when it runs: one that never does leaves nothing open
        self._hinted = asyncio.Event()
        self._tick_soon = asyncio.Event()
        self._renewed_at = self._clock()
        self._seen = Seen()
        self._started_at = time.time()
        self._idle_since: float | None = None
        self._history = asyncio.Semaphore(limits.history_jobs)
        self._limits = limits
        self._budget = Budget(limits.bytes_per_second, self._clock())
        self._histories: dict[str, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._threads = ThreadPoolExecutor(
            max_workers=limits.history_jobs, thread_name_prefix="logtail-reader"
        )
        self._searches = Searches(
            self._find_source,
            self._send_surely,
            stop_reason=self._stop_reason,
            permit=permit,
            turns=self._history,
            threads=self._threads,
            bytes_per_second=limits.search_bytes_per_second,
            clock=clock,
        )
        self._apart = ThreadPoolExecutor(max_workers=APART_READS, thread_name_prefix="logtail-apart")
        self._ending: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()

    # -- life --------------------------------------------------------------------------------------

    async def run(self) -> Ending:
        """Serve until there is a reason to end; return it. Files are closed and nothing more is sent after."""
        self._followers = FollowerSet()
        try:
            with contextlib.suppress(MailboxUnavailable):
                self.lease = replace(self.lease, mailbox=await self._mailboxes.new())
            first = await self._first_tick()
            if first is not None:
                return first
            logger.info("reader started on queue %s (token %s)", self.queue, self.lease.token[:8])
            for part in (
                self._keep_lease(),
                self._take_nudges(),
                self._pump(),
                self._look_on(),
                self._beat(),
                self._report(),
                self._keep_sources(),
            ):
                self._background(part).add_done_callback(self._part_ended)
            self._watch_hints()
            ending = await self._ending
        finally:
            await self._give_back()
        if ending is Ending.HANDED_OVER:
            await self._hand_over()
        logger.info("reader on queue %s stopped: %s", self.queue, ending.value)
        return ending

    async def _give_back(self) -> None:
        """End whatever was begun and close whatever is open."""
        self._ending.cancel()  # if there was no reason to end, so that nothing is watched again
        self._unwatch_hints()
        tasks = [*self._histories.values(), *self._tasks]
        for task in tasks:
            task.cancel()
        try:
            await asyncio.gather(*tasks, return_exceptions=True)
        finally:  # whoever cancels us a second time gets the files closed all the same
            for member in list(self._flows):
                self._close_flow(member)
            self._mailboxes.close(self.lease.mailbox)
            self._followers.close()
            self._threads.shutdown(wait=False, cancel_futures=True)
            self._apart.shutdown(wait=False, cancel_futures=True)

    def leave(self) -> None:
        """Hand over to another reader: the worker shuts down. Call it in the reader's event loop."""
        self._end(Ending.HANDED_OVER)

    def _end(self, ending: Ending) -> None:
        if not self._ending.done():
            self._ending.set_result(ending)

    def _part_ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None and not self._ending.done():
            self._ending.set_exception(error)

    async def _first_tick(self) -> Ending | None:
        try:
            tick = await self._tick(starting=True)
        except ControlUnavailable as error:
            logger.warning("reader on queue %s cannot start: Redis: %s", self.queue, error)
            return Ending.ORPHANED
        if not tick.holds:
            return Ending.IDLE if tick.ended else Ending.LOST
        self._apply(tick)
        return None

    async def _tick(self, *, starting: bool = False) -> Tick:
        asked_at = self._clock()
        may_end = self._idle_since is not None and asked_at - self._idle_since >= LINGER_SECONDS
        tick = await in_thread(
            self._control.tick, self.queue, self.lease, self._seen, may_end=may_end, starting=starting
        )
        if tick.holds:
            self._renewed_at = asked_at
            self._seen = tick.seen
        return tick

    async def _keep_lease(self) -> None:
        failures = 0
        while True:
            await self._pause(min(self._tick_pause() * 2**failures, 2.0), self._tick_soon)
            self._tick_soon.clear()
            try:
                tick = await self._tick()
            except ControlUnavailable as error:
                failures = min(failures + 1, 5)
                if failures == 1:
                    logger.warning("reader on queue %s: Redis does not answer: %s", self.queue, error)
                if self._clock() - self._renewed_at > ORPHAN_SECONDS:
                    return self._end(Ending.ORPHANED)
                continue
            if not tick.holds:
                return self._end(Ending.IDLE if tick.ended else Ending.LOST)
            failures = 0
            self._apply(tick)

    async def _take_nudges(self) -> None:
        """A relay has posted something: tick at once. Nudges that come while one tick is under way make one more."""
        while self.lease.mailbox:
            try:
                await self._mailboxes.receive(self.lease.mailbox)
            except MailboxUnavailable:
                await asyncio.sleep(TICK_SECONDS)
                continue
            self._tick_soon.set()

    def _tick_pause(self) -> float:
        if not self._starved:
            return TICK_SECONDS if self._moving else RESTING_TICK_SECONDS
        waited = self._clock() - max(self._starved.values())
        return min(TICK_SECONDS, max(STARVED_TICK_SECONDS, waited / 4))

    @property
    def _may_send(self) -> bool:
        """Not once the lease may have lapsed by our own clock."""
        return self._clock() - self._renewed_at < READER_LEASE_MS / 1000

    async def _hand_over(self) -> None:
        try:
            waiting = await in_thread(self._control.hand_over, self.queue, self.lease)
        except ControlUnavailable as error:
            logger.warning("reader on queue %s could not hand over: Redis: %s", self.queue, error)
            return
        if waiting:
            await self._wake(self.queue)

    # -- wants -------------------------------------------------------------------------------------

    def _apply(self, tick: Tick) -> None:
        if tick.is_full:
            for member in (self._flows.keys() | self._histories.keys()) - tick.changed.keys():
                self._close_flow(member)
        for member, want in tick.changed.items():
            if want is None:
                self._close_flow(member)
            elif want.is_history:
                self._answer_history(want)
            else:
                self._serve(want)
        if tick.stops != self._stops:
            self._stops = tick.stops
            for flow in self._flows.values():
                self._obey_stop(flow)
        for note in tick.notes:
            self._pass_on(note)
        if self._flows or self._histories:
            self._idle_since = None
        elif self._idle_since is None:
            self._idle_since = self._clock()

    def _pass_on(self, note: Note) -> None:
        """Put a note from outside into the stream of every flow it is for, where that stream stands now."""
        for flow in self._flows.values():
            if note.log in ("*", flow.want.log):
                here = flow.follower.position if flow.follower is not None else flow.want.position
                details = {"text": note.text, "level": note.level, "at": round(note.at, 3)}
                self._enqueue_event(flow, "note", here, here, details)
                self._ready[flow.want.member] = None
        self._hinted.set()

    def _serve(self, want: Want) -> None:
        flow = self._flows.get(want.member)
        if flow is None:
            flow = self._flows[want.member] = Flow(want, next(self._runs))
            self._changed(flow)
            flow.sent = want.taken
            self._obey_stop(flow)
            self._open_soon(flow)
            return
        is_new_serial = want.serial != flow.want.serial
        flow.want = want
        if is_new_serial:
            flow.outbox.clear()
            flow.number, flow.sent, flow.not_before, flow.stands_at = 0, want.taken, 0.0, None
            if flow.apart is not None:
                flow.must_rewind = True
            elif flow.follower is not None and (
                want.position is None or not flow.follower.rewind(want.position, want.late)
            ):
                self._reopen(flow)
        elif flow.follower is not None and flow.apart is None and want.position is not None:
            flow.follower.release(want.position)
        if self._starved.pop(want.member, None) is not None:
            flow.not_before = 0.0  # it waited for credit, not for its round
        self._changed(flow)
        self._ready[want.member] = None
        self._hinted.set()

    def _changed(self, flow: Flow) -> None:
        """Name it in the next heartbeats: a single one may be lost."""
        flow.beats = CHANGED_BEATS
        self._moving[flow.want.member] = None

    def _may_have_moved(self, flow: Flow) -> None:
        """Look at it for the next heartbeat."""
        if self._flows.get(flow.want.member) is flow:
            self._moving[flow.want.member] = None

    def _close_flow(self, member: str) -> None:
        if (task := self._histories.get(member)) is not None:
            task.cancel()
        flow = self._flows.pop(member, None)
        self._starved.pop(member, None)
        self._moving.pop(member, None)
        if flow is not None:
            self._close_follower(flow)

    def _reopen(self, flow: Flow) -> None:
        """Begin again at the want's position."""
        self._close_follower(flow)
        flow.stands_at = None
        self._open_soon(flow)

    def _close_follower(self, flow: Flow) -> None:
        """Close its files; a read that is under way in a thread closes them when it comes back."""
        if flow.follower is not None:
            self._followers.remove(flow.want.member)
            flow.is_watched = False
            flow.stands_at = flow.follower.position
            if flow.apart is None:
                flow.follower.close()
            flow.follower = None

    def _obey_stop(self, flow: Flow) -> None:
        reason = self._stop_reason(flow.want.log)
        if reason is not None:
            if flow.trouble is None or flow.trouble[0] != "stopped":
                logger.info("stop flag: closing log %s (%s)", flow.want.log, reason)
            flow.trouble = ("stopped", reason)
            self._changed(flow)
            self._close_follower(flow)
        elif flow.trouble is not None and flow.trouble[0] == "stopped":
            flow.trouble = None
            self._changed(flow)
            self._open_soon(flow)

    def _open_soon(self, flow: Flow) -> None:
        if not flow.is_opening and not (flow.trouble is not None and flow.trouble[0] == "stopped"):
            flow.is_opening = True
            self._background(self._open(flow)).add_done_callback(lambda _: self._may_have_moved(flow))

    async def _open(self, flow: Flow) -> None:
        try:
            source = (await self._look_up([flow.want.log])).get(flow.want.log)
        except Exception as error:  # noqa: BLE001 - whatever the host's database raises; the viewer is told
            logger.warning("log %s cannot be looked up: %s", flow.want.log, error)
            flow.trouble, flow.is_opening = (
                ("unreadable", "the registry cannot be read on the reading host"),
                False,
            )
            return
        flow.is_opening = False
        if self._flows.get(flow.want.member) is not flow or flow.follower is not None:
            return
        flow.source = source
        if source is None:
            flow.trouble = ("unreadable", "this log is not registered for this host, or is disabled")
            return
        if flow.trouble is not None and flow.trouble[0] == "stopped":
            return
        flow.trouble = self._over_limits(flow)
        if flow.trouble is not None:
            return
        want = flow.want
        position = flow.stands_at or want.position
        start = LastLines(want.lines, BACKLOG_BYTES) if position is None else Resume(position)
        flow.follower = Follower(
            source.path, start, permit=self._permit, encoding=source.encoding, max_batch_bytes=MAX_BATCH_BYTES
        )
        flow.must_rewind = False
        self._read_apart(
            flow, flow.follower
        )  # the first look may meet a cold disk, or a file server that is gone

    def _over_limits(self, flow: Flow) -> tuple[str, str] | None:
        """Why this flow may not be opened, naming the setting; None when it may."""
        followers = [other.follower for other in self._flows.values() if other.follower is not None]
        if len(followers) >= self._limits.logs:
            return "refused", f'the reader follows {len(followers)} logs, LOGTAIL["MAX_LOGS_PER_READER"]'
        if len(followers) * 2 > self._limits.open_files // 2:  # only then is it worth counting
            count = sum(len(follower.descriptors()) for follower in followers)
            if count >= self._limits.open_files:
                return "refused", f'the reader has {count} files open, LOGTAIL["MAX_OPEN_FILES"]'
        flow.budget = Budget(self._limits.bytes_per_second_per_log, self._clock())
        return None

    async def _look_up(self, logs: Collection[str]) -> Mapping[str, Source]:
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._find_sources, logs)

    async def _keep_sources(self) -> None:
        while True:
            await asyncio.sleep(REGISTRY_SECONDS)
            flows = [flow for flow in self._flows.values() if not flow.is_opening]
            if not flows:
                continue
            with contextlib.suppress(Exception):
                sources = await self._look_up({flow.want.log for flow in flows})
                for flow in flows:
                    if flow.source != sources.get(flow.want.log) or flow.source is None:
                        self._close_follower(flow)
                        self._open_soon(flow)

    # -- reading and sending -----------------------------------------------------------------------

    def _watch_hints(self) -> None:
        descriptor = self._followers.fileno()
        if descriptor is not None and not self._ending.done():
            asyncio.get_running_loop().add_reader(descriptor, self._take_hints)

    def _unwatch_hints(self) -> None:
        descriptor = self._followers.fileno()
        if descriptor is not None:
            asyncio.get_running_loop().remove_reader(descriptor)

    def _take_hints(self) -> None:
        self._followers.read_hints()
        self._hinted.set()
        self._unwatch_hints()
        asyncio.get_running_loop().call_later(HINT_SECONDS, self._watch_hints)

    async def _pump(self) -> None:
        while True:
            self._hinted.clear()
            now = self._clock()
            self._ready.update(dict.fromkeys(map(str, self._followers.due(now))))
            is_busy = False
            next_at = now + 1.0
            for member in list(self._ready):
                flow = self._flows.get(member)
                if flow is None:
                    del self._ready[member]
                elif flow.not_before > now:
                    next_at = min(next_at, flow.not_before)
                else:
                    del self._ready[member]
                    is_busy |= await self._turn(flow, now)
            if (due_at := self._followers.next_due(now)) is not None:
                next_at = min(next_at, due_at)
            for member in self._ready:
                if (flow := self._flows.get(member)) is not None:  # its want may have gone during a turn
                    next_at = min(next_at, flow.not_before)
            if is_busy or next_at <= now:
                await asyncio.sleep(0)
            else:
                await self._pause(max(0.0, next_at - self._clock()), self._hinted)

    async def _turn(self, flow: Flow, now: float) -> bool:
        """Read one chunk of a flow and send it. True when the flow can go on at once."""
        member = flow.want.member
        if flow.outbox:
            self._ready[member] = None  # what was left over goes first, then it is read on
        elif flow.follower is None or flow.apart is not None:
            return False
        elif (allowance := self._affordable(flow, now)) < 0:
            self._ready[member] = None
            return False
        elif flow.follower.is_remote:
            self._read_apart(flow, flow.follower)
            return False
        else:
            items = flow.follower.poll(now, allowance)
            self._followers.polled(member, now)
            self._moving[member] = None
            for item in items:
                self._enqueue(flow, item)
        has_sent = bool(flow.outbox)
        if not await self._drain(flow):
            self._ready[member] = None
            flow.not_before = now + TICK_SECONDS
            return False
        if flow.follower is None or flow.apart is not None:
            return False
        if flow.follower.has_more:
            if flow.allowance > 0:
                self._ready[member] = None
                return True
            if member not in self._starved:
                self._starved[member] = now
                self._tick_soon.set()
            return False
        if has_sent:
            flow.not_before = now + ROUND_SECONDS
        return False

    async def _look_on(self) -> None:
        """While nothing can be sent, open what takes a log's name: it may be gone when sending works again."""
        while True:
            await asyncio.sleep(LOOK_ON_SECONDS)
            now = self._clock()
            for flow in self._flows.values():
                if not 0 < len(flow.outbox) < MOST_WAITING:
                    continue
                follower = flow.follower
                if follower is not None and flow.apart is None and not follower.is_remote:
                    for item in follower.poll(now, 0):
                        self._enqueue(flow, item)

    def _read_apart(self, flow: Flow, follower: Follower) -> None:
        """Poll in a thread, one poll a flow at a time: whoever waits for this file system, the others go on."""
        flow.apart = asyncio.ensure_future(self._poll_apart(flow, follower))
        self._tasks.add(flow.apart)
        flow.apart.add_done_callback(self._tasks.discard)
        flow.apart.add_done_callback(self._part_ended)

    async def _poll_apart(self, flow: Flow, follower: Follower) -> None:
        loop = asyncio.get_running_loop()
        member, serial, now = flow.want.member, flow.want.serial, self._clock()
        poll = self._apart.submit(follower.poll, now, min(flow.allowance, TURN_BYTES))
        stalled = loop.call_later(STALLED_SECONDS, self._say_stalled, flow, follower)
        try:
            items = await asyncio.wrap_future(poll)
        except asyncio.CancelledError:
            if not poll.cancel():
                poll.add_done_callback(lambda _: follower.close())
            else:
                follower.close()
            raise
        finally:
            stalled.cancel()
        flow.apart = None
        if flow.follower is not follower:  # closed meanwhile, maybe opened again
            follower.close()
            return
        if flow.trouble is not None and flow.trouble[0] == "stalled":
            flow.trouble = None
            self._changed(flow)
        if flow.must_rewind or serial != flow.want.serial:
            flow.must_rewind = False
            if flow.want.position is None or not follower.rewind(flow.want.position, flow.want.late):
                self._reopen(flow)
                return
            items = []
        is_first = not flow.is_watched
        if flow.is_watched:
            self._followers.polled(member, now)
        else:
            flow.is_watched = True
            self._followers.add(member, follower)  # and look again: what changed before it was watched
        for item in items:
            self._enqueue(flow, item)
        if is_first and flow.source is not None and is_fed_by_us(flow.source.path):
            details = {"text": FED_BY_US, "level": "info", "at": round(time.time(), 3)}
            self._enqueue_event(flow, "note", follower.position, follower.position, details)
        self._ready[member] = None
        self._hinted.set()

    def _say_stalled(self, flow: Flow, follower: Follower) -> None:
        if flow.follower is follower:
            logger.warning(
                "log %s: its file system has not answered for %.0f s", flow.want.log, STALLED_SECONDS
            )
            flow.trouble = ("stalled", f"its file system has not answered for {STALLED_SECONDS:.0f} s")
            self._changed(flow)

    def _affordable(self, flow: Flow, now: float) -> int:
        """Bytes that credit, turn and budgets allow now; -1 when a budget says to wait."""
        allowance = min(flow.allowance, TURN_BYTES)
        if flow.budget is None or not allowance:
            return allowance
        budgets = (
            (flow.budget, "READ_BYTES_PER_SECOND_PER_LOG"),
            (self._budget, "READ_BYTES_PER_SECOND"),
        )
        for budget, name in budgets:
            if budget.left(now) < MAX_BATCH_BYTES:
                flow.not_before = now + max(budget.until(MAX_BATCH_BYTES), HINT_SECONDS)
                flow.limited_by = f'limited to {budget.per_second} bytes/s by LOGTAIL["{name}"]'
                flow.limited_at = now
                return -1
            allowance = min(allowance, budget.left(now))
        if now - flow.limited_at > LIMITED_SECONDS:
            flow.limited_by = ""
        return allowance

    def _enqueue(self, flow: Flow, item: Batch | Event) -> None:
        match item:
            case Batch():
                message = self._next_item(flow)
                if not item.partial:
                    flow.sent += len(item.data)
                    flow.emitted += len(item.data)
                    self._budget.spend(len(item.data))
                    if flow.budget is not None:
                        flow.budget.spend(len(item.data))
                message["file"], message["start"] = item.before.file, item.before.offset
                message["flags"] = int(item.partial) + 2 * int(item.late)
                message["data"] = item.data
            case Event():
                self._enqueue_event(flow, item.kind.value, item.before, item.after, item.details)

    def _enqueue_event(
        self,
        flow: Flow,
        kind: str,
        before: Position | None,
        after: Position | None,
        details: Mapping[str, object],
    ) -> None:
        message = self._next_item(flow)
        message["kind"] = kind
        message["before"] = None if before is None else [before.file, before.offset]
        message["after"] = None if after is None else [after.file, after.offset]
        message["details"] = dict(details)

    def _next_item(self, flow: Flow) -> dict[str, Any]:
        flow.number += 1
        self._changed(flow)
        message: dict[str, Any] = {
            "type": "logtail.item",
            "token": self.lease.token,
            "run": flow.run,
            "member": flow.want.member,
            "serial": flow.want.serial,
            "number": flow.number,
        }
        flow.outbox.append(message)
        return message

    async def _drain(self, flow: Flow) -> bool:
        while flow.outbox:
            if not self._may_send:
                return False
            message = flow.outbox[0]
            try:
                await self._mailboxes.send(flow.want.mailbox, message)
            except MailboxUnavailable as error:
                logger.debug("mailbox of %s: %s", flow.want.member, error)
                return False
            if flow.outbox and flow.outbox[0] is message:  # a new serial may have cleared it meanwhile
                flow.outbox.popleft()
        return True

    async def _beat(self) -> None:
        for count in itertools.count():
            members = self._flows if count % FULL_BEATS == 0 else self._moving
            by_mailbox: dict[str, dict[str, list[Any]]] = {
                flow.want.mailbox: {} for flow in self._flows.values()
            }
            for member in list(members):
                flow = self._flows[member]
                state = flow.state
                if state != flow.shown_state:
                    flow.shown_state = state
                    self._changed(flow)
                if flow.beats > 0:
                    flow.beats -= 1
                else:
                    self._moving.pop(member, None)
                    if members is self._moving:
                        continue
                size = flow.follower.size if flow.follower is not None else None
                number = flow.number - len(flow.outbox)
                by_mailbox[flow.want.mailbox][member] = [flow.run, flow.want.serial, number, size, *state]
            for mailbox, flows in by_mailbox.items():
                if not self._may_send:
                    break
                message = {
                    "type": "logtail.beat",
                    "token": self.lease.token,
                    "host": self.lease.host,
                    "queue": self.queue,
                    "flows": flows,
                }
                with contextlib.suppress(MailboxUnavailable):
                    await self._mailboxes.send(mailbox, message)
            await asyncio.sleep(BEAT_SECONDS)

    async def _report(self) -> None:
        reported_at = -math.inf
        while True:
            passed = self._clock() - reported_at
            if self._moving or passed >= RESTING_REPORT_SECONDS:
                reported_at = self._clock()
                report = {
                    "host": self.lease.host,
                    "pid": self.lease.pid,
                    "thread": threading.current_thread().name,
                    "version": self.lease.version,
                    "since": self._started_at,
                    "logs": self._log_reports(passed),
                }
                with contextlib.suppress(ControlUnavailable):
                    await in_thread(self._control.report, self.queue, report)
            await asyncio.sleep(REPORT_SECONDS)

    def _log_reports(self, seconds: float) -> dict[str, dict[str, Any]]:
        """By log: state, size, how many flows read it, bytes/s of the fastest, bytes behind of the slowest."""
        logs: dict[str, dict[str, Any]] = {}
        for flow in self._flows.values():
            state, reason = flow.state
            size = flow.follower.size if flow.follower is not None else None
            position = flow.follower.position if flow.follower is not None else None
            behind = max(0, size - position.offset) if size is not None and position is not None else 0
            rate = round((flow.emitted - flow.reported) / seconds)
            flow.reported = flow.emitted
            other = logs.get(flow.want.log, {"flows": 0, "rate": 0, "behind": 0})
            logs[flow.want.log] = {
                "state": state,
                "reason": reason,
                "size": size,
                "flows": other["flows"] + 1,
                "rate": max(other["rate"], rate),
                "behind": max(other["behind"], behind),
            }
        return logs

    # -- history -----------------------------------------------------------------------------------

    def _answer_history(self, want: Want) -> None:
        if want.member not in self._histories:
            is_search = want.search is not None
            answer = self._searches.answer(want, self.lease.token) if is_search else self._history_of(want)
            task = self._histories[want.member] = asyncio.ensure_future(answer)
            task.add_done_callback(lambda _: self._histories.pop(want.member, None))

    async def _history_of(self, want: Want) -> None:
        async with self._history:
            message: dict[str, Any] = {
                "type": "logtail.range",
                "token": self.lease.token,
                "member": want.member,
                "serial": want.serial,
            }
            loop = asyncio.get_running_loop()
            try:
                source = await self._source_of(want.log)
                await self._until_affordable()
                file, start, data = await loop.run_in_executor(
                    self._threads, read_history, source, want, self._permit, self._followed(want.log)
                )
                self._budget.spend(len(data))  # at times a debt: whatever is read next waits until it is paid
            except (LookupError, OSError) as error:
                await self._send_surely(want.mailbox, {**message, "error": str(error)})
                return
            message["file"] = file
            for at in range(0, len(data), MAX_BATCH_BYTES):
                piece = data[at : at + MAX_BATCH_BYTES]
                await self._send_surely(want.mailbox, {**message, "start": start + at, "data": piece})
            await self._send_surely(want.mailbox, {**message, "start": start, "end": start + len(data)})

    async def _until_affordable(self) -> None:
        """Return once the budget of all logs has something left."""
        while True:
            left = self._budget.left(self._clock())
            if left > 0:
                return
            await asyncio.sleep(min(TICK_SECONDS, max(HINT_SECONDS, -left / self._budget.per_second)))

    async def _source_of(self, log: str) -> Source:
        """Where the log's file is. Raises LookupError when it may not be read here."""
        if (reason := self._stop_reason(log)) is not None:
            raise LookupError(f"the stop flag is set: {reason}")
        source = (await self._look_up([log])).get(log)
        if source is None:
            raise LookupError("this log is not registered for this host, or is disabled")
        return source

    async def _find_source(self, log: str) -> tuple[Path, str]:
        source = await self._source_of(log)
        return source.path, source.encoding

    def _stop_reason(self, log: str) -> str | None:
        return self._stops.get(log, self._stops.get("*"))

    def _followed(self, log: str) -> dict[tuple[int, int], str]:
        """By device and inode, what the streams of this log call the file they are in."""
        flows = (flow for flow in self._flows.values() if flow.want.log == log)
        places = (flow.follower.position for flow in flows if flow.follower is not None)
        files = {place.file for place in places if place is not None}
        return {inode: file for file in files if (inode := history.inode_of(file)) is not None}

    async def _send_surely(self, mailbox: str, message: dict[str, Any]) -> None:
        while True:
            try:
                return await self._mailboxes.send(mailbox, message)
            except MailboxUnavailable:
                await asyncio.sleep(TICK_SECONDS)

    # -- small things ------------------------------------------------------------------------------

    def _background(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    @staticmethod
    async def _pause(seconds: float, unless: asyncio.Event) -> None:
        """Wait for the event, but at most so long; cheaper than a task of its own for each wait."""
        timer = asyncio.get_running_loop().call_later(seconds, unless.set)
        try:
            await unless.wait()
        finally:
            timer.cancel()


def reader_of(
    queue: str, control: Control, mailboxes: Mailboxes, wake: Callable[[str], Awaitable[None]]
) -> Reader:
    """A reader of this host, as registry and settings say. Call it in the event loop it shall run in."""
    return Reader(
        queue,
        control,
        mailboxes,
        find_sources,
        permit=Roots(conf.ROOTS).refusal,
        wake=wake,
        limits=limits_of_settings(),
    )


def is_fed_by_us(path: Path) -> bool:
    """Whether what this process' `django_logtail` loggers say ends in that file."""
    where: logging.Logger | None = logging.getLogger("django_logtail")
    while where is not None:
        for handler in where.handlers:
            if isinstance(handler, logging.FileHandler) and Path(handler.baseFilename) == path.absolute():
                return True
        where = where.parent if where.propagate else None
    return False


def limits_of_settings() -> Limits:
    return Limits(
        conf.READ_BYTES_PER_SECOND,
        conf.READ_BYTES_PER_SECOND_PER_LOG,
        conf.MAX_LOGS_PER_READER,
        conf.MAX_OPEN_FILES,
        conf.MAX_HISTORY_JOBS,
        conf.SEARCH_BYTES_PER_SECOND,
    )


def find_sources(logs: Collection[str]) -> Mapping[str, Source]:
    """Where the files of these logs are, by the registry; without those that are gone or disabled. Blocks."""
    close_old_connections()
    try:
        rows = Log.objects.filter(pk__in=[int(log) for log in logs], enabled=True)
        return {str(row.pk): Source(Path(row.path), row.encoding, row.name) for row in rows}
    finally:
        close_old_connections()


def read_history(
    source: Source,
    want: Want,
    permit: Callable[[int], str | None],
    followed: Mapping[tuple[int, int], str],
) -> tuple[str, int, bytes]:
    """The bytes a history want asks for: of which file, from where. Raises LookupError when they no longer exist.

    Lines before the first byte of a file are the last ones of the file before it. `followed`: by device and inode the
    ids that streams use; one file may have two ids, when it was short as it got the first.
    """
    assert want.position is not None
    file, offset = want.position.file, want.position.offset
    descriptor = history.open_generation(source.path, file, permit=permit)
    if descriptor is None:
        raise LookupError("the file that held these bytes no longer exists")
    if want.before_lines is not None and offset == 0:
        try:
            previous = history.open_previous(source.path, descriptor, permit=permit)
        finally:
            os.close(descriptor)
        if previous is None:
            raise LookupError("no older file of this log can be read")
        file, descriptor = previous
        offset = os.fstat(descriptor).st_size
    try:
        if want.before_lines is not None:
            end = min(offset, os.fstat(descriptor).st_size)
            start = history.lines_before(descriptor, end, want.before_lines, source.encoding, MAX_RANGE_BYTES)
        else:
            start, end = offset, min(want.end or 0, offset + MAX_RANGE_BYTES)
        found = os.fstat(descriptor)
        file = followed.get((found.st_dev, found.st_ino), file)
        return file, start, history.read_range(descriptor, start, end)
    finally:
        os.close(descriptor)
