"""A viewer's requests outside the stream, a few at a time, each in a task.

They are ranges, lists of files, times, entries over time, and searches.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final, cast

from django.db import DatabaseError

from django_logtail import protocol
from django_logtail.access import Refused
from django_logtail.audit.recorder import keeps_records
from django_logtail.audit.viewings import OpenViewing
from django_logtail.control.messages import Answer, Counted, Failed, Found, Listed, Piece, Reached, Read
from django_logtail.control.wants import Sought
from django_logtail.models import Log
from django_logtail.place import Place
from django_logtail.protocol import Frame, place_fields
from django_logtail.relay import Relay
from django_logtail.relay.requests import Request
from django_logtail.rights import Right
from django_logtail.shares import Charged
from django_logtail.tailing.reasons import reason
from django_logtail.tailing.text.matching import has_regex
from django_logtail.viewing import limits
from django_logtail.viewing.actions import BROKEN_OFF, record_asked, record_not_allowed
from django_logtail.viewing.admission import NotRecorded
from django_logtail.viewing.limits import OverLimit
from django_logtail.viewing.recent import Edge, edges_here
from django_logtail.viewing.recent_lines import file_of, shown, too_old, within
from django_logtail.viewing.rechecks import Changed
from django_logtail.viewing.socket import End
from django_logtail.viewing.spending import spending_here

#: Answers to `range`, `files` and `time` that one viewer may wait for at a time.
RANGES: Final = 4
#: Searches that one viewer may have running: one that was just cancelled may still be ending.
SEARCHES: Final = 2

#: Pictures of entries over time that one viewer may wait for.
VOLUMES: Final = 2

#: Messages that end an answer.
ENDS: Final = ("done", "files", "time", "error")

Asked = (
    protocol.Range
    | protocol.RangeBefore
    | protocol.Files
    | protocol.Time
    | protocol.Volume
    | protocol.SearchFrom
    | protocol.SearchAll
)


#: What a client may request in addition to the stream, and the right that it needs.
OFFERED: Final = {
    "range": Right.HISTORY,
    "search": Right.SEARCH,
    "terms": Right.SEARCH,
    "order": Right.SEARCH,
    "heads": Right.SEARCH,
    "files": Right.HISTORY,
    "time": Right.HISTORY,
    "volume": Right.HISTORY,
}


def offered(rights: Collection[Right]) -> list[str]:
    """What a client with these rights may request in addition to the stream."""
    found = [name for name, right in OFFERED.items() if right in rights]
    return [*found, *(["regex"] if Right.SEARCH in rights and has_regex() else [])]


def needed(asked: Asked) -> Right:
    """The right that an answer needs."""
    return Right.SEARCH if isinstance(asked, protocol.SearchFrom | protocol.SearchAll) else Right.HISTORY


class Answers:
    """The answers to one viewer that are under way."""

    def __init__(
        self,
        relay: Relay,
        user: str,
        admit: Callable[[], Awaitable[Log]],
        send: Callable[[Frame], Awaitable[int]],
        record: OpenViewing | None = None,
        original_end: float = 0.0,
    ) -> None:
        """`admit`: the log, if the viewer may still see it; raises `Refused`, `Changed` and `DatabaseError`.

        `user`: whose share is charged. `send` returns the length of the frame, and raises `End`. `record`: of the
        viewing, if it is recorded. `original_end`: until when it shows the original, in seconds since the epoch, or 0.
        """
        self._relay = relay
        self._user = user
        self._admit = admit
        self._send = send
        self._record = record
        self._original_end = original_end
        self._ranges: dict[int, asyncio.Task[None]] = {}
        self._searches: dict[int, asyncio.Task[None]] = {}
        self._volumes: dict[int, asyncio.Task[None]] = {}

    @property
    def tasks(self) -> list[asyncio.Task[None]]:
        return [task for kind in self._all for task in kind.values()]

    @property
    def _all(self) -> tuple[dict[int, asyncio.Task[None]], ...]:
        return self._ranges, self._searches, self._volumes

    async def begin(self, asked: Asked) -> None:
        """Start answering, or report that too many requests are open. Users beyond their share wait first."""
        processor = spending_here().processor
        await processor.turn(self._user)
        await Charged(self._begin(asked), functools.partial(processor.spend, self._user))

    async def _begin(self, asked: Asked) -> None:
        if isinstance(asked, protocol.SearchFrom | protocol.SearchAll):
            others, most, name = self._searches, SEARCHES, "searches"
        elif isinstance(asked, protocol.Volume):
            others, most, name = self._volumes, VOLUMES, "volumes"
        else:
            others, most, name = self._ranges, RANGES, "ranges"
        request = asked.request
        if any(request in kind for kind in self._all) or len(others) >= most:
            text = reason("too-many-requests", count=most)
            await self._send(Frame.message("error", request=request, id=f"too-many-{name}", text=text))
            return
        with contextlib.ExitStack() as slot:
            if isinstance(asked, protocol.SearchFrom | protocol.SearchAll):
                try:
                    slot.enter_context(await limits.take(limits.SEARCHES, self._user))
                except OverLimit as over:
                    await self._send(Frame.message("error", **_too_many_searches(request, over.limit or 0)))
                    return
            task = others[request] = asyncio.ensure_future(self._answer(asked))
            kept = slot.pop_all()

        def ended(_: asyncio.Task[None]) -> None:
            kept.close()
            others.pop(request, None)

        task.add_done_callback(ended)

    def cancel(self, request: int) -> None:
        for kind in self._all:
            if (task := kind.get(request)) is not None:
                task.cancel()

    async def _answer(self, asked: Asked) -> None:
        # The listening task also notices that the client is gone, and the next lookup that access is.
        with contextlib.suppress(End, Refused, Changed, NotRecorded):
            spending = spending_here()
            if isinstance(asked, protocol.SearchFrom | protocol.SearchAll):
                await self._charged(asked)
                return
            places = spending.volumes if isinstance(asked, protocol.Volume) else spending.ranges
            async with places.of(self._user):
                await spending.requests.turn(self._user)
                spending.requests.spend(self._user, 1)
                await self._charged(asked)

    async def _charged(self, asked: Asked) -> None:
        spend = functools.partial(spending_here().processor.spend, self._user)
        await Charged(self._tell_or_fail(asked), spend)

    async def _tell_or_fail(self, asked: Asked) -> None:
        try:
            await self._tell(asked)
        except (End, Refused, Changed, NotRecorded):
            raise
        except Exception as error:  # noqa: BLE001 - reported; the viewer is told, and everything else goes on
            self._relay.supervisor.failed("answering a viewer", error)
            text = reason("server-failed")
            await self._send(Frame.message("error", request=asked.request, id="unavailable", text=text))

    async def _tell(self, asked: Asked) -> None:
        spending = spending_here()
        try:
            log = await self._admit()
        except DatabaseError:
            text = reason("unavailable")
            await self._send(Frame.message("error", request=asked.request, id="unavailable", text=text))
            return
        edge = None
        if needed(asked) not in log.rights:
            edge = await edges_here().of(log, file_of(asked)) if needed(asked) in log.recent_rights else None
            limited = None if edge is None else within(asked, edge)
            if limited is None:
                record_not_allowed(self._record, needed(asked))
                text = reason("not-allowed") if edge is None else too_old(log)
                await self._send(Frame.message("error", request=asked.request, id="not-allowed", text=text))
                return
            asked = cast(Asked, limited)
        if not keeps_records():
            text = reason("not-recorded")
            await self._send(Frame.message("error", request=asked.request, id="not-recorded", text=text))
            return
        action = record_asked(asked, self._record)
        try:
            async with contextlib.aclosing(self._frames(log, asked)) as frames:
                async for frame in frames if edge is None else _recent(frames, edge):
                    await spending.processor.turn(self._user)
                    spending.spend_arrival(self._user, await self._send(frame))
                    if action is not None:
                        action.answered(frame)
        finally:
            if action is not None:
                action.close(BROKEN_OFF)

    def _frames(self, log: Log, asked: Asked) -> AsyncGenerator[Frame]:
        ask = functools.partial(
            self._relay.request,
            str(log.pk),
            log.queue_name,
            user=self._user,
            revision=log.revision,
            original_end=self._original_end,
        )
        match asked:
            case protocol.Range(request, start, end):
                return told_frames(ask(start, end=end), request, range_frame)
            case protocol.RangeBefore(request, before, lines):
                return told_frames(ask(before, before_lines=lines), request, range_frame)
            case protocol.Files(request):
                return told_frames(ask(files=True), request, files_frame)
            case protocol.Time(request, at):
                return told_frames(ask(moment=at), request, time_frame)
            case protocol.Volume(request, since, until, columns):
                return volume_frames(ask(columns=columns, since=since, until=until), request)
            case protocol.SearchFrom(request, start, pattern, regex, case, terms, levels):
                sought = Sought(pattern, regex, case, list(terms), levels)
                return search_frames(ask(start, search=sought), request, start)
            case protocol.SearchAll(request):
                return all_frames(lambda sought: ask(search=sought), request, sought_by(asked))


async def _recent(frames: AsyncGenerator[Frame], edge: Edge) -> AsyncGenerator[Frame]:
    """Without what isn't recent. An answer of which nothing may be told ends with `error`."""
    async for frame in frames:
        kept = shown(frame, edge)
        if kept is not None:
            yield kept
        elif frame.kind in ENDS:
            text = reason("too-old", hours=edge.hours)
            yield Frame.message("error", request=frame.fields["request"], id="not-allowed", text=text)


