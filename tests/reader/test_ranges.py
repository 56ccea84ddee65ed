"""Earlier lines through a reader and a relay connected through memory: which user pays for finding them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from django_logtail.control.messages import Failed, Piece, Read
from django_logtail.control.wants import Sought
from django_logtail.place import Place
from django_logtail.reader import ranges, searches
from django_logtail.reader.conditions import matcher_of
from django_logtail.reader.limits import Limits
from django_logtail.reader.sources import NotThere
from tests.delivery.test_delivery import QUEUE, House

#: Of a processor: at 1 % of one it takes half a minute until as much is paid for.
COSTLY_SECONDS = 0.3


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    path = tmp_path / "app.log"
    path.write_bytes(b"one\ntwo\n")
    house = House(path)
    house.limits = Limits(answer_processor_percent_per_user=1)
    yield house
    await house.close()


def burn() -> None:
    began = time.thread_time()
    while time.thread_time() - began < COSTLY_SECONDS:
        pass


async def ask(house: House, file: str, user: str) -> list[object]:
    """All messages of an answer."""
    asked, found = house.relay.request("1", QUEUE, Place(file, 0), end=4, user=user), []
    try:
        while not (found and isinstance(found[-1], (Read, Failed))):
            found.append(await asked.next())
    finally:
        asked.close()
    return found


def first_is_costly(read: Callable[..., Any], outcome: str) -> Callable[..., Any]:
    """`read`, which takes long the first time: as in a directory of thousands of older files."""
    calls = []

    def costly(*arguments: Any) -> Any:
        calls.append(arguments)
        if len(calls) > 1:
            return read(*arguments)
        burn()
        if outcome == "not there":
            raise NotThere("the file that held these bytes no longer exists")
        return read(*arguments)

    return costly


@pytest.mark.parametrize("outcome", ["found", "not there"])
async def test_who_has_spent_their_share_of_the_reader_waits_and_another_does_not(
    house: House, monkeypatch: pytest.MonkeyPatch, outcome: str
) -> None:
    monkeypatch.setattr(ranges, "read_history", first_is_costly(ranges.read_history, outcome))
    taker = house.join(lines=1)
    await taker.until(lambda: taker.place)
    file = taker.place[0]
    first = await ask(house, file, "anna")
    second = asyncio.ensure_future(ask(house, file, "anna"))

    others = [await ask(house, file, "bert") for _ in range(5)]
    is_waiting = not second.done()
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)

    assert isinstance(first[-1], Read if outcome == "found" else Failed)
    assert [[m.data for m in other if isinstance(m, Piece)] for other in others] == [[b"one\n"]] * 5
    assert is_waiting


async def test_who_has_spent_their_share_of_searching_begins_no_further_search(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.limits = Limits(search_processor_percent=1)
    begun: list[str] = []
    ended: list[str] = []

    def costly(sought: Sought, *sample: Any) -> Any:
        if not sample:  # only a look at whether there can be any
            return matcher_of(sought)
        begun.append(sought.pattern)
        burn()
        ended.append(sought.pattern)
        return matcher_of(sought, *sample)

    monkeypatch.setattr(searches, "matcher_of", costly)
    taker = house.join(lines=1)
    await taker.until(lambda: taker.place)
    place = Place(taker.place[0], 0)
    first = house.relay.request("1", QUEUE, place, search=Sought("one"), user="anna")
    while not ended:
        await ask(house, place.file, "bert")
    before = [await ask(house, place.file, "bert") for _ in range(5)]
    second = house.relay.request("1", QUEUE, place, search=Sought("two"), user="anna")

    others = [await ask(house, place.file, "bert") for _ in range(5)]
    first.close()
    second.close()

    assert [isinstance(other[-1], Read) for other in before + others] == [True] * 10
    assert begun == ["one"]
