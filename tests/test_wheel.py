"""The built wheel: what it holds, and that the README's three edits make it work in a fresh project."""

import http.cookiejar
import os
import re
import subprocess
import sys
import urllib.parse
import urllib.request
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from example_project.demo.processes import free_port
from example_project.demo.redis_server import redis_command

from .client import Client
from .conftest import absent
from .stack import CHECKOUT, Running, Stack, has_redis, is_listening

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
    ],
)
def test_the_wheel_holds_what_is_no_module(wheel: Path, name: str) -> None:
    held = zipfile.ZipFile(wheel).namelist()

    assert any(path.startswith(f"django_logtail/{name}") for path in held)


def edits() -> dict[str, str]:
    """The README's edits: file name -> what is added to it."""
    return dict(
        re.findall(
            r"<!-- edit: (\S+) -->\n```python\n(.*?)```", (CHECKOUT / "README.md").read_text(), re.DOTALL
        )
    )


def commands() -> list[str]:
    """The commands that the README gives after the edits."""
    (block,) = re.findall(r"<!-- shell -->\n```sh\n(.*?)```", (CHECKOUT / "README.md").read_text(), re.DOTALL)
    return block.splitlines()


class FreshProject:
    """What `startproject` makes, with the README's edits, in a virtual environment that has the wheel."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        self.folder = folder / "site"
        self.folder.mkdir()
        self.logs = folder / "logs"
        self.logs.mkdir()
        self.redis_port = free_port()
        venv.create(folder / "venv", with_pip=True)
        self.python = folder / "venv" / "bin" / "python"
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if name not in ("DJANGO_SETTINGS_MODULE", "PYTHONPATH", "REDIS_URL", "DATABASE_PATH")
        } | {"PYTHONUNBUFFERED": "1", "DJANGO_SUPERUSER_PASSWORD": "secret"}
        self.run("-m", "pip", "install", "--quiet", str(wheel), "daphne")
        self.run("-m", "django", "startproject", "mysite", ".")
        for name, text in edits().items():
            with (self.folder / "mysite" / name).open("a") as file:
                file.write(f"\n{self.here(text)}")

    def here(self, text: str) -> str:
        """The README's words with this test's Redis and folder."""
        assert "/var/log/mysite" in text or ":6379" in text or "LOGTAIL" not in text
        return text.replace(":6379", f":{self.redis_port}").replace("/var/log/mysite", str(self.logs))

    def run(self, *arguments: str) -> str:
        command = [str(self.python), *arguments]
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, f"{command}:\n{done.stdout}{done.stderr}"
        return done.stdout

    def start(self, *command: str) -> Running:
        name = re.sub(r"\W", "", command[1])
        return Running(name, list(command), self.environment, self.folder / f"{name}.out", folder=self.folder)


@pytest.fixture(scope="module")
def project(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> FreshProject:
    if not has_redis():
        absent("a redis-server")
    return FreshProject(tmp_path_factory.mktemp("fresh"), wheel)


@pytest.fixture
def running() -> Iterator[list[Running]]:
    """Processes that are ended, the last one first."""
    started: list[Running] = []
    yield started
    for process in reversed(started):
        process.stop()


def sign_in(url: str, name: str, password: str) -> str:
    """The session key of somebody who signs in as a person does."""
    jar = http.cookiejar.CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    with browser.open(f"{url}/admin/login/?next=/logs/", timeout=30) as form:
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form.read().decode())[1]
    fields = {"csrfmiddlewaretoken": token, "username": name, "password": password, "next": "/logs/"}
    with browser.open(f"{url}/admin/login/", urllib.parse.urlencode(fields).encode(), timeout=30) as answer:
        assert answer.url == f"{url}/logs/"
        assert "Django" in answer.read().decode()
    return next(cookie.value for cookie in jar if cookie.name == "sessionid")


@pytest.mark.redis
@pytest.mark.whole
async def test_the_readmes_three_edits_make_a_fresh_project_show_a_live_log(
    project: FreshProject, running: list[Running]
) -> None:
    log = project.logs / "django.log"
    log.write_bytes(b"before\n")
    redis = project.start(*redis_command(project.redis_port, project.folder))
    running.append(redis)
    redis.wait_until(lambda: is_listening(project.redis_port), "listening")
    *set_up, worker_command = (project.here(command) for command in commands())
    for command in set_up:
        project.run(*command.removeprefix("python ").replace('"', "").split())
    project.run(
        "manage.py", "createsuperuser", "--noinput", "--username", "ada", "--email", "ada@example.org"
    )
    assert project.run("manage.py", "check").startswith("System check identified no issues")
    worker = project.start(str(project.python), *worker_command.removeprefix("python ").split())
    running.append(worker)
    port = free_port()
    web = project.start(str(project.python), "manage.py", "runserver", "--noreload", f"127.0.0.1:{port}")
    running.append(web)
    web.wait_until(lambda: is_listening(port), "listening")
    url = f"http://127.0.0.1:{port}"

    site = SimpleNamespace(reverse=lambda name, slug: f"/logs/{slug}/{name.removeprefix('logtail:')}/")
    site.ticket = lambda *arguments: Stack.ticket(site, *arguments)
    async with Client(site, SimpleNamespace(url=url), "django", sign_in(url, "ada", "secret")) as viewer:
        await viewer.until_live(60)
        with log.open("ab") as file:
            file.write(b"after\n")
        await viewer.until(lambda: viewer.bytes.endswith(b"after\n"))

    assert bytes(viewer.bytes) == b"before\nafter\n"
