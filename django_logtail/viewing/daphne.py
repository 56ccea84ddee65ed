"""A client's connection in daphne, for long responses: whether the client reads what it is sent, and how to abort.

The other ASGI servers wait in `send` for a slow client, and close the connection when an application raises in the
middle of a response. Daphne keeps everything it is given in memory, and such an exception ends its own clean-up for
good.
What daphne doesn't offer comes from Twisted below it.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django_logtail.viewing.unsent import unsent_bytes

#: Seconds between checks whether a client has read what it was sent.
LOOK_SECONDS: Final = 0.02
#: Seconds to leave a client without data when its connection can't be closed; proxies give up after 60.
GIVE_UP_SECONDS: Final = 120.0


@dataclass(frozen=True, slots=True)
class Connection:
    """One client's connection. `transport` is None if it can't be determined: behind `--proxy-headers`."""

    reactor: Any
    transport: Any | None

    @property
    def keeps_all(self) -> bool:
        """Always true: daphne keeps everything it is given in memory."""
        return True

    @property
    def untaken(self) -> int | None:
        """Bytes that were sent but not yet received by the client; None if unknown."""
        if self.transport is None:
            return None
        waiting = len(getattr(self.transport, "dataBuffer", b"")) - getattr(self.transport, "offset", 0)
        waiting += getattr(self.transport, "_tempDataLen", 0)
        return waiting + unsent_bytes(self.transport)

    @property
    def is_last(self) -> bool:
        """Always false: daphne ends all responses at once when it is told to stop."""
        return False

    @property
    def is_drained(self) -> bool:
        """Whether the client has received everything that was sent; also true if that is unknown."""
        return self.transport is None or self.transport not in self.reactor.getWriters()

    async def drained(self) -> None:
        """Wait until the client has received everything that was sent."""
        # Twisted notifies only its own producer, which is daphne.
        while not self.is_drained:  # noqa: ASYNC110
            await asyncio.sleep(LOOK_SECONDS)

    def abort(self) -> bool:
        """Close it at once; daphne then cancels the response. False: the connection can't be determined."""
        if self.transport is None:
            return False
        self.transport.abortConnection()
        return True

    async def break_off(self) -> None:
        """Close it at once; daphne then cancels the caller."""
        if self.transport is not None:
            self.transport.abortConnection()
        await asyncio.sleep(GIVE_UP_SECONDS)


def says_gone(error: Exception) -> bool:
    """Whether daphne raises this for a socket that is closed before the application has been told."""
    return type(error).__name__ == "Disconnected" and type(error).__module__.startswith("autobahn.")


def connection_of(client: Sequence[Any] | None) -> Connection | None:
    """The connection of an ASGI scope's `client`; None if the server isn't daphne."""
    reactor: Any = sys.modules.get("twisted.internet.reactor")
    if not getattr(reactor, "running", False):
        return None
    for transport in (*reactor.getReaders(), *reactor.getWriters()):
        if client is not None and _peer_of(transport) == tuple(client):
            return Connection(reactor, transport)
    return Connection(reactor, None)


def _peer_of(transport: Any) -> tuple[str, int] | None:
    try:
        peer = transport.getPeer()
        return peer.host, peer.port
    except (AttributeError, NotImplementedError):  # a listening socket, a pipe, a Unix socket
        return None
