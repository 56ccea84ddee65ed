"""`Control` for a reader in this process: what Redis would keep, without a server."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django_logtail.control import (
    MOST_NOTES,
    READER_LEASE_MS,
    Busy,
    FailedTask,
    Lacking,
    Note,
    Posted,
    Project,
    ReaderLease,
    Seen,
    Server,
    Tick,
    ViewerFacts,
)
from django_logtail.control.failed import failed_here
from django_logtail.control.limits import MemoryLimits
from django_logtail.control.wants import WANT_LEASE_MS, Want


class MemoryControl:
    """`Control` for a reader in this process: the same rules, without a server."""

    where = ""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.losses = 0
        self._clock = clock
        self._lock = threading.Lock()
        self._queues: dict[str, _Family] = {}
        self._viewers: dict[str, list[ViewerFacts]] = {}
        #: By queue, until when its members need not be asked for again.
        self._turns: dict[str, float] = {}
        self._tickets: dict[str, float] = {}
        self.limits = MemoryLimits(clock)

    def post(
        self, queue: str, wants: Iterable[Want], renewed: Iterable[str], dropped: Iterable[str]
    ) -> Posted:
        with self._lock:
            family, now = self._family(queue), self._clock()
            missing = []
            for want in wants:
                family.wants[want.member] = want
                family.expiry[want.member] = now + WANT_LEASE_MS / 1000
                family.mark(want.member)
            for member in renewed:
                if member in family.wants:
                    family.expiry[member] = now + WANT_LEASE_MS / 1000
                else:
                    missing.append(member)
            for member in dropped:
                family.drop(member)
            reader = family.live_reader(now)
            wake = reader is None and bool(family.wants) and now >= family.wake_after
            if wake:
                family.wake_after = now + 2.0
            return Posted(reader, wake, tuple(missing))

    def tick(self, queue: str, lease: ReaderLease, seen: Seen, *, may_end: bool, starting: bool) -> Tick:
        with self._lock:
            family, now = self._family(queue), self._clock()
            holder = family.live_reader(now)
            if holder is not None and holder.token != lease.token:
                return Tick(holds=False, holder=holder)
            for member in [member for member, until in family.expiry.items() if until <= now]:
                family.drop(member)
            if may_end and not family.wants:
                family.reader = None
                return Tick(holds=False, ended=True)
            family.reader, family.reader_until = lease, now + READER_LEASE_MS / 1000
            if starting:
                family.wake_after = 0.0
            is_full = seen.epoch != family.epoch
            members = (
                list(family.wants)
                if is_full
                else [m for m, at in family.changed.items() if at > seen.version]
            )
            family.changed = {m: at for m, at in family.changed.items() if at > seen.version}
            return Tick(
                holds=True,
                seen=Seen(family.epoch, family.version),
                is_full=is_full,
                changed={member: family.wants.get(member) for member in members},
                stops=dict(family.stop),
                notes=family.taken_notes(),
            )

    def hand_over(self, queue: str, lease: ReaderLease) -> int:
        with self._lock:
            family = self._family(queue)
            if family.reader is None or family.reader.token != lease.token:
                return 0
            family.reader = None
            return len(family.wants)

    def report(self, queue: str, status: Mapping[str, object]) -> None:
        with self._lock:
            self._family(queue).status = dict(status)

    def status(self, queue: str) -> dict[str, Any] | None:
        with self._lock:
            family = self._family(queue)
            return family.status if family.live_reader(self._clock()) else None

    def reader(self, queue: str) -> ReaderLease | None:
        with self._lock:
            return self._family(queue).live_reader(self._clock())

    def set_stop(self, queue: str, log: str, reason: str) -> None:
        with self._lock:
            self._family(queue).stop[log] = reason

    def clear_stop(self, queue: str, log: str) -> bool:
        with self._lock:
            return self._family(queue).stop.pop(log, None) is not None

    def stops(self, queue: str) -> dict[str, str]:
        with self._lock:
            return dict(self._family(queue).stop)

    def add_note(self, queue: str, note: Note) -> None:
        with self._lock:
            self._family(queue).notes = [*self._family(queue).notes, note][-MOST_NOTES:]

    def report_viewers(self, process: str, viewers: list[ViewerFacts]) -> None:
        with self._lock:
            self._viewers[process] = list(viewers)

    def viewers(self) -> list[ViewerFacts]:
        with self._lock:
            return [viewer for viewers in self._viewers.values() for viewer in viewers]

    def failures(self) -> list[FailedTask]:
        return failed_here()

    def ignored(self) -> dict[str, int]:
        return {}

    def introduce(self) -> list[Project]:
        return []

    def clock(self) -> float:
        return self._clock()

    def wanted(self, queue: str) -> set[str]:
        with self._lock:
            return {want.log for want in self._family(queue).wants.values()}

    def serve(self, queue: str, server: Server) -> None:
        """Nothing to do: there are no workers."""

    def serve_no_more(self, queue: str, server: Server) -> None:
        """Nothing to do."""

    def servers(self, queue: str) -> list[Server]:
        return []

    def say_busy(self, queue: str, busy: Busy) -> None:
        """Nothing to do: there are no workers."""

    def busy(self, queue: str) -> list[Busy]:
        return []

    def waiting(self, queue: str) -> str:
        return ""

    def set_waiting(self, queue: str, name: str) -> None:
        """Nothing to store: there is no broker."""

    def ring(self, queue: str) -> None:
        """Nobody: there are no workers."""

    def heard(self, since: str, seconds: float) -> tuple[str, set[str]]:
        return "", set()

    def take_turn(self, queue: str, seconds: float) -> bool:
        with self._lock:
            now = self._clock()
            if now < self._turns.get(queue, now):
                return False
            self._turns[queue] = now + seconds
            return True

    def use_ticket(self, digest: str, seconds: float) -> bool:
        with self._lock:
            now = self._clock()
            self._tickets = {ticket: until for ticket, until in self._tickets.items() if until > now}
            if digest in self._tickets:
                return False
            self._tickets[digest] = now + seconds
            return True

    def answer(self, queue: str, question: str, text: str) -> None:
        """Nothing to store: this process answers itself."""

    def take_answer(self, queue: str, question: str) -> str:
        return ""

    def tell_changes(self, concerned: Collection[str]) -> None:
        """Nobody: other processes have no way to hear it."""

    def changes(self) -> dict[str, float]:
        return {}

    def ping(self) -> str:
        return "in this process"

    def lacks(self) -> Lacking:
        return Lacking()

    def _family(self, queue: str) -> _Family:
        return self._queues.setdefault(queue, _Family())


@dataclass
class _Family:
    """One queue's keys, in memory."""

    epoch: str = field(default_factory=lambda: uuid.uuid4().hex)
    version: int = 0
    wants: dict[str, Want] = field(default_factory=dict)
    expiry: dict[str, float] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)
    reader: ReaderLease | None = None
    reader_until: float = 0.0
    wake_after: float = 0.0
    stop: dict[str, str] = field(default_factory=dict)
    status: dict[str, Any] | None = None
    notes: list[Note] = field(default_factory=list)

    def taken_notes(self) -> tuple[Note, ...]:
        taken, self.notes = tuple(self.notes), []
        return taken

    def mark(self, member: str) -> None:
        self.version += 1
        self.changed[member] = self.version

    def drop(self, member: str) -> None:
        self.expiry.pop(member, None)
        if self.wants.pop(member, None) is not None:
            self.mark(member)

    def live_reader(self, now: float) -> ReaderLease | None:
        return self.reader if self.reader is not None and now < self.reader_until else None
