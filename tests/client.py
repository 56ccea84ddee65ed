"""A client of the wire protocol, version 1, written as docs/reference/protocol.md describes.

It checks everything: every item of the stream must begin where the last one ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable, Mapping
from functools import partial
from types import TracebackType
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from django_logtail.protocol import PROTOCOL_VERSION, decode_batch
from tests.stack import Stack, Web

#: When a client acknowledges: whichever comes first.
ACK_BYTES = 64 * 1024
ACK_SECONDS = 2.0
#: Rounds of ACK_SECONDS after which it acknowledges although nothing has come: 20 s.
SILENT_ROUNDS = 10

Place = tuple[str, int]


class Client:
    """One viewer. Use it as `async with Client(…) as client`; then `until` something has come."""

    def __init__(
        self,
        stack: Stack,
        web: Web,
        slug: str,
        session: str,
        *,
        lines: int = 500,
        resume: Place | None = None,
        protocol: int = PROTOCOL_VERSION,
        ticket: str | None = None,
        origin: str | None = None,
        acknowledges: bool = True,
        original: Mapping[str, str] | None = None,
    ) -> None:
        """`original`: the fields that ask for the original of redacted lines."""
        self.stack = stack
        self.web = web
        self.slug = slug
        self.session = session
        self.origin = origin or web.url
        self.acknowledges = acknowledges
        self.original = dict(original or {})
        self._first = {
            "type": "hello",
            "protocol": protocol,
            "ticket": ticket,
            "lines": lines,
            "resume": {"file": resume[0], "offset": resume[1]} if resume else None,
        }
        self.place: Place | None = resume
        self.hello: dict[str, Any] | None = None
        #: The stream in order: ("bytes", place, bytes), ("event", fields) or ("gap", fields).
        self.items: list[tuple[Any, ...]] = []
        #: Taken bytes, in stream order; `late` ones of older generations apart.
        self.bytes = bytearray()
        self.late = bytearray()
        #: Both, as they came.
        self.arrived = bytearray()
        self.partial = b""
        self.events: list[dict[str, Any]] = []
        self.gaps: list[dict[str, Any]] = []
        self.statuses: list[dict[str, Any]] = []
        self.answers: list[dict[str, Any]] = []
        self.ended: dict[str, Any] | None = None
        self.close_code: int | None = None
        #: Bytes of frames.
        self._unacknowledged = 0
        self._news = asyncio.Condition()
        self._failure: BaseException | None = None

    async def __aenter__(self) -> Client:
        if self._first["ticket"] is None:
            self._first["ticket"] = await asyncio.to_thread(
                partial(self.stack.ticket, self.web, self.slug, self.session, **self.original)
            )
        path = self.stack.reverse("logtail:socket", self.slug)
        self.socket: ClientConnection = await connect(
            self.web.url.replace("http", "ws", 1) + path,
            additional_headers={"Cookie": f"sessionid={self.session}"},
            origin=self.origin,
            max_size=None,
            open_timeout=30,
            proxy=None,
        )
        await self.send(self._first)
        self._tasks = [asyncio.create_task(self._receive()), asyncio.create_task(self._acknowledge())]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.socket.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if error is None and self._failure is not None:
            raise self._failure

    async def send(self, message: dict[str, Any]) -> None:
        await self.socket.send(json.dumps(message))

    async def until(self, is_true: Callable[[], object], seconds: float = 60.0) -> None:
        """Return as soon as `is_true()`. Raises after `seconds`, or what broke the stream."""

        async def news() -> None:
            async with self._news:
                await self._news.wait_for(lambda: self._failure is not None or is_true())

        try:
            await asyncio.wait_for(news(), seconds)
        except asyncio.TimeoutError:
            raise AssertionError(f"not within {seconds:g} s: {self!r}") from None
        if self._failure is not None:
            raise self._failure

    async def until_live(self, seconds: float = 60.0) -> None:
        await self.until(lambda: self.state == "live", seconds)

    async def until_closed(self, seconds: float = 60.0) -> int | None:
        await self.until(lambda: self.close_code is not None, seconds)
        return self.close_code

    @property
    def state(self) -> str | None:
        """The last `state` the server told."""
        return self.statuses[-1]["state"] if self.statuses else None

    @property
    def kinds(self) -> list[str]:
        """The kinds of the events, in stream order."""
        return [event["kind"] for event in self.events]

    def __repr__(self) -> str:
        return (
            f"<viewer of {self.slug}: {len(self.bytes)} bytes, at {self.place}, state {self.state}, "
            f"events {self.kinds}, gaps {self.gaps}, ended {self.ended}, closed {self.close_code}>"
        )

    # --- what the server sends ---

    async def _receive(self) -> None:
        try:
            async for frame in self.socket:
                self._unacknowledged += len(frame)
                if isinstance(frame, bytes):
                    self._take_batch(*decode_batch(frame))
                else:
                    self._take_message(json.loads(frame))
                async with self._news:
                    self._news.notify_all()
                if self._unacknowledged >= ACK_BYTES:
                    with contextlib.suppress(ConnectionClosed):  # the rest is still to be read
                        await self._send_ack()
        except ConnectionClosed:
            pass
        except Exception as failure:  # noqa: BLE001 - whatever it is, `until` raises it in the test
            self._failure = failure
        self.close_code = self.socket.close_code
        async with self._news:
            self._news.notify_all()

    def _take_batch(self, header: dict[str, Any], data: bytes) -> None:
        if "request" in header:
            self.answers.append({**header, "bytes": data})
        elif header.get("late"):
            self.late += data
            self.arrived += data
        else:
            start = (header["file"], header["start"])
            self._check(start)
            self.partial = data if header.get("partial") else b""
            if not header.get("partial"):
                self.items.append(("bytes", start, data))
                self.bytes += data
                self.arrived += data
                self.place = (header["file"], header["end"])

    def _take_message(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "hello":
                self.hello = message
            case "event":
                self._take_event(message)
            case "gap":
                self._check((message["file"], message["start"]))
                self.items.append(("gap", message))
                self.gaps.append(message)
                self.place = (message["file"], message["end"])
            case "status":
                self.statuses.append(message)
            case "done" | "error" | "files" | "found" | "progress" | "time" | "volume":
                self.answers.append(message)
            case "end":
                self.ended = message

    def _take_event(self, message: dict[str, Any]) -> None:
        before = message.get("before")
        if before is not None:
            self._check((before["file"], before["offset"]))
        self.items.append(("event", message))
        self.events.append(message)
        if message.get("file") is not None:
            self.place = (message["file"], message["offset"])

    def _check(self, begins: Place) -> None:
        if self.place is not None and begins != self.place:
            raise AssertionError(
                f"an item begins at {begins}, but the stream stands at {self.place}: {self!r}"
            )

    # --- what the client sends ---

    async def _send_ack(self) -> None:
        if self.acknowledges and self.place is not None:
            self._unacknowledged = 0
            await self.send({"type": "ack", "file": self.place[0], "offset": self.place[1]})

    async def _acknowledge(self) -> None:
        rounds = 0
        try:
            while True:
                await asyncio.sleep(ACK_SECONDS)
                rounds += 1
                if self._unacknowledged or rounds % SILENT_ROUNDS == 0:
                    await self._send_ack()
        except ConnectionClosed:
            pass
