"""Keeps the rows of patterns' members in step with the files, on the host that reads them.

A member's row says which file and which address, and grants nothing: its own fields for access stay as closed as they
can be, and its pattern's fields decide (`models.Log.registration`).
"""

from __future__ import annotations

import hashlib
import itertools
import logging
import os
import stat
import time
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from django.db import DatabaseError, transaction
from django.utils import timezone
from django.utils.text import slugify

from django_logtail.conf import conf
from django_logtail.models import Access, Follow, Log, rows_with_files, stored_path
from django_logtail.tailing.files.looks import Looks, NoAnswer
from django_logtail.tailing.files.roots import Roots, tidied
from django_logtail.tailing.files.system import System
from django_logtail.tailing.member_names import members_among, mistake_in_pattern
from django_logtail.tailing.reasons import reason, reason_of

logger = logging.getLogger(__name__)

#: Members of one pattern, by the time of their last change.
MOST_MEMBERS: Final = 200
#: Time for which the row of a file that is gone is kept.
KEPT: Final = timedelta(hours=24)
#: Names looked at in a directory, besides those of members.
MOST_NAMES: Final = 5_000
#: Seconds that a directory has to respond, and after which no other is looked at until the next time.
LOOK_SECONDS: Final = 0.5
ALL_SECONDS: Final = 1.0
#: Seconds within which files count as written at the same time, so that members don't displace each other all the time.
ALIKE_SECONDS: Final = 3_600.0
#: Characters of the parts of a slug, and of the digest that tells files with one slug apart.
_SLUG_CHARACTERS: Final = (40, 45)
_DIGEST_CHARACTERS: Final = 8

_looks = Looks(LOOK_SECONDS)


@dataclass(frozen=True, slots=True)
class Seen:
    """The files that a pattern means now. `written`: Unix seconds of the last change, by path.

    `is_certain`: members that are not among them are gone.
    """

    written: dict[Path, float] = field(default_factory=dict)
    is_certain: bool = True
    #: Files of logs that were registered before, and so nobody else's.
    taken: Collection[Path] = ()
    trouble: str = ""


def refresh(queue: str) -> None:
    """Make the members of this queue's enabled patterns match the files of this host. Blocks for some seconds at most.

    With a local reader, the patterns of every queue are on this host.
    """
    patterns = Log.objects.filter(follow=Follow.EACH, parent=None, enabled=True).order_by("?")
    mine = [row for row in patterns if conf.READER == "local" or row.queue_name == queue]
    if not mine:
        return
    others = list(rows_with_files())
    began = time.monotonic()
    for pattern in mine:
        if time.monotonic() - began > ALL_SECONDS:
            break  # in random order, so that none is always the last
        seen = look(pattern, others)
        try:
            with transaction.atomic():
                _keep(pattern, seen)
        except DatabaseError as error:  # another process may be doing the same
            logger.info("members of log %s could not be stored: %s", pattern.slug, error)


def look(pattern: Log, others: Collection[Log]) -> Seen:
    """The files that the pattern means, without those of `others`: logs that were registered before."""
    path = Path(tidied(pattern.path))
    if mistake_in_pattern(path) is not None or ".." in path.parts:
        return Seen(trouble=reason("not-a-member"))
    taken = {
        row.file
        for row in others
        if row.file.parent == path.parent
        and row.queue_name == pattern.queue_name
        and (row.parent_id is None or row.parent_id < pattern.pk)
    }
    # Members of other patterns have no rotated copies here that these would not have.
    beside = [row.file.name for row in others if row.parent_id is None and row.file in taken]
    try:
        known = [row.file.name for row in others if row.parent_id == pattern.pk]
        return _looks.take(path, lambda: _look(path, taken, beside, known, pattern.rotated_as))
    except NoAnswer:
        return Seen(is_certain=False, trouble=reason("silent-file-system", seconds=1))
    except (OSError, ValueError) as error:
        # A directory that is gone has no files; one that can't be read may still have them.
        return Seen(is_certain=isinstance(error, FileNotFoundError), trouble=reason_of(error))


def _look(
    path: Path, taken: Collection[Path], beside: Collection[str], known: Collection[str], rotated_as: str
) -> Seen:
    roots = Roots(conf.ROOTS)
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        # Where it is according to the kernel: names may lead anywhere by the time they are opened.
        where = System().name_of(directory)
        if where is None or (refusal := roots.refusal_of_path(where / path.name)) is not None:
            return Seen(trouble=reason("outside", path=str(path.parent)) if where is None else refusal or "")
        names = {*_names_in(directory), *known}  # of members it is found out each time whether they are gone
        written = {}
        for name in members_among(path.name, names, beside, rotated_as):
            file = path.parent / name
            if file not in taken and (at := _written_at(directory, where, name, roots)) is not None:
                written[file] = at
        return Seen(written, taken=taken)
    finally:
        os.close(directory)


def _names_in(directory: int) -> list[str]:
    with os.scandir(directory) as entries:
        return [entry.name for entry in itertools.islice(entries, MOST_NAMES)]


