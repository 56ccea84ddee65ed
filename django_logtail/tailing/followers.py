"""Many followers on one thread: decides which ones to poll now. Doesn't poll them itself, and reads no clock.

A regular look costs one stat while the file is unchanged, so 1,000 quiet logs cost almost nothing.

Fair by turns: every log with something to do gets one turn before any gets a second, so one log at full speed delays
each of the others by one chunk at most.
"""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from django_logtail.tailing.events import Kind
from django_logtail.tailing.files.system import raise_descriptor_limit
from django_logtail.tailing.files.watches import ANY_NAME, Source, open_source
from django_logtail.tailing.follower import TICK_SECONDS, Follower
from django_logtail.tailing.reasons import reason

#: Seconds between two looks at a log without change notifications.
POLL_SECONDS = 0.25
#: Seconds until change notification is tried again after it was refused.
RETRY_SECONDS = 30.0
#: Regular looks are grouped at intervals of this many seconds, so that 1,000 logs wake their thread 20 times a second
#: and not a thousand times.
TOGETHER_SECONDS = 0.05
#: Seconds until a follower whose budget was too small to go on is due again.
STARVED_SECONDS = 0.05
#: Why logs on network and shared file systems are polled.
REMOTE_REASON = reason("remote")


@dataclass
class Entry:
    """One follower, and when it is due."""

    follower: Follower
    due: float = 0.0
    is_ready: bool = False
    watched_revision: int = -1
    reason: str | None = None
    retry_at: float = 0.0
    emitted: int = -1


def _together(due: float) -> float:
    return math.ceil(due / TOGETHER_SECONDS) * TOGETHER_SECONDS


