"""Clients that take a long answer, or don't: one that takes nothing for long is ended.

Otherwise it keeps a place that others wait for, and a server that is told to stop waits for it as well. A client counts
as moving when anything of what was sent is taken, however little: that is asked of the kernel where the server
shows its connection, and told from the pieces it asks for elsewhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator
from typing import Final, Protocol

#: Seconds in which a client must take something. Proxies give up after 60, and so does a phone in a tunnel.
STALL_SECONDS: Final = 60.0
#: The same when the server is ending: what is on its way may still arrive.
ENDING_SECONDS: Final = 2.0
#: Seconds between looks.
LOOK_SECONDS: Final = 0.5


class Connection(Protocol):
    """A client's, in a server that shows it."""

    @property
    def keeps_all(self) -> bool:
        """Whether the server takes all that it is given into memory, so that the sender must wait for `drained`."""

    @property
    def untaken(self) -> int | None:
        """Bytes that were sent and that the client does not have yet; None if that is unknown."""

    @property
    def is_last(self) -> bool:
        """Whether it is closed after this answer: also said by a server that was told to stop."""

    async def drained(self) -> None:
        """Wait until the server has handed on what it was given."""

    def abort(self) -> bool:
        """Close it at once, without what was not sent. False where that cannot be done."""


class Taker:
    """The client of one answer that is sent by the task in which this is made. Use it as `with Taker(…) as taker`."""

    def __init__(self, connection: Connection | None) -> None:
        #: Whether it was ended for taking nothing.
        self.has_stalled = False
        #: How long that was, in words.
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
        """While the client is to take something. Each one counts as progress."""
        self._sending = object()
        try:
            yield
        finally:
            self._sending = None

    async def drained(self) -> None:
        """Wait until the server has handed on what it was given, where it says so."""
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
                    self.stalled_for = f"{self._patience:g} s, and the server is ending"
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
        """The server sees an answer without its end, and closes the connection in its own way."""
        if self._sender is not None:
            self._sender.cancel()
