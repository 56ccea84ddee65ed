"""Whatever dies, sleeps, loses data or lies on the way: every byte arrives once and in order, or a gap has the exact
size.

Real processes. A writer adds 2,000 lines a second and rotates its file every second; a client of the protocol is
judged by the bytes it got.
"""

import asyncio
import json
import os
import signal
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from example_project.demo.redis_server import redis_command
from tests.client import Client
from tests.conftest import absent
from tests.length import at_length
from tests.stack import (
    CORE_LAYER,
    PUBSUB_LAYER,
    Running,
    Stack,
    Web,
    has_redis,
    is_listening,
    wait_until,
)
from tests.writer import DIGITS, Writer, judge

pytestmark = [pytest.mark.redis, pytest.mark.whole]

NAMES = {PUBSUB_LAYER: "pubsub", CORE_LAYER: "core"}
#: Seconds after which viewers are live again, counted from when there is a process to serve them.
#: On a busy machine less than the 15 s after which what nobody renews lapses: it is not that which ends it.
RECOVERY_SECONDS = at_length(5.0, short=12.0)
#: The same after Redis was away for REDIS_AWAY_SECONDS.
REDIS_RECOVERY_SECONDS = 20.0
REDIS_AWAY_SECONDS = 20.0
#: Seconds a reader sleeps: four times its lease.
SLEEP_SECONDS = 10.0
#: Seconds an operating system may step its clock by.
STEP = 3600
#: Bytes that must arrive before and after a fault: a second of writing.
SOME_BYTES = 2_000 * 100


class Viewer(Client):
    """A client that knows when something last came, and the longest silence there has been."""

    came_at = 0.0
    longest_silence = 0.0

    def _take_batch(self, header: dict[str, Any], data: bytes) -> None:
        now = time.monotonic()
        if self.came_at:
            self.longest_silence = max(self.longest_silence, now - self.came_at)
        self.came_at = now
        super()._take_batch(header, data)


class Faults:
    """An installation whose layer and clocks can go wrong."""

    def __init__(
        self, folder: Path, layer: str, *, redis_port: int | None = None, **environment: str
    ) -> None:
        self.faults = folder / "faults"
        self.faults.mkdir(parents=True)
        self.stack = Stack(
            folder / "stack",
            layer=layer,
            redis_port=redis_port,
            environment={
                "DJANGO_SETTINGS_MODULE": "tests.host.settings",
                "FAULTS": str(self.faults),
                **environment,
            },
        )
        self.stack.start_redis()
        self.web = self.start_web("web-clock")
        self.member = self.stack.make_user("member")
        self.workers: list[Running] = []

    def start_web(self, clock: str = "clock") -> Web:
        self.stack.environment["CLOCK"] = clock
        return self.stack.start_web()

    def start_worker(self, queue: str = "logtail", clock: str = "worker-clock") -> Running:
        self.stack.environment |= {"CLOCK": clock, "LOGTAIL_MORE": json.dumps({"QUEUE": queue})}
        self.workers.append(self.stack.start_worker(queue))
        self.stack.environment["LOGTAIL_MORE"] = "{}"
        return self.workers[-1]

    def set(self, fault: str, to: str) -> None:
        new = self.faults / f"{fault}.new"
        new.symlink_to(to)
        new.replace(self.faults / fault)

    def mend(self) -> None:
        for link in self.faults.iterdir():
            link.unlink()
        for worker in self.workers:
            worker.kill()
        self.workers.clear()
        self.stack.remove_logs()


def on(*layers: str) -> pytest.MarkDecorator:
    """Run on these layers, where it may matter; in `make check-long` on both."""
    chosen = at_length(NAMES, short={layer: NAMES[layer] for layer in layers})
    return pytest.mark.parametrize(
        "installation", list(chosen), ids=list(chosen.values()), indirect=True, scope="module"
    )


@pytest.fixture(scope="module")
def installation(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Faults]:
    if not has_redis():
        absent("a redis-server")
    faults = Faults(tmp_path_factory.mktemp("faults"), request.param)
    with faults.stack:
        yield faults


@pytest.fixture
def faults(installation: Faults) -> Iterator[Faults]:
    yield installation
    installation.mend()


