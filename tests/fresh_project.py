"""What `startproject` makes, with the README's edits, for tests that follow the docs from their text."""

from __future__ import annotations

import http.cookiejar
import re
import shlex
import subprocess
import urllib.parse
import urllib.request
from pathlib import Path

from tests.ports import free_port
from tests.stack import CHECKOUT, Running, Stack


def readme_blocks(kind: str, language: str) -> list[str]:
    """The fenced blocks of the README that follow a comment `<!-- kind -->`."""
    pattern = rf"<!-- {re.escape(kind)} -->\n```{language}\n(.*?)```"
    return re.findall(pattern, (CHECKOUT / "README.md").read_text(), re.DOTALL)


class Python:
    """An interpreter, and the environment of what it runs."""

    def __init__(self, python: str, variables: dict[str, str]) -> None:
        self.python = python
        foreign = (
            "DJANGO_SETTINGS_MODULE",
            "PYTHONPATH",
            "REDIS_URL",
            "DATABASE_PATH",
            "SCRIPT_NAME",
            "CI",
        )
        account = {"USERNAME": "ada", "EMAIL": "ada@example.org", "PASSWORD": "secret"}
        self.variables = {name: value for name, value in variables.items() if name not in foreign}
        self.variables |= {f"DJANGO_SUPERUSER_{name}": value for name, value in account.items()}
        self.variables |= {"PYTHONUNBUFFERED": "1"}

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

    def __init__(self, folder: Path, environment: Python) -> None:
        self.folder = folder / "site"
        self.folder.mkdir()
        self.log = self.folder / "logs" / "application.log"
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
        """The README's words with this test's Redis."""
        return text.replace(":6379", f":{self.redis_port}")

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
