"""What readers last said of the logs they read, kept for a moment: many pages ask for it, each every few seconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from django_logtail.control import Control, ControlUnavailable
from django_logtail.control.process import control

#: Seconds a report is kept; readers make one a second.
KEPT_SECONDS: Final = 2.0
#: Seconds in which nothing is asked after Redis did not answer: each try may take a page two seconds.
SILENT_SECONDS: Final = 15.0


class Reports:
    """The readers' reports, by queue. Any thread may ask."""

    def __init__(self, find: Callable[[], Control] = control, clock: Callable[[], float] = time.monotonic):
        self._find = find
        self._clock = clock
        self._lock = threading.Lock()
        self._control: Control | None = None
        self._kept: dict[str, tuple[float, Mapping[str, Any]]] = {}
        self._silent_until = 0.0

    def size(self, queue: str, log: str) -> int | None:
        """Bytes of the log's file; None when no reader of that queue reads it now, or none can be asked."""
        size = self._logs(queue).get(log, {}).get("size")
        return size if isinstance(size, int) else None

    def _logs(self, queue: str) -> Mapping[str, Any]:
        with self._lock:
            now = self._clock()
            try:
                asked = self._find()
                if asked is not self._control:
                    self._control, self._silent_until = asked, 0.0
                    self._kept.clear()
                at, logs = self._kept.get(queue, (float("-inf"), {}))
                if now - at < KEPT_SECONDS or now < self._silent_until:
                    return logs
                logs = (asked.status(queue) or {}).get("logs", {})
            except ControlUnavailable:
                self._silent_until = now + SILENT_SECONDS
                logs = {}
            self._kept[queue] = now, logs
            return logs


#: Of this process.
reports = Reports()
