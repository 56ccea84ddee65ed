"""Where logs' files are, and which may not be read, from the registry and the stop flag."""

from __future__ import annotations

import asyncio
import functools
import logging
import os
import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from django.db import Error, close_old_connections

from django_logtail.conf import conf
from django_logtail.control.wants import Want
from django_logtail.models import Follow, Log, first_of_each_file, rows_with_files
from django_logtail.reader.redacting import (
    OriginalOver,
    Redaction,
    rules_differ,
    shows_original,
    why_failed,
)
from django_logtail.redaction.rules import RuleFailed
from django_logtail.redaction_rules import digest, own_values, rules_for
from django_logtail.tailing.belonging import Belonging, Registered, Row
from django_logtail.tailing.files.opening import Permit
from django_logtail.tailing.files.roots import Roots
from django_logtail.tailing.files.system import System
from django_logtail.tailing.reasons import reason

#: Registry lookups at once, each with a database connection.
LOOK_UPS: Final = 4
#: Seconds for which a lookup also serves requests for the log's older content.
FRESH_SECONDS: Final = 1.0
#: Logs whose rules are kept ready for use.
MOST_REDACTIONS: Final = 2_000
#: The registry does not have the log, or has it disabled.
NOT_REGISTERED: Final = reason("not-registered")
#: The viewer was admitted for an earlier revision of the log's row, and access must be checked again.
CHANGED: Final = reason("changed")
#: The original was asked for, and may not be shown, or no longer.
ORIGINAL_OVER: Final = reason("original-over")
#: A row that was never validated: with symbolic links, `..` may lead to a different directory than it seems.
UP: Final = reason("upwards")
#: The file of a member whose pattern was changed.
NOT_A_MEMBER: Final = reason("not-a-member")
#: Every row but the oldest of one file.
NOT_THE_FIRST: Final = reason("taken")

#: Said once when such a log is opened: a few lines per reader, never one per line.
FED_BY_US: Final = (
    "django-logtail's own messages go to this log: a few at reader start and stop, none per line"
)


class NotThere(Exception):
    """The requested content can't be read, or may no longer be. The text is one of `reasons`, for the requester."""


@dataclass(frozen=True, slots=True)
class Source:
    """A log according to the registry: where its file is, how to split its bytes, and what rotation names it.

    `registered` has all rows that may have files here; those files don't belong to this log.
    """

    path: Path
    encoding: str
    name: str
    #: The row's revision; requests made for another one aren't served. "" only in tests of the reader alone.
    revision: str = ""
    #: Why it may still not be read; "" if it may.
    refusal: str = ""
    rotated_as: str = ""
    key: int = 0
    registered: Registered | None = field(default=None, compare=False, repr=False)
    #: The format that the log was given; "" if it is detected.
    format: str = ""
    #: The zone of times that are written without one.
    time_zone: str = "UTC"
    #: Whether the last part of `path` is a pattern, and the log is the newest file that it matches.
    is_newest: bool = False
    #: The pattern that it is a member of; "" if none.
    parent: str = ""
    #: What hides secrets in its lines; None: nothing.
    redaction: Redaction | None = None

    @property
    def original(self) -> Source:
        """The same with its secrets shown."""
        shown = self.redaction and replace(self.redaction, is_shown=True)
        return replace(self, redaction=shown)

    @property
    def belonging(self) -> Belonging:
        """Which files are this log's."""
        matching = self.path.name if self.is_newest else ""
        return Belonging(self.path, self.rotated_as, self.key, self.registered, matching)

    def permit(self, roots: Permit) -> Permit:
        """A function that decides about an open descriptor: by the roots, and whether another row has this file."""

        def refusal(descriptor: int) -> str | None:
            if (text := roots(descriptor)) is not None:
                return text
            found = os.fstat(descriptor)
            return self.belonging.refusal(name_of(descriptor), (found.st_dev, found.st_ino))

        return refusal


