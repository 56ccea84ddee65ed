"""What a follower knows of a log's past and present: stretches of generations, and a place among them.

Discovery lengthens the chain at its end; emission moves along it. It keeps some of what is behind the place, for
consumers that lost something and for late writers.
"""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from django_logtail.place import Place
from django_logtail.tailing.events import Kind
from django_logtail.tailing.files.generation import FileId, Generation, digest_of
from django_logtail.tailing.files.system import System

Details: TypeAlias = Mapping[str, "str | int | None"]
#: An occurrence not yet placed in the stream.
Notice: TypeAlias = tuple[Kind, Details]

#: Seconds after a generation's last byte until we check whether anyone can still write to it.
QUIET_SECONDS = 1.0
#: Seconds of silence after which an older generation counts as finished, and at most held at all.
SILENT_SECONDS = 30.0
HELD_SECONDS = 600.0
#: The most older generations held open once emitted: those that may grow, and those that will not.
MAX_HELD = 8
#: The most generations held open that are still to be emitted.
MAX_AHEAD = 512


@dataclass
class Segment:
    """[start, end) of a generation, and what happened then. The last one has no end yet."""

    generation: Generation
    start: int
    end: int | None = None
    exits: list[Notice] = field(default_factory=list)  # the last of them leads to the next segment
    ended_at: float = 0.0
    grown_at: float = 0.0
    is_passed: bool = False
    is_done: bool = False  # neither late bytes nor a rewind are expected any more
    fragment_since: float | None = None  # an unfinished late line


