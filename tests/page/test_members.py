"""Members are looked for while somebody has the list open."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from django_logtail.control import process
from django_logtail.control.in_memory import MemoryControl
from django_logtail.models import Log
from django_logtail.page import members

pytestmark = pytest.mark.django_db


@pytest.fixture
def clock() -> Iterator[list[float]]:
    now = [100.0]
    process.use(MemoryControl(lambda: now[0]))
    yield now
    process.use(None)


@pytest.fixture
def sites(settings: Any, tmp_path: Path, clock: list[float]) -> Log:
    settings.LOGTAIL = {"READER": "local", "ROOTS": [tmp_path]}
    (tmp_path / "a.log").touch()
    return Log.objects.create(
        name="Sites", slug="sites", path=f"{tmp_path}/*.log", follow="each", access="signed-in"
    )


@pytest.fixture
def list_of(client: Client) -> Any:
    client.force_login(User.objects.create_user("ann"))
    return lambda: client.get("/logs/-/logs/").json()


def test_the_first_list_has_them_already_and_the_next_one_new_ones(
    sites: Log, tmp_path: Path, clock: list[float], list_of: Any
) -> None:
    first = [log["slug"] for log in list_of()["logs"]]
    (tmp_path / "b.log").touch()
    clock[0] += 1.9
    second = [log["slug"] for log in list_of()["logs"]]
    clock[0] += 0.1
    third = [log["slug"] for log in list_of()["logs"]]

    assert (first, second, third) == (["sites-a"], ["sites-a"], ["sites-a", "sites-b"])


def test_the_list_says_how_many_files_match(sites: Log, list_of: Any) -> None:
    assert list_of()["patterns"] == [{"group": "Sites", "files": 1, "shown": 200}]


def test_nobody_who_may_not_watch_a_pattern_has_it_looked_at_or_named(sites: Log, list_of: Any) -> None:
    Log.objects.update(access="staff")

    assert list_of() == {"logs": [], "patterns": []}
    assert not sites.members.exists()


def test_the_page_looks_too(sites: Log, client: Client, list_of: Any) -> None:
    answer = client.get("/logs/sites-a/")

    assert answer.status_code == 200


def test_workers_are_asked_once_for_each_queue_and_not_by_everybody(
    sites: Log, settings: Any, list_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.LOGTAIL = {**settings.LOGTAIL, "READER": "dramatiq"}
    Log.objects.create(
        name="More", slug="more", path=f"{sites.path}.x", queue="web-2", follow="each", access="signed-in"
    )
    asked: list[str] = []
    monkeypatch.setattr(members.asking, "_ask", asked.append)
    monkeypatch.setattr(members.time, "monotonic", lambda: 50.0)

    for _ in range(2):
        list_of()
    members.asking._thread.submit(lambda: None).result()

    assert sorted(asked) == ["logtail", "web-2"]
    monkeypatch.setattr(members.time, "monotonic", lambda: 52.0)
    list_of()
    members.asking._thread.submit(lambda: None).result()
    assert sorted(asked) == ["logtail", "logtail", "web-2", "web-2"]
