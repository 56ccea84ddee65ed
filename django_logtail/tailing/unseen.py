"""Which siblings of a log were the log while nobody looked, and which are copies of what was read."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from django_logtail.tailing.chain import MAX_AHEAD, Chain
from django_logtail.tailing.events import Kind
from django_logtail.tailing.generation import HEAD_BYTES, FileId, Generation, proves
from django_logtail.tailing.opening import Opened, Permit, Trouble, open_log
from django_logtail.tailing.siblings import Sibling, made_between, oldest_first, siblings_of
from django_logtail.tailing.system import System, close_quietly

#: Siblings whose head is remembered at the start.
MAX_KNOWN = 64
#: A rotation may be under way: names are listed until two lists agree, so often and so many seconds at most.
MAX_LISTS = 20
MAX_LISTS_SECONDS = 0.05
#: And a file is looked for under another name so often.
MAX_OPENS = 5


class Siblings:
    """Remembers the siblings there were, so that only later ones can be generations that went unseen.

    Raises `OSError` nowhere: a sibling that cannot be opened is none.
    """

    def __init__(self, system: System, path: Path, permit: Permit) -> None:
        self._system = system
        self._path = path
        self._permit = permit
        #: Bytes of the newest unseen files that were found last and are more than are held open.
        self.left_out = 0
        self._names: dict[Path, None] = {path: None}
        self._known: dict[tuple[int, int], tuple[bytes, int]] = {}  # inode -> head, time of last write

    def adopt(self, opened: Opened) -> Generation:
        """The generation of an opened file. Raises `OSError`; then the descriptor is the caller's."""
        generation = Generation(self._system, opened.descriptor, opened.stat)
        with contextlib.suppress(OSError):
            generation.name = self._system.name_of(opened.descriptor)
        return generation

    def listed(self, *generations: Generation | None, lists: int = MAX_LISTS) -> list[Sibling]:
        """The siblings of the log's name, and of the names that the generations had when they were opened."""
        self._names = {self._path: None}
        for generation in generations:
            if generation is not None and generation.name is not None:
                self._names[generation.name] = None
        found: dict[tuple[int, int], Sibling] = {}
        before: dict[tuple[int, int], Path] = {}
        deadline = self._system.busy_seconds() + MAX_LISTS_SECONDS
        for _ in range(lists):
            now = self._listed_once()
            paths = {inode: sibling.path for inode, sibling in now.items()}
            if paths == before:
                return oldest_first(list(now.values()))
            found.update(now)
            before = paths
            if self._system.busy_seconds() > deadline:
                break
        return oldest_first(list(found.values()))

    def _listed_once(self) -> dict[tuple[int, int], Sibling]:
        now: dict[tuple[int, int], Sibling] = {}
        for name in self._names:
            with contextlib.suppress(OSError):
                now.update({sibling.inode: sibling for sibling in siblings_of(self._system, name)})
        return now

    def learn(self, current: Generation | None) -> None:
        """Remember which siblings there are now."""
        for sibling in self.listed(current, lists=1)[-MAX_KNOWN:]:
            generation = self._open(sibling)
            if generation is not None:
                self._know(sibling, generation)
                generation.close()

    def remember(self, generation: Generation) -> None:
        """Know an older generation again, once it is a sibling."""
        if generation.descriptor is None:
            self._known[generation.inode_key] = generation.head, 0
            return
        with contextlib.suppress(OSError):
            head = self._system.pread(generation.descriptor, HEAD_BYTES, 0)  # it may have grown since
            self._known[generation.inode_key] = head, generation.stat().st_mtime_ns

    def forget(self, generation: Generation) -> None:
        self._known.pop(generation.inode_key, None)

    def between(
        self, chain: Chain, old: os.stat_result, written_ns: int, new: Generation
    ) -> list[tuple[Sibling, Generation]]:
        """What was the log after `old` and before `new`, opened, oldest first."""
        listed = self.listed(new, chain.last.generation)
        return self._opened_unseen(_until(new, listed, made_between(listed, old, written_ns)), chain, new)

    def name_of(self, generation: Generation, new: Generation) -> str | None:
        """The sibling's name that a generation has now."""
        listed = self.listed(new, generation)
        return next((sibling.name for sibling in listed if sibling.inode == generation.inode_key), None)

    def _opened_unseen(
        self, candidates: list[Sibling], chain: Chain, current: Generation
    ) -> list[tuple[Sibling, Generation]]:
        self.left_out = 0
        held = {*chain.inodes(), current.inode_key}
        found: list[tuple[Sibling, Generation]] = []
        for sibling in candidates:
            if sibling.inode in held:
                continue
            generation = self._open(sibling)
            if generation is None:
                continue
            if len(found) == MAX_AHEAD:
                self.left_out += sibling.stat.st_size
                generation.close()
                continue
            is_known = self._is_known(sibling, generation)
            self._know(sibling, generation)
            if is_known or any(generation.is_copy_of(segment.generation) for segment in chain.segments):
                generation.close()
                continue
            try:
                generation.proven_size = generation.stat().st_size
            except OSError:
                self.forget(generation)
                generation.close()
            else:
                found.append((sibling, generation))
        return found

    def copy_of(self, old: Generation, chain: Chain) -> tuple[Sibling, Generation] | None:
        """The copy that copytruncate has made: never seen, with our head, and our anchor at our offset."""
        if not old.anchor and not old.head:
            return None
        held = chain.inodes()
        for sibling in reversed(self.listed(old)):
            if sibling.inode in held or sibling.stat.st_size < old.anchor_at:
                continue
            generation = self._open(sibling)
            if generation is None:
                continue
            if not self._is_known(sibling, generation) and self._holds(generation, old):
                self._know(sibling, generation)
                return sibling, generation
            generation.close()
        return None

    def copies_after(
        self, copy: Sibling, chain: Chain, current: Generation
    ) -> list[tuple[Sibling, Generation]]:
        """Copies that were made after this one: what the file held before it was emptied again; opened."""
        listed = self.listed(current)
        after = made_between(listed, copy.stat, copy.stat.st_mtime_ns)
        after = _until(current, listed, after)
        return self._opened_unseen(after, chain, current)

    def wanted(self, file_id: FileId, offset: int, current: Generation | None) -> Generation | None:
        """The sibling that an id means: by inode, else the only one with that head (a copy)."""
        listed = self.listed(current)
        for sibling in listed:
            if sibling.stat.st_ino == file_id.inode:
                generation = self._open(sibling)
                if generation is not None and self._proves(generation, file_id, offset):
                    return generation
        copies = []
        for sibling in reversed(listed[-MAX_KNOWN:]):
            generation = self._open(sibling)
            if generation is not None and self._proves(generation, file_id, offset, copy=True):
                copies.append(generation)
        if len(copies) == 1:
            return copies[0]
        for generation in copies:
            generation.close()
        return None

    def _proves(self, generation: Generation, file_id: FileId, offset: int, *, copy: bool = False) -> bool:
        """Whether it is the one; closes it if not."""
        assert generation.descriptor is not None
        with contextlib.suppress(OSError):
            if proves(self._system, generation.descriptor, file_id, offset, copy=copy):
                return True
        generation.close()
        return False

    def _holds(self, generation: Generation, old: Generation) -> bool:
        """Whether the sibling holds what was read of `old`."""
        assert generation.descriptor is not None
        start = old.anchor_at - len(old.anchor)
        with contextlib.suppress(OSError):
            anchor = self._system.pread(generation.descriptor, len(old.anchor), start)
            return generation.head.startswith(old.head) and anchor == old.anchor
        return False

    def _know(self, sibling: Sibling, generation: Generation) -> None:
        self._known[sibling.inode] = generation.head, sibling.stat.st_mtime_ns

    def _is_known(self, sibling: Sibling, generation: Generation) -> bool:
        """Whether this is a file we have known before; an inode alone may have been given to another one since."""
        head, written_ns = self._known.get(sibling.inode, (b"", 0))
        return generation.head.startswith(head) if head else sibling.stat.st_mtime_ns == written_ns

    def _open(self, sibling: Sibling) -> Generation | None:
        """The sibling, by whatever name it has meanwhile: a rotation may be under way."""
        wanted: Sibling | None = sibling
        for _ in range(MAX_OPENS):
            if wanted is None:
                return None
            opened = open_log(self._system, wanted.path, self._permit)
            if isinstance(opened, Trouble):
                if opened.kind is not Kind.GONE:
                    return None
            elif (opened.stat.st_dev, opened.stat.st_ino) == sibling.inode:
                with contextlib.suppress(OSError):
                    return self.adopt(opened)
                close_quietly(self._system, opened.descriptor)
                return None
            else:
                close_quietly(self._system, opened.descriptor)
            wanted = self._listed_once().get(sibling.inode)
        return None


def _until(current: Generation, listed: list[Sibling], after: list[Sibling]) -> list[Sibling]:
    """Without what is newer than the current file, in case that was itself renamed meanwhile."""
    mine = next((sibling for sibling in listed if sibling.inode == current.inode_key), None)
    if mine is None:
        return after
    newer = {sibling.inode for sibling in made_between(listed, mine.stat, mine.stat.st_mtime_ns + 1)}
    return [sibling for sibling in after if sibling.inode not in newer]
