"""A rolling deploy: web processes and workers of different releases, each way, while somebody watches."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.client import Client
from tests.conftest import absent
from tests.length import at_length
from tests.stack import Stack, has_redis

pytestmark = [pytest.mark.redis, pytest.mark.whole]


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    if not has_redis():
        absent("a redis-server")
    settings = {"DJANGO_SETTINGS_MODULE": "tests.surroundings.another"}
    with Stack(tmp_path / "stack", environment=settings) as stack:
        stack.start_redis()
        stack.add_log("app", b"one\n")
        yield stack


def release(**skew: Any) -> dict[str, str]:
    return {"SKEW": json.dumps(skew), "HOST_NAME": "web-2"}


@pytest.mark.parametrize("skewed", at_length(["web", "worker"], short=["worker"]))
async def test_fields_that_the_other_release_does_not_know_are_ignored(stack: Stack, skewed: str) -> None:
    more = release(more={"colour": "blue", "sizes": [1, 2]})
    stack.start_worker(environment=more if skewed == "worker" else {})
    web, session = stack.start_web(environment=more if skewed == "web" else {}), stack.make_user("bo")

    async with Client(stack, web, "app", session) as viewer:
        await viewer.until(lambda: viewer.bytes == b"one\n")
        await viewer.until_live()

    assert '"ignored": {}' in stack.manage("logtail_status", "--json").stdout


@pytest.mark.parametrize(
    ("web_release", "worker_release", "reason"),
    [
        ({}, {"version": 1_000}, "the reader on web-2 is newer than this web process"),
        ({"version": 1_000}, {}, "the reader on web-2 is older than this web process"),
        (
            {},
            {"less": ["number"]},
            "this web process can't read what the reader on web-2 sends: event: 'number' is missing",
        ),
        (
            {"less": ["credit"]},
            {},
            "a reader is running, but its messages do not arrive; check that web processes and workers use the "
            "same channel layer and release",
        ),
    ],
)
async def test_a_release_that_is_not_understood_is_a_state_with_a_reason_and_ends_with_the_deploy(
    stack: Stack, web_release: dict[str, Any], worker_release: dict[str, Any], reason: str
) -> None:
    worker = stack.start_worker(environment=release(**worker_release))
    web = stack.start_web(environment=release(**web_release))
    session = stack.make_user("bo", staff=True)

    async with Client(stack, web, "app", session) as viewer:
        await viewer.until(
            lambda: viewer.state == "no-reader" and viewer.statuses[-1].get("reason") == reason, 40
        )
        assert viewer.bytes == b""
        if not web_release:  # the worker is deployed after the web process, which lives on
            worker.stop()
            stack.start_worker(environment=release())
            await viewer.until(lambda: viewer.bytes == b"one\n", 60)
            await viewer.until_live()
    if web_release:
        web.stop()
        async with Client(stack, stack.start_web(environment=release()), "app", session) as viewer:
            await viewer.until(lambda: viewer.bytes == b"one\n", 60)
            await viewer.until_live()

    for process in stack.started:
        assert "Traceback" not in process.says()
        said = re.findall(r"([\w' ]+) was ignored, and further ones", process.says())
        assert len(said) == len(set(said))  # each once