def sought_by(asked: protocol.SearchAll) -> Sought:
    """What a reader is asked for."""
    return Sought(
        asked.pattern,
        asked.regex,
        asked.case,
        list(asked.terms),
        asked.levels,
        asked.order,
        asked.since,
        asked.until,
        asked.limit,
        asked.counts,
        heads=asked.heads,
        after=asked.after,
        before=asked.before,
    )


def _too_many_searches(request: int, most: int) -> dict[str, object]:
    text = reason("too-many-searches", count=most)
    return {"request": request, "id": "too-many-searches", "text": text}


async def _told(
    answer: Request, request: int, frames_of: Callable[[Answer], Iterable[Frame]]
) -> AsyncGenerator[Frame]:
    """The frames of each message, up to one that ends the answer; or `error`. Close it to withdraw the request."""
    try:
        while True:
            message = await answer.next()
            if isinstance(message, Failed):
                yield Frame.message("error", request=request, id=message.id, text=message.error)
                return
            for frame in frames_of(message):
                yield frame
                if frame.kind in ENDS:
                    return
    except asyncio.TimeoutError:
        yield _no_reader(request)
    finally:
        answer.close()


def _no_reader(request: int | None) -> Frame:
    return Frame.message("error", request=request, id="no-reader", text=reason("no-answer"))


