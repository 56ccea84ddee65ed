"""One log's path turned into one stream of bytes and events. Never sleeps; knows no time that it was not given.

`poll` first looks: what does the name mean now, and is the text before us still the same? What it finds becomes a
chain of segments, each a stretch of one generation and what happened at its end. Then it reads along that chain, as
far as the budget goes. Looking and reading are apart, so that a slow consumer delays bytes but no discovery, and a
consumer that lost something can be given the same chain again.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from django_logtail.tailing.backlog import start_of_last_lines
from django_logtail.tailing.events import Batch, Event, Item, Kind, Position
from django_logtail.tailing.generation import (
    ANCHOR_BYTES,
    HEAD_BYTES,
    Changed,
    FileId,
    Generation,
    digest_of,
    proves,
)
from django_logtail.tailing.lines import LineEnds
from django_logtail.tailing.opening import Opened, Permit, Trouble, open_log, permit_all, trouble_of
from django_logtail.tailing.siblings import Sibling, made_between, siblings_of
from django_logtail.tailing.starts import FromEnd, FromStart, LastLines, Resume, Start
from django_logtail.tailing.system import System, close_quietly, is_remote

Details: TypeAlias = Mapping[str, "str | int | None"]

#: Seconds between two looks that nothing asked for: what a lost notification costs at most.
TICK_SECONDS = 1.0
#: Seconds an unfinished line is waited for before it is shown.
PARTIAL_SECONDS = 0.3
#: Seconds a name must be away before it is called gone: a rotation's two renames are not worth a word.
GONE_SECONDS = 0.2
#: Seconds until a smaller size on a network file system is believed.
REMOTE_SECONDS = 1.0
#: Seconds of silence after which an older generation counts as finished, and at most held at all.
SILENT_SECONDS = 30.0
HELD_SECONDS = 600.0
#: Older generations held open at most.
MAX_HELD = 8
#: Looks after a change that re-read although the times are the same: clocks of file systems are coarse.
COARSE_LOOKS = 3
#: Bytes of NULs looked over in one turn.
MAX_SCAN_BYTES = 1024 * 1024
#: Looks at a file that cannot be read any more until another one under its name is taken for it.
MAX_FAILURES = 5
#: Siblings whose head is remembered at the start.
MAX_KNOWN = 64

STATES = {
    Kind.GONE: "missing",
    Kind.UNREADABLE: "unreadable",
    Kind.NOT_A_FILE: "not-a-file",
    Kind.REFUSED: "refused",
}


@dataclass
class Segment:
    """[start, end) of a generation, and what happened then. The last one has no end yet."""

    generation: Generation
    start: int
    end: int | None = None
    exits: list[tuple[Kind, Details]] = field(
        default_factory=list
    )  # the last of them leads to the next segment
    ended_at: float = 0.0
    grown_at: float = 0.0
    is_passed: bool = False
    is_done: bool = False  # neither late bytes nor a rewind are expected of it any more
    fragment_since: float | None = None  # an unfinished line that came late


class Follower:
    """Follows `path` from `start`. `permit` decides about each file opened, by its descriptor.

    `poll` is to be called on every hint that something changed, when `due` has come, and soon again while `has_more`.
    It never raises `OSError`: trouble is a state and an event.
    """

    def __init__(
        self,
        path: Path,
        start: Start,
        *,
        permit: Permit = permit_all,
        encoding: str = "utf-8",
        max_batch_bytes: int = 64 * 1024,
        system: System | None = None,
    ) -> None:
        """Raises `LookupError` for an encoding Python does not know; opens nothing yet."""
        self.path = path
        self.state = "reading"
        self.reason = ""
        self.size: int | None = None
        self.has_more = False
        self.due: float | None = None
        #: Items emitted so far.
        self.emitted = 0
        #: Grows whenever other files or directories are to be watched.
        self.revision = 0
        self._start = start
        self._permit = permit
        self._encoding = encoding
        self._ends = LineEnds(encoding)
        self._batch_bytes = max_batch_bytes
        self._system = system or System()
        self._segments: list[Segment] = []
        self._index = 0
        self._offset = 0
        self._wanted = start.position if isinstance(start, Resume) else None
        self._started = False
        self._restart: Position | None = None
        self._notices: list[tuple[Kind, Details]] = []
        self._known: dict[tuple[int, int], tuple[bytes, int]] = {}  # inode -> head, time of last write
        self._items: list[Item] = []
        self._budget = 0
        self._now = 0.0
        self._away_since: float | None = None
        self._away_kind: Kind | None = None
        self._seen: tuple[int, ...] = ()
        self._looks_left = 0
        self._smaller_since: float | None = None
        self._partial_at: Position | None = None
        self._partial_due: float | None = None
        self._partial_shown = 0
        self._is_waiting_for_bytes = False
        self._written_ns = 0
        self._released = 0
        self._taken: Position | None = None
        #: Looks since reading began to fail; 0: it works.
        self._failures = 0
        self._fresh: os.stat_result | None = None
        self._late_due: float | None = None
        self._closed = False

    # What others may ask

    @property
    def position(self) -> Position | None:
        """Where the stream stands."""
        if not self._segments:
            return self._wanted
        return Position(self._segments[self._index].generation.id, self._offset)

    @property
    def sent(self) -> dict[str, int]:
        """Up to which byte each open generation was emitted."""
        sent = {}
        for segment in self._segments[: self._index + 1]:
            if segment.generation.is_open:
                sent[segment.generation.id] = segment.generation.sent
        if self._segments:
            sent[self._segments[self._index].generation.id] = self._offset
        return sent

    def descriptors(self) -> list[int]:
        """The open files, to be watched."""
        found = {id(segment.generation): segment.generation.descriptor for segment in self._segments}
        return [descriptor for descriptor in found.values() if descriptor is not None]

    @property
    def is_remote(self) -> bool:
        """Whether the current file is on a file system that tells of no change."""
        return bool(self._segments) and self._segments[-1].generation.is_remote

    def next_due(self, now: float) -> float:
        """When `poll` must be called even without a hint."""
        return now if self.due is None else self.due

    def mark(self, kind: Kind, reason: str) -> None:
        """Put DEGRADED or RESTORED into the stream; whoever watches for changes knows that, not we."""
        self._notices.append((kind, {"reason": reason}))
        self.due = None

    # What others may tell

    def rewind(self, position: Position, late: Mapping[str, int] | None = None) -> bool:
        """Emit again from `position`, the same chain. False: that generation is not held any more.

        `late` are the bytes already taken of older generations (as `sent` has them), where more than the chain gives.
        """
        index = self._find(position)
        if index is None:
            return False
        for later in self._segments[index:]:
            if later.is_passed and later.end is not None:
                later.generation.sent = later.end
        self._index, self._offset = index, position.offset
        self._ends = LineEnds(self._encoding, self._segments[index].generation.head)
        for segment in self._segments[:-1]:
            wanted = (late or {}).get(segment.generation.id)
            if wanted is not None and segment.end is not None:
                segment.generation.sent = max(segment.end, min(wanted, segment.generation.sent))
        self._forget_partial()
        self._restart = position
        self._seen = ()
        if self.state != "reading":
            self._notices = [self._state_notice()]
        self.due = None
        return True

    def _find(self, position: Position) -> int | None:
        """The segment that holds `position` and can still be read from there; the exact id goes before a proof."""
        for is_it in (lambda generation, file: generation.id == file, self._is_generation):
            for index, segment in enumerate(self._segments):
                generation = segment.generation
                end = max(generation.sent, segment.start) if segment.end is None else segment.end
                if not segment.start <= position.offset <= end or not is_it(generation, position.file):
                    continue
                here = index == self._index and position.offset == self._offset
                if generation.is_open or generation.is_lost or here:
                    return index
        return None

    def release(self, position: Position) -> None:
        """The consumer has everything before `position`: what only served a rewind may be closed."""
        for index, segment in enumerate(self._segments[: self._index + 1]):
            if segment.generation.id == position.file and position.offset >= segment.start:
                self._released, self._taken = index, position

    def close(self) -> None:
        """Close every file. The follower is of no use afterwards."""
        self._closed = True
        for segment in self._segments:
            segment.generation.close()
        self._segments = []

    def poll(self, now: float, max_bytes: int = 256 * 1024) -> list[Batch | Event]:
        """What is new, in order: at most `max_bytes` bytes of text. `now` is any clock that never goes back."""
        self._items = []
        if self._closed:
            return []
        self._budget = max_bytes
        self._now = now
        self.has_more = False
        self._look(now)
        if self._segments:
            self._announce()
            self._emit(now)
            self._emit_late(now)
            self._retire(now)
        elif self._notices and (self._started or self._wanted is not None):
            self._emit_notices()
        self.due = now if self.has_more else self._next_look(now)
        items, self._items = self._items, []
        self.emitted += len(items)
        return items

    def _next_look(self, now: float) -> float:
        due = now + TICK_SECONDS
        if self._away_since is not None and self._away_kind is Kind.GONE and self.state != "missing":
            due = min(due, self._away_since + GONE_SECONDS)
        if self._partial_due is not None:
            due = min(due, self._partial_due)
        if self._late_due is not None:
            due = min(due, self._late_due)
        if self._smaller_since is not None:
            due = min(due, self._smaller_since + REMOTE_SECONDS)
        return max(now, due)

    # Looking: what the name means now

    def _look(self, now: float) -> None:
        try:
            found = self._system.stat(self.path)
        except OSError as error:
            self._is_away(trouble_of(error, self._system, self.path), now)
            return
        last = self._segments[-1].generation if self._segments else None
        if last is not None and last.is_open and (found.st_dev, found.st_ino) == last.inode_key:
            if not self._failures:
                self._is_here(found)
                return
            self._failures += 1
        opened = open_log(self._system, self.path, self._permit)
        if isinstance(opened, Trouble):
            self._is_away(opened, now)
            return
        try:
            generation = self._adopt(opened)
        except OSError as error:
            close_quietly(self._system, opened.descriptor)
            self._is_away(trouble_of(error, self._system, self.path), now)
            return
        try:
            if not self._segments:
                self._open_first(generation, opened.stat, now)
            elif last is not None and last.is_open and generation.inode_key == last.inode_key:
                if not self._failures or not self._take_over(last, generation):
                    generation.close()
                self._is_here(opened.stat)
            else:
                self._switch(generation, opened.stat, now)
        except OSError as error:
            if all(segment.generation is not generation for segment in self._segments):
                generation.close()
            self._is_away(trouble_of(error, self._system, self.path), now)

    def _adopt(self, opened: Opened, *, again: bool = False) -> Generation:
        generation = Generation(self._system, opened.descriptor, opened.stat, again=again)
        with contextlib.suppress(OSError):
            generation.name = self._system.name_of(opened.descriptor)
        with contextlib.suppress(OSError):
            generation.is_remote = is_remote(self._system.file_system(opened.stat.st_dev))
        return generation

    def _take_over(self, old: Generation, again: Generation) -> bool:
        """Reading failed, and the name can be opened anew: go on with the fresh descriptor. Raises `OSError`."""
        assert again.descriptor is not None
        start = old.anchor_at - len(old.anchor)
        if self._system.pread(again.descriptor, len(old.anchor), start) != old.anchor:
            return False
        old.close()
        old.descriptor = again.give_descriptor()
        self.revision += 1
        return True

    def _is_here(self, found: os.stat_result) -> None:
        self._away_since = None
        self.size = found.st_size
        self._fresh = found
        if self.state != "reading" and not self._failures:
            self._notices.append((Kind.BACK, {}))
            self.state, self.reason = "reading", ""
            self.revision += 1

    def _is_away(self, trouble: Trouble, now: float) -> None:
        if self._away_since is None or self._away_kind is not trouble.kind:
            self._away_since, self._away_kind = now, trouble.kind
            self.revision += 1
        if self.state == STATES[trouble.kind] and self.reason == trouble.text:
            return
        if trouble.kind is Kind.GONE and self._segments and now < self._away_since + GONE_SECONDS:
            return
        self.state, self.reason = STATES[trouble.kind], trouble.text
        self.revision += 1
        if not self._segments and self._wanted is not None:
            self._look_for_wanted(None, now)
        if not self._segments and not self._started and self._wanted is None:
            self._started = True
            self._items.append(Event(Kind.STARTED, None, None, {"size": None, "resumed": False}))
        self._notices.append(self._state_notice())

    def _state_notice(self) -> tuple[Kind, Details]:
        kind = next(kind for kind, state in STATES.items() if state == self.state)
        match kind:
            case Kind.GONE:
                moved = self._moved_to(self._segments[-1].generation) if self._segments else None
                return kind, {"name": moved} if moved else {}
            case Kind.NOT_A_FILE:
                return kind, {"what": self.reason}
            case _:
                return kind, {"reason": self.reason}

    def _moved_to(self, generation: Generation) -> str | None:
        """The file's new name, when it has one."""
        if generation.descriptor is None:
            return None
        try:
            where = self._system.name_of(generation.descriptor)
        except OSError:
            return None
        was = generation.name.name if generation.name is not None else self.path.name
        return where.name if where is not None and where.name != was else None

    # The first file

    def _open_first(self, generation: Generation, found: os.stat_result, now: float) -> None:
        was_away, self.size = self.state != "reading", found.st_size
        if self._wanted is not None:
            if was_away:
                self._notices.append((Kind.BACK, {}))
                self._emit_notices()
            self._here_again()
            self._look_for_wanted(generation, now)
            if not self._segments:
                self._begin(generation, 0)
                before, self._wanted, self._started = self._wanted, None, True
                self._items.append(Event(Kind.MISSED, before, self.position, {"size": None}))
        else:
            offset = 0 if was_away else self._first_offset(generation, found.st_size)
            self._begin(generation, offset)
            self._here_again()
            if was_away:
                self._items.append(Event(Kind.BACK, None, self.position))
        self._learn_siblings()

    def _here_again(self) -> None:
        self.state, self.reason, self._away_since = "reading", "", None
        self.revision += 1

    def _begin(self, generation: Generation, offset: int) -> None:
        generation.place_anchor(offset)
        self._segments = [Segment(generation, generation.anchor_at)]
        self._index, self._offset = 0, generation.anchor_at
        self._ends = LineEnds(self._encoding, generation.head)
        self.revision += 1

    def _first_offset(self, generation: Generation, size: int) -> int:
        match self._start:
            case FromEnd():
                return size
            case LastLines(lines, max_bytes):
                descriptor, ends = generation.descriptor, LineEnds(self._encoding, generation.head)
                assert descriptor is not None
                return start_of_last_lines(
                    lambda length, offset: self._system.pread(descriptor, length, offset),
                    size,
                    lines,
                    ends,
                    max_bytes,
                )
            case FromStart() | Resume():
                return 0

    def _look_for_wanted(self, current: Generation | None, now: float) -> None:
        """Find the generation that was asked for: the current one, or a sibling and all that came after it."""
        assert self._wanted is not None
        wanted = self._wanted
        file_id = FileId.parse(wanted.file)
        if file_id is None:
            return
        if (
            current is not None
            and current.descriptor is not None
            and proves(self._system, current.descriptor, file_id, wanted.offset)
        ):
            self._resume_in(current, wanted)
            return
        with contextlib.suppress(OSError):
            old = self._wanted_sibling(file_id, wanted.offset, current)
            if old is None:
                return
            try:
                self._resume_in(old, wanted)
            except OSError:
                old.close()
                raise
            if current is not None:
                self._chain_on(current, [], now)
        if self._segments and current is not None and self._segments[-1].generation is not current:
            current.close()  # the next look finds it again

    def _resume_in(self, generation: Generation, wanted: Position) -> None:
        self._begin(generation, wanted.offset)
        self._restart, self._wanted, self._started = wanted, None, True

    def _wanted_sibling(self, file_id: FileId, offset: int, current: Generation | None) -> Generation | None:
        """The sibling that `file_id` means: by inode, else the only one with that head (a copy)."""
        found = self._siblings(current)
        by_inode = [sibling for sibling in found if sibling.stat.st_ino == file_id.inode]
        for sibling in by_inode:
            generation = self._open_sibling(sibling)
            if generation is not None and generation.descriptor is not None:
                if self._proves(generation.descriptor, file_id, offset):
                    return generation
                generation.close()
        copies = []
        for sibling in reversed(found[-MAX_KNOWN:]):
            generation = self._open_sibling(sibling)
            if generation is None or generation.descriptor is None:
                continue
            if self._proves(generation.descriptor, file_id, offset, copy=True):
                copies.append(generation)
            else:
                generation.close()
        if len(copies) == 1:
            return copies[0]
        for generation in copies:
            generation.close()
        return None

    def _proves(self, descriptor: int, file_id: FileId, offset: int, *, copy: bool = False) -> bool:
        try:
            return proves(self._system, descriptor, file_id, offset, copy=copy)
        except OSError:
            return False

    def _is_generation(self, generation: Generation, file: str) -> bool:
        """Whether `file` is this generation's id, or an earlier one of the same file."""
        if generation.id == file:
            return True
        file_id = FileId.parse(file)
        if file_id is None or (file_id.serial and file_id.is_strong) or len(generation.head) < file_id.length:
            return False
        same_inode = (file_id.device, file_id.inode) == generation.inode_key
        return (
            same_inode
            and digest_of(generation.head[: file_id.length]) == file_id.digest
            and file_id.length > 0
        )

    # Siblings

    def _siblings(self, current: Generation | None) -> list[Sibling]:
        """The log's siblings, looked at until two looks agree: a rotation may be under way."""
        paths = {self.path: None}
        if current is not None and current.name is not None:
            paths[current.name] = None
        if self._segments and (name := self._segments[-1].generation.name) is not None:
            paths[name] = None
        found: list[Sibling] = []
        before: list[tuple[Path, tuple[int, int]]] = []
        for _ in range(4):
            by_inode: dict[tuple[int, int], Sibling] = {}
            for path in paths:
                with contextlib.suppress(OSError):
                    by_inode.update({sibling.inode: sibling for sibling in siblings_of(self._system, path)})
            found = list(by_inode.values())
            seen = [(sibling.path, sibling.inode) for sibling in found]
            if seen == before:
                break
            before = seen
        return found

    def _open_sibling(self, sibling: Sibling) -> Generation | None:
        opened = open_log(self._system, sibling.path, self._permit)
        if isinstance(opened, Trouble):
            return None
        if (opened.stat.st_dev, opened.stat.st_ino) != sibling.inode:
            close_quietly(self._system, opened.descriptor)  # renamed meanwhile
            return None
        try:
            return self._adopt(opened)
        except OSError:
            close_quietly(self._system, opened.descriptor)
            return None

    def _learn_siblings(self) -> None:
        """Remember which siblings there are: only later ones can be generations that went unseen."""
        current = self._segments[-1].generation if self._segments else None
        for sibling in self._siblings(current)[-MAX_KNOWN:]:
            generation = self._open_sibling(sibling)
            if generation is not None:
                self._known[sibling.inode] = generation.head, sibling.stat.st_mtime_ns
                generation.close()

    def _remember(self, generation: Generation) -> None:
        """Know an older generation again among the siblings."""
        if generation.descriptor is None:
            self._known[generation.inode_key] = generation.head, 0
            return
        with contextlib.suppress(OSError):
            head = self._system.pread(generation.descriptor, HEAD_BYTES, 0)  # it may have grown since
            self._known[generation.inode_key] = head, generation.stat().st_mtime_ns

    def _is_known(self, sibling: Sibling, generation: Generation) -> bool:
        """Whether this is a file we have known before; an inode alone may have been given to another one since."""
        head, written_ns = self._known.get(sibling.inode, (b"", 0))
        return generation.head.startswith(head) if head else sibling.stat.st_mtime_ns == written_ns

    def _unseen(self, candidates: list[Sibling], current: Generation) -> list[tuple[Sibling, Generation]]:
        """Those of the candidates that are neither known, nor held, nor the current file; opened."""
        held = {segment.generation.inode_key for segment in self._segments}
        held.add(current.inode_key)
        found: list[tuple[Sibling, Generation]] = []
        for sibling in candidates:
            if sibling.inode in held or len(found) == MAX_HELD:
                continue
            generation = self._open_sibling(sibling)
            if generation is None:
                continue
            is_known = self._is_known(sibling, generation)
            self._known[sibling.inode] = generation.head, sibling.stat.st_mtime_ns
            if is_known or any(generation.is_copy_of(segment.generation) for segment in self._segments):
                generation.close()
                continue
            try:
                generation.proven_size = generation.stat().st_size
            except OSError:
                del self._known[sibling.inode]
                generation.close()
            else:
                found.append((sibling, generation))
        return found

    # Another file took the name

    def _switch(self, new: Generation, found: os.stat_result, now: float) -> None:
        self._prove_last(now)
        old = self._segments[-1].generation
        was_away = self.state != "reading"
        exits: list[tuple[Kind, Details]] = []
        moved = self._moved_to(old)
        details: dict[str, str | int | None] = {"old_size": self._size_of(old)}
        if moved is not None:
            details["name"] = moved
            if was_away:
                exits.append((Kind.BACK, {}))
            exits.append((Kind.ROTATED, details))
        else:
            exits.append((Kind.BACK if was_away else Kind.REPLACED, details))
        self.size = found.st_size
        self._chain_on(new, exits, now)
        self._here_again()

    def _chain_on(self, new: Generation, exits: list[tuple[Kind, Details]], now: float) -> None:
        """Append `new` to the chain, and before it whatever was the log in between."""
        last = self._segments[-1]
        old = last.generation
        start = 0
        unseen: list[tuple[Sibling, Generation]] = []
        old_stat = self._stat_of(old)
        continued = self._continues(old, old_stat, new) if exits else 0
        if continued:
            start = continued
            kind, details = exits[-1]
            exits = [*exits[:-1], (kind, {**details, "continued": 1})]
        elif old_stat is not None:
            written = self._written_ns if exits else old_stat.st_mtime_ns
            siblings = self._siblings(new)
            unseen = self._unseen(made_between(siblings, old_stat, written), new)
            if not exits:
                name = next((s.path.name for s in siblings if s.inode == old.inode_key), None)
                exits = [(Kind.ROTATED, {"old_size": old_stat.st_size, "name": name})]
        try:
            new.place_anchor(start)
            for _, generation in unseen:
                generation.place_anchor(0)
        except OSError:
            for _, generation in unseen:
                self._known.pop(generation.inode_key, None)
                generation.close()
            raise
        self._end(last, continued or (old_stat.st_size if old_stat is not None else 0), exits, now)
        self._append_unseen(unseen, Kind.ROTATED, now)
        self._segments.append(Segment(new, new.anchor_at))
        self._remember(old)
        self._seen = ()
        self.revision += 1

    def _append_unseen(self, unseen: list[tuple[Sibling, Generation]], kind: Kind, now: float) -> None:
        for sibling, generation in unseen:
            segment = Segment(generation, 0)
            self._segments.append(segment)
            size = generation.proven_size
            details: Details = (
                {"to": 0} if kind is Kind.TRUNCATED else {"old_size": size, "name": sibling.path.name}
            )
            generation.is_final = kind is Kind.TRUNCATED  # a copy: nobody appends to it
            self._end(segment, size, [(kind, details)], now)

    def _copied_after(self, copy: Sibling, current: Generation) -> list[Sibling]:
        """Copies that were made after this one: what the file held before it was emptied again."""
        found = self._siblings(current)
        after = made_between(found, copy.stat, copy.stat.st_mtime_ns)
        mine = next((sibling for sibling in found if sibling.inode == current.inode_key), None)
        if mine is None:
            return after
        # The emptied file itself was renamed meanwhile: what is newer than it came later.
        return [
            sibling
            for sibling in after
            if not made_between([mine, sibling], mine.stat, mine.stat.st_mtime_ns)
        ]

    def _end(self, segment: Segment, end: int, exits: list[tuple[Kind, Details]], now: float) -> None:
        generation = segment.generation
        reached = self._offset if segment is self._segments[self._index] else generation.sent
        if not generation.is_open:
            end = reached + (len(generation.tail) if generation.tail_at == reached else 0)
        segment.end = max(end, reached, segment.start)
        if segment is self._segments[-1]:
            exits = [*self._notices, *exits]
            self._notices = []
        segment.exits = exits
        segment.ended_at = segment.grown_at = now

    def _stat_of(self, generation: Generation) -> os.stat_result | None:
        """None when it is closed. Raises `OSError`."""
        return generation.stat() if generation.is_open else None

    def _size_of(self, generation: Generation) -> int | None:
        found = self._stat_of(generation)
        return found.st_size if found is not None else None

    def _continues(self, old: Generation, old_stat: os.stat_result | None, new: Generation) -> int:
        """Where to go on in `new`, when it is the old text and maybe more, written anew; 0 when it is another text."""
        if new.descriptor is None:
            return 0
        if (
            old_stat is None or old.descriptor is None
        ):  # the old file cannot be asked: only what we remember of it
            if not old.anchor or not old.head:
                return 0
            start = old.anchor_at - len(old.anchor)
            same = self._system.pread(new.descriptor, len(old.head), 0) == old.head
            same = same and self._system.pread(new.descriptor, len(old.anchor), start) == old.anchor
            return old.anchor_at if same else 0
        size = old_stat.st_size
        if old_stat.st_nlink or not size or new.stat().st_size < size:
            return 0
        blocks = range(0, size, 64 * 1024)
        # All of a small file; of a large one its head, its end and every so many blocks between.
        chosen = {*blocks[:: max(1, len(blocks) // 16)], blocks[-1], max(0, size - ANCHOR_BYTES)}
        for offset in sorted(chosen):
            length = min(64 * 1024, size - offset)
            if self._system.pread(old.descriptor, length, offset) != self._system.pread(
                new.descriptor, length, offset
            ):
                return 0
        return size

    # The same file, another text

    def _prove_last(self, now: float) -> None:
        """See that the last segment's file is still the same text, and take it apart if not."""
        generation = self._segments[-1].generation
        if not generation.is_open:
            return
        try:
            generation.read(generation.anchor_at, 0)
        except Changed:
            self._take_apart(now)
        except OSError as error:
            if error.errno != errno.ESTALE and self._failures < MAX_FAILURES:
                self._failures += 1
                raise
            generation.lose()  # its disk is gone; what comes in its place counts

    def _take_apart(self, now: float) -> bool:
        """The last segment's text changed before our eyes: end it, begin a new generation on the same inode.

        False: a network file system says so, and is not believed yet. Raises `OSError`.
        """
        segment = self._segments[-1]
        old = segment.generation
        assert old.descriptor is not None
        found = old.stat()
        if old.is_remote and not self._is_confirmed(found, now):
            return False
        read_to = max(old.anchor_at, segment.start)
        copy = self._copy_of(old)
        kept, written_over = 0, False
        if copy is None and found.st_size < read_to:
            kept = found.st_size if old.kept_its_first(found.st_size) else 0
        elif copy is None:
            written_over = old.was_written_over()
        descriptor = self._system.dup(old.descriptor) if copy is None else old.descriptor
        try:
            new = Generation(self._system, descriptor, found, again=True)
            new.name, new.is_remote = old.name, old.is_remote
            new.place_anchor(kept)
        except OSError:
            if copy is None:
                close_quietly(self._system, descriptor)
            else:
                copy[1].close()
            raise
        exits: list[tuple[Kind, Details]]
        exits = [(Kind.OVERWRITTEN, {})] if written_over else [(Kind.TRUNCATED, {"to": kept})]
        tail = len(old.tail) if old.tail_at == read_to else 0
        if copy is None:
            old.lose()
            self._end(segment, 0, exits, now)
            segment.end = max(segment.end or 0, read_to + tail, old.proven_size)
        else:
            unseen = self._unseen(self._copied_after(copy[0], new), new)
            self._recover(segment, copy, read_to, exits, now)
            self._append_unseen(unseen, Kind.TRUNCATED, now)
        self._segments.append(Segment(new, kept))
        self._seen = ()
        self.revision += 1
        return True

    def _is_confirmed(self, found: os.stat_result, now: float) -> bool:
        """A network file system's size may lag: ask again, through a fresh descriptor, a second later."""
        if self._smaller_since is None:
            self._smaller_since = now
        if now < self._smaller_since + REMOTE_SECONDS:
            return False
        generation = self._segments[-1].generation
        opened = open_log(self._system, self.path, self._permit)
        if isinstance(opened, Trouble):
            return False
        try:
            start = generation.anchor_at - len(generation.anchor)
            again = self._system.pread(opened.descriptor, len(generation.anchor), start)
        finally:
            close_quietly(self._system, opened.descriptor)
        self._smaller_since = None
        return again != generation.anchor

    def _copy_of(self, old: Generation) -> tuple[Sibling, Generation] | None:
        """The copy that copytruncate has made: never seen, with our head, and our anchor at our offset."""
        if not old.anchor and not old.head:
            return None
        held = {segment.generation.inode_key for segment in self._segments}
        for sibling in reversed(self._siblings(old)):
            if sibling.inode in held or sibling.stat.st_size < old.anchor_at:
                continue
            generation = self._open_sibling(sibling)
            if generation is None or generation.descriptor is None:
                continue
            start = old.anchor_at - len(old.anchor)
            with contextlib.suppress(OSError):
                if (
                    not self._is_known(sibling, generation)
                    and generation.head.startswith(old.head)
                    and self._system.pread(generation.descriptor, len(old.anchor), start) == old.anchor
                ):
                    self._known[sibling.inode] = generation.head, sibling.stat.st_mtime_ns
                    return sibling, generation
            generation.close()
        return None

    def _recover(
        self,
        segment: Segment,
        copy: tuple[Sibling, Generation],
        read_to: int,
        exits: list[tuple[Kind, Details]],
        now: float,
    ) -> None:
        """Let the copy stand in for the text that was cut away."""
        sibling, generation = copy
        old = segment.generation
        size = max(sibling.stat.st_size, read_to)
        with contextlib.suppress(OSError):
            size = max(size, generation.stat().st_size)
        old.descriptor = generation.give_descriptor()
        old.is_final = True
        if size > read_to:
            recovered: Details = {"name": sibling.path.name, "size": size - read_to}
            self._end(segment, read_to, [(Kind.RECOVERED, recovered)], now)
            segment.end = read_to
            segment = Segment(old, read_to)
            self._segments.append(segment)
        self._end(segment, size, exits, now)

    # Emitting: along the chain

    def _announce(self) -> None:
        """STARTED, when something begins or begins again."""
        if self._started and self._restart is None:
            return
        before, self._restart, self._started = self._restart, None, True
        resumed = before is not None
        self._items.append(
            Event(Kind.STARTED, before, self.position, {"size": self.size, "resumed": resumed})
        )

    def _emit(self, now: float) -> None:
        while True:
            segment = self._segments[self._index]
            if segment.end is not None and self._offset >= segment.end:
                self._pass(segment)
                continue
            try:
                if not self._read_on(segment, now):
                    break
            except Changed:
                if not self._follow_change(segment, now):
                    break
            except OSError as error:
                self._cannot_read(error)
                break
        if self._notices and self._index == len(self._segments) - 1 and not self.has_more:
            self._emit_notices()

    def _pass(self, segment: Segment) -> None:
        """Emit what happened at the end of a segment, and go to the next."""
        here = self.position
        following = self._segments[self._index + 1]
        for kind, details in segment.exits[:-1]:
            self._items.append(Event(kind, here, here, details))
        kind, details = segment.exits[-1]
        self._index += 1
        self._offset = following.start
        self._items.append(Event(kind, here, self.position, details))
        if not segment.is_passed:
            segment.is_passed = True
            segment.generation.sent = max(segment.end or 0, segment.generation.sent)
        self._forget_partial()
        self._ends = LineEnds(self._encoding, following.generation.head)

    def _emit_notices(self) -> None:
        for kind, details in self._notices:
            self._items.append(Event(kind, self.position, self.position, details))
        self._notices = []

    def _follow_change(self, segment: Segment, now: float) -> bool:
        """Reading found another text than before. True: go on emitting."""
        if segment.end is None:
            try:
                return segment.generation.is_open and self._take_apart(now)
            except OSError as error:
                self._cannot_read(error)
                return False
        before, left = self.position, segment.end - self._offset
        self._offset = segment.end
        self._items.append(Event(Kind.MISSED, before, self.position, {"size": left}))
        return True

    def _cannot_read(self, error: OSError) -> None:
        """Reading fails (a dead disk, a network file system's stale handle): said once, tried again at each look."""
        trouble = trouble_of(error, self._system, self.path)
        self._seen = ()
        self._failures = max(1, self._failures)
        if self.state == "reading" and trouble.kind is Kind.UNREADABLE:
            self.state, self.reason = "unreadable", trouble.text
            self._notices.append(self._state_notice())

    def _reads_again(self) -> None:
        self._failures = 0
        if self.state == "unreadable":
            self.state, self.reason = "reading", ""
            self._notices.append((Kind.BACK, {}))

    def _read_on(self, segment: Segment, now: float) -> bool:
        """Emit one batch or hole. False: nothing more for now."""
        generation = segment.generation
        is_last = segment.end is None
        size = self.size if self.size is not None else 0
        if is_last and self._is_unchanged(generation):
            return False
        want = (
            self._batch_bytes if segment.end is None else min(self._batch_bytes, segment.end - self._offset)
        )
        allowed = min(want, max(self._budget, 1))
        data = generation.read(self._offset, allowed)
        if is_last and self._failures:
            self._reads_again()
        if self._budget <= 0:
            self.has_more = bool(data)
            return False
        at_end = len(data) < allowed or (segment.end is not None and self._offset + len(data) >= segment.end)
        if is_last and self._offset == generation.anchor_at:
            proven = min(size, self._offset + len(data)) if at_end else size
            generation.proven_size = max(generation.proven_size, proven)
        gap = self._ends.unwritten(data, self._offset)
        if gap is not None:
            return self._read_to_gap(segment, data, gap, at_end, now)
        whole = self._ends.after_last(data, self._offset)
        if whole:
            self._take(generation, data[:whole])
            rest = data[whole:]
            if not at_end:
                return True
        else:
            rest = data
        return self._end_of_data(segment, rest, at_end, allowed < want, now)

    def _is_unchanged(self, generation: Generation) -> bool:
        """Whether there is no reason to read the last segment's file at this look."""
        if not generation.is_open:
            return not generation.tail
        is_named = self._fresh is not None
        found, self._fresh = self._fresh or generation.stat(), None
        self.size = found.st_size
        seen = (id(generation), found.st_size, found.st_mtime_ns, found.st_ctime_ns, self._offset)
        if seen != self._seen:
            self._seen = seen
            self._looks_left = COARSE_LOOKS
            if (
                is_named
            ):  # once its name is gone, what is written late says nothing of when the next file was made
                self._written_ns = found.st_mtime_ns
            return False
        if self._is_waiting_for_bytes or self._partial_due is not None:
            return False
        self._looks_left -= 1
        return self._looks_left < 0 and self._offset >= found.st_size

    def _end_of_data(self, segment: Segment, rest: bytes, at_end: bool, is_short: bool, now: float) -> bool:
        """What to do with bytes that end no line. True: go on emitting."""
        generation = segment.generation
        if segment.end is not None and at_end:
            if not rest and self._offset < segment.end:
                raise Changed  # shorter than it was
            if rest:
                self._take(generation, rest)  # its generation ends: it is all there will be of that line
            return True
        if not generation.is_open:
            if rest:
                self._take(generation, rest)
                generation.tail = b""
            return False
        if not at_end:
            if is_short:
                self.has_more = True  # the line is longer than the budget
                return False
            self._take(generation, rest[: self._ends.whole_characters(rest) or len(rest)])
            return True
        self._hold_partial(generation, rest, now)
        return False

    def _take(self, generation: Generation, data: bytes) -> None:
        before = Position(generation.id, self._offset)
        self._items.append(Batch(before, data))
        self._segments[self._index].grown_at = self._now
        generation.took(self._offset, data)
        self._offset += len(data)
        self._budget -= len(data)
        self._is_waiting_for_bytes = False
        generation.unwritten_to = 0
        self._forget_partial()

    def _forget_partial(self) -> None:
        self._partial_at = self._partial_due = None
        self._partial_shown = 0

    def _hold_partial(self, generation: Generation, rest: bytes, now: float) -> None:
        """A line without an end: show it when it stays so."""
        generation.keep_tail(self._offset, rest)
        if not rest:
            self._forget_partial()
            return
        here = Position(generation.id, self._offset)
        if self._partial_at != here:
            self._partial_at, self._partial_due, self._partial_shown = here, now + PARTIAL_SECONDS, 0
        elif self._partial_due is None and len(rest) != self._partial_shown:
            self._partial_due = now + PARTIAL_SECONDS
        if self._partial_due is None or now < self._partial_due:
            return
        shown = rest[: self._ends.whole_characters(rest)]
        if shown and len(shown) <= self._budget:
            self._items.append(Batch(here, shown, partial=True))
            self._budget -= len(shown)
        self._partial_shown = len(rest)
        self._partial_due = None

    # Bytes that were never written

    def _read_to_gap(
        self, segment: Segment, data: bytes, gap: tuple[int, int], at_end: bool, now: float
    ) -> bool:
        start, stop = gap
        generation = segment.generation
        if stop < len(data):
            if start:
                self._take(generation, data[:start])
            self._skip(generation, self._offset + stop - start)
            return True
        if start:
            whole = self._ends.after_last(data[:start], self._offset)
            if not whole and (not at_end or segment.end is not None):
                whole = start
            if whole:
                self._take(generation, data[:whole])
                return True
            self._hold_partial(generation, data[:start], now)
            self._is_waiting_for_bytes = True
            return False
        return self._read_over_gap(segment, now)

    def _read_over_gap(self, segment: Segment, now: float) -> bool:
        """All NULs from here: find what follows, or wait for it to be written."""
        generation = segment.generation
        assert generation.descriptor is not None
        offset = max(self._offset, generation.unwritten_to)
        limit = offset + MAX_SCAN_BYTES
        while True:
            following = self._system.next_data(generation.descriptor, offset)
            if following is None or (segment.end is not None and following >= segment.end):
                break
            limit += following - offset
            data = self._system.pread(generation.descriptor, self._batch_bytes, following)
            if segment.end is not None:
                data = data[: segment.end - following]
            text = data.lstrip(b"\0")
            if text:
                found = following + len(data) - len(text)
                self._skip(generation, found - found % self._ends.unit)
                return True
            offset = generation.unwritten_to = following + len(data)
            if not data:
                break
            if offset >= limit:
                self.has_more = True
                return False
        if segment.end is not None:
            self._skip(generation, segment.end)
            return True
        generation.keep_tail(self._offset, b"")
        self._is_waiting_for_bytes = True
        return False

    def _skip(self, generation: Generation, offset: int) -> None:
        before = Position(generation.id, self._offset)
        self._items.append(
            Event(Kind.HOLE, before, Position(generation.id, offset), {"size": offset - self._offset})
        )
        generation.skip_to(offset)
        self._offset = offset
        self._is_waiting_for_bytes = False
        self._forget_partial()

    # Older generations

    def _emit_late(self, now: float) -> None:
        """Bytes that a writer appended to an older generation: emitted where they are found."""
        self._late_due = None
        for segment in self._segments[: self._index]:
            generation = segment.generation
            if generation.is_final or not generation.is_open:
                continue
            try:
                self._read_late(segment, now)
            except (Changed, OSError):
                generation.is_final = True

    def _read_late(self, segment: Segment, now: float) -> None:
        generation = segment.generation
        size = generation.stat().st_size
        while generation.sent < size:
            if self._budget <= 0:
                self.has_more = True
                return
            allowed = min(self._batch_bytes, self._budget)
            data = generation.read(generation.sent, allowed)
            whole = LineEnds(self._encoding, generation.head).after_last(data, generation.sent)
            if not whole and len(data) == allowed < self._batch_bytes:
                self.has_more = True
                return
            if not whole and len(data) < allowed:
                if segment.fragment_since is None:
                    segment.fragment_since = now
                if now < segment.fragment_since + PARTIAL_SECONDS:
                    self._late_due = segment.fragment_since + PARTIAL_SECONDS
                    return
            whole = whole or len(data)
            if not whole:
                return
            self._items.append(Batch(Position(generation.id, generation.sent), data[:whole], late=True))
            generation.took(generation.sent, data[:whole])
            self._budget -= whole
            segment.grown_at, segment.fragment_since = now, None

    def _retire(self, now: float) -> None:
        """Close what is drained, or held too long."""
        if len(self._segments) > 1:
            self._retire_older(now)
        if self.state == "missing":
            self._retire_last(now)

    def _retire_older(self, now: float) -> None:
        newer: dict[bool, set[int]] = {
            True: set(),
            False: set(),
        }  # those that may still grow; those that will not
        for index in range(len(self._segments) - 2, -1, -1):
            segment = self._segments[index]
            generation, age = segment.generation, now - segment.ended_at
            following = self._segments[index + 1]
            if generation is following.generation:  # cut in two by a recovery: goes with its other half
                segment.is_done = following.is_done
                continue
            is_taken = index < self._index and (index < self._released or age > HELD_SECONDS)
            others = newer[generation.is_final]
            others.add(id(generation))
            is_too_much = len(others) > MAX_HELD or (age > HELD_SECONDS and self._has_no_name(generation))
            if is_too_much or (is_taken and self._is_drained(segment, now)):
                self._remember(generation)
                generation.close()
                segment.is_done = True
        while self._index > 0 and self._segments[0].is_done:
            del self._segments[0]
            self._index -= 1
            self._released = max(0, self._released - 1)
            self.revision += 1

    def _retire_last(self, now: float) -> None:
        """A removed file that nobody writes to and whose bytes are taken keeps its disk space no longer."""
        segment = self._segments[-1]
        generation = segment.generation
        if not generation.is_open or self.has_more or self._index < len(self._segments) - 1:
            return
        since = self._away_since if self._away_since is not None else now
        is_taken = self._taken == self.position or now > since + HELD_SECONDS
        segment.grown_at = max(segment.grown_at, since)
        if is_taken and self._has_no_name(generation) and self._is_drained(segment, now):
            generation.is_final = True
            generation.close()
            self.revision += 1

    def _has_no_name(self, generation: Generation) -> bool:
        try:
            return generation.stat().st_nlink == 0
        except OSError:
            return True

    def _is_drained(self, segment: Segment, now: float) -> bool:
        generation = segment.generation
        if generation.is_final or now >= segment.grown_at + SILENT_SECONDS:
            return True
        if now < segment.grown_at + TICK_SECONDS or generation.descriptor is None:
            return False
        with contextlib.suppress(OSError):
            return self._system.has_writer(generation.descriptor) is False
        return True
