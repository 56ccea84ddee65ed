"""Records that wait on disk while the database can't store them: one file of lines for each process.

The directory and its files are for this user alone. Each line is signed, so that nobody else's lines become records.
A file whose process has died is unlocked; another process of the host stores what is in it.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import io
import json
import os
import stat
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from django_logtail.audit.records import Record
from django_logtail.signing import is_signed, signatures

#: Bytes that one process keeps on disk: some hundred thousand records.
MOST_DISK_BYTES: Final = 256 * 1024 * 1024
#: Bytes of one line: a record is far smaller, and a forged file must not fill the memory.
MOST_LINE_BYTES: Final = 256 * 1024
_ENDING: Final = ".audit"
_SALT: Final = "audit-waiting"
_MINE: Final = 0o700


class Unusable(OSError):
    """The directory, or a file in it, can't be trusted or used. The text says why."""


def encoded(record: Record) -> bytes:
    """The record as a line with its signature."""
    said = json.dumps(record).encode()
    return signatures(_SALT, said)[0].hex().encode() + b" " + said + b"\n"


def decoded(line: bytes) -> Record | None:
    """The record of a line; None for one that was cut off, or that this project didn't sign."""
    signature, _, said = line.rstrip(b"\n").partition(b" ")
    try:
        is_ours = line.endswith(b"\n") and is_signed(_SALT, [bytes.fromhex(signature.decode())], said)
        record = json.loads(said) if is_ours else None
    except ValueError:
        return None
    return record if isinstance(record, dict) else None


def creatable(directory: Path) -> None:
    """Raises `Unusable` if the directory is missing, and this process couldn't create it. Creates nothing."""
    above = next(one for one in (directory, *directory.parents) if one.exists())
    if above != directory and not os.access(above, os.W_OK | os.X_OK):
        raise Unusable(f"{str(directory)!r} is missing, and this process may not write to {str(above)!r}")


def usable(directory: Path) -> None:
    """Create the directory if it is missing. Raises `Unusable`, and what the system does."""
    directory.mkdir(mode=_MINE, parents=True, exist_ok=True)
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise Unusable(f"{str(directory)!r} is not a directory")
    if found.st_uid != os.geteuid():
        raise Unusable(f"{str(directory)!r} belongs to another user")
    if found.st_mode & 0o077:
        raise Unusable(f"{str(directory)!r} is not for this user alone; its mode must be 0700")
    if not os.access(directory, os.W_OK | os.X_OK):
        raise Unusable(f"this process may not write to {str(directory)!r}")


class OnDisk:
    """What one process keeps on disk, in order. Belongs to whoever holds the lock of `Waiting`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        #: Why nothing could be written last; "" if it could.
        self.trouble = ""
        self._file: io.FileIO | None = None
        self._path = Path()
        self._size = 0
        self._read_at = 0
        self._count = 0
        with contextlib.suppress(OSError):
            self._open()

    def __len__(self) -> int:
        return self._count

    def add(self, records: Sequence[Record]) -> bool:
        """All of them, or none: return False if there is no room or the disk fails."""
        if not records:
            return True
        lines = b"".join(map(encoded, records))
        try:
            file = self._open()
            if self._size + len(lines) > MOST_DISK_BYTES:
                raise OSError(errno.ENOSPC, "as many records wait on disk as may")
            self._write(file, lines)
        except OSError as error:
            self.trouble = error.strerror or str(error)
            return False
        self.trouble = ""
        self._size += len(lines)
        self._count += len(records)
        return True

    def _write(self, file: io.FileIO, lines: bytes) -> None:
        try:
            written = 0
            while written < len(lines):
                written += os.pwrite(file.fileno(), lines[written:], self._size + written)
            os.fdatasync(file.fileno())
        except OSError:
            with contextlib.suppress(OSError):
                file.truncate(self._size)  # not half of them
            raise

    def first(self, count: int) -> list[Record | None]:
        """The oldest of them; None for one that can no longer be read."""
        lines = [line for line, _ in zip(self._lines(), range(min(count, self._count)), strict=False)]
        found = [decoded(line) for line in lines]
        return found + [None] * (min(count, self._count) - len(found))

    def drop(self, count: int) -> None:
        """Forget the oldest."""
        for line, _ in zip(self._lines(), range(count), strict=False):
            self._read_at += len(line)
        self._count -= count
        if self._count == 0 and self._file is not None:
            with contextlib.suppress(OSError):
                self._file.truncate(0)
                self._size = self._read_at = 0

    def _lines(self) -> Iterator[bytes]:
        if self._file is None:
            return
        with os.fdopen(os.dup(self._file.fileno()), "rb") as reading:
            reading.seek(self._read_at)
            while line := reading.readline(MOST_LINE_BYTES):
                yield line

    def close(self) -> None:
        """Leave what waits to another process of this host."""
        if self._file is None:
            return
        if self._count == 0:
            self._path.unlink(missing_ok=True)
        self._file.close()
        self._file = None

    def _open(self) -> io.FileIO:
        """The file of this process, locked as long as it lives."""
        if self._file is not None:
            return self._file
        try:
            usable(self.directory)
            path = self.directory / f"{uuid.uuid4().hex}{_ENDING}"
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            file = io.FileIO(os.open(path, flags, 0o600), "r+")
            fcntl.flock(file, fcntl.LOCK_EX)
            if os.fstat(file.fileno()).st_nlink == 0:  # somebody tidied it away before it was locked
                file.close()
                raise Unusable("the file for waiting records was removed")
        except OSError as error:
            self.trouble = error.strerror or str(error)
            raise
        self._file, self._path = file, path
        self.trouble = ""
        return file


class Left:
    """A file that a process left behind, locked while it is read."""

    def __init__(self, path: Path, file: io.FileIO) -> None:
        self._path = path
        self._file = file

    def records(self) -> Iterator[Record | None]:
        """In order; None for a line that is none of ours, or was cut off."""
        with os.fdopen(os.dup(self._file.fileno()), "rb") as reading:
            reading.seek(0)
            while reading.tell() < MOST_DISK_BYTES and (line := reading.readline(MOST_LINE_BYTES)):
                yield decoded(line)

    def remove(self) -> None:
        """Everything in it is stored."""
        self._path.unlink(missing_ok=True)

    def close(self) -> None:
        self._file.close()


def left_behind(directory: Path) -> Iterator[Left]:
    """The files of processes of this user that have died. Close each; others are left alone."""
    try:
        usable(directory)
        paths = sorted(path for path in directory.iterdir() if path.suffix == _ENDING)
    except OSError:
        return
    for path in paths:
        if (file := _locked(path)) is not None:
            yield Left(path, file)


def _locked(path: Path) -> io.FileIO | None:
    """The file, unless its process lives, or it isn't a file that only this user could have written."""
    try:
        file = io.FileIO(os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "r+")
    except OSError:
        return None
    found = os.fstat(file.fileno())
    is_ours = stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid()
    if is_ours and not found.st_mode & 0o077 and found.st_nlink == 1:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            pass
        else:
            return file
    file.close()
    return None
