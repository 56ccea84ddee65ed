"""No secret of a log's lines leaves the host that has it: not to viewers, not by HTTP, not through Redis."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
import redis

from tests.client import Client
from tests.conftest import absent
from tests.length import IS_LONG
from tests.reader.test_redacting import LEAKS, READY, planted
from tests.stack import Stack, Web, has_redis

pytestmark = [pytest.mark.redis, pytest.mark.whole, pytest.mark.main]

RULES = [
    *READY,
    {"name": "order", "pattern": "ot_[a-z0-9]+"},
    {"name": "value", "pattern": "own-s3cret-value"},
]


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stack, Web]]:
    if not has_redis():
        absent("a redis-server")
    folder = tmp_path_factory.mktemp("redacted") / "stack"
    with Stack(folder, logtail={"READER": "dramatiq", "REDACT": RULES}) as stack:
        stack.start_redis()
        stack.start_worker()
        yield stack, stack.start_web()


class Heard:
    """Everything that was said to Redis, and everything that it holds."""

    def __init__(self, port: int) -> None:
        self._redis = redis.Redis(port=port)
        self.said: list[str] = []
        self._monitor = self._redis.monitor()
        self._monitor.__enter__()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        try:
            for command in self._monitor.listen():
                self.said.append(command["command"])
        except (OSError, ValueError, redis.RedisError):
            pass

    def all(self) -> str:
        held = [repr(self._redis.dump(key)) for key in self._redis.scan_iter()]
        return "\n".join([*self.said, *held])

    def close(self) -> None:
        self._monitor.connection.disconnect()
        self._redis.close()


def answer(web: Web, session: str, path: str, body: bytes | None = None) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", web.port, timeout=60)
    headers = {"Cookie": f"sessionid={session}"}
    connection.request("GET" if body is None else "POST", path, body=body, headers=headers)
    got = connection.getresponse()
    data = got.read()
    connection.close()
    assert got.status == 200, (path, got.status, data[:200])
    return data


def leaks(text: str) -> list[str]:
    return [secret for secret in LEAKS if secret in text]


async def test_two_hundred_secrets_stay_on_the_host(host: tuple[Stack, Web], tmp_path: Path) -> None:
    stack, web = host
    session = stack.make_user("reader")
    heard = Heard(stack.redis_port)
    text = planted().encode()
    path = stack.add_log("app", text)
    path.with_name(f"{path.name}.1").write_bytes(text)

    got = []
    async with Client(stack, web, "app", session, lines=10_000) as client:
        await client.until(lambda: len(client.arrived) >= len(text))
        with path.open("ab") as file:
            file.write(text)
        await client.until(lambda: len(client.arrived) >= 2 * len(text))
        got.append(bytes(client.arrived))
        assert client.arrived.count(b"ordinary line 7\n") == 2 * text.count(b"ordinary line 7\n")
    asked = urlencode({"form": "ndjson", "asked": json.dumps({"pattern": "INFO"})})
    got += [
        answer(web, session, "/logs/app/download/"),
        answer(web, session, "/logs/app/lines/?lines=1000"),
        answer(web, session, f"/logs/app/hits/?{asked}"),
        answer(web, session, f"/logs/-/hits/?{asked}&log=app"),
    ]

    assert [len(part) > 5_000 for part in got] == [True] * 5
    assert len(got[1]) == 2 * len(text)
    assert [found for part in got for found in leaks(part.decode(errors="replace"))] == []
    everything = heard.all()
    heard.close()
    assert "ordinary line 7" in everything  # it was listened to
    assert leaks(everything) == []
    assert [found for running in stack.started for found in leaks(running.says())] == []


@pytest.mark.skipif(not IS_LONG, reason="it takes minutes")
def test_secrets_at_all_boundaries_stay_on_the_host(tmp_path: Path) -> None:
    """The same with `python -m benchmarks.redaction --leaks 954` for 1 GB: five encodings, rotations, pieces."""
    if not has_redis():
        absent("a redis-server")

    from benchmarks.redaction.leaks import run  # not at the top: it needs RE2

    found = run(tmp_path / "stack", 64 * 1024 * 1024)

    assert (found.leaks, found.wrong) == ({}, [])
    assert found.planted > 300
    assert (found.kinds, found.ranges) == (16, 300)
    assert list(found.scanned) == [
        "frames",
        "ranges",
        "downloads",
        "search results",
        "what is said to Redis",
        "keys of Redis",
        "our own logs",
        "audit records",
    ]
    assert min(found.scanned.values()) > 1_000
