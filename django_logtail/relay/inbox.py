"""This process's mailbox, where readers' messages arrive."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from django_logtail.control.mailboxes import Mailboxes, MailboxUnavailable, WrongConnection
from django_logtail.control.messages import Garbled, Message, Nudge
from django_logtail.relay.liveness import RETRY_SECONDS
from django_logtail.tailing.reasons import reason

logger = logging.getLogger(__name__)

#: Seconds without any message, although Redis answers and names a running reader, after which to reconnect.
DEAF_SECONDS: Final = 5.0


class Inbox:
    """Receives as long as its event loop runs, whatever happens to the connection.

    `take` gets each message; `opened` is called when the mailbox changes; `keep` runs a task that must keep running.
    """

    def __init__(
        self,
        mailboxes: Mailboxes,
        *,
        take: Callable[[Message | Garbled], None],
        opened: Callable[[], None],
        keep: Callable[[str, Callable[[], Awaitable[None]]], asyncio.Task[None]],
    ) -> None:
        #: The mailbox to send to; "" until there is one.
        self.mailbox = ""
        #: Why nothing can be received now, as one of `reasons`; "" if nothing failed.
        self.trouble = ""
        self._mailboxes = mailboxes
        self._take = take
        self._opened = opened
        self._keep = keep
        self._deaf_since: float | None = None
        self._mistrusted_at = float("-inf")
        self._receiving: asyncio.Task[None]

    def start(self) -> None:
        self._receiving = self._keep("receiving", self._receive)

    def heard(self) -> None:
        """Something arrived, or nothing could have been sent."""
        self._deaf_since = None

    def missed(self, now: float) -> None:
        """A reader is running, but nothing from it has arrived."""
        if self._deaf_since is None:
            self._deaf_since = now
        elif now - self._deaf_since >= DEAF_SECONDS:
            self._deaf_since = now
            logger.warning("nothing arrives from a running reader: receiving over a new connection")
            self._begin_anew()

    async def test(self) -> None:
        """Send ourselves a message: some layers only log that they may not subscribe."""
        try:
            await self._mailboxes.send(self.mailbox, Nudge())
        except MailboxUnavailable as error:
            self.trouble = _refusal(error)

    def mistrust(self, now: float) -> None:
        """Redis is another server now; our connection only listens, so it may still lead to the old one unnoticed."""
        if now - self._mistrusted_at >= DEAF_SECONDS:
            self._mistrusted_at = now
            self._begin_anew()

    def _begin_anew(self) -> None:
        self._receiving.cancel()
        self._receiving = self._keep("receiving", self._receive_anew)

    async def _receive(self) -> None:
        mailbox = ""
        while True:
            try:
                if not mailbox:
                    self.mailbox = mailbox = await self._mailboxes.new()
                    self._opened()
                self.trouble = ""
                message = await self._mailboxes.receive(mailbox)
            except WrongConnection as error:
                self.trouble = _refusal(error)
                logger.warning("the channel layer's server is no longer the right one: %s", error)
                await self._mailboxes.renew()
                mailbox = ""
                await asyncio.sleep(RETRY_SECONDS)
                continue
            except MailboxUnavailable as error:
                self.trouble = _refusal(error)
                logger.debug("mailbox: %s", error)
                await asyncio.sleep(RETRY_SECONDS)
                continue
            self._take(message)
            # Otherwise its bytes would stay in memory until the next message, which may be hours away.
            del message

    async def _receive_anew(self) -> None:
        """Reconnect, because the connection may be to a lost Redis host, which nothing else would reveal."""
        await self._mailboxes.renew()
        await self._receive()


def _refusal(error: MailboxUnavailable) -> str:
    code = "channel-layer-refuses" if error.is_answer else "channel-layer"
    trouble = {"trouble": error.trouble} if error.trouble else {}
    return reason(code, error=str(error).rstrip("."), **trouble)
