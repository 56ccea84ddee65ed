"""What is being read and watched now, and what is stopped, as readers and web processes report it.

With `LOGTAIL["READER"] = "local"` this is what the calling process knows about itself: other processes do not report.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone

from django.contrib.auth import get_user_model
from django.utils.translation import gettext

from django_logtail import stop_flag
from django_logtail.control import FailedTask, ViewerFacts
from django_logtail.control.process import control
from django_logtail.models import Log
from django_logtail.operating.advice import next_step
from django_logtail.operating.reports import Report, ReportedLog, report_of
from django_logtail.relay.absence import absence
from django_logtail.remedies import REMEDIES
from django_logtail.states import as_told, log_state
from django_logtail.stop_flag import StopFlag
from django_logtail.tailing.reasons import code_of, in_full


@dataclass(frozen=True, slots=True)
class RunningReader:
    """The process that reads a queue. `thread`: the name of its one thread; `since`: when it started."""

    host: str
    pid: int
    thread: str
    version: str
    since: datetime


@dataclass(frozen=True, slots=True)
class ReadLog:
    """One log that a reader reads, or tries to read.

    `state`: as in the protocol's `status`. `reason`: one of `reasons`, put into words where it is shown. `size`: bytes,
    None while the file is not open. `rate`: bytes/s of the fastest flow. `behind`: bytes that the slowest flow has yet
    to read. `flows`: how many positions in the file are being read, about one per web process. `viewers`: up to ten
    seconds old. `cause`: the code of `reason`.
    """

    log: Log
    state: str
    reason: str
    size: int | None
    rate: int
    behind: int
    flows: int
    viewers: int
    cause: str = ""

    @property
    def next_step(self) -> str:
        """What to do about it; "" if nothing."""
        state = log_state(self.state)
        return next_step(self.log, state, self.cause) if state is not None and state.is_answer else ""


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue named by logs. `waiting`: viewers of its logs, whether or not it has a reader. `absence`: why it has no
    reader although some wait, as one of `reasons`; "" if unknown.
    """

    name: str
    reader: RunningReader | None
    logs: tuple[ReadLog, ...]
    stops: tuple[StopFlag, ...]
    waiting: int
    absence: str = ""

    @property
    def why(self) -> str:
        """The absence, in the active language."""
        return in_full(self.absence, gettext)

    @property
    def remedy(self) -> tuple[str, str]:
        """What to do about having no reader, and what to run."""
        found = REMEDIES.get(code_of(self.absence) or "no-reader", REMEDIES["no-reader"])
        return str(found.text), found.paste.replace("{queue}", self.name)


@dataclass(frozen=True, slots=True)
class Viewer:
    """One viewer. `user`: the name, or the primary key of a deleted user; `address`: the peer's; `session`: the name by
    which it can be ended.
    """

    log: Log
    user: str
    since: datetime
    address: str
    session: str = ""
    user_id: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """Failures of one task in a process since it started: how often, and when and how most recently."""

    host: str
    pid: int
    task: str
    count: int
    error: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Status:
    """`ignored`: messages that readers and web processes could not use since they started, by kind."""

    queues: tuple[Queue, ...]
    viewers: tuple[Viewer, ...]
    failures: tuple[Failure, ...] = ()
    ignored: Mapping[str, int] = field(default_factory=dict)


def current_status() -> Status:
    """The current status, from Redis and never from a reader. Raises `control.ControlUnavailable`.

    It also raises that for a Redis that can't store anything: reports expire there, and their absence would suggest
    that no reader runs.
    """
    control().ping()
    logs = {str(log.pk): log for log in Log.objects.select_related("parent")}
    facts = [viewer for viewer in control().viewers() if viewer.log in logs]
    flags = stop_flag.stops() if stop_flag.is_available() else []
    # A report outlives its reader by some seconds, and so does its count of ignored messages.
    reports = {name: report_of(name, control()) or Report() for name in stop_flag.queues()}
    living = {name: report for name, report in reports.items() if control().reader(name) is not None}
    queues = tuple(_queue(name, living.get(name), logs, facts, flags) for name in reports)
    ignored = sum((Counter(report.ignored) for report in reports.values()), Counter(control().ignored()))
    return Status(queues, _viewers(facts, logs), _failures(living.values()), dict(ignored))


def _queue(
    name: str, report: Report | None, logs: Mapping[str, Log], facts: list[ViewerFacts], flags: list[StopFlag]
) -> Queue:
    watching = Counter(viewer.log for viewer in facts)
    mine = [viewer for viewer in facts if logs[viewer.log].queue_name == name]
    is_absent = bool(mine) and (report is None or not report.host)
    read = report.logs if report is not None else {}
    return Queue(
        name,
        _reader(report) if report is not None and report.host else None,
        tuple(
            _read_log(logs[pk], read[pk], watching[pk])
            for pk in sorted(read.keys() & logs.keys(), key=lambda pk: logs[pk].slug)
        ),
        tuple(flag for flag in flags if flag.queue == name and (flag.log is not None or flag.is_for_all)),
        len(mine),
        absence(control(), name, round(min(viewer.since for viewer in mine))) if is_absent else "",
    )


def _reader(report: Report) -> RunningReader:
    return RunningReader(report.host, report.pid, report.thread, report.version, _moment(report.since))


def _read_log(log: Log, read: ReportedLog, viewers: int) -> ReadLog:
    return ReadLog(
        log,
        as_told(read.state),
        read.reason,
        read.size,
        read.rate,
        read.behind,
        read.flows,
        viewers,
        code_of(read.reason),
    )


def _viewers(facts: list[ViewerFacts], logs: Mapping[str, Log]) -> tuple[Viewer, ...]:
    found = get_user_model()._default_manager.in_bulk({viewer.user for viewer in facts})
    names = {str(pk): user.get_username() for pk, user in found.items()}
    viewers = (
        Viewer(
            logs[viewer.log],
            names.get(viewer.user, viewer.user),
            _moment(viewer.since),
            viewer.address,
            viewer.session,
            viewer.user,
        )
        for viewer in facts
    )
    return tuple(sorted(viewers, key=lambda viewer: (viewer.log.slug, viewer.since, viewer.user)))


def _failures(reports: Iterable[Report]) -> tuple[Failure, ...]:
    """Failures of web processes and readers, the latest first."""
    found = [*control().failures(), *(failed for report in reports for failed in report.failures)]
    latest: dict[tuple[str, int, str], FailedTask] = {}
    for failed in sorted(found, key=lambda failed: failed.count):
        latest[failed.host, failed.pid, failed.task] = failed  # one process may be in two reports
    failures = (
        Failure(failed.host, failed.pid, failed.task, failed.count, failed.error, _moment(failed.at))
        for failed in latest.values()
    )
    return tuple(sorted(failures, key=lambda failure: failure.at, reverse=True))


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, tz=timezone.utc)
