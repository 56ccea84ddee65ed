"""What web processes want from a reader. Knows neither Redis nor the reader."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django_logtail.place import Place

#: Milliseconds until a want expires unless renewed, and the seconds between renewals, of which two may be lost.
WANT_LEASE_MS: Final = 15_000
WANT_RENEWAL_SECONDS: Final = 5.0
#: Seconds for which a want has the original of redacted lines. While somebody sees it, each renewal posts the want
#: anew; whoever records one and posts it again later gains no more than that.
ORIGINAL_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Sought:
    """What to search lines for: a text, or with `regex` an expression; `case`: whether case matters.

    `terms` are further conditions, in the protocol's form; `levels` are the letters of the wanted levels, "" for all.
    Without a `pattern` there are terms or levels.

    `order`: "newest" or "oldest" first, over all files of the log, between two optional places, or else from the moment
    `after` to the moment `before`, in milliseconds since the epoch; at most `limit` hits are reported, and with
    `counts` all are counted. "": in one file, from the want's position on. `whole`, for the oldest first: report lines,
    not excerpts. `heads`: only lines that begin an entry.
    `ahead`: where another reader was, as its `Found` said: start at the first of these places that is still there.
    """

    pattern: str
    regex: bool = False
    case: bool = False
    terms: list[Any] = field(default_factory=list)
    levels: str = ""
    order: str = ""
    since: Place | None = None
    until: Place | None = None
    limit: int = 1_000
    counts: bool = False
    whole: bool = False
    heads: bool = False
    ahead: list[Any] = field(default_factory=list)
    after: int | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True)
class Want:
    """ "Process P wants log L from a position on, up to `credit` bytes more than it has taken, to mailbox C."

    `position` None: start with the last `lines` lines. `taken` counts the bytes accepted since `serial` was posted; the
    reader may have sent up to `taken + credit` bytes of this serial. A new serial rewinds to `position`.
    `late` is how many bytes were taken of older generations, which writers may still append to.
    `end` or `before_lines` make it a one-time request for history: bytes [position.offset, end), or the
    `before_lines` lines that end at position.offset. `search` makes it a request for the matching lines, from
    position.offset on if it has no order. `files` makes it a request for the list of the log's files, and
    `moment` (milliseconds since the epoch) for the place of the first line at or after it. `columns` makes it a request
    for the entries over time, between the moments `since` and `until` if given.
    `user` is the requester's primary key, "" for nobody in particular; `revision` is that of the log's row when they
    were admitted. `rules`: which rules hide secrets, according to the web process's settings.
    `original_until`: the moment, in seconds since the epoch, until which the lines may be sent as they are, because a
    user with the right to see that has asked for it in words; 0: never.
    """

    process: str
    log: str
    flow: str
    mailbox: str
    serial: int
    credit: int
    lines: int = 0
    position: Place | None = None
    taken: int = 0
    end: int | None = None
    before_lines: int | None = None
    search: Sought | None = None
    late: Mapping[str, int] = field(default_factory=dict)
    user: str = ""
    revision: str = ""
    files: bool = False
    moment: int | None = None
    columns: int | None = None
    since: int | None = None
    until: int | None = None
    rules: str = ""
    original_until: int = 0

    @property
    def member(self) -> str:
        return f"{self.process}|{self.log}|{self.flow}"

    @property
    def is_history(self) -> bool:
        """Whether it is a one-time request for older content."""
        asked = (self.end, self.before_lines, self.search, self.moment, self.columns)
        return self.files or any(one is not None for one in asked)


def original_until(end: float, now: float) -> int:
    """`Want.original_until` for a viewing that shows the original until `end`, in seconds since the epoch; 0: it
    doesn't.
    """
    return int(min(end, now + ORIGINAL_SECONDS)) if end else 0
