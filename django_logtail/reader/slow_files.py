"""Polls files that may not respond in threads, so that one file system doesn't delay others."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final

from django_logtail.tailing import Follower, Item

#: Polls at once of files that may not respond, and seconds until one counts as stalled.
POLLS_AT_ONCE: Final = 4
STALLED_SECONDS: Final = 5.0
#: Seconds after which a poll no longer counts as one of them, so that with many logs on a lost file system, the others
#: don't wait for each. And the most threads that may be stuck there.
TURN_SECONDS: Final = 0.5
MOST_THREADS: Final = 64


class PollThreads:
    """The threads. A follower must not be touched while one of them polls it."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(max_workers=MOST_THREADS, thread_name_prefix="logtail-apart")
        self._turns = asyncio.Semaphore(POLLS_AT_ONCE)

    async def poll(
        self, follower: Follower, now: float, max_bytes: int, on_stalled: Callable[[float], None]
    ) -> list[Item]:
        """The result of the follower's poll. Calls `on_stalled` with the seconds once it takes STALLED_SECONDS.

        If the caller is cancelled, the follower is closed when the thread returns.
        """
        stalled = asyncio.get_running_loop().call_later(STALLED_SECONDS, on_stalled, STALLED_SECONDS)
        poll: Future[list[Item]] | None = None
        try:
            async with self._turn():
                poll = self._threads.submit(follower.poll, now, max_bytes)
                return await asyncio.wrap_future(poll)
        except asyncio.CancelledError:
            if poll is None or poll.cancel():
                follower.close()
            else:
                poll.add_done_callback(lambda _: follower.close())
            raise
        finally:
            stalled.cancel()

    async def run(self, work: Callable[..., None], *arguments: Any) -> None:
        """Do other work on the same files in a thread."""
        async with self._turn():
            await asyncio.wrap_future(self._threads.submit(work, *arguments))

    @contextlib.asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """Take one of POLLS_AT_ONCE turns, for TURN_SECONDS at most."""
        await self._turns.acquire()
        with contextlib.ExitStack() as turn:
            turn.callback(self._turns.release)
            is_over = asyncio.get_running_loop().call_later(TURN_SECONDS, turn.close)
            try:
                yield
            finally:
                is_over.cancel()

    def close(self) -> None:
        """Start no further polls; running ones end when their file system responds."""
        self._threads.shutdown(wait=False, cancel_futures=True)