class Watched:
    """A log being written and rotated, and a viewer of it, which is judged when the `async with` block is left."""

    def __init__(self, faults: Faults, slug: str = "busy", **fields: Any) -> None:
        self.faults = faults
        self.path = faults.stack.add_log(slug, **fields)
        self.writer = Writer(self.path)
        self.viewer = Viewer(faults.stack, faults.web, slug, faults.member)
        self.earlier: list[tuple[Any, ...]] = []
        #: What the judge found, once the block is left.
        self.found: dict[str, int] = {}

    async def __aenter__(self) -> "Watched":
        try:
            await self.viewer.__aenter__()
            await self.more_arrives()
        except BaseException:
            self.writer.finish()
            raise
        self.viewer.longest_silence = 0.0
        return self

    async def __aexit__(self, kind: Any, error: Any, trace: Any) -> None:
        await asyncio.to_thread(self.writer.finish)
        try:
            if error is None:
                await self._judge()
        finally:
            await self.viewer.__aexit__(kind, error, trace)

    async def _judge(self) -> None:
        written = self.writer.everything()
        await self.viewer.until(lambda: self._reached() >= len(written))
        self.found = judge([*self.earlier, *self.viewer.items], written, self.writer.size)
        print(f"  {self.viewer.slug}: {self.found}")
        assert self.found["ended"] == len(written)
        assert self.found["rotations"] > 0
        assert self.viewer.late == b""

    def _reached(self) -> int:
        """Where in everything that was written the viewer's last line ends."""
        line = self.viewer.bytes[-self.writer.size :]
        return (int(line[:DIGITS]) + 1) * self.writer.size if line else 0

    async def more_arrives(self, seconds: float = 20.0) -> None:
        """Wait until a second's bytes have come from now on."""
        until = len(self.viewer.bytes) + SOME_BYTES
        await self.viewer.until(lambda: len(self.viewer.bytes) >= until, seconds)

    async def is_live_again(self, what: str, seconds: float = RECOVERY_SECONDS) -> None:
        """Wait until a line that is yet to be written has arrived, and then a second's bytes more."""
        began, target = time.monotonic(), self.writer.written + SOME_BYTES // 10
        await self.viewer.until(lambda: self._reached() >= target, seconds)
        took = time.monotonic() - began
        await self.more_arrives()
        silence = self.viewer.longest_silence
        print(f"\n  {what}: live {took:.2f} s after there was a server, longest silence {silence:.2f} s")

    async def comes_back(self, web: Web) -> None:
        """The client was cut off: it connects to `web` and goes on where it was."""
        old = self.viewer
        await old.until_closed()
        await old.__aexit__(None, None, None)
        self.earlier += old.items
        self.viewer = Viewer(self.faults.stack, web, old.slug, self.faults.member, resume=old.place)
        await self.viewer.__aenter__()


def reading(workers: list[Running], path: Path) -> Running:
    """The worker that has the log's file open."""
    wait_until(lambda: any(path in worker.open_paths() for worker in workers), what="a reader")
    return next(worker for worker in workers if path in worker.open_paths())


@on(PUBSUB_LAYER)
async def test_a_killed_worker_is_replaced_by_a_supervisor(faults: Faults) -> None:
    worker = faults.start_worker()

    async with Watched(faults) as watched:
        worker.kill()
        await asyncio.to_thread(faults.start_worker)
        await watched.is_live_again("SIGKILL of the worker")

    assert watched.found["gaps"] == 0


@on(PUBSUB_LAYER)
async def test_a_deploy_ends_the_worker_and_starts_another(faults: Faults) -> None:
    worker = faults.start_worker()

    async with Watched(faults) as watched:
        os.kill(worker.pid, signal.SIGTERM)
        await asyncio.to_thread(faults.start_worker)
        await watched.is_live_again("SIGTERM of the worker")
        await asyncio.to_thread(worker.process.wait)

    assert watched.found["gaps"] == 0


@on(PUBSUB_LAYER)
async def test_of_two_workers_on_one_queue_the_one_that_reads_is_killed(faults: Faults) -> None:
    workers = [faults.start_worker(), faults.start_worker()]

    async with Watched(faults) as watched:
        await asyncio.to_thread(reading(workers, watched.path).kill)
        await watched.is_live_again("SIGKILL of the worker that read")

    assert watched.found["gaps"] == 0


@on(PUBSUB_LAYER)
async def test_a_reader_that_slept_wakes_into_anothers_term(faults: Faults) -> None:
    workers = [faults.start_worker(), faults.start_worker()]

    async with Watched(faults) as watched:
        sleeper = reading(workers, watched.path)
        os.killpg(sleeper.pid, signal.SIGSTOP)
        try:
            await watched.is_live_again("SIGSTOP of the reader")
            await asyncio.sleep(SLEEP_SECONDS / 2)
        finally:
            os.killpg(sleeper.pid, signal.SIGCONT)
        await asyncio.to_thread(
            wait_until, lambda: watched.path not in sleeper.open_paths(), 20, "the end of the old reader"
        )
        await watched.more_arrives()

    assert watched.found["gaps"] == 0


@on(PUBSUB_LAYER)
async def test_a_viewer_of_a_killed_web_process_goes_on_at_another(faults: Faults) -> None:
    faults.start_worker()
    dies = faults.start_web()
    watched = Watched(faults)
    untouched, watched.viewer = (
        watched.viewer,
        Viewer(faults.stack, dies, "busy", faults.member),
    )

    async with untouched, watched:
        await untouched.until_live()
        untouched.longest_silence = 0.0
        dies.kill()
        await watched.comes_back(faults.web)
        await watched.is_live_again("SIGKILL of a web process")
        silence = untouched.longest_silence
        end = watched._reached()
        await untouched.until(lambda: int(untouched.bytes[-100:][:DIGITS]) * 100 >= end)

    print(f"  the other viewer's longest silence: {silence:.2f} s")
    assert watched.found["gaps"] == 0
    assert judge(untouched.items, watched.writer.everything(), 100)["gaps"] == 0


