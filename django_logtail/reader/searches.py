"""The searches of one reader: each is a want of its own; they take turns on the threads that read history.

A search is a pure function of the file's bytes. Its messages count the hits so far, so that a receiver notices a lost
one, and skips hits repeated by another reader that starts the search over.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final

from django_logtail.control.messages import Answer, Failed, Found
from django_logtail.control.wants import Want
from django_logtail.reader.conditions import SAMPLED_LINES, Sample, matcher_of, needs_sample
from django_logtail.reader.limits import Limits
from django_logtail.reader.seals import Seals
from django_logtail.reader.sources import NotThere, Source, Sources
from django_logtail.shares import Shares, Turns
from django_logtail.tailing import history
from django_logtail.tailing.files.generation import HEAD_BYTES
from django_logtail.tailing.reasons import reason, reason_of
from django_logtail.tailing.text.encodings import shown_as
from django_logtail.tailing.text.matching import BadPattern
from django_logtail.tailing.text.search import CHUNK_BYTES, Hit, Search

#: Searches at once after which a user who already has one gets no more, and the maximum in all. Each has a descriptor,
#: a few MiB, and its share of the threads.
MOST_SEARCHES: Final = 32
MOST_IN_ALL: Final = 512
#: Seconds that one turn of a search may occupy a thread; then other waiting work comes first.
TURN_SECONDS: Final = 0.05
#: Microseconds of processor time that must be available for a turn to begin.
LEAST_PROCESSOR: Final = 5_000
#: Seconds between two messages about one search, except its first hits; and hits in one message.
SAY_SECONDS: Final = 0.2
HITS_A_MESSAGE: Final = 50
#: Bytes at the begin and at the end of a file from which its formats are found.
SAMPLED_BYTES: Final = 64 * 1024
#: Seconds a search counts as limited after the budget last made it wait.
LIMITED_SECONDS: Final = 2.0


class Searches:
    """Answers search wants.

    `turns` limits the history jobs that run at once, on `threads`. `permit` decides about an open descriptor.
    """

    def __init__(
        self,
        sources: Sources,
        send: Callable[[str, Answer], Awaitable[None]],
        *,
        permit: Callable[[int], str | None],
        turns: Turns,
        threads: ThreadPoolExecutor,
        limits: Limits,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sources = sources
        self._send = send
        self._permit = permit
        self._turns = turns
        self._threads = threads
        self._budget = Shares(limits.search_bytes_per_second, limits.search_bytes_per_second, clock=clock)
        microseconds = limits.search_processor_percent * 10_000
        self._processor = Shares(microseconds, microseconds, clock=clock)
        self._clock = clock
        self._most = limits.searches_per_user
        self._under_way: Counter[str] = Counter()

    async def answer(self, want: Want, token: str) -> None:
        """Search, and send what is found to the want's mailbox. To end it, cancel the task."""
        address = (token, want.member, want.serial)
        if too_many := self._too_many(want.user):
            await self._send(want.mailbox, Failed(*address, too_many, id="too-many-searches"))
            return
        self._under_way[want.user] += 1
        try:
            await self._search(want, address)
        except BadPattern as error:
            await self._send(want.mailbox, Failed(*address, reason_of(error), id="bad-pattern"))
        except (NotThere, OSError) as error:
            await self._send(want.mailbox, Failed(*address, reason_of(error)))
        finally:
            self._under_way[want.user] -= 1
            if not self._under_way[want.user]:
                del self._under_way[want.user]

    def _too_many(self, user: str) -> str:
        """Why the user can't have another search now; "" if they can. A user without one always can."""
        mine, in_all = self._under_way[user], self._under_way.total()
        if mine >= self._most:
            return reason("too-many-searches", count=mine)
        if (mine and in_all >= MOST_SEARCHES) or in_all >= MOST_IN_ALL:
            return reason("host-busy", count=in_all)
        return ""

    async def _search(self, want: Want, address: tuple[str, str, int]) -> None:
        job = _Job(want, await self._sources.of(want.log, want.revision), self._permit)
        hits: list[Hit] = []
        count, said_at = 0, self._clock()
        try:
            # Finding the file may cost as much as a turn.
            await self._afford_processor(job)
            await self._in_turn(job, job.begin)
            while not job.is_done:
                if (stopped := self._sources.stop_reason(want.log)) is not None:
                    raise NotThere(stopped)
                await self._afford(job)
                hits += await self._in_turn(job, job.step, self._budget.left(job.user), not count)
                is_first = bool(hits) and not count
                if not job.is_done and (is_first or self._clock() - said_at >= SAY_SECONDS):
                    said_at = self._clock()
                    count = await self._say(want, address, job, hits, count)
                    hits = []
            await self._say(want, address, job, hits, count, is_last=True)
        finally:
            job.close()

    async def _say(
        self,
        want: Want,
        address: tuple[str, str, int],
        job: _Job,
        hits: list[Hit],
        count: int,
        *,
        is_last: bool = False,
    ) -> int:
        """Send the hits and the progress; return how many hits have been sent in all."""
        limited_by = job.limited_by if self._clock() - job.limited_at < LIMITED_SECONDS else ""
        for at in range(0, max(1, len(hits)), HITS_A_MESSAGE):
            part = hits[at : at + HITS_A_MESSAGE]
            count += len(part)
            said = [[hit.start, hit.end, list(hit.parts), hit.before, hit.after] for hit in part]
            done = is_last and at + HITS_A_MESSAGE >= len(hits)
            found = Found(
                *address,
                hits=said,
                count=count,
                at=job.position,
                end=job.end,
                done=done,
                more=job.has_more,
                reason=limited_by,
            )
            await self._send(want.mailbox, found)
        return count

    async def _afford(self, job: _Job) -> None:
        """Wait until there is something to spend."""
        await self._afford_processor(job)
        if await self._budget.turn(job.user, CHUNK_BYTES):
            limited = reason("limited", bytes=int(self._budget.per_user), setting="SEARCH_BYTES_PER_SECOND")
            job.limit(limited, self._clock())

    async def _afford_processor(self, job: _Job) -> None:
        if await self._processor.turn(job.user, LEAST_PROCESSOR):
            job.limit(reason("processor-limited", setting="SEARCH_PROCESSOR_PERCENT"), self._clock())

    async def _in_turn(self, job: _Job, work: Callable[..., list[Hit]], *arguments: Any) -> list[Hit]:
        async with self._turns.of(job.user):
            before = job.position
            job.work = self._threads.submit(job.timed, work, *arguments)
            try:
                return await asyncio.wrap_future(job.work)
            finally:
                self._budget.spend(job.user, job.position - before)
                if job.work.done():
                    self._charge(job)
                else:  # cancelled: the thread ends at its next pause
                    job.work.add_done_callback(self._charging(job, asyncio.get_running_loop()))

    def _charging(self, job: _Job, loop: asyncio.AbstractEventLoop) -> Callable[[object], None]:
        def charge(_: object) -> None:
            with contextlib.suppress(RuntimeError):  # the reader has ended
                loop.call_soon_threadsafe(self._charge, job)

        return charge

    def _charge(self, job: _Job) -> None:
        self._processor.spend(job.user, int(job.seconds * 1e6))
        job.seconds = 0.0


