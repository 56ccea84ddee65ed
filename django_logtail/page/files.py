"""What the page shows about each log's file: its size, and whether it is being written.

If this host's worker reads the log and the file is here, a look at the file tells (`sizes`). Otherwise the log's reader
reports it while somebody is watching (`operating.reports`).
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django_logtail.conf import conf
from django_logtail.models import Follow, Log, rows_with_files
from django_logtail.operating.reports import reports
from django_logtail.page.sizes import sizes
from django_logtail.tailing.belonging import Belonging, Registered, Row

#: A log is "being written" when its file changed this recently.
WRITING_SECONDS: Final = 10.0
#: All rows as of the last list: what another one has is not the newest file of a pattern.
_registered: Final = Registered()


@dataclass(frozen=True, slots=True)
class File:
    """`size`: bytes; None if unknown."""

    size: int | None
    is_being_written: bool


def files_of(logs: Collection[Log]) -> Mapping[Log, File]:
    here = {log: log.file for log in logs if log.queue_name == conf.QUEUE}
    seen = sizes.of(here.values(), conf.ROOTS, _newest(here))
    found = {}
    for log in logs:
        if log in here and (look := seen.get(here[log])) is not None:
            found[log] = File(look.size, time.time() - look.written < WRITING_SECONDS)
        else:
            found[log] = File(reports.size(log.queue_name, str(log.pk)), is_being_written=False)
    return found


def _newest(logs: Collection[Log]) -> Mapping[Path, Belonging]:
    """By path, the logs that are the newest of several files."""
    found = [log for log in logs if log.follow == Follow.NEWEST]
    if found:
        _registered.update(
            Row(row.pk, row.file, row.registration.rotated_as, row.follow == Follow.NEWEST)
            for row in rows_with_files()
        )
    return {
        log.file: Belonging(log.file, key=log.pk, registered=_registered, matching=log.file.name)
        for log in found
    }
