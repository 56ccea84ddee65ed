"""What an outsider can do on real servers while somebody else watches a log."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import random
import urllib.parse
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from tests.attack.knocking import Knock, memory_mb
from tests.client import Client
from tests.length import at_length
from tests.stack import Stack, Web, has_redis

from ..conftest import absent

pytestmark = [pytest.mark.whole]

#: Limits of the tests' servers: of sockets that said nothing, in all and from one address.
IN_ALL, BY_ADDRESS = 9, 6
FORGED = {"Cookie": "sessionid=" + "x" * 32}


@dataclass
class House:
    stack: Stack
    web: Web
    member: str
    log: Path

    @property
    def socket(self) -> str:
        return self.stack.reverse("logtail:socket", "app")

    def request(
        self, method: str, path: str, session: str, headers: dict[str, str] | None = None, body: str = ""
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.web.port, timeout=60)
        with contextlib.closing(connection):
            token = "t" * 32
            sent = {
                "Cookie": f"sessionid={session}; csrftoken={token}",
                "X-CSRFToken": token,
                **({"Content-Type": "application/x-www-form-urlencoded"} if body else {}),
                **(headers or {}),
            }
            connection.request(method, path, body or None, sent)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()

    @contextlib.asynccontextmanager
    async def neighbour(self) -> AsyncIterator[Client]:
        """Another viewer, who must still get what is written at the end."""
        async with Client(self.stack, self.web, "app", self.member) as client:
            await client.until_live(60)
            yield client
            mark = f"mark {random.random()}\n".encode()
            with self.log.open("ab") as file:
                file.write(mark)
            await client.until(lambda: mark in client.bytes)
            assert client.close_code is None


@pytest.fixture(scope="module", params=["uvicorn", "daphne"])
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    limits = {"READER": "local", "MAX_NEW_SOCKETS": IN_ALL, "MAX_NEW_SOCKETS_PER_ADDRESS": BY_ADDRESS}
    with Stack(tmp_path_factory.mktemp("doors") / "stack", logtail=limits) as stack:
        log = stack.add_log("app", b"first line\n")
        yield House(stack, stack.start_web(request.param), stack.make_user("member"), log)


# -- who brings nothing ----------------------------------------------------------------------------


async def test_sockets_without_a_session_take_no_memory_and_no_time_of_others(house: House) -> None:
    async with house.neighbour():
        before = memory_mb(house.web)

        knocks = await asyncio.gather(*(Knock.at(house.web, house.socket) for _ in range(20)))
        await asyncio.gather(*(knock.send(b"a" * 15_000_000) for knock in knocks))

        assert {knock.status for knock in knocks} == {403}
        assert memory_mb(house.web) - before < 30
        for knock in knocks:
            await knock.leave()


async def test_a_made_up_session_gets_no_long_message_into_memory(house: House) -> None:
    async with house.neighbour():
        before = memory_mb(house.web)

        knocks = await asyncio.gather(*(Knock.at(house.web, house.socket, FORGED) for _ in range(BY_ADDRESS)))
        sent = await asyncio.gather(*(knock.send(b"a" * 15_000_000) for knock in knocks))

        assert {knock.status for knock in knocks} == {101}
        assert sent == [False] * BY_ADDRESS
        assert memory_mb(house.web) - before < 30
        for knock in knocks:
            await knock.leave()


@pytest.mark.parametrize("way", ["websockets", "websockets-sansio", "wsproto"])
async def test_uvicorn_is_asked_for_a_limit_in_each_of_its_ways_to_speak(tmp_path: Path, way: str) -> None:
    with Stack(tmp_path / "stack", logtail={"READER": "local"}) as stack:
        stack.add_log("app", b"first line\n")
        web = stack.start_web(options=["--ws", way])
        path = stack.reverse("logtail:socket", "app")
        await (await Knock.at(web, path, FORGED)).leave()
        before = memory_mb(web)

        knocks = await asyncio.gather(*(Knock.at(web, path, FORGED) for _ in range(20)))
        sent = await asyncio.gather(*(knock.send(b"a" * 15_000_000) for knock in knocks))

        assert sent == [False] * 20
        assert memory_mb(web) - before < 60
        for knock in knocks:
            await knock.leave()


@pytest.mark.parametrize(("count", "let_in"), [(BY_ADDRESS - 1, 5), (BY_ADDRESS, 6), (BY_ADDRESS + 1, 6)])
async def test_silent_sockets_of_one_address_are_limited_and_others_are_let_in(
    house: House, count: int, let_in: int
) -> None:
    async with house.neighbour():
        knocks = [await Knock.at(house.web, house.socket, FORGED) for _ in range(count)]
        other = await Knock.at(house.web, house.socket, FORGED, address="127.0.0.2")

        assert [knock.status for knock in knocks].count(101) == let_in
        assert other.status == 101
        for knock in [*knocks, other]:
            await knock.leave()
        await until_let_in(house)


@pytest.mark.parametrize(("count", "let_in"), [(IN_ALL - 1, 8), (IN_ALL, 9), (IN_ALL + 2, 9)])
async def test_silent_sockets_of_many_addresses_are_limited_and_who_watches_goes_on(
    house: House, count: int, let_in: int
) -> None:
    async with house.neighbour():
        knocks = [
            await Knock.at(house.web, house.socket, FORGED, address=f"127.0.1.{number + 1}")
            for number in range(count)
        ]

        assert [knock.status for knock in knocks].count(101) == let_in
        for knock in knocks:
            await knock.leave()
        await until_let_in(house)


@pytest.mark.parametrize("addresses", [1, 5])
async def test_made_up_sessions_that_take_all_places_keep_nobody_out_who_has_signed_in(
    house: House, addresses: int
) -> None:
    knocks = [
        await Knock.at(house.web, house.socket, FORGED, address=f"127.0.2.{number % addresses + 1}")
        for number in range(IN_ALL)
    ]
    member = {"Cookie": f"sessionid={house.member}"}
    mine = await Knock.at(house.web, house.socket, member, address="127.0.2.1")
    forged = await Knock.at(house.web, house.socket, FORGED, address="127.0.2.1")

    assert [knock.status for knock in knocks].count(101) == (6 if addresses == 1 else 9)
    assert (mine.status, forged.status) == (101, 403)
    async with house.neighbour():
        pass
    for knock in [*knocks, mine, forged]:
        await knock.leave()
    await until_let_in(house)


async def until_let_in(house: House) -> None:
    """As soon as the server has seen that they left, there is room for as many again."""
    for _ in range(200):
        knocks = [await Knock.at(house.web, house.socket, FORGED) for _ in range(BY_ADDRESS)]
        for knock in knocks:
            await knock.leave()
        if all(knock.status == 101 for knock in knocks):
            return
        await asyncio.sleep(0.05)
    raise AssertionError("sockets that left are still counted")


async def test_a_silent_socket_is_closed_after_ten_seconds(house: House) -> None:
    knock = await Knock.at(house.web, house.socket, FORGED)

    assert await knock.close_code() == 4400
    await knock.leave()


@pytest.mark.parametrize(("size", "codes"), [(8192, {4400}), (8193, {4400}), (70_000, {4400, 1009, None})])
async def test_a_long_message_ends_the_socket_with_a_code(
    house: House, size: int, codes: set[int | None]
) -> None:
    knock = await Knock.at(house.web, house.socket, FORGED)

    await knock.send(b"a" * size)

    # A server that has not read all of it ends the connection with a reset, which may overtake the code.
    assert await knock.close_code() in codes
    await knock.leave()


async def test_a_page_of_another_origin_or_scheme_opens_no_socket(house: House) -> None:
    here = f"127.0.0.1:{house.web.port}"
    session = {"Cookie": f"sessionid={house.member}"}
    origins = {
        f"http://{here}": 101,
        f"https://{here}": 403,
        "http://127.0.0.1": 403,
        "https://evil.example": 403,
        "null": 403,
    }

    seen = {}
    for origin in origins:
        knock = await Knock.at(house.web, house.socket, {**session, "Origin": origin})
        seen[origin] = knock.status
        await knock.leave()
    behind_a_proxy = await Knock.at(
        house.web, house.socket, {**session, "Origin": f"https://{here}", "X-Forwarded-Proto": "https"}
    )
    await behind_a_proxy.leave()

    assert seen == origins
    assert behind_a_proxy.status == 101
    await until_let_in(house)


async def test_refusals_fill_no_log_and_put_nothing_of_the_client_s_into_it_raw(house: House) -> None:
    already = house.web.says().count("refused a WebSocket")

    for number in range(50):
        headers = {**FORGED, "Origin": f"https://evil.example/\x1b[31m{number}" + "a" * 2000}
        knock = await Knock.at(house.web, house.socket, headers)
        assert knock.status in (400, 403)
        await knock.leave()

    said = [line for line in house.web.says().splitlines() if "refused a WebSocket" in line]
    assert len(said) - already <= 10
    assert not any("\x1b[31m" in line or "a" * 200 in line for line in said)


# -- other sites' pages ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["lines", "download", "logs"])
def test_a_page_of_another_site_can_have_a_browser_ask_for_nothing(house: House, name: str) -> None:
    path = (
        house.stack.reverse("logtail:logs")
        if name == "logs"
        else house.stack.reverse(f"logtail:{name}", "app")
    )

    seen = {
        site: house.request("GET", path, house.member, {"Sec-Fetch-Site": site})[0]
        for site in ("cross-site", "same-site", "same-origin", "none")
    }
    status, _, body = house.request("GET", path, house.member, {"Sec-Fetch-Site": "cross-site"})

    assert seen == {"cross-site": 403, "same-site": 403, "same-origin": 200, "none": 200}
    assert (status, json.loads(body)["error"]) == (403, "cross-site")
    assert house.request("GET", path, house.member)[0] == 200


def test_the_page_is_framed_by_nobody(house: House) -> None:
    status, headers, _ = house.request("GET", house.stack.reverse("logtail:log", "app"), house.member)

    assert (status, headers["X-Frame-Options"]) == (200, "DENY")


# -- one file, one row -----------------------------------------------------------------------------


async def test_no_second_row_opens_a_file_that_is_not_for_everyone(house: House) -> None:
    audit = house.stack.add_log("audit", b"who did what\n", access="chosen")
    adder = house.stack.make_user("adder", staff=True, rights=["add_log"])
    fields = {
        "name": "Copy",
        "slug": "copy",
        "order": "0",
        "encoding": "utf-8",
        "enabled": "on",
        "access": "signed-in",
        "path": f"/{audit}",
        "queue": "other",
    }

    status, _, page = await asyncio.to_thread(
        house.request, "POST", "/admin/logtail/log/add/", adder, None, urllib.parse.urlencode(fields)
    )
    house.stack.call("add_log", validate=False, **{**fields, "order": 0, "enabled": True, "slug": "by-orm"})

    assert status == 200
    assert "Another log already has this file." in page.decode()
    assert "audit)" not in page.decode()
    async with Client(house.stack, house.web, "by-orm", house.member) as client:
        await client.until(lambda: client.state == "refused", 60)
        assert client.bytes == b""
    _, _, lines = await asyncio.to_thread(
        house.request, "GET", house.stack.reverse("logtail:lines", "by-orm"), house.member
    )
    assert b"who did what" not in lines
    # And the log that had the file first loses nothing by it.
    root = house.stack.make_user("root", staff=True, superuser=True)
    async with Client(house.stack, house.web, "audit", root) as client:
        await client.until(lambda: client.bytes == b"who did what\n", 60)
        await client.send({"type": "range", "request": 1, "file": client.place[0], "start": 0, "end": 5})
        await client.until(lambda: client.answers, 60)
        assert client.answers[0]["bytes"] == b"who d"


# -- forged messages -------------------------------------------------------------------------------

WRONG: list[Any] = [
    None, True, -1, 1.5, 2**53, 10**400, "", "x", "\x00", "\ud800", "../../etc/passwd", "a" * 3000, [], {}, [[]],
]  # fmt: skip
MESSAGES: list[dict[str, Any]] = [
    {"type": "ack", "file": "FILE", "offset": 0},
    {"type": "range", "request": 1, "file": "FILE", "start": 0, "end": 10},
    {"type": "range", "request": 1, "file": "FILE", "before": 5, "lines": 1},
    {
        "type": "search",
        "request": 1,
        "file": "FILE",
        "start": 0,
        "pattern": "line",
        "regex": False,
        "case": False,
    },
    {"type": "time", "request": 1, "at": 1_800_000_000_000},
    {"type": "cancel", "request": 1},
    {"type": "hold"},
    {"type": "release"},
    {"type": "stop"},
]
HELLO: dict[str, Any] = {"type": "hello", "protocol": 1, "ticket": "TICKET", "lines": 1, "resume": None}
#: What a server may answer to a message that nobody should send.
ENDS = {1000, 1009, 4400, 4401, 4408, 4426}


def forgeries(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The message with each of its fields wrong in every way, or missing."""
    for name in message:
        yield {field: value for field, value in message.items() if field != name}
        for wrong in WRONG:
            yield {**message, name: wrong}


