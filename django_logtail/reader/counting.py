"""Counts the entries of a log over time, by level: all of them where that is little work, otherwise from samples.

The files count as one text, oldest first. What was read is a list of runs, each without a gap. A gap between two runs
is taken to have entries as close together, and of the same levels, as its neighbours, evenly from the last time before
it to the first after it. Gaps that reach into the wanted time are halved, those of many bytes or much time first; if
what is left of them is little, it is read instead. So the picture is there early, and gets more exact until the work is
done or too much.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from itertools import pairwise
from typing import Final

from django_logtail.formats.context import Context, read
from django_logtail.formats.detection import Formats
from django_logtail.formats.heads import head_of, shown
from django_logtail.protocol import MAX_MOMENT
from django_logtail.reader.clocks import Clocks
from django_logtail.reader.columns import Columns, Picture
from django_logtail.reader.conditions import SAMPLED_LINES, Sample
from django_logtail.reader.log_files import LINE_BYTES, File, lines_between
from django_logtail.reader.runs import Run, joined
from django_logtail.tailing.files.generation import HEAD_BYTES
from django_logtail.tailing.text.encodings import shown_as
from django_logtail.tailing.text.lines import LineEnds

#: Bytes of text that are read without a look at samples first.
WHOLE_BYTES: Final = 1024 * 1024
#: Lines and bytes to read for one picture. Lines that are known from an earlier one count, but some may always be new.
MOST_LINES: Final = 100_000
LEAST_LINES: Final = 10_000
MOST_BYTES: Final = 64 * 1024 * 1024
#: Parts of the whole text to look at before there is a picture.
LOOKS: Final = 16
#: Bytes of one sample, and at most until its first entry.
SAMPLE_BYTES: Final = 16 * 1024
MOST_AT_A_LOOK: Final = 256 * 1024
#: What a look into a compressed file counts as, in bytes: it must be unpacked from the last checkpoint on.
PACKED_BYTES: Final = 1024 * 1024
BLOCK_BYTES: Final = 64 * 1024
#: Lines between two pauses.
PAUSE_LINES: Final = 200
#: Milliseconds by which times may go back in a log that counts as ordered, because several processes write to it.
JITTER_MS: Final = 2_000

#: Error, warning, and all others, as the numbers of their counts.
KINDS: Final = {"E": 0, "W": 1}
OTHER: Final = 2


@dataclass(eq=False, slots=True)
class _Gap:
    """Bytes [start, end) of the whole text that were not read, between two runs."""

    start: int
    end: int
    left: Run | None
    right: Run | None
    #: Whether no more samples can be taken in it, and whether nothing more can be read in it at all.
    is_blank: bool = False
    is_closed: bool = False

    @property
    def size(self) -> int:
        return self.end - self.start


class _Spent(Exception):
    """MOST_BYTES have been read, or as many lines as may be."""


class Counting:
    """The picture of [since, until) in `columns`; without an end it is that of the log.

    `files` are not empty, oldest first; times without a zone are in `zone`; `format`: as in `Sample`. `sealed` are the
    numbers of compressed files of which only the beginning can be read, and `packed` those of all compressed ones.
    `kept` has runs of earlier pictures by the file's number, which may be changed.
    """

    def __init__(
        self,
        files: Sequence[File],
        zone: tzinfo,
        *,
        since: float | None = None,
        until: float | None = None,
        columns: int = 100,
        encoding: str = "utf-8",
        format: str = "",
        sealed: frozenset[int] = frozenset(),
        packed: frozenset[int] = frozenset(),
        kept: Callable[[int, Formats | None], list[Run]] = lambda number, formats: [],
    ) -> None:
        self.read = 0
        self.formats: Formats | None = None
        #: By the file's number.
        self.runs: list[list[Run]] = [[] for _ in files]
        self._files = files
        self._sealed = sealed
        self._packed = packed
        self._kept = kept
        self._wanted = since, until
        self._count = columns
        self._encoding = shown_as(encoding)
        self._ends = LineEnds(encoding, files[0].read(0, HEAD_BYTES) if files else b"")
        self._given = format
        self._clocks = Clocks(zone)
        self._bases = [sum(file.size for file in files[:n]) for n in range(len(files))]
        self._size = sum(file.size for file in files)
        self._gaps: list[_Gap] = []
        self._lines = self._spent = 0
        self._most_lines = MOST_LINES
        self._is_unordered = False
        #: Whether a file had fewer bytes than it should.
        self._is_short = False
        #: Where the last line begins if it is still being written.
        self._unfinished: int | None = None
        #: Whether all is done that will be.
        self._is_over = False
        self._grid: Columns | None = None
        #: The last written time, and its moment.
        self._written: tuple[str, float, float | None] = ("", 0.0, None)

    @property
    def counted_to(self) -> int:
        """Where the last file ends in the picture: before a line that is still being written."""
        size = self._files[-1].size
        return size if self._unfinished is None else self._unfinished - self._bases[-1]

    # -- reading -----------------------------------------------------------------------------------------

    def steps(self) -> Iterator[None]:
        """Count, with pauses; from the first one after which `picture` returns something on, it gets better."""
        if self._files:
            try:
                yield from self._look_over()
                yield from self._refine()
            except _Spent:
                pass
        self._is_over = True
        if self._grid is None:
            self._lay_grid()

    def _look_over(self) -> Iterator[None]:
        """Find the formats, both ends of the log, and what lies evenly between them."""
        self._sample()
        for number in range(len(self._files)):
            self.runs[number] = joined(self._kept(number, self.formats))
        known = sum(run.lines for runs in self.runs for run in runs)
        self._most_lines = max(MOST_LINES - known, LEAST_LINES)
        self._gaps = self._gaps_between()
        if self._size <= WHOLE_BYTES and not self._sealed:
            for gap in list(self._gaps):
                yield from self._read_gap(gap)
            return
        yield from self._look_at(0)
        yield from self._look_at(max(0, self._size - SAMPLE_BYTES))
        if not any(run.moments for runs in self.runs for run in runs):
            yield from self._look_at(self._size // 2)
        for n in range(1, LOOKS):
            if any(run.moments for runs in self.runs for run in runs):
                yield from self._look_at(self._size * n // LOOKS)

    def _refine(self) -> Iterator[None]:
        self._lay_grid()
        if self._grid is None:
            return
        while True:
            gaps = [gap for gap in self._gaps if self._matters(gap) and not gap.is_closed]
            whole = [gap for gap in gaps if not self._has_sealed(gap)]
            if whole and self._fit(whole):
                for gap in whole:
                    yield from self._read_gap(gap)
                continue
            weighed = [(self._weight(gap), gap) for gap in gaps if not gap.is_blank]
            if not weighed:
                return
            weighed.sort(key=lambda one: one[0], reverse=True)
            for weight, gap in weighed:
                if weight < weighed[0][0] / 2:
                    break  # the halves of the first one may come before it
                yield from self._look_into(gap, (gap.start + gap.end) // 2)

    def _weight(self, gap: _Gap) -> float:
        """How much a sample in it would tell: the more, the more bytes and columns it may be spread over."""
        low, high = self._bounds(gap)
        spread = (high - low) / self._grid.width if self._grid is not None else 0.0
        return gap.size * (1 + min(spread, self._count))

    def _fit(self, gaps: Sequence[_Gap]) -> bool:
        """Whether there is enough left to read all of them."""
        lines, size = sum(map(self._lines_in, gaps)), sum(gap.size for gap in gaps)
        return self._lines + lines <= self._most_lines and self._spent + size <= MOST_BYTES

    def _has_sealed(self, gap: _Gap) -> bool:
        return any(
            gap.start < self._bases[n] + self._files[n].size and self._bases[n] < gap.end
            for n in self._sealed
        )

    def _sample(self) -> None:
        oldest, newest = self._files[0], self._files[-1]
        first = self._decoded(oldest, 0).split("\n")[:-1]
        last = []
        if len(self._files) - 1 not in self._sealed:
            last = self._decoded(newest, max(0, newest.size - BLOCK_BYTES) // 4 * 4).split("\n")[1:-1]
        self.formats = Sample(self._given, first[:SAMPLED_LINES], last[-SAMPLED_LINES:]).formats()

    def _decoded(self, file: File, offset: int) -> str:
        return file.read(offset, BLOCK_BYTES).decode(self._encoding, "replace")

    def _gaps_between(self) -> list[_Gap]:
        """The gaps between the runs that there are."""
        found: list[_Gap] = []
        at, left = 0, None
        for base, file, runs in zip(self._bases, self._files, self.runs, strict=True):
            for run in runs:
                if at < base + run.start:
                    found.append(_Gap(at, base + run.start, left, run))
                at, left = base + run.end, run
            if runs and at >= base + file.size:
                at = base + file.size
        if at < self._size:
            found.append(_Gap(at, self._size, left, None))
        return found

    def _look_at(self, at: int) -> Iterator[None]:
        gap = next((gap for gap in self._gaps if gap.start <= at < gap.end), None)
        if gap is not None:
            yield from self._look_into(gap, at)

    def _look_into(self, gap: _Gap, at: int) -> Iterator[None]:
        """Take a sample of a gap, at a place or as near to it as can be."""
        number = self._file_at(at)
        if number in self._sealed:
            begins = [self._bases[n] for n in range(number, len(self._files))]
            starts = [begin for begin in begins if gap.start <= begin < gap.end]
            if not starts:
                gap.is_blank = True
                return
            at, number = starts[0], self._file_at(starts[0])
        base, file = self._bases[number], self._files[number]
        end = min(gap.end, base + file.size)
        goes_on = gap.left is not None and at == gap.start and at > base
        run = gap.left if goes_on and gap.left else Run(at - base, at - base, Context(self.formats))
        if not goes_on:
            if not (yield from self._begin_run(run, file, end - base)):
                gap.is_blank = True
                return
            self._add_run(number, run)
        if number in self._packed and number not in self._sealed:
            self._spent += PACKED_BYTES
        try:
            yield from self._extend(run, file, end - base, run.end + SAMPLE_BYTES)
        finally:
            self._split(gap, base, run)

    def _begin_run(self, run: Run, file: File, end: int) -> Generator[None, None, bool]:
        """Let a run begin with the first entry that has a time; at the beginning of a file it begins there."""
        if run.start == 0:
            return True
        begin, before = run.start, self.read
        for found in lines_between(self._reader(file), self._ends, begin, end):
            if found is None:
                yield
                if self.read - before > MOST_AT_A_LOOK:
                    return False
                continue
            offset, line = found
            self._lines += 1
            if not self._lines % PAUSE_LINES:
                yield
            head = head_of(self._shown(line), self.formats)
            if head is None or not head.written or head.part or head.blank:
                continue
            if head.is_bare and offset - begin < SAMPLE_BYTES // 2:
                continue  # it may belong to the entry above
            if self._moment_of(head.written, file) is not None:
                run.start = run.end = offset
                return True
        return False

    def _split(self, gap: _Gap, base: int, run: Run) -> None:
        """Put what is left of a gap in its place."""
        self._gaps.remove(gap)
        start, end = base + run.start, base + run.end
        if gap.start < start:
            self._gaps.append(_Gap(gap.start, start, gap.left, run))
        if end < gap.end:
            self._gaps.append(_Gap(end, gap.end, run, gap.right))
        for before, after in ((gap.left, run), (run, gap.right)):
            if before and after and before is not after and before.latest - JITTER_MS > after.first:
                self._is_unordered = True

    def _read_gap(self, gap: _Gap) -> Iterator[None]:
        """Read all of a gap, as far as it can be."""
        while True:
            number = self._file_at(gap.start)
            base, file = self._bases[number], self._files[number]
            end = min(gap.end, base + file.size)
            if gap.left is not None and gap.start > base:
                run = gap.left
            else:
                run = Run(0, 0, Context(self.formats))
                self._add_run(number, run)
            try:
                yield from self._extend(run, file, end - base, end - base)
            finally:
                self._split(gap, base, run)
            rest = next((one for one in self._gaps if one.start == base + run.end), None)
            if rest is None:
                return
            if base + run.end < end:
                rest.is_closed = True
                return
            gap = rest

    def _add_run(self, number: int, run: Run) -> None:
        runs = self.runs[number]
        runs.append(run)
        runs.sort(key=lambda run: run.start)

    def _extend(self, run: Run, file: File, end: int, stop: int) -> Iterator[None]:
        """Let a run go on to the first line that begins at `stop` or later, at most to `end`."""
        pending: tuple[int, str, bytes] | None = None
        for found in lines_between(self._reader(file), self._ends, run.end, end):
            if found is None:
                yield
                continue
            offset, line = found
            text = self._shown(line)
            if pending is not None:
                self._take(run, file, pending[1], text)
                if not self._lines % PAUSE_LINES:
                    yield
            run.end = offset
            if offset >= stop:
                return
            pending = offset, text, line
        if self._is_short:
            return
        if pending is not None:
            is_last = file is self._files[-1] and end >= file.size
            if is_last and pending[0] + len(pending[2]) >= file.size and len(pending[2]) < LINE_BYTES:
                self._unfinished = self._bases[-1] + pending[0]
                return
            self._take(run, file, pending[1], None)
        run.end = end

    def _take(self, run: Run, file: File, text: str, following: str | None) -> None:
        if self._lines >= self._most_lines:
            raise _Spent
        self._lines += 1
        run.lines += 1
        found = read(text, run.context, following)
        if found.kind != "entry":
            return
        moment = run.last
        if found.head is not None and found.head.written:
            seen = self._moment_of(found.head.written, file)
            if seen is not None:
                moment = seen
                if moment < run.latest - JITTER_MS:
                    self._is_unordered = True
                run.latest = max(run.latest, moment)
        kind = KINDS.get(found.level, OTHER)
        if math.isnan(moment):
            run.early[kind] += 1
            return
        run.moments.append(moment)
        run.kinds.append(kind)
        if self._grid is not None:
            self._grid.add(moment, kind)

    def _moment_of(self, written: str, file: File) -> float | None:
        if self._written[:2] != (written, file.written_at):
            found = self._clocks.moment_of(written, file.written_at)
            self._written = written, file.written_at, None if found is None else found[0]
        return self._written[2]

    def _shown(self, line: bytes) -> str:
        return shown(line[:LINE_BYTES].decode(self._encoding, "replace").removesuffix("\r").lstrip("\ufeff"))

    def _reader(self, file: File) -> Callable[[int], bytes]:
        def read_block(offset: int) -> bytes:
            if self._spent >= MOST_BYTES or self._lines >= self._most_lines:
                raise _Spent
            data = file.read(offset, BLOCK_BYTES)
            if not data and offset < file.size:
                self._is_short = True
            self.read += len(data)
            self._spent += len(data)
            return data

        return read_block

    def _file_at(self, at: int) -> int:
        return max(n for n, base in enumerate(self._bases) if base <= at)

    @property
    def has_picture(self) -> bool:
        return self._grid is not None or self._is_over

    # -- the picture -------------------------------------------------------------------------------------

    def picture(self) -> Picture | None:
        """What is known by now; None before there is anything."""
        grid = self._grid
        if grid is None:
            return Picture(0, 0, [], is_estimated=False, at=0, end=0) if self._is_over else None
        cells = [float(cell) for cell in grid.cells]
        for before, run, after in self._neighbours():
            moment = run.first
            if math.isnan(moment):
                moment = before.last if before is not None else after.first if after is not None else math.nan
            for kind, count in enumerate(run.early):
                if count and not math.isnan(moment):
                    grid.spread(cells, moment, moment, kind, count)
        is_estimated = self._is_short
        for gap in self._gaps:
            matters = self._matters(gap)
            if gap.start == self._unfinished:
                continue
            is_estimated = is_estimated or matters
            if matters:
                self._fill(gap, grid, cells)
        rounded = [round(cell) for cell in cells]
        columns = [rounded[at : at + 3] for at in range(0, len(rounded), 3)]
        lines = sum(self._lines_in(gap) for gap in self._gaps if self._matters(gap) and not gap.is_closed)
        end = self._lines if self._is_over else min(self._most_lines, self._lines + int(lines))
        return Picture(grid.since, grid.until, columns, is_estimated, self._lines, max(end, self._lines))

    def _neighbours(self) -> Iterator[tuple[Run | None, Run, Run | None]]:
        runs = [run for of_file in self.runs for run in of_file]
        yield from zip([None, *runs], runs, [*runs[1:], None], strict=False)

    def _matters(self, gap: _Gap) -> bool:
        """Whether it may have entries of the wanted time."""
        if self._grid is None or self._is_unordered:
            return True
        low, high = self._bounds(gap)
        return high >= self._grid.since - JITTER_MS and low < self._grid.until + JITTER_MS

    def _bounds(self, gap: _Gap) -> tuple[float, float]:
        """The times before and after it, the earlier one first; infinite where nothing is known."""
        low = gap.left.last if gap.left else math.nan
        high = gap.right.first if gap.right else math.nan
        low, high = (-math.inf if math.isnan(low) else low), (math.inf if math.isnan(high) else high)
        return min(low, high), max(low, high)

    def _lines_in(self, gap: _Gap) -> float:
        runs = [run for run in (gap.left, gap.right) if run and run.end > run.start]
        size = sum(run.end - run.start for run in runs)
        return gap.size * sum(run.lines for run in runs) / size if size else gap.size / 100

    def _fill(self, gap: _Gap, grid: Columns, cells: list[float]) -> None:
        """Add the entries that a gap is taken to have."""
        runs = [run for run in (gap.left, gap.right) if run and run.moments and run.end > run.start]
        if not runs:
            return
        size = sum(run.end - run.start for run in runs)
        low, high = self._bounds(gap)
        low = high if math.isinf(low) else low
        high = low if math.isinf(high) else high
        for kind in range(3):
            count = gap.size * sum(run.kinds.count(kind) for run in runs) / size
            if count:
                grid.spread(cells, low, high, kind, count)

    def _lay_grid(self) -> None:
        """Decide what each column stands for, and count what was read."""
        runs = [run for of_file in self.runs for run in of_file if run.moments]
        if self._grid is not None or not runs:
            return
        since, until = self._wanted
        first = min(min(run.moments) for run in runs) if since is None else since
        last = max(max(run.moments) for run in runs) + 1 if until is None else until
        low = min(math.floor(first), MAX_MOMENT - self._count)
        self._grid = Columns(
            low, max(low + self._count, math.ceil(last)), self._count, since is None, until is None
        )
        for run in runs:
            for moment, kind in zip(run.moments, run.kinds, strict=True):
                self._grid.add(moment, kind)
        if any(one.latest - JITTER_MS > two.first for one, two in pairwise(runs)):
            self._is_unordered = True
