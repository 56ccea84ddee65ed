"""Earlier lines through a reader and a relay connected through memory: which user pays for finding them."""

from __future__ import annotations

import asyncio
import gzip
import os
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from django_logtail.control.messages import Failed, Found, Listed, Piece, Read
from django_logtail.control.wants import Sought
from django_logtail.place import Place
from django_logtail.reader import ranges, search_jobs, steps
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
    monkeypatch.setattr(ranges.Reading, "step", first_is_costly(ranges.Reading.step, outcome))
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

    monkeypatch.setattr(search_jobs, "matcher_of", costly)
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


async def files_of(house: House) -> tuple[list[tuple[str, str | None]], bool]:
    asked = house.relay.request("1", QUEUE, files=True, user="anna")
    try:
        found = await asked.next()
    finally:
        asked.close()
    assert isinstance(found, Listed)
    return [(file["name"], file["file"]) for file in found.files], found.more


async def test_the_list_of_files_names_them_as_the_stream_does(house: House) -> None:
    house.path.with_name("app.log.1").write_bytes(b"older\n")
    taker = house.join(lines=1)
    await taker.until(lambda: taker.place)

    (older, current), more = await files_of(house)
    (_, read, *_) = [older, *await ask(house, older[1] or "", "bert")]

    assert (older[0], current, more) == ("app.log.1", ("app.log", taker.place[0]), False)
    assert isinstance(read, Piece)
    assert read.data == b"olde"


async def test_a_long_list_has_the_newest_files_and_is_made_a_slice_at_a_time(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = []
    step = ranges.Listing.step
    monkeypatch.setattr(steps, "STEP_SECONDS", 0.0)
    monkeypatch.setattr(ranges, "MAX_FILES", 3)
    monkeypatch.setattr(ranges.Listing, "step", lambda listing: taken.append(step(listing)))
    house.limits = Limits()
    for number in range(1, 6):
        older = house.path.with_name(f"app.log.{number}")
        older.write_bytes(b"older\n")
        os.utime(older, (1_000 - number, 1_000 - number))

    files, more = await files_of(house)

    assert [name for name, _ in files] == ["app.log.2", "app.log.1", "app.log"]
    assert more
    assert len(taken) > 3


async def answer_of(house: House, place: Place, **what: Any) -> tuple[Place, bytes, str]:
    """Where the answer begins, its bytes, and why they end where they do."""
    asked, data = house.relay.request("1", QUEUE, place, user="anna", **what), b""
    try:
        while isinstance(said := await asked.next(), Piece):
            data += said.data
    finally:
        asked.close()
    assert isinstance(said, Read), said
    return said.start, data, said.reason


async def test_a_compressed_file_is_read_and_searched_by_places_in_its_text(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranges, "STEP_SECONDS", 0.0)
    house.limits = Limits()
    text = b"".join(b"line %d of the older file\n" % number for number in range(100_000))
    packed = house.path.with_name("app.log.1.gz")
    packed.write_bytes(gzip.compress(text)[:-8])
    (name, file), (_, current) = (await files_of(house))[0]
    assert file is not None
    assert current is not None

    previous = await answer_of(house, Place(current, 0), before_lines=2)
    middle = await answer_of(house, Place(file, 1_000_000), end=1_000_100)
    asked = house.relay.request(
        "1", QUEUE, Place(file, 2_000_000), search=Sought("line 99998 of"), user="anna"
    )
    found, hits = await asked.next(), []
    while isinstance(found, Found):
        hits += [hit[:2] for hit in found.hits]
        if found.done:
            break
        found = await asked.next()
    asked.close()

    end = f"reason:archive-unfinished?bytes={len(text)}"
    assert name == "app.log.1.gz"
    assert previous == (Place(file, len(text) - 58), text[-58:], end)
    assert middle == (Place(file, 1_000_000), text[1_000_000:1_000_100], "")
    assert hits == [[len(text) - 58, len(text) - 29]]
    assert isinstance(found, Found)
    assert (found.end, found.reason) == (len(text), end)
