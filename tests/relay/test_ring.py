"""The recent items of a stream: where it continues from a place, and where its last lines begin."""

import pytest

from django_logtail.control.messages import Batch
from django_logtail.place import Place
from django_logtail.protocol import Frame
from django_logtail.relay.items import RingItem, batch_item
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


@pytest.mark.parametrize(("moves", "oldest"), [(63, 0), (64, 0), (65, 1)])
def test_the_last_64_moves_are_remembered(moves: int, oldest: int) -> None:
    ring = Ring(Place("0", 0))
    for number in range(moves):
        ring.append(event(str(number + 1), 0, before=Place(str(number), 0)))
        ring.trim(0, needed=1_000)

    first = ring.moves[0].before
    assert first is not None
    assert (first.file, len(ring.moves)) == (str(oldest), min(moves, 64))


def test_an_event_that_moves_nothing_is_no_move(ring: Ring) -> None:
    ring.append(event("a", 28, before=Place("a", 28)))

    assert len(ring.moves) == 1  # the start


def test_the_first_start_is_the_stream_s(ring: Ring) -> None:
    first = ring.start
    ring.append(event("b", 0, before=Place("a", 28), is_start=True))

    assert ring.start is first
    assert ring.position == Place("b", 0)


def test_a_line_shown_early_goes_with_the_next_item(ring: Ring) -> None:
    ring.partial = batch(28, b"ea")
    ring.append(batch(28, b"early\n"))

    assert ring.partial is None
    assert (ring.received, ring.position) == (34, Place("a", 34))


@pytest.mark.parametrize(("most", "kept"), [(611, 1), (612, 2), (613, 2)])
def test_a_ring_keeps_what_its_bytes_allow_and_one_item_at_least(most: int, kept: int) -> None:
    ring = Ring(Place("a", 0))
    for start in (0, 6, 12):
        ring.append(batch(start, b"12345\n"))

    ring.trim(most, needed=1_000)
    within = ring.next - ring.first
    ring.trim(0, needed=1_000)

    assert (within, ring.next - ring.first, ring.is_empty) == (kept, 1, False)


def test_late_bytes_are_no_place_where_a_stream_goes_on() -> None:
    ring = Ring(Place("a", 0))
    ring.append(batch(0, b"one\n"))
    late = batch(4, b"late\n", file="z")
    ring.append(RingItem(late.before, None, late.frame, 9, 0.0, is_late=True))

    assert ring.find(Place("z", 4)) is None
    assert ring.find(Place("a", 4)) == Spot(2)
    assert ring.backlog_start(1, begun_with=0) == Spot(0)


def test_lines_at_the_beginning_of_a_file_are_all_there_are() -> None:
    ring = Ring(None)
    ring.append(event("a", 0, before=None, is_start=True))
    ring.append(batch(0, b"one\ntwo\n"))

    assert ring.backlog_start(500, begun_with=10) == Spot(1)
    assert ring.backlog_start(1, begun_with=10) == Spot(1, 4)


def joined(ring: Ring, number: int) -> tuple[bytes | None, object, object, int]:
    frame, after = ring.joined(number)
    return frame.data, frame.fields.get("start"), frame.fields.get("end"), after


@pytest.mark.parametrize(
    ("number", "found"),
    [
        (0, (None, None, None, 1)),
        (1, (b"04\n05\n10\n11\n16\n17\n22\n23\n", 4, 28, 5)),
        (3, (b"16\n17\n22\n23\n", 16, 28, 5)),
        (4, (b"22\n23\n", 22, 28, 5)),
    ],
)
def test_batches_that_continue_each_other_are_one_frame(
    ring: Ring, number: int, found: tuple[object, ...]
) -> None:
    assert joined(ring, number) == found


def test_viewers_at_the_same_place_share_the_frame(ring: Ring) -> None:
    first, _ = ring.joined(1)
    again, _ = ring.joined(1)
    ring.append(batch(28, b"x\n"))
    longer, _ = ring.joined(1)

    assert first is again
    assert longer.data == b"04\n05\n10\n11\n16\n17\n22\n23\nx\n"


@pytest.mark.parametrize(("size", "after"), [(16_360, 6), (16_361, 5)])
def test_a_frame_is_joined_up_to_a_size(ring: Ring, size: int, after: int) -> None:
    ring.append(batch(28, b"x" * size))

    assert ring.joined(1)[1] == after


def test_events_late_bytes_and_another_generation_end_a_frame(ring: Ring) -> None:
    late = batch(0, b"late\n", file="old")
    ring.append(RingItem(late.before, Place("a", 28), late.frame, 33, 0.0, is_late=True))
    ring.append(batch(28, b"x\n"))
    ring.append(event("b", 0, before=Place("a", 30)))
    ring.append(batch(0, b"y\n", file="b"))
    ring.append(batch(0, b"z\n", file="c"))

    assert [ring.joined(number)[1] for number in range(1, 10)] == [5, 5, 5, 5, 6, 7, 8, 9, 10]


def hiding(start: int, data: bytes, *hidden: list[object]) -> RingItem:
    """A batch in which something is hidden."""
    message = Batch("t", 1, "p|1|", 1, 1, Place("a", start), data, hidden=list(hidden))
    return batch_item(message, None, 0, 0.0)


def test_a_joined_frame_declares_what_is_hidden_in_each_of_its_batches() -> None:
    ring = Ring(Place("a", 10))
    ring.append(hiding(10, b"a ***\n", [2, 3, "ip"]))
    ring.append(hiding(16, b"plain\n"))
    ring.append(hiding(22, b"** b **\n", [0, 2, "card"], [5, 2, "ip"]))

    frame, after = ring.joined(0)

    assert (frame.data, after) == (b"a ***\nplain\n** b **\n", 3)
    assert frame.fields["hidden"] == [[2, 3, "ip"], [12, 2, "card"], [17, 2, "ip"]]


@pytest.mark.parametrize(
    ("skipped", "hidden"),
    [
        (1, [[1, 3, "ip"], [5, 1, "key"]]),
        (3, [[0, 2, "ip"], [3, 1, "key"]]),
        (5, [[1, 1, "key"]]),
        (7, []),
    ],
)
def test_a_frame_without_its_first_bytes_declares_what_is_left(
    skipped: int, hidden: list[list[object]]
) -> None:
    frame = hiding(10, b"a ***\n*\n", [2, 3, "ip"], [6, 1, "key"]).frame.after(skipped)

    assert frame.data == b"a ***\n*\n"[skipped:]
    assert (frame.fields["start"], frame.fields["end"]) == (10 + skipped, 18)
    assert frame.fields["hidden"] == hidden
