"""The viewers of this process, for operators."""

from __future__ import annotations

import asyncio
import contextlib

from django_logtail.control import VIEWERS_SECONDS, Control, ControlUnavailable, ViewerFacts
from django_logtail.control.process import in_thread
from django_logtail.timing import failures, pause


class ViewerList:
    """The viewers of one process, posted as one list because nobody needs a single one."""

    def __init__(self, process: str, control: Control) -> None:
        self.by_session: dict[str, ViewerFacts] = {}
        self._process = process
        self._control = control
        self._changed = asyncio.Event()

    def enter(self, facts: ViewerFacts) -> None:
        """Add a viewer."""
        self.by_session[facts.session] = facts
        self._changed.set()

    def exit(self, session: str) -> None:
        del self.by_session[session]
        self._changed.set()

    async def report(self) -> None:
        """Run forever: post soon after viewers come or go, and before the list expires."""
        while True:
            if self.by_session or failures.all():
                await pause(VIEWERS_SECONDS, unless=self._changed)
            else:
                await self._changed.wait()
            self._changed.clear()
            with contextlib.suppress(ControlUnavailable):
                viewers = list(self.by_session.values())
                await in_thread(self._control.report_viewers, self._process, viewers)
            await asyncio.sleep(1.0)
