"""The parts of one reader: what it does at the same time, and the ending that one of them comes to."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from enum import Enum
from typing import Any


class Ending(str, Enum):
    """Why a reader ended."""

    IDLE = "nothing was wanted"
    LOST = "another reader holds the lease"
    HANDED_OVER = "the worker shuts down"
    ORPHANED = "Redis did not answer"


class Parts:
    """The tasks of one reader, which end together. Belongs to the event loop it is made in."""

    def __init__(self) -> None:
        #: Why the reader ends, once there is a reason.
        self.ending: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, part: Coroutine[Any, Any, Ending | None]) -> asyncio.Task[Ending | None]:
        """Begin a part that the reader cannot do without: its ending is the reader's, and so is its error."""
        task: asyncio.Task[Ending | None] = self.start_aside(part)
        task.add_done_callback(self._part_ended)
        return task

    def start_aside(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Begin something that may end or fail by itself."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def end(self, ending: Ending) -> None:
        """Have the reader end for this reason, unless it ends already."""
        if not self.ending.done():
            self.ending.set_result(ending)

    async def cancel(self) -> None:
        """End whatever was begun."""
        self.ending.cancel()  # if there was no reason to end
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _part_ended(self, task: asyncio.Task[Ending | None]) -> None:
        if task.cancelled():
            return
        if (error := task.exception()) is None:
            if (ending := task.result()) is not None:
                self.end(ending)
        elif not self.ending.done():
            self.ending.set_exception(error)