def _written_at(directory: int, where: Path, name: str, roots: Roots) -> float | None:
    """When a regular file inside the roots was last written; None if it is none."""
    try:
        found = os.stat(name, dir_fd=directory, follow_symlinks=False)
        if stat.S_ISLNK(found.st_mode):
            if roots.refusal_of_path((where / name).resolve(strict=True)) is not None:
                return None
            found = os.stat(name, dir_fd=directory)
    except (OSError, RuntimeError):
        return None
    return found.st_mtime if stat.S_ISREG(found.st_mode) else None


def _keep(pattern: Log, seen: Seen) -> None:
    """Create, mark and delete rows; write nothing if nothing changed."""
    members = {member.path: member for member in pattern.members.all()}
    there = {stored: at for path, at in seen.written.items() if (stored := stored_path(str(path)))}
    chosen = _chosen(there, members)
    gone = _gone(members, there, MOST_MEMBERS - len(chosen)) if seen.is_certain else {}
    for path, member in members.items():
        member.parent = pattern
        if not member.is_member or member.file in seen.taken:
            member.delete()
        elif path in chosen:
            _set(member, gone_since=None, queue=pattern.queue)
        elif path in gone:
            _set(member, gone_since=gone[path])
        elif path in there or seen.is_certain:
            member.delete()
    _create(pattern, [path for path in chosen if path not in members])
    if seen.is_certain:
        _set(pattern, matches=len(seen.written))
    _set(pattern, trouble=seen.trouble[:500])


def _chosen(there: dict[str, float], members: Collection[str]) -> set[str]:
    """The most recently written; of those written at about the same time, the ones that are members already."""
    now = time.time()

    def key(path: str) -> tuple[int, bool, float, str]:
        return int(max(0.0, now - there[path]) / ALIKE_SECONDS), path not in members, -there[path], path

    return set(sorted(there, key=key)[:MOST_MEMBERS])


def _gone(members: dict[str, Log], there: Collection[str], most: int) -> dict[str, datetime]:
    """The members that are kept although their files are gone, the latest ones, and since when they are gone."""
    now = timezone.now()
    gone = {path: member.gone_since or now for path, member in members.items() if path not in there}
    latest = sorted(
        (path for path in gone if now - gone[path] <= KEPT), key=lambda path: (-gone[path].timestamp(), path)
    )
    return {path: gone[path] for path in latest[:most]}


def _set(row: Log, **fields: object) -> None:
    """Change fields that say nothing about access: without signals, and without writing what is there already."""
    if any(getattr(row, name) != value for name, value in fields.items()):
        Log.objects.filter(pk=row.pk).update(**fields)


def _create(pattern: Log, paths: Iterable[str]) -> None:
    paths = sorted(paths)
    if not paths:
        return
    slugs = {slug for path in paths for slug in _slugs(pattern, path)}
    taken_slugs = set(Log.objects.filter(slug__in=slugs).values_list("slug", flat=True))
    taken_names = set(pattern.members.values_list("name", flat=True))
    rows = []
    for path in paths:
        slug, name = _free(_slugs(pattern, path), taken_slugs), _free(_names(path), taken_names)
        if slug and name:
            rows.append(Log(parent=pattern, path=path, slug=slug, name=name, queue=pattern.queue, **CLOSED))
    Log.objects.bulk_create(rows)  # without signals: nobody changed the registry


#: A member's own fields for access, which nothing asks about: if something did, nobody could watch it.
CLOSED: Final[Mapping[str, Any]] = {"enabled": False, "access": Access.CHOSEN}


def _free(offers: Iterable[str], taken: set[str]) -> str:
    found = next((offer for offer in offers if offer not in taken), "")
    taken.add(found)
    return found


def _slugs(pattern: Log, path: str) -> Iterator[str]:
    """Addresses for the file, the same each time it comes. The first one only if no other file could have it."""
    name = Path(path).name
    stem = name.removesuffix(".log")
    ours, its = _SLUG_CHARACTERS
    start = slugify(pattern.slug)[:ours]
    slug = slugify(stem)
    if slug == stem != name and len(slug) <= its:
        yield f"{start}-{slug}"
    for characters in (_DIGEST_CHARACTERS, 2 * _DIGEST_CHARACTERS, 4 * _DIGEST_CHARACTERS):
        end = _digest(name)[:characters]
        yield "-".join(filter(None, (start, slug[: max(0, its - characters)].strip("-_"), end)))


def _names(path: str) -> Iterator[str]:
    """What people see, without anything that could mislead them: another name than the file's has a digest."""
    name = Path(path).name
    shown = cleaned(name)
    if shown == name:
        yield shown
    for characters in (_DIGEST_CHARACTERS, 2 * _DIGEST_CHARACTERS):
        yield f"{shown[:60]} ({_digest(name)[:characters]})"


def cleaned(name: str) -> str:
    """A file's name as text of at most 100 visible characters."""
    text = "".join(
        letter if letter.isprintable() and not "\ue000" <= letter <= "\uf8ff" else "�" for letter in name
    )
    return unicodedata.normalize("NFC", " ".join(text.split()))[:100] or "�"


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()
