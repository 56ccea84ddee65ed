"""One signed-in user takes everything the limits allow, and more; another user must still be served.

This runs on real servers, with two web processes on one host, and both homes of the reader. It judges whose requests
are answered and in which order, not how fast.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.client import Client
from tests.conftest import absent
from tests.stack import Stack, Web, has_redis, wait_until

pytestmark = [pytest.mark.whole]

LIMITS: dict[str, Any] = {
    "MAX_VIEWERS_PER_USER": 4,
    "MAX_SEARCHES_PER_USER": 2,
    "MAX_DOWNLOADS_PER_USER": 1,
    "HISTORY_BYTES_PER_SECOND_PER_USER": 2_000_000,
}
MIB = 1024 * 1024
#: How often what is a matter of milliseconds is tried.
ROUNDS = 5
#: Letters with an upper form as long, in lower case: once too large for RE2, and then searched at 0.3 MB/s.
LETTERS = "".join(
    letter
    for letter in map(
        chr, (*range(0x100, 0x250), *range(0x370, 0x590), *range(0x10D0, 0x1100), *range(0x1E00, 0x2000))
    )
    if letter != letter.upper()
    and len(letter.upper()) == 1
    and len(letter.encode()) == len(letter.upper().encode())
)[:700]


@dataclass
class Host:
    stack: Stack
    webs: list[Web]
    attacker: str
    other: str


@contextlib.contextmanager
def host(folder: Any, home: str, servers: tuple[str, ...]) -> Iterator[Host]:
    with Stack(folder, logtail={**LIMITS, "READER": home}) as stack:
        if home == "dramatiq":
            stack.start_redis()
            stack.start_worker()
        webs = [stack.start_web(server) for server in servers]
        stack.add_log("app", b"".join(b"line %07d of this log\n" % number for number in range(300_000)))
        endless = stack.add_log("endless", b"first\n")
        os.truncate(endless, 50_000_000_000)  # a hole: it takes no room
        stack.add_log("huge", b"first\n")
        os.truncate(stack.logs / "huge.log", 500_000_000)
        yield Host(stack, webs, stack.make_user("attacker"), stack.make_user("other"))


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """Two web processes that each read for themselves."""
    with host(tmp_path_factory.mktemp("local") / "stack", "local", ("uvicorn", "daphne")) as found:
        yield found


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """Two web processes and a worker that reads for both."""
    if not has_redis():
        absent("a redis-server")
    with host(tmp_path_factory.mktemp("apart") / "stack", "dramatiq", ("daphne", "uvicorn")) as found:
        yield found


@pytest.fixture(params=["local", pytest.param("apart", marks=pytest.mark.redis)])
def place(request: pytest.FixtureRequest) -> Host:
    found: Host = request.getfixturevalue(request.param)
    return found


def answer(viewer: Client, request: int) -> dict[str, Any] | None:
    """How the request ended."""
    ended = [
        one
        for one in viewer.answers
        if one.get("request") == request and one.get("type") in ("done", "error")
    ]
    return ended[0] if ended else None


async def answered(viewer: Client, request: int, seconds: float = 60.0) -> dict[str, Any]:
    await viewer.until(lambda: answer(viewer, request), seconds)
    found = answer(viewer, request)
    assert found is not None
    return found


async def watching(
    place: Host, web: Web, slug: str, session: str, stack: contextlib.AsyncExitStack
) -> Client:
    viewer = await stack.enter_async_context(Client(place.stack, web, slug, session, lines=1))
    await viewer.until(lambda: viewer.place or viewer.close_code, 60)
    return viewer


async def search(viewer: Client, request: int, pattern: str, **more: Any) -> None:
    assert viewer.place is not None
    ask = {"type": "search", "request": request, "file": viewer.place[0], "start": 0, "pattern": pattern}
    await viewer.send({**ask, **more})


async def test_one_user_s_logs_are_counted_over_the_web_processes_and_another_gets_in(place: Host) -> None:
    one, two = place.webs
    async with contextlib.AsyncExitStack() as stack:
        mine = [await watching(place, web, "app", place.attacker, stack) for web in (one, one, two, two)]
        fifths = [await watching(place, web, "app", place.attacker, stack) for web in (one, two)]
        others = [await watching(place, web, "app", place.other, stack) for web in (one, two)]

        for fifth in fifths:
            assert await fifth.until_closed() == 4409
            assert fifth.ended is not None
            assert (fifth.ended["reason"], fifth.ended["limit"]) == ("too-many-viewers", 4)
            assert (
                fifth.ended["text"]
                == "You already have 4 logs open, which is the limit. Close one and try again."
            )
        assert [viewer.close_code for viewer in (*mine, *others)] == [None] * 6
        await mine[3].socket.close()
        for _ in range(100):
            again = await watching(place, one, "app", place.attacker, stack)
            if again.place is not None:
                break
            await asyncio.sleep(0.05)  # until the other process has seen the close
        assert again.close_code is None


async def test_a_web_process_that_is_killed_keeps_nobody_s_place(local: Host) -> None:
    third = local.stack.start_web()
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(4):
            await watching(local, third, "app", local.attacker, stack)
        refused = await watching(local, local.webs[0], "app", local.attacker, stack)
        assert await refused.until_closed() == 4409

        third.kill()

        mine = [await watching(local, local.webs[0], "app", local.attacker, stack) for _ in range(4)]
        assert [viewer.close_code for viewer in mine] == [None] * 4


async def test_a_ticket_opens_one_socket_of_all_web_processes_of_a_host(local: Host) -> None:
    first, second = local.webs
    ticket = await asyncio.to_thread(local.stack.ticket, first, "app", local.other)

    async with Client(local.stack, first, "app", local.other, ticket=ticket) as client:
        await client.until_live()
        async with Client(local.stack, second, "app", local.other, ticket=ticket) as thief:
            assert (await thief.until_closed(), thief.hello) == (4401, None)


async def test_who_searches_endlessly_keeps_nobody_from_searching(place: Host) -> None:
    one, two = place.webs
    async with contextlib.AsyncExitStack() as stack:
        first = await watching(place, one, "endless", place.attacker, stack)
        second = await watching(place, two, "endless", place.attacker, stack)
        other = await watching(place, one, "app", place.other, stack)
        await search(first, 1, LETTERS, case=False)
        await first.until(lambda: any(one["type"] == "progress" for one in first.answers), 60)
        await search(first, 2, "(a|b)*c{20}d", regex=True)
        await first.until(lambda: any(one.get("request") == 2 for one in first.answers), 60)

        await search(second, 3, "another")
        refused = await answered(second, 3)
        await search(other, 4, "line 0299999")
        done = await answered(other, 4)
        await search(other, 5, LETTERS, case=False)
        none = await answered(other, 5)

        assert (refused["id"], refused["type"]) == ("too-many-searches", "error")
        assert refused["text"].startswith("you have reached your limit of running searches (2)")
        assert (done["type"], done["found"]) == ("done", 1)
        assert (none["type"], none["found"]) == ("done", 0)
        assert answer(first, 1) is answer(first, 2) is None

        await first.send({"type": "cancel", "request": 1})
        request = 10
        while True:  # until the other process has seen it end
            request += 1
            await search(second, request, "first", case=True)
            await second.until(
                lambda request=request: any(a.get("request") == request for a in second.answers), 60
            )
            if (answer(second, request) or {}).get("id") != "too-many-searches":
                break


@pytest.mark.parametrize(
    ("pattern", "words"),
    [("(a|b|c){900}x{900}", "too large"), (r"\pL" * 200, "letter classes"), ("[ab]{1000}c", "too large")],
)
async def test_an_expression_that_is_too_large_is_refused_in_words_at_once(
    place: Host, pattern: str, words: str
) -> None:
    async with contextlib.AsyncExitStack() as stack:
        viewer = await watching(place, place.webs[0], "endless", place.attacker, stack)
        await search(viewer, 1, pattern, regex=True)
        refused = await answered(viewer, 1)

    assert refused["id"] == "bad-pattern"
    assert words in refused["text"]


@pytest.mark.parametrize("size", [MIB, 1])
async def test_who_asks_for_more_ranges_than_there_are_waits_and_another_does_not(
    place: Host, size: int
) -> None:
    async with contextlib.AsyncExitStack() as stack:
        mine = [await watching(place, place.webs[0], "app", place.attacker, stack) for _ in range(4)]
        other = await watching(place, place.webs[0], "app", place.other, stack)
        for viewer in mine:
            assert viewer.place is not None
            for request in range(1, 7):
                place_of = {"file": viewer.place[0], "start": 0, "end": size}
                await viewer.send({"type": "range", "request": request, **place_of})
        assert other.place is not None
        await other.send({"type": "range", "request": 1, "file": other.place[0], "start": 0, "end": 24})
        done = await answered(other, 1)
        waiting = [n for viewer in mine for n in range(1, 7) if answer(viewer, n) is None]
        ends = [await answered(viewer, n) for viewer in mine for n in range(1, 7)]
        got = [sum(len(a["bytes"]) for a in viewer.answers if "bytes" in a) for viewer in mine]

    assert done["type"] == "done"
    assert [a["bytes"] for a in other.answers if "bytes" in a] == [b"line 0000000 of this log"]
    finished = [end for end in ends if end["type"] == "done"]
    assert sum(got) == size * len(finished)
    assert {end["id"] for end in ends if end["type"] == "error"} <= {"too-many-ranges"}
    if size == MIB:
        assert waiting  # 16 MiB at 2 MB/s take seconds


def test_one_user_s_downloads_are_counted_and_another_s_begins(place: Host) -> None:
    one, two = place.webs
    path = place.stack.reverse("logtail:download", "huge")

    def begin(web: Web, session: str) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        connection = http.client.HTTPConnection("127.0.0.1", web.port, timeout=60)
        connection.request("GET", path, headers={"Cookie": f"sessionid={session}"})
        return connection, connection.getresponse()

    with contextlib.ExitStack() as stack:

        def opened(web: Web, session: str) -> http.client.HTTPResponse:
            connection, response = begin(web, session)
            stack.callback(connection.close)
            return response

        first = opened(one, place.attacker)
        assert (first.status, len(first.read(100_000))) == (200, 100_000)
        refused = [opened(web, place.attacker) for web in (one, two)]
        bodies = [response.read() for response in refused]
        other = opened(two, place.other)
        assert (other.status, len(other.read(100_000))) == (200, 100_000)

    assert [response.status for response in refused] == [429, 429]
    assert all(b'"too-many-downloads"' in body and b'"limit": 1' in body for body in bodies)

    def begins_again() -> bool:
        connection, response = begin(two, place.attacker)
        with contextlib.closing(connection):
            return response.status == 200

    wait_until(begins_again, 60, "a download once the first has ended")


@pytest.mark.parametrize("server", ["uvicorn", "daphne"])
def test_of_downloads_that_begin_at_once_the_others_are_refused_before_their_answer_begins(
    tmp_path: Path, server: str
) -> None:
    limits = {"READER": "local", "MAX_VIEWERS_PER_USER": 16, "MAX_DOWNLOADS_PER_USER": 2}
    with Stack(tmp_path / "stack", logtail=limits) as stack:
        stack.add_log("huge", b"first\n")
        os.truncate(stack.logs / "huge.log", 500_000_000)
        web, path = stack.start_web(server), stack.reverse("logtail:download", "huge")
        for number in range(ROUNDS):
            answers = stampede(web, path, stack.make_user(f"user{number}"))

            assert sorted(status for status, _ in answers) == [200] * 2 + [429] * 14
            assert [len(body) for status, body in answers if status == 200] == [100_000] * 2
            refused = [json.loads(body) for status, body in answers if status == 429]
            assert {(body["error"], body["limit"]) for body in refused} == {("too-many-downloads", 2)}
        assert "Traceback" not in web.says()
        assert "broke off" not in web.says()


def stampede(web: Web, path: str, session: str) -> list[tuple[int, bytes]]:
    """Sixteen downloads that begin at once: their answers' status and first bytes, all of them held meanwhile."""
    barrier = threading.Barrier(16)

    def begin(_: int) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        connection = http.client.HTTPConnection("127.0.0.1", web.port, timeout=60)
        connection.connect()
        barrier.wait(60)
        connection.request("GET", path, headers={"Cookie": f"sessionid={session}"})
        return connection, connection.getresponse()

    with contextlib.ExitStack() as stack, ThreadPoolExecutor(16) as threads:
        begun = list(threads.map(begin, range(16)))
        for connection, _ in begun:
            stack.callback(connection.close)
        return [(response.status, read(response)) for _, response in begun]


def read(response: http.client.HTTPResponse) -> bytes:
    """The first bytes of an answer, or what came until it broke off."""
    try:
        return response.read(100_000)
    except http.client.IncompleteRead as error:
        return error.partial
