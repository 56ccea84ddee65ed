"""A reader of quiet logs, on a virtual clock: how often it wakes up, and what it notices."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from django_logtail import reader as reader_module
from django_logtail.control.in_memory import MemoryControl
from django_logtail.control.mailboxes import MemoryMailboxes
from django_logtail.control.messages import Batch
from django_logtail.control.wants import Want
from django_logtail.reader import Reader
from django_logtail.reader.sources import Source
from django_logtail.tailing import FollowerSet
from tests.delivery.test_machine import InPlace, VirtualLoop

QUEUE = "q"
LOGS = 20
#: Until the heartbeats that name a new flow are over.
SETTLE_SECONDS = 5.0


class Home:
    """A reader that follows LOGS logs, each begun a little after the one before."""

    def __init__(self, loop: VirtualLoop, folder: Path) -> None:
        self.loop = loop
        self.paths = {str(number): folder / f"{number}.log" for number in range(LOGS)}
        self.control = MemoryControl(loop.time)
        self.mailboxes = MemoryMailboxes()
        self.mailbox = ""

    async def settle(self) -> asyncio.Task[Any]:
        self.mailbox = await self.mailboxes.new()
        reader = Reader(
            QUEUE,
            self.control,
            self.mailboxes,
            lambda logs: {log: Source(self.paths[log], "utf-8", log) for log in logs},
            permit=lambda descriptor: None,
            wake=self._wake,
            clock=self.loop.time,
        )
        task = asyncio.ensure_future(reader.run())
        for log, path in self.paths.items():
            path.write_bytes(b"a line\n")
            want = Want("process", log, "main", self.mailbox, serial=1, credit=2**20, lines=5)
            self.control.post(QUEUE, [want], [], [])
            await asyncio.sleep(0.07)
        await asyncio.sleep(SETTLE_SECONDS)
        return task

    async def next_item(self) -> Batch:
        while True:
            message = await self.mailboxes.receive(self.mailbox)
            if isinstance(message, Batch) and message.data == b"unseen\n":
                return message

    async def _wake(self, queue: str) -> None:
        raise AssertionError("nothing is handed over")


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[Callable[[Home], Awaitable[Any]]], Any]]:
    monkeypatch.setattr(reader_module, "ThreadPoolExecutor", InPlace)
    monkeypatch.setattr(reader_module.slow_files, "ThreadPoolExecutor", InPlace)
    loop = VirtualLoop()

    async def at_rest(play: Callable[[Home], Awaitable[Any]]) -> Any:
        home = Home(loop, tmp_path)
        task = await home.settle()
        try:
            return await play(home)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    yield lambda play: loop.run_until_complete(at_rest(play))
    loop.close()


def test_looks_at_resting_logs_are_taken_together(run, monkeypatch):
    looked_at = []
    due = FollowerSet.due

    def counted(followers, now):
        looked_at.append(now)
        return due(followers, now)

    async def play(home):
        monkeypatch.setattr(FollowerSet, "due", counted)
        await asyncio.sleep(4.0)

    run(play)

    assert len(looked_at) <= 30  # and not one for each log and second


def test_a_line_whose_notification_is_lost_comes_all_the_same(run, monkeypatch):
    def lost(followers):
        followers._source.read()

    async def play(home):
        monkeypatch.setattr(FollowerSet, "read_hints", lost)
        written_at = home.loop.time()
        with home.paths["7"].open("ab") as file:
            file.write(b"unseen\n")
        await home.next_item()
        return home.loop.time() - written_at

    assert run(play) <= 1.5
