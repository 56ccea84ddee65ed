"""The reader: one asyncio loop that follows every wanted log of its queue and serves each want.

Knows neither Redis nor Dramatiq: wants come from a `Control`, batches leave through `Mailboxes`. It runs in the
Dramatiq actor of a worker, or in the web process itself.

Its parts: `ticks` renew the `lease` and fetch the wants, each of which is served by a `flow` or answered by the
`ranges`; `files` open what the `sources` name; the `pump` reads and sends; `heartbeats` and the `report` tell others
its state. One rule repairs loss, a new reader, two readers at once, and a reader that woke up late: see `flow`.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from django_logtail.conf import conf
from django_logtail.control import Control, ControlUnavailable
from django_logtail.control.mailboxes import Mailboxes
from django_logtail.promptness import Promptness
from django_logtail.reader.files import Files
from django_logtail.reader.flows import Flows
from django_logtail.reader.heartbeats import Heartbeats
from django_logtail.reader.kernel_hints import Hints
from django_logtail.reader.lease import Lease
from django_logtail.reader.lifetime import Ending, Parts
from django_logtail.reader.limits import Limits, limits_of_settings
from django_logtail.reader.pump import Pump
from django_logtail.reader.ranges import Ranges
from django_logtail.reader.report import Report
from django_logtail.reader.sources import Registry, Source, Sources
from django_logtail.reader.ticks import Ticks
from django_logtail.tailing import archives
from django_logtail.tailing.files.roots import Roots
from django_logtail.timing import TokenBucket, time_limit

logger = logging.getLogger(__name__)

#: Seconds that sending the next reader's wake-up may take; if it is lost, web processes send one.
WAKE_SECONDS: Final = 5.0
#: Threads that may be stuck in reads of old bytes on file systems that don't respond.
MOST_STUCK: Final = 64
#: Seconds after which a thread that computes lets others run. Following waits that long after each system call while
#: older content is read in threads; with Python's default, 5 ms, a line takes ten times as long.
SWITCH_SECONDS: Final = 0.0005


class Reader:
    """Serves the wants of one queue until nothing is wanted, the lease is lost, or it is told to leave.

    `find_sources` maps log ids to sources, without logs that may not be read here; it may block, and runs in a thread.
    `permit` decides about an open descriptor. `wake` sends a wake-up for the queue after a hand-over. Nothing is open
    before `run`. `wall`: seconds since the epoch.
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
        processor_clock: Callable[[], float] = time.thread_time,
        wall: Callable[[], float] = time.time,
    ) -> None:
        limits = limits or Limits()
        self.queue = queue
        self.lease = Lease(queue, control, mailboxes, clock)
        self.flows = Flows(self.lease.token, wall)
        self.budget = TokenBucket(limits.bytes_per_second, clock())
        self._control = control
        self._mailboxes = mailboxes
        self._permit = permit
        self._wake = wake
        self._limits = limits
        self._clock = clock
        self._processor_clock = processor_clock
        self._parts = Parts(f"reader on queue {queue}")
        # The limit is what reads at once; further threads may be stuck for good, with nobody waiting for them.
        self._threads = ThreadPoolExecutor(
            max_workers=limits.history_jobs + MOST_STUCK, thread_name_prefix="logtail-reader"
        )
        self._sources = Sources(find_sources, wall=wall)
        self.ranges = Ranges(
            self.lease.token,
            self.flows,
            self._sources,
            mailboxes,
            self._parts,
            self._threads,
            permit=permit,
            limits=limits,
            budget=self.budget,
            clock=clock,
        )

    async def run(self) -> Ending:
        """Serve until there is a reason to end, and return it. Afterwards files are closed and nothing is sent."""
        sys.setswitchinterval(min(sys.getswitchinterval(), SWITCH_SECONDS))
        files = self._open_files()
        hints = Hints(
            files.followers,
            self.flows.hinted,
            lambda member: self.flows.awaits_its_round(member, self._clock()),
        )
        ticks = Ticks(self.lease, self.flows, files, self.ranges, self._sources, self._parts, self._clock)
        try:
            first = await ticks.first()
            if first is not None:
                return first
            logger.info("reader started on queue %s (token %s)", self.queue, self.lease.token[:8])
            self._start_parts(ticks, files)
            hints.watch()
            ending = await self._parts.ending
        finally:
            hints.close()
            await self._give_back(files)
        if ending is Ending.HANDED_OVER:
            await self._hand_over()
        logger.info("reader on queue %s stopped: %s", self.queue, ending.value)
        return ending

    def leave(self) -> None:
        """Hand over to another reader, because the worker shuts down. Call it in the reader's event loop."""
        self._parts.end(Ending.HANDED_OVER)

    @property
    def is_ending(self) -> bool:
        """Whether there is a reason to end, so that reading has stopped."""
        return self._parts.ending.done()

    def _open_files(self) -> Files:
        return Files(
            self.flows,
            self._sources,
            self._parts,
            permit=self._permit,
            limits=self._limits,
            budget=self.budget,
            clock=self._clock,
        )

    def _start_parts(self, ticks: Ticks, files: Files) -> None:
        promptness = Promptness(self._limits.prompt_processor_percent / 100)
        pump = Pump(
            self.flows, files, self.lease, self._mailboxes, self._clock, self._processor_clock, promptness
        )
        heartbeats = Heartbeats(self.flows, self.lease, self._mailboxes, files.fail)
        report = Report(self.flows, self.lease, self._control, self._clock, files.fail)
        self._parts.start("ticks", ticks.keep)
        self._parts.start("nudges", self.lease.take_nudges)
        self._parts.start("pump", pump.run)
        self._parts.start("looking while nothing can be sent", pump.keep_looking)
        self._parts.start("heartbeats", heartbeats.keep)
        self._parts.start("report", report.keep)
        self._parts.start("registry", files.keep)

    async def _give_back(self, files: Files) -> None:
        """End whatever was started and close whatever is open."""
        try:
            await self._parts.cancel()
        finally:  # a second cancellation still closes the files
            files.close()
            self.lease.close_mailbox()
            self._sources.close()
            self._threads.shutdown(wait=False, cancel_futures=True)
            archives.known.drop_copies()

    async def _hand_over(self) -> None:
        try:
            waiting = await self.lease.hand_over()
        except ControlUnavailable as error:
            logger.warning("reader on queue %s could not hand over: Redis: %s", self.queue, error)
            return
        if waiting:
            try:
                async with time_limit(WAKE_SECONDS):
                    await self._wake(self.queue)
            except asyncio.TimeoutError:
                logger.warning("reader on queue %s: the broker does not respond", self.queue)


def reader_of(
    queue: str, control: Control, mailboxes: Mailboxes, wake: Callable[[str], Awaitable[None]]
) -> Reader:
    """A reader for this host, from the registry and the settings. Call it in the event loop it will run in."""
    return Reader(
        queue,
        control,
        mailboxes,
        Registry().find,
        permit=Roots(conf.ROOTS).refusal,
        wake=wake,
        limits=limits_of_settings(),
    )
