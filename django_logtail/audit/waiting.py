"""Records that wait to be stored, in order and bounded: on disk the older ones, in memory the newer ones.

What there is no room for is counted.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import Final

from django_logtail.audit.disk import OnDisk
from django_logtail.audit.records import Record

#: Records that wait in memory, of about 1 KB each: what 1,000 viewers do in some minutes.
MOST_IN_MEMORY: Final = 10_000


class Waiting:
    """Used by the two threads of the recorder, which may wait for the disk; by no other."""

    def __init__(self, disk: OnDisk | None = None) -> None:
        """Without a `disk`, records wait in memory only."""
        #: Records that there was no room for, until they are recorded themselves.
        self.lost = 0
        self._disk = disk
        self._lock = threading.Lock()
        self._memory: deque[Record] = deque()

    def __len__(self) -> int:
        with self._lock:
            return len(self._memory) + self._on_disk

    @property
    def _on_disk(self) -> int:
        return 0 if self._disk is None else len(self._disk)

    @property
    def survives(self) -> bool:
        """Whether what waits outlives this process: it is on a disk that takes more."""
        return self._disk is not None and not self._disk.trouble

    def add(self, record: Record) -> bool:
        """Return False, and count the record as lost, if there is no room."""
        with self._lock:
            if len(self._memory) >= MOST_IN_MEMORY and not self._spilled():
                self.lost += 1
                return False
            self._memory.append(record)
            return True

    def spill(self) -> None:
        """Move what waits in memory to the disk, if there is one."""
        with self._lock:
            self._spilled()

    def _spilled(self) -> bool:
        if self._disk is None or not self._disk.add(self._memory):
            return False
        self._memory.clear()
        return True

    def lose(self, count: int) -> None:
        """Count records that were lost elsewhere."""
        with self._lock:
            self.lost += count

    def found_lost(self) -> int:
        """How many were lost since this was last asked, if there is room to record that; else 0."""
        with self._lock:
            if len(self._memory) >= MOST_IN_MEMORY:
                return 0
            lost, self.lost = self.lost, 0
            return lost

    def first(self, count: int) -> list[Record | None]:
        """The oldest of them, which keep their places; None for one that can no longer be read."""
        with self._lock:
            if self._disk is not None and len(self._disk):
                return self._disk.first(count)
            return [self._memory[index] for index in range(min(count, len(self._memory)))]

    def drop(self, count: int) -> None:
        """Forget the oldest, wherever they are now: they are stored."""
        with self._lock:
            if self._disk is not None and (on_disk := min(count, len(self._disk))):
                self._disk.drop(on_disk)
                count -= on_disk
            for _ in range(count):
                self._memory.popleft()

    def close(self) -> None:
        """What waits on disk is left to another process."""
        with self._lock:
            if self._disk is not None:
                self._disk.close()
