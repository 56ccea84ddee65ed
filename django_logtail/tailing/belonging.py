"""Decides which files belong to a log; nothing else does. Looks at names and inodes, and reads no contents.

A file is a generation of a log if it once had the log's name. This is certain for a file that was followed under the
name, whatever its name now. Any other file needs evidence: a name that rotation gives (`rotated_names`) *and* times or
contents that fit (`evidence`, `generation.proves`). It is never one that another row names, nor a generation of another
row.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import stat
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path

from django_logtail.tailing.files.looks import Looks, NoAnswer
from django_logtail.tailing.files.system import System
from django_logtail.tailing.matching_names import BadMatch, MatchingNames
from django_logtail.tailing.reasons import reason
from django_logtail.tailing.rotated_names import BadPattern, Names, Rotated

Inode = tuple[int, int]

#: Seconds for which the real paths and inodes of all rows are assumed unchanged: a thousand take some ms to look up.
LOOK_SECONDS = 5.0
#: Seconds that one directory has to respond: opening a log, or its rotation, waits for it.
ANSWER_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Row:
    """What the registry says about one log: enough to know its files. `key` tells rows apart; a lower one is older.

    `is_newest`: the last part of `path` is a pattern (`matching_names`), and the log follows the newest match.
    """

    key: int
    path: Path
    pattern: str = ""
    is_newest: bool = False


class Registered:
    """All rows that may have a file on this host, enabled or not: no other log may treat these as its own.

    It asks the file system for real paths and inodes, when needed and not each time, so call it in a thread. It waits
    briefly, once, for a directory that doesn't respond; until that does, what was known about its rows counts.
    """

    def __init__(self, rows: Iterable[Row] = (), *, system: System | None = None) -> None:
        self.rows: tuple[Row, ...] = ()
        self._system = system or System()
        self._looks = Looks(ANSWER_SECONDS)
        self._turn = threading.Lock()
        self._known: dict[Path, list[_Facts]] = {}
        self.update(rows)

    def update(self, rows: Iterable[Row]) -> None:
        """Replace the rows."""
        rows = tuple(rows)
        if rows == self.rows and rows:
            return
        with_path: dict[Path, set[int]] = {}
        for row in rows:
            with_path.setdefault(row.path, set()).add(row.key)
        self._alike = {row.key: with_path[row.path] for row in rows}
        self.rows, self._looked_at, self._seen = rows, float("-inf"), _Seen()

    def takes(self, mine: int, path: Path, inode: Inode) -> bool:
        """Whether the file belongs to a row other than `mine`: named by it, or a generation of it."""
        return self.takes_in(mine, _real(path.parent), path.name, inode)

    def takes_in(self, mine: int, directory: Path, name: str, inode: Inode) -> bool:
        """The same for a file in a directory whose path has no link: one lookup serves all of its files."""
        seen, path = self._look(), directory / name
        ours = self._with_its_path(mine)
        if any(row.key not in ours for row in seen.homes.get(path, ())):
            return True
        if any(key not in ours for key in seen.inodes.get(inode, ())):
            return True
        found = [
            (names.weight, row.key)
            for row, names in seen.by_directory.get(directory, ())
            if names.rotated(name) is not None
        ]
        longest = max((length for length, _ in found), default=0)
        return any(length == longest and key not in ours for length, key in found)

    def _with_its_path(self, mine: int) -> set[int]:
        """The row, and those with exactly its path: such a row is for another host, or its reader refuses it."""
        return self._alike.get(mine, {mine})

    def has_another_owner(self, mine: int, real: Path) -> bool:
        """Whether another row names this file more directly, with fewer links on the way; of two equals, the older
        does.

        `real` is the file's path without any link.
        """
        rows, ours = self._look().homes.get(real, ()), self._with_its_path(mine)
        owner = max(rows, key=lambda row: (_common_end(row.path, real), -row.key), default=None)
        return owner is not None and owner.key not in ours

    def _look(self) -> _Seen:
        """What is known about the rows' files. One thread looks; others use the previous result, if any."""
        if self._is_fresh():
            return self._seen
        is_first = self._looked_at == float("-inf")
        if not self._turn.acquire(blocking=is_first):
            return self._seen
        try:
            while not self._is_fresh():
                rows = self.rows
                seen = self._look_again(rows)
                if rows is self.rows:  # and unchanged in the meantime
                    self._seen, self._looked_at = seen, self._system.seconds()
            return self._seen
        finally:
            self._turn.release()

    def _is_fresh(self) -> bool:
        return self._system.seconds() - self._looked_at <= LOOK_SECONDS

    def _look_again(self, rows: Iterable[Row]) -> _Seen:
        by_directory: dict[Path, list[Row]] = {}
        for row in rows:
            by_directory.setdefault(row.path.parent, []).append(row)
        known, self._known = self._known, {}
        for directory, here in by_directory.items():
            written = [_as_written(row) for row in here]
            try:
                found = self._looks.take(directory / "any", partial(_facts, directory, written, self._system))
            except NoAnswer:
                before = {facts.row: facts for facts in known.get(directory, ())}
                found = [before.get(facts.row, facts) for facts in written]
            self._known[directory] = found
        return _seen(facts for each in self._known.values() for facts in each)


