"""The same file with different text: emptied, cut, overwritten, or copied and then emptied.

A different file with the same text, perhaps with more, also counts as the same log.
"""

from __future__ import annotations

import contextlib
import os

from django_logtail.tailing.chain import Chain, Details, Notice, Segment
from django_logtail.tailing.events import Kind
from django_logtail.tailing.files.generation import ANCHOR_BYTES, Generation
from django_logtail.tailing.files.opening import Permit, Trouble, open_log
from django_logtail.tailing.files.system import System, close_quietly
from django_logtail.tailing.rotations import Between, Siblings, Unseen
from django_logtail.tailing.siblings import Sibling

#: Seconds until a smaller size on a network file system is believed.
REMOTE_SECONDS = 1.0
#: Bytes of two files compared at once, and the most comparisons, to see that one continues the other.
COMPARED_BYTES = 64 * 1024
COMPARED_BLOCKS = 16


class Rewriting:
    """Takes the chain's last segment apart once its text has changed while we watched."""

    def __init__(self, permit: Permit, system: System, chain: Chain, siblings: Siblings) -> None:
        self._permit = permit
        self._system = system
        self._chain = chain
        self._siblings = siblings
        self._smaller_since: float | None = None

    @property
    def due(self) -> float | None:
        """When to look again at an unconfirmed change."""
        return None if self._smaller_since is None else self._smaller_since + REMOTE_SECONDS

    def take_apart(self, now: float, notices: list[Notice]) -> bool:
        """End the last segment, with `notices` and what was done to it, and begin a new generation on the same inode.
        False: a network file system says so, and is not believed yet. Raises `OSError`; then nothing has changed.
        """
        segment = self._chain.last
        old = segment.generation
        assert old.descriptor is not None
        found = old.stat()
        if old.is_remote and not self._is_confirmed(now):
            return False
        read_to = max(old.anchor_at, segment.start)
        copy = self._siblings.copy_of(old, self._chain)
        # Only a copy, or a kept remainder, can show that everything cut away had been read.
        kept, exit_ = 0, (Kind.TRUNCATED, dict[str, "str | int | None"](to=0, complete=int(copy is not None)))
        if copy is None and found.st_size < read_to and old.kept_its_first(found.st_size):
            kept = exit_[1]["to"] = found.st_size
        elif copy is None and found.st_size >= read_to and old.was_written_over():
            exit_ = (Kind.OVERWRITTEN, {})
        new = self._on_the_same_inode(old, found, kept, copy)
        exits = [*notices, exit_]
        between = Between([])
        if copy is not None or (not kept and exit_[0] is Kind.TRUNCATED):
            between = self._siblings.copies_after(copy[0] if copy is not None else None, self._chain, new)
        if copy is None:
            tail = len(old.tail) if old.tail_at == read_to else 0
            old.lose()
            self._chain.end(segment, 0, exits, now)
            segment.end = max(segment.end or 0, read_to + tail, old.proven_size)
        else:
            self._recover(segment, copy, read_to, exits, now)
        self._append_copies(between.unseen, now)
        self._chain.append(Segment(new, kept))
        return True

    def find_copies(self, now: float, notices: list[Notice]) -> bool:
        """Whether the last file, of which nothing was read, was copied and emptied, perhaps repeatedly.

        Then the first copy is read in its place. Raises `OSError`; then nothing has changed.
        """
        segment = self._chain.last
        old = segment.generation
        assert old.descriptor is not None
        found = old.stat()  # before anything is opened, because it may fail
        unseen = self._siblings.copies_after(None, self._chain, old).unseen
        if not unseen:
            return False
        first, *others = unseen
        copy = (first.sibling, first.generation)
        try:
            new = self._on_the_same_inode(old, found, 0, copy)
        except OSError:
            for other in others:
                self._siblings.forget(other.generation)
                other.generation.close()
            raise
        self._recover(segment, copy, 0, [*notices, (Kind.TRUNCATED, {"to": 0, "complete": 1})], now)
        self._append_copies(others, now)
        self._chain.append(Segment(new, 0))
        return True

    def _append_copies(self, unseen: list[Unseen], now: float) -> None:
        for each in unseen:
            each.generation.is_final = True  # a copy: nobody appends to it
            self._chain.append_ended(each.generation, (Kind.TRUNCATED, {"to": 0, "complete": 1}), now)

    def _on_the_same_inode(
        self, old: Generation, found: os.stat_result, start: int, copy: tuple[Sibling, Generation] | None
    ) -> Generation:
        """A new generation of the old one's file; with a copy, the old one need not keep its descriptor."""
        assert old.descriptor is not None
        descriptor = self._system.dup(old.descriptor) if copy is None else old.descriptor
        try:
            new = Generation(self._system, descriptor, found, again=True)
            new.name, new.is_remote = old.name, old.is_remote
            new.place_anchor(start)
        except OSError:
            if copy is None:
                close_quietly(self._system, descriptor)
            else:
                self._siblings.forget(copy[1])
                copy[1].close()
            raise
        return new

    def _recover(
        self,
        segment: Segment,
        copy: tuple[Sibling, Generation],
        read_to: int,
        exits: list[Notice],
        now: float,
    ) -> None:
        """Read from the copy what was cut from the file."""
        sibling, generation = copy
        old = segment.generation
        size = max(sibling.stat.st_size, read_to)
        with contextlib.suppress(OSError):
            size = max(size, generation.stat().st_size)
        old.device, old.inode = generation.inode_key
        old.birth = generation.birth
        old.descriptor = generation.give_descriptor()
        old.is_final = True
        if size > read_to:
            recovered: Details = {"name": sibling.name, "size": size - read_to}
            self._chain.end(segment, read_to, [(Kind.RECOVERED, recovered)], now)
            segment.end = read_to
            segment = Segment(old, read_to)
            self._chain.append(segment)
        self._chain.end(segment, size, exits, now)

    def _is_confirmed(self, now: float) -> bool:
        """Whether a second look confirms it: a network file system's size may lag, so look again a second later,
        with a new descriptor.
        """
        if self._smaller_since is None:
            self._smaller_since = now
        if now < self._smaller_since + REMOTE_SECONDS:
            return False
        generation = self._chain.last.generation
        opened = open_log(self._system, self._siblings.belonging.path, self._permit)
        if isinstance(opened, Trouble):
            return False
        try:
            start = generation.anchor_at - len(generation.anchor)
            again = self._system.pread(opened.descriptor, len(generation.anchor), start)
        finally:
            close_quietly(self._system, opened.descriptor)
        self._smaller_since = None
        return again != generation.anchor


