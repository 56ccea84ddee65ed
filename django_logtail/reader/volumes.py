"""The picture of a log's entries over time that a want asks for, and what is kept of it for the next one."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Final

from django_logtail.control.wants import Want
from django_logtail.formats.detection import Formats
from django_logtail.place import Place
from django_logtail.reader.clocks import zone_named
from django_logtail.reader.columns import Picture
from django_logtail.reader.counting import Counting
from django_logtail.reader.generations import USUAL_TIMES
from django_logtail.reader.runs import Run, joined
from django_logtail.reader.seals import Seals
from django_logtail.reader.sources import Source
from django_logtail.reader.steps import Steps

#: Seconds between two pictures: each takes as long as hundreds of lines.
PICTURE_SECONDS: Final = 0.5
#: Bytes of text of compressed files to unpack for one picture; of the others only the beginning is read.
MOST_UNPACKED: Final = 64 * 1024 * 1024
#: Files that are open at a time.
MOST_OPEN: Final = 16
#: Entries of all logs that are kept, at 9 bytes each, and runs of one file.
MOST_KEPT: Final = 1_000_000
MOST_RUNS: Final = 2_000

#: A file, and what its entries depend on: log, id, encoding, format, zone, the signs of the formats that were found.
Key = tuple[str, str, str, str, str, tuple[str, ...]]


class Kept:
    """What was read of files for earlier pictures. Files only grow, and keep their ids. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._runs: OrderedDict[Key, list[Run]] = OrderedDict()
        self._count = 0

    def of(self, key: Key, size: int) -> list[Run]:
        """Copies of the runs of a file, which has at least this many bytes."""
        with self._lock:
            runs = self._runs.get(key, [])
            if runs:
                self._runs.move_to_end(key)
            return [run.copy() for run in runs if run.end <= size]

    def keep(self, key: Key, runs: list[Run]) -> None:
        """Keep these runs if they have more lines than those before. They must not change any more."""
        runs = joined([run for run in runs if run.end > run.start])
        count = sum(run.count for run in runs)
        with self._lock:
            before = self._runs.get(key, [])
            is_more = sum(run.lines for run in runs) > sum(run.lines for run in before)
            if not is_more or count > MOST_KEPT or len(runs) > MOST_RUNS:
                return
            self._drop(key)
            self._runs[key] = runs
            self._count += count
            while self._count > MOST_KEPT:
                self._drop(next(iter(self._runs)))

    def _drop(self, key: Key) -> None:
        self._count -= sum(run.count for run in self._runs.pop(key, []))


#: This process's own: readers come and go.
kept = Kept()


class Volume(Steps):
    """The picture that a want asks for."""

    def __init__(
        self,
        source: Source,
        want: Want,
        permit: Callable[[int], str | None],
        open_files: Mapping[tuple[int, int], str],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(source, want, permit, open_files)
        #: The first one, then a better one each PICTURE_SECONDS, and the best one at the end.
        self.picture: Picture | None = None
        self._next_at = float("-inf")
        self._clock = clock
        self._counting: Counting | None = None

    @property
    def place(self) -> Place | None:
        """How far the newest file was counted, with a sealed id."""
        if self._counting is None or not self._files:
            return None
        file = self._files[-1]
        return Seals(self._want.log).seal_place(Place(file.id, self._counting.counted_to))

    def _pause(self) -> None:
        if self.is_done:
            self._keep()
        is_due = self.is_done or self._clock() >= self._next_at
        if self._counting is not None and self._counting.has_picture and is_due:
            self.picture = self._counting.picture()
            self._next_at = self._clock() + PICTURE_SECONDS
        opened = [file for file in self._files if file.is_open]
        for file in opened[: max(0, len(opened) - MOST_OPEN)]:
            file.close()

    def _end(self) -> None:
        if not self.is_done:
            self._keep()

    def _keep(self) -> None:
        if (counting := self._counting) is not None:
            for number, runs in enumerate(counting.runs):
                kept.keep(self._key(number, counting.formats), runs)

    def _work(self) -> Generator[bool | None, None, None]:
        yield from self._find_files()
        yield from self._unpack_newest()
        sealed = {number for number, file in enumerate(self._files) if file.must_unpack and not file.size}
        self._guess_sizes(sealed)
        packed = frozenset(number for number, file in enumerate(self._files) if file.listed.kind)
        source, want = self._source, self._want
        self._counting = counting = Counting(
            self._files,
            zone_named(source.time_zone),
            since=want.since,
            until=want.until,
            columns=want.columns or 1,
            encoding=source.encoding,
            format=source.format,
            sealed=frozenset(sealed),
            packed=packed,
            kept=lambda number, formats: kept.of(self._key(number, formats), self._files[number].size),
        )
        before = self.read
        for _ in counting.steps():
            self.read = before + counting.read
            yield counting.has_picture and self.picture is None
        self.read = before + counting.read

    def _unpack_newest(self) -> Iterator[None]:
        """Unpack the newest compressed files whose size is not known."""
        left = MOST_UNPACKED
        for file in reversed(self._files):
            if not file.must_unpack:
                continue
            left -= file.listed.stored * USUAL_TIMES
            if left < 0:
                return
            yield from self._unpack(file)
            self.read += file.size
            file.close()
        self._files = [file for file in self._files if file.size or file.must_unpack]

    def _guess_sizes(self, sealed: set[int]) -> None:
        """Let files whose size is not known have about the one that they will have."""
        known = [file for file in self._files if file.listed.kind and file.size]
        stored = sum(file.listed.stored for file in known)
        times = sum(file.size for file in known) / stored if stored else USUAL_TIMES
        for number in sealed:
            file = self._files[number]
            file.size = max(1, int(file.listed.stored * times))

    def _key(self, number: int, formats: Formats | None) -> Key:
        source = self._source
        signs = () if formats is None else tuple(formats.signs)
        id = self._files[number].listed.id
        return self._want.log, id, source.encoding, source.format, source.time_zone, signs
