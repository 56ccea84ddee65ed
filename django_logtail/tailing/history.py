"""Past bytes of a log: ranges and earlier lines of a generation, found again by its id.

Stateless, and blocks like any file access: run it in a thread of its own if the disk may be slow.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from django_logtail.tailing.backlog import start_of_last_lines
from django_logtail.tailing.belonging import Belonging
from django_logtail.tailing.files.generation import HEAD_BYTES, FileId, birth_or_none, digest_of, proves
from django_logtail.tailing.files.opening import Permit, Trouble, open_log, permit_all
from django_logtail.tailing.files.system import System, close_quietly
from django_logtail.tailing.siblings import Rank, Sibling, siblings_of
from django_logtail.tailing.text.lines import LineEnds


def open_generation(
    log: Path | Belonging,
    file_id: str,
    *,
    permit: Permit = permit_all,
    offset: int = 0,
    system: System | None = None,
) -> int | None:
    """A descriptor of the generation with this id: the log itself, or a sibling made by rotation.

    The caller closes it. None: the id is not ours, or the file can't be found (compressed, removed, emptied, or another
    row's). `offset` is a known place in it; a file too short for it is not the right one.
    """
    system, belonging = system or System(), _belonging(log)
    wanted = FileId.parse(file_id)
    if wanted is None:
        return None
    if (found := _first_proven(system, [belonging.path], permit, wanted, offset)) is not None:
        return found  # without a look at the directory, which may hold thousands of older files
    siblings = [sibling for sibling in _siblings(system, belonging) if sibling.is_text]
    mine = [sibling.path for sibling in siblings if sibling.stat.st_ino == wanted.inode]
    if (found := _first_proven(system, mine, permit, wanted, offset)) is not None:
        return found
    # Then copies with the same first bytes, newest first.
    siblings.sort(key=lambda sibling: -sibling.stat.st_mtime_ns)
    places = [belonging.path, *(sibling.path for sibling in siblings)]
    return _first_proven(system, places, permit, wanted, offset, copy=True)


def _first_proven(
    system: System,
    places: Iterable[Path],
    permit: Permit,
    wanted: FileId,
    offset: int,
    *,
    copy: bool = False,
) -> int | None:
    """A descriptor of the first of these files that is the wanted one, or with `copy` begins like it."""
    for place in places:
        opened = open_log(system, place, permit)
        if isinstance(opened, Trouble):
            continue
        try:
            if proves(system, opened.descriptor, wanted, offset, copy=copy):
                return opened.descriptor
        except OSError:
            pass
        close_quietly(system, opened.descriptor)
    return None


def inode_of(file_id: str) -> tuple[int, int] | None:
    """The device and inode that an id was made from; None if it is not an id."""
    file = FileId.parse(file_id)
    return None if file is None else (file.device, file.inode)


def open_previous(
    log: Path | Belonging, descriptor: int, *, permit: Permit = permit_all, system: System | None = None
) -> tuple[str, int] | None:
    """Id and descriptor of the file that was the log before the one with `descriptor`. The caller closes it.

    Judged by the names that rotation gives and by write times: the newest file older than this one. None: no such file,
    or it cannot be read as text (compressed, say). Raises `OSError`.
    """
    system, belonging = system or System(), _belonging(log)
    this = system.fstat(descriptor)
    head = system.pread(descriptor, HEAD_BYTES, 0)
    older = [sibling for sibling in _siblings(system, belonging) if sibling.stat.st_size]
    mine = [index for index, sibling in enumerate(older) if sibling.inode == (this.st_dev, this.st_ino)]
    for sibling in reversed(older[: mine[0]] if mine else older):
        if not sibling.is_text:
            return None
        opened = open_log(system, sibling.path, permit)
        if isinstance(opened, Trouble):
            continue
        try:
            first = system.pread(opened.descriptor, HEAD_BYTES, 0)
            found = system.fstat(opened.descriptor)
        except OSError:
            first = b""
        # A copy of this file is not its predecessor.
        is_copy = len(first) == HEAD_BYTES and first == head
        if first and not is_copy and (found.st_dev, found.st_ino) == sibling.inode:
            birth = birth_or_none(system, opened.descriptor)
            file = FileId(found.st_dev, found.st_ino, birth, len(first), digest_of(first))
            return str(file), opened.descriptor
        close_quietly(system, opened.descriptor)
    return None


def _belonging(log: Path | Belonging) -> Belonging:
    return log if isinstance(log, Belonging) else Belonging(log)


def _siblings(system: System, belonging: Belonging) -> list[Sibling]:
    """Siblings of the name and of what it leads to, oldest first; none if they can't be listed."""
    try:
        bases = {belonging.path: None, belonging.path.resolve(): None}
        return Rank().oldest_first(siblings_of(system, belonging, bases).found)
    except (OSError, RuntimeError):
        return []


def read_range(descriptor: int, start: int, end: int) -> bytes:
    """The bytes [start, end) of an open file; fewer if it ends earlier. Raises `OSError`."""
    parts = []
    while start < end:
        part = os.pread(descriptor, min(end - start, 1024 * 1024), start)
        if not part:
            break
        parts.append(part)
        start += len(part)
    return b"".join(parts)


def lines_before(
    descriptor: int, before: int, lines: int, encoding: str = "utf-8", max_bytes: int = 1024 * 1024
) -> int:
    """Where the `lines` lines that end at byte `before` begin, within `max_bytes` of it. Raises `OSError`."""
    ends = LineEnds(encoding, os.pread(descriptor, HEAD_BYTES, 0))
    end = min(before, os.fstat(descriptor).st_size)
    return start_of_last_lines(
        lambda size, offset: os.pread(descriptor, size, offset), end, lines, ends, max_bytes
    )
