"""Somebody sees the original of redacted lines, for one viewing; nobody beside them gets a byte of it.

With a real Redis, worker and web server.
"""

from __future__ import annotations

import asyncio
import json
import urllib.error
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.client import Client
from tests.conftest import absent
from tests.e2e.test_recorded import rows
from tests.e2e.test_redacted import RULES, Heard, answer, leaks
from tests.reader.test_redacting import LEAKS, planted
from tests.stack import Stack, Web, has_redis, wait_until

pytestmark = [pytest.mark.redis, pytest.mark.whole, pytest.mark.main]

ASKED = {"reason": "Order 48213 was paid twice", "minutes": "15"}


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stack, Web]]:
    if not has_redis():
        absent("a redis-server")
    folder = tmp_path_factory.mktemp("originals") / "stack"
    logtail = {"READER": "dramatiq", "REDACT": RULES, "AUDIT": True}
    with Stack(folder, logtail=logtail) as stack:
        stack.start_redis()
        stack.start_worker()
        yield stack, stack.start_web()


@pytest.fixture(scope="module")
def sessions(host: tuple[Stack, Web]) -> dict[str, str]:
    stack, _ = host
    right = ("see_unredacted_log",)
    return {
        "ann": stack.make_user("ann", staff=True, rights=right),
        "bob": stack.make_user("bob", staff=True),
        "eve": stack.make_user("eve", staff=True, rights=right),
        "pat": stack.make_user("pat", rights=right),
    }


@pytest.fixture
def path(host: tuple[Stack, Web], request: pytest.FixtureRequest) -> Iterator[Path]:
    stack, _ = host
    yield stack.add_log("app", planted(3).encode())
    stack.remove_logs()


def originals(stack: Stack) -> list[dict[str, Any]]:
    return [row for row in rows(stack, "logtail_viewingevent") if row["action"] == "original"]


def found_by(client: Client) -> str:
    """The lines that a client's searches found."""
    hits = [hit for one in client.answers if one["type"] == "found" for hit in one["hits"]]
    return "\n".join("".join(hit["parts"]) for hit in hits)


def is_look(said: str) -> bool:
    """Whether a command to Redis is that of a reader which looks for changed wants."""
    return said.startswith("ZRANGEBYSCORE") and ":changed" in said


def is_refused(stack: Stack, web: Web, session: str, **fields: str) -> tuple[int, str]:
    with pytest.raises(urllib.error.HTTPError) as error:
        stack.ticket(web, "app", session, **fields)
    with error.value as answer:
        return answer.code, json.load(answer)["error"]


