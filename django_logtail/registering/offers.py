"""What may be registered now, as pages and `logtail_discover` offer it, and the registering of what was chosen.

The files are seen by the host of the queue's reader, or by this one if nobody answers. `recent` keeps what was found
for some seconds, whoever asks, so that reloading a page doesn't search the disks again.
"""

from __future__ import annotations

import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from django.core.exceptions import ValidationError
from django.db import IntegrityError, router, transaction

from django_logtail.conf import conf
from django_logtail.models import Access, Follow, Log
from django_logtail.registering.asking import FindFiles, ask
from django_logtail.registering.found import CROWD, Around, Found, look_around, read
from django_logtail.registering.logging_tree import log_files
from django_logtail.registering.naming import Named, named
from django_logtail.registering.roots import Advice, advice
from django_logtail.registering.series import series_of
from django_logtail.tailing.files.roots import tidied
from django_logtail.tailing.mistakes import Mistake
from django_logtail.tailing.rotated_names import Names

#: Seconds for which a search counts as current.
FRESH_SECONDS: Final = 4.0
#: Files registered at once.
MOST_AT_ONCE: Final = 500
_DATE_CODE: Final = re.compile(r"%[A-Za-z]")


@dataclass(frozen=True, slots=True)
class Offer:
    """A file that has no log yet, and what its log would be called.

    `path` is its log's: the file's, or the pattern of the series of which it is the newest.
    """

    found: Found
    named: Named
    path: str

    @property
    def is_series(self) -> bool:
        return self.path != str(self.found.path)

    @property
    def can_be_added(self) -> bool:
        return not self.found.reason


@dataclass(frozen=True, slots=True)
class Crowd:
    """More than `CROWD` files of one directory with the same ending, for which one row would do."""

    pattern: str
    count: int


@dataclass(slots=True)
class Offers:
    """`advice`: what to do if there is nothing to choose; None if there is, or if nothing can be done about it."""

    files: list[Offer] = field(default_factory=list)
    crowds: list[Crowd] = field(default_factory=list)
    silent: list[Path] = field(default_factory=list)
    advice: Advice | None = None
    host: str = ""
    is_reader: bool = True


@dataclass(slots=True)
class Registered:
    logs: list[Log] = field(default_factory=list)
    #: Path -> why it was not registered, in the active language.
    refused: dict[str, str] = field(default_factory=dict)


