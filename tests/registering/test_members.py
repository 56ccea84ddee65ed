"""Members of patterns: which files they are, as rows."""

from __future__ import annotations

import os
import re
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

from django_logtail.models import Log, SavedView
from django_logtail.reader.sources import Registry
from django_logtail.registering import members

pytestmark = pytest.mark.django_db


@pytest.fixture
def logs(settings: Any, tmp_path: Path) -> Path:
    directory = tmp_path / "logs"
    directory.mkdir()
    settings.LOGTAIL = {"ROOTS": [directory], "READER": "local"}
    return directory


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """The moment it is, to be replaced."""
    moment = [datetime(2026, 11, 30, 12, tzinfo=timezone.utc)]
    monkeypatch.setattr(members.timezone, "now", lambda: moment[0])
    return moment


def pattern(path: Path | str, **fields: Any) -> Log:
    log = Log(**{"name": "Sites", "slug": "sites", "path": str(path), "follow": "each", **fields})
    log.full_clean()
    log.save()
    return log


def wrote(directory: Path, *names: str) -> None:
    for name in names:
        (directory / name).write_text(f"{name}\n")


def listed(of: Log) -> dict[str, str]:
    """By slug, the names of its members."""
    return dict(of.members.order_by("name").values_list("slug", "name"))


def test_each_file_that_matches_is_a_log_with_an_address_of_its_own(logs: Path) -> None:
    wrote(logs, "shop.log", "Blog.log", "readme.txt")
    sites = pattern(logs / "*.log")

    members.refresh("")

    found = listed(sites)
    assert list(found.values()) == ["Blog.log", "shop.log"]
    assert list(found)[1] == "sites-shop"
    assert re.fullmatch("sites-blog-[0-9a-f]{8}", next(iter(found)))
    assert Log.objects.get(pk=sites.pk).matches == 2


def test_new_files_are_added_and_what_is_there_already_is_left_alone(
    logs: Path, django_assert_num_queries: Any
) -> None:
    wrote(logs, "a.log")
    sites = pattern(logs / "*.log")
    members.refresh("")
    first = sites.members.get().pk
    with django_assert_num_queries(5):  # the patterns, all rows, the members, and a savepoint
        members.refresh("")
    wrote(logs, "b.log", "c.log", "d.log")

    members.refresh("")

    assert list(listed(sites)) == ["sites-a", "sites-b", "sites-c", "sites-d"]
    assert sites.members.get(slug="sites-a").pk == first


@pytest.mark.parametrize(
    ("hours", "is_kept"),
    [(timedelta(hours=24), True), (timedelta(hours=24, seconds=1), False)],
)
def test_a_file_that_is_gone_is_kept_for_a_day_and_has_its_address_again_when_it_returns(
    logs: Path, now: list[datetime], hours: timedelta, is_kept: bool
) -> None:
    wrote(logs, "a.log", "b.log")
    sites = pattern(logs / "*.log")
    members.refresh("")
    first = sites.members.get(slug="sites-a").pk
    (logs / "a.log").unlink()
    members.refresh("")
    now[0] += hours
    members.refresh("")
    assert list(listed(sites)) == (["sites-a", "sites-b"] if is_kept else ["sites-b"])
    wrote(logs, "a.log")

    members.refresh("")

    again = sites.members.get(slug="sites-a")
    assert (again.pk == first) is is_kept
    assert again.gone_since is None


