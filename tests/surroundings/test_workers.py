"""Which worker reads: a project's ordinary one next to the one started for the logs, and none at all."""

from __future__ import annotations

import asyncio
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.client import Client
from tests.conftest import absent
from tests.stack import Running, Stack, has_redis, wait_until

pytestmark = [pytest.mark.redis, pytest.mark.whole]

IMPATIENT = {"DJANGO_SETTINGS_MODULE": "tests.surroundings.another", "IMPATIENT": "1"}


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    if not has_redis():
        absent("a redis-server")
    with Stack(tmp_path / "stack", environment=IMPATIENT) as stack:
        stack.start_redis()
        yield stack


def start_elsewhere(stack: Stack, **options: Any) -> Running:
    """An ordinary worker on another host: what is in the directory of logs here, is not there."""
    hidden = f"mount -t tmpfs none {shlex.quote(str(stack.logs))}"
    if subprocess.run(["unshare", "--mount", "sh", "-c", hidden], capture_output=True).returncode != 0:
        absent("the right to mount")
    before = ["unshare", "--mount", "sh", "-c", f'{hidden} && exec "$@"', "sh"]
    return stack.start_worker(is_named=False, before=before, environment={"HOST_NAME": "web-9"}, **options)


def add_log(stack: Stack, has_directory: bool) -> None:
    """One whose directory another host has as well, or has not."""
    folder = stack.logs if has_directory else stack.logs / "deep"
    folder.mkdir(exist_ok=True)
    (folder / "app.log").write_bytes(b"one\n")
    stack.add_log("app", path=folder / "app.log")


def queue_length(stack: Stack) -> int:
    with redis.Redis(port=stack.redis_port) as client:
        return int(client.llen("dramatiq:logtail"))


@pytest.mark.parametrize("has_directory", [True, False], ids=["directory", "no directory"])
async def test_an_ordinary_worker_leaves_the_logs_to_the_one_that_was_started_for_them(
    stack: Stack, has_directory: bool
) -> None:
    add_log(stack, has_directory)
    web, session = stack.start_web(), stack.make_user("bo", staff=True)
    elsewhere = start_elsewhere(stack, processes=2, threads=8)
    stack.start_worker("logtail", environment={"HOST_NAME": "web-2"})
    states = []

    for _ in range(6):
        async with Client(stack, web, "app", session) as viewer:
            await viewer.until(lambda: viewer.bytes == b"one\n", 90)
            states.append({status["state"] for status in viewer.statuses})
            await viewer.until(lambda: viewer.statuses[-1]["reader"]["host"] == "web-2")
        with redis.Redis(port=stack.redis_port) as client:
            wait_until(lambda: not list(client.scan_iter("logtail:*:reader")), what="its end")

    assert "missing" not in set().union(*states)
    assert elsewhere.says().count("queue logtail is left to other workers") <= 2  # once a process


async def test_an_ordinary_worker_serves_the_logs_of_its_host_where_it_is_alone(stack: Stack) -> None:
    stack.add_log("app", b"one\n")
    stack.add_log("later", path=stack.logs / "later.log")
    web, session = stack.start_web(), stack.make_user("bo", staff=True)
    stack.start_worker(is_named=False)

    async with Client(stack, web, "app", session) as viewer, Client(stack, web, "later", session) as waits:
        await viewer.until(lambda: viewer.bytes == b"one\n", 90)
        await waits.until(lambda: waits.state == "missing", 90)
        (stack.logs / "later.log").write_bytes(b"now\n")
        await waits.until(lambda: waits.bytes == b"now\n", 90)


async def test_an_ordinary_worker_hands_over_when_the_right_one_starts(stack: Stack) -> None:
    stack.add_log("app", b"one\n")
    web, session = stack.start_web(), stack.make_user("bo", staff=True)
    start_elsewhere(stack)

    async with Client(stack, web, "app", session) as viewer:
        await viewer.until(lambda: viewer.state == "missing", 90)
        assert viewer.statuses[-1]["reader"]["host"] == "web-9"
        stack.start_worker("logtail", environment={"HOST_NAME": "web-2"})
        await viewer.until(lambda: viewer.bytes == b"one\n", 90)


