"""Who is offered the files of the host, and what a request can have registered."""

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from django_logtail.audit.acting import actor
from django_logtail.models import Log
from django_logtail.registering.offers import recent

from .test_views import config_of

pytestmark = pytest.mark.django_db
FOUND, ADD = "/logs/-/found/", "/logs/-/found/add/"


@pytest.fixture(autouse=True)
def root(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    settings.LOGTAIL = {"ROOTS": [tmp_path], "READER": "local"}
    monkeypatch.setattr("django_logtail.registering.offers.log_files", lambda: [tmp_path / "django.log"])
    (tmp_path / "django.log").write_bytes(b"one\n")
    (tmp_path / "nginx").mkdir()
    (tmp_path / "nginx" / "access.log").write_bytes(b"<b>two\n")
    recent.forget()
    return tmp_path


def client_of(*permissions: str, **fields: Any) -> Client:
    user = User.objects.create_user(f"user{User.objects.count()}", **fields)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client(enforce_csrf_checks=False)
    client.force_login(user)
    return client


@pytest.fixture
def adder() -> Client:
    return client_of("add_log", is_staff=True)


def refused_people() -> list[Client]:
    """Each lacks something: to be staff, the permission, or to be active."""
    return [
        client_of("add_log"),
        client_of("change_log", "view_log", is_staff=True),
        client_of(),
    ]


def test_the_files_are_described_to_whoever_may_add_logs(adder: Client, root: Path) -> None:
    answer = adder.get(FOUND)

    assert answer.status_code == 200
    assert answer["Cache-Control"].startswith("max-age=0, no-cache, no-store")
    found = answer.json()
    own, other = found["files"]
    assert {name: own[name] for name in ("path", "name", "own", "size", "writing", "line", "trouble")} == {
        "path": f"{root}/django.log",
        "name": "Django",
        "own": True,
        "size": 4,
        "writing": True,
        "line": "one",
        "trouble": "",
    }
    assert (other["name"], other["group"], other["own"], other["line"]) == (
        "nginx access",
        "nginx",
        False,
        "<b>two",
    )
    assert (found["roots"], found["silent"], found["advice"]) == ([str(root)], [], None)
    assert (found["more"], found["host"], found["byhand"]) == (0, "", "/admin/logtail/log/add/")


def test_a_series_and_a_crowd_are_described_as_what_to_register(adder: Client, root: Path) -> None:
    (root / "day-2026-11-28.log").write_bytes(b"one\n")
    (root / "sites").mkdir()
    for number in range(21):
        (root / f"sites/s{number}.log").write_bytes(b"one\n")
    recent.forget()

    found = adder.get(FOUND).json()

    series = {file["path"]: file["series"] for file in found["files"]}
    assert (series[f"{root}/day-%Y-%m-%d.log"], series[f"{root}/django.log"]) == (True, False)
    [crowd] = found["crowds"]
    assert (crowd["pattern"], crowd["count"]) == (f"{root}/sites/*.log", 21)
    form = adder.get(crowd["form"]).content.decode()
    assert f'value="{root}/sites/*.log"' in form
    assert '<option value="each" selected>' in form


def test_nobody_else_learns_of_the_files_or_registers_one(root: Path) -> None:
    for client in refused_people():
        seen = client.get(FOUND)
        done = client.post(ADD, {"path": f"{root}/django.log"})
        page = config_of(client.get("/logs/").content.decode())

        assert (seen.status_code, seen.json()["error"]) == (403, "not-allowed")
        assert (done.status_code, done.json()["error"]) == (403, "not-allowed")
        assert "found" not in page["urls"]
        assert "add-found" not in page["urls"]
    assert Client().get(FOUND).status_code == Client().post(ADD).status_code == 401
    assert Log.objects.count() == 0


def test_the_page_of_whoever_may_add_logs_knows_where_to_ask(adder: Client) -> None:
    urls = config_of(adder.get("/logs/").content.decode())["urls"]

    assert (urls["found"], urls["add-found"]) == (FOUND, ADD)


def test_one_request_registers_several_for_staff(adder: Client, root: Path) -> None:
    answer = adder.post(ADD, {"path": [f"{root}/nginx/access.log", f"{root}/django.log"]})

    assert answer.status_code == 201
    assert answer.json() == {
        "registered": ["nginx-access", "django"],
        "page": reverse("logtail:log", args=["nginx-access"]),
        "refused": [],
    }
    assert sorted(Log.objects.values_list("path", "access", "enabled")) == [
        (f"{root}/django.log", "staff", True),
        (f"{root}/nginx/access.log", "staff", True),
    ]
    member = client_of()
    assert member.get(reverse("logtail:log", args=["django"])).status_code == 404
    assert adder.get(reverse("logtail:log", args=["django"])).status_code == 200


@pytest.mark.parametrize(
    "path",
    ["/etc/passwd", "{root}/../etc/passwd", "{root}/nginx/../django.log", "{root}", "", "\0", "{root}/other"],
)
def test_a_path_that_was_not_found_is_refused(adder: Client, root: Path, path: str) -> None:
    answer = adder.post(ADD, {"path": path.format(root=root)})

    assert (answer.status_code, answer.json()["error"]) == (409, "not-registered")
    assert Log.objects.count() == 0


def test_a_file_that_may_not_be_read_is_not_registered(adder: Client, root: Path, settings: Any) -> None:
    settings.LOGTAIL = {"ROOTS": [root / "nginx"], "READER": "local"}

    [own, _] = adder.get(FOUND).json()["files"]
    answer = adder.post(ADD, {"path": f"{root}/django.log"})

    assert own["trouble"] == "Outside the allowed directories, so it can’t be added."
    assert answer.status_code == 409
    assert Log.objects.count() == 0


@pytest.mark.parametrize(("count", "status"), [(0, 400), (1, 409), (500, 409), (501, 400)])
def test_how_many_may_be_named(adder: Client, count: int, status: int) -> None:
    assert adder.post(ADD, {"path": [f"/x/{n}" for n in range(count)]}).status_code == status


def test_one_refused_file_keeps_no_other_from_it_and_is_named(adder: Client, root: Path) -> None:
    answer = adder.post(ADD, {"path": [f"{root}/django.log", "/etc/passwd"]})

    assert answer.status_code == 201
    assert answer.json()["refused"] == [
        {"path": "/etc/passwd", "text": "It is not among the files found now; reload the list."}
    ]


def test_methods_and_other_sites_are_refused(adder: Client, root: Path) -> None:
    path = {"path": f"{root}/django.log"}

    assert adder.get(ADD, path).status_code == 405
    assert adder.post(FOUND).status_code == 405
    assert adder.post(ADD, path, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert adder.get(FOUND, headers={"Sec-Fetch-Site": "same-site"}).status_code == 403
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(User.objects.get(user_permissions__codename="add_log"))
    assert strict.post(ADD, path).status_code == 403
    assert Log.objects.count() == 0


def test_asking_again_at_once_looks_at_no_file_again(
    adder: Client, monkeypatch: pytest.MonkeyPatch, root: Path
) -> None:
    adder.get(FOUND)
    monkeypatch.setattr("django_logtail.registering.offers.look_around", None)

    assert len(adder.get(FOUND).json()["files"]) == 2
    assert adder.post(ADD, {"path": f"{root}/django.log"}).status_code == 201
    assert len(adder.get(FOUND).json()["files"]) == 1


def test_a_project_without_files_is_told_what_to_write(
    adder: Client, monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path
) -> None:
    monkeypatch.setattr("django_logtail.registering.offers.log_files", list)
    settings.LOGTAIL = {"ROOTS": [tmp_path / "empty"], "READER": "local"}

    found = adder.get(FOUND).json()

    assert (found["files"], found["advice"]["case"], found["advice"]["file"]) == (
        [],
        "stdout",
        "tests/settings.py",
    )
    assert f'"directory": "{tmp_path}/empty"' in found["advice"]["paste"]


def test_registering_is_recorded_as_done_by_the_user(
    adder: Client, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    save = Log.save

    def saved(self: Log, *args: Any, **kwargs: Any) -> None:
        seen.append((actor().user_name, actor().via, actor().address))
        save(self, *args, **kwargs)

    monkeypatch.setattr(Log, "save", saved)
    adder.post(ADD, {"path": f"{root}/django.log"})

    user = User.objects.get(user_permissions__codename="add_log")
    assert seen == [(user.username, "http", "127.0.0.1")]
