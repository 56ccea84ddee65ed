"""`LogConsumer`: one viewer. A plain ASGI application, because Channels' dispatch takes 98 us a delivery instead of
12.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from django.db import DatabaseError

from django_logtail import protocol
from django_logtail.access import Refused, policy, read_ticket
from django_logtail.protocol import BadMessage, CloseCode
from django_logtail.timing import time_limit
from django_logtail.viewing import tickets
from django_logtail.viewing.admission import NotRecorded, admitted, viewers
from django_logtail.viewing.backoff import backoff
from django_logtail.viewing.handshake import Scope, is_origin_allowed, peer_address
from django_logtail.viewing.limits import OverLimit, connect
from django_logtail.viewing.newcomers import Newcomer, TooManyNewcomers, newcomers
from django_logtail.viewing.no_socket import arrivals
from django_logtail.viewing.originals import shown
from django_logtail.viewing.rechecks import Who, rounds_here
from django_logtail.viewing.recorded import recorded
from django_logtail.viewing.refusals import refusals
from django_logtail.viewing.session import Watching
from django_logtail.viewing.socket import INTERNAL_ERROR, End, Receive, Send, Socket, limit_end, refusal
from django_logtail.viewing.uvicorn import limit_messages

logger = logging.getLogger(__name__)


class LogConsumer:
    """The viewer behind one WebSocket: admits it, lets it watch, and tells it why it ends."""

    def __init__(self, slug: str, scope: Scope, receive: Receive, send: Send) -> None:
        self.slug = slug
        self._scope = scope
        self._receive = receive
        self._socket = Socket(receive, send, scope.get("client"))
        self._address = peer_address(scope)
        self._session_key = ""
        self._is_identified = False

    @classmethod
    def as_asgi(cls) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
        """An ASGI application that takes the log's slug from the URL (`scope["url_route"]`)."""
        arrivals.is_routed = True

        async def application(scope: Scope, receive: Receive, send: Send) -> None:
            await cls(scope["url_route"]["kwargs"]["slug"], scope, receive, send).run()

        return application

    async def run(self) -> None:
        """The life of one socket, from handshake to close."""
        if not await self._socket.is_connecting():
            return
        arrivals.last = "socket"
        self._session_key = policy().session_key(self._scope)
        if not is_origin_allowed(self._scope):
            await self._refuse("its page has a foreign origin", self._origin)
            return
        if not self._session_key:
            await self._refuse("it has no session")
            return
        try:
            newcomer = await newcomers.let_in(self._address, self._session_key)
        except TooManyNewcomers as full:
            kind = "its handshakes failed" if full.retry_after else "too many clients have not sent hello"
            await self._refuse(kind, str(full), full.retry_after)
            return
        with newcomer:
            limit_messages(self._receive, protocol.MOST_MESSAGE_BYTES)
            await self._socket.accept()
            await self._run_accepted(newcomer)

    async def _refuse(self, kind: str, seen: str = "", retry_after: float = 0.0) -> None:
        """Refuse the handshake: the client gets an HTTP response instead of a socket."""
        refusals.say(kind, address=self._address, log=self.slug, seen=seen)
        if retry_after and "websocket.http.response" in (self._scope.get("extensions") or {}):
            await self._socket.refuse_until(retry_after)
        else:
            await self._socket.refuse(CloseCode.NO_ACCESS)

    @property
    def _origin(self) -> str:
        return str(dict(self._scope["headers"]).get(b"origin", b""), "latin-1")

    async def _run_accepted(self, newcomer: Newcomer) -> None:
        try:
            await self._watch(newcomer)
        except End as end:
            if end.reason in ("no-hello", "bad-ticket"):
                backoff.failed(newcomer.client, self._session_key)
            await self._socket.close(end)
        except BadMessage as error:
            if not self._is_identified:
                backoff.failed(newcomer.client, self._session_key)
            await self._socket.close(End(CloseCode.BAD_MESSAGE, "bad-message", str(error)))
        except OverLimit as over:
            await self._socket.close(limit_end(over))
        except NotRecorded as error:
            await self._socket.close(End(INTERNAL_ERROR, "not-recorded", str(error), may_retry=True))
        except DatabaseError as error:
            logger.warning("log %r: access check failed: %s", self.slug, error)
            text = "The server can't check your access right now. Try again."
            await self._socket.close(End(INTERNAL_ERROR, "unavailable", text, may_retry=True))

    async def _watch(self, newcomer: Newcomer) -> None:
        """`newcomer` is closed once the user is known and the socket is counted as theirs."""
        hello = await self._hello()
        try:
            ticket = read_ticket(hello.ticket, slug=self.slug, session_key=self._session_key)
        except Refused as refused:
            raise refusal(refused) from None
        user = ticket.user_id
        await connect(user)
        with await viewers.counted(user):
            newcomer.close()
            try:
                await tickets.use(hello.ticket)
                self._is_identified = True
                backoff.succeeded(self._session_key)
                log = await admitted(user, self._session_key, self.slug, address=self._address, via="socket")
            except Refused as refused:
                raise refusal(refused) from None
            with (
                rounds_here().kept(Who(user, self._session_key, self.slug), log) as stay,
                recorded(log, user, self._address) as record,
            ):
                async with shown(ticket.original, log, stay, record):
                    watching = Watching(self._socket, log, user, self._address, stay, record, ticket.original)
                    await watching.run(hello)

    async def _hello(self) -> protocol.Hello:
        """The client's first message; it must come in time, and in this version of the protocol."""
        try:
            async with time_limit(protocol.HELLO_SECONDS):
                hello = await self._socket.next_message()
        except asyncio.TimeoutError:
            raise End(
                CloseCode.BAD_MESSAGE, "no-hello", f"No hello within {protocol.HELLO_SECONDS:.0f} s."
            ) from None
        if not isinstance(hello, protocol.Hello):
            raise BadMessage("the first message is not 'hello'")
        if hello.protocol != protocol.PROTOCOL_VERSION:
            raise End(
                CloseCode.PROTOCOL_VERSION,
                "protocol-version",
                f"This server speaks protocol {protocol.PROTOCOL_VERSION}, the page {hello.protocol}. Reload the page.",
            )
        return hello