def told_frames(
    answer: Request, request: int, frame_of: Callable[[Answer, int], Frame | None]
) -> AsyncGenerator[Frame]:
    """The frames of an answer: any batches and `progress`, then the message that ends it, or `error`."""

    def frames_of(message: Answer) -> Iterator[Frame]:
        if isinstance(message, Found):
            yield Frame.message("progress", request=request, at=message.at, end=message.end)
        elif (frame := frame_of(message, request)) is not None:
            yield frame

    return _told(answer, request, frames_of)


def range_frame(message: Answer, request: int) -> Frame | None:
    """A frame of the answer to `range`; None for a message that answers something else, as below."""
    match message:
        case Piece(start=start, data=data, hidden=hidden):
            return Frame.batch(start, data, hidden=hidden, request=request)
        case Read(start=start, end=end, reason=why):
            fields = {"request": request, "file": start.file, "start": start.offset, "end": end}
            return Frame.message("done", **fields, reason=why or None)
        case _:
            return None


def files_frame(message: Answer, request: int) -> Frame | None:
    """The answer to `files`."""
    match message:
        case Listed(files=files, more=more):
            return Frame.message("files", request=request, files=files, more=more or None)
        case _:
            return None


def time_frame(message: Answer, request: int) -> Frame | None:
    """The answer to `time`."""
    match message:
        case Reached(result=result, place=None, read=read):
            return Frame.message("time", request=request, result=result, read=read)
        case Reached(result=result, place=Place(file, offset), written=written, ms=ms, read=read):
            place = {"file": file, "offset": offset, "written": written, "ms": ms}
            return Frame.message("time", request=request, result=result, **place, read=read)
        case _:
            return None


def volume_frames(answer: Request, request: int) -> AsyncGenerator[Frame]:
    """The frames that answer a `volume`, each of which replaces the one before; then `done` or `error`."""

    def frames_of(message: Answer) -> Iterator[Frame]:
        if not isinstance(message, Counted):
            return
        span = {"from": message.since, "to": message.until} if message.columns else {}
        yield Frame.message(
            "volume",
            request=request,
            **span,
            columns=message.columns,
            estimated=message.is_estimated,
            at=message.at,
            end=message.end,
            **({} if message.place is None else place_fields(message.place)),
        )
        if message.done:
            yield Frame.message("done", request=request)

    return _told(answer, request, frames_of)


def search_frames(answer: Request, request: int, start: Place) -> AsyncGenerator[Frame]:
    """The frames that answer a `search`, ending with `done` or `error`.

    Each message carries the number of hits so far, so that a lost one is noticed, and repeated hits are left out when
    another reader starts the search over.
    """
    taken = 0

    def frames_of(message: Answer) -> Iterator[Frame]:
        nonlocal taken
        if not isinstance(message, Found):
            return
        fresh = message.count - taken
        if fresh > len(message.hits):
            yield Frame.message("error", request=request, id="lost", text=reason("results-lost"))
            return
        if fresh > 0:
            taken += fresh
            hits = [_hit(*hit[:8]) for hit in message.hits[-fresh:]]
            yield Frame.message("found", request=request, file=start.file, hits=hits)
        why = message.reason or None
        if not message.done:
            yield Frame.message("progress", request=request, at=message.at, end=message.end, reason=why)
            return
        yield Frame.message(
            "done",
            request=request,
            file=start.file,
            start=start.offset,
            end=message.at,
            found=taken,
            more=message.more or None,
            reason=why,
        )

    return _told(answer, request, frames_of)


