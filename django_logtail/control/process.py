"""The process's only `Control`, and how code in an event loop calls it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from django_logtail.conf import conf
from django_logtail.control import Control
from django_logtail.control.in_memory import MemoryControl

Result = TypeVar("Result")

_control: Control | None = None
_control_lock = threading.Lock()


def control() -> Control:
    """The process's only `Control`, created from the settings on first use. Connects lazily."""
    global _control
    with _control_lock:
        if _control is None:
            _control = MemoryControl() if conf.READER == "local" else _in_redis()
        return _control


def _in_redis() -> Control:
    # Only here: importing redis costs 10 MB and 0.15 s, for nothing if the reader is local.
    from django_logtail.control.connection import redis_client
    from django_logtail.control.in_redis import RedisControl

    return RedisControl(redis_client())


def use(replacement: Control | None) -> None:
    """Replace the process's control, or with None create a new one on next use (tests, changed settings)."""
    global _control
    with _control_lock:
        _control = replacement


_threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="logtail-control")


async def in_thread(function: Callable[..., Result], *args: Any, **kwargs: Any) -> Result:
    """Call a method of a Control without blocking the event loop. One in memory is called directly."""
    if isinstance(getattr(function, "__self__", None), MemoryControl):
        return function(*args, **kwargs)
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_threads, lambda: function(*args, **kwargs))
