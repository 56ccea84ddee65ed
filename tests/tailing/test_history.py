"""Ranges and earlier lines of a generation, found by its id."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from django_logtail.tailing import Follower, FromStart
from django_logtail.tailing.files.system import System
from django_logtail.tailing.history import (
    inode_of,
    lines_before,
    open_generation,
    open_previous,
)
from django_logtail.tailing.texts import PlainText, read_whole
from tests.tailing.stage import A, B, C, block

LONG = block("long", 500)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "app.log"
    path.write_bytes(LONG)
    return path


def id_of(path: Path) -> str:
    follower = Follower(path, FromStart())
    follower.poll(0.0)
    position = follower.position
    follower.close()
    assert position is not None
    return position.file


def plain(path: Path) -> PlainText:
    return PlainText(System(), os.open(path, os.O_RDONLY))


def text_of(path: Path, file: str) -> bytes | None:
    text = open_generation(path, file)
    if text is None:
        return None
    try:
        return read_whole(text, 0, 10**9)
    finally:
        text.close()


def test_the_current_file_is_found(path: Path) -> None:
    assert text_of(path, id_of(path)) == LONG


class Watched(System):
    """Counts the looks at directories and the files that are opened."""

    def __init__(self) -> None:
        self.listed: list[Path] = []
        self.opened: list[str] = []

    def names_in(self, directory: Path, most: int) -> list[str]:
        self.listed.append(directory)
        return super().names_in(directory, most)

    def open_path(self, path: Path) -> int:
        self.opened.append(path.name)
        return super().open_path(path)


def test_the_current_file_is_found_without_a_look_at_the_directory(path: Path) -> None:
    path.with_name("app.log.1").write_bytes(B)
    system, file = Watched(), id_of(path)

    text = open_generation(path, file, system=system)

    assert text is not None
    text.close()
    assert (system.listed, system.opened) == ([], ["app.log"])


def test_of_many_older_files_only_the_wanted_one_is_opened(path: Path) -> None:
    file = id_of(path)
    path.rename(path.with_name("app.log.3"))
    for name in ("app.log", "app.log.1", "app.log.2", "app.log.4"):
        path.with_name(name).write_bytes(B)
    system = Watched()

    text = open_generation(path, file, system=system)

    assert text is not None
    text.close()
    assert (system.listed, system.opened) == ([path.parent], ["app.log", "app.log.3"])


def test_a_rotated_file_is_found_under_its_new_name(path: Path) -> None:
    file = id_of(path)
    path.rename(path.with_name("app.log.1"))
    path.write_bytes(B)

    assert text_of(path, file) == LONG


def test_the_copy_of_an_emptied_file_is_found(path: Path) -> None:
    file = id_of(path)
    path.with_name("app.log-20260101").write_bytes(LONG + A)
    path.write_bytes(B)

    assert text_of(path, file) == LONG + A


def test_another_text_in_the_same_inode_is_not_taken_for_it(path: Path) -> None:
    file = id_of(path)
    path.write_bytes(B * 100)

    assert text_of(path, file) is None


@pytest.mark.parametrize("file", ["", "nonsense", "1-2-100-0123456789abcdef"])
def test_an_id_of_nothing_finds_nothing(path: Path, file: str) -> None:
    assert text_of(path, file) is None


def test_a_file_that_may_not_be_read_is_not_found(path: Path) -> None:
    assert open_generation(path, id_of(path), permit=lambda descriptor: "no") is None


def test_a_range_ends_with_the_file(path: Path) -> None:
    text = plain(path)

    assert read_whole(text, 5, 20) == LONG[5:20]
    assert read_whole(text, len(LONG) - 3, len(LONG) + 100) == LONG[-3:]
    assert read_whole(text, len(LONG), len(LONG) + 1) == b""
    text.close()


def test_the_lines_before_a_place_begin_where_they_begin(path: Path) -> None:
    path.write_bytes(A + B + C)
    text = plain(path)

    assert lines_before(text, len(A + B), 10) == len(A)
    assert lines_before(text, len(A), 1000) == 0
    assert lines_before(text, 10**9, 10) == len(A + B)
    text.close()


def previous_of(path: Path, of: Path) -> str | None:
    """The whole text of the file before `of`, when it is found under the id that was given for it."""
    text = plain(of)
    try:
        found = open_previous(path, text)
    finally:
        text.close()
    if found is None:
        return None
    found[1].close()
    text = text_of(path, found[0])
    assert text is not None
    return text.decode()


def test_an_id_names_its_device_and_inode(path: Path) -> None:
    found = path.stat()

    assert inode_of(id_of(path)) == (found.st_dev, found.st_ino)
    assert inode_of("nonsense") is None


def test_before_each_file_was_the_next_older_one(path: Path) -> None:
    for number, text in ((10, A), (2, C), (1, B)):
        path.with_name(f"app.log.{number}").write_bytes(text)

    assert previous_of(path, path) == B.decode()
    assert previous_of(path, path.with_name("app.log.1")) == C.decode()
    assert previous_of(path, path.with_name("app.log.2")) == A.decode()
    assert previous_of(path, path.with_name("app.log.10")) is None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("app.log.1.gz", B),
        ("app.log.1", b""),
        ("app.log.bak", LONG),
        ("app.log-notes", B),
        ("other.log.1", B),
    ],
)
def test_what_is_no_older_text_of_this_log_is_not_the_file_before(path: Path, name: str, text: bytes) -> None:
    path.with_name(name).write_bytes(text)

    assert previous_of(path, path) is None


def test_a_file_that_may_not_be_read_is_not_the_one_before(path: Path) -> None:
    path.with_name("app.log.1").write_bytes(B)
    text = plain(path)

    assert open_previous(path, text, permit=lambda descriptor: "no") is None
    text.close()


def test_the_file_before_a_link_is_beside_what_it_leads_to(path: Path, tmp_path: Path) -> None:
    (tmp_path / "links").mkdir()
    link = tmp_path / "links" / "app.log"
    link.symlink_to(path)
    path.with_name("app.log.1").write_bytes(B)

    assert previous_of(link, path) == B.decode()
