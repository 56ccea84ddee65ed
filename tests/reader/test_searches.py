"""Searches through a reader and a relay connected through memory."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from django_logtail.control.messages import Failed, Found, Piece, Read, read_want, want_text
from django_logtail.control.wants import Sought, Want
from django_logtail.place import Place
from django_logtail.reader import search_jobs, searches
from django_logtail.reader.limits import Limits
from django_logtail.relay.requests import Request
from django_logtail.tailing.reasons import in_full
from django_logtail.tailing.text.matching import has_regex
from django_logtail.tailing.text.search import MAX_HITS, Search
from django_logtail.viewing.requests import search_frames
from tests.delivery.test_delivery import QUEUE, House, numbered

LINE = len(numbered(0, 1))

needs_re2 = pytest.mark.skipif(not has_regex(), reason="google-re2 is not installed")


@pytest.fixture
async def house(tmp_path) -> AsyncIterator[House]:
    path = tmp_path / "app.log"
    path.write_bytes(b"")
    house = House(path)
    yield house
    await house.close()


async def file_of(house: House) -> str:
    """The id of the log's file, from a viewer's stream, which goes on."""
    taker = house.join(lines=1)
    await taker.until(lambda: taker.place)
    return taker.place[0]


async def ask(house: House, pattern: str, *, start: int = 0, user: str = "", **more: bool):
    """The frames of a search."""
    file = await file_of(house)
    answer = house.relay.request("1", QUEUE, Place(file, start), search=Sought(pattern, **more), user=user)
    return search_frames(answer, 7, Place(file, start))


def wanted_searches(house: House) -> dict[str, Request]:
    """Those that a reader is asked for, by member."""
    return {
        member: wanted
        for member, wanted in house.relay.wants.by_member.items()
        if isinstance(wanted, Request)
    }


async def answered(frames) -> list[dict]:
    return [json.loads(frame.encoded) async for frame in frames]


def hits_of(messages: list[dict]) -> list[dict]:
    return [hit for message in messages if message["type"] == "found" for hit in message["hits"]]


async def until(is_true: Callable[[], object], seconds: float = 10.0) -> None:
    async def wait() -> None:
        while not is_true():
            await asyncio.sleep(0.01)

    await asyncio.wait_for(wait(), seconds)


def open_descriptors(path: Path) -> int:
    found = 0
    for link in Path("/proc/self/fd").iterdir():
        try:
            found += link.readlink() == path
        except FileNotFoundError:
            continue  # closed meanwhile
    return found


async def test_lines_are_found_with_their_place_and_the_search_ends(house):
    house.append(numbered(0, 1000))

    messages = await answered(await ask(house, "LINE 0000500"))

    assert hits_of(messages) == [
        {
            "start": 500 * LINE,
            "end": 501 * LINE,
            "parts": ["", "line 0000500", " with some text behind it"],
        }
    ]
    assert messages[-1].items() >= {
        "type": "done", "request": 7, "start": 0, "end": 1000 * LINE, "found": 1,
    }.items()  # fmt: skip
    assert "more" not in messages[-1]


async def test_case_and_a_start_are_kept_to(house):
    house.append(numbered(0, 10))

    assert hits_of(await answered(await ask(house, "LINE", case=True))) == []
    some = hits_of(await answered(await ask(house, "line", start=7 * LINE)))
    assert [hit["start"] for hit in some] == [7 * LINE, 8 * LINE, 9 * LINE]


@needs_re2
async def test_an_expression_is_searched_for_when_asked_so(house):
    house.append(numbered(0, 200))

    hits = hits_of(await answered(await ask(house, r"0(12|34)\b", regex=True)))

    assert [hit["start"] // LINE for hit in hits] == [12, 34]


async def test_what_cannot_be_searched_for_is_said_in_words(house):
    house.append(numbered(0, 10))
    (message,) = await answered(await ask(house, "two\nlines"))

    assert message == {
        "type": "error",
        "request": 7,
        "id": "bad-pattern",
        "text": "reason:pattern-line-end?",
    }


async def test_a_log_is_searched_in_its_own_encoding_as_browsers_read_it(house):
    house.encoding = "gb2312"
    house.append("囧 one\n囍 two\n".encode("gbk"))

    hits = hits_of(await answered(await ask(house, "囍")))

    assert [(hit["start"], hit["parts"]) for hit in hits] == [(7, ["", "囍", " two"])]


async def test_the_first_hits_are_told_before_the_search_is_over(house):
    house.append(b"needle\n" + numbered(0, 200_000) + b"needle\n")
    frames = await ask(house, "needle")

    first = json.loads((await anext(frames)).encoded)
    then = json.loads((await anext(frames)).encoded)
    rest = await answered(frames)

    assert [hit["start"] for hit in first["hits"]] == [0]
    assert then["type"] == "progress"
    assert then["at"] < then["end"] == house.path.stat().st_size
    assert [hit["start"] for hit in hits_of(rest)] == [7 + 200_000 * LINE]
    assert rest[-1]["found"] == 2


async def test_hits_are_bounded_and_the_rest_can_be_asked_for(house):
    house.append(numbered(0, MAX_HITS + 5))

    first = await answered(await ask(house, "line"))
    rest = await answered(await ask(house, "line", start=first[-1]["end"]))

    assert len(hits_of(first)) == MAX_HITS
    assert first[-1]["more"] is True
    assert first[-1]["end"] == MAX_HITS * LINE
    assert len(hits_of(rest)) == 5
    assert "more" not in rest[-1]


@pytest.mark.parametrize("fault", ["drop", "double"])
async def test_a_message_that_gets_lost_is_noticed_and_one_that_comes_twice_is_not(house, fault):
    house.append(numbered(0, 200))
    frames = await ask(house, "line")
    seen = 0

    def second(message) -> str:
        nonlocal seen
        if isinstance(message, (Piece, Read, Found, Failed)):
            seen += 1
            return fault if seen == 2 else ""
        return ""

    house.mailboxes.fault = second
    messages = await answered(frames)

    assert seen > 2
    if fault == "double":
        assert [hit["start"] for hit in hits_of(messages)] == [number * LINE for number in range(200)]
        assert messages[-1]["type"] == "done"
    else:
        assert messages[-1]["type"] == "error"
        assert messages[-1]["id"] == "lost"


class Gate:
    """Holds up the steps of searches until it is opened."""

    def __init__(self, monkeypatch) -> None:
        self.is_open = False
        self.steps = 0
        step = Search.step

        def held(search, seconds, max_bytes, *, is_eager=False):
            self.steps += 1
            return step(search, 0.0, 1, is_eager=is_eager) if self.is_open else []

        monkeypatch.setattr(Search, "step", held)


async def test_a_cancelled_search_ends_and_closes_its_file(house, monkeypatch):
    house.append(numbered(0, 100))
    gate = Gate(monkeypatch)
    frames = await ask(house, "nothing")
    assert json.loads((await anext(frames)).encoded)["type"] == "progress"
    before = open_descriptors(house.path)
    await frames.aclose()
    await until(lambda: open_descriptors(house.path) == before - 1)
    steps = gate.steps
    (reader, _) = house.readers[0]

    assert before == 2  # the follower's and the search's
    assert not reader.ranges
    await asyncio.sleep(0)
    assert gate.steps == steps


async def test_a_search_whose_want_went_with_redis_data_ends(house, monkeypatch):
    house.append(numbered(0, 100))
    Gate(monkeypatch)
    frames = await ask(house, "nothing")
    await anext(frames)
    (reader, _) = house.readers[0]
    (member,) = wanted_searches(house)
    del house.relay.wants.by_member[member]  # whoever asked is gone as well
    family = house.control._family(QUEUE)
    del family.wants[member]
    family.epoch = "another server's"

    await until(lambda: not reader.ranges)
    await until(lambda: open_descriptors(house.path) == 1)


async def test_the_stop_flag_ends_a_search(house, monkeypatch):
    house.append(numbered(0, 100))
    Gate(monkeypatch)
    frames = await ask(house, "nothing")
    await anext(frames)
    house.control.set_stop(QUEUE, "1", "disk is full")
    messages = await answered(frames)

    assert messages[-1]["type"] == "error"
    assert messages[-1]["text"] == "disk is full"
    await until(lambda: open_descriptors(house.path) == 0)


async def test_a_user_who_has_enough_searches_is_told_and_goes_on_with_those(house, monkeypatch):
    house.limits = Limits(searches_per_user=3)
    house.append(numbered(0, 100))
    gate = Gate(monkeypatch)
    running = [await ask(house, "line 0000042", user="7") for _ in range(3)]
    for frames in running:
        await anext(frames)
    refused = await answered(await ask(house, "line", user="7"))
    other = await ask(house, "line 0000042", user="8")
    await anext(other)
    gate.is_open = True
    found = [hits_of(await answered(frames)) for frames in [*running, other]]

    assert [message["id"] for message in refused] == ["too-many-searches"]
    assert in_full(refused[0]["text"]).startswith("you have reached your limit of running searches (3)")
    assert [[hit["start"] for hit in hits] for hits in found] == [[42 * LINE]] * 4


async def test_on_a_host_that_has_enough_searches_whoever_has_none_can_search(house, monkeypatch):
    monkeypatch.setattr(searches, "MOST_SEARCHES", 4)
    house.append(numbered(0, 100))
    gate = Gate(monkeypatch)
    running = [await ask(house, "line 0000042", user="7") for _ in range(4)]
    for frames in running:
        await anext(frames)
    refused = await answered(await ask(house, "line", user="7"))
    other = await ask(house, "line 0000042", user="8")
    await anext(other)
    gate.is_open = True
    found = [hits_of(await answered(frames)) for frames in [*running, other]]

    assert (
        in_full(refused[0]["text"])
        == "the host has reached its limit of running searches (4); try again when one ends"
    )
    assert [[hit["start"] for hit in hits] for hits in found] == [[42 * LINE]] * 5


async def test_searches_take_turns_by_user(house, monkeypatch):
    house.limits = Limits(history_jobs=1)
    house.append(numbered(0, 10))
    steps: list[str] = []

    def held(job, max_bytes, is_eager):
        steps.append(job.user)
        return []

    monkeypatch.setattr(search_jobs.SearchJob, "step", held)
    running = [await ask(house, "nothing", user=user) for user in ("7", "7", "7", "7", "8")]
    for frames in running:
        await anext(frames)
    del steps[:]
    await until(lambda: len(steps) > 200)
    for frames in running:
        await frames.aclose()

    assert 80 <= steps[:200].count("8") <= 120


async def test_a_search_that_has_spent_its_share_of_the_processor_says_so(house, monkeypatch):
    house.limits = Limits(search_processor_percent=100)
    monkeypatch.setattr(search_jobs, "TURN_SECONDS", 0.0)
    monkeypatch.setattr(search_jobs.time, "thread_time", iter(n * 0.3 for n in range(10**6)).__next__)
    house.append(numbered(0, 20_000))

    messages = await answered(await ask(house, "nothing", user="7"))

    reasons = {in_full(message.get("reason") or "") for message in messages if message["type"] == "progress"}
    assert 'limited to a share of the processor by LOGTAIL["SEARCH_PROCESSOR_PERCENT"]' in reasons
    assert messages[-1]["end"] == 20_000 * LINE


async def test_what_a_cancelled_search_still_costs_is_charged(house, monkeypatch):
    house.limits = Limits(search_processor_percent=100)
    house.append(numbered(0, 20_000))
    monkeypatch.setattr(search_jobs, "TURN_SECONDS", 0.0)
    begun, going_on, times = threading.Event(), threading.Event(), [0.0]
    monkeypatch.setattr(search_jobs.time, "thread_time", lambda: times[0])
    step = Search.step

    def held(*arguments, **more):
        begun.set()
        if going_on.wait(30) and not times[0]:
            times[0] = 1.5
        return step(*arguments, **more)

    monkeypatch.setattr(Search, "step", held)
    frames = await ask(house, "nothing", user="7")
    asked = asyncio.ensure_future(anext(frames))
    await until(begun.is_set)
    (reader, _) = house.readers[0]
    asked.cancel()
    await asyncio.gather(asked, return_exceptions=True)
    await frames.aclose()
    await until(lambda: not reader.ranges)
    going_on.set()
    await until(lambda: times[0])
    messages = await answered(await ask(house, "nothing", user="7"))

    reasons = {in_full(message.get("reason") or "") for message in messages}
    assert 'limited to a share of the processor by LOGTAIL["SEARCH_PROCESSOR_PERCENT"]' in reasons


async def test_lines_are_read_while_searches_take_turns(house, monkeypatch):
    house.limits = Limits(history_jobs=1)
    house.append(numbered(0, 100))
    Gate(monkeypatch)
    running = [await ask(house, "nothing") for _ in range(3)]
    for frames in running:
        await anext(frames)
    file = await file_of(house)
    pending = house.relay.request("1", QUEUE, Place(file, 0), end=LINE)

    answer = await pending.next()
    pending.close()
    for frames in running:
        await frames.aclose()

    assert answer.data == numbered(0, 1)


async def test_a_new_reader_searches_on_and_nothing_is_told_twice(house, monkeypatch):
    house.append(numbered(0, 100))
    gate = Gate(monkeypatch)
    gate.is_open = True
    frames = await ask(house, "line")
    first = [json.loads((await anext(frames)).encoded)]
    await house.kill_reader()
    rest = await asyncio.wait_for(answered(frames), 14)

    hits = [hit["start"] // LINE for hit in hits_of(first + rest)]
    assert hits == list(range(100))
    assert rest[-1]["type"] == "done"


async def test_searching_is_no_faster_than_the_settings_allow_and_the_limit_is_named(house):
    house.limits = Limits(search_bytes_per_second=4_000_000)
    house.append(numbered(0, 200_000))

    messages = await answered(await ask(house, "nothing"))

    reasons = {in_full(message.get("reason") or "") for message in messages if message["type"] == "progress"}
    assert 'limited to 4,000,000 bytes/s by LOGTAIL["SEARCH_BYTES_PER_SECOND"]' in reasons
    assert messages[-1]["end"] == 200_000 * LINE


async def test_what_may_not_be_read_is_not_searched(house):
    house.append(numbered(0, 10))
    file = await file_of(house)
    house.permit = lambda descriptor: "outside"
    answer = house.relay.request("1", QUEUE, Place(file, 0), search=Sought("line"))

    messages = await answered(search_frames(answer, 1, Place(file, 0)))

    assert [message["type"] for message in messages] == ["error"]
    assert messages[0]["id"] == "not-there"


async def test_without_a_reader_a_search_is_given_up(house, monkeypatch):
    file = await file_of(house)
    monkeypatch.setattr("django_logtail.relay.requests.HISTORY_SECONDS", 0.05)
    await house.kill_reader()

    async def nobody(queue: str) -> None:
        return

    house.relay._wake = nobody
    answer = house.relay.request("1", QUEUE, Place(file, 0), search=Sought("line"))
    messages = await answered(search_frames(answer, 1, Place(file, 0)))

    assert messages[-1]["id"] == "no-reader"
    assert not wanted_searches(house)


async def test_a_viewer_that_takes_nothing_gathers_no_progress(house, monkeypatch):
    monkeypatch.setattr(searches, "SAY_SECONDS", 0.0)
    house.append(numbered(0, 100))
    gate = Gate(monkeypatch)
    frames = await ask(house, "nothing")
    await anext(frames)
    (pending,) = wanted_searches(house).values()
    steps = gate.steps
    await until(lambda: gate.steps > steps + 100)
    waiting = pending._answers.qsize()
    await frames.aclose()

    assert waiting <= 8


def test_a_want_for_a_search_survives_its_journey():
    want = Want("p", "1", "f", "m", 3, 0, position=Place("id", 9), search=Sought('a"b', True, False))

    assert read_want("q", want.member, want_text("q", want)) == want
    assert want.is_history
