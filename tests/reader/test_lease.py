"""One reader's claim on its queue: what it may do by its own clock, and when it sends over new connections."""

import asyncio

import pytest

from django_logtail.control import ControlUnavailable, ReaderLease, Seen
from django_logtail.control.in_memory import MemoryControl
from django_logtail.control.mailboxes import MailboxUnavailable, MemoryMailboxes, WrongConnection
from django_logtail.control.messages import Nudge
from django_logtail.reader import lease as lease_module
from django_logtail.reader.lease import Lease
from tests.virtual_time import run_virtually


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


class Boxes(MemoryMailboxes):
    def __init__(self):
        super().__init__()
        self.renewals = 0

    async def renew_sending(self):
        self.renewals += 1


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def control(clock):
    return MemoryControl(clock)


@pytest.fixture
def boxes():
    return Boxes()


@pytest.fixture
def lease(control, boxes, clock):
    return Lease("q", control, boxes, clock)


@pytest.mark.parametrize(("seconds", "may_send"), [(2.49, True), (2.51, False)])
async def test_it_may_send_for_2_5_s_after_it_was_renewed(lease, clock, seconds, may_send):
    clock.now += 50
    await lease.tick(may_end=False)
    clock.now += seconds

    assert lease.may_send is may_send


async def test_a_renewal_counts_from_when_it_was_asked_for(lease, clock, control):
    def slow(*arguments, **keywords):
        clock.now += 2.2
        return MemoryControl.tick(control, *arguments, **keywords)

    lease._control = type("Slow", (MemoryControl,), {"tick": lambda self, *a, **k: slow(*a, **k)})(clock)
    await lease.tick(may_end=False)
    clock.now += 0.4

    assert not lease.may_send


async def test_a_tick_that_finds_another_reader_renews_nothing(lease, clock, control):
    control.tick("q", ReaderLease("other", "h", 1, "9"), Seen(), may_end=False, starting=True)
    clock.now += 1.5
    tick = await lease.tick(may_end=False)
    clock.now += 1.5

    assert not tick.holds
    assert not lease.may_send


@pytest.mark.parametrize(("seconds", "is_orphaned"), [(59.9, False), (60.1, True)])
async def test_it_is_orphaned_after_a_minute_without_redis(lease, clock, seconds, is_orphaned):
    clock.now += seconds

    assert lease.is_orphaned is is_orphaned


async def test_it_sends_over_new_connections_once_in_2_s(lease, boxes, clock):
    seen = []
    for now in (100.0, 101.9, 102.0, 103.0):
        clock.now = now
        await lease.renew_sending()
        seen.append(boxes.renewals)

    assert seen == [1, 1, 2, 2]


async def test_a_server_that_was_lost_is_noticed_although_the_tick_fails(lease, boxes, control):
    def fails(*arguments, **keywords):
        control.losses += 1
        raise ControlUnavailable("demoted")

    control.tick = fails
    with pytest.raises(ControlUnavailable):
        await lease.tick(may_end=False)

    assert boxes.renewals == 1


async def test_a_nudge_has_the_next_tick_come_at_once(lease, boxes):
    await lease.open_mailbox()
    taking = asyncio.ensure_future(lease.take_nudges())
    await asyncio.sleep(0)
    before = lease.tick_soon.is_set()
    await boxes.send(lease.shown.mailbox, Nudge())
    await asyncio.wait_for(lease.tick_soon.wait(), 20)
    taking.cancel()
    lease.close_mailbox()

    assert not before
    assert lease.shown.mailbox not in boxes._boxes


async def test_only_who_holds_it_hands_it_over(lease, control):
    control.tick("q", ReaderLease("other", "h", 1, "9"), Seen(), may_end=False, starting=True)

    assert await lease.hand_over() == 0
    assert control.reader("q").token == "other"


@pytest.mark.parametrize(
    ("error", "renewed", "mailboxes"),
    [(MailboxUnavailable("away"), 0, 1), (WrongConnection("demoted"), 3, 4)],
)
def test_nudges_are_taken_again_a_tenth_of_a_second_after_a_mailbox_failed(error, renewed, mailboxes):
    tries, renewals, opened = [], [], []

    class Failing(MemoryMailboxes):
        async def new(self):
            opened.append(await super().new())
            return opened[-1]

        async def receive(self, mailbox):
            tries.append((round(asyncio.get_running_loop().time() - 1_000, 3), mailbox == opened[-1]))
            if len(tries) < 4:
                raise error
            return await super().receive(mailbox)

        async def renew(self):
            renewals.append(len(tries))

    async def scene():
        boxes = Failing()
        lease = Lease("q", MemoryControl(lambda: 0.0), boxes, lambda: 0.0)
        await lease.open_mailbox()
        taking = asyncio.ensure_future(lease.take_nudges())
        await asyncio.sleep(1)
        before = lease.tick_soon.is_set()
        await boxes.send(lease.shown.mailbox, Nudge())
        await asyncio.sleep(0.01)
        taking.cancel()
        return before, lease.tick_soon.is_set()

    assert run_virtually(scene()) == (False, True)
    assert tries[:4] == [(0.0, True), (0.1, True), (0.2, True), (0.3, True)]
    assert (len(renewals), len(opened)) == (renewed, mailboxes)


async def test_a_mailbox_that_can_t_be_opened_yet_is_opened_later_and_relays_learn_of_it(
    lease, boxes, monkeypatch
):
    monkeypatch.setattr(lease_module, "RENEWAL_SECONDS", 0.0)
    new, failures = boxes.new, [MailboxUnavailable("away")] * 2

    async def fails() -> str:
        if failures:
            raise failures.pop()
        return await new()

    boxes.new = fails
    taking = asyncio.ensure_future(lease.take_nudges())
    while not lease.is_nudged:
        lease.tick_soon.clear()
        await asyncio.sleep(0)
    told = lease.tick_soon.is_set()
    lease.tick_soon.clear()
    await boxes.send(lease.shown.mailbox, Nudge())
    await asyncio.wait_for(lease.tick_soon.wait(), 20)
    taking.cancel()

    assert told
    assert failures == []