def continues_at(system: System, old: Generation, old_stat: os.stat_result | None, new: Generation) -> int:
    """Where to continue in `new`, if it is the old text written again, perhaps with more; 0 if the text is different.

    `old_stat`: None if the old file can no longer be examined. Raises `OSError`.
    """
    assert new.descriptor is not None
    if old_stat is None or old.descriptor is None:
        return _continues_what_was_read(system, old, new.descriptor)
    size = old_stat.st_size
    # The same inode on another device is the same file, remounted.
    may_continue = not old_stat.st_nlink or new.inode == old.inode
    if not may_continue or not size or new.stat().st_size < size:
        return 0
    blocks = range(0, size, COMPARED_BYTES)
    # All of a small file; of a large one, its head, its end and some blocks in between.
    chosen = {*blocks[:: max(1, len(blocks) // COMPARED_BLOCKS)], blocks[-1], max(0, size - ANCHOR_BYTES)}
    for offset in sorted(chosen):
        length = min(COMPARED_BYTES, size - offset)
        was = system.pread(old.descriptor, length, offset)
        if system.pread(new.descriptor, length, offset) != was:
            return 0
    return size


def _continues_what_was_read(system: System, old: Generation, descriptor: int) -> int:
    """For an old file that can no longer be examined: compare only what we remember of it."""
    if not old.anchor or not old.head:
        return 0
    start = old.anchor_at - len(old.anchor)
    same = system.pread(descriptor, len(old.head), 0) == old.head
    same = same and system.pread(descriptor, len(old.anchor), start) == old.anchor
    return old.anchor_at if same else 0
