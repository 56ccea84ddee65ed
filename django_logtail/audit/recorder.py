"""One process's recorder: takes records from any thread without waiting, logs them, and stores them in batches.

Two threads do the work: one logs and keeps what arrives, the other stores it. A logging handler or a database that
doesn't answer holds up its own thread only, and never an event loop.
"""

from __future__ import annotations

import atexit
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
from typing import Final, Protocol

from django.db import DataError, IntegrityError

from django_logtail.audit import records, storing
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
    """`store` and `look_round` as in `storing`, `clock` in seconds since the epoch; tests replace them."""

    def __init__(
        self,
        store: Callable[[Sequence[Record]], None] = storing.store,
        look_round: Callable[[str, datetime], None] = storing.look_round,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.clock = clock
        self.pid = os.getpid()
        #: Names this process in its viewings.
        self.process = f"{socket.gethostname()}:{self.pid}:{uuid.uuid4().hex[:8]}"
        self.waiting = Waiting()
        #: Why the last attempt to store failed; "" if it didn't.
        self.trouble = ""
        self._store = store
        self._look_round = look_round
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
            self.waiting.lose(1)
        else:
            self._arrived.append(record)
        self._news.set()

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
        if left := len(self._arrived) + len(self.waiting):
            logger.warning("%d audit records are lost, because the database did not take them", left)

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
        if lost := self.waiting.found_lost():
            logger.warning("%d audit records were lost, because too many waited", lost)
            self._keep(records.event("lost", Subject(via="server"), now, {"count": lost}))
        self._more.set()

    def _keep(self, record: Record) -> None:
        if record["kind"] != "progress":
            _tell(record)
        self.waiting.add(record)

    def store_some(self) -> bool:
        """Store a batch of what waits. Return whether more waits and the database works."""
        batch = self.waiting.first(BATCH)
        try:
            if batch:
                self._stored(batch)
                self.waiting.drop(len(batch))
            now = self.clock()
            if now - self._looked_at >= PROGRESS_SECONDS / 2:
                self._looked_at = now
                self._look_round(self.process, datetime.fromtimestamp(now, timezone.utc))
        except Exception as error:  # noqa: BLE001 - reported; whatever it is, the records must wait
            if not self.trouble:
                logger.warning("audit records wait, because they can't be stored: %s", _said(error))
            self.trouble = _said(error)
            self._looked_at = float("-inf")
            return False
        if self.trouble:
            logger.warning("audit records are stored again")
        self.trouble = ""
        return len(batch) == BATCH

    def _stored(self, batch: list[Record]) -> None:
        try:
            self._store(batch)
        except (DataError, IntegrityError, TypeError, ValueError):
            # One of them can't be stored: without it, the others can.
            for record in batch:
                try:
                    self._store([record])
                except (DataError, IntegrityError, TypeError, ValueError) as error:
                    logger.warning("an audit record can't be stored and is lost: %s", _said(error))
                    self.waiting.lose(1)

    def _viewings(self) -> list[Open]:
        with self._lock:
            return list(self._open.values())


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
                _here = Recorder()
                _here.start()
                atexit.register(_here.stop)
            found = _here
    return found
