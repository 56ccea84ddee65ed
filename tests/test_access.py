import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import AnonymousUser, Group, Permission, User
from django.core.exceptions import ImproperlyConfigured

from django_logtail.access import (
    AccessPolicy,
    Refused,
    Ticket,
    admit,
    issue_ticket,
    policy,
    read_ticket,
)
from django_logtail.models import Access, Log
from django_logtail.protocol import CloseCode
from django_logtail.rights import Original

pytestmark = pytest.mark.django_db

ENGINES = ["db", "cache", "cached_db", "file", "signed_cookies"]
SERVER_SIDE_ENGINES = ENGINES[:-1]


class NightShift(AccessPolicy):
    """A host's own rule: nobody but the night shift, and for them only what is theirs anyway."""

    def visible_logs(self, user: Any) -> Any:
        logs = super().visible_logs(user)
        return logs.filter(group="night") if user.username == "owl" else logs.none()


class NotAPolicy:
    pass


def make_log(slug: str = "app", **fields: Any) -> Log:
    log: Log = Log.objects.create(**{"name": slug, "slug": slug, "path": f"/tmp/{slug}.log", **fields})
    return log


def make_user(name: str = "ann", **fields: Any) -> User:
    return User.objects.create_user(name, password=name, **fields)


def sign_in(user: User, settings: Any) -> Any:
    """A saved session of `user`, as `login()` leaves it."""
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return session


def use_engine(engine: str, settings: Any, tmp_path: Path) -> None:
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    settings.SESSION_FILE_PATH = str(tmp_path)


def refusal(user: User, session_key: str, slug: str = "app", **keywords: bool) -> tuple[CloseCode, str]:
    with pytest.raises(Refused) as refused:
        admit(user_id=str(user.pk), session_key=session_key, slug=slug, **keywords)
    assert refused.value.text.endswith(".")
    return refused.value.code, refused.value.reason


SIGNED_OUT = (CloseCode.SIGNED_OUT, "signed-out")
NO_SUCH_LOG = (CloseCode.NO_SUCH_LOG, "no-such-log")
NO_ACCESS = (CloseCode.NO_ACCESS, "no-access")
BAD_TICKET = (CloseCode.SIGNED_OUT, "bad-ticket")


