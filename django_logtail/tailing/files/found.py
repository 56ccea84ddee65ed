"""Files that a person may have meant, found in directories. Bounded, and only for advice: it opens no file."""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

#: Entries looked at, and how many directories deep.
MOST_ENTRIES: Final = 500
MOST_DEPTH: Final = 3
#: Endings of text files that are no logs; some contain secrets, which a last line must not show.
NOT_LOGS: Final = (
    *(".py", ".pyc", ".js", ".css", ".html", ".htm", ".svg", ".md", ".rst", ".sh", ".sql", ".po", ".xml"),
    *(".cfg", ".conf", ".env", ".ini", ".toml", ".yaml", ".yml", ".cnf", ".rules", ".service"),
    *(".pem", ".key", ".crt", ".csr", ".pub", ".pgp", ".asc", ".gpg", ".pid", ".lock", ".sock", ".csv"),
    *(".bak", ".old", ".orig", ".swp", ".tmp", ".db", ".sqlite", ".sqlite3", ".dump", ".tar", ".state"),
)
_SIGNS: Final = re.compile(r"[*?]|\[.+\]")


def files_in(directories: Iterable[Path], most: int) -> list[Path]:
    """Regular files there and below, the latest written first, without hidden ones and what is certainly no log."""
    found = {path: at for path, at in _walk(directories) if not path.name.endswith(NOT_LOGS)}
    return sorted(found, key=lambda path: (-found[path], str(path)))[:most]


def files_like(pattern: str, most: int) -> list[Path]:
    """The files that a pattern such as `/var/log/app/*.log` matches, by name."""
    parts = Path(pattern).parts
    fixed = next((number for number, part in enumerate(parts) if is_pattern(part)), len(parts))
    return sorted(path for path, _ in _walk([Path(*parts[:fixed])]) if _matches(path, pattern))[:most]


def is_pattern(text: str) -> bool:
    """Whether it has a sign of a pattern, which a file's name may have too."""
    return _SIGNS.search(text) is not None


def _matches(path: Path, pattern: str) -> bool:
    if "**" in pattern:
        return fnmatch.fnmatchcase(str(path), pattern.replace("**/", "*"))
    parts, wanted = path.parts, Path(pattern).parts
    return len(parts) == len(wanted) and all(map(fnmatch.fnmatchcase, parts, wanted))


def _walk(directories: Iterable[Path]) -> Iterator[tuple[Path, float]]:
    """Files, near ones first, with the time of their last change."""
    waiting, left = [(directory, 0) for directory in directories], MOST_ENTRIES
    while waiting:
        directory, depth = waiting.pop(0)
        try:
            with os.scandir(directory) as entries:
                for entry in entries:
                    if (left := left - 1) < 0:
                        return
                    if entry.name.startswith("."):
                        continue
                    if entry.is_file(follow_symlinks=False):
                        yield Path(entry.path), entry.stat(follow_symlinks=False).st_mtime
                    elif depth < MOST_DEPTH and entry.is_dir(follow_symlinks=False):
                        waiting.append((Path(entry.path), depth + 1))
        except OSError:
            continue  # not for this process, or gone
