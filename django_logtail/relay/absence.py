"""Why a queue has no reader, as far as its workers' announcements and the broker reveal it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from django_logtail.control import Control, ControlUnavailable
from django_logtail.control.process import in_thread
from django_logtail.tailing.reasons import reason

#: Seconds between looks at what workers announce.
LOOK_SECONDS: Final = 2.0
#: Seconds by which two clocks may differ before the time since which a queue has been wanted changes on pages.
JITTER_SECONDS: Final = 2


class Absences:
    """What is known of each queue without a reader."""

    def __init__(self, control: Control, clock: Callable[[], float]) -> None:
        self._control = control
        self._clock = clock
        #: By queue: when it was last looked at, and the reason found.
        self._found: dict[str, tuple[float, str]] = {}
        self._unsent: dict[str, str] = {}
        self._since: dict[str, int] = {}

    def woken(self, queue: str, failure: str | None) -> None:
        """A wake-up was sent, or couldn't be for this reason."""
        if failure:
            self._unsent[queue] = failure
        else:
            self._unsent.pop(queue, None)

    def over(self, queue: str) -> None:
        """The queue has a reader."""
        self._found.pop(queue, None)
        self._unsent.pop(queue, None)
        self._since.pop(queue, None)

    def why(self, queue: str) -> str:
        """One of `reasons`; "" if unknown."""
        return self._unsent.get(queue) or self._found.get(queue, (0.0, ""))[1]

    async def look(self, queue: str, waited_seconds: float) -> None:
        """Find out, unless that was done a moment ago. `waited_seconds`: how long the queue has been wanted."""
        now = self._clock()
        if now - self._found.get(queue, (float("-inf"), ""))[0] < LOOK_SECONDS:
            return
        since = round(time.time() - waited_seconds)
        if abs(since - self._since.get(queue, 0)) > JITTER_SECONDS:
            self._since[queue] = since
        since = self._since[queue]
        try:
            why = await in_thread(absence, self._control, queue, since)
        except ControlUnavailable:
            return  # the next post tells
        self._found[queue] = now, why


def absence(control: Control, queue: str, since: int) -> str:
    """Why a queue that has been wanted since then has no reader, as one of `reasons`; "" if unknown. Blocks.

    Raises `ControlUnavailable`.
    """
    if not control.where:
        return ""
    serving = control.servers(queue)
    serving = [server for server in serving if server.is_named] or serving
    if not serving:
        return reason("no-worker", queue=queue, redis=control.where)
    processes = {(server.host, server.pid) for server in serving}
    full = [busy for busy in control.busy(queue) if (busy.host, busy.pid) in processes]
    if full:  # any others have ended without a word, or they would have started a reader
        return reason("worker-busy", host=full[0].host, count=sum(busy.tasks for busy in full), since=since)
    return reason("worker-silent", host=serving[0].host)


def unsent_by(control: Control, queue: str) -> str:
    """Why its running reader can't send what it reads, as one of `reasons`; "" if it doesn't say so. Blocks.

    Raises `ControlUnavailable`, also for a Redis that stores nothing any more: the reader can't report there either.
    """
    control.ping()
    report = control.status(queue) or {}
    error = report.get("unsent")
    return reason("unsent", host=str(report.get("host", "")), error=str(error)) if error else ""
