"""Along the chain: bytes become batches, ends become events, as far as the budget goes."""

from __future__ import annotations

import errno

from django_logtail.place import Place
from django_logtail.tailing.chain import Chain, Segment
from django_logtail.tailing.discovery import MAX_FAILURES, Discovery
from django_logtail.tailing.events import Batch, Event, Item, Kind
from django_logtail.tailing.files.generation import Changed, Generation
from django_logtail.tailing.files.system import System
from django_logtail.tailing.text.lines import LineEnds

#: Seconds to wait before an unfinished line is shown.
PARTIAL_SECONDS = 0.3
#: Looks after a change that read again even if the times are the same, because file systems' clocks are coarse.
COARSE_LOOKS = 3
#: Bytes of NULs examined in one turn.
MAX_SCAN_BYTES = 1024 * 1024


class Emission:
    """Reads at the chain's place, and moves it."""

    def __init__(
        self, chain: Chain, discovery: Discovery, encoding: str, batch_bytes: int, system: System
    ) -> None:
        """Raises `LookupError` for an encoding Python does not know."""
        self.has_more = False
        self._chain = chain
        self._discovery = discovery
        self._encoding = encoding
        self._batch_bytes = batch_bytes
        self._system = system
        self._ends = LineEnds(encoding)
        self._ends_of = ""  # the generation whose byte order mark they know
        self._items: list[Item] = []
        self._budget = 0
        self._now = 0.0
        self._seen: tuple[str, int, int, int, int] | tuple[()] = ()
        self._looks_left = 0
        self._empty_id = ""  # of the last file, if it was empty at the last look and was written since
        self._partial_at: Place | None = None
        self._partial_due: float | None = None
        self._partial_shown = 0
        self._late_due: float | None = None
        self._is_waiting_for_bytes = False

    @property
    def due(self) -> float | None:
        """When an unfinished line is to be shown."""
        if self._partial_due is None or self._late_due is None:
            return self._late_due if self._partial_due is None else self._partial_due
        return min(self._partial_due, self._late_due)

    @property
    def rests_on(self) -> tuple[int, ...] | None:
        """Size and times of the last file when all of it had been emitted; None: there is more to do."""
        if self.has_more or self._looks_left >= 0 or self._is_waiting_for_bytes or self.due is not None:
            return None
        _, size, modified, changed, offset = self._seen or ("", 0, 0, 0, -1)
        return (size, modified, changed) if offset == self._chain.offset >= size else None

    def start_again(self) -> None:
        """The chain's place was moved: forget everything seen there."""
        self._forget_partial()
        self._seen = ()

    def emit(self, now: float, budget: int) -> list[Item]:
        """Everything from the chain's place on, at most `budget` bytes of it."""
        self._items, self._now, self._budget = [], now, budget
        self.has_more = False
        while self._go_on():
            pass
        if self._discovery.notices and self._chain.is_at_last and not self.has_more:
            here = self._chain.position
            self._items += [Event(kind, here, here, details) for kind, details in self._discovery.notices]
            self._discovery.notices = []
        self._late_due = None
        if self._chain.index:
            self._emit_late()
        return self._items

    def _go_on(self) -> bool:
        """Emit the next thing. False: nothing more for now."""
        segment = self._chain.here
        if segment.end is not None and self._chain.offset >= segment.end:
            self._pass(segment)
            return True
        try:
            return self._read_on(segment)
        except Changed:
            return self._follow_change(segment)
        except OSError as error:
            return self._follow_failure(segment, error)

    def _pass(self, segment: Segment) -> None:
        """Emit what happened at the end of a segment, and go to the next."""
        chain = self._chain
        here = chain.position
        *others, (kind, details) = segment.exits
        self._items += [Event(other, here, here, its_details) for other, its_details in others]
        chain.index += 1
        chain.offset = chain.here.start
        named = self._discovery.current_name(chain.here.generation)
        self._items.append(Event(kind, here, chain.position, {**details, **named}))
        if not segment.is_passed:
            segment.is_passed = True
            segment.generation.sent = max(segment.end or 0, segment.generation.sent)
        self._forget_partial()

    def _follow_change(self, segment: Segment) -> bool:
        """Reading found different text than before. True: go on emitting."""
        if segment.end is None:
            try:
                return segment.generation.is_open and self._discovery.take_apart(self._now)
            except OSError as error:
                return self._follow_failure(segment, error)
        before, left = self._chain.position, segment.end - self._chain.offset
        self._chain.offset = segment.end
        self._items.append(Event(Kind.MISSED, before, self._chain.position, {"size": left}))
        return True

    def _follow_failure(self, segment: Segment, error: OSError) -> bool:
        """Reading fails. Gives up an older generation that stays unreadable, but never the last one."""
        self._discovery.cannot_read(error)
        self._seen = ()
        if segment.end is None or (error.errno != errno.ESTALE and self._discovery.failures < MAX_FAILURES):
            return False
        segment.generation.lose()
        return True

    # One read

    def _read_on(self, segment: Segment) -> bool:
        """Emit one batch or hole. False: nothing more for now. Raises `Changed` and `OSError`."""
        generation, offset = segment.generation, self._chain.offset
        if segment.end is None and self._is_unchanged(generation):
            self._discovery.is_proven()
            return False
        if segment.end is None and self._empty_id == generation.id:
            is_cut = self._discovery.find_copies(self._now)
            if is_cut is None:
                return False
            self._empty_id = ""
            if is_cut:
                return True
        size = self._discovery.size or 0
        want = self._batch_bytes if segment.end is None else min(self._batch_bytes, segment.end - offset)
        allowed = min(want, max(self._budget, 1))
        data = generation.read(offset, allowed)
        if segment.end is None:
            self._discovery.is_proven()
        if self._discovery.failures:
            self._discovery.can_read()
        if self._budget <= 0:
            self.has_more = bool(data)
            return False
        at_end = len(data) < allowed or (segment.end is not None and offset + len(data) >= segment.end)
        if segment.end is None and offset == generation.anchor_at:
            proven = min(size, offset + len(data)) if at_end else size
            generation.proven_size = max(generation.proven_size, proven)
        ends = self._ends_in(generation)
        gap = ends.unwritten(data, offset)
        if gap is not None:
            return self._read_to_gap(segment, data, gap, at_end)
        whole = ends.after_last(data, offset)
        if whole:
            self._take(generation, data[:whole])
            if not at_end:
                return True
        return self._end_of_data(segment, data[whole:], at_end, allowed < want)

    def _is_unchanged(self, generation: Generation) -> bool:
        """Whether the last file needs no reading at this look."""
        if not generation.is_open:
            return not generation.tail
        found, self._discovery.fresh = self._discovery.fresh or generation.stat(), None
        self._discovery.size = found.st_size
        offset = self._chain.offset
        seen = (generation.id, found.st_size, found.st_mtime_ns, found.st_ctime_ns, offset)
        if self._empty_id == generation.id:
            return False
        if seen != self._seen:
            if self._seen[:2] == (generation.id, 0) and not generation.anchor_at:
                self._empty_id = generation.id
            self._seen = seen
            self._looks_left = COARSE_LOOKS
            return False
        if self._is_waiting_for_bytes or self._partial_due is not None:
            return False
        self._looks_left -= 1
        return self._looks_left < 0 and offset >= found.st_size

    def _ends_in(self, generation: Generation) -> LineEnds:
        if self._ends_of != generation.id:
            self._ends, self._ends_of = LineEnds(self._encoding, generation.head), generation.id
        return self._ends

    def _end_of_data(self, segment: Segment, rest: bytes, at_end: bool, is_short: bool) -> bool:
        """What to do with bytes that end no line. True: go on emitting."""
        generation = segment.generation
        if segment.end is not None and at_end:
            if not rest and self._chain.offset < segment.end:
                raise Changed  # shorter than it was
            if rest:
                self._take(generation, rest)  # its generation ends, so that line will not get longer
            return True
        if not generation.is_open:
            if rest:
                self._take(generation, rest)
                generation.tail = b""
            return False
        if at_end:
            self._hold_partial(generation, rest)
            return False
        if is_short:
            self.has_more = True  # the line is longer than the budget
            return False
        self._take(generation, rest[: self._ends.whole_characters(rest) or len(rest)])
        return True

    def _take(self, generation: Generation, data: bytes) -> None:
        offset = self._chain.offset
        self._items.append(Batch(Place(generation.id, offset), data))
        generation.took(offset, data)
        generation.unwritten_to = generation.gap_end = 0
        self._chain.here.grown_at = self._now
        self._chain.offset = offset + len(data)
        self._budget -= len(data)
        self._is_waiting_for_bytes = False
        self._forget_partial()

    # Unfinished lines

    def _forget_partial(self) -> None:
        self._partial_at = self._partial_due = None
        self._partial_shown = 0

    def _hold_partial(self, generation: Generation, rest: bytes) -> None:
        """A line without an end: show it if it stays unfinished."""
        generation.keep_tail(self._chain.offset, rest)
        if not rest:
            self._forget_partial()
            return
        here = Place(generation.id, self._chain.offset)
        if self._partial_at != here:
            self._partial_at, self._partial_shown = here, 0
            self._partial_due = self._now + PARTIAL_SECONDS
        elif self._partial_due is None and len(rest) != self._partial_shown:
            self._partial_due = self._now + PARTIAL_SECONDS
        if self._partial_due is None or self._now < self._partial_due:
            return
        shown = rest[: self._ends.whole_characters(rest)]
        if shown and len(shown) <= self._budget:
            self._items.append(Batch(here, shown, partial=True))
            self._budget -= len(shown)
        self._partial_shown = len(rest)
        self._partial_due = None

    # Bytes that were never written

    def _read_to_gap(self, segment: Segment, data: bytes, gap: tuple[int, int], at_end: bool) -> bool:
        start, stop = gap
        generation = segment.generation
        if not start:
            if stop == len(data):
                return self._read_over_gap(segment)
            self._skip(generation, self._chain.offset + stop)
            return True
        if stop < len(data):
            self._take(generation, data[:start])
            return True
        whole = self._ends.after_last(data[:start], self._chain.offset)
        if not whole and (not at_end or segment.end is not None):
            whole = start
        if whole:
            self._take(generation, data[:whole])
            return True
        self._hold_partial(generation, data[:start])
        self._is_waiting_for_bytes = True
        return False

    def _read_over_gap(self, segment: Segment) -> bool:
        """Only NULs from here: find what follows, or wait for it to be written."""
        generation = segment.generation
        if generation.descriptor is None:
            raise Changed
        offset = max(self._chain.offset, generation.unwritten_to)
        limit = offset + MAX_SCAN_BYTES
        while True:
            following = self._system.next_data(generation.descriptor, offset)
            if following is None or (segment.end is not None and following >= segment.end):
                break
            limit += following - offset  # a hole costs nothing to pass
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
        generation.keep_tail(self._chain.offset, b"")
        self._is_waiting_for_bytes = True
        return False

    def _skip(self, generation: Generation, offset: int) -> None:
        """Pass over a gap once a second look found its end at the same place.

        A look takes time: during it, a writer through a memory map may fill the gap's first pages after they were seen
        empty, and then write what ends the gap.
        """
        if not 0 < generation.gap_end <= offset:
            generation.gap_end, generation.unwritten_to = offset, 0
            return
        before, size = self._chain.position, offset - self._chain.offset
        generation.skip_to(offset)
        self._chain.offset = offset
        self._items.append(Event(Kind.HOLE, before, self._chain.position, {"size": size}))
        self._is_waiting_for_bytes = False
        self._forget_partial()

    # Older generations

    def _emit_late(self) -> None:
        """Bytes that a writer appended to an older generation: emitted where they are found."""
        for segment in self._chain.segments[: self._chain.index]:
            generation = segment.generation
            if generation.is_final or not generation.is_open:
                continue
            try:
                size = generation.stat().st_size
                if generation.sent < size and not self._may_be_read(generation):
                    continue
                while generation.sent < size and self._read_late(segment):
                    pass
            except Changed:
                generation.is_final = True
            except OSError:
                continue  # it may work at the next look

    def _may_be_read(self, generation: Generation) -> bool:
        """Whether late bytes belong to a file that is still where it may be read."""
        if not self._discovery.may_wait:
            self._discovery.must_wait = True
            return False
        if self._discovery.refusal(generation) is None:
            return True
        generation.lose()
        return False

    def _read_late(self, segment: Segment) -> bool:
        """Emit one late batch. False: nothing more for now."""
        generation = segment.generation
        if self._budget <= 0:
            self.has_more = True
            return False
        allowed = min(self._batch_bytes, self._budget)
        data = generation.read(generation.sent, allowed)
        whole = LineEnds(self._encoding, generation.head).after_last(data, generation.sent)
        if not whole and len(data) == allowed < self._batch_bytes:
            self.has_more = True
            return False
        if not whole and len(data) < allowed:
            if segment.fragment_since is None:
                segment.fragment_since = self._now
            due = segment.fragment_since + PARTIAL_SECONDS
            if self._now < due:
                self._late_due = due if self._late_due is None else min(due, self._late_due)
                return False
        whole = whole or len(data)
        if not whole:
            return False
        self._items.append(Batch(Place(generation.id, generation.sent), data[:whole], late=True))
        generation.took(generation.sent, data[:whole])
        self._budget -= whole
        segment.grown_at, segment.fragment_since = self._now, None
        return True
