"""Mailboxes: how batches travel from a reader to a web process. At most once; whoever receives checks for loss.

The channel layer is the host's, but the instance is our own: a flood of log lines never fills the queue that the
host's own consumers read from.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from typing import Any, Final, Protocol

from channels.layers import channel_layers

from django_logtail.conf import conf
from django_logtail.timing import time_limit

#: Seconds a send may take. A connection to a Redis host that lost its power says nothing, for a quarter of an hour.
SEND_SECONDS: Final = 5.0


class MailboxUnavailable(Exception):
    """A message could not be sent or received. The text is the layer's; trying again later is right."""


class Mailboxes(Protocol):
    """Named mailboxes; messages are dicts with a `type`."""

    async def new(self) -> str: ...
    async def send(self, mailbox: str, message: dict[str, Any]) -> None: ...
    async def receive(self, mailbox: str) -> dict[str, Any]: ...
    async def renew(self) -> None: ...
    def close(self, mailbox: str) -> None: ...


class LayerMailboxes:
    """Mailboxes on a channel layer. Belongs to the event loop that first uses it."""

    def __init__(self, alias: str | None = None) -> None:
        self._alias = alias or conf.CHANNEL_LAYER
        self._layer: Any = None

    async def new(self) -> str:
        try:
            return str(await self._made().new_channel("logtail"))
        except Exception as error:
            raise MailboxUnavailable(_words(error)) from error

    async def send(self, mailbox: str, message: dict[str, Any]) -> None:
        try:
            async with time_limit(SEND_SECONDS):
                await self._made().send(mailbox, message)
        except Exception as error:
            raise MailboxUnavailable(_words(error)) from error

    async def receive(self, mailbox: str) -> dict[str, Any]:
        try:
            found: dict[str, Any] = await self._made().receive(mailbox)
        except Exception as error:
            raise MailboxUnavailable(_words(error)) from error
        return found

    async def renew(self) -> None:
        """Use other connections from now on; the mailboxes so far receive nothing any more."""
        old, self._layer = self._layer, None
        # What both layers of channels_redis call it. The core layer's `flush` would delete the host's messages.
        close = getattr(old, "close_pools", None) or (old.flush if _is_pubsub(old) else None)
        if close is not None:
            with contextlib.suppress(Exception):
                async with time_limit(SEND_SECONDS):
                    await close()

    def close(self, mailbox: str) -> None:
        """Nothing to do: a layer's channels end with the event loop, and the reader's loop ends with the reader."""

    def _made(self) -> Any:
        if self._layer is None:
            self._layer = channel_layers.make_backend(self._alias)
        return self._layer


class MemoryMailboxes:
    """Mailboxes within one process, for a reader that runs in the web process. Any event loop may send to any."""

    #: Messages one mailbox holds; a sender waits for credit long before.
    CAPACITY = 1_000

    def __init__(self) -> None:
        self._boxes: dict[str, tuple[asyncio.AbstractEventLoop, asyncio.Queue[dict[str, Any]]]] = {}

    async def new(self) -> str:
        for name in [name for name, (loop, _) in self._boxes.items() if loop.is_closed()]:
            del self._boxes[name]
        name = "local-" + uuid.uuid4().hex
        self._boxes[name] = (asyncio.get_running_loop(), asyncio.Queue(self.CAPACITY))
        return name

    async def send(self, mailbox: str, message: dict[str, Any]) -> None:
        found = self._boxes.get(mailbox)
        if found is None:
            raise MailboxUnavailable(f"no mailbox {mailbox!r}")
        loop, box = found
        if box.full():
            raise MailboxUnavailable(f"mailbox {mailbox!r} is full")
        if loop is asyncio.get_running_loop():
            box.put_nowait(message)
            return
        try:
            loop.call_soon_threadsafe(box.put_nowait, message)
        except RuntimeError as error:  # that loop was closed
            raise MailboxUnavailable(_words(error)) from error

    async def receive(self, mailbox: str) -> dict[str, Any]:
        return await self._boxes[mailbox][1].get()

    async def renew(self) -> None:
        """Nothing to do: there is no connection."""

    def close(self, mailbox: str) -> None:
        self._boxes.pop(mailbox, None)


#: The mailboxes of this process; also those of readers that run in it.
local_mailboxes = MemoryMailboxes()


def _is_pubsub(layer: Any) -> bool:
    return type(layer).__name__ == "RedisPubSubChannelLayer"


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
