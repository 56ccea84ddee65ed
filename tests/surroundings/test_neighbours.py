"""Two projects on one Redis, with the same queue, broker and channel layer; and one project that rotates its key."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from http.cookies import SimpleCookie
from pathlib import Path

import pytest

from tests.client import Client
from tests.conftest import absent
from tests.length import at_length
from tests.stack import Stack, Web, has_redis, wait_until

pytestmark = [pytest.mark.redis, pytest.mark.whole]

ANOTHER = "tests.surroundings.another"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Stack]:
    if not has_redis():
        absent("a redis-server")
    with Stack(
        tmp_path / "shop",
        environment={"DJANGO_SETTINGS_MODULE": ANOTHER, "SECRET": "the shop's"},
    ) as stack:
        stack.start_redis()
        yield stack


@pytest.fixture
def staging(tmp_path: Path, shop: Stack) -> Iterator[Stack]:
    with Stack(
        tmp_path / "staging",
        redis_port=shop.redis_port,
        environment={"DJANGO_SETTINGS_MODULE": ANOTHER, "SECRET": "staging's"},
    ) as stack:
        yield stack


def renewed(web: Web, stack: Stack, session: str) -> str:
    """The session's new key: Django gives it one when it meets a session of before the rotation."""
    request = urllib.request.Request(
        web.url + stack.reverse("logtail:list"), headers={"Cookie": f"sessionid={session}"}
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        cookies = SimpleCookie("; ".join(answer.headers.get_all("Set-Cookie") or ()))
    return cookies["sessionid"].value


async def test_two_projects_see_nothing_of_each_other_and_each_is_told_of_the_other(
    shop: Stack, staging: Stack
) -> None:
    webs = {}
    for stack, text in ((shop, b"the shop's\n"), (staging, b"staging's\n")):
        stack.add_log("app", text)
        stack.start_worker()
        webs[stack] = stack.start_web(), stack.make_user("bo", staff=True)
    found = {}

    for _ in range(3):
        for stack in (shop, staging):
            async with Client(stack, webs[stack][0], "app", webs[stack][1]) as viewer:
                await viewer.until(lambda viewer=viewer: b"\n" in viewer.bytes, 60)
                found.setdefault(stack, set()).add(bytes(viewer.bytes))
    doctors = {stack: stack.manage("logtail_doctor", check=False).stdout for stack in (shop, staging)}

    assert found == {shop: {b"the shop's\n"}, staging: {b"staging's\n"}}
    for stack in (shop, staging):
        assert f"project {ANOTHER} on " in doctors[stack]
        assert "also uses it" in doctors[stack]
        assert "ok       queue logtail: a reader answers on" in doctors[stack]


async def test_a_worker_of_another_project_reads_nothing_and_leaves_the_wake_up(
    shop: Stack, staging: Stack
) -> None:
    shop.add_log("app", b"the shop's\n")
    staging.add_log("app", b"staging's\n")
    staging_worker = staging.start_worker()
    web, session = shop.start_web(), shop.make_user("bo")

    async with Client(shop, web, "app", session) as viewer:
        await viewer.until(lambda: viewer.state == "no-reader")
        wait_until(lambda: "delivered another project's wake-up" in staging_worker.says(), what="its word")
        assert viewer.bytes == b""
        shop.start_worker()
        await viewer.until(lambda: viewer.bytes == b"the shop's\n", 60)

    said = staging_worker.says()
    assert "reader started" not in said
    assert said.count("two projects share Dramatiq's queues. Give the broker of one of them a namespace") == 1


@pytest.mark.parametrize("first", at_length(["web", "worker"], short=["worker"]))
async def test_the_key_is_rotated_in_a_rolling_deploy_while_a_viewer_watches(shop: Stack, first: str) -> None:
    rotated = {"SECRET": "the next one", "FALLBACKS": '["the shop\'s"]'}
    path = shop.add_log("app", b"one\n")
    session = shop.make_user("bo")
    worker, web = shop.start_worker(), shop.start_web()

    async with Client(shop, web, "app", session) as viewer:
        await viewer.until(lambda: viewer.bytes == b"one\n")
        if first == "worker":
            shop.start_worker(environment=rotated)
            worker.stop()
            with path.open("ab") as file:
                file.write(b"two\n")
            await viewer.until(lambda: viewer.bytes == b"one\ntwo\n", 60)
            expected = b"one\ntwo\n"
        else:
            expected = b"one\n"
            newer = shop.start_web(environment=rotated)
            async with Client(shop, newer, "app", renewed(newer, shop, session)) as other:
                await other.until(lambda: other.bytes == b"one\n")
    status = shop.manage("logtail_status", "--json").stdout

    assert viewer.bytes == expected
    assert '"not ours"' not in status
