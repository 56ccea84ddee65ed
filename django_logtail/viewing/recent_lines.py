"""What people without the right to see earlier lines are given of a log's recent ones: requests, answers, the stream.

Requests are limited to what is recent before they are made, and whatever comes is looked at again before it is sent.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from django_logtail import protocol
from django_logtail.models import Log
from django_logtail.place import Place
from django_logtail.protocol import ClientMessage, Frame
from django_logtail.tailing.reasons import reason
from django_logtail.viewing.recent import Edge, edges_here


def too_old(log: Log) -> str:
    """Why somebody doesn't get what they ask for: one of `reasons`."""
    return reason("too-old", hours=log.registration.history_hours or 0)


def file_of(asked: ClientMessage) -> str | None:
    """The file that a request is about: "" for all of them; None if none matters."""
    match asked:
        case (
            protocol.Range(start=place)
            | protocol.RangeBefore(before=place)
            | protocol.SearchFrom(start=place)
        ):
            return place.file
        case protocol.SearchAll() | protocol.Files() | protocol.Time():
            return ""
        case _:
            return None


def within(asked: ClientMessage, edge: Edge) -> ClientMessage | None:
    """The request, limited to what is recent; None if nothing of it is."""
    match asked:
        case protocol.Files():
            return asked
        case protocol.Range(_, start, end):
            if edge.allows(start):
                return asked
            is_across = start.file == edge.place.file and end > edge.place.offset
            return replace(asked, start=edge.place) if is_across else None
        case protocol.RangeBefore(_, before, _):
            return asked if edge.allows(before) and before != edge.place else None
        case protocol.Time(_, at):
            return replace(asked, at=max(at, edge.ms))
        case protocol.Volume(_, since, until, _):
            is_later = until is None or until > edge.ms
            return replace(asked, since=max(since or 0, edge.ms)) if is_later else None
        case protocol.SearchFrom(_, start):
            return asked if edge.allows(start) else None
        case protocol.SearchAll():
            return _search_within(asked, edge)
        case _:
            return None


def _search_within(asked: protocol.SearchAll, edge: Edge) -> protocol.SearchAll | None:
    if asked.until is not None and not edge.allows(asked.until):
        return None
    if asked.before is not None and asked.before <= edge.ms:
        return None
    if asked.since is not None and edge.allows(asked.since):
        return asked
    if asked.since is None and asked.after is not None and asked.after > edge.ms:
        # Where times are out of order, the reader begins before the moment, and would count too many.
        return replace(asked, counts=False)
    return replace(asked, since=edge.place)


def shown(frame: Frame, edge: Edge) -> Frame | None:
    """A frame of an answer, without what isn't recent; None if nothing is left, or if it can't be told."""
    fields = frame.fields
    match frame.kind:
        case "progress" | "error":
            return frame
        case "batch":
            return cut(frame, edge)
        case "done":
            return _done(frame, edge)
        case "found":
            hits = [hit for hit in fields["hits"] if edge.allows(Place(fields["file"], hit["start"]))]
            return Frame(frame.kind, {**fields, "hits": hits}) if hits else None
        case "files":
            files = [file for file in fields["files"] if file.get("file") in edge.files]
            return Frame(frame.kind, {**fields, "files": files})
        case "time":
            is_recent = "file" in fields and edge.allows(Place(fields["file"], fields["offset"]))
            return frame if is_recent or fields.get("result") == "none" else None
        case "volume":
            return frame if fields.get("from", edge.ms) >= edge.ms else None
        case _:
            return None


def _done(frame: Frame, edge: Edge) -> Frame:
    """The range that was answered begins with the first recent line."""
    file, start = frame.fields.get("file"), frame.fields.get("start")
    if file != edge.place.file or start is None or start >= edge.place.offset:
        return frame
    return Frame(frame.kind, {**frame.fields, "start": edge.place.offset})


def cut(frame: Frame, edge: Edge) -> Frame | None:
    """A batch without what isn't recent; None if nothing is left."""
    file, start, end = (frame.fields[name] for name in ("file", "start", "end"))
    if edge.allows(Place(file, start)):
        return frame
    if file != edge.place.file or end <= edge.place.offset:
        return None
    return frame.after(edge.place.offset - start)


class NotCertain(Exception):
    """A stream that has not begun came to a file of which it isn't certain whether it is recent."""


class RecentStream:
    """A stream that begins with the first recent line, wherever the feed begins."""

    def __init__(self, edge: Edge, find: Callable[[str], Awaitable[Edge | None]]) -> None:
        """`find`: the edge now that there is this file."""
        self._edge = edge
        self._find = find
        #: Whether what comes now is recent, so that frames are sent as they come.
        self.has_begun = False
        self._started: Mapping[str, Any] = {}

    async def of(
        self, steps: Iterable[tuple[Frame, Place | None]]
    ) -> AsyncGenerator[tuple[Frame, Place | None]]:
        """The frames to send, of those that come from the feed. Raises `NotCertain`."""
        for frame, place in steps:
            if self.has_begun:
                yield frame, place
                continue
            file = frame.fields.get("file")
            if file is not None and not self._edge.knows(file):
                found = await self._find(file)
                if found is None or not found.knows(file):
                    raise NotCertain
                self._edge = found
            for first in self._first(frame):
                yield first, place

    def _first(self, frame: Frame) -> Iterator[Frame]:
        """What begins the stream, if this frame does."""
        fields = frame.fields
        if frame.kind == "batch":
            part = None if fields.get("late") else cut(frame, self._edge)
            if part is not None:
                yield self._begin(Place(part.fields["file"], part.fields["start"]))
                yield part
            return
        if frame.kind != "event" or "file" not in fields:
            return
        place = Place(fields["file"], fields["offset"])
        if fields.get("kind") == "started":
            self._started = fields
        if self._edge.allows(place):
            yield self._begin(place)

    def _begin(self, place: Place) -> Frame:
        self.has_begun = True
        told = self._started if self._started.get("file") == place.file else {}
        fields = {"kind": "started", "resumed": False, **told}
        return Frame("event", {**fields, "file": place.file, "offset": place.offset})


def stream_of(log: Log, edge: Edge) -> RecentStream:
    """The stream of an admitted user of this log."""
    return RecentStream(edge, lambda file: edges_here().of(log, file))


async def unlimited(
    steps: Iterable[tuple[Frame, Place | None]],
) -> AsyncGenerator[tuple[Frame, Place | None]]:
    """The same for people who may see all lines."""
    for step in steps:
        yield step
