"""The parts of one reader: what it does at the same time, and the ending that one of them comes to."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from enum import Enum
from typing import Any, Final

from django_logtail.timing import Supervisor, whereabouts

logger = logging.getLogger(__name__)

#: Seconds that all parts together may take to end. What has not ended then is left behind.
ENDING_SECONDS: Final = 5.0
#: Failures of a part in a row after which the reader ends with its error; the next one begins with nothing of it.
TRIES: Final = 5


class Ending(str, Enum):
    """Why a reader ended."""

    IDLE = "nothing was wanted"
    LOST = "another reader holds the lease"
    HANDED_OVER = "the worker shuts down"
    ORPHANED = "Redis did not answer"


class Parts:
    """The tasks of one reader, which end together. Belongs to the event loop it is made in."""

    def __init__(self, owner: str) -> None:
        """`owner` names the reader in the log."""
        #: Why the reader ends, once there is a reason.
        self.ending: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        self.supervisor = Supervisor(owner)
        self._owner = owner

    def start(self, name: str, part: Callable[[], Awaitable[Ending | None]]) -> None:
        """Begin a part that the reader cannot do without: its ending is the reader's.

        One that fails is begun again; when it fails TRIES times in a row, its error is the reader's as well.
        """
        task = self.supervisor.keep(name, part, tries=TRIES)
        task.add_done_callback(self._part_ended)

    def start_aside(self, name: str, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Start a task that may end or fail on its own."""
        return self.supervisor.spawn(name, work)

    def failed(self, name: str, error: Exception) -> None:
        """Log and count an error that does not end the reader."""
        self.supervisor.failed(name, error)

    def end(self, ending: Ending) -> None:
        """Have the reader end for this reason, unless it ends already."""
        if not self.ending.done():
            self.ending.set_result(ending)

    async def cancel(self) -> None:
        """End whatever was begun; leave behind what does not end within ENDING_SECONDS."""
        self.ending.cancel()  # if there was no reason to end
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
