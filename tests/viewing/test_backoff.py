"""Handshakes that fail make their client wait, and nobody else."""

from __future__ import annotations

from typing import Any

import pytest

from django_logtail.viewing import newcomers as module
from django_logtail.viewing.backoff import Backoff
from django_logtail.viewing.newcomers import Newcomers, TooManyNewcomers

HERE, THERE = "192.0.2.7", "192.0.2.8"


class House:
    def __init__(self) -> None:
        self.now = 1_000.0
        self.backoff = Backoff(lambda: self.now)
        self.newcomers = Newcomers()
        self.users: dict[str, str] = {}
        self.looked_up: list[str] = []

    async def user(self, session_key: str, machine: str) -> str:
        self.looked_up.append(session_key)
        return self.users.get(session_key, "")

    async def knocks(self, address: str, session: str) -> str:
        """As whom a client is let in, or how long it must wait."""
        try:
            with await self.newcomers.let_in(address, session) as place:
                return place.client
        except TooManyNewcomers as refused:
            return f"{refused.retry_after:g} s"

    async def fails(self, address: str, session: str) -> str:
        seen = await self.knocks(address, session)
        if not seen.endswith(" s"):
            self.backoff.failed(seen, session)
        return seen


@pytest.fixture
def house(settings: Any, monkeypatch: pytest.MonkeyPatch) -> House:
    settings.LOGTAIL = {"MAX_FAILED_HANDSHAKES_PER_ADDRESS": 3}
    found = House()
    monkeypatch.setattr(module, "backoff", found.backoff)
    monkeypatch.setattr(module.looks, "user", found.user)
    return found


async def test_an_address_waits_after_so_many_failures_twice_as_long_each_time_and_another_does_not(
    house: House,
) -> None:
    waits = []
    for number in range(12):
        assert await house.fails(HERE, f"forged-{number}") == HERE
        waits.append(house.backoff.seconds_left(HERE))
        house.now += waits[-1]

    assert waits == [0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]
    await house.fails(HERE, "forged")
    assert await house.knocks(HERE, "forged") == "60 s"
    assert await house.knocks(THERE, "forged") == THERE
    house.now += 59.5
    assert await house.knocks(HERE, "forged") == "0.5 s"
    house.now += 0.5
    assert await house.knocks(HERE, "forged") == HERE


async def test_failures_are_forgotten_ten_minutes_after_the_last(house: House) -> None:
    for _ in range(4):
        house.backoff.failed(HERE, "forged")
    house.now += 599.9
    house.backoff.failed(HERE, "forged")
    assert house.backoff.seconds_left(HERE) == 2

    house.now += 600

    assert house.backoff.seconds_left(HERE) == 0
    house.backoff.failed(HERE, "forged")
    assert house.backoff.seconds_left(HERE) == 0


async def test_an_office_behind_one_address_is_not_shut_out_by_one_of_its_machines(house: House) -> None:
    house.users = {"anna's": "1", "ben's": "2"}
    house.backoff.succeeded("ben's")
    for _ in range(9):
        house.backoff.failed(HERE, "forged")

    assert await house.knocks(HERE, "forged") == "32 s"
    assert await house.knocks(HERE, "anna's") == "user|1"  # looked up
    assert house.looked_up == ["forged", "anna's"]
    assert await house.knocks(HERE, "ben's") == HERE  # known from before
    assert house.looked_up == ["forged", "anna's"]


async def test_a_signed_in_user_who_fails_waits_for_their_own_failures_and_a_neighbour_does_not(
    house: House,
) -> None:
    house.users = {"anna's": "1", "ben's": "2"}
    for _ in range(4):
        house.backoff.failed(HERE, "forged")

    seen = [await house.fails(HERE, "anna's") for _ in range(5)]

    assert seen == ["user|1"] * 4 + ["1 s"]
    assert await house.knocks(THERE, "anna's") == THERE
    assert await house.knocks(HERE, "ben's") == "user|2"


async def test_a_known_session_that_fails_is_known_no_longer(house: House) -> None:
    house.backoff.succeeded("ben's")
    for _ in range(4):
        house.backoff.failed(HERE, "forged")
    assert await house.fails(HERE, "ben's") == HERE

    assert (await house.knocks(HERE, "ben's"), house.looked_up) == ("2 s", ["ben's"])


async def test_a_session_is_known_for_an_hour(house: House) -> None:
    house.backoff.succeeded("ben's")
    house.now += 3_599
    assert house.backoff.is_known("ben's")

    house.now += 1

    assert not house.backoff.is_known("ben's")


async def test_an_unknown_address_never_waits(house: House) -> None:
    for _ in range(9):
        house.backoff.failed("", "forged")

    assert await house.knocks("", "forged") == ""


def test_only_the_last_ten_thousand_are_remembered(house: House) -> None:
    for number in range(10_005):
        house.backoff.failed(f"a{number}", "forged")
        house.backoff.succeeded(f"s{number}")

    assert (len(house.backoff._failures), len(house.backoff._sessions)) == (10_000, 10_000)
    assert house.backoff._count("a4") == 0
    assert house.backoff._count("a5") == 1
