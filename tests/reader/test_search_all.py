"""Searches over all files of a log, through a reader and a relay connected through memory."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from django_logtail.control.messages import Found
from django_logtail.control.wants import Sought
from django_logtail.place import Place
from django_logtail.reader.limits import Limits
from django_logtail.relay.requests import Request
from django_logtail.viewing.requests import all_frames
from tests.delivery.test_delivery import QUEUE, House, numbered

LINE = len(numbered(0, 1))


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """A log of three files, each with 100 lines: 0 to 99 in `app.log.2.gz`, to 199 in `app.log.1`, to 299."""
    path = tmp_path / "app.log"
    path.with_name("app.log.2.gz").write_bytes(gzip.compress(numbered(0, 100)))
    path.with_name("app.log.1").write_bytes(numbered(100, 100))
    path.write_bytes(numbered(200, 100))
    house = House(path)
    yield house
    await house.close()


def pack(plain: Path, packed: Path) -> None:
    """As gzip does: the time stays."""
    times = plain.stat().st_atime_ns, plain.stat().st_mtime_ns
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    os.utime(packed, ns=times)
    plain.unlink()


def frames_of(house: House, pattern: str = "line", **sought: Any):
    what = Sought(pattern, **{"order": "newest", "limit": 1_000, "counts": True, **sought})

    def ask(sought: Sought) -> Request:
        return house.relay.request("1", QUEUE, search=sought)

    return all_frames(ask, 7, what)


async def answered(frames) -> list[dict[str, Any]]:
    return [json.loads(frame.encoded) async for frame in frames]


def hits_of(messages: list[dict[str, Any]]) -> list[tuple[str, int]]:
    """The names of files, and the numbers of lines."""
    return [
        (message["name"], int("".join(hit["parts"]).split()[1]))
        for message in messages
        if message["type"] == "found"
        for hit in message["hits"]
    ]


def place_of(messages: list[dict[str, Any]], name: str, offset: int) -> Place:
    file = next(m["file"] for m in messages if m["type"] == "found" and m["name"] == name)
    return Place(file, offset)


async def test_the_newest_lines_of_all_files_come_first_and_each_message_names_its_file(house):
    messages = await answered(frames_of(house))

    assert [number for _, number in hits_of(messages)] == list(range(299, -1, -1))
    assert {name for name, number in hits_of(messages) if number >= 200} == {"app.log"}
    assert {name for name, number in hits_of(messages) if 100 <= number < 200} == {"app.log.1"}
    assert {name for name, number in hits_of(messages) if number < 100} == {"app.log.2.gz"}
    assert messages[-1] == {
        "type": "done", "request": 7, "found": 300, "count": 300, "at": 300 * LINE, "end": 300 * LINE,
    }  # fmt: skip


async def test_or_the_oldest(house):
    messages = await answered(frames_of(house, order="oldest"))

    assert [number for _, number in hits_of(messages)] == list(range(300))


async def test_all_files_of_a_log_that_is_the_newest_of_several_are_searched_and_a_new_day_s_too(tmp_path):
    def day(number):
        return tmp_path / f"app-2026-11-{number}.log"

    day(26).with_name(f"{day(26).name}.gz").write_bytes(gzip.compress(numbered(0, 2)))
    day(27).write_bytes(numbered(2, 2))
    day(28).write_bytes(numbered(4, 2))
    (tmp_path / "app-2026-11-27.log.bak").write_bytes(numbered(90, 2))
    house = House(tmp_path / "app-%Y-%m-%d.log")
    before = hits_of(await answered(frames_of(house)))
    day(29).write_bytes(numbered(6, 1))

    after = hits_of(await answered(frames_of(house)))
    await house.close()

    assert before == [
        *((day(28).name, number) for number in (5, 4)),
        *((day(27).name, number) for number in (3, 2)),
        *((f"{day(26).name}.gz", number) for number in (1, 0)),
    ]
    assert after == [(day(29).name, 6), *before]


async def test_only_some_hits_are_sent_and_all_are_counted(house):
    messages = await answered(frames_of(house, limit=130))

    assert [number for _, number in hits_of(messages)] == list(range(299, 169, -1))
    assert messages[-1]["found"] == 130
    assert messages[-1]["count"] == 300
    assert messages[-1]["more"] is True


@pytest.mark.parametrize(("limit", "more"), [(299, True), (300, None), (301, None)])
@pytest.mark.parametrize("counts", [True, False])
@pytest.mark.parametrize("order", ["newest", "oldest"])
async def test_whether_there_are_more(house, order, counts, limit, more):
    messages = await answered(frames_of(house, limit=limit, counts=counts, order=order))

    assert messages[-1].get("more") is more
    assert messages[-1].get("count") == (300 if counts else None)


@pytest.mark.parametrize("order", ["newest", "oldest"])
@pytest.mark.parametrize("limit", [7, 100, 150])
async def test_the_rest_can_be_asked_for_from_the_last_hit_on_without_a_count(house, order, limit):
    found: list[int] = []
    bound: dict[str, Any] = {}
    while True:
        messages = await answered(frames_of(house, order=order, limit=limit, counts=False, **bound))
        found += [number for _, number in hits_of(messages)]
        assert messages[-1]["found"] <= limit
        if "more" not in messages[-1]:
            break
        last = [message for message in messages if message["type"] == "found"][-1]
        hit = last["hits"][-1]
        if order == "newest":
            bound = {"until": Place(last["file"], hit["start"])}
        else:
            bound = {"since": Place(last["file"], hit["end"])}

    assert found == (list(range(299, -1, -1)) if order == "newest" else list(range(300)))


async def test_a_search_keeps_to_its_two_places(house):
    everything = await answered(frames_of(house))
    since = place_of(everything, "app.log.2.gz", 98 * LINE)
    until = place_of(everything, "app.log", 3 * LINE)

    newest = await answered(frames_of(house, since=since, until=until))
    oldest = await answered(frames_of(house, since=since, until=until, order="oldest"))
    nothing = await answered(frames_of(house, since=until, until=since))

    assert [number for _, number in hits_of(newest)] == list(range(202, 97, -1))
    assert [number for _, number in hits_of(oldest)] == list(range(98, 203))
    assert newest[-1]["count"] == 105
    assert [message["type"] for message in nothing] == ["done"]
    assert nothing[-1]["count"] == 0


async def test_a_place_in_a_file_that_is_gone_is_refused(house):
    everything = await answered(frames_of(house))
    since = place_of(everything, "app.log.1", 0)
    house.path.with_name("app.log.1").unlink()

    (message,) = await answered(frames_of(house, since=since))

    assert (message["type"], message["id"], message["text"]) == ("error", "not-there", "reason:bytes-gone?")


async def test_files_that_cannot_be_read_whole_are_named_with_the_reason(house):
    packed = house.path.with_name("app.log.2.gz")
    packed.write_bytes(packed.read_bytes()[:-60])
    os.utime(packed, (2_000, 2_000))
    unsupported = house.path.with_name("app.log.3.Z")
    unsupported.write_bytes(b"\x1f\x9d whatever")
    os.utime(unsupported, (1_000, 1_000))

    messages = await answered(frames_of(house))

    unread = {file["name"]: file["reason"].partition("?")[0] for file in messages[-1]["unread"]}
    assert unread == {
        "app.log.2.gz": "reason:archive-unfinished",
        "app.log.3.Z": "reason:archive-unsupported",
    }
    numbers = [number for _, number in hits_of(messages)]
    assert numbers[:200] == list(range(299, 99, -1))
    assert numbers[-50:] == list(range(49, -1, -1))  # the last line of what is there is cut


async def test_progress_tells_bytes_of_all_files_and_the_first_hits_come_first(house):
    house.append(numbered(300, 200_000))
    frames = frames_of(house, "line 0000250")

    messages = await answered(frames)

    progress = [message for message in messages if message["type"] == "progress"]
    assert all(message["at"] <= message["end"] for message in progress)
    # How long the text of the archive will be is estimated.
    assert all(abs(message["end"] - 200_300 * LINE) < 100 * LINE for message in progress)
    assert hits_of(messages) == [("app.log", 250)]


@pytest.mark.parametrize("order", ["newest", "oldest"])
@pytest.mark.parametrize("limit", [1_000, 120])
async def test_another_reader_goes_on_where_the_last_one_was_although_files_were_moved(house, order, limit):
    house.limits = Limits(search_bytes_per_second=6_000)
    frames = frames_of(house, order=order, limit=limit)
    messages = []
    while not any(message["type"] == "found" for message in messages):
        messages.append(json.loads((await anext(frames)).encoded))
    await house.kill_reader()
    house.limits = Limits()
    directory = house.path.parent
    (directory / "app.log.2.gz").rename(directory / "app.log.3.gz")
    pack(directory / "app.log.1", directory / "app.log.2.gz")
    house.path.rename(directory / "app.log.1")
    house.path.write_bytes(numbered(300, 50))

    messages += await asyncio.wait_for(answered(frames), 20)

    # What began after the search is behind it if the newest come first, and before it otherwise.
    wanted = list(range(299, -1, -1)) if order == "newest" else list(range(350))
    assert [number for _, number in hits_of(messages)] == wanted[:limit]
    assert messages[-1]["count"] == len(wanted)
    assert messages[-1]["found"] == min(len(wanted), limit)


@pytest.mark.parametrize(
    ("order", "gone", "kept", "unread"),
    [
        ("newest", ["app.log.1"], [(150, 300), (0, 100)], ["app.log.1"]),
        ("oldest", ["app.log.1"], [(0, 150), (200, 300)], ["app.log.1"]),
        ("newest", ["app.log.1", "app.log.2.gz"], [(150, 300)], ["app.log.1", "app.log.2.gz"]),
        ("newest", ["app.log.2.gz"], [(100, 300)], ["app.log.2.gz"]),
    ],
)
async def test_another_reader_names_the_file_that_is_gone_and_goes_on_with_the_next(
    house, order, gone, kept, unread
):
    seen: list[str] = []

    def first_of_the_middle(message) -> str:
        """What comes after the first 50 hits in the middle file gets lost."""
        seen.extend([message.name] if isinstance(message, Found) else [])
        return "drop" if seen.count("app.log.1") > 1 else ""

    house.mailboxes.fault = first_of_the_middle
    frames = frames_of(house, order=order)
    messages = []
    while not any(message.get("name") == "app.log.1" for message in messages):
        messages.append(json.loads((await anext(frames)).encoded))
    await house.kill_reader()
    house.mailboxes.fault = lambda message: ""
    for name in gone:
        house.path.with_name(name).unlink()

    messages += await asyncio.wait_for(answered(frames), 20)

    assert messages[-1]["type"] == "done"
    assert [(file["name"], file["reason"]) for file in messages[-1]["unread"]] == [
        (name, "reason:bytes-gone?") for name in unread
    ]
    found = [number for _, number in hits_of(messages)]
    newest = order == "newest"
    assert found == [
        number
        for low, high in kept
        for number in (range(high - 1, low - 1, -1) if newest else range(low, high))
    ]
    assert messages[-1]["found"] == len(found)


async def test_at_most_as_many_hits_as_wanted_end_a_search_that_does_not_count(house):
    messages = await answered(frames_of(house, limit=1, counts=False, order="oldest"))

    assert hits_of(messages) == [("app.log.2.gz", 0)]
    assert messages[-1]["more"] is True


@pytest.mark.parametrize("fault", ["drop", "double"])
async def test_a_message_that_gets_lost_is_noticed_and_one_that_comes_twice_is_not(house, fault):
    seen = 0

    def second(message) -> str:
        nonlocal seen
        if isinstance(message, Found):
            seen += 1
            return fault if seen == 2 else ""
        return ""

    house.mailboxes.fault = second
    messages = await answered(frames_of(house))

    if fault == "double":
        assert [number for _, number in hits_of(messages)] == list(range(299, -1, -1))
        assert messages[-1]["count"] == 300
    else:
        assert (messages[-1]["type"], messages[-1]["id"]) == ("error", "lost")


async def test_a_bad_expression_is_refused(house):
    (message,) = await answered(frames_of(house, "two\nlines"))

    assert (message["type"], message["id"]) == ("error", "bad-pattern")


async def test_the_stop_flag_ends_it(house):
    house.limits = Limits(search_bytes_per_second=1_000)
    frames = frames_of(house, "nothing")
    await anext(frames)
    house.control.set_stop(QUEUE, "1", "disk is full")

    messages = await answered(frames)

    assert (messages[-1]["type"], messages[-1]["text"]) == ("error", "disk is full")


def at(hour: int) -> int:
    """27 November 2026, in milliseconds."""
    return 1_795_737_600_000 + hour * 3_600_000


@pytest.fixture
async def timed(tmp_path: Path) -> AsyncIterator[House]:
    """A log with an entry each hour: 0 to 3 in `app.log.2.gz`, to 7 in `app.log.1`, to 11."""
    path = tmp_path / "app.log"

    def hours(*of: int) -> bytes:
        return "".join(f"2026-11-27 {hour:02}:00:00 INFO shop: order {hour}\n" for hour in of).encode()

    path.with_name("app.log.2.gz").write_bytes(gzip.compress(hours(0, 1, 2, 3)))
    path.with_name("app.log.1").write_bytes(hours(4, 5, 6, 7))
    path.write_bytes(hours(8, 9, 10, 11))
    house = House(path)
    yield house
    await house.close()


@pytest.mark.parametrize("order", ["newest", "oldest"])
@pytest.mark.parametrize(
    ("bounds", "hours"),
    [
        ({"after": at(2), "before": at(6)}, [2, 3, 4, 5]),
        ({"after": at(2) + 1, "before": at(6) + 1}, [3, 4, 5, 6]),
        ({"after": at(9)}, [9, 10, 11]),
        ({"before": at(2)}, [0, 1]),
        ({"after": at(-5), "before": at(1)}, [0]),
        ({"after": at(12)}, []),
        ({"before": at(0)}, []),
        ({"before": at(50)}, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
        ({"after": at(5), "before": at(5) + 1}, [5]),
    ],
)
async def test_a_search_keeps_to_a_range_of_time_through_all_files(
    timed: House, order: str, bounds: dict[str, int], hours: list[int]
) -> None:
    messages = await answered(frames_of(timed, "order", order=order, **bounds))

    found = ["".join(hit["parts"]) for message in messages for hit in message.get("hits", [])]
    numbers = [int(text.rsplit(" ", 1)[1]) for text in found]
    assert numbers == (hours if order == "oldest" else hours[::-1])
    assert messages[-1]["count"] == len(hours)


def hours_of(messages: list[dict[str, Any]]) -> list[int]:
    texts = ["".join(hit["parts"]) for message in messages for hit in message.get("hits", [])]
    return [int(text.rsplit(" ", 1)[1]) for text in texts]


def lines_of(hours: list[int], padding: str = "", first: int = 0) -> bytes:
    return "".join(
        f"2026-11-{27 + hour // 24} {hour % 24:02}:00:00 INFO shop: {number} {padding} order {hour}\n"
        for number, hour in enumerate(hours, first)
    ).encode()


@pytest.mark.parametrize("order", ["newest", "oldest"])
@pytest.mark.parametrize("seed", range(8))
async def test_a_range_that_holds_all_times_finds_all_lines_in_whatever_order_they_are(
    tmp_path: Path, order: str, seed: int
) -> None:
    chance = random.Random(seed)
    hours, at_hour = [], 10
    for _ in range(90):
        at_hour = min(60, at_hour + 1) if chance.random() < 0.9 else chance.randrange(60)
        hours.append(at_hour)
    padding = "x" * chance.choice([10, 10_000])
    path = tmp_path / "app.log"
    path.with_name("app.log.2.gz").write_bytes(gzip.compress(lines_of(hours[:20], padding)))
    path.with_name("app.log.1").write_bytes(lines_of(hours[20:40], padding, 20))
    path.write_bytes(lines_of(hours[40:], padding, 40))
    house = House(path)
    ranges = [
        {"after": 0, "before": 8_640_000_000_000_000},
        {"after": 0},
        {"before": 8_640_000_000_000_000},
        {"after": at(min(hours)), "before": at(max(hours)) + 1},
    ]

    found = [await answered(frames_of(house, "order", order=order, **range_)) for range_ in ranges]
    await house.close()

    assert [messages[-1]["count"] for messages in found] == [90] * 4


@pytest.mark.parametrize("order", ["newest", "oldest"])
@pytest.mark.parametrize(
    ("bounds", "least", "most"),
    [
        # Hours 0 to 39, then 20 to 59: those asked for, and what the search may find besides.
        ({"after": at(25), "before": at(30)}, {25, 26, 27, 28, 29}, 60),
        ({"after": at(45), "before": at(50)}, {45, 46, 47, 48, 49}, 15),
        ({"after": at(5), "before": at(10)}, {5, 6, 7, 8, 9}, 15),
        ({"after": at(59)}, {59}, 5),
    ],
)
async def test_a_range_of_a_log_that_goes_back_loses_nothing_seen_and_says_that_it_is_not_exact(
    tmp_path: Path, order: str, bounds: dict[str, int], least: set[int], most: int
) -> None:
    path = tmp_path / "app.log"
    path.write_bytes(lines_of([*range(40), *range(20, 60)], "x" * 10_000))
    house = House(path)

    messages = await answered(frames_of(house, "order", order=order, **bounds))
    await house.close()

    found = [int(number) for number in hours_of(messages)]
    assert all(found.count(hour) == (2 if 20 <= hour < 40 else 1) for hour in least)
    assert len(found) <= most
    assert messages[-1]["reason"] == "reason:times-out-of-order?"


async def test_a_first_line_that_is_newer_than_all_others_is_found_by_its_time(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.write_bytes(lines_of([50, *range(40)], "x" * 10_000))
    house = House(path)

    messages = await answered(frames_of(house, "order", order="oldest", after=at(45)))
    await house.close()

    assert hours_of(messages)[0] == 50
    assert messages[-1]["reason"] == "reason:times-out-of-order?"


@pytest.mark.parametrize("order", ["newest", "oldest"])
async def test_a_range_from_the_time_at_which_a_file_begins_finds_that_time_in_older_packed_files_too(
    timed: House, order: str
) -> None:
    timed.path.with_name("app.log.2.gz").write_bytes(gzip.compress(lines_of([0, 2, 4, 4])))

    messages = await answered(frames_of(timed, "order", order=order, after=at(4), before=at(5)))

    assert hours_of(messages) == [4, 4, 4]


async def test_a_range_of_a_log_in_order_says_nothing_of_it(timed: House) -> None:
    messages = await answered(frames_of(timed, "order", after=at(2), before=at(6)))

    assert "reason" not in messages[-1]


async def test_without_a_text_a_range_gives_all_its_lines(timed: House) -> None:
    messages = await answered(frames_of(timed, "", after=at(3), before=at(5)))

    assert [len(message["hits"]) for message in messages if message["type"] == "found"] == [1, 1]


async def test_a_place_counts_where_a_moment_is_given_too(timed: House) -> None:
    """As when hits after the last one are asked for."""
    before = await answered(frames_of(timed, "order", after=at(2), limit=3, counts=False))
    last = [message for message in before if message["type"] == "found"][-1]
    place = Place(last["file"], last["hits"][-1]["start"])

    messages = await answered(frames_of(timed, "order", after=at(2), until=place, counts=False))

    found = ["".join(hit["parts"]) for message in messages for hit in message.get("hits", [])]
    assert [int(text.rsplit(" ", 1)[1]) for text in found] == [8, 7, 6, 5, 4, 3, 2]


async def test_a_range_of_a_log_without_times_is_refused_in_words(house: House) -> None:
    [error] = await answered(frames_of(house, after=at(3)))

    assert (error["type"], error["id"], error["text"]) == ("error", "not-there", "reason:no-times?")


async def test_an_archive_of_a_few_bytes_is_searched_from_its_end_and_not_for_ever(timed: House) -> None:
    messages = await answered(frames_of(timed, "order"))

    assert (messages[-1]["type"], messages[-1]["count"]) == ("done", 12)
