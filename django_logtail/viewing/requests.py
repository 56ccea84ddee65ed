"""What one viewer asks for beside the stream: ranges and searches, a few at a time, each answered by a task."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Final

from django.db import DatabaseError

from django_logtail import protocol
from django_logtail.access import Refused
from django_logtail.conf import conf
from django_logtail.control.wants import Sought
from django_logtail.models import Log
from django_logtail.protocol import Frame
from django_logtail.relay import Relay
from django_logtail.shares import Charged
from django_logtail.tailing.text.matching import has_regex
from django_logtail.viewing.range_frames import range_frames
from django_logtail.viewing.rechecks import Changed
from django_logtail.viewing.search_frames import search_frames
from django_logtail.viewing.slots import slots
from django_logtail.viewing.socket import End
from django_logtail.viewing.spending import spending_here

#: Answers to `range` one viewer may wait for at a time.
RANGES: Final = 4
#: Searches one viewer may have under way: one that was cancelled a moment ago may still be ending.
SEARCHES: Final = 2

Asked = protocol.Range | protocol.RangeBefore | protocol.SearchFrom


def offered() -> list[str]:
    """What a client may ask for beside the stream."""
    return ["range", "search", *(["regex"] if has_regex() else [])]


class Answers:
    """The answers under way of one viewer."""

    def __init__(
        self,
        relay: Relay,
        user: str,
        admit: Callable[[], Awaitable[Log]],
        send: Callable[[Frame], Awaitable[int]],
    ) -> None:
        """`admit`: the log, if the viewer may still see it; raises `Refused`, `Changed` and `DatabaseError`.

        `user`: who pays. `send` returns how long the frame was, and raises `End`.
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
        """Begin to answer, or say that too much is asked at a time. Who has spent their share waits before."""
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
            text = f"At most {most} {name} at a time."
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
        # Whoever listens notices as well that the other side is gone, and the next look-up that access is.
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
        except Exception as error:  # noqa: BLE001 - seen; who asked is told, and everything else goes on
            self._relay.supervisor.failed("answering a viewer", error)
            text = "The server failed to answer. Its own log says why."
            await self._send(Frame.message("error", request=asked.request, id="unavailable", text=text))

    async def _tell(self, asked: Asked) -> None:
        spending = spending_here()
        try:
            log = await self._admit()
        except DatabaseError:
            text = "The server cannot look up your access right now. Try again."
            await self._send(Frame.message("error", request=asked.request, id="unavailable", text=text))
            return
        async with contextlib.aclosing(self._frames(log, asked)) as frames:
            async for frame in frames:
                await spending.processor.turn(self._user)
                spending.spend_arrival(self._user, await self._send(frame))

    def _frames(self, log: Log, asked: Asked) -> AsyncGenerator[Frame]:
        ask = functools.partial(
            self._relay.history, str(log.pk), log.queue_name, user=self._user, revision=log.revision
        )
        match asked:
            case protocol.Range(request, start, end):
                return range_frames(ask(start, end=end), request)
            case protocol.RangeBefore(request, before, lines):
                return range_frames(ask(before, before_lines=lines), request)
            case protocol.SearchFrom(request, start, pattern, regex, case):
                return search_frames(ask(start, search=Sought(pattern, regex, case)), request, start)


def _too_many_searches(request: int) -> dict[str, object]:
    most = conf.MAX_SEARCHES_PER_USER
    text = f"You have {most} searches under way, which is the limit. Try again when one has ended."
    return {"request": request, "id": "too-many-searches", "text": text}
