"""Files beside a log that rotation has made of it. Knows names and times, not contents."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from django_logtail.tailing.system import System

#: Entries of a directory looked at, and seconds of work one scan may take: a directory may hold millions.
MAX_ENTRIES = 5_000
SCAN_SECONDS = 0.05

_COMPRESSED = (".gz", ".bz2", ".xz", ".zst", ".lz4", ".Z", ".zip", ".7z", ".br", ".tmp", ".swp")
_MARK = re.compile(r"[.\-_]?(?:\d[\d.\-_T:]*|old|bak|prev|previous|backup|save|last)|~", re.ASCII)
_NUMBER = re.compile(r"[.\-_](\d{1,4})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Sibling:
    """A regular file whose name begins as the log's does."""

    path: Path
    stat: os.stat_result
    is_rotation: bool
    number: int | None

    @property
    def name(self) -> str:
        return printable(self.path)

    @property
    def inode(self) -> tuple[int, int]:
        return self.stat.st_dev, self.stat.st_ino


def printable(path: Path) -> str:
    """The file's name for people: file names are bytes, and need not be text."""
    return os.fsencode(path.name).decode("utf-8", "replace")


def siblings_of(system: System, path: Path) -> list[Sibling]:
    """The log's siblings, oldest first; without the log itself. Raises `OSError`."""
    stem, extension = os.path.splitext(path.name)  # noqa: PTH122 - ".log" has no extension, as with Path
    deadline = system.busy_seconds() + SCAN_SECONDS
    found = []
    for name in system.names_in(path.parent, MAX_ENTRIES):
        if not name.startswith(stem) or name == path.name or name.endswith(_COMPRESSED):
            continue
        if name.startswith(path.name):
            mark = name[len(path.name) :]
        elif extension and name.endswith(extension):
            mark = name[len(stem) : -len(extension)]
        else:
            continue
        try:
            there = system.lstat(path.parent / name)
        except OSError:
            continue
        if stat.S_ISREG(there.st_mode):
            number = _NUMBER.fullmatch(mark)
            found.append(
                Sibling(
                    path.parent / name,
                    there,
                    _MARK.fullmatch(mark) is not None,
                    int(number.group(1)) if number else None,
                )
            )
        if system.busy_seconds() > deadline:
            break
    return oldest_first(found)


def oldest_first(found: list[Sibling]) -> list[Sibling]:
    """By rotation number when all have one (a late write changes a file's time, not its number), else by time."""
    if all(sibling.number is not None for sibling in found):
        return sorted(found, key=lambda sibling: -(sibling.number or 0))
    return sorted(found, key=lambda sibling: (sibling.stat.st_mtime_ns, sibling.path.name))


def made_between(found: list[Sibling], old: os.stat_result, old_written_ns: int) -> list[Sibling]:
    """Which of `found` may have been the log after the file `old`, last written when last seen at `old_written_ns`.

    A lower number than the old file's own is newer, whatever the clock said. Without numbers the time decides: a file
    brought back from an archive keeps its old one.
    """
    mine = next((sibling for sibling in found if sibling.inode == (old.st_dev, old.st_ino)), None)

    def is_newer(sibling: Sibling) -> bool:
        if mine is not None and mine.number is not None and sibling.number is not None:
            return sibling.number < mine.number
        return sibling.stat.st_mtime_ns >= old_written_ns

    return [sibling for sibling in found if sibling.is_rotation and sibling is not mine and is_newer(sibling)]
