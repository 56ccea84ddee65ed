"""The database gone, and what waits: nobody is held up, nothing is stored twice, and `required` refuses."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

from django_logtail import consumers, protocol
from django_logtail.access import Ticket
from django_logtail.audit import disk as disk_module
from django_logtail.audit import recorder as recorder_module
from django_logtail.audit.disk import OnDisk
from django_logtail.audit.recorder import Recorder, keeps_records
from django_logtail.audit.records import Subject, event, viewing
from django_logtail.audit.viewings import OpenViewing, begin_viewing
from django_logtail.conf import conf
from django_logtail.models import Log
from django_logtail.place import Place
from django_logtail.relay import Relay
from django_logtail.viewing.admission import NotRecorded, _admitted
from django_logtail.viewing.recorded import ending
from tests.audit.desk import GONE, Desk, desk
from tests.test_consumers import HELLO, Server
from tests.viewing.seat import Play, Seat, play
from tests.viewing.test_actions import SEARCH, ask

__all__ = ["desk", "play"]

ANN = Subject("7", "ann", "3", "app", "App", "192.0.2.7", "socket")


class DiskDesk(Desk):
    """With a directory in which records wait."""

    def __init__(self, directory: Path) -> None:
        super().__init__()
        self.recorder = Recorder(self._store, self._look_round, lambda: self.now, directory)


@pytest.fixture
def disk_desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> DiskDesk:
    found = DiskDesk(tmp_path / "audit")
    settings.LOGTAIL = {**settings.LOGTAIL, "AUDIT": True}
    monkeypatch.setattr(recorder_module, "_here", found.recorder)
    return found


@pytest.fixture
def required(settings: Any, desk: Desk) -> Desk:
    settings.LOGTAIL = {**settings.LOGTAIL, "AUDIT": "required"}
    return desk


def ids(records: list[dict[str, Any]]) -> list[str]:
    return [record["id"] for record in records]


def test_a_thousand_viewers_are_recorded_while_the_database_is_gone_for_a_minute(disk_desk: DiskDesk) -> None:
    early = [begin_viewing(Subject(str(index))) for index in range(500)]
    disk_desk.pump()
    disk_desk.failure = GONE
    late: list[OpenViewing | None] = []
    for second in range(60):
        late += [begin_viewing(Subject(f"late-{second}-{index}")) for index in range(10)]
        if second >= 50:
            for one in early[(second - 50) * 50 : (second - 49) * 50]:
                assert one is not None
                one.close("left", 1001)
        disk_desk.passes(1)
    assert len(disk_desk.stored) == 500

    disk_desk.failure = None
    disk_desk.passes(1)

    stored = disk_desk.stored
    assert [record["user"] for record in stored if record["kind"] == "viewing"][500:] == [
        f"late-{second}-{index}" for second in range(60) for index in range(10)
    ]
    assert [record["id"] for record in stored if record["kind"] == "end"] == [
        one.id for one in early if one is not None
    ]
    assert not any(record.get("action") == "lost" for record in stored)
    disk_desk.passes(60)
    assert len(stored) == 500 + 600 + 500


def test_a_process_that_is_killed_leaves_its_records_to_the_next(tmp_path: Path, disk_desk: DiskDesk) -> None:
    dead = Recorder(disk_desk._store, disk_desk._look_round, lambda: disk_desk.now, tmp_path / "audit")
    disk_desk.failure = GONE
    begun = viewing(ANN, disk_desk.now, "dead")
    dead.put(begun)
    dead.store_some()
    dead.take_in()
    assert isinstance(dead.waiting._disk, OnDisk)
    assert dead.waiting._disk._file is not None
    dead.waiting._disk._file.close()  # as the system does

    disk_desk.failure = None
    disk_desk.passes(30)

    assert ids(disk_desk.stored) == [begun["id"]]
    disk_desk.passes(30)
    assert ids(disk_desk.stored) == [begun["id"]]


def test_a_forged_file_brings_no_record_and_its_lines_are_counted(
    tmp_path: Path, disk_desk: DiskDesk
) -> None:
    path = tmp_path / "audit" / "forged.audit"
    path.write_bytes(b"00 " + json.dumps(event("search", ANN, 0.0, {})).encode() + b"\nx\n")
    path.chmod(0o600)

    disk_desk.pump()
    disk_desk.pump()

    assert [record.get("detail") for record in disk_desk.stored] == [{"count": 2}]
    assert not path.exists()


def test_what_neither_disk_nor_memory_takes_is_counted(
    disk_desk: DiskDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk_module, "MOST_DISK_BYTES", 0)
    monkeypatch.setattr("django_logtail.audit.waiting.MOST_IN_MEMORY", 5)
    disk_desk.failure = GONE
    disk_desk.pump()
    for index in range(8):
        disk_desk.recorder.put(event("search", ANN, 0.0, {"index": index}))
    disk_desk.pump()

    disk_desk.failure = None
    disk_desk.pump()
    disk_desk.pump()

    found = [record["detail"] for record in disk_desk.stored]
    assert found == [{"index": 0}, {"index": 1}, {"index": 2}, {"index": 3}, {"index": 4}, {"count": 3}]


def test_a_database_that_does_not_answer_counts_as_failing_after_ten_seconds(disk_desk: DiskDesk) -> None:
    recorder = disk_desk.recorder
    disk_desk.pump()
    seen: list[tuple[bool, int]] = []

    def hangs(records: Any) -> None:
        for seconds in (10, 0.1):
            disk_desk.now += seconds
            recorder.put(event("search", ANN, 0.0, {}))
            recorder.take_in()
            seen.append((recorder.is_stuck, len(recorder.waiting._disk or [])))

    recorder._store = hangs
    recorder.put(event("search", ANN, 0.0, {}))
    recorder.take_in()
    recorder.store_some()

    assert seen == [(False, 0), (True, 3)]
    assert len(recorder.waiting) == 2


def test_the_setting_takes_three_values(settings: Any) -> None:
    for value in (False, True, "required"):
        settings.LOGTAIL = {"AUDIT": value}
        assert value == conf.AUDIT
    for wrong in ("yes", 1, None):
        settings.LOGTAIL = {"AUDIT": wrong}
        with pytest.raises(ImproperlyConfigured, match="expected True, False or 'required'"):
            _ = conf.AUDIT


def test_required_refuses_as_long_as_records_are_not_kept(required: Desk, settings: Any) -> None:
    assert not keeps_records()  # not known yet
    required.pump()
    assert keeps_records()

    required.failure = GONE
    begin_viewing(ANN)
    required.pump()
    assert not keeps_records()
    settings.LOGTAIL = {**settings.LOGTAIL, "AUDIT": True}
    assert keeps_records()

    settings.LOGTAIL = {**settings.LOGTAIL, "AUDIT": "required"}
    required.failure = None
    required.pump()
    assert keeps_records()


def test_required_is_content_with_a_disk_until_that_is_full(
    disk_desk: DiskDesk, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.LOGTAIL = {**settings.LOGTAIL, "AUDIT": "required"}
    disk_desk.failure = GONE
    begin_viewing(ANN)
    disk_desk.pump()
    disk_desk.pump()
    assert keeps_records()

    monkeypatch.setattr(disk_module, "MOST_DISK_BYTES", 10)
    begin_viewing(ANN)
    disk_desk.pump()
    assert not keeps_records()

    monkeypatch.setattr(disk_module, "MOST_DISK_BYTES", 10**6)
    disk_desk.pump()
    assert keeps_records()


@pytest.mark.django_db
def test_whoever_comes_while_records_are_not_kept_is_refused_with_a_sentence(
    required: Desk, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder_module, "VERDICT_SECONDS", 0.0)
    Log.objects.create(name="App", slug="app", path="/tmp/app.log", access="signed-in")
    ann = User.objects.create_user("ann")
    client.force_login(ann)
    key = client.session.session_key or ""

    with pytest.raises(NotRecorded, match=r"^Access to logs must be recorded, .* tell an administrator\.$"):
        _admitted(str(ann.pk), key, "app", False, "", "socket")
    required.pump()

    assert _admitted(str(ann.pk), key, "app", False, "", "socket").slug == "app"


async def test_a_socket_is_closed_with_the_sentence_and_may_try_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def admitted(*args: object, **facts: object) -> Log:
        raise await sync_to_async(NotRecorded)()

    monkeypatch.setattr(consumers, "read_ticket", lambda *args, **kwargs: Ticket("1", "app"))
    monkeypatch.setattr(consumers, "admitted", admitted)
    server = Server(HELLO)

    await server.run()

    assert (server.close["code"], server.end["reason"], server.end["may_retry"]) == (
        1011,
        "not-recorded",
        True,
    )


def test_whoever_watches_already_may_not_search_or_go_back(play: Play, required: Desk) -> None:
    sent: list[Any] = []

    async def scene(relay: Relay) -> None:
        record = begin_viewing(ANN)
        answers = await ask(relay, record, SEARCH, protocol.RangeBefore(2, Place("f", 9), 10))
        sent.extend(answers.tasks)
        assert list(relay.wants.by_member.values()) == []

    required.failure = GONE
    required.pump()
    play(scene)

    required.failure = None
    assert required.of("event") == []


@pytest.mark.parametrize(
    ("seconds", "audit", "outcome"),
    [
        (9, "required", (b"one\ntwo\n", True)),
        (11, "required", (b"one\n", False)),
        (20, True, (b"one\ntwo\n", True)),
    ],
)
def test_who_watches_gets_nothing_while_records_are_not_kept_and_leaves_after_ten_seconds(
    play: Play, desk: Desk, settings: Any, seconds: float, audit: object, outcome: tuple[bytes, bool]
) -> None:
    settings.LOGTAIL = {**settings.LOGTAIL, "AUDIT": audit}
    desk.pump()
    held: list[bytes] = []

    async def scene(relay: Relay) -> tuple[bytes, bool]:
        seat = Seat(relay)
        reader = await seat.sits_down()
        reader.starts()
        reader.sends(b"one\n")
        await asyncio.sleep(1)
        desk.recorder.trouble = "gone"
        reader.sends(b"two\n")
        reader.beats(size=8)
        await asyncio.sleep(seconds)
        held.append(seat.bytes)
        desk.recorder.trouble = ""
        await asyncio.sleep(1)
        if not seat.watches:
            error = await seat.end()
            assert isinstance(error, NotRecorded)
            assert ending(error) == ("not-recorded", 1011)
        return seat.bytes, seat.watches

    assert play(scene) == outcome
    assert held == [b"one\n" if audit == "required" else b"one\ntwo\n"]


def test_who_is_sent_nothing_watches_on(play: Play, required: Desk) -> None:
    required.pump()

    async def scene(relay: Relay) -> bool:
        seat = Seat(relay)
        reader = await seat.sits_down()
        reader.starts()
        await asyncio.sleep(1)
        required.recorder.trouble = "gone"
        await asyncio.sleep(20)
        return seat.watches

    assert play(scene) is True
