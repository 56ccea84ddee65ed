"""Records that wait to be stored, in order and bounded. What there is no room for is counted. Knows no Django."""

from __future__ import annotations

import threading
from collections import deque
from typing import Any, Final

from django_logtail.audit.records import Record

#: Records that wait in memory, of about 1 KB each: what 1,000 viewers do in some minutes.
MOST_IN_MEMORY: Final = 10_000


class Waiting:
    """The records, oldest first. Used from several threads."""

    def __init__(self) -> None:
        #: Records that there was no room for, until they are recorded themselves.
        self.lost = 0
        self._lock = threading.Lock()
        self._records: deque[Record] = deque()

    def __len__(self) -> int:
        with self._lock:
            return len(self._records)

    def add(self, record: Record) -> bool:
        """Return False, and count the record as lost, if there is no room."""
        with self._lock:
            if len(self._records) >= MOST_IN_MEMORY:
                self.lost += 1
                return False
            self._records.append(record)
            return True

    def lose(self, count: int) -> None:
        """Count records that were lost elsewhere."""
        with self._lock:
            self.lost += count

    def found_lost(self) -> int:
        """How many were lost since this was last asked, if there is room to record that; else 0."""
        with self._lock:
            if len(self._records) >= MOST_IN_MEMORY:
                return 0
            lost, self.lost = self.lost, 0
            return lost

    def first(self, count: int) -> list[Record]:
        """The oldest of them, which keep their places."""
        with self._lock:
            return [self._records[index] for index in range(min(count, len(self._records)))]

    def drop(self, count: int) -> None:
        """Forget the oldest: they are stored."""
        with self._lock:
            for _ in range(count):
                self._records.popleft()

    def state(self) -> dict[str, Any]:
        """How many wait, and how many were lost, for people."""
        with self._lock:
            return {"waiting": len(self._records), "lost": self.lost}
