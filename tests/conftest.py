"""Fixtures for tests with real processes: a Redis, an installation, a worker, a server."""

import gc
import os
import signal
import threading
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.utils import translation

from django_logtail.control.process import use
from django_logtail.tailing.files.looks import Looks
from django_logtail.timing import failures
from django_logtail.viewing.backoff import backoff
from tests.reaper import start_reaper
from tests.stack import Running, Stack, Web, has_redis

# The same examples in each run of CI: a failure there is then the change's, and new ones are found at desks.
# Without deadlines: no test depends on how fast the machine is.
# Nor does a test that runs again, alone, begin with what failed beside others: it runs as if for the first time.
hypothesis.settings.register_profile("ci", derandomize=True, deadline=None, database=None)
hypothesis.settings.register_profile("desk", deadline=None)
hypothesis.settings.load_profile("desk")
if os.environ.get("CI"):
    hypothesis.settings.load_profile("ci")

# A shell starts what it runs in the background with Ctrl-C ignored, and what the tests start would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


#: Whether the run was broken off, with Ctrl-C say: then its fixtures need not have ended what they started.
INTERRUPTED = pytest.StashKey[bool]()


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        return  # part of a run that has one
    reaper = start_reaper()
    # Over when this runs and nobody broke off: a run that is killed says nothing, one that is interrupted no more.
    config.add_cleanup(lambda: reaper.communicate(b"" if config.stash.get(INTERRUPTED, False) else b"over"))


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    session.config.stash[INTERRUPTED] = exitstatus == pytest.ExitCode.INTERRUPTED


#: Files that take the most time, by their names: one of them at the end would keep a single process busy.
LONGEST = {
    "test_arranged.py",
    "test_doctor.py",
    "test_drawn.py",
    "test_faults.py",
    "test_leaks.py",
    "test_looking.py",
    "test_redis_kinds.py",
    "test_slow_client.py",
    "test_travel.py",
    "test_viewer.py",
    "test_viewer_links.py",
    "test_viewer_page.py",
    "test_wheel.py",
    "test_workers.py",
}


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Side by side, the longest files come first, then those that run real processes: what is short fills the end."""

    def order(item: pytest.Item) -> tuple[bool, bool, bool]:
        has_mark = item.get_closest_marker
        return item.path.name not in LONGEST, has_mark("whole") is None, has_mark("browser") is None

    if hasattr(config, "workerinput"):
        items.sort(key=order)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is imported and collected stays: nothing looks through it for garbage, now or later."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def absent(what: str) -> None:
    """Skip on a developer's machine, fail in CI, where everything is installed and a skip would hide a broken step."""
    if os.environ.get("CI"):
        pytest.fail(f"{what} is missing, and CI must have it")
    pytest.skip(f"{what} is missing")


@pytest.fixture(autouse=True)
def language() -> Iterator[None]:
    """The settings' language for each test: a request in another one leaves that active in its thread."""
    yield
    translation.deactivate()


@pytest.fixture(autouse=True)
def nothing_failed_yet() -> Iterator[None]:
    """What fails in one test is not shown in another, and lets nobody wait there."""
    yield
    failures.forget()
    backoff._failures.clear()
    backoff._sessions.clear()


@pytest.fixture(autouse=True)
def own_control() -> Iterator[None]:
    """Each test makes its control from its own settings: another one's may lead to a server that is gone."""
    yield
    use(None)


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The host project with a Redis. For tests that start and kill processes of their own."""
    if not has_redis():
        absent("a redis-server")
    with Stack(tmp_path_factory.mktemp("stack")) as stack:
        stack.start_redis()
        yield stack


@pytest.fixture(scope="session")
def worker(installation: Stack) -> Running:
    """A worker of one process and two threads, shared: do not end it."""
    return installation.start_worker()


@pytest.fixture(scope="session")
def web(installation: Stack) -> Web:
    """A uvicorn, shared: do not end it."""
    return installation.start_web()


@pytest.fixture
def stack(installation: Stack, worker: Running, web: Web) -> Iterator[Stack]:
    """The shared installation with its worker and server, free of the logs of other tests."""
    yield installation
    installation.remove_logs()


@pytest.fixture(scope="session")
def member(installation: Stack) -> str:
    """The session key of somebody who is signed in and has no rights beyond that."""
    return installation.make_user("member")


@pytest.fixture
def dead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory whose file system doesn't respond to this process, like a lost file server."""
    folder = tmp_path / "dead"
    release = threading.Event()

    def hanging(real: Any) -> Any:
        def look(path: Any, *args: Any, **kwargs: Any) -> Any:
            if not isinstance(path, int) and os.fsdecode(path).startswith(str(folder)):
                release.wait()
            return real(path, *args, **kwargs)

        return look

    monkeypatch.setattr(os, "stat", hanging(os.stat))
    monkeypatch.setattr(os.path, "realpath", hanging(os.path.realpath))
    monkeypatch.setattr("django_logtail.models.looks", Looks())
    yield folder
    release.set()
