"""Where the files of logs are, and which may not be read: what the registry and the stop flag say."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from django.db import Error, close_old_connections

from django_logtail.conf import conf
from django_logtail.models import Log, first_of_each_file
from django_logtail.tailing.belonging import Belonging, Registered, Row
from django_logtail.tailing.files.opening import Permit
from django_logtail.tailing.files.roots import Roots, tidied
from django_logtail.tailing.files.system import System
from django_logtail.tailing.reasons import reason

#: Looks at the registry at once, each with a connection to the database.
LOOK_UPS: Final = 4
#: Seconds for which what was found of a log serves those who ask for what is in its file already.
FRESH_SECONDS: Final = 1.0
#: The registry does not have the log, or has it disabled.
NOT_REGISTERED: Final = reason("not-registered")
#: The viewer was admitted for an earlier state of the log's row; they are admitted again, or not.
CHANGED: Final = reason("changed")
#: A row that no form has validated: through links, the parent may be another directory than the path says.
UP: Final = reason("upwards")
#: Every row but the oldest of one file.
NOT_THE_FIRST: Final = reason("taken")

#: Said once when such a log is opened: a few lines per reader, never one per line.
FED_BY_US: Final = (
    "django-logtail's own messages go to this log: a few when a reader starts or stops, none for a line"
)


class NotThere(Exception):
    """What was asked for may not be read, or no longer. The text is one of `reasons`, for whoever asked."""


@dataclass(frozen=True, slots=True)
class Source:
    """What the registry says of a log: where its file is, how its bytes are to be cut, what rotation calls it.

    `registered` are all rows that may have files here, whose files are not this log's.
    """

    path: Path
    encoding: str
    name: str
    #: The state of its row: what was asked for in another one is not served. "" only in tests of the reader alone.
    revision: str = ""
    #: Why nobody may read it all the same; "" when they may.
    refusal: str = ""
    rotated_as: str = ""
    key: int = 0
    registered: Registered | None = field(default=None, compare=False, repr=False)
    #: The format that it was given; "" where it is found.
    format: str = ""

    @property
    def belonging(self) -> Belonging:
        """Which files are this log's."""
        return Belonging(self.path, self.rotated_as, self.key, self.registered)

    def permit(self, roots: Permit) -> Permit:
        """What decides about an open descriptor: the roots, and whether another row has this file."""

        def refusal(descriptor: int) -> str | None:
            if (text := roots(descriptor)) is not None:
                return text
            found = os.fstat(descriptor)
            return self.belonging.refusal(name_of(descriptor), (found.st_dev, found.st_ino))

        return refusal


class Sources:
    """Looks logs up.

    `find` maps log ids to sources, leaving out logs that may not be read here; it may block, and is called in a thread:
    none of those that read files, which a file system that is gone keeps for good.
    """

    def __init__(
        self,
        find: Callable[[Collection[str]], Mapping[str, Source]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._find = find
        self._threads = ThreadPoolExecutor(max_workers=LOOK_UPS, thread_name_prefix="logtail-registry")
        #: The stop flag as the last tick brought it: log id or "*" -> reason.
        self.stops: Mapping[str, str] = {}
        self._clock = clock
        self._found: dict[str, tuple[float, Source | None]] = {}

    async def look_up(self, logs: Collection[str]) -> Mapping[str, Source]:
        """The sources of those logs that are registered here. Raises whatever the host's database does."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._find, logs)

    async def look_up_each(self, logs: Collection[str]) -> dict[str, Source | Exception | None]:
        """By log its source, None when it is not registered here, or what looking it up raises for this one alone.

        Raises Django's `Error` when the registry cannot be read.
        """
        try:
            found = await self.look_up(logs)
        except Error:
            raise
        except Exception:  # noqa: BLE001 - which of them it is about is found out below
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

    async def of(self, log: str, revision: str) -> Source:
        """The log's source in this revision. Raises `NotThere` when it may not be read here."""
        if (stopped := self.stop_reason(log)) is not None:
            raise NotThere(stopped)
        source = await self._of_late(log, revision)
        if source is None:
            raise NotThere(NOT_REGISTERED)
        if source.revision != revision:
            raise NotThere(CHANGED)
        if source.refusal:
            raise NotThere(source.refusal)
        return source

    async def _of_late(self, log: str, revision: str) -> Source | None:
        """As it was found within the last second, or now when that is of another revision."""
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
        """Why the stop flag forbids to read the log; None when it does not."""
        return self.stops.get(log, self.stops.get("*"))


def name_of(descriptor: int) -> Path | None:
    """Where an open file is; None if unknown."""
    try:
        return System().name_of(descriptor)
    except OSError:
        return None


class Registry:
    """The registry of this host, as it was when it was last asked."""

    def __init__(self) -> None:
        #: The same object for every source: what is open learns of rows that are new.
        self._registered = Registered()

    def find(self, logs: Collection[str]) -> Mapping[str, Source]:
        """Where the files of these logs are; without those that are gone or disabled. Blocks."""
        close_old_connections()
        try:
            # Disabled ones and those of other queues too: their files are nobody else's, whoever reads them.
            every = Log.objects.order_by("pk").values_list("pk", "path", "rotated_as")
            self._registered.update(Row(pk, Path(tidied(path)), rotated_as) for pk, path, rotated_as in every)
            rows = list(Log.objects.filter(pk__in=[int(log) for log in logs], enabled=True))
            first = first_of_each_file() if rows else {}
            return {
                str(row.pk): self._source(row, is_first=first.get(row.file_key, row.pk) == row.pk)
                for row in rows
            }
        finally:
            close_old_connections()

    def _source(self, row: Log, *, is_first: bool) -> Source:
        path = Path(tidied(row.path))
        outside = UP if ".." in path.parts else Roots(conf.ROOTS).refusal_of_path(path)
        return Source(
            path,
            row.encoding,
            row.name,
            row.revision,
            outside or ("" if is_first else NOT_THE_FIRST),
            row.rotated_as,
            row.pk,
            self._registered,
            row.format,
        )


def is_fed_by_us(path: Path) -> bool:
    """Whether what this process' `django_logtail` loggers say ends in that file."""
    where: logging.Logger | None = logging.getLogger("django_logtail")
    while where is not None:
        for handler in where.handlers:
            if isinstance(handler, logging.FileHandler) and Path(handler.baseFilename) == path.absolute():
                return True
        where = where.parent if where.propagate else None
    return False
