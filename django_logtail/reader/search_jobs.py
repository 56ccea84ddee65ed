"""One search: its way through the files of a log, newest or oldest hits first, a turn at a time."""

from __future__ import annotations

import itertools
import os
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import replace
from typing import Any, Final

from django_logtail.control.wants import Want
from django_logtail.formats.detection import Formats
from django_logtail.place import Place
from django_logtail.protocol import MAX_OFFSET
from django_logtail.reader.clocks import Clocks, zone_named
from django_logtail.reader.conditions import SAMPLED_LINES, Sample, matcher_of, needs_sample
from django_logtail.reader.generations import Generation, Generations, NotRead
from django_logtail.reader.hit_entries import HitEntries, known_formats
from django_logtail.reader.hit_secrets import with_secrets
from django_logtail.reader.redacting import RedactedText, end_of_previous
from django_logtail.reader.seals import Seals
from django_logtail.reader.sources import NotThere, Source
from django_logtail.reader.times import BLOCK_BYTES, Moment, TimeSearch
from django_logtail.tailing.files.generation import HEAD_BYTES, Changed
from django_logtail.tailing.history import COPY_BYTES
from django_logtail.tailing.reasons import reason, reason_of
from django_logtail.tailing.text.backwards import MOST_WINDOW_BYTES, Backwards
from django_logtail.tailing.text.encodings import shown_as
from django_logtail.tailing.text.lines import LineEnds
from django_logtail.tailing.text.search import Hit, Search
from django_logtail.tailing.texts import END, PlainText, Text

#: Seconds that one turn of a search may occupy a thread; then other waiting work comes first.
TURN_SECONDS: Final = 0.05
#: Bytes at the begin and at the end of a file from which its formats are found.
SAMPLED_BYTES: Final = 64 * 1024
#: Bytes of a line, as UTF-8, that are told if whole lines are wanted.
WHOLE_BYTES: Final = 16 * 1024
#: Bytes of the first window of a compressed text: less would be unpacked several times.
PACKED_WINDOW_BYTES: Final = 4 * 1024 * 1024
#: Files that couldn't be read whole, to be named.
MOST_UNREAD: Final = 100
#: Files ahead that are named, in case that another reader takes over and some are gone by then.
MOST_AHEAD: Final = 8
#: Times that one file is found again after it was moved, compressed or emptied.
MOST_REOPENED: Final = 8


