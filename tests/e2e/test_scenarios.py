"""The scenarios of following a file through the whole path, judged by what a viewer's client received."""

import asyncio
import contextlib
import os
import signal
import threading
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.client import Client
from tests.conftest import absent
from tests.stack import Running, Stack, Web, has_redis, wait_until
from tests.tailing.scenarios import SCENARIOS, Scenario
from tests.tailing.stage import Stage

pytestmark = [pytest.mark.redis, pytest.mark.whole]

PLAYED = [scenario for scenario in SCENARIOS if scenario.as_process]
#: Seconds until a viewer must have been shown what a scenario says.
SHOWN_SECONDS = 30.0


class WholePath(Stage):
    """A viewer of the file, over a WebSocket, behind a web process, Redis and a worker."""

    def __init__(self, stack: Stack, web: Web, worker: Running, member: str, slug: str) -> None:
        directory = stack.logs / slug
        directory.mkdir()
        super().__init__(directory)
        self.stack = stack
        self.slug = slug
        self.worker = worker
        self.client = Client(stack, web, slug, member, lines=10_000)
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()

    def start(self, encoding: str = "utf-8") -> None:
        self.stack.add_log(self.slug, path=self.path, encoding=encoding)
        self._run(self.client.__aenter__())
        self._run(self.client.until(lambda: self.client.state not in (None, "waiting")))

    def shows(self, *blocks: bytes) -> None:
        wanted = b"".join(blocks)
        self._run(
            self.client.until(lambda: self.client.arrived + self.client.partial == wanted, SHOWN_SECONDS)
        )

    def pause(self) -> None:
        """Until the reader's state says that it has seen what the scenario did, or nothing is to be seen."""
        seen = len(self.client.statuses) + len(self.client.events)
        with contextlib.suppress(AssertionError):
            self._run(
                self.client.until(lambda: len(self.client.statuses) + len(self.client.events) > seen, 3)
            )

    @property
    def told(self) -> list[str]:
        """What happened to the file, in the stream's words."""
        return [kind for kind in self.client.kinds if kind not in ("started", "degraded", "restored")]

    def waits_for(self, events: int) -> None:
        """Some are told after the bytes that the scenario ends with."""
        with contextlib.suppress(AssertionError):
            self._run(self.client.until(lambda: len(self.told) >= events, 5))

    def stop(self) -> None:
        os.killpg(self.worker.pid, signal.SIGSTOP)
        # A signal takes its time, and the scenario must not go on while the reader still looks.
        wait_until(lambda: all(map(is_stopped, self.worker.pids)), what="the worker stands still")

    def go_on(self) -> None:
        os.killpg(self.worker.pid, signal.SIGCONT)

    def close(self) -> None:
        self.go_on()
        self._run(self.client.__aexit__(None, None, None))
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()
        super().close()

    def _run(self, work: Coroutine[Any, Any, Any]) -> None:
        asyncio.run_coroutine_threadsafe(work, self.loop).result(60)


def is_stopped(pid: int) -> bool:
    """Whether every thread of the process is."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return all((task / "stat").read_text().rpartition(")")[2].split()[0] == "T" for task in tasks)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stack, Web, Running, str]]:
    """An installation of this module's own, whose worker may be stopped."""
    if not has_redis():
        absent("a redis-server")
    with Stack(tmp_path_factory.mktemp("scenarios") / "stack") as stack:
        stack.start_redis()
        worker, web = stack.start_worker(), stack.start_web()
        yield stack, web, worker, stack.make_user("member")


@pytest.mark.parametrize("scenario", PLAYED, ids=lambda scenario: scenario.name)
def test_a_viewer_is_shown_all_bytes_once_and_told_what_happened(
    scenario: Scenario, own: tuple[Stack, Web, Running, str]
) -> None:
    stage = WholePath(*own, slug=f"scenario-{scenario.name.partition('_')[0]}")

    try:
        scenario.play(stage)
        stage.waits_for(len(scenario.events))
    finally:
        stage.close()

    assert sorted(stage.told) == sorted(scenario.events)
    assert stage.client.gaps == []
