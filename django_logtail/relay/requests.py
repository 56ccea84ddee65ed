"""Requests for older content: lines, whole ranges, searches."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Final

from django_logtail.control.messages import Answer, Failed, Found, Message, Piece, Read
from django_logtail.control.wants import Want
from django_logtail.relay.posting import Wants
from django_logtail.timing import time_limit

#: Seconds a reader may take for the next message.
HISTORY_SECONDS: Final = 15.0
#: Progress messages of a search that may wait for a slow viewer.
MOST_PROGRESS: Final = 8


class Request:
    """One request and its answer: `Piece`s and then a `Read`, or `Found` until one is done, or `Failed`.

    It is wanted until it is closed. The mailbox is filled in when it is posted.
    """

    def __init__(self, wants: Wants, queue: str, want: Want) -> None:
        self.queue = queue
        self._wants = wants
        self._want = want
        self._answers: asyncio.Queue[Answer] = asyncio.Queue()
        wants.add(self)

    @property
    def member(self) -> str:
        return self._want.member

    def want(self, mailbox: str) -> Want:
        return replace(self._want, mailbox=mailbox)

    def take(self, message: Message) -> None:
        if isinstance(message, (Piece, Read, Found, Failed)) and not self._may_skip(message):
            self._answers.put_nowait(message)

    def _may_skip(self, message: Answer) -> bool:
        """Whether it only reports a search's progress, and a slow viewer has not taken earlier reports."""
        is_progress = isinstance(message, Found) and not message.hits and not message.done
        return is_progress and self._answers.qsize() >= MOST_PROGRESS

    async def next(self) -> Answer:
        """The next message. Raises `asyncio.TimeoutError` if the reader does not answer for HISTORY_SECONDS."""
        async with time_limit(HISTORY_SECONDS):
            return await self._answers.get()

    def close(self) -> None:
        self._wants.drop(self)
