"""What is told of the hits of a search besides their lines: the level and the time of the entries they belong to.

A page that shows hits by themselves knows neither of a line inside a traceback.
"""

from __future__ import annotations

import hashlib
import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from django_logtail.formats.context import Context, read
from django_logtail.formats.detection import Formats
from django_logtail.formats.heads import head_of, shown
from django_logtail.reader.clocks import Clocks
from django_logtail.reader.conditions import SAMPLED_LINES, Sample
from django_logtail.reader.levels import FOLLOWING_BYTES, REACH_BYTES, Levels
from django_logtail.tailing.text.lines import LineEnds
from django_logtail.tailing.text.search import Hit
from django_logtail.tailing.text.transcoding import Conversion

#: Bytes from the first to the last of hits that are looked at together; of a longer line nothing is told.
TOGETHER_BYTES: Final = 128 * 1024
#: Bytes above them that are read: what is in reach, and a line that is cut.
ABOVE_BYTES: Final = 2 * REACH_BYTES


#: Logs whose formats are kept: finding them takes longer than finding the first hits.
MOST_KEPT: Final = 64


class KnownFormats:
    """The formats of files, kept if there were enough lines to find them from. May be used in several threads."""

    def __init__(self) -> None:
        #: The one that was used last comes last.
        self._kept: dict[tuple[str, str, bytes], Formats | None] = {}
        self._lock = threading.Lock()

    def of(self, log: str, head: bytes, sample: Sample) -> Formats | None:
        """Those of a file of a log with this sample; `head` are its first bytes."""
        key = (log, sample.format, hashlib.blake2b(head).digest())
        with self._lock:
            if key in self._kept:
                self._kept[key] = self._kept.pop(key)
                return self._kept[key]
        found = sample.formats()
        if len(sample.first) >= SAMPLED_LINES:
            with self._lock:
                self._kept[key] = found
                if len(self._kept) > MOST_KEPT:
                    del self._kept[next(iter(self._kept))]
        return found


known_formats = KnownFormats()


class HitEntries:
    """Adds level and moment to the hits of one file. `written_at`: when that was last written, in milliseconds."""

    def __init__(
        self,
        text_at: Callable[[int, int], bytes],
        ends: LineEnds,
        formats: Formats | None,
        clocks: Clocks,
        written_at: float,
    ) -> None:
        self._text_at = text_at
        self._ends = ends
        self._conversion = Conversion(ends)
        self._formats = formats
        self._clocks = clocks
        self._written_at = written_at
        self._levels = Levels(lambda: formats)

    def told(self, hits: Sequence[Hit]) -> Iterator[tuple[int, Hit]]:
        """The hits of which something is known, with their indexes, one after each piece of work."""
        left: list[tuple[int, Hit]] = []
        for index, hit in enumerate(hits):
            if (found := self._by_itself(hit)) is not None:
                yield index, found
            elif hit.end - hit.start <= TOGETHER_BYTES:
                left.append((index, hit))
        left.sort(key=lambda one: one[1].start)
        while left:
            last = left[0][1].start + TOGETHER_BYTES
            together = list(itertools.takewhile(lambda one, last=last: one[1].end <= last, left))  # type: ignore[misc]
            del left[: len(together)]
            yield from self._by_what_is_above(together)

    def _by_itself(self, hit: Hit) -> Hit | None:
        """What a whole line with a time of its own says."""
        if hit.before or hit.after:
            return None
        line = shown("".join(hit.parts))
        head = head_of(line, self._formats)
        if head is None or head.part or head.is_bare or head.blank or head.follows or not head.written:
            return None
        return self._with(hit, read(line, Context(self._formats)).level, head.written)

    def _by_what_is_above(self, hits: list[tuple[int, Hit]]) -> Iterator[tuple[int, Hit]]:
        """The same of lines that must be read in order after those above them."""
        first, last = hits[0][1].start, hits[-1][1].end
        base = max(0, first - ABOVE_BYTES) // self._ends.unit * self._ends.unit
        data = self._text_at(base, last + FOLLOWING_BYTES - base)

        def text_of(begin: int, end: int) -> bytes:
            return self._conversion.chunk(data[begin - base : end - base], begin).text

        above = text_of(base, first)
        self._levels.follow(above.partition(b"\n")[2] if base else above)
        starts = [hit.start for _, hit in hits]
        pieces = [text_of(*ends) for ends in itertools.pairwise([*starts, last])]
        self._levels.go_on(b"".join(pieces))
        self._levels.look_ahead(text_of(last, base + len(data)).partition(b"\n")[0])
        at = 0
        for (index, hit), piece in zip(hits, pieces, strict=True):
            end = piece.find(b"\n")
            level = self._levels.level_of(at, at + (len(piece) if end < 0 else end))
            yield index, self._with(hit, level, self._levels.written)
            at += len(piece)

    def _with(self, hit: Hit, level: str, written: str) -> Hit:
        found = self._clocks.moment_of(written, self._written_at) if written else None
        return replace(hit, level=level, ms=None if found is None else round(found[0]))
