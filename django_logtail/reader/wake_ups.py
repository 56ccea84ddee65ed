"""Decides which worker answers a wake-up: one that names the queue, or else one whose host has the files.

A project's ordinary `rundramatiq` takes messages from every queue. It would become the reader of logs that its host
doesn't have, while the worker started for them stays idle.
"""

from __future__ import annotations

import enum
import logging
import math
import os
import socket
import threading
import time
from collections.abc import Callable, Collection, Iterable
from typing import Final

from django.db import connections

from django_logtail.conf import conf
from django_logtail.control import Busy, Control, ControlUnavailable, Server, messages
from django_logtail.control.wire import Malformed, NotOurs, Unreadable, ignored
from django_logtail.models import READABLE, Log

logger = logging.getLogger(__name__)

#: Seconds between a worker's announcements of its queues; a third of how long they last.
SERVING_SECONDS: Final = 20.0
#: Seconds between looks at whether all its threads are busy, and for how long they must be.
LOAD_SECONDS: Final = 2.0
#: Seconds for which a worker with some of the files leaves a wake-up to one that may have all.
PATIENCE_SECONDS: Final = 2.0
#: Seconds after which a wake-up that nobody took is dropped; a web process that wants something sends another.
WAKE_UP_SECONDS: Final = 10.0
#: How often a wake-up is passed on at most, regardless of time, and how often another project's is put back.
MOST_PASSED_ON: Final = 100
MOST_PUT_BACK: Final = 40
#: How often a task that looks at files is passed on: by then, nobody waits for it any more.
MOST_LOOKS_PASSED_ON: Final = 5
#: Seconds that looking at the files may take, because a file server may be gone.
LOOK_SECONDS: Final = 2.0


class Verdict(enum.Enum):
    """What a worker does with a wake-up."""

    READ = enum.auto()
    #: Put it back for another worker.
    PASS_ON = enum.auto()
    #: The same for another project's wake-up, about which nothing else is known.
    PUT_BACK = enum.auto()
    DROP = enum.auto()


