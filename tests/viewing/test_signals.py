"""Changes made through Django: who is looked up at once, in this process and in the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import user_logged_out
from django.contrib.auth.models import Group, Permission, User

from django_logtail.models import Log
from django_logtail.viewing import signals

pytestmark = pytest.mark.django_db


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {"here": [], "elsewhere": []}
    monkeypatch.setattr(signals, "stale_everywhere", found["here"].append)
    monkeypatch.setattr(signals.teller, "tell", found["elsewhere"].append)
    return found


@pytest.fixture
def people(settings: Any) -> tuple[User, User, Group]:
    settings.LOGTAIL = {"ROOTS": ["/tmp"], "READER": "dramatiq"}
    ann, bob = User.objects.create_user("ann"), User.objects.create_user("bob")
    group = Group.objects.create(name="watchers")
    group.user_set.add(ann)
    return ann, bob, group


def _deactivated(ann: User, bob: User, group: Group) -> None:
    ann.is_active = False
    ann.save()


def _signed_in(ann: User, bob: User, group: Group) -> None:
    ann.save(update_fields=["last_login"])


def _other_password(ann: User, bob: User, group: Group) -> None:
    ann.set_password("x")
    ann.save(update_fields=["password", "last_login"])


def _right() -> Permission:
    return Permission.objects.get(codename="watch_log")


CHANGES: dict[str, tuple[Callable[..., object], list[str]]] = {
    "deactivated": (_deactivated, ["ann"]),
    "signed in": (_signed_in, []),
    "another password": (_other_password, ["ann"]),
    "deleted": (lambda ann, bob, group: bob.delete(), ["bob"]),
    "joins a group": (lambda ann, bob, group: bob.groups.add(group), ["bob"]),
    "leaves a group": (lambda ann, bob, group: ann.groups.remove(group), ["ann"]),
    "leaves all groups": (lambda ann, bob, group: ann.groups.clear(), ["ann"]),
    "is put out of a group": (lambda ann, bob, group: group.user_set.remove(ann), ["ann"]),
    "a group without users": (lambda ann, bob, group: group.user_set.clear(), ["all"]),
    "gets a permission": (lambda ann, bob, group: bob.user_permissions.add(_right()), ["bob"]),
    "a permission gets a user": (lambda ann, bob, group: _right().user_set.add(ann), ["ann"]),
    "a group gets a permission": (lambda ann, bob, group: group.permissions.add(_right()), ["all"]),
    "a group is deleted": (lambda ann, bob, group: group.delete(), ["all"]),
    "a group is renamed": (lambda ann, bob, group: group.save(), []),
    "signs out": (lambda ann, bob, group: user_logged_out.send(User, request=None, user=bob), ["bob"]),
    "nobody signs out": (lambda ann, bob, group: user_logged_out.send(User, request=None, user=None), []),
}


@pytest.mark.parametrize("name", CHANGES)
def test_whom_a_change_concerns_is_told_here_and_elsewhere(
    name: str,
    people: tuple[User, User, Group],
    told: dict[str, list[str]],
    django_capture_on_commit_callbacks: Any,
) -> None:
    change, concerned = CHANGES[name]
    ann, bob, _ = people
    said = {"ann": f"user|{ann.pk}", "bob": f"user|{bob.pk}", "all": "all"}

    with django_capture_on_commit_callbacks(execute=True):
        change(*people)

    assert set(told["here"]) == {said[who] for who in concerned}
    assert told["elsewhere"] == told["here"]


@pytest.mark.parametrize(
    "change",
    [
        lambda log, group: log.save(),
        lambda log, group: log.groups.add(group),
        lambda log, group: log.groups.clear(),
        lambda log, group: log.delete(),
    ],
)
def test_a_changed_log_concerns_its_viewers(
    change: Callable[[Log, Group], object],
    people: tuple[User, User, Group],
    told: dict[str, list[str]],
    django_capture_on_commit_callbacks: Any,
) -> None:
    log = Log.objects.create(name="a", slug="app", path="/tmp/a.log")
    log.groups.add(Group.objects.create(name="others"))

    with django_capture_on_commit_callbacks(execute=True):
        change(log, people[2])

    assert set(told["elsewhere"]) == {"log|app"}


def test_nothing_is_told_before_it_is_committed(
    people: tuple[User, User, Group], told: dict[str, list[str]]
) -> None:
    people[0].save()

    assert told == {"here": [], "elsewhere": []}


def test_a_reader_in_this_process_tells_nobody_else(
    people: tuple[User, User, Group],
    told: dict[str, list[str]],
    settings: Any,
    django_capture_on_commit_callbacks: Any,
) -> None:
    settings.LOGTAIL = {"ROOTS": ["/tmp"], "READER": "local"}

    with django_capture_on_commit_callbacks(execute=True):
        people[0].save()

    assert told == {"here": [f"user|{people[0].pk}"], "elsewhere": []}


def test_a_changed_pattern_concerns_its_members_and_no_others(
    told: dict[str, list[str]], people: tuple[User, User, Group], django_capture_on_commit_callbacks: Any
) -> None:
    ann, *_ = people
    ours, theirs = (
        Log.objects.create(name=slug, slug=slug, path=f"/tmp/{slug}-*", follow="each")
        for slug in ("ours", "theirs")
    )
    for row in (ours, theirs):
        Log.objects.bulk_create([Log(name="a", slug=f"{row.slug}-a", path=f"/tmp/{row.slug}-a", parent=row)])
    changes: list[list[str]] = []
    for change in (ours.save, lambda: ours.users.add(ann), ours.delete):
        with django_capture_on_commit_callbacks(execute=True):
            change()
        changes.append(sorted(set(told["here"])))
        told["here"].clear()

    assert changes == [["log|ours", "log|ours-a"]] * 3
