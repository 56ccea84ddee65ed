"""The pump: gives each flow its turn to read and send what is new."""

from __future__ import annotations

import asyncio
import itertools
import logging
import math
from collections.abc import Callable
from typing import Final

from django_logtail.control import messages
from django_logtail.control.mailboxes import Mailboxes, MailboxUnavailable
from django_logtail.promptness import Promptness
from django_logtail.reader.files import Files
from django_logtail.reader.flow import Flow
from django_logtail.reader.flows import Flows
from django_logtail.reader.lease import TICK_SECONDS, Lease
from django_logtail.timing import pause

logger = logging.getLogger(__name__)

#: The longest pause between checks of which flows are due.
LONGEST_PAUSE_SECONDS: Final = 1.0
#: While nothing changes, regular looks are postponed to multiples of this many seconds, 4 a second instead of 20,
#: because waking up costs more than looking. A lost notification costs at most this much more.
RESTING_LOOK_SECONDS: Final = 0.25
#: Seconds between looks at files while nothing can be sent, and how many items may wait for the mailbox.
KEEP_LOOKING_SECONDS: Final = 1.0
MOST_WAITING: Final = 100
#: Bytes and messages that go through a channel layer at once: as much as a flow reads in a turn. Four batches of 64 KiB
#: in one message cost a third of what they cost in four.
SENT_BYTES: Final = 256 * 1024
SENT_MESSAGES: Final = 64


class Pump:
    """Reads flows' followers and sends the messages to mailboxes, as far as credit, budgets and the lease allow."""

    def __init__(
        self,
        flows: Flows,
        files: Files,
        lease: Lease,
        mailboxes: Mailboxes,
        clock: Callable[[], float],
        processor_clock: Callable[[], float],
        promptness: Promptness,
    ) -> None:
        """`processor_clock`: the processor seconds that the event loop's thread has spent."""
        self._flows = flows
        self._files = files
        self._followers = files.followers
        self._lease = lease
        self._mailboxes = mailboxes
        self._clock = clock
        self._processor_clock = processor_clock
        self._promptness = promptness

    async def run(self) -> None:
        """Give every flow with something to do its turn, forever."""
        while True:
            self._flows.hinted.clear()
            now = self._clock()
            self._flows.ready.update(dict.fromkeys(map(str, self._followers.due(now))))
            can_go_on = await self._round(now)
            next_at = self._next_at(now)
            if can_go_on or next_at <= now:
                await asyncio.sleep(0)
            else:
                await pause(max(0.0, next_at - self._clock()), unless=self._flows.hinted)

    async def keep_looking(self) -> None:
        """While nothing can be sent, open files that take a log's name: they may be gone when sending works again."""
        while True:
            await asyncio.sleep(KEEP_LOOKING_SECONDS)
            now = self._clock()
            for flow in list(self._flows):
                if not 0 < len(flow.outbox) < MOST_WAITING:
                    continue
                follower = flow.follower
                if follower is None or flow.poll_task is not None or follower.is_remote:
                    continue
                try:
                    self._flows.put(flow, follower.poll(now, 0, may_wait=False))
                    if follower.must_wait:
                        self._files.look_in_thread(flow, follower)
                except Exception as error:  # noqa: BLE001 - as above
                    self._files.fail(flow, error)

    async def _round(self, now: float) -> bool:
        """Give a turn to each flow whose time has come. True if one of them can go on at once."""
        ready = self._flows.ready
        can_go_on = False
        for member in list(ready):
            flow = self._flows.get(member)
            if flow is None:
                del ready[member]
            elif flow.not_before <= now:
                del ready[member]
                try:
                    can_go_on |= await self._turn(flow, now)
                except Exception as error:  # noqa: BLE001 - any error affects only this flow
                    self._files.fail(flow, error)
        return can_go_on

    def _next_at(self, now: float) -> float:
        next_at = now + LONGEST_PAUSE_SECONDS
        if (due_at := self._followers.next_due(now)) is not None:
            if due_at > now and not self._flows.moving:
                due_at = math.ceil(due_at / RESTING_LOOK_SECONDS) * RESTING_LOOK_SECONDS
            next_at = min(next_at, due_at)
        for member in self._flows.ready:
            if (flow := self._flows.get(member)) is not None:
                next_at = min(next_at, flow.not_before)
        return next_at

    async def _turn(self, flow: Flow, now: float) -> bool:
        """Read one chunk of a flow and send it. True if the flow can go on at once."""
        ready, began, emitted = self._flows.ready, self._processor_clock(), flow.emitted
        if flow.outbox:
            ready[flow.member] = None  # send what was left over before reading on
        elif not self._read(flow, now):
            return False
        has_sent = bool(flow.outbox)
        if not await self._drain(flow):
            ready[flow.member] = None
            flow.not_before = now + TICK_SECONDS
            return False
        pause = 0.0
        if has_sent:
            spent = self._processor_clock() - began
            pause = self._promptness.pause(flow.member, spent, flow.emitted - emitted, now)
        if flow.follower is None or flow.poll_task is not None:
            return False
        if flow.follower.has_more:
            return self._can_go_on(flow, now)
        if pause:
            flow.not_before = now + pause
            ready[flow.member] = None  # then it is looked at, however often it is written until then
        return False

    def _read(self, flow: Flow, now: float) -> bool:
        """Poll the flow's follower; False if that can't be done here and now."""
        if flow.follower is None or flow.poll_task is not None:
            return False
        allowance = flow.affordable(now)
        if allowance < 0:
            self._flows.ready[flow.member] = None
            return False
        if flow.follower.is_remote:
            self._files.look_in_thread(flow, flow.follower)
            return False
        items = flow.follower.poll(now, allowance, may_wait=False)
        if flow.follower.must_wait:
            self._flows.put(flow, items)
            self._files.look_in_thread(flow, flow.follower)
            return True
        self._followers.polled(flow.member, now)
        self._flows.may_have_moved(flow)
        self._flows.put(flow, items)
        return True

    def _can_go_on(self, flow: Flow, now: float) -> bool:
        """Whether a flow that has more may emit it; if not, it waits for more credit."""
        if flow.allowance > 0:
            self._flows.ready[flow.member] = None
            return True
        if flow.member not in self._flows.starved:
            self._flows.starved[flow.member] = now
            if not self._lease.is_nudged:
                self._lease.tick_soon.set()
        return False

    async def _drain(self, flow: Flow) -> bool:
        """Send what waits. False if not everything can be sent now."""
        while flow.outbox:
            if not self._lease.may_send:
                return False
            together = self._next_of(flow)
            try:
                if len(together) == 1:
                    await self._mailboxes.send(flow.want.mailbox, together[0])
                else:
                    await self._mailboxes.send_all(flow.want.mailbox, together)
            except MailboxUnavailable as error:
                logger.debug("mailbox of %s: %s", flow.member, error)
                self._lease.unsent = str(error)
                return False
            self._lease.unsent = ""
            for message in together:
                if flow.outbox and flow.outbox[0] is message:  # a new serial may have cleared it meanwhile
                    flow.outbox.popleft()
        return True

    def _next_of(self, flow: Flow) -> list[messages.Batch | messages.Event]:
        """The next messages that go together: at least one, and at most SENT_MESSAGES of SENT_BYTES."""
        taken, size = [flow.outbox[0]], _size(flow.outbox[0])
        for message in itertools.islice(flow.outbox, 1, SENT_MESSAGES):
            size += _size(message)
            if size > SENT_BYTES:
                break
            taken.append(message)
        return taken


def _size(message: messages.Batch | messages.Event) -> int:
    return len(message.data) if isinstance(message, messages.Batch) else 0