class TestPolicy:
    """Who sees what. Each row is asserted through both questions, so that they can't differ."""

    @staticmethod
    def sees(user: Any, log: Log) -> bool:
        decision = policy()
        listed = log in decision.visible_logs(user)
        assert decision.may_view(user, log) is listed
        return listed

    @pytest.mark.parametrize("access", Access.values)
    def test_nobody_signed_out_sees_anything(self, access: str) -> None:
        assert not self.sees(AnonymousUser(), make_log(access=access))

    @pytest.mark.parametrize("access", Access.values)
    def test_no_inactive_user_sees_anything_not_even_a_superuser(self, access: str) -> None:
        user = make_user(is_active=False, is_staff=True, is_superuser=True)

        assert not self.sees(user, make_log(access=access))

    @pytest.mark.parametrize("access", Access.values)
    def test_a_disabled_log_is_seen_by_nobody_not_even_a_superuser(self, access: str) -> None:
        user = make_user(is_superuser=True)

        assert not self.sees(user, make_log(access=access, enabled=False))

    @pytest.mark.parametrize("access", Access.values)
    def test_a_superuser_sees_every_enabled_log(self, access: str) -> None:
        assert self.sees(make_user(is_superuser=True), make_log(access=access))

    @pytest.mark.parametrize(
        ("access", "expected"),
        [("signed-in", True), ("staff", False), ("chosen", False), ("permission", False)],
    )
    def test_an_ordinary_user_sees_what_is_for_everyone_signed_in(self, access: str, expected: bool) -> None:
        assert self.sees(make_user(), make_log(access=access)) is expected

    @pytest.mark.parametrize(
        ("access", "expected"),
        [("signed-in", True), ("staff", True), ("chosen", False), ("permission", False)],
    )
    def test_staff_see_what_is_for_staff(self, access: str, expected: bool) -> None:
        assert self.sees(make_user(is_staff=True), make_log(access=access)) is expected

    @pytest.mark.parametrize(
        ("access", "expected"),
        [("signed-in", True), ("staff", False), ("chosen", True), ("permission", False)],
    )
    def test_a_chosen_user_sees_the_log_if_it_is_for_the_chosen(self, access: str, expected: bool) -> None:
        user = make_user()
        log = make_log(access=access)
        log.users.add(user)

        assert self.sees(user, log) is expected

    def test_a_member_of_two_chosen_groups_is_listed_the_log_once(self) -> None:
        user = make_user()
        log = make_log(access="chosen")
        for name in ("ops", "web"):
            group = Group.objects.create(name=name)
            user.groups.add(group)
            log.groups.add(group)

        assert list(policy().visible_logs(user)) == [log]

    def test_a_member_of_another_group_does_not_see_it(self) -> None:
        user = make_user()
        user.groups.add(Group.objects.create(name="web"))
        log = make_log(access="chosen")
        log.groups.add(Group.objects.create(name="ops"))

        assert not self.sees(user, log)

    @pytest.mark.parametrize(
        ("access", "expected"),
        [("signed-in", True), ("staff", False), ("chosen", False), ("permission", True)],
    )
    def test_a_holder_of_the_permission_sees_what_is_for_holders(self, access: str, expected: bool) -> None:
        user = make_user()
        user.user_permissions.add(Permission.objects.get(codename="watch_log"))

        assert self.sees(user, make_log(access=access)) is expected

    def test_the_right_to_look_at_the_registry_is_no_right_to_watch(self) -> None:
        user = make_user()
        user.user_permissions.add(Permission.objects.get(codename="view_log"))

        assert not self.sees(user, make_log(access="permission"))

    @pytest.mark.parametrize("access", ["", "everyone"])
    def test_a_row_with_an_access_nobody_knows_is_seen_by_nobody(self, access: str) -> None:
        assert not self.sees(make_user(is_staff=True), make_log(access=access))

    def test_visible_logs_keep_the_order_of_the_registry(self) -> None:
        for slug, order in [("c", 3), ("a", 1), ("b", 2)]:
            make_log(slug, order=order, access="signed-in")

        assert [log.slug for log in policy().visible_logs(make_user())] == ["a", "b", "c"]

    def test_a_host_puts_its_own_policy_in_place(self, settings: Any) -> None:
        settings.LOGTAIL = {"ACCESS_POLICY": f"{__name__}.NightShift"}
        owl, ann = make_user("owl"), make_user("ann")
        night, day = (make_log(group, group=group, access="signed-in") for group in ("night", "day"))

        assert [self.sees(owl, night), self.sees(owl, day)] == [True, False]
        assert [self.sees(ann, night), self.sees(ann, day)] == [False, False]

    def test_a_policy_that_is_not_there_is_named(self, settings: Any) -> None:
        settings.LOGTAIL = {"ACCESS_POLICY": "nowhere.Policy"}

        with pytest.raises(ImproperlyConfigured) as refused:
            policy()

        assert str(refused.value) == (
            "LOGTAIL[\"ACCESS_POLICY\"] is 'nowhere.Policy'; No module named 'nowhere'"
        )

    def test_a_class_that_is_no_policy_is_named(self, settings: Any) -> None:
        settings.LOGTAIL = {"ACCESS_POLICY": f"{__name__}.NotAPolicy"}

        with pytest.raises(ImproperlyConfigured) as refused:
            policy()

        assert str(refused.value) == (
            f"LOGTAIL[\"ACCESS_POLICY\"] is '{__name__}.NotAPolicy'; "
            "expected a subclass of django_logtail.access.AccessPolicy"
        )


