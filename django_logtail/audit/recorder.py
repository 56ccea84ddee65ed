"""One process's recorder: takes records from any thread without waiting, logs them, and stores them in batches.

Two threads do the work: one logs and keeps what arrives, the other stores it. A logging handler or a database that
doesn't answer holds up its own thread only, and never an event loop.
"""

from __future__ import annotations

import atexit
import contextlib
import itertools
import json
import logging
import os
import socket
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Final, Protocol

from django.db import DataError, IntegrityError

from django_logtail.audit import records, storing
from django_logtail.audit.disk import OnDisk, left_behind
from django_logtail.audit.records import Record, Subject
from django_logtail.audit.signals import recorded
from django_logtail.audit.waiting import Waiting
from django_logtail.conf import conf

logger = logging.getLogger(__name__)
#: One JSON object a line, for each record but `progress`.
audit_logger = logging.getLogger("django_logtail.audit")

#: Records that have arrived and are not looked at yet: more than a stuck logging handler should let pile up.
MOST_ARRIVED: Final = 10_000
#: Records stored in one transaction.
BATCH: Final = 500
#: Seconds between two looks at what has arrived, if nothing wakes the threads.
LOOK_SECONDS: Final = 1.0
#: Seconds between two attempts to store while the database fails.
RETRY_SECONDS: Final = 1.0
#: Seconds between two records of the progress of viewings.
PROGRESS_SECONDS: Final = 60.0
#: Seconds that a process that ends gives the database for what still waits.
FLUSH_SECONDS: Final = 5.0
#: Seconds after which a database that doesn't answer counts as failing.
STUCK_SECONDS: Final = 10.0
#: Seconds that somebody waits for the first verdict on the database, where access must be recorded.
VERDICT_SECONDS: Final = 5.0
#: The outcome of viewings that end with their process.
SERVER_STOPPED: Final = "server-stopped"


class Open(Protocol):
    """A viewing that goes on. Its methods may be called from any thread."""

    def progress(self, now: float) -> Record | None:
        """What was delivered, if that has changed since this was last asked."""

    def close(self, outcome: str) -> None:
        """Record its end, unless it has ended."""

    def expire(self, now: float) -> None:
        """End it if it has lasted for long enough without a sign of its viewer."""


