"""Time limits, and the ends and restarts of tasks, on a virtual clock; cancellations that no Python version may
swallow.
"""

from __future__ import annotations

import asyncio
import logging

import pytest

from django_logtail.timing import Rate, Supervisor, TokenBucket, end_tasks, failures, pause, time_limit
from tests.virtual_time import run_virtually


def now() -> float:
    return asyncio.get_running_loop().time()


async def turns(count: int) -> None:
    """So many turns of the event loop."""
    for _ in range(count):
        await asyncio.sleep(0)


# -- limits ------------------------------------------------------------------------------------------


def test_what_takes_longer_than_its_limit_ends_with_a_time_out():
    async def limited() -> float:
        began = now()
        with pytest.raises(asyncio.TimeoutError):
            async with time_limit(5):
                await asyncio.sleep(60)
        return now() - began

    assert run_virtually(limited()) == pytest.approx(5)


def test_what_ends_within_its_limit_is_left_alone():
    async def limited() -> str:
        async with time_limit(5):
            await asyncio.sleep(4)
        await asyncio.sleep(60)
        return "ended"

    assert run_virtually(limited()) == "ended"


@pytest.mark.parametrize("is_cancelled_first", [False, True])
@pytest.mark.parametrize("turns_before", range(4))
def test_a_cancellation_in_the_turn_of_the_result_gets_through(is_cancelled_first: bool, turns_before: int):
    async def raced() -> bool:
        result = asyncio.get_running_loop().create_future()

        async def limited() -> None:
            async with time_limit(5):
                await result
            await asyncio.sleep(3_600)  # what goes on for ever, if the cancellation was swallowed

        task = asyncio.ensure_future(limited())
        await turns(turns_before)
        if is_cancelled_first:
            task.cancel()
            if not result.done():
                result.set_result(None)
        else:
            result.set_result(None)
            task.cancel()
        began = now()
        await asyncio.wait([task])
        return task.cancelled() and now() == began

    assert run_virtually(raced())


@pytest.mark.parametrize("turns_between", range(4))
def test_a_cancellation_about_when_the_inner_call_ends_gets_through(turns_between: int):
    """As `wait_for` lost it: the inner call is a coroutine that ends of itself."""

    async def raced() -> bool:
        result = asyncio.get_running_loop().create_future()

        async def inner() -> None:
            await result

        async def limited() -> None:
            while True:
                async with time_limit(5):
                    await inner()
                await asyncio.sleep(3_600)

        task = asyncio.ensure_future(limited())
        await turns(3)
        result.set_result(None)
        await turns(turns_between)
        task.cancel()
        began = now()
        await asyncio.wait([task])
        return task.cancelled() and now() == began

    assert run_virtually(raced())


def test_a_pause_ends_with_the_event_or_after_its_time():
    async def paused() -> list[float]:
        event, began = asyncio.Event(), now()
        await pause(7, unless=event)
        ends = [now() - began]
        event.clear()
        asyncio.get_running_loop().call_later(2, event.set)
        await pause(7, unless=event)
        return [*ends, now() - began]

    assert run_virtually(paused()) == pytest.approx([7, 9])


# -- ends --------------------------------------------------------------------------------------------


def test_tasks_are_ended_and_none_is_left():
    async def ended() -> tuple[set[asyncio.Future], bool]:
        task = asyncio.ensure_future(asyncio.sleep(3_600))
        return await end_tasks([task], 5), task.cancelled()

    assert run_virtually(ended()) == (set(), True)


def test_a_task_that_swallows_its_cancellation_is_cancelled_again():
    async def ended() -> tuple[set[asyncio.Future], float]:
        async def swallows_once() -> None:
            try:
                await asyncio.sleep(3_600)
            except asyncio.CancelledError:
                await asyncio.sleep(3_600)

        task, began = asyncio.ensure_future(swallows_once()), now()
        await turns(1)
        return await end_tasks([task], 5), now() - began

    assert run_virtually(ended()) == (set(), pytest.approx(0.5))


def test_a_task_that_never_ends_is_given_back_in_time():
    async def ended() -> tuple[bool, float]:
        async def never_ends() -> None:
            while not is_over:
                try:
                    await asyncio.sleep(3_600)
                except asyncio.CancelledError:
                    continue

        is_over = False
        task, began = asyncio.ensure_future(never_ends()), now()
        await turns(1)
        left, seconds = await end_tasks([task], 5), now() - began
        is_over = True
        task.cancel()
        await asyncio.wait([task])
        return left == {task}, seconds

    is_given_back, seconds = run_virtually(ended())

    assert is_given_back
    assert seconds == pytest.approx(5, abs=0.01)


def test_who_ends_tasks_can_itself_be_cancelled():
    async def cancelled() -> float:
        async def slow() -> None:
            try:
                await asyncio.sleep(3_600)
            finally:
                await asyncio.shield(asyncio.sleep(3))

        task, began = asyncio.ensure_future(slow()), now()
        await turns(1)
        ending = asyncio.ensure_future(end_tasks([task], 60))
        asyncio.get_running_loop().call_later(0.2, ending.cancel)
        await asyncio.wait([ending])
        assert ending.cancelled()
        seconds = now() - began
        await end_tasks([task], 60)
        await asyncio.sleep(10)
        return seconds

    assert run_virtually(cancelled()) == pytest.approx(0.2)


