"""Clients of long responses: one that reads nothing for too long is disconnected.

Otherwise it would keep a place that others wait for, and delay a server that is told to stop. A client makes progress
if it takes any of what was sent, however little: the kernel tells if the server shows its connection; otherwise, the
pieces that the server requests do.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator
from typing import Final, Protocol

#: Seconds in which a client must take something. Proxies give up after 60, and so does a phone in a tunnel.
STALL_SECONDS: Final = 60.0
#: The same while the server is stopping: what is on its way may still arrive.
ENDING_SECONDS: Final = 2.0
#: Seconds between checks.
LOOK_SECONDS: Final = 0.5


class Connection(Protocol):
    """A client's connection, in a server that shows it."""

    @property
    def keeps_all(self) -> bool:
        """Whether the server keeps everything it is given in memory, so that the sender must wait for `drained`."""

    @property
    def untaken(self) -> int | None:
        """Bytes that were sent but not yet received by the client; None if unknown."""

    @property
    def is_last(self) -> bool:
        """Whether it closes after this response: also true once the server was told to stop."""

    async def drained(self) -> None:
        """Wait until the server has passed on what it was given."""

    def abort(self) -> bool:
        """Close it at once, discarding what was not sent. False if that can't be done."""


class Taker:
    """The client of one response, sent by the task that creates this. Use it as `with Taker(…) as taker`."""

    def __init__(self, connection: Connection | None) -> None:
        #: Whether it was disconnected for taking nothing.
        self.has_stalled = False
        #: For how long, in words.
        self.stalled_for = ""
        self._connection = connection
        self._sender = asyncio.current_task()
        self._sending: object = None
        self._was_last = connection is not None and connection.is_last
        self._watch: asyncio.Task[None] | None = None

    def __enter__(self) -> Taker:
        self._watch = asyncio.create_task(self._keep_watch(), name="watch of a download")
        return self

    def __exit__(self, *error: object) -> None:
        if self._watch is not None:
            self._watch.cancel()

    @contextlib.contextmanager
    def sending(self) -> Iterator[None]:
        """Use around each send, while the client has something to take. Each one counts as progress."""
        self._sending = object()
        try:
            yield
        finally:
            self._sending = None

    async def drained(self) -> None:
        """Wait until the server has passed on what it was given, if it can tell."""
        if self._connection is not None:
            with self.sending():
                await self._connection.drained()

    async def _keep_watch(self) -> None:
        seen: tuple[object, int | None] = (None, None)
        moved_at = time.monotonic()
        while True:
            await asyncio.sleep(min(LOOK_SECONDS, STALL_SECONDS / 4))
            now = self._sending, self._connection.untaken if self._connection is not None else None
            if self._sending is None or now != seen:
                seen, moved_at = now, time.monotonic()
            elif time.monotonic() - moved_at >= self._patience:
                self.has_stalled = True
                self.stalled_for = f"{self._patience:g} s or longer"
                if self._is_ending:
                    self.stalled_for = f"{self._patience:g} s, and the server is stopping"
                if self._connection is None or not self._connection.abort():
                    self._cancel_sender()
                return

    @property
    def _patience(self) -> float:
        return min(STALL_SECONDS, ENDING_SECONDS) if self._is_ending else STALL_SECONDS

    @property
    def _is_ending(self) -> bool:
        return self._connection is not None and self._connection.is_last and not self._was_last

    def _cancel_sender(self) -> None:
        """Cancel the sender: the server sees an incomplete response, and closes the connection in its own way."""
        if self._sender is not None:
            self._sender.cancel()