@dataclass(frozen=True, slots=True)
class _Facts:
    """One row's own path and the directory of its older files, with links resolved; its file's inode."""

    row: Row
    own: Path
    directory: Path
    inode: Inode | None = None
    #: What its path leads to, if it is a link.
    target: Path | None = None


def _common_end(path: Path, real: Path) -> int:
    """How many trailing parts two paths share: all of them if no link is on the way."""
    pairs = zip(reversed(path.parts), reversed(real.parts), strict=False)
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))


def _as_written(row: Row) -> _Facts:
    """What the row alone says: all that is known if its directory has never responded."""
    return _Facts(row, row.path, directory_of(row.path, names_of(row)))


def _facts(directory: Path, rows: Iterable[_Facts], system: System) -> list[_Facts]:
    """The facts for rows whose files are in one directory. `rows`: as written."""
    home, found = _real(directory), []
    for row, older in ((written.row, written.directory) for written in rows):
        older = home if older == directory else _real(older)
        inode = target = None
        with contextlib.suppress(OSError, ValueError):
            here = system.lstat(row.path)
            if stat.S_ISLNK(here.st_mode):
                here, target = system.stat(row.path), _real(row.path)
            inode = here.st_dev, here.st_ino
        found.append(_Facts(row, home / row.path.name, older, inode, target))
    return found


@dataclass(slots=True)
class _Seen:
    """Where the rows' files are: by their own paths, by inode, and the names that rotation may give there."""

    homes: dict[Path, list[Row]] = field(default_factory=dict)
    inodes: dict[Inode, set[int]] = field(default_factory=dict)
    by_directory: dict[Path, list[tuple[Row, Names | MatchingNames]]] = field(default_factory=dict)


def _seen(every: Iterable[_Facts]) -> _Seen:
    seen = _Seen()
    for facts in every:
        row = facts.row
        seen.homes.setdefault(facts.own, []).append(row)
        seen.by_directory.setdefault(facts.directory, []).append((row, names_of(row)))
        if facts.inode is not None:
            seen.inodes.setdefault(facts.inode, set()).add(row.key)
        if facts.target is not None:  # a link: what it leads to rotates under its own name
            target = facts.target
            seen.by_directory.setdefault(target.parent, []).append((row, _names(target.name, "")))
    return seen


@dataclass(frozen=True, slots=True)
class Belonging:
    """Which files one log may treat as its older files.

    `path`: the log's file now. `matching`: the pattern in whose names this is the newest (`newest.resolved`); then
    `path` ends in the pattern itself as long as it matches none. "" for a log with one name.
    """

    path: Path
    pattern: str = ""
    key: int = 0
    registered: Registered | None = None
    matching: str = ""

    @property
    def names(self) -> Names | MatchingNames:
        if self.matching:
            return _names(self.matching, "", is_newest=True)
        return _names(self.path.name, self.pattern)

    def is_foreign(self, path: Path, inode: Inode) -> bool:
        """Whether the file is another row's."""
        return self.registered is not None and self.registered.takes(self.key, path, inode)

    def is_foreign_in(self, directory: Path, name: str, inode: Inode) -> bool:
        """The same for a file in a directory whose path has no link."""
        return self.registered is not None and self.registered.takes_in(self.key, directory, name, inode)

    def refusal(self, where: Path | None, inode: Inode) -> str | None:
        """Why the file at the log's own path may not be read; None: it may. `where`: the open file's path.

        If the path is a link or a pattern, older files of another row count as that row's files too.
        """
        if where is None or self.registered is None:
            return None
        if not self.registered.has_another_owner(self.key, where):
            is_vague = bool(self.matching) or (where != self.path and self.path.is_symlink())
            if not (is_vague and self.is_foreign(where, inode)):
                return None
        return reason("belongs-to-another")

    def rotated(self, base: Path, name: str) -> Rotated | None:
        """What the name reveals, if rotation gives such a name to a file named `base`."""
        names = self.names if base.name == self.path.name else _names(base.name, "")
        return names.rotated(name)


def names_of(row: Row) -> Names | MatchingNames:
    """The row's rules; the usual ones if its pattern was never validated."""
    return _names(row.path.name, row.pattern, is_newest=row.is_newest)


@lru_cache(maxsize=4096)
def _names(name: str, pattern: str, *, is_newest: bool = False) -> Names | MatchingNames:
    if is_newest:
        with contextlib.suppress(BadMatch):
            return MatchingNames(name)
    try:
        return Names(name, pattern)
    except BadPattern:
        return Names(name)


def directory_of(path: Path, names: Names | MatchingNames) -> Path:
    """Where to look for a log's older files."""
    return path.parent / names.directory if names.directory else path.parent


def _real(path: Path) -> Path:
    try:
        return Path(os.path.realpath(path))
    except (OSError, ValueError):
        return path
