"""What web processes want of a reader. Knows neither Redis nor the reader."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Final

from django_logtail.tailing.events import Position

#: Milliseconds a want lives unless renewed, and the seconds between renewals: two may be lost.
WANT_LEASE_MS: Final = 15_000
WANT_RENEWAL_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Sought:
    """What lines are searched for: a text, or with `regex` an expression; `case` tells upper from lower case."""

    pattern: str
    regex: bool = False
    case: bool = False


@dataclass(frozen=True, slots=True)
class Want:
    """ "Process P wants log L from a position on, up to `credit` bytes more than it has taken, to mailbox C."

    `position` None: from the last `lines` lines. `taken` counts the bytes accepted since `serial` was posted; the
    reader may have sent `taken + credit` of this serial. A new serial rewinds to `position`.
    `late` are the bytes taken of older generations, which writers may still append to.
    `end` or `before_lines` make it a one-time request for history: bytes [position.offset, end), or the
    `before_lines` lines that end at position.offset. `search` makes it one for the lines from position.offset on that
    match.
    """

    process: str
    log: str
    flow: str
    mailbox: str
    serial: int
    credit: int
    lines: int = 0
    position: Position | None = None
    taken: int = 0
    end: int | None = None
    before_lines: int | None = None
    search: Sought | None = None
    late: Mapping[str, int] = field(default_factory=dict)

    @property
    def member(self) -> str:
        return f"{self.process}|{self.log}|{self.flow}"

    @property
    def is_history(self) -> bool:
        """Whether it asks once, for what is in a file already."""
        return self.end is not None or self.before_lines is not None or self.search is not None

    def to_json(self) -> str:
        fields: dict[str, object] = {"mailbox": self.mailbox, "serial": self.serial, "credit": self.credit}
        if self.position is not None:
            fields["file"] = self.position.file
            fields["offset"] = self.position.offset
        for name in ("lines", "taken", "end", "before_lines", "late"):
            if getattr(self, name):
                fields[name] = getattr(self, name)
        if self.search is not None:
            fields["search"] = asdict(self.search)
        return json.dumps(fields, separators=(",", ":"))

    @classmethod
    def from_json(cls, member: str, text: str) -> Want:
        process, log, flow = member.split("|")
        fields = json.loads(text)
        position = Position(fields["file"], fields["offset"]) if "file" in fields else None
        return cls(
            process,
            log,
            flow,
            fields["mailbox"],
            fields["serial"],
            fields["credit"],
            lines=fields.get("lines", 0),
            position=position,
            taken=fields.get("taken", 0),
            end=fields.get("end"),
            before_lines=fields.get("before_lines"),
            search=Sought(**fields["search"]) if "search" in fields else None,
            late=fields.get("late", {}),
        )
