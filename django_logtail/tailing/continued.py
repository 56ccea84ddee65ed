"""Whether a new file under a log's name holds the old one's text, and maybe more: then it is no other log."""

from __future__ import annotations

import os

from django_logtail.tailing.files.generation import ANCHOR_BYTES, Generation
from django_logtail.tailing.files.system import System

#: Bytes of two files compared at once, and how often at most, to see that one continues the other.
COMPARED_BYTES = 64 * 1024
COMPARED_BLOCKS = 16


def continues_at(system: System, old: Generation, old_stat: os.stat_result | None, new: Generation) -> int:
    """Where to go on in `new`, when it is the old text and maybe more, written anew; 0 when it is another text.

    `old_stat`: None when the old file cannot be asked any more. Raises `OSError`.
    """
    assert new.descriptor is not None
    if old_stat is None or old.descriptor is None:
        return _continues_what_was_read(system, old, new.descriptor)
    size = old_stat.st_size
    # The same inode on another device is the same file, mounted anew.
    may_continue = not old_stat.st_nlink or new.inode == old.inode
    if not may_continue or not size or new.stat().st_size < size:
        return 0
    blocks = range(0, size, COMPARED_BYTES)
    # All of a small file; of a large one its head, its end and some blocks between.
    chosen = {*blocks[:: max(1, len(blocks) // COMPARED_BLOCKS)], blocks[-1], max(0, size - ANCHOR_BYTES)}
    for offset in sorted(chosen):
        length = min(COMPARED_BYTES, size - offset)
        was = system.pread(old.descriptor, length, offset)
        if system.pread(new.descriptor, length, offset) != was:
            return 0
    return size


def _continues_what_was_read(system: System, old: Generation, descriptor: int) -> int:
    """The old file cannot be asked any more: only what we remember of it."""
    if not old.anchor or not old.head:
        return 0
    start = old.anchor_at - len(old.anchor)
    same = system.pread(descriptor, len(old.head), 0) == old.head
    same = same and system.pread(descriptor, len(old.anchor), start) == old.anchor
    return old.anchor_at if same else 0
