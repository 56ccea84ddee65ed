"""Waiting for an event, but not for ever."""

from __future__ import annotations

import asyncio


async def pause(seconds: float, unless: asyncio.Event) -> None:
    """Wait for the event, but at most so long; it is set then either way. Cheaper than a task for each wait."""
    timer = asyncio.get_running_loop().call_later(seconds, unless.set)
    try:
        await unless.wait()
    finally:
        timer.cancel()
