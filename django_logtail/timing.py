"""Time: limits, pauses, rates, and tasks that end in time or start again. Depends only on asyncio.

Never `asyncio.wait_for`: up to Python 3.11 it swallows a cancellation that arrives in the same turn of the event loop
as the result, and whoever cancelled waits forever.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Final, TypeVar

if sys.version_info >= (3, 11):
    from asyncio import timeout as _timeout
else:
    from async_timeout import timeout as _timeout

logger = logging.getLogger(__name__)

T = TypeVar("T")

#: Seconds after which a task that has not ended is cancelled again: whatever it awaits may swallow a cancellation.
CANCEL_AGAIN_SECONDS: Final = 0.5
#: Seconds that tasks may take to end with their event loop.
LEFT_OVER_SECONDS: Final = 2.0
#: Seconds before a failed task is restarted: the first time, and at most.
FIRST_RESTART_SECONDS: Final = 0.25
LONGEST_RESTART_SECONDS: Final = 30.0
#: Characters to keep of an error.
MOST_CHARACTERS: Final = 200
#: Seconds that a task must run for its next failure to count as the first one.
SOUND_SECONDS: Final = 60.0


def time_limit(seconds: float) -> AbstractAsyncContextManager[Any, None]:
    """`async with time_limit(5): ...` – raises `asyncio.TimeoutError` when the block takes longer.

    A cancellation from outside always gets through.
    """
    return _timeout(seconds)


async def pause(seconds: float, unless: asyncio.Event) -> None:
    """Wait for the event, up to the given time; it is set afterwards either way. Cheaper than a task for each wait."""
    timer = asyncio.get_running_loop().call_later(seconds, unless.set)
    try:
        await unless.wait()
    finally:
        timer.cancel()


async def end_tasks(tasks: Iterable[asyncio.Task[Any]], seconds: float) -> set[asyncio.Task[Any]]:
    """Cancel the tasks and wait for them to end, up to the given time. Returns those that have not ended.

    Their exceptions are dropped. A cancellation of the caller gets through.
    """
    loop = asyncio.get_running_loop()
    pending, until = set(tasks), loop.time() + seconds
    ended = {task for task in pending if task.done()}
    pending -= ended
    while pending:
        for task in pending:
            task.cancel()
        done, pending = await asyncio.wait(
            pending, timeout=max(0.0, min(CANCEL_AGAIN_SECONDS, until - loop.time()))
        )
        ended |= done
        if loop.time() >= until:
            break
    for task in ended:
        if not task.cancelled():
            task.exception()  # otherwise asyncio warns that it was never retrieved
    return pending


def run_to_end(work: Coroutine[Any, Any, T]) -> T:
    """As `asyncio.run`, but leftover tasks get LEFT_OVER_SECONDS to end, and threads are not awaited.

    `asyncio.run` waits for both forever.
    """
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(work)
    finally:
        try:
            loop.run_until_complete(_end_left_overs())
        finally:
            loop.close()


async def _end_left_overs() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in await end_tasks(tasks, LEFT_OVER_SECONDS):
        logger.error("%s did not end and was abandoned at %s", task.get_name(), whereabouts(task))
    try:
        async with time_limit(LEFT_OVER_SECONDS):
            await asyncio.get_running_loop().shutdown_asyncgens()
    except asyncio.TimeoutError:
        logger.error("generators did not end and were abandoned")


def whereabouts(task: asyncio.Task[Any]) -> str:
    """Where a task waits, for the log: the innermost place in its code that Python knows."""
    frames = task.get_stack()
    coroutine: Any = task.get_coro()
    while (inner := getattr(coroutine, "cr_await", None) or getattr(coroutine, "ag_await", None)) is not None:
        coroutine = inner
        if (
            frame := getattr(coroutine, "cr_frame", None) or getattr(coroutine, "ag_frame", None)
        ) is not None:
            frames.append(frame)
    places = [f"{frame.f_code.co_name} ({frame.f_code.co_filename}:{frame.f_lineno})" for frame in frames]
    return ", in ".join(reversed(places)) or "no place of Python's"


class TokenBucket:
    """`per_second` tokens, of which `burst` may be saved up: one second's worth by default.

    For bytes to read or messages to accept. Reads no clock; the caller passes the times.
    """

    def __init__(self, per_second: int, now: float, *, burst: int | None = None) -> None:
        self.per_second = per_second
        self._burst = float(per_second if burst is None else burst)
        self._left = self._burst
        self._at = now

    def left(self, now: float) -> int:
        """Tokens that may be spent now; negative while in debt."""
        self._left = min(self._burst, self._left + (now - self._at) * self.per_second)
        self._at = now
        return int(self._left)

    def spend(self, size: int) -> None:
        """Spend them, whether available or not: a shortfall becomes a debt."""
        self._left -= size

    def take(self, now: float) -> bool:
        """Spend one if available; return whether it was."""
        if self.left(now) < 1:
            return False
        self._left -= 1
        return True

    def give_back(self) -> None:
        """Give back the last one taken."""
        self._left += 1

    def until(self, size: int) -> float:
        """Seconds from the last time passed until `size` tokens may be spent."""
        return max(0.0, (min(size, self._burst) - self._left) / self.per_second)


class Rate:
    """Bytes a second over the last four measurements."""

    def __init__(self) -> None:
        self._measured: deque[tuple[float, int]] = deque(maxlen=4)

    def measure(self, now: float, received: int) -> None:
        """Record that `received` bytes in all had arrived by `now`."""
        self._measured.append((now, received))

    @property
    def per_second(self) -> int:
        if len(self._measured) < 2:
            return 0
        (then, before), (now, after) = self._measured[0], self._measured[-1]
        return round((after - before) / (now - then)) if now > then else 0


@dataclass(frozen=True, slots=True)
class Failure:
    """How often a task of this process failed, and its last error. `at`: Unix seconds."""

    task: str
    count: int
    error: str
    at: float


class Failures:
    """Failures in this process, by task. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_task: dict[str, Failure] = {}

    def add(self, task: str, error: BaseException) -> Failure:
        """Add a failure of the task."""
        said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        with self._lock:
            before = self._by_task.get(task)
            failure = Failure(task, 1 + (before.count if before else 0), said[:MOST_CHARACTERS], time.time())
            self._by_task[task] = failure
        return failure

    def all(self) -> list[Failure]:
        """All failures, the latest first."""
        with self._lock:
            return sorted(self._by_task.values(), key=lambda failure: -failure.at)

    def forget(self) -> None:
        with self._lock:
            self._by_task.clear()


