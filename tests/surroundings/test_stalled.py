"""A client that reads nothing of its download doesn't keep a place for long, nor a server from stopping."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.e2e.test_http import Host as Asker
from tests.length import at_length
from tests.stack import Running, Stack, Web, wait_until

pytestmark = [pytest.mark.whole]

LINES = b"".join(b"%08d and whatever else is in a line of a log\n" % number for number in range(500_000))
SERVERS = ["uvicorn", "daphne", "hypercorn", "granian"]
#: Seconds that a busy machine may take beside the bound.
PATIENCE = 25.0
#: Seconds of a bound that is not reached in a test, and of one that is.
LONG, SHORT = "600", "3"


@dataclass
class Host:
    stack: Stack
    web: Web
    session: str

    def begun(self) -> socket.socket:
        """A download whose first bytes have come, and which nobody reads on. Its client's buffer is small."""
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
        connection.settimeout(60)
        connection.connect(("127.0.0.1", self.web.port))
        head = (
            f"GET /logs/big/download/ HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: sessionid={self.session}\r\n\r\n"
        )
        connection.sendall(head.encode())
        assert connection.recv(12) == b"HTTP/1.1 200"
        return connection

    def is_full(self) -> bool:
        """Whether the one place that a user has here is taken."""
        return Asker(self.stack, self.web, self.session).get("/logs/big/lines/?lines=1").status == 429


@contextlib.contextmanager
def hosted(folder, server: str, seconds: str, *options: str) -> Iterator[Host]:
    logtail = {"READER": "local", "MAX_VIEWERS_PER_USER": 1}
    with Stack(folder / "stack", logtail=logtail, environment={"STALL_SECONDS": seconds}) as stack:
        stack.add_log("big", LINES)
        yield Host(stack, stack.start_web(server, options=options), stack.make_user("member"))


def ended_within(web: Running, seconds: float) -> float:
    """Send SIGTERM, as a deploy does; the seconds until the process is gone."""
    began = time.monotonic()
    os.kill(web.pid, signal.SIGTERM)
    with contextlib.suppress(Exception):
        web.process.wait(seconds)
    return time.monotonic() - began


#: Without a limit of uvicorn's own: it waits for its answers as long as they take, which is its default.
PATIENT = ("--timeout-graceful-shutdown", "600")


@pytest.mark.parametrize(
    "server", at_length(["uvicorn", "daphne", "hypercorn", "granian"], short=["uvicorn", "daphne"])
)
def test_a_download_whose_client_takes_nothing_is_ended_and_its_place_is_free(tmp_path, server: str) -> None:
    with hosted(tmp_path, server, SHORT) as host, host.begun():
        assert host.is_full()

        wait_until(lambda: not host.is_full(), PATIENCE, "the place")

        assert "took nothing" in host.web.says()


@pytest.mark.parametrize("server", ["uvicorn", "daphne"])
def test_a_server_ends_although_a_download_stands_still(tmp_path, server: str) -> None:
    """hypercorn and granian wait for such a client by themselves, whatever the application does."""
    with hosted(tmp_path, server, LONG, *(PATIENT if server == "uvicorn" else ())) as host, host.begun():
        time.sleep(1)  # until the buffers on the way are full; with less of it the test only asks for less

        seconds = ended_within(host.web, PATIENCE)

    assert seconds < PATIENCE


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize("http", at_length(["h11", "httptools"], short=["httptools"]))
def test_uvicorn_that_waits_for_its_answers_ends_all_the_same(tmp_path, http: str, loop: str) -> None:
    pytest.importorskip("uvloop" if loop == "uvloop" else "asyncio")
    pytest.importorskip(http)
    with hosted(tmp_path, "uvicorn", LONG, "--http", http, "--loop", loop, *PATIENT) as host, host.begun():
        seconds = ended_within(host.web, PATIENCE)

    assert seconds < PATIENCE


def test_a_client_that_never_takes_the_last_piece_does_not_hold_it_either(tmp_path) -> None:
    """The answer is complete for the application long before it is for the client."""
    with hosted(tmp_path, "uvicorn", SHORT, *PATIENT) as host:
        host.stack.add_log("small", LINES[: 3 * 1024 * 1024])
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
        connection.connect(("127.0.0.1", host.web.port))
        head = f"GET /logs/small/download/ HTTP/1.1\r\nHost: a\r\nCookie: sessionid={host.session}\r\n\r\n"
        with contextlib.closing(connection):
            connection.sendall(head.replace("Host: a", "Host: 127.0.0.1").encode())
            connection.recv(12)
            wait_until(lambda: not host.is_full(), PATIENCE, "the place")
            assert ended_within(host.web, PATIENCE) < PATIENCE


@pytest.mark.parametrize(
    ("server", "bound"),
    [("uvicorn", SHORT), ("daphne", SHORT), *at_length([("hypercorn", "12"), ("granian", "12")], short=[])],
)
def test_a_slow_client_that_moves_is_not_ended(tmp_path, server: str, bound: str) -> None:
    """It takes a little each tenth of a second. What the kernel does with that shows in steps of a megabyte."""
    with hosted(tmp_path, server, bound) as host, host.begun() as connection:
        received = 12
        ends_at = time.monotonic() + 2 * float(bound)
        while time.monotonic() < ends_at:
            received += len(connection.recv(32 * 1024))
            threading.Event().wait(0.1)
        while received < len(LINES):
            part = connection.recv(1024 * 1024)
            assert part, f"ended after {received} bytes"
            received += len(part)

        assert "took nothing" not in host.web.says()
