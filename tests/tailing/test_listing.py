"""The list of a log's files."""

from __future__ import annotations

import errno
import gzip
import os
from pathlib import Path

import pytest

from django_logtail.tailing.belonging import Belonging
from django_logtail.tailing.files.system import System
from django_logtail.tailing.history import open_generation, open_previous, open_sibling
from django_logtail.tailing.listing import Listed, newest_first
from django_logtail.tailing.reasons import code_of
from django_logtail.tailing.texts import PlainText, read_whole
from tests.tailing.stage import A, B, C, block

HEAD = block("head", 20)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "app.log"
    path.write_bytes(HEAD)
    for number, text in enumerate((A, B, C, b""), 1):
        older = path.with_name(f"app.log.{number}")
        older.write_bytes(text)
        os.utime(older, (1_000 - number, 1_000 - number))
    return path


def files_of(path: Path, permit=lambda descriptor: None) -> list[Listed]:
    return [found for found in newest_first(Belonging(path), permit=permit) if found is not None][::-1]


def test_the_files_are_listed_oldest_first_and_can_be_opened_by_their_ids(path: Path) -> None:
    path.with_name("app.log.bak").write_bytes(A)

    found = files_of(path)

    assert [(file.name, file.size, file.stored) for file in found] == [
        ("app.log.3", len(C), len(C)),
        ("app.log.2", len(B), len(B)),
        ("app.log.1", len(A), len(A)),
        ("app.log", len(HEAD), len(HEAD)),
    ]
    for file, text in zip(found, (C, B, A, HEAD), strict=True):
        opened = open_generation(path, file.id)
        assert opened is not None
        assert read_whole(opened, 0, 100_000) == text
        opened.close()


@pytest.mark.parametrize("packed", [False, True])
def test_a_listed_file_is_not_mistaken_for_one_that_has_its_name_and_inode_by_now(
    path: Path, packed: bool
) -> None:
    def write(text: bytes) -> None:
        older.write_bytes(gzip.compress(text, mtime=0) if packed else text)  # the inode stays

    older = path.with_name("app.log.1.gz" if packed else "app.log.1")
    path.with_name("app.log.1").unlink()
    write(A)
    os.utime(older, (999, 999))
    [listed] = [found for found in files_of(path) if found.name == older.name]
    assert listed.sibling is not None

    texts = []
    for text in (A, B, A + C):
        write(text)
        opened = open_sibling(System(), listed.sibling, lambda descriptor: None, listed.id)
        texts.append(opened and read_whole(opened, 0, 100_000))
        if opened:
            opened.close()

    assert texts == [A, None, A + C]


BANNER = block("what each file of this program begins with", 200)


@pytest.mark.parametrize(
    ("older", "current", "is_listed"),
    [
        (BANNER, BANNER, False),
        (BANNER + A, BANNER + A + B, False),  # `copytruncate` is about to cut it
        (BANNER + A, BANNER + B + A, True),
        (BANNER + A, BANNER + B, True),
        (BANNER + A, BANNER, True),  # the program has just begun
        (A, A + B, True),  # too short to tell
        (A, B, True),
    ],
)
def test_a_copy_of_the_current_file_is_left_out_and_one_that_only_begins_alike_is_not(
    tmp_path: Path, older: bytes, current: bytes, is_listed: bool
) -> None:
    path = tmp_path / "app.log"
    path.write_bytes(current)
    path.with_name("app.log.1").write_bytes(older)
    os.utime(path.with_name("app.log.1"), (1_000, 1_000))

    names = ["app.log.1", "app.log"] if is_listed else ["app.log"]
    assert [file.name for file in files_of(path)] == names
    current_text = PlainText(System(), os.open(path, os.O_RDONLY))
    previous = open_previous(path, current_text)
    current_text.close()
    if previous is not None:
        previous[1].close()
    assert (previous is not None) is is_listed


def test_older_files_are_listed_while_there_is_no_current_one(path: Path) -> None:
    path.unlink()

    assert [file.name for file in files_of(path)] == ["app.log.3", "app.log.2", "app.log.1"]


def test_a_file_that_may_not_be_read_is_listed_with_the_reason_and_without_an_id(path: Path) -> None:
    forbidden = path.with_name("app.log.2").stat().st_ino

    found = files_of(path, lambda descriptor: "no" if os.fstat(descriptor).st_ino == forbidden else None)

    assert [(file.name, bool(file.id), file.reason) for file in found] == [
        ("app.log.3", True, ""),
        ("app.log.2", False, "no"),
        ("app.log.1", True, ""),
        ("app.log", True, ""),
    ]


@pytest.mark.parametrize("name", ["app.log.2", "app.log.5.gz"])
def test_a_file_that_the_disk_does_not_give_is_listed_with_the_reason(path: Path, name: str) -> None:
    broken = path.with_name(name)
    if not broken.exists():
        broken.write_bytes(gzip.compress(A))
        os.utime(broken, (900, 900))
    inode = broken.stat().st_ino

    class Broken(System):
        def pread(self, descriptor: int, size: int, offset: int) -> bytes:
            if os.fstat(descriptor).st_ino == inode:
                raise OSError(errno.EIO, "Input/output error")
            return super().pread(descriptor, size, offset)

    found = newest_first(Belonging(path), permit=lambda descriptor: None, system=Broken())
    listed = {file.name: file for file in found if file is not None}

    assert (listed[name].id, code_of(listed[name].reason)) == ("", "io-error")
    assert len(listed) == len(files_of(path))


@pytest.mark.parametrize(
    ("stored", "code"),
    [
        (b"\x1f\x8b\x08\x00" + b"\xff" * 500, "archive-damaged"),
        (gzip.compress(b"") * 2_000, "archive-garbage"),
    ],
)
def test_an_archive_without_readable_text_is_listed_with_the_reason(
    path: Path, stored: bytes, code: str
) -> None:
    path.with_name("app.log.9.gz").write_bytes(stored)

    for _ in range(2):
        first, *_others = files_of(path)
        assert (first.name, first.id, code_of(first.reason)) == ("app.log.9.gz", "", code)


def test_an_archive_of_no_text_is_not_listed_like_an_empty_file(path: Path) -> None:
    path.with_name("app.log.9.gz").write_bytes(gzip.compress(b""))

    assert [file.name for file in files_of(path)] == ["app.log.3", "app.log.2", "app.log.1", "app.log"]
