"""How many of a thing one user has at a time, across all processes of the project on this host.

Each is a lock on one byte of a file (POSIX record locks): when a process dies for any reason, the system frees its
locks, so nothing needs to be cleaned up and no server asked. The byte's offset is a keyed hash of user and kind; the
file is empty.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import logging
import os
import stat
import tempfile
import threading
import time
from pathlib import Path
from typing import Final

from django.db import DEFAULT_DB_ALIAS, connections, router

from django_logtail.conf import conf
from django_logtail.models import Log
from django_logtail.signing import keys_for

logger = logging.getLogger(__name__)

#: The most slots one user may have of one kind; a power of two, so that two users' slots never overlap in part.
MOST_SLOTS: Final = 16_384
#: Seconds between checks that the file still has its name, and between updates of its time: programs that clean up
#: temporary directories wait for days.
LOOK_SECONDS: Final = 60.0


class Taken:
    """One slot, until it is freed."""

    def __init__(self, slots: Slots, place: int) -> None:
        self._slots = slots
        self._place: int | None = place

    def free(self) -> None:
        """Free it. Calling it again does no harm."""
        if self._place is not None:
            self._slots.free(self._place)
            self._place = None

    def __enter__(self) -> Taken:
        return self

    def __exit__(self, *error: object) -> None:
        self.free()


class Slots:
    """The slots of this host, as seen from this process. Thread-safe; a forked child has none of its parent's.

    `folder` is the directory of the file; it is created for this system user alone if missing. None: from the settings.
    Without such a file each process counts for itself, and logs that once.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        #: A process's second lock on a byte always succeeds, and closing any descriptor of the file frees all its
        #: locks: so taken slots are tracked here, and there is only one descriptor.
        self._mine: set[int] = set()
        self._descriptor: int | None = None
        self._name = ""
        self._pid = os.getpid()
        self._looked_at = float("-inf")
        self._has_warned = False

    def take(self, user: str, kind: str, most: int) -> Taken | None:
        """Take one of the `most` slots that this user may have of a kind; None if all are taken."""
        with self._lock:
            self._look()
            first = _place_of(user, kind)
            for place in range(first, first + min(most, MOST_SLOTS)):
                if place not in self._mine and self._is_locked(place):
                    self._mine.add(place)
                    return Taken(self, place)
        return None

    def free(self, place: int) -> None:
        """Give back what `take` gave."""
        with self._lock:
            if self._pid != os.getpid() or place not in self._mine:
                return
            self._mine.discard(place)
            if self._descriptor is not None:
                fcntl.lockf(self._descriptor, fcntl.LOCK_UN, 1, place)

    def _is_locked(self, place: int) -> bool:
        if self._descriptor is None:
            return True
        try:
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
        except (BlockingIOError, PermissionError):
            return False
        except OSError as error:  # a file system without locks, or out of locks
            self._warn(error)
        return True

    def _look(self) -> None:
        """Open the file, again if another one has its name now."""
        if self._pid != os.getpid():
            self._begin_anew()
        name, now = _file_name(), time.monotonic()
        if name == self._name and now - self._looked_at < LOOK_SECONDS:
            return
        if self._mine and self._name:
            # Closing it would free the taken slots; that waits until there are none.
            self._mark()
            return
        self._looked_at = now
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
        try:
            self._descriptor = _opened(self._folder or _folder(), name)
        except OSError as error:
            self._warn(error)
        self._name = name
        self._mark()

    def _mark(self) -> None:
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                os.utime(self._descriptor)

    def _begin_anew(self) -> None:
        """Start over in a forked child, which inherits the descriptor but no locks."""
        self._pid, self._mine, self._name = os.getpid(), set(), ""

    def _warn(self, error: OSError) -> None:
        if not self._has_warned:
            self._has_warned = True
            logger.warning("limits per user are counted in each process separately: %s", error)


def _place_of(user: str, kind: str) -> int:
    """Where the slots of this user and kind begin: at most 62 bits, which fit every file offset."""
    said = f"{kind}\0{user}".encode()
    digest = hashlib.blake2b(said, key=keys_for("slots")[0], digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 2) // MOST_SLOTS * MOST_SLOTS


def _file_name() -> str:
    """One for each installation, told apart by its key and its database of users.

    A test copy with the same key has another database; two releases of one deployment share theirs.
    """
    database = connections.settings[router.db_for_read(Log) or DEFAULT_DB_ALIAS]
    where = "\0".join(str(database.get(name, "")) for name in ("NAME", "HOST", "PORT"))
    return (
        hashlib.blake2b(
            b"file\0" + where.encode(errors="replace"), key=keys_for("slots")[0], digest_size=12
        ).hexdigest()
        + ".slots"
    )


def _folder() -> Path:
    return (conf.RUNTIME_DIR or Path(tempfile.gettempdir())) / f"logtail-{os.getuid()}"


def _opened(folder: Path, name: str) -> int:
    """A descriptor of the file, in a directory that no one else can use. Raises `OSError`."""
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    directory = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        found = os.fstat(directory)
        if found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077:
            raise PermissionError(f"{folder} is open to other users, or belongs to one")
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        return os.open(name, flags, 0o600, dir_fd=directory)
    finally:
        os.close(directory)


slots = Slots()
