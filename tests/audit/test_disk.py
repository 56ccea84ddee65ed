"""Records on disk: in order, for this user alone, and nobody else's."""

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from django_logtail.audit import disk as module
from django_logtail.audit.disk import OnDisk, Unusable, decoded, encoded, left_behind, usable
from django_logtail.audit.records import Record, Subject, event


def records(*names: str) -> list[Record]:
    return [event("search", Subject(), 0.0, {"name": name}) for name in names]


def names(found: Any) -> list[str | None]:
    return [None if one is None else one["detail"]["name"] for one in found]


def left(directory: Path) -> list[list[str | None]]:
    """What dead processes left, file by file, which are then removed."""
    found = []
    for one in left_behind(directory):
        found.append(names(one.records()))
        one.remove()
        one.close()
    return found


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "audit"


def test_they_come_back_in_order_and_are_forgotten_from_the_front(directory: Path) -> None:
    disk = OnDisk(directory)
    assert disk.add(records("one", "two"))
    assert disk.add(records("three"))
    assert names(disk.first(2)) == ["one", "two"]
    assert names(disk.first(9)) == ["one", "two", "three"]

    disk.drop(1)
    disk.add(records("four"))

    assert names(disk.first(9)) == ["two", "three", "four"]
    disk.drop(3)
    assert (len(disk), disk.first(9)) == (0, [])
    assert [path.stat().st_size for path in directory.iterdir()] == [0]


def test_directory_and_file_are_for_this_user_alone(directory: Path) -> None:
    OnDisk(directory).add(records("one"))

    (path,) = directory.iterdir()
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o707])
def test_a_directory_that_others_may_enter_is_not_used(directory: Path, mode: int) -> None:
    directory.mkdir()
    directory.chmod(mode)

    with pytest.raises(Unusable, match="must be 0700"):
        usable(directory)
    disk = OnDisk(directory)
    assert (disk.add(records("one")), bool(disk.trouble)) == (False, True)
    assert list(directory.iterdir()) == []


def test_a_link_in_place_of_the_directory_is_not_followed(directory: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    directory.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(Unusable, match="is not a directory"):
        usable(directory)


@pytest.mark.parametrize(("room", "is_added"), [(-1, False), (0, True), (1, True)])
def test_there_is_a_limit(
    directory: Path, monkeypatch: pytest.MonkeyPatch, room: int, is_added: bool
) -> None:
    wanted = records("one", "two")
    monkeypatch.setattr(module, "MOST_DISK_BYTES", sum(len(encoded(one)) for one in wanted) + room)
    disk = OnDisk(directory)

    assert disk.add(wanted) is is_added
    assert disk.trouble == ("" if is_added else "as many records wait on disk as may")
    assert names(disk.first(9)) == (["one", "two"] if is_added else [])


def test_a_full_disk_leaves_no_half_of_a_record(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = OnDisk(directory)
    disk.add(records("one"))
    written = os.pwrite

    def full(fd: int, data: bytes, at: int) -> int:
        if len(data) <= 20:
            raise OSError(errno.ENOSPC, "No space left on device")
        return written(fd, data[:-20], at)

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        assert not disk.add(records("two"))
    assert disk.trouble == "No space left on device"
    (path,) = directory.iterdir()
    assert path.read_bytes().endswith(b"\n")
    assert disk.add(records("three"))

    assert names(disk.first(9)) == ["one", "three"]
    assert disk.trouble == ""


def test_what_a_dead_process_left_is_found_and_what_a_living_one_has_is_not(directory: Path) -> None:
    living, dead = OnDisk(directory), OnDisk(directory)
    living.add(records("of-the-living"))
    dead.add(records("one", "two"))
    dead.close()

    assert left(directory) == [["one", "two"]]
    assert left(directory) == []
    assert names(living.first(9)) == ["of-the-living"]


def test_nothing_is_left_by_a_process_whose_records_are_stored(directory: Path) -> None:
    disk = OnDisk(directory)
    disk.add(records("one"))
    disk.drop(1)

    disk.close()

    assert list(directory.iterdir()) == []


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda lines: lines[:-10], ["one", None]),
        (lambda lines: lines[:10] + b"x" + lines[11:], [None, "two"]),
        (lambda lines: lines.replace(b'"two"', b'"TWO"'), ["one", None]),
        (lambda lines: b'{"kind": "event"}\n' + lines, [None, "one", "two"]),
        (lambda lines: b"\xff\xfe\n" + lines, [None, "one", "two"]),
        (lambda lines: b"", []),
    ],
    ids=["cut-off", "signature", "text", "unsigned", "binary", "empty"],
)
def test_a_line_that_is_cut_off_or_forged_is_no_record(
    directory: Path, spoil: Callable[[bytes], bytes], expected: list[str | None]
) -> None:
    dead = OnDisk(directory)
    dead.add(records("one", "two"))
    dead.close()
    (path,) = directory.iterdir()
    path.write_bytes(spoil(path.read_bytes()))

    assert left(directory) == [expected]


def test_a_line_of_another_project_is_no_record(settings: Any) -> None:
    line = encoded(records("one")[0])
    assert decoded(line) is not None

    settings.SECRET_KEY = "another"

    assert decoded(line) is None


def test_a_file_that_others_could_have_written_is_left_alone(directory: Path, tmp_path: Path) -> None:
    usable(directory)
    forged = b"".join(map(encoded, records("forged")))
    for name, mode in (("group", 0o620), ("other", 0o604)):
        path = directory / f"{name}.audit"
        path.write_bytes(forged)
        path.chmod(mode)
    (tmp_path / "elsewhere").write_bytes(forged)
    (tmp_path / "elsewhere").chmod(0o600)
    (directory / "link.audit").symlink_to(tmp_path / "elsewhere")
    (directory / "hard.audit").hardlink_to(tmp_path / "elsewhere")
    os.mkfifo(directory / "pipe.audit", 0o600)
    (directory / "directory.audit").mkdir()
    (directory / "notes.txt").write_bytes(forged)

    assert left(directory) == []
    assert len(list(directory.iterdir())) == 7


def test_a_file_that_is_cut_behind_its_process_loses_only_what_was_cut(directory: Path) -> None:
    disk = OnDisk(directory)
    disk.add(records("one", "two"))
    (path,) = directory.iterdir()
    os.truncate(path, len(encoded(records("one")[0])))

    assert names(disk.first(9)) == ["one", None]
    disk.drop(2)
    assert len(disk) == 0