async def answers_to(client: Client, message: dict[str, Any]) -> bool:
    """Whether the viewer is still served after the message; if not, it was closed with a code of the protocol."""
    before = len(client.answers)
    with contextlib.suppress(ConnectionClosed):
        await client.send(message)
        await client.send({"type": "range", "request": 99, "file": client.place[0], "start": 0, "end": 5})
    await client.until(
        lambda: (
            client.close_code is not None
            or any(answer.get("request") == 99 for answer in client.answers[before:])
        ),
        60,
    )
    if client.close_code is None:
        return True
    if client.close_code == 1006:
        # The second message came to a closed connection and reset it, which may overtake the code: without it.
        async with Client(client.stack, client.web, client.slug, client.session) as again:
            await again.until(lambda: again.place, 60)
            await again.send(message)
            await again.until_closed(60)
        client = again
    assert client.close_code in ENDS, (message, client.close_code)
    assert client.close_code == 1009 or client.ended is not None
    return False


async def test_every_field_of_every_message_forged_harms_nobody_else(house: House) -> None:
    chance = random.Random(8)
    async with house.neighbour():
        for message in MESSAGES:
            todo = list(forgeries(message))
            chance.shuffle(todo)
            if house.web.name == "web (daphne)":
                # What a message means is decided behind the server.
                todo = todo[:: at_length(1, short=5)]
            while todo:
                async with Client(house.stack, house.web, "app", house.member) as client:
                    await client.until(lambda client=client: client.place, 60)
                    while todo:
                        forged = todo.pop()
                        if forged.get("file") == "FILE":
                            forged = {**forged, "file": client.place[0]}
                        try:
                            if not await answers_to(client, forged):
                                break
                        except Exception as error:
                            raise AssertionError(f"{forged}: {error}") from error

    assert "Traceback" not in house.web.says()


