"""The reader of a queue is told to look at once; only that one, and whatever goes wrong, nobody else notices."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from django_logtail.control import ReaderLease, Seen, nudging
from django_logtail.control.in_memory import MemoryControl
from django_logtail.control.mailboxes import MailboxUnavailable
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


def test_a_local_reader_is_left_alone(boxes: Boxes, settings: Any) -> None:
    settings.LOGTAIL = {**settings.LOGTAIL, "READER": "local"}

    nudging.nudge("web-1")

    assert boxes.sent == []


def test_code_in_an_event_loop_does_not_wait(boxes: Boxes) -> None:
    async def scene() -> None:
        nudging.nudge("web-1")

    asyncio.run(scene())

    assert boxes.sent == []


@pytest.mark.parametrize("error", [MailboxUnavailable("full"), ValueError("no such layer")])
def test_a_nudge_that_fails_harms_nobody(boxes: Boxes, error: Exception) -> None:
    boxes.error = error

    nudging.nudge("web-1")

    assert boxes.closed == 1
