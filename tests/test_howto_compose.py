"""The compose file of the how-to page runs a project: its services' commands with their environment, without Docker."""

from __future__ import annotations

import os
import re
import shlex
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from example_project.demo.redis_server import redis_command
from tests.client import Client
from tests.conftest import absent
from tests.fresh_project import FreshProject, Python, readme_blocks
from tests.stack import CHECKOUT, Running, has_redis, is_listening

PAGE = (CHECKOUT / "docs" / "howto" / "compose.md").read_text()


def snippet(name: str) -> str:
    found = re.search(rf"<!-- compose: {name} -->\n```\w+\n(.*?)```", PAGE, re.DOTALL)
    assert found
    return found[1]


COMPOSE = yaml.safe_load(snippet("services"))


class Composed(FreshProject):
    """The README's project with the page's settings, in a directory that stands for the image's `/app`."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, Python(sys.executable, dict(os.environ)))
        self.edit("settings.py", *readme_blocks("edit for a worker: settings.py", "python"))
        self.edit("settings.py", snippet("settings"))
        (self.folder / "data").mkdir()

    def here(self, text: str) -> str:
        text = text.replace("redis://redis:6379", f"redis://127.0.0.1:{self.redis_port}")
        text = text.replace("/app/", f"{self.folder}/").replace("0.0.0.0", "127.0.0.1")
        return text.replace("--port 8000", f"--port {self.port}")

    def environment_of(self, service: dict[str, Any]) -> dict[str, str]:
        given = {"SECRET_KEY": "compose-tests-only", "ALLOWED_HOSTS": "127.0.0.1"}
        written = {name: self.here(str(value)) for name, value in service["environment"].items()}
        asked = {name for name, value in written.items() if value.startswith("${")}
        assert asked == set(given)
        return {**self.environment.variables, **written, **given}

    def serve(self, name: str) -> Running:
        service = COMPOSE["services"][name]
        program, *words = shlex.split(self.here(service["command"]))
        command = [sys.executable, *(["-m", "uvicorn"] if program == "uvicorn" else []), *words]
        running = Running(
            name, command, self.environment_of(service), self.folder / f"{name}.out", folder=self.folder
        )
        self.running.append(running)
        return running


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Composed]:
    if not has_redis():
        absent("a redis-server")
    project = Composed(tmp_path)
    yield project
    for process in reversed(project.running):
        process.stop()


@pytest.mark.redis
@pytest.mark.whole
async def test_the_commands_of_the_services_show_a_line_of_web_through_the_worker(project: Composed) -> None:
    redis = project.start("redis", redis_command(project.redis_port, project.folder))
    redis.wait_until(lambda: is_listening(project.redis_port), "listening")
    migrate = project.serve("migrate")
    assert migrate.process.wait(120) == 0, migrate.says()
    web, worker = project.serve("web"), project.serve("worker")
    project.environment.variables = project.environment_of(COMPOSE["services"]["web"])
    project.run("python manage.py createsuperuser --noinput")
    web.wait_until(lambda: is_listening(project.port), "listening")
    worker.wait_until(lambda: "ready for action" in worker.says(), "ready")

    session = project.sign_in("ada", "secret")
    async with Client(project, SimpleNamespace(url=project.url), "application", session) as viewer:
        await viewer.until_live()
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(f"{project.url}/missing/", timeout=30)
        await viewer.until(lambda: b"Not Found: /missing/" in viewer.bytes)
        web.wait_until(lambda: project.holders() == ["worker"], "read by the worker alone")


def test_web_and_worker_share_the_logs_and_only_this_host_reaches_the_site() -> None:
    services = COMPOSE["services"]

    assert set(services) == {"redis", "migrate", "web", "worker"}
    assert all("logs:/app/logs" in services[name]["volumes"] for name in ("migrate", "web", "worker"))
    assert set(COMPOSE["volumes"]) == {"data", "logs"}
    assert services["web"]["ports"] == ["127.0.0.1:8000:8000"]
    assert [name for name, service in services.items() if "ports" in service] == ["web"]


def test_the_image_makes_every_directory_that_a_volume_covers() -> None:
    made = re.search(r"install -d -o app (.+)", snippet("image"))

    covered = {volume.partition(":/app/")[2] for volume in COMPOSE["services"]["web"]["volumes"]}
    assert made
    assert set(made[1].split()) == covered == {"data", "logs"}


def test_a_stop_leaves_the_web_server_more_time_than_it_gives_its_requests() -> None:
    web = COMPOSE["services"]["web"]
    (graceful,) = re.findall(r"--timeout-graceful-shutdown (\d+)", web["command"])

    assert int(graceful) < int(web["stop_grace_period"].removesuffix("s"))


def test_the_image_has_what_the_quickstart_s_settings_import_and_no_secret() -> None:
    (installed,) = re.findall(r"pip install --no-cache-dir (.+)", snippet("image"))

    assert {"daphne", "wheels/*.whl", "'uvicorn[standard]'"} <= set(installed.split())
    assert {".env", "logs", "data"} <= set(snippet("ignored").split())
