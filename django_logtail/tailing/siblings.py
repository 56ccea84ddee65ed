"""Finds the files next to a log that rotation has made of it, by names, times, and what other rows claim."""

from __future__ import annotations

import itertools
import os
import stat
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from django_logtail.tailing.archives import kind_of
from django_logtail.tailing.belonging import Belonging, Inode
from django_logtail.tailing.files.system import System
from django_logtail.tailing.rotated_names import Order, Rotated

#: Entries examined per directory, and seconds that one scan may take: a directory may hold millions, on a slow disk.
MAX_ENTRIES = 5_000
SCAN_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Sibling:
    """A regular file that rotation may have made of the log. `birth`: in ns; 0 if unknown."""

    path: Path
    stat: os.stat_result
    birth: int
    rotated: Rotated

    @property
    def name(self) -> str:
        return printable(self.path)

    @property
    def inode(self) -> Inode:
        return self.stat.st_dev, self.stat.st_ino

    @property
    def is_text(self) -> bool:
        """Whether it can be read directly."""
        return not self.rotated.compression

    @property
    def kind(self) -> str:
        """How it is compressed, as the protocol has it: "gz", "zst", "bz2", "xz" and others; "" if it isn't."""
        return kind_of(self.rotated.compression)

    @property
    def generation(self) -> Path:
        """Its path without the ending of a compressed file: the same before and after compression."""
        return self.path.with_name(self.path.name.removesuffix(self.rotated.compression))

    @property
    def since(self) -> int:
        """When writing of its text began, in ns, as far as known; a restored file keeps its old time."""
        return min(self.birth or self.stat.st_mtime_ns, self.stat.st_mtime_ns)

    @property
    def touched(self) -> int:
        """When something last happened to it, in ns: creation, a write, or a rename."""
        return max(self.birth, self.stat.st_mtime_ns, self.stat.st_ctime_ns)


def printable(path: Path) -> str:
    """The file's name for people: file names are bytes that may not be text."""
    return os.fsencode(path.name).decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Scan:
    """What one scan of the directories found, and whether it was complete."""

    found: list[Sibling]
    is_whole: bool = True


def siblings_of(system: System, belonging: Belonging, bases: Collection[Path]) -> Scan:
    """The files that rotation has made of the log, and of what its name led to (`bases`); unordered. Raises
    `OSError`.
    """
    found: dict[Inode, Sibling] = {}
    is_whole = True
    deadline = system.seconds() + SCAN_SECONDS
    for base in bases:
        directory = (
            base.parent / belonging.names.directory if base.name == belonging.path.name else base.parent
        )
        try:
            names = system.names_in(directory, MAX_ENTRIES)
        except OSError:
            if len(bases) == 1:
                raise
            continue
        is_whole = is_whole and len(names) < MAX_ENTRIES
        real = Path(os.path.realpath(directory))
        for name in names:
            rotated = belonging.rotated(base, name)
            sibling = rotated and _sibling(system, directory / name, rotated)
            if sibling and not belonging.is_foreign_in(real, name, sibling.inode):
                found.setdefault(sibling.inode, sibling)
            if rotated and system.seconds() > deadline:
                return Scan(list(found.values()), is_whole=False)
    return Scan(list(found.values()), is_whole)


def _sibling(system: System, path: Path, rotated: Rotated) -> Sibling | None:
    try:
        there = system.lstat(path)
        birth = system.birth_of(path)
    except OSError:
        return None
    return Sibling(path, there, birth, rotated) if stat.S_ISREG(there.st_mode) else None


class Rank:
    """Puts siblings in order, and learns in the process which way a log's numbers count."""

    def __init__(self) -> None:
        #: -1: the greatest number is the oldest, as with most; 1: the newest, as with log4j2 and logback; 0: no order.
        self.direction = -1

    def oldest_first(self, found: Collection[Sibling], older: Collection[Inode] = ()) -> list[Sibling]:
        """By name if all names share one order and the times don't contradict it; otherwise by time.

        A late write changes a file's time and not its name, and within a moment all times are the same. `older`: those
        known to have existed before the others.
        """
        orders = {sibling.rotated.order for sibling in found}
        if len(orders) != 1 or Order.NONE in orders:
            return sorted(
                found, key=lambda sibling: (sibling.since, sibling.stat.st_mtime_ns, sibling.path.name)
            )
        by_name = sorted(found, key=lambda sibling: (sibling.rotated.key, sibling.path.name))
        if orders == {Order.OWN_DATES}:
            return by_name
        direction = self._direction(by_name, older)
        if orders == {Order.NUMBERS}:
            self.direction = direction = self.direction if direction is None else direction
        elif direction is None:
            direction = 1
        if direction == 0 or (direction < 0 and orders == {Order.DATES}):
            return sorted(
                found, key=lambda sibling: (sibling.since, sibling.stat.st_mtime_ns, sibling.path.name)
            )
        return by_name[::direction]

    def by_time(self, found: Collection[Sibling]) -> list[Sibling]:
        """Oldest first, for when the names come from different moments."""
        sign = -1 if self.direction < 0 else 1

        def key(each: Sibling) -> tuple[int, int, int, str]:
            return each.since, each.stat.st_mtime_ns, sign * (each.rotated.number or 0), each.path.name

        return sorted(found, key=key)

    def _direction(self, by_name: list[Sibling], older: Collection[Inode]) -> int | None:
        """Which way the times go along the names; 0: equally in both directions; None: undecided."""
        votes = [_age(one, other, older) for one, other in itertools.pairwise(by_name)]
        up, down = votes.count(1), votes.count(-1)
        if not up and not down:
            return None
        return 1 if up > 2 * down else -1 if down > 2 * up else 0


def _age(one: Sibling, other: Sibling, older: Collection[Inode]) -> int:
    """1: `one` is surely the older; -1: the other; 0: the evidence conflicts."""
    begun = (one.since < other.since) - (one.since > other.since)
    written, other_written = one.stat.st_mtime_ns, other.stat.st_mtime_ns
    ended = (written < other_written) - (written > other_written)
    if begun == ended != 0:
        return begun
    if not all(each.is_text or each.inode in older for each in (one, other)):
        return 0  # compression re-creates an old file
    return (one.inode in older) - (other.inode in older)
