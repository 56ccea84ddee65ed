"""When viewers are told of new items, on a virtual clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from django_logtail.promptness import Promptness
from django_logtail.relay.telling import Telling
from tests.virtual_time import run_virtually


class Feed:
    """Notes when its viewers were told, in milliseconds since it began."""

    def __init__(self, promptness: Promptness | None, name: str = "1") -> None:
        self.told: list[float] = []
        #: Seconds that each telling takes, and those of the processor until now.
        self.takes = self.taken = 0.0
        self.telling = Telling(name, self._tell, self._clock, promptness, lambda: self.taken)

    def _clock(self) -> float:
        return asyncio.get_running_loop().time()

    def _tell(self) -> None:
        self.told.append(round((self._clock() - 1_000.0) * 1_000, 1))
        self.taken += self.takes

    def spends(self, milliseconds: int) -> None:
        for _ in range(milliseconds):
            self.telling.spent(0.001)


def told(
    scene: Callable[[Feed], Coroutine[Any, Any, None]], promptness: Promptness | None = None
) -> list[float]:
    async def run() -> list[float]:
        feed = Feed(promptness)
        await scene(feed)
        await asyncio.sleep(1.0)
        return feed.told

    return run_virtually(run())


@pytest.mark.parametrize(("spent", "second"), [(4, 1.0), (5, 1.0), (6, 20.0), (7, 40.0), (60, 51.0)])
def test_viewers_are_told_at_once_until_what_they_were_sent_costs_more_than_the_share(
    spent: int, second: float
) -> None:
    async def scene(feed: Feed) -> None:
        feed.telling.came(100)
        feed.spends(spent)
        await asyncio.sleep(0.001)
        feed.telling.came(100)

    assert told(scene, Promptness(0.05)) == [0.0, pytest.approx(second, abs=1.1)]


@pytest.mark.parametrize(("milliseconds", "second"), [(4, 1.0), (5, 1.0), (6, 20.0), (60, 51.0)])
def test_what_telling_itself_takes_counts_as_well(milliseconds: int, second: float) -> None:
    async def scene(feed: Feed) -> None:
        feed.takes = milliseconds / 1_000
        feed.telling.came(100)
        await asyncio.sleep(0.001)
        feed.telling.came(100)

    assert told(scene, Promptness(0.05)) == [0.0, pytest.approx(second, abs=1.1)]


def test_what_a_late_telling_takes_counts_for_the_next() -> None:
    async def scene(feed: Feed) -> None:
        feed.telling.came(100)
        feed.spends(6)
        feed.telling.came(100)
        feed.takes = 0.006
        await asyncio.sleep(0.1)
        feed.telling.came(100)
        feed.takes = 0.0
        await asyncio.sleep(0.001)

    assert told(scene, Promptness(0.05)) == [
        0.0,
        pytest.approx(20.0, abs=1.1),
        pytest.approx(120.0, abs=21.1),
    ]


def test_what_comes_while_viewers_wait_is_told_with_the_rest() -> None:
    async def scene(feed: Feed) -> None:
        feed.telling.came(100)
        feed.spends(60)
        for _ in range(10):
            feed.telling.came(100)
            await asyncio.sleep(0.001)

    assert told(scene, Promptness(0.05)) == [0.0, 50.0]


@pytest.mark.parametrize(("size", "last"), [(65_335, 50.0), (65_336, 1.0)])
def test_a_full_batch_is_not_kept_waiting(size: int, last: float) -> None:
    async def scene(feed: Feed) -> None:
        feed.telling.came(100)
        feed.spends(60)
        feed.telling.came(100)
        await asyncio.sleep(0.001)
        feed.telling.came(size)

    assert told(scene, Promptness(0.05)) == [0.0, last]


def test_a_send_that_waits_counts_no_more_than_a_millisecond() -> None:
    async def scene(feed: Feed) -> None:
        feed.telling.came(100)
        feed.telling.spent(20.0)
        feed.telling.came(100)

    assert told(scene, Promptness(0.05)) == [0.0, 0.0]


def test_a_feed_of_many_viewers_does_not_delay_another_one() -> None:
    async def run() -> tuple[list[float], list[float]]:
        promptness = Promptness(0.05)
        many, few = Feed(promptness, "many"), Feed(promptness, "few")
        for _ in range(5):
            for feed, costs in ((many, 60), (few, 1)):
                feed.telling.came(100)
                feed.spends(costs)
            await asyncio.sleep(0.040)
        return many.told, few.told

    assert run_virtually(run()) == ([0.0, 90.0, 170.0], [0.0, 40.0, 80.0, 120.0, 160.0])


def test_without_a_share_viewers_are_told_of_everything() -> None:
    async def scene(feed: Feed) -> None:
        for _ in range(3):
            feed.telling.came(100)
            feed.spends(60)

    assert told(scene) == [0.0, 0.0, 0.0]
