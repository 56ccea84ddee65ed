"""What web processes want of a reader. Knows neither Redis nor the reader."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django_logtail.place import Place

#: Milliseconds a want lives unless renewed, and the seconds between renewals: two may be lost.
WANT_LEASE_MS: Final = 15_000
WANT_RENEWAL_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Sought:
    """What lines are searched for: a text, or with `regex` an expression; `case` tells upper from lower case.

    `terms` are further conditions, in the form that the protocol has for them, and `levels` the letters of those that
    are wanted; "" for all. Without a `pattern` there are terms.
    """

    pattern: str
    regex: bool = False
    case: bool = False
    terms: list[Any] = field(default_factory=list)
    levels: str = ""


@dataclass(frozen=True, slots=True)
class Want:
    """ "Process P wants log L from a position on, up to `credit` bytes more than it has taken, to mailbox C."

    `position` None: from the last `lines` lines. `taken` counts the bytes accepted since `serial` was posted; the
    reader may have sent `taken + credit` of this serial. A new serial rewinds to `position`.
    `late` are the bytes taken of older generations, which writers may still append to.
    `end` or `before_lines` make it a one-time request for history: bytes [position.offset, end), or the
    `before_lines` lines that end at position.offset. `search` makes it one for the lines from position.offset on that
    match.
    `user` is the requester's primary key, "" for nobody in particular; `revision`, of the log's row, what it was when
    they were admitted.
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

    @property
    def member(self) -> str:
        return f"{self.process}|{self.log}|{self.flow}"

    @property
    def is_history(self) -> bool:
        """Whether it asks once, for what is in a file already."""
        return self.end is not None or self.before_lines is not None or self.search is not None
