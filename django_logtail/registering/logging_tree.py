"""The files that this process's own loggers write to. Looks at handlers only, and opens no file."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

#: More handlers than this are not looked at.
MOST_HANDLERS: Final = 200


def log_files() -> list[Path]:
    """Absolute paths, each once, in the order of their handlers.

    Every handler of a file has its path in `baseFilename`: `logging.FileHandler`, its subclasses, and
    concurrent-log-handler. `SpoolHandler` has none: its log registers itself.
    """
    found: dict[Path, None] = {}
    for handler in _handlers():
        name = getattr(handler, "baseFilename", None)
        if isinstance(name, (str, os.PathLike)) and os.fspath(name) != os.devnull:
            path = Path(os.fspath(name))
            if path.is_absolute():
                found[path] = None
    return list(found)


def _handlers() -> Iterator[Any]:
    """The handlers of all loggers, and those that they pass records on to."""
    loggers = [logging.root, *list(logging.root.manager.loggerDict.values())]
    waiting: list[Any] = [handler for one in loggers for handler in getattr(one, "handlers", ())]
    seen: set[int] = set()
    while waiting and len(seen) < MOST_HANDLERS:
        handler = waiting.pop(0)
        if id(handler) in seen:
            continue
        seen.add(id(handler))
        yield handler
        if (target := getattr(handler, "target", None)) is not None:  # MemoryHandler
            waiting.append(target)
        waiting += getattr(getattr(handler, "listener", None), "handlers", ())  # QueueHandler
