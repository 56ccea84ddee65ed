"""How many of a thing one user has at a time, over all processes of this host that serve the project.

Each is a lock on one byte of a file (POSIX record locks): the system frees those of a process that dies, whatever it
dies of, so there is nothing to tidy up and no server to ask. Where the byte is follows from a keyed hash of user and
kind; the file has no content.
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

#: Slots that one user may have of one kind at most; a power of two, so that no two users' overlap in part.
MOST_SLOTS: Final = 16_384
#: Seconds between two looks at whether the file is still the one of that name, and marks that it is in use: whatever
#: tidies up directories of temporary files takes days.
LOOK_SECONDS: Final = 60.0


class Taken:
    """One slot, until it is freed."""

    def __init__(self, slots: Slots, place: int) -> None:
        self._slots = slots
        self._place: int | None = place

    def free(self) -> None:
        """Once is enough, and twice does no harm."""
        if self._place is not None:
            self._slots.free(self._place)
            self._place = None

    def __enter__(self) -> Taken:
        return self

    def __exit__(self, *error: object) -> None:
        self.free()


class Slots:
    """The slots of this host, seen from this process. Safe in threads; a forked child has none of its parent's.

    `folder` is the directory of the file, made for this user of the system and nobody else when it is not there; None:
    as the settings say.
    Without such a file each process counts for itself, and says so once.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        #: A process' second lock on a byte always succeeds, and its first close of any descriptor of the file frees
        #: all: so what is taken is known here, and there is one descriptor.
        self._mine: set[int] = set()
        self._descriptor: int | None = None
        self._name = ""
        self._pid = os.getpid()
        self._looked_at = float("-inf")
        self._has_warned = False

    def take(self, user: str, kind: str, most: int) -> Taken | None:
        """One of the `most` that this user may have of a kind; None when all are taken."""
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
        except OSError as error:  # a file system without locks, or no more of them
            self._warn(error)
        return True

    def _look(self) -> None:
        """Open the file, or another one when it is not the one of that name any more."""
        if self._pid != os.getpid():
            self._begin_anew()
        name, now = _file_name(), time.monotonic()
        if name == self._name and now - self._looked_at < LOOK_SECONDS:
            return
        if self._mine and self._name:
            # To close it would free what is taken. The next time that nothing is.
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
        """In a forked child, which has inherited the descriptor and none of the locks."""
        self._pid, self._mine, self._name = os.getpid(), set(), ""

    def _warn(self, error: OSError) -> None:
        if not self._has_warned:
            self._has_warned = True
            logger.warning("limits per user are counted in each process separately: %s", error)


def _place_of(user: str, kind: str) -> int:
    """Where the slots of this user and kind begin: no more than 62 bits, which every offset has."""
    said = f"{kind}\0{user}".encode()
    digest = hashlib.blake2b(said, key=keys_for("slots")[0], digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 2) // MOST_SLOTS * MOST_SLOTS


def _file_name() -> str:
    """One for each installation: what tells it apart are its key and where its users are.

    A copy with the same key, for trying things out, has another database; two releases of a deploy have the same.
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
    """A descriptor of the file, in a directory that is nobody else's. Raises `OSError`."""
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    directory = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        found = os.fstat(directory)
        if found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077:
            raise PermissionError(f"{folder} can be entered by others, or is another user's")
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        return os.open(name, flags, 0o600, dir_fd=directory)
    finally:
        os.close(directory)


slots = Slots()
