"""Mailboxes on a channel layer.

They use the host's channel layer, but an instance of our own, so that a flood of log lines never fills the queue of the
host's own consumers. Each message is signed for the one mailbox it is sent to.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, Final

from channels.exceptions import ChannelFull
from channels.layers import channel_layers

from django_logtail.conf import conf
from django_logtail.control.connection import (
    CONNECTION_ERRORS,
    is_answer,
    is_wrong_connection,
    said_by,
    trouble_of,
    words_of,
)
from django_logtail.control.mailboxes import MailboxUnavailable, WrongConnection
from django_logtail.control.messages import Garbled, Message, Several, apart, opened, sealed, together
from django_logtail.control.wire import NotOurs, ignored
from django_logtail.timing import time_limit

#: Seconds a send may take. A connection to a Redis host that lost power stays silent for a quarter of an hour.
SEND_SECONDS: Final = 5.0
#: Seconds to wait after the layer failed to read a message, in case it fails every time.
UNREADABLE_SECONDS: Final = 0.05


class LayerMailboxes:
    """Mailboxes on a channel layer. Belongs to the event loop that first uses it.

    Only a server's usual errors become `MailboxUnavailable`; any other error is a bug in the layer or in our code, and
    reaches the caller.
    """

    def __init__(self, alias: str | None = None) -> None:
        self._alias = alias or conf.CHANNEL_LAYER
        # Two, so that the sending connections can be replaced while mailboxes go on receiving.
        self._receiving: Any = None
        self._sending: Any = None
        #: By mailbox, messages that came together and were not taken yet.
        self._waiting: dict[str, deque[Message | Garbled]] = {}

    async def new(self) -> str:
        with self._failing():
            async with time_limit(SEND_SECONDS):  # some layers subscribe here
                return str(await self._receiver().new_channel(f"logtail-{conf.NAMESPACE}"))
        raise AssertionError  # for the type checker, which assumes that `_failing` may swallow an error

    async def send(self, mailbox: str, message: Message) -> None:
        envelope = sealed(mailbox, message)
        await self._send(mailbox, envelope)

    async def send_all(self, mailbox: str, messages: Sequence[Message]) -> None:
        """Send them as one message of the layer's: all of them arrive, or none."""
        await self._send(mailbox, sealed(mailbox, together(messages)))

    async def _send(self, mailbox: str, envelope: dict[str, Any]) -> None:
        try:
            with self._failing():
                async with time_limit(SEND_SECONDS):
                    await self._sender().send(mailbox, envelope)
        except WrongConnection:
            await self.renew_sending()
            raise

    async def receive(self, mailbox: str) -> Message | Garbled:
        """The next message of this project. Others are counted and skipped."""
        waiting = self._waiting.get(mailbox)
        if waiting:
            return waiting.popleft()
        while True:
            try:
                with self._failing():
                    envelope = await self._receiver().receive(mailbox)
            except (ValueError, TypeError) as error:  # from the layer: bytes that it did not write
                ignored.add("a message in a mailbox", NotOurs(words_of(error)))
                await asyncio.sleep(UNREADABLE_SECONDS)
                continue
            message = opened(mailbox, envelope)
            if isinstance(message, Several):
                waiting = self._waiting[mailbox] = deque(apart(message))
                message = waiting.popleft() if waiting else None
            if message is not None:
                return message

    async def renew(self) -> None:
        """Use other connections from now on; existing mailboxes no longer receive anything."""
        self._waiting.clear()
        old, self._receiving = self._receiving, None
        await _close(old)
        await self.renew_sending()

    async def renew_sending(self) -> None:
        """Send over other connections from now on."""
        old, self._sending = self._sending, None
        await _close(old)

    def close(self, mailbox: str) -> None:
        """Nothing to do: a layer's channels end with the event loop, and a reader's loop with the reader."""

    def _receiver(self) -> Any:
        if self._receiving is None:
            self._receiving = channel_layers.make_backend(self._alias)
        return self._receiving

    def _sender(self) -> Any:
        if self._sending is None:
            made = channel_layers.make_backend(self._alias)
            # A layer without connections, as in memory: two instances would not share messages.
            self._sending = self._receiver() if _closer(made) is None else made
        return self._sending

    @contextlib.contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            yield
        except ChannelFull as error:
            raise MailboxUnavailable(words_of(error)) from error
        except CONNECTION_ERRORS as error:
            kind = WrongConnection if is_wrong_connection(error) else MailboxUnavailable
            said = said_by(error) if is_answer(error) else words_of(error)
            raise kind(said, trouble_of(error), is_answer=is_answer(error)) from error


def _closer(layer: Any) -> Callable[[], Awaitable[None]] | None:
    """The function that closes a layer's connections, if it has any."""
    # Both layers of channels_redis call it that. The core layer's `flush` would delete the host's messages.
    found: Callable[[], Awaitable[None]] | None = getattr(layer, "close_pools", None)
    return found or (layer.flush if _is_pubsub(layer) else None)


async def _close(layer: Any) -> None:
    close = _closer(layer)
    if close is not None:
        with contextlib.suppress(*CONNECTION_ERRORS):
            async with time_limit(SEND_SECONDS):
                await close()


def _is_pubsub(layer: Any) -> bool:
    return type(layer).__name__ == "RedisPubSubChannelLayer"
