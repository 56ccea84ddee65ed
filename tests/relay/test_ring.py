"""The recent items of a stream: where it goes on from a place, and where its last lines begin."""

import pytest

from django_logtail.place import Place
from django_logtail.protocol import Frame
from django_logtail.relay.items import RingItem
from django_logtail.relay.ring import Ring, Spot


def batch(start: int, data: bytes, *, file: str = "a", total: int = 0) -> RingItem:
    here, end = Place(file, start), start + len(data)
    return RingItem(here, Place(file, end), Frame.batch(here, data), total or end, 0.0)


def event(file: str, offset: int, *, before: Place | None, is_start: bool = False) -> RingItem:
    return RingItem(before, Place(file, offset), Frame.message("event"), offset, 0.0, is_start=is_start)


@pytest.fixture
def ring() -> Ring:
    """Eight lines of three bytes, which began at the fifth byte of the file."""
    ring = Ring(None)
    ring.append(event("a", 4, before=None, is_start=True))
    for start in (4, 10, 16, 22):
        ring.append(batch(start, b"%02d\n%02d\n" % (start, start + 1)))
    return ring


@pytest.mark.parametrize(
    ("offset", "spot"),
    [(4, Spot(1)), (10, Spot(2)), (13, Spot(2, 3)), (28, Spot(5)), (3, None), (29, None)],
)
def test_a_place_is_found_at_within_and_behind_the_items(ring: Ring, offset: int, spot: Spot | None) -> None:
    assert ring.find(Place("a", offset)) == spot


def test_a_place_that_events_stand_at_is_found_before_them(ring: Ring) -> None:
    ring.append(event("a", 28, before=Place("a", 28)))
    ring.append(batch(28, b"x\n"))

    assert ring.find(Place("a", 28)) == Spot(5)


@pytest.mark.parametrize(
    ("lines", "spot"), [(0, Spot(5)), (1, Spot(4, 3)), (2, Spot(4)), (3, Spot(3, 3)), (7, Spot(1, 3))]
)
def test_the_last_lines_begin_after_a_newline(ring: Ring, lines: int, spot: Spot) -> None:
    assert ring.backlog_start(lines, begun_with=0) == spot


def test_lines_before_the_start_are_there_only_if_no_more_were_asked_for_then(ring: Ring) -> None:
    assert ring.backlog_start(9, begun_with=8) is None
    assert ring.backlog_start(9, begun_with=9) == Spot(0)


def test_old_items_are_forgotten_but_not_what_somebody_needs(ring: Ring) -> None:
    ring.trim(0, needed=2)
    oldest_needed = ring.first
    ring.trim(0, needed=100)

    assert (oldest_needed, ring.first, ring.next) == (2, 4, 5)


def test_the_start_and_the_moves_outlive_their_items(ring: Ring) -> None:
    ring.append(event("b", 0, before=Place("a", 28)))
    ring.append(batch(0, b"x\n", file="b"))
    ring.trim(0, needed=100)

    assert ring.start is not None
    assert [move.after for move in ring.moves] == [Place("a", 4), Place("b", 0)]


def test_the_texts_of_events_count_against_the_memory_of_a_ring() -> None:
    ring = Ring(Place("a", 0))
    for _ in range(10):
        note = Frame.message("event", kind="note", text="x" * 1_000)
        ring.append(RingItem(Place("a", 0), Place("a", 0), note, 0, 0.0))

    ring.trim(5_000, needed=100)

    assert ring.next - ring.first == 3
