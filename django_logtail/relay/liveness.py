"""What this process knows about its queues' readers: the current one, earlier ones, and when each was last heard."""

from __future__ import annotations

from collections import deque
from typing import Final

#: Seconds without a heartbeat after which wants are posted every RETRY_SECONDS.
SILENT_SECONDS: Final = 1.2
RETRY_SECONDS: Final = 0.4
#: Seconds without a reader after which viewers are told.
NO_READER_SECONDS: Final = 3.0
#: Seconds for which viewers see that a reader isn't understood, after the last such message.
MISUNDERSTOOD_SECONDS: Final = 3.0
#: How many replaced readers to remember, because their messages may be late by seconds.
PAST_READERS: Final = 16


class Readers:
    """The readers by queue. Times are the caller's clock."""

    def __init__(self) -> None:
        self._heard_at: dict[str, float] = {}
        self._named_at: dict[str, float] = {}
        self._wanted_since: dict[str, float] = {}
        self._holder: dict[str, str] = {}
        self._past: deque[str] = deque(maxlen=PAST_READERS)
        self._misunderstood: dict[str, tuple[str, float]] = {}

    def wanted(self, queue: str, now: float) -> None:
        """A log of this queue is watched: a reader can be expected from now on."""
        self._wanted_since.setdefault(queue, now)

    def unwanted(self, queue: str) -> None:
        self._wanted_since.pop(queue, None)

    def heard(self, queue: str, now: float) -> None:
        self._heard_at[queue] = now

    def holds(self, queue: str, token: str, now: float) -> None:
        """Redis says that the reader with this token has the lease; "": no reader has it."""
        if not token:
            return
        self._named_at[queue] = now
        old, self._holder[queue] = self._holder.get(queue, ""), token
        if old and old != token:
            self._past.append(old)
            if token in self._past:  # it slept, its successor left, and it has the lease again
                self._past.remove(token)

    def misunderstood(self, queue: str, why: str, now: float) -> None:
        """Something of its reader could not be read."""
        self._misunderstood[queue] = (self.trouble(queue, now) or why, now)

    def trouble(self, queue: str, now: float) -> str:
        """Why the queue's reader can't be understood; "" if it can."""
        why, at = self._misunderstood.get(queue, ("", 0.0))
        return why if now - at < MISUNDERSTOOD_SECONDS else ""

    def is_past(self, token: str) -> bool:
        """Whether another reader has replaced the one with this token."""
        return token in self._past

    def is_silent(self, queue: str, now: float) -> bool:
        return now - self._last_sign(queue) > SILENT_SECONDS

    def pause(self, queue: str, now: float) -> float:
        """Seconds until this queue's wants must be posted again, unless its reader is heard."""
        return RETRY_SECONDS if self.is_silent(queue, now) else self._last_sign(queue) + SILENT_SECONDS - now

    def is_missing(self, queue: str, now: float) -> bool:
        """Whether to tell viewers that there is no reader."""
        return self.missing_seconds(queue, now) >= NO_READER_SECONDS

    def missing_seconds(self, queue: str, now: float) -> float:
        """For how long the queue has been wanted, or its reader silent."""
        return now - max(self._heard_at.get(queue, 0.0), self._wanted_since.get(queue, now))

    def is_absent(self, queue: str, now: float, asked_at: float) -> bool:
        """Whether to tell somebody who asked at that time that there is no reader. Readers don't send heartbeats to a
        process without a viewer, but Redis names them.
        """
        since = max(self._heard_at.get(queue, 0.0), self._named_at.get(queue, 0.0), asked_at)
        return now - since >= NO_READER_SECONDS

    def _last_sign(self, queue: str) -> float:
        """When a reader of this queue was last heard, or could first have been expected."""
        return max(self._heard_at.get(queue, 0.0), self._wanted_since.get(queue, 0.0))
