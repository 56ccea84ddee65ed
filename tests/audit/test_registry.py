"""Changes of the registry: who, what before and after."""

import getpass
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django.urls import reverse

from django_logtail import notes, stop_flag
from django_logtail.control.in_memory import MemoryControl
from django_logtail.control.process import use
from django_logtail.models import Log
from tests.audit.desk import Desk, desk

__all__ = ["desk"]

pytestmark = pytest.mark.django_db


@pytest.fixture
def committed(django_capture_on_commit_callbacks: Any) -> Callable[[], Any]:
    """A block at whose end what it did is committed."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


def told(desk: Desk) -> list[tuple[str, str, str, str, dict[str, Any]]]:
    return [
        (one["action"], one["user_name"], one["via"], one["slug"], one["detail"]) for one in desk.of("event")
    ]


def new_log(**fields: Any) -> Log:
    return Log.objects.create(**{"name": "App", "slug": "app", "path": "/tmp/app.log", **fields})


def test_a_change_says_what_was_before_and_after(desk: Desk, committed: Any) -> None:
    log, other = new_log(), new_log(slug="other", path="/tmp/other.log")
    with committed():
        log.access, log.path = "signed-in", "/tmp/new.log"
        log.save()
        other.save()

    assert told(desk) == [
        (
            "log-changed",
            "",
            "server",
            "app",
            {
                "before": {"path": "/tmp/app.log", "access": "staff"},
                "after": {"path": "/tmp/new.log", "access": "signed-in"},
            },
        )
    ]


def test_an_added_and_a_deleted_log_are_described(desk: Desk, committed: Any) -> None:
    with committed():
        log = new_log(group="Shop")
    with committed():
        pk = log.pk
        log.delete()

    added, deleted = desk.of("event")
    fields = {
        "name": "App",
        "slug": "app",
        "group": "Shop",
        "path": "/tmp/app.log",
        "encoding": "utf-8",
        "enabled": True,
        "access": "staff",
    }
    assert (added["action"], added["detail"]) == ("log-added", {"after": fields})
    assert (deleted["action"], deleted["log"], deleted["detail"]) == (
        "log-deleted",
        str(pk),
        {"before": fields},
    )


def test_groups_and_users_are_named(desk: Desk, committed: Any) -> None:
    log = new_log()
    ops, devs, ann = Group.objects.create(name="ops"), Group.objects.create(name="devs"), User(username="ann")
    ann.save()
    log.groups.add(devs)
    with committed():
        log.groups.set([ops])
        log.users.add(ann)
        log.users.clear()

    assert [detail for *_, detail in told(desk)] == [
        {"groups": {"removed": ["devs"]}},
        {"groups": {"added": ["ops"]}},
        {"users": {"added": ["ann"]}},
        {"users": {"removed": ["ann"]}},
    ]


def test_what_is_not_committed_is_not_recorded(desk: Desk, committed: Any) -> None:
    def fails() -> None:
        with transaction.atomic():
            new_log()
            raise ZeroDivisionError

    with committed(), pytest.raises(ZeroDivisionError):
        fails()

    assert told(desk) == []


def test_nothing_is_recorded_or_looked_up_while_it_is_off(
    settings: Any, django_assert_num_queries: Any
) -> None:
    log = new_log()
    settings.LOGTAIL = {}

    with django_assert_num_queries(1):
        log.save()


def test_the_admin_s_user_is_named(desk: Desk, committed: Any, client: Client, tmp_path: Path) -> None:
    root = User.objects.create_superuser("root")
    client.force_login(root)
    log = new_log()
    with committed():
        client.post(
            reverse("admin:logtail_log_changelist"),
            {"action": "delete_selected", "_selected_action": [log.pk], "post": "yes"},
        )
    new_log(slug="two", path="/tmp/two.log")
    (one,) = desk.of("event")

    assert (one["action"], one["user"], one["user_name"], one["via"], one["address"]) == (
        "log-deleted",
        str(root.pk),
        "root",
        "admin",
        "127.0.0.1",
    )


def test_the_form_of_the_admin_names_its_user(
    desk: Desk, committed: Any, client: Client, settings: Any, tmp_path: Path
) -> None:
    settings.LOGTAIL = {**settings.LOGTAIL, "ROOTS": [tmp_path]}
    client.force_login(User.objects.create_superuser("root"))
    form = {
        "name": "App",
        "slug": "app",
        "order": "0",
        "path": str(tmp_path / "app.log"),
        "access": "staff",
        "encoding": "utf-8",
        "enabled": "on",
    }
    with committed():
        answer = client.post(reverse("admin:logtail_log_add"), form)

    assert answer.status_code == 302
    assert [found[:4] for found in told(desk)] == [("log-added", "root", "admin", "app")]
    with committed():
        client.post(reverse("admin:logtail_log_delete", args=[Log.objects.get().pk]), {"post": "yes"})
    assert [found[:4] for found in told(desk)][1:] == [("log-deleted", "root", "admin", "app")]


def test_declared_logs_are_changed_by_the_settings(
    desk: Desk, committed: Any, settings: Any, tmp_path: Path
) -> None:
    settings.LOGTAIL = {
        **settings.LOGTAIL,
        "ROOTS": [tmp_path],
        "LOGS": {"app": {"path": str(tmp_path / "app.log"), "groups": []}},
    }
    with committed():
        call_command("logtail_sync")

    assert [found[:4] for found in told(desk)] == [("log-added", getpass.getuser(), "settings", "app")]


class TestStops:
    @pytest.fixture(autouse=True)
    def memory(self) -> Any:
        use(MemoryControl())
        yield
        use(None)

    def test_stop_continue_and_note_say_who_and_for_which_log(self, desk: Desk) -> None:
        log = new_log()
        call_command("logtail_stop", "app", "--reason", "disk")
        call_command("logtail_stop", "app", "--clear")
        call_command("logtail_stop", "app", "--clear")
        call_command("logtail_note", "deploy", "--level", "warning")
        stop_flag.set_stop(log, by="a script")
        notes.send("app", "hello")

        user = getpass.getuser()
        assert told(desk) == [
            ("stop", user, "command", "app", {"reason": "disk"}),
            ("continue", user, "command", "app", {}),
            ("note", user, "command", "", {"text": "deploy", "level": "warning"}),
            ("stop", "a script", "server", "app", {}),
            ("note", "", "server", "app", {"text": "hello", "level": "info"}),
        ]

    def test_the_status_page_names_its_user(self, desk: Desk, client: Client) -> None:
        new_log()
        client.force_login(User.objects.create_superuser("root"))

        client.post(reverse("admin:logtail_log_status"), {"log": "app", "act": "stop", "reason": "x"})

        assert [found[:4] for found in told(desk)] == [("stop", "root", "admin", "app")]


def test_saved_views_are_recorded_without_what_they_look_for(desk: Desk, client: Client) -> None:
    new_log(access="signed-in")
    client.force_login(User.objects.create_user("ann"))
    saved = client.post("/logs/app/views/", {"name": "Errors", "fragment": "q=PLANTED"}).json()["view"]["id"]
    client.post(f"/logs/app/views/{saved}/", {"name": "Mistakes"})
    client.post(f"/logs/app/views/{saved}/delete/")
    client.post(f"/logs/app/views/{saved}/delete/")

    assert told(desk) == [
        ("view-saved", "ann", "http", "app", {"view": saved, "name": "Errors", "for": ""}),
        ("view-changed", "ann", "http", "app", {"view": saved, "name": "Mistakes", "for": ""}),
        ("view-deleted", "ann", "http", "app", {"view": saved}),
    ]
