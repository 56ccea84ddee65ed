"""An attacker who can write to Redis requests a log from the reader, and gets nothing."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from django_logtail.control.scripts import POST
from tests.client import Client
from tests.conftest import absent
from tests.length import at_length
from tests.stack import Stack, has_redis, wait_until

pytestmark = [pytest.mark.redis, pytest.mark.whole]

FAMILY = ("reader", "wants", "expiry", "changed", "version", "wake", "wakes", "stop", "notes")


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    if not has_redis():
        absent("a redis-server")
    with Stack(tmp_path / "stack") as stack:
        stack.start_redis()
        stack.start_worker()
        yield stack


class Attacker:
    """Reads and writes Redis, and listens on a mailbox of their own."""

    def __init__(self, stack: Stack) -> None:
        self.client = redis.Redis(port=stack.redis_port, decode_responses=True)
        (reader,) = self.client.scan_iter("logtail:*:reader")
        self.family = reader.removesuffix("reader")
        self.mailbox = redis.Redis(port=stack.redis_port).pubsub()
        self.mailbox.subscribe("attacker")
        self.mailbox.get_message(timeout=5)

    def wants(self) -> dict[str, str]:
        return self.client.hgetall(self.family + "wants")

    def post(self, member: str, text: str) -> None:
        """As a web process does."""
        keys = [self.family + name for name in FAMILY]
        self.client.eval(POST, len(keys), *keys, 60_000, 60_000, 1, 0, 0, member, text)

    def heard(self) -> object:
        return self.mailbox.get_message(timeout=1.0)


def unsigned(attacker: Attacker, secret: str) -> None:
    head = {"v": 1, "is": "want", "mailbox": "attacker", "serial": 1, "credit": 10**9, "lines": 100}
    attacker.post(f"p|{secret}|", json.dumps(head) + "\n" + "00" * 16)


def signed_for_another_log(attacker: Attacker, secret: str) -> None:
    ((member, text),) = attacker.wants().items()
    process, _, flow = member.split("|")
    attacker.post(f"{process}|{secret}|{flow}", text)


def signed_for_another_mailbox(attacker: Attacker, secret: str) -> None:
    ((member, text),) = attacker.wants().items()
    head, signatures = text.split("\n")
    fields = {**json.loads(head), "mailbox": "attacker", "serial": 99}
    attacker.post(member, json.dumps(fields, separators=(",", ":")) + "\n" + signatures)


def signed_for_another_process(attacker: Attacker, secret: str) -> None:
    ((member, text),) = attacker.wants().items()
    _, log, flow = member.split("|")
    attacker.post(f"attacker|{log}|{flow}", text)


def of_the_form_before_there_were_signatures(attacker: Attacker, secret: str) -> None:
    attacker.post(f"p|{secret}|", '{"mailbox":"attacker","serial":1,"credit":1000000,"lines":100}')


FORGERIES: list[Callable[[Attacker, str], None]] = [
    unsigned,
    signed_for_another_log,
    signed_for_another_mailbox,
    signed_for_another_process,
    of_the_form_before_there_were_signatures,
]


async def test_forged_wants_get_nothing_and_are_counted(stack: Stack) -> None:
    stack.add_log("secret", b"the secret\n", access="staff")
    stack.add_log("app", b"one\n")
    web, session = stack.start_web(), stack.make_user("bo")

    async with Client(stack, web, "app", session) as viewer:
        await viewer.until(lambda: viewer.bytes == b"one\n")
        await viewer.until_live()
        attacker = Attacker(stack)
        for number, forge in enumerate(FORGERIES, 1):
            forge(attacker, "1")
            wait_until(
                lambda number=number: (
                    f'"not ours": {number}' in stack.call("command", "logtail_status", "--json")
                ),
                60,
                f"the count of what is {forge.__name__}",
            )
            assert attacker.heard() is None, forge


async def test_forged_messages_reach_no_viewer_and_end_no_task(stack: Stack) -> None:
    path = stack.add_log("app", b"one\n")
    web, session = stack.start_web(), stack.make_user("bo")

    async with Client(stack, web, "app", session) as viewer:
        await viewer.until(lambda: viewer.bytes == b"one\n")
        client = redis.Redis(port=stack.redis_port)
        boxes = client.pubsub_channels()
        assert boxes
        for box in boxes:
            for garbage in (b"", b"\xc1", b"\x90", b"\x07", b"\x81\xa4type\xa5event", b"x" * 100_000):
                client.publish(box, garbage)
        with path.open("ab") as file:
            file.write(b"two\n")
        await viewer.until(lambda: viewer.bytes == b"one\ntwo\n")

    for process in stack.started:
        assert "Traceback" not in process.says()


def spoil(client: redis.Redis, key: bytes) -> None:
    """Replace every value with foreign bytes, and add some that are not UTF-8."""
    kind = client.type(key)
    if kind == b"hash":
        for name, value in client.hgetall(key).items():
            client.hset(key, name, value[:-1] + b"\x01")
        client.hset(key, "zz", b"\xff\x00junk")
    elif kind == b"string":
        client.set(key, b"{junk")
    elif kind == b"zset":
        client.zadd(key, {b"junk\xff": 1.7e9})
    elif kind == b"set":
        client.sadd(key, b"junk\xff")


def retype(client: redis.Redis, key: bytes) -> None:
    client.delete(key)
    client.rpush(key, b"\xff")


@pytest.mark.parametrize("do", at_length([spoil, retype], short=[retype]))
async def test_a_viewer_gets_every_byte_after_junk_in_every_key(
    stack: Stack, do: Callable[[redis.Redis, bytes], None]
) -> None:
    path = stack.add_log("app", b"one\n")
    web, session = stack.start_web(), stack.make_user("bo")

    async with Client(stack, web, "app", session) as viewer:
        await viewer.until(lambda: viewer.bytes == b"one\n")
        await viewer.until_live()
        client = redis.Redis(port=stack.redis_port)
        for key in list(client.scan_iter("logtail:*")):
            do(client, key)
        with path.open("ab") as file:
            file.write(b"two\n")
        # A process that starts now has nothing yet, neither from a reader nor in its own memory.
        other = stack.start_web()
        async with Client(stack, other, "app", session) as later:
            await later.until(lambda: later.bytes == b"one\ntwo\n")
            await later.until_live()
            with path.open("ab") as file:
                file.write(b"three\n")
            await later.until(lambda: later.bytes == b"one\ntwo\nthree\n")
            await viewer.until(lambda: viewer.bytes == b"one\ntwo\nthree\n")
            await viewer.until_live()


def put_into_the_queue(client: redis.Redis, *arguments: object) -> None:
    """A message as another project on the same broker may put it there."""
    name, said = str(uuid.uuid4()), {"queue_name": "logtail", "actor_name": "logtail_read_logs", "kwargs": {}}
    options = {"redis_message_id": name}
    said |= {"args": arguments, "options": options, "message_id": name, "message_timestamp": 0}
    client.hset("dramatiq:logtail.msgs", name, json.dumps(said))
    client.rpush("dramatiq:logtail", name)


def test_wake_ups_that_somebody_made_up_leave_the_queue(stack: Stack) -> None:
    client = redis.Redis(port=stack.redis_port)
    for arguments in (
        ["logtail", "junk", -1_000_000],
        ["logtail", "junk", "0"],
        ["logtail", "junk", None],
        ["logtail", {"at": 1}, 0],
        [None],
        [["logtail"], "junk", 0],
    ):
        put_into_the_queue(client, *arguments)

    wait_until(lambda: client.hvals("dramatiq:logtail.msgs") == [], 60, "the end of all")
    worker = stack.started[0]

    assert "Traceback" not in worker.says()


async def test_a_forged_reason_of_the_stop_flag_is_short_and_does_nothing_on_a_terminal(stack: Stack) -> None:
    stack.add_log("app", b"one\n")
    web, session = stack.start_web(), stack.make_user("bo")

    async with Client(stack, web, "app", session) as viewer:
        await viewer.until_live()
        attacker = Attacker(stack)
        attacker.client.hset(attacker.family + "stop", "*", "over\n\x1b[31m" + "x" * 1_000_000)
        await viewer.until(lambda: viewer.state == "stopped")
        status = stack.manage("logtail_status").stdout
    worker = stack.started[0].says()

    assert viewer.statuses[-1]["reason"] == "over  [31m" + "x" * 490
    assert "  stop flag for every log: over  [31m" + "x" * 490 + "\n" in status
    assert "stop flag: closing log 1 (over  [31m" + "x" * 490 + ")\n" in worker
