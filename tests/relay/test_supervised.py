"""A relay's tasks keep running whatever happens, and an error of one log affects only that log."""

from __future__ import annotations

import asyncio
import logging

import pytest

from django_logtail import tasks
from django_logtail.relay import here
from django_logtail.relay.feed import Feed
from django_logtail.timing import failures
from tests.delivery.test_delivery import QUEUE, House, Taker, eventually, numbered


@pytest.fixture
async def house(tmp_path):
    path = tmp_path / "app.log"
    path.write_bytes(b"")
    house = House(path)
    yield house
    await house.close()


def failing(function, times: int):
    """`function`, but the first times it is called."""
    left = [times]

    def fails(*arguments, **keywords):
        if left[0]:
            left[0] -= 1
            raise ValueError("a lease with a sixth field")
        return function(*arguments, **keywords)

    return fails


async def test_posting_goes_on_after_what_nobody_expected(house, monkeypatch, caplog):
    monkeypatch.setattr(house.control, "post", failing(house.control.post, 2))
    taker = house.join()
    house.append(numbered(0, 10))

    await taker.until(lambda: taker.bytes == numbered(0, 10))

    assert [(failure.task, failure.count) for failure in failures.all()] == [("relay: posting", 2)]
    assert "relay: posting failed and starts again in 0.25 s" in caplog.messages
    assert "ValueError: a lease with a sixth field" in caplog.text


async def test_receiving_goes_on_after_what_nobody_expected(house, monkeypatch):
    taker = house.join()
    house.append(numbered(0, 10))
    await taker.until(lambda: taker.bytes == numbered(0, 10))
    monkeypatch.setattr(house.relay._inbox, "_take", failing(house.relay._inbox._take, 2))
    house.append(numbered(10, 10))

    await taker.until(lambda: taker.bytes == numbered(0, 20))

    assert [(failure.task, failure.count) for failure in failures.all()] == [("relay: receiving", 2)]


async def test_the_list_of_viewers_goes_on_after_what_nobody_expected(house, monkeypatch):
    monkeypatch.setattr(house.control, "report_viewers", failing(house.control.report_viewers, 1))
    house.relay.viewers._changed.set()

    await eventually(lambda: failures.all())
    house.relay.viewers._changed.set()
    await eventually(lambda: house.relay.process in house.control._viewers)

    assert [(failure.task, failure.count) for failure in failures.all()] == [
        ("relay: the list of viewers", 1)
    ]


@pytest.mark.parametrize("method", ["take", "heard"])
async def test_what_one_feed_cannot_take_is_no_matter_of_the_others(house, monkeypatch, method):
    house.paths["2"] = house.path.with_name("bad.log")
    house.paths["2"].write_bytes(b"")
    good, bad = house.join(), Taker(house.relay, house.relay.feeds.join("2", QUEUE, lines=5, resume=None))
    await good.until(lambda: good.events)
    await bad.until(lambda: bad.events)
    works = getattr(Feed, method)

    def fails(feed, *arguments):
        if feed is bad.viewer.feed:
            raise KeyError("a bug in the feed")
        return works(feed, *arguments)

    monkeypatch.setattr(Feed, method, fails)
    states = []
    monkeypatch.setattr(bad.viewer.feed, "become", lambda *said: states.append(said), raising=False)
    with house.paths["2"].open("ab") as file:
        file.write(b"more\n")

    await eventually(lambda: ("no-reader", "reason:not-taken?error=KeyError") in states)
    house.append(numbered(0, 10))
    await good.until(lambda: good.bytes == numbered(0, 10))
    assert {failure.task for failure in failures.all()} == {"relay: taking a message for log 2"}


async def test_a_local_reader_that_fails_is_no_wake_up_that_could_not_be_sent(house, monkeypatch, caplog):
    class Crashing:
        async def run(self):
            raise RuntimeError("a bug in the pump")

    monkeypatch.setattr(here, "reader_of", lambda *arguments: Crashing())
    house.relay._wake = here._read_here
    house.join()

    await eventually(lambda: "relay: local reader of queue q failed" in caplog.messages)

    assert "RuntimeError: a bug in the pump" in caplog.text
    assert "could not be sent" not in caplog.text


async def test_a_broker_that_does_not_answer_is_one_line_in_the_log(house, monkeypatch, caplog):
    async def fails(queue):
        raise ConnectionRefusedError("Connection refused")

    monkeypatch.setattr(tasks, "send_wake_up", fails)

    await here._wake_worker("q")

    [record] = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert record.getMessage() == (
        "wake-up for queue q could not be sent: ConnectionRefusedError: Connection refused"
    )
    assert record.exc_info is None


async def test_a_relay_closes_in_time_whatever_its_tasks_do(house, monkeypatch, caplog):
    monkeypatch.setattr("django_logtail.relay.ENDING_SECONDS", 0.2)
    is_over = asyncio.Event()

    async def never_ends() -> None:
        while not is_over.is_set():
            try:
                await is_over.wait()
            except asyncio.CancelledError:
                continue

    house.relay.supervisor.keep("measuring", never_ends)
    await asyncio.sleep(0)

    await asyncio.wait_for(house.relay.close(), 10)

    is_over.set()
    assert any(
        words.startswith("relay: measuring did not end within 0.2 s, at ") for words in caplog.messages
    )