class TestTicket:
    @staticmethod
    def refusal(value: str, slug: str = "app", session_key: str = "s" * 32) -> tuple[CloseCode, str]:
        with pytest.raises(Refused) as refused:
            read_ticket(value, slug=slug, session_key=session_key)
        return refused.value.code, refused.value.reason

    @staticmethod
    def issue() -> str:
        return issue_ticket(user_id="7", slug="app", session_key="s" * 32)

    def test_a_ticket_says_for_whom_and_what_it_was_issued(self) -> None:
        assert read_ticket(self.issue(), slug="app", session_key="s" * 32) == Ticket("7", "app")

    def test_a_ticket_says_why_the_original_is_asked_for_and_for_how_long(self) -> None:
        asked = Original("order 48213: 付款失败", 15)
        ticket = issue_ticket(user_id="7", slug="app", session_key="s" * 32, original=asked)

        assert read_ticket(ticket, slug="app", session_key="s" * 32) == Ticket("7", "app", asked)
        assert read_ticket(self.issue(), slug="app", session_key="s" * 32).original is None
        said, signature = self.issue().split(":", 1)
        assert self.refusal(":".join([ticket.split(":")[0], signature])) == BAD_TICKET
        assert self.refusal(":".join([said, ticket.split(":", 1)[1]])) == BAD_TICKET

    def test_a_ticket_fits_into_a_message_with_the_longest_reason(self) -> None:
        asked = Original("付" * 200, 60)

        ticket = issue_ticket(user_id="7" * 36, slug="a" * 100, session_key="s" * 32, original=asked)

        assert len(ticket) < 6_000

    def test_a_ticket_does_not_hold_the_session_key(self) -> None:
        import base64

        ticket = self.issue()
        body = base64.urlsafe_b64decode(ticket.split(":")[0] + "==")

        assert b'"7"' in body
        assert b"s" * 32 not in body

    def test_a_ticket_for_another_log_is_refused(self) -> None:
        assert self.refusal(self.issue(), slug="other") == BAD_TICKET

    def test_a_ticket_for_another_session_is_refused(self) -> None:
        assert self.refusal(self.issue(), session_key="t" * 32) == BAD_TICKET

    @pytest.mark.parametrize(("seconds", "is_good"), [(0, True), (59, True), (61, False), (600, False)])
    def test_a_ticket_is_good_for_a_minute(
        self, monkeypatch: pytest.MonkeyPatch, seconds: int, is_good: bool
    ) -> None:
        from django.core import signing

        issued_at = float(int(signing.time.time()))
        monkeypatch.setattr(signing.time, "time", lambda: issued_at)
        ticket = self.issue()
        monkeypatch.setattr(signing.time, "time", lambda: issued_at + seconds)

        if is_good:
            assert read_ticket(ticket, slug="app", session_key="s" * 32) == Ticket("7", "app")
        else:
            assert self.refusal(ticket) == BAD_TICKET

    @pytest.mark.parametrize("value", ["", "x", ":::", "\ud800", "é", "a" * 5000])
    def test_what_is_no_ticket_is_refused(self, value: str) -> None:
        assert self.refusal(value) == BAD_TICKET

    def test_a_changed_ticket_is_refused(self) -> None:
        ticket = self.issue()

        assert self.refusal(("B" if ticket[0] == "A" else "A") + ticket[1:]) == BAD_TICKET

    def test_something_else_this_project_signed_is_refused(self) -> None:
        from django.core.signing import TimestampSigner

        assert self.refusal(TimestampSigner().sign_object(["7", "app", "x"])) == BAD_TICKET

    def test_where_the_cookie_is_the_session_a_ticket_outlives_a_changed_cookie(self, settings: Any) -> None:
        settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"

        assert read_ticket(self.issue(), slug="app", session_key="another") == Ticket("7", "app")


