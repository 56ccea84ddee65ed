"""The shared file: whole entries, bounded, under one name, whatever happens to the file and to those who write it."""

import errno
import fcntl
import os
import stat
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from django_logtail import spool as module
from django_logtail.spool import Spool
from tests.conftest import absent


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "application.log"


def spool(path: Path, *, max_bytes: int = 100, files: int = 4) -> Spool:
    return Spool(path, max_bytes=max_bytes, files=files)


def held(directory: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(directory.iterdir())}


@pytest.fixture
def lock(path: Path) -> Iterator[int]:
    """Another process' lock on the file, as a paused one would keep it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    yield descriptor
    os.close(descriptor)


def test_two_writers_append_to_one_file_in_the_order_of_their_writing(path: Path) -> None:
    ours, theirs = spool(path), spool(path)

    for writer, data in ((ours, b"1\n"), (theirs, b"2\n"), (ours, b"3\n")):
        writer.append(data)

    assert held(path.parent) == {"application.log": b"1\n2\n3\n"}


@pytest.mark.parametrize(
    ("size", "files"), [(49, ["application.log"]), (50, ["application.log", "application.log.1"])]
)
def test_a_file_is_rotated_before_it_exceeds_its_size(path: Path, size: int, files: list[str]) -> None:
    writer = spool(path)
    writer.append(b"x" * 50 + b"\n")

    writer.append(b"y" * (size - 1) + b"\n")

    assert list(held(path.parent)) == files


def test_the_newest_files_are_kept_under_the_names_that_rotation_gives(path: Path) -> None:
    for number in range(6):
        spool(path, files=3).append(b"%d" % number * 99 + b"\n")

    assert {name: text[:1] for name, text in held(path.parent).items()} == {
        "application.log": b"5",
        "application.log.1": b"4",
        "application.log.2": b"3",
    }


def test_an_entry_longer_than_a_file_gets_one_of_its_own(path: Path) -> None:
    writer = spool(path, max_bytes=10)

    for entry in (b"a\n", b"b" * 30 + b"\n", b"c\n"):
        writer.append(entry)

    assert list(held(path.parent).values()) == [b"c\n", b"b" * 30 + b"\n", b"a\n"]


def test_a_rotation_that_was_broken_off_costs_no_file(path: Path) -> None:
    """It has moved the older files up, and was killed before it moved the newest."""
    for name, text in (("", b"4" * 100), (".2", b"3\n"), (".3", b"2\n")):
        path.with_name(path.name + name).write_bytes(text)

    spool(path).append(b"5\n")

    assert list(held(path.parent).values()) == [b"5\n", b"4" * 100, b"3\n", b"2\n"]


def test_another_writer_follows_a_rotation(path: Path) -> None:
    ours, theirs = spool(path), spool(path)
    ours.append(b"1\n")
    theirs.append(b"2" * 99 + b"\n")

    ours.append(b"3\n")

    assert held(path.parent) == {
        "application.log": b"3\n",
        "application.log.1": b"2" * 99 + b"\n",
        "application.log.2": b"1\n",
    }


def test_a_file_that_is_rotated_while_it_is_being_locked_gets_nothing_more(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.write_bytes(b"old\n")
    is_locked, older = module._is_locked, path.with_name("application.log.1")

    def late(descriptor: int) -> bool:
        if not older.exists():
            path.rename(older)
        return is_locked(descriptor)

    monkeypatch.setattr(module, "_is_locked", late)

    spool(path).append(b"new\n")

    assert held(path.parent) == {"application.log": b"new\n", "application.log.1": b"old\n"}


def test_a_child_forked_during_a_write_does_not_keep_the_lock(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A duplicate of the descriptor is what the child has of it."""
    writer, copies, write = spool(path), [], os.write

    def forked(descriptor: int, data: memoryview) -> int:
        copies.append(os.dup(descriptor))
        return write(descriptor, data)

    monkeypatch.setattr(module, "LOCK_SECONDS", 0.01)
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", forked)
        writer.append(b"1\n")
    writer.append(b"2\n")

    os.close(copies[0])
    assert path.read_bytes() == b"1\n2\n"


def test_a_removed_file_is_made_again(path: Path) -> None:
    writer = spool(path)
    writer.append(b"1\n")
    path.unlink()

    writer.append(b"2\n")

    assert held(path.parent) == {"application.log": b"2\n"}


def test_a_line_that_its_process_did_not_finish_is_ended_and_says_so(path: Path) -> None:
    path.write_bytes(b"whole\nhal")

    spool(path).append(b"next\n")

    assert path.read_text() == "whole\nhal … [the process was killed while it wrote this line]\nnext\n"


def test_of_a_write_that_fails_in_its_middle_nothing_stays(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = spool(path)
    writer.append(b"before\n")
    write = os.write

    def full(descriptor: int, data: memoryview) -> int:
        if len(data) < 8:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, data[:5])

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        with pytest.raises(OSError, match="No space left on device"):
            writer.append(b"some entry\n")
    assert path.read_bytes() == b"before\n"
    writer.append(b"some entry\n")

    assert path.read_bytes() == b"before\nsome entry\n"


def test_a_write_in_pieces_arrives_whole(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:3]))

    spool(path).append(b"0123456789\n")

    assert path.read_bytes() == b"0123456789\n"


def test_a_lock_that_is_never_released_is_an_error(
    path: Path, lock: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOCK_SECONDS", 0.01)

    with pytest.raises(BlockingIOError, match="Another process holds its lock"):
        spool(path).append(b"1\n")


def test_renaming_the_file_helps_if_a_stopped_process_has_its_lock(
    path: Path, lock: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOCK_SECONDS", 300.0)
    waiting = threading.Thread(target=spool(path).append, args=(b"1\n",))
    waiting.start()

    path.rename(path.with_name("stuck"))
    waiting.join(60)

    assert held(path.parent) == {"application.log": b"1\n", "stuck": b""}


def test_no_file_stays_open_and_no_lock_stays(path: Path) -> None:
    writer = spool(path)
    writer.append(b"x" * 99 + b"\n")
    writer.append(b"y\n")

    linked = {os.path.realpath(link) for link in Path("/proc/self/fd").iterdir()}

    assert linked.isdisjoint({str(path), f"{path}.1"})


def test_a_link_is_not_followed(path: Path) -> None:
    target = path.with_name("target")
    path.symlink_to(target)

    with pytest.raises(OSError) as refused:
        spool(path).append(b"1\n")

    assert refused.value.errno == errno.ELOOP
    assert not target.exists()


def test_a_pipe_under_the_name_blocks_nobody(path: Path) -> None:
    os.mkfifo(path)

    with pytest.raises(OSError, match="Not a regular file"):
        spool(path).append(b"1\n")


def test_the_mask_of_the_process_decides_who_may_read(path: Path) -> None:
    before = os.umask(0o027)
    try:
        spool(path).append(b"1\n")
    finally:
        os.umask(before)

    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_file_made_by_root_belongs_to_the_owner_of_its_directory() -> None:
    if os.geteuid():
        absent("root")
    with tempfile.TemporaryDirectory() as directory:
        os.chown(directory, 65534, 65533)
        path = Path(directory) / "application.log"

        spool(path).append(b"1\n")

        assert (path.stat().st_uid, path.stat().st_gid) == (65534, 65533)
