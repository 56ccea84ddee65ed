"""Files of this host that may be logs: those of the project's own logging, and those in ROOTS that look like logs.

Looks only, and only for a moment: a file system that doesn't respond costs its own part. Names are judged first, then
the open file, like a log that is read.
"""

from __future__ import annotations

import os
import re
import stat
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from django_logtail.redaction_rules import by_all_rules
from django_logtail.registering.samples import encoding_of, last_line
from django_logtail.registering.series import DATE
from django_logtail.tailing.events import Kind
from django_logtail.tailing.files.found import files_in
from django_logtail.tailing.files.looks import Looks, NoAnswer
from django_logtail.tailing.files.opening import Trouble, open_log, user_name
from django_logtail.tailing.files.roots import Roots
from django_logtail.tailing.files.system import System, close_quietly
from django_logtail.tailing.reasons import code_of, reason
from django_logtail.tailing.rotated_names import COMPRESSED, Names

#: Files looked at, in all roots together.
MOST_FILES: Final = 500
#: A file that was last written before this is not offered.
MOST_DAYS: Final = 30
#: Files of one directory that are listed before those of others, whenever they were written.
CROWD: Final = 20
#: Bytes at the end of a file by which it is judged.
SAMPLE_BYTES: Final = 8 * 1024
#: Seconds for one root, and for all of them. A look in progress may add the former to the latter.
ROOT_SECONDS: Final = 1.0
ALL_SECONDS: Final = 1.0

#: The base of a name that rotation gave, even where the file of that base is gone.
_BASE: Final = re.compile(r"(.+?\.(?:log|out|err|txt|json))[.\-_].+", re.ASCII)

_looks = Looks(ROOT_SECONDS)


@dataclass(frozen=True, slots=True)
class Found:
    """A file. `size` in bytes and `written` in seconds since 1970 are None if unknown, as for a file that is not there
    yet. `reason`: why it can't be read, as one of `reasons`; "": it can.
    """

    path: Path
    size: int | None = None
    written: float | None = None
    last_line: str = ""
    reason: str = ""
    encoding: str = "utf-8"
    #: Written by the project's own logging.
    is_own: bool = False


@dataclass(slots=True)
class Around:
    """What was found: the project's own files first, then the others, the latest written first; of a directory
    with more than `CROWD`, the rest comes last.
    """

    files: list[Found] = field(default_factory=list)
    #: Directories that did not respond in time, so that files may be missing.
    silent: list[Path] = field(default_factory=list)
    #: Who saw it, and whether that is the host of the queue's reader.
    host: str = ""
    is_reader: bool = True


def look_around(
    roots: Sequence[Path],
    own: Sequence[Path] = (),
    *,
    now: Callable[[], float] = time.time,
    clock: Callable[[], float] = time.monotonic,
    looks: Looks = _looks,
) -> Around:
    """The files that may be registered, and own ones that can't. Blocks for at most 2 s."""
    search = _Search(Roots(roots), now(), clock, clock() + ALL_SECONDS, looks)
    search.look_at_own(own)
    for root in dict.fromkeys(roots):
        search.look_into(root)
    others = (found for path, found in search.found.items() if path not in search.own)
    latest = sorted(others, key=lambda found: (-(found.written or 0), str(found.path)))
    return Around([*search.own.values(), *_crowds_last(latest)], search.silent)


def _crowds_last(files: Sequence[Found]) -> list[Found]:
    """First at most `CROWD` files of each directory, so that one with hundreds doesn't displace the others."""
    seen: Counter[Path] = Counter()
    first: list[Found] = []
    rest: list[Found] = []
    for found in files:
        seen[found.path.parent] += 1
        (first if seen[found.path.parent] <= CROWD else rest).append(found)
    return first + rest


def written(around: Around, most: int) -> dict[str, Any]:
    """What was found as plain values, to be sent; the first `most` files."""
    files = [{**asdict(found), "path": str(found.path)} for found in around.files[:most]]
    return {"files": files, "silent": [str(directory) for directory in around.silent]}


def read(values: Mapping[str, Any], host: str, *, is_reader: bool) -> Around:
    """The reverse. Raises `LookupError`, `TypeError` or `ValueError` for values from another release."""
    files = [Found(**{**one, "path": Path(one["path"])}) for one in values["files"]]
    return Around(files, [Path(one) for one in values["silent"]], host, is_reader)


