"""Where a follower begins, and what it reports from there on, in stream order. Depends only on places.

A follower's output is one stream of items. Each item has the place where it begins (`before`) and the stream's place
after it (`after`). A consumer checks only that: if an item's `before` is not the consumer's own place, an earlier item
was lost, and the consumer asks the follower to rewind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

from django_logtail.place import Place


@dataclass(frozen=True, slots=True)
class Batch:
    """Bytes [before.offset, before.offset + len(data)) of the generation before.file.

    Whole lines, except for a line longer than a batch, which is cut at a character boundary and continues in the next
    one. `partial` marks an unfinished line, which doesn't move the stream: a later batch has the same start and
    replaces it. `late` marks bytes that a writer appended to an older generation after a newer one had begun: they
    extend the older generation and don't move the stream either.
    """

    before: Place
    data: bytes
    partial: bool = False
    late: bool = False

    @property
    def end(self) -> int:
        return self.before.offset + len(self.data)


class Kind(str, Enum):
    """What happened. The values are words of the wire protocol."""

    STARTED = "started"  # first item after start or rewind; after = where reading begins
    ROTATED = "rotated"  # the name now means a newer file; the old one was moved to details["name"]
    REPLACED = "replaced"  # the name now means another file; the old one has no name we know
    TRUNCATED = "truncated"  # the file was cut to details["to"] bytes
    OVERWRITTEN = (
        "overwritten"  # bytes before the position changed in place; starts again as a new generation
    )
    GONE = "gone"  # the name names nothing; an open generation is still read
    BACK = "back"  # the name names a file again
    UNREADABLE = "unreadable"  # details["reason"], in words
    NOT_A_FILE = "not-a-file"  # details["what"]: directory, FIFO, device, socket
    REFUSED = "refused"  # outside the allowed roots; details["reason"]
    HOLE = "hole"  # bytes that were never written; position moves over them
    MISSED = "missed"  # bytes that existed and are no longer available; details["size"] or None
    RECOVERED = "recovered"  # bytes that copytruncate would have lost were read from the copy details["name"]
    DEGRADED = "degraded"  # no change notification: details["reason"]; polled
    RESTORED = "restored"  # change notification works again


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened between two bytes of the stream, or to the file as a whole.

    `before == after` if nothing moves (gone, back, unreadable, degraded …). `before` is None for STARTED if no place
    was requested, and as long as no generation has been opened.
    """

    kind: Kind
    before: Place | None
    after: Place | None
    details: Mapping[str, str | int | None] = field(default_factory=dict)


Item: TypeAlias = Batch | Event


@dataclass(frozen=True, slots=True)
class LastLines:
    """The last `lines` lines, at most `max_bytes` of them."""

    lines: int
    max_bytes: int = 64 * 1024


@dataclass(frozen=True, slots=True)
class FromStart:
    """The first byte of the file as it is now."""


@dataclass(frozen=True, slots=True)
class FromEnd:
    """Only what is appended from now on."""


@dataclass(frozen=True, slots=True)
class Resume:
    """Exactly an earlier follower's place, if that file still exists under this or a rotated name."""

    position: Place


Start: TypeAlias = LastLines | FromStart | FromEnd | Resume
