"""The searches of one reader: each is a want of its own; they take turns on the threads that read history.

A search is a pure function of the file's bytes. Its messages count the hits so far, so that a receiver notices a lost
one, and skips hits repeated by another reader that starts the search over.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Final, Protocol

from django_logtail.control.messages import Answer, Failed, Found
from django_logtail.control.wants import Want
from django_logtail.place import Place
from django_logtail.reader.limits import Limits
from django_logtail.reader.search_jobs import SearchJob
from django_logtail.reader.sources import NotThere, Sources
from django_logtail.shares import Shares, Timed, Turns
from django_logtail.tailing.reasons import reason, reason_of
from django_logtail.tailing.text.matching import BadPattern
from django_logtail.tailing.text.search import CHUNK_BYTES, Hit

#: Searches at once after which a user who already has one gets no more, and the maximum in all. Each has a descriptor,
#: a few MiB, and its share of the threads.
MOST_SEARCHES: Final = 32
MOST_IN_ALL: Final = 512
#: Microseconds of processor time that must be available for a turn to begin.
LEAST_PROCESSOR: Final = 5_000
#: Seconds between two messages about one search, except its first hits; and hits in one message.
SAY_SECONDS: Final = 0.2
HITS_A_MESSAGE: Final = 50
#: The same if they are whole lines, of up to 16 KiB each.
WHOLE_HITS_A_MESSAGE: Final = 8
#: Seconds a search counts as limited after the budget last made it wait.
LIMITED_SECONDS: Final = 2.0


class Searches:
    """Answers search wants.

    `turns` limits the history jobs that run at once, on `threads`. `permit` decides about an open descriptor.
    `open_files` has the ids that a log's streams use for their current files, by device and inode.
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
        open_files: Callable[[str], Mapping[tuple[int, int], str]] = lambda log: {},
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sources = sources
        self._open_files = open_files
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
        source = await self._sources.of_want(want)
        job = SearchJob(want, source, self._permit, self._open_files(want.log))
        hits: list[Hit] = []
        said_at = self._clock()
        saying = _Saying(want, address, job)
        try:
            # Finding the files may cost as much as a turn.
            while not job.is_begun:
                await self._afford_processor(job)
                await self._in_turn(job, job.begin)
            while not job.is_done:
                self._sources.may_go_on(want)
                await self._afford(job)
                hits += await self._in_turn(job, job.step, self._budget.left(job.user), not saying.count)
                is_first = bool(hits) and not saying.count
                is_over = bool(hits) and job.is_between  # the next hits are in another file
                if not job.is_done and (is_first or is_over or self._clock() - said_at >= SAY_SECONDS):
                    said_at = self._clock()
                    await self._say(saying, hits)
                    hits = []
            await self._say(saying, hits, is_last=True)
        finally:
            job.close()

    async def _say(self, saying: _Saying, hits: list[Hit], *, is_last: bool = False) -> None:
        job = saying.job
        limited_by = job.limited_by if self._clock() - job.limited_at < LIMITED_SECONDS else ""
        for found in saying.messages(hits, job.trouble if is_last else limited_by, is_last=is_last):
            await self._send(saying.want.mailbox, found)

    async def _afford(self, job: SearchJob) -> None:
        """Wait until there is something to spend."""
        await self._afford_processor(job)
        if await self._budget.turn(job.user, CHUNK_BYTES):
            limited = reason("limited", bytes=int(self._budget.per_user), setting="SEARCH_BYTES_PER_SECOND")
            job.limit(limited, self._clock())

    async def _afford_processor(self, job: SearchJob) -> None:
        if await self._processor.turn(job.user, LEAST_PROCESSOR):
            job.limit(reason("processor-limited", setting="SEARCH_PROCESSOR_PERCENT"), self._clock())

    async def _in_turn(self, job: SearchJob, work: Callable[..., list[Hit]], *arguments: Any) -> list[Hit]:
        async with self._turns.of(job.user):
            before = job.searched
            job.work = self._threads.submit(job.timed, work, *arguments)
            try:
                return await asyncio.wrap_future(job.work)
            finally:
                self._budget.spend(job.user, job.searched - before)
                if job.work.done():
                    self._charge(job)
                else:  # cancelled: the thread ends at its next pause
                    charge = functools.partial(self._charge, job)
                    job.work.add_done_callback(_calling(charge, asyncio.get_running_loop()))

    async def step(self, user: str, work: Work) -> None:
        """Take one step of other work, charged like a search's turn."""
        await self._processor.turn(user, LEAST_PROCESSOR)
        await self._budget.turn(user, CHUNK_BYTES)
        async with self._turns.of(user):
            before, timed = work.read, Timed(work.step)
            future = self._threads.submit(timed)

            def charge() -> None:
                self._processor.spend(user, timed.microseconds)
                self._budget.spend(user, work.read - before)

            try:
                await asyncio.wrap_future(future)
            finally:
                if future.done():
                    charge()
                else:  # cancelled: the thread ends at its next pause
                    future.add_done_callback(_calling(charge, asyncio.get_running_loop()))

    async def unpack(self, user: str, text: Unpacked) -> None:
        """Unpack for a slice, charged like a search: it costs the same."""
        await self._processor.turn(user, LEAST_PROCESSOR)
        await self._budget.turn(user, CHUNK_BYTES)
        async with self._turns.of(user):
            before, timed = text.position, Timed(text.unpack)
            work = self._threads.submit(timed)
            text.in_thread(work)
            try:
                await asyncio.wrap_future(work)
            finally:
                self._processor.spend(user, timed.microseconds)
                self._budget.spend(user, max(0, text.position - before))

    def _charge(self, job: SearchJob) -> None:
        self._processor.spend(job.user, int(job.seconds * 1e6))
        job.seconds = 0.0


