"""uvicorn's own limit of what a client may send at once, which is 16 MiB unless `--ws-max-size` says otherwise.

It keeps a message in memory before an application sees any of it, so the application's own limit comes too late. What
it does not offer is set on its connection, where that has the shape it is known to have; elsewhere nothing changes.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django_logtail.viewing.unsent import unsent_bytes

#: Where its three ways to speak WebSocket keep the limit: what leads from the connection to it, and what it is called.
_PLACES = (
    (("conn",), "max_message_size"),  # websockets-sansio, with websockets 15 and later
    (("conn",), "max_size"),  # the same, with older ones
    ((), "max_size"),  # websockets
    (("buffer",), "max_length"),  # wsproto
)


def limit_messages(receive: Any, most_bytes: int) -> bool:
    """Have the connection behind an ASGI `receive` closed at a longer message. Before it is accepted.

    False where the server is another one, or something stands between.
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


#: Seconds between looks whether uvicorn has handed on what it was given.
LOOK_SECONDS: Final = 0.02
#: Functions around `send` that are looked into: hosts wrap it, to measure and to log.
MOST_WRAPPERS: Final = 8


@dataclass(frozen=True, slots=True)
class Connection:
    """A client's, for a long answer. `cycle` is what uvicorn makes of one request."""

    cycle: Any

    @property
    def keeps_all(self) -> bool:
        """No: uvicorn waits in `send` for a slow client."""
        return False

    @property
    def untaken(self) -> int | None:
        """Bytes that were sent and that the client does not have yet."""
        transport = self.cycle.transport
        return int(transport.get_write_buffer_size()) + unsent_bytes(transport.get_extra_info("socket"))

    @property
    def is_last(self) -> bool:
        """Whether it is closed after this answer: also once uvicorn was told to stop."""
        return not getattr(self.cycle, "keep_alive", True)

    async def drained(self) -> None:
        """Wait until the kernel has all of it: uvicorn does not, for the last piece, and waits when it ends instead."""
        transport = self.cycle.transport
        # Only its protocol is told, and that is uvicorn.
        while transport.get_write_buffer_size() and not transport.is_closing():  # noqa: ASYNC110
            await asyncio.sleep(LOOK_SECONDS)

    def abort(self) -> bool:
        """Close it at once. A `close` would wait for what was not sent."""
        self.cycle.transport.abort()
        return True


def connection_behind(send: Any) -> Connection | None:
    """The connection of an ASGI `send`; None where the server is another one, or shares it among requests."""
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


def _wrapped_by(function: Any) -> list[Callable[..., Any]]:
    """What a function has in its closure, or a partial or callable object around, that is itself a function."""
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
