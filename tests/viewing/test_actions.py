"""What viewers ask for, as it is recorded."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from django_logtail import protocol, views
from django_logtail.access import Refused
from django_logtail.audit.records import Subject
from django_logtail.audit.viewings import OpenViewing, begin_action, begin_viewing
from django_logtail.control.messages import Failed, Reached
from django_logtail.models import Log
from django_logtail.place import Place
from django_logtail.protocol import CloseCode, decode_hits_query, decode_search
from django_logtail.relay import Relay
from django_logtail.rights import Right
from django_logtail.viewing import download, rechecks, several_hits
from django_logtail.viewing.actions import record_asked
from django_logtail.viewing.admission import NotRecorded
from django_logtail.viewing.download import Body, BrokenOff, Requester, bytes_of, delivered, whole_file
from django_logtail.viewing.hits import Hits
from django_logtail.viewing.requests import Answers
from django_logtail.viewing.search_stream import messages, parting
from django_logtail.viewing.several_hits import SeveralHits
from tests.audit.desk import Desk, audit_lines, desk
from tests.delivery.test_delivery import QUEUE, House, numbered
from tests.viewing.seat import ROW, Play, allowed, play

__all__ = ["audit_lines", "desk", "play"]

ANN = Subject("7", "ann", "1", "app", "App", "192.0.2.7", "socket")
REQUESTER = Requester("7", "session", "192.0.2.7")
CONTENT = numbered(0, 40_000)


def viewing() -> OpenViewing:
    found = begin_viewing(ANN)
    assert found is not None
    return found


async def ask(relay: Relay, record: OpenViewing | None, *asked: Any, rights: Any = None) -> Answers:
    """Ask as a viewer does; nobody answers yet."""
    log = allowed(**ROW)
    if rights is not None:
        log.rights = frozenset(rights)

    async def admit() -> Log:
        return log

    async def send(frame: Any) -> int:
        return len(frame.encoded)

    answers = Answers(relay, "7", admit, send, record)
    for one in asked:
        await answers.begin(one)
    await asyncio.sleep(0.01)
    return answers


SEARCH = protocol.SearchAll(1, "newest", None, None, True, "x.*y", True, False, after=5_000)


def test_a_search_is_recorded_when_it_begins_and_how_it_ended(play: Play, desk: Desk) -> None:
    async def scene(relay: Relay) -> None:
        record = viewing()
        answers = await ask(relay, record, SEARCH)
        (begun,) = desk.of("event")
        assert (begun["action"], begun["viewing"], begun["user_name"]) == ("search", record.id, "ann")
        assert begun["detail"] == {"pattern": "x.*y", "regex": True, "since": 5_000}
        assert desk.of("end") == []
        answers.cancel(1)
        await asyncio.sleep(0.01)

    play(scene)

    (end,) = desk.of("end")
    assert (end["outcome"], end["detail"]) == (
        "broken-off",
        {"pattern": "x.*y", "regex": True, "since": 5_000},
    )


def test_a_jump_to_a_time_is_recorded_without_what_is_written_there(
    play: Play, desk: Desk, audit_lines: list[str]
) -> None:
    async def scene(relay: Relay) -> None:
        await ask(relay, viewing(), protocol.Time(3, 1_000))
        (member,) = [wanted.want("box") for wanted in relay.wants.by_member.values()]
        place = Place("f", 70)
        message = Reached("t", member.member, member.serial, "found", place, "PLANTED", 990, 5)
        relay._take(message)
        await asyncio.sleep(0.5)

    play(scene)

    (end,) = desk.of("end")
    assert (end["outcome"], end["detail"]) == (
        "done",
        {"to": 1_000, "result": "found", "file": "f", "offset": 70, "ms": 990},
    )
    assert "PLANTED" not in str(desk.stored) + str(audit_lines)


def test_scrolling_to_older_lines_is_one_action_a_minute(desk: Desk) -> None:
    record, other = viewing(), viewing()
    for index in range(3):
        record_asked(protocol.RangeBefore(index, Place("f", 900 - index), 10), record)
    record_asked(protocol.Range(9, Place("g", 5), 10), other)
    desk.now += 59.5
    record_asked(protocol.RangeBefore(9, Place("f", 500), 10), record)
    desk.now += 0.5
    record_asked(protocol.RangeBefore(9, Place("f", 400), 10), record)

    assert [(one["action"], one["detail"]) for one in desk.of("event")] == [
        ("older", {"file": "f", "offset": 900}),
        ("older", {"file": "g", "offset": 5}),
        ("older", {"file": "f", "offset": 400}),
    ]


def test_lists_and_counts_are_no_actions(play: Play, desk: Desk) -> None:
    async def scene(relay: Relay) -> None:
        await ask(relay, viewing(), protocol.Files(1), protocol.Volume(2, None, None, 10))

    play(scene)

    assert desk.of("event") == []


@pytest.mark.parametrize(
    ("asked", "what"),
    [(SEARCH, "search"), (protocol.RangeBefore(1, Place("f", 9), 10), "history")],
)
def test_what_somebody_has_no_right_to_is_recorded_as_refused(
    play: Play, desk: Desk, asked: Any, what: str
) -> None:
    async def scene(relay: Relay) -> None:
        await ask(relay, viewing(), asked, rights={Right.VIEW})

    play(scene)

    assert [(one["action"], one["detail"]) for one in desk.of("event")] == [("refused", {"what": what})]


def test_without_a_record_nothing_is_recorded(play: Play, desk: Desk) -> None:
    async def scene(relay: Relay) -> None:
        await ask(relay, None, SEARCH)

    play(scene)

    assert desk.stored == []


LOG = allowed(pk=1, slug="app", name="App", path="/nowhere", queue=QUEUE, encoding="utf-8")
LOG.user_name = "ann"


@pytest.fixture
async def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    path = tmp_path / "app.log"
    path.write_bytes(CONTENT)
    house = House(path, LOG.revision)
    for module in (download, several_hits):
        monkeypatch.setattr(module, "relay_here", lambda: house.relay)
    monkeypatch.setattr(rechecks, "_admitted", lambda who, lookups: LOG)

    async def admitted(*args: str, **facts: str) -> Log:
        return LOG

    monkeypatch.setattr(several_hits, "admitted", admitted)
    yield house
    await house.close()


async def test_a_download_that_was_taken_to_its_end_is_whole(house: House, desk: Desk) -> None:
    action = begin_action("download", ANN, {"size": len(CONTENT)})
    whole = await whole_file(house.relay, LOG)

    async for _ in bytes_of(LOG, whole, REQUESTER, action=action):
        pass

    (end,) = desk.of("end")
    assert (end["outcome"], end["bytes"]) == ("whole", len(CONTENT))
    assert end["ranges"] == [{"file": whole.file, "name": "", "ranges": [[0, len(CONTENT)]]}]


async def test_a_download_that_broke_off_has_the_bytes_that_were_sent(house: House, desk: Desk) -> None:
    action = begin_action("download", ANN, {})
    whole = await whole_file(house.relay, LOG)
    pieces = bytes_of(LOG, whole, REQUESTER, action=action)

    await anext(pieces)
    await pieces.aclose()

    (end,) = desk.of("end")
    assert (end["outcome"], end["bytes"]) == ("broken-off", 65_536)


async def test_a_download_whose_user_loses_access_ends_with_that(house: House, desk: Desk) -> None:
    action = begin_action("download", ANN, {})
    whole = await whole_file(house.relay, LOG)
    pieces = bytes_of(LOG, whole, REQUESTER, action=action)
    await anext(pieces)
    (stay,) = (stay for decision in rechecks.rounds_here()._decisions.values() for stay in decision.stays)
    stay.lose(Refused(CloseCode.NO_ACCESS, "no-access", "Ended."))

    with pytest.raises(BrokenOff):
        async for _ in pieces:
            pass

    assert [end["outcome"] for end in desk.of("end")] == ["no-access"]


@pytest.mark.parametrize(("audit", "outcome"), [("required", "broken-off"), (True, "whole")])
async def test_a_download_ends_while_access_must_be_recorded_and_cannot_be(
    house: House, desk: Desk, settings: Any, monkeypatch: pytest.MonkeyPatch, audit: object, outcome: str
) -> None:
    settings.LOGTAIL = {**settings.LOGTAIL, "AUDIT": audit}
    monkeypatch.setattr("django_logtail.viewing.keeping.LOOK_SECONDS", 0.001)
    monkeypatch.setattr("django_logtail.viewing.keeping.UNKEPT_SECONDS", 0.003)
    desk.pump()
    action = begin_action("download", ANN, {})
    whole = await whole_file(house.relay, LOG)
    pieces = bytes_of(LOG, whole, REQUESTER, action=action)
    taken = len(await anext(pieces))
    desk.recorder.trouble = "gone"

    with pytest.raises(BrokenOff) if audit == "required" else contextlib.nullcontext():
        async for piece in pieces:
            taken += len(piece)

    desk.recorder.trouble = ""
    assert [end["outcome"] for end in desk.of("end")] == [outcome]
    assert (taken == whole.size) is (audit is True)


async def test_a_search_over_http_ends_with_that_reason(desk: Desk) -> None:
    end = json.loads(parting(LOG, NotRecorded()))

    assert (end["type"], end["reason"]) == ("end", "not-recorded")
    assert end["text"].startswith("access to logs must be recorded")


async def test_a_response_that_never_began_is_broken_off(desk: Desk) -> None:
    places = contextlib.ExitStack()

    async def pieces() -> AsyncIterator[bytes]:
        yield b""

    assert views._action("download", LOG, REQUESTER, {"file": "f"}, places) is not None
    body = Body(pieces(), places.pop_all())  # type: ignore[arg-type]
    body.close()
    await asyncio.sleep(0.01)

    (begun,), (end,) = desk.of("event"), desk.of("end")
    assert (begun["user_name"], begun["address"], begun["via"]) == ("ann", "192.0.2.7", "http")
    assert (end["outcome"], end["bytes"]) == ("broken-off", 0)


async def test_a_search_over_http_says_what_was_found(
    house: House, desk: Desk, audit_lines: list[str]
) -> None:
    asked = decode_search(json.dumps({"pattern": "line 0000007", "limit": 5}).encode())
    action = begin_action("search", ANN, {"pattern": "x"})
    stream = messages(house.relay, LOG, "7", asked, action)

    async for _ in delivered(LOG, stream, REQUESTER, parting=lambda error: parting(LOG, error, action)):
        pass

    (end,) = desk.of("end")
    assert (end["outcome"], end["detail"]["found"]) == ("done", end["detail"]["count"])
    text = numbered(7, 1).decode().strip()
    assert text not in str(desk.stored) + str(audit_lines)


async def test_a_search_over_http_whose_user_loses_access_ends_with_that(desk: Desk) -> None:
    action = begin_action("search", ANN, {})

    parting(LOG, Refused(CloseCode.NO_ACCESS, "no-access", "Ended."), action)

    assert [end["outcome"] for end in desk.of("end")] == ["no-access"]


async def test_a_search_that_fails_says_why(desk: Desk) -> None:
    action = begin_action("search", ANN, {})
    assert action is not None
    failed = Failed("", "", 0, "PLANTED", id="bad-pattern")

    action.answered(protocol.Frame.message("error", id=failed.id, text=failed.error))

    (end,) = desk.of("end")
    assert end["outcome"] == "bad-pattern"
    assert "PLANTED" not in str(desk.stored)


async def test_a_file_of_hits_is_recorded_with_its_bytes(
    house: House, desk: Desk, audit_lines: list[str]
) -> None:
    _, asked = decode_hits_query({"asked": json.dumps({"pattern": "0000007"})})
    action = begin_action("hits", ANN, {"form": "text"})
    found = Hits(house.relay, LOG, "7", asked)
    first = await found.first(REQUESTER.of(LOG))

    sent = b"".join(
        [piece async for piece in delivered(LOG, found.encoded(first, "text"), REQUESTER, action=action)]
    )

    (end,) = desk.of("end")
    assert (end["outcome"], end["bytes"], end["ranges"]) == ("whole", len(sent), [])
    assert sent.decode().strip() not in str(desk.stored) + str(audit_lines)


async def test_a_file_of_hits_of_several_logs_is_an_action_for_each(house: House, desk: Desk) -> None:
    _, asked = decode_hits_query({"asked": json.dumps({"pattern": "0000007"})})

    async for _ in SeveralHits(["app", "app"], asked, "text", REQUESTER).encoded():
        pass

    found = [(one["action"], one["user_name"], one["detail"]) for one in desk.of("event")]
    assert found == [("hits", "ann", {"pattern": "0000007", "form": "text"})] * 2
    assert [end["outcome"] for end in desk.of("end")] == ["whole", "whole"]