@on(CORE_LAYER)
@pytest.mark.parametrize("keeps", ["nothing", "its data"])
async def test_redis_is_restarted(faults: Faults, keeps: str) -> None:
    start = faults.stack.start_redis if keeps == "nothing" else lambda: start_lasting_redis(faults.stack)
    if keeps != "nothing":
        faults.stack.redis.kill()
        start()
    faults.start_worker()

    async with Watched(faults) as watched:
        faults.stack.redis.stop()
        await asyncio.to_thread(start)
        await watched.is_live_again(f"restart of Redis that keeps {keeps}")

    assert watched.found["gaps"] == 0
    if keeps != "nothing":
        faults.stack.redis.kill()
        faults.stack.start_redis()


def start_lasting_redis(stack: Stack) -> Running:
    """A Redis that has its data again when it is started again."""
    command = [*redis_command(stack.redis_port, stack.folder), "--appendonly", "yes", "--save", "1 1"]
    stack.redis = stack._run("redis", command)
    stack.redis.wait_until(lambda: is_listening(stack.redis_port), "listening")
    return stack.redis


@on(CORE_LAYER)
async def test_redis_does_not_answer_for_a_while(faults: Faults) -> None:
    faults.start_worker()

    async with Watched(faults) as watched:
        os.kill(faults.stack.redis.pid, signal.SIGSTOP)
        try:
            await watched.viewer.until(lambda: watched.viewer.state == "no-redis")
            await asyncio.sleep(REDIS_AWAY_SECONDS)
        finally:
            os.kill(faults.stack.redis.pid, signal.SIGCONT)
        await watched.is_live_again("Redis was away", REDIS_RECOVERY_SECONDS)
        await watched.viewer.until_live()

    assert watched.found["gaps"] == 0


@on(CORE_LAYER)
@pytest.mark.parametrize("fault", ["drop", "double", "reorder"])
async def test_every_tenth_message_goes_wrong(faults: Faults, fault: str) -> None:
    faults.start_worker()
    faults.set("layer", fault)

    async with Watched(faults) as watched:
        await watched.more_arrives()
        await watched.more_arrives()
        await watched.more_arrives()

    assert watched.found["gaps"] == 0


@on(CORE_LAYER)
@pytest.mark.parametrize(
    ("clock", "seconds"),
    at_length(
        list(product(["worker-clock", "web-clock"], [STEP, -STEP])),
        short=[("worker-clock", STEP), ("web-clock", -STEP)],
    ),
)
async def test_a_clock_is_stepped_by_an_hour(faults: Faults, clock: str, seconds: int) -> None:
    faults.start_worker()

    async with Watched(faults) as watched:
        faults.set(clock, str(seconds))
        await watched.is_live_again(f"{clock} stepped by {seconds} s")
        await watched.more_arrives()
        faults.set(clock, "0")
        await watched.more_arrives()

    assert watched.found["gaps"] == 0


@on(CORE_LAYER)
async def test_a_host_whose_clock_is_ahead_does_not_silence_another(faults: Faults) -> None:
    faults.start_worker()
    faults.start_worker("ahead", "clock-ahead")
    faults.set("clock-ahead", str(STEP))

    async with Watched(faults) as right, Watched(faults, "ahead", queue="ahead") as ahead:
        await ahead.more_arrives()
        await right.more_arrives()

    assert (right.found["gaps"], ahead.found["gaps"]) == (0, 0)


@on(PUBSUB_LAYER)
async def test_a_stop_by_command_holds_the_log_until_it_is_cleared(faults: Faults) -> None:
    faults.start_worker()

    async with Watched(faults) as watched:
        await asyncio.to_thread(faults.stack.manage, "logtail_stop", "busy", "--reason", "backup")
        await watched.viewer.until(lambda: watched.viewer.state == "stopped")
        taken, told = len(watched.viewer.bytes), watched.viewer.statuses[-1]["reason"]
        await asyncio.sleep(2.0)
        taken_while_stopped = len(watched.viewer.bytes) - taken
        await asyncio.to_thread(faults.stack.manage, "logtail_stop", "--clear", "busy")
        await watched.is_live_again("--clear of the stop flag")
        await watched.viewer.until_live()

    assert "backup" in told
    assert taken_while_stopped == 0
    assert watched.found["gaps"] == 0


async def test_a_core_layer_that_holds_one_message_delivers_everything(tmp_path: Path) -> None:
    if not has_redis():
        absent("a redis-server")
    faults = Faults(tmp_path, CORE_LAYER, LAYER_MORE='{"capacity": 1}')
    with faults.stack:
        faults.start_worker()
        async with Watched(faults) as watched:
            await watched.more_arrives()
            await watched.more_arrives()
        faults.mend()

    assert watched.found["gaps"] == 0
