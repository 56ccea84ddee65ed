"""Answers about older content: ranges, lines before a place, lists of files, times, entries over time, searches.

Each is a want."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Generator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final, TypeVar

from django_logtail.control.mailboxes import Mailboxes, MailboxUnavailable
from django_logtail.control.messages import Answer, Counted, Failed, Found, Listed, Piece, Reached, Read
from django_logtail.control.wants import Want
from django_logtail.place import Place
from django_logtail.protocol import MAX_BATCH_BYTES, MAX_FILES, MAX_RANGE_BYTES
from django_logtail.reader.flows import Flows
from django_logtail.reader.lease import TICK_SECONDS
from django_logtail.reader.lifetime import Parts
from django_logtail.reader.limits import LEAST_WAIT_SECONDS, Limits
from django_logtail.reader.redacting import RedactedText, declared, end_of_previous, spans_within, why_failed
from django_logtail.reader.seals import Seals
from django_logtail.reader.searches import Searches
from django_logtail.reader.sources import NotThere, Source, Sources
from django_logtail.reader.steps import STEP_SECONDS, Steps
from django_logtail.reader.times import TimeSearch
from django_logtail.reader.volumes import Volume
from django_logtail.redaction.redactor import Span
from django_logtail.redaction.rules import RuleFailed
from django_logtail.shares import Shares, Timed, Turns
from django_logtail.tailing import history
from django_logtail.tailing.archives import Unsupported
from django_logtail.tailing.files.generation import Changed
from django_logtail.tailing.listing import Listed as ListedFile
from django_logtail.tailing.listing import newest_first
from django_logtail.tailing.reasons import reason, reason_of
from django_logtail.tailing.texts import END, PlainText, Text, read_whole
from django_logtail.timing import TokenBucket

#: Percent of one processor for all users' requests together; a directory may hold thousands of older files.
PERCENT_IN_ALL: Final = 50
#: Seconds between two messages about how far an archive is unpacked: whoever waits learns that it goes on.
SAY_SECONDS: Final = 0.5

T = TypeVar("T")


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
            open_files=flows.open_files,
            clock=clock,
        )

    def __len__(self) -> int:
        return len(self._under_way)

    def members(self) -> list[str]:
        """The members of the wants being answered."""
        return list(self._under_way)

    def answer(self, want: Want) -> None:
        """Start answering, unless already running."""
        self._sources.renew(want)
        if want.member in self._under_way:
            return
        if want.search is not None:
            answer = self._searches.answer(want, self._token)
        elif want.moment is not None:
            answer = self._find_moment(want)
        elif want.columns is not None:
            answer = self._count(want)
        else:
            answer = self._list(want) if want.files else self._answer(want)
        work = self._or_failed(want, answer)
        task = self._under_way[want.member] = self._parts.start_task(f"history of log {want.log}", work)
        task.add_done_callback(lambda _: self._ended(want.member))

    def _ended(self, member: str) -> None:
        self._under_way.pop(member, None)
        self._sources.forget(member)

    def drop(self, member: str) -> None:
        """End an answer that is no longer wanted."""
        if (task := self._under_way.get(member)) is not None:
            task.cancel()

    async def _or_failed(self, want: Want, answer: Coroutine[Any, Any, None]) -> None:
        """Run the answer; if it fails, tell the requester at once."""
        try:
            await answer
        except RuleFailed as error:
            failed = Failed(self._token, want.member, want.serial, why_failed(error))
            await self._send_surely(want.mailbox, failed)
        except Exception as error:  # noqa: BLE001 - reported, and affects only this answer
            self._parts.failed(f"history of log {want.log}", error)
            why = reason("reader-failed", error=type(error).__name__)
            await self._send_surely(want.mailbox, Failed(self._token, want.member, want.serial, why))

    async def _answer(self, want: Want) -> None:
        await self._bytes.turn(want.user)
        await self._processor.turn(want.user)
        address = (self._token, want.member, want.serial)
        try:
            source = await self._sources.of_want(want)
            await self._until_affordable()
            reading = Reading(source, want, self._permit, self._flows.open_files(want.log))
            progress = self._progress(want)
            try:
                while not await self._step(want, reading):
                    await progress.tell(reading.position, reading.guess)
                    self._sources.may_go_on(want)
            finally:
                reading.close()
        except (NotThere, OSError) as error:
            await self._send_surely(want.mailbox, Failed(*address, reason_of(error)))

    async def _step(self, want: Want, reading: Reading) -> bool:
        """Find and read, or unpack for a slice; True once the answer is sent.

        Reading is charged like other history; unpacking what lies before is charged like searching it.
        """
        if reading.must_unpack:
            await self._searches.unpack(want.user, reading)
            return False
        address = (self._token, want.member, want.serial)
        async with self._turns.of(want.user):
            answer = await self._timed(want, reading.step, reading)
            if answer is None:
                return False
            start, data, spans = answer
            self._bytes.spend(want.user, len(data))
            self._budget.spend(len(data))  # it may become a debt, which later reads wait for
            for at in range(0, len(data), MAX_BATCH_BYTES):
                piece = data[at : at + MAX_BATCH_BYTES]
                hidden = declared(spans_within(spans, start.offset + at, len(piece)), start.offset + at)
                await self._send_surely(want.mailbox, Piece(*address, start.ahead(at), piece, hidden))
            end = start.offset + len(data)
            await self._send_surely(want.mailbox, Read(*address, start, end, reading.trouble))
            return True

    async def _list(self, want: Want) -> None:
        address = (self._token, want.member, want.serial)
        try:
            source = await self._sources.of_want(want)
            listing = Listing(source, want, self._permit, self._flows.open_files(want.log))
            await self._finish(want, listing)
        except (NotThere, OSError) as error:
            await self._send_surely(want.mailbox, Failed(*address, reason_of(error)))
            return
        await self._send_surely(want.mailbox, Listed(*address, listing.files, listing.has_more))

    async def _find_moment(self, want: Want) -> None:
        address = (self._token, want.member, want.serial)
        try:
            source = await self._sources.of_want(want)
            search = TimeSearch(source, want, self._permit, self._flows.open_files(want.log))
            try:
                await self._finish(want, search)
            finally:  # in a thread: if this was cancelled, a step may still be running
                self._threads.submit(search.close)
        except (NotThere, OSError) as error:
            await self._send_surely(want.mailbox, Failed(*address, reason_of(error)))
            return
        found, written = search.found, search.found.written
        if source.redaction is not None and written and source.redaction.is_hidden(written):
            written = ""
        reached = Reached(*address, found.result, found.place, written, found.ms, search.read)
        await self._send_surely(want.mailbox, reached)

    async def _count(self, want: Want) -> None:
        """Tell the picture as it gets better. It costs about what a search costs."""
        address = (self._token, want.member, want.serial)
        told = None
        try:
            source = await self._sources.of_want(want)
            volume = Volume(source, want, self._permit, self._flows.open_files(want.log), clock=self._clock)
            try:
                while not volume.is_done:
                    self._sources.may_go_on(want)
                    await self._searches.step(want.user, volume)
                    picture = volume.picture
                    if picture is not None and (picture != told or volume.is_done):
                        told = picture
                        await self._send_surely(
                            want.mailbox,
                            Counted(
                                *address,
                                picture.since,
                                picture.until,
                                picture.columns,
                                picture.is_estimated,
                                picture.at,
                                picture.end,
                                volume.is_done,
                                volume.place,
                            ),
                        )
            finally:  # in a thread: if this was cancelled, a step may still be running
                self._threads.submit(volume.close)
        except (NotThere, OSError) as error:
            await self._send_surely(want.mailbox, Failed(*address, reason_of(error)))

    def _progress(self, want: Want) -> Progress:
        return Progress(want, self._token, self._send_surely, self._clock)

    async def _finish(self, want: Want, work: Listing | TimeSearch) -> None:
        """Take all its steps, each charged to the user. Raises `NotThere` if the log is stopped meanwhile."""
        progress = self._progress(want)
        while not work.is_done:
            await progress.tell(*work.unpacked)
            self._sources.may_go_on(want)
            await self._bytes.turn(want.user)
            await self._processor.turn(want.user)
            await self._until_affordable()
            async with self._turns.of(want.user):
                before = work.read
                try:
                    await self._timed(want, work.step)
                finally:
                    self._bytes.spend(want.user, work.read - before)
                    self._budget.spend(work.read - before)

    async def _timed(self, want: Want, work: Callable[[], T], reading: Reading | None = None) -> T:
        """Run it in a thread, and charge its processor time to the user."""
        timed = Timed(work)
        future = self._threads.submit(timed)
        if reading is not None:
            reading.in_thread(future)
        try:
            return await asyncio.wrap_future(future)
        finally:  # also if nothing was found: finding that out may have cost more
            self._processor.spend(want.user, timed.microseconds)

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


class Progress:
    """Tells whoever waits for an answer how far an archive is unpacked, now and then."""

    def __init__(
        self,
        want: Want,
        token: str,
        send: Callable[[str, Answer], Awaitable[None]],
        clock: Callable[[], float],
    ) -> None:
        self._want = want
        self._token = token
        self._send = send
        self._clock = clock
        self._told = (clock(), 0)

    async def tell(self, at: int, end: int) -> None:
        """Tell it, if that was a while ago and there is news."""
        told_at, told = self._told
        if at <= told or self._clock() - told_at < SAY_SECONDS:
            return
        self._told = (self._clock(), at)
        want = self._want
        await self._send(
            want.mailbox, Found(self._token, want.member, want.serial, [], 0, at, max(at, end), done=False)
        )


class Listing(Steps):
    """The list of a log's files. First bytes of files are not charged as bytes."""

    def __init__(
        self,
        source: Source,
        want: Want,
        permit: Callable[[int], str | None],
        open_files: Mapping[tuple[int, int], str],
    ) -> None:
        super().__init__(source, want, permit, open_files)
        #: As the protocol has them, oldest first.
        self.files: list[dict[str, object]] = []
        self.has_more = False
        self._seals = Seals(want.log)

    def _work(self) -> Generator[None, None, None]:
        for found in newest_first(self._source.belonging, permit=self._permit):
            if found is None:
                yield
            elif len(self.files) == MAX_FILES:
                self.has_more = True
                return
            else:
                self.files.insert(0, self._entry(found))

    def _entry(self, found: ListedFile) -> dict[str, object]:
        file = self._open_files.get(found.inode, found.id)
        entry: dict[str, object] = {
            "file": self._seals.seal(file) if found.id else None,
            "name": found.name,
            "size": found.size,
            "stored": found.stored,
            "compression": found.kind,
        }
        return {**entry, "reason": found.reason} if found.reason else entry


