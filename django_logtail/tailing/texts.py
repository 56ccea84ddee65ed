"""The text of one file, plain or compressed, as code that searches older files reads it.

A text belongs to one thread at a time. Reading blocks like any file access.
"""

from __future__ import annotations

from typing import Final, Protocol

from django_logtail.tailing.files.generation import HEAD_BYTES, Changed
from django_logtail.tailing.files.system import System, close_quietly

#: A place after every text's end.
END: Final = 2**63 - 1


class Text(Protocol):
    """An open file's text. It owns the descriptor; the caller closes it."""

    @property
    def descriptor(self) -> int: ...

    @property
    def inode(self) -> tuple[int, int]:
        """The device and inode of the file."""

    @property
    def size(self) -> int | None:
        """Bytes of text when it was opened; None: unknown until it is unpacked to its end."""

    @property
    def guess(self) -> int:
        """The size, or an estimate from how far it has been unpacked."""

    @property
    def unpacked(self) -> int:
        """How far this object has unpacked it; for plain text, 0."""

    @property
    def trouble(self) -> str:
        """One of `reasons`: why the text ends where it does, although there should be more; "" if there isn't."""

    def reach(self, offset: int, seconds: float) -> bool:
        """Unpack towards `offset` for that much of the thread's time; True: a read there, or before, is quick now.

        The same if the text ends before it; then its size is known. Raises `OSError` and `Changed`.
        """

    def read(self, offset: int, size: int) -> bytes:
        """Bytes from `offset` on; fewer at the end. Raises `OSError`, and `Changed` if the file is another by now."""

    def close(self) -> None: ...


class PlainText:
    """A file as it is on disk."""

    trouble = ""
    unpacked = 0

    def __init__(self, system: System, descriptor: int) -> None:
        """If it raises `OSError`, the caller keeps the descriptor."""
        self._system = system
        found = system.fstat(descriptor)
        self._head = system.pread(descriptor, HEAD_BYTES, 0)
        self._seen = found.st_size, found.st_mtime_ns
        self.inode = found.st_dev, found.st_ino
        self.size = found.st_size
        self.descriptor = descriptor

    @property
    def guess(self) -> int:
        return self.size

    def reach(self, offset: int, seconds: float) -> bool:
        return True

    def read(self, offset: int, size: int) -> bytes:
        data = self._system.pread(self.descriptor, size, offset)
        found = self._system.fstat(self.descriptor)
        seen = found.st_size, found.st_mtime_ns
        if seen != self._seen:  # it was written to: by appending?
            if found.st_size < self._seen[0]:
                raise Changed
            if not self._system.pread(self.descriptor, HEAD_BYTES, 0).startswith(self._head):
                raise Changed
            self._seen = seen
        return data

    def close(self) -> None:
        close_quietly(self._system, self.descriptor)


def read_whole(text: Text, start: int, end: int) -> bytes:
    """The bytes [start, end); fewer if it ends earlier. Raises as `Text.read` does."""
    parts = []
    while start < end:
        part = text.read(start, min(end - start, 1024 * 1024))
        if not part:
            break
        parts.append(part)
        start += len(part)
    return b"".join(parts)
