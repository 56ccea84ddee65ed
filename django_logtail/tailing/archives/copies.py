"""The text of archives that can only be unpacked from their beginning, by way of a temporary file without a name."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from typing import IO, Final

from django_logtail.tailing.archives.unpacking import Unpacking
from django_logtail.tailing.files.generation import Changed
from django_logtail.tailing.files.system import System, close_quietly
from django_logtail.tailing.reasons import reason, reason_of

#: Bytes of text of one archive that a temporary file may hold; the rest can't be read.
MOST_COPY_BYTES: Final = 1024**3


class Copy:
    """The unpacked text of one archive, as far as it was requested. Several threads add to it in turn."""

    memory = 0

    def __init__(self, kind: str) -> None:
        self.kind = kind
        #: Bytes of text; None until it is unpacked to its end.
        self.size: int | None = None
        self.trouble = ""
        self.lock = threading.Lock()
        self.unpacking: Unpacking | None = None
        self._file: IO[bytes] | None = None
        self._users = 0
        self._is_wanted = True

    @property
    def at(self) -> int:
        """Bytes of text that are there."""
        return 0 if self.unpacking is None else self.unpacking.text_at

    @property
    def disk(self) -> int:
        return self.at

    def use(self) -> None:
        """Count another user of the copy; see `leave`."""
        with self.lock:
            self._users += 1

    def leave(self) -> None:
        with self.lock:
            self._users -= 1
            self._close_unused()

    def let_go(self) -> None:
        """Mark it as no longer wanted; free the disk space once it is unused."""
        with self.lock:
            self._is_wanted = False
            self._close_unused()

    def _close_unused(self) -> None:
        if not self._is_wanted and not self._users and self._file is not None:
            self._file.close()
            self._file = None

    def unpack(self, system: System, descriptor: int, stored: int) -> None:
        """Add a piece; call it with the lock. Raises `OSError` of reading."""
        if self.size is not None:
            return
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="logtail-", buffering=0)  # noqa: SIM115 - until let go

        def read(size: int, offset: int) -> bytes:
            return system.pread(descriptor, max(0, min(size, stored - offset)), offset)

        if self.unpacking is None:
            self.unpacking = Unpacking(self.kind, read)
        self.unpacking.read = read
        at = self.unpacking.text_at
        text = self.unpacking.piece()
        room = MOST_COPY_BYTES - at
        try:
            written = os.pwrite(self._file.fileno(), text[:room], at) if text else 0
        except OSError as error:
            self.size, self.trouble = at, reason_of(error)
            return
        if written < len(text):
            self.size, self.trouble = at + written, reason("archive-copy-limit", bytes=at + written)
        elif self.unpacking.is_done:
            self.size, self.trouble = self.unpacking.text_at, self.unpacking.trouble

    def read(self, offset: int, size: int) -> bytes:
        """Of the text that is there."""
        if self._file is None:
            return b""
        return os.pread(self._file.fileno(), max(0, min(size, self.at - offset)), offset)


class CopiedText:
    """See `texts.Text`."""

    def __init__(self, system: System, descriptor: int, found: os.stat_result, copy: Copy) -> None:
        self._system = system
        self._found = found
        self._copy = copy
        self.inode = found.st_dev, found.st_ino
        self.descriptor = descriptor

    @property
    def size(self) -> int | None:
        return self._copy.size

    @property
    def trouble(self) -> str:
        return self._copy.trouble

    @property
    def guess(self) -> int:
        if self._copy.size is not None:
            return self._copy.size
        unpacking, stored = self._copy.unpacking, self._found.st_size
        if unpacking is None or not unpacking.raw_at:
            return stored
        return max(unpacking.text_at, unpacking.text_at * stored // unpacking.raw_at)

    @property
    def unpacked(self) -> int:
        return self._copy.at

    def reach(self, offset: int, seconds: float) -> bool:
        until = time.thread_time() + seconds
        while not self._is_at_end(offset):
            with self._copy.lock:
                self._unpack()
            if time.thread_time() >= until:
                break
        return self._is_at_end(offset)

    def read(self, offset: int, size: int) -> bytes:
        while not self._is_at_end(offset + size):
            with self._copy.lock:
                self._unpack()
        return self._copy.read(offset, size)

    def close(self) -> None:
        close_quietly(self._system, self.descriptor)
        self._copy.leave()

    def _is_at_end(self, offset: int) -> bool:
        return self._copy.size is not None or self._copy.at >= offset

    def _unpack(self) -> None:
        """What was unpacked of another file must not get into the copy. Raises `Changed`."""
        self._copy.unpack(self._system, self.descriptor, self._found.st_size)
        now, then = self._system.fstat(self.descriptor), self._found
        if (now.st_size, now.st_mtime_ns) != (then.st_size, then.st_mtime_ns):
            self._copy.size, self._copy.trouble = 0, reason("file-changed")
            raise Changed
