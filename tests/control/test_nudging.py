"""The reader of a queue is told to look at once; only that one, and whatever goes wrong, nobody else notices."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from django_logtail.control import ReaderLease, Seen, nudging
from django_logtail.control.in_memory import MemoryControl
from django_logtail.control.mailboxes import MailboxUnavailable, local_mailboxes
from django_logtail.control.messages import Nudge
from django_logtail.control.process import use


class Boxes:
    sent: list[tuple[str, Any]]
    closed: int
    error: Exception | None

    async def send(self, mailbox: str, message: Any) -> None:
        if self.error is not None:
            raise self.error
        self.sent.append((mailbox, message))

    async def renew_sending(self) -> None:
        self.closed += 1


@pytest.fixture
def boxes(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Boxes]:
    """Two queues with a reader, of which one takes no nudges."""
    settings.LOGTAIL = {**settings.LOGTAIL, "READER": "dramatiq"}
    boxes = Boxes()
    boxes.sent, boxes.closed, boxes.error = [], 0, None
    monkeypatch.setattr("django_logtail.control.layer.LayerMailboxes", lambda: boxes)
    control = MemoryControl()
    for queue, mailbox in (("web-1", "box-1"), ("web-2", "box-2"), ("mute", "")):
        lease = ReaderLease("token", "host", 1, "1.0", mailbox)
        control.tick(queue, lease, Seen(), may_end=False, starting=True)
    use(control)
    yield boxes
    use(None)


def test_the_reader_of_the_queue_is_nudged_and_no_connection_is_left(boxes: Boxes) -> None:
    nudging.nudge("web-1")

    assert (boxes.sent, boxes.closed) == ([("box-1", Nudge())], 1)


@pytest.mark.parametrize("queue", ["mute", "nobody"])
def test_without_a_reader_or_its_mailbox_there_is_nobody_to_nudge(boxes: Boxes, queue: str) -> None:
    nudging.nudge(queue)

    assert (boxes.sent, boxes.closed) == ([], 0)


@pytest.fixture
def local(settings: Any) -> Iterator[MemoryControl]:
    """Readers are in the web process."""
    settings.LOGTAIL = {**settings.LOGTAIL, "READER": "local"}
    control = MemoryControl()
    use(control)
    yield control
    use(None)


def test_a_reader_in_the_web_process_is_nudged_from_any_thread_and_no_other_one(
    local: MemoryControl,
) -> None:
    async def scene() -> tuple[Any, bool]:
        mine, other = [await local_mailboxes.new() for _ in range(2)]
        for queue, mailbox in (("web-1", mine), ("web-2", other)):
            local.tick(queue, ReaderLease("t", "h", 1, "1", mailbox), Seen(), may_end=False, starting=True)
        await asyncio.to_thread(nudging.nudge, "web-1")
        found = await asyncio.wait_for(local_mailboxes.receive(mine), 20)
        nudging.nudge("nobody")
        is_empty = local_mailboxes._boxes[other][1].empty()
        local_mailboxes.close(mine), local_mailboxes.close(other)
        return found, is_empty

    assert asyncio.run(scene()) == (Nudge(), True)


def test_a_local_reader_that_takes_none_or_is_gone_harms_nobody(local: MemoryControl) -> None:
    async def full() -> str:
        box = await local_mailboxes.new()
        for _ in range(1_001):
            local_mailboxes.put(box, Nudge())
        await asyncio.sleep(0)
        assert local_mailboxes._boxes[box][1].qsize() == 1_000
        return box

    box = asyncio.run(full())  # its event loop is closed now
    local.tick("web-1", ReaderLease("t", "h", 1, "1", box), Seen(), may_end=False, starting=True)
    nudging.nudge("web-1")
    local_mailboxes.close(box)
    nudging.nudge("web-1")


def test_code_in_an_event_loop_does_not_wait_and_the_reader_is_told_all_the_same(
    boxes: Boxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_send = threading.Event()
    monkeypatch.setattr(nudging, "_send", lambda mailbox: held_up(mailbox))

    async def held_up(mailbox: str) -> None:
        may_send.wait(20)
        await boxes.send(mailbox, Nudge())

    async def scene() -> list[Any]:
        nudging.nudge("web-1")
        before = list(boxes.sent)
        may_send.set()
        await asyncio.get_running_loop().shutdown_default_executor()
        return before

    assert asyncio.run(scene()) == []
    assert boxes.sent == [("box-1", Nudge())]


@pytest.mark.parametrize("error", [MailboxUnavailable("full"), ValueError("no such layer")])
def test_a_nudge_that_fails_harms_nobody(boxes: Boxes, error: Exception) -> None:
    boxes.error = error

    nudging.nudge("web-1")

    assert boxes.closed == 1
