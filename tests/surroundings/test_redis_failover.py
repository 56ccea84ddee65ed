"""A planned failover behind one address: new connections reach the new master, old ones stay on the demoted one."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from example_project.demo.processes import end_group
from example_project.demo.redis_server import redis_command
from tests.client import Client
from tests.conftest import absent
from tests.length import at_length
from tests.ports import free_port
from tests.stack import CORE_LAYER, PUBSUB_LAYER, Stack, has_redis, is_listening, wait_until

pytestmark = [pytest.mark.redis, pytest.mark.whole]


class Forwarder:
    """What stands before the two servers, as HAProxy or a cloud's endpoint does: it leads new connections to `port`."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.own_port = self._listener.getsockname()[1]
        #: Connections so far, by where they lead.
        self.led: list[int] = []
        self._sockets: list[socket.socket] = [self._listener]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            port = self.port
            server = socket.create_connection(("127.0.0.1", port))
            self.led.append(port)
            self._sockets += [client, server]
            for one, other in ((client, server), (server, client)):
                threading.Thread(target=self._pass_on, args=(one, other), daemon=True).start()

    def _pass_on(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
        for end in (one, other):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        for one in self._sockets:
            one.close()


class Pair:
    """A master, its replica, and the one address of both."""

    def __init__(self, folder: Path) -> None:
        self.ports = [free_port(), free_port()]
        self.processes = []
        for port in self.ports:
            (folder / str(port)).mkdir()
            self.processes.append(
                subprocess.Popen(redis_command(port, folder / str(port)), start_new_session=True)
            )
        for port in self.ports:
            wait_until(lambda port=port: is_listening(port), 20, "Redis")
        self.old, self.new = (redis.Redis(port=port, decode_responses=True) for port in self.ports)
        self.new.replicaof("127.0.0.1", self.ports[0])
        wait_until(lambda: self.new.info("replication")["master_link_status"] == "up", 30, "the replica")
        self.forwarder = Forwarder(self.ports[0])

    def fail_over(self, *, old_follows: bool) -> None:
        """As an operator does. With `old_follows` the demoted server becomes the new one's replica."""
        self.new.replicaof("NO", "ONE")
        self.forwarder.port = self.ports[1]
        self.old.replicaof("127.0.0.1", self.ports[1] if old_follows else 1)

    def close(self) -> None:
        self.forwarder.close()
        for client in (self.old, self.new):
            client.close()
        for process in self.processes:
            end_group(process, 0.0)


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    if not has_redis():
        absent("a redis-server")
    pair = Pair(tmp_path)
    yield pair
    pair.close()


class Writer(threading.Thread):
    """50 lines a second, for as long as it is let."""

    def __init__(self, path: Path) -> None:
        super().__init__(daemon=True)
        self.path = path
        self.count = 0
        self.is_over = threading.Event()

    def run(self) -> None:
        while not self.is_over.wait(0.02):
            with self.path.open("ab") as file:
                file.write(b"line %08d\n" % self.count)
            self.count += 1


def written(count: int) -> bytes:
    return b"".join(b"line %08d\n" % number for number in range(count))


@pytest.mark.parametrize(
    ("layer", "old_follows"),
    [
        pytest.param(PUBSUB_LAYER, True, id="pubsub, a replica of the new one"),
        pytest.param(CORE_LAYER, False, id="core, cut off from it"),
        *at_length(
            [
                pytest.param(PUBSUB_LAYER, False, id="pubsub, cut off from it"),
                pytest.param(CORE_LAYER, True, id="core, a replica of the new one"),
            ],
            short=[],
        ),
    ],
)
async def test_viewers_are_live_again_after_a_failover_without_a_restart(
    tmp_path: Path, pair: Pair, layer: str, old_follows: bool
) -> None:
    with Stack(tmp_path / "stack", layer=layer, redis_port=pair.forwarder.own_port) as stack:
        stack.start_worker()
        web, session = stack.start_web(), stack.make_user("bo")
        path = stack.add_log("app")
        writer = Writer(path)
        async with Client(stack, web, "app", session) as viewer:
            await viewer.until_live()
            writer.start()
            await viewer.until(lambda: len(viewer.bytes) >= 50 * 14)
            pair.fail_over(old_follows=old_follows)
            failed_over_at = time.monotonic()
            before = writer.count

            await viewer.until(lambda: len(viewer.bytes) >= (before + 100) * 14, 60)
            await viewer.until(lambda: viewer.state == "live")
            took = time.monotonic() - failed_over_at
            # Another log, for which the worker must be woken: by then the broker has found the new master as well.
            stack.add_log("other", b"other\n")
            async with Client(stack, web, "other", session) as other:
                await other.until(lambda: other.bytes == b"other\n", 60)
            writer.is_over.set()
            await asyncio.to_thread(writer.join)
            await viewer.until(lambda: len(viewer.bytes) >= writer.count * 14, 60)

    print(f"\n  live again after {took:.1f} s")
    assert bytes(viewer.bytes) == written(writer.count)
    assert viewer.gaps == []
    assert pair.ports[1] in pair.forwarder.led


async def test_a_worker_at_rest_is_woken_after_a_failover(tmp_path: Path, pair: Pair) -> None:
    with Stack(tmp_path / "stack", redis_port=pair.forwarder.own_port) as stack:
        stack.start_worker()
        web, session = stack.start_web(), stack.make_user("bo")
        stack.add_log("app", b"one\n")
        pair.fail_over(old_follows=True)

        async with Client(stack, web, "app", session) as viewer:
            await viewer.until(lambda: viewer.bytes == b"one\n", 60)


async def test_a_web_process_that_starts_after_a_failover_hears_the_reader(
    tmp_path: Path, pair: Pair
) -> None:
    """The reader's connections to the demoted server stay open, and publishing there is never refused."""
    with Stack(tmp_path / "stack", layer=PUBSUB_LAYER, redis_port=pair.forwarder.own_port) as stack:
        stack.start_worker()
        web, session = stack.start_web(), stack.make_user("bo")
        stack.add_log("app", b"one\n")
        async with Client(stack, web, "app", session) as viewer:
            await viewer.until(lambda: viewer.bytes == b"one\n", 60)
            pair.fail_over(old_follows=True)
            other = stack.start_web()
            async with Client(stack, other, "app", session) as late:
                await late.until(lambda: late.bytes == b"one\n", 60)