class Load:
    """The tasks that this worker process is running, and whether they keep all its threads busy. Thread-safe."""

    def __init__(self, threads: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._threads = threads
        self._clock = clock
        self._running: set[str] = set()
        self._full_since: float | None = None
        self._lock = threading.Lock()

    def begin(self, task: str) -> None:
        with self._lock:
            self._running.add(task)
            if len(self._running) >= self._threads and self._full_since is None:
                self._full_since = self._clock()

    def end(self, task: str) -> None:
        with self._lock:
            self._running.discard(task)
            if len(self._running) < self._threads:
                self._full_since = None

    @property
    def tasks(self) -> int:
        """How many, if they have kept all threads busy for LOAD_SECONDS; otherwise 0."""
        with self._lock:
            since = self._full_since
            is_full = since is not None and self._clock() - since >= LOAD_SECONDS
            return len(self._running) if is_full else 0


class Serving:
    """The queues that this worker process serves: those it names, or with None all of them.

    `declared` returns all queues, `reading` those that this process reads right now. It announces the ones it serves in
    Redis until `stop`, and introduces the project to others.
    """

    def __init__(
        self,
        control: Callable[[], Control],
        named: Collection[str] | None,
        declared: Callable[[], Collection[str]],
        load: Load | None = None,
        reading: Callable[[], Collection[str]] = tuple,
    ) -> None:
        self._load = load
        self._reading = reading
        self._control = control
        self._named = named
        self._declared = declared
        self._is_over = threading.Event()
        self._host = socket.gethostname()
        self._said: set[str] = set()

    def start(self) -> None:
        threading.Thread(target=self._say_so, name="logtail-serving", daemon=True).start()

    def stop(self) -> None:
        """Stop serving, and leave the queues to others."""
        self._is_over.set()
        try:
            for queue in self._queues():
                self._control().serve_no_more(queue, self._me)
        except ControlUnavailable as error:
            logger.info(
                "this worker's announcement of its queues will expire instead of being withdrawn: Redis: %s",
                error,
            )

    def is_named_for(self, queue: str) -> bool:
        return self._named is not None and queue in self._named

    def verdict(self, queue: str, text: str, passed_on: int) -> Verdict:
        """What to do with this wake-up, which other workers have passed on `passed_on` times. Blocks."""
        try:
            return self._verdict(queue, text, passed_on)
        except ControlUnavailable as error:
            logger.warning("a wake-up for queue %s failed: Redis: %s", queue, error)
            return Verdict.DROP

    def verdict_on_look(self, queue: str, passed_on: int) -> Verdict:
        """What to do with a task that looks at files of the queue's host. Blocks; raises `ControlUnavailable`."""
        if self.is_named_for(queue):
            return Verdict.READ
        if self._named is not None:
            ignored.add("a task", Malformed("it came through the queue of another host"))
            return Verdict.DROP
        if not any(other.is_named for other in self._control().servers(queue)):
            return Verdict.READ
        return Verdict.PASS_ON if 0 <= passed_on < MOST_LOOKS_PASSED_ON else Verdict.DROP

    def better_host(self, queue: str, missing: Collection[str]) -> str:
        """The host to which this worker's reader should leave the queue, because the files of these logs are missing
        here.

        "" if it shouldn't. Blocks; raises `ControlUnavailable`.
        """
        if self.is_named_for(queue):
            return ""
        for other in self._control().servers(queue):
            if other.is_named or (missing and other.host != self._host):
                return other.host
        return ""

    # -- judging -----------------------------------------------------------------------------------

    def _verdict(self, queue: str, text: str, passed_on: int) -> Verdict:
        control = self._control()
        sent_at, not_on = None, ""
        try:
            wake_up = messages.read_wake_up(queue, text)
            sent_at, not_on = wake_up.at, wake_up.not_on
        except NotOurs as error:
            return self._foreign(queue, error, passed_on)
        except Unreadable as error:
            ignored.add("a wake-up", error)  # from this project nevertheless
        if not (logs := control.wanted(queue)):
            return Verdict.DROP
        if self.is_named_for(queue):
            return Verdict.READ
        age = 0.0 if sent_at is None else control.clock() - sent_at
        put_off = (
            Verdict.PASS_ON if age < WAKE_UP_SECONDS and 0 <= passed_on < MOST_PASSED_ON else Verdict.DROP
        )
        others = control.servers(queue)
        if named := [other for other in others if other.is_named]:
            self._say_once(queue, f"it is served by the one on {named[0].host}")
            return put_off
        files, folders = _looked_at(logs)
        if not folders:
            self._say_once(queue, "this host has neither the wanted logs' files nor their directories")
            return put_off
        has_rivals = any(other.host != self._host for other in others)
        if has_rivals and (files < len(logs) or not_on == self._host) and age < PATIENCE_SECONDS:
            return put_off
        return Verdict.READ

    def _foreign(self, queue: str, error: NotOurs, passed_on: int) -> Verdict:
        ignored.add("a wake-up", error)
        if queue not in self._said:
            self._said.add(queue)
            logger.warning(
                "queue %s delivered another project's wake-up, which was put back: two projects share Dramatiq's "
                'queues. Give the broker of one of them a namespace: DRAMATIQ_BROKER["OPTIONS"]["namespace"], or its '
                'logs a separate queue: LOGTAIL["QUEUE"]',
                queue,
            )
        # The count isn't signed: anyone who can write to the broker's Redis could make it negative.
        return Verdict.PUT_BACK if 0 <= passed_on < MOST_PUT_BACK else Verdict.DROP

    def _say_once(self, queue: str, why: str) -> None:
        if why not in self._said:
            self._said.add(why)
            logger.warning(
                "queue %s is left to other workers: this one does not name it, and %s. On the host that has the "
                "files: rundramatiq --queues %s --processes 1 --threads 2",
                queue,
                why,
                queue,
            )

    # -- saying who serves -------------------------------------------------------------------------

    @property
    def _me(self) -> Server:
        return Server(self._host, os.getpid(), self._named is not None)

    def _queues(self) -> Iterable[str]:
        return self._named if self._named is not None else self._declared()

    def _say_so(self) -> None:
        has_failed, said_at = False, -math.inf
        while not self._is_over.is_set():
            try:
                if time.monotonic() - said_at >= SERVING_SECONDS:
                    for queue in self._queues():
                        self._control().serve(queue, self._me)
                    self._control().introduce()
                    said_at = time.monotonic()
                self._say_busy()
                has_failed = False
            except ControlUnavailable as error:
                if not has_failed:
                    logger.warning("this worker can't announce which queues it serves: Redis: %s", error)
                has_failed = True
            self._is_over.wait(LOAD_SECONDS)

    def _say_busy(self) -> None:
        if self._load is not None and (tasks := self._load.tasks):
            # Not for a queue with a reader here: were this process killed, its reader would pass for another task.
            for queue in set(self._queues()).difference(self._reading()):
                self._control().say_busy(queue, Busy(self._host, os.getpid(), tasks))


def _looked_at(logs: Collection[str]) -> tuple[int, int]:
    """How many of these logs have a file here, and how many at least a directory."""
    found: list[tuple[int, int]] = []

    def look() -> None:
        try:
            wanted = Log.objects.filter(READABLE, pk__in=[log for log in logs if log.isdigit()])
            paths = [log.file for log in wanted.select_related("parent")]
        finally:
            connections.close_all()  # this thread's, because it ends
        files = sum(path.exists() for path in paths)
        found.append((files, sum(path.exists() or path.parent.is_dir() for path in paths)))

    looking = threading.Thread(target=look, name="logtail-look", daemon=True)
    looking.start()
    looking.join(LOOK_SECONDS)
    return found[0] if found else (0, 0)


def new_wake_up(control: Control, queue: str, not_on: str = "") -> str:
    """The text of a wake-up that is sent now. Raises `ControlUnavailable`."""
    return messages.wake_up_text(queue, messages.WakeUp(conf.NAMESPACE, round(control.clock(), 3), not_on))
