"""Two web processes that share a Redis: what one refuses or learns, the other does too."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import pytest
import redis

from tests.client import Client
from tests.stack import Running, Stack, Web

pytestmark = [pytest.mark.redis, pytest.mark.whole]

#: The next regular look at a viewer's access comes 11 to 18 s after the last one.
BEFORE_THE_ROUND = 10.0


@pytest.fixture(scope="module")
def other(installation: Stack, worker: Running) -> Iterator[Web]:
    web = installation.start_web()
    yield web
    web.stop()


async def test_a_ticket_that_one_process_has_used_opens_nothing_in_the_other(
    stack: Stack, web: Web, other: Web, member: str
) -> None:
    stack.add_log("tickets", b"a line\n")
    ticket = await asyncio.to_thread(stack.ticket, web, "tickets", member)

    async with Client(stack, web, "tickets", member, ticket=ticket) as client:
        await client.until_live(60)
        async with Client(stack, other, "tickets", member, ticket=ticket) as thief:
            code = await thief.until_closed(60)
    assert (code, thief.hello) == (4401, None)


@pytest.mark.parametrize("change", ["deactivate", "leave", "narrow"])
async def test_who_loses_access_anywhere_is_disconnected_everywhere_before_the_next_round(
    stack: Stack, web: Web, other: Web, change: str
) -> None:
    """The change is made by a process that serves no pages. Another user's viewer goes on."""
    lost, kept = f"lost-{change}", f"kept-{change}"
    sessions = [
        await asyncio.to_thread(stack.make_user, lost, groups=(f"watchers-{change}",)),
        await asyncio.to_thread(stack.make_user, kept, staff=True, superuser=True),
    ]
    access = "signed-in" if change != "leave" else "chosen"
    stack.add_log(change, b"a line\n", access=access)
    if change == "leave":
        stack.call("choose", change, users=(), groups=(f"watchers-{change}",))

    async with (
        Client(stack, web, change, sessions[0]) as first,
        Client(stack, other, change, sessions[0]) as second,
        Client(stack, other, change, sessions[1]) as neighbour,
    ):
        for client in (first, second, neighbour):
            await client.until_live(60)
        began = time.monotonic()
        if change == "deactivate":
            stack.call("deactivate", lost)
        elif change == "leave":
            stack.call("leave_groups", lost)
        else:
            stack.call("narrow", change, "staff")
        codes = [await client.until_closed(60) for client in (first, second)]
        seconds = time.monotonic() - began
        await asyncio.sleep(1)
        left = neighbour.close_code
    print(f"{change}: {seconds:.2f} s")

    assert codes == [{"deactivate": 4401}.get(change, 4403)] * 2
    assert seconds < BEFORE_THE_ROUND
    # Another revision of the row is another viewing, to which the page returns by itself.
    assert left == (4503 if change == "narrow" else None)


async def test_who_is_ended_by_staff_reads_why_in_every_process_and_a_neighbour_goes_on(
    stack: Stack, web: Web, other: Web
) -> None:
    mine, others = [await asyncio.to_thread(stack.make_user, name) for name in ("ended", "not-ended")]
    stack.add_log("ended", b"a line\n")

    async with (
        Client(stack, web, "ended", mine) as first,
        Client(stack, other, "ended", mine) as second,
        Client(stack, other, "ended", others) as neighbour,
    ):
        names = []
        for client in (first, second, neighbour):
            await client.until_live(60)
            assert client.hello is not None
            names.append(client.hello["session"])
        await asyncio.to_thread(stack.call, "end_viewings", names[:2], "maintenance")
        codes = [await client.until_closed(60) for client in (first, second)]
        # Whoever can write to Redis can repeat it, and change it; neither ends anybody.
        with redis.Redis(port=stack.redis_port) as server:
            (key,) = server.keys("*:changes")
            (told,) = [member for member in server.zrange(key, 0, -1) if member.startswith(b"end|")]
            until = server.zscore(key, told)
            forged = told.replace(names[0].encode(), names[2].encode())
            server.zadd(key, {told: until + 1_000, forged: until})
        async with Client(stack, web, "ended", mine) as again:
            await again.until_live(60)
            await asyncio.sleep(1.5)
            left = (again.close_code, neighbour.close_code)

    assert codes == [4410, 4410]
    for client in (first, second):
        assert client.ended == {
            "type": "end",
            "reason": "ended",
            "text": "An administrator ended this view: “maintenance”.",
            "may_retry": False,
            "note": "maintenance",
        }
    assert left == (None, None)
