"""What a record says."""

import json
from datetime import date

import pytest

from django_logtail.audit import records
from django_logtail.audit.records import Subject

ANN = Subject("7", "ann", "3", "app", "App", "192.0.2.7", "socket")
NOW = 1_700_000_000.25


def test_a_viewing_begins_with_who_what_when_and_from_where() -> None:
    record = records.viewing(ANN, NOW, "web:1:a")

    assert len(record.pop("id")) == 36
    assert record == {
        "kind": "viewing",
        "at": "2023-11-14T22:13:20.250+00:00",
        "user": "7",
        "user_name": "ann",
        "log": "3",
        "slug": "app",
        "log_name": "App",
        "address": "192.0.2.7",
        "via": "socket",
        "process": "web:1:a",
    }


def test_an_event_names_its_viewing_and_an_end_names_what_ends() -> None:
    event = records.event("search", ANN, NOW, {"pattern": "x"}, "v")
    end = records.end(event, "done", NOW + 1, detail={"found": 3})

    assert (event["kind"], event["action"], event["viewing"], event["detail"]) == (
        "event",
        "search",
        "v",
        {"pattern": "x"},
    )
    assert end == {
        "kind": "end",
        "of": "event",
        "id": event["id"],
        "at": "2023-11-14T22:13:21.250+00:00",
        "outcome": "done",
        "detail": {"found": 3},
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x" * 500, "x" * 500),
        ("x" * 501, "x" * 499 + "…"),
        ("a\0b", "a�b"),
        ("a\ud800b", "a?b"),
        ("日本", "日本"),
    ],
)
def test_texts_are_cut_and_can_be_stored_anywhere(text: str, expected: str) -> None:
    assert records.tidied({"list": [text]}) == {"list": [expected]}


def test_whatever_a_field_of_the_registry_holds_can_be_written_as_json() -> None:
    said = records.tidied({"since": date(2026, 1, 2), "order": 1, "enabled": True, "parent": None})

    assert json.loads(json.dumps(said)) == {
        "since": "2026-01-02",
        "order": 1,
        "enabled": True,
        "parent": None,
    }


@pytest.mark.parametrize("length", [199, 200, 201])
def test_names_fit_their_columns(length: int) -> None:
    record = records.viewing(Subject(user_name="n" * length), NOW, "")

    assert len(record["user_name"]) == min(length, 200)


def test_a_hostile_name_stays_on_its_line() -> None:
    record = records.viewing(Subject(user_name='ann\n{"kind": "end"}\u202e'), NOW, "")

    line = json.dumps(record)

    assert "\n" not in line
    assert line.isascii()