async def test_one_sees_the_original_while_her_neighbours_get_no_byte_of_it(
    host: tuple[Stack, Web], sessions: dict[str, str], path: Path
) -> None:
    """Neither another user in the same log at the same time, nor she herself in another tab or by another way."""
    stack, web = host
    async with (
        Client(stack, web, "app", sessions["bob"]) as bob,
        Client(stack, web, "app", sessions["ann"], original=ASKED) as ann,
        Client(stack, web, "app", sessions["ann"]) as tab,
        Client(stack, web, "app", sessions["eve"], lines=1) as eve,
    ):
        clients = (bob, ann, tab)
        for client in (*clients, eve):
            await client.until_live()
        with path.open("ab") as file:
            file.write(planted(3).encode() + b"begun s3cretMail@shop.example")
        whole = path.read_bytes()
        lines = whole[: whole.rindex(b"\n") + 1]
        for client in clients:
            await client.until(lambda client=client: len(client.bytes) >= len(lines))
        await ann.until(lambda: ann.partial)
        await eve.until(lambda: len(eve.bytes) > len(lines) // 2)
        for client in (*clients, eve):
            asked = {"type": "search", "request": 1, "order": "newest", "pattern": "s3cret"}
            await client.send(asked)
            assert client.place is not None
            await client.send(
                {"type": "range", "request": 2, "file": client.place[0], "start": 0, "end": len(lines)}
            )
            await client.until(
                lambda client=client: [one["type"] for one in client.answers].count("done") == 2
            )

        assert ann.hello is not None
        assert ann.hello["original"] == {"seconds": 900, "reason": "Order 48213 was paid twice"}
        assert bytes(ann.bytes) == lines
        assert ann.partial == b"begun s3cretMail@shop.example"
        assert len(leaks(found_by(ann))) > 5
        for client in (bob, tab, eve):
            assert client.hello is not None
            assert (client.hello["redacted"], client.hello.get("original")) == (True, None)
            assert ("original" in client.hello["can"]) is (client is not bob)
            assert client.partial == b""
            assert leaks(bytes(client.arrived).decode()) == []
            assert leaks(found_by(client)) == leaks(str(client.answers)) == []
            assert [one["found"] for one in client.answers if one["type"] == "done" and "found" in one] == [0]
        for way in ("download/", "lines/?lines=1000"):
            assert leaks(answer(web, sessions["ann"], f"/logs/app/{way}").decode()) == []


async def test_the_reason_is_recorded_before_and_the_end_after(
    host: tuple[Stack, Web], sessions: dict[str, str], path: Path
) -> None:
    stack, web = host
    before = len(originals(stack))
    async with Client(stack, web, "app", sessions["ann"], original=ASKED) as ann:
        await ann.until_live()
        await asyncio.to_thread(wait_until, lambda: len(originals(stack)) > before)
        begun = originals(stack)[-1]
    await asyncio.to_thread(wait_until, lambda: originals(stack)[-1]["outcome"])

    assert json.loads(begun["detail"]) == {"reason": "Order 48213 was paid twice", "minutes": 15}
    assert (begun["user_name"], begun["slug"], begun["ended"]) == ("ann", "app", None)
    assert begun["viewing_id"]
    assert originals(stack)[-1]["outcome"] == "left"


async def test_another_viewing_is_redacted_again_wherever_it_continues(
    host: tuple[Stack, Web], sessions: dict[str, str], path: Path
) -> None:
    stack, web = host
    ticket = stack.ticket(web, "app", sessions["ann"], **ASKED)
    async with Client(stack, web, "app", sessions["ann"], ticket=ticket) as ann:
        await ann.until(lambda: leaks(bytes(ann.bytes).decode()))
        place = next(place for kind, place, *_ in ann.items if kind == "bytes")
    async with Client(stack, web, "app", sessions["ann"], ticket=ticket) as again:
        await again.until_closed()
        assert again.ended is not None
        assert (again.ended["reason"], bytes(again.bytes)) == ("bad-ticket", b"")
    async with Client(stack, web, "app", sessions["ann"], resume=place) as again:
        await again.until(lambda: len(again.bytes) >= len(ann.bytes))
        assert leaks(bytes(again.bytes).decode()) == []


@pytest.mark.parametrize("who", ["ann", "bob", "pat"])
async def test_nobody_else_can_use_a_ticket_for_the_original(
    host: tuple[Stack, Web], sessions: dict[str, str], path: Path, who: str
) -> None:
    stack, web = host
    ticket = stack.ticket(web, "app", sessions["eve"], **ASKED)
    async with Client(stack, web, "app", sessions[who], ticket=ticket) as client:
        await client.until_closed()

    assert client.ended is not None
    assert (client.ended["reason"], bytes(client.arrived)) == ("bad-ticket", b"")


@pytest.mark.parametrize("who", ["bob", "pat"])
def test_without_the_right_there_is_no_such_ticket(
    host: tuple[Stack, Web], sessions: dict[str, str], path: Path, who: str
) -> None:
    stack, web = host

    assert is_refused(stack, web, sessions[who], **ASKED) == (403, "not-allowed")
    wait_until(
        lambda: any(
            (row["action"], row["user_name"], json.loads(row["detail"]).get("what"))
            == ("refused", who, "see_unredacted")
            for row in rows(stack, "logtail_viewingevent")
        )
    )


async def test_losing_the_right_ends_it_at_once_and_redacts_whatever_follows(
    host: tuple[Stack, Web], path: Path
) -> None:
    stack, web = host
    session = stack.make_user("zoe", staff=True, rights=("see_unredacted_log",))
    ticket = stack.ticket(web, "app", session, **ASKED)
    async with (
        Client(stack, web, "app", session, original=ASKED) as zoe,
        Client(stack, web, "app", session) as tab,
    ):
        for client in (zoe, tab):
            await client.until_live()
        await asyncio.to_thread(stack.call, "take_right", "zoe", "see_unredacted_log")
        await zoe.until_closed()
        with path.open("ab") as file:
            file.write(b"after s3cretMail@shop.example\n")
        await tab.until(lambda: b"after" in tab.bytes)

        assert zoe.ended is not None
        assert (zoe.ended["reason"], zoe.ended["may_retry"], zoe.close_code) == ("original-over", True, 1000)
        assert b"after" not in zoe.arrived
        assert tab.bytes.endswith(b"after *********" + b"*" * 14 + b"\n")
    async with Client(stack, web, "app", session, ticket=ticket) as late:
        await late.until_closed()
        assert late.ended is not None
        assert (late.ended["reason"], bytes(late.arrived)) == ("original-refused", b"")
    assert is_refused(stack, web, session, **ASKED) == (403, "not-allowed")


async def test_a_want_that_was_forged_copied_or_changed_in_redis_shows_nothing(
    host: tuple[Stack, Web], sessions: dict[str, str], path: Path
) -> None:
    """By somebody who can read and write Redis, but doesn't know the key."""
    stack, web = host
    server = redis.Redis(port=stack.redis_port)
    [wants] = [key for key in server.scan_iter() if key.endswith(b":wants")] or [b""]
    async with Client(stack, web, "app", sessions["bob"]) as bob:
        await bob.until_live()
        async with Client(stack, web, "app", sessions["ann"], original=ASKED) as ann:
            await ann.until_live()
            [wants] = [key for key in server.scan_iter() if key.endswith(b":wants")]
            found = server.hgetall(wants)
        [(hers, text)] = [(one, said) for one, said in found.items() if b"original_until" in said]
        [(his, plain)] = [(one, said) for one, said in found.items() if b"original_until" not in said]
        until = json.loads(text.partition(b"\n")[0])["original_until"]
        longer = text.replace(str(until).encode(), str(until + 3_000).encode())
        added = plain.replace(b'{"v"', b'{"original_until":%d,"v"' % (until + 30))
        assert len({text, longer, plain, added}) == 4
        # Hers ends with her viewing, on a busy machine a moment later.
        await asyncio.to_thread(wait_until, lambda: hers not in server.hgetall(wants))
        heard = Heard(stack.redis_port)
        for member, said in ((his, text), (hers, longer), (his, added), (hers[:-1] + b"x", text)):
            family = wants.removesuffix(b":wants")
            server.hset(wants, member, said)
            server.zincrby(family + b":expiry", 60_000, member)
            version = server.hincrby(family + b":version", "n", 1)
            server.zadd(family + b":changed", {member: version})
        # The reader has looked at all of them.
        looks = [said for said in heard.said if is_look(said)]
        await asyncio.to_thread(
            wait_until, lambda: len([said for said in heard.said if is_look(said)]) >= len(looks) + 2
        )
        with path.open("ab") as file:
            file.write(b"after s3cretMail@shop.example\n")
        await bob.until(lambda: b"after" in bob.bytes)
        await asyncio.to_thread(wait_until, lambda: any("after *****" in said for said in heard.said))

        # Neither to anybody, nor to the mailbox of the web process.
        assert leaks("\n".join(heard.said)) == []
        heard.close()
        assert leaks(bytes(bob.arrived).decode()) == []
        assert not any(secret.encode() in bob.arrived for secret in LEAKS)
    server.close()
