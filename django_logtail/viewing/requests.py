"""A viewer's requests beside the stream: ranges and searches, a few at a time, each answered by a task."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, Final

from django.db import DatabaseError

from django_logtail import protocol
from django_logtail.access import Refused
from django_logtail.conf import conf
from django_logtail.control.messages import Failed, Found, Piece, Read
from django_logtail.control.wants import Sought
from django_logtail.models import Log
from django_logtail.place import Place
from django_logtail.protocol import Frame
from django_logtail.relay import Relay
from django_logtail.relay.requests import Request
from django_logtail.shares import Charged
from django_logtail.tailing.reasons import reason
from django_logtail.tailing.text.matching import has_regex
from django_logtail.viewing.rechecks import Changed
from django_logtail.viewing.slots import slots
from django_logtail.viewing.socket import End
from django_logtail.viewing.spending import spending_here

#: Answers to `range` that one viewer may wait for at a time.
RANGES: Final = 4
#: Searches that one viewer may have running: one that was just cancelled may still be ending.
SEARCHES: Final = 2

Asked = protocol.Range | protocol.RangeBefore | protocol.SearchFrom


def offered() -> list[str]:
    """What a client may request beside the stream."""
    return ["range", "search", "terms", *(["regex"] if has_regex() else [])]


class Answers:
    """The answers to one viewer that are being made."""

    def __init__(
        self,
        relay: Relay,
        user: str,
        admit: Callable[[], Awaitable[Log]],
        send: Callable[[Frame], Awaitable[int]],
    ) -> None:
        """`admit`: the log, if the viewer may still see it; raises `Refused`, `Changed` and `DatabaseError`.

        `user`: whose share is charged. `send` returns the length of the frame, and raises `End`.
        """
        self._relay = relay
        self._user = user
        self._admit = admit
        self._send = send
        self._ranges: dict[int, asyncio.Task[None]] = {}
        self._searches: dict[int, asyncio.Task[None]] = {}

    @property
    def tasks(self) -> list[asyncio.Task[None]]:
        return [*self._ranges.values(), *self._searches.values()]

    async def begin(self, asked: Asked) -> None:
        """Start answering, or report too many requests at a time. A user who has spent their share waits first."""
        processor = spending_here().processor
        await processor.turn(self._user)
        await Charged(self._begin(asked), functools.partial(processor.spend, self._user))

    async def _begin(self, asked: Asked) -> None:
        if isinstance(asked, protocol.SearchFrom):
            others, most, name = self._searches, SEARCHES, "searches"
        else:
            others, most, name = self._ranges, RANGES, "ranges"
        request = asked.request
        if request in self._ranges or request in self._searches or len(others) >= most:
            text = reason("too-many-requests", count=most)
            await self._send(Frame.message("error", request=request, id=f"too-many-{name}", text=text))
            return
        with contextlib.ExitStack() as slot:
            if isinstance(asked, protocol.SearchFrom):
                mine = slots.take(self._user, "searches", conf.MAX_SEARCHES_PER_USER)
                if mine is None:
                    await self._send(Frame.message("error", **_too_many_searches(request)))
                    return
                slot.enter_context(mine)
            task = others[request] = asyncio.ensure_future(self._answer(asked))
            kept = slot.pop_all()

        def ended(_: asyncio.Task[None]) -> None:
            kept.close()
            others.pop(request, None)

        task.add_done_callback(ended)

    def cancel(self, request: int) -> None:
        if (task := self._ranges.get(request) or self._searches.get(request)) is not None:
            task.cancel()

    async def _answer(self, asked: Asked) -> None:
        # The listening task also notices that the client is gone, and the next lookup that access is.
        with contextlib.suppress(End, Refused, Changed):
            spending = spending_here()
            if isinstance(asked, protocol.SearchFrom):
                await self._charged(asked)
                return
            async with spending.ranges.of(self._user):
                await spending.requests.turn(self._user)
                spending.requests.spend(self._user, 1)
                await self._charged(asked)

    async def _charged(self, asked: Asked) -> None:
        spend = functools.partial(spending_here().processor.spend, self._user)
        await Charged(self._tell_or_fail(asked), spend)

    async def _tell_or_fail(self, asked: Asked) -> None:
        try:
            await self._tell(asked)
        except (End, Refused, Changed):
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
        async with contextlib.aclosing(self._frames(log, asked)) as frames:
            async for frame in frames:
                await spending.processor.turn(self._user)
                spending.spend_arrival(self._user, await self._send(frame))

    def _frames(self, log: Log, asked: Asked) -> AsyncGenerator[Frame]:
        ask = functools.partial(
            self._relay.request, str(log.pk), log.queue_name, user=self._user, revision=log.revision
        )
        match asked:
            case protocol.Range(request, start, end):
                return range_frames(ask(start, end=end), request)
            case protocol.RangeBefore(request, before, lines):
                return range_frames(ask(before, before_lines=lines), request)
            case protocol.SearchFrom(request, start, pattern, regex, case, terms, levels):
                sought = Sought(pattern, regex, case, list(terms), levels)
                return search_frames(ask(start, search=sought), request, start)


def _too_many_searches(request: int) -> dict[str, object]:
    text = reason("too-many-searches", count=conf.MAX_SEARCHES_PER_USER)
    return {"request": request, "id": "too-many-searches", "text": text}


async def range_frames(answer: Request, request: int) -> AsyncGenerator[Frame]:
    """The frames that answer a `range`: batches, then `done` or `error`. Close it to withdraw the request."""
    try:
        while True:
            message = await answer.next()
            match message:
                case Piece(start=start, data=data):
                    yield Frame.batch(start, data, request=request)
                case Read(start=start, end=end):
                    yield Frame.message("done", request=request, file=start.file, start=start.offset, end=end)
                    return
                case Failed(error=text):
                    yield Frame.message("error", request=request, id="not-there", text=text)
                    return
    except asyncio.TimeoutError:
        text = reason("no-answer")
        yield Frame.message("error", request=request, id="no-reader", text=text)
    finally:
        answer.close()


async def search_frames(answer: Request, request: int, start: Place) -> AsyncGenerator[Frame]:
    """The frames that answer a `search`, ending with `done` or `error`. Close it to end the search.

    Each message carries the number of hits so far, so that a lost one is noticed, and repeated hits are left out when
    another reader starts the search over.
    """
    taken = 0
    try:
        while True:
            message = await answer.next()
            if isinstance(message, Failed):
                yield Frame.message("error", request=request, id=message.id, text=message.error)
                return
            if not isinstance(message, Found):
                continue
            fresh = message.count - taken
            if fresh > len(message.hits):
                text = reason("results-lost")
                yield Frame.message("error", request=request, id="lost", text=text)
                return
            if fresh > 0:
                taken += fresh
                hits = [_hit(*hit[:5]) for hit in message.hits[-fresh:]]
                yield Frame.message("found", request=request, file=start.file, hits=hits)
            at, end = message.at, message.end
            if message.done:
                more = message.more or None
                yield Frame.message(
                    "done",
                    request=request,
                    file=start.file,
                    start=start.offset,
                    end=at,
                    found=taken,
                    more=more,
                )
                return
            yield Frame.message("progress", request=request, at=at, end=end, reason=message.reason or None)
    except asyncio.TimeoutError:
        text = reason("no-answer")
        yield Frame.message("error", request=request, id="no-reader", text=text)
    finally:
        answer.close()


def _hit(start: int, end: int, parts: list[str], before: bool, after: bool) -> dict[str, Any]:
    """`before`, `after`: whether the line continues beyond the parts."""
    return {
        "start": start,
        "end": end,
        "parts": parts,
        **({"before": True} if before else {}),
        **({"after": True} if after else {}),
    }
