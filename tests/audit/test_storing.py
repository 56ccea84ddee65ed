"""Records as rows."""

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import QuerySet

from django_logtail.audit import records, storing
from django_logtail.audit.models import Viewing, ViewingEvent
from django_logtail.audit.records import Subject
from django_logtail.audit.storing import look_round, store
from django_logtail.audit.viewings import begin_action, begin_viewing
from tests.audit.desk import NOW, Desk, database_desk

__all__ = ["database_desk"]

ANN = Subject("7", "ann", "3", "app", "App", "192.0.2.7", "socket")
BOB = Subject("8", "bob", "4", "web", "Web", "192.0.2.8", "socket")
BEGAN = datetime.fromtimestamp(NOW, timezone.utc)


@pytest.fixture(autouse=True)
def one_connection(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test's own transaction must outlive what closes its connection after each batch."""
    monkeypatch.setattr(storing.connections["default"], "close", lambda: None)


def test_a_viewing_has_a_row_from_its_begin_on(database_desk: Desk) -> None:
    ann, bob = begin_viewing(ANN), begin_viewing(BOB)
    assert ann is not None
    assert bob is not None
    database_desk.pump()
    assert Viewing.objects.filter(ended=None).count() == 2

    ann.delivered.add("f", 100, 200, 100)
    database_desk.now += 5
    ann.close("no-access", 4403)
    database_desk.pump()

    row = Viewing.objects.get(user_name="ann")
    assert (row.user, row.slug, row.log_name, row.address, row.via) == (
        "7",
        "app",
        "App",
        "192.0.2.7",
        "socket",
    )
    assert (row.began, row.ended) == (BEGAN, BEGAN + timedelta(seconds=5))
    assert (row.outcome, row.code, row.bytes) == ("no-access", 4403, 100)
    assert row.ranges == [{"file": "f", "name": "", "ranges": [[100, 200]]}]
    other = Viewing.objects.get(user_name="bob")
    assert (other.ended, other.outcome, other.bytes) == (None, "", 0)


def test_a_row_outlives_user_and_log(database_desk: Desk) -> None:
    user = User.objects.create(username="ann")
    begin_viewing(Subject(str(user.pk), "ann", "3", "app", "App"))
    database_desk.pump()

    user.delete()

    assert Viewing.objects.get().user_name == "ann"


def test_an_action_belongs_to_its_viewing_and_says_what_came_of_it(database_desk: Desk) -> None:
    viewing = begin_viewing(ANN)
    action = begin_action("search", ANN, {"pattern": "x"}, viewing)
    assert action is not None
    assert viewing is not None
    action.close("done", found=3)
    database_desk.pump()

    row = ViewingEvent.objects.get()

    assert (row.action, str(row.viewing_id), row.outcome) == ("search", viewing.id, "done")
    assert row.detail == {"pattern": "x", "found": 3}


def test_storing_a_batch_again_changes_nothing() -> None:
    viewing = records.viewing(ANN, NOW, "p")
    event = records.event("search", ANN, NOW, {"pattern": "x"}, viewing["id"])
    batch = [
        viewing,
        event,
        records.progress(viewing, NOW + 1, bytes=1, hosts=[], ranges=[], exact=True),
        records.end(event, "done", NOW + 2, detail={"found": 1}),
        records.end(viewing, "left", NOW + 3, code=1000, bytes=9, hosts=[], ranges=[], exact=True),
    ]
    store(batch)

    store(batch[:2])
    store(batch[2:])
    store(batch[:3])

    row, action = Viewing.objects.get(), ViewingEvent.objects.get()
    assert (row.outcome, row.bytes) == ("left", 9)
    assert (action.outcome, action.detail) == ("done", {"found": 1})


def test_a_batch_is_stored_whole_or_not_at_all() -> None:
    good = records.viewing(ANN, NOW, "p")

    with pytest.raises(ValueError, match="without a time"):
        store([good, {**records.progress(good, NOW), "at": "never"}])

    assert not Viewing.objects.exists()


def test_viewings_of_a_process_that_was_killed_end_unknown_when_it_was_last_seen() -> None:
    dead, alive = records.viewing(ANN, NOW, "dead"), records.viewing(BOB, NOW, "alive")
    store([dead, alive, records.progress(dead, NOW + 60, bytes=5)])

    look_round("alive", BEGAN + timedelta(seconds=360))
    assert Viewing.objects.filter(ended=None).count() == 2
    look_round("alive", BEGAN + timedelta(seconds=361))

    row = Viewing.objects.get(user_name="ann")
    assert (row.outcome, row.ended, row.bytes) == ("unknown", BEGAN + timedelta(seconds=60), 5)
    assert Viewing.objects.get(user_name="bob").ended is None


def test_a_process_that_was_only_cut_off_has_its_viewings_back() -> None:
    viewing = records.viewing(ANN, NOW, "cut-off")
    ended = records.viewing(BOB, NOW, "cut-off")
    store([viewing, ended, records.end(ended, "left", NOW + 1)])
    look_round("other", BEGAN + timedelta(seconds=1_000))
    assert Viewing.objects.get(user_name="ann").outcome == "unknown"

    look_round("cut-off", BEGAN + timedelta(seconds=1_001))

    row = Viewing.objects.get(user_name="ann")
    assert (row.outcome, row.ended) == ("", None)
    assert Viewing.objects.get(user_name="bob").outcome == "left"


def test_an_end_that_comes_late_counts_more_than_unknown() -> None:
    viewing = records.viewing(ANN, NOW, "p")
    store([viewing])
    look_round("other", BEGAN + timedelta(seconds=1_000))

    store([records.end(viewing, "left", NOW + 400, code=1001)])

    row: Any = Viewing.objects.get()
    assert (row.outcome, row.code, row.ended) == ("left", 1001, BEGAN + timedelta(seconds=400))


def test_trying_it_out_writes_to_both_tables_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    bulk_create = QuerySet.bulk_create

    def noted(self: Any, rows: list[Any], **options: Any) -> Any:
        written.extend(type(row).__name__ for row in rows)
        return bulk_create(self, rows, **options)

    monkeypatch.setattr(QuerySet, "bulk_create", noted)

    storing.try_out()

    assert written == ["Viewing", "ViewingEvent"]
    assert (Viewing.objects.count(), ViewingEvent.objects.count()) == (0, 0)
