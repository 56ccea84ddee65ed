"""Each ticket opens one socket."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from django_logtail.access import Refused, issue_ticket
from django_logtail.control import ControlUnavailable
from django_logtail.control.in_memory import MemoryControl
from django_logtail.control.process import use as use_control
from django_logtail.viewing import tickets
from django_logtail.viewing.slots import Slots


@pytest.fixture(autouse=True)
def control() -> Any:
    found = MemoryControl()
    use_control(found)
    yield found
    use_control(None)


async def test_a_ticket_is_used_up_and_another_one_is_not() -> None:
    first, second = (issue_ticket(user_id="7", slug="app", session_key="s") for _ in range(2))
    await tickets.use(first)

    with pytest.raises(Refused) as refused:
        await tickets.use(first)
    await tickets.use(second)

    assert (refused.value.code, refused.value.reason) == (4401, "bad-ticket")
    assert str(refused.value.text) == "The page's ticket was used before. Fetch a fresh one."


async def test_no_secret_of_a_ticket_is_kept(control: MemoryControl) -> None:
    ticket = issue_ticket(user_id="7", slug="app", session_key="s")
    await tickets.use(ticket)

    (kept,) = control._tickets
    assert (len(kept), kept in ticket) == (32, False)


async def test_while_redis_is_away_a_ticket_is_accepted(
    control: MemoryControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*arguments: object) -> bool:
        raise ControlUnavailable("gone")

    monkeypatch.setattr(MemoryControl, "use_ticket", gone)

    await tickets.use("x")


@pytest.mark.django_db
@pytest.mark.parametrize(("seconds", "is_free"), [(59.9, False), (60.0, True)])
def test_a_place_of_a_used_ticket_is_kept_as_long_as_one_is_valid(
    tmp_path: Path, seconds: float, is_free: bool
) -> None:
    now = 100.0
    used = tickets.Used(Slots(tmp_path / "slots"), lambda: now)

    taken = [used.take("a"), used.take("b"), used.take("a")]
    now += seconds

    assert taken == [True, True, False]
    assert used.take("a") is is_free
