"""The feeds of one process: which one a viewer joins, and the memory they share."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from functools import partial
from typing import Final

from django_logtail.place import Place
from django_logtail.promptness import Promptness
from django_logtail.relay.cursor import Cursor
from django_logtail.relay.feed import Feed
from django_logtail.relay.feed_viewer import FeedViewer
from django_logtail.relay.liveness import Readers
from django_logtail.relay.posting import Wants

#: Bytes of recent items kept by one feed, by all feeds of a process together, and by one feed at least.
RING_BYTES: Final = 4 * 1024 * 1024
PROCESS_RING_BYTES: Final = 64 * 1024 * 1024
LEAST_RING_BYTES: Final = 64 * 1024


class Feeds:
    """The feeds by member. A log has one that viewers share, and one for each viewer that begins before its oldest
    item, or sees the original of redacted lines.
    """

    def __init__(
        self,
        wants: Wants,
        readers: Readers,
        clock: Callable[[], float],
        promptness: Promptness | None = None,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.by_member: dict[str, Feed] = {}
        self._wants = wants
        self._readers = readers
        self._clock = clock
        self._promptness = promptness
        self._wall = wall

    def ring_bytes(self) -> int:
        """Bytes one feed may keep now, so that all of them stay within PROCESS_RING_BYTES."""
        return max(LEAST_RING_BYTES, min(RING_BYTES, PROCESS_RING_BYTES // max(1, len(self.by_member))))

    def join(
        self,
        log: str,
        queue: str,
        *,
        lines: int,
        resume: Place | None,
        may_cut: bool = True,
        path: str = "",
        user: str = "",
        revision: str = "",
        original_end: float = 0.0,
    ) -> FeedViewer:
        """A new viewer: on the shared feed if its ring reaches back far enough, otherwise on a feed of its own.

        `may_cut`: a batch may be cut after any newline byte (not so in UTF-16). `path`: the registry's current path;
        `revision`: its row's. Viewers admitted before the row changed must soon leave; their feed is not shared.
        `user`: the joining viewer's primary key; for a shared feed, the first viewer's. `original_end`: until when the
        viewer sees the original, in seconds since the epoch; such a feed is never shared. 0: redacted lines.
        """
        file = (queue, path)
        new = partial(self._new_feed, log, file, lines=lines, start=resume, user=user, revision=revision)
        if original_end:
            return self._enter(new(flow=uuid.uuid4().hex[:8], original_end=original_end))
        shared = self._shared(log)
        if shared is None:
            return self._enter(new(flow=""))
        spot = None
        if (shared.file, shared.revision) == (file, revision):
            if resume is None and shared.will_bring(lines):
                return self._enter(shared)
            if resume is not None:
                spot = shared.ring.find(resume)
            elif lines == 0:
                # Whoever wants none may not be allowed any, nor what the feed has yet to bring of a longer file.
                spot = shared.end_of_file
            elif may_cut:
                spot = shared.ring.backlog_start(lines, begun_with=shared.lines)
        if spot is None or shared.ring.position is None:
            return self._enter(new(flow=uuid.uuid4().hex[:8]))
        cursor = Cursor(shared.ring, *spot)
        cursor.begin(size=shared.size, is_resumed=resume is not None)
        return self._enter(shared, cursor)

    def share(self, viewer: FeedViewer) -> None:
        """Move a viewer from its own feed to the shared one, once that has its place.

        Call it before sending as well as afterwards: at what is new, its own feed is usually a batch ahead.
        """
        own, cursor = viewer.feed, viewer.cursor
        if not own.flow or own.original_end or cursor.skipped or cursor.is_off_the_ring:
            return
        if cursor.place is None:
            return
        shared = self._shared(own.log)
        if shared is None or (shared.file, shared.revision) != (own.file, own.revision):
            return
        if (spot := shared.ring.find(cursor.place)) is None:
            if cursor.number >= own.ring.next:
                shared.awaited_by.add(cursor)  # try again when it has got further
            return
        self.leave(viewer)
        viewer.feed = shared
        cursor.move_to(shared.ring, spot)
        shared.pace.join(cursor)

    def leave(self, viewer: FeedViewer) -> None:
        """Remove the viewer; with the last one, drop the feed and its want."""
        feed = viewer.feed
        feed.pace.leave(viewer.cursor)
        if (shared := self._shared(feed.log)) is not None:
            shared.awaited_by.discard(viewer.cursor)
        if feed.pace.cursors:
            return
        self.by_member.pop(feed.member, None)
        self._wants.drop(feed)
        if not self.of(feed.queue):
            self._readers.unwanted(feed.queue)

    def of(self, queue: str) -> list[Feed]:
        return [feed for feed in self.by_member.values() if feed.queue == queue]

    def measure(self) -> None:
        """Called each second, for the rates."""
        now = self._clock()
        for feed in self.by_member.values():
            feed.measure(now)

    def _shared(self, log: str) -> Feed | None:
        return self.by_member.get(f"{self._wants.process}|{log}|")

    def _new_feed(
        self,
        log: str,
        file: tuple[str, str],
        *,
        flow: str,
        lines: int,
        start: Place | None,
        user: str,
        revision: str,
        original_end: float = 0.0,
    ) -> Feed:
        feed = Feed(
            log,
            file,
            flow=flow,
            lines=lines,
            start=start,
            wants=self._wants,
            is_past=self._readers.is_past,
            ring_bytes=self.ring_bytes,
            clock=self._clock,
            user=user,
            revision=revision,
            original_end=original_end,
            wall=self._wall,
            promptness=self._promptness,
        )
        self.by_member[feed.member] = feed
        self._readers.wanted(feed.queue, self._clock())
        self._wants.add(feed)
        return feed

    def _enter(self, feed: Feed, cursor: Cursor | None = None) -> FeedViewer:
        cursor = cursor or Cursor(feed.ring)
        feed.pace.join(cursor)
        return FeedViewer(feed, cursor)
