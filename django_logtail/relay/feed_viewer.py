"""A consumer's or HTTP response's handle on one viewer of a feed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

from django_logtail.place import Place
from django_logtail.protocol import Frame
from django_logtail.relay.cursor import Cursor
from django_logtail.relay.feed import Feed


@dataclass(slots=True, eq=False)
class FeedViewer:
    """What to send a viewer next, and its log's state. The feed may be replaced by another one of the same log."""

    feed: Feed
    cursor: Cursor

    @property
    def news(self) -> asyncio.Event:
        """Set when there may be something to send, or the log's state changed."""
        return self.cursor.news

    def frames(self) -> Iterator[tuple[Frame, Place | None]]:
        """What to send next, and the place after it. Stops when the viewer is up to date."""
        for step in self.cursor.frames():
            self.feed.pace.stepped(self.cursor)
            yield step

    def spent(self, seconds: float) -> None:
        """Sending a frame took so many processor seconds."""
        self.feed.telling.spent(seconds)

    def status_frame(self) -> Frame:
        """The `status` message, as of now."""
        return self.feed.status_frame(self.cursor)

    def status(self) -> dict[str, object]:
        """The fields of a `status` message, as of now."""
        return self.feed.status(self.cursor)
