"""The files of a log, opened when they are first read, and their lines, for code that looks here and there."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Final, Protocol

from django_logtail.reader.sources import Source
from django_logtail.tailing import history
from django_logtail.tailing.archives import Unsupported
from django_logtail.tailing.files.generation import Changed
from django_logtail.tailing.files.opening import Permit
from django_logtail.tailing.files.system import System
from django_logtail.tailing.listing import Listed, newest_first
from django_logtail.tailing.text.lines import LineEnds
from django_logtail.tailing.texts import END, Text

#: Bytes of a line that are looked at.
LINE_BYTES: Final = 64 * 1024


class File(Protocol):
    """One file of the log. `written_at`: milliseconds since the epoch, known once it was read."""

    id: str
    size: int
    written_at: float

    def read(self, offset: int, size: int) -> bytes: ...


class LoggedFile:
    """A file that is opened when it is read. One that is gone by then has no bytes."""

    def __init__(self, open_it: Callable[[], Text | None], id: str, listed: Listed) -> None:
        self.id = id
        self.listed = listed
        #: Whether its size is unknown until it was unpacked.
        self.must_unpack = listed.size is None
        self.size = listed.size or 0
        self.written_at = 0.0
        self._open_it = open_it
        self._text: Text | None = None
        self._is_gone = False

    @property
    def is_open(self) -> bool:
        return self._text is not None

    def read(self, offset: int, size: int) -> bytes:
        text = self._opened()
        if text is None:
            return b""
        with contextlib.suppress(Changed):
            return text.read(offset, max(0, min(size, self.size - offset)))
        return b""

    @property
    def unpacked(self) -> tuple[int, int]:
        """How many bytes of text are unpacked, and of about how many."""
        text = self._text
        return (0, 0) if text is None else (text.unpacked, max(text.unpacked, text.guess))

    def unpack(self, slice_seconds: float) -> Iterator[None]:
        """Unpack it to its end, a slice at a time."""
        text = self._opened()
        with contextlib.suppress(Changed):
            while text is not None and text.size is None and not text.reach(END, slice_seconds):
                yield
        self.size = (text.size if text is not None else None) or 0

    def _opened(self) -> Text | None:
        if self._text is None and not self._is_gone:
            with contextlib.suppress(history.FilesAlike, Unsupported, Changed):
                self._text = self._open_it()
            self._is_gone = self._text is None
            if self._text is not None:
                self.written_at = os.fstat(self._text.descriptor).st_mtime * 1000
        return self._text

    def close(self) -> None:
        text, self._text = self._text, None
        if text is not None:
            text.close()


def log_files(
    source: Source, permit: Permit, open_files: Mapping[tuple[int, int], str]
) -> Iterator[LoggedFile | None]:
    """The files that can be read, newest first; None after each look, to pause at. `permit`: the source's."""

    def opener(found: Listed) -> Callable[[], Text | None]:
        def open_it() -> Text | None:
            # Where it was listed: searching for it again would scan the whole directory.
            text = found.sibling and history.open_sibling(System(), found.sibling, permit, found.id)
            return text or history.open_generation(source.belonging, found.id, permit=permit)

        return open_it

    for found in newest_first(source.belonging, permit=permit):
        if found is None:
            yield None
        elif found.id and found.size != 0:
            yield LoggedFile(opener(found), open_files.get(found.inode, found.id), found)


def lines_between(
    read: Callable[[int], bytes], ends: LineEnds, start: int, end: int
) -> Iterator[tuple[int, bytes] | None]:
    """The lines of a file that begin in [start, end), with their offsets; None after each block that `read` returned.

    Of a long line there are LINE_BYTES and a block at most.
    """
    unit, newline = ends.unit, ends.newline
    # One character earlier: a line that begins right here begins after its line feed.
    start = -(-start // unit) * unit
    base = max(0, start - unit)
    is_inside, text, at = start > 0, b"", 0  # `at`: where the current line begins in `text`
    while True:
        data = read(base + len(text))
        text += data
        yield None
        while base + at < end:
            stop = _find(text, newline, at, base, unit)
            if stop < 0:
                break
            if not is_inside:
                yield base + at, text[at:stop]
            is_inside, at = False, stop + unit
        if base + at >= end:
            return
        if not data:
            if not is_inside and at < len(text):
                yield base + at, text[at:]
            return
        if not is_inside and len(text) - at > LINE_BYTES:
            yield base + at, text[at : at + LINE_BYTES]
            is_inside = True
        if is_inside:
            at = len(text) - len(text) % unit
        base, text, at = base + at, text[at:], 0


def _find(text: bytes, newline: bytes, at: int, base: int, unit: int) -> int:
    found = text.find(newline, at)
    while found >= 0 and (base + found) % unit:
        found = text.find(newline, found + 1)
    return found
