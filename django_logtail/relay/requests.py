"""Requests for older content: lines, whole ranges, searches, the list of files, times, entries over time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from django_logtail.control.messages import Answer, Counted, Failed, Found, Message, Piece
from django_logtail.control.wants import Want, original_until
from django_logtail.relay.posting import Wants
from django_logtail.tailing.reasons import reason
from django_logtail.timing import time_limit

#: Seconds a reader may take for the next message.
HISTORY_SECONDS: Final = 15.0
#: Messages that only show how far a search is, or an unfinished picture, that may wait for a slow viewer.
MOST_PROGRESS: Final = 8


class Request:
    """One request and its answer.

    That is `Piece`s and then a `Read`, `Found` or `Counted` until one is done, or one other `Answer`.

    It is wanted until it is closed. The mailbox is filled in when it is posted.
    `asked_at`, for one that is not to wait for a reader: when, on the caller's clock.
    """

    def __init__(
        self,
        wants: Wants,
        queue: str,
        want: Want,
        asked_at: float | None = None,
        *,
        original_end: float = 0.0,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """`original_end`: until when the original may be shown, in seconds since the epoch by `wall`; 0: it may not."""
        self.queue = queue
        self._original_end = original_end
        self._wall = wall
        self._is_answered = False
        self.asked_at = asked_at
        self._wants = wants
        self._want = want
        self._answers: asyncio.Queue[Answer] = asyncio.Queue()
        wants.add(self)

    @property
    def member(self) -> str:
        return self._want.member

    @property
    def lapses(self) -> bool:
        return bool(self._original_end) and not self._is_answered

    def want(self, mailbox: str) -> Want:
        until = original_until(self._original_end, self._wall())
        return replace(self._want, mailbox=mailbox, original_until=until)

    def take(self, message: Message) -> None:
        self._is_answered |= isinstance(message, Answer) and _is_last(message)
        if isinstance(message, Answer) and not self._may_skip(message):
            self._answers.put_nowait(message)

    def give_up(self, state: str, why: str) -> None:
        """There is nobody who answers: `next` brings the reason. `state`: as the log's status would have it."""
        serial = self._want.serial
        self._answers.put_nowait(Failed("", self.member, serial, why or reason("no-answer"), id=state))

    def _may_skip(self, message: Answer) -> bool:
        """Whether a later one replaces it, and a slow viewer has not taken earlier ones."""
        is_progress = (isinstance(message, Found) and not message.hits and not message.done) or (
            isinstance(message, Counted) and not message.done
        )
        return is_progress and self._answers.qsize() >= MOST_PROGRESS

    async def next(self) -> Answer:
        """The next message. Raises `asyncio.TimeoutError` if the reader does not answer for HISTORY_SECONDS."""
        async with time_limit(HISTORY_SECONDS):
            return await self._answers.get()

    def close(self) -> None:
        self._wants.drop(self)


def _is_last(message: Answer) -> bool:
    return message.done if isinstance(message, Found | Counted) else not isinstance(message, Piece)
