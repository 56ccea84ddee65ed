"""Viewings and actions that go on: what is delivered in them, and how they end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from django_logtail.audit import records
from django_logtail.audit.ranges import Ranges
from django_logtail.audit.recorder import Recorder, recorder_here
from django_logtail.audit.records import Record, Subject
from django_logtail.protocol import Frame

#: Hosts kept for one viewing: a log has one, unless it moves.
MOST_HOSTS: Final = 10
#: Seconds without a request after which a viewing over HTTP has ended: a page asks every few seconds.
QUIET_SECONDS: Final = 60.0
#: Viewings over HTTP that one process has open; the oldest ends.
MOST_OVER_HTTP: Final = 2_000

#: The outcome of a viewer who went away.
LEFT: Final = "left"


class Delivered:
    """Bytes of a log that somebody was sent: how many, which, and from which hosts. From any thread."""

    def __init__(self) -> None:
        self.bytes = 0
        self._ranges = Ranges()
        self._hosts: list[str] = []
        self._lock = threading.Lock()

    def add(self, file: str, start: int, end: int, size: int) -> None:
        """`size` bytes were sent, of [start, end) of a file."""
        with self._lock:
            self.bytes += size
            self._ranges.add(file, start, end)

    def name(self, file: str, name: str) -> None:
        """What a file is called: the last part of its path."""
        if name:
            with self._lock:
                self._ranges.name(file, PurePosixPath(name).name)

    def frame(self, frame: Frame, host: str = "") -> None:
        """A frame was sent. Only where its text is counts, never the text."""
        fields = frame.fields
        file = fields.get("file")
        if host and host not in self._hosts and len(self._hosts) < MOST_HOSTS:
            self._hosts.append(host)
        if not isinstance(file, str):
            return
        if frame.kind == "batch":
            self.add(file, fields["start"], fields["end"], len(frame.data or b""))
        elif frame.kind == "found":
            self.name(file, fields.get("name", ""))
            for hit in fields["hits"]:
                self.add(file, hit["start"], hit["end"], sum(len(part.encode()) for part in hit["parts"]))

    def facts(self) -> dict[str, Any]:
        """As the fields of a record."""
        with self._lock:
            return {
                "bytes": self.bytes,
                "hosts": list(self._hosts),
                "ranges": self._ranges.told(),
                "exact": self._ranges.is_exact,
            }


class OpenViewing:
    """A viewing that goes on in this process. From any thread."""

    def __init__(self, recorder: Recorder, subject: Subject, quiet_seconds: float | None = None) -> None:
        """`quiet_seconds`: after so long without `touch` it has ended; None: it ends by itself."""
        self.subject = subject
        self.delivered = Delivered()
        self._recorder = recorder
        self._record = records.viewing(subject, recorder.clock(), recorder.process)
        self._told_bytes = 0
        self._asked_at: dict[str, float] = {}
        self._quiet_seconds = quiet_seconds
        self._touched_at = recorder.clock()
        self._is_closed = False
        self._lock = threading.Lock()
        recorder.put(self._record)
        recorder.enter(self.id, self)

    @property
    def id(self) -> str:
        return str(self._record["id"])

    def is_new(self, action: str, seconds: float) -> bool:
        """Whether this was last asked about the action so many seconds ago, or never."""
        now = self._recorder.clock()
        is_new = now - self._asked_at.get(action, float("-inf")) >= seconds
        if is_new:
            self._asked_at[action] = now
        return is_new

    @property
    def is_closed(self) -> bool:
        return self._is_closed

    def touch(self) -> None:
        """Its viewer is still there."""
        self._touched_at = self._recorder.clock()

    def progress(self, now: float) -> Record | None:
        if self._is_closed or self.delivered.bytes == self._told_bytes:
            return None
        self._told_bytes = self.delivered.bytes
        return records.progress(self._record, now, **self.delivered.facts())

    def close(self, outcome: str, code: int | None = None) -> None:
        """`outcome`: how it ended, in a word; `code`: the socket's close code."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
        self._recorder.exit(self.id)
        facts = self.delivered.facts()
        self._recorder.put(records.end(self._record, outcome, self._recorder.clock(), code=code, **facts))

    def expire(self, now: float) -> None:
        if self._quiet_seconds is not None and now - self._touched_at >= self._quiet_seconds:
            self.close(LEFT)


