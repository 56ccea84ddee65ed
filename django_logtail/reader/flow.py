"""One want being served: a follower, and what it has emitted but not yet sent.

Every item of a flow carries the want's serial, the flow's run, and its own number in that run, from 1 on. A receiver
that notices a missing number posts the want again with a new serial, and the flow starts over at the want's position.
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
from django_logtail.reader.redacting import LiveRedaction, declared
from django_logtail.reader.seals import Seals
from django_logtail.reader.sources import Source
from django_logtail.redaction.redactor import Span
from django_logtail.tailing import Batch, Follower, Item
from django_logtail.tailing.reasons import reason
from django_logtail.timing import TokenBucket

#: Bytes that one flow may read in a turn, so that a busy log never starves the others.
TURN_BYTES: Final = 256 * 1024
#: Seconds that a flow counts as limited after a budget last made it wait.
LIMITED_SECONDS: Final = 2.0


@dataclass(slots=True, eq=False)
class Flow:
    """The state of one want. Decides neither when to read nor when to send."""

    want: Want
    #: The reader's token; and the run, which tells this flow from an earlier one of the same want.
    token: str
    run: int
    #: From the last check of the registry; None if it doesn't have the log, or was not checked yet.
    source: Source | None = None
    #: None while its file is not open.
    follower: Follower | None = None
    #: What hides secrets in what its follower emits; None: nothing.
    redaction: LiveRedaction | None = None
    #: Messages that wait to be sent.
    outbox: deque[messages.Batch | messages.Event] = field(default_factory=deque)
    #: The budgets that reading is charged to, each with the name of its setting.
    budgets: tuple[tuple[TokenBucket, str], ...] = ()
    #: Items so far and bytes charged to the credit, both of this serial; and bytes of all serials.
    number: int = 0
    sent: int = 0
    emitted: int = 0
    #: `emitted` as of the last report.
    reported: int = 0
    #: The place of a follower that was closed, to continue there.
    stands_at: Place | None = None
    #: Before this time it gets no turn.
    not_before: float = 0.0
    #: State and reason, if they don't come from the follower.
    trouble: tuple[str, str] | None = None
    #: The state in the last heartbeat, and how many more heartbeats must include it.
    shown_state: tuple[str, str] = ("", "")
    beats: int = 0
    is_opening: bool = False
    #: Whether an error inside the reader has stopped it for now.
    has_failed: bool = False
    #: The want's serial changed while a thread had the follower.
    must_rewind: bool = False
    #: Whether the follower is among those watched for changes.
    is_watched: bool = False
    #: The poll running in a thread.
    poll_task: asyncio.Task[Any] | None = None
    #: The want's member; it stays the same when the want changes.
    member: str = field(init=False)
    #: The seals for file ids in its messages.
    seals: Seals = field(init=False)
    _limited_by: str = ""
    _limited_at: float = 0.0

    def __post_init__(self) -> None:
        self.member = self.want.member
        self.seals = Seals(self.want.log)

    @property
    def position(self) -> Place | None:
        """Where the want begins, with the id that followers use."""
        asked = self.want.position
        return asked and self.seals.open_place(asked)

    @property
    def late(self) -> dict[str, int]:
        """The want's late bytes, with the ids that followers use."""
        return {self.seals.open(file): end for file, end in self.want.late.items()}

    @property
    def allowance(self) -> int:
        """Bytes that may still be emitted under the want's credit; 0 if less than a batch."""
        left = self.want.taken + self.want.credit - self.sent
        return left if left >= MAX_BATCH_BYTES else 0

    @property
    def turn_bytes(self) -> int:
        """The same for one turn."""
        return min(self.allowance, TURN_BYTES)

    @property
    def state(self) -> tuple[str, str]:
        """The state of its file, and the reason: one of `reasons`, or ""."""
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
        """Size of its file at the last look."""
        return self.follower.size if self.follower is not None else None

    def affordable(self, now: float) -> int:
        """Bytes that credit, turn and budgets allow now; -1 if a budget requires waiting until `not_before`."""
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
        """The want has a new serial: count from 1 again, and drop what is unsent of the old one."""
        self.outbox.clear()
        self.number, self.sent, self.not_before, self.stands_at = 0, self.want.taken, 0.0, None

    def put(self, item: Item) -> None:
        """Queue what the follower emitted for sending, without its secrets, and charge it. Raises `RuleFailed`."""
        if not isinstance(item, Batch):
            self._put_event(item.kind.value, item.before, item.after, item.details)
            return
        data, hidden = item.data, list[Span]()
        if self.redaction is not None and not (item.partial and self.redaction.is_shown):
            if item.partial or self.follower is None:
                return  # what has not ended may become a secret
            data, hidden = self.redaction.redacted(item, self.follower)
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
                data,
                item.partial,
                item.late,
                declared(hidden, item.before.offset),
            )
        )

    def put_note(self, text: str, level: str, at: float) -> None:
        """Queue a note at the stream's current place. `at`: Unix seconds."""
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
