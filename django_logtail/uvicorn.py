"""uvicorn's own limit of what a client may send at once, which is 16 MiB unless `--ws-max-size` says otherwise.

It keeps a message in memory before an application sees any of it, so the application's own limit comes too late. What
it does not offer is set on its connection, where that has the shape it is known to have; elsewhere nothing changes.
"""

from __future__ import annotations

from typing import Any

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
