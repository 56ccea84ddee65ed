"""Which files a pattern means, whose matches are logs of their own. Looks at names only."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final

from django_logtail.tailing.matching_names import SIGNS, MatchingNames
from django_logtail.tailing.mistakes import Mistake
from django_logtail.tailing.rotated_names import BadPattern, Names

#: Names of one directory that are compared with one unusual pattern of rotation, in pairs.
MOST_PAIRS: Final = 200_000


def is_member_name(pattern: Path, file: Path) -> bool:
    """Whether the pattern, a path as registered, means the file. False for a pattern that is none."""
    try:
        return file.parent == pattern.parent and matching(pattern.name).date(file.name) is not None
    except Mistake:
        return False


@lru_cache(maxsize=256)
def matching(pattern: str) -> MatchingNames:
    """The names that the last part of a path matches. Raises `Mistake`."""
    return MatchingNames(pattern)


def mistake_in_pattern(path: Path) -> Mistake | None:
    """Why the path, as registered, names no files by a pattern; None: it does."""
    if any(sign in str(path.parent) for sign in SIGNS):
        return Mistake("match-directory", path=repr(str(path)))
    try:
        matching(path.name)
    except Mistake as mistake:
        return mistake
    return None


def members_among(pattern: str, names: Iterable[str], others: Collection[str], rotated_as: str) -> list[str]:
    """The names that the pattern means, without hidden, compressed and rotated ones.

    `others`: names of other logs in the directory, whose rotated copies are not members either.
    """
    expression = matching(pattern)
    found = [name for name in names if expression.date(name) is not None]
    rotated = set(_rotated(found, [*found, *others], rotated_as))
    return [name for name in found if name not in rotated]


def _rotated(names: Collection[str], logs: Collection[str], rotated_as: str) -> Iterator[str]:
    """Those of the names that rotation gives to one of the logs."""
    if rotated_as:
        yield from _rotated_as(names, logs, rotated_as)
    # By the usual rules a name begins with the log's, up to its ending.
    stems: dict[str, list[str]] = {}
    for log in logs:
        stems.setdefault(os.path.splitext(log)[0], []).append(log)  # noqa: PTH122 - as in `rotated_names`
    for name in names:
        starts = (name[:end] for end in range(1, len(name)))
        likely = [log for start in starts for log in stems.get(start, ()) if log != name]
        likely += [log for log in stems.get("current", ()) if name.startswith("@")]
        if any(_usual(log).rotated(name) for log in likely):
            yield name


def _rotated_as(names: Collection[str], logs: Collection[str], pattern: str) -> Iterator[str]:
    left = MOST_PAIRS
    for log in logs:
        try:
            rules = Names(log, pattern)
        except BadPattern:
            return
        if rules.directory or (left := left - len(names)) < 0:
            return
        yield from (name for name in names if name != log and rules.rotated(name))


@lru_cache(maxsize=4096)
def _usual(log: str) -> Names:
    return Names(log)
