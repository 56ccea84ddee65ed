"""What web processes want from a reader. Knows neither Redis nor the reader."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django_logtail.place import Place

#: Milliseconds until a want expires unless renewed, and the seconds between renewals, of which two may be lost.
WANT_LEASE_MS: Final = 15_000
WANT_RENEWAL_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Sought:
    """What to search lines for: a text, or with `regex` an expression; `case`: whether case matters.

    `terms` are further conditions, in the protocol's form; `levels` are the letters of the wanted levels, "" for all.
    Without a `pattern` there are terms.
    """

    pattern: str
    regex: bool = False
    case: bool = False
    terms: list[Any] = field(default_factory=list)
    levels: str = ""


@dataclass(frozen=True, slots=True)
class Want:
    """ "Process P wants log L from a position on, up to `credit` bytes more than it has taken, to mailbox C."

    `position` None: start with the last `lines` lines. `taken` counts the bytes accepted since `serial` was posted; the
    reader may have sent up to `taken + credit` bytes of this serial. A new serial rewinds to `position`.
    `late` is how many bytes were taken of older generations, which writers may still append to.
    `end` or `before_lines` make it a one-time request for history: bytes [position.offset, end), or the
    `before_lines` lines that end at position.offset. `search` makes it a request for the matching lines from
    position.offset on.
    `user` is the requester's primary key, "" for nobody in particular; `revision` is that of the log's row when they
    were admitted.
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
        """Whether it is a one-time request for older content."""
        return self.end is not None or self.before_lines is not None or self.search is not None
