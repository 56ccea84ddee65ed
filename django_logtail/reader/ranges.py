"""Answers about older content: ranges, lines before a place, searches. Each is a want of its own."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final

from django_logtail.control.mailboxes import Mailboxes, MailboxUnavailable
from django_logtail.control.messages import Answer, Failed, Piece, Read
from django_logtail.control.wants import Want
from django_logtail.place import Place
from django_logtail.protocol import MAX_BATCH_BYTES, MAX_RANGE_BYTES
from django_logtail.reader.flows import Flows
from django_logtail.reader.lease import TICK_SECONDS
from django_logtail.reader.lifetime import Parts
from django_logtail.reader.limits import LEAST_WAIT_SECONDS, Limits
from django_logtail.reader.seals import Seals
from django_logtail.reader.searches import Searches
from django_logtail.reader.sources import NotThere, Source, Sources
from django_logtail.shares import Shares, Timed, Turns
from django_logtail.tailing import history
from django_logtail.tailing.reasons import reason, reason_of
from django_logtail.timing import TokenBucket

#: Percent of one processor for all users' requests together; a directory may hold thousands of older files.
PERCENT_IN_ALL: Final = 50


class Ranges:
    """Answers each history want once, in `threads`, as many at a time as the limits allow.

    `token` is the reader's; `permit` decides about an open descriptor; `budget` is what all logs together may read.
    """

    def __init__(
        self,
        token: str,
        flows: Flows,
        sources: Sources,
        mailboxes: Mailboxes,
        parts: Parts,
        threads: ThreadPoolExecutor,
        *,
        permit: Callable[[int], str | None],
        limits: Limits,
        budget: TokenBucket,
        clock: Callable[[], float],
    ) -> None:
        self._token = token
        self._flows = flows
        self._sources = sources
        self._mailboxes = mailboxes
        self._parts = parts
        self._threads = threads
        self._permit = permit
        self._budget = budget
        self._clock = clock
        self._turns = Turns(limits.history_jobs)
        self._bytes = Shares(limits.history_bytes_per_second_per_user, clock=clock)
        percent = limits.answer_processor_percent_per_user
        self._processor = Shares(percent * 10_000, max(percent, PERCENT_IN_ALL) * 10_000, clock=clock)
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._searches = Searches(
            sources,
            self._send_surely,
            permit=permit,
            turns=self._turns,
            threads=threads,
            limits=limits,
            clock=clock,
        )

    def __len__(self) -> int:
        return len(self._under_way)

    def members(self) -> list[str]:
        """The members of the wants being answered."""
        return list(self._under_way)

    def answer(self, want: Want) -> None:
        """Start answering, unless already running."""
        if want.member in self._under_way:
            return
        is_search = want.search is not None
        answer = self._searches.answer(want, self._token) if is_search else self._answer(want)
        work = self._or_failed(want, answer)
        task = self._under_way[want.member] = self._parts.start_task(f"history of log {want.log}", work)
        task.add_done_callback(lambda _: self._under_way.pop(want.member, None))

    def drop(self, member: str) -> None:
        """End an answer that nobody waits for any more."""
        if (task := self._under_way.get(member)) is not None:
            task.cancel()

    async def _or_failed(self, want: Want, answer: Coroutine[Any, Any, None]) -> None:
        """Run the answer; if anything goes wrong, tell the requester at once."""
        try:
            await answer
        except Exception as error:  # noqa: BLE001 - reported, and affects only this answer
            self._parts.failed(f"history of log {want.log}", error)
            failed = reason("reader-failed", error=type(error).__name__)
            await self._send_surely(want.mailbox, Failed(self._token, want.member, want.serial, failed))

    async def _answer(self, want: Want) -> None:
        await self._bytes.turn(want.user)
        await self._processor.turn(want.user)
        async with self._turns.of(want.user):
            address = (self._token, want.member, want.serial)
            try:
                start, data = await self._read(want)
            except (NotThere, OSError) as error:
                await self._send_surely(want.mailbox, Failed(*address, reason_of(error)))
                return
            for at in range(0, len(data), MAX_BATCH_BYTES):
                piece = data[at : at + MAX_BATCH_BYTES]
                await self._send_surely(want.mailbox, Piece(*address, start.ahead(at), piece))
            await self._send_surely(want.mailbox, Read(*address, start, start.offset + len(data)))

    async def _read(self, want: Want) -> tuple[Place, bytes]:
        source = await self._sources.of(want.log, want.revision)
        await self._until_affordable()
        files = self._flows.open_files(want.log)
        read = partial(read_history, source, want, self._permit, files)
        work: Timed[tuple[Place, bytes]] = Timed(read)
        try:
            start, data = await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:  # also if nothing was found: finding that out may have cost more
            self._processor.spend(want.user, work.microseconds)
        self._bytes.spend(want.user, len(data))
        self._budget.spend(len(data))  # it may become a debt, which later reads wait for
        return start, data

    async def _until_affordable(self) -> None:
        """Wait until the budget of all logs has something left."""
        while (left := self._budget.left(self._clock())) <= 0:
            debt_seconds = -left / self._budget.per_second
            await asyncio.sleep(min(TICK_SECONDS, max(LEAST_WAIT_SECONDS, debt_seconds)))

    async def _send_surely(self, mailbox: str, message: Answer) -> None:
        while True:
            try:
                return await self._mailboxes.send(mailbox, message)
            except MailboxUnavailable:
                await asyncio.sleep(TICK_SECONDS)


def read_history(
    source: Source,
    want: Want,
    permit: Callable[[int], str | None],
    open_files: Mapping[tuple[int, int], str],
) -> tuple[Place, bytes]:
    """The bytes that a history want requests, and where they begin. Raises `NotThere` if they no longer exist.

    Lines before a file's first byte are the last lines of the previous file. `open_files`: the ids that streams use, by
    device and inode; a file may have two ids if it was short when it got the first.
    """
    seals = Seals(want.log)
    asked, descriptor = _open_asked(source, want, permit, seals)
    try:
        found = os.fstat(descriptor)
        if want.before_lines is not None:
            end = min(asked.offset, found.st_size)
            start = history.lines_before(descriptor, end, want.before_lines, source.encoding, MAX_RANGE_BYTES)
        else:
            start, end = asked.offset, min(want.end or 0, asked.offset + MAX_RANGE_BYTES)
        file = open_files.get((found.st_dev, found.st_ino), asked.file)
        return Place(seals.seal(file), start), history.read_range(descriptor, start, end)
    finally:
        os.close(descriptor)


def _open_asked(
    source: Source, want: Want, permit: Callable[[int], str | None], seals: Seals
) -> tuple[Place, int]:
    """The place of a history want, and a descriptor of its file."""
    assert want.position is not None
    asked = seals.open_place(want.position)
    belonging, permit = source.belonging, source.permit(permit)
    descriptor = history.open_generation(belonging, asked.file, permit=permit)
    if descriptor is None:
        raise NotThere(reason("bytes-gone"))
    if want.before_lines is None or asked.offset > 0:
        return asked, descriptor
    try:
        previous = history.open_previous(belonging, descriptor, permit=permit)
    finally:
        os.close(descriptor)
    if previous is None:
        raise NotThere(reason("no-older-file"))
    file, descriptor = previous
    return Place(file, os.fstat(descriptor).st_size), descriptor