async def test_every_field_of_a_hello_forged_harms_nobody(house: House) -> None:
    async with house.neighbour():
        ticket = await asyncio.to_thread(house.stack.ticket, house.web, "app", house.member)
        places: list[Any] = [{}, {"file": "x"}, {"file": "x", "offset": -1}, {"file": "\u00e9", "offset": 0}]
        for forged in [*forgeries(HELLO), *({**HELLO, "resume": place} for place in places)]:
            if forged.get("ticket") == "TICKET":
                forged["ticket"] = ticket
            knock = await Knock.at(house.web, house.socket, {"Cookie": f"sessionid={house.member}"})
            await knock.send(json.dumps(forged).encode())
            if forged.get("type") == "hello" and forged.get("protocol") == 1 and is_sound(forged):
                await knock.leave()
                continue
            assert await knock.close_code() in ENDS, forged
            await knock.leave()

    assert "Traceback" not in house.web.says()


def is_sound(hello: dict[str, Any]) -> bool:
    """Whether the hello is one that a client may send."""
    lines = hello.get("lines")
    return (
        len(str(hello.get("ticket"))) > 30
        and isinstance(lines, int)
        and not isinstance(lines, bool)
        and 0 <= lines <= 10_000
        and hello.get("resume") is None
        and not str(hello.get("ticket")).startswith("aaa")
    )