class Chain:
    """Segments, oldest first; `index` and `offset` are the stream's place. Empty until a file was opened."""

    def __init__(self, system: System, retired: Callable[[Generation], None]) -> None:
        """`retired` is called with each older generation before it is closed."""
        self.segments: list[Segment] = []
        self.index = 0
        self.offset = 0
        #: Grows whenever the set of open files changes.
        self.revision = 0
        self._system = system
        self._retired = retired
        self._released = 0
        self._taken: Place | None = None

    @property
    def here(self) -> Segment:
        """The segment that contains the stream's place."""
        return self.segments[self.index]

    @property
    def last(self) -> Segment:
        """The segment that discovery looks at."""
        return self.segments[-1]

    @property
    def is_at_last(self) -> bool:
        return self.index == len(self.segments) - 1

    @property
    def position(self) -> Place | None:
        return Place(self.here.generation.id, self.offset) if self.segments else None

    def inodes(self) -> set[tuple[int, int]]:
        """The inodes that our descriptors pin; a closed file's inode may belong to another file by now."""
        return {segment.generation.inode_key for segment in self.segments if segment.generation.is_open}

    def descriptors(self) -> list[int]:
        found = {id(segment.generation): segment.generation.descriptor for segment in self.segments}
        return [descriptor for descriptor in found.values() if descriptor is not None]

    def descriptor_of(self, file: str) -> int | None:
        """The descriptor of the generation with this id; None: it is closed, or there is none."""
        found = (segment.generation for segment in self.segments if segment.generation.id == file)
        return next((generation.descriptor for generation in found), None)

    def sent(self) -> dict[str, int]:
        """Up to which byte each open generation was emitted."""
        if not self.segments:
            return {}
        older = self.segments[: self.index]
        sent = {each.generation.id: each.generation.sent for each in older if each.generation.is_open}
        return {**sent, self.here.generation.id: self.offset}

    # Discovery's side

    def begin(self, generation: Generation, offset: int) -> None:
        """The first segment, from `offset` on. Raises `OSError`."""
        generation.place_anchor(offset)
        self.segments = [Segment(generation, generation.anchor_at)]
        self.index, self.offset = 0, generation.anchor_at
        self.revision += 1

    def append(self, segment: Segment) -> None:
        self.segments.append(segment)
        self.revision += 1

    def append_ended(self, generation: Generation, exit_: Notice, now: float) -> None:
        """Append all of a generation that ended while nobody looked."""
        segment = Segment(generation, 0)
        self.append(segment)
        self.end(segment, generation.proven_size, [exit_], now)

    def end(self, segment: Segment, end: int, exits: list[Notice], now: float) -> None:
        """End this segment at `end`, but never before what was already emitted."""
        generation = segment.generation
        reached = self.offset if segment is self.here else generation.sent
        if not generation.is_open:
            end = reached + (len(generation.tail) if generation.tail_at == reached else 0)
        segment.end = max(end, reached, segment.start)
        segment.exits = exits
        segment.ended_at = segment.grown_at = now

    # The consumer's side

    def rewind(self, position: Place, late: Mapping[str, int]) -> bool:
        """Move back to `position`. False: it was never reached, or is no longer held."""
        index = self._find(position)
        if index is None:
            return False
        for later in self.segments[index:]:
            if later.is_passed and later.end is not None:
                later.generation.sent = later.end
        self.index, self.offset = index, position.offset
        for segment in self.segments[:-1]:
            wanted = late.get(segment.generation.id)
            if wanted is not None and segment.end is not None:
                segment.generation.sent = max(segment.end, min(wanted, segment.generation.sent))
        return True

    def _find(self, position: Place) -> int | None:
        """The segment that holds `position` and can still be read from there; the exact id goes before a proof."""
        for is_it in (_has_id, _is_named_by):
            for index, segment in enumerate(self.segments):
                generation = segment.generation
                end = max(generation.sent, segment.start) if segment.end is None else segment.end
                if not segment.start <= position.offset <= end or not is_it(generation, position.file):
                    continue
                is_here = index == self.index and position.offset == self.offset
                if generation.is_open or generation.is_lost or is_here:
                    return index
        return None

    def release(self, position: Place) -> None:
        for index, segment in enumerate(self.segments[: self.index + 1]):
            if segment.generation.id == position.file and position.offset >= segment.start:
                self._released, self._taken = index, position

    def retire(self, now: float, away_since: float | None) -> None:
        """Close what is drained, or held too long. `away_since`: when the name stopped naming the last file."""
        if len(self.segments) > 1:
            self._retire_older(now)
        if away_since is not None and self.is_at_last:
            self._retire_last(now, away_since)

    def _retire_older(self, now: float) -> None:
        held: dict[tuple[bool, bool], set[int]] = defaultdict(set)
        for index in range(len(self.segments) - 2, -1, -1):
            segment, following = self.segments[index], self.segments[index + 1]
            generation, age = segment.generation, now - segment.ended_at
            if generation is following.generation:  # cut in two by a recovery: goes with its other half
                segment.is_done = following.is_done
                continue
            is_ahead = index >= self.index
            is_taken = not is_ahead and (index < self._released or age > HELD_SECONDS)
            others = held[is_ahead, generation.is_final]
            others.add(id(generation))
            is_too_much = len(others) > (MAX_AHEAD if is_ahead else MAX_HELD)
            is_too_much = is_too_much or (age > HELD_SECONDS and _has_no_name(generation))
            if is_too_much or (is_taken and self._is_drained(segment, now)):
                self._retired(generation)
                generation.close()
                segment.is_done = True
        while self.index > 0 and self.segments[0].is_done:
            del self.segments[0]
            self.index -= 1
            self._released = max(0, self._released - 1)
            self.revision += 1

    def _retire_last(self, now: float, away_since: float) -> None:
        """Release the disk space of a removed file that nobody writes to and whose bytes are taken."""
        segment = self.last
        generation = segment.generation
        is_taken = self._taken == self.position or now > away_since + HELD_SECONDS
        segment.grown_at = max(segment.grown_at, away_since)
        if not generation.is_open or not is_taken or not _has_no_name(generation):
            return
        if self._is_drained(segment, now):
            generation.is_final = True
            generation.close()
            self.revision += 1

    def _is_drained(self, segment: Segment, now: float) -> bool:
        generation = segment.generation
        if generation.is_final or now >= segment.grown_at + SILENT_SECONDS:
            return True
        # As long as it has a name, anyone may open it again and append.
        is_quiet = now >= segment.grown_at + QUIET_SECONDS
        if is_quiet and generation.descriptor is not None and _has_no_name(generation):
            with contextlib.suppress(OSError):
                return self._system.has_writer(generation.descriptor) is False
        return False

    def close(self) -> None:
        for segment in self.segments:
            segment.generation.close()
        self.segments = []


def _has_id(generation: Generation, file: str) -> bool:
    return generation.id == file


def _is_named_by(generation: Generation, file: str) -> bool:
    """Whether `file` is an id made from this file when it was shorter."""
    file_id = FileId.parse(file)
    if file_id is None or (file_id.serial and file_id.is_strong):
        return False
    mine = FileId.parse(generation.id)
    if mine is None or (file_id.device, file_id.inode) != (mine.device, mine.inode):
        return False
    if file_id.birth and mine.birth and file_id.birth != mine.birth:
        return False
    return (
        0 < file_id.length <= len(generation.head)
        and digest_of(generation.head[: file_id.length]) == file_id.digest
    )


def _has_no_name(generation: Generation) -> bool:
    """Whether only our descriptor keeps the file on the disk."""
    if not generation.is_open:
        return True
    try:
        return generation.stat().st_nlink == 0
    except OSError:
        return True
