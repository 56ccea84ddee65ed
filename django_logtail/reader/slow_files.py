"""Polls of files that may not respond: in threads, so that one file system holds up no other."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

from django_logtail.tailing import Follower, Item

#: Polls at once of files whose first look or file system may not answer, and seconds until one counts as stalled.
APART_READS: Final = 4
STALLED_SECONDS: Final = 5.0
#: Seconds after which a poll is no longer one of them: where many logs are on a file system that is gone, the others
#: need not wait for each. And threads, the most that may be stuck there.
TURN_SECONDS: Final = 0.5
MOST_THREADS: Final = 64


class Apart:
    """The threads. A follower must not be touched while a poll of it is under way in one."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(max_workers=MOST_THREADS, thread_name_prefix="logtail-apart")
        self._turns = asyncio.Semaphore(APART_READS)

    async def poll(
        self, follower: Follower, now: float, max_bytes: int, say_stalled: Callable[[float], None]
    ) -> list[Item]:
        """What the follower's poll returns. `say_stalled` is told the seconds once they are STALLED_SECONDS.

        A caller that cancels need not close the follower: that happens when the thread returns.
        """
        stalled = asyncio.get_running_loop().call_later(STALLED_SECONDS, say_stalled, STALLED_SECONDS)
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

    @contextlib.asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """One of APART_READS, for TURN_SECONDS at most."""
        await self._turns.acquire()
        with contextlib.ExitStack() as turn:
            turn.callback(self._turns.release)
            is_over = asyncio.get_running_loop().call_later(TURN_SECONDS, turn.close)
            try:
                yield
            finally:
                is_over.cancel()

    def close(self) -> None:
        """Begin no further poll; those under way end when their file system answers."""
        self._threads.shutdown(wait=False, cancel_futures=True)
