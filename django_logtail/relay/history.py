"""Requests for what is in a file already: older lines, whole ranges, searches."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any, Final

from django_logtail.control.wants import Want
from django_logtail.relay.wants import Wants
from django_logtail.timing import time_limit

#: Seconds a reader may take for the next message.
HISTORY_SECONDS: Final = 15.0
#: Messages about how far a search is that may wait for a slow viewer.
MOST_PROGRESS: Final = 8


class AsyncHistory:
    """One request and its answer: messages with `start` and `data`, then one with `start` and `end`, or with `error`.

    It is wanted until it is closed. The mailbox is the one there is when it is posted.
    """

    def __init__(self, wants: Wants, queue: str, want: Want) -> None:
        self.queue = queue
        self._wants = wants
        self._want = want
        self._answers: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        wants.add(self)

    @property
    def member(self) -> str:
        return self._want.member

    def want(self, mailbox: str) -> Want:
        return replace(self._want, mailbox=mailbox)

    def take(self, message: dict[str, Any]) -> None:
        if not self._may_skip(message):
            self._answers.put_nowait(message)

    def _may_skip(self, message: dict[str, Any]) -> bool:
        """Whether it only says how far a search is, and a slow viewer has not taken what was said before."""
        is_progress = "count" in message and not message["hits"] and not message["done"]
        return is_progress and self._answers.qsize() >= MOST_PROGRESS

    async def next(self) -> dict[str, Any]:
        """The next message. Raises `asyncio.TimeoutError` when the reader does not answer for HISTORY_SECONDS."""
        async with time_limit(HISTORY_SECONDS):
            return await self._answers.get()

    def close(self) -> None:
        self._wants.drop(self)
