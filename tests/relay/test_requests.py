"""A request for older content: what of its answer is kept for a slow viewer, and how long it waits."""

from __future__ import annotations

import asyncio

import pytest

from django_logtail.control.messages import Counted, Failed, Found, Heartbeat, Listed
from django_logtail.control.wants import Want
from django_logtail.place import Place
from django_logtail.relay.requests import Request
from tests.virtual_time import run_virtually


class Wants:
    """Writes down what is wanted."""

    def __init__(self):
        self.now = []

    def add(self, wanted):
        self.now.append(wanted)

    def drop(self, wanted):
        self.now.remove(wanted)


def request(wants=None, asked_at=None):
    want = Want("p", "1", "7", "", 3, 0, position=Place("f", 0), end=9)
    return Request(wants or Wants(), "q", want, asked_at)


def found(at, *, hits=(), done=False):
    return Found("t", "p|1|7", 3, list(hits), 0, at, 99, done)


def counted(at, *, done=False):
    return Counted("t", "p|1|7", 3, 0, 9, [], False, at, 99, done)


def taken(asked):
    return [asked._answers.get_nowait() for _ in range(asked._answers.qsize())]


def test_it_is_wanted_until_it_is_closed():
    wants = Wants()
    asked = request(wants, asked_at=5.0)
    before = wants.now == [asked]
    asked.close()

    assert (before, wants.now, asked.asked_at, asked.queue, asked.member) == (True, [], 5.0, "q", "p|1|7")


def test_it_is_posted_with_the_mailbox_of_the_moment():
    asked = request()

    assert [asked.want(box).mailbox for box in ("a", "b")] == ["a", "b"]
    assert asked.want("a").end == 9


@pytest.mark.parametrize("made", [found, counted])
def test_eight_messages_of_progress_wait_for_a_slow_viewer_and_no_more(made):
    asked = request()
    for at in range(20):
        asked.take(made(at))

    assert [message.at for message in taken(asked)] == list(range(8))


@pytest.mark.parametrize(
    "message",
    [found(50, hits=[1]), found(50, done=True), counted(50, done=True), Failed("t", "p|1|7", 3, "x")],
)
def test_what_is_no_progress_is_never_left_out(message):
    asked = request()
    for at in range(9):
        asked.take(found(at))
    asked.take(message)
    asked.take(message)

    assert taken(asked)[8:] == [message, message]


def test_a_message_that_answers_nothing_is_none():
    asked = request()
    asked.take(Heartbeat("t", "web-1", "q", {}))
    asked.take(Listed("t", "p|1|7", 3, [], False))

    assert [type(message) for message in taken(asked)] == [Listed]


@pytest.mark.parametrize(
    ("why", "error"), [("reason:stopped?user=ann", "reason:stopped?user=ann"), ("", "reason:no-answer?")]
)
def test_who_is_given_up_learns_the_reason(why, error):
    asked = request()
    asked.give_up("no-reader", why)
    (message,) = taken(asked)

    assert (message.id, message.error, message.serial, message.member) == ("no-reader", error, 3, "p|1|7")


@pytest.mark.parametrize(("seconds", "is_answered"), [(14.9, True), (15.1, False)])
def test_the_next_message_is_waited_for_15_s(seconds, is_answered):
    async def scene():
        asked = request()
        asyncio.get_running_loop().call_later(seconds, asked.take, found(1))
        try:
            return (await asked.next()).at == 1
        except asyncio.TimeoutError:
            return False

    assert run_virtually(scene()) == is_answered
