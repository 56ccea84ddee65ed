"""What the users of this process have open and read, counted together with those of all other web processes.

The counts are in Redis. While it doesn't answer, this process counts for itself and says the rest afterwards; with a
reader in this process there is no Redis, and it always counts for itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import queue
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final, TypeVar

from django_logtail.control import Control, ControlUnavailable
from django_logtail.control.limits import (
    BEAT_SECONDS,
    MOST_USERS,
    PROCESS_LEASE_MS,
    SAY_SECONDS,
    LimitCounts,
    MemoryLimits,
    Spent,
    Taken,
)
from django_logtail.control.process import control

logger = logging.getLogger(__name__)

T = TypeVar("T")

#: Seconds for which Redis is not asked again after it did not answer: nobody else should wait for it in vain.
AWAY_SECONDS: Final = 5.0


class Tally:
    """The counts of one process. Thread-safe; a forked child has none of its parent's.

    While there is something to say, a thread of its own says it, so that nobody who reads lines waits for Redis.
    """

    def __init__(
        self,
        window: Callable[[], float],
        find: Callable[[], Control] = control,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`window`: how many seconds bytes are counted for if that begins now."""
        self._window = window
        self._find = find
        self._clock = clock
        self._begin_anew()
        os.register_at_fork(after_in_child=self._begin_anew)

    def _begin_anew(self) -> None:
        self._lock = threading.Lock()
        #: Another one after each failure: under the old one, places may be counted that have been given back.
        self._process = uuid.uuid4().hex[:12]
        self._has_failed = False
        #: The places held here: their names by kind and user.
        self._places: dict[tuple[str, str], set[str]] = {}
        #: Bytes read here that are not yet counted, by user.
        self._unsaid: Counter[str] = Counter()
        #: The last known sum of bytes by user, and when its window ends.
        self._read: dict[str, tuple[int, float]] = {}
        self._away_until = float("-inf")
        self._said_at = self._beaten_at = self._clock()
        self._thread: threading.Thread | None = None
        self._jobs: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()

    # -- places ----------------------------------------------------------------------------------

    async def take(self, kind: str, user: str, most: int) -> tuple[Taken, Callable[[], None]]:
        """Take a place among all processes, and how to give it back, from any thread. While Redis doesn't answer, it
        is taken.
        """
        name = uuid.uuid4().hex[:8]
        with self._lock:
            self._places.setdefault((kind, user), set()).add(name)

        def free() -> None:
            if self._forget(kind, user, name):
                self._do(lambda: self._counts.free(self._process, kind, user, name))

        try:
            taken = await self._asked(lambda: self._counts.take(self._process, kind, user, name, most))
        except ControlUnavailable:
            return Taken(True), free
        except BaseException:  # cancelled, while Redis may be about to count it
            free()
            raise
        if not taken.is_taken:
            self._forget(kind, user, name)
        return taken, free

    def _forget(self, kind: str, user: str, name: str) -> bool:
        """Whether it was held."""
        with self._lock:
            names = self._places.get((kind, user), set())
            was_held = name in names
            names.discard(name)
            if not names:
                self._places.pop((kind, user), None)
            return was_held

    # -- what is spent ---------------------------------------------------------------------------

    async def spend(self, what: str, user: str, most: int, window_seconds: float) -> Spent:
        """Spend one of at most so many in a window. While Redis doesn't answer, it is not counted."""
        try:
            return await self._asked(lambda: self._counts.spend(what, user, 1, most, window_seconds))
        except ControlUnavailable:
            return Spent(True, 1, window_seconds)

    def read(self, user: str, size: int) -> None:
        """Count bytes that were sent to a user. For each frame: others learn of it within a second."""
        with self._lock:
            self._unsaid[user] += size
            self._keep_going()

    async def refresh(self, user: str) -> None:
        """Learn how much a user has read in the running window, through whichever process."""
        with contextlib.suppress(ControlUnavailable):  # then what this process knows has to do
            await self._asked(lambda: self._say_bytes_of(user))

    def sum_of(self, user: str) -> tuple[int, float]:
        """How many bytes a user has read in the running window, as far as is known; and the seconds to its end."""
        with self._lock:
            now = self._clock()
            total, until = self._read.get(user, (0, 0.0))
            if until <= now:
                return self._unsaid.get(user, 0), self._window()
            return total + self._unsaid.get(user, 0), until - now

    def _say_bytes(self) -> None:
        with self._lock:
            users = list(self._unsaid)
        for user in users:
            self._say_bytes_of(user)

    def _say_bytes_of(self, user: str) -> None:
        with self._lock:
            size = self._unsaid.pop(user, 0)
        try:
            spent = self._counts.spend("bytes", user, size, None, self._window())
        except ControlUnavailable:
            with self._lock:
                if size:
                    self._unsaid[user] += size
            raise
        with self._lock:
            now = self._clock()
            self._read[user] = spent.total, now + spent.seconds_left
            if len(self._read) > 2 * MOST_USERS:
                self._read = {one: read for one, read in self._read.items() if read[1] > now}

    # -- saying it -------------------------------------------------------------------------------

    @property
    def _counts(self) -> LimitCounts:
        return self._find().limits

    @property
    def _is_here(self) -> bool:
        """Whether counting means no waiting."""
        return isinstance(self._counts, MemoryLimits)

    async def _asked(self, work: Callable[[], T]) -> T:
        """What it returns, from the thread, after everything before it. Raises `ControlUnavailable`."""
        if self._is_here:
            return work()
        answer: Future[T] = Future()

        def job() -> None:
            if answer.set_running_or_notify_cancel():
                try:
                    answer.set_result(self._unless_away(work))
                except BaseException as error:  # noqa: BLE001 - raised where it is awaited
                    answer.set_exception(error)

        self._put(job)
        # Never cancelled: what is under way in Redis happens, and what follows it must come after it.
        return await asyncio.shield(asyncio.wrap_future(answer))

    def _do(self, work: Callable[[], None]) -> None:
        """Do it soon, unless Redis doesn't answer: then everything is said anew afterwards."""
        if self._is_here:
            work()
            return

        def job() -> None:
            try:
                self._unless_away(work)
            except ControlUnavailable as error:
                logger.debug("a place was not given back: Redis: %s", error)

        self._put(job)

    def _put(self, job: Callable[[], None]) -> None:
        self._jobs.put(job)
        with self._lock:
            self._keep_going()

    def _unless_away(self, work: Callable[[], T]) -> T:
        if self._clock() < self._away_until:
            raise ControlUnavailable("Redis did not answer a moment ago")
        try:
            if self._has_failed:
                self._come_back()
            return work()
        except ControlUnavailable as error:
            if not self._has_failed:
                logger.warning("limits per user are counted on each host separately: Redis: %s", error)
            self._has_failed = True
            self._away_until = self._clock() + AWAY_SECONDS
            raise

    def _come_back(self) -> None:
        """Say everything as another process; the places of the old one lapse."""
        self._process = uuid.uuid4().hex[:12]
        self._say_places()
        self._has_failed = False

    def _keep_going(self) -> None:
        """Let the thread run. Call it with the lock."""
        if self._thread is None or not self._thread.is_alive():
            # Whatever is to be done first shows that this process is running.
            self._beaten_at = self._clock()
            self._thread = threading.Thread(target=self._run, name="logtail-limits", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        """Do what is to be done, and each second say what lasts, as long as there is any."""
        while True:
            with contextlib.suppress(queue.Empty):
                self._jobs.get(timeout=max(0.0, self._beaten_at + BEAT_SECONDS - self._clock()))()
            if self._clock() - self._beaten_at >= BEAT_SECONDS:
                self.beat()
            with self._lock:
                if not self._places and not self._unsaid and self._jobs.empty():
                    self._thread = None
                    return

    def beat(self) -> None:
        """Say what lasts: that this process is running, which places it holds, and how many bytes were read."""
        now = self._clock()
        was_suspended = now - self._beaten_at > PROCESS_LEASE_MS / 1000  # which is as bad
        self._has_failed = self._has_failed or was_suspended
        self._beaten_at = now
        try:
            self._unless_away(self._say)
        except ControlUnavailable as error:
            logger.debug("limits per user: Redis: %s", error)

    def _say(self) -> None:
        self._counts.beat(self._process)
        if self._beaten_at - self._said_at >= SAY_SECONDS:
            self._say_places()
        self._say_bytes()

    def _say_places(self) -> None:
        with self._lock:
            places = {key: set(names) for key, names in self._places.items()}
        self._counts.beat(self._process)
        self._counts.say(self._process, places)
        self._said_at = self._clock()
