"""The channel layer, control and the broker on separate Redis servers, and a queue that no worker serves."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from example_project.demo.processes import end_group
from example_project.demo.redis_server import redis_command
from tests.client import Client
from tests.conftest import absent
from tests.ports import free_port
from tests.stack import Stack, has_redis, is_listening, wait_until

pytestmark = [pytest.mark.redis, pytest.mark.whole]


@pytest.fixture
def more_ports(tmp_path: Path) -> Iterator[tuple[int, int]]:
    """The ports of two Redis servers beside the stack's own."""
    if not has_redis():
        absent("a redis-server")
    ports = free_port(), free_port()
    servers = []
    for port in ports:
        folder = tmp_path / str(port)
        folder.mkdir()
        servers.append(subprocess.Popen(redis_command(port, folder), start_new_session=True))
    try:
        for port in ports:
            wait_until(lambda port=port: is_listening(port), 20, "listening")
        yield ports
    finally:
        for server in servers:
            end_group(server, 0.0)


async def test_lines_pass_with_layer_control_and_broker_on_a_server_each(
    tmp_path: Path, more_ports: tuple[int, int]
) -> None:
    layer, wants = more_ports
    environment = {"LAYER_URL": f"redis://127.0.0.1:{layer}/0"}
    options = {"REDIS_URL": f"redis://127.0.0.1:{wants}/0"}
    with Stack(tmp_path / "stack", logtail=options, environment=environment) as stack:
        stack.start_redis()
        stack.start_worker()
        web, session = stack.start_web(), stack.make_user("bo", staff=True)
        path = stack.add_log("app", b"one\n")
        stack.add_log("nowhere", b"x\n", queue="web-9")

        async with (
            Client(stack, web, "app", session) as viewer,
            Client(stack, web, "nowhere", session) as waits,
        ):
            await viewer.until_live()
            await waits.until(lambda: waits.state == "no-reader")
            with path.open("ab") as file:
                file.write(b"two\n")
            await viewer.until(lambda: viewer.bytes == b"one\ntwo\n")
            servers = {port: redis.Redis(port=port) for port in (stack.redis_port, wants, layer)}
            families = {
                port: {key.split(b":")[0] for key in server.scan_iter()} for port, server in servers.items()
            }
            channels = {port: server.pubsub_channels() for port, server in servers.items()}
            for server in servers.values():
                server.close()

    assert waits.statuses[-1]["reader"]["queue"] == "web-9"
    assert [port for port, found in families.items() if b"logtail" in found] == [wants]
    assert [port for port, found in families.items() if b"dramatiq" in found] == [stack.redis_port]
    assert [port for port, found in channels.items() if found] == [layer]
