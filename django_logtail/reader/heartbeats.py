"""Heartbeats show a web process that a reader is alive, and whether it has received every item."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from typing import Final

from django_logtail.control.mailboxes import Mailboxes, MailboxUnavailable
from django_logtail.control.messages import Beat, Heartbeat
from django_logtail.reader.flow import Flow
from django_logtail.reader.flows import Flows
from django_logtail.reader.lease import Lease

#: Seconds between heartbeats; every FULL_BEATS-th includes every flow, the others those that changed.
BEAT_SECONDS: Final = 0.5
FULL_BEATS: Final = 10


class Heartbeats:
    """Sends each mailbox one message for all its flows, even if there is nothing new."""

    def __init__(
        self, flows: Flows, lease: Lease, mailboxes: Mailboxes, fail: Callable[[Flow, Exception], None]
    ) -> None:
        """`fail` is called for a flow that can't report its state."""
        self._flows = flows
        self._lease = lease
        self._mailboxes = mailboxes
        self._fail = fail

    async def keep(self) -> None:
        """Beat forever."""
        for count in itertools.count():
            for mailbox, named in self._named(is_full=count % FULL_BEATS == 0).items():
                if not self._lease.may_send:
                    break
                await self._send(mailbox, named)
            await asyncio.sleep(BEAT_SECONDS)

    def _named(self, *, is_full: bool) -> dict[str, dict[str, Beat]]:
        """By mailbox and member, the beats of the flows to include now."""
        by_mailbox: dict[str, dict[str, Beat]] = {flow.want.mailbox: {} for flow in self._flows}
        for member in self._flows.members() if is_full else list(self._flows.moving):
            flow = self._flows.get(member)
            if flow is None:
                continue
            try:
                if self._is_due(flow) or is_full:
                    by_mailbox[flow.want.mailbox][member] = self._said_of(flow)
            except Exception as error:  # noqa: BLE001 - any error affects only this flow
                self._fail(flow, error)
        return by_mailbox

    def _is_due(self, flow: Flow) -> bool:
        """Whether it changed recently enough to be included; counts down."""
        state = flow.state
        if state != flow.shown_state:
            flow.shown_state = state
            self._flows.changed(flow)
        if flow.beats > 0:
            flow.beats -= 1
            return True
        self._flows.moving.pop(flow.member, None)
        return False

    def _said_of(self, flow: Flow) -> Beat:
        number = flow.number - len(flow.outbox)
        return Beat(flow.run, flow.want.serial, number, flow.size, *flow.shown_state)

    async def _send(self, mailbox: str, named: dict[str, Beat]) -> None:
        message = Heartbeat(self._lease.token, self._lease.shown.host, self._lease.queue, named)
        try:
            await self._mailboxes.send(mailbox, message)
        except MailboxUnavailable as error:
            self._lease.unsent = str(error)
        else:
            self._lease.unsent = ""
