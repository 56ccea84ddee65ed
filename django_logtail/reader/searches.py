"""The searches of one reader: each a want of its own, all in turns on the threads that read history.

A search is a pure function of the file's bytes. Its messages count the hits so far, so that whoever takes them notices
one that was lost, and leaves out those that another reader, which begins at the beginning again, sends once more.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final

from django_logtail.control.messages import Answer, Failed, Found
from django_logtail.control.wants import Want
from django_logtail.encodings import shown_as
from django_logtail.reader.sources import Source, Sources
from django_logtail.reasons import reason_of
from django_logtail.tailing import history
from django_logtail.tailing.generation import HEAD_BYTES
from django_logtail.tailing.matching import BadPattern, matcher
from django_logtail.tailing.search import CHUNK_BYTES, Hit, Search
from django_logtail.timing import TokenBucket

#: Searches one reader has under way, each with a descriptor, a few MiB, and its share of the threads.
MOST_SEARCHES: Final = 8
#: Seconds one turn of a search may take a thread: then whatever waits for it comes first.
TURN_SECONDS: Final = 0.05
#: Seconds between two messages about one search, its first hits excepted, and hits in one message.
SAY_SECONDS: Final = 0.2
HITS_A_MESSAGE: Final = 50
#: Seconds a search counts as limited after the budget last made it wait.
LIMITED_SECONDS: Final = 2.0


class Searches:
    """Answers search wants.

    `turns` are the history jobs that may run at once, `threads` what they run on. `permit` decides about an open
    descriptor.
    """

    def __init__(
        self,
        sources: Sources,
        send: Callable[[str, Answer], Awaitable[None]],
        *,
        permit: Callable[[int], str | None],
        turns: asyncio.Semaphore,
        threads: ThreadPoolExecutor,
        bytes_per_second: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sources = sources
        self._send = send
        self._permit = permit
        self._turns = turns
        self._threads = threads
        self._budget = TokenBucket(bytes_per_second, clock())
        self._clock = clock
        self._under_way = 0

    async def answer(self, want: Want, token: str) -> None:
        """Search, and send what is found to the want's mailbox. To end it, cancel the task."""
        address = (token, want.member, want.serial)
        if self._under_way >= MOST_SEARCHES:
            text = f"{MOST_SEARCHES} searches are under way on this host. Try again when one has ended."
            await self._send(want.mailbox, Failed(*address, text, id="too-many-searches"))
            return
        self._under_way += 1
        try:
            await self._search(want, address)
        except BadPattern as error:
            await self._send(want.mailbox, Failed(*address, str(error), id="bad-pattern"))
        except (LookupError, OSError) as error:
            await self._send(want.mailbox, Failed(*address, reason_of(error)))
        finally:
            self._under_way -= 1

    async def _search(self, want: Want, address: tuple[str, str, int]) -> None:
        job = _Job(want, await self._sources.of(want.log, want.revision), self._permit)
        hits: list[Hit] = []
        count, said_at = 0, self._clock()
        try:
            await self._in_turn(job, job.begin)
            while not job.is_done:
                if (reason := self._sources.stop_reason(want.log)) is not None:
                    raise LookupError(f"the stop flag is set: {reason}")
                await self._afford(job)
                hits += await self._in_turn(job, job.step, self._budget.left(self._clock()), not count)
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
        """Send what was found and how far it is; how many hits have been sent in all."""
        reason = ""
        if self._clock() - job.limited_at < LIMITED_SECONDS:
            limit = self._budget.per_second
            reason = f'limited to {limit} bytes/s by LOGTAIL["SEARCH_BYTES_PER_SECOND"]'
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
                reason=reason,
            )
            await self._send(want.mailbox, found)
        return count

    async def _afford(self, job: _Job) -> None:
        """Wait until there is something to spend."""
        while self._budget.left(self._clock()) < CHUNK_BYTES:
            await asyncio.sleep(self._budget.until(CHUNK_BYTES))
            job.limited_at = self._clock()

    async def _in_turn(self, job: _Job, work: Callable[..., list[Hit]], *arguments: Any) -> list[Hit]:
        async with self._turns:
            before = job.position
            job.work = self._threads.submit(work, *arguments)
            try:
                return await asyncio.wrap_future(job.work)
            finally:
                self._budget.spend(job.position - before)


class _Job:
    """One search and the thread it is in now, if any."""

    def __init__(self, want: Want, source: Source, permit: Callable[[int], str | None]) -> None:
        assert want.position is not None
        assert want.search is not None
        self.work: Future[list[Hit]] | None = None
        self.limited_at = float("-inf")
        self.end = self.position = want.position.offset
        self.is_done = self.has_more = False
        self._place = want.position
        self._sought = want.search
        self._source = source
        self._permit = permit
        self._search: Search | None = None

    def begin(self) -> list[Hit]:
        """Open the file. In a thread."""
        sought = self._sought
        found = matcher(sought.pattern, regex=sought.regex, case=sought.case)
        descriptor = history.open_generation(self._source.path, self._place.file, permit=self._permit)
        if descriptor is None:
            raise LookupError("the file that held these bytes no longer exists")
        try:
            self.end = os.fstat(descriptor).st_size
            head = os.pread(descriptor, HEAD_BYTES, 0)
            start = min(self._place.offset, self.end)
            self._search = Search(
                descriptor, found, start, self.end, encoding=shown_as(self._source.encoding), head=head
            )
        except BaseException:
            os.close(descriptor)
            raise
        return self._took([])

    def step(self, max_bytes: int, is_eager: bool) -> list[Hit]:
        """Search on for a turn. In a thread."""
        assert self._search is not None
        return self._took(self._search.step(TURN_SECONDS, max_bytes, is_eager=is_eager))

    def _took(self, hits: list[Hit]) -> list[Hit]:
        assert self._search is not None
        self.position, self.is_done = self._search.position, self._search.is_done
        self.has_more = self._search.is_full
        return hits

    def close(self) -> None:
        """Close the file; after the turn that is under way, which ends soon."""
        if self._search is not None:
            self._search.cancel()
        if self.work is not None:
            self.work.add_done_callback(lambda _: self._close())

    def _close(self) -> None:
        if self._search is not None:
            self._search.close()
