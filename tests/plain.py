"""Viewers on bare sockets, served by one selector: a thousand of them cost little, and each can stop reading.

As strict as `tests.client`: every item must begin where the last one ended. The benchmarks use them as well.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import selectors
import socket
import struct
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.client import ACK_BYTES, ACK_SECONDS, Place
from tests.stack import Stack, Web

RECEIVE_BYTES = 1024 * 1024
#: Seconds after which a viewer acknowledges although nothing has come.
SILENT_SECONDS = 15.0
#: The receive buffer of a viewer that will not read: small, so that what is not read stays with the server.
SMALL_BUFFER = 4096


@dataclass(eq=False)
class PlainSocket:
    """One WebSocket: its frames, and nothing of what they mean. `received` counts bytes of log."""

    socket: socket.socket
    buffer: bytearray
    received: int = 0
    is_closed: bool = False
    #: Called with the bytes of log as they come.
    on_data: Callable[[bytes], None] | None = None

    def read(self) -> None:
        try:
            data = self.socket.recv(RECEIVE_BYTES)
        except ConnectionError:
            data = b""
        self.is_closed = self.is_closed or not data
        self.buffer += data
        at = 0
        while (found := self._frame(at)) is not None:
            opcode, payload, at = found
            self._take(opcode, payload)
        del self.buffer[:at]

    def _frame(self, at: int) -> tuple[int, bytes, int] | None:
        left = len(self.buffer) - at
        if left < 2:
            return None
        size, header = self.buffer[at + 1] & 127, 2
        if size > 125:
            code, header = ("!H", 4) if size == 126 else ("!Q", 10)
            if left < header:
                return None
            [size] = struct.unpack_from(code, self.buffer, at + 2)
        if left < header + size:
            return None
        begin = at + header
        return self.buffer[at] & 15, bytes(self.buffer[begin : begin + size]), begin + size

    def _take(self, opcode: int, payload: bytes) -> None:
        match opcode:
            case 9:
                self._send(10, payload)
            case 8:
                self.is_closed = True
            case 1 | 2:
                self.take(payload, is_text=opcode == 1)

    def take(self, payload: bytes, *, is_text: bool) -> None:
        """A message has come."""
        raise NotImplementedError

    def keep_alive(self, now: float) -> None:
        """Called every ACK_SECONDS."""

    def _count(self, data: bytes) -> None:
        self.received += len(data)
        if self.on_data is not None:
            self.on_data(data)

    def _send(self, opcode: int, payload: bytes) -> None:
        size = len(payload)
        head = bytes([128 | opcode, 128 | size]) if size < 126 else b""
        head = head or bytes([128 | opcode, 254]) + struct.pack("!H", size)
        with contextlib.suppress(ConnectionError):
            self.socket.sendall(head + b"\0\0\0\0" + payload)

    def close(self) -> None:
        """Close the tab."""
        self._send(8, struct.pack("!H", 1000))
        self.socket.close()

    def kill(self) -> None:
        """As a browser that dies: no goodbye, the connection is reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


@dataclass(eq=False)
class PlainViewer(PlainSocket):
    """A viewer of ours. `text` holds the bytes it has taken, but for those of a viewer that `forgets` them."""

    place: Place | None = None
    forgets: bool = False
    text: bytearray = field(default_factory=bytearray)
    first: int | None = None
    gaps: list[dict[str, Any]] = field(default_factory=list)
    state: str = ""
    end: dict[str, Any] | None = None
    unacknowledged: int = 0
    acknowledged_at: float = 0.0
    #: When it said hello, by `time.perf_counter`.
    greeted_at: float = 0.0

    def take(self, payload: bytes, *, is_text: bool) -> None:
        if is_text:
            self._take_message(json.loads(payload))
        else:
            header, _, data = payload.partition(b"\n")
            self.unacknowledged += len(header) + 1
            self._take_batch(json.loads(header), data)

    def _take_batch(self, header: dict[str, Any], data: bytes) -> None:
        assert self.place in (None, (header["file"], header["start"])), f"{header} at {self.place}"
        assert header["end"] - header["start"] == len(data)
        if header.get("partial"):
            return
        if self.first is None:
            self.first = header["start"]
        self.place = (header["file"], header["end"])
        self._count(data)
        if not self.forgets:
            self.text += data
        self.unacknowledged += len(data)
        if self.unacknowledged >= ACK_BYTES:
            self.acknowledge()

    def _take_message(self, fields: dict[str, Any]) -> None:
        match fields["type"]:
            case "status":
                self.state = fields["state"]
            case "gap":
                assert self.place == (fields["file"], fields["start"]), f"{fields} at {self.place}"
                self.place = (fields["file"], fields["end"])
                self.gaps.append(fields)
            case "event" if "file" in fields:
                self.place = (fields["file"], fields["offset"])
            case "end":
                self.end = fields

    def acknowledge(self) -> None:
        if self.place is not None:
            self.unacknowledged, self.acknowledged_at = 0, time.monotonic()
            self.say({"type": "ack", "file": self.place[0], "offset": self.place[1]})

    def keep_alive(self, now: float) -> None:
        if self.unacknowledged or now - self.acknowledged_at > SILENT_SECONDS:
            self.acknowledge()

    def say(self, message: dict[str, Any]) -> None:
        self._send(1, json.dumps(message).encode())


