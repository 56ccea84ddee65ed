"""Finds the place of a moment in a log: by bisection over the bytes of all its files, without an index.

The files count as one text, oldest first. At each probe the first entry with a time is read, so few blocks of a large
log are read. Times that go back (another order, a set clock) are noticed where probes see them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from typing import Final

from django_logtail.control.wants import Want
from django_logtail.formats.detection import Formats
from django_logtail.formats.heads import head_of, shown
from django_logtail.place import Place
from django_logtail.reader.clocks import Clocks, zone_named
from django_logtail.reader.conditions import SAMPLED_LINES, Sample
from django_logtail.reader.log_files import LINE_BYTES, File, LoggedFile, lines_between
from django_logtail.reader.seals import Seals
from django_logtail.reader.sources import Source
from django_logtail.reader.steps import Steps
from django_logtail.tailing.files.generation import HEAD_BYTES
from django_logtail.tailing.text.encodings import shown_as
from django_logtail.tailing.text.lines import LineEnds

#: Bytes read in all for one moment, at one probe, and at most until a probe has found a time.
MOST_BYTES: Final = 8 * 1024 * 1024
BLOCK_BYTES: Final = 64 * 1024
MOST_AT_A_PROBE: Final = 1024 * 1024
#: Lines read in all for one moment, and until a probe has found a time: as many as those bytes usually have.
MOST_LINES: Final = 50_000
MOST_LINES_AT_A_PROBE: Final = 20_000
#: Parts of the whole text to probe at their beginnings, to see whether times are in order.
LOOKS: Final = 16
#: Milliseconds by which times may go back in a log that counts as ordered, because several processes write to it.
JITTER_MS: Final = 2_000
#: Characters of a time to report.
WRITTEN_CHARACTERS: Final = 100


@dataclass(frozen=True, slots=True)
class Stamp:
    """A time of an entry, and where its line begins in the whole text. `is_twice`: the clock was set back over it."""

    at: int
    ms: float
    written: str
    is_twice: bool


@dataclass(frozen=True, slots=True)
class Moment:
    """What was found, with a word of the protocol. `place` is None if no times were recognised.

    If it is only `nearest`, every time that was seen on the other side of the moment is between `after` and `before`:
    times at or after the moment are not before `after`, and those before it not from `before` on. None: no such place.
    """

    result: str
    place: Place | None = None
    written: str = ""
    ms: int = 0
    after: Place | None = None
    before: Place | None = None


class _Spent(Exception):
    """MOST_BYTES have been read, or MOST_LINES."""


class Bisection:
    """The search for the first entry at or after `moment` (milliseconds since the epoch).

    `files` are not empty, oldest first; times without a zone are in `zone`; `format`: as in `Sample`. `around`: bytes
    before and behind the last part that are read as well, to see whether their times are in order.
    """

    def __init__(
        self,
        files: Sequence[File],
        moment: float,
        zone: tzinfo,
        *,
        encoding: str = "utf-8",
        format: str = "",
        around: int = 0,
    ) -> None:
        self.found: Moment | None = None
        self.read = 0
        self._lines_read = 0
        self._files = files
        self._moment = moment
        self._clocks = Clocks(zone)
        self._encoding = shown_as(encoding)
        self._ends = LineEnds(encoding, files[0].read(0, HEAD_BYTES) if files else b"")
        self._given = format
        self._around = around
        self._formats: Formats | None = None
        self._bases = [sum(file.size for file in files[:n]) for n in range(len(files))]
        self._size = sum(file.size for file in files)
        #: What probes saw, to judge the order.
        self._seen: list[Stamp] = []
        self._is_unsure = False
        self._first: Stamp | None = None
        self._best: Stamp | None = None
        self._last: Stamp | None = None

    @property
    def is_at_first(self) -> bool:
        """Whether the first time of all is the one that was found."""
        return self._best is not None and self._first is not None and self._best.at == self._first.at

    def steps(self) -> Iterator[None]:
        """Search, with a pause after each block; then `found` is there."""
        try:
            yield from self._search()
        except _Spent:
            self._is_unsure = True
        self.found = self._result()

    def _search(self) -> Iterator[None]:
        if not self._files:
            return
        self._sample()
        low, high = 0, self._size
        self._first = yield from self._next(low, high)
        if self._first is None:
            for start in (max(0, high - BLOCK_BYTES), high // 2):
                if (yield from self._next(start, high)) is not None:
                    break
            else:
                return
        low, high = yield from self._look_over(low, high)
        while high - low > BLOCK_BYTES:
            middle = (low + high) // 2
            stamp = yield from self._next(middle, high)
            if stamp is None or stamp.ms >= self._moment:
                high = middle
                self._best = stamp or self._best
            else:
                low, self._last = stamp.at, stamp
        at = high
        for stamp in self._stamps(low, high):
            if stamp is None:
                yield
                continue
            self._seen.append(stamp)
            if stamp.ms >= self._moment:
                self._best, at = stamp, stamp.at + 1
                break
            self._last = stamp
        with contextlib.suppress(_Spent):
            yield from self._look_around(low, at, high)

    def _look_around(self, low: int, at: int, high: int) -> Iterator[None]:
        """Read the rest of the last part, and what is around it, to see whether its times are in order."""
        for start, end in ((at, min(self._size, high + self._around)), (max(0, low - self._around), low)):
            for stamp in self._stamps(start, end):
                if stamp is None:
                    yield
                else:
                    self._seen.append(stamp)

    def _look_over(self, low: int, high: int) -> Generator[None, None, tuple[int, int]]:
        """Probe the whole text evenly, to see its order; returns between which of the probes the moment is."""
        size, has_passed = high, False
        if size <= BLOCK_BYTES:
            return low, high
        for n in range(1, LOOKS):
            stamp = yield from self._next(size * n // LOOKS, size)
            if stamp is None or has_passed:
                continue
            has_passed = stamp.ms >= self._moment
            if has_passed:
                high, self._best = size * n // LOOKS, stamp
            else:
                low, self._last = stamp.at, stamp
        return low, high

    def _result(self) -> Moment:
        stamp = self._best or self._last or self._first
        if stamp is None:
            return Moment("none")
        if self._is_unsure or self._is_out_of_order() or self._clocks.is_repeated(self._moment):
            return replace(self._told("nearest", stamp), after=self._after(), before=self._before())
        if self._best is None:
            return self._told("ends", stamp)
        if self._first is not None and stamp.at == self._first.at and stamp.ms > self._moment:
            return self._told("begins", stamp, at=0)
        return self._told("found", stamp)

    def _told(self, result: str, stamp: Stamp, at: int | None = None) -> Moment:
        place = self._place_at(stamp.at if at is None else at)
        return Moment(result, place, stamp.written[:WRITTEN_CHARACTERS], round(stamp.ms))

    def _after(self) -> Place | None:
        """Before which place no time at or after the moment was seen, and from which on there may be some."""
        earliest = min((one.at for one in self._seen if one.ms >= self._moment), default=self._size)
        found = max((one.at for one in self._seen if one.at < earliest), default=None)
        return None if found is None else self._place_at(found)

    def _before(self) -> Place | None:
        """From which place on no time before the moment was seen."""
        latest = max((one.at for one in self._seen if one.ms < self._moment), default=-1)
        found = min((one.at for one in self._seen if one.at > latest), default=None)
        return None if found is None else self._place_at(found)

    def _is_out_of_order(self) -> bool:
        latest = float("-inf")
        for stamp in sorted(self._seen, key=lambda stamp: stamp.at):
            if stamp.is_twice:
                continue
            if stamp.ms < latest - JITTER_MS:
                return True
            latest = max(latest, stamp.ms)
        return False

    def _sample(self) -> None:
        oldest, newest = self._files[0], self._files[-1]
        first = self._read(oldest, 0).decode(self._encoding, "replace").split("\n")[:-1]
        start = max(0, newest.size - BLOCK_BYTES) // 4 * 4
        last = self._read(newest, start).decode(self._encoding, "replace").split("\n")[1:-1]
        self._formats = Sample(self._given, first[:SAMPLED_LINES], last[-SAMPLED_LINES:]).formats()

    def _next(self, start: int, end: int) -> Generator[None, None, Stamp | None]:
        """The first time of a line that begins in [start, end)."""
        most, most_lines = self.read + MOST_AT_A_PROBE, self._lines_read + MOST_LINES_AT_A_PROBE
        for stamp in self._stamps(start, end):
            if stamp is not None:
                self._seen.append(stamp)
                return stamp
            yield
            if self.read > most or self._lines_read > most_lines:
                self._is_unsure = True
                return None
        return None

    def _stamps(self, start: int, end: int) -> Iterator[Stamp | None]:
        """Times of the lines that begin in [start, end); None after each block, to pause at."""
        for base, file in zip(self._bases, self._files, strict=True):
            if start < base + file.size and base < end:
                for found in self._lines(file, max(0, start - base), min(file.size, end - base)):
                    yield None if found is None else self._stamp(base, file, *found)

    def _lines(self, file: File, start: int, end: int) -> Iterator[tuple[int, bytes] | None]:
        """The lines of a file that begin in [start, end); None after each block."""
        return lines_between(lambda offset: self._read(file, offset), self._ends, start, end)

    def _stamp(self, base: int, file: File, offset: int, line: bytes) -> Stamp | None:
        self._lines_read += 1
        if self._lines_read > MOST_LINES:
            raise _Spent
        text = shown(line[:LINE_BYTES].decode(self._encoding, "replace").removesuffix("\r").lstrip("\ufeff"))
        head = head_of(text, self._formats)
        if head is None or not head.written or head.part or head.blank:
            return None
        found = self._clocks.moment_of(head.written, file.written_at)
        return None if found is None else Stamp(base + offset, found[0], head.written, found[1])

    def _read(self, file: File, offset: int) -> bytes:
        if self.read >= MOST_BYTES:
            raise _Spent
        data = file.read(offset, BLOCK_BYTES)
        self.read += len(data)
        return data

    def _place_at(self, at: int) -> Place:
        n = max(n for n, base in enumerate(self._bases) if base <= at)
        return Place(self._files[n].id, at - self._bases[n])


class TimeSearch(Steps):
    """The search for a want's moment in the files of a log."""

    def __init__(
        self,
        source: Source,
        want: Want,
        permit: Callable[[int], str | None],
        open_files: Mapping[tuple[int, int], str],
        *,
        around: int = 0,
    ) -> None:
        """`around`: as in `Bisection`."""
        super().__init__(source, want, permit, open_files)
        self._around = around
        self._found = Moment("none")
        #: Whether older files may have the same time, too.
        self._is_at_first = False

    @property
    def found(self) -> Moment:
        """The answer, with sealed ids."""
        found, seals = self._found, Seals(self._want.log)
        place, after, before = (
            None if one is None else seals.seal_place(one) for one in (found.place, found.after, found.before)
        )
        return replace(found, place=place, after=after, before=before)

    def _work(self) -> Generator[None, None, None]:
        yield from self._find_files()
        unpacked = len(self._files)
        while unpacked and not self._files[unpacked - 1].must_unpack:
            unpacked -= 1
        self._found = yield from self._bisect(self._files[unpacked:])
        if self._found.result in ("begins", "none") or self._is_at_first:
            yield from self._search_packed(self._files[:unpacked])

    def _search_packed(self, files: list[LoggedFile]) -> Iterator[None]:
        """Search files whose size is unknown until they were unpacked: newest first, from their first times."""
        for file in reversed(files):
            file.size = BLOCK_BYTES
            found = yield from self._bisect([file])
            if found.result == "none":
                continue
            if found.result != "begins":
                yield from self._unpack(file)
                inside = yield from self._bisect([file])
                after = self._found
                if inside.result == "ends" and after.place is not None:
                    inside = Moment("found", after.place, after.written, after.ms)
                elif inside.result == "nearest" and inside.before is None:
                    inside = replace(inside, before=after.place)
                self._found = inside
                return
            self._found = found

    def _bisect(self, files: Sequence[LoggedFile]) -> Generator[None, None, Moment]:
        assert self._want.moment is not None
        source = self._source
        search = Bisection(
            files,
            self._want.moment,
            zone_named(source.time_zone),
            encoding=source.encoding,
            format=source.format,
            around=self._around,
        )
        before = self.read
        for _ in search.steps():
            self.read = before + search.read
            yield
        self.read = before + search.read
        assert search.found is not None
        self._is_at_first = search.is_at_first
        return search.found