class _Search:
    def __init__(
        self, roots: Roots, now: float, clock: Callable[[], float], end: float, looks: Looks
    ) -> None:
        self.own: dict[Path, Found] = {}
        self.found: dict[Path, Found] = {}
        self.silent: list[Path] = []
        self._roots, self._now, self._clock, self._end, self._looks = roots, now, clock, end, looks
        self._system = System()
        self._left = MOST_FILES

    def look_at_own(self, own: Iterable[Path]) -> None:
        for path in own:
            if path in self.own:
                continue
            # Until a look has answered, it is a file that nothing is known of.
            self.own[path] = Found(path, is_own=True)
            found = self._take(path.parent, lambda path=path: self._look_at_one(path))  # type: ignore[misc]
            if found is not None:
                self.own[path] = replace(found, is_own=True)

    def look_into(self, root: Path) -> None:
        into: dict[Path, Found] = {}
        self._take(root, lambda: self._fill(root, into))
        # What was found before a file system stopped responding counts.
        self.found |= dict(list(into.items()))

    def _take(self, directory: Path, look: Callable[[], Found | None]) -> Found | None:
        if self._clock() < self._end:
            try:
                return self._looks.take(directory / "log", look)
            except NoAnswer:
                pass
            except OSError:
                return None
        if directory not in self.silent:
            self.silent.append(directory)
        return None

    def _look_at_one(self, path: Path) -> Found | None:
        """One of the project's own, which may be outside the roots or not be there."""
        if self._roots.refusal_of_path(path) is not None:
            return Found(path, reason=reason("outside", path=str(path)))
        return self._look_at(path)

    def _fill(self, root: Path, into: dict[Path, Found]) -> None:
        files = [path for path in files_in([root], MOST_FILES) if path not in self.own]
        for path in without_rotated(files):
            if self._left <= 0 or self._clock() > self._end:
                return
            self._left -= 1
            if (found := self._look_at(path)) is not None and self._is_recent(found):
                into[path] = found

    def _is_recent(self, found: Found) -> bool:
        return found.written is not None and self._now - found.written <= MOST_DAYS * 86_400

    def _look_at(self, path: Path) -> Found | None:
        """None: no log, or not there."""
        opened = open_log(self._system, path, self._roots.refusal)
        if isinstance(opened, Trouble):
            if opened.kind in (Kind.GONE, Kind.NOT_A_FILE):
                return None
            if opened.kind is Kind.REFUSED:
                return Found(path, reason=opened.text)
            status = self._system.lstat(path)
            return Found(path, status.st_size, status.st_mtime, reason=_why(opened, status))
        try:
            size = opened.stat.st_size
            start = max(0, size - SAMPLE_BYTES) & ~1  # between two characters of UTF-16
            bom = self._system.pread(opened.descriptor, 2, 0)
            sample = self._system.pread(opened.descriptor, SAMPLE_BYTES, start)
            encoding = encoding_of(bom, sample, is_cut=start > 0)
            line = (
                ""
                if encoding is None
                else last_line(self._shown(opened.descriptor, start, encoding), encoding)
            )
        except OSError:
            return None
        finally:
            close_quietly(self._system, opened.descriptor)
        if encoding is None or (not size and path.suffix not in (".log", ".out", ".err")):
            return None
        return Found(path, size, opened.stat.st_mtime, line, encoding=encoding)

    def _shown(self, descriptor: int, start: int, encoding: str) -> bytes:
        """The sample without its secrets."""
        return by_all_rules(
            lambda offset, size: self._system.pread(descriptor, size, offset), start, SAMPLE_BYTES, encoding
        )


def _why(trouble: Trouble, status: os.stat_result) -> str:
    """The reason of the trouble; if the file's group may read it, what to do."""
    is_denied = code_of(trouble.text) == "not-permitted"
    if not (is_denied and status.st_mode & stat.S_IRGRP) or status.st_uid == os.geteuid():
        return trouble.text
    return reason("group-may", reader=user_name(os.geteuid()), group=_group_name(status.st_gid))


def _group_name(number: int) -> str:
    import grp  # not on every platform

    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def without_rotated(files: Sequence[Path]) -> list[Path]:
    """The files whose names don't say that they are something else: compressed, rotated, or no logs.

    Of files that differ only in the date in their names, the one with the latest date, whenever it was written.
    """
    names: dict[Path, list[str]] = {}
    for path in files:
        names.setdefault(path.parent, []).append(path.name)
    latest: dict[tuple[Path, str], Path] = {}
    for path in files:
        if not str(path).isprintable() or path.name.endswith(COMPRESSED):
            continue  # a path that is not printable could be neither shown nor stored
        of = (path.parent, DATE.sub("*", path.name))
        is_later = of not in latest or _dates(path) > _dates(latest[of])
        if is_later and not is_rotated(path.name, names[path.parent]):
            latest[of] = path
    return list(latest.values())


def _dates(path: Path) -> list[str]:
    return [re.sub(r"\D", "", date[0]) for date in DATE.finditer(path.name)]


def is_rotated(name: str, names: Iterable[str]) -> bool:
    """Whether rotation gave a file this name: beside one of `names`, or beside a file that is gone."""
    if (base := _BASE.fullmatch(name)) is not None and _names(base[1]).rotated(name) is not None:
        return True
    return any(
        other != name and _may_be_of(other, name) and _names(other).rotated(name) is not None
        for other in names
    )


def _may_be_of(log: str, name: str) -> bool:
    """A cheap look before a costly one: after the log's name, with or without its ending, there is a separator."""
    stem, _ = os.path.splitext(log)  # noqa: PTH122 - as `Names` does
    return log == "current" or (name.startswith(stem) and name[len(stem) : len(stem) + 1] in (".", "-", "_"))


@lru_cache(maxsize=MOST_FILES)
def _names(log: str) -> Names:
    return Names(log)
