"""What is recorded of a viewing: which bytes, and how it ended."""

import asyncio
from typing import Any

import pytest
from django.db import DatabaseError

from django_logtail.models import Log
from django_logtail.protocol import BadMessage
from django_logtail.relay import Relay
from django_logtail.viewing.recorded import ending, recorded
from django_logtail.viewing.socket import End
from tests.audit.desk import Desk, audit_lines, desk
from tests.viewing.seat import ROW, Play, Seat, play

__all__ = ["audit_lines", "desk", "play"]


def a_log(user_name: str = "ann") -> Log:
    log = Log(**ROW)
    log.user_name = user_name
    return log


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (End(None, client_code=1001), ("left", 1001)),
        (End(None, client_code=1012), ("server-stopped", 1012)),
        (End(None), ("left", 1006)),
        (End(4403, "no-access"), ("no-access", 4403)),
        (End(4401, "signed-out"), ("signed-out", 4401)),
        (End(4503, "log-changed"), ("log-changed", 4503)),
        (End(1000, "stopped"), ("stopped", 1000)),
        (BadMessage("x"), ("bad-message", 4400)),
        (DatabaseError("x"), ("unavailable", 1011)),
        (asyncio.CancelledError(), ("server-stopped", 1012)),
        (RuntimeError("x"), ("failed", 1011)),
    ],
)
def test_an_end_has_a_word_and_a_code(error: BaseException, expected: tuple[str, int], desk: Desk) -> None:
    with pytest.raises(type(error)), recorded(a_log(), "7", "192.0.2.7"):
        raise error

    (end,) = desk.of("end")
    assert (end["outcome"], end["code"]) == ending(error) == expected


def test_a_viewing_says_who_watches_which_log(desk: Desk) -> None:
    with recorded(a_log(), "7", "192.0.2.7"), recorded(a_log("bob"), "8", "192.0.2.8"):
        begun = desk.of("viewing")

    said = [(one["user"], one["user_name"], one["log"], one["slug"], one["log_name"]) for one in begun]
    assert said == [("7", "ann", "1", "app", "App"), ("8", "bob", "1", "app", "App")]
    assert [one["address"] for one in begun] == ["192.0.2.7", "192.0.2.8"]


def test_nothing_is_recorded_while_it_is_off(settings: Any) -> None:
    settings.LOGTAIL = {}

    with recorded(a_log(), "7", "") as record:
        assert record is None


def test_what_a_viewer_is_sent_is_recorded_by_its_place(
    play: Play, desk: Desk, audit_lines: list[str]
) -> None:
    async def scene(relay: Relay) -> None:
        ann, bob = Seat(relay), Seat(relay, pk=2, slug="web")
        with recorded(a_log(), "7", "") as ann.record, recorded(a_log("bob"), "8", "") as bob.record:
            reader, other = await ann.sits_down(), await bob.sits_down()
            for one in (reader, other):
                one.starts(100)
                one.beats()
            await asyncio.sleep(0.3)
            reader.sends(b"PLANTED\n")
            await asyncio.sleep(1)

    play(scene)

    ends = desk.of("end")
    by_user = {begun["user"]: end for begun in desk.of("viewing") for end in ends if end["id"] == begun["id"]}
    assert (by_user["7"]["bytes"], by_user["7"]["hosts"]) == (8, ["web-1.example"])
    assert by_user["7"]["ranges"] == [{"file": "f", "name": "", "ranges": [[100, 108]]}]
    assert (by_user["8"]["bytes"], by_user["8"]["ranges"]) == (0, [])
    assert "PLANTED" not in str(desk.stored) + str(audit_lines)