class OpenAction:
    """Something that takes a while, such as a search or a download."""

    def __init__(
        self,
        recorder: Recorder,
        action: str,
        subject: Subject,
        detail: Mapping[str, Any],
        viewing: OpenViewing | None = None,
    ) -> None:
        self.delivered = Delivered()
        self._recorder = recorder
        self._detail = dict(detail)
        self._sent = 0
        of = viewing.id if viewing is not None else None
        self._record = records.event(action, subject, recorder.clock(), detail, of)
        self._is_closed = False
        recorder.put(self._record)

    def sent(self, size: int, file: str = "") -> None:
        """The next `size` bytes of a response were sent; of this file, if they are its own."""
        at = self._sent
        self._sent += size
        if file:
            self.delivered.add(file, at, at + size, size)
        else:
            self.delivered.bytes += size

    def answered(self, frame: Frame) -> None:
        """A frame of its answer was made. The last one ends it."""
        self.delivered.frame(frame)
        fields = frame.fields
        if frame.kind == "error":
            self.close(str(fields.get("id", "failed")))
        elif frame.kind in ("done", "time"):
            # Never `written` or `reason`: these are texts.
            names = ("found", "count", "result", "file", "offset", "ms")
            facts = {name: fields[name] for name in names if fields.get(name) is not None}
            self.close("done", **facts)

    def close(self, outcome: str, **more: Any) -> None:
        """`outcome`: how it ended, in a word; `more`: what came of it, added to its detail. The first call counts."""
        if self._is_closed:
            return
        self._is_closed = True
        facts = self.delivered.facts()
        now = self._recorder.clock()
        self._recorder.put(records.end(self._record, outcome, now, detail={**self._detail, **more}, **facts))


def begin_viewing(subject: Subject) -> OpenViewing | None:
    """None if nothing is recorded."""
    recorder = recorder_here()
    return None if recorder is None else OpenViewing(recorder, subject)


def begin_action(
    action: str, subject: Subject, detail: Mapping[str, Any], viewing: OpenViewing | None = None
) -> OpenAction | None:
    """None if nothing is recorded."""
    recorder = recorder_here()
    return None if recorder is None else OpenAction(recorder, action, subject, detail, viewing)


def record_action(
    action: str,
    subject: Subject,
    detail: Mapping[str, Any],
    viewing: OpenViewing | None = None,
) -> None:
    """Something that is over at once."""
    recorder = recorder_here()
    if recorder is not None:
        of = viewing.id if viewing is not None else None
        recorder.put(records.event(action, subject, recorder.clock(), detail, of))


class OverHttp:
    """Viewings that consist of requests: those of one person for one log, from one address, until they pause."""

    def __init__(self, begin: Callable[[Subject], OpenViewing | None]) -> None:
        self._begin = begin
        self._open: dict[Subject, OpenViewing] = {}
        self._lock = threading.Lock()

    def of(self, subject: Subject) -> OpenViewing | None:
        """The viewing that a request belongs to; None if nothing is recorded."""
        with self._lock:
            found = self._open.pop(subject, None)
            if found is None or found.is_closed:
                found = self._begin(subject)
            if found is None:
                return None
            found.touch()
            self._open[subject] = found  # the most recent last
            for old in [old for old, viewing in self._open.items() if viewing.is_closed]:
                del self._open[old]
            if len(self._open) > MOST_OVER_HTTP:
                self._open.pop(next(iter(self._open))).close(LEFT)
            return found


def _begin_over_http(subject: Subject) -> OpenViewing | None:
    recorder = recorder_here()
    return None if recorder is None else OpenViewing(recorder, subject, QUIET_SECONDS)


over_http: Final = OverHttp(_begin_over_http)
