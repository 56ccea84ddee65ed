"""The gaps of a viewer that fell off the ring: exactly which bytes it missed, one gap per generation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from django_logtail.place import Place
from django_logtail.protocol import Frame, place_fields
from django_logtail.relay.ring import Ring

#: Bytes before the end at which such a viewer continues.
JUMP_BYTES: Final = 64 * 1024


def landing(ring: Ring) -> int:
    """The number of the item to continue with: one that begins at a place in its own generation."""
    number, size = ring.next, 0
    while number > ring.first and size < JUMP_BYTES:
        number -= 1
        size += len(ring.item(number).data)
    while number < ring.next and (ring.item(number).is_late or ring.item(number).before is None):
        number += 1
    return number


def frames_between(
    ring: Ring, here: Place | None, target: Place | None
) -> Iterator[tuple[Frame, Place | None]]:
    """The frames that lead a viewer from `here` to `target`: gaps, and moves between their generations.

    `here` is None for a viewer that has not yet received the start of the stream.
    """
    if here is None and ring.start is not None:
        here = ring.start.after
        yield ring.start.frame, here
    for move in list(ring.moves):
        if here is None or target is None or here.file == target.file:
            break
        if move.before is None or move.after is None or move.before.file != here.file:
            continue
        if move.before.offset > here.offset:
            yield _gap(here, move.before), move.before
        here = move.after
        yield move.frame, here
    if here is None or target is None:
        return
    if here.file != target.file:
        yield _missed(here, target), target
    elif target.offset > here.offset:
        yield _gap(here, target), target


def _gap(start: Place, end: Place) -> Frame:
    return Frame.message("gap", file=start.file, start=start.offset, end=end.offset, reason="slow")


def _missed(here: Place, target: Place) -> Frame:
    """For when the moves from one generation to the other are no longer known."""
    before = place_fields(here)
    return Frame.message("event", kind="missed", file=target.file, offset=target.offset, before=before)