def open_socket(
    port: int, path: str, *, cookie: str = "", small: bool = False
) -> tuple[socket.socket, bytearray]:
    """A WebSocket whose handshake is done, and what came with it. `small`: for one that will stop reading."""
    connection = socket.socket()
    connection.settimeout(30)
    if small:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
    connection.connect(("127.0.0.1", port))
    key = base64.b64encode(os.urandom(16)).decode()
    cookies = f"Cookie: {cookie}\r\n" if cookie else ""
    connection.sendall(
        (
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n{cookies}\r\n"
        ).encode()
    )
    head = b""
    while b"\r\n\r\n" not in head:
        part = connection.recv(4096)
        if not part:
            raise ConnectionError(f"no handshake: {head!r}")
        head += part
    head, _, rest = head.partition(b"\r\n\r\n")
    if b" 101 " not in head.split(b"\r\n")[0]:
        raise ConnectionError(head.decode("latin-1"))
    return connection, bytearray(rest)


def connect(
    web: Web,
    path: str,
    session: str,
    ticket: str,
    *,
    lines: int = 0,
    resume: Place | None = None,
    small: bool = False,
    forgets: bool = False,
) -> PlainViewer:
    """A viewer that has said hello."""
    connection, rest = open_socket(web.port, path, cookie=f"sessionid={session}", small=small)
    viewer = PlainViewer(connection, rest, place=resume, forgets=forgets)
    viewer.greeted_at = time.perf_counter()
    place = {"file": resume[0], "offset": resume[1]} if resume else None
    viewer.say({"type": "hello", "protocol": 1, "ticket": ticket, "lines": lines, "resume": place})
    return viewer


def serve(viewers: Iterable[PlainSocket], until: Callable[[], bool], seconds: float) -> bool:
    """Read for all viewers until a condition holds; False when it did not in time."""
    viewers = list(viewers)
    deadline = time.monotonic() + seconds
    acknowledged_at = 0.0
    with selectors.DefaultSelector() as selector:
        for viewer in viewers:
            selector.register(viewer.socket, selectors.EVENT_READ, viewer)
        while not until():
            now = time.monotonic()
            if now > deadline:
                return False
            if now - acknowledged_at > ACK_SECONDS:
                acknowledged_at = now
                for viewer in viewers:
                    viewer.keep_alive(now)
            for key, _ in selector.select(0.05):
                key.data.read()
                if key.data.is_closed:
                    selector.unregister(key.fileobj)
    return True


def resident_bytes(pids: Iterable[int]) -> int:
    """Memory of these processes; those that have ended count nothing."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
            total += int(pages) * os.sysconf("SC_PAGE_SIZE")
    return total


def cpu_seconds(pids: Iterable[int]) -> float:
    """User and system time of these processes."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def threads(pids: Iterable[int]) -> int:
    return sum(len(list(Path(f"/proc/{pid}/task").iterdir())) for pid in pids)


def descriptors(pids: Iterable[int]) -> int:
    return sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in pids)


class Door:
    """Lets viewers in at one web process, each with a ticket of its own."""

    def __init__(self, stack: Stack, web: Web, session: str) -> None:
        self.stack = stack
        self.web = web
        self.session = session
        self.viewers: list[PlainViewer] = []
        self._paths: dict[str, str] = {}

    def __enter__(self) -> Door:
        return self

    def __exit__(self, *error: object) -> None:
        for viewer in self.viewers:
            viewer.socket.close()

    def open(self, slug: str, **options: Any) -> PlainViewer:
        path = self._paths.get(slug) or self.stack.reverse("logtail:socket", slug)
        self._paths[slug] = path
        ticket = self.stack.ticket(self.web, slug, self.session)
        self.viewers.append(connect(self.web, path, self.session, ticket, **options))
        return self.viewers[-1]
