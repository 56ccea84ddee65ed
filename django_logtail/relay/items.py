"""Turns a reader's messages into items for viewers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django_logtail.control.messages import Batch, Event
from django_logtail.place import Place
from django_logtail.protocol import Frame, place_fields

#: Bytes that one item costs in addition to its text.
ITEM_BYTES: Final = 300
#: The same for each thing that is hidden in it.
HIDDEN_BYTES: Final = 120


@dataclass(frozen=True, slots=True)
class RingItem:
    """One item of the stream for viewers.

    The stream moves from `before` to `after`; late bytes of an older generation, and the beginning of an unfinished
    line, don't move it. `total` counts the log's bytes that the feed has received including this item, which came `at`,
    by the feed's clock.
    """

    before: Place | None
    after: Place | None
    frame: Frame
    total: int
    at: float
    is_partial: bool = False
    is_late: bool = False
    is_start: bool = False

    @property
    def data(self) -> bytes:
        """Bytes of log; none for events."""
        return self.frame.data or b""

    @property
    def size(self) -> int:
        """Bytes of memory."""
        frame = self.frame
        if frame.data is not None:
            return len(frame.data) + ITEM_BYTES + HIDDEN_BYTES * len(frame.fields.get("hidden", ()))
        return sum(len(value) for value in frame.fields.values() if isinstance(value, str)) + ITEM_BYTES

    @property
    def is_batch(self) -> bool:
        """Whether it has bytes that move the stream."""
        return bool(self.data) and not self.is_late and not self.is_partial

    @property
    def is_move(self) -> bool:
        """Whether it is an event that leads to another place, usually to another generation."""
        return not self.data and self.after is not None and self.before != self.after


def batch_item(message: Batch, here: Place | None, received: int, at: float) -> RingItem:
    """The item for a batch. `here` is the stream's place; `received` counts the bytes before this one."""
    data, is_partial, is_late = message.data, message.is_partial, message.is_late
    before = message.start
    return RingItem(
        before,
        here if is_partial or is_late else before.ahead(len(data)),
        Frame.batch(before, data, partial=is_partial, late=is_late, hidden=message.hidden),
        received if is_partial else received + len(data),
        at,
        is_partial=is_partial,
        is_late=is_late,
    )


def event_item(message: Event, received: int, at: float) -> RingItem:
    """The item for an event, which has no bytes."""
    before, after = message.before, message.after
    frame = Frame.message(
        "event",
        kind=message.kind,
        file=None if after is None else after.file,
        offset=None if after is None else after.offset,
        before=None if before is None else place_fields(before),
        **message.details,
    )
    return RingItem(before, after, frame, received, at, is_start=message.kind == "started")
