"""A search of one log over HTTP: what it says, as whom it is told, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError

from django_logtail.access import Refused
from django_logtail.control import ControlUnavailable
from django_logtail.control.messages import Failed
from django_logtail.models import Log
from django_logtail.protocol import BadMessage, CloseCode, SearchAll, decode_search
from django_logtail.tailing.reasons import reason
from django_logtail.viewing import download
from django_logtail.viewing.download import Requester, delivered
from django_logtail.viewing.rechecks import Changed, Rounds, Stay, Who
from django_logtail.viewing.search_stream import messages, parting
from tests.delivery.test_delivery import QUEUE, House, eventually, numbered

LINE = len(numbered(0, 1))
REQUESTER = Requester("7", "session", "127.0.0.1")


def log_row() -> Log:
    return Log(pk=1, slug="app", name="app.log", path="/nowhere", queue=QUEUE, encoding="utf-8")


@pytest.fixture
async def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    path = tmp_path / "app.log"
    path.with_name("app.log.1").write_bytes(numbered(0, 1_500))
    path.write_bytes(numbered(1_500, 1_500))
    house = House(path, log_row().revision)
    monkeypatch.setattr(download, "relay_here", lambda: house.relay)
    yield house
    await house.close()


def asked(pattern: str = "line", **more: Any) -> SearchAll:
    return decode_search(json.dumps({"pattern": pattern, **more}).encode())


async def said(pieces: AsyncGenerator[bytes]) -> list[dict[str, Any]]:
    return [json.loads(piece) async for piece in pieces]


async def search(house: House, asked: SearchAll) -> list[dict[str, Any]]:
    return await said(messages(house.relay, log_row(), "7", asked))


async def test_it_says_what_a_socket_says_newest_first(house):
    found = await search(house, asked("0001499", limit=5)), await search(house, asked("000149", limit=3))

    hits = [
        (message["name"], hit["start"])
        for message in found[1]
        if message["type"] == "found"
        for hit in message["hits"]
    ]
    assert hits == [("app.log.1", n * LINE) for n in (1_499, 1_498, 1_497)]
    done = found[1][-1]
    assert (done["type"], done["found"], done["count"], done["more"]) == ("done", 3, 11, True)
    assert "request" not in done
    assert [message["type"] for message in found[0]][-1] == "done"
    assert "more" not in found[0][-1]


@pytest.mark.parametrize(("limit", "found"), [(1, 1), (999, 999), (1_000, 1_000)])
async def test_as_many_hits_come_as_were_asked_for_and_all_are_counted(house, limit, found):
    *_, done = await search(house, asked(limit=limit))

    assert (done["found"], done["count"]) == (found, 3_000)


async def test_more_comes_after_the_last_one(house):
    first = await search(house, asked("00014", limit=2))
    last = [hit for message in first if message["type"] == "found" for hit in message["hits"]][-1]
    file = next(message["file"] for message in first if message["type"] == "found")

    more = await search(
        house, asked("00014", limit=2, count=False, to={"file": file, "offset": last["start"]})
    )

    hits = [hit["start"] for message in more if message["type"] == "found" for hit in message["hits"]]
    assert hits == [1_497 * LINE, 1_496 * LINE]


@pytest.mark.parametrize(
    ("sees_host", "text"), [(False, "permission denied"), (True, "permission denied: '{path}'")]
)
async def test_what_names_the_host_is_for_those_who_may_know_it(house, monkeypatch, sees_host, text):
    path = str(house.path)
    asked_for = []

    class Answer:
        async def next(self):
            return Failed("t", "m", 1, reason("permission-denied", path=path))

        def close(self):
            asked_for.append("closed")

    monkeypatch.setattr(house.relay, "request", lambda *args, **more: Answer())
    log = log_row()
    log.sees_host = sees_host

    (error,) = await said(messages(house.relay, log, "7", asked()))

    assert (error["type"], error["text"]) == ("error", text.format(path=path))
    assert (path in json.dumps(error)) is sees_host
    assert asked_for == ["closed"]


async def test_a_stopped_search_closes_its_file(house):
    house.path.write_bytes(numbered(0, 400_000))
    pieces = messages(house.relay, log_row(), "7", asked("line", limit=1))
    await anext(pieces)
    held = await open_files(house.path)
    await pieces.aclose()

    await eventually(lambda: not open_now(house.path))
    assert held
    assert not house.relay.wants.by_member


def open_now(path: Path) -> list[str]:
    found = []
    for descriptor in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            if descriptor.readlink() == path:
                found.append(descriptor.name)
    return found


async def open_files(path: Path) -> list[str]:
    await eventually(lambda: open_now(path))
    return open_now(path)


@pytest.fixture
def stays(monkeypatch: pytest.MonkeyPatch) -> list[Stay]:
    """What decides whether the requester may stay, as it comes to be."""
    found: list[Stay] = []
    kept = Rounds.kept

    @contextlib.contextmanager
    def watched(rounds: Rounds, who: Who, log: Log) -> Iterator[Stay]:
        with kept(rounds, who, log) as stay:
            found.append(stay)
            yield stay

    monkeypatch.setattr(Rounds, "kept", watched)
    return found


@pytest.mark.parametrize(
    ("error", "reason", "text"),
    [
        (
            Refused(CloseCode.NO_ACCESS, "no-access", "Your access to this log has ended."),
            "no-access",
            "Your access to this log has ended.",
        ),
        (
            Refused(CloseCode.SIGNED_OUT, "signed-out", "Sign in again."),
            "signed-out",
            "Sign in again.",
        ),
        (Changed("reason:changed"), "changed", "this log's settings were changed"),
        (
            DatabaseError("gone"),
            "unavailable",
            "the server can't check your access right now; try again",
        ),
    ],
)
async def test_when_access_is_lost_it_ends_with_the_reason_and_nothing_more(
    house, stays, error, reason, text
):
    house.path.write_bytes(numbered(0, 400_000))
    log = log_row()
    pieces = delivered(
        log,
        messages(house.relay, log, "7", asked("line", limit=1)),
        REQUESTER,
        parting=lambda error: parting(log, error),
    )
    first = json.loads(await anext(pieces))
    stays[-1].lose(error)
    rest = await said(pieces)

    assert first["type"] in ("found", "progress")
    end = rest[-1]
    assert (end["type"], end["reason"], end["text"]) == ("end", reason, text)
    assert not [message for message in rest if message["type"] in ("found", "progress", "done")]
    await eventually(lambda: not house.relay.wants.by_member)


async def test_without_a_reader_it_says_so_after_three_seconds(house, monkeypatch):
    async def nobody(queue: str) -> None:
        pass

    now = house.relay._clock
    skipped = [0.0]
    monkeypatch.setattr(house.relay, "_wake", nobody)
    monkeypatch.setattr(house.relay, "_clock", lambda: now() + skipped[0])
    answer = asyncio.ensure_future(search(house, asked()))
    await eventually(lambda: house.relay.wants.by_member)
    skipped[0] = 3.1

    (error,) = await asyncio.wait_for(answer, 30)

    assert (error["type"], error["id"], error["text"]) == (
        "error",
        "no-reader",
        "no reader answered; try again",
    )


async def test_without_redis_it_says_so(house, monkeypatch):
    def post(*args: object) -> None:
        raise ControlUnavailable("Connection refused")

    now = house.relay._clock
    skipped = [0.0]
    monkeypatch.setattr(house.control, "post", post)
    monkeypatch.setattr(house.relay, "_clock", lambda: now() + skipped[0])
    answer = asyncio.ensure_future(search(house, asked()))
    await eventually(lambda: house.relay.wants.by_member)
    skipped[0] = 3.1

    (error,) = await asyncio.wait_for(answer, 30)

    assert (error["id"], error["text"]) == ("no-redis", "the server can't reach Redis")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", "the body is not JSON"),
        (b"\xff", "the body is not JSON"),
        (b"[]", "the body is not a JSON object"),
        (b"{}", "'pattern' is not a text"),
        (b'{"pattern":"x","order":"oddest"}', "'order' is not one of newest, oldest"),
        (b'{"pattern":"x","limit":0}', "'limit' is not a whole number from 1 to 1000"),
        (b'{"pattern":"x","limit":1001}', "'limit' is not a whole number from 1 to 1000"),
        (b'{"pattern":"x","limit":true}', "'limit' is not a whole number from 1 to 1000"),
        (b'{"pattern":"x","to":7}', "a place is an object with 'file' and 'offset'"),
        (b'{"pattern":"x"}' + b" " * 8_192, "the body has over 8192 bytes"),
    ],
)
def test_a_body_that_is_not_right_is_refused(body, text):
    with pytest.raises(BadMessage, match=text):
        decode_search(body)


def test_a_body_may_leave_out_all_but_what_is_sought():
    found = decode_search(b'{"pattern":"x","request":99,"type":"stop"}')

    assert (found.request, found.order, found.limit, found.counts) == (0, "newest", 1_000, True)


def test_a_body_may_name_a_range_of_time():
    found = decode_search(b'{"levels":"E","since":1000,"until":2000}')

    assert (found.after, found.before) == (1_000, 2_000)
