"""The report of one reader for operators: its identity and the state of each log."""

from __future__ import annotations

import asyncio
import contextlib
import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Final

from django_logtail.control import Control, ControlUnavailable
from django_logtail.control.failed import failed_here
from django_logtail.control.process import in_thread
from django_logtail.control.wire import ignored
from django_logtail.reader.flow import Flow
from django_logtail.reader.flows import Flows
from django_logtail.reader.lease import Lease

#: Seconds between reports, and while nothing changes.
REPORT_SECONDS: Final = 1.0
RESTING_REPORT_SECONDS: Final = 4.0


class Report:
    """The report, rewritten each time; it expires unless renewed."""

    def __init__(
        self,
        flows: Flows,
        lease: Lease,
        control: Control,
        clock: Callable[[], float],
        fail: Callable[[Flow, Exception], None],
    ) -> None:
        """`fail` is called for a flow that can't report its state."""
        self._fail = fail
        self._flows = flows
        self._lease = lease
        self._control = control
        self._clock = clock
        self._started_at = time.time()

    async def keep(self) -> None:
        """Report forever."""
        reported_at, reported = -math.inf, 0
        while True:
            passed = self._clock() - reported_at
            has_changed = self._flows.moving or len(self._flows) != reported
            if has_changed or passed >= RESTING_REPORT_SECONDS:
                reported_at, reported = self._clock(), len(self._flows)
                with contextlib.suppress(ControlUnavailable):
                    await in_thread(self._control.report, self._lease.queue, self._content(passed))
            await asyncio.sleep(REPORT_SECONDS)

    def _content(self, seconds: float) -> dict[str, Any]:
        reader = self._lease.shown
        return {
            "host": reader.host,
            "pid": reader.pid,
            "thread": threading.current_thread().name,
            "version": reader.version,
            "since": self._started_at,
            "logs": self._logs(seconds),
            "failures": [asdict(failure) for failure in failed_here()],
            "ignored": ignored.counts,
            "unsent": self._lease.unsent,
        }

    def _logs(self, seconds: float) -> dict[str, dict[str, Any]]:
        """By log: state, size, how many flows read it, bytes/s of the fastest, bytes behind of the slowest."""
        logs: dict[str, dict[str, Any]] = {}
        for flow in self._flows:
            other = logs.get(flow.want.log, {"flows": 0, "rate": 0, "behind": 0})
            try:
                logs[flow.want.log] = _facts(flow, seconds, other)
            except Exception as error:  # noqa: BLE001 - any error affects only this flow
                self._fail(flow, error)
        return logs


def _facts(flow: Flow, seconds: float, other: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of a flow, combined with `other`, those of another flow of the same log."""
    state, reason = flow.state
    rate = round((flow.emitted - flow.reported) / seconds)
    flow.reported = flow.emitted
    return {
        "state": state,
        "reason": reason,
        "size": flow.size,
        "flows": other["flows"] + 1,
        "rate": max(other["rate"], rate),
        "behind": max(other["behind"], _bytes_behind(flow)),
    }


def _bytes_behind(flow: Flow) -> int:
    position = flow.follower.position if flow.follower is not None else None
    return max(0, flow.size - position.offset) if position is not None and flow.size is not None else 0
