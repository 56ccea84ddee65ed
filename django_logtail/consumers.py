"""`LogConsumer`: one viewer. A plain ASGI application, because stock dispatch costs 98 us a delivery against 12."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
import uuid
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.db import DatabaseError
from django.http.cookie import parse_cookie
from django.http.request import split_domain_port, validate_host

from django_logtail import protocol
from django_logtail.access import Refused, read_ticket
from django_logtail.admission import ADMIT_SECONDS, TooManyViewers, admitted, relay_here, viewers
from django_logtail.control import ViewerFacts
from django_logtail.control.wants import Sought
from django_logtail.models import Log
from django_logtail.protocol import BadMessage, CloseCode, decode_client_message, encode_message
from django_logtail.relay import FeedViewer, Relay
from django_logtail.search_frames import search_frames
from django_logtail.tailing.events import Position
from django_logtail.tailing.search import has_regex

logger = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

#: Bytes a viewer may leave un-acknowledged. More, and some servers can no longer close a socket that nobody reads.
WINDOW_BYTES: Final = 256 * 1024
#: Seconds bytes may stay un-acknowledged before the socket is closed.
ACK_SECONDS: Final = 30.0
#: Seconds after which something is sent anyway: proxies cut silent sockets after 30 to 100 s.
KEEP_ALIVE_SECONDS: Final = 20.0
#: The close code of RFC 6455 for trouble of the server's own.
INTERNAL_ERROR: Final = 1011
#: Answers to `range` one viewer may wait for at a time.
RANGES: Final = 4
#: Searches one viewer may have under way: one that was cancelled a moment ago may still be ending.
SEARCHES: Final = 2


class _End(Exception):
    """This viewer ends: with a last message, unless the other side is gone (code None)."""

    def __init__(
        self, code: int | None, reason: str = "", text: str = "", *, may_retry: bool = False, **more: int
    ) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.text = text
        self.may_retry = may_retry
        self.more = more


class LogConsumer:
    """The viewer behind one WebSocket: admits it, moves its cursor, answers its commands."""

    def __init__(self, slug: str, scope: Scope, receive: Receive, send: Send) -> None:
        self.slug = slug
        self.session = uuid.uuid4().hex[:12]
        self._scope = scope
        self._receive = receive
        self._send = send
        self._session_key = _session_key(scope)
        self._user = ""
        self._log: Log | None = None
        self._relay: Relay | None = None
        self._viewer: FeedViewer | None = None
        self._is_held = False
        self._sent: deque[tuple[Position | None, int]] = deque()
        self._unacknowledged = 0
        self._acked_at = time.monotonic()
        self._acked = asyncio.Event()
        self._ranges: dict[int, asyncio.Task[None]] = {}
        self._searches: dict[int, asyncio.Task[None]] = {}
        self._allowance = float(protocol.CLIENT_MESSAGE_BURST)
        self._allowance_at = time.monotonic()
        self._sent_at = time.monotonic()

    @classmethod
    def as_asgi(cls) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
        """An ASGI application; the log's slug comes from the URL (`scope["url_route"]`)."""

        async def application(scope: Scope, receive: Receive, send: Send) -> None:
            await cls(scope["url_route"]["kwargs"]["slug"], scope, receive, send).run()

        return application

    async def run(self) -> None:
        """The life of one socket, from handshake to close."""
        message = await self._receive()
        if message["type"] != "websocket.connect":
            return
        if not is_origin_allowed(self._scope):
            logger.warning("refused a WebSocket of a foreign origin for log %r", self.slug)
            await self._send({"type": "websocket.close", "code": CloseCode.NO_ACCESS})
            return
        await self._send({"type": "websocket.accept"})
        try:
            try:
                hello = await asyncio.wait_for(self._next_message(), protocol.HELLO_SECONDS)
            except asyncio.TimeoutError:
                raise _End(
                    CloseCode.BAD_MESSAGE, "no-hello", f"No hello within {protocol.HELLO_SECONDS:.0f} s."
                ) from None
            await self._admit(hello)
            with viewers.counted(self._user):
                await self._watch(hello)
        except _End as end:
            await self._close(end)
        except BadMessage as error:
            await self._close(_End(CloseCode.BAD_MESSAGE, "bad-message", str(error)))
        except TooManyViewers as full:
            limit = {} if full.limit is None else {"limit": full.limit}
            may_retry = full.limit is None
            await self._close(
                _End(CloseCode.TOO_MANY_VIEWERS, full.reason, full.text, may_retry=may_retry, **limit)
            )
        except DatabaseError as error:
            logger.warning("log %r: whether to admit cannot be decided: %s", self.slug, error)
            text = "The server cannot look up your access right now."
            await self._close(_End(INTERNAL_ERROR, "unavailable", text, may_retry=True))

    async def _close(self, end: _End) -> None:
        if end.code is None:
            return
        with contextlib.suppress(
            Exception
        ):  # the other side may be gone, and each server says so in its own way
            await self._send_text(
                encode_message("end", reason=end.reason, text=end.text, may_retry=end.may_retry, **end.more)
            )
            await self._send({"type": "websocket.close", "code": int(end.code), "reason": end.reason})

    # -- admission ---------------------------------------------------------------------------------

    async def _admit(self, hello: protocol.ClientMessage) -> None:
        if not isinstance(hello, protocol.Hello):
            raise BadMessage("the first message is not 'hello'")
        if hello.protocol != protocol.PROTOCOL_VERSION:
            raise _End(
                CloseCode.PROTOCOL_VERSION,
                "protocol-version",
                f"This server speaks protocol {protocol.PROTOCOL_VERSION}, the page {hello.protocol}. Reload the page.",
            )
        try:
            ticket = read_ticket(hello.ticket, slug=self.slug, session_key=self._session_key)
        except Refused as refused:
            raise _refusal(refused) from None
        self._user = ticket.user_id
        self._log = await self._check(joined=False)

    async def _check(self, *, joined: bool) -> Log:
        try:
            return await admitted(self._user, self._session_key, self.slug, joined=joined)
        except Refused as refused:
            raise _refusal(refused) from None

    # -- watching ----------------------------------------------------------------------------------

    async def _watch(self, hello: protocol.ClientMessage) -> None:
        assert isinstance(hello, protocol.Hello)
        assert self._log is not None
        log = self._log
        label = log.encoding_label
        await self._send_text(
            encode_message(
                "hello",
                protocol=protocol.PROTOCOL_VERSION,
                session=self.session,
                log=log.slug,
                name=log.name,
                encoding=label,
                queue=log.queue_name,
                can=offered(),
            )
        )
        self._relay = relay_here()
        resume = None if hello.resume is None else Position(hello.resume.file, hello.resume.offset)
        self._viewer = self._relay.join(
            str(log.pk),
            log.queue_name,
            lines=hello.lines,
            resume=resume,
            may_cut=not label.startswith("utf-16"),
        )
        parts = [
            asyncio.ensure_future(part)
            for part in (self._listen(), self._deliver(), self._tell_status(), self._recheck())
        ]
        peer = self._scope.get("client") or [""]
        self._relay.enter(
            ViewerFacts(self.session, self._user, str(log.pk), round(time.time(), 1), str(peer[0]))
        )
        try:
            done, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
            for part in done:
                part.result()
        finally:
            asked = [*self._ranges.values(), *self._searches.values()]
            for task in [*parts, *asked]:
                task.cancel()
            self._relay.exit(self.session)
            self._relay.leave(self._viewer)
            await asyncio.gather(*parts, *asked, return_exceptions=True)

    async def _deliver(self) -> None:
        viewer, relay = self._viewer, self._relay
        assert viewer is not None
        assert relay is not None
        while True:
            viewer.news.clear()
            for frame, place, _ in viewer.frames():
                await self._send_frame(frame)
                # Whatever was sent counts, a line shown early and an event too: a socket that nobody reads holds them.
                # Before there is a place there is nothing a client could acknowledge.
                size = len(frame) if place is not None else 0
                self._sent.append((place, size))
                if not self._unacknowledged:
                    self._acked_at = time.monotonic()
                self._unacknowledged += size
                while self._unacknowledged >= WINDOW_BYTES or self._is_held:
                    self._acked.clear()
                    await self._acked.wait()
            relay.shared_place(viewer)
            if not viewer.news.is_set():
                await viewer.news.wait()
            while self._is_held:
                self._acked.clear()
                await self._acked.wait()

    async def _tell_status(self) -> None:
        assert self._viewer is not None
        shown: dict[str, object] = {}
        while True:
            status = self._viewer.status()
            if status != shown or time.monotonic() - self._sent_at >= KEEP_ALIVE_SECONDS:
                shown = status
                await self._send_text(encode_message("status", **status))
            if self._unacknowledged and time.monotonic() - self._acked_at > ACK_SECONDS and not self._is_held:
                raise _End(
                    CloseCode.TOO_MANY_MESSAGES,
                    "not-acknowledged",
                    f"Nothing was acknowledged for {ACK_SECONDS:.0f} s.",
                    may_retry=True,
                )
            await asyncio.sleep(1.0 if status["state"] == "live" else 0.25)

    async def _recheck(self) -> None:
        has_failed = False
        while True:
            await asyncio.sleep(ADMIT_SECONDS)
            try:
                log = await self._check(joined=True)
            except DatabaseError:
                if has_failed:
                    raise  # twice in a row: without an answer nobody may watch
                has_failed = True
                continue
            has_failed = False
            assert self._log is not None
            if log.queue_name != self._log.queue_name or log.path != self._log.path:
                raise _End(
                    CloseCode.NO_READER, "log-changed", "This log's entry was changed.", may_retry=True
                )

    # -- what the client says ----------------------------------------------------------------------

    async def _listen(self) -> None:
        while True:
            match await self._next_message():
                case protocol.Ack(place):
                    self._take_ack(Position(place.file, place.offset))
                case protocol.Hold():
                    self._is_held = True
                case protocol.Release():
                    self._is_held = False
                    self._acked_at = time.monotonic()
                    self._acked.set()
                case protocol.Stop():
                    raise _End(1000, "stopped", "You stopped watching this log.")
                case protocol.Cancel(request):
                    if (task := self._ranges.get(request) or self._searches.get(request)) is not None:
                        task.cancel()
                case (protocol.Range() | protocol.RangeBefore()) as asked:
                    await self._begin(asked, self._ranges, RANGES, "ranges", self._answer_range(asked))
                case protocol.SearchFrom() as asked:
                    await self._begin(asked, self._searches, SEARCHES, "searches", self._answer_search(asked))
                case protocol.Hello():
                    raise BadMessage("a second 'hello'")

    def _take_ack(self, place: Position) -> None:
        reached = next(
            (
                index
                for index in range(len(self._sent) - 1, -1, -1)
                if (sent := self._sent[index][0]) is not None
                and sent.file == place.file
                and sent.offset <= place.offset
            ),
            None,
        )
        self._acked_at = time.monotonic()
        if reached is None:
            return
        # What acknowledges something new is free: there are as many of these as we sent batches.
        self._allowance += 1
        for _ in range(reached + 1):
            self._unacknowledged -= self._sent.popleft()[1]
        self._acked.set()

    async def _begin(
        self,
        asked: protocol.Range | protocol.RangeBefore | protocol.SearchFrom,
        others: dict[int, asyncio.Task[None]],
        most: int,
        name: str,
        answer: Coroutine[Any, Any, None],
    ) -> None:
        request = asked.request
        if request in self._ranges or request in self._searches or len(others) >= most:
            answer.close()
            text = f"At most {most} {name} at a time."
            await self._send_text(encode_message("error", request=request, id=f"too-many-{name}", text=text))
            return
        task = others[request] = asyncio.ensure_future(answer)
        task.add_done_callback(lambda _: others.pop(request, None))

    async def _answer_range(self, asked: protocol.Range | protocol.RangeBefore) -> None:
        assert self._relay is not None
        assert self._log is not None
        try:
            log = await self._check(joined=True)
        except _End:
            return None  # the next re-check ends the viewer with the same words
        if isinstance(asked, protocol.Range):
            place, end, lines = Position(asked.file, asked.start), asked.end, None
        else:
            place, end, lines = Position(asked.file, asked.before), None, asked.lines
        answer = await self._relay.history(str(log.pk), log.queue_name, place, end=end, before_lines=lines)
        try:
            while True:
                message = await answer.next()
                if "error" in message:
                    text = encode_message(
                        "error", request=asked.request, id="not-there", text=message["error"]
                    )
                    return await self._send_text(text)
                if "data" not in message:
                    done = encode_message(
                        "done",
                        request=asked.request,
                        file=message["file"],
                        start=message["start"],
                        end=message["end"],
                    )
                    return await self._send_text(done)
                await self._send_frame(
                    protocol.encode_batch(
                        message["file"], message["start"], message["data"], request=asked.request
                    )
                )
        except asyncio.TimeoutError:
            text = "No reader answered. Try again."
            await self._send_text(encode_message("error", request=asked.request, id="no-reader", text=text))
        finally:
            answer.close()

    async def _answer_search(self, asked: protocol.SearchFrom) -> None:
        assert self._relay is not None
        try:
            log = await self._check(joined=True)
        except _End:
            return  # the next re-check ends the viewer with the same words
        place = Position(asked.file, asked.start)
        sought = Sought(asked.pattern, asked.regex, asked.case)
        answer = await self._relay.history(str(log.pk), log.queue_name, place, search=sought)
        async with contextlib.aclosing(
            search_frames(answer, asked.request, asked.file, asked.start)
        ) as frames:
            async for text in frames:
                await self._send_text(text)

    async def _next_message(self) -> protocol.ClientMessage:
        message = await self._receive()
        if message["type"] == "websocket.disconnect":
            raise _End(None)
        now = time.monotonic()
        self._allowance = min(
            float(protocol.CLIENT_MESSAGE_BURST),
            self._allowance + (now - self._allowance_at) * protocol.CLIENT_MESSAGES_PER_SECOND,
        )
        self._allowance_at = now
        if self._allowance < 1:
            raise _End(
                CloseCode.TOO_MANY_MESSAGES,
                "too-many-messages",
                f"More than {protocol.CLIENT_MESSAGES_PER_SECOND} messages a second.",
                may_retry=True,
            )
        self._allowance -= 1
        text = message.get("text")
        if text is None:
            raise BadMessage("a binary message; only text is expected")
        return decode_client_message(text)

    # -- sending -----------------------------------------------------------------------------------

    async def _send_frame(self, frame: bytes | str) -> None:
        self._sent_at = time.monotonic()
        try:
            if isinstance(frame, str):
                await self._send({"type": "websocket.send", "text": frame})
            else:
                await self._send({"type": "websocket.send", "bytes": frame})
        except OSError:  # what uvicorn raises for a socket that is gone
            raise _End(None) from None

    async def _send_text(self, text: str) -> None:
        await self._send_frame(text)


