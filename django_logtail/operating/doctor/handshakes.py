"""Requests and WebSocket handshakes as a browser sends them, over a real connection. Knows no Django."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import os
import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, Any, Final
from urllib.parse import SplitResult, urlsplit

#: Bytes of an answer that are read.
_MOST_BYTES: Final = 256 * 1024
_TEXT, _CLOSE = 1, 8


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `said`: the last thing in words that a WebSocket brought, or None without one."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""
    said: Mapping[str, Any] | None = None

    @property
    def json(self) -> Mapping[str, Any]:
        """The JSON object in the body; empty if there is none."""
        with contextlib.suppress(ValueError):
            found = json.loads(self.body)
            if isinstance(found, dict):
                return found
        return {}

    @property
    def server(self) -> str:
        """How the program that answered calls itself; "" if it doesn't."""
        return self.headers.get("server", "")


@dataclass(frozen=True, slots=True)
class Site:
    """A site as browsers reach it, such as `https://shop.example`."""

    origin: str
    seconds: float
    _parts: SplitResult = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_parts", urlsplit(self.origin))

    @property
    def place(self) -> str:
        return f"{self._parts.hostname}:{self._parts.port or (443 if self._parts.scheme == 'https' else 80)}"

    def request(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        """Raises `OSError` without an answer."""
        length = {"Content-Length": str(len(body))} if method == "POST" else {}
        with self._sent(method, path, {"Connection": "close", **length, **(headers or {})}, body) as (
            _,
            incoming,
        ):
            return _answer(incoming)

    def shake_hands(self, path: str, headers: Mapping[str, str], first: Mapping[str, Any]) -> Answer:
        """Open a WebSocket, send `first`, and wait for the answer to it. Raises `OSError` without one."""
        asked = {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        }
        with self._sent("GET", path, {**asked, **headers}) as (connection, incoming):
            answer = _answer(incoming)
            if answer.status != 101:
                return answer
            connection.sendall(_frame(json.dumps(first).encode()))
            return Answer(101, answer.headers, said=_first_words(incoming))

    @contextlib.contextmanager
    def _sent(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes = b""
    ) -> Iterator[tuple[socket.socket, IO[bytes]]]:
        head = "".join(
            f"{name}: {value}\r\n" for name, value in {"Host": self._parts.netloc, **headers}.items()
        )
        host, _, port = self.place.rpartition(":")
        with contextlib.ExitStack() as opened:
            plain = opened.enter_context(socket.create_connection((host, int(port)), self.seconds))
            connection = plain
            if self._parts.scheme == "https":
                context = ssl.create_default_context()
                connection = opened.enter_context(context.wrap_socket(plain, server_hostname=host))
            connection.sendall(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body)
            yield connection, opened.enter_context(connection.makefile("rb"))


def _answer(incoming: IO[bytes]) -> Answer:
    words = incoming.readline(_MOST_BYTES).decode("latin-1").split(None, 2)
    if len(words) < 2 or not words[0].startswith("HTTP/") or not words[1].isdigit():
        raise OSError("no HTTP answer" if words else "the connection was closed without an answer")
    try:
        headers = {name.lower(): value for name, value in http.client.parse_headers(incoming).items()}
    except http.client.HTTPException as error:
        raise OSError(f"no HTTP answer: {error}") from None
    status = int(words[1])
    if status == 101:
        return Answer(status, headers)
    return Answer(status, headers, _body(incoming, headers))


def _body(incoming: IO[bytes], headers: Mapping[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").lower() != "chunked":
        length = headers.get("content-length", "")
        return incoming.read(min(int(length), _MOST_BYTES) if length.isdigit() else _MOST_BYTES)
    body = b""
    while len(body) < _MOST_BYTES:
        size = int(incoming.readline(_MOST_BYTES).partition(b";")[0].strip() or b"0", 16)
        if size == 0:
            break
        body += incoming.read(size)
        incoming.readline(_MOST_BYTES)
    return body


def _frame(text: bytes) -> bytes:
    """A message of less than 64 KiB, masked as those of clients must be."""
    mask = os.urandom(4)
    length = bytes([0x80 | len(text)]) if len(text) < 126 else b"\xfe" + len(text).to_bytes(2, "big")
    return b"\x81" + length + mask + bytes(byte ^ mask[at % 4] for at, byte in enumerate(text))


def _first_words(incoming: IO[bytes]) -> Mapping[str, Any]:
    """The first message with text, as JSON; empty if the other side closes before, or sends something else."""
    while len(head := incoming.read(2)) == 2:
        length = head[1] & 0x7F
        if length >= 126:
            length = int.from_bytes(incoming.read(2 if length == 126 else 8), "big")
        content = incoming.read(min(length, _MOST_BYTES))
        if head[0] & 0x0F == _CLOSE:
            break
        if head[0] & 0x0F == _TEXT:
            return Answer(0, {}, content).json
    return {}
