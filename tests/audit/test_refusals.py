"""Who was refused which log."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from django_logtail.access import Refused
from django_logtail.audit import refusals as module
from django_logtail.audit.records import Subject
from django_logtail.audit.refusals import Refusals, record_refusal
from django_logtail.models import Log
from django_logtail.viewing.admission import _admitted
from tests.audit.desk import Desk, desk

__all__ = ["desk"]

ANN = Subject("7", "ann", "3", "app", "App", "192.0.2.7", "socket")
BOB = Subject("8", "bob", "3", "app", "App", "192.0.2.8", "socket")


@pytest.fixture(autouse=True)
def no_refusals_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "refusals", Refusals())


def told(desk: Desk) -> list[tuple[str, dict[str, Any]]]:
    return [
        (record["user_name"], record["detail"])
        for record in desk.of("event")
        if record["action"] == "refused"
    ]


def test_the_first_is_recorded_at_once_and_the_others_are_counted(desk: Desk) -> None:
    for _ in range(5):
        record_refusal(ANN)
    record_refusal(ANN, "download")
    record_refusal(BOB)
    assert told(desk) == [
        ("ann", {"what": "view"}),
        ("ann", {"what": "download"}),
        ("bob", {"what": "view"}),
    ]

    desk.passes(59)
    assert len(told(desk)) == 3
    desk.passes(1)

    assert told(desk)[3:] == [("ann", {"what": "view", "more": 4, "seconds": 60})]
    record_refusal(ANN)
    assert told(desk)[4:] == [("ann", {"what": "view"})]


def test_what_was_counted_is_recorded_when_the_process_ends(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("django_logtail.audit.recorder.FLUSH_SECONDS", 0.0)
    for _ in range(3):
        record_refusal(ANN)
    desk.pump()

    desk.recorder.stop()

    assert told(desk)[1:] == [("ann", {"what": "view", "more": 2, "seconds": 0})]


@pytest.mark.parametrize(("kinds", "recorded"), [(1_000, 1_000), (1_001, 1_002)])
def test_kinds_that_are_counted_are_bounded(desk: Desk, kinds: int, recorded: int) -> None:
    for _ in range(2):
        for index in range(kinds):
            record_refusal(Subject(str(index)))

    assert len(told(desk)) == recorded


@pytest.mark.django_db
def test_who_asks_for_a_log_that_is_not_theirs_is_recorded_on_every_path(desk: Desk, client: Client) -> None:
    Log.objects.create(name="Secret", slug="secret", path="/tmp/secret.log", access="staff")
    Log.objects.create(name="Mine", slug="mine", path="/tmp/mine.log", access="signed-in")
    ann = User.objects.create_user("ann")
    client.force_login(ann)
    key = client.session.session_key or ""
    for slug in ("secret", "mine", "PLANTED"):
        client.get(f"/logs/{slug}/")
        client.post(f"/logs/{slug}/ticket/")
        client.post(f"/logs/{slug}/views/", {"name": "x"})
        if slug != "mine":
            with pytest.raises(Refused):
                _admitted(str(ann.pk), key, slug, False, "192.0.2.9", "socket")

    found = [record for record in desk.of("event") if record["action"] == "refused"]

    assert [(one["user_name"], one["slug"], one["address"], one["via"]) for one in found] == [
        ("ann", "secret", "127.0.0.1", "http"),
        ("ann", "secret", "192.0.2.9", "socket"),
    ]
    desk.passes(60)
    assert [one["detail"] for one in desk.of("event") if "more" in one["detail"]] == [
        {"what": "view", "more": 2, "seconds": 60}
    ]
    assert "PLANTED" not in str(desk.stored)


@pytest.mark.django_db
def test_a_log_that_is_not_there_costs_as_many_queries_as_one_that_is(
    desk: Desk, django_assert_num_queries: Any
) -> None:
    ann = User.objects.create_user("ann")
    Log.objects.create(name="Secret", slug="secret", path="/tmp/secret.log", access="staff")
    from django_logtail.viewing.actions import record_refused

    for slug in ("secret", "missing"):
        with django_assert_num_queries(2):
            record_refused(str(ann.pk), slug, "", "socket")
