"""What becomes of a record: it is logged, sent as a signal, and stored in batches; what can't be is counted."""

import json
import logging
from typing import Any

import pytest
from django.db import DataError, IntegrityError

from django_logtail.audit import recorder as recorder_module
from django_logtail.audit.recorder import Recorder, recorder_here
from django_logtail.audit.records import Subject, event
from django_logtail.audit.signals import recorded
from django_logtail.audit.viewings import begin_viewing
from tests.audit.desk import GONE, NOW, Desk, audit_lines, decoded, desk

__all__ = ["audit_lines", "desk"]

ANN = Subject("7", "ann", "3", "app", "App", "192.0.2.7", "socket")


def put(desk: Desk, *names: str) -> None:
    for name in names:
        desk.recorder.put(event("search", ANN, desk.now, {"name": name}))


def names(records: list[dict[str, Any]]) -> list[str]:
    return [record["detail"]["name"] for record in records]


def test_nothing_is_recorded_unless_the_settings_say_so(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder_module, "_here", None)

    assert recorder_here() is None
    assert begin_viewing(ANN) is None


def test_a_record_is_a_line_of_json_and_a_signal_and_is_stored(desk: Desk, audit_lines: list[str]) -> None:
    sent = []

    def receiver(record: dict[str, Any], **kwargs: Any) -> None:
        sent.append(record)

    recorded.connect(receiver)
    try:
        put(desk, "one")
        desk.pump()
    finally:
        recorded.disconnect(receiver)

    assert decoded(audit_lines) == desk.stored == sent
    assert names(sent) == ["one"]


def test_a_receiver_that_fails_loses_nothing(desk: Desk) -> None:
    def receiver(**kwargs: Any) -> None:
        raise RuntimeError("planted")

    recorded.connect(receiver)
    try:
        put(desk, "one")
        desk.pump()
    finally:
        recorded.disconnect(receiver)

    assert names(desk.stored) == ["one"]


def test_records_are_stored_five_hundred_at_a_time(desk: Desk) -> None:
    put(desk, *(str(index) for index in range(1_001)))

    desk.pump()

    assert desk.batches == [500, 500, 1]