class Sources:
    """Looks logs up.

    `find` maps log ids to sources, without logs that may not be read here. It may block, and runs in a thread of its
    own, because a lost file system may keep those that read files for good. `wall`: seconds since the epoch.
    """

    def __init__(
        self,
        find: Callable[[Collection[str]], Mapping[str, Source]],
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._find = find
        self._wall = wall
        self._threads = ThreadPoolExecutor(max_workers=LOOK_UPS, thread_name_prefix="logtail-registry")
        #: The stop flag as of the last tick: log id or "*" -> reason.
        self.stops: Mapping[str, str] = {}
        self._clock = clock
        self._found: dict[str, tuple[float, Source | None]] = {}
        self._parents: dict[str, str] = {}
        #: The latest of the wants for older content that are being answered, by member.
        self._wants: dict[str, Want] = {}

    async def look_up(self, logs: Collection[str]) -> Mapping[str, Source]:
        """The sources of those logs that are registered here. Raises whatever the host's database does."""
        found = await asyncio.get_running_loop().run_in_executor(self._threads, self._find, logs)
        self._parents.update({log: source.parent for log, source in found.items()})
        return found

    async def look_up_each(self, logs: Collection[str]) -> dict[str, Source | Exception | None]:
        """By log: its source; None if it is not registered here; or the exception raised for this log alone.

        Raises Django's `Error` if the registry can't be read.
        """
        try:
            found = await self.look_up(logs)
        except Error:
            raise
        except Exception:  # noqa: BLE001 - the loop below finds out which log caused it
            found = None
        each: dict[str, Source | Exception | None] = {}
        for log in logs:
            try:
                each[log] = (found if found is not None else await self.look_up([log])).get(log)
            except Error:
                raise
            except Exception as error:  # noqa: BLE001 - returned
                each[log] = error
        return each

    async def of_want(self, want: Want) -> Source:
        """What a want for older content reads. Raises `NotThere`."""
        source = await self.of(want.log, want.revision, want.rules)
        self.may_go_on(want)
        return source.original if want.original_until else source

    def renew(self, want: Want) -> None:
        """Remember the latest form of a want that is being answered, until `forget`."""
        self._wants[want.member] = want

    def forget(self, member: str) -> None:
        """It is answered."""
        self._wants.pop(member, None)

    def may_go_on(self, want: Want) -> None:
        """Raises `NotThere` if the log is stopped, or its original may no longer be shown."""
        if (stopped := self.stop_reason(want.log)) is not None:
            raise NotThere(stopped)
        latest = self._wants.get(want.member, want)
        try:
            is_original = shows_original(latest, self._wall())
        except OriginalOver:
            is_original = False
        if want.original_until and not is_original:
            raise NotThere(ORIGINAL_OVER)

    async def of(self, log: str, revision: str, rules: str = "") -> Source:
        """The log's source in this revision; `rules` as in `Want`. Raises `NotThere` if it may not be read here."""
        if (stopped := self.stop_reason(log)) is not None:
            raise NotThere(stopped)
        source = await self._of_late(log, revision)
        if source is None:
            raise NotThere(NOT_REGISTERED)
        if (stopped := self.stop_reason(log)) is not None:  # a member's pattern may be stopped
            raise NotThere(stopped)
        if source.revision != revision:
            raise NotThere(CHANGED)
        if refusal := source.refusal or rules_differ(rules):
            raise NotThere(refusal)
        return source

    async def _of_late(self, log: str, revision: str) -> Source | None:
        """The source found within the last second, or looked up now if that has another revision."""
        at, source = self._found.get(log, (float("-inf"), None))
        now = self._clock()
        if now - at >= FRESH_SECONDS or source is None or source.revision != revision:
            self._found = {one: found for one, found in self._found.items() if now - found[0] < FRESH_SECONDS}
            source = (await self.look_up([log])).get(log)
            self._found[log] = (now, source)
        return source

    def close(self) -> None:
        """Stop looking logs up."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def stop_reason(self, log: str) -> str | None:
        """Why the stop flag forbids reading the log; None if it doesn't. A pattern's flag stops its members."""
        return self.stops.get(log, self.stops.get(self.parent_of(log), self.stops.get("*")))

    def parent_of(self, log: str) -> str:
        """The pattern that a log is a member of, once it was looked up; "" if none."""
        return self._parents.get(log, "")


def name_of(descriptor: int) -> Path | None:
    """Where an open file is; None if unknown."""
    try:
        return System().name_of(descriptor)
    except OSError:
        return None


class Registry:
    """This host's view of the registry, as of the last lookup."""

    def __init__(self) -> None:
        #: The same object for every source, so that open logs learn of new rows.
        self._registered = Registered()

    def find(self, logs: Collection[str]) -> Mapping[str, Source]:
        """The sources of these logs, without deleted or disabled ones. Blocks."""
        close_old_connections()
        try:
            # Including disabled ones and those of other queues, because their files belong to no other log. One query:
            # what Django takes to make one is most of what the first viewer of a log waits for.
            rows = list(rows_with_files())
            self._registered.update(
                Row(row.pk, row.file, row.registration.rotated_as, row.follow == Follow.NEWEST)
                for row in rows
            )
            wanted = {int(log) for log in logs}
            found = [row for row in rows if row.pk in wanted and row.is_enabled]
            first = first_of_each_file(rows) if found else {}
            return {
                str(row.pk): self._source(row, is_first=first.get(row.file_key, row.pk) == row.pk)
                for row in found
            }
        finally:
            close_old_connections()

    def _source(self, row: Log, *, is_first: bool) -> Source:
        path, registered = row.file, row.registration
        redaction, failed = _redaction_of(frozenset({row.slug, row.registration.slug}))
        outside = UP if ".." in path.parts else Roots(conf.ROOTS).refusal_of_path(path)
        not_a_member = "" if row.is_readable else NOT_A_MEMBER
        return Source(
            path,
            registered.encoding,
            row.name,
            row.revision,
            outside or not_a_member or ("" if is_first else NOT_THE_FIRST) or failed,
            registered.rotated_as,
            row.pk,
            self._registered,
            registered.format,
            row.zone_name,
            is_newest=row.follow == Follow.NEWEST,
            parent="" if row.parent_id is None else str(row.parent_id),
            redaction=redaction,
        )


def _redaction_of(slugs: frozenset[str]) -> tuple[Redaction | None, str]:
    """What hides secrets in the log with these slugs, and why it can't be read without: one of `reasons`, or ""."""
    try:
        return _redaction(slugs, digest(), own_values()), ""
    except RuleFailed as error:
        return None, why_failed(error)


@functools.lru_cache(maxsize=MOST_REDACTIONS)
def _redaction(slugs: frozenset[str], digest: str, own: tuple[str, ...]) -> Redaction | None:
    """What hides secrets in the log with these slugs, made once for the same settings. Raises `RuleFailed`."""
    rules = rules_for(slugs)
    return Redaction(tuple(rules), f"{digest}{hash(own)}") if rules else None


def is_fed_by_us(path: Path) -> bool:
    """Whether this process's `django_logtail` loggers write to that file."""
    where: logging.Logger | None = logging.getLogger("django_logtail")
    while where is not None:
        for handler in where.handlers:
            if isinstance(handler, logging.FileHandler) and Path(handler.baseFilename) == path.absolute():
                return True
        where = where.parent if where.propagate else None
    return False
