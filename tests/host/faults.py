"""Faults in and between the running processes of an installation: messages and the clock.

A test says so with symbolic links in the folder that the environment variable FAULTS names, because their targets
can be replaced at once and read in a microsecond: `layer` -> "drop", `worker-clock` -> "3600".
"""

import os
import time
from pathlib import Path
from typing import Any

from django.utils.module_loading import import_string

FOLDER = Path(os.environ.get("FAULTS", "/nonexistent"))
#: Which of the messages to mailboxes a fault hits.
EVERY = 10

_real_time = time.time


def fault(name: str) -> str:
    """What the test wants to go wrong now, "" for nothing."""
    try:
        return str((FOLDER / name).readlink())
    except OSError:
        return ""


def step_clock(name: str) -> None:
    """From now on `time.time` in this process is the real one plus the seconds that the fault `name` says."""
    time.time = lambda: _real_time() + float(fault(name) or 0)


class FaultyLayer:
    """The channel layer `BASE`, whose every tenth message to a mailbox is dropped, doubled or overtaken by the next."""

    def __init__(self, BASE: str, **config: Any) -> None:
        self._layer = import_string(BASE)(**config)
        self._count = 0
        self._held: tuple[str, dict[str, Any]] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._layer, name)

    async def send(self, channel: str, message: dict[str, Any]) -> None:
        self._count += 1
        if self._count % EVERY == 0:
            match fault("layer"):
                case "drop":
                    return
                case "double":
                    await self._layer.send(channel, message)
                case "reorder":
                    self._held = (channel, message)
                    return
        await self._layer.send(channel, message)
        if self._held is not None:
            held, self._held = self._held, None
            await self._layer.send(*held)
