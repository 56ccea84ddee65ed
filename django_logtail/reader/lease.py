"""The claim of one reader on its queue: renewed by ticks, given up by handing over.

An economy, not a fence: two readers at once do no harm, see the package.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from django_logtail.control import READER_LEASE_MS, Control, ReaderLease, Seen, Tick
from django_logtail.control.mailboxes import Mailboxes, MailboxUnavailable, WrongConnection
from django_logtail.control.process import in_thread

#: Seconds between ticks; a stop flag waits at most this long, and a new want whose nudge was lost.
TICK_SECONDS: Final = 0.1
#: Seconds at least between two times that messages are sent over new connections.
RENEWAL_SECONDS: Final = 2.0
#: Seconds without Redis after which the reader ends; wants wake another when Redis is back.
ORPHAN_SECONDS: Final = 60.0


class Lease:
    """What one reader holds of its queue, until another does."""

    def __init__(
        self, queue: str, control: Control, mailboxes: Mailboxes, clock: Callable[[], float]
    ) -> None:
        self.queue = queue
        #: What the queue's other parties see of the reader.
        self.shown = ReaderLease.new()
        #: Set it, and the next tick is due at once.
        self.tick_soon = asyncio.Event()
        self._control = control
        self._mailboxes = mailboxes
        self._clock = clock
        self._renewed_at = clock()
        self._seen = Seen()
        self._sends_anew_since = -math.inf
        self._losses = control.losses

    @property
    def token(self) -> str:
        """What tells this reader from any other; stands in all it sends."""
        return self.shown.token

    @property
    def may_send(self) -> bool:
        """Not once the lease may have lapsed by our own clock."""
        return self._clock() - self._renewed_at < READER_LEASE_MS / 1000

    @property
    def is_orphaned(self) -> bool:
        """Whether Redis has been silent for so long that further waiting is useless."""
        return self._clock() - self._renewed_at > ORPHAN_SECONDS

    async def tick(self, *, may_end: bool, starting: bool = False) -> Tick:
        """Claim or renew, and take what changed since the last tick. Raises ControlUnavailable.

        With `may_end` the lease is freed when nothing is wanted.
        """
        asked_at = self._clock()
        try:
            tick = await in_thread(
                self._control.tick, self.queue, self.shown, self._seen, may_end=may_end, starting=starting
            )
        finally:
            # A layer that only publishes is never told so: what it says to a demoted server reaches nobody. Another
            # thread of this process may have been the one to learn it.
            if self._control.losses != self._losses:
                self._losses = self._control.losses
                await self.renew_sending()
        if tick.holds:
            self._renewed_at = asked_at
            self._seen = tick.seen
        return tick

    async def open_mailbox(self) -> None:
        """From the next tick on, relays know where to send a nudge. Without a mailbox they do without."""
        with contextlib.suppress(MailboxUnavailable):
            self.shown = replace(self.shown, mailbox=await self._mailboxes.new())

    async def take_nudges(self) -> None:
        """A relay has posted something: tick at once. Nudges that come while one tick is under way make one more."""
        while self.shown.mailbox:
            try:
                await self._mailboxes.receive(self.shown.mailbox)
            except WrongConnection:
                await self._mailboxes.renew()
                await self.open_mailbox()
                await asyncio.sleep(TICK_SECONDS)
                continue
            except MailboxUnavailable:
                await asyncio.sleep(TICK_SECONDS)
                continue
            self.tick_soon.set()

    async def renew_sending(self) -> None:
        """Send over new connections from now on, unless these are new themselves."""
        if self._clock() - self._sends_anew_since >= RENEWAL_SECONDS:
            self._sends_anew_since = self._clock()
            await self._mailboxes.renew_sending()

    def close_mailbox(self) -> None:
        """Stop taking nudges."""
        self._mailboxes.close(self.shown.mailbox)

    async def hand_over(self) -> int:
        """Free it for another reader; how many wants wait for one. Raises ControlUnavailable."""
        return await in_thread(self._control.hand_over, self.queue, self.shown)
