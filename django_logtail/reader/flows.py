"""The flows of one reader, and which of them have something to do."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from django_logtail.control.wants import Want
from django_logtail.reader.flow import Flow
from django_logtail.reader.redacting import shows_original
from django_logtail.tailing import Item, history

#: Heartbeats that include a flow after it changed, because a single one may be lost.
CHANGED_BEATS: Final = 4


class Flows:
    """The flows by member. Tracks which ones need reading, credit or a report, but does none of that itself."""

    def __init__(self, token: str, wall: Callable[[], float] = time.time) -> None:
        """`wall`: seconds since the epoch."""
        #: Members with something to do, longest waiting first; those whose time has not come stay in.
        self.ready: dict[str, None] = {}
        #: Members that could emit more but have had no credit since the given time.
        self.starved: dict[str, float] = {}
        #: Members that moved, or may have: the next heartbeat looks only at these.
        self.moving: dict[str, None] = {}
        #: Set when the pump must look again at once.
        self.hinted = asyncio.Event()
        self._token = token
        self._wall = wall
        self._by_member: dict[str, Flow] = {}
        self._runs = itertools.count(1)

    def __len__(self) -> int:
        return len(self._by_member)

    def __iter__(self) -> Iterator[Flow]:
        return iter(self._by_member.values())

    def members(self) -> list[str]:
        return list(self._by_member)

    def get(self, member: str) -> Flow | None:
        return self._by_member.get(member)

    def begin(self, want: Want) -> Flow:
        """A new flow for a want that has none."""
        flow = Flow(want, self._token, next(self._runs), sent=want.taken)
        self._by_member[flow.member] = flow
        self.changed(flow)
        return flow

    def drop(self, member: str) -> Flow | None:
        """Forget the member's flow. The caller must close its follower."""
        self.starved.pop(member, None)
        self.moving.pop(member, None)
        return self._by_member.pop(member, None)

    def put(self, flow: Flow, items: Iterable[Item]) -> None:
        """Queue what the flow's follower emitted for sending. Raises `RuleFailed` and `OriginalOver`."""
        shows_original(flow.want, self._wall())
        for item in items:
            flow.put(item)
            self.changed(flow)

    def changed(self, flow: Flow) -> None:
        """Include it in the next heartbeats."""
        flow.beats = CHANGED_BEATS
        self.moving[flow.member] = None

    def may_have_moved(self, flow: Flow) -> None:
        """Look at it for the next heartbeat."""
        if self._by_member.get(flow.member) is flow:
            self.moving[flow.member] = None

    def hint(self, flow: Flow) -> None:
        """Give it a turn at once, or when its time has come."""
        self.ready[flow.member] = None
        self.hinted.set()

    def awaits_its_round(self, member: object, now: float) -> bool:
        """Whether it will get a turn, but not yet: no news of its file changes that."""
        flow = self._by_member.get(str(member))
        return flow is not None and flow.member in self.ready and flow.not_before > now

    def open_files(self, log: str) -> dict[tuple[int, int], str]:
        """By device and inode, the ids that this log's streams use for their current files."""
        flows = (flow for flow in self if flow.want.log == log)
        places = (flow.follower.position for flow in flows if flow.follower is not None)
        files = {place.file for place in places if place is not None}
        return {inode: file for file in files if (inode := history.inode_of(file)) is not None}
