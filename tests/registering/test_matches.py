"""What the pattern of a log matches, before it is registered."""

import os
from pathlib import Path
from typing import Any

import pytest

from django_logtail.registering.files import Seen, look, preview
from django_logtail.registering.matches import Matches, matches_of
from django_logtail.tailing.files.roots import Roots
from django_logtail.tailing.reasons import code_of


@pytest.fixture
def root(tmp_path: Path, settings: Any) -> Path:
    made = tmp_path / "logs"
    made.mkdir()
    settings.LOGTAIL = {"ROOTS": [str(made)], "READER": "local"}
    return made


def write(path: Path, text: str, at: int) -> None:
    path.write_text(text)
    os.utime(path, (at, at))


def found(root: Path, name: str, follow: str) -> tuple[int, str]:
    matches = matches_of(root / name, follow, Roots([root]))
    return matches.count, matches.newest.name if matches.newest else ""


def test_by_date_the_latest_date_is_the_newest_and_otherwise_the_latest_written(root: Path) -> None:
    write(root / "app-2026-11-27.log", "a\n", 3_000)
    write(root / "app-2026-11-28.log", "b\n", 2_000)
    write(root / "app-2026-11-29.log", "", 1_000)  # created early
    write(root / "other.log", "c\n", 4_000)

    assert found(root, "app-%Y-%m-%d.log", "newest") == (3, "app-2026-11-28.log")
    assert found(root, "app-*.log", "newest") == (3, "app-2026-11-27.log")
    assert found(root, "app-%Y-%m-%d.log", "each") == (3, "app-2026-11-27.log")


def test_rotated_copies_count_for_neither(root: Path) -> None:
    for number, name in enumerate(["a.log", "b.log", "a.log.1", "a.log.2.gz"]):
        write(root / name, "x\n", 1_000 + number)

    assert found(root, "*.log", "each") == (2, "b.log")
    assert found(root, "*", "each") == (2, "b.log")


def test_only_empty_files_and_none(root: Path) -> None:
    assert found(root, "app-*.log", "newest") == (0, "")
    write(root / "app-1.log", "", 1_000)
    write(root / "app-2.log", "", 2_000)
    assert found(root, "app-*.log", "newest") == (2, "app-2.log")
    assert found(root, "app.log", "newest") == (0, "")  # no pattern


def test_links_and_pipes_are_never_the_newest(root: Path) -> None:
    write(root / "app-1.log", "x\n", 1_000)
    (root / "app-2.log").symlink_to("/etc/passwd")
    os.mkfifo(root / "app-3.log")

    assert found(root, "app-*.log", "newest")[1] == "app-1.log"


def test_a_directory_that_leads_out_of_the_roots_is_not_listed(root: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "a.log").write_text("secret\n")
    (root / "out").symlink_to(tmp_path / "secret")

    matches = matches_of(root / "out" / "*.log", "each", Roots([root]))

    assert (matches.count, matches.newest, code_of(matches.reason)) == (0, None, "outside")
    assert matches_of(tmp_path / "logs" / "*.log", "each", Roots([root])) == Matches()
    shown = preview(str(root / "out" / "*.log"), follow="each")
    assert (shown.lines, shown.seen.name, code_of(shown.seen.reason)) == ((), "", "outside")
    shown = preview(str(tmp_path / "secret" / "*.log"), follow="each")
    assert (shown.lines, shown.seen.name, code_of(shown.seen.reason)) == ((), "", "outside")


def test_what_is_shown_is_the_newest(root: Path) -> None:
    write(root / "app-2026-11-27.log", "old\n", 1_000)
    write(root / "app-2026-11-28.log", "one\ntwo\n", 2_000)
    pattern = str(root / "app-%Y-%m-%d.log")

    shown = preview(pattern, follow="newest")
    seen, plain = look([(pattern, "utf-8"), (pattern, "utf-8")], ["newest"])

    assert (shown.lines, shown.seen.name, shown.seen.count) == (("one", "two"), "app-2026-11-28.log", 2)
    assert seen == Seen(8, 2_000.0, "two", "", "app-2026-11-28.log", 2)
    assert (code_of(plain.reason), plain.count) == ("gone", None)
    assert look([(str(root / "no-*.log"), "utf-8")], ["newest"]) == [Seen(count=0)]
