"""When a feed's viewers are told of new items: at once, as long as that costs a share of the processor at most."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

from django_logtail.promptness import ROUND_SECONDS, Promptness
from django_logtail.protocol import MAX_BATCH_BYTES

#: Processor seconds that sending one frame counts at most: while a send waits, others use the processor.
MOST_SPENT_SECONDS: Final = 0.001


class Telling:
    """Collects one feed's items for its viewers while it is in debt for the frames that they were sent.

    `tell` tells the viewers. `promptness` holds the accounts of this process's feeds; without, they are told at once.
    `processor`: the processor seconds of this thread.
    """

    def __init__(
        self,
        feed: str,
        tell: Callable[[], None],
        clock: Callable[[], float],
        promptness: Promptness | None,
        processor: Callable[[], float] = time.thread_time,
    ) -> None:
        self._feed = feed
        self._tell = tell
        self._clock = clock
        self._promptness = promptness
        self._processor = processor
        self._spent = 0.0
        self._timer: asyncio.TimerHandle | None = None
        #: Bytes that came since a round began: a full batch isn't kept waiting, because it wouldn't get any larger.
        self._came = 0
        self._round_at = float("-inf")

    def came(self, size: int) -> None:
        """An item of so many bytes has come."""
        now = self._clock()
        if now - self._round_at >= ROUND_SECONDS:
            self._round_at, self._came = now, 0
        self._came += size
        if self._promptness is None or self._came >= MAX_BATCH_BYTES:
            self._tell_now()
        elif self._timer is None:
            pause = self._promptness.pause(self._feed, self._spent, 0, now)
            self._spent = 0.0
            if pause:
                self._timer = asyncio.get_running_loop().call_later(pause, self._tell_now)
            else:
                self._tell_now()

    def spent(self, seconds: float) -> None:
        """Sending one viewer a frame, after it was told, took so many processor seconds."""
        self._spent += min(seconds, MOST_SPENT_SECONDS)

    def _tell_now(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._promptness is None:
            self._tell()
            return
        began = self._processor()
        self._tell()
        self._spent += self._processor() - began
