"""Limits per user over two web processes that share nothing but a Redis, as on two hosts."""

from __future__ import annotations

import asyncio
import contextlib
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import redis

from tests.attack.knocking import Knock
from tests.client import Client
from tests.conftest import absent
from tests.stack import Running, Stack, Web, has_redis, wait_until

pytestmark = [pytest.mark.redis, pytest.mark.whole]

LIMITS: dict[str, Any] = {
    "MAX_VIEWERS_PER_USER": 3,
    "CONNECTS_PER_MINUTE_PER_USER": 30,
    "BYTES_PER_DAY_PER_USER": 300_000,
    "MAX_FAILED_HANDSHAKES_PER_ADDRESS": 3,
}
LINES = b"".join(b"line %06d of a log\n" % number for number in range(10_000))  # 210,000 bytes


@dataclass
class Hosts:
    stack: Stack
    webs: list[Web]
    worker: Running

    def start_web(self, number: int) -> Web:
        """With a count of its own, as on another host."""
        folder = self.stack.folder / f"host-{number}"
        folder.mkdir(exist_ok=True)
        return self.stack.start_web(environment={"LOGTAIL_RUNTIME_DIR": str(folder)})


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosts]:
    if not has_redis():
        absent("a redis-server")
    with Stack(tmp_path_factory.mktemp("limits"), logtail=LIMITS) as stack:
        stack.start_redis()
        found = Hosts(stack, [], stack.start_worker())
        found.webs = [found.start_web(1), found.start_web(2)]
        stack.add_log("small", b"a line\n")
        stack.add_log("large", LINES)
        yield found


async def opened(hosts: Hosts, web: Web, session: str, stack: contextlib.AsyncExitStack) -> Any:
    """The viewer, if it is let in; else how it was refused."""
    client = Client(hosts.stack, web, "small", session, lines=1)
    await stack.enter_async_context(client)
    await client.until(lambda: client.hello is not None or client.close_code is not None)
    if client.close_code is None:
        return client
    assert client.ended is not None
    names = ("reason", "limit", "retry_after", "may_retry")
    return client.close_code, *(client.ended.get(name) for name in names)


