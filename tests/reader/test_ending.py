"""A reader ends in time whatever its parts do, so that the next one can start."""

from __future__ import annotations

import asyncio
import logging
import threading
import time

import pytest

from django_logtail import tasks
from django_logtail.reader import lifetime
from django_logtail.reader.lifetime import Ending, Parts
from django_logtail.reader.pump import Pump
from django_logtail.timing import failures
from tests.delivery.test_delivery import House, numbered, open_inodes


@pytest.fixture
async def house(tmp_path):
    path = tmp_path / "app.log"
    path.write_bytes(b"")
    house = House(path)
    yield house
    await house.close()


async def test_a_reader_whose_sending_never_ends_is_left_behind_and_the_next_one_reads(
    house, monkeypatch, caplog
):
    monkeypatch.setattr(lifetime, "ENDING_SECONDS", 0.2)
    taker = house.join()
    house.append(numbered(0, 10))
    await taker.until(lambda: taker.bytes == numbered(0, 10))
    send, is_over = house.mailboxes.send, asyncio.Event()

    async def never_ends(mailbox, message):
        while not is_over.is_set():
            try:
                await is_over.wait()
            except asyncio.CancelledError:
                continue

    house.mailboxes.send = never_ends
    house.append(numbered(10, 10))
    inode = house.path.stat().st_ino
    reader, task = house.readers[0]
    await asyncio.sleep(0.2)
    reader.leave()

    try:
        assert await asyncio.wait_for(task, 10) is Ending.HANDED_OVER

        assert inode not in open_inodes()
        said = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
        assert any("pump did not end within 0.2 s and was abandoned at " in words for words in said), said
        assert any("never_ends" in words for words in said), said
        house.mailboxes.send = send
        await taker.until(lambda: taker.bytes == numbered(0, 20))
    finally:
        is_over.set()


async def test_a_part_that_fails_begins_again_and_the_reader_reads_on(house, monkeypatch, caplog):
    taker = house.join()
    house.append(numbered(0, 10))
    await taker.until(lambda: taker.bytes == numbered(0, 10))
    next_at, failures = Pump._next_at, []

    def fails_once(pump, now):
        if not failures:
            failures.append(now)
            raise ValueError("a bug in the pump")
        return next_at(pump, now)

    monkeypatch.setattr(Pump, "_next_at", fails_once)
    house.append(numbered(10, 10))
    await taker.until(lambda: taker.bytes == numbered(0, 20))

    assert len(house.readers) == 1
    assert "reader on queue q: pump failed and starts again in 0.25 s" in caplog.messages
    assert "ValueError: a bug in the pump" in caplog.text


async def test_a_part_that_fails_again_and_again_is_the_reader_s_end(monkeypatch):
    monkeypatch.setattr("django_logtail.timing.FIRST_RESTART_SECONDS", 0.001)
    reader_parts = Parts("reader on queue q")

    async def fails():
        raise ValueError("a bug in the pump")

    reader_parts.start("pump", fails)

    with pytest.raises(ValueError, match="a bug in the pump"):
        await asyncio.wait_for(asyncio.shield(reader_parts.ending), 10)
    assert failures.all()[0].count == 5
    await reader_parts.cancel()


def test_the_actor_waits_neither_for_tasks_nor_for_threads_that_do_not_end(monkeypatch, caplog):
    monkeypatch.setattr("django_logtail.timing.LEFT_OVER_SECONDS", 0.2)
    is_over, done = threading.Event(), threading.Event()

    async def read(queue: str) -> Ending:
        async def never_ends() -> None:
            while not is_over.is_set():
                try:
                    await asyncio.sleep(3_600)
                except asyncio.CancelledError:
                    continue

        def stuck() -> None:
            is_over.wait(60)
            done.set()

        asyncio.create_task(never_ends(), name="pump")  # noqa: RUF006 - nobody keeps it: that is the fault
        asyncio.get_running_loop().run_in_executor(None, stuck)
        await asyncio.sleep(0)
        return Ending.LOST

    monkeypatch.setattr(tasks, "_run", read)
    began = time.monotonic()
    try:
        tasks.read_logs("q")
        assert time.monotonic() - began < 30
    finally:
        is_over.set()
    [said] = [record.getMessage() for record in caplog.records if record.name == "django_logtail.timing"]
    assert said.startswith("pump did not end and was abandoned at ")
    assert "never_ends (" in said
    assert done.wait(10)


class Other:
    """A reader of the same queue in another thread of the worker."""

    is_ending = False


async def test_a_reader_that_ends_already_keeps_nobody_from_reading(monkeypatch):
    other, ran = Other(), []

    class Mine:
        is_ending = False

        async def run(self):
            ran.append(tasks._running.readers["q"][1])
            return Ending.IDLE

    monkeypatch.setattr(tasks, "reader_of", lambda *arguments: Mine())
    monkeypatch.setitem(tasks._running.readers, "q", (asyncio.get_running_loop(), other))

    assert await tasks._run("q") is Ending.LOST
    other.is_ending = True
    assert await tasks._run("q") is Ending.IDLE

    assert len(ran) == 1
    assert "q" not in tasks._running.readers
