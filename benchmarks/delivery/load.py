"""Viewers for the benchmark: raw sockets, so that the client costs little beside what is measured.

Two dialects: "logtail" (our protocol: a hello, acknowledgements, binary batches) and "lines" (one text frame a line).
"""

from __future__ import annotations

import base64
import json
import os
import selectors
import socket
import struct
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

RECEIVE_BYTES = 1024 * 1024
ACK_BYTES = 64 * 1024


@dataclass
class Viewer:
    """One WebSocket. `received` counts bytes of log, `last` holds the end of what came."""

    socket: socket.socket
    dialect: str
    buffer: bytearray = field(default_factory=bytearray)
    received: int = 0
    unacknowledged: int = 0
    place: tuple[str, int] | None = None
    last: bytes = b""
    state: str = ""
    on_data: Callable[[bytes], None] | None = None
    is_closed: bool = False

    def read(self) -> None:
        try:
            data = self.socket.recv(RECEIVE_BYTES)
        except ConnectionError:
            data = b""
        if not data:
            self.is_closed = True
            return
        self.buffer += data
        at = 0
        view = self.buffer
        while len(view) - at >= 2:
            opcode, length, header = view[at] & 15, view[at + 1] & 127, 2
            if length == 126:
                if len(view) - at < 4:
                    break
                length, header = struct.unpack_from("!H", view, at + 2)[0], 4
            elif length == 127:
                if len(view) - at < 10:
                    break
                length, header = struct.unpack_from("!Q", view, at + 2)[0], 10
            if len(view) - at < header + length:
                break
            self.take(opcode, bytes(view[at + header : at + header + length]))
            at += header + length
        del self.buffer[:at]

    def take(self, opcode: int, payload: bytes) -> None:
        if opcode == 9:
            self.send(10, payload)
        elif opcode == 8:
            self.is_closed = True
        elif self.dialect == "lines":
            self.count(payload + b"\n")
        elif opcode == 2:
            header, _, data = payload.partition(b"\n")
            fields = json.loads(header)
            if not fields.get("partial"):
                self.place = (fields["file"], fields["end"])
                self.count(data)
                self.unacknowledged += len(data)
                if self.unacknowledged >= ACK_BYTES:
                    self.acknowledge()
        else:
            fields = json.loads(payload)
            if fields["type"] == "status":
                self.state = fields["state"]
            elif fields["type"] == "event" and "file" in fields:
                self.place = (fields["file"], fields["offset"])

    def count(self, data: bytes) -> None:
        self.received += len(data)
        self.last = data[-64:]
        if self.on_data is not None:
            self.on_data(data)

    def acknowledge(self) -> None:
        if self.place is not None:
            self.unacknowledged = 0
            self.say({"type": "ack", "file": self.place[0], "offset": self.place[1]})

    def say(self, message: dict[str, object]) -> None:
        self.send(1, json.dumps(message).encode())

    def send(self, opcode: int, payload: bytes) -> None:
        mask = b"\0\0\0\0"
        size = len(payload)
        head = (
            bytes([128 | opcode, 128 | size])
            if size < 126
            else bytes([128 | opcode, 254]) + struct.pack("!H", size)
        )
        self.socket.sendall(head + mask + payload)


def connect(
    port: int,
    path: str,
    dialect: str,
    *,
    cookie: str = "",
    ticket: str = "",
    lines: int = 0,
    small: bool = False,
) -> Viewer:
    """A viewer whose handshake is done. `small`: a receive buffer of 4 KiB, for one that will not read."""
    connection = socket.socket()
    if small:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(("127.0.0.1", port))
    key = base64.b64encode(os.urandom(16)).decode()
    connection.sendall(
        (
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            + (f"Cookie: sessionid={cookie}\r\n" if cookie else "")
            + "\r\n"
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
    viewer = Viewer(connection, dialect, bytearray(rest))
    if dialect == "logtail":
        viewer.say({"type": "hello", "protocol": 1, "ticket": ticket, "lines": lines, "resume": None})
    return viewer


def serve(viewers: Iterable[Viewer], until: Callable[[], bool], seconds: float) -> bool:
    """Read for all viewers until a condition holds; False when it did not in time."""
    deadline = time.monotonic() + seconds
    acked_at = said_at = time.monotonic()
    with selectors.DefaultSelector() as selector:
        viewers = list(viewers)
        for viewer in viewers:
            selector.register(viewer.socket, selectors.EVENT_READ, viewer)
        while not until():
            now = time.monotonic()
            if now > deadline:
                return False
            if now - acked_at > 0.25:
                acked_at = now
                is_time = now - said_at > 10
                said_at = now if is_time else said_at
                for viewer in viewers:
                    if not viewer.is_closed and (viewer.unacknowledged or is_time):
                        viewer.acknowledge()
            for key, _ in selector.select(0.05):
                key.data.read()
                if key.data.is_closed:
                    selector.unregister(key.fileobj)
    return True
