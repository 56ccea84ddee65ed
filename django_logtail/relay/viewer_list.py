"""Who watches through this process, for those who look after the host."""

from __future__ import annotations

import asyncio
import contextlib

from django_logtail.control import VIEWERS_SECONDS, Control, ControlUnavailable, ViewerFacts
from django_logtail.control.process import in_thread


class ViewerList:
    """The viewers of one process, posted as one list: nobody needs a single one of them."""

    def __init__(self, process: str, control: Control) -> None:
        self.by_session: dict[str, ViewerFacts] = {}
        self._process = process
        self._control = control
        self._changed = asyncio.Event()

    def enter(self, facts: ViewerFacts) -> None:
        """Somebody watches."""
        self.by_session[facts.session] = facts
        self._changed.set()

    def exit(self, session: str) -> None:
        del self.by_session[session]
        self._changed.set()

    async def report(self) -> None:
        """For ever: soon after somebody came or went, and before the list lapses."""
        loop = asyncio.get_running_loop()
        while True:
            renewal = loop.call_later(VIEWERS_SECONDS, self._changed.set) if self.by_session else None
            await self._changed.wait()
            self._changed.clear()
            if renewal is not None:
                renewal.cancel()
            with contextlib.suppress(ControlUnavailable):
                viewers = list(self.by_session.values())
                await in_thread(self._control.report_viewers, self._process, viewers)
            await asyncio.sleep(1.0)