async def test_of_two_ordinary_workers_the_one_that_has_the_file_reads_in_the_end(stack: Stack) -> None:
    stack.add_log("app", b"one\n")
    web, session = stack.start_web(), stack.make_user("bo", staff=True)
    start_elsewhere(stack)

    async with Client(stack, web, "app", session) as viewer:
        await viewer.until(lambda: viewer.state == "missing", 90)
        stack.start_worker(is_named=False, environment={"HOST_NAME": "web-2"})
        await viewer.until(lambda: viewer.bytes == b"one\n", 90)


async def test_a_host_without_a_trace_of_the_files_says_once_that_it_leaves_them(stack: Stack) -> None:
    add_log(stack, has_directory=False)
    web, session = stack.start_web(), stack.make_user("bo", staff=True)
    elsewhere = start_elsewhere(stack)

    async with Client(stack, web, "app", session) as viewer:
        await viewer.until(lambda: viewer.state == "no-reader", 90)
        wait_until(lambda: "is left to other workers" in elsewhere.says(), what="its word")
    said = [line for line in elsewhere.says().splitlines() if "is left to other workers" in line]

    assert len(said) == 1
    assert said[0].endswith(
        "On the host that has the files: rundramatiq --queues logtail --processes 1 --threads 2"
    )


async def test_one_wake_up_waits_however_long_a_tab_is_forgotten_and_is_answered_at_last(
    stack: Stack,
) -> None:
    stack.add_log("app", b"one\n")
    web, session = stack.start_web(), stack.make_user("bo", staff=True)
    lengths = set()

    async with Client(stack, web, "app", session) as viewer:
        await viewer.until(lambda: viewer.state == "no-reader", 90)
        with redis.Redis(port=stack.redis_port, decode_responses=True) as client:
            (lock,) = client.scan_iter("logtail:*:wake")
            for _ in range(10):  # the pauses between wake-ups pass
                before = client.get(f"{lock}s")
                client.delete(lock)
                await viewer.until(lambda: True)
                while client.get(f"{lock}s") == before:
                    await asyncio.sleep(0.02)
                lengths.add(queue_length(stack))
            await asyncio.sleep(0.5)  # the last one is sent by a thread of its own
            lengths.add(queue_length(stack))
            dead = client.zcard("dramatiq:logtail.XQ")
            stack.start_worker()
            await viewer.until(lambda: viewer.bytes == b"one\n", 90)

    assert lengths == {1}
    assert dead == 0


async def test_a_worker_with_another_database_says_what_its_database_says(
    stack: Stack, tmp_path: Path
) -> None:
    stack.add_log("app", b"one\n")
    stack.start_worker(environment={"DATABASE_PATH": str(tmp_path / "another.sqlite3"), "HOST_NAME": "web-2"})
    web = stack.start_web()

    for who, staff, reason in (
        ("ann", True, "the reader on web-2 can't query its database: no such table: logtail_log"),
        ("bo", False, "the reading host can't query its database"),
    ):
        async with Client(stack, web, "app", stack.make_user(who, staff=staff)) as viewer:
            await viewer.until(lambda: viewer.state == "unreadable", 90)
            assert viewer.statuses[-1]["reason"] == reason
    report = stack.manage("logtail_doctor", check=False).stdout

    assert (
        "the reader on web-2 can't query its database: no such table: logtail_log\n"
        "         -> Give that host's worker the same DATABASES, and run manage.py migrate.\n" in report
    )


async def test_a_worker_that_is_set_to_read_locally_says_so(stack: Stack) -> None:
    stack.add_log("app", b"one\n")
    worker = stack.start_worker(environment={"LOGTAIL_MORE": '{"READER": "local"}'})
    web, session = stack.start_web(), stack.make_user("bo", staff=True)

    async with Client(stack, web, "app", session) as viewer:
        await viewer.until(lambda: viewer.state == "no-reader", 90)
        await asyncio.to_thread(
            worker.wait_until, lambda: "in the settings of this worker" in worker.says(), "the reason"
        )

    assert (
        "queue logtail: LOGTAIL[\"READER\"] is 'local' in the settings of this worker, so it reads nothing; "
        "give it the settings of the web processes" in worker.says()
    )
