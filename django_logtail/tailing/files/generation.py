"""One physical file that a log's path has named: its identity, and reads that prove it is still the same text.

A descriptor that stays open pins the inode, so device and inode are exact while we run. Across restarts the id says:
device, inode, and a hash of the first bytes. Size alone never proves that nothing before it has changed.
"""

from __future__ import annotations

import hashlib
import os
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from django_logtail.tailing.files.system import System, close_quietly

#: First bytes of a file that identify it: more than a banner line, less than one page.
HEAD_BYTES = 256
#: Bytes before the furthest one read that are read again with new ones, to check that they are unchanged.
ANCHOR_BYTES = 1024
#: To recognise what a shortened file kept: sample size, and the spacing of samples in the last 4 MiB.
SAMPLE_BYTES = 256
SAMPLE_EVERY = 16 * 1024
MAX_SAMPLES = 256


@dataclass(frozen=True, slots=True)
class FileId:
    """What a generation's id contains. Its text form is opaque to everyone else."""

    device: int
    inode: int
    birth: int  # ns; 0: not known
    length: int
    digest: str
    serial: str = ""

    def __str__(self) -> str:
        text = f"{self.device:x}-{self.inode:x}-{self.birth:x}-{self.length:x}-{self.digest}"
        return f"{text}-{self.serial}" if self.serial else text

    @classmethod
    def parse(cls, text: str) -> FileId | None:
        """The id in `text`; None if it is not an id."""
        fields = text.split("-")
        if len(text) > 120 or len(fields) not in (5, 6):
            return None
        try:
            device, inode, birth, length = (int(field, 16) for field in fields[:4])
        except ValueError:
            return None
        if min(device, inode, birth, length) < 0 or length > HEAD_BYTES:
            return None
        return cls(device, inode, birth, length, *fields[4:])

    @property
    def is_strong(self) -> bool:
        """Whether its digest alone tells files apart."""
        return self.length >= HEAD_BYTES


def digest_of(head: bytes) -> str:
    """The hash of a file's first bytes, as ids have it."""
    return hashlib.blake2b(head, digest_size=8).hexdigest()


def birth_or_none(system: System, descriptor: int) -> int:
    """When the open file was created, in ns; 0: unknown."""
    try:
        return system.birth(descriptor)
    except OSError:
        return 0


def proves(system: System, descriptor: int, file_id: FileId, offset: int, *, copy: bool = False) -> bool:
    """Whether the open file is the one that `file_id` was made from, and contains `offset`. May raise `OSError`.

    With `copy`, another inode with the same head is accepted too. A short head proves little, so in that case a line
    must end at `offset`. Inodes are reused once their files are gone; the birth time tells such files apart. An id with
    neither content nor birth time proves nothing.
    """
    found = system.fstat(descriptor)
    if found.st_size < max(offset, file_id.length) or not (file_id.length or file_id.birth):
        return False
    same_inode = found.st_ino == file_id.inode and (found.st_dev == file_id.device or file_id.is_strong)
    if same_inode and file_id.birth:
        birth = system.birth(descriptor)
        same_inode = birth == file_id.birth or (not birth and file_id.length > 0)
    if not same_inode and not (copy and file_id.is_strong):
        return False
    if digest_of(system.pread(descriptor, file_id.length, 0)) != file_id.digest:
        return False
    if offset <= file_id.length or (same_inode and file_id.is_strong):
        return True
    return b"\n" in system.pread(descriptor, min(4, offset), max(0, offset - 4))


class Changed(Exception):
    """What was read before is gone: the file was cut or overwritten."""