class SearchJob:
    """One search and the thread it is in now, if any.

    With an order, it goes over all files, and names those that it can't read. Without one, it is a search of one file
    from a place on: it ends with enough hits, and fails if the file can't be read.
    """

    def __init__(
        self,
        want: Want,
        source: Source,
        permit: Callable[[int], str | None],
        open_files: Mapping[tuple[int, int], str],
    ) -> None:
        assert want.search is not None
        self.work: Future[list[Hit]] | None = None
        self.user = want.user
        self.limited_at = float("-inf")
        self.limited_by = ""
        #: Processor time not yet charged.
        self.seconds = 0.0
        self.is_begun = self.is_done = False
        #: Hits returned, and all that were counted.
        self.shown = self.total = 0
        #: Whether it ended because of the limit.
        self.is_full = False
        #: Files that couldn't be read whole, as the protocol has them.
        self.unread: list[dict[str, Any]] = []
        #: Why the text of the one file ends where it does, although there should be more; or why the ends of a range of
        #: time are not exact.
        self.trouble = ""
        self.sought = want.search
        self.is_newest_first = want.search.order == "newest"
        self._is_of_one = not want.search.order
        self._place = want.position
        self._seals = Seals(want.log)
        self._source = source
        self._want = want
        self._permit = permit
        self._open_files = open_files
        #: Where the wanted lines begin and end; and whether there can be none, because the log has no such time.
        self._since = want.search.since
        self._until = want.search.until
        self._is_nowhere = False
        self._generations = Generations(source, permit, open_files)
        self._listing: Iterator[None] | None = None
        self._plan: deque[Generation] = deque()
        self._current: Generation | None = None
        self._text: Text | None = None
        #: The same without its secrets, if there are rules.
        self._redacted: RedactedText | None = None
        self._walk: Search | Backwards | None = None
        #: Hits whose entries are being looked up, and how far the search was before it found them.
        self._looked_up: list[Hit] = []
        self._entries: Iterator[tuple[int, Hit]] | None = None
        self._position = 0
        #: The log's formats, found from the first file with hits.
        self._formats: tuple[Formats | None] | None = None
        #: Bytes searched and lines counted in the files that are done.
        self._searched = self._counted = 0
        #: Bytes to search in all, and in the files to come: estimates.
        self._estimate = self._rest = 0
        self._times = 1.0
        #: Where in the one file the search begins.
        self._base = 0 if want.position is None else want.position.offset
        #: How far the current text must be unpacked before the search goes on.
        self._to_reach: int | None = None
        self._reopened = 0

    def limit(self, by: str, now: float) -> None:
        """Note that it had to wait."""
        self.limited_by, self.limited_at = by, now

    def timed(self, work: Callable[..., list[Hit]], *arguments: Any) -> list[Hit]:
        """Do some of the work, and measure its processor time. In a thread."""
        began = time.thread_time()
        try:
            return work(*arguments)
        finally:
            self.seconds += time.thread_time() - began

    # -- where it is -----------------------------------------------------------------------------------

    @property
    def is_between(self) -> bool:
        """Whether a file is done and the next one is not opened yet."""
        return self._text is None

    @property
    def file(self) -> str:
        """The id of the file that is being searched, sealed; "" before the first."""
        return "" if self._current is None else self._seals.seal(self._current.shown_id)

    @property
    def name(self) -> str:
        return "" if self._current is None else self._current.name

    @property
    def searched(self) -> int:
        """Bytes searched."""
        return self._searched + (0 if self._walk is None else self._walk.searched)

    @property
    def at(self) -> int:
        """How far it is: in the one file, or bytes searched."""
        return self.searched + (self._base if self._is_of_one else 0)

    @property
    def end(self) -> int:
        """Where it will end, by the same count, as far as known."""
        return max(self._estimate + (self._base if self._is_of_one else 0), self.at)

    @property
    def ahead(self) -> list[tuple[str, Place]]:
        """From where the rest can be searched in the same order, and the next files; each with its file's name.

        Empty: from the same place as before.
        """
        current = self._current
        if current is None:
            return []
        following = self.following
        if self._text is None and following:
            return following
        at = current.end if self.is_newest_first is (self._text is not None) else current.start
        if self._walk is not None:
            at = self._walk.position if self._entries is None else self._position
        return [self._of(current, at), *following] if current.listed.id else []

    @property
    def following(self) -> list[tuple[str, Place]]:
        """The next files, as in `ahead`."""
        named = (one for one in self._plan if one.listed.id)
        return [
            self._of(one, one.end if self.is_newest_first else one.start)
            for one in itertools.islice(named, MOST_AHEAD)
        ]

    def _of(self, one: Generation, at: int) -> tuple[str, Place]:
        return one.name, self._seals.seal_place(Place(one.shown_id, min(at, MAX_OFFSET)))

    # -- going on, in a thread -------------------------------------------------------------------------

    def begin(self) -> list[Hit]:
        """List the files for a turn; until `is_begun`."""
        if self._listing is None:
            if not needs_sample(self.sought):
                matcher_of(self.sought)  # refuse a bad expression before opening a file
            self._listing = iter(()) if self._is_of_one else self._look()
        until = time.monotonic() + TURN_SECONDS
        for _ in self._listing:
            if time.monotonic() >= until:
                return []
        self._plan = deque(self._planned())
        self._times = self._generations.times
        self._estimate = self._rest = sum(one.size(self._times) for one in self._plan)
        self.is_begun, self.is_done = True, not self._plan
        return []

    def _look(self) -> Iterator[None]:
        """List the files, and find the places of the wanted moments, with pauses."""
        yield from self._generations.look()
        sought = self.sought
        if sought.after is not None and self._since is None:
            found = yield from self._moment(sought.after, nowhere="ends")
            self._since = found.after if found.result == "nearest" else found.place
        if sought.before is not None and self._until is None:
            found = yield from self._moment(sought.before, nowhere="begins")
            self._until = found.before if found.result == "nearest" else found.place

    def _moment(self, at: int, *, nowhere: str) -> Generator[None, None, Moment]:
        """Where a moment is; without a place if all of the log is on the wanted side of it, or else `nowhere`."""
        want = replace(self._want, moment=at)
        search = TimeSearch(self._source, want, self._permit, self._open_files, around=BLOCK_BYTES)
        try:
            while not search.is_done:
                search.step()
                yield
        finally:
            search.close()
        found = search.found
        if found.result == "none":
            raise NotThere(reason("no-times"))
        self._is_nowhere = self._is_nowhere or found.result == nowhere
        if found.result == "nearest":
            self.trouble = reason("times-out-of-order")
        return found if found.result in ("found", "nearest") else replace(found, place=None)

    def _planned(self) -> list[Generation]:
        if self._is_of_one:
            assert self._place is not None
            return [Generation.of(self._seals.open_place(self._place))]
        since, until = (
            None if place is None else self._seals.open_place(place) for place in (self._since, self._until)
        )
        if self._is_nowhere:
            return []
        if self.sought.ahead:
            begin = self._first_there()
            if begin is None:
                return []
            since, until = (since, begin) if self.is_newest_first else (begin, until)
        found = self._generations.between(since, until)
        return found if self.is_newest_first else found[::-1]

    def _first_there(self) -> Place | None:
        """Where another reader was; or the next file, if that one is gone by now. Notes all that are gone."""
        first = None
        for name, file, offset in self.sought.ahead:
            place = self._seals.open_place(Place(file, offset))
            try:
                self._generations.find(place)
            except NotThere as error:
                if offset or not self.is_newest_first:  # otherwise it was searched whole
                    self._note_unread(name, str(error))
            else:
                first = first or place
        return first

    def step(self, max_bytes: int, is_eager: bool) -> list[Hit]:
        """Search for a turn, in one file."""
        try:
            if self._text is None:
                self._open_next()
            elif not self._has_reached(self._text):
                return []
            elif self._walk is None:
                self._walk = self._walk_over(self._text)
                self._took(self._text, self._walk)
            elif self._entries is not None:
                return self._look_up(self._text, self._walk)
            else:
                self._position = self._walk.position
                hits = self._walk.step(TURN_SECONDS, max_bytes, is_eager=is_eager)
                if hits and self.sought.order and not self.sought.whole:
                    self._looked_up, self._entries = hits, self._entries_of(self._text, hits)
                    return self._look_up(self._text, self._walk)
                self.shown += len(hits)
                self._took(self._text, self._walk)
                return self._with_secrets(hits)
        except Changed:
            return self._reopen()
        except NotRead as error:
            return self._give_up(str(error))
        except OSError as error:
            return self._give_up(reason_of(error))
        return []

    def _look_up(self, text: Text, walk: Search | Backwards) -> list[Hit]:
        """Look up the entries of the last hits, for a turn; returns all of these hits once that is done."""
        assert self._entries is not None
        until = time.monotonic() + TURN_SECONDS
        try:
            for index, hit in self._entries:
                self._looked_up[index] = hit
                if time.monotonic() >= until:
                    return []
        except (Changed, OSError):
            pass  # the search itself will say so
        hits, self._looked_up, self._entries = self._looked_up, [], None
        self.shown += len(hits)
        self._took(text, walk)
        return self._with_secrets(hits)

    def _with_secrets(self, hits: list[Hit]) -> list[Hit]:
        """The hits with what rules hide in them, except whole lines."""
        if self._redacted is None or self.sought.whole or not hits:
            return hits
        return with_secrets(hits, self._redacted.found, self._source.encoding)

    def _entries_of(self, text: Text, hits: list[Hit]) -> Iterator[tuple[int, Hit]]:
        """The hits with what is known of their entries; see `HitEntries`."""
        encoding = shown_as(self._source.encoding)
        head = self._read(0, COPY_BYTES)
        if self._formats is None:
            sample = _sample(self._read, text, encoding, self._source.format)
            self._formats = (known_formats.of(f"{encoding}:{self._source.path}", head, sample),)
            yield 0, hits[0]  # that may have taken a turn
        ends = LineEnds(encoding, head)
        clocks = Clocks(zone_named(self._source.time_zone))
        written_at = os.fstat(text.descriptor).st_mtime * 1000
        yield from HitEntries(self._read, ends, *self._formats, clocks, written_at).told(list(hits))

    def _open_next(self) -> None:
        self._current = current = self._plan.popleft()
        self._rest -= current.size(self._times)
        if not current.listed.id:
            raise NotRead(current.listed.reason)
        if current.is_empty:
            self._end_file()
            return
        text = self._generations.open(current)
        self._take_text(text)
        self._reopened = 0
        is_forwards = not self.is_newest_first or text.size is None
        self._to_reach = current.start if is_forwards else None

    def _has_reached(self, text: Text) -> bool:
        """Unpack what is before the next byte to search, for a turn."""
        if self._to_reach is not None and text.reach(self._to_reach, TURN_SECONDS):
            self._to_reach = None
        return self._to_reach is None

    def _walk_over(self, text: Text) -> Search | Backwards:
        current = self._current
        assert current is not None
        encoding = shown_as(self._source.encoding)
        # First: they may unpack a small text to its end, and so find its size.
        head = text.read(0, HEAD_BYTES)
        sample = (
            _sample(self._read, text, encoding, self._source.format) if needs_sample(self.sought) else None
        )
        end = min(current.end, END if text.size is None else text.size)
        start = min(current.start, end)
        if self._is_of_one:
            self._base = start
        left = max(0, self.sought.limit - self.shown)
        options: dict[str, Any] = {
            "encoding": encoding,
            "head": head,
            "max_hits": left,
            "counts_on": self.sought.counts,
        }
        matcher = matcher_of(self.sought, sample)
        if not self.is_newest_first:
            whole_bytes = WHOLE_BYTES if self.sought.whole else 0
            return Search(self._read, matcher, start, end, whole_bytes=whole_bytes, **options)
        if not isinstance(text, PlainText):
            # Unpacking goes forwards: in one go if nothing is to be shown any more.
            options["is_whole"] = text.size is None or not left
            options["window_bytes"] = PACKED_WINDOW_BYTES
            options["most_window_bytes"] = 2 * MOST_WINDOW_BYTES
        return Backwards(self._read, matcher, start, end, **options)

    def _take_text(self, text: Text) -> None:
        """Search this text from now on."""
        self._text, self._redacted = text, None
        source = self._source
        if source.redaction is not None:

            def look_before() -> bytes | None:
                return end_of_previous(source.belonging, source.permit(self._permit), text)

            self._redacted = RedactedText(text, source.redaction, source.encoding, look_before)

    def _read(self, offset: int, size: int) -> bytes:
        assert self._text is not None
        return (self._redacted or self._text).read(offset, size)

    def _reopen(self) -> list[Hit]:
        """Find the current file again, because it was emptied or packed in place; its text may be elsewhere by now."""
        assert self._current is not None
        assert self._text is not None
        self._reopened += 1
        walk = self._walk
        needed = 0 if walk is None else walk.end if isinstance(walk, Backwards) else walk.position
        try:
            if self._reopened > MOST_REOPENED:
                raise NotRead(reason("file-changed"))
            text = self._generations.open(self._current, again_at=0 if needed == END else needed)
        except NotRead as error:
            return self._give_up(str(error))
        self._text.close()
        self._take_text(text)
        is_plain = isinstance(text, PlainText)
        self._to_reach = None if is_plain else END if isinstance(walk, Backwards) else needed
        return []

    def _took(self, text: Text, walk: Search | Backwards) -> None:
        """Note how far the walk is."""
        self.total = self._counted + walk.found
        end = walk.end if walk.end != END else max(text.guess, walk.start + walk.searched)
        self._estimate = self._searched + end - walk.start + self._rest
        if walk.is_done:
            # Of one file, older clients are told so even if nothing follows the last hit.
            self.is_full = walk.is_full and (
                self._is_of_one or self.is_newest_first or walk.position < walk.end
            )
            if not walk.is_full:
                self._note_trouble(text, walk)
            self._end_file()

    def _note_trouble(self, text: Text, walk: Search | Backwards) -> None:
        """A text that ends too early is said to, if it was searched to its end."""
        if not text.trouble or text.size is None or walk.end < text.size:
            return
        self.trouble = self.trouble or text.trouble
        if not self._is_of_one:
            self._note_unread(self.name, text.trouble)

    def _note_unread(self, name: str, why: str) -> None:
        if len(self.unread) < MOST_UNREAD:
            self.unread.append({"name": name, "reason": why})

    def _give_up(self, why: str) -> list[Hit]:
        """The current file can't be read any further; returns the hits that are still to be told."""
        if self._is_of_one:
            raise NotThere(why)
        hits = self._walk.unreturned if isinstance(self._walk, Search) else []
        self.shown += len(hits)
        self._note_unread(self.name, why)
        self._end_file()
        return hits

    def _end_file(self) -> None:
        """Go on to the next file, if there is one and something is left to find."""
        if self._walk is not None:
            self._searched += self._walk.searched
            self._counted += self._walk.found
        text, self._text, self._walk = self._text, None, None
        if text is not None:
            text.close()
        has_enough = self.shown >= self.sought.limit and not self.sought.counts
        self.is_full = self.is_full or (has_enough and bool(self._plan))
        self.is_done = has_enough or not self._plan

    # -- ending ----------------------------------------------------------------------------------------

    def close(self) -> None:
        """Close the file, after the current turn, which ends soon."""
        if (walk := self._walk) is not None:
            walk.cancel()
        if self.work is not None:
            self.work.add_done_callback(lambda _: self._close())

    def _close(self) -> None:
        if self._text is not None:
            self._text.close()


def _sample(read: Callable[[int, int], bytes], text: Text, encoding: str, given: str) -> Sample:
    """What the formats of a log are found from: lines at the begin and, unless it is packed, at the end of the file."""
    first = read(0, SAMPLED_BYTES).decode(encoding, "replace").split("\n")[:-1]
    if not isinstance(text, PlainText):
        return Sample(given, first[:SAMPLED_LINES])
    start = max(0, text.size - SAMPLED_BYTES) // 4 * 4
    last = read(start, SAMPLED_BYTES).decode(encoding, "replace").split("\n")[1:-1]
    return Sample(given, first[:SAMPLED_LINES], last[-SAMPLED_LINES:] if start else ())
