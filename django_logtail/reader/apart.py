"""Polls of files that may not answer: in threads, so that whoever waits for a file system, the others go on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from django_logtail.tailing import Follower, Item

#: Polls at once of files whose first look or file system may not answer, and seconds until one counts as stalled.
APART_READS: Final = 4
STALLED_SECONDS: Final = 5.0


class Apart:
    """The threads. A follower must not be touched while a poll of it is under way in one."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(max_workers=APART_READS, thread_name_prefix="logtail-apart")

    async def poll(
        self, follower: Follower, now: float, max_bytes: int, say_stalled: Callable[[float], None]
    ) -> list[Item]:
        """What the follower's poll returns. `say_stalled` is told the seconds once they are STALLED_SECONDS.

        Whoever cancels it need not close the follower: that is done when the thread comes back.
        """
        poll = self._threads.submit(follower.poll, now, max_bytes)
        stalled = asyncio.get_running_loop().call_later(STALLED_SECONDS, say_stalled, STALLED_SECONDS)
        try:
            return await asyncio.wrap_future(poll)
        except asyncio.CancelledError:
            if not poll.cancel():
                poll.add_done_callback(lambda _: follower.close())
            else:
                follower.close()
            raise
        finally:
            stalled.cancel()

    def close(self) -> None:
        """Begin no further poll; those under way end when their file system answers."""
        self._threads.shutdown(wait=False, cancel_futures=True)