def test_files_are_gone_together_with_their_directory_but_not_with_the_right_to_read_it(
    logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (logs / "below").mkdir()
    wrote(logs / "below", "a.log")
    sites = pattern(logs / "below" / "*.log")
    members.refresh("")

    def refused(*args: Any, **kwargs: Any) -> int:
        raise PermissionError(13, "Permission denied", str(logs / "below"))

    with monkeypatch.context() as patch:
        patch.setattr(members.os, "open", refused)
        members.refresh("")
    assert sites.members.get().gone_since is None
    assert "permission-denied" in Log.objects.get(pk=sites.pk).trouble
    (logs / "below" / "a.log").unlink()
    (logs / "below").rmdir()
    members.refresh("")

    assert sites.members.get().gone_since is not None


@pytest.mark.parametrize(("count", "shown"), [(199, 199), (200, 200), (201, 200), (300, 200)])
def test_there_are_at_most_200_the_most_recently_written(logs: Path, count: int, shown: int) -> None:
    sites = pattern(logs / "*.log")
    written = time.time()
    for number in range(count):
        wrote(logs, f"{number:03}.log")
        os.utime(logs / f"{number:03}.log", (written - number, written - number))

    members.refresh("")

    assert list(listed(sites).values()) == [f"{number:03}.log" for number in range(shown)]
    assert Log.objects.get(pk=sites.pk).matches == count


def test_a_member_leaves_for_one_written_much_later_and_not_for_one_written_now(
    logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(members, "MOST_MEMBERS", 2)
    written = time.time()
    wrote(logs, "a.log", "b.log")
    os.utime(logs / "b.log", (written - 7_200, written - 7_200))
    sites = pattern(logs / "*.log")
    members.refresh("")
    wrote(logs, "c.log", "d.log")

    members.refresh("")

    assert len(listed(sites)) == 2
    assert "sites-a" in listed(sites)
    assert "sites-b" not in listed(sites)


def test_files_that_are_gone_take_only_the_places_that_are_left(
    logs: Path, monkeypatch: pytest.MonkeyPatch, now: list[datetime]
) -> None:
    monkeypatch.setattr(members, "MOST_MEMBERS", 3)
    sites = pattern(logs / "*.log")
    for name in "abcd":
        wrote(logs, f"{name}.log")
        members.refresh("")
        (logs / f"{name}.log").unlink()
        members.refresh("")
        now[0] += timedelta(minutes=1)
    wrote(logs, "e.log")

    members.refresh("")

    assert list(listed(sites)) == ["sites-c", "sites-d", "sites-e"]


HOSTILE = [
    "a\nb.log",
    "a\u202eb.log",
    "<script>alert(1)</script>.log".replace("/", "-"),
    "b.log ",
    "b.log",
    "b .log",
    "b  .log",
    "e\u0301.log",
    "é.log",
    "日本.log",
    "x" * 251 + ".log",
    "x" * 250 + "y.log",
    "-.log",
    "\ufffd.log",
]


def test_hostile_names_are_shown_cleaned_and_each_has_a_name_and_an_address(logs: Path) -> None:
    wrote(logs, *HOSTILE)
    (Path(os.fsdecode(os.fsencode(logs) + b"/\xff\xfe.log"))).write_text("bytes\n")
    (Path(os.fsdecode(os.fsencode(logs) + b"/\xfe\xff.log"))).write_text("bytes\n")
    sites = pattern(logs / "*")

    members.refresh("")

    rows = list(sites.members.all())
    assert len(rows) == 16
    assert len({row.name for row in rows}) == len({row.slug for row in rows}) == 16
    assert all(row.name.isprintable() and 0 < len(row.name) <= 100 and row.has_address for row in rows)
    assert {row.file.read_text() for row in rows} == {*(f"{name}\n" for name in HOSTILE), "bytes\n"}
    assert "<script>alert(1)<-script>.log" in {row.name for row in rows}
    assert any(re.fullmatch(r"a�b\.log \([0-9a-f]{8}\)", row.name) for row in rows)


def test_a_name_that_no_row_can_have_is_left_out(logs: Path) -> None:
    wrote(logs, "a\uf7ff.log", "b.log")
    sites = pattern(logs / "*.log")

    members.refresh("")

    assert list(listed(sites)) == ["sites-b"]


def test_links_out_of_the_roots_and_what_is_no_file_are_left_out(logs: Path, tmp_path: Path) -> None:
    wrote(tmp_path, "secret.log")
    (logs / "below").mkdir()
    wrote(logs / "below", "inside.log")
    (logs / "out.log").symlink_to(tmp_path / "secret.log")
    (logs / "in.log").symlink_to(logs / "below" / "inside.log")
    (logs / "dangling.log").symlink_to(logs / "nothing")
    (logs / "directory.log").mkdir()
    os.mkfifo(logs / "pipe.log")
    sites = pattern(logs / "*.log")

    members.refresh("")

    assert list(listed(sites)) == ["sites-in"]


def test_a_directory_that_became_a_link_out_of_the_roots_is_not_looked_into(
    logs: Path, tmp_path: Path
) -> None:
    (logs / "below").mkdir()
    (tmp_path / "outside").mkdir()
    wrote(tmp_path / "outside", "secret.log")
    sites = pattern(logs / "below" / "*.log")
    (logs / "below").rmdir()
    (logs / "below").symlink_to(tmp_path / "outside")

    members.refresh("")

    assert listed(sites) == {}
    assert "outside" in Log.objects.get(pk=sites.pk).trouble


@pytest.mark.parametrize("enabled", [True, False])
def test_the_file_of_another_row_is_no_member_and_neither_are_its_copies(logs: Path, enabled: bool) -> None:
    wrote(logs, "app.log", "app-20261128.log", "b.log")
    Log.objects.create(name="App", slug="app", path=str(logs / "app.log"), enabled=enabled)
    sites = pattern(logs / "*.log")

    members.refresh("")

    assert list(listed(sites)) == ["sites-b"]


def test_a_row_for_a_member_s_file_takes_it(logs: Path) -> None:
    wrote(logs, "a.log", "b.log")
    sites = pattern(logs / "*.log")
    members.refresh("")
    plain = Log(name="A", slug="a", path=str(logs / "a.log"))
    plain.full_clean()
    plain.save()
    member = sites.members.get(slug="sites-a")
    sources = Registry().find([str(plain.pk), str(member.pk)])
    assert sources[str(plain.pk)].refusal == ""
    assert "taken" in sources[str(member.pk)].refusal

    members.refresh("")

    assert list(listed(sites)) == ["sites-b"]


def test_a_file_that_two_patterns_match_is_the_older_one_s(logs: Path) -> None:
    wrote(logs, "a.log", "b.log")
    first, second = pattern(logs / "a*.log", slug="first"), pattern(logs / "*.log", slug="second")
    for _ in range(2):  # they are looked at in any order
        members.refresh("")

    members.refresh("")

    assert list(listed(first)) == ["first-a"]
    assert list(listed(second)) == ["second-b"]


def test_an_address_that_another_log_has_is_not_taken_from_it(logs: Path) -> None:
    wrote(logs, "a.log")
    Log.objects.create(name="A", slug="sites-a", path=str(logs / "other"))
    sites = pattern(logs / "*.log")

    members.refresh("")

    assert re.fullmatch("sites-a-[0-9a-f]{8}", next(iter(listed(sites))))


def test_only_patterns_of_the_queue_are_looked_at_by_its_worker(settings: Any, logs: Path) -> None:
    settings.LOGTAIL = {**settings.LOGTAIL, "READER": "dramatiq"}
    wrote(logs, "a.log")
    web, other = (
        pattern(logs / "a*", slug="web", queue="web-1"),
        pattern(logs / "*", slug="other", queue="web-2"),
    )

    members.refresh("web-1")

    assert list(listed(web)) == ["web-a"]
    assert listed(other) == {}


def test_deleting_a_pattern_removes_its_members_and_their_views(logs: Path) -> None:
    wrote(logs, "a.log")
    sites = pattern(logs / "*.log")
    members.refresh("")
    owner = User.objects.create_user("ann")
    SavedView.objects.create(owner=owner, log=sites.members.get(), name="Errors")

    sites.delete()

    assert not Log.objects.exists()
    assert not SavedView.objects.exists()


def test_a_row_that_is_a_pattern_no_more_loses_its_members(logs: Path) -> None:
    wrote(logs, "a.log", "*.log")
    sites = pattern(logs / "*.log")
    members.refresh("")
    assert len(listed(sites)) == 2
    sites.follow = ""

    sites.save()

    assert listed(sites) == {}


def test_a_disabled_pattern_is_not_looked_at(logs: Path) -> None:
    wrote(logs, "a.log")
    sites = pattern(logs / "*.log", enabled=False)

    members.refresh("")

    assert listed(sites) == {}
