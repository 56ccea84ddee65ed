"""Staff see who uses what, and end viewings, with a reason."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from django_logtail import admin
from django_logtail.control import ControlUnavailable, ViewerFacts
from django_logtail.control.in_memory import MemoryControl
from django_logtail.control.process import use
from django_logtail.models import Log
from django_logtail.viewing import ending
from django_logtail.viewing.changes import ended_by

pytestmark = pytest.mark.django_db

STATUS = "admin:logtail_log_status"


class Control(MemoryControl):
    """Remembers which viewings all processes are told to end."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[list[str], str]] = []
        self.is_away = False

    def tell_changes(self, concerned: Any) -> None:
        if self.is_away:
            raise ControlUnavailable("gone")
        self.told += [ended for change in concerned if (ended := ended_by(change)) is not None]


@pytest.fixture
def control(settings: Any) -> Control:
    settings.LOGTAIL = {"ROOTS": ["/tmp"], "READER": "dramatiq", "BYTES_PER_DAY_PER_USER": 5_000_000}
    found = Control()
    use(found)
    return found


@pytest.fixture
def house(control: Control) -> dict[str, str]:
    """Two users: one with two logs open and a search, the other with one log. Their keys by name."""
    people = {name: User.objects.create_user(name) for name in ("oleg", "ann")}
    logs = [Log.objects.create(name=name, slug=name, path=f"/tmp/{name}.log") for name in ("shop", "bank")]
    facts = []
    for number, (user, log) in enumerate((("oleg", 0), ("oleg", 1), ("ann", 0))):
        pk = str(people[user].pk)
        facts.append(ViewerFacts(f"session-{number}", pk, str(logs[log].pk), 12.5, "10.0.0.1"))
        control.limits.take("p", "viewers", pk, str(number), 16)
    control.report_viewers("p", facts)
    oleg = str(people["oleg"].pk)
    control.limits.take("p", "searches", oleg, "s", 4)
    control.limits.spend("bytes", oleg, 4_600_000, None, 60.0)
    return {name: str(user.pk) for name, user in people.items()}


def staff(client: Client, *permissions: str) -> Client:
    user = User.objects.create_user("boss", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client.force_login(user)
    return client


def cells(page: str, user: str) -> list[str]:
    """The cells of this user's row in the table of users."""
    table = page[page.index('id="logtail-users"') :]
    row = next(row for row in table.split("<tr>") if f'<th scope="row">{user}</th>' in row)
    texts = [cell.partition("</td>")[0].strip() for cell in row.split("<td>")[1:]]
    return [text.replace("\xa0", " ") for text in texts if not text.startswith("<form")]


def test_the_status_page_shows_who_uses_how_much_of_what(client: Client, house: dict[str, str]) -> None:
    page = staff(client, "view_log").get(reverse(STATUS)).content.decode()

    assert cells(page, "oleg") == ["2 of 16", "1 of 4", "0 of 4", "4.6 MB of 5.0 MB"]
    assert cells(page, "ann") == ["1 of 16", "0 of 4", "0 of 4", "0 B of 5.0 MB"]
    assert 'value="end"' not in page  # they may not


def test_junk_among_the_users_in_redis_harms_nothing(
    client: Client, control: Control, house: dict[str, str]
) -> None:
    for junk in ("<script>", "9" * 30, "x" * 300):
        control.limits.spend("bytes", junk, 1, None, 60.0)

    page = staff(client, "view_log").get(reverse(STATUS))

    assert page.status_code == 200
    assert b"<script>" not in page.content.split(b'id="logtail-users"')[1]


@pytest.mark.parametrize(
    ("session", "user", "ended"),
    [
        ("session-0", "", ["session-0"]),
        ("", "oleg", ["session-0", "session-1"]),
        ("", "nobody", []),
        ("session-9", "", []),
        ("", "", []),
    ],
)
def test_staff_end_one_viewing_or_all_of_a_user(
    client: Client, control: Control, house: dict[str, str], session: str, user: str, ended: list[str]
) -> None:
    form = {"act": "end", "session": session, "user": house.get(user, user), "reason": " at\n15:00 "}

    staff(client, "view_log", "stop_log").post(reverse(STATUS), form)

    assert sorted(name for sessions, _ in control.told for name in sessions) == ended
    assert {note for _, note in control.told} == ({"at 15:00"} if ended else set())


@pytest.mark.parametrize(
    ("permissions", "status"),
    [((), 403), (("view_log",), 403), (("view_log", "stop_log"), 302), (("view_log", "change_log"), 302)],
)
def test_who_may_stop_logs_may_end_viewings(
    client: Client, control: Control, house: dict[str, str], permissions: tuple[str, ...], status: int
) -> None:
    answer = staff(client, *permissions).post(reverse(STATUS), {"act": "end", "session": "session-2"})

    assert answer.status_code == status
    assert len(control.told) == (1 if status == 302 else 0)


def test_only_viewings_of_logs_that_one_may_stop_are_ended(
    client: Client, control: Control, house: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def may_stop(self: Any, request: Any, log: Log | None = None) -> bool:
        return log is None or log.slug == "shop"

    monkeypatch.setattr(admin.LogAdmin, "has_stop_permission", may_stop)
    boss = staff(client, "view_log")

    both = boss.post(reverse(STATUS), {"act": "end", "user": house["oleg"]})
    other = boss.post(reverse(STATUS), {"act": "end", "session": "session-1"})

    assert (both.status_code, other.status_code) == (302, 403)
    assert [sessions for sessions, _ in control.told] == [["session-0"]]


def test_an_end_is_recorded_unless_redis_is_away(
    client: Client, control: Control, house: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded: list[Any] = []
    monkeypatch.setattr(admin, "record_action", lambda *record: recorded.append(record))
    boss, form = staff(client, "view_log", "stop_log"), {"act": "end", "session": "session-0", "reason": "x"}
    control.is_away = True
    boss.post(reverse(STATUS), form)
    assert recorded == []

    control.is_away = False
    boss.post(reverse(STATUS), form)

    ((action, subject, detail),) = recorded
    assert (action, subject.user_name, subject.via, subject.slug) == (
        "viewing-ended",
        "boss",
        "admin",
        "shop",
    )
    assert detail == {"user": "oleg", "reason": "x"}


def test_many_viewings_are_ended_in_parts(control: Control) -> None:
    ending.end_viewings([f"s{number}" for number in range(1_001)], "x" * 300)

    assert [len(sessions) for sessions, _ in control.told] == [500, 500, 1]
    assert {len(note) for _, note in control.told} == {200}
