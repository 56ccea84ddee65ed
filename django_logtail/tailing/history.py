"""Past bytes of a log: the texts of its older files, found again by their ids, compressed or not.

Stateless, and blocks like any file access: run it in a thread of its own if the disk may be slow.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from django_logtail.tailing.archives import Unsupported, head_of, open_archive
from django_logtail.tailing.backlog import start_of_last_lines
from django_logtail.tailing.belonging import Belonging
from django_logtail.tailing.files.generation import HEAD_BYTES, FileId, birth_or_none, digest_of, proves
from django_logtail.tailing.files.opening import Opened, Permit, Trouble, open_log, permit_all
from django_logtail.tailing.files.system import System, close_quietly
from django_logtail.tailing.newest import resolved
from django_logtail.tailing.siblings import Rank, Sibling, siblings_of
from django_logtail.tailing.text.lines import LineEnds
from django_logtail.tailing.texts import PlainText, Text

#: First bytes of two files that are compared to see whether one is a copy of the other: a program may begin each file
#: with the same banner.
COPY_BYTES: Final = 4096
#: First bytes that a compressed file must share with an id at least, if its inode is another.
LEAST_HEAD_BYTES: Final = 32


class FilesAlike(Exception):
    """Several files match one id."""


def open_generation(
    log: Path | Belonging,
    file_id: str,
    *,
    permit: Permit = permit_all,
    offset: int = 0,
    system: System | None = None,
) -> Text | None:
    """The text of the generation with this id: the log itself, or a file that rotation made of it, compressed or not.

    The caller closes it. None: the id is not ours, or the file can't be found (removed, emptied, or another row's).
    `offset` is a known place in it; a file too short for it is not the right one. Raises `FilesAlike` if several
    compressed files may be it, and `Unsupported` if it can't be unpacked here.
    """
    system = system or System()
    belonging = _belonging(system, log)
    wanted = FileId.parse(file_id)
    if wanted is None:
        return None
    if (found := _first_proven(system, [belonging.path], permit, wanted, offset)) is not None:
        return found  # without a look at the directory, which may hold thousands of older files
    siblings = older_of(system, belonging)
    mine = [sibling for sibling in siblings if sibling.stat.st_ino == wanted.inode]
    plain = [sibling.path for sibling in mine if sibling.is_text]
    if (found := _first_proven(system, plain, permit, wanted, offset)) is not None:
        return found
    archives = [sibling for sibling in mine if not sibling.is_text]
    if (found := _proven_archive(system, archives, permit, wanted)) is not None:
        return found
    # Then copies with the same first bytes, newest first.
    siblings.sort(key=lambda sibling: -sibling.stat.st_mtime_ns)
    places = [belonging.path, *(sibling.path for sibling in siblings if sibling.is_text)]
    if (found := _first_proven(system, places, permit, wanted, offset, copy=True)) is not None:
        return found
    archives = [sibling for sibling in siblings if not sibling.is_text]
    return _proven_archive(system, archives, permit, wanted, copy=True)


def _first_proven(
    system: System,
    places: Iterable[Path],
    permit: Permit,
    wanted: FileId,
    offset: int,
    *,
    copy: bool = False,
) -> Text | None:
    """The first of these files that is the wanted one, or with `copy` begins like it."""
    for place in places:
        opened = open_log(system, place, permit)
        if isinstance(opened, Trouble):
            continue
        try:
            if proves(system, opened.descriptor, wanted, offset, copy=copy):
                return PlainText(system, opened.descriptor)
        except OSError:
            pass
        close_quietly(system, opened.descriptor)
    return None


def _proven_archive(
    system: System, archives: Iterable[Sibling], permit: Permit, wanted: FileId, *, copy: bool = False
) -> Text | None:
    """The one of these archives whose text is the wanted one, or with `copy` begins like it.

    Raises `FilesAlike`, and `Unsupported`.
    """
    found: dict[Path, Sibling] = {}
    for archive in archives:
        opened = open_log(system, archive.path, permit)
        if isinstance(opened, Trouble):
            continue
        try:
            if _archive_proves(system, opened, archive, wanted, copy=copy):
                found.setdefault(archive.generation, archive)
        except OSError:
            continue
        except Unsupported:
            if not copy:
                raise
        finally:
            close_quietly(system, opened.descriptor)
    if len(found) > 1:
        raise FilesAlike
    for archive in found.values():
        return open_sibling(system, archive, permit)
    return None


def _archive_proves(system: System, opened: Opened, archive: Sibling, wanted: FileId, *, copy: bool) -> bool:
    found = opened.stat
    same_inode = found.st_ino == wanted.inode and (found.st_dev == wanted.device or wanted.is_strong)
    if same_inode and wanted.birth:
        same_inode = birth_or_none(system, opened.descriptor) in (0, wanted.birth)
    if not same_inode and not (copy and wanted.length >= LEAST_HEAD_BYTES):
        return False
    head = head_of(system, opened.descriptor, archive.kind)
    return 0 < wanted.length <= len(head) and digest_of(head[: wanted.length]) == wanted.digest


def open_sibling(system: System, sibling: Sibling, permit: Permit, file_id: str | None = None) -> Text | None:
    """The text of this file; None if it is no longer there, or may not be read. Raises `Unsupported`.

    With `file_id`, it must be of that id: a file that was rotated into its name may have its inode, too.
    """
    opened = open_log(system, sibling.path, permit)
    if isinstance(opened, Trouble):
        return None
    try:
        if (opened.stat.st_dev, opened.stat.st_ino) == sibling.inode and (
            file_id is None or _is_of(system, opened, sibling, file_id)
        ):
            if sibling.is_text:
                return PlainText(system, opened.descriptor)
            return open_archive(system, opened.descriptor, sibling.kind)
    except OSError:
        pass
    except Unsupported:
        close_quietly(system, opened.descriptor)
        raise
    close_quietly(system, opened.descriptor)
    return None


def _is_of(system: System, opened: Opened, sibling: Sibling, file_id: str) -> bool:
    wanted = FileId.parse(file_id)
    if wanted is None:
        return False
    if sibling.is_text:
        return proves(system, opened.descriptor, wanted, 0)
    return _archive_proves(system, opened, sibling, wanted, copy=False)


def inode_of(file_id: str) -> tuple[int, int] | None:
    """The device and inode that an id was made from; None if it is not an id."""
    file = FileId.parse(file_id)
    return None if file is None else (file.device, file.inode)


def needs_line_start(text: Text, file_id: str, offset: int) -> bool:
    """Whether a line must begin at `offset` for the text to be the one of this id: it is known by little else."""
    file = FileId.parse(file_id)
    return file is not None and not file.is_strong and offset > file.length and file.inode != text.inode[1]


def open_previous(
    log: Path | Belonging, this: Text, *, permit: Permit = permit_all, system: System | None = None
) -> tuple[str, Text] | None:
    """Id and text of the file that was the log before `this`. The caller closes it.

    Judged by the names that rotation gives and by write times: the newest file older than this one. None: no such file.
    Raises `OSError`, `Changed`, and `Unsupported` if it can't be unpacked here.
    """
    system = system or System()
    belonging = _belonging(system, log)
    head = this.read(0, COPY_BYTES)
    found = _siblings(system, belonging)
    siblings = [sibling for sibling in _oldest_first(found) if sibling.stat.st_size]
    mine = {sibling.generation for sibling in found if sibling.inode == this.inode}
    at = next((at for at, sibling in enumerate(siblings) if sibling.generation in mine), len(siblings))
    for sibling in reversed(siblings[:at]):
        text = open_sibling(system, sibling, permit)
        if text is None:
            continue
        try:
            first = text.read(0, COPY_BYTES)
            is_part = isinstance(text, PlainText) and is_copy(first, head) and ends_in(text, this)
            if first and not is_part:
                return id_of(system, text.inode, text.descriptor, first), text
        except OSError:
            pass
        text.close()
    return None


def is_copy(first: bytes, head: bytes) -> bool:
    """Whether texts that begin like this are copies, one of the other."""
    common = min(len(first), len(head))
    return common >= HEAD_BYTES and first[:common] == head[:common]


def ends_in(text: PlainText, whole: Text) -> bool:
    """Whether the last bytes of a text are at the same place in another that begins like it, so that it is a part.

    Otherwise both only begin alike, as the files of a program that begins each with the same banner.
    """
    at = max(0, text.size - COPY_BYTES)
    return text.read(at, COPY_BYTES) == whole.read(at, text.size - at)


def id_of(system: System, inode: tuple[int, int], descriptor: int, head: bytes) -> str:
    """The id of an open file whose text begins like this."""
    head = head[:HEAD_BYTES]
    return str(FileId(*inode, birth_or_none(system, descriptor), len(head), digest_of(head)))


def _belonging(system: System, log: Path | Belonging) -> Belonging:
    return resolved(system, log if isinstance(log, Belonging) else Belonging(log))


def older_of(system: System, belonging: Belonging) -> list[Sibling]:
    """Siblings of the name and of what it leads to, oldest first; none if they can't be listed."""
    return _oldest_first(_siblings(system, resolved(system, belonging)))


def _siblings(system: System, belonging: Belonging) -> list[Sibling]:
    try:
        bases = {belonging.path: None, belonging.path.resolve(): None}
        found = siblings_of(system, belonging, bases).found
    except (OSError, RuntimeError):
        return []
    if not belonging.matching:
        return found
    return [sibling for sibling in found if sibling.path != belonging.path]  # its own name is one of theirs


def _oldest_first(found: list[Sibling]) -> list[Sibling]:
    """Without archives of files that still exist: such archives are incomplete or additional, and have odd times."""
    plain = {sibling.generation for sibling in found if sibling.is_text}
    return Rank().oldest_first(
        [sibling for sibling in found if sibling.is_text or sibling.generation not in plain]
    )


def lines_before(
    text: Text, before: int, lines: int, encoding: str = "utf-8", max_bytes: int = 1024 * 1024
) -> int:
    """Where the `lines` lines that end at byte `before` begin, within `max_bytes` of it. Raises as `Text.read`."""
    ends = LineEnds(encoding, text.read(0, 4))
    end = before if text.size is None else min(before, text.size)
    return start_of_last_lines(lambda size, offset: text.read(offset, size), end, lines, ends, max_bytes)
