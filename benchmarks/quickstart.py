"""Follow the README's quickstart from its text, in empty folders, until a live line is drawn in a browser.

`python -m benchmarks.quickstart [--python PATH …]` prints a table of seconds: for each interpreter, a project as
`startproject` makes it and one with WebSocket routes of its own, each read by the web process and by a worker. Every
command and edit is the README's, which is also the tutorial's. Needs a redis-server and Chromium.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from example_project.demo.redis_server import redis_command
from tests.e2e.conftest import CHROMIUM_OPTIONS, chromium_path
from tests.fresh_project import FreshProject, Python, readme_blocks
from tests.stack import CHECKOUT, is_listening, wait_until

#: What a project has whose pages use Channels already: an echo at /ws/echo/.
ROUTES = """
from channels.generic.websocket import WebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.urls import path


class Echo(WebsocketConsumer):
    def receive(self, text_data=None, bytes_data=None):
        self.send(text_data="echo: " + text_data)


application = ProtocolTypeRouter(
    {"http": application, "websocket": URLRouter([path("ws/echo/", Echo.as_asgi())])}
)
"""
ECHO = """() => new Promise((answer, fail) => {
    const socket = new WebSocket(location.origin.replace('http', 'ws') + '/ws/echo/');
    socket.onopen = () => socket.send('hello');
    socket.onmessage = (message) => answer(message.data);
    socket.onerror = () => fail('the socket of the project failed');
})"""
#: Milliseconds until something must be on the page.
PATIENCE = 60_000


class Watch:
    """Names the seconds that steps take."""

    def __init__(self) -> None:
        self.steps: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.steps[name] = self.steps.get(name, 0.0) + time.monotonic() - began


def installed(folder: Path, python: str, watch: Watch) -> Python:
    """A virtual environment in which the README's first command ran."""
    subprocess.run([python, "-m", "venv", folder], check=True)
    environment = Python(str(folder / "bin" / "python"), dict(os.environ))
    text = (CHECKOUT / "README.md").read_text()
    (command,) = re.findall(r"^pip install (/path/to/this/checkout .*)$", text, re.MULTILINE)
    packages = [str(CHECKOUT) if word.startswith("/path/") else word for word in shlex.split(command)]
    with watch.step("pip"):
        environment.run(folder, "-m", "pip", "install", "--quiet", *packages)
    return environment


class RoutedProject(FreshProject):
    """A project with WebSocket routes of its own before the README's edits."""

    def edit(self, name: str, text: str) -> None:
        if name == "asgi.py":
            text = ROUTES + text.replace("get_asgi_application()", "application")
        super().edit(name, text)


def drawn(browser: Browser, project: FreshProject, reader: str) -> None:
    """Sign in as a person does, choose the log, and see the line about a page that doesn't exist."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    try:
        page.goto(f"{project.url}/logs/")
        page.get_by_label("Username").fill("ada")
        page.get_by_label("Password").fill("secret")
        page.get_by_role("button", name="Log in").click()
        opened(page)
        with suppress(urllib.error.HTTPError):
            urllib.request.urlopen(f"{project.url}/missing/", timeout=30)
        expect(page.get_by_text("Not Found: /missing/").first).to_be_visible(timeout=PATIENCE)
        # Whoever logs opens the file for a moment.
        wait_until(lambda: project.holders() == [reader], what=f"read by the {reader} alone")
        if isinstance(project, RoutedProject):
            assert page.evaluate(ECHO) == "echo: hello"
    finally:
        context.close()


def opened(page: Page) -> None:
    """Open the log that Django writes, and wait until it is live."""
    log = page.get_by_role("link", name=re.compile("Application on "))
    if page.url.rstrip("/").endswith("/logs"):
        log.first.click()
    expect(page.get_by_text("Live", exact=True).first).to_be_visible(timeout=PATIENCE)


def followed(browser: Browser, project: FreshProject, reader: str, watch: Watch) -> None:
    """Everything after the three edits."""
    migrate, create_user, serve = readme_blocks("shell", "sh")[0].splitlines()
    with watch.step("migrate, createsuperuser"):
        project.run(migrate)
        project.run(f"{create_user} --noinput")  # what it asks is in the environment
    with watch.step("runserver"):
        command = [project.environment.python, *project.words(serve), f"127.0.0.1:{project.port}"]
        web = project.start("web", command)
        web.wait_until(lambda: is_listening(project.port), "listening")
    with watch.step("first live line in the browser"):
        drawn(browser, project, reader)


def with_worker(project: FreshProject) -> None:
    """The README's section about a worker."""
    project.edit("settings.py", *readme_blocks("edit for a worker: settings.py", "python"))
    redis = project.start("redis", redis_command(project.redis_port, project.folder))
    redis.wait_until(lambda: is_listening(project.redis_port), "listening")
    (command,) = readme_blocks("shell for a worker", "sh")
    worker = project.start("worker", [project.environment.python, *project.words(command)])
    worker.wait_until(lambda: "ready for action" in worker.says(), "ready")


def run(browser: Browser, python: str) -> None:
    with tempfile.TemporaryDirectory(prefix="quickstart-") as name:
        folder, watch = Path(name), Watch()
        environment = installed(folder / "venv", python, watch)
        version = environment.run(folder, "-c", "import platform; print(platform.python_version())").strip()
        print(f"\nPython {version}: {watch.steps['pip']:.0f} s for pip", flush=True)
        for kind, made in (("a fresh project", FreshProject), ("with WebSocket routes", RoutedProject)):
            for reader in ("web", "worker"):
                place = folder / f"{made.__name__}-{reader}"
                place.mkdir()
                watch = Watch()
                project = made(place, environment)
                try:
                    if reader == "worker":
                        with_worker(project)
                    followed(browser, project, reader, watch)
                finally:
                    for process in reversed(project.running):
                        process.stop()
                steps = ", ".join(f"{step} {seconds:.1f}" for step, seconds in watch.steps.items())
                print(
                    f"  {kind}, read by the {reader}: {sum(watch.steps.values()):.0f} s ({steps})", flush=True
                )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", action="append", help="an interpreter; by default this one")
    pythons = parser.parse_args().python or [sys.executable]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_OPTIONS)
        for python in pythons:
            run(browser, python)
        browser.close()


if __name__ == "__main__":
    main()