class Generation:
    """An open file. It owns its descriptor."""

    def __init__(
        self,
        system: System,
        descriptor: int,
        found: os.stat_result,
        *,
        head: bytes | None = None,
        again: bool = False,
    ) -> None:
        """`again`: this inode was another generation before. If it raises `OSError`, the caller keeps the
        descriptor.
        """
        self._system = system
        self.head = system.pread(descriptor, HEAD_BYTES, 0) if head is None else head
        # A file that begins empty or is emptied twice needs an id of its own; nothing could prove the difference later.
        serial = os.urandom(3).hex() if again or len(self.head) < HEAD_BYTES else ""
        self.birth = birth_or_none(system, descriptor)
        digest = digest_of(self.head)
        self.id = str(FileId(found.st_dev, found.st_ino, self.birth, len(self.head), digest, serial))
        self.device = found.st_dev
        self.inode = found.st_ino
        self.descriptor: int | None = descriptor
        self.name: Path | None = None  # where it was when opened, symbolic links resolved
        self.is_remote = False
        #: The furthest byte read and the bytes before it.
        self.anchor = b""
        self.anchor_at = 0
        #: The largest size seen while everything before it was still the same.
        self.proven_size = 0
        #: Read but not taken, because its line was unfinished; the only copy once the file was cut.
        self.tail = b""
        self.tail_at = 0
        #: Only the tail can still be read.
        self.is_lost = False
        #: Nothing more will be appended.
        self.is_final = False
        #: Bytes emitted, including those appended after a newer generation began.
        self.sent = 0
        #: Where to look for the end of a run of NULs.
        self.unwritten_to = 0
        #: Where the gap that begins here ended at the last look; 0: not known.
        self.gap_end = 0
        self._samples: OrderedDict[int, bytes] = OrderedDict()

    @property
    def inode_key(self) -> tuple[int, int]:
        """The inode that the descriptor pins; the id keeps the one it was made from, in case a copy replaces it."""
        return self.device, self.inode

    @property
    def is_open(self) -> bool:
        return self.descriptor is not None

    def stat(self) -> os.stat_result:
        """Raises `OSError`."""
        assert self.descriptor is not None
        return self._system.fstat(self.descriptor)

    def place_anchor(self, offset: int) -> None:
        """Begin reading at `offset`: remember what is before it. Raises `OSError`."""
        assert self.descriptor is not None
        start = max(0, offset - ANCHOR_BYTES)
        self.anchor = self._system.pread(self.descriptor, offset - start, start)
        self.anchor_at = start + len(self.anchor)
        self.sent = offset
        self.tail = b""

    def read(self, offset: int, size: int) -> bytes:
        """Up to `size` bytes from `offset`, proven to follow what was read before.

        Raises `Changed` when they do not, or when the file is closed; `OSError` as the system does.
        """
        if self.is_lost or self.descriptor is None:
            kept = self.tail[offset - self.tail_at :][:size] if self.tail_at <= offset else b""
            if not kept and size:
                raise Changed
            return kept
        if offset != self.anchor_at:
            self._prove_anchor()
            return self._system.pread(self.descriptor, size, offset)
        if offset == 0:  # no anchor yet: it must begin as it did when it got its id
            data = self._system.pread(self.descriptor, max(size, len(self.head)), 0)
            if not data.startswith(self.head):
                raise Changed
            return data[:size]
        start = offset - len(self.anchor)
        data = self._system.pread(self.descriptor, len(self.anchor) + size, start)
        if not data.startswith(self.anchor):
            raise Changed
        return data[len(self.anchor) :]

    def _prove_anchor(self) -> None:
        assert self.descriptor is not None
        start = self.anchor_at - len(self.anchor)
        if self._system.pread(self.descriptor, len(self.anchor), start) != self.anchor:
            raise Changed

    def took(self, offset: int, data: bytes) -> None:
        """`data` from `offset` has been emitted: it is what later reads are proven against."""
        end = offset + len(data)
        self.sent = max(self.sent, end)
        if offset <= len(self.head) < HEAD_BYTES and end > len(self.head):
            self.head = (self.head + data[len(self.head) - offset :])[:HEAD_BYTES]
        if end <= self.anchor_at:
            return
        new = data[max(0, self.anchor_at - offset) :]  # after a rewind, its beginning is already known
        first = (self.anchor_at // SAMPLE_EVERY + 1) * SAMPLE_EVERY
        if first <= end:
            text = self.anchor + new
            self._sample(text, end - len(text), range(first, end + 1, SAMPLE_EVERY))
        self.anchor = new[-ANCHOR_BYTES:] if len(new) >= ANCHOR_BYTES else (self.anchor + new)[-ANCHOR_BYTES:]
        self.anchor_at = end

    def _sample(self, text: bytes, base: int, places: range) -> None:
        for place in places:
            if place - SAMPLE_BYTES >= base:
                self._samples[place] = text[place - SAMPLE_BYTES - base : place - base]
        while len(self._samples) > MAX_SAMPLES:
            self._samples.popitem(last=False)

    def skip_to(self, offset: int) -> None:
        """Pass over unwritten space."""
        self.sent = max(self.sent, offset)
        self.gap_end = 0
        if offset > self.anchor_at:
            self.anchor, self.anchor_at = b"", offset

    def kept_its_first(self, size: int) -> bool:
        """Whether the file, cut to `size` bytes, is still what was read of it. Raises `OSError`.

        Needs proof near the new end: new text that begins with the same banner must not pass for the old.
        """
        assert self.descriptor is not None
        head = self.head[:size]
        if self._system.pread(self.descriptor, len(head), 0) != head or not size:
            return False
        near_end = size <= len(self.head)
        anchor_start = self.anchor_at - len(self.anchor)
        if anchor_start < size:
            kept = self.anchor[: size - anchor_start]
            if self._system.pread(self.descriptor, len(kept), anchor_start) != kept:
                return False
            near_end = True
        last = size // SAMPLE_EVERY * SAMPLE_EVERY
        for place in range(max(0, last - 63 * SAMPLE_EVERY), last + 1, SAMPLE_EVERY):
            sample = self._samples.get(place)
            if sample is None:
                continue
            if self._system.pread(self.descriptor, SAMPLE_BYTES, place - SAMPLE_BYTES) != sample:
                return False
            near_end = near_end or place == last
        return near_end

    def is_copy_of(self, read: Generation) -> bool:
        """Whether this file holds the text that was read of another: the same head, and its anchor where it was."""
        if self.descriptor is None or len(read.head) < HEAD_BYTES or self.head != read.head:
            return False
        try:
            start = read.anchor_at - len(read.anchor)
            return self._system.pread(self.descriptor, len(read.anchor), start) == read.anchor
        except OSError:
            return False

    def was_written_over(self) -> bool:
        """After `Changed`: whether the last line is still there, as after an edit in place. Raises `OSError`."""
        assert self.descriptor is not None
        start = self.anchor_at - len(self.anchor)
        now = self._system.pread(self.descriptor, len(self.anchor), start)
        differ = [at for at, (was, is_) in enumerate(zip(self.anchor, now, strict=False)) if was != is_]
        if len(now) < len(self.anchor) or not differ:
            return False
        return differ[-1] < self.anchor.rfind(b"\n", 0, -1)

    def keep_tail(self, offset: int, data: bytes) -> None:
        """Remember bytes read but not taken."""
        self.tail, self.tail_at = data, offset

    def lose(self) -> None:
        """The text is gone from the disk; only the tail is left."""
        self.is_lost = self.is_final = True
        self.close()

    def give_descriptor(self) -> int:
        """Hand the descriptor to another generation of the same inode."""
        assert self.descriptor is not None
        descriptor, self.descriptor = self.descriptor, None
        return descriptor

    def close(self) -> None:
        close_quietly(self._system, self.descriptor)
        self.descriptor = None
