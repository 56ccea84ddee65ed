"""What a log's name means now: the same file, another file, the same file with new text, or none.

Each look extends the chain by what it found, and emits nothing. All looks work the same, whatever caused them, so a
lost notification costs only time.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from dataclasses import replace
from pathlib import Path

from django_logtail.place import Place
from django_logtail.tailing.backlog import start_of_last_lines
from django_logtail.tailing.belonging import Belonging
from django_logtail.tailing.chain import Chain, Details, Notice, Segment
from django_logtail.tailing.events import Event, FromEnd, FromStart, Item, Kind, LastLines, Resume, Start
from django_logtail.tailing.files.generation import Changed, FileId, Generation, proves
from django_logtail.tailing.files.opening import Permit, Trouble, open_log, trouble_of
from django_logtail.tailing.files.system import System, close_quietly, is_remote
from django_logtail.tailing.newest import Newest
from django_logtail.tailing.rewriting import Rewriting, continues_at
from django_logtail.tailing.rotations import Between, Siblings, Unsettled
from django_logtail.tailing.siblings import printable
from django_logtail.tailing.text.lines import LineEnds

#: Seconds a name must be away before it is called gone: a rotation's two renames are not worth a message.
GONE_SECONDS = 0.2
#: Seconds until the next look at names that changed while they were listed.
UNSETTLED_SECONDS = 0.02
#: Looks at a file that has become unreadable before another one under its name replaces it.
MAX_FAILURES = 5
#: Seconds between checks of where an open file is, because one moved out of the roots is no longer read.
PLACE_SECONDS = 15.0

STATES = {
    Kind.GONE: "missing",
    Kind.UNREADABLE: "unreadable",
    Kind.NOT_A_FILE: "not-a-file",
    Kind.REFUSED: "refused",
}


class Discovery:
    """Looks at one path, and keeps the chain in step with what it finds."""

    def __init__(
        self, belonging: Belonging, start: Start, permit: Permit, encoding: str, system: System, chain: Chain
    ) -> None:
        self.state = "reading"
        self.reason = ""
        self.size: int | None = None
        #: Occurrences that move nothing, to be reported when the stream has caught up.
        self.notices: list[Notice] = []
        #: What begins the stream, to be emitted before anything else.
        self.opening: list[Item] = []
        #: The requested place, until its generation was found or given up.
        self.wanted = start.position if isinstance(start, Resume) else None
        #: Looks since reading began to fail; 0: it works.
        self.failures = 0
        #: The last file's stat of this look; using it removes it.
        self.fresh: os.stat_result | None = None
        self.away_since: float | None = None
        #: Grows whenever the names to be watched change.
        self.revision = 0
        self._away_kind: Kind | None = None
        self._written_ns = 0  # when the last file was last written while the name named it
        self._has_started = False
        self._has_listed = False
        #: Whether this look may take long, and whether it needed to.
        self.may_wait = True
        self.must_wait = False
        self._placed_at = 0.0
        self._looking_ns = 0
        self._listed_ns = 0  # of the last look after which a new name counts as unseen
        self._unsettled_due: float | None = None
        self._start = start
        self._permit = permit
        self._encoding = encoding
        self._system = system
        self._chain = chain
        self.siblings = Siblings(system, belonging, permit)
        self._newest = Newest(system, belonging) if belonging.matching else None
        self._rewriting = Rewriting(permit, system, chain, self.siblings)

    @property
    def path(self) -> Path:
        """The path of the log's file now."""
        return self.siblings.belonging.path

    @property
    def due(self) -> float | None:
        """When the next look must be, because something needs confirmation."""
        dues = [self._rewriting.due, self._unsettled_due]
        if self._newest is not None:
            dues.append(self._newest.due)
        if self.away_since is not None and self._away_kind is Kind.GONE and self.state != "missing":
            dues.append(self.away_since + GONE_SECONDS)
        return min((due for due in dues if due is not None), default=None)

    @property
    def has_begun(self) -> bool:
        """Whether notices have a place in the stream."""
        return self._has_started or self.wanted is not None

    def look(self, now: float) -> None:
        """One look. Never raises `OSError`."""
        # Read the clock before the look: a look takes time, and a rename during it counts as after it.
        self._looking_ns, self._unsettled_due = self._system.wall_ns(), None
        if not self._has_listed:  # list first: whatever becomes of the name from here on is new
            self._has_listed = True
            self.siblings.looked_ns = self.siblings.proven_ns = self._looking_ns
            self.siblings.learn()
        if not self._names_newest(now):
            return
        try:
            found = self._system.stat(self.path)
        except OSError as error:
            if self._is_in_place(now, is_away=True):
                self._is_away(trouble_of(error, self._system, self.path), now)
            return
        if self._names_last((found.st_dev, found.st_ino)):
            if not self.failures:
                if self._is_in_place(now):
                    self._is_here(found)
                return
            self.failures += 1
        if not self.may_wait:
            self.must_wait = True
            return
        opened = open_log(self._system, self.path, self._permit)
        if isinstance(opened, Trouble):
            self._is_away(opened, now)
            return
        generation = None
        try:
            generation = self.siblings.adopt(opened)
            with contextlib.suppress(OSError):
                generation.is_remote = is_remote(self._system.file_system(opened.stat.st_dev))
            self._take_in(generation, opened.stat, now)
        except Unsettled:
            if generation is not None:
                generation.close()
            self._unsettled_due = now + UNSETTLED_SECONDS
        except OSError as error:
            if generation is None:
                close_quietly(self._system, opened.descriptor)
            elif all(segment.generation is not generation for segment in self._chain.segments):
                generation.close()
            self._is_away(trouble_of(error, self._system, self.path), now)

    def _names_newest(self, now: float) -> bool:
        """Learn which file has the log's name now, if that changes. False: there is none, or this look may not wait."""
        newest = self._newest
        if newest is None:
            self._listed_ns = self._looking_ns
            return True
        if newest.must_look(now):
            if not self.may_wait:
                self.must_wait = True
                return False
            self._listed_ns = self._looking_ns
            last = self._chain.last.generation.inode_key if self._chain.segments else None
            newest.look(now, self._chain.inodes(), last)
            if newest.path is not None and newest.path != self.path:
                self.siblings.belonging = replace(self.siblings.belonging, path=newest.path)
                self.revision += 1
        if newest.path is None:
            self._is_away(newest.trouble or Trouble(Kind.GONE), now)
        return newest.path is not None

    def current_name(self, generation: Generation) -> Details:
        """The name of the file that the stream comes to, as a detail of events, if it isn't always the same."""
        if self._newest is None or generation.name is None:
            return {}
        return {"current": printable(generation.name)}

    def remember(self, generation: Generation) -> None:
        """An older generation, which will be read no longer, is recognised if it is met again."""
        self.siblings.remember(generation)
        if self._newest is not None:
            self._newest.was_read(generation.inode_key, generation.birth, generation.sent)

    def _is_in_place(self, now: float, *, is_away: bool = False) -> bool:
        """Whether the look may go on. If the last file was moved out of the roots, it may not, and that is reported."""
        generation = self._chain.last.generation if self._chain.segments else None
        is_due = now >= self._placed_at + PLACE_SECONDS or (is_away and self.away_since is None)
        if generation is None or not generation.is_open or not is_due:
            return True
        if not self.may_wait:
            self.must_wait = True
            return False
        self._placed_at = now
        reason = self.refusal(generation)
        if reason is None:
            return True
        generation.lose()
        if is_away:  # otherwise the next look finds it refused under its name
            self.notices.append((Kind.REFUSED, {"reason": reason}))
        self.revision += 1
        return False

    def refusal(self, generation: Generation) -> str | None:
        """Why an open file may not be read where it is now; a file without a name stays where it was."""
        if generation.descriptor is None or self.siblings.name_now(generation) is None:
            return None
        return self._permit(generation.descriptor)

    def _names_last(self, inode: tuple[int, int]) -> bool:
        """Whether the inode is the last segment's, whose descriptor pins it."""
        if not self._chain.segments:
            return False
        last = self._chain.last.generation
        return last.is_open and last.inode_key == inode

    def _take_in(self, generation: Generation, found: os.stat_result, now: float) -> None:
        if not self._chain.segments:
            self._open_first(generation, found, now)
        elif self._names_last(generation.inode_key):  # it came back in the meantime, or could not be read
            if not self.failures or not self._take_over(self._chain.last.generation, generation):
                generation.close()
            self._is_here(found)
            return
        else:
            self._switch(generation, found, now)
        if self._chain.last.generation is not generation:
            return  # an older file was resumed, and what follows it is still to be found
        self._written_ns = found.st_mtime_ns
        self._placed_at = now
        self.siblings.looked_ns, self.siblings.proven_ns = self._listed_ns, self._looking_ns

    # Here and away

    def _is_here(self, found: os.stat_result) -> None:
        self.away_since = None
        self.siblings.looked_ns = self._listed_ns
        self.size = found.st_size
        self.fresh = found
        self._written_ns = found.st_mtime_ns
        if self.state != "reading" and not self.failures:
            self.notices.append((Kind.BACK, {}))
            self._is_reading()

    def _is_reading(self) -> None:
        self.state, self.reason, self.away_since = "reading", "", None
        self.revision += 1

    def _is_away(self, trouble: Trouble, now: float) -> None:
        if self.away_since is None or self._away_kind is not trouble.kind:
            self.away_since, self._away_kind = now, trouble.kind
            self.revision += 1
        if self.state == STATES[trouble.kind] and self.reason == trouble.text:
            return
        if trouble.kind is Kind.GONE and self._chain.segments and now < self.away_since + GONE_SECONDS:
            return
        self.state, self.reason = STATES[trouble.kind], trouble.text
        self.revision += 1
        if not self._chain.segments and self.wanted is not None:
            self._look_for_wanted(None, now)
        if not self._chain.segments and not self.has_begun:
            self._has_started = True
            self.opening.append(Event(Kind.STARTED, None, None, {"size": None, "resumed": False}))
        self.notices.append(self.state_notice())

    def state_notice(self) -> Notice:
        """The event for the state, which is not "reading"."""
        kind = next(kind for kind, state in STATES.items() if state == self.state)
        match kind:
            case Kind.GONE:
                moved = self._moved_to(self._chain.last.generation) if self._chain.segments else None
                return kind, {"name": moved} if moved else {}
            case Kind.NOT_A_FILE:
                return kind, {"what": self.reason}
            case _:
                return kind, {"reason": self.reason}

    def _moved_to(self, generation: Generation) -> str | None:
        """The file's new name, if it has one."""
        if generation.descriptor is None:
            return None
        try:
            where = self._system.name_of(generation.descriptor)
        except OSError:
            return None
        is_named = generation.name is not None and self._newest is None
        was = generation.name.name if generation.name is not None and is_named else self.path.name
        return printable(where) if where is not None and where.name != was else None

    # Reading fails, and works again

    def cannot_read(self, error: OSError) -> None:
        """Reading fails (a dead disk, a network file system's stale handle): reported once, retried at each look."""
        trouble = trouble_of(error, self._system, self.path)
        self.failures = max(1, self.failures)
        if self.state == "reading" and trouble.kind is Kind.UNREADABLE:
            self.state, self.reason = "unreadable", trouble.text
            self.notices.append(self.state_notice())

    def can_read(self) -> None:
        """Reading works again."""
        self.failures = 0
        if self.state == "unreadable":
            self.notices.append((Kind.BACK, {}))
            self._is_reading()

    def _take_over(self, old: Generation, again: Generation) -> bool:
        """Reading failed, and the name can be reopened: continue with the fresh descriptor. Raises `OSError`."""
        assert again.descriptor is not None
        start = old.anchor_at - len(old.anchor)
        if self._system.pread(again.descriptor, len(old.anchor), start) != old.anchor:
            return False
        old.close()
        old.descriptor = again.give_descriptor()
        self.revision += 1
        return True

    # The first file

    def _open_first(self, generation: Generation, found: os.stat_result, now: float) -> None:
        was_away, self.size = self.state != "reading", found.st_size
        if self.wanted is not None:
            self._resume(generation, was_away, now)
        elif was_away:
            self._come_back(generation, now)
        else:
            self._chain.begin(generation, self._first_offset(generation, found.st_size))
            self._is_reading()
            self._started(None)

    def _come_back(self, generation: Generation, now: float) -> None:
        """There was no file at the start; now there is one, and maybe others before it. Raises `OSError`."""
        between = self.siblings.between(self._chain, None, 0, generation)
        first, *others = [*(unseen.generation for unseen in between.unseen), generation]
        try:
            self._chain.begin(first, 0)
        except OSError:
            for other in {*others, first} - {generation}:
                self.siblings.forget(other)
                other.close()
            raise
        self._is_reading()
        self.opening.append(Event(Kind.BACK, None, self._chain.position, self.current_name(first)))
        if others:
            details: Details = {"old_size": first.proven_size, "name": between.unseen[0].sibling.name}
            rest = replace(between, unseen=between.unseen[1:])
            self._lengthen(first.proven_size, [(Kind.ROTATED, details)], rest, generation, 0, now)

    def _started(self, before: Place | None) -> None:
        self._has_started = True
        named = self.current_name(self._chain.here.generation)
        details: Details = {"size": self.size, "resumed": before is not None, **named}
        self.opening.append(Event(Kind.STARTED, before, self._chain.position, details))

    def start_again(self, position: Place) -> None:
        """After a rewind: the stream starts again, and reports where and in which state."""
        self.opening.clear()
        self._started(position)
        if self.state != "reading":
            self.notices = [self.state_notice()]

    def _first_offset(self, generation: Generation, size: int) -> int:
        match self._start:
            case FromEnd():
                return size
            case LastLines(lines, max_bytes):
                descriptor, ends = generation.descriptor, LineEnds(self._encoding, generation.head)
                assert descriptor is not None

                def read(length: int, offset: int) -> bytes:
                    return self._system.pread(descriptor, length, offset)

                return start_of_last_lines(read, size, lines, ends, max_bytes)
            case FromStart() | Resume():
                return 0

    def _resume(self, current: Generation, was_away: bool, now: float) -> None:
        """Continue at the requested place, or report that it is gone."""
        wanted = self.wanted
        if was_away:
            self.opening += [Event(kind, wanted, wanted, details) for kind, details in self.notices]
            self.opening.append(Event(Kind.BACK, wanted, wanted))
            self.notices = []
        self._is_reading()
        self._look_for_wanted(current, now)
        if not self._chain.segments:
            self._chain.begin(current, 0)
            self.wanted, self._has_started = None, True
            missed: Details = {"size": None, **self.current_name(current)}
            self.opening.append(Event(Kind.MISSED, wanted, self._chain.position, missed))

    def _look_for_wanted(self, current: Generation | None, now: float) -> None:
        """Find the requested generation: the current one, or a sibling and all that came after it."""
        assert self.wanted is not None
        wanted = self.wanted
        file_id = FileId.parse(wanted.file)
        if file_id is None:
            return
        if current is not None and current.descriptor is not None:
            is_it = proves(self._system, current.descriptor, file_id, wanted.offset)
            if is_it:
                self._resume_in(current, wanted)
                return
        old = self.siblings.wanted(file_id, wanted.offset, current)
        if old is None:
            return
        try:
            self._written_ns = old.stat().st_mtime_ns
            self._resume_in(old, wanted)
        except OSError:
            old.close()
            return
        self.siblings.forget_all()
        if current is not None:
            try:
                self._follow_with(current, now)
            except (OSError, Unsettled):
                current.close()  # the next look finds it again

    def _resume_in(self, generation: Generation, wanted: Place) -> None:
        self._chain.begin(generation, wanted.offset)
        self.wanted = None
        self._started(wanted)

    def _follow_with(self, current: Generation, now: float) -> None:
        """After a resumed older generation: what came after it, and the current file. Raises `OSError`."""
        old = self._chain.last.generation
        found = old.stat()
        name = self.siblings.name_of(old, current)
        between = self.siblings.between(self._chain, old, found.st_mtime_ns, current)
        details: Details = {"old_size": found.st_size, "name": name}
        self._lengthen(found.st_size, [(Kind.ROTATED, details)], between, current, 0, now)

    # Another file took the name

    def _switch(self, new: Generation, found: os.stat_result, now: float) -> None:
        """Raises `OSError`; then nothing has changed, and the next look tries again."""
        self._prove_last(now)
        old = self._chain.last.generation
        was_away = self.state != "reading"
        old_stat = old.stat() if old.is_open else None
        old_size = old_stat.st_size if old_stat is not None else 0
        details: dict[str, str | int | None] = {"old_size": old_size if old_stat is not None else None}
        moved = self._moved_to(old)
        exits = list(self.notices)
        if moved is not None:
            details["name"] = moved
            exits += [(Kind.BACK, {})] if was_away else []
            exits.append((Kind.ROTATED, details))
        else:
            exits.append((Kind.BACK if was_away else Kind.REPLACED, details))
        between = Between([])
        start = continued = continues_at(self._system, old, old_stat, new)
        if continued:
            details["continued"] = 1
        elif self._newest is not None and (
            known := self._newest.start_in(new.inode_key, new.birth, found.st_size)
        ):
            start = known  # an older file, written again
        else:
            between = self.siblings.between(self._chain, old, self._written_ns, new)
        self._lengthen(continued or old_size, exits, between, new, start, now)
        self.notices = []
        self.size = found.st_size
        self._is_reading()

    def _lengthen(
        self,
        end: int,
        exits: list[Notice],
        between: Between,
        new: Generation,
        start: int,
        now: float,
    ) -> None:
        """End the last segment, append what went unseen, and then `new` from `start` on. Raises `OSError`."""
        try:
            new.place_anchor(start)
            for unseen in between.unseen:
                unseen.generation.place_anchor(0)
        except OSError:
            for unseen in between.unseen:
                self.siblings.forget(unseen.generation)
                unseen.generation.close()
            raise
        old = self._chain.last
        self._chain.end(old, end, exits, now)
        for unseen in between.unseen:
            if unseen.after_gap:
                self._chain.last.exits.insert(-1, (Kind.MISSED, {"size": None}))
            details: Details = {"old_size": unseen.generation.proven_size, "name": unseen.sibling.name}
            self._chain.append_ended(unseen.generation, (Kind.ROTATED, details), now)
        if between.left_out or between.ends_in_gap:
            self._chain.last.exits.insert(-1, (Kind.MISSED, {"size": between.left_out or None}))
        self._chain.append(Segment(new, new.anchor_at))
        self.siblings.remember(old.generation)

    def _prove_last(self, now: float) -> None:
        """Check that the last file still has the same text, and take it apart if not. Raises `OSError`."""
        generation = self._chain.last.generation
        if not generation.is_open:
            return
        try:
            generation.read(generation.anchor_at, 0)
        except Changed:
            self.take_apart(now)
        except OSError as error:
            if error.errno != errno.ESTALE and self.failures < MAX_FAILURES:
                self.failures += 1
                raise
            generation.lose()  # its disk is gone; what comes in its place counts

    def is_proven(self) -> None:
        """At this look, the last file holds what was read of it."""
        self.siblings.proven_ns = self._looking_ns

    def find_copies(self, now: float) -> bool | None:
        """The last file was empty and was written since. True: its text of then was found in copies, and comes first.

        None: this look may not decide. Raises `OSError`; then nothing has changed.
        """
        if stat.S_ISLNK(self._system.lstat(self.path).st_mode):
            return False  # a file next to a link may have been its target in the meantime, and not a copy
        if not self.may_wait:
            self.must_wait = True
            return None
        if not self._rewriting.find_copies(now, self.notices):
            return False
        self.notices = []
        return True

    def take_apart(self, now: float) -> bool:
        """The last segment's text changed while we watched: end it, begin a new generation on the same inode.

        False: only a network file system says so, without confirmation yet. Raises `OSError`; then nothing has changed.
        """
        if not self.may_wait:
            self.must_wait = True
            return False
        if not self._rewriting.take_apart(now, self.notices):
            return False
        self.notices = []
        return True
