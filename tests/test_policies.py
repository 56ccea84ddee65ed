"""The policies to name in the settings."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, Permission, User

from django_logtail.access import AccessPolicy, rights_of
from django_logtail.models import Access, Log
from django_logtail.policies import PermissionPolicy
from django_logtail.rights import Right, usable

pytestmark = pytest.mark.django_db

BACKENDS = ["django.contrib.auth.backends.ModelBackend", "tests.test_policies.ByObject"]


class ByObject:
    """Permissions for one log, as django-guardian has them: here in the log's description."""

    def authenticate(self, request: Any, **credentials: Any) -> None:
        return None

    def has_perm(self, user: Any, permission: str, log: Log | None = None) -> bool:
        return log is not None and f"{user.username}:{permission}" in log.description.split()


@pytest.fixture(autouse=True)
def backends(settings: Any) -> None:
    settings.AUTHENTICATION_BACKENDS = BACKENDS
    settings.LOGTAIL = {"ROOTS": ["/tmp"], "ACCESS_POLICY": "django_logtail.policies.PermissionPolicy"}


def make_log(slug: str, **fields: Any) -> Log:
    log: Log = Log.objects.create(**{"name": slug, "slug": slug, "path": f"/tmp/{slug}.log", **fields})
    return log


def make_user(name: str, *codenames: str, **fields: Any) -> User:
    user = User.objects.create_user(name, **fields)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return user


@pytest.mark.parametrize(
    ("granted", "found"),
    [
        ((), set()),
        (("history_log",), {"history"}),
        (("search_log",), set()),
        (("download_log",), set()),
        (("history_log", "search_log"), {"history", "search"}),
        (("history_log", "download_log"), {"history", "download"}),
        (("history_log", "search_log", "download_log"), {"history", "search", "download"}),
        (("see_unredacted_log",), {"see_unredacted"}),
        (("stop_log", "add_log", "change_log", "watch_log"), set()),
    ],
)
def test_each_right_has_its_permission(granted: tuple[str, ...], found: set[str]) -> None:
    log = make_log("app", access=Access.SIGNED_IN)
    user = make_user("ann", *granted)

    assert {right.value for right in rights_of(user, log)} == {"view", *found}


def test_a_superuser_has_all_of_them() -> None:
    root = make_user("root", is_superuser=True)

    assert {right.value for right in rights_of(root, make_log("app"))} == {
        "view",
        "history",
        "search",
        "download",
        "see_unredacted",
    }


def test_a_permission_for_one_log_holds_for_that_one() -> None:
    mine = make_log("mine", description="ann:logtail.history_log ann:logtail.see_unredacted_log")
    other = make_log("other", description="bob:logtail.history_log")
    ann = make_user("ann", is_staff=True)

    assert rights_of(ann, mine) == {Right.VIEW, Right.HISTORY, Right.SEE_UNREDACTED}
    assert rights_of(ann, other) == {Right.VIEW}


@pytest.mark.parametrize("access", Access.values)
def test_a_permission_for_one_log_opens_those_that_ask_for_it(access: str) -> None:
    mine = make_log("mine", access=access, description="ann:logtail.watch_log")
    other = make_log("other", access=access, description="bob:logtail.watch_log")
    ann = make_user("ann")

    policy = PermissionPolicy()
    seen = set(policy.visible_logs(ann))
    assert {log.slug for log in seen} == {
        "signed-in": {"mine", "other"},
        "staff": set(),
        "chosen": set(),
        "permission": {"mine"},
    }[access]
    assert {log for log in (mine, other) if policy.may_view(ann, log)} == seen
    assert list(AccessPolicy().visible_logs(ann)) == (list(seen) if access == "signed-in" else [])


def test_a_permission_for_a_pattern_opens_its_members_and_no_others() -> None:
    mine, other = (
        make_log(name, access=Access.PERMISSION, follow="each", description=f"{who}:logtail.watch_log")
        for name, who in (("mine", "ann"), ("other", "bob"))
    )
    members = [make_log(f"{row.slug}-a", parent=row, enabled=False) for row in (mine, other)]
    ann = make_user("ann")

    assert [PermissionPolicy().may_view(ann, member) for member in members] == [True, False]