# -- tokens ------------------------------------------------------------------------------------------


def test_a_bucket_saves_up_one_second_and_lends():
    bucket = TokenBucket(1_000, 50.0)

    assert bucket.left(60.0) == 1_000
    bucket.spend(1_500)
    assert bucket.left(60.0) == -500
    assert bucket.until(1_000) == pytest.approx(1.5)
    assert bucket.left(61.5) == 1_000


def test_a_bucket_may_save_up_more_than_a_second():
    bucket = TokenBucket(20, 50.0, burst=60)

    assert [bucket.take(50.0) for _ in range(61)] == [True] * 60 + [False]
    assert bucket.take(50.0625)
    assert not bucket.take(50.0625)
    bucket.give_back()
    assert bucket.take(50.0625)
    assert bucket.left(100.0) == 60


# -- tasks that must live ----------------------------------------------------------------------------


def test_a_task_that_must_live_is_started_again_with_longer_and_longer_pauses(caplog):
    async def kept() -> list[float]:
        starts, began = [], now()

        async def fails() -> None:
            starts.append(now() - began)
            raise ValueError("a lease with a sixth field")

        supervisor = Supervisor("relay")
        supervisor.keep("posting", fails)
        await asyncio.sleep(100)
        [failure] = failures.all()
        assert (failure.task, failure.count) == ("relay: posting", len(starts))
        assert failure.error == "ValueError: a lease with a sixth field"
        assert not await supervisor.close(5)
        return starts

    with caplog.at_level(logging.ERROR, "django_logtail.timing"):
        starts = run_virtually(kept())

    assert starts == pytest.approx([0, 0.25, 0.75, 1.75, 3.75, 7.75, 15.75, 31.75, 61.75, 91.75])
    assert caplog.messages[0] == "relay: posting failed and starts again in 0.25 s"
    assert "a lease with a sixth field" in caplog.text
    assert "Traceback" in caplog.text


def test_a_task_that_lived_for_a_minute_is_started_again_at_once():
    async def kept() -> list[float]:
        starts, began = [], now()

        async def fails_seldom() -> None:
            starts.append(now() - began)
            await asyncio.sleep(61)
            raise ValueError

        supervisor = Supervisor("relay")
        supervisor.keep("posting", fails_seldom)
        await asyncio.sleep(190)
        await supervisor.close(5)
        return starts

    assert run_virtually(kept()) == pytest.approx([0, 61.25, 122.5, 183.75])


def test_a_task_that_fails_too_often_is_given_up_where_that_is_wanted():
    async def kept() -> int:
        async def fails() -> None:
            raise ValueError("a bug in the pump")

        supervisor = Supervisor("reader")
        with pytest.raises(ValueError, match="a bug in the pump"):
            await supervisor.keep("pump", fails, tries=3)
        return failures.all()[0].count

    assert run_virtually(kept()) == 3


def test_a_task_that_returns_has_ended():
    async def kept() -> str:
        async def returns() -> str:
            return "idle"

        return await Supervisor("reader").keep("ticks", returns)

    assert run_virtually(kept()) == "idle"


def test_a_task_that_runs_once_is_counted_when_it_fails(caplog):
    async def spawned() -> tuple[int, str]:
        async def fails() -> None:
            raise ValueError("a bug in the pump")

        supervisor = Supervisor("relay")
        await asyncio.wait([supervisor.spawn("local reader", fails())])
        [failure] = failures.all()
        return failure.count, failure.error

    assert run_virtually(spawned()) == (1, "ValueError: a bug in the pump")
    assert caplog.messages == ["relay: local reader failed"]
    assert "Traceback" in caplog.text


def test_the_end_of_all_tasks_is_no_failure():
    async def closed() -> list:
        supervisor = Supervisor("relay")
        supervisor.keep("posting", lambda: asyncio.sleep(3_600))
        await turns(2)
        assert not await supervisor.close(5)
        return failures.all()

    assert run_virtually(closed()) == []


def test_a_failure_that_comes_again_and_again_is_logged_more_and_more_seldom(caplog):
    async def failed() -> int:
        supervisor = Supervisor("relay")
        for _ in range(1_000):
            supervisor.failed("taking", ValueError())
        return failures.all()[0].count

    assert run_virtually(failed()) == 1_000
    assert len(caplog.messages) == 10  # 1, 2, 4, … 512


@pytest.mark.parametrize(
    ("measured", "rate"),
    [
        ([], 0),
        ([(0, 5)], 0),
        ([(0, 0), (1, 300)], 300),
        ([(0, 0), (1, 300), (2, 300)], 150),
        ([(0, 0), (1, 1000), (2, 1000), (3, 1000), (4, 1000)], 0),
        ([(5, 0), (5, 10)], 0),
    ],
)
def test_a_rate_is_over_the_last_four_measurements(measured: list[tuple[float, int]], rate: int) -> None:
    counted = Rate()
    for now, received in measured:
        counted.measure(now, received)

    assert counted.per_second == rate
