"""Viewings that go on."""

from typing import Any

from django_logtail.audit.records import Subject
from django_logtail.audit.viewings import begin_action, begin_viewing, over_http
from django_logtail.place import Place
from django_logtail.protocol import Frame
from tests.audit.desk import Desk, audit_lines, desk

__all__ = ["audit_lines", "desk"]

ANN = Subject("7", "ann", "3", "app", "App", "192.0.2.7", "socket")
BOB = Subject("8", "bob", "3", "app", "App", "192.0.2.8", "socket")


def test_where_delivered_text_is_counts_and_its_text_is_nowhere(desk: Desk, audit_lines: list[str]) -> None:
    viewing = begin_viewing(ANN)
    assert viewing is not None
    hit: Any = {"start": 50, "end": 60, "parts": ["", "PLANTED", "é"]}
    viewing.delivered.frame(Frame.batch(Place("f", 10), b"PLANTED in a batch"), "web-1")
    viewing.delivered.frame(Frame.message("found", file="g", name="/var/log/app.log.1", hits=[hit]), "web-1")
    viewing.delivered.frame(Frame.message("event", file="f", kind="note", text="PLANTED"), "")
    viewing.close("left")

    (end,) = desk.of("end")

    assert (end["bytes"], end["hosts"], end["exact"]) == (18 + 9, ["web-1"], True)
    assert end["ranges"] == [
        {"file": "f", "name": "", "ranges": [[10, 28]]},
        {"file": "g", "name": "app.log.1", "ranges": [[50, 60]]},
    ]
    assert "PLANTED" not in str(desk.stored) + str(audit_lines)


def test_it_ends_once(desk: Desk) -> None:
    viewing = begin_viewing(ANN)
    action = begin_action("search", ANN, {}, viewing)
    assert viewing is not None
    assert action is not None

    viewing.close("left")
    viewing.close("server-stopped")
    action.close("done")
    action.close("broken-off")

    assert [end["outcome"] for end in desk.of("end")] == ["left", "done"]


def test_hosts_are_bounded(desk: Desk) -> None:
    viewing = begin_viewing(ANN)
    assert viewing is not None
    for index in range(11):
        viewing.delivered.frame(Frame.message("status"), f"host-{index}")

    assert len(viewing.delivered.facts()["hosts"]) == 10


def test_requests_over_http_are_one_viewing_until_they_pause(desk: Desk) -> None:
    first, other = over_http.of(ANN), over_http.of(BOB)
    assert first is not None
    for _ in range(5):
        desk.passes(50)
        assert over_http.of(ANN) is first
    assert [(end["id"], end["outcome"]) for end in desk.of("end")] == [(other and other.id, "left")]

    desk.passes(60)

    assert [end["id"] for end in desk.of("end")][1:] == [first.id]
    assert over_http.of(ANN) is not first


def test_too_many_viewings_over_http_end_the_oldest(desk: Desk) -> None:
    def of(index: int) -> Any:
        return over_http.of(Subject(str(index), "many"))

    first = of(0)
    for index in range(1, 2_000):
        of(index)
    assert not first.is_closed

    of(2_000)

    assert first.is_closed
