"""Which users are admitted, and what happens when access can't be looked up."""

import asyncio
import contextlib
import threading

import pytest
from django.db import DatabaseError

from django_logtail.shares import Shares
from django_logtail.viewing import admission, limits
from django_logtail.viewing.slots import Slots
from django_logtail.viewing.spending import Spending, spending_here


async def test_a_database_that_does_not_answer_counts_as_one_that_fails(monkeypatch):
    answers = threading.Event()
    monkeypatch.setattr(admission, "ANSWER_SECONDS", 0.01)
    monkeypatch.setattr(admission, "_admitted", lambda *arguments: answers.wait())

    try:
        with pytest.raises(DatabaseError, match="no answer within"):
            await admission.admitted("1", "session", "app")
    finally:
        answers.set()


@pytest.fixture
def viewers(monkeypatch, tmp_path):
    monkeypatch.setattr(limits, "slots", Slots(tmp_path / "slots"))
    return admission.Viewers()


async def let_in(viewers, *users):
    """Who of these is let in, and the reason that the others are told."""
    seen = []
    with contextlib.ExitStack() as stack:
        for user in users:
            try:
                stack.enter_context(await viewers.counted(user))
            except limits.OverLimit as full:
                seen.append((full.reason, full.limit))
            else:
                seen.append("in")
    return seen


@pytest.mark.parametrize(("most", "text"), [
    (1, "You already have 1 log open, which is the limit. Close it and try again."),
    (2, "You already have 2 logs open, which is the limit. Close one and try again."),
])  # fmt: skip
async def test_a_user_has_so_many_logs_open_and_another_user_as_many(viewers, settings, most, text):
    settings.LOGTAIL = {**settings.LOGTAIL, "MAX_VIEWERS_PER_USER": most}

    seen = await let_in(viewers, *["7"] * (most + 1), *["8"] * most)

    assert seen == ["in"] * most + [("too-many-viewers", most)] + ["in"] * most
    with contextlib.ExitStack() as stack:
        for _ in range(most):
            stack.enter_context(await viewers.counted("7"))
        with pytest.raises(limits.OverLimit) as full:
            stack.enter_context(await viewers.counted("7"))
    assert full.value.text == text


@pytest.mark.parametrize(("count", "last"), [(2, "in"), (3, "in"), (4, ("server-full", None))])
async def test_a_process_has_so_many_viewers(viewers, settings, count, last):
    settings.LOGTAIL = {**settings.LOGTAIL, "MAX_VIEWERS_PER_PROCESS": 3}

    assert (await let_in(viewers, *map(str, range(count))))[-1] == last


async def test_whoever_leaves_makes_room_and_is_remembered_no_longer(viewers, settings):
    settings.LOGTAIL = {**settings.LOGTAIL, "MAX_VIEWERS_PER_USER": 2, "MAX_VIEWERS_PER_PROCESS": 2}

    for _ in range(3):
        with await viewers.counted("7"):
            one = viewers.total, dict(viewers.by_user)
            with await viewers.counted("7"):
                two = viewers.total, dict(viewers.by_user)
        assert (one, two) == ((1, {"7": 1}), (2, {"7": 2}))
    assert (viewers.total, dict(viewers.by_user)) == (0, {})


async def test_whom_the_process_has_no_room_for_takes_no_place_of_their_own(viewers, settings):
    settings.LOGTAIL = {**settings.LOGTAIL, "MAX_VIEWERS_PER_USER": 1, "MAX_VIEWERS_PER_PROCESS": 1}

    with await viewers.counted("8"):
        refused = await let_in(viewers, "7")
    after = await let_in(viewers, "7")

    assert (refused, after) == ([("server-full", None)], ["in"])


@pytest.mark.parametrize(("most", "text"), [
    (1, "You already have 1 download running, which is the limit. Try again when it ends."),
    (2, "You already have 2 downloads running, which is the limit. Try again when one ends."),
])  # fmt: skip
async def test_a_user_has_so_many_downloads_at_a_time_beside_their_open_logs(viewers, settings, most, text):
    settings.LOGTAIL = {**settings.LOGTAIL, "MAX_DOWNLOADS_PER_USER": most, "MAX_VIEWERS_PER_USER": 1}

    with contextlib.ExitStack() as stack:
        stack.enter_context(await viewers.counted("7"))
        for _ in range(most):
            stack.enter_context(await viewers.downloading("7"))
        with await viewers.downloading("8"), pytest.raises(limits.OverLimit) as full:
            await viewers.downloading("7")
    with await viewers.downloading("7"):
        pass

    assert (full.value.reason, full.value.text, full.value.limit) == ("too-many-downloads", text, most)


async def test_who_opens_logs_again_and_again_waits_and_another_does_not(monkeypatch):
    looked_up = []
    monkeypatch.setattr(admission, "_admitted", lambda user, *others: looked_up.append(user))
    monkeypatch.setattr(spending_here(), "joins", Shares(1))
    mine = [asyncio.ensure_future(admission.admitted("anna", "session", "app")) for _ in range(60)]
    await mine[0]

    for number in range(5):
        await admission.admitted(f"bert {number}", "session", "app")
    is_waiting = not all(one.done() for one in mine)
    for one in mine:
        one.cancel()
    await asyncio.gather(*mine, return_exceptions=True)

    assert is_waiting
    assert looked_up.count("anna") < 60


async def test_as_many_logs_as_one_user_may_have_open_are_opened_at_once(settings):
    settings.LOGTAIL = {**settings.LOGTAIL, "MAX_VIEWERS_PER_USER": 40}

    joins = Spending().joins

    for _ in range(40):
        assert await joins.turn("anna") is False
        joins.spend("anna", 1)
