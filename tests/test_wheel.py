"""The built wheel: what it holds, and that the README's three edits make it work in a fresh project."""

import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from example_project.demo.redis_server import redis_command
from tests.client import Client
from tests.conftest import absent
from tests.fresh_project import FreshProject, Python, readme_blocks
from tests.stack import CHECKOUT, has_redis, is_listening

PACKAGE = CHECKOUT / "django_logtail"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--wheel-dir",
        str(folder),
        str(CHECKOUT),
    ]
    subprocess.run(command, check=True)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_every_file_of_the_package_and_nothing_else(wheel: Path) -> None:
    expected = {
        str(path.relative_to(CHECKOUT))
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}

    assert held == expected


@pytest.mark.parametrize(
    "name",
    [
        "py.typed",
        "migrations/0001_initial.py",
        "templates/logtail/",
        "static/logtail/",
        "locale/zh_Hans/LC_MESSAGES/django.mo",
        "control/lua/family.lua",
        "control/lua/post.lua",
        "control/lua/tick.lua",
    ],
)
def test_the_wheel_holds_what_is_no_module(wheel: Path, name: str) -> None:
    held = zipfile.ZipFile(wheel).namelist()

    assert any(path.startswith(f"django_logtail/{name}") for path in held)


class Environment(Python):
    """A virtual environment that has the wheel and what the README installs with it, and nothing else."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        venv.create(folder)
        super().__init__(str(folder / "bin" / "python"), dict(os.environ))
        # The pip of the tests does it, and compiles nothing: most modules are never imported.
        options = [
            "--python",
            str(folder),
            "install",
            "--quiet",
            "--no-compile",
            "--disable-pip-version-check",
        ]
        command = [sys.executable, "-m", "pip", *options, str(wheel), "daphne"]
        began = time.monotonic()
        subprocess.run(command, cwd=folder, env=self.variables, check=True, timeout=300)
        self.install_seconds = time.monotonic() - began


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    return Environment(tmp_path_factory.mktemp("environment") / "venv", wheel)


@pytest.fixture
def project(environment: Environment, tmp_path: Path) -> Iterator[FreshProject]:
    project = FreshProject(tmp_path, environment)
    yield project
    for process in reversed(project.running):
        process.stop()


async def watch(project: FreshProject, reader: str) -> str:
    """Do what the README says after the edits, visit a page that doesn't exist, and return what a viewer got from
    `reader`.
    """
    migrate, create_user, serve = readme_blocks("shell", "sh")[0].splitlines()
    assert "no issues" in project.run("python manage.py check --fail-level WARNING")
    began = time.monotonic()
    project.run(migrate)
    project.run(f"{create_user} --noinput")  # what it asks is in the environment
    command = [project.environment.python, *project.words(serve), "--noreload", f"127.0.0.1:{project.port}"]
    web = project.start("web", command)
    web.wait_until(lambda: is_listening(project.port), "listening")

    session = project.sign_in("ada", "secret")
    async with Client(project, SimpleNamespace(url=project.url), "application", session) as viewer:
        await viewer.until_live(60)
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(f"{project.url}/missing/", timeout=30)
        await viewer.until(lambda: b"/missing/" in viewer.bytes)
        seconds = time.monotonic() - began
        # Whoever logs opens the file for a moment.
        web.wait_until(lambda: project.holders() == [reader], f"read by the {reader} alone")
    print(
        f"pip: {project.environment.install_seconds:.0f} s; from migrate to the first live line: {seconds:.0f} s"
    )
    return viewer.bytes.decode()


@pytest.mark.whole
async def test_the_readmes_three_edits_make_a_fresh_project_show_a_live_log(project: FreshProject) -> None:
    assert re.search(r" WARNING \[\d+\] django.request: Not Found: /missing/\n", await watch(project, "web"))


@pytest.mark.redis
@pytest.mark.whole
async def test_the_readmes_worker_settings_let_a_worker_read_it(project: FreshProject) -> None:
    if not has_redis():
        absent("a redis-server")
    project.edit("settings.py", *readme_blocks("edit for a worker: settings.py", "python"))
    redis = project.start("redis", redis_command(project.redis_port, project.folder))
    redis.wait_until(lambda: is_listening(project.redis_port), "listening")
    (command,) = readme_blocks("shell for a worker", "sh")
    worker = project.start("worker", [project.environment.python, *project.words(command)])
    worker.wait_until(lambda: "ready for action" in worker.says(), "ready")

    assert re.search(
        r" WARNING \[\d+\] django.request: Not Found: /missing/\n", await watch(project, "worker")
    )
