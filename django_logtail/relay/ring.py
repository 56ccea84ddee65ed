"""What a feed recently received. Knows no viewers; they are cursors over it."""

from __future__ import annotations

from collections import deque
from typing import Final, NamedTuple

from django_logtail.place import Place
from django_logtail.protocol import Frame
from django_logtail.relay.items import RingItem

#: Moves between generations to remember, so that a gap that spans them can be described.
MOVES: Final = 64
#: Bytes of a frame that joins several batches: above that, the number of frames hardly matters.
JOINED_BYTES: Final = 16 * 1024


class Spot(NamedTuple):
    """A place in a ring: the number of the next item, and how many of its bytes come before."""

    number: int
    skipped: int = 0


class Ring:
    """The recent items of a stream, numbered from 0 in order of arrival, and where they end.

    It also keeps what describes a gap after its items are gone: the stream's start, and its moves.
    """

    def __init__(self, position: Place | None) -> None:
        #: Where the last item ends, and the log's bytes received until then.
        self.position = position
        self.received = 0
        #: The number of the oldest item still kept.
        self.first = 0
        #: The beginning of a line that was unfinished when the last item came.
        self.partial: RingItem | None = None
        #: The first `started`, for viewers that joined before it came.
        self.start: RingItem | None = None
        self.moves: deque[RingItem] = deque(maxlen=MOVES)
        self._items: deque[RingItem] = deque()
        self._size = 0
        #: The last joined frame, for other viewers at the same place.
        self._joined: tuple[int, int, Frame] = (-1, -1, Frame.message(""))

    @property
    def next(self) -> int:
        """The number of the item that will come next."""
        return self.first + len(self._items)

    @property
    def is_empty(self) -> bool:
        return not self._items

    def item(self, number: int) -> RingItem:
        """The item of that number, from `first` to the one before `next`."""
        return self._items[number - self.first]

    def joined(self, number: int) -> tuple[Frame, int]:
        """One frame for item `number` and small batches that continue it, and the number of the item after them.

        Each frame costs about the same, whatever its length, for each viewer.
        """
        item = self.item(number)
        end, size, last = number + 1, len(item.data), item
        while item.is_batch and end < self.next:
            other = self.item(end)
            size += len(other.data)
            if size > JOINED_BYTES or not other.is_batch or other.before != last.after:
                break
            end, last = end + 1, other
        if end == number + 1 or item.before is None:
            return item.frame, number + 1
        if self._joined[:2] != (number, end):
            self._joined = number, end, self._frame_of(item.before, range(number, end))
        return self._joined[2], end

    def _frame_of(self, start: Place, numbers: range) -> Frame:
        data = b"".join(self.item(each).data for each in numbers)
        hidden, before = [], 0
        for item in map(self.item, numbers):
            hidden += [(before + at, size, name) for at, size, name in item.frame.fields.get("hidden", ())]
            before += len(item.data)
        return Frame.batch(start, data, hidden=hidden)

    def append(self, item: RingItem) -> None:
        self.partial = None
        self._items.append(item)
        self._size += item.size
        self.received = item.total
        if item.after is not None:
            self.position = item.after
        if item.is_start and self.start is None:
            self.start = item
        if item.is_move:
            self.moves.append(item)

    def trim(self, most_bytes: int, needed: int) -> None:
        """Forget the oldest items beyond `most_bytes`, but none from number `needed` on."""
        while self._size > most_bytes and len(self._items) > 1 and self.first < needed:
            self._size -= self._items.popleft().size
            self.first += 1

    def find(self, place: Place) -> Spot | None:
        """Where the stream continues from `place`, if that is in the ring or at its end."""
        if self._begins_after(place):
            return None
        for number in range(self.next - 1, self.first - 1, -1):
            item = self.item(number)
            if item.is_late or item.before is None or item.before.file != place.file:
                continue
            skipped = place.offset - item.before.offset
            if skipped == 0:
                return Spot(self._first_at(number))
            if 0 < skipped < len(item.data):
                return Spot(number, skipped)
            if skipped > 0:
                break
        return Spot(self.next) if place == self.position else None

    def _begins_after(self, place: Place) -> bool:
        """Whether the oldest item shows that the ring doesn't reach back that far, however many items it has."""
        oldest = self._items[0] if self._items else None
        if oldest is None or oldest.is_late or oldest.before is None:
            return False
        return oldest.before.file == place.file and place.offset < oldest.before.offset

    def _first_at(self, number: int) -> int:
        """The first item that begins at the same place as item `number`, because events move no byte."""
        before = self.item(number).before
        while number > self.first and self.item(number - 1).before == before:
            number -= 1
        return number

    def backlog_start(self, lines: int, begun_with: int) -> Spot | None:
        """Where the last `lines` lines begin, or None if the ring doesn't reach back that far.

        `begun_with`: how many lines the stream began with.
        """
        newlines = lines + 1  # including the one that ends the line before
        for number in range(self.next - 1, self.first - 1, -1):
            item = self.item(number)
            count = 0 if item.is_late else item.data.count(b"\n")
            if count >= newlines:
                at = _after_newline(item.data, newlines)
                return Spot(number, at) if at < len(item.data) else Spot(number + 1)
            newlines -= count
            if item.data and not item.is_late and item.before is not None and item.before.offset == 0:
                return Spot(number)
            if item.is_start and (lines <= begun_with or item.after is None or item.after.offset == 0):
                return Spot(number)
        return None


def _after_newline(data: bytes, count: int) -> int:
    """Where the text after the `count`-th last newline begins."""
    at = len(data)
    for _ in range(count):
        at = data.rfind(b"\n", 0, at)
    return at + 1
