"""A small proxy for tests, which does to requests what real ones do when they are set up wrongly."""

from __future__ import annotations

import contextlib
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.conftest import absent

Handler = Callable[["Head"], "bytes | None"]


@dataclass
class Head:
    """The head of a request. A handler changes it, or returns the answer that the proxy gives itself."""

    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)

    def __bytes__(self) -> bytes:
        lines = [f"{self.method} {self.path} HTTP/1.1", *(f"{n}: {v}" for n, v in self.headers.items())]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")


def answer(status: str, body: bytes = b"", **headers: str) -> bytes:
    """An answer of the proxy's own."""
    head = {"Server": "test-proxy", "Content-Type": "text/html", **headers, "Content-Length": str(len(body))}
    lines = [
        f"HTTP/1.1 {status}",
        *(f"{n.replace('_', '-')}: {v}" for n, v in head.items()),
        "Connection: close",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


def passes(head: Head) -> bytes | None:
    """As it should be."""
    return None


def without_upgrade(head: Head) -> bytes | None:
    """As nginx does unless told otherwise: what concerns one connection isn't passed on."""
    head.headers.pop("upgrade", None)
    head.headers["connection"] = "close"
    return None


def with_forwarded_proto(head: Head) -> bytes | None:
    head.headers["x-forwarded-proto"] = "https"
    return None


def firewall(head: Head) -> bytes | None:
    """Lets people read pages, and nothing else."""
    return answer("403 Forbidden", b"no") if head.method == "POST" else None


class Proxy:
    """Listens on 127.0.0.1, passes each request on to a port, and speaks TLS if it has a certificate.

    `behind`, that port, and `handler` may be replaced at any time.
    """

    def __init__(self, behind: int, handler: Handler = passes, certificate: Path | None = None) -> None:
        self.handler = handler
        self.behind = behind
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._tls: ssl.SSLContext | None = None
        if certificate is not None:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(certificate)
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{self.port}"
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self) -> Proxy:
        return self

    def __exit__(self, *error: object) -> None:
        self._listening.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                threading.Thread(target=self._pass, args=(client,), daemon=True).start()

    def _pass(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), contextlib.ExitStack() as opened:
            opened.enter_context(client)
            if self._tls is not None:
                client = opened.enter_context(self._tls.wrap_socket(client, server_side=True))
            incoming = opened.enter_context(client.makefile("rb"))
            head = self._head(incoming.readline, incoming.readline)
            is_upgrade = "upgrade" in head.headers.get("connection", "").lower()
            if not is_upgrade:
                head.headers["connection"] = "close"  # one request each
            own = self.handler(head)
            if own is not None:
                client.sendall(own)
                client.shutdown(socket.SHUT_WR)
                while incoming.read1(65536):
                    pass  # closed now, the client might lose the answer
                return
            behind = opened.enter_context(socket.create_connection(("127.0.0.1", self.behind)))
            length = int(head.headers.get("content-length", "0"))
            behind.sendall(bytes(head) + incoming.read(length))
            if is_upgrade:
                threading.Thread(target=_pump, args=(incoming.read1, behind), daemon=True).start()
            _pump(behind.recv, client)

    @staticmethod
    def _head(first: Callable[[], bytes], following: Callable[[], bytes]) -> Head:
        method, path, _ = first().decode("latin-1").split()
        head = Head(method, path)
        while line := following().decode("latin-1").strip():
            name, _, value = line.partition(":")
            head.headers[name.lower()] = value.strip()
        return head


def _pump(read: Callable[[int], bytes], into: socket.socket) -> None:
    with contextlib.suppress(OSError, ValueError):
        while part := read(65536):
            into.sendall(part)
        into.shutdown(socket.SHUT_WR)


def certificate(folder: Path) -> Path:
    """A file with a new key and its certificate for 127.0.0.1, signed by itself."""
    if shutil.which("openssl") is None:
        absent("openssl")
    path = folder / "certificate.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
    ]
    command += ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
    subprocess.run([*command, "-keyout", path, "-out", folder / "only.pem"], check=True, capture_output=True)
    path.write_bytes(path.read_bytes() + (folder / "only.pem").read_bytes())
    return path
