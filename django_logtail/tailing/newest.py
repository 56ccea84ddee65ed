"""Which file a log is now, if it follows the newest one that a pattern matches.

The newest is the one with the latest date in its name; by a shell pattern, the one written last, and of several the
last by name. An empty file is not the newest as long as another one has text: a program may create tomorrow's early.
Links and compressed files never are, nor another row's files.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from django_logtail.tailing.belonging import Belonging, Inode
from django_logtail.tailing.files.opening import Trouble, trouble_of
from django_logtail.tailing.files.system import System
from django_logtail.tailing.matching_names import MatchingNames
from django_logtail.tailing.siblings import MAX_ENTRIES

#: Seconds after which the directory is listed without a sign of change, and between two lists at least.
LIST_SECONDS: Final = 5.0
REST_SECONDS: Final = 0.1
#: Newer files that can't be followed yet, as they are empty, and are looked at each time; seconds for which that is
#: often.
MAX_WAITING: Final = 8
EAGER_SECONDS: Final = 5.0
#: Older files by date of which it is known where they ended.
MAX_NOTED: Final = 8
#: Files examined when a list is searched for the newest by date.
MAX_EXAMINED: Final = 1_000
#: The clock that stamps files advances in steps of this length.
COARSE_NS: Final = 50_000_000


@dataclass(frozen=True, slots=True)
class Match:
    """A file that may be the log now. `date`: of its name, empty for a shell pattern."""

    name: str
    stat: os.stat_result
    date: tuple[int, ...]

    @property
    def inode(self) -> Inode:
        return self.stat.st_dev, self.stat.st_ino


def matches(system: System, belonging: Belonging) -> Iterator[Match]:
    """The files that the pattern matches, newest first, also those of other rows. Raises `OSError` if the directory
    can't be listed.
    """
    names = belonging.names
    if not isinstance(names, MatchingNames):  # a row that was never validated
        return
    directory = str(belonging.path.parent)
    dated = [
        (date, name)
        for name in system.names_in(belonging.path.parent, MAX_ENTRIES)
        if (date := names.date(name)) is not None
    ]
    if names.is_dated:
        dated = sorted(dated, reverse=True)[:MAX_EXAMINED]
    found = (match for date, name in dated if (match := _match(system, directory, name, date)))
    yield from found if names.is_dated else sorted(found, key=_written, reverse=True)


def _written(match: Match) -> tuple[int, str]:
    return match.stat.st_mtime_ns, match.name


def _match(system: System, directory: str, name: str, date: tuple[int, ...]) -> Match | None:
    try:
        found = system.lstat(f"{directory}/{name}")
    except OSError:
        return None
    return Match(name, found, date) if stat.S_ISREG(found.st_mode) else None


def resolved(system: System, belonging: Belonging) -> Belonging:
    """The same log with the path of its newest file; unchanged if it has one name, or the pattern matches nothing."""
    if not belonging.matching or belonging.path.name != belonging.matching:
        return belonging
    first: Match | None = None
    real = _real(belonging)
    try:
        for match in matches(system, belonging):
            if (match.stat.st_size or first is None) and not _is_foreign(belonging, real, match):
                first = match
                if match.stat.st_size:
                    break
    except OSError:
        pass
    return replace(belonging, path=belonging.path.with_name(first.name)) if first is not None else belonging


def _real(belonging: Belonging) -> Path:
    return Path(os.path.realpath(belonging.path.parent))


def _is_foreign(belonging: Belonging, real: Path, match: Match) -> bool:
    return belonging.is_foreign_in(real, match.name, match.inode)


class Newest:
    """Looks which file the log is now, as long as it is followed. Never raises `OSError`.

    It moves on to a newer file, and not back to an older one because the newest was removed. An older file that is
    written again after that becomes the newest, from where it ended before; by a shell pattern, always.
    """

    def __init__(self, system: System, belonging: Belonging) -> None:
        #: When to look next, besides the regular looks; None: no need.
        self.due: float | None = None
        #: Why the directory can't be listed.
        self.trouble: Trouble | None = None
        self._system = system
        self._belonging = belonging
        self._directory = belonging.path.parent
        self._current: Match | None = None
        self._listed_at: float | None = None
        self._stamp: tuple[int, ...] = ()
        self._must_list_again = False
        #: Newer files without text, with size and time, and since when they wait.
        self._waiting: dict[str, tuple[tuple[int, int], float]] = {}
        #: By inode: its birth, and how much of the file came before.
        self._ends: dict[Inode, tuple[int, int]] = {}

    @property
    def path(self) -> Path | None:
        """The newest file's path when last listed; None: there was none yet."""
        return self._directory / self._current.name if self._current is not None else None

    def must_look(self, now: float) -> bool:
        """Whether to call `look`, which lists the directory. Costs a stat of it, and one of each file that waits."""
        if self._listed_at is None or now >= self._listed_at + LIST_SECONDS:
            return True
        has_changed = self._must_list_again or self._stamp_now() != self._stamp
        has_changed = has_changed or any(
            self._has_grown(name, was) for name, (was, _) in self._waiting.items()
        )
        if has_changed and now >= self._listed_at + REST_SECONDS:
            return True
        is_eager = any(now < since + EAGER_SECONDS for _, since in self._waiting.values())
        self.due = self._listed_at + REST_SECONDS if has_changed else now + REST_SECONDS if is_eager else None
        return False

    def look(self, now: float, held: Collection[Inode], last: Inode | None = None) -> None:
        """Look which file is the newest. `held`: those that are read to their ends anyway, of which `last` is the
        newest.
        """
        stamp = self._stamp_now()
        # A file may appear unnoticed in the moment of the list, because the directory's time advances in steps.
        self._must_list_again = stamp != self._stamp
        self._stamp, self._listed_at, self.trouble, self.due = stamp, now, None, None
        try:
            found = self._first(now) if self._current is None else self._next(now, held, last)
        except OSError as error:
            self.trouble = trouble_of(error, self._system, self._directory)
            return
        self._current = found or self._current
        self.due = now + REST_SECONDS if self._must_list_again or self._waiting else None

    def start_in(self, inode: Inode, birth: int, size: int) -> int:
        """Where to begin in a file that becomes the log: behind what came before, unless it was emptied since."""
        known, end = self._ends.get(inode, (0, 0))
        return end if known == birth and end <= size else 0

    def was_read(self, inode: Inode, birth: int, end: int) -> None:
        """An older file was read up to there, and is read no longer."""
        self._ends.pop(inode, None)
        self._ends[inode] = birth, end
        if self._current is not None and self._current.date and len(self._ends) > MAX_NOTED:
            del self._ends[next(iter(self._ends))]

    def _first(self, now: float) -> Match | None:
        """The newest file of all."""
        newer: list[Match] = []
        best, real = None, _real(self._belonging)
        for match in matches(self._system, self._belonging):
            if best is not None:
                if match.date and len(self._ends) == MAX_NOTED:
                    break
                self._note(match)
            elif not _is_foreign(self._belonging, real, match):
                if match.stat.st_size:
                    best = match
                else:
                    newer.append(match)
        if best is None and newer:
            best = newer.pop(0)
        self._wait_for(newer, now)
        return best

    def _note(self, match: Match) -> None:
        """All that this older file holds now came before."""
        with contextlib.suppress(OSError):
            birth = self._system.birth_of(self._directory / match.name)
            self._ends[match.inode] = birth, match.stat.st_size

    def _next(self, now: float, held: Collection[Inode], last: Inode | None) -> Match | None:
        """The file that is the log instead of the current one; None: none is."""
        assert self._current is not None
        is_gone = False
        try:
            found = self._system.lstat(self._directory / self._current.name)
            self._current = replace(self._current, stat=found)
        except FileNotFoundError:
            is_gone = True
        except OSError:
            pass
        waiting: list[Match] = []
        best, real, there = None, _real(self._belonging), set(held)
        for match in matches(self._system, self._belonging):
            there.add(match.inode)
            if match.date and (best is not None or (match.date <= self._current.date and not is_gone)):
                break
            if is_gone and match.inode == last:
                best = best or match  # it has another name, or the newer one went before it was opened
            if match.inode in held or match.name == self._current.name:
                continue
            is_newer = self._is_newer(match)
            if is_newer is False or _is_foreign(self._belonging, real, match):
                continue
            if is_newer is None:
                waiting.append(match)
            elif best is None:
                best = match
        if not self._current.date:
            self._ends = {inode: end for inode, end in self._ends.items() if inode in there}
        self._wait_for(waiting, now)
        return best

    def _is_newer(self, match: Match) -> bool | None:
        """Whether the log moves on to this file; None: it may as soon as it is written."""
        assert self._current is not None
        found, current = match.stat, self._current
        if match.date > current.date:
            return bool(found.st_size) or None
        known = self._ends.get(match.inode)
        if match.date and known is None:
            return False
        if known is not None and known[1] == found.st_size:
            return False
        birth = self._birth_of(match.name)
        if known is not None and known[0] == birth:
            return bool(match.date) or found.st_mtime_ns > current.stat.st_mtime_ns
        if match.date:
            return False
        # A new file counts even if the current one was written for the last time just now, but not a restored old one.
        is_later = birth > self._birth_of(current.name) and found.st_mtime_ns >= birth - COARSE_NS
        is_later = is_later or found.st_mtime_ns >= current.stat.st_mtime_ns
        return (bool(found.st_size) and is_later) or None

    def _wait_for(self, files: list[Match], now: float) -> None:
        self._waiting = {
            match.name: (
                (match.stat.st_size, match.stat.st_mtime_ns),
                self._waiting[match.name][1] if match.name in self._waiting else now,
            )
            for match in files[:MAX_WAITING]
        }

    def _has_grown(self, name: str, was: tuple[int, int]) -> bool:
        with contextlib.suppress(OSError):
            found = self._system.lstat(self._directory / name)
            return (found.st_size, found.st_mtime_ns) != was
        return False  # gone: the directory has changed

    def _birth_of(self, name: str) -> int:
        with contextlib.suppress(OSError):
            return self._system.birth_of(self._directory / name)
        return 0

    def _stamp_now(self) -> tuple[int, ...]:
        with contextlib.suppress(OSError):
            found = self._system.stat(self._directory)
            return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_ctime_ns
        return ()
