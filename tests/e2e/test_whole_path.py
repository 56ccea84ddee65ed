"""A line written to a file reaches a viewer: real Redis, worker and server, a client of the protocol.

Everything holds for both homes of the reader: a worker, and the web process itself.
"""

import asyncio
import hashlib
import random
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.client import Client
from tests.conftest import absent
from tests.length import at_length
from tests.stack import CORE_LAYER, PUBSUB_LAYER, Running, Stack, Web, has_redis, wait_until

pytestmark = [pytest.mark.redis, pytest.mark.whole, pytest.mark.main]

#: Seconds within which a reader must have closed a file that nobody watches: what the package promises.
#: On a busy machine less than the 15 s after which what nobody renews lapses: it is not that which ends it.
RELEASE_SECONDS = at_length(1.0, short=10.0)
#: The same, for viewers whose web process is no more.
LAPSE_SECONDS = at_length(16.0, short=60.0)
BURST_LINES = 100_000


@dataclass(frozen=True)
class Home:
    """An installation, and the process that reads its files."""

    name: str
    stack: Stack
    web: Web
    reader: Running
    member: str


@pytest.fixture(scope="module", params=["dramatiq", "local"])
def home(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    if not has_redis():
        absent("a redis-server")
    with Stack(tmp_path_factory.mktemp("home") / "stack", logtail={"READER": request.param}) as stack:
        if request.param == "dramatiq":
            stack.start_redis()
            worker = stack.start_worker()
        web = stack.start_web()
        reader = worker if request.param == "dramatiq" else web
        yield Home(request.param, stack, web, reader, stack.make_user("member"))


@pytest.fixture
def stack(home: Home) -> Iterator[Stack]:
    yield home.stack
    home.stack.remove_logs()


@pytest.fixture
def web(home: Home) -> Web:
    return home.web


@pytest.fixture
def reader(home: Home) -> Running:
    return home.reader


@pytest.fixture
def member(home: Home) -> str:
    return home.member


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def lines(word: str, count: int) -> bytes:
    return b"".join(f"{word} {number:06d}\n".encode() for number in range(count))


async def until_released(reader: Running, path: Path, seconds: float) -> None:
    await asyncio.to_thread(
        wait_until, lambda: path not in reader.open_paths(), seconds, f"the release of {path.name}"
    )


async def test_a_viewer_gets_the_backlog_and_then_every_line_once(
    stack: Stack, web: Web, member: str
) -> None:
    path = stack.add_log("django", lines("earlier", 20))

    async with Client(stack, web, "django", member, lines=5) as viewer:
        await viewer.until(lambda: viewer.bytes == lines("earlier", 20)[-5 * 15 :])
        append(path, b"first\n")
        append(path, b"second\n")
        await viewer.until(lambda: viewer.bytes.endswith(b"second\n"))

    assert bytes(viewer.bytes) == lines("earlier", 20)[-5 * 15 :] + b"first\nsecond\n"
    assert viewer.kinds == ["started"]
    assert viewer.gaps == []


async def test_the_state_is_live_while_a_reader_follows_the_file(stack: Stack, web: Web, member: str) -> None:
    stack.add_log("django", b"one\n")

    async with Client(stack, web, "django", member) as viewer:
        await viewer.until(lambda: viewer.state == "live" and viewer.statuses[-1].get("size") == 4)

    assert viewer.statuses[-1]["size"] == 4


async def test_viewers_of_two_logs_get_their_own_lines(stack: Stack, web: Web, member: str) -> None:
    apples, pears = stack.add_log("apples"), stack.add_log("pears")

    async with Client(stack, web, "apples", member) as left, Client(stack, web, "pears", member) as right:
        await left.until_live()
        await right.until_live()
        append(apples, b"apple\n")
        append(pears, b"pear\n")
        await left.until(lambda: left.bytes)
        await right.until(lambda: right.bytes)

    assert (bytes(left.bytes), bytes(right.bytes)) == (b"apple\n", b"pear\n")


async def test_stop_of_one_viewer_leaves_another_of_the_same_log_running(
    stack: Stack, web: Web, member: str
) -> None:
    path = stack.add_log("django")

    async with Client(stack, web, "django", member) as leaves, Client(stack, web, "django", member) as stays:
        await leaves.until_live()
        await stays.until_live()
        await leaves.send({"type": "stop"})
        code = await leaves.until_closed()
        append(path, b"after\n")
        await stays.until(lambda: stays.bytes)

    assert code == 1000
    assert leaves.bytes == b""
    assert stays.bytes == b"after\n"


@pytest.mark.parametrize("leaves_by", ["stop", "closing the tab"])
async def test_the_file_is_closed_within_a_second_of_the_last_viewers_leaving(
    stack: Stack, web: Web, reader: Running, member: str, leaves_by: str
) -> None:
    left, watched = stack.add_log("left", b"x\n"), stack.add_log("watched", b"y\n")

    async with Client(stack, web, "watched", member) as stays, Client(stack, web, "left", member) as leaves:
        await stays.until_live()
        await leaves.until_live()
        assert {left, watched} <= reader.open_paths()
        if leaves_by == "stop":
            await leaves.send({"type": "stop"})
        else:
            await leaves.socket.close()

        await until_released(reader, left, RELEASE_SECONDS)
        append(watched, b"still\n")
        await stays.until(lambda: stays.bytes.endswith(b"still\n"))
        assert watched in reader.open_paths()

    assert reader.is_running


async def test_the_file_is_closed_when_its_viewers_web_process_was_killed(
    home: Home, stack: Stack, web: Web, member: str
) -> None:
    left, watched = stack.add_log("left", b"x\n"), stack.add_log("watched", b"y\n")
    dies = stack.start_web()
    holder = home.reader if home.name == "dramatiq" else dies

    async with Client(stack, web, "watched", member) as stays, Client(stack, dies, "left", member) as viewer:
        await stays.until_live()
        await viewer.until_live()
        assert left in holder.open_paths()
        dies.kill()
        assert await viewer.until_closed() == 1006

        await until_released(holder, left, LAPSE_SECONDS)
        append(watched, b"still\n")
        await stays.until(lambda: stays.bytes.endswith(b"still\n"))

    assert home.reader.is_running


async def test_fifty_viewers_on_twenty_logs_are_live_and_leave_a_thread_to_the_hosts_own_actors(
    home: Home, stack: Stack, web: Web, member: str, tmp_path: Path
) -> None:
    paths = [stack.add_log(f"log-{number}") for number in range(20)]
    # Five people, since one may have sixteen logs open.
    people = [member, *(stack.make_user(f"watcher-{number}") for number in range(4))]

    async with AsyncExitStack() as open_viewers:
        viewers = [Client(stack, web, f"log-{n % 20}", people[n % len(people)]) for n in range(50)]
        for viewer in viewers:
            await open_viewers.enter_async_context(viewer)
        for viewer in viewers:
            await viewer.until_live()
        for number, path in enumerate(paths):
            append(path, f"line of log-{number}\n".encode())
        for viewer in viewers:
            await viewer.until(lambda viewer=viewer: viewer.bytes)
        if home.name == "dramatiq":
            stack.call("send", "touch_file", str(tmp_path / "sign"))
            await asyncio.to_thread(wait_until, (tmp_path / "sign").exists, 20, "the host's own actor")
        states = {viewer.state for viewer in viewers}

    assert states == {"live"}
    assert [bytes(viewer.bytes).decode() for viewer in viewers] == [
        f"line of log-{n % 20}\n" for n in range(50)
    ]


@pytest.fixture(params=[PUBSUB_LAYER, CORE_LAYER], ids=["pubsub", "core"])
def layered(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stack]:
    """An installation of its own, on each of channels_redis' layers with their default capacity."""
    if not has_redis():
        absent("a redis-server")
    with Stack(tmp_path / "stack", layer=request.param) as stack:
        stack.start_redis()
        stack.start_worker()
        yield stack


async def test_a_burst_of_100000_lines_reaches_a_viewer_complete_and_in_order(layered: Stack) -> None:
    web, session = layered.start_web(), layered.make_user("bo")
    path = layered.add_log("import", b"before\n")
    burst = lines("a line of the burst, with some text that makes it as long as lines are:", BURST_LINES)

    async with Client(layered, web, "import", session) as viewer:
        await viewer.until_live()
        append(path, burst)
        await viewer.until(lambda: len(viewer.bytes) >= len(b"before\n" + burst), 60)

    assert hashlib.sha256(viewer.bytes).hexdigest() == hashlib.sha256(b"before\n" + burst).hexdigest()
    assert viewer.gaps == []


async def test_a_rotation_while_watched_loses_no_line_and_is_told(
    stack: Stack, web: Web, member: str
) -> None:
    path = stack.add_log("django", b"one\n")

    async with Client(stack, web, "django", member) as viewer:
        await viewer.until_live()
        append(path, b"two\n")
        path.rename(path.with_name("django.log.1"))
        path.write_bytes(b"three\n")
        append(path, b"four\n")
        await viewer.until(lambda: viewer.bytes.endswith(b"four\n"))

    assert bytes(viewer.bytes) == b"one\ntwo\nthree\nfour\n"
    rotated = next(event for event in viewer.events if event["kind"] == "rotated")
    assert rotated["name"] == "django.log.1"


async def test_lines_written_while_the_file_is_rotated_often_arrive_once(
    stack: Stack, web: Web, member: str
) -> None:
    path = stack.add_log("django")
    rounds = 12

    async with Client(stack, web, "django", member) as viewer:
        await viewer.until_live()
        for number in range(rounds):
            append(path, lines(f"round {number:02d}", 50))
            path.rename(path.with_name(f"django.log.{number}"))
            path.touch()
            await viewer.until(lambda count=number + 1: viewer.kinds.count("rotated") >= count)

    assert bytes(viewer.bytes) == b"".join(lines(f"round {number:02d}", 50) for number in range(rounds))
    assert viewer.kinds.count("rotated") == rounds


def day(stack: Stack, number: int) -> Path:
    return stack.logs / f"app-2026-11-{number:02}.log"


async def test_the_newest_of_several_files_is_followed_over_many_midnights(
    stack: Stack, web: Web, member: str
) -> None:
    chance, written, late = random.Random(7), bytearray(), bytearray()
    stack.add_log("app", path=stack.logs / "app-%Y-%m-%d.log", follow="newest")

    async def write(path: Path, into: bytearray, word: str) -> None:
        for number in range(chance.randint(1, 40)):
            line = f"{word} {number:06d}\n".encode()
            append(path, line)
            into.extend(line)
            await asyncio.sleep(chance.choice((0, 0, 0.001, 0.02)))

    async with Client(stack, web, "app", member) as viewer:
        await viewer.until(lambda: viewer.state == "missing")
        for number in range(1, 9):
            if number % 3 == 0:
                day(stack, number).touch()  # early, and empty
                await write(day(stack, number - 1), written, f"evening {number}")
                await viewer.until(lambda: viewer.bytes == written)
            await write(day(stack, number), written, f"day {number}")
            if number % 3 == 1:
                await viewer.until(lambda: viewer.bytes == written)
                await write(day(stack, number - 1), late, f"late {number}") if number > 1 else None
        await viewer.until(lambda: viewer.bytes == written and viewer.late == late)

    assert viewer.gaps == []
    assert viewer.kinds.count("rotated") == 7
    assert [event["current"] for event in viewer.events if event["kind"] in ("back", "rotated")] == [
        day(stack, number).name for number in range(1, 9)
    ]
    await write(day(stack, 9), written, "day 9")
    await write(day(stack, 11), written, "day 11")
    async with Client(stack, web, "app", member, resume=viewer.place) as again:
        await again.until(lambda: viewer.bytes + again.bytes == written)

    assert [event["current"] for event in again.events if "current" in event] == [
        day(stack, number).name for number in (8, 9, 11)
    ]


async def test_a_truncation_while_watched_is_told_and_the_new_lines_follow(
    stack: Stack, web: Web, member: str
) -> None:
    path = stack.add_log("django", b"one\ntwo\n")

    async with Client(stack, web, "django", member) as viewer:
        await viewer.until(lambda: viewer.bytes == b"one\ntwo\n")
        with path.open("r+b") as file:
            file.truncate(0)
        await viewer.until(lambda: "truncated" in viewer.kinds)
        append(path, b"three\n")
        await viewer.until(lambda: viewer.bytes.endswith(b"three\n"))

    assert bytes(viewer.bytes) == b"one\ntwo\nthree\n"
    assert next(event for event in viewer.events if event["kind"] == "truncated")["to"] == 0


async def test_a_viewer_that_comes_back_goes_on_at_its_place(stack: Stack, web: Web, member: str) -> None:
    path = stack.add_log("django", b"one\n")

    async with Client(stack, web, "django", member) as before:
        await before.until(lambda: before.bytes == b"one\n")
    append(path, b"two\n")
    async with Client(stack, web, "django", member, resume=before.place) as after:
        await after.until(lambda: after.bytes)

    assert bytes(after.bytes) == b"two\n"
    assert after.events[0]["kind"] == "started"
    assert after.events[0]["resumed"] is True


def hits_of(viewer: Client, request: int) -> list[dict]:
    answers = [answer for answer in viewer.answers if answer.get("request") == request]
    return [hit for answer in answers if answer["type"] == "found" for hit in answer["hits"]]


def is_answered(viewer: Client, request: int) -> bool:
    return any(
        answer["type"] in ("done", "error") for answer in viewer.answers if answer.get("request") == request
    )


async def test_a_whole_file_is_searched_far_beyond_the_lines_that_were_sent(
    stack: Stack, web: Web, member: str
) -> None:
    text = lines("grain", 100_000) + b"a Needle in it\n" + lines("grain", 100_000)
    stack.add_log("django", text)

    async with Client(stack, web, "django", member, lines=1) as viewer:
        await viewer.until(lambda: viewer.bytes)
        ask = {"type": "search", "file": viewer.place[0]}
        await viewer.send({**ask, "request": 1, "pattern": "needle"})
        await viewer.send({**ask, "request": 2, "pattern": r"^a \w+dle\b", "regex": True})
        await viewer.until(lambda: is_answered(viewer, 1) and is_answered(viewer, 2))
        await viewer.send({**ask, "request": 3, "pattern": "(", "regex": True})
        await viewer.send({**ask, "request": 4, "pattern": "needle", "case": True})
        await viewer.until(lambda: is_answered(viewer, 3) and is_answered(viewer, 4))

    start = text.index(b"a Needle")
    assert hits_of(viewer, 1) == [
        {"start": start, "end": start + 15, "parts": ["a ", "Needle", " in it"]},
    ]
    assert hits_of(viewer, 2) == [{"start": start, "end": start + 15, "parts": ["", "a Needle", " in it"]}]
    assert hits_of(viewer, 4) == []
    done = {answer["request"]: answer for answer in viewer.answers if answer["type"] in ("done", "error")}
    assert done[1]["end"] == len(text)
    assert done[3]["id"] == "bad-pattern"
    assert viewer.hello["can"][-3:] == ["time", "volume", "regex"]


def times_open(reader: Running, path: Path) -> int:
    found = 0
    for link in (link for pid in reader.pids for link in Path(f"/proc/{pid}/fd").iterdir()):
        try:
            found += link.readlink() == path
        except FileNotFoundError:
            continue  # closed meanwhile
    return found


async def test_a_search_that_nobody_wants_any_more_is_ended(
    stack: Stack, web: Web, reader: Running, member: str
) -> None:
    path = stack.add_log("django", b"one\n")
    with path.open("r+b") as file:
        file.truncate(20_000_000_000)  # nothing but a hole: no room is taken, and seconds are

    async with Client(stack, web, "django", member, lines=1) as viewer:
        await viewer.until(lambda: viewer.place)
        file = viewer.place[0]
        await viewer.send({"type": "search", "file": file, "request": 1, "pattern": "two"})
        await viewer.until(lambda: any(answer["type"] == "progress" for answer in viewer.answers))
        both = times_open(reader, path)
        await viewer.send({"type": "cancel", "request": 1})
        await asyncio.to_thread(
            wait_until, lambda: times_open(reader, path) == 1, 5.0, "the end of the search"
        )
        for request in (2, 3, 4):
            await viewer.send({"type": "search", "file": file, "request": request, "pattern": "two"})
        await viewer.until(lambda: is_answered(viewer, 4))
    await asyncio.to_thread(
        wait_until, lambda: times_open(reader, path) == 0, 5.0, "the end of what was left behind"
    )

    assert both == 2
    assert not is_answered(viewer, 1)
    assert viewer.answers[-1]["id"] == "too-many-searches"
