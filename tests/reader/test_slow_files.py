"""Polls of files that may not respond, on a virtual clock: which wait for which, and what is reported when."""

import asyncio
from concurrent.futures import Future

import pytest

from django_logtail.reader.slow_files import PollThreads
from tests.virtual_time import run_virtually


class Threads:
    """Polls that are answered when the test says so."""

    def __init__(self):
        self.polls = {}

    def submit(self, poll, now, max_bytes):
        future = Future()
        future.set_running_or_notify_cancel()
        self.polls[poll.__self__.name] = future
        return future

    def answer(self, name, items=()):
        self.polls[name].set_result(list(items))


class Follower:
    def __init__(self, name):
        self.name = name
        self.is_closed = False

    def poll(self, now, max_bytes):
        raise AssertionError("not in a thread")

    def close(self):
        self.is_closed = True


class Stage:
    def __init__(self):
        self.poll_threads = PollThreads()
        self.poll_threads._threads.shutdown()
        self.threads = self.poll_threads._threads = Threads()
        self.stalled = []

    def poll(self, name):
        follower = Follower(name)
        poll = self.poll_threads.poll(
            follower, 0.0, 9, lambda seconds: self.stalled.append((name, seconds, now()))
        )
        return follower, asyncio.ensure_future(poll)


def now():
    return round(asyncio.get_running_loop().time() - 1_000.0, 3)


def test_a_poll_returns_what_the_follower_s_does():
    async def scene():
        stage = Stage()
        _, poll = stage.poll("a")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        stage.threads.answer("a", ["item"])
        return await poll

    assert run_virtually(scene()) == ["item"]


@pytest.mark.parametrize(
    ("seconds", "stalled"), [(4.9, []), (5.1, [("a", 5.0, 5.0)]), (60, [("a", 5.0, 5.0)])]
)
def test_a_file_counts_as_stalled_after_5_s_and_that_is_said_once(seconds, stalled):
    async def scene():
        stage = Stage()
        _, poll = stage.poll("a")
        await asyncio.sleep(seconds)
        stage.threads.answer("a")
        await poll
        await asyncio.sleep(20)
        return stage.stalled

    assert run_virtually(scene()) == stalled


def test_four_are_looked_at_at_once_and_the_next_ones_when_half_a_second_has_passed():
    async def scene():
        stage = Stage()
        polls = [stage.poll(str(number)) for number in range(9)]
        seen = []
        for until in (0.0, 0.4, 0.6, 0.9, 1.1):
            await asyncio.sleep(until - now() + 0.001)
            seen.append(len(stage.threads.polls))
        for _, poll in polls:
            poll.cancel()
        await asyncio.gather(*(poll for _, poll in polls), return_exceptions=True)
        return seen

    assert run_virtually(scene()) == [4, 4, 8, 8, 9]


def test_one_that_answers_makes_room_for_the_next_at_once():
    async def scene():
        stage = Stage()
        polls = [stage.poll(str(number)) for number in range(6)]
        await asyncio.sleep(0.1)
        stage.threads.answer("0")
        await asyncio.sleep(0.1)
        seen = sorted(stage.threads.polls)
        await asyncio.sleep(0.5)
        stage.threads.answer("1")  # long after its turn: there is no turn to give back
        await asyncio.sleep(0.001)
        stage.poll("last")
        for _, poll in polls:
            poll.cancel()
        return seen

    assert run_virtually(scene()) == ["0", "1", "2", "3", "4"]


def test_a_poll_that_is_broken_off_closes_its_file_when_the_thread_comes_back_and_not_before():
    async def scene():
        stage = Stage()
        follower, poll = stage.poll("a")
        await asyncio.sleep(1)
        poll.cancel()
        await asyncio.gather(poll, return_exceptions=True)
        before = follower.is_closed
        stage.threads.answer("a")
        await asyncio.sleep(20)
        return before, follower.is_closed, stage.stalled

    assert run_virtually(scene()) == (False, True, [])


def test_one_that_waits_for_its_turn_closes_its_file_at_once_when_it_is_broken_off():
    async def scene():
        stage = Stage()
        others = [stage.poll(str(number))[1] for number in range(4)]
        await asyncio.sleep(0.1)
        follower, poll = stage.poll("a")
        await asyncio.sleep(0.1)
        poll.cancel()
        await asyncio.gather(poll, return_exceptions=True)
        for other in others:
            other.cancel()
        return follower.is_closed

    assert run_virtually(scene()) is True


def test_64_threads_may_be_stuck_and_closing_waits_for_none_of_them(monkeypatch):
    said = []

    class Executor:
        def __init__(self, **options):
            said.append(("made", options))

        def shutdown(self, **options):
            said.append(("closed", options))

    monkeypatch.setattr("django_logtail.reader.slow_files.ThreadPoolExecutor", Executor)

    async def scene():
        PollThreads().close()

    run_virtually(scene())

    assert said == [
        ("made", {"max_workers": 64, "thread_name_prefix": "logtail-apart"}),
        ("closed", {"wait": False, "cancel_futures": True}),
    ]