async def all_frames(
    ask: Callable[[Sought], Request], request: int | None, sought: Sought
) -> AsyncGenerator[Frame]:
    """The frames that answer a search over all files, ending with `done` or `error`. Close it to end the search."""
    search = AllFiles(ask, sought)
    try:
        async for message, hits in search.messages():
            if isinstance(message, Failed):
                yield Frame.message("error", request=request, id=message.id, text=message.error)
                return
            if hits:
                told = [_hit(*hit[:8]) for hit in hits]
                yield Frame.message("found", request=request, file=message.file, name=message.name, hits=told)
            facts = {
                "request": request,
                "at": search.at,
                "end": search.end,
                "count": search.total if sought.counts else None,
                "unread": search.unread or None,
                "reason": message.reason or None,
            }
            if message.done:
                yield Frame.message("done", found=search.taken, more=search.has_more or None, **facts)
                return
            yield Frame.message("progress", **facts)
    except asyncio.TimeoutError:
        yield _no_reader(request)
    finally:
        search.close()


class AllFiles:
    """A search over all files, whichever readers carry it out.

    Another reader would start over, and files may have come and gone since. It is asked again instead, for what comes
    after the last place that is known to be searched.
    """

    def __init__(self, ask: Callable[[Sought], Request], sought: Sought) -> None:
        #: Hits taken, and lines counted in all.
        self.taken = self.total = 0
        #: Bytes searched, and in all.
        self.at = self.end = 0
        self.has_more = False
        self._ask = ask
        self._sought = sought
        self._answer = ask(sought)
        self._unread: dict[str, dict[str, Any]] = {}
        #: The reader; and what was taken, counted and searched before its part.
        self._token = ""
        self._before = (0, 0, 0)
        self._place: Place | None = None
        self._ahead: list[Any] = []

    @property
    def unread(self) -> list[dict[str, Any]]:
        """The files that couldn't be read whole."""
        return list(self._unread.values())

    async def messages(self) -> AsyncGenerator[tuple[Found | Failed, list[Any]]]:
        """The messages, each with its hits that are new. Raises `asyncio.TimeoutError`."""
        while True:
            message = await self._answer.next()
            if isinstance(message, Failed):
                yield message, []
                return
            if not isinstance(message, Found):
                continue
            if self._token and message.token != self._token:
                self._ask_again()
                continue
            self._token = message.token
            taken, total, at = self._before
            fresh = taken + message.count - self.taken
            if fresh > len(message.hits):
                yield (
                    Failed(message.token, message.member, message.serial, reason("results-lost"), id="lost"),
                    [],
                )
                return
            if fresh < 0 or (not fresh and message.hits):
                continue  # it came twice, or late
            self.taken += fresh
            self.total = max(self.total, total + message.total)
            self.at, self.end = max(self.at, at + message.at), at + message.end
            if message.place is not None:
                self._place, self._ahead = message.place, message.ahead
            self._unread.update({str(file.get("name")): file for file in message.unread})
            self.has_more = message.more or (self._sought.counts and self.total > self.taken)
            yield message, message.hits[-fresh:] if fresh else []
            if message.done:
                return

    def _ask_again(self) -> None:
        """Let the reader that has taken over go on where the last one was."""
        self._answer.close()
        self._token, self._before = "", (self.taken, self.total, self.at)
        sought = self._sought
        if self._place is not None:
            sought = replace(sought, limit=sought.limit - self.taken, ahead=self._ahead)
            if sought.order == "newest":
                sought = replace(sought, until=self._place)
            else:
                sought = replace(sought, since=self._place)
        self._answer = self._ask(sought)

    def close(self) -> None:
        """Withdraw the request."""
        self._answer.close()


def _hit(
    start: int,
    end: int,
    parts: list[str],
    before: bool,
    after: bool,
    level: str = "",
    ms: int | None = None,
    hidden: Sequence[Sequence[Any]] = (),
) -> dict[str, Any]:
    """`before`, `after`: whether the line continues beyond the parts; `level`, `ms`: those of its entry, if known;
    `hidden`: what rules hide in the parts.
    """
    return {
        "start": start,
        "end": end,
        "parts": parts,
        **({"before": True} if before else {}),
        **({"after": True} if after else {}),
        **({"level": level} if level else {}),
        **({"ms": ms} if ms is not None else {}),
        **({"hidden": [list(one[:4]) for one in hidden]} if hidden else {}),
    }
