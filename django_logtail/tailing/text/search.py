"""Find lines of one generation, in bounded chunks, whatever its encoding. Independent of the requester.

The text is searched as UTF-8. Bytes of another encoding are converted first, chunk by chunk, so that a match never
begins inside a character of several bytes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from django_logtail.tailing.text.lines import LineEnds
from django_logtail.tailing.text.matching import LONGEST_BYTES, Matcher
from django_logtail.tailing.text.transcoding import Chunk, Conversion

#: Bytes read, converted and searched at a time at most; a line longer than this is searched in pieces.
CHUNK_BYTES: Final = LONGEST_BYTES
#: Bytes read, converted and searched between checks of the clock and of cancellation: more while it is fast, fewer
#: while it is slow. Nothing else can run in the meantime, because a conversion holds Python's lock.
LEAST_SLICE_BYTES: Final = 4 * 1024
FIRST_SLICE_BYTES: Final = 16 * 1024
FAST_SECONDS: Final = 0.001
SLOW_SECONDS: Final = 0.005
#: Hits of one search. To get more, search again from where it ended, or narrow the search.
MAX_HITS: Final = 1_000
#: Bytes of UTF-8 shown of a line, matches marked in it, and bytes shown before a match that is far to the right.
EXCERPT_BYTES: Final = 512
MAX_MARKED: Final = 50
LEAD_BYTES: Final = 80
#: Matching lines between two pauses: each costs more than the bytes that it has.
PAUSE_HITS: Final = 256
#: Bytes before the first slice that a matcher may look at.
ABOVE_BYTES: Final = 256 * 1024
#: Bytes after a slice that a matcher may look at, to know the line after its last one.
AHEAD_BYTES: Final = 4 * 1024
#: What marking one line may cost, in multiples of what may be searched at a time: each match after the first may cost a
#: search of the whole line.
MARK_PIECES: Final = 4


@dataclass(frozen=True, slots=True)
class Hit:
    """A line that matches: bytes [start, end) of the file, its newline included.

    `parts` is its text, split at matches: every second part, beginning with the second, is a match. `before` and
    `after`: whether the line continues beyond them. For a line longer than CHUNK_BYTES, `end` is how far it was read.
    `level` and `ms` are the level and the moment of its entry, if a reader of formats has added them. `skipped`: bytes
    of the line, as UTF-8, before `parts`; -1 if unknown. `hidden`: what rules hide in `parts`, if a reader of rules has
    added that: where in their characters, how many of these, the rule's name, and its bytes in the file.
    """

    start: int
    end: int
    parts: tuple[str, ...]
    before: bool = False
    after: bool = False
    level: str = ""
    ms: int | None = None
    skipped: int = field(default=0, compare=False)
    hidden: tuple[tuple[int, int, str, int], ...] = ()


class Search:
    """One search through bytes [start, end) of an open file, from the first to the last, a step at a time.

    Call `step` in any thread, one at a time. `cancel` may come from another thread: a running step then ends soon.
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
        whole_bytes: int = 0,
        slice_bytes: int = FIRST_SLICE_BYTES,
        chunk_bytes: int = CHUNK_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`read(offset, size)` reads the text, and fewer bytes at its end.

        `head`: its first bytes, for the byte order of `utf-16`. With `counts_on`, it goes on after `max_hits`, and only
        counts. With `whole_bytes`, a hit has so much of its line, unmarked, instead of an excerpt.
        """
        self._read = read
        self._matcher = matcher
        self._ends = LineEnds(encoding, head)
        self._conversion = Conversion(self._ends)
        # A matcher that looks ahead wants to see all lines.
        self._may_match = None if matcher.looks_ahead else self._conversion.sieve(matcher.needed)
        self.start = start - start % self._ends.unit
        self.end = end
        #: Everything before it has been searched.
        self.position = self.start
        #: Lines found before `position`.
        self.found = self._found_so_far = 0
        #: Bytes searched.
        self.searched = 0
        #: Whether it ended because of MAX_HITS: there may be more beyond `position`.
        self.is_full = False
        self.is_done = self.start >= end
        self._max_hits = max_hits
        self._counts_on = counts_on
        self._whole_bytes = whole_bytes
        #: A line is cut only if it is longer than this, whatever the slices, so that results are the same each time.
        self._longest = max(
            self._ends.unit, min(chunk_bytes, matcher.longest) // self._ends.unit * self._ends.unit
        )
        self.slice_bytes = min(slice_bytes, self._longest)
        self._clock = clock
        self._is_cancelled = False
        #: Hits that an interrupted step has not returned.
        self.unreturned: list[Hit] = []
        #: Where a line that continues in the next chunk began, and whether it has already been found.
        self._open_line: int | None = None
        self._open_line_found = False
        self._slices = self._searched()

    def cancel(self) -> None:
        """Make a running step return soon."""
        self._is_cancelled = True

    def step(self, seconds: float, max_bytes: int, *, is_eager: bool = False) -> list[Hit]:
        """Search for this long or this far; with `is_eager`, only to the first hits.

        It may end in the middle of a slice, whose hits come when the slice is done. Raises what `read` does; then the
        next step goes on where this one was interrupted.
        """
        hits = self.unreturned
        until, most = self._clock() + seconds, self.position + max_bytes
        while not self.is_done and not self._is_cancelled:
            try:
                hits += next(self._slices, ())
            except Exception:
                self._slices = self._searched()
                raise
            if self._clock() >= until or self.position >= most or (hits and is_eager):
                break
        self.unreturned = []
        return hits

    def _searched(self) -> Iterator[list[Hit]]:
        """The hits of each slice once it has been searched; nothing at each pause before."""
        if self._matcher.looks_ahead:
            self._matcher.follow(self._above())
        while self.position < self.end:
            began = self._clock()
            data = self._whole_lines()
            if not data:
                break  # the file became shorter
            hits: list[Hit] = []
            for hit in self._search(data):
                if hit is None:
                    yield []
                else:
                    hits.append(hit)
            self.position = hits[-1].end if self.is_full else self.position + len(data)
            self.searched = self.position - self.start
            self.found = self._found_so_far
            self._adapt(self._clock() - began)
            yield hits
            if self.is_full:
                break
        self.is_done = True

    def _whole_lines(self) -> bytes:
        """The next lines, or the next piece of a line that is too long to search at a time."""
        size = self.slice_bytes
        while True:
            data = self._read(self.position, min(size, self.end - self.position))
            if len(data) < size:  # the end of the file
                self.end = min(self.end, self.position + len(data))
                return data
            if whole := self._ends.after_last(data, self.position):
                return data[:whole]
            if size >= self._longest:
                return data[: self._ends.whole_characters(data) or len(data)]
            size = min(size * 2, self._longest)

    def _adapt(self, took: float) -> None:
        if took < FAST_SECONDS:
            self.slice_bytes = min(self.slice_bytes * 2, self._longest)
        elif took > SLOW_SECONDS:
            self.slice_bytes = max(self.slice_bytes // 2, min(LEAST_SLICE_BYTES, self._longest))

    def _search(self, data: bytes) -> Iterator[Hit | None]:
        """The hits, and None at each pause."""
        if self._may_match and data.endswith(self._ends.newline) and not self._may_match(data):
            self._open_line = None
            return  # converting it would take longer than all else
        chunk = self._conversion.chunk(data, self.position)
        text = self._matcher.prepared(chunk.text)
        if self._matcher.looks_ahead:
            self._matcher.look_ahead(self._line_at(self.position + len(data)))
        yield from self._hits(chunk, text)
        if text.endswith(b"\n"):
            self._open_line = None
        elif self._open_line is None or b"\n" in text:
            self._open_line = chunk.start_of(text.rfind(b"\n") + 1)
            self._open_line_found = chunk.last_found == self._open_line

    def _above(self) -> bytes:
        """Text before the next byte to search, as UTF-8, from where a line begins."""
        begin = max(0, self.position - ABOVE_BYTES) // self._ends.unit * self._ends.unit
        text = self._conversion.chunk(self._read(begin, self.position - begin), begin).text
        # The line at its beginning may be cut, and so may a character.
        return text.partition(b"\n")[2] if begin else text

    def _line_at(self, offset: int) -> bytes:
        """The line at a place, or its first bytes, as UTF-8."""
        data = self._read(offset, AHEAD_BYTES)
        return self._conversion.chunk(data, offset).text.partition(b"\n")[0]

    def _found(self, text: bytes) -> Iterator[int | None]:
        """Where the lines begin to match, one place in each line; None at each pause."""
        at, stop, most, count = 0, len(text), self._matcher.pause_bytes, 0
        while at < stop:
            pause = stop if stop - at <= most else text.find(b"\n", at + most - 1) + 1 or stop
            while at < pause and (found := self._matcher.find(text, at, pause)) >= 0:
                yield found
                count += 1
                if count % PAUSE_HITS == 0:
                    yield None
                newline = text.find(b"\n", found)
                at = newline + 1 if newline >= 0 else stop
            if pause == stop:
                return
            at = max(at, pause)
            yield None

    def _hits(self, chunk: Chunk, text: bytes) -> Iterator[Hit | None]:
        for found in self._found(text):
            if found is None:
                yield None
                continue
            line_start = text.rfind(b"\n", 0, found) + 1
            newline = text.find(b"\n", found)
            line_end = newline if newline >= 0 else len(text)
            if line_start == len(text):
                return  # an empty match fits everywhere, but after the last line feed there is no line
            start = chunk.start_of(line_start)
            if line_start == 0 and self._open_line is not None:
                if self._open_line_found:
                    continue
                start, self._open_line_found = self._open_line, True
            if self._found_so_far >= self._max_hits:
                if self._is_match(text[line_start:line_end]):
                    chunk.last_found = start
                    self._found_so_far += 1
                continue
            shown = self._shown(chunk.text[line_start:line_end], text[line_start:line_end])
            if shown is None:
                continue
            parts, skipped, after = shown
            if start == 0 and parts[0].startswith("\ufeff"):
                parts, skipped = (parts[0][1:], *parts[1:]), skipped + 3
                is_cut = skipped > 3
            else:
                is_cut = skipped > 0
            is_rest = line_start == 0 and self._open_line is not None
            before = is_cut or is_rest
            chunk.last_found = start
            self._found_so_far += 1
            after = after or newline < 0 < self._left(chunk)
            skipped = -1 if is_rest else skipped
            yield Hit(start, chunk.end_of(line_end), parts, before, after, skipped=skipped)
            if self._found_so_far >= self._max_hits and not self._counts_on:
                self.is_full = True
                return

    def _left(self, chunk: Chunk) -> int:
        return self.end - chunk.base - len(chunk.data)

    def _is_match(self, prepared: bytes) -> bool:
        """Whether the line alone matches."""
        return next(self._matcher.spans(prepared.removesuffix(b"\r")), None) is not None

    def _shown(self, line: bytes, prepared: bytes) -> tuple[tuple[str, ...], int, bool] | None:
        """The parts of a line around its first match, how many bytes are before them, and whether more follow; None:
        the line alone does not match.
        """
        line = line.removesuffix(b"\r")
        most = max(1, min(MAX_MARKED, MARK_PIECES * self._matcher.longest // max(1, len(line))))
        spans = self._matcher.spans(prepared[: len(line)])
        first = span = next(spans, None)
        if first is None:
            return None
        if self._whole_bytes:
            end = len(line) if len(line) <= self._whole_bytes else _character_start(line, self._whole_bytes)
            return (line[:end].decode("utf-8", "replace"),), 0, end < len(line)
        start = 0 if first[0] <= EXCERPT_BYTES // 4 else _character_start(line, first[0] - LEAD_BYTES)
        end = (
            len(line) if start + EXCERPT_BYTES >= len(line) else _character_start(line, start + EXCERPT_BYTES)
        )
        cuts, count = [start], 0
        while span is not None and span[0] < end and count < most:
            if span[0] < span[1]:
                cuts += [span[0], min(span[1], end)]
            count += 1
            span = next(spans, None) if count < most else None
        pieces = zip(cuts, [*cuts[1:], end], strict=True)
        parts = tuple(line[one:other].decode("utf-8", "replace") for one, other in pieces)
        return parts, start, end < len(line)


def _character_start(text: bytes, at: int) -> int:
    """`at`, or the start of the UTF-8 character that contains it."""
    for back in range(4):
        if at - back <= 0 or text[at - back] & 0xC0 != 0x80:
            return max(0, at - back)
    return at
