"""Patterns and their members in the admin."""

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from django_logtail.models import Log, SavedView
from django_logtail.registering import members

pytestmark = pytest.mark.django_db


@pytest.fixture
def root() -> User:
    return User.objects.create_superuser("root")


@pytest.fixture
def admin(client: Client, root: User) -> Client:
    client.force_login(root)
    return client


@pytest.fixture
def sites(settings: Any, tmp_path: Path) -> Log:
    settings.LOGTAIL = {"READER": "local", "ROOTS": [tmp_path], "LOGS": {}}
    for name in ("a.log", "b.log"):
        (tmp_path / name).touch()
    log = Log.objects.create(name="Sites", slug="sites", path=f"{tmp_path}/*.log", follow="each")
    members.refresh("")
    return log


def page(admin: Client, name: str, *arguments: Any, query: str = "") -> str:
    return admin.get(reverse(f"admin:logtail_log_{name}", args=arguments) + query).content.decode()


def test_the_list_has_the_pattern_and_below_it_its_members(admin: Client, sites: Log) -> None:
    everything, below = page(admin, "changelist"), page(admin, "changelist", query=f"?of={sites.pk}")

    assert f'<a href="?of={sites.pk}">2</a>' in everything
    assert ("a.log</a>" in everything, "a.log</a>" in below) == (False, True)


def test_it_says_how_many_files_there_are_when_not_all_are_listed(
    admin: Client, sites: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    Log.objects.filter(pk=sites.pk).update(matches=200)
    assert f'<a href="?of={sites.pk}">2</a>' in page(admin, "changelist")

    Log.objects.filter(pk=sites.pk).update(matches=201)

    assert f'<a href="?of={sites.pk}">2 / 201</a>' in page(admin, "changelist")


def test_a_member_can_t_be_changed_or_deleted_alone(admin: Client, sites: Log) -> None:
    member = sites.members.get(slug="sites-a")
    shown = page(admin, "change", member.pk)
    answers = [
        admin.post(reverse("admin:logtail_log_change", args=[member.pk]), {"name": "Mine"}).status_code,
        admin.post(reverse("admin:logtail_log_delete", args=[member.pk]), {"post": "yes"}).status_code,
    ]

    assert answers == [403, 403]
    assert "This log is a member of the pattern “Sites”" in shown
    assert 'name="_save"' not in shown
    assert sites.members.get(slug="sites-a").name == "a.log"


def test_neither_is_one_deleted_by_the_list_s_action(admin: Client, sites: Log) -> None:
    chosen = {"action": "delete_selected", "_selected_action": [sites.members.get(slug="sites-a").pk]}

    admin.post(reverse("admin:logtail_log_changelist") + f"?of={sites.pk}", {**chosen, "post": "yes"})

    assert sites.members.count() == 2


@pytest.mark.parametrize("by", ["page", "action"])
def test_a_deleted_pattern_takes_its_members_and_their_views_along(
    admin: Client, sites: Log, root: User, by: str
) -> None:
    SavedView.objects.create(owner=root, log=sites.members.get(slug="sites-a"), name="Errors")
    other = Log.objects.create(name="Other", slug="other", path=sites.path.replace("*.log", "o"))

    if by == "page":
        admin.post(reverse("admin:logtail_log_delete", args=[sites.pk]), {"post": "yes"})
    else:
        chosen = {"action": "delete_selected", "_selected_action": [sites.pk], "post": "yes"}
        admin.post(reverse("admin:logtail_log_changelist"), chosen)

    assert list(Log.objects.all()) == [other]
    assert not SavedView.objects.exists()


def test_saving_a_pattern_finds_its_files(admin: Client, sites: Log, tmp_path: Path) -> None:
    Log.objects.all().delete()
    fields = {
        "name": "New",
        "slug": "new",
        "order": "0",
        "encoding": "utf-8",
        "access": "staff",
        "enabled": "on",
    }

    answer = admin.post(
        reverse("admin:logtail_log_add"), {**fields, "path": f"{tmp_path}/*.log", "follow": "each"}
    )

    assert answer.status_code == 302
    assert sorted(Log.objects.get(slug="new").members.values_list("slug", flat=True)) == ["new-a", "new-b"]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("{root}/app.log", "names only one file"),
        ("{root}/*/app-*.log", "Only its last part may have them."),
        ("/etc/*.conf", "is outside LOGTAIL"),
        ("{root}/out/*.log", "leads to"),
    ],
)
def test_a_pattern_that_would_never_be_read_is_refused(
    admin: Client, sites: Log, tmp_path: Path, path: str, said: str
) -> None:
    (tmp_path / "out").symlink_to("/etc")
    fields = {
        "name": "New",
        "slug": "new",
        "order": "0",
        "encoding": "utf-8",
        "access": "staff",
        "enabled": "on",
    }

    answer = admin.post(
        reverse("admin:logtail_log_add"), {**fields, "path": path.format(root=tmp_path), "follow": "each"}
    )

    assert said in answer.content.decode()
    assert not Log.objects.filter(slug="new").exists()
