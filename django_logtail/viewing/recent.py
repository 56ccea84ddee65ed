"""Where the lines of a log begin that are recent enough for people without the right to see earlier ones.

The reader finds the place by the times of the lines. Where it can't be sure, because lines have no times or are out of
order, or nobody answers, there are no recent lines: such people see what is written from then on.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from django_logtail.control.messages import Answer, Failed, Listed, Reached
from django_logtail.models import Log
from django_logtail.place import Place
from django_logtail.relay import Relay
from django_logtail.relay.here import relay_here
from django_logtail.relay.requests import Request
from django_logtail.timing import time_limit

#: Seconds for which a place that was found serves, and after which one that was not found is looked for again.
FOUND_SECONDS: Final = 60.0
NOT_FOUND_SECONDS: Final = 5.0
#: Seconds by which the place is too late when it is found: no line may be too old while it serves, nor if times go
#: back by as much as in a log that counts as ordered.
EARLY_SECONDS: Final = FOUND_SECONDS + 5.0
#: Seconds that the reader has for the answers.
LOOK_SECONDS: Final = 8.0
#: Logs whose places are kept.
MOST_EDGES: Final = 1_000
#: Words of the protocol for moments whose place is certain.
_CERTAIN: Final = ("found", "begins")


@dataclass(frozen=True, slots=True)
class Edge:
    """The first recent line is at `place`; its file and the newer ones are `files`, the others `older`.

    `ms`: the moment, as in `time`.
    """

    place: Place
    files: frozenset[str]
    older: frozenset[str]
    ms: int
    hours: int

    def knows(self, file: str) -> bool:
        """Whether the file was there when the edge was found."""
        return file in self.files or file in self.older

    def allows(self, place: Place) -> bool:
        """Whether what begins at this place is recent. Not in files that are older, or unknown."""
        if place.file == self.place.file:
            return place.offset >= self.place.offset
        return place.file in self.files


@dataclass(slots=True)
class _Kept:
    edge: Edge | None
    looked_at: float


class Edges:
    """The edges of logs, found once for everybody. Belongs to one event loop. `clock`: seconds since the epoch."""

    def __init__(
        self, relay: Callable[[], Relay] = relay_here, clock: Callable[[], float] = time.time
    ) -> None:
        self._relay = relay
        self._clock = clock
        self._kept: dict[tuple[str, int], _Kept] = {}
        self._looks: dict[tuple[str, int], asyncio.Task[Edge | None]] = {}

    async def of(self, log: Log, file: str | None = None) -> Edge | None:
        """The log's edge now; None if there are no lines of which it is certain that they are recent.

        `file`: of which somebody asks, who may know it from a moment ago; "": all of them matter, also new ones.
        """
        hours = log.registration.history_hours
        if not hours:
            return None
        key = log.revision, hours
        kept = self._kept.get(key)
        if kept is not None and self._serves(kept, file):
            return kept.edge
        look = self._looks.get(key)
        if look is None or file is not None:
            look = self._looks[key] = asyncio.ensure_future(self._found(key, log, hours))
            look.add_done_callback(partial(self._looked, key))
        return await asyncio.shield(look)

    def _looked(self, key: tuple[str, int], look: asyncio.Task[Edge | None]) -> None:
        if self._looks.get(key) is look:
            del self._looks[key]

    def _serves(self, kept: _Kept, file: str | None) -> bool:
        edge, age = kept.edge, self._clock() - kept.looked_at
        if edge is None:
            return 0 <= age < NOT_FOUND_SECONDS
        # There may be a new file, or a short one may have got another id when its stream began.
        return 0 <= age < FOUND_SECONDS and (file is None or edge.knows(file))

    async def _found(self, key: tuple[str, int], log: Log, hours: int) -> Edge | None:
        now = self._clock()
        edge = None
        try:
            async with time_limit(LOOK_SECONDS):
                edge = await self._look(log, hours, round((now + EARLY_SECONDS - hours * 3600) * 1000))
        except asyncio.TimeoutError:
            pass
        self._kept.pop(key, None)
        self._kept[key] = _Kept(edge, now)
        if len(self._kept) > MOST_EDGES:
            del self._kept[next(iter(self._kept))]
        return edge

    async def _look(self, log: Log, hours: int, ms: int) -> Edge | None:
        relay, of = self._relay(), (str(log.pk), log.queue_name)
        reached = await _answer(relay.request(*of, moment=ms, revision=log.revision))
        if not isinstance(reached, Reached) or reached.result not in _CERTAIN or reached.place is None:
            return None
        listed = await _answer(relay.request(*of, files=True, revision=log.revision))
        if not isinstance(listed, Listed):
            return None
        files = [str(file.get("file") or "") for file in listed.files]
        if reached.place.file not in files:
            return None
        number = files.index(reached.place.file)
        newer, older = (frozenset(filter(None, some)) for some in (files[number:], files[:number]))
        return Edge(reached.place, newer, older, ms, hours)


async def _answer(request: Request) -> Answer:
    """The message that answers a request. Raises `asyncio.TimeoutError`."""
    try:
        while not isinstance(message := await request.next(), Reached | Listed | Failed):
            pass  # how far the reader is
        return message
    finally:
        request.close()


_edges: dict[asyncio.AbstractEventLoop, Edges] = {}


def edges_here() -> Edges:
    """The edges of the running event loop."""
    loop = asyncio.get_running_loop()
    for old in [old for old in _edges if old.is_closed()]:
        del _edges[old]
    return _edges.setdefault(loop, Edges())


async def edge_for(log: Log) -> Edge | None:
    """Where the lines begin that the admitted user may see; None if that doesn't depend on their age."""
    return await edges_here().of(log, "") if log.recent_rights else None