@pytest.mark.parametrize(
    ("user", "enabled"), [(AnonymousUser(), True), ("inactive", True), ("active", False)]
)
def test_a_permission_for_one_log_opens_nothing_to_others(user: Any, enabled: bool) -> None:
    names = "inactive:logtail.watch_log active:logtail.watch_log"
    log = make_log("mine", access=Access.PERMISSION, description=names, enabled=enabled)
    if isinstance(user, str):
        user = make_user(user, is_active=user == "active")

    assert list(PermissionPolicy().visible_logs(user)) == []
    assert PermissionPolicy().may_view(user, log) is False


class Narrow(PermissionPolicy):
    def visible_logs(self, user: Any) -> Any:
        return super().visible_logs(user).exclude(slug="hidden")


def test_a_narrower_policy_keeps_its_word_for_one_log() -> None:
    hidden = make_log("hidden", access=Access.SIGNED_IN)
    shown = make_log("shown", access=Access.PERMISSION, description="ann:logtail.watch_log")
    ann = make_user("ann")

    assert [log.slug for log in Narrow().visible_logs(ann)] == ["shown"]
    assert [Narrow().may_view(ann, log) for log in (hidden, shown)] == [False, True]


@pytest.mark.parametrize(
    ("granted", "found"),
    [
        ({"history", "search", "download"}, set()),
        ({"view", "search", "download", "stop"}, {"view", "stop"}),
        ({"view", "history", "download"}, {"view", "history", "download"}),
        ({"history", "see_unredacted"}, set()),
        ({"view", "see_unredacted"}, {"view", "see_unredacted"}),
    ],
)
def test_a_right_is_of_use_only_with_those_it_needs(granted: set[str], found: set[str]) -> None:
    assert {right.value for right in usable(map(Right, granted))} == found


@pytest.mark.parametrize(
    ("codenames", "is_staff", "may_stop", "may_register"),
    [
        ((), True, False, False),
        (("stop_log",), True, True, False),
        (("change_log",), True, True, False),
        (("add_log",), True, False, True),
        (("stop_log", "add_log"), False, False, False),
    ],
)
def test_staff_stop_and_register_with_a_permission(
    codenames: tuple[str, ...], is_staff: bool, may_stop: bool, may_register: bool
) -> None:
    user = make_user("ann", *codenames, is_staff=is_staff)

    policy = AccessPolicy()
    assert (policy.may(user, Right.STOP), policy.may(user, Right.REGISTER)) == (may_stop, may_register)


def test_nobody_inactive_stops_or_registers() -> None:
    root = make_user("root", is_superuser=True, is_staff=True, is_active=False)

    assert [AccessPolicy().may(root, right) for right in (Right.STOP, Right.REGISTER)] == [False, False]


@pytest.mark.parametrize(
    ("codenames", "is_staff", "is_active", "may"),
    [
        ((), True, True, False),
        (("change_log", "stop_log", "history_log"), True, True, False),
        (("see_unredacted_log",), True, True, True),
        (("see_unredacted_log",), False, True, False),
        (("see_unredacted_log",), True, False, False),
    ],
)
def test_staff_see_what_rules_hide_with_a_permission(
    codenames: tuple[str, ...], is_staff: bool, is_active: bool, may: bool
) -> None:
    log = make_log("app", access=Access.SIGNED_IN)
    user = make_user("ann", *codenames, is_staff=is_staff, is_active=is_active)

    assert AccessPolicy().may(user, Right.SEE_UNREDACTED, log) is may


def test_a_permission_for_a_pattern_shows_what_is_hidden_in_its_members() -> None:
    mine, other = (
        make_log(
            name, access=Access.SIGNED_IN, follow="each", description=f"{who}:logtail.see_unredacted_log"
        )
        for name, who in (("mine", "ann"), ("other", "bob"))
    )
    members = [make_log(f"{row.slug}-a", parent=row, enabled=False) for row in (mine, other)]
    ann = make_user("ann")

    assert [Right.SEE_UNREDACTED in rights_of(ann, member) for member in members] == [True, False]
