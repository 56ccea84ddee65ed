"""The text of gzip files, at any place: unpacking begins at the nearest checkpoint before it."""

from __future__ import annotations

import bisect
import os
import threading
import time
from collections import deque
from typing import Final

from django_logtail.tailing.archives.unpacking import Gunzip, Unpacking
from django_logtail.tailing.files.generation import Changed
from django_logtail.tailing.files.system import System, close_quietly

#: Bytes of text between two checkpoints: about 12 ms of unpacking. With more checkpoints than this, every second is
#: dropped and they get further apart.
EVERY_BYTES: Final = 4 * 1024 * 1024
MOST_CHECKPOINTS: Final = 512
#: Bytes of memory of one checkpoint: the 32 KiB that later text may repeat, and zlib's own state.
CHECKPOINT_BYTES: Final = 48 * 1024
#: Bytes of text kept before the current place, because lines are searched for backwards.
BEHIND_BYTES: Final = 2 * 1024 * 1024
#: Pieces of text that are shorter are joined: small members and hard text make many.
LEAST_PIECE_BYTES: Final = 16 * 1024


class Index:
    """The checkpoints of one archive; everything that reads it adds to them."""

    disk = 0

    def __init__(self) -> None:
        #: Bytes of text; None until it was unpacked to its end.
        self.size: int | None = None
        self.trouble = ""
        #: How far any thread has unpacked it: in the text and in the file.
        self.furthest = (0, 0)
        self._every = EVERY_BYTES
        self._lock = threading.Lock()
        self._places: list[int] = []
        self._states: list[tuple[int, Gunzip]] = []

    @property
    def memory(self) -> int:
        return len(self._places) * CHECKPOINT_BYTES

    def let_go(self) -> None:
        """Nothing to give back but memory."""

    def before(self, offset: int) -> tuple[int, int, Gunzip | None]:
        """The nearest place to begin at: in the text, in the file, and a decoder."""
        with self._lock:
            found = bisect.bisect_right(self._places, offset) - 1
            if found < 0:
                return 0, 0, None
            raw_at, decoder = self._states[found]
            return self._places[found], raw_at, decoder.copy()

    def passed(self, unpacking: Unpacking) -> None:
        """Note how far a thread has unpacked."""
        with self._lock:
            at, decoder = unpacking.text_at, unpacking.decoder
            self.furthest = max(self.furthest, (at, unpacking.raw_at))
            if unpacking.is_done:
                self.size, self.trouble = at, unpacking.trouble
                return
            last = self._places[-1] if self._places else 0
            if at < last + self._every or decoder.eof or not decoder.needs_input:
                return
            assert isinstance(decoder, Gunzip)
            self._places.append(at)
            self._states.append((unpacking.raw_at, decoder.copy()))
            if len(self._places) > MOST_CHECKPOINTS:
                del self._places[::2], self._states[::2]
                self._every *= 2


class GzipText:
    """See `texts.Text`."""

    def __init__(self, system: System, descriptor: int, found: os.stat_result, index: Index) -> None:
        self._system = system
        self._found = found
        self._index = index
        self.inode = found.st_dev, found.st_ino
        self.descriptor = descriptor
        self._unpacking = self._from(0, 0, None)
        #: The text before the place of `_unpacking`, in the pieces in which it came, and where it begins.
        self._kept: deque[bytes] = deque()
        self._kept_at = 0

    @property
    def size(self) -> int | None:
        return self._index.size

    @property
    def trouble(self) -> str:
        return self._index.trouble

    @property
    def guess(self) -> int:
        if self._index.size is not None:
            return self._index.size
        text, raw = self._index.furthest
        return max(text, text * self._found.st_size // raw if raw else self._found.st_size)

    @property
    def unpacked(self) -> int:
        return self._unpacking.text_at

    def reach(self, offset: int, seconds: float) -> bool:
        until = time.thread_time() + seconds
        self._go_back_to(offset)
        while not self._is_at_end(offset):
            self._unpack(offset)
            if time.thread_time() >= until:
                break
        self._check()
        return self._is_at_end(offset)

    def read(self, offset: int, size: int) -> bytes:
        self._go_back_to(offset)
        while not self._is_at_end(offset + size):
            self._unpack(offset)
        self._check()
        return self._of_kept(offset, offset + size)

    def _of_kept(self, start: int, end: int) -> bytes:
        """Copied once: copying takes a good part of the time of unpacking."""
        parts, at = [], self._kept_at
        for piece in self._kept:
            if at >= end:
                break
            if at + len(piece) > start:
                parts.append(memoryview(piece)[max(0, start - at) : end - at])
            at += len(piece)
        return b"".join(parts)

    def close(self) -> None:
        close_quietly(self._system, self.descriptor)

    def _is_at_end(self, offset: int) -> bool:
        """Whether the text is unpacked up to there, or to its end."""
        return self._unpacking.is_done or self._unpacking.text_at >= offset

    def _go_back_to(self, offset: int) -> None:
        """Move so that the text at `offset` is kept or comes next, with little to unpack before it."""
        if self._index.size is not None:
            offset = min(offset, self._index.size)
        here = self._unpacking.text_at
        if self._kept_at <= offset <= here:
            return
        text_at, raw_at, decoder = self._index.before(offset)
        if text_at <= here <= offset:
            return
        self._unpacking = self._from(text_at, raw_at, decoder)
        self._kept.clear()
        self._kept_at = text_at

    def _from(self, text_at: int, raw_at: int, decoder: Gunzip | None) -> Unpacking:
        return Unpacking("gz", self._raw, raw_at=raw_at, text_at=text_at, decoder=decoder)

    def _raw(self, size: int, offset: int) -> bytes:
        # Bytes appended later are another archive's.
        return self._system.pread(self.descriptor, max(0, min(size, self._found.st_size - offset)), offset)

    def _unpack(self, wanted: int) -> None:
        """Unpack another piece; keep some text before it, and everything from `wanted` on."""
        piece = self._unpacking.piece()
        if self._kept and len(self._kept[-1]) < LEAST_PIECE_BYTES:
            piece = self._kept.pop() + piece
        self._kept.append(piece)
        until = min(wanted, self._unpacking.text_at - BEHIND_BYTES)
        while self._kept_at + len(self._kept[0]) <= until:
            self._kept_at += len(self._kept.popleft())
        self._index.passed(self._unpacking)

    def _check(self) -> None:
        """Check that it is still the file that the index describes. Raises `Changed`."""
        now, then = self._system.fstat(self.descriptor), self._found
        if (now.st_size, now.st_mtime_ns) != (then.st_size, then.st_mtime_ns):
            raise Changed
