"""Members of patterns, found by a worker while somebody has the list open, and watched."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.request
import uuid
from typing import Any

import pytest
import redis

from tests.client import Client
from tests.stack import Running, Stack, Web, wait_until

pytestmark = [pytest.mark.redis, pytest.mark.whole]

#: Seconds for what takes a few.
PATIENCE = 60.0


def listed(web: Web, session: str) -> dict[str, dict[str, Any]]:
    """By slug, the logs of the list, as an open page asks for it."""
    asked = urllib.request.Request(f"{web.url}/logs/-/logs/", headers={"Cookie": f"sessionid={session}"})
    with urllib.request.urlopen(asked, timeout=60) as answer:
        return {log["slug"]: log for log in json.load(answer)["logs"]}


async def until(web: Web, session: str, slugs: set[str]) -> dict[str, dict[str, Any]]:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = await asyncio.to_thread(listed, web, session)
        if slugs <= found.keys():
            return found
        await asyncio.sleep(0.5)
    raise AssertionError(f"{slugs - found.keys()} are not in the list")


async def test_files_appear_in_the_open_list_are_watched_and_leave_with_their_pattern(
    stack: Stack, web: Web, worker: Running, member: str
) -> None:
    for name in ("shop", "blog"):
        (stack.logs / name).mkdir()
        (stack.logs / name / "a.log").write_bytes(b"of %s\n" % name.encode())
        stack.call("add_log", name=name.title(), slug=name, path=f"{stack.logs}/{name}/*.log", follow="each")

    found = await until(web, member, {"shop-a", "blog-a"})
    assert (found["shop-a"]["name"], found["shop-a"]["group"], found["blog-a"]["group"]) == (
        "a.log",
        "Shop",
        "Blog",
    )
    assert {"shop", "blog"}.isdisjoint(found)
    began = time.monotonic()
    for name in "bcd":
        (stack.logs / "shop" / f"{name}.log").touch()
    await until(web, member, {"shop-b", "shop-c", "shop-d"})
    print(f"new files: {time.monotonic() - began:.1f} s")

    async with (
        Client(stack, web, "shop-a", member) as lost,
        Client(stack, web, "blog-a", member) as kept,
    ):
        await lost.until(lambda: lost.bytes == b"of shop\n", PATIENCE)
        await kept.until(lambda: kept.bytes == b"of blog\n", PATIENCE)
        began = time.monotonic()
        stack.call("narrow", "shop", "staff")
        assert await lost.until_closed(PATIENCE) == 4403
        print(f"narrowed: {time.monotonic() - began:.1f} s")
        (stack.logs / "shop" / "a.log").write_bytes(b"of shop\nsecret\n")
        with (stack.logs / "blog" / "a.log").open("ab") as file:
            file.write(b"more\n")
        await kept.until(lambda: kept.bytes == b"of blog\nmore\n", PATIENCE)
        assert b"secret" not in lost.bytes
    assert not [slug for slug in await asyncio.to_thread(listed, web, member) if slug.startswith("shop-")]
    assert "Traceback" not in worker.says()


async def test_a_link_that_comes_to_lead_out_of_the_roots_is_not_read(
    stack: Stack, web: Web, worker: Running, member: str
) -> None:
    """Between two looks at the directory: the reader decides by the open file."""
    (stack.logs / "links").mkdir()
    (stack.folder / "secret.log").write_bytes(b"secret\n")
    (stack.logs / "links" / "a.log").write_bytes(b"one\n")
    (stack.logs / "links" / "b.log").write_bytes(b"two\n")
    stack.call("add_log", name="Links", slug="links", path=f"{stack.logs}/links/*.log", follow="each")
    await until(web, member, {"links-a", "links-b"})
    (stack.logs / "links" / "a.log").unlink()
    (stack.logs / "links" / "a.log").symlink_to(stack.folder / "secret.log")

    async with (
        Client(stack, web, "links-a", member) as refused,
        Client(stack, web, "links-b", member) as read,
    ):
        await read.until(lambda: read.bytes == b"two\n", PATIENCE)
        await refused.until(lambda: refused.statuses and refused.statuses[-1]["state"] == "refused", PATIENCE)

    assert refused.bytes == b""


def test_a_task_that_somebody_moved_to_another_host_s_queue_is_not_done_there(
    stack: Stack, worker: Running
) -> None:
    """It would hide the files of its own host, and register those of the wrong one."""
    for queue in ("web-2", "logtail"):
        (stack.logs / queue).mkdir()
        (stack.logs / queue / "a.log").touch()
        path = f"{stack.logs}/{queue}/*.log"
        stack.call("add_log", name=queue, slug=queue, path=path, follow="each", queue=queue)
    client = redis.Redis(port=stack.redis_port)
    for queue in ("web-2", "logtail"):
        question = stack.call("question_text", queue, "moved", "suggest", {"prefix": "/"})
        for actor, arguments in (("logtail_look", [queue, question]), ("logtail_members", [queue])):
            name = str(uuid.uuid4())
            task = {"queue_name": "logtail", "actor_name": actor, "args": arguments, "kwargs": {}}
            task |= {"options": {"redis_message_id": name}, "message_id": name}
            task["message_timestamp"] = int(time.time() * 1000)
            client.hset("dramatiq:logtail.msgs", name, json.dumps(task))
            client.rpush("dramatiq:logtail", name)

    wait_until(lambda: client.hvals("dramatiq:logtail.msgs") == [], PATIENCE, "the end of all")

    assert [bool(stack.call("take_answer", queue, "moved")) for queue in ("web-2", "logtail")] == [
        False,
        True,
    ]
    assert stack.call("slugs") == ["logtail", "logtail-a", "web-2"]
