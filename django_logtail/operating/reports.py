"""What readers report about themselves and about each log they read: its state, size and rate.

Many pages request this every few seconds, and get reports kept for a moment; the status always fetches new ones.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final

from django_logtail.control import Control, ControlUnavailable, FailedTask
from django_logtail.control.messages import failed_tasks
from django_logtail.control.process import control

#: Seconds a report is kept; readers write one a second.
KEPT_SECONDS: Final = 2.0
#: Seconds without another attempt after Redis did not answer: each may delay a page by two seconds.
SILENT_SECONDS: Final = 15.0


@dataclass(frozen=True, slots=True)
class ReportedLog:
    """A log as reported. `state` is the reader's own word; `size`: bytes, None while the file is not open."""

    state: str = ""
    reason: str = ""
    size: int | None = None
    rate: int = 0
    behind: int = 0
    flows: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """What the reader of a queue last reported. `logs`: by id; `since`: Unix seconds."""

    host: str = ""
    pid: int = 0
    thread: str = ""
    version: str = ""
    since: float = 0.0
    logs: Mapping[str, ReportedLog] = field(default_factory=dict)
    failures: tuple[FailedTask, ...] = ()
    ignored: Mapping[str, int] = field(default_factory=dict)


def report_of(queue: str, asked: Control) -> Report | None:
    """The last report of the queue's reader; None if there is none. Raises `ControlUnavailable`."""
    told = asked.status(queue)
    if told is None:
        return None
    told = {
        **told,
        "logs": {
            log: ReportedLog(**_known(ReportedLog, facts)) for log, facts in told.get("logs", {}).items()
        },
        "failures": tuple(failed_tasks(told)),
    }
    return Report(**_known(Report, told))


def _known(kind: type, told: Mapping[str, Any]) -> dict[str, Any]:
    """`told` without fields that only a later release knows."""
    return {one.name: told[one.name] for one in fields(kind) if one.name in told}


class Reports:
    """The readers' reports, by queue, kept for a moment. Thread-safe."""

    def __init__(self, find: Callable[[], Control] = control, clock: Callable[[], float] = time.monotonic):
        self._find = find
        self._clock = clock
        self._lock = threading.Lock()
        self._control: Control | None = None
        self._kept: dict[str, tuple[float, Report]] = {}
        self._silent_until = 0.0

    def size(self, queue: str, log: str) -> int | None:
        """Bytes of the log's file; None if no reader of that queue reads it now, or its report is unavailable."""
        read = self._report(queue).logs.get(log)
        return read.size if read is not None and isinstance(read.size, int) else None

    def _report(self, queue: str) -> Report:
        with self._lock:
            now = self._clock()
            try:
                asked = self._find()
                if asked is not self._control:
                    self._control, self._silent_until = asked, 0.0
                    self._kept.clear()
                at, report = self._kept.get(queue, (float("-inf"), Report()))
                if now - at < KEPT_SECONDS or now < self._silent_until:
                    return report
                report = report_of(queue, asked) or Report()
            except ControlUnavailable:
                self._silent_until = now + SILENT_SECONDS
                report = Report()
            self._kept[queue] = now, report
            return report


#: This process's own.
reports = Reports()