class TestAdmission:
    @pytest.mark.parametrize("engine", ENGINES)
    def test_who_is_signed_in_and_may_see_it_is_admitted(
        self, engine: str, settings: Any, tmp_path: Path
    ) -> None:
        use_engine(engine, settings, tmp_path)
        user, log = make_user(), make_log(access="signed-in")
        session = sign_in(user, settings)

        assert admit(user_id=str(user.pk), session_key=session.session_key, slug="app") == (user, log)

    @pytest.mark.parametrize("engine", SERVER_SIDE_ENGINES)
    def test_who_signed_out_is_refused(self, engine: str, settings: Any, tmp_path: Path) -> None:
        use_engine(engine, settings, tmp_path)
        user = make_user()
        make_log(access="signed-in")
        session = sign_in(user, settings)
        key = session.session_key
        session.flush()

        assert refusal(user, key, joined=True) == SIGNED_OUT

    @pytest.mark.parametrize("engine", ["db", "cached_db", "file", "signed_cookies"])
    def test_whose_session_has_expired_is_refused(self, engine: str, settings: Any, tmp_path: Path) -> None:
        use_engine(engine, settings, tmp_path)
        settings.SESSION_COOKIE_AGE = -1
        user = make_user()
        make_log(access="signed-in")
        session = sign_in(user, settings)

        assert refusal(user, session.session_key, joined=True) == SIGNED_OUT

    @pytest.mark.parametrize("engine", ENGINES)
    def test_whose_password_changed_is_refused_and_the_session_is_left_alone(
        self, engine: str, settings: Any, tmp_path: Path
    ) -> None:
        use_engine(engine, settings, tmp_path)
        user = make_user()
        make_log(access="signed-in")
        session = sign_in(user, settings)
        user.set_password("another")
        user.save()

        assert refusal(user, session.session_key, joined=True) == SIGNED_OUT
        assert type(session)(session.session_key)[SESSION_KEY] == str(user.pk)

    def test_a_look_at_a_viewer_costs_three_queries(
        self, settings: Any, django_assert_num_queries: Any
    ) -> None:
        user = make_user()
        make_log(access="signed-in")
        key = sign_in(user, settings).session_key

        with django_assert_num_queries(3):  # session, user, log
            admit(user_id=str(user.pk), session_key=key, slug="app", joined=True)

    def test_a_rotated_secret_key_keeps_viewers_and_does_not_cycle_their_session(self, settings: Any) -> None:
        user, log = make_user(), make_log(access="signed-in")
        session = sign_in(user, settings)
        settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
        settings.SECRET_KEY = "a new one"

        assert admit(user_id=str(user.pk), session_key=session.session_key, slug="app") == (user, log)
        assert type(session)(session.session_key).exists(session.session_key)

    def test_a_json_session_of_another_serializer_is_read(self, settings: Any) -> None:
        settings.SESSION_SERIALIZER = "tests.test_access.UpperCaseSerializer"
        user, log = make_user(), make_log(access="signed-in")
        session = sign_in(user, settings)

        assert admit(user_id=str(user.pk), session_key=session.session_key, slug="app") == (user, log)

    @pytest.mark.parametrize("session_key", ["", "no-such-session-key", "short", "\0" * 32, "é" * 32])
    def test_without_a_session_nobody_is_admitted(self, session_key: str) -> None:
        user = make_user(is_superuser=True)
        make_log(access="signed-in")

        assert refusal(user, session_key) == SIGNED_OUT

    def test_a_session_of_somebody_else_is_refused(self, settings: Any) -> None:
        ann, bob = make_user("ann"), make_user("bob")
        make_log(access="signed-in")
        session = sign_in(bob, settings)

        assert refusal(ann, session.session_key) == SIGNED_OUT

    def test_a_session_that_is_not_signed_in_is_refused(self, settings: Any) -> None:
        user = make_user()
        make_log(access="signed-in")
        session = import_module(settings.SESSION_ENGINE).SessionStore()
        session["basket"] = [1]
        session.save()

        assert refusal(user, session.session_key) == SIGNED_OUT

    def test_a_session_of_a_backend_the_host_no_longer_has_is_refused(self, settings: Any) -> None:
        user = make_user()
        make_log(access="signed-in")
        session = sign_in(user, settings)
        settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.RemoteUserBackend"]

        assert refusal(user, session.session_key) == SIGNED_OUT

    @pytest.mark.parametrize(
        "backend", ["ModelBackend", "AllowAllUsersModelBackend"], ids=["model", "allow-all-users"]
    )
    def test_who_was_deactivated_is_refused(self, backend: str, settings: Any) -> None:
        settings.AUTHENTICATION_BACKENDS = [
            "django.contrib.auth.backends.ModelBackend",
            f"django.contrib.auth.backends.{backend}",
        ]
        user = make_user()
        make_log(access="signed-in")
        session = sign_in(user, settings)
        session[BACKEND_SESSION_KEY] = f"django.contrib.auth.backends.{backend}"
        session.save()
        User.objects.filter(pk=user.pk).update(is_active=False)

        assert refusal(user, session.session_key, joined=True) == SIGNED_OUT

    def test_a_deleted_user_is_refused(self, settings: Any) -> None:
        user = make_user()
        make_log(access="signed-in")
        session = sign_in(user, settings)
        User.objects.filter(pk=user.pk).delete()

        assert refusal(user, session.session_key, joined=True) == SIGNED_OUT

    @pytest.mark.parametrize("slug", ["hidden", "off", "nowhere", ""])
    def test_a_newcomer_cannot_tell_a_hidden_log_from_none(self, slug: str, settings: Any) -> None:
        user = make_user()
        make_log("hidden", access="staff")
        make_log("off", access="signed-in", enabled=False)
        session = sign_in(user, settings)

        with pytest.raises(Refused) as refused:
            admit(user_id=str(user.pk), session_key=session.session_key, slug=slug)

        assert (refused.value.code, refused.value.reason) == NO_SUCH_LOG
        assert refused.value.text == "This log doesn't exist, or you don't have access to it."

    def test_a_viewer_who_loses_access_is_told_so(self, settings: Any) -> None:
        user, log = make_user(), make_log(access="signed-in")
        session = sign_in(user, settings)
        admit(user_id=str(user.pk), session_key=session.session_key, slug="app")
        Log.objects.filter(pk=log.pk).update(access="staff")

        assert refusal(user, session.session_key, joined=True) == NO_ACCESS

    def test_a_viewer_of_a_log_that_is_disabled_is_told_so(self, settings: Any) -> None:
        user = make_user()
        make_log(access="signed-in", enabled=False)
        session = sign_in(user, settings)

        assert refusal(user, session.session_key, joined=True) == NO_ACCESS

    def test_a_viewer_of_a_log_that_is_deleted_is_told_so(self, settings: Any) -> None:
        user = make_user()
        session = sign_in(user, settings)

        assert refusal(user, session.session_key, joined=True) == NO_SUCH_LOG

    def test_a_disabled_log_is_closed_even_under_a_policy_that_forgets_it(self, settings: Any) -> None:
        settings.LOGTAIL = {"ACCESS_POLICY": f"{__name__}.Everything"}
        user = make_user()
        make_log(enabled=False)
        session = sign_in(user, settings)

        assert refusal(user, session.session_key) == NO_SUCH_LOG