def offered() -> list[str]:
    """What a client may ask for beside the stream."""
    return ["range", "search", *(["regex"] if has_regex() else [])]


def _refusal(refused: Refused) -> _End:
    return _End(refused.code, refused.reason, refused.text, may_retry=refused.reason == "bad-ticket")


def _session_key(scope: Scope) -> str:
    """The session cookie of the handshake, "" without one."""
    cookies = b"; ".join(
        value for name, value in scope["headers"] if name == b"cookie"
    )  # HTTP/2 may split it
    return parse_cookie(cookies.decode("latin-1")).get(settings.SESSION_COOKIE_NAME, "")


def is_origin_allowed(scope: Scope) -> bool:
    """The CSRF rule for WebSockets: the page's own host, or one in CSRF_TRUSTED_ORIGINS, even with ALLOWED_HOSTS "*".

    Clients that are no browsers send no Origin; what they may see is decided by session and ticket.
    """
    headers = dict(scope["headers"])
    origin = headers.get(b"origin", b"").decode("latin-1")
    if not origin:
        return True
    if origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    if not parts.netloc:
        return False
    host = headers.get(b"host", b"").decode("latin-1")
    if settings.USE_X_FORWARDED_HOST and b"x-forwarded-host" in headers:
        host = headers[b"x-forwarded-host"].decode("latin-1")
    for pattern in settings.CSRF_TRUSTED_ORIGINS:
        trusted = urlsplit(pattern.replace("*", "", 1))
        if "*" in pattern and trusted.scheme == parts.scheme and parts.netloc.endswith(trusted.netloc):
            return True
    default_port = {"http": "80", "https": "443"}.get(parts.scheme)
    if default_port is None:
        return False
    mine, theirs = split_domain_port(host.lower()), split_domain_port(parts.netloc.lower())
    if mine[0] != theirs[0] or (mine[1] or default_port) != (theirs[1] or default_port):
        return False
    allowed = settings.ALLOWED_HOSTS or ([".localhost", "127.0.0.1", "[::1]"] if settings.DEBUG else [])
    return validate_host(mine[0], allowed)
