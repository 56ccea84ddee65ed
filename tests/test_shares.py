"""What each user may spend, and whose turn is next."""

from __future__ import annotations

import asyncio
import time

import pytest

from django_logtail.shares import Charged, Places, Shares, Timed, Turns
from tests.virtual_time import run_virtually


def shares(per_user: int, in_all: int | None = None) -> Shares:
    return Shares(per_user, in_all, clock=asyncio.get_running_loop().time)


def test_a_user_spends_a_second_s_worth_at_once_and_then_the_share():
    async def spend() -> list[float]:
        mine, loop, times = shares(10), asyncio.get_running_loop(), []
        for _ in range(30):
            await mine.turn("anna")
            mine.spend("anna", 1)
            times.append(loop.time() - 1_000.0)
        return times

    times = run_virtually(spend())

    assert times[9] == 0.0
    assert times[-1] == pytest.approx(2.0, abs=0.1)


def test_what_one_user_spends_costs_another_nothing():
    async def spend() -> float:
        mine = shares(10)
        mine.spend("anna", 10_000)
        await mine.turn("bert")
        return asyncio.get_running_loop().time()

    assert run_virtually(spend()) == 1_000.0


def test_users_are_served_in_turn_and_not_first_come():
    order: list[str] = []

    async def one(mine: Shares, user: str) -> None:
        await mine.turn(user)
        mine.spend(user, 1)
        order.append(user)

    async def spend() -> None:
        mine = shares(1_000_000, 10)
        mine.spend("somebody", 10)
        await asyncio.gather(
            *(one(mine, "anna") for _ in range(50)), *(one(mine, "bert") for _ in range(3)), one(mine, "carl")
        )

    run_virtually(spend())

    assert order[:7] in (
        ["anna", "bert", "carl", "anna", "bert", "anna", "bert"],
        ["anna", "anna", "bert", "carl", "anna", "bert", "anna"],
    )


def test_who_is_cancelled_while_waiting_leaves_the_turn_to_the_next():
    async def spend() -> float:
        mine = shares(1, 1)
        mine.spend("anna", 1)
        waiting = [asyncio.ensure_future(mine.turn("anna")) for _ in range(3)]
        await asyncio.sleep(0.1)
        for task in waiting[:2]:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        return asyncio.get_running_loop().time() - 1_000.0

    assert run_virtually(spend()) == pytest.approx(1.0, abs=0.1)


def test_a_thousand_users_that_came_and_went_are_not_remembered():
    async def spend() -> int:
        mine = shares(10)
        for number in range(5_000):
            mine.spend(str(number), 1)
            await asyncio.sleep(0.01)
        return len(mine._accounts)

    assert run_virtually(spend()) <= 257


def test_a_debt_is_not_forgotten_however_many_others_come():
    async def spend() -> int:
        mine = shares(10)
        mine.spend("anna", 10_000)
        for number in range(1_000):
            mine.left(str(number))
        return mine.left("anna")

    assert run_virtually(spend()) < -9_000


async def test_a_turn_that_comes_free_goes_to_the_next_user():
    turns, order = Turns(1), []
    is_open = asyncio.Event()

    async def work(user: str) -> None:
        async with turns.of(user):
            order.append(user)
            await is_open.wait()

    tasks = [asyncio.ensure_future(work(user)) for user in ("anna",) * 5 + ("bert",) * 2 + ("carl",)]
    await asyncio.sleep(0)
    is_open.set()
    await asyncio.gather(*tasks)

    assert order == ["anna", "bert", "carl", "anna", "bert", "anna", "anna", "anna"]


async def test_who_has_many_requests_gets_every_second_turn_beside_who_has_one_after_the_other():
    turns, order = Turns(1), []

    async def work(user: str, times: int) -> None:
        for _ in range(times):
            async with turns.of(user):
                order.append(user)
                await asyncio.sleep(0)

    await asyncio.gather(*(work("anna", 20) for _ in range(5)), work("bert", 20))

    assert 18 <= order[:40].count("bert") <= 20


async def test_no_more_work_at_a_time_than_there_are_turns():
    turns, most, now = Turns(3), 0, 0

    async def work(number: int) -> None:
        nonlocal most, now
        async with turns.of(str(number % 7)):
            now += 1
            most = max(most, now)
            await asyncio.sleep(0)
            now -= 1

    await asyncio.gather(*(work(number) for number in range(100)))

    assert most == 3


@pytest.mark.parametrize("when", ["waiting", "given"])
async def test_a_turn_is_not_lost_with_who_waited_for_it(when):
    turns = Turns(1)

    async def work() -> None:
        async with turns.of("anna"):
            pass

    async with turns.of("anna"):
        second, third = (asyncio.ensure_future(work()) for _ in range(2))
        await asyncio.sleep(0)
        if when == "waiting":
            second.cancel()
    second.cancel()  # what it was given just now it never took
    await asyncio.gather(second, third, return_exceptions=True)

    assert second.cancelled()
    assert third.exception() is None
    async with turns.of("bert"):
        pass


async def test_each_user_has_so_many_places_and_none_is_remembered():
    places, now, most = Places(2), {"anna": 0, "bert": 0}, {"anna": 0, "bert": 0}

    async def work(user: str) -> None:
        async with places.of(user):
            now[user] += 1
            most[user] = max(most[user], now[user])
            await asyncio.sleep(0)
            now[user] -= 1

    tasks = [asyncio.ensure_future(work(user)) for user in ("anna",) * 9 + ("bert",)]
    await asyncio.sleep(0)
    tasks[8].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

    assert most == {"anna": 2, "bert": 1}
    assert places._users == {}


async def test_the_processor_time_of_each_step_is_charged_and_waiting_is_not():
    spent: list[int] = []
    ticks = iter(range(100))

    async def work() -> str:
        await asyncio.sleep(0)
        await asyncio.sleep(0.01)
        return "done"

    answer = await Charged(work(), spent.append, clock=lambda: next(ticks) * 0.001)

    assert answer == "done"
    assert spent == [1_000] * 3


async def test_what_is_charged_costs_what_it_costs():
    spent: list[int] = []

    async def work() -> None:
        until = time.thread_time() + 0.05
        while time.thread_time() < until:
            pass
        await asyncio.sleep(0.2)

    await Charged(work(), spent.append)

    assert 45_000 <= sum(spent) <= 150_000


async def test_errors_and_cancellations_go_through_what_is_charged():
    async def fails() -> None:
        await asyncio.sleep(0)
        raise ValueError("no")

    ended = []

    async def waits() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    with pytest.raises(ValueError, match="no"):
        await Charged(fails(), lambda _: None)
    task = asyncio.ensure_future(Charged(waits(), lambda _: None))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == [True]


@pytest.mark.parametrize("outcome", ["done", "failed"])
def test_the_processor_time_of_work_in_a_thread_is_known_once_it_is_over_however_it_ends(
    outcome: str,
) -> None:
    times = iter([3.0, 3.25])

    def work() -> str:
        if outcome == "failed":
            raise ValueError(outcome)
        return outcome

    timed = Timed(work, clock=lambda: next(times))
    before = timed.microseconds
    try:
        found = timed()
    except ValueError as error:
        found = str(error)

    assert (before, found, timed.microseconds) == (0, outcome, 250_000)
