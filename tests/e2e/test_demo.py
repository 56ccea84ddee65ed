"""`manage.py demo` as a person uses it: start it, sign in, watch a log, end it."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.length import at_length
from tests.ports import free_port
from tests.stack import CHECKOUT, children, wait_until

pytestmark = [pytest.mark.redis, pytest.mark.whole]

#: Seconds within which the demo answers, with everything downloaded: what the package promises.
ANSWER_SECONDS = 90.0


class Demo:
    """A running demo, with its files in `data`."""

    def __init__(self, command: list[str], data: Path, environment: dict[str, str]) -> None:
        self.data = data
        self.said = data.with_name("said.txt")
        with self.said.open("wb") as said:
            self.process = subprocess.Popen(
                command,
                cwd=CHECKOUT,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            wait_until(self._is_ready, ANSWER_SECONDS, "the demo's address")
            # Writers, Redis, the worker and its child, the web server.
            wait_until(lambda: len(children(self.process.pid)) >= 5, 30, "the worker's child")
        except BaseException:
            self.end()
            raise
        self.url = re.search(r"(http://127\.0\.0\.1:\d+)/logs/", self.said.read_text())[1]
        self.pids = children(self.process.pid)

    def _is_ready(self) -> bool:
        said = self.said.read_text()
        assert self.process.poll() is None, said
        return "Press Ctrl-C" in said

    def end(self, number: int = signal.SIGINT) -> int:
        """Send the signal that a terminal or a supervisor sends; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(timeout=30)


def start_demo(tmp_path: Path, *options: str, **environment: str) -> Demo:
    manage = str(CHECKOUT / "example_project" / "manage.py")
    data = tmp_path / "demo"
    without = {"DJANGO_SETTINGS_MODULE": "host.settings", **environment}
    return Demo([sys.executable, manage, "demo", "--data", str(data), *options], data, without)


def is_alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    demo = start_demo(tmp_path, "--port", str(free_port()))
    yield demo
    demo.end()


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """One for all tests that leave it as it is."""
    demo = start_demo(tmp_path_factory.mktemp("lasting"), "--port", str(free_port()))
    yield demo
    demo.end()


@pytest.mark.parametrize("number", at_length([signal.SIGINT, signal.SIGTERM], short=[signal.SIGINT]))
def test_one_signal_ends_every_process_that_the_demo_started(demo: Demo, number: int) -> None:
    code = demo.end(number)

    assert code == 0
    assert [pid for pid in demo.pids if is_alive(pid)] == []
    assert "The demo has ended." in demo.said.read_text()


def test_the_demo_ends_and_says_which_process_died(demo: Demo) -> None:
    web = next(pid for pid in demo.pids if b"uvicorn" in Path(f"/proc/{pid}/cmdline").read_bytes())

    os.kill(web, signal.SIGKILL)

    assert demo.process.wait(timeout=30) == 1
    assert "web ended with code -9" in demo.said.read_text()
    assert [pid for pid in demo.pids if is_alive(pid)] == []


def test_a_second_demo_with_the_same_files_is_told_so(lasting: Demo) -> None:
    command = [
        sys.executable,
        str(CHECKOUT / "example_project" / "manage.py"),
        "demo",
        "--data",
        str(lasting.data),
    ]

    second = subprocess.run(
        command,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "host.settings"},
        capture_output=True,
        text=True,
        timeout=30,
    )

    assert second.returncode == 1
    assert "a demo is running in" in second.stderr


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    manage = str(CHECKOUT / "example_project" / "manage.py")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = subprocess.run(
            [sys.executable, manage, "demo", "--data", str(tmp_path / "demo"), "--port", str(port)],
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "host.settings"},
            capture_output=True,
            text=True,
            timeout=30,
        )

    assert refused.returncode == 1
    assert f"port {port} is in use" in refused.stderr


@pytest.mark.browser
def test_a_person_signs_in_opens_a_log_and_sees_what_is_appended(
    lasting: Demo, context: BrowserContext
) -> None:
    see_what_is_appended(lasting, context)


def see_what_is_appended(demo: Demo, context: BrowserContext) -> None:
    """Sign in, open a log, append lines to it, and see each of them once and in order."""
    page = context.new_page()
    sign_in(page, demo, "Django")
    expect(page.locator(".lt-state")).to_have_text("Live")

    with (demo.data / "logs" / "django.log").open("a") as file:
        for number in range(1, 6):
            file.write(f"2026-01-01 00:00:00,000 INFO e2e.mark appended line {number}\n")

    mark = page.get_by_text(re.compile(r"appended line \d"))
    expect(mark.last).to_contain_text("appended line 5")
    seen = [re.search(r"appended line \d", text)[0] for text in mark.all_text_contents()]
    assert seen == [f"appended line {number}" for number in range(1, 6)]


@pytest.mark.browser
def test_the_hosts_own_websocket_works_beside_the_logs(lasting: Demo, context: BrowserContext) -> None:
    page = context.new_page()
    sign_in(page, lasting, "Django")
    other = context.new_page()

    page.goto(f"{lasting.url}/chat/")
    other.goto(f"{lasting.url}/chat/")
    page.get_by_label("Say").fill("hello")
    page.get_by_role("button", name="Send").click()

    expect(page.locator("#chat-lines li")).to_have_text(["demo: hello"])
    expect(other.locator("#chat-lines li")).to_have_text(["demo: hello"])


@pytest.mark.browser
def test_a_page_of_the_host_shows_a_log_inside_its_own_frame(lasting: Demo, context: BrowserContext) -> None:
    page = context.new_page()
    sign_in(page, lasting, "Django")

    page.goto(f"{lasting.url}/status/")
    with (lasting.data / "logs" / "django.log").open("a") as file:
        file.write("2026-01-01 00:00:00,000 INFO e2e.mark inside the frame\n")

    expect(page.get_by_role("link", name="Fern & Fable")).to_be_visible()
    expect(page.get_by_role("log")).to_contain_text("inside the frame")


@pytest.mark.browser
@pytest.mark.skipif(
    "LOGTAIL_MAKE_DEMO" not in os.environ, reason="LOGTAIL_MAKE_DEMO is not set: .ci/run sets it"
)
def test_make_demo_answers_in_time_shows_a_live_log_and_ends_by_one_signal(
    tmp_path: Path, context: BrowserContext
) -> None:
    begun = time.monotonic()

    demo = Demo(["make", "demo", f"PORT={free_port()}"], tmp_path / "unused", {})
    took = time.monotonic() - begun
    demo.data = CHECKOUT / ".demo"
    try:
        see_what_is_appended(demo, context)
    finally:
        demo.end(signal.SIGTERM)

    assert took <= ANSWER_SECONDS
    wait_until(lambda: not any(is_alive(pid) for pid in demo.pids), 20, "the end of every process")


def sign_in(page: Page, demo: Demo, log: str) -> None:
    """Come as somebody new, be sent to sign in, and open the log."""
    page.goto(f"{demo.url}/logs/")
    page.get_by_label("User name").fill("demo")
    page.get_by_label("Password").fill("demo")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name=re.compile(rf"\b{log}\b")).click()
