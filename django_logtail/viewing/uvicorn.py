"""uvicorn's connections: the limit on a client's message, whether there are WebSockets, and who reads how fast.

The limit is 16 MiB unless `--ws-max-size` is given. uvicorn keeps a message in memory before an application sees any
of it, so the application's own limit comes too late. It offers no way to set it, so it is set on the connection if that
has the expected attributes; otherwise nothing changes.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django_logtail.viewing.unsent import unsent_bytes

#: Where its three WebSocket implementations keep the limit: the attributes that lead from the connection to it, and its
#: name.
_PLACES = (
    (("conn",), "max_message_size"),  # websockets-sansio, with websockets 15 and later
    (("conn",), "max_size"),  # the same, with older ones
    ((), "max_size"),  # websockets
    (("buffer",), "max_length"),  # wsproto
)


def limit_messages(receive: Any, most_bytes: int) -> bool:
    """Close the connection behind an ASGI `receive` at a longer message. Call it before accepting.

    False if the server is another one, or something wraps `receive`.
    """
    connection = getattr(receive, "__self__", None)
    if not type(connection).__module__.startswith("uvicorn."):
        return False
    for steps, name in _PLACES:
        place = connection
        for step in steps:
            place = getattr(place, step, None)
        limit = getattr(place, name, None)
        if isinstance(limit, int):
            setattr(place, name, min(limit, most_bytes))
            return True
    return False


def readiness(send: Any) -> Callable[[], bool] | None:
    """A function that tells whether an ASGI `send` of a frame would return without waiting.

    None if that is unknown: the server is another one, something wraps `send`, or it is the older implementation with
    `websockets`.
    """
    connection = getattr(send, "__self__", None)
    if not type(connection).__module__.startswith("uvicorn.protocols.websockets."):
        return None
    writable = getattr(connection, "writable", None)
    return writable.is_set if isinstance(writable, asyncio.Event) else None


#: Seconds between checks whether uvicorn has passed on what it was given.
LOOK_SECONDS: Final = 0.02
#: How many wrappers around `send` are looked through: hosts wrap it to measure and to log.
MOST_WRAPPERS: Final = 8


@dataclass(frozen=True, slots=True)
class Connection:
    """A client's connection, for a long response. `cycle` is uvicorn's object for one request."""

    cycle: Any

    @property
    def keeps_all(self) -> bool:
        """Always false: uvicorn waits in `send` for a slow client."""
        return False

    @property
    def untaken(self) -> int | None:
        """Bytes that were sent but not yet received by the client."""
        transport = self.cycle.transport
        return int(transport.get_write_buffer_size()) + unsent_bytes(transport.get_extra_info("socket"))

    @property
    def is_last(self) -> bool:
        """Whether it closes after this response: also true once uvicorn was told to stop."""
        return not getattr(self.cycle, "keep_alive", True)

    async def drained(self) -> None:
        """Wait until the kernel has everything: uvicorn doesn't wait after the last piece, but when it stops."""
        transport = self.cycle.transport
        # asyncio notifies only the protocol, which is uvicorn.
        while transport.get_write_buffer_size() and not transport.is_closing():  # noqa: ASYNC110
            await asyncio.sleep(LOOK_SECONDS)

    def abort(self) -> bool:
        """Close it at once. `close` would wait for what was not sent."""
        self.cycle.transport.abort()
        return True


def connection_behind(send: Any) -> Connection | None:
    """The connection of an ASGI `send`; None if the server is another one, or shares it among requests."""
    found = [send]
    for _ in range(MOST_WRAPPERS):
        if not found:
            return None
        function = found.pop(0)
        cycle = getattr(function, "__self__", None)
        module = type(cycle).__module__
        if (
            module.startswith("uvicorn.protocols.http.")
            and "h2" not in module
            and hasattr(cycle, "transport")
        ):
            return Connection(cycle)
        found += _wrapped_by(function)
    return None


def has_websockets(send: Any) -> bool | None:
    """Whether the uvicorn behind an ASGI `send` accepts WebSockets; None if the server is another one.

    It does not without a library for them, and with `--ws none`.
    """
    connection = connection_behind(send)
    if connection is None:
        return None
    protocol = connection.cycle.transport.get_protocol()
    return getattr(protocol, "ws_protocol_class", True) is not None


def _wrapped_by(function: Any) -> list[Callable[..., Any]]:
    """The functions that a function holds in its closure, or a partial or callable object in its attributes."""
    inside = [getattr(function, "func", None), getattr(function, "__wrapped__", None)]
    if inspect.isfunction(function):
        for cell in function.__closure__ or ():
            try:
                inside.append(cell.cell_contents)
            except ValueError:  # not filled yet
                continue
    return [
        value for value in inside if callable(value) and (inspect.isroutine(value) or hasattr(value, "func"))
    ]
