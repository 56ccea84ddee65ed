"""One want being served: a follower, and what it emitted that is not yet sent.

Every item of a flow carries the want's serial, the flow's run, and its own number in that run, from 1 on. A receiver
that misses a number posts the want again with a new serial, and the flow starts over at the want's position.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django_logtail.control import messages
from django_logtail.control.wants import Want
from django_logtail.place import Place
from django_logtail.protocol import MAX_BATCH_BYTES
from django_logtail.reader.limits import LEAST_WAIT_SECONDS
from django_logtail.reader.seals import Seals
from django_logtail.reader.sources import Source
from django_logtail.tailing import Batch, Follower, Item
from django_logtail.tailing.reasons import reason
from django_logtail.timing import TokenBucket

#: Bytes one flow may read in a turn, so that a busy log never starves the others.
TURN_BYTES: Final = 256 * 1024
#: Seconds a flow counts as limited after a budget last made it wait.
LIMITED_SECONDS: Final = 2.0


@dataclass(slots=True, eq=False)
class Flow:
    """Knows neither when it is read nor when it is sent."""

    want: Want
    #: The reader's, and what tells a flow from an earlier one of the same want, whose items began at 1 as well.
    token: str
    run: int
    #: What the registry said last; None when it does not have the log, or was not yet asked.
    source: Source | None = None
    #: None while its file is not open.
    follower: Follower | None = None
    #: Messages that wait to be sent.
    outbox: deque[messages.Batch | messages.Event] = field(default_factory=deque)
    #: What reading is taken from, each with the name of its setting.
    budgets: tuple[tuple[TokenBucket, str], ...] = ()
    #: Items so far, and bytes that count against the credit, both of this serial; and bytes of all serials.
    number: int = 0
    sent: int = 0
    emitted: int = 0
    #: Of `emitted`, what the last report had.
    reported: int = 0
    #: Where the follower stood that was closed, to go on there.
    stands_at: Place | None = None
    #: Before this time it gets no turn.
    not_before: float = 0.0
    #: State and reason, when it is not the follower that knows them.
    trouble: tuple[str, str] | None = None
    #: What the last heartbeat said of its state, and the heartbeats that still have to name it.
    shown_state: tuple[str, str] = ("", "")
    beats: int = 0
    is_opening: bool = False
    #: Whether an error of the reader's own ended it, for now.
    has_failed: bool = False
    #: The want's serial changed while a thread had the follower.
    must_rewind: bool = False
    #: Whether the follower is in the set of those that are watched for changes.
    is_watched: bool = False
    #: The poll that is under way in a thread.
    apart: asyncio.Task[Any] | None = None
    #: The want's; it stays the same when the want changes.
    member: str = field(init=False)
    #: Of the ids of files that its messages carry.
    seals: Seals = field(init=False)
    _limited_by: str = ""
    _limited_at: float = 0.0

    def __post_init__(self) -> None:
        self.member = self.want.member
        self.seals = Seals(self.want.log)

    @property
    def position(self) -> Place | None:
        """Where the want asks to begin, as followers know it."""
        asked = self.want.position
        return asked and self.seals.open_place(asked)

    @property
    def late(self) -> dict[str, int]:
        """The want's late bytes, as followers know their files."""
        return {self.seals.open(file): end for file, end in self.want.late.items()}

    @property
    def allowance(self) -> int:
        """Bytes that may still be emitted under the want's credit: none rather than less than a batch."""
        left = self.want.taken + self.want.credit - self.sent
        return left if left >= MAX_BATCH_BYTES else 0

    @property
    def turn_bytes(self) -> int:
        """The same for one turn."""
        return min(self.allowance, TURN_BYTES)

    @property
    def state(self) -> tuple[str, str]:
        """The state of its file, and why: one of `reasons`, or ""."""
        if self.trouble is not None:
            return self.trouble
        if self.follower is None:
            return "opening", ""
        return self.follower.state, getattr(self.follower, "reason", None) or self._limited_by

    @property
    def is_stopped(self) -> bool:
        """Whether the stop flag keeps its file closed."""
        return self.trouble is not None and self.trouble[0] == "stopped"

    @property
    def size(self) -> int | None:
        """Bytes of its file when last looked at."""
        return self.follower.size if self.follower is not None else None

    def affordable(self, now: float) -> int:
        """Bytes that credit, turn and budgets allow now; -1 when a budget says to wait, until `not_before`."""
        allowance = self.turn_bytes
        if not self.budgets or not allowance:
            return allowance
        for budget, name in self.budgets:
            if budget.left(now) < MAX_BATCH_BYTES:
                self.not_before = now + max(budget.until(MAX_BATCH_BYTES), LEAST_WAIT_SECONDS)
                self._limited_by = reason("limited", bytes=int(budget.per_second), setting=name)
                self._limited_at = now
                return -1
            allowance = min(allowance, budget.left(now))
        if now - self._limited_at > LIMITED_SECONDS:
            self._limited_by = ""
        return allowance

    def start_over(self) -> None:
        """The want has a new serial: count from 1 again, and send nothing of the old one."""
        self.outbox.clear()
        self.number, self.sent, self.not_before, self.stands_at = 0, self.want.taken, 0.0, None

    def put(self, item: Item) -> None:
        """Have what the follower emitted sent, and pay for it."""
        if not isinstance(item, Batch):
            self._put_event(item.kind.value, item.before, item.after, item.details)
            return
        if not item.partial:
            self._pay(len(item.data))
        self.number += 1
        self.outbox.append(
            messages.Batch(
                self.token,
                self.run,
                self.member,
                self.want.serial,
                self.number,
                self.seals.seal_place(item.before),
                item.data,
                item.partial,
                item.late,
            )
        )

    def put_note(self, text: str, level: str, at: float) -> None:
        """Have a mark sent where the stream stands now. `at`: Unix seconds."""
        here = self.follower.position if self.follower is not None else self.position
        self._put_event("note", here, here, {"text": text, "level": level, "at": round(at, 3)})

    def _put_event(
        self, kind: str, before: Place | None, after: Place | None, details: Mapping[str, object]
    ) -> None:
        self.number += 1
        self.outbox.append(
            messages.Event(
                self.token,
                self.run,
                self.member,
                self.want.serial,
                self.number,
                kind,
                before and self.seals.seal_place(before),
                after and self.seals.seal_place(after),
                dict(details),
            )
        )

    def _pay(self, size: int) -> None:
        self.sent += size
        self.emitted += size
        for budget, _ in self.budgets:
            budget.spend(size)
