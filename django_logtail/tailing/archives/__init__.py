"""The text of compressed files: gzip at any place, from checkpoints; the others by way of a temporary copy.

What was learned of a file is kept for the process and found again by its inode, size and time: a file that is written
to is a new one. The text may be read by several threads at once, each with an `ArchiveText` of its own.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final, TypeAlias

from django_logtail.tailing.archives.checkpoints import GzipText, Index
from django_logtail.tailing.archives.copies import CopiedText, Copy
from django_logtail.tailing.archives.unpacking import Unpacking, Unsupported, kind_of
from django_logtail.tailing.files.generation import HEAD_BYTES
from django_logtail.tailing.files.system import System
from django_logtail.tailing.texts import Text

__all__ = ["Unsupported", "head_of", "key_of", "kind_of", "known", "open_archive"]

#: Archives whose first bytes are remembered: a list of files asks for all of them each time.
MOST_HEADS: Final = 4_096
#: Archives whose checkpoints or copy are kept; bytes of memory for all checkpoints, and of disk for all copies.
MOST_KEPT: Final = 256
MOST_INDEX_BYTES: Final = 64 * 1024 * 1024
MOST_COPIED_BYTES: Final = 2 * 1024**3

#: Distinguishes an archive from others, and from itself after a change.
Key: TypeAlias = tuple[int, int, int, int]


def key_of(found: os.stat_result) -> Key:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of an archive without reading it."""

    size: int | None = None
    trouble: str = ""


class Known:
    """What this process knows of archives."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        #: The first bytes of each text, and why no more of it follows.
        self._heads: OrderedDict[Key, tuple[bytes, str]] = OrderedDict()
        self._kept: OrderedDict[Key, Index | Copy] = OrderedDict()

    def head(self, key: Key) -> bytes | None:
        with self._lock:
            found = self._heads.get(key)
        return None if found is None else found[0]

    def keep_head(self, key: Key, head: bytes, trouble: str) -> None:
        with self._lock:
            self._heads[key] = head, trouble
            while len(self._heads) > MOST_HEADS:
                self._heads.popitem(last=False)

    def facts(self, key: Key) -> Facts:
        with self._lock:
            kept = self._kept.get(key)
            _head, trouble = self._heads.get(key, (b"", ""))
        return Facts(None, trouble) if kept is None else Facts(kept.size, kept.trouble or trouble)

    def of(self, key: Key, kind: str) -> Index | Copy:
        """What is known of this archive, to be added to. The caller lets a copy go when it closes its text."""
        with self._lock:
            kept = self._kept.pop(key, None)
            if kept is None:
                kept = Index() if kind == "gz" else Copy(kind)
            self._kept[key] = kept
            self._bound(kept)
            if isinstance(kept, Copy):
                kept.use()
            return kept

    def _bound(self, last: Index | Copy) -> None:
        """Forget the archives used longest ago, until the rest is within its limits."""
        while len(self._kept) > 1 and (
            len(self._kept) > MOST_KEPT
            or sum(kept.memory for kept in self._kept.values()) > MOST_INDEX_BYTES
            or sum(kept.disk for kept in self._kept.values()) > MOST_COPIED_BYTES
        ):
            key, kept = next(iter(self._kept.items()))
            if kept is last:
                return
            del self._kept[key]
            kept.let_go()

    def drop_copies(self) -> None:
        """Free the disk space, as soon as nobody reads it."""
        with self._lock:
            for key, kept in list(self._kept.items()):
                if isinstance(kept, Copy):
                    kept.let_go()
                    del self._kept[key]


#: This process's own.
known = Known()


def open_archive(system: System, descriptor: int, kind: str) -> Text:
    """The text of an open archive, which owns the descriptor.

    Raises `Unsupported`, and `OSError`; then the caller keeps the descriptor.
    """
    found = system.fstat(descriptor)
    Unpacking(kind, lambda size, offset: b"")  # raises if it can't be read here
    kept = known.of(key_of(found), kind)
    if isinstance(kept, Index):
        return GzipText(system, descriptor, found, kept)
    return CopiedText(system, descriptor, found, kept)


def head_of(system: System, descriptor: int, kind: str) -> bytes:
    """The first bytes of an archive's text, as ids have it. Raises `OSError` and `Unsupported`."""
    key = key_of(system.fstat(descriptor))
    if (head := known.head(key)) is not None:
        return head
    unpacking = Unpacking(kind, lambda size, offset: system.pread(descriptor, size, offset))
    head = b""
    while len(head) < HEAD_BYTES and not unpacking.is_done:
        head += unpacking.piece()
    head = head[:HEAD_BYTES]
    if key_of(system.fstat(descriptor)) == key:
        known.keep_head(key, head, unpacking.trouble)
    return head
