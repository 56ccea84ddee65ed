"""The levels of lines: a line has that of the entry that contains it.

A level is a function of the bytes above a line, within a fixed reach. It depends neither on where a search began nor on
which lines it asked about before, so that searches in both directions find the same lines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from django_logtail.formats.context import Context, read
from django_logtail.formats.detection import Formats
from django_logtail.formats.heads import head_of, shown

#: How far above a line the head of its entry may be, in lines and in bytes of UTF-8.
MOST_BACK: Final = 300
REACH_BYTES: Final = 64 * 1024
#: Of the line after a line, which may decide about its level: characters, and bytes that surely have them.
FOLLOWING_CHARACTERS: Final = 256
FOLLOWING_BYTES: Final = 1024


@dataclass(slots=True)
class _Run:
    """Lines that were read in order up to `to`; offsets are those in the current piece, below 0 in the text before.

    `at` is the first byte that made it begin where it does, and `lines` counts from there: with the line above the
    first one if there had to be one.
    """

    at: int
    to: int
    lines: int
    context: Context
    #: Whether it begins with the head of an entry. If not, no head is in reach of its last line.
    has_head: bool = False
    #: The time of that head, as written.
    written: str = ""
    #: Whether later lines may be read in its context.
    goes_on: bool = True


class Levels:
    """The levels of the lines of a text that comes in pieces. Ask for lines in ascending order.

    Without a head in reach, reading begins at the nearest line that is not indented and follows one that is not
    indented either: neither a frame of a traceback nor what follows the frames.
    """

    def __init__(self, formats: Callable[[], Formats | None]) -> None:
        self._formats = formats
        self._text = self._before = self._ahead = b""
        self._run: _Run | None = None
        #: Whether the line of the last answer begins an entry.
        self.is_head = False
        self._written = ""

    @property
    def written(self) -> str:
        """The last time, as written, at or above the line of the last answer; "" if none is in reach."""
        return "" if self._run is None else self._run.written

    def follow(self, text: bytes) -> None:
        """Begin anew after this text."""
        self._before, self._text, self._ahead, self._run = text[-REACH_BYTES - 1 :], b"", b"", None

    def go_on(self, text: bytes) -> None:
        """The next piece, right after the one before."""
        if self._run is not None:
            self._run.at -= len(self._text)
            self._run.to -= len(self._text)
        self._before = (self._before + self._text[-REACH_BYTES - 1 :])[-REACH_BYTES - 1 :]
        self._text, self._ahead = text, b""

    def look_ahead(self, line: bytes) -> None:
        """The line after this piece."""
        self._ahead = line

    def level_of(self, begin: int, stop: int) -> str:
        """The level of the line [begin, stop) of this piece."""
        line = shown_line(self._text[begin:stop])
        if self._is_head(line):
            return self._read(self._begun(begin, has_head=True), [line], stop)
        if begin == 0 and self._before and not self._before.endswith(b"\n"):  # inside a long line
            level = self._read(self._begun(begin), [line], stop)
            self._run = None  # what is above the line is not known
            return level
        return self._level_inside(begin, line, stop)

    def _level_inside(self, begin: int, line: str, stop: int) -> str:
        """The level of a line that is not the head of an entry."""
        run = self._run if self._run is not None and self._run.to <= begin else None
        lines, places = [line], [begin]  # upwards
        anchor: int | None = None
        above_anchor = begin
        for place, text in self._above(begin):
            if anchor is None and _is_flush(lines[-1]) and _is_flush(text):
                anchor, above_anchor = len(lines) - 1, place
            if run is not None and places[-1] <= run.to:
                is_near = run.lines + len(lines) <= MOST_BACK + 1 and begin - run.at <= REACH_BYTES
                if is_near and (run.has_head or (anchor is None and run.goes_on)):
                    return self._read(run, lines[::-1], stop)
                if not run.has_head:
                    break
                run = None
            lines.append(text)
            places.append(place)
            if self._is_head(text):
                return self._read(self._begun(place, has_head=True), lines[::-1], stop)
        else:
            is_first = places[-1] == -len(self._before) and not self._is_cut
            if anchor is None and is_first and _is_flush(lines[-1]):
                return self._read(self._begun(places[-1]), lines[::-1], stop)
        if anchor is None:
            return self._read(self._begun(begin, goes_on=False), [line], stop)
        return self._read(self._begun(above_anchor, lines=1), lines[anchor::-1], stop)

    @property
    def _is_cut(self) -> bool:
        """Whether there may be text above what is kept."""
        return len(self._before) > REACH_BYTES

    def _begun(self, at: int, *, lines: int = 0, has_head: bool = False, goes_on: bool = True) -> _Run:
        written = self._written if has_head else ""
        return _Run(at, at, lines, Context(self._formats()), has_head, written, goes_on)

    def _read(self, run: _Run, lines: list[str], stop: int) -> str:
        """The level of the last of these lines, read in order in a run; it ends at `stop`."""
        after = self._text[stop + 1 : stop + 1 + FOLLOWING_BYTES].partition(b"\n")[0]
        if stop + 1 >= len(self._text):
            after = self._ahead[:FOLLOWING_BYTES]
        level = "O"
        following = [
            *(line[:FOLLOWING_CHARACTERS] for line in lines[1:]),
            shown_line(after)[:FOLLOWING_CHARACTERS] or None,
        ]
        for line, next_line in zip(lines, following, strict=True):
            found = read(line, run.context, next_line)
            level, self.is_head = found.level, found.kind == "entry"
        run.lines += len(lines)
        run.to = min(stop + 1, len(self._text))
        self._run = run
        return level

    def _above(self, begin: int) -> Iterator[tuple[int, str]]:
        """The lines above a place that are in reach, nearest first: where they begin, and their text."""
        end, before = begin, len(self._before)
        for _ in range(MOST_BACK):
            if end <= -before:
                return
            start = self._text.rfind(b"\n", 0, end - 1) + 1 if end > 1 else 0
            if start == 0:  # it may begin in the text before
                start = self._before.rfind(b"\n", 0, before + min(0, end - 1)) + 1 - before
            if begin - start > REACH_BYTES or (start == -before and self._is_cut):
                return
            line = self._text[max(0, start) : max(0, end - 1)]
            if start < 0:
                line = self._before[before + start : before + min(0, end - 1)] + line
            yield start, shown_line(line)
            end = start

    def _is_head(self, line: str) -> bool:
        head = head_of(line, self._formats())
        self._written = "" if head is None or head.part or head.is_bare else head.written
        return self._written != ""


def _is_flush(line: str) -> bool:
    """Whether it is not indented."""
    return line[:1] not in ("", " ", "\t")


def shown_line(line: bytes) -> str:
    """The text of a line of UTF-8, as formats read it."""
    return shown(line.removesuffix(b"\r").decode("utf-8", "replace").removeprefix("\ufeff"))
