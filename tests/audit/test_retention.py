"""How long records are kept, and whose can be deleted."""

from datetime import datetime, timedelta, timezone
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from django_logtail.audit import records, retention
from django_logtail.audit.models import Viewing, ViewingEvent
from django_logtail.audit.records import Subject
from django_logtail.audit.storing import store
from tests.audit.desk import Desk, desk

__all__ = ["desk"]

NOW = 1_700_000_000.0
TODAY = datetime.fromtimestamp(NOW, timezone.utc)
DAY = 86_400.0

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def one_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django_logtail.audit.storing.connections", {"default": Quiet()})


class Quiet:
    def close(self) -> None:
        pass


def viewed(name: str, began_days: float, ended_days: float | None, user: str = "ann") -> None:
    """A viewing with an action at its begin, both so many days ago."""
    viewing = records.viewing(Subject(user, user, slug=name), NOW - began_days * DAY, "p")
    event = records.event("search", Subject(user, user, slug=name), NOW - began_days * DAY, {}, viewing["id"])
    store([viewing, event])
    if ended_days is not None:
        store([records.end(viewing, "left", NOW - ended_days * DAY)])


def left() -> tuple[set[str], set[str]]:
    return (
        set(Viewing.objects.values_list("slug", flat=True)),
        set(ViewingEvent.objects.values_list("slug", flat=True)),
    )


def test_what_ended_longer_ago_is_deleted_with_its_actions() -> None:
    viewed("younger", 11, 9.999)
    viewed("older", 11, 10.001)
    viewed("open", 11, None)
    store([records.event("refused", Subject(slug="alone-older"), NOW - 10.001 * DAY, {})])
    store([records.event("refused", Subject(slug="alone-younger"), NOW - 9.999 * DAY, {})])

    viewings, events = retention.outdated(TODAY, 10)
    deleted = retention.delete(events), retention.delete(viewings)

    assert deleted == (2, 1)
    assert left() == ({"younger", "open"}, {"younger", "open", "alone-younger"})


def test_the_setting_says_how_old_records_get(settings: Any) -> None:
    settings.LOGTAIL = {"AUDIT_DAYS": 30}
    viewed("older", 31, 30.1)
    viewed("younger", 31, 29.9)

    assert [row.slug for row in retention.outdated(TODAY)[0]] == ["older"]


def test_rows_are_deleted_some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "AT_A_TIME", 2)
    for index in range(5):
        viewed(str(index), 20, 20)

    assert retention.delete(retention.outdated(TODAY, 10)[0]) == 5
    assert not Viewing.objects.exists()


def prune(*arguments: str) -> str:
    said = StringIO()
    call_command("logtail_prune", *arguments, stdout=said)
    return said.getvalue()


def test_the_command_says_what_it_deleted_or_would() -> None:
    viewed("older", 11, 10)
    age = (datetime.now(timezone.utc) - TODAY) / timedelta(days=1)

    assert (
        prune("--dry-run", "--days", str(int(age))) == "To delete: 1 viewings and 1 recorded actions "
        f"older than {int(age)} days.\n"
    )
    assert left()[0] == {"older"}
    assert prune("--days", str(int(age))).startswith("Deleted: 1 viewings and 1 recorded actions older")
    assert left() == (set(), set())


def test_the_command_deletes_the_records_of_one_person_whatever_their_age() -> None:
    viewed("of-ann", 1, None)
    viewed("of-bob", 1, 1, user="bob")

    assert prune("--user", "ann") == "Deleted: 1 viewings and 1 recorded actions of user 'ann'.\n"
    assert left() == ({"of-bob"}, {"of-bob"})


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--days", "-1"), "expected a whole number from 0 to 36500"),
        (("--days", "36501"), "expected a whole number from 0 to 36500"),
        (("--days", "x"), "expected a whole number from 0 to 36500"),
        (("--days", "1", "--user", "ann"), "Give --days or --user, not both."),
    ],
)
def test_the_command_refuses(arguments: tuple[str, ...], expected: str) -> None:
    with pytest.raises(CommandError, match=expected):
        prune(*arguments)


def test_that_records_were_deleted_is_recorded(desk: Desk) -> None:
    viewed("of-ann", 1, None)

    prune("--user", "ann", "--dry-run")
    prune("--user", "ann")
    prune("--user", "ann")

    (event,) = desk.of("event")
    assert (event["action"], event["via"], event["detail"]) == (
        "pruned",
        "command",
        {"viewings": 1, "actions": 1, "of": "one user"},
    )