def _calling(work: Callable[[], None], loop: asyncio.AbstractEventLoop) -> Callable[[object], None]:
    def call(_: object) -> None:
        with contextlib.suppress(RuntimeError):  # the reader has ended
            loop.call_soon_threadsafe(work)

    return call


def _told(hit: Hit) -> list[Any]:
    told: list[Any] = [hit.start, hit.end, list(hit.parts), hit.before, hit.after]
    if hit.level or hit.hidden:
        told += [hit.level, hit.ms]
    return [*told, [list(one) for one in hit.hidden]] if hit.hidden else told


class Work(Protocol):
    """Something that is done a step at a time, in threads; `read`: the bytes read for it so far."""

    is_done: bool
    read: int

    def step(self) -> None: ...


class Unpacked(Protocol):
    """A text that is unpacked a slice at a time, in threads."""

    @property
    def position(self) -> int: ...

    def unpack(self) -> None: ...

    def in_thread(self, work: Future[Any]) -> None: ...


class _Saying:
    """The messages about one search."""

    def __init__(self, want: Want, address: tuple[str, str, int], job: SearchJob) -> None:
        self.want = want
        self.job = job
        #: Hits told so far.
        self.count = 0
        self._address = address

    def messages(self, hits: list[Hit], why: str, *, is_last: bool) -> Iterator[Found]:
        """These hits, which are in one file, and the progress."""
        job = self.job
        size = HITS_A_MESSAGE if not job.sought.whole else WHOLE_HITS_A_MESSAGE
        for at in range(0, max(1, len(hits)), size):
            part = hits[at : at + size]
            self.count += len(part)
            is_end = at + size >= len(hits)
            found = Found(
                *self._address,
                hits=[_told(hit) for hit in part],
                count=self.count,
                at=job.at,
                end=job.end,
                done=is_last and is_end,
                more=job.is_full,
                reason=why,
            )
            if job.sought.order:
                found = replace(found, **self._of_many(part[-1] if part and not is_end else None))
            yield found

    def _of_many(self, last: Hit | None) -> dict[str, Any]:
        """What is said of a search over several files; `last`: the last hit of a message that others follow."""
        job = self.job
        ahead, total = job.ahead, job.total
        if last is not None:
            # All before it have been told, so none was only counted.
            here = Place(job.file, last.start if job.is_newest_first else last.end)
            ahead, total = [(job.name, here), *job.following], self.count
        return {
            "file": job.file,
            "name": job.name,
            "total": total,
            "place": ahead[0][1] if ahead else None,
            "unread": job.unread,
            "ahead": [[name, place.file, place.offset] for name, place in ahead],
        }