class Everything(AccessPolicy):
    def visible_logs(self, user: Any) -> Any:
        return Log.objects.all()


class UpperCaseSerializer:
    """Not JSON any more once it is swapped; reading it with another serializer fails."""

    def dumps(self, value: Any) -> bytes:
        import json

        return json.dumps(value).swapcase().encode()

    def loads(self, value: bytes) -> Any:
        import json

        return json.loads(value.decode().swapcase())


def test_users_with_uuids_and_without_groups_are_admitted(tmp_path: Path) -> None:
    """A process of its own, because the user model is chosen once a process."""
    finished = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.uuid_users"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (finished.stdout, finished.returncode) == ("admitted, then refused: no-access\n", 0), (
        finished.stderr
    )


class TestSession:
    @pytest.mark.parametrize(
        ("cookies", "key"),
        [
            ([b"sessionid=abc"], "abc"),
            ([b"csrftoken=x; sessionid=abc"], "abc"),
            ([b"csrftoken=x", b"sessionid=abc"], "abc"),
            ([b"sessionid=abc", b"csrftoken=x"], "abc"),
            ([b"csrftoken=x"], ""),
            ([b"xsessionid=abc", b"sessionid2=abc"], ""),
            ([], ""),
        ],
    )
    def test_its_key_is_in_whichever_header_of_cookies(self, cookies: list[bytes], key: str) -> None:
        scope = {"headers": [(b"host", b"sessionid=no"), *((b"cookie", cookie) for cookie in cookies)]}

        assert AccessPolicy().session_key(scope) == key


class TestSeesHost:
    @pytest.mark.parametrize(
        ("fields", "sees"),
        [
            ({}, False),
            ({"is_staff": True}, True),
            ({"is_superuser": True}, True),
            ({"is_staff": True, "is_active": False}, False),
        ],
    )
    def test_the_host_is_shown_to_active_staff_and_superusers(
        self, fields: dict[str, bool], sees: bool
    ) -> None:
        assert AccessPolicy().sees_host(make_user(**fields)) is sees

    def test_who_is_admitted_is_told_as_much_as_they_may_know(self, settings: Any) -> None:
        make_log(access=Access.SIGNED_IN)
        seen = {}
        for name, is_staff in (("ann", False), ("ben", True)):
            user = make_user(name, is_staff=is_staff)
            key = sign_in(user, settings).session_key
            _, log = admit(user_id=str(user.pk), session_key=key, slug="app")
            seen[name] = log.sees_host

        assert seen == {"ann": False, "ben": True}


class TestUsersOfAnotherKind:
    """A project's own model of users need not have Django's roles and groups: what it lacks gives no right."""

    @pytest.mark.parametrize("access", ["staff", "chosen", "permission"])
    def test_who_has_no_roles_sees_what_is_for_everyone_signed_in_and_no_more(self, access: str) -> None:
        public, private = make_log("public", access=Access.SIGNED_IN), make_log("private", access=access)
        user: Any = SimpleNamespace(
            pk=7, is_authenticated=True, is_active=True, has_perm=lambda permission: False
        )

        seen = list(AccessPolicy().visible_logs(user))

        assert seen == [public]
        assert [AccessPolicy().may_view(user, log) for log in (public, private)] == [True, False]
        assert AccessPolicy().sees_host(user) is False
        assert AccessPolicy().may_share_views(user) is False

    def test_such_a_user_may_be_chosen_and_hold_the_permission(self) -> None:
        make_log("for-holders", access=Access.PERMISSION)
        user: Any = SimpleNamespace(
            pk=7, is_authenticated=True, is_active=True, has_perm=lambda name: name == "logtail.watch_log"
        )

        assert [log.slug for log in AccessPolicy().visible_logs(user)] == ["for-holders"]
