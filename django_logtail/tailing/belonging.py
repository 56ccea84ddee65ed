"""Which files belong to a log: the one place that decides it. Knows names and inodes, and reads no contents.

A file is a generation of a log if it once had the log's name. That is known of a file that was followed under the
name, whatever it is called now. Of any other there has to be evidence: a name that rotation gives (`names`) *and*
times or contents that fit (`evidence`, `generation.proves`). And it never is one that another row names, or that is a
generation of another row.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from django_logtail.tailing.files.system import System
from django_logtail.tailing.names import BadPattern, Names, Rotated

Inode = tuple[int, int]

#: Seconds for which the real paths and inodes of all rows are taken to be as they were: a thousand cost some ms.
LOOK_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Row:
    """What the registry says of one log: enough to know its files. `key` tells rows apart; the lower is the older."""

    key: int
    path: Path
    pattern: str = ""


class Registered:
    """All rows that may have a file on this host, enabled or not: what no other log may take for its own.

    Asks the file system for real paths and inodes, only when it is needed and not each time: call it in a thread.
    """

    def __init__(self, rows: Iterable[Row] = (), *, system: System | None = None) -> None:
        self.rows = tuple(rows)
        self._system = system or System()
        self._looked_at = float("-inf")
        self._seen = _Seen()

    def update(self, rows: Iterable[Row]) -> None:
        """These are the rows now."""
        rows = tuple(rows)
        if rows != self.rows:
            self.rows, self._looked_at = rows, float("-inf")

    def takes(self, mine: int, path: Path, inode: Inode) -> bool:
        """Whether the file is one of another row than `mine`: named by it, or a generation of it."""
        seen, path = self._look(), _own_path(path)
        ours = self._with_its_path(mine)
        if any(row.key not in ours for row in seen.homes.get(path, ())):
            return True
        if any(key not in ours for key in seen.inodes.get(inode, ())):
            return True
        found = [
            (len(names.name), row.key)
            for row, names in seen.by_directory.get(path.parent, ())
            if names.rotated(path.name) is not None
        ]
        longest = max((length for length, _ in found), default=0)
        return any(length == longest and key not in ours for length, key in found)

    def _with_its_path(self, mine: int) -> set[int]:
        """The row, and those with the very same path: such a one is of another host, or its reader refuses it."""
        path = next((row.path for row in self.rows if row.key == mine), None)
        return {mine, *(row.key for row in self.rows if row.path == path)}

    def has_another_owner(self, mine: int, real: Path) -> bool:
        """Whether another row's own path, links on the way resolved, is this one; of two rows the older has it."""
        rows, ours = self._look().homes.get(real, ()), self._with_its_path(mine)
        own = next((row for row in rows if row.key == mine), None)
        return any(row.key not in ours and (own is None or row.key < mine) for row in rows)

    def _look(self) -> _Seen:
        now = self._system.seconds()
        if now - self._looked_at > LOOK_SECONDS:
            self._seen = _seen(self.rows, self._system)
            self._looked_at = now
        return self._seen


@dataclass(slots=True)
class _Seen:
    """Where the rows' files are: by the paths of their own, by inode, and the names that rotation may give there."""

    homes: dict[Path, list[Row]] = field(default_factory=dict)
    inodes: dict[Inode, set[int]] = field(default_factory=dict)
    by_directory: dict[Path, list[tuple[Row, Names]]] = field(default_factory=dict)


def _seen(rows: Iterable[Row], system: System) -> _Seen:
    seen = _Seen()
    for row in rows:
        own, names = _own_path(row.path), names_of(row)
        seen.homes.setdefault(own, []).append(row)
        seen.by_directory.setdefault(_real(directory_of(row.path, names)), []).append((row, names))
        try:
            found = system.stat(row.path)
        except (OSError, ValueError):
            continue
        seen.inodes.setdefault((found.st_dev, found.st_ino), set()).add(row.key)
        real = _real(row.path)
        if real != own:  # a link: what it leads to rotates under its own name
            seen.by_directory.setdefault(real.parent, []).append((row, _names(real.name, "")))
    return seen


@dataclass(frozen=True, slots=True)
class Belonging:
    """What one log may take for its older files."""

    path: Path
    pattern: str = ""
    key: int = 0
    registered: Registered | None = None

    @property
    def names(self) -> Names:
        return names_of(Row(self.key, self.path, self.pattern))

    def is_foreign(self, path: Path, inode: Inode) -> bool:
        """Whether the file is another row's."""
        return self.registered is not None and self.registered.takes(self.key, path, inode)

    def refusal(self, where: Path | None) -> str | None:
        """Why what the log's own path leads to may not be read; None: it may. `where` the open file is."""
        if where is None or self.registered is None or not self.registered.has_another_owner(self.key, where):
            return None
        return "the path leads to the file of another log, which has an entry of its own"

    def rotated(self, base: Path, name: str) -> Rotated | None:
        """What the name tells, if rotation gives it to a file that is called as `base` is."""
        names = self.names if base.name == self.path.name else _names(base.name, "")
        return names.rotated(name)


def names_of(row: Row) -> Names:
    """The row's rules; the usual ones for a pattern that nobody validated."""
    return _names(row.path.name, row.pattern)


@lru_cache(maxsize=4096)
def _names(name: str, pattern: str) -> Names:
    try:
        return Names(name, pattern)
    except BadPattern:
        return Names(name)


def directory_of(path: Path, names: Names) -> Path:
    """Where the older files of a log are looked for."""
    return path.parent / names.directory if names.directory else path.parent


def _real(path: Path) -> Path:
    try:
        return Path(os.path.realpath(path))
    except (OSError, ValueError):
        return path


def _own_path(path: Path) -> Path:
    """The path with the links on the way resolved, but not one that the last part is."""
    return _real(path.parent) / path.name
