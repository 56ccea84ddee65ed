"""The file that all processes of a host append to: whole entries under a lock, rotated by rename. Imports no framework.

The lock is on the file itself, and whoever gets it checks that the file still has its name. So there is no second file
that could be removed, a killed process leaves no lock behind, and no process keeps a rotated file open.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

#: The file's name in its directory.
NAME = "application.log"
#: Ends a line that a process could not finish, so that the next entry starts a line of its own.
TORN = " … [the process was killed while it wrote this line]\n".encode()
#: The longest wait for the lock, which others hold for less than a millisecond unless they are stopped.
LOCK_SECONDS = 1.0

_PAUSE_SECONDS = 0.002
_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class Spool:
    """The file `path` and the older ones, `path.1` and so on: `files` in all, each of `max_bytes` at most."""

    def __init__(self, path: Path, *, max_bytes: int, files: int) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._names = [path, *(path.with_name(f"{path.name}.{number}") for number in range(1, files))]
        self._descriptor: int | None = None

    def append(self, data: bytes) -> None:
        """Append whole entries. Raises `OSError`, and then no part of them is in the file."""
        while True:
            with self._locked() as descriptor:
                size = os.fstat(descriptor).st_size
                if not size or size + len(data) <= self._max_bytes:
                    _append_whole(descriptor, size, data)
                    return
                self._rotate()

    def abandon(self) -> None:
        """In a forked child: close the parent's open file, which would keep its lock if the parent is killed."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    @contextlib.contextmanager
    def _locked(self) -> Iterator[int]:
        """The descriptor of the file that has the name, locked."""
        deadline = time.monotonic() + LOCK_SECONDS
        while True:
            self._descriptor = descriptor = self._open()
            try:
                if _is_locked(descriptor) and self._is_named(descriptor):
                    yield descriptor
                    return
            finally:
                # Closing is not enough: a child that is being forked may have it too.
                fcntl.flock(descriptor, fcntl.LOCK_UN)
                self._descriptor = None
                os.close(descriptor)
            if time.monotonic() > deadline:
                raise BlockingIOError(errno.EAGAIN, "Another process holds its lock", str(self._path))
            time.sleep(_PAUSE_SECONDS)

    def _open(self) -> int:
        descriptor = os.open(self._path, _FLAGS, 0o660)
        there = os.fstat(descriptor)
        if not stat.S_ISREG(there.st_mode):
            os.close(descriptor)
            raise OSError(errno.EINVAL, "Not a regular file", str(self._path))
        if there.st_size == there.st_uid == os.geteuid() == 0:
            # A command run by root must not keep the file from those that the directory belongs to.
            directory = self._path.parent.stat()
            os.fchown(descriptor, directory.st_uid, directory.st_gid)
        return descriptor

    def _is_named(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(self._path.lstat(), os.fstat(descriptor))
        except FileNotFoundError:
            return False

    def _rotate(self) -> None:
        # Only up to the first free name: a process that was killed while rotating may have left one.
        free = (at for at, name in enumerate(self._names) if not os.path.lexists(name))
        for at in range(next(free, len(self._names) - 1), 0, -1):
            self._names[at - 1].replace(self._names[at])


def _is_locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _append_whole(descriptor: int, size: int, data: bytes) -> None:
    if size and os.pread(descriptor, 1, size - 1) != b"\n":
        data = TORN + data
    left = memoryview(data)
    try:
        while left:
            left = left[os.write(descriptor, left) :]
    except OSError:
        with contextlib.suppress(OSError):
            os.ftruncate(descriptor, size)
        raise
