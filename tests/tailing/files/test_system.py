"""What the system says about files, and what is made of what it can't say."""

import errno
import os
import sys
from pathlib import Path

import pytest

from django_logtail.tailing.files import system
from django_logtail.tailing.files.system import System, close_quietly, is_remote


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "app.log"
    path.write_bytes(b"one\n")
    return path


@pytest.fixture
def opened(path):
    descriptor = os.open(path, os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


def test_a_file_was_born_when_its_path_and_its_descriptor_say(path, opened, tmp_path):
    born = System().birth(opened)
    link = tmp_path / "link"
    link.symlink_to(path)

    assert System().birth_of(path) == born
    if born:  # not every file system tells
        assert abs(born - path.stat().st_mtime_ns) < 3600 * 10**9
        assert System().birth_of(link) != born


def test_without_statx_a_birth_is_what_stat_says_of_it(path, opened, monkeypatch):
    class Status:
        st_birthtime = 1.5

    monkeypatch.setattr(system, "_STATX", None)
    unknown = System().birth(opened), System().birth_of(path)
    with monkeypatch.context() as patch:
        patch.setattr(system.os, "fstat", lambda descriptor: Status)
        patch.setattr(system.os, "lstat", lambda path: Status)
        known = System().birth(opened), System().birth_of(path)

    assert unknown == (0, 0) or sys.platform == "darwin"
    assert known == (1_500_000_000, 1_500_000_000)


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EINVAL, errno.EPERM])
def test_a_kernel_without_statx_knows_no_birth(path, opened, monkeypatch, number):
    def fail(*_):
        system.ctypes.set_errno(number)
        return -1

    monkeypatch.setattr(system, "_STATX", fail)

    assert (System().birth(opened), System().birth_of(path)) == (0, 0)


def test_a_file_system_that_keeps_no_birth_knows_none(path, monkeypatch):
    monkeypatch.setattr(system, "_STATX", lambda *_: 0)  # which leaves the mask empty

    assert System().birth_of(path) == 0


def test_the_birth_of_what_is_not_there_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        System().birth_of(tmp_path / "none")


@pytest.mark.parametrize(
    ("kind", "remote"),
    [
        *((kind, True) for kind in ("nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "ceph", "glusterfs")),
        *((kind, True) for kind in ("lustre", "virtiofs", "vboxsf", "drvfs", "afs")),
        *((kind, False) for kind in ("ext4", "xfs", "tmpfs", "overlay", "fuseblk", "btrfs", None, "")),
    ],
)
def test_file_systems_of_other_machines_are_remote(kind, remote):
    assert is_remote(kind) == remote


def test_the_file_system_is_that_of_the_device(path):
    assert System().file_system(Path("/proc").stat().st_dev) == "proc"
    assert System().file_system(os.makedev(4_000, 4_000)) is None


def test_a_name_follows_the_file_and_ends_with_it(path, opened):
    moved = path.with_name("app.log.1")
    before = System().name_of(opened)
    path.rename(moved)
    path.write_bytes(b"new\n")
    after = System().name_of(opened)
    moved.unlink()

    assert (before, after, System().name_of(opened)) == (path, moved, None)


def test_no_more_names_of_a_directory_are_read_than_asked_for(tmp_path):
    for number in range(5):
        (tmp_path / f"{number}").touch()

    assert [len(System().names_in(tmp_path, most)) for most in (0, 3, 5, 6)] == [0, 3, 5, 5]


@pytest.mark.parametrize(("number", "found"), [(errno.ENXIO, None), (errno.EINVAL, 7), (errno.EOPNOTSUPP, 7)])
def test_where_data_begins_is_where_asked_if_the_file_system_cannot_tell(opened, monkeypatch, number, found):
    def fail(*_):
        raise OSError(number, "no")

    monkeypatch.setattr(system.os, "lseek", fail)

    assert System().next_data(opened, 7) == found


def test_another_error_of_looking_for_data_is_one(opened, monkeypatch):
    def fail(*_):
        raise OSError(errno.EIO, "no")

    monkeypatch.setattr(system.os, "lseek", fail)

    with pytest.raises(OSError, match="no"):
        System().next_data(opened, 7)


def test_closing_quietly_closes_once_and_never_fails(path):
    descriptor = os.open(path, os.O_RDONLY)
    close_quietly(System(), descriptor)
    close_quietly(System(), descriptor)
    close_quietly(System(), None)

    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)
