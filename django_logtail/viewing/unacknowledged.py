"""What one viewer was sent but has not acknowledged. It limits what accumulates in a socket that nobody reads."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import Final

from django_logtail.place import Place

#: Bytes a viewer may leave unacknowledged. With more, some servers can't close a socket that nobody reads.
MOST_BYTES: Final = 256 * 1024
#: Seconds bytes may stay unacknowledged before the socket is closed.
ACK_SECONDS: Final = 30.0


class Unacknowledged:
    """No frame may be sent while the viewer holds the stream, or has too much to acknowledge."""

    def __init__(self) -> None:
        self._is_held = False
        self._sent: deque[tuple[Place | None, int]] = deque()
        self._bytes = 0
        self._acked_at = time.monotonic()
        self._changed = asyncio.Event()

    @property
    def is_overdue(self) -> bool:
        """Whether the viewer has acknowledged nothing for too long."""
        is_late = time.monotonic() - self._acked_at > ACK_SECONDS
        return bool(self._bytes) and is_late and not self._is_held

    def sent(self, size: int, place: Place | None) -> None:
        """`size`: bytes of the frame; `place`: the viewer's place after it."""
        # Everything sent counts, including partial lines and events: a socket that nobody reads holds them all.
        # Until there is a place, a client has nothing to acknowledge.
        if place is None:
            size = 0
        self._sent.append((place, size))
        if not self._bytes:
            self._acked_at = time.monotonic()
        self._bytes += size

    def acknowledge(self, place: Place) -> bool:
        """The viewer has everything up to `place`. False: that was already known."""
        reached = next(
            (
                index
                for index in range(len(self._sent) - 1, -1, -1)
                if (sent := self._sent[index][0]) is not None
                and sent.file == place.file
                and sent.offset <= place.offset
            ),
            None,
        )
        self._acked_at = time.monotonic()
        if reached is None:
            return False
        for _ in range(reached + 1):
            self._bytes -= self._sent.popleft()[1]
        self._changed.set()
        return True

    def hold(self) -> None:
        self._is_held = True

    def release(self) -> None:
        self._is_held = False
        self._acked_at = time.monotonic()
        self._changed.set()

    @property
    def is_open(self) -> bool:
        """Whether the next frame may be sent."""
        return self._bytes < MOST_BYTES and not self._is_held

    async def until_open(self) -> None:
        """Wait until the next frame may be sent."""
        while not self.is_open:
            self._changed.clear()
            await self._changed.wait()
