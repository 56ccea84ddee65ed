"""Who gets the original of redacted lines: what must be said, what must hold, and what is recorded."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest

from django_logtail.audit.viewings import begin_viewing
from django_logtail.models import Log
from django_logtail.rights import Original, Right
from django_logtail.viewing.actions import subject_of
from django_logtail.viewing.originals import NotShown, asked_for, check, is_redacted, may_ask, shown
from django_logtail.viewing.rechecks import RightLost
from django_logtail.viewing.socket import End
from tests.audit.desk import Desk, desk
from tests.viewing.seat import ROW, allowed

__all__ = ["desk"]

ASKED = Original("order 48213", 15)


@pytest.fixture(autouse=True)
def rules(settings: Any) -> None:
    settings.LOGTAIL = {"AUDIT": True, "REDACT": ["email"]}


class Stay:
    """Whether the viewer may go on."""

    def __init__(self) -> None:
        self.needed: list[Right] = []

    def needs(self, right: Right) -> None:
        self.needed.append(right)


def staying() -> Any:
    return Stay()


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({}, None),
        ({"other": "x"}, None),
        ({"reason": "order 48213", "minutes": "15"}, Original("order 48213", 15)),
        ({"reason": "  one\n\ttwo ", "minutes": "1"}, Original("one two", 1)),
        ({"reason": "x" * 200, "minutes": "60"}, Original("x" * 200, 60)),
        ({"reason": "订单", "minutes": "60"}, Original("订单", 60)),
    ],
)
def test_a_reason_and_minutes_are_asked_for(fields: dict[str, str], found: Original | None) -> None:
    assert asked_for(fields) == found


@pytest.mark.parametrize(
    ("fields", "id"),
    [
        ({"reason": "", "minutes": "15"}, "no-reason"),
        ({"reason": " \n", "minutes": "15"}, "no-reason"),
        ({"minutes": "15"}, "no-reason"),
        ({"reason": "x" * 201, "minutes": "15"}, "long-reason"),
        ({"reason": "x"}, "bad-minutes"),
        ({"reason": "x", "minutes": "0"}, "bad-minutes"),
        ({"reason": "x", "minutes": "61"}, "bad-minutes"),
        ({"reason": "x", "minutes": "-5"}, "bad-minutes"),
        ({"reason": "x", "minutes": "1.5"}, "bad-minutes"),
        ({"reason": "x", "minutes": "٣"}, "bad-minutes"),
        ({"reason": "x", "minutes": "015"}, "bad-minutes"),
    ],
)
def test_anything_else_is_refused_with_what_is_wrong(fields: dict[str, str], id: str) -> None:
    with pytest.raises(NotShown) as refused:
        asked_for(fields)

    assert (refused.value.id, refused.value.status) == (id, 400)


def test_the_original_is_for_whom_has_the_right_to_it(desk: Desk) -> None:
    desk.pump()
    check(allowed(Right.VIEW, Right.SEE_UNREDACTED, **ROW))
    with pytest.raises(NotShown) as refused:
        check(allowed(Right.VIEW, Right.HISTORY, Right.SEARCH, Right.DOWNLOAD, **ROW))

    assert (refused.value.id, refused.value.status) == ("not-allowed", 403)


@pytest.mark.parametrize(
    ("rules", "slug", "is_hidden"),
    [
        ([], "app", False),
        (["email"], "app", True),
        ([{"ready": "email", "logs": ["app"]}], "app", True),
        ([{"ready": "email", "logs": ["app"]}], "other", False),
        (["no such rule"], "app", True),
    ],
)
def test_there_is_an_original_only_where_rules_hold(
    rules: list[Any], slug: str, is_hidden: bool, settings: Any, desk: Desk
) -> None:
    settings.LOGTAIL = {"AUDIT": True, "REDACT": rules}
    log = allowed(**{**ROW, "slug": slug})
    desk.pump()

    assert is_redacted(log) is may_ask(log) is is_hidden
    if not is_hidden:
        with pytest.raises(NotShown) as refused:
            check(log)
        assert (refused.value.id, refused.value.status) == ("not-redacted", 400)


def test_the_rules_of_a_pattern_hold_for_its_members(settings: Any) -> None:
    settings.LOGTAIL = {"AUDIT": True, "REDACT": [{"ready": "email", "logs": ["sites"]}]}
    parents = [
        Log(pk=7, slug=slug, name="x", path="/var/log/*.log", follow="each") for slug in ("sites", "b")
    ]
    members = [Log(pk=8, slug="a", name="a", path="/var/log/a.log", parent=parent) for parent in parents]

    assert [is_redacted(member) for member in members] == [True, False]


def test_nothing_is_shown_where_nothing_is_recorded(settings: Any) -> None:
    settings.LOGTAIL = {"REDACT": ["email"]}
    log = allowed(**ROW)

    assert may_ask(log) is False
    with pytest.raises(NotShown) as refused:
        check(log)
    assert (refused.value.id, refused.value.status) == ("not-recorded", 403)


@pytest.mark.parametrize("audit", [True, "required"])
def test_nothing_is_shown_while_records_cannot_be_kept(audit: Any, settings: Any, desk: Desk) -> None:
    settings.LOGTAIL = {"AUDIT": audit, "REDACT": ["email"]}
    log = allowed(**ROW)
    with pytest.raises(NotShown) as refused:  # nothing is known of the database yet
        check(log)
    assert (refused.value.id, refused.value.status) == ("not-recorded", 503)
    desk.pump()
    check(log)
    desk.failure = OSError("gone")
    desk.passes(31)
    with pytest.raises(NotShown):
        check(log)
    desk.failure = None
    desk.pump()
    check(log)


def viewing(log: Log) -> Any:
    log.user_name = "ann"
    return begin_viewing(subject_of(log, "7", "192.0.2.7", "socket"))


async def test_the_reason_is_recorded_before_anything_is_shown_and_how_it_ended_after(desk: Desk) -> None:
    log, stay = allowed(**ROW), staying()
    desk.pump()
    record = viewing(log)
    async with contextlib.AsyncExitStack() as viewings:
        viewings.push(lambda *error: True)
        await viewings.enter_async_context(shown(ASKED, log, stay, record))
        (event,) = desk.of("event")
        assert (event["action"], event["viewing"], event["user_name"]) == ("original", record.id, "ann")
        assert event["detail"] == {"reason": "order 48213", "minutes": 15}
        assert (desk.of("end"), stay.needed) == ([], [Right.SEE_UNREDACTED])
        raise End(1000, "original-over")
    (end,) = desk.of("end")

    assert (end["of"], end["id"], end["outcome"]) == ("event", event["id"], "original-over")
    assert end["detail"] == {"reason": "order 48213", "minutes": 15}


async def test_a_viewing_of_redacted_lines_needs_and_records_nothing(desk: Desk) -> None:
    log, stay = allowed(Right.VIEW, **ROW), staying()
    async with shown(None, log, stay, None):
        pass

    assert (desk.of("event"), stay.needed) == ([], [])


async def test_a_ticket_from_before_the_right_was_lost_shows_nothing(desk: Desk) -> None:
    desk.pump()
    log = allowed(Right.VIEW, Right.HISTORY, **ROW)
    with pytest.raises(End) as end:
        async with shown(ASKED, log, staying(), viewing(log)):
            raise AssertionError("it is shown")

    assert (end.value.code, end.value.reason, end.value.may_retry) == (1000, "original-refused", True)
    assert desk.of("event") == []


async def test_a_viewing_that_is_not_recorded_shows_nothing(desk: Desk) -> None:
    desk.pump()
    with pytest.raises(End) as end:
        async with shown(ASKED, allowed(**ROW), staying(), None):
            raise AssertionError("it is shown")

    assert end.value.reason == "original-refused"


def test_a_right_that_is_lost_is_a_change_of_what_one_was_let_in_for() -> None:
    async def scene() -> None:
        from django_logtail.viewing.rechecks import Rounds, Who

        log = allowed(**ROW)
        rounds = Rounds(lambda who: None)  # type: ignore[arg-type, return-value]
        with rounds.kept(Who("7", "s", "app"), log) as hers, rounds.kept(Who("7", "s", "app"), log) as tab:
            hers.needs(Right.SEE_UNREDACTED)
            fewer = allowed(Right.VIEW, Right.HISTORY, **ROW)
            for stay in (hers, tab):
                stay.tell(fewer)

            assert isinstance(hers.lost.exception(), RightLost)
            assert not tab.lost.done()
            hers.tell(log)
            with pytest.raises(RightLost):
                await hers.until_lost()

    asyncio.run(scene())