# -- one state of a row ----------------------------------------------------------------------------


#: Logs that are changed, and viewers of each that lose it, and that keep it.
RE_POINTED, HALF = at_length((6, 3), short=(3, 2))


@pytest.fixture(params=["local", "dramatiq"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Stack, Web]]:
    """An installation with the reader in one of its two homes."""
    if request.param == "dramatiq" and not has_redis():
        absent("a redis-server")
    with Stack(tmp_path / "stack", logtail={"READER": request.param}) as stack:
        if request.param == "dramatiq":
            stack.start_redis()
            stack.start_worker()
        yield stack, stack.start_web()


async def test_a_row_that_is_re_pointed_and_narrowed_shows_its_new_file_to_none_of_those_who_lose_it(
    home: tuple[Stack, Web],
) -> None:
    """Some logs, each with viewers of whom half lose access, each changed at a moment of its own."""
    stack, web = home
    chance = random.Random()
    keep = [stack.make_user(f"keep{number}", staff=True) for number in range(HALF)]
    lose = [stack.make_user(f"lose{number}") for number in range(HALF)]
    slugs = [f"log{number}" for number in range(RE_POINTED)]
    for slug in slugs:
        stack.add_log(slug, b"for everyone\n")
        (stack.logs / f"{slug}-secret.log").write_bytes(b"SECRET from the beginning\n")

    async def one(slug: str) -> None:
        secret = stack.logs / f"{slug}-secret.log"
        async with contextlib.AsyncExitStack() as open_viewers:
            viewers = {
                session: await open_viewers.enter_async_context(Client(stack, web, slug, session))
                for session in [*keep, *lose]
            }
            for viewer in viewers.values():
                await viewer.until(lambda viewer=viewer: b"for everyone\n" in viewer.bytes, 60)
            await asyncio.sleep(chance.uniform(0, 15))
            await asyncio.to_thread(stack.call, "change_log", slug, path=str(secret), access="staff")
            with secret.open("ab", buffering=0) as file:
                for _ in range(400):
                    file.write(b"SECRET and more of it\n")
                    await asyncio.sleep(0.05)
                    if all(viewer.close_code is not None for viewer in viewers.values()):
                        break
            for viewer in viewers.values():
                await viewer.until_closed(60)
            for session, viewer in viewers.items():
                assert b"SECRET" not in viewer.arrived + viewer.partial
                assert viewer.close_code == (4503 if session in keep else 4403)
        async with Client(stack, web, slug, keep[0]) as again:
            await again.until(lambda: b"SECRET from the beginning" in again.bytes, 60)

    await asyncio.gather(*(one(slug) for slug in slugs))
