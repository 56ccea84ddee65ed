"""How far one viewer has come in a ring, and what it is sent next."""

from __future__ import annotations

import pytest

from django_logtail.place import Place
from django_logtail.protocol import Frame
from django_logtail.relay.cursor import Cursor
from django_logtail.relay.items import RingItem
from django_logtail.relay.ring import Ring, Spot


def batch(start: int, data: bytes, *, at: float = 0.0, late: bool = False, file: str = "a") -> RingItem:
    here, end = Place(file, start), start + len(data)
    after = None if late else Place(file, end)
    return RingItem(here, after, Frame.batch(here, data, late=late), end, at, is_late=late)


@pytest.fixture
def ring() -> Ring:
    """Twelve bytes in three items, which came at 10, 20 and 30 seconds."""
    ring = Ring(Place("a", 0))
    for number in range(3):
        ring.append(batch(4 * number, b"%03d\n" % number, at=10.0 * (number + 1)))
    return ring


@pytest.mark.parametrize(
    ("number", "skipped", "total", "behind"),
    [(0, 0, 0, 12), (0, 3, 3, 9), (1, 0, 4, 8), (2, 2, 10, 2), (3, 0, 12, 0)],
)
def test_how_far_a_viewer_has_come_and_how_far_it_is_behind(
    ring: Ring, number: int, skipped: int, total: int, behind: int
) -> None:
    cursor = Cursor(ring, number, skipped)

    assert (cursor.total, cursor.behind) == (total, behind)


def test_one_that_fell_off_the_ring_is_counted_from_where_the_ring_begins(ring: Ring) -> None:
    ring.trim(0, needed=2)

    assert [(Cursor(ring, number).is_off_the_ring, Cursor(ring, number).total) for number in (1, 2)] == [
        (True, 8),
        (False, 8),
    ]


@pytest.mark.parametrize(
    ("number", "stepped_at", "idle"),
    [(3, 0.0, 0.0), (2, 0.0, 5.0), (2, 33.0, 2.0), (0, 12.0, 23.0), (0, 0.0, 25.0)],
)
def test_a_viewer_is_idle_while_there_is_something_that_it_does_not_take(
    ring: Ring, number: int, stepped_at: float, idle: float
) -> None:
    cursor = Cursor(ring, number, stepped_at=stepped_at)

    assert cursor.idle(35.0) == idle


def test_a_stream_that_is_joined_in_mid_batch_begins_there(ring: Ring) -> None:
    cursor = Cursor(ring, 1, 2)
    cursor.begin(size=99, is_resumed=True)

    sent = list(cursor.frames())

    assert [(frame.kind, frame.fields, frame.data, place) for frame, place in sent] == [
        (
            "event",
            {"kind": "started", "file": "a", "offset": 6, "size": 99, "resumed": True},
            None,
            Place("a", 6),
        ),
        ("batch", {"file": "a", "start": 6, "end": 8}, b"1\n", Place("a", 8)),
        ("batch", {"file": "a", "start": 8, "end": 12}, b"002\n", Place("a", 12)),
    ]
    assert sent[2][0] is ring.item(2).frame  # which is encoded once for all viewers
    assert (cursor.number, cursor.skipped, list(cursor.frames())) == (3, 0, [])


def test_a_stream_that_is_joined_at_its_end_begins_there_and_with_nothing_in_an_empty_one(ring: Ring) -> None:
    at_end, at_none = Cursor(ring, 3), Cursor(Ring(None))
    at_end.begin(size=12, is_resumed=False)
    at_none.begin(size=None, is_resumed=False)

    [(frame, place)] = at_end.frames()

    assert (frame.fields["offset"], frame.fields["resumed"], place) == (12, False, Place("a", 12))
    assert (list(at_none.frames()), at_none.place) == ([], None)


def test_a_stream_that_is_joined_at_its_own_start_has_one_start() -> None:
    ring = Ring(None)
    started = Frame.message("event", kind="started")
    ring.append(RingItem(None, Place("a", 7), started, 0, 0.0, is_start=True))
    ring.append(batch(7, b"x\n"))
    cursor = Cursor(ring, 0)
    cursor.begin(size=9, is_resumed=False)

    sent = list(cursor.frames())

    assert sent[0][0] is started
    assert [place for _, place in sent] == [Place("a", 7), Place("a", 9)]


def test_late_bytes_leave_a_viewer_where_it_is(ring: Ring) -> None:
    ring.append(batch(4, b"late\n", late=True, file="z"))
    cursor = Cursor(ring, 3, place=Place("a", 12))

    [(frame, place)] = cursor.frames()

    assert (frame.data, place, cursor.place) == (b"late\n", Place("a", 12), Place("a", 12))


def test_a_line_shown_early_is_shown_once_in_each_ring(ring: Ring) -> None:
    ring.partial = batch(12, b"ea")
    cursor = Cursor(ring, 3, place=Place("a", 12))
    first, second = list(cursor.frames()), list(cursor.frames())

    cursor.news.clear()
    cursor.move_to(ring, Spot(3))

    assert [(frame.data, place) for frame, place in first] == [(b"ea", Place("a", 12))]
    assert second == []
    assert cursor.news.is_set()
    assert len(list(cursor.frames())) == 1
