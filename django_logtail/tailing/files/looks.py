"""Looks at files without making a request wait for long, because a dead file server never responds."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

T = TypeVar("T")

#: Seconds one look may take; saving a log takes two looks.
LOOK_SECONDS: Final = 1.0
#: Looks that may be stuck, each in a thread, before more are refused.
MOST_STUCK: Final = 8


class NoAnswer(Exception):
    """The file system did not answer in time, or has not answered an earlier look."""


class Looks:
    """Takes looks in threads of its own. Thread-safe."""

    def __init__(self, seconds: float = LOOK_SECONDS) -> None:
        self._seconds = seconds
        self._turn = threading.Lock()
        self._stuck: list[_Look[Any]] = []

    def take(self, path: Path, look: Callable[[], T]) -> T:
        """What `look` returns or raises. Raises `NoAnswer`, immediately if a look at the same directory is stuck."""
        with self._turn:
            self._stuck = [other for other in self._stuck if other.is_alive()]
            if len(self._stuck) >= MOST_STUCK or any(other.place == path.parent for other in self._stuck):
                raise NoAnswer
        taken = _Look(path.parent, look)
        taken.start()
        taken.join(self._seconds)
        if taken.is_alive():
            with self._turn:
                self._stuck.append(taken)
            raise NoAnswer
        return taken.result()


class _Look(threading.Thread, Generic[T]):
    def __init__(self, place: Path, look: Callable[[], T]) -> None:
        super().__init__(name="logtail-look", daemon=True)  # a process can exit without waiting for it
        self.place = place
        self._look = look
        self._found: T
        self._error: Exception | None = None

    def run(self) -> None:
        try:
            self._found = self._look()
        except Exception as error:  # noqa: BLE001 - the caller raises it
            self._error = error

    def result(self) -> T:
        if self._error is not None:
            raise self._error
        return self._found


#: This process's own.
looks = Looks()