#: This process's own, for operators.
failures = Failures()


class Supervisor:
    """Runs the tasks that must keep running: a failure is logged with its traceback and counted, and the task
    restarted.

    `owner` names it in the log. Belongs to the event loop it is used in.
    """

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._tasks: set[asyncio.Task[Any]] = set()

    def keep(
        self, name: str, work: Callable[[], Awaitable[T]], *, tries: int | None = None
    ) -> asyncio.Task[T]:
        """Run `work`, repeatedly until it returns.

        With `tries`, the task gives up after that many failures with less than SOUND_SECONDS between them, and raises
        the last error.
        """
        return self._started(name, self._kept(name, work, tries))

    def spawn(self, name: str, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run `work` once. A failure is logged and counted too."""
        task = self._started(name, work)
        task.add_done_callback(self._look_at_end)
        return task

    def failed(self, name: str, error: BaseException, then: str = "failed") -> None:
        """Count a failure and log it, with its traceback the first time and then at growing intervals."""
        failure = failures.add(f"{self._owner}: {name}", error)
        if failure.count & (failure.count - 1) == 0:
            logger.error("%s: %s %s", self._owner, name, then, exc_info=error)

    async def close(self, seconds: float) -> set[asyncio.Task[Any]]:
        """End all tasks; return those that have not ended within the given seconds."""
        return await end_tasks(self._tasks, seconds)

    def _started(self, name: str, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _kept(self, name: str, work: Callable[[], Awaitable[T]], tries: int | None) -> T:
        loop, failed = asyncio.get_running_loop(), 0
        while True:
            began = loop.time()
            try:
                return await work()
            except Exception as error:
                failed = 1 if loop.time() - began >= SOUND_SECONDS else failed + 1
                if tries is not None and failed >= tries:
                    self.failed(name, error, "failed too often")
                    raise
                seconds = min(FIRST_RESTART_SECONDS * 2 ** (failed - 1), LONGEST_RESTART_SECONDS)
                self.failed(name, error, f"failed and starts again in {seconds:g} s")
                await asyncio.sleep(seconds)

    def _look_at_end(self, task: asyncio.Task[Any]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self.failed(task.get_name(), error)
