"""Mailboxes: how batches get from a reader to a web process, at most once; the receiver detects loss.

`layer` has those on a channel layer, for a reader in a worker.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Sequence
from typing import Protocol

from django_logtail.control.messages import Garbled, Message


class MailboxUnavailable(Exception):
    """A message could not be sent or received. The text is the layer's; try again later.

    `trouble`, `is_answer`: as in `ControlUnavailable`.
    """

    def __init__(self, text: str = "", trouble: str = "", *, is_answer: bool = False) -> None:
        super().__init__(text)
        self.trouble = trouble
        self.is_answer = is_answer


class WrongConnection(MailboxUnavailable):
    """The server on the other end is no longer the right one: reconnect."""


class Mailboxes(Protocol):
    """Named mailboxes of messages."""

    async def new(self) -> str: ...
    async def send(self, mailbox: str, message: Message) -> None: ...
    async def send_all(self, mailbox: str, messages: Sequence[Message]) -> None: ...
    async def receive(self, mailbox: str) -> Message | Garbled: ...
    async def renew(self) -> None: ...
    async def renew_sending(self) -> None: ...
    def close(self, mailbox: str) -> None: ...


class MemoryMailboxes:
    """Mailboxes within one process, for a reader that runs in the web process. Any event loop may send to any."""

    #: Messages one mailbox holds; a sender runs out of credit long before.
    CAPACITY = 1_000

    def __init__(self) -> None:
        self._boxes: dict[str, tuple[asyncio.AbstractEventLoop, asyncio.Queue[Message]]] = {}

    async def new(self) -> str:
        for name in [name for name, (loop, _) in self._boxes.items() if loop.is_closed()]:
            del self._boxes[name]
        name = "local-" + uuid.uuid4().hex
        self._boxes[name] = (asyncio.get_running_loop(), asyncio.Queue(self.CAPACITY))
        return name

    async def send(self, mailbox: str, message: Message) -> None:
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
        except RuntimeError as error:  # that event loop was closed
            raise MailboxUnavailable(f"{type(error).__name__}: {error}") from error

    def put(self, mailbox: str, message: Message) -> None:
        """Send it from any thread, if there is such a mailbox and room in it."""
        if (found := self._boxes.get(mailbox)) is not None:
            loop, box = found
            with contextlib.suppress(RuntimeError):  # that event loop was closed
                loop.call_soon_threadsafe(_put_if_room, box, message)

    async def send_all(self, mailbox: str, messages: Sequence[Message]) -> None:
        for message in messages:
            await self.send(mailbox, message)

    async def receive(self, mailbox: str) -> Message | Garbled:
        return await self._boxes[mailbox][1].get()

    async def renew(self) -> None:
        """Nothing to do: there is no connection."""

    async def renew_sending(self) -> None:
        """Nothing to do."""

    def close(self, mailbox: str) -> None:
        self._boxes.pop(mailbox, None)


def _put_if_room(box: asyncio.Queue[Message], message: Message) -> None:
    with contextlib.suppress(asyncio.QueueFull):
        box.put_nowait(message)


#: The mailboxes of this process, including those of readers that run in it.
local_mailboxes = MemoryMailboxes()
