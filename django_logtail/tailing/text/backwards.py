"""Find the last lines of a text first: by windows from its end backwards, each searched from its beginning.

A window begins where a line begins, so that each line is in one window, and is searched in the same pieces as in a
search from the first byte on.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Final

from django_logtail.tailing.text.lines import LineEnds
from django_logtail.tailing.text.matching import Matcher
from django_logtail.tailing.text.search import CHUNK_BYTES, FIRST_SLICE_BYTES, MAX_HITS, Hit, Search

#: Bytes of the first window and of the largest. Each is twice as large as the one before: the first hits come soon, and
#: the rest of a large file costs no more than in one go.
FIRST_WINDOW_BYTES: Final = 64 * 1024
MOST_WINDOW_BYTES: Final = 16 * 1024 * 1024
#: Bytes read at a time to find where a line begins.
FIRST_LOOK_BYTES: Final = 4 * 1024
MOST_LOOK_BYTES: Final = 256 * 1024


class Backwards:
    """A search through bytes [start, end) of an open file, newest hits first; otherwise like `Search`.

    It knows the hits of a window only after all of it: with `is_whole`, of all bytes. Use that for a text whose end is
    unknown.
    """

    def __init__(
        self,
        read: Callable[[int, int], bytes],
        matcher: Matcher,
        start: int,
        end: int,
        *,
        encoding: str = "utf-8",
        head: bytes = b"",
        max_hits: int = MAX_HITS,
        counts_on: bool = False,
        is_whole: bool = False,
        window_bytes: int = FIRST_WINDOW_BYTES,
        most_window_bytes: int = MOST_WINDOW_BYTES,
        chunk_bytes: int = CHUNK_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._matcher = matcher
        self._encoding = encoding
        self._head = head
        self._ends = LineEnds(encoding, head)
        self.start = start - start % self._ends.unit
        self.end = end
        #: Everything from it on has been searched.
        self.position = end
        self.found = 0
        self.is_full = False
        self.is_done = self.start >= end
        self._max_hits = max_hits
        self._counts_on = counts_on
        self._is_whole = is_whole
        self._window_bytes = window_bytes
        self._most_window_bytes = most_window_bytes
        self._chunk_bytes = chunk_bytes
        self._slice_bytes = FIRST_SLICE_BYTES
        self._clock = clock
        self._window: Search | None = None
        self._looking: Iterator[int | None] | None = None
        #: The last hits of the window.
        self._kept: deque[Hit] = deque()
        self._searched = 0
        self._is_cancelled = False

    @property
    def searched(self) -> int:
        """Bytes searched."""
        return self._searched + (self._window.searched if self._window is not None else 0)

    def cancel(self) -> None:
        """Make a running step return soon."""
        self._is_cancelled = True
        if (window := self._window) is not None:
            window.cancel()

    def step(self, seconds: float, max_bytes: int, *, is_eager: bool = False) -> list[Hit]:
        """Search for this long or this far; with `is_eager`, only to the first hits.

        Raises what `read` does; then the next step goes on where this one was interrupted.
        """
        hits: list[Hit] = []
        until, most = self._clock() + seconds, self.searched + max_bytes
        while not self.is_done and not self._is_cancelled:
            hits += self._advance(until - self._clock(), most - self.searched)
            if self._clock() >= until or self.searched >= most or (hits and is_eager):
                break
        return hits

    def _advance(self, seconds: float, max_bytes: int) -> list[Hit]:
        """Look for the next window for a moment, or search it."""
        if self._window is None:
            self._looking = self._looking or self._looks()
            try:
                begins = next(self._looking)
            except Exception:
                self._looking = None
                raise
            if begins is not None:
                self._looking = None
                self._window = self._opened(begins)
            return []
        window = self._window
        self._kept.extend(window.step(seconds, max_bytes))
        return self._ended(window) if window.is_done else []

    def _opened(self, begins: int) -> Search:
        left = self._max_hits - self.found
        self._kept = deque(maxlen=max(0, left))
        return Search(
            self._read,
            self._matcher,
            begins,
            self.position,
            encoding=self._encoding,
            head=self._head,
            max_hits=0 if left <= 0 else self.position - begins,  # as many as there can be
            counts_on=True,
            slice_bytes=self._slice_bytes,
            chunk_bytes=self._chunk_bytes,
            clock=self._clock,
        )

    def _ended(self, window: Search) -> list[Hit]:
        """The hits of a window that has been searched."""
        hits = list(self._kept)[::-1]
        self._kept.clear()
        self._searched += window.searched
        self.found += window.found
        self._slice_bytes = window.slice_bytes
        self._window_bytes = min(2 * self._window_bytes, self._most_window_bytes)
        self._window = None
        if self.position == self.end:  # the file may have become shorter
            self.end = max(self.start, min(self.end, window.end))
        self.position = window.start
        if not self._counts_on and hits and self.found >= self._max_hits:
            self.is_full = self.found > self._max_hits or self.position > self.start
            self.position = hits[-1].start
            self.found = self._max_hits
            self.is_done = True
        self.is_done = self.is_done or self.position <= self.start
        return hits

    def _looks(self) -> Iterator[int | None]:
        """Where the next window begins, after None for each look for it: where a line begins, or at the start."""
        at = self.position - self._window_bytes
        at, size = at - at % self._ends.unit, FIRST_LOOK_BYTES
        while at > self.start and not self._is_whole:
            begin = max(self.start, at - size)
            if found := self._ends.after_last(self._read(begin, at - begin), begin):
                yield begin + found
            yield None
            at, size = begin, min(2 * size, MOST_LOOK_BYTES)
        yield self.start
