"""What a viewer is told that continues further on: every gap, and how the files between came to be."""

import pytest

from django_logtail.place import Place
from django_logtail.protocol import Frame
from django_logtail.relay.gap import frames_between, landing
from django_logtail.relay.items import RingItem
from django_logtail.relay.ring import Ring


def event(kind, before, after, *, is_start=False):
    return RingItem(before, after, Frame.message("event", kind=kind), 0, 0.0, is_start=is_start)


def batch(file, start, size, *, is_late=False):
    here = Place(file, start)
    after = None if is_late else here.ahead(size)
    return RingItem(here, after, Frame.batch(here, b"x" * size), 0, 0.0, is_late=is_late)


@pytest.fixture
def ring():
    """A stream that went from file "a" at 10 to "b", and from "b" at 20 to "c"."""
    ring = Ring(None)
    ring.append(event("started", None, Place("a", 4), is_start=True))
    ring.append(event("rotated", Place("a", 10), Place("b", 0)))
    ring.append(event("replaced", Place("b", 20), Place("c", 0)))
    return ring


def told(ring, here, target):
    """The frames in short, and the place after each."""
    frames = []
    for frame, place in frames_between(ring, here, target):
        said = frame.fields
        name = said["kind"] if frame.kind == "event" else f"{said['file']}:{said['start']}-{said['end']}"
        frames.append((name, place.file, place.offset))
    return frames


A, B, C = ("rotated", "b", 0), ("replaced", "c", 0), ("started", "a", 4)


@pytest.mark.parametrize(
    ("here", "target", "frames"),
    [
        (Place("a", 4), Place("a", 4), []),
        (Place("a", 4), Place("a", 9), [("a:4-9", "a", 9)]),
        (Place("a", 9), Place("a", 4), []),
        (Place("a", 4), Place("b", 0), [("a:4-10", "a", 10), A]),
        (Place("a", 10), Place("b", 3), [A, ("b:0-3", "b", 3)]),
        (Place("b", 1), Place("b", 20), [("b:1-20", "b", 20)]),
        (Place("b", 20), Place("c", 5), [B, ("c:0-5", "c", 5)]),
        (Place("a", 8), Place("c", 5), [("a:8-10", "a", 10), A, ("b:0-20", "b", 20), B, ("c:0-5", "c", 5)]),
        (None, Place("a", 6), [C, ("a:4-6", "a", 6)]),
        (None, Place("b", 0), [C, ("a:4-10", "a", 10), A]),
        (None, None, [C]),
        (Place("a", 5), None, []),
    ],
)
def test_a_way_is_told_with_its_gaps_and_ends_at_the_target(ring, here, target, frames):
    assert told(ring, here, target) == frames


def test_what_is_between_two_files_is_missed_when_the_move_is_not_known():
    ring = Ring(None)
    frames = list(frames_between(ring, Place("a", 4), Place("b", 7)))

    assert [(frame.fields, place) for frame, place in frames] == [
        (
            {"kind": "missed", "file": "b", "offset": 7, "before": {"file": "a", "offset": 4}},
            Place("b", 7),
        )
    ]


def test_a_gap_says_that_the_viewer_was_slow(ring):
    ((frame, _),) = frames_between(ring, Place("a", 4), Place("a", 9))

    assert (frame.kind, frame.fields) == ("gap", {"file": "a", "start": 4, "end": 9, "reason": "slow"})


def test_one_lands_64_kib_before_the_end_at_most():
    ring = Ring(Place("a", 0))
    for number in range(20):
        ring.append(batch("a", number * 16_384, 16_384))

    assert landing(ring) == 16


def test_one_lands_where_the_stream_has_a_place():
    ring = Ring(None)
    ring.append(event("started", None, Place("a", 0), is_start=True))
    ring.append(batch("b", 5, 3, is_late=True))
    ring.append(batch("a", 0, 3))
    only_late = Ring(Place("a", 0))
    only_late.append(batch("b", 5, 3, is_late=True))

    assert (landing(ring), landing(only_late), landing(Ring(None))) == (2, 1, 0)