class FollowerSet:
    """The driver's loop: wait for `fileno` or `next_due`; `read_hints`; poll each key of `due`; tell `polled`."""

    def __init__(self, open_source: Callable[[], Source | str] = open_source) -> None:
        self._open_source = open_source
        self._entries: dict[Hashable, Entry] = {}
        self._ready: deque[Hashable] = deque()
        #: The keys due at each time, and those times as a heap. A key may be due earlier than its slot.
        self._slots: dict[float, list[Hashable]] = {}
        self._times: list[float] = []
        self._in_slots = 0
        self._source_retry_at = 0.0
        self._came_late = (
            False  # whether the source came later: a driver that found none at first may never wait for it
        )
        raise_descriptor_limit()
        found = open_source()
        self._source: Source | None = None if isinstance(found, str) else found
        self._no_source = found if isinstance(found, str) else ""

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, key: Hashable, follower: Follower) -> None:
        """Add a follower; it is due at once. Its names are watched before its first look."""
        assert key not in self._entries, f"{key!r} is already in the set"
        entry = self._entries[key] = Entry(follower)
        self._watch(key, entry, 0.0)
        self.hint(key)

    def remove(self, key: Hashable) -> None:
        """Release a follower; the caller closes it."""
        if self._entries.pop(key, None) is not None and self._source is not None:
            self._source.forget(key)

    def fileno(self) -> int | None:
        """Readable when something changed. None: there is only time to wait for."""
        return self._source.fileno() if self._source is not None else None

    def read_hints(self) -> set[Hashable]:
        """Read the kernel's notifications, without waiting; their keys become due now."""
        if self._source is None:
            return set()
        hinted, stale = self._source.read()
        if hinted is None:
            hinted = set(self._entries)  # some were lost: it may be any of them
            stale = set(self._entries)
        for key in stale:
            if key in self._entries:
                self._entries[key].watched_revision = -1
        for key in hinted:
            self.hint(key)
        return hinted

    def hint(self, key: Hashable) -> None:
        """Make a key due now: something changed, it may emit again, or the caller had no time for its turn."""
        entry = self._entries.get(key)
        if entry is not None and not entry.is_ready:
            entry.is_ready = True
            self._ready.append(key)

    def due(self, now: float) -> list[Hashable]:
        """The keys to poll now, longest waiting first. For each, poll and call `polled`, or call `hint`.

        Leaves out an unchanged file that is due for a regular look: this counted as its look.
        """
        if self._came_late:
            self.read_hints()
        while self._times and self._times[0] <= now:
            time = heapq.heappop(self._times)
            keys = self._slots.pop(time)
            self._in_slots -= len(keys)
            self._look(keys, time, now)
        ready = [key for key in self._ready if key in self._entries]
        self._ready.clear()
        for key in ready:
            self._entries[key].is_ready = False
        return ready

    def _look(self, keys: list[Hashable], time: float, now: float) -> None:
        """A slot's time has come: postpone unchanged ones, all together, and hint the others."""
        due = _together(now + TICK_SECONDS)
        resting = []
        for key in keys:
            entry = self._entries.get(key)
            if entry is None or entry.due != time or entry.is_ready:
                continue
            if entry.reason is None and entry.follower.rests(now):
                entry.due = due
                resting.append(key)
            else:
                self.hint(key)
        if resting:
            self._put(due, resting)

    def polled(self, key: Hashable, now: float) -> None:
        """The follower was just polled: update its watches, and note when it is due again."""
        entry = self._entries.get(key)
        if entry is None:
            return
        follower = entry.follower
        self._retry_source(now)
        if entry.watched_revision != follower.revision or (
            entry.reason is not None and now >= entry.retry_at
        ):
            self._watch(key, entry, now)
            self.hint(key)  # something may have changed between its look and the watch
        due = follower.next_due(now)
        if follower.has_more:
            if follower.emitted != entry.emitted:
                self.hint(key)
            due = now + STARVED_SECONDS
        elif entry.reason is not None:
            due = min(due, now + POLL_SECONDS)
        entry.emitted = follower.emitted
        if due - now >= POLL_SECONDS:
            due = _together(due)
        entry.due = max(due, now)
        self._put(entry.due, [key])
        if self._in_slots > 64 + 8 * len(self._entries):
            self._forget_old_slots()

    def _put(self, time: float, keys: list[Hashable]) -> None:
        slot = self._slots.get(time)
        if slot is None:
            self._slots[time] = keys
            heapq.heappush(self._times, time)
        else:
            slot += keys
        self._in_slots += len(keys)

    def next_due(self, now: float) -> float | None:
        """Until when the driver may wait. None: forever, without any follower."""
        if self._ready:
            return now
        while self._times:
            time = self._times[0]
            if any((entry := self._entries.get(key)) and entry.due == time for key in self._slots[time]):
                return time
            heapq.heappop(self._times)
            self._in_slots -= len(self._slots.pop(time))
        return None

    def close(self) -> None:
        """Release the event source. The caller closes the followers."""
        if self._source is not None:
            self._source.close()
            self._source = None
        self._entries.clear()
        self._ready.clear()

    def _forget_old_slots(self) -> None:
        self._slots, self._times, self._in_slots = {}, [], 0
        for key, entry in self._entries.items():
            self._put(entry.due, [key])

    def _watch(self, key: Hashable, entry: Entry, now: float) -> None:
        follower = entry.follower
        entry.watched_revision = follower.revision
        if follower.is_remote:
            reason: str | None = REMOTE_REASON
        elif self._source is None:
            reason = self._no_source
        else:
            path = follower.path.parent / ANY_NAME if follower.has_many_names else follower.path
            reason = self._source.watch(key, path, follower.descriptors())
        if reason is not None:
            entry.retry_at = now + RETRY_SECONDS
        if reason is not None and entry.reason is None:
            follower.mark(Kind.DEGRADED, reason)
        elif reason is None and entry.reason is not None:
            follower.mark(Kind.RESTORED, entry.reason)
        entry.reason = reason

    def _retry_source(self, now: float) -> None:
        """Without an event source, try to get one now and then."""
        if self._source is not None or now < self._source_retry_at:
            return
        if self._source_retry_at:
            found = self._open_source()
            if not isinstance(found, str):
                self._source, self._came_late = found, True
                for entry in self._entries.values():
                    entry.watched_revision = -1
                return
            self._no_source = found
        self._source_retry_at = now + RETRY_SECONDS
