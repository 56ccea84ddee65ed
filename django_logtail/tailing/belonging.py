"""Which files belong to a log: the one place that decides it. Knows names and inodes, and reads no contents.

A file is a generation of a log if it once had the log's name. That is known of a file that was followed under the
name, whatever it is called now. Of any other there has to be evidence: a name that rotation gives (`names`) *and*
times or contents that fit (`evidence`, `generation.proves`). And it never is one that another row names, or that is a
generation of another row.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from django_logtail.tailing.names import BadPattern, Names, Rotated
from django_logtail.tailing.system import System

Inode = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Row:
    """What the registry says of one log: enough to know its files. `key` tells rows apart; the lower is the older."""

    key: int
    path: Path
    pattern: str = ""


class Registered:
    """All rows that may have a file on this host, enabled or not: what no other log may take for its own.

    Asks the file system for real paths and inodes, once and only when it is needed: in a thread.
    """

    def __init__(self, rows: Iterable[Row], *, system: System | None = None) -> None:
        self.rows = tuple(rows)
        self._system = system or System()
        self._by_directory: dict[Path, list[tuple[Row, Names]]] | None = None
        self._homes: dict[Path, list[Row]] = {}
        self._inodes: dict[Inode, set[int]] = {}

    def takes(self, mine: int, path: Path, inode: Inode) -> bool:
        """Whether the file is one of another row than `mine`: named by it, or a generation of it."""
        self._look()
        path = _own_path(path)
        if any(row.key != mine for row in self._homes.get(path, ())):
            return True
        if any(key != mine for key in self._inodes.get(inode, ())):
            return True
        return self._is_generation_of_another(mine, path)

    def owner_of(self, mine: int, real: Path) -> bool:
        """Whether another row's own path, links on the way resolved, is this one; of two rows the older has it."""
        self._look()
        rows = self._homes.get(real, ())
        own = next((row for row in rows if row.key == mine), None)
        return any(row.key != mine and (own is None or row.key < mine) for row in rows)

    def _is_generation_of_another(self, mine: int, path: Path) -> bool:
        """Whether among the rows whose rotation gives such a name the one with the longest name is another's."""
        assert self._by_directory is not None
        found = [
            (len(names.name), row.key)
            for row, names in self._by_directory.get(path.parent, ())
            if names.rotated(path.name) is not None
        ]
        longest = max((length for length, _ in found), default=0)
        return any(length == longest and key != mine for length, key in found)

    def _look(self) -> None:
        if self._by_directory is not None:
            return
        by_directory: dict[Path, list[tuple[Row, Names]]] = defaultdict(list)
        for row in self.rows:
            own = _own_path(row.path)
            self._homes.setdefault(own, []).append(row)
            names = names_of(row)
            for directory in {_real(each) for each in directories_of(row.path, names)}:
                by_directory[directory].append((row, names))
            try:
                found = self._system.stat(row.path)
            except (OSError, ValueError):
                continue
            self._inodes.setdefault((found.st_dev, found.st_ino), set()).add(row.key)
            real = _real(row.path)
            if real != own:  # a link: what it leads to rotates under its own name
                by_directory[real.parent].append((row, Names(real.name)))
        self._by_directory = by_directory


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
        if where is None or self.registered is None or not self.registered.owner_of(self.key, where):
            return None
        return "the path leads to the file of another log, which has an entry of its own"

    def rotated(self, base: Path, name: str) -> Rotated | None:
        """What the name tells, if rotation gives it to a file that is called as `base` is."""
        names = self.names if base.name == self.path.name else Names(base.name)
        return names.rotated(name)


def names_of(row: Row) -> Names:
    """The row's rules; the usual ones for a pattern that nobody validated."""
    try:
        return Names(row.path.name, row.pattern)
    except BadPattern:
        return Names(row.path.name)


def directories_of(path: Path, names: Names) -> list[Path]:
    """Where the older files of a log are looked for."""
    return [path.parent / names.directory if names.directory else path.parent]


def _real(path: Path) -> Path:
    try:
        return Path(os.path.realpath(path))
    except (OSError, ValueError):
        return path


def _own_path(path: Path) -> Path:
    """The path with the links on the way resolved, but not one that the last part is."""
    return _real(path.parent) / path.name


Foreign = Callable[[Path, Inode], bool]
