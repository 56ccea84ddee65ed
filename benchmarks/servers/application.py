"""An application that does nothing but send the same frame to all its sockets, 50 times a second."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

#: As long as the frame of a line of 105 bytes.
FRAME: Final = b"x" * 208
ROUND_SECONDS: Final = 1 / 50

_sends: list[Send] = []
_tasks: list[asyncio.Task[None]] = []


async def application(scope: Message, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        while True:
            said = (await receive())["type"]
            await send({"type": f"{said}.complete"})
            if said.endswith("shutdown"):
                return
    await receive()
    await send({"type": "websocket.accept"})
    _sends.append(send)
    if not _tasks:
        _tasks.append(asyncio.ensure_future(_send_to_all()))
    try:
        while (await receive())["type"] != "websocket.disconnect":
            pass
    finally:
        _sends.remove(send)


async def _send_to_all() -> None:
    loop = asyncio.get_running_loop()
    at = loop.time()
    while True:
        at += ROUND_SECONDS
        await asyncio.sleep(max(0.0, at - loop.time()))
        for send in list(_sends):
            with contextlib.suppress(Exception):  # it has gone, which each server reports in its own way
                await send({"type": "websocket.send", "bytes": FRAME})
