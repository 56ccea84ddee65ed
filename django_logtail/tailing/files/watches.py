"""Hints from the kernel that something changed. They are only hints: the follower looks for itself anyway.

Watches belong to a key (the caller's name for a follower). A file is watched by its open descriptor, so that the watch
is on the inode being read; a name is watched by the directories that lead to it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import stat
import sys
from collections.abc import Callable, Hashable, Iterator
from pathlib import Path
from typing import Any, Protocol

from django_logtail.tailing.reasons import reason, reason_of_errno

#: Symbolic links followed on the way to a file, as the kernel does.
MAX_LINKS = 40

#: As the last part of a path, stands for every name in the directory. A file with this name only gets more hints.
ANY_NAME = "*"

CODES = {
    errno.ENOSPC: "no-watches",
    errno.EMFILE: "no-instances",
    errno.ENFILE: "system-files",
    errno.ENOMEM: "kernel-memory",
    errno.EACCES: "unwatchable",
}
ABSENT = (errno.ENOENT, errno.ENOTDIR, errno.EBADF)


class Source(Protocol):
    """A kernel's change notification. All methods but `read` are for the follower set."""

    def fileno(self) -> int | None:
        """Becomes readable when `read` has something."""

    def watch(self, key: Hashable, path: Path, descriptors: list[int]) -> str | None:
        """Watch this for `key` from now on, and nothing else. Returns why that is impossible, or None."""

    def forget(self, key: Hashable) -> None:
        """Stop watching for `key`."""

    def read(self) -> tuple[set[Hashable] | None, set[Hashable]]:
        """Keys with a hint (None: possibly any, notifications were lost), and keys to be watched again."""

    def close(self) -> None:
        """Release everything."""


def names_on_the_way(path: Path) -> Iterator[tuple[Path, str]]:
    """(directory, name) of each symbolic link on the way to `path`, and of the last name or the first missing one."""
    left = list(path.parts[1:])[::-1]
    here, links = Path("/"), 0
    while left:
        name = left.pop()
        if name == "..":
            here = here.parent
            continue
        try:
            mode = os.lstat(here / name).st_mode
        except OSError:
            yield here, name
            return
        if stat.S_ISLNK(mode) and links < MAX_LINKS:
            yield here, name
            links += 1
            try:
                target = Path(os.readlink(here / name))  # noqa: PTH115 - relative to here, not to the process
            except OSError:
                return
            if target.is_absolute():
                here = Path("/")
            left.extend([part for part in target.parts if part != "/"][::-1])
            continue
        if not left:
            yield here, name
            return
        here = here / name


