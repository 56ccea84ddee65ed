"""One viewer's WebSocket, as an ASGI server presents it: messages in, frames out, and its end."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import math
import time
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any, Final

from django_logtail import protocol
from django_logtail.access import Ended, Refused
from django_logtail.protocol import BadMessage, CloseCode, Frame, decode_client_message
from django_logtail.timing import TokenBucket, time_limit
from django_logtail.viewing import daphne
from django_logtail.viewing.daphne import Connection, connection_of
from django_logtail.viewing.limits import OverLimit
from django_logtail.viewing.uvicorn import readiness

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

#: RFC 6455's close code for an internal error.
INTERNAL_ERROR: Final = 1011
#: RFC 6455's code for a connection that ended without one.
NO_CODE: Final = 1006
#: Seconds that a client may take for its last message and for the close: it no longer occupies a place.
CLOSE_SECONDS: Final = 10.0
#: Bytes after which to wait until the client has received them, in a server that keeps whatever it is given in memory.
#: A client's acknowledgement proves nothing, and answers to its requests aren't acknowledged at all.
#: Above half of this, check whether it has, which costs nothing; waiting for it may take 20 ms too long.
BULK_BYTES: Final = 4 * 1024 * 1024


class End(Exception):
    """The end of this viewer: with a last message, unless the client is gone (code None)."""

    def __init__(
        self,
        code: int | None,
        reason: str = "",
        text: str = "",
        *,
        may_retry: bool = False,
        **more: int | str,
    ) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.text = text
        self.may_retry = may_retry
        self.more = more


def refusal(refused: Refused) -> End:
    """The end of a viewer that may not watch."""
    note = {"note": refused.note} if isinstance(refused, Ended) and refused.note else {}
    return End(refused.code, refused.reason, refused.text, may_retry=refused.reason == "bad-ticket", **note)


def limit_end(over: OverLimit) -> End:
    """The end of a viewer whose user has reached a limit."""
    code = CloseCode.TOO_MANY_VIEWERS
    return End(code, over.reason, over.text, may_retry=over.may_retry, **over.fields)


class Socket:
    """The server's two functions, in terms of the protocol."""

    def __init__(self, receive: Receive, send: Send, client: Sequence[Any] | None = None) -> None:
        """`client`: from the scope."""
        #: How many messages the client may send now.
        self.allowance = TokenBucket(
            protocol.CLIENT_MESSAGES_PER_SECOND, time.monotonic(), burst=protocol.CLIENT_MESSAGE_BURST
        )
        #: When the last frame was sent, on the monotonic clock.
        self.sent_at = time.monotonic()
        self._receive = receive
        self._send = send
        self._client = client
        self._is_ready = readiness(send)
        self._bulk = asyncio.Lock()
        self._untaken = 0

    async def is_connecting(self) -> bool:
        """Whether the first event is a handshake."""
        message = await self._receive()
        return bool(message["type"] == "websocket.connect")

    async def accept(self) -> None:
        await self._send({"type": "websocket.accept"})

    async def refuse(self, code: int) -> None:
        """Refuse the handshake; call it instead of `accept`."""
        await self._send({"type": "websocket.close", "code": code})

    async def refuse_until(self, seconds: float) -> None:
        """Refuse the handshake with 429 and when to try again, in servers that can answer with a status."""
        wait = str(math.ceil(seconds))
        headers = [(b"retry-after", wait.encode()), (b"content-type", b"text/plain; charset=utf-8")]
        text = f"Handshakes from this address or user failed too often. Try again in {wait} s."
        await self._send({"type": "websocket.http.response.start", "status": 429, "headers": headers})
        await self._send({"type": "websocket.http.response.body", "body": text.encode()})

    async def next_message(self) -> protocol.ClientMessage:
        """The client's next message. Raises `BadMessage`, and `End` if it is gone or sends too much."""
        message = await self._receive()
        if message["type"] == "websocket.disconnect":
            raise End(None, client_code=message.get("code") or NO_CODE)
        if not self.allowance.take(time.monotonic()):
            raise End(
                CloseCode.TOO_MANY_MESSAGES,
                "too-many-messages",
                f"More than {protocol.CLIENT_MESSAGES_PER_SECOND} messages a second.",
                may_retry=True,
            )
        text = message.get("text")
        if text is None:
            raise BadMessage("a binary message; only text is expected")
        if len(text) > protocol.MAX_CLIENT_MESSAGE_BYTES:
            raise BadMessage(
                f"message of over {protocol.MAX_CLIENT_MESSAGE_BYTES} bytes"
            )  # before it is copied
        return decode_client_message(text)

    async def send(self, frame: Frame) -> int:
        """Return the length of the frame. Raises `End` if the client is gone."""
        await self._sent(self._outgoing(frame))
        return len(frame.encoded)

    def _outgoing(self, frame: Frame) -> MutableMapping[str, Any]:
        self.sent_at = time.monotonic()
        kind = "text" if isinstance(frame.encoded, str) else "bytes"
        return {"type": "websocket.send", kind: frame.encoded}

    @property
    def is_ready(self) -> bool:
        """Whether `send_at_once` may be called: the server shows that it would not wait."""
        return self._is_ready is not None and self._is_ready()

    def send_at_once(self, frame: Frame) -> int:
        """Like `send`, from whatever task runs: without waiting, and so only while `is_ready`."""
        sending = self._send(self._outgoing(frame)).__await__()
        try:
            next(sending)
        except StopIteration:
            return len(frame.encoded)
        except OSError:
            raise End(None) from None
        raise RuntimeError("the server waits, although it was ready to send")

    async def _sent(self, message: MutableMapping[str, Any]) -> None:
        try:
            await self._send(message)
        except OSError:  # uvicorn raises this for a socket that is gone
            raise End(None) from None
        except RuntimeError as error:
            if daphne.says_gone(error):
                raise End(None) from None
            raise

    async def send_bulk(self, frame: Frame) -> int:
        """Like `send`, for large amounts: waits for the client, in every server."""
        async with self._bulk:  # concurrent senders wait as well
            if self._untaken >= BULK_BYTES // 2 and self._connection is not None:
                if self._connection.is_drained:
                    self._untaken = 0
                elif self._untaken >= BULK_BYTES:
                    await self._connection.drained()
                    self._untaken = 0
            size = await self.send(frame)
            self._untaken += size
            return size

    @functools.cached_property
    def _connection(self) -> Connection | None:
        return connection_of(self._client)

    async def close(self, end: End) -> None:
        if end.code is None:
            return
        last = Frame.message("end", reason=end.reason, text=end.text, may_retry=end.may_retry, **end.more)
        # The client may be gone, which each server reports in its own way; or it no longer reads.
        with contextlib.suppress(Exception):
            async with time_limit(CLOSE_SECONDS):
                await self.send(last)
        with contextlib.suppress(Exception):
            async with time_limit(CLOSE_SECONDS):
                await self._send({"type": "websocket.close", "code": int(end.code), "reason": end.reason})