class Reading:
    """The bytes that a history want requests. Call `step` in a thread; all raise `NotThere` and `OSError`.

    Lines before a file's first byte are the last lines of the previous file. `open_files`: the ids that streams use, by
    device and inode; a file may have two ids if it was short when it got the first.
    """

    def __init__(
        self,
        source: Source,
        want: Want,
        permit: Callable[[int], str | None],
        open_files: Mapping[tuple[int, int], str],
    ) -> None:
        #: Whether `unpack` must come before the next `step`.
        self.must_unpack = False
        #: Why the text ends where the answer does, although there should be more.
        self.trouble = ""
        self._source = source
        self._want = want
        self._permit = permit
        self._open_files = open_files
        self._seals = Seals(want.log)
        self._asked: Place | None = None
        self._text: Text | None = None
        self._work: Future[Any] | None = None

    def in_thread(self, work: Future[Any]) -> None:
        """The current step; the text is closed after it."""
        self._work = work

    def step(self) -> tuple[Place, bytes, list[Span]] | None:
        """Where the bytes begin, the bytes, and what is hidden in them; None: `unpack` first, or call it again."""
        try:
            if self._text is None:
                self._asked, self._text = self._open()
                self.must_unpack = self._text.size is None or not isinstance(self._text, PlainText)
                return None if self.must_unpack else self._read(self._text, self._asked)
            assert self._asked is not None
            return self._read(self._text, self._asked)
        except Changed:
            raise NotThere(reason("file-changed")) from None

    def unpack(self) -> None:
        """Unpack towards the place for a slice."""
        assert self._text is not None
        assert self._asked is not None
        try:
            self.must_unpack = not self._text.reach(self._asked.offset, STEP_SECONDS)
        except Changed:
            raise NotThere(reason("file-changed")) from None

    @property
    def position(self) -> int:
        """How far it is unpacked, in bytes of text."""
        return 0 if self._text is None else self._text.unpacked

    @property
    def guess(self) -> int:
        """How long its text is, as far as known."""
        return 0 if self._text is None else self._text.guess

    def close(self) -> None:
        """Close the text, after the current step."""
        if self._work is not None:
            self._work.add_done_callback(lambda _: self._close())

    def _close(self) -> None:
        if self._text is not None:
            self._text.close()

    def _open(self) -> tuple[Place, Text]:
        want, belonging, permit = self._want, self._source.belonging, self._source.permit(self._permit)
        assert want.position is not None
        asked = self._seals.open_place(want.position)
        try:
            text = history.open_generation(belonging, asked.file, permit=permit)
            if text is None:
                raise NotThere(reason("bytes-gone"))
            if want.before_lines is None or asked.offset > 0:
                return asked, text
            try:
                previous = history.open_previous(belonging, text, permit=permit)
            finally:
                text.close()
        except history.FilesAlike:
            raise NotThere(reason("files-alike")) from None
        except Unsupported as error:
            raise NotThere(reason_of(error)) from None
        if previous is None:
            raise NotThere(reason("no-older-file"))
        return Place(previous[0], END), previous[1]

    def _read(self, text: Text, asked: Place) -> tuple[Place, bytes, list[Span]]:
        want = self._want
        if history.needs_line_start(text, asked.file, asked.offset):
            before = text.read(max(0, asked.offset - 4), 4)
            if b"\n" not in before and asked.offset != END:
                raise NotThere(reason("bytes-gone"))
        if want.before_lines is not None:
            end = asked.offset if text.size is None else min(asked.offset, text.size)
            start = history.lines_before(text, end, want.before_lines, self._source.encoding, MAX_RANGE_BYTES)
        else:
            start, end = asked.offset, min(want.end or 0, asked.offset + MAX_RANGE_BYTES)
        data, spans = self._data(text, start, end)
        if text.size is not None and start + len(data) >= text.size:
            self.trouble = text.trouble
        file = self._open_files.get(text.inode, asked.file)
        return Place(self._seals.seal(file), start), data, spans

    def _data(self, text: Text, start: int, end: int) -> tuple[bytes, list[Span]]:
        """The bytes [start, end), and what is hidden in them."""
        source = self._source
        if source.redaction is None:
            return read_whole(text, start, end), []

        def look_before() -> bytes | None:
            return end_of_previous(source.belonging, source.permit(self._permit), text)

        return RedactedText(text, source.redaction, source.encoding, look_before).redacted(start, end - start)