class Inotify:
    """Linux. One instance for all keys; one watch per inode, however many keys want it."""

    def __init__(self) -> None:
        """Raises `OSError` if the kernel refuses an instance."""
        from inotify_simple import INotify, flags

        self._flags = flags
        self._inotify: Any = INotify(nonblocking=True)
        self._file_mask = (
            flags.MODIFY | flags.ATTRIB | flags.CLOSE_WRITE | flags.MOVE_SELF | flags.DELETE_SELF
        )
        self._directory_mask = (
            flags.CREATE
            | flags.DELETE
            | flags.MOVED_FROM
            | flags.MOVED_TO
            | flags.DELETE_SELF
            | flags.MOVE_SELF
            | flags.ATTRIB
            | flags.ONLYDIR
        )
        self._watched: dict[
            int, dict[str, set[Hashable]]
        ] = {}  # watch -> name, or "" for the inode itself -> keys
        self._wanted: dict[Hashable, set[tuple[int, str]]] = {}

    def fileno(self) -> int | None:
        return int(self._inotify.fileno())

    def watch(self, key: Hashable, path: Path, descriptors: list[int]) -> str | None:
        wanted: set[tuple[int, str]] = set()
        trouble = None
        targets = [(f"/proc/self/fd/{descriptor}", "", self._file_mask) for descriptor in descriptors]
        targets += [(str(place), name, self._directory_mask) for place, name in names_on_the_way(path)]
        for target, name, mask in targets:
            try:
                wanted.add((self._inotify.add_watch(target, mask), name))
            except OSError as error:
                if error.errno not in ABSENT:
                    trouble = _reason_of(error)
        for watch, name in wanted:
            self._watched.setdefault(watch, {}).setdefault(name, set()).add(key)
        self._drop(key, self._wanted.get(key, set()) - wanted)
        self._wanted[key] = wanted
        return trouble

    def forget(self, key: Hashable) -> None:
        self._drop(key, self._wanted.pop(key, set()))

    def _drop(self, key: Hashable, unwanted: set[tuple[int, str]]) -> None:
        for watch, name in unwanted:
            names = self._watched.get(watch)
            if names is None:
                continue
            names.get(name, set()).discard(key)
            if not names.get(name):
                names.pop(name, None)
            if not names:
                del self._watched[watch]
                with contextlib.suppress(OSError):  # the kernel may already have dropped it
                    self._inotify.rm_watch(watch)

    def read(self) -> tuple[set[Hashable] | None, set[Hashable]]:
        hinted: set[Hashable] = set()
        stale: set[Hashable] = set()
        try:
            events = self._inotify.read(timeout=0)
        except OSError:
            return None, stale
        overflowed = False
        for event in events:
            if event.mask & self._flags.Q_OVERFLOW:
                overflowed = True
                continue
            names = self._watched.get(event.wd)
            if names is None:
                continue  # from a watch released in the meantime
            if event.mask & self._flags.IGNORED:
                del self._watched[event.wd]
                keys = set().union(*names.values())
                stale |= keys
                hinted |= keys
            elif event.name:
                for name in (event.name, ANY_NAME):
                    hinted |= names.get(name, set())
                    stale |= names.get(name, set())
            else:
                for name, keys in names.items():
                    hinted |= keys
                    if name:
                        stale |= keys
        return (None if overflowed else hinted), stale

    def close(self) -> None:
        self._inotify.close()


class Kqueue:
    """macOS and the BSDs. Watches have descriptors of their own."""

    def __init__(self) -> None:
        kqueue: Callable[[], Any] = select.kqueue  # type: ignore[attr-defined,unused-ignore]
        self._queue = kqueue()
        self._keys: dict[int, Hashable] = {}
        self._wanted: dict[Hashable, list[int]] = {}

    def fileno(self) -> int | None:
        return int(self._queue.fileno())

    def watch(self, key: Hashable, path: Path, descriptors: list[int]) -> str | None:
        self.forget(key)
        held = self._wanted[key] = []
        try:
            held.extend(os.dup(descriptor) for descriptor in descriptors)
            for directory, _ in names_on_the_way(path):
                with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                    held.append(os.open(directory, getattr(os, "O_EVTONLY", os.O_RDONLY) | os.O_CLOEXEC))
            self._queue.control([self._change(descriptor) for descriptor in held], 0)
        except OSError as error:
            self.forget(key)
            return _reason_of(error)
        self._keys.update(dict.fromkeys(held, key))
        return None

    def _change(self, descriptor: int) -> Any:
        names: Any = select
        notes = ("WRITE", "EXTEND", "ATTRIB", "DELETE", "RENAME", "REVOKE")
        return names.kevent(
            descriptor,
            filter=names.KQ_FILTER_VNODE,
            flags=names.KQ_EV_ADD | names.KQ_EV_CLEAR,
            fflags=sum(getattr(names, f"KQ_NOTE_{note}") for note in notes),
        )

    def forget(self, key: Hashable) -> None:
        for descriptor in self._wanted.pop(key, []):
            self._keys.pop(descriptor, None)
            os.close(descriptor)  # drops its events too

    def read(self) -> tuple[set[Hashable] | None, set[Hashable]]:
        try:
            events = self._queue.control(None, 1024, 0)
        except OSError:
            return None, set()
        return {self._keys[event.ident] for event in events if event.ident in self._keys}, set()

    def close(self) -> None:
        for key in list(self._wanted):
            self.forget(key)
        self._queue.close()


def _reason_of(error: OSError) -> str:
    code = CODES.get(error.errno or 0)
    return reason(code) if code else reason_of_errno(error.errno)


def open_source() -> Source | str:
    """This platform's source, or why it has none."""
    try:
        if sys.platform == "linux":
            return Inotify()
        if hasattr(select, "kqueue"):
            return Kqueue()
    except OSError as error:
        return _reason_of(error)
    except ImportError:
        return reason("no-inotify")
    return reason("no-notification")