class Recent:
    """The latest search, for everyone who asks within `FRESH_SECONDS`. Thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._at = 0.0
        self._for: tuple[object, ...] = ()
        self._around: Around | None = None

    def around(self, queue: str = "") -> Around:
        own, queue = tuple(log_files()), queue or conf.QUEUE
        about = (own, conf.ROOTS, queue)
        # Others wait meanwhile, for 5 s at most, and then have the same answer.
        with self._lock:
            is_fresh = self._clock() - self._at < FRESH_SECONDS and self._for == about
            if self._around is None or not is_fresh:
                self._around, self._for = _look_around(own, queue), about
                self._at = self._clock()
            return self._around

    def forget(self) -> None:
        """Let the next one who asks have a new search."""
        with self._lock:
            self._around = None


def _look_around(own: Sequence[Path], queue: str) -> Around:
    """What the host of the queue sees; if nobody answers, what this one sees."""
    if conf.READER == "local":
        return look_around(conf.ROOTS, own)
    here = socket.gethostname()
    told = ask(queue, FindFiles([str(path) for path in own]))
    if told is not None:
        try:
            around = read(told.found, told.host, is_reader=True)
        except (LookupError, TypeError, ValueError):
            pass  # from another release
        else:
            if told.host != here:  # there, a file of this project's that is missing will not come
                around.files = [found for found in around.files if not _is_missing(found)]
            return around
    around = look_around(conf.ROOTS, own)
    around.host, around.is_reader = here, False
    return around


def _is_missing(found: Found) -> bool:
    return found.is_own and found.size is None and not found.reason


#: This process's own.
recent = Recent()


def offers(queue: str = "") -> Offers:
    """What has no log in this queue yet; "": the queue in the settings. Blocks for at most 5 s."""
    around = recent.around(queue)
    rows = list(Log.objects.only("name", "slug", "path", "queue", "rotated_as", "follow"))
    key = Log(path="/", queue=queue).file_key[0]
    taken = _Taken([row for row in rows if row.file_key[0] == key])
    free = [found for found in around.files if not taken.has(found.path)]
    paths = {found.path: found.path if found.is_own else series_of(found.path) for found in free}
    names = named(
        [(paths[found.path], found.is_own) for found in free],
        [row.name for row in rows],
        [row.slug for row in rows],
    )
    files = [Offer(found, names[paths[found.path]], str(paths[found.path])) for found in free]
    is_mute = not any(one.can_be_added for one in files) and not (files and conf.ROOTS)
    told = advice(log_files()) if is_mute else None
    return Offers(files, _crowds(files), around.silent, told, around.host, around.is_reader)


def _crowds(files: Sequence[Offer]) -> list[Crowd]:
    of = Counter((offer.found.path.parent, offer.found.path.suffix) for offer in files if not offer.is_series)
    return [
        Crowd(f"{directory}/*{ending}", count)
        for (directory, ending), count in of.items()
        if count > CROWD and ending
    ]


class _Taken:
    """The files that rows have already, also as rotated ones or as matches of a pattern."""

    def __init__(self, rows: Sequence[Log]) -> None:
        self._paths = {tidied(row.path) for row in rows}
        self._names: dict[Path, list[Names]] = {}
        self._patterns: dict[Path, list[str]] = {}
        for row in rows:
            path = Path(tidied(row.path))
            if row.follow:
                # Generous: a file with almost such a name is rather the pattern's business than a log of its own.
                self._patterns.setdefault(path.parent, []).append(_DATE_CODE.sub("*", path.name))
                continue
            try:
                names = Names(path.name, row.rotated_as)
            except Mistake:
                names = Names(path.name)
            self._names.setdefault(path.parent / names.directory, []).append(names)

    def has(self, path: Path) -> bool:
        return (
            str(path) in self._paths
            or any(fnmatchcase(path.name, pattern) for pattern in self._patterns.get(path.parent, ()))
            or any(names.rotated(path.name) is not None for names in self._names.get(path.parent, ()))
        )


def register(paths: Collection[str], offered: Offers, queue: str = "") -> Registered:
    """Register these files for staff, as far as they are among those offered. In one transaction, but one by one: a
    file that can't be registered doesn't keep the others from it. A series is named by its pattern or its newest file.
    """
    done = Registered()
    addable = [offer for offer in offered.files if offer.can_be_added]
    by_path = {path: offer for offer in addable for path in (str(offer.found.path), offer.path)}
    with transaction.atomic(using=router.db_for_write(Log)):
        for path in dict.fromkeys(paths):
            offer = by_path.get(path)
            if offer is None or len(done.logs) >= MOST_AT_ONCE:
                done.refused[path] = ""
                continue
            try:
                done.logs.append(_registered(offer, queue))
            except ValidationError as error:
                done.refused[path] = " ".join(error.messages)
            except IntegrityError:  # somebody else was faster
                done.refused[path] = ""
    return done


def _registered(offer: Offer, queue: str) -> Log:
    found, named = offer.found, offer.named
    log = Log(
        path=offer.path,
        follow=Follow.NEWEST if offer.is_series else Follow.FILE,
        name=named.name,
        slug=named.slug,
        group=named.group,
        queue=queue,
        encoding=found.encoding,
        access=Access.STAFF,
    )
    log.full_clean()
    with transaction.atomic(using=router.db_for_write(Log)):
        log.save()
    return log
