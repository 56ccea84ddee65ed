"""The gaps of a viewer that has fallen off the ring: exactly which bytes it missed, one gap per generation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from django_logtail.place import Place
from django_logtail.protocol import Frame, place_fields
from django_logtail.relay.ring import Ring

#: Bytes before the end that such a viewer is put back to.
JUMP_BYTES: Final = 64 * 1024


def landing(ring: Ring) -> int:
    """The number of the item that it goes on with: one that begins at a place of its own generation."""
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
    """What leads a viewer from `here` to `target`: the gaps, and the moves between the generations they are in.

    `here` is None for a viewer that has not even been told how the stream begins.
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
    """How the one generation led to the other is not known any more."""
    before = place_fields(here)
    return Frame.message("event", kind="missed", file=target.file, offset=target.offset, before=before)
