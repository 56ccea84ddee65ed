"""Files named in advice: the right ones, and never more work than it is worth."""

import os
from pathlib import Path

import pytest

from django_logtail.tailing.files import found
from django_logtail.tailing.files.found import files_in, files_like, is_pattern


def make(folder: Path, *names: str) -> None:
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")
        os.utime(folder / name, (number, number))


def test_the_latest_written_come_first_and_as_many_as_asked(tmp_path: Path) -> None:
    make(tmp_path, "a.log", "b/c.log", "d.log", ".hidden")

    assert files_in([tmp_path], 2) == [tmp_path / "d.log", tmp_path / "b/c.log"]


def test_links_are_left_out_because_they_may_lead_anywhere(tmp_path: Path) -> None:
    make(tmp_path, "a.log")
    (tmp_path / "link").symlink_to("/etc/passwd")
    (tmp_path / "etc").symlink_to("/etc")

    assert files_in([tmp_path], 9) == [tmp_path / "a.log"]


def test_what_is_not_there_has_no_files(tmp_path: Path) -> None:
    assert files_in([tmp_path / "nowhere"], 9) == []


@pytest.mark.parametrize(("entries", "files"), [(3, 3), (4, 4), (5, 5), (6, 5)])
def test_no_more_entries_are_looked_at_than_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entries: int, files: int
) -> None:
    make(tmp_path, *(f"{number}.log" for number in range(5)))
    monkeypatch.setattr(found, "MOST_ENTRIES", entries)

    assert len(files_in([tmp_path], 9)) == files


def test_directories_deeper_than_three_are_not_entered(tmp_path: Path) -> None:
    make(tmp_path, "1/2/3/in.log", "1/2/3/4/out.log")

    assert files_in([tmp_path], 9) == [tmp_path / "1/2/3/in.log"]


def test_files_that_are_no_logs_are_not_named(tmp_path: Path) -> None:
    make(tmp_path, "app.log", "settings.py", "server.key", ".env", "messages")

    assert {path.name for path in files_in([tmp_path], 9)} == {"app.log", "messages"}


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("*.log", ["a.log", "b.log"]),
        ("?.log", ["a.log", "b.log"]),
        ("[ac].log", ["a.log"]),
        ("*/c.log", ["x/c.log"]),
        ("**/*.log", ["a.log", "b.log", "x/c.log"]),
        ("x*/[!d].log", ["x/c.log"]),
        ("*.txt", []),
    ],
)
def test_a_pattern_names_the_files_that_a_shell_would(tmp_path: Path, pattern: str, names: list[str]) -> None:
    make(tmp_path, "a.log", "b.log", "x/c.log", "x/d", "a.log.1")

    assert files_like(f"{tmp_path}/{pattern}", 9) == [tmp_path / name for name in names]


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("/var/log/*.log", True),
        ("app?.log", True),
        ("app-[0-9].log", True),
        ("app\x1b[31m.log", False),
        ("app].log", False),
        ("app[].log", False),
        ("app.log", False),
    ],
)
def test_a_bracket_that_is_never_closed_is_no_sign_of_a_pattern(text: str, is_one: bool) -> None:
    assert is_pattern(text) is is_one