def asked(hosts: Hosts, web: Web, session: str, route: str) -> tuple[int, str | None, dict[str, Any]]:
    """Status, `Retry-After` and body of an answer over HTTP."""
    request = urllib.request.Request(
        web.url + hosts.stack.reverse(route, "small"), headers={"Cookie": f"sessionid={session}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.headers["Retry-After"], {}
    except urllib.error.HTTPError as error:
        return error.code, error.headers["Retry-After"], json.load(error)


def most_read(hosts: Hosts) -> int:
    """The most that Redis knows of that any user has read."""
    with redis.Redis(port=hosts.stack.redis_port) as client:
        return max((int(client.get(key) or 0) for key in client.keys("*:spent:bytes:*")), default=0)


async def test_open_logs_are_counted_over_both_and_a_neighbour_has_as_many(hosts: Hosts) -> None:
    first, second = hosts.webs
    mine = hosts.stack.make_user("viewer")
    other = hosts.stack.make_user("neighbour")

    async with contextlib.AsyncExitStack() as stack:
        clients = [await opened(hosts, web, mine, stack) for web in (first, first, second)]
        refused = [await opened(hosts, web, mine, stack) for web in hosts.webs]
        over_http = await asyncio.to_thread(asked, hosts, second, mine, "logtail:lines")
        neighbours = [await opened(hosts, web, other, stack) for web in (first, second, second)]
        await clients[0].socket.close()
        again = await opened(hosts, second, mine, stack)
        full = await opened(hosts, first, mine, stack)

    assert all(isinstance(client, Client) for client in (*clients, *neighbours, again))
    assert refused == [(4409, "too-many-viewers", 3, 5, False)] * 2
    assert full == (4409, "too-many-viewers", 3, 5, False)
    assert over_http == (
        429,
        "5",
        {
            "error": "too-many-viewers",
            "text": "You already have 3 logs open, which is the limit. Close one and try again.",
            "limit": 3,
            "retry_after": 5,
        },
    )


async def test_places_of_a_killed_process_are_free_soon_and_those_of_another_are_not(hosts: Hosts) -> None:
    killed = await asyncio.to_thread(hosts.start_web, 3)
    mine = hosts.stack.make_user("survivor")

    async with contextlib.AsyncExitStack() as stack:
        for web in (killed, killed, hosts.webs[0]):
            assert isinstance(await opened(hosts, web, mine, stack), Client)
        killed.kill()
        seen = []
        while not isinstance(outcome := await opened(hosts, hosts.webs[1], mine, stack), Client):
            seen.append(outcome)
            await asyncio.sleep(0.5)
        one_more = await opened(hosts, hosts.webs[1], mine, stack)
        refused = await opened(hosts, hosts.webs[1], mine, stack)

    assert isinstance(one_more, Client)
    assert refused[:2] == (4409, "too-many-viewers")
    # Until it is clear that it died, whoever is refused may be told to try again by themselves.
    assert {outcome[:3] for outcome in seen} <= {(4409, "too-many-viewers", 3)}
    assert len(seen) < 20


async def test_connects_are_counted_over_both_until_the_minute_ends(hosts: Hosts) -> None:
    mine, other = hosts.stack.make_user("knocker"), hosts.stack.make_user("caller")
    outcomes = []
    for number in range(31):
        async with contextlib.AsyncExitStack() as stack:
            outcomes.append(await opened(hosts, hosts.webs[number % 2], mine, stack))
    async with contextlib.AsyncExitStack() as stack:
        neighbour = await opened(hosts, hosts.webs[0], other, stack)

    refused = [outcome for outcome in outcomes if not isinstance(outcome, Client)]
    assert isinstance(neighbour, Client)
    assert len(refused) == 1
    assert not isinstance(outcomes[-1], Client)
    code, reason, limit, retry_after, may_retry = refused[0]
    assert (code, reason, limit, may_retry) == (4409, "too-many-connects", 30, True)
    assert 0 < retry_after <= 60


async def test_bytes_of_a_day_are_counted_over_both_and_end_everything(hosts: Hosts) -> None:
    mine, other = hosts.stack.make_user("reader"), hosts.stack.make_user("moderate")

    async with Client(hosts.stack, hosts.webs[0], "large", mine, lines=10_000) as first:
        await first.until(lambda: len(first.bytes) == len(LINES))
        # Each process says every second what it has sent.
        await asyncio.to_thread(wait_until, lambda: most_read(hosts) >= len(LINES))
        async with Client(hosts.stack, hosts.webs[1], "large", mine, lines=10_000) as second:
            codes = [await second.until_closed()]
            while first.close_code is None:  # it learns of the sum with what it is sent
                with (hosts.stack.logs / "large.log").open("ab") as file:
                    file.write(b"one more\n")
                await asyncio.sleep(0.1)
            codes.append(first.close_code)
    async with contextlib.AsyncExitStack() as stack:
        again = await opened(hosts, hosts.webs[0], mine, stack)
        neighbour = await opened(hosts, hosts.webs[1], other, stack)
    over_http = {
        route: await asyncio.to_thread(asked, hosts, web, mine, f"logtail:{route}")
        for web, route in zip(hosts.webs, ("download", "lines"), strict=True)
    }

    assert codes == [4409, 4409]
    assert len(second.bytes) < len(LINES)
    for ended in (first.ended, second.ended):
        assert ended is not None
        assert (ended["reason"], ended["limit"], ended["may_retry"]) == ("too-many-bytes", 300_000, False)
        assert 0 < ended["retry_after"] <= 90_000
    assert again[:3] == (4409, "too-many-bytes", 300_000)
    assert isinstance(neighbour, Client)
    for status, retry_after, body in over_http.values():
        assert (status, body["error"], body["limit"]) == (429, "too-many-bytes", 300_000)
        assert retry_after == str(body["retry_after"])


async def test_without_redis_each_host_counts_alone_and_afterwards_together_again(hosts: Hosts) -> None:
    mine = hosts.stack.make_user("patient")

    async with contextlib.AsyncExitStack() as stack:
        before = [await opened(hosts, hosts.webs[0], mine, stack) for _ in range(3)]
        assert hosts.stack.redis is not None
        hosts.stack.redis.kill()
        here = await opened(hosts, hosts.webs[0], mine, stack)
        elsewhere = await opened(hosts, hosts.webs[1], mine, stack)
        hosts.stack.start_redis()
        # Four are open: none may be added, as soon as both have said what they hold.
        outcomes = []
        while not outcomes or isinstance(outcomes[-1], Client):
            outcomes.append(await opened(hosts, hosts.webs[1], mine, stack))
            if isinstance(outcomes[-1], Client):
                await outcomes[-1].socket.close()
                await asyncio.sleep(0.5)

    assert all(isinstance(client, Client) for client in (*before, elsewhere))
    assert here[:2] == (4409, "too-many-viewers")
    assert outcomes[-1][:2] == (4409, "too-many-viewers")


async def test_an_address_whose_handshakes_fail_waits_and_signed_in_people_behind_it_do_not(
    hosts: Hosts,
) -> None:
    old, new = hosts.stack.make_user("colleague"), hosts.stack.make_user("new-colleague")
    async with contextlib.AsyncExitStack() as stack:
        assert isinstance(await opened(hosts, hosts.webs[0], old, stack), Client)
    hello = b'{"type": "hello", "protocol": 1, "ticket": "forged", "lines": 1, "resume": null}'
    path = hosts.stack.reverse("logtail:socket", "small")

    async def knocks(number: int) -> int:
        knock = await Knock.at(hosts.webs[0], path, {"Cookie": f"sessionid=forged{number:026}"})
        if knock.status == 101:
            await knock.send(hello)
            said = b""
            while b"\x88" not in said:  # a frame that closes
                more = await knock.reader.read(4_096)
                assert more, said
                said += more
        knock.writer.close()
        return knock.status

    # On a slow machine the first waits are over before the next knock.
    seen = [await knocks(0)]
    while seen[-1] == 101 and len(seen) < 12:
        seen.append(await knocks(len(seen)))
    async with contextlib.AsyncExitStack() as stack:
        let_in = [await opened(hosts, hosts.webs[0], session, stack) for session in (old, new)]

    assert seen[:4] == [101] * 4
    assert seen[-1] == 429
    assert all(isinstance(client, Client) for client in let_in)
