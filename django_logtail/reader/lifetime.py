"""The concurrent parts of one reader, and the reason for its end, which one of them gives."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from enum import Enum
from typing import Any, Final

from django_logtail.timing import Supervisor, whereabouts

logger = logging.getLogger(__name__)

#: Seconds that all parts together may take to end. Any that have not ended by then are abandoned.
ENDING_SECONDS: Final = 5.0
#: Consecutive failures of a part after which the reader ends with its error; the next reader starts afresh.
TRIES: Final = 5


class Ending(str, Enum):
    """Why a reader ended."""

    IDLE = "nothing was wanted"
    LOST = "another reader holds the lease"
    HANDED_OVER = "the worker shuts down"
    ORPHANED = "Redis did not answer"


class Parts:
    """The tasks of one reader, which end together. Belongs to the event loop it is created in."""

    def __init__(self, owner: str) -> None:
        """`owner` names the reader in the log."""
        #: Why the reader ends, once there is a reason.
        self.ending: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        self.supervisor = Supervisor(owner)
        self._owner = owner

    def start(self, name: str, part: Callable[[], Awaitable[Ending | None]]) -> None:
        """Start a part that the reader needs: when it ends, so does the reader.

        A part that fails is restarted; if it fails TRIES times in a row, its error ends the reader.
        """
        task = self.supervisor.keep(name, part, tries=TRIES)
        task.add_done_callback(self._part_ended)

    def start_task(self, name: str, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Start a task that may end or fail on its own."""
        return self.supervisor.spawn(name, work)

    def failed(self, name: str, error: Exception) -> None:
        """Log and count an error that doesn't end the reader."""
        self.supervisor.failed(name, error)

    def end(self, ending: Ending) -> None:
        """End the reader for this reason, unless it is already ending."""
        if not self.ending.done():
            self.ending.set_result(ending)

    async def cancel(self) -> None:
        """End whatever was started; abandon what doesn't end within ENDING_SECONDS."""
        self.ending.cancel()  # in case there was no reason to end
        for task in await self.supervisor.close(ENDING_SECONDS):
            logger.error(
                "%s: %s did not end within %g s and was abandoned at %s",
                self._owner,
                task.get_name(),
                ENDING_SECONDS,
                whereabouts(task),
            )

    def _part_ended(self, task: asyncio.Task[Ending | None]) -> None:
        if task.cancelled():
            return
        if (error := task.exception()) is None:
            if (ending := task.result()) is not None:
                self.end(ending)
        elif not self.ending.done():
            self.ending.set_exception(error)
