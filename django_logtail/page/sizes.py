"""Sizes and times of last change of this host's files, for the list of logs.

They are kept for a moment, because every open page requests all of them every few seconds, and looked up in a thread,
because a lost file server never responds, and the list of logs must not wait for it.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from django_logtail.tailing.belonging import Belonging
from django_logtail.tailing.files.system import System
from django_logtail.tailing.newest import resolved

#: Seconds after which a file is checked again, and the result of a check expires.
KEPT_SECONDS: Final = 2.0
LAPSED_SECONDS: Final = 30.0
#: Seconds a page waits for a walk; later results are for the next page.
PATIENCE_SECONDS: Final = 0.5
#: Once this many walks, each a thread, are stuck, no more are started.
MOST_WALKS: Final = 8


@dataclass(frozen=True, slots=True)
class Size:
    """Bytes, and Unix seconds of the last change."""

    size: int
    written: float


#: Time and result of the last check, for a file never checked.
_NEVER: Final[tuple[float, Size | None]] = (float("-inf"), None)


class Sizes:
    """What is known about the files. Thread-safe."""

    def __init__(
        self, look: Callable[[Path], Size | None] | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._look = look or _size_of
        self._clock = clock
        self._turn = threading.Lock()
        self._found: dict[Path, tuple[float, Size | None]] = {}
        self._walks: list[_Walk] = []

    def of(
        self,
        paths: Collection[Path],
        roots: Collection[Path],
        newest: Mapping[Path, Belonging] = MappingProxyType({}),
    ) -> dict[Path, Size]:
        """The sizes of those `paths` that are files inside the `roots`, as far as known.

        `newest`: the logs of those paths that are patterns, and stand for the newest file that they match.
        """
        if self._turn.acquire(timeout=PATIENCE_SECONDS):
            try:
                self._walk(paths, roots, newest)
            finally:
                self._turn.release()
        now = self._clock()
        known = {
            path: self._found.get(path, _NEVER) for path in paths
        }  # other threads may delete old entries
        return {
            path: size for path, (at, size) in known.items() if size is not None and now - at < LAPSED_SECONDS
        }

    def _walk(
        self, paths: Collection[Path], roots: Collection[Path], newest: Mapping[Path, Belonging]
    ) -> None:
        """Look again at files whose last look is too old, except where another walk is stuck."""
        now = self._clock()
        self._walks = [walk for walk in self._walks if walk.is_alive()]
        silent = [walk.place for walk in self._walks]
        for path, (at, _) in list(self._found.items()):
            if now - at >= LAPSED_SECONDS:
                del self._found[path]
        due = [
            path
            for path in paths
            if now - self._found.get(path, _NEVER)[0] >= KEPT_SECONDS
            and not any(path.is_relative_to(place) for place in silent)
        ]
        if not due or len(self._walks) >= MOST_WALKS:
            return
        roots = [root for root in roots if root not in silent]
        walk = _Walk(due, roots, newest, self._look, self._found, now)
        self._walks.append(walk)
        walk.start()
        walk.join(PATIENCE_SECONDS)


class _Walk(threading.Thread):
    """Looks at one path after the other. `place` is the directory it is in; it may be stuck there for good."""

    def __init__(
        self,
        paths: Collection[Path],
        roots: Collection[Path],
        newest: Mapping[Path, Belonging],
        look: Callable[[Path], Size | None],
        found: dict[Path, tuple[float, Size | None]],
        now: float,
    ) -> None:
        super().__init__(name="logtail-sizes", daemon=True)  # a process can exit without waiting for it
        self.place = Path()
        self._paths = paths
        self._roots = roots
        self._newest = newest
        self._look = look
        self._found = found
        self._now = now

    def run(self) -> None:
        real_roots = []
        for root in self._roots:
            self.place = root
            with contextlib.suppress(OSError, RuntimeError):
                real_roots.append(root.resolve())
        for path in self._paths:
            self.place = path.parent
            size = None
            with contextlib.suppress(OSError, RuntimeError, ValueError):  # a path with NUL
                log = self._newest.get(path)
                real = (path if log is None else resolved(System(), log).path).resolve()
                if any(real.is_relative_to(root) for root in real_roots):
                    size = self._look(real)
            self._found[path] = (self._now, size)


def _size_of(path: Path) -> Size:
    found = path.stat()
    return Size(found.st_size, found.st_mtime)


#: This process's own.
sizes = Sizes()