def test_while_the_database_is_gone_records_wait_in_order(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.failure = GONE
    for second in range(60):
        put(desk, str(second))
        desk.passes(1)
    assert desk.stored == []
    assert desk.recorder.trouble == "OperationalError"

    desk.failure = None
    desk.passes(1)

    assert names(desk.stored) == [str(second) for second in range(60)]
    assert desk.recorder.trouble == ""
    assert [record.message for record in caplog.records] == [
        "audit records wait, because they can't be stored: OperationalError",
        "audit records are stored again",
    ]


@pytest.mark.parametrize(("count", "lost"), [(9_999, 0), (10_000, 0), (10_001, 1)])
def test_what_there_is_no_room_for_is_recorded_with_its_count(desk: Desk, count: int, lost: int) -> None:
    desk.failure = GONE
    put(desk, *map(str, range(count - 1)))
    desk.pump()
    put(desk, *map(str, range(count - 1, count)))
    desk.pump()

    desk.failure = None
    desk.pump()
    desk.pump()

    assert len([record for record in desk.stored if record["action"] == "search"]) == count - lost
    assert [record["detail"] for record in desk.stored if record["action"] == "lost"] == [
        {"count": lost} for _ in range(lost)
    ]


def test_what_arrives_faster_than_it_is_logged_is_counted_too(desk: Desk) -> None:
    put(desk, *map(str, range(10_003)))

    desk.pump()
    desk.pump()

    assert [record["detail"] for record in desk.stored if record["action"] == "lost"] == [{"count": 3}]


def test_a_record_that_cannot_be_stored_holds_up_no_other(caplog: pytest.LogCaptureFixture) -> None:
    stored: list[str] = []

    def store(records: Any) -> None:
        if any(record["detail"].get("name") == "bad" for record in records):
            raise DataError("value too long: 'bad'")
        stored.extend(str(record["detail"]) for record in records)

    recorder = Recorder(store, lambda *_: None, lambda: NOW, try_out=lambda: None)
    for name in ("one", "bad", "two"):
        recorder.put(event("search", ANN, NOW, {"name": name}))

    for _ in range(2):
        recorder.take_in()
        recorder.store_some()

    assert stored == ["{'name': 'one'}", "{'name': 'two'}", "{'count': 1}"]
    assert "'bad'" not in caplog.text


def test_records_wait_while_the_database_takes_none_for_whatever_reason() -> None:
    """Such as a constraint or a trigger that it has for the table."""
    stored: list[str] = []
    refused: list[Exception] = [IntegrityError("planted")]

    def try_out() -> None:
        if refused:
            raise refused[0]

    def store(records: Any) -> None:
        try_out()
        stored.extend(record["detail"]["name"] for record in records)

    recorder = Recorder(store, lambda *_: None, lambda: NOW, try_out=try_out)
    for name in ("one", "two"):
        recorder.put(event("search", ANN, NOW, {"name": name}))
    recorder.take_in()

    recorder.store_some()
    assert (stored, recorder.trouble, recorder.keeps) == ([], "IntegrityError", False)

    refused.clear()
    recorder.store_some()
    recorder.take_in()
    recorder.store_some()
    assert (stored, recorder.trouble, recorder.keeps) == (["one", "two"], "", True)


def test_a_record_of_lost_ones_that_is_lost_takes_their_number_along() -> None:
    counts: list[int] = []
    refusing = [True]

    def store(records: Any) -> None:
        for record in records:
            if record["action"] != "lost" or refusing[0]:
                raise DataError("planted")
            counts.append(record["detail"]["count"])

    recorder = Recorder(store, lambda *_: None, lambda: NOW, try_out=lambda: None)
    for name in ("one", "two", "three"):
        recorder.put(event("search", ANN, NOW, {"name": name}))
    for _ in range(3):
        recorder.take_in()
        recorder.store_some()

    refusing.clear()
    refusing.append(False)
    recorder.take_in()
    recorder.store_some()

    assert counts == [3]


def test_viewings_that_go_on_are_stored_each_minute_if_something_was_delivered(desk: Desk) -> None:
    busy, quiet = begin_viewing(ANN), begin_viewing(ANN)
    assert busy is not None
    assert quiet is not None
    busy.delivered.add("f", 0, 10, 10)
    desk.passes(59)
    assert desk.of("progress") == []

    desk.passes(1)
    desk.passes(60)

    (record,) = desk.of("progress")
    assert (record["id"], record["bytes"], record["ranges"]) == (
        busy.id,
        10,
        [{"file": "f", "name": "", "ranges": [[0, 10]]}],
    )


def test_progress_is_no_line_of_the_log(desk: Desk, audit_lines: list[str]) -> None:
    viewing = begin_viewing(ANN)
    assert viewing is not None
    viewing.delivered.add("f", 0, 10, 10)

    desk.passes(60)
    viewing.close("left", 1000)
    desk.pump()

    assert [record["kind"] for record in decoded(audit_lines)] == ["viewing", "end"]
    assert [record["kind"] for record in desk.stored] == ["viewing", "progress", "end"]


def test_a_process_that_ends_ends_its_viewings_and_waits_for_the_database() -> None:
    stored: list[Any] = []
    recorder = Recorder(stored.extend, lambda *_: None, lambda: NOW)
    from django_logtail.audit.viewings import OpenViewing

    OpenViewing(recorder, ANN)
    recorder.start()

    recorder.stop()

    assert [(record["kind"], record.get("outcome")) for record in stored] == [
        ("viewing", None),
        ("end", "server-stopped"),
    ]


def test_a_process_that_ends_waits_some_seconds_at_most(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(recorder_module, "FLUSH_SECONDS", 0.05)

    def store(records: Any) -> None:
        raise GONE

    recorder = Recorder(store, lambda *_: None, lambda: NOW)
    put_one = event("search", ANN, NOW, {})
    recorder.put(put_one)
    recorder.start()

    recorder.stop()

    assert "1 audit records are lost, because the database did not take them" in caplog.text


def test_a_fork_gets_a_recorder_of_its_own(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Recorder] = []
    monkeypatch.setattr(Recorder, "start", lambda self: started.append(self))
    monkeypatch.setattr(recorder_module.atexit, "register", lambda _: None)
    assert recorder_here() is desk.recorder

    desk.recorder.pid += 1
    ours = recorder_here()

    assert ours is not desk.recorder
    assert started == [ours]
    assert recorder_here() is ours


def test_the_line_is_one_line_whatever_a_name_contains(desk: Desk, audit_lines: list[str]) -> None:
    hostile = Subject(user_name="ann\n\u202e<script>", slug="app")
    desk.recorder.put(event("search", hostile, NOW, {"pattern": 'x\r\n{"kind":"end"}'}))

    desk.pump()

    (line,) = audit_lines
    assert len(line.splitlines()) == 1
    assert line.isascii()
    assert json.loads(line)["user_name"] == "ann\n\u202e<script>"


def test_a_logger_that_is_off_costs_no_line(desk: Desk, audit_lines: list[str]) -> None:
    logging.getLogger("django_logtail.audit").setLevel(logging.WARNING)
    put(desk, "one")

    desk.pump()

    assert audit_lines == []
    assert names(desk.stored) == ["one"]
