"""Every system call the followers make, behind one door, so that a test can make any of them fail.

Each method raises `OSError` and nothing else. What a platform lacks is reported as "not known" (None).
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import os
import signal
import struct
import sys
import time
from itertools import islice
from pathlib import Path
from typing import Any

#: Without these a FIFO would block the reader, a terminal would take it over, a child would inherit the descriptor.
READ_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
O_PATH: int | None = getattr(os, "O_PATH", None)
#: The macOS fcntl that returns a descriptor's path; Python names it only from 3.12 on.
F_GETPATH = 50
#: File systems that report no changes made by other machines (or none at all), and whose sizes may lag.
REMOTE = (
    "nfs",
    "cifs",
    "smb",
    "9p",
    "fuse.",
    "ceph",
    "glusterfs",
    "lustre",
    "virtiofs",
    "vboxsf",
    "drvfs",
    "afs",
)


#: How often to ask for a file's name while it changes.
MAX_RENAMES = 20

#: Linux's statx, which Python lacks: flags, the mask of the birth time, and where the kernel writes it.
AT_FDCWD, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH = -100, 0x100, 0x1000
STATX_BTIME = 0x800
STATX_BYTES, BTIME_AT = 256, 80


def _statx() -> Any:
    """The C library's function; None if it has none."""
    if sys.platform != "linux":
        return None
    try:
        function = ctypes.CDLL(None, use_errno=True).statx
    except (AttributeError, OSError):
        return None
    function.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_uint, ctypes.c_char_p]
    return function


_STATX = _statx()


class System:
    """The real system. Tests use subclasses that inject errors."""

    def stat(self, path: Path | str) -> os.stat_result:
        return os.stat(path)  # noqa: PTH116 - once a second for each log: a third of the time of Path.stat

    def lstat(self, path: Path | str) -> os.stat_result:
        return os.lstat(path)

    def fstat(self, descriptor: int) -> os.stat_result:
        return os.fstat(descriptor)

    def birth(self, descriptor: int) -> int:
        """When the open file was created, in ns by its file system's clock; 0: unknown."""
        if _STATX is None:
            return int(getattr(os.fstat(descriptor), "st_birthtime", 0) * 1_000_000_000)
        return _birth_of(descriptor, b"", AT_EMPTY_PATH)

    def birth_of(self, path: Path) -> int:
        """The same for a path that is not a link."""
        if _STATX is None:
            return int(getattr(os.lstat(path), "st_birthtime", 0) * 1_000_000_000)
        return _birth_of(AT_FDCWD, os.fsencode(path), AT_SYMLINK_NOFOLLOW)

    def pread(self, descriptor: int, size: int, offset: int) -> bytes:
        return os.pread(descriptor, size, offset)

    def open_path(self, path: Path) -> int:
        """A descriptor that names the file and touches nothing; on platforms without O_PATH, one opened for reading."""
        return os.open(path, O_PATH | os.O_CLOEXEC if O_PATH is not None else READ_FLAGS)

    def reopen(self, descriptor: int) -> int:
        """The same file as an `open_path` descriptor, open for reading."""
        if O_PATH is None:
            return os.dup(descriptor)
        return os.open(f"/proc/self/fd/{descriptor}", READ_FLAGS)

    def dup(self, descriptor: int) -> int:
        return os.dup(descriptor)

    def close(self, descriptor: int) -> None:
        os.close(descriptor)

    def name_of(self, descriptor: int) -> Path | None:
        """Where the open file is now; None if it has no name (any more), or the platform can't tell."""
        if sys.platform == "darwin":
            return Path(os.fsdecode(fcntl.fcntl(descriptor, F_GETPATH, bytes(1024)).rstrip(b"\0")))
        before = None
        for _ in range(MAX_RENAMES):  # it may be renamed between the two calls
            try:
                name = Path(os.readlink(f"/proc/self/fd/{descriptor}"))  # noqa: PTH115 - we need the text unchanged
            except FileNotFoundError:
                return None
            here = os.fstat(descriptor)
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                there = os.lstat(name)
                if (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino):
                    return name
            if name == before or not here.st_nlink:
                return None  # "/var/log/app.log (deleted)"
            before = name
        return None

    def names_in(self, directory: Path, most: int) -> list[str]:
        """Up to `most` entries of a directory."""
        with os.scandir(directory) as entries:
            return [entry.name for entry in islice(entries, most)]

    def next_data(self, descriptor: int, offset: int) -> int | None:
        """Where the next written bytes begin, from `offset` on; None: nowhere."""
        seek_data = getattr(os, "SEEK_DATA", None)
        if seek_data is None:
            return offset
        try:
            return os.lseek(descriptor, offset, seek_data)
        except OSError as error:
            if error.errno == errno.ENXIO:
                return None
            if error.errno in (errno.EINVAL, errno.EOPNOTSUPP):
                return offset
            raise

    def has_writer(self, descriptor: int) -> bool | None:
        """Whether any process has the file open for writing; None: we aren't allowed to know.

        The kernel grants a read lease only on a file that nobody can write to. If a writer opens it while we hold the
        lease, the kernel sends a signal: SIGURG, which is ignored, and not SIGIO, which kills.
        """
        if sys.platform != "linux":
            return None
        try:
            fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
            fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        except OSError as error:
            return True if error.errno == errno.EAGAIN else None
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        return False

    def file_system(self, device: int) -> str | None:
        """The type of the mounted file system with this device number, from /proc/self/mountinfo."""
        wanted = f"{os.major(device)}:{os.minor(device)}"
        try:
            with Path("/proc/self/mountinfo").open(encoding="utf-8", errors="replace") as mounts:
                for line in mounts:
                    fields = line.split()
                    if fields[2] == wanted:
                        return fields[fields.index("-") + 1]
        except FileNotFoundError:
            pass
        return None

    def seconds(self) -> float:
        """A monotonic clock, used only for giving up on what takes too long."""
        return time.monotonic()

    def wall_ns(self) -> int:
        """The clock that local file systems use for timestamps."""
        return time.time_ns()


def _birth_of(descriptor: int, path: bytes, flags: int) -> int:
    found = ctypes.create_string_buffer(STATX_BYTES)
    if _STATX(descriptor, path, flags, STATX_BTIME, found) != 0:
        number = ctypes.get_errno()
        if number in (errno.ENOSYS, errno.EINVAL, errno.EPERM):  # an old kernel, or a sandbox that forbids it
            return 0
        raise OSError(number, os.strerror(number))
    if not struct.unpack_from("I", found)[0] & STATX_BTIME:
        return 0
    seconds, nanoseconds = struct.unpack_from("qI", found, BTIME_AT)
    return int(seconds * 1_000_000_000 + nanoseconds)


def is_remote(file_system: str | None) -> bool:
    """Whether changes on it go unnoticed and sizes may lag behind."""
    return file_system is not None and file_system.startswith(REMOTE)


def close_quietly(system: System, descriptor: int | None) -> None:
    """Close, ignoring errors: a descriptor is gone whatever close() returns."""
    if descriptor is not None:
        with contextlib.suppress(OSError):
            system.close(descriptor)


def raise_descriptor_limit() -> int:
    """Let this process open as many files as it is allowed to; returns the new limit."""
    import resource  # not on every platform

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65_536 if hard == resource.RLIM_INFINITY else min(hard, 65_536)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            return wanted
    return soft
