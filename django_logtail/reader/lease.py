"""One reader's claim on its queue: renewed by ticks, given up by handing over.

It saves work but isn't a lock: two readers at once do no harm; see the package.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Final, NoReturn

from django_logtail.control import READER_LEASE_MS, Control, ReaderLease, Seen, Tick
from django_logtail.control.mailboxes import Mailboxes, MailboxUnavailable, WrongConnection
from django_logtail.control.process import in_thread

#: Seconds before what failed is tried again, and the longest pause between ticks while a flow waits for credit.
TICK_SECONDS: Final = 0.1
#: Seconds at least between renewals of the sending connections, and between attempts to open a mailbox.
RENEWAL_SECONDS: Final = 2.0
#: Seconds without Redis after which the reader ends; wants wake another when Redis is back.
ORPHAN_SECONDS: Final = 60.0


class Lease:
    """A reader's hold on its queue, until another reader has it."""

    def __init__(
        self, queue: str, control: Control, mailboxes: Mailboxes, clock: Callable[[], float]
    ) -> None:
        self.queue = queue
        #: What other processes see of the reader.
        self.shown = ReaderLease.new()
        #: Set it to make the next tick due at once.
        self.tick_soon = asyncio.Event()
        self._control = control
        self._mailboxes = mailboxes
        self._clock = clock
        self._renewed_at = clock()
        self._seen = Seen()
        self._sends_anew_since = -math.inf
        self._losses = control.losses
        #: Why nothing could be sent the last time; "" if something was.
        self.unsent = ""

    @property
    def token(self) -> str:
        """Identifies this reader in everything it sends."""
        return self.shown.token

    @property
    def is_nudged(self) -> bool:
        """Whether relays know where to send a nudge."""
        return bool(self.shown.mailbox)

    @property
    def may_send(self) -> bool:
        """Whether the lease is still valid by our own clock."""
        return self._clock() - self._renewed_at < READER_LEASE_MS / 1000

    @property
    def is_orphaned(self) -> bool:
        """Whether Redis has been silent for too long to keep waiting."""
        return self._clock() - self._renewed_at > ORPHAN_SECONDS

    async def tick(self, *, may_end: bool, starting: bool = False) -> Tick:
        """Claim or renew, and fetch what changed since the last tick. Raises ControlUnavailable.

        With `may_end`, the lease is freed if nothing is wanted.
        """
        asked_at = self._clock()
        try:
            tick = await in_thread(
                self._control.tick, self.queue, self.shown, self._seen, may_end=may_end, starting=starting
            )
        finally:
            # A layer that only publishes never notices: what it sends to a demoted server reaches nobody. Another
            # thread of this process may have found out.
            if self._control.losses != self._losses:
                self._losses = self._control.losses
                await self.renew_sending()
        if tick.holds:
            self._renewed_at = asked_at
            self._seen = tick.seen
        return tick

    async def open_mailbox(self) -> None:
        """Open a mailbox: from the next tick on, relays know where to send a nudge. Without it, they can't."""
        with contextlib.suppress(MailboxUnavailable):
            self.shown = replace(self.shown, mailbox=await self._mailboxes.new())

    async def take_nudges(self) -> NoReturn:
        """Tick as soon as a relay has posted something. Any nudges during a tick cause one more tick.

        Opens the mailbox first, which takes some layers as long as a reader takes to open the first file.
        """
        while True:
            if not self.is_nudged:
                await self.open_mailbox()
                if not self.is_nudged:
                    await asyncio.sleep(RENEWAL_SECONDS)
                    continue
                self.tick_soon.set()  # relays learn of it from a tick
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
        """Send over new connections from now on, unless the current ones are new."""
        if self._clock() - self._sends_anew_since >= RENEWAL_SECONDS:
            self._sends_anew_since = self._clock()
            await self._mailboxes.renew_sending()

    def close_mailbox(self) -> None:
        """Stop taking nudges."""
        self._mailboxes.close(self.shown.mailbox)

    async def hand_over(self) -> int:
        """Free it for another reader; return how many wants wait. Raises ControlUnavailable."""
        return await in_thread(self._control.hand_over, self.queue, self.shown)