class Recorder:
    """`store`, `look_round` and `try_out` as in `storing`, `clock` in seconds since the epoch; tests replace them."""

    def __init__(
        self,
        store: Callable[[Sequence[Record]], None] = storing.store,
        look_round: Callable[[str, datetime], None] = storing.look_round,
        clock: Callable[[], float] = time.time,
        directory: Path | None = None,
        try_out: Callable[[], None] = storing.try_out,
    ) -> None:
        self.clock = clock
        self.pid = os.getpid()
        #: Names this process in its viewings.
        self.process = f"{socket.gethostname()}:{self.pid}:{uuid.uuid4().hex[:8]}"
        self.waiting = Waiting(OnDisk(directory) if directory is not None else None)
        #: Why the last attempt to store failed; "" if it didn't.
        self.trouble = ""
        #: Set once the first attempt has succeeded or failed.
        self.judged = threading.Event()
        self._directory = directory
        self._storing_since: float | None = None
        self._overflowed = 0
        self._overflow = threading.Lock()
        self._store = store
        self._look_round = look_round
        self._try_out = try_out
        self._arrived: deque[Record] = deque()
        self._open: dict[str, Open] = {}
        self._lock = threading.Lock()
        self._news = threading.Event()
        self._more = threading.Event()
        self._is_ending = False
        self._progress_at = clock()
        self._looked_at = float("-inf")

    # -- from any thread: nothing here waits ----------------------------------------------------------

    def put(self, record: Record) -> None:
        """Record this."""
        if len(self._arrived) >= MOST_ARRIVED:
            with self._overflow:  # not the lock of what waits, under which the disk is written
                self._overflowed += 1
        else:
            self._arrived.append(record)
        self._news.set()

    @property
    def is_stuck(self) -> bool:
        """Whether the database fails, or has not answered for too long."""
        since = self._storing_since
        return bool(self.trouble) or (since is not None and self.clock() - since > STUCK_SECONDS)

    @property
    def keeps(self) -> bool:
        """Whether what is put now outlives this process: in the database, or on the disk."""
        return self.judged.is_set() and (not self.is_stuck or self.waiting.survives)

    def enter(self, id: str, viewing: Open) -> None:
        """A viewing has begun: record its progress, and its end if this process ends."""
        with self._lock:
            self._open[id] = viewing

    def exit(self, id: str) -> None:
        """It has ended."""
        with self._lock:
            self._open.pop(id, None)

    # -- the two threads -------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the threads. They end with the process."""
        for name, run in (("logtail-audit", self._run), ("logtail-audit-database", self._run_database)):
            threading.Thread(target=run, name=name, daemon=True).start()

    def stop(self) -> None:
        """Record that what is open ends with this process, and wait until all is stored, for some seconds at most."""
        for viewing in self._viewings():
            viewing.close(SERVER_STOPPED)
        ends_at = time.monotonic() + FLUSH_SECONDS
        self._news.set()
        self._more.set()
        while (self._arrived or len(self.waiting)) and time.monotonic() < ends_at:
            time.sleep(0.02)
        self._is_ending = True
        self.waiting.spill()
        if (left := len(self._arrived) + len(self.waiting)) and not self.waiting.survives:
            logger.warning("%d audit records are lost, because the database did not take them", left)
        self.waiting.close()

    def _run(self) -> None:
        while not self._is_ending:
            self._news.wait(LOOK_SECONDS)
            self._news.clear()
            try:
                self.take_in()
            except Exception:  # anything else than these two threads' work would be lost silently
                logger.exception("recording failed")

    def _run_database(self) -> None:
        while not self._is_ending:
            self._more.wait(LOOK_SECONDS)
            self._more.clear()
            while self.store_some() and not self._is_ending:
                pass
            if self.trouble:
                time.sleep(RETRY_SECONDS)

    def take_in(self) -> None:
        """Log what has arrived, and have it stored."""
        now = self.clock()
        for viewing in self._viewings():
            viewing.expire(now)
        if now - self._progress_at >= PROGRESS_SECONDS:
            self._progress_at = now
            for viewing in self._viewings():
                if (record := viewing.progress(now)) is not None:
                    self.put(record)
        while self._arrived:
            self._keep(self._arrived.popleft())
        with self._overflow:
            overflowed, self._overflowed = self._overflowed, 0
        self.waiting.lose(overflowed)
        if lost := self.waiting.found_lost():
            logger.warning("%d audit records were lost, because too many waited", lost)
            self._keep(records.event("lost", Subject(via="server"), now, {"count": lost}))
        if self.is_stuck:
            self.waiting.spill()
        self._more.set()

    def _keep(self, record: Record) -> None:
        if record["kind"] != "progress":
            _tell(record)
        self.waiting.add(record)

    def store_some(self) -> bool:
        """Store a batch of what waits. Return whether more waits and the database works."""
        batch = self.waiting.first(BATCH)
        self._storing_since = self.clock()
        try:
            if batch:
                self._stored(batch)
                self.waiting.drop(len(batch))
            now = self.clock()
            if now - self._looked_at >= PROGRESS_SECONDS / 2:
                self._looked_at = now
                self._look_round(self.process, datetime.fromtimestamp(now, timezone.utc))
                self._take_over()
        except Exception as error:  # noqa: BLE001 - reported; whatever it is, the records must wait
            if not self.trouble:
                logger.warning("audit records wait, because they can't be stored: %s", _said(error))
            self.trouble = _said(error)
            self._looked_at = float("-inf")
            self.judged.set()
            return False
        finally:
            self._storing_since = None
        self.judged.set()
        if self.trouble:
            logger.warning("audit records are stored again")
        self.trouble = ""
        return len(batch) == BATCH

    def _take_over(self) -> None:
        """Store what processes of this host left on disk when they died."""
        for left in left_behind(self._directory) if self._directory is not None else ():
            with contextlib.closing(left):
                found = left.records()
                while batch := list(itertools.islice(found, BATCH)):
                    self._stored(batch)
                left.remove()

    def _stored(self, found: list[Record | None]) -> None:
        batch = [record for record in found if record is not None]
        try:
            self._store(batch)
        except (DataError, IntegrityError, TypeError, ValueError):
            self._try_out()  # if the database takes no record at all, they wait
            # One of them can't be stored: without it, the others can.
            for record in batch:
                try:
                    self._store([record])
                except (DataError, IntegrityError, TypeError, ValueError) as error:
                    logger.warning("an audit record can't be stored and is lost: %s", _said(error))
                    self.waiting.lose(_lost_with(record))
        self.waiting.lose(len(found) - len(batch))  # what can't be read

    def _viewings(self) -> list[Open]:
        with self._lock:
            return list(self._open.values())


def _lost_with(record: Record) -> int:
    """How many records are lost with this one: as many as it tells of, if it tells of lost ones."""
    return int(record["detail"]["count"]) if record.get("action") == "lost" else 1


def _tell(record: Record) -> None:
    audit_logger.info("%s", json.dumps(record))
    recorded.send_robust(sender=Recorder, record=record)  # Django logs what a receiver raises


def _said(error: BaseException) -> str:
    """What an error is, without the values that databases like to quote."""
    return type(error).__name__


_here: Recorder | None = None
_starting = threading.Lock()


def recorder_here() -> Recorder | None:
    """This process's recorder; None if nothing is recorded."""
    global _here  # one for each process, also after a fork
    if not conf.AUDIT:
        return None
    found = _here
    if found is None or found.pid != os.getpid():
        with _starting:
            if _here is None or _here.pid != os.getpid():
                _here = Recorder(directory=conf.AUDIT_DIR)
                _here.start()
                atexit.register(_here.stop)
            found = _here
    return found


def keeps_records(wait: bool = False) -> bool:
    """Whether access may be given: False only where it must be recorded, and can't be.

    `wait`: for the first verdict on the database, for some seconds; not in an event loop.
    """
    return conf.AUDIT != "required" or surely_keeps_records(wait)


def surely_keeps_records(wait: bool = False) -> bool:
    """Whether what is recorded now outlives this process; False if nothing is recorded. `wait`: as above."""
    recorder = recorder_here()
    if recorder is None:
        return False
    if wait:
        recorder.judged.wait(VERDICT_SECONDS)
    return recorder.keeps
