"""WebSocket handshakes and frames made by hand, such as no well-behaved client library sends."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import struct
from collections.abc import Mapping
from pathlib import Path

from tests.stack import Web

TEXT, CLOSE = 1, 8


class Knock:
    """One connection to a server, from any of this machine's addresses."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.status = 0

    @classmethod
    async def at(
        cls, web: Web, path: str, headers: Mapping[str, str] | None = None, address: str = "127.0.0.1"
    ) -> Knock:
        """Shake hands; `status` is 101 when the socket was accepted."""
        reader, writer = await asyncio.open_connection("127.0.0.1", web.port, local_addr=(address, 0))
        knock = cls(reader, writer)
        sent = {
            "Host": f"127.0.0.1:{web.port}",
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
            "Sec-WebSocket-Version": "13",
            **(headers or {}),
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
        writer.write(f"GET {path} HTTP/1.1\r\n{head}\r\n".encode())
        answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)
        knock.status = int(answer.split()[1])
        return knock

    async def send(self, text: bytes) -> bool:
        """A text frame, in pieces; False when the server closes the connection meanwhile."""
        size = len(text)
        if size < 126:
            length = struct.pack(">B", 128 + size)
        else:
            length = struct.pack(">BH", 254, size) if size < 65536 else struct.pack(">BQ", 255, size)
        try:
            self.writer.write(bytes([0x80 | TEXT]) + length + b"\0\0\0\0")
            for at in range(0, size, 65536):
                self.writer.write(text[at : at + 65536])
                await self.writer.drain()
        except ConnectionError:
            return False
        return True

    async def close_code(self) -> int | None:
        """The code in the server's close frame; None if it ends the connection without one."""
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = await asyncio.wait_for(self.reader.readexactly(2), 60)
                length = head[1] & 127
                if length == 126:
                    (length,) = struct.unpack(">H", await self.reader.readexactly(2))
                data = await self.reader.readexactly(length)
                if head[0] & 15 == CLOSE:
                    return int(struct.unpack(">H", data[:2])[0])
        return None

    async def leave(self) -> None:
        self.writer.close()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()


def memory_mb(web: Web) -> int:
    """MiB that the server's processes hold."""
    total = 0
    for pid in web.pids:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                total += int(line.split()[1])
    return total // 1024
