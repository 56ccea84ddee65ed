"""The built wheel: what it holds, and that the README's three edits make it work in a fresh project."""

import http.cookiejar
import os
import re
import shlex
import subprocess
import sys
import urllib.error
import urllib.parse
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
from tests.ports import free_port
from tests.stack import CHECKOUT, Running, Stack, has_redis, is_listening

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


def readme_blocks(kind: str, language: str) -> list[str]:
    """The fenced blocks of the README that follow a comment `<!-- kind -->`."""
    pattern = rf"<!-- {re.escape(kind)} -->\n```{language}\n(.*?)```"
    return re.findall(pattern, (CHECKOUT / "README.md").read_text(), re.DOTALL)


class Environment:
    """A virtual environment that has the wheel and what the README installs with it, and nothing else."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        venv.create(folder)
        self.python = str(folder / "bin" / "python")
        foreign = ("DJANGO_SETTINGS_MODULE", "PYTHONPATH", "REDIS_URL", "DATABASE_PATH", "CI")
        self.variables = {name: value for name, value in os.environ.items() if name not in foreign}
        self.variables |= {"PYTHONUNBUFFERED": "1", "DJANGO_SUPERUSER_PASSWORD": "secret"}
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
        subprocess.run(command, cwd=folder, env=self.variables, check=True, timeout=300)

    def run(self, folder: Path, *arguments: str) -> str:
        done = subprocess.run(
            [self.python, *arguments],
            cwd=folder,
            env=self.variables,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, f"{arguments}:\n{done.stdout}{done.stderr}"
        return done.stdout


class FreshProject:
    """What `startproject` makes, with the README's edits."""

    def __init__(self, folder: Path, environment: Environment) -> None:
        self.folder = folder / "site"
        self.folder.mkdir()
        self.log = folder / "logs" / "application.log"
        self.log.parent.mkdir()
        self.environment = environment
        self.redis_port = free_port()
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.running: list[Running] = []
        environment.run(self.folder, "-m", "django", "startproject", "mysite", ".")
        for name in ("settings.py", "urls.py", "asgi.py"):
            self.edit(name, *readme_blocks(f"edit: {name}", "python"))

    def edit(self, name: str, text: str) -> None:
        with (self.folder / "mysite" / name).open("a") as file:
            file.write(f"\n{self.here(text)}")

    def here(self, text: str) -> str:
        """The README's words with this test's Redis and folder."""
        return text.replace(":6379", f":{self.redis_port}").replace("/var/log/mysite", str(self.log.parent))

    def run(self, command: str) -> str:
        """Run a command of the README to its end."""
        return self.environment.run(self.folder, *self.words(command))

    def start(self, name: str, command: list[str]) -> Running:
        output = self.folder / f"{name}.out"
        running = Running(name, command, self.environment.variables, output, folder=self.folder)
        self.running.append(running)
        return running

    def words(self, command: str) -> list[str]:
        python, *words = shlex.split(self.here(command))
        assert python == "python"
        return words

    def holders(self) -> list[str]:
        return [process.name for process in self.running if self.log in process.open_paths()]

    def reverse(self, name: str, slug: str) -> str:
        return f"/logs/{slug}/{name.removeprefix('logtail:')}/"

    def ticket(self, web: object, slug: str, session: str) -> str:
        return Stack.ticket(self, web, slug, session)

    def sign_in(self, name: str, password: str) -> str:
        """The session key of somebody who signs in as a person does, and is led to the list of logs."""
        jar = http.cookiejar.CookieJar()
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
        with browser.open(f"{self.url}/logs/", timeout=30) as form:
            token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form.read().decode())[1]
            address = form.url
        fields = {"csrfmiddlewaretoken": token, "username": name, "password": password, "next": "/logs/"}
        with browser.open(address, urllib.parse.urlencode(fields).encode(), timeout=30) as answer:
            assert answer.url == f"{self.url}/logs/"
            assert "Application on " in answer.read().decode()
        return next(cookie.value for cookie in jar if cookie.name == "sessionid")


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
    *set_up, serve = readme_blocks("shell", "sh")[0].splitlines()
    for command in set_up:
        project.run(command)
    project.run("python manage.py createsuperuser --noinput --username ada --email ada@example.org")
    assert "no issues" in project.run("python manage.py check --fail-level WARNING")
    command = [project.environment.python, *project.words(serve), "--noreload", f"127.0.0.1:{project.port}"]
    web = project.start("web", command)
    web.wait_until(lambda: is_listening(project.port), "listening")

    session = project.sign_in("ada", "secret")
    async with Client(project, SimpleNamespace(url=project.url), "application", session) as viewer:
        await viewer.until_live(60)
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(f"{project.url}/missing/", timeout=30)
        await viewer.until(lambda: b"/missing/" in viewer.bytes)
        # Whoever logs opens the file for a moment.
        web.wait_until(lambda: project.holders() == [reader], f"read by the {reader} alone")
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