class _Job:
    """One search and the thread it is in now, if any."""

    def __init__(self, want: Want, source: Source, permit: Callable[[int], str | None]) -> None:
        assert want.position is not None
        assert want.search is not None
        self.work: Future[list[Hit]] | None = None
        self.user = want.user
        self.limited_at = float("-inf")
        self.limited_by = ""
        #: Processor time not yet charged.
        self.seconds = 0.0
        self.end = self.position = want.position.offset
        self.is_done = self.has_more = False
        self._place = want.position
        self._seals = Seals(want.log)
        self._sought = want.search
        self._source = source
        self._permit = permit
        self._search: Search | None = None

    def limit(self, by: str, now: float) -> None:
        """Note that it had to wait."""
        self.limited_by, self.limited_at = by, now

    def timed(self, work: Callable[..., list[Hit]], *arguments: Any) -> list[Hit]:
        """Do some of the work, and measure its processor time. In a thread."""
        began = time.thread_time()
        try:
            return work(*arguments)
        finally:
            self.seconds += time.thread_time() - began

    def begin(self) -> list[Hit]:
        """Open the file. In a thread."""
        sought = self._sought
        if not needs_sample(sought):
            matcher_of(sought)  # refuse a bad expression before opening a file
        source, place = self._source, self._seals.open_place(self._place)
        permit = source.permit(self._permit)
        descriptor = history.open_generation(source.belonging, place.file, permit=permit)
        if descriptor is None:
            raise NotThere(reason("bytes-gone"))
        try:
            self.end = os.fstat(descriptor).st_size
            head = os.pread(descriptor, HEAD_BYTES, 0)
            start = min(place.offset, self.end)
            encoding = shown_as(source.encoding)
            sample = _sample(descriptor, self.end, encoding, source.format) if needs_sample(sought) else None
            found = matcher_of(sought, sample)
            self._search = Search(descriptor, found, start, self.end, encoding=encoding, head=head)
        except BaseException:
            os.close(descriptor)
            raise
        return self._took([])

    def step(self, max_bytes: int, is_eager: bool) -> list[Hit]:
        """Search for a turn. In a thread."""
        assert self._search is not None
        return self._took(self._search.step(TURN_SECONDS, max_bytes, is_eager=is_eager))

    def _took(self, hits: list[Hit]) -> list[Hit]:
        assert self._search is not None
        self.position, self.is_done = self._search.position, self._search.is_done
        self.has_more = self._search.is_full
        return hits

    def close(self) -> None:
        """Close the file, after the current turn, which ends soon."""
        if self._search is not None:
            self._search.cancel()
        if self.work is not None:
            self.work.add_done_callback(lambda _: self._close())

    def _close(self) -> None:
        if self._search is not None:
            self._search.close()


def _sample(descriptor: int, size: int, encoding: str, given: str) -> Sample:
    """What the formats of a log are found from: lines at the begin and at the end of the file."""
    first = os.pread(descriptor, SAMPLED_BYTES, 0).decode(encoding, "replace").split("\n")[:-1]
    start = max(0, size - SAMPLED_BYTES) // 4 * 4
    last = os.pread(descriptor, SAMPLED_BYTES, start).decode(encoding, "replace").split("\n")[1:-1]
    return Sample(given, first[:SAMPLED_LINES], last[-SAMPLED_LINES:] if start else ())
