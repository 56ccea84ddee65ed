"""Several decisions of one moment are the same as one after the other, with fewer queries."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import BACKEND_SESSION_KEY
from django.contrib.auth.backends import ModelBackend
from django.contrib.sessions.models import Session

from django_logtail.access import Refused, admit
from django_logtail.lookups import Lookups
from django_logtail.models import Access, Log
from tests.test_access import make_log, make_user, sign_in

pytestmark = pytest.mark.django_db


class Elsewhere(ModelBackend):
    """Knows that Bob was sacked."""

    def get_user(self, user_id: Any) -> Any:
        user = super().get_user(user_id)
        return None if user is None or user.get_username() == "bob" else user


class Strict(ModelBackend):
    """Lets Bob in no more."""

    def user_can_authenticate(self, user: Any) -> bool:
        return user.get_username() != "bob" and super().user_can_authenticate(user)


def decisions(users: list[Any], keys: list[str], lookups: Lookups) -> list[str]:
    found = []
    for user, key in zip(users, keys, strict=True):
        try:
            _, log = admit(user_id=str(user.pk), session_key=key, slug="app", joined=True, lookups=lookups)
            found.append(log.slug)
        except Refused as refused:
            found.append(refused.reason)
    return found


@pytest.fixture
def signed_in(settings: Any) -> tuple[list[Any], list[str]]:
    make_log(access=Access.SIGNED_IN)
    users = [make_user(name) for name in ("ann", "bob", "cid", "dan")]
    return users, [sign_in(user, settings).session_key for user in users]


def test_sessions_users_and_logs_are_read_with_a_query_each(
    signed_in: tuple[list[Any], list[str]], django_assert_num_queries: Any
) -> None:
    users, keys = signed_in

    with django_assert_num_queries(3):
        found = decisions(users, keys, Lookups(keys))

    assert found == ["app"] * 4


def test_whoever_may_not_watch_any_more_is_refused_and_the_others_are_not(
    signed_in: tuple[list[Any], list[str]],
) -> None:
    users, keys = signed_in
    Session.objects.filter(session_key=keys[0]).delete()
    users[1].is_active = False
    users[1].save()
    users[2].set_password("another")
    users[2].save()

    assert decisions(users, keys, Lookups(keys)) == ["signed-out"] * 3 + ["app"]
    assert decisions([users[3]], [keys[2]], Lookups(keys)) == ["signed-out"]


def test_a_session_that_has_expired_is_none(signed_in: tuple[list[Any], list[str]]) -> None:
    users, keys = signed_in
    Session.objects.filter(session_key=keys[1]).update(expire_date="2020-01-01T00:00:00Z")

    assert decisions(users, keys, Lookups(keys)) == ["app", "signed-out", "app", "app"]


def test_a_log_that_is_disabled_or_gone_is_nobodys(signed_in: tuple[list[Any], list[str]]) -> None:
    users, keys = signed_in
    Log.objects.update(enabled=False)
    disabled = decisions(users, keys, Lookups(keys))
    Log.objects.all().delete()

    assert disabled == ["no-access"] * 4
    assert decisions(users, keys, Lookups(keys)) == ["no-such-log"] * 4


@pytest.mark.parametrize("backend", ["tests.test_lookups.Elsewhere", "tests.test_lookups.Strict"])
def test_a_backend_of_the_projects_own_is_asked_for_each_user(
    signed_in: tuple[list[Any], list[str]], settings: Any, backend: str
) -> None:
    users, _ = signed_in
    settings.AUTHENTICATION_BACKENDS = [backend]
    sessions = [sign_in(user, settings) for user in users]
    for session in sessions:
        session[BACKEND_SESSION_KEY] = backend
        session.save()
    keys = [session.session_key for session in sessions]

    assert decisions(users, keys, Lookups(keys)) == ["app", "signed-out", "app", "app"]


@pytest.mark.parametrize("engine", ["cache", "cached_db", "signed_cookies"])
def test_other_engines_are_asked_for_each_session(
    signed_in: tuple[list[Any], list[str]], settings: Any, engine: str
) -> None:
    users, _ = signed_in
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    keys = []
    for user in users:
        session = sign_in(user, settings)
        keys.append(session.session_key)

    assert decisions(users, keys, Lookups(keys)) == ["app"] * 4
    assert decisions(users, ["x" * 32, *keys[1:]], Lookups(keys)) == ["signed-out", *["app"] * 3]


def test_each_decision_has_a_row_of_its_own(signed_in: tuple[list[Any], list[str]]) -> None:
    lookups = Lookups()
    first, second = lookups.log("app"), lookups.log("app")
    assert first is not None
    first.name = "changed"

    assert second is not None
    assert (second.name, second.pk, lookups.log("none")) == (Log.objects.get().name, first.pk, None)
