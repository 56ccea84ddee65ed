"""The files of this host that a log's pattern matches, as whoever registers it should see them."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from django_logtail.models import Follow
from django_logtail.tailing.files.roots import Roots
from django_logtail.tailing.matching_names import MatchingNames
from django_logtail.tailing.member_names import members_among, mistake_in_pattern

#: Names of the directory that are looked at.
MOST_NAMES: Final = 5_000
#: Of a pattern with a date, matches examined for the newest one that is not empty.
MOST_EXAMINED: Final = 100


@dataclass(frozen=True, slots=True)
class Matches:
    """`newest`: None if nothing matches. `reason`: why the directory may not be read, as one of `reasons`."""

    count: int = 0
    newest: Path | None = None
    reason: str = ""


def matches_of(path: Path, follow: str, roots: Roots) -> Matches:
    """What matches the pattern now; nothing if it isn't one. Raises `OSError` if the directory can't be listed.

    Other logs' files are counted, too.
    """
    if mistake_in_pattern(path) is not None:
        return Matches()
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        if path.parent not in roots.paths and (refusal := roots.refusal(directory)) is not None:
            return Matches(reason=refusal)
        with os.scandir(directory) as entries:
            names = [entry.name for entry in islice(entries, MOST_NAMES)]
        pattern = MatchingNames(path.name)
        if follow == Follow.EACH:
            matching = members_among(path.name, names, (), "")
        else:
            matching = [name for name in names if pattern.date(name) is not None]
        newest = _newest(directory, matching, pattern if follow == Follow.NEWEST else None)
    finally:
        os.close(directory)
    return Matches(len(matching), path.with_name(newest) if newest is not None else None)


def _newest(directory: int, names: Sequence[str], dated: MatchingNames | None) -> str | None:
    """The latest by the dates in the names, or else the latest written; an empty file only if all are."""
    is_dated = dated is not None and dated.is_dated
    if dated is not None and is_dated:
        names = sorted(names, key=lambda name: (dated.date(name) or (), name), reverse=True)[:MOST_EXAMINED]
    files = {name: status for name in names if (status := _file(directory, name)) is not None}
    if is_dated:
        return next((name for name, status in files.items() if status.st_size), next(iter(files), None))
    return max(files, key=lambda name: (files[name].st_size > 0, files[name].st_mtime_ns, name), default=None)


def _file(directory: int, name: str) -> os.stat_result | None:
    try:
        found = os.stat(name, dir_fd=directory, follow_symlinks=False)
    except OSError:
        return None
    return found if stat.S_ISREG(found.st_mode) else None
