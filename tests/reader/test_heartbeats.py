"""What heartbeats say of which flows, to whom and when: on a virtual clock, without files."""

import asyncio
from types import SimpleNamespace

import pytest

from django_logtail.control.mailboxes import MailboxUnavailable
from django_logtail.control.wants import Want
from django_logtail.place import Place
from django_logtail.reader.flows import Flows
from django_logtail.reader.heartbeats import Heartbeats
from django_logtail.tailing.events import Batch
from tests.virtual_time import VirtualLoop


class Follower:
    state = "live"
    reason = None
    size = 9


class Desk:
    def __init__(self):
        self.began = asyncio.get_running_loop().time()
        self.flows = Flows("token")
        self.lease = SimpleNamespace(
            token="token", queue="q", shown=SimpleNamespace(host="web-1"), may_send=True
        )
        self.failed = []
        self.full = set()
        self.sent = []
        self.beating = asyncio.ensure_future(
            Heartbeats(
                self.flows,
                self.lease,
                self,
                lambda flow, error: self.failed.append((flow.want.log, str(error))),
            ).keep()
        )

    def begin(self, log, box="box"):
        flow = self.flows.begin(Want("p", log, "", box, 3, credit=2**20))
        flow.follower = Follower()
        return flow

    async def send(self, mailbox, message):
        if mailbox in self.full:
            raise MailboxUnavailable("full")
        self.sent.append((round(asyncio.get_running_loop().time() - self.began, 2), mailbox, message))

    async def named(self, beats):
        """The logs that each of so many heartbeats names."""
        self.sent.clear()
        await asyncio.sleep(0.5 * beats)
        return [[member.split("|")[1] for member in message.flows] for _, _, message in self.sent]


@pytest.fixture
def play():
    loop = VirtualLoop()

    async def begin(scene):
        desk = Desk()
        try:
            return await scene(desk)
        finally:
            desk.beating.cancel()

    yield lambda scene: loop.run_until_complete(begin(scene))
    loop.close()


def test_each_mailbox_gets_one_for_its_own_flows_twice_a_second(play):
    async def scene(desk):
        desk.begin("1", "mine")
        desk.begin("2", "yours")
        desk.begin("3", "mine")
        await asyncio.sleep(0.6)
        return [(at, box, sorted(message.flows)) for at, box, message in desk.sent]

    assert play(scene) == [
        (0.0, "mine", ["p|1|", "p|3|"]),
        (0.0, "yours", ["p|2|"]),
        (0.5, "mine", ["p|1|", "p|3|"]),
        (0.5, "yours", ["p|2|"]),
    ]


def test_it_says_who_reads_and_how_far_each_flow_has_got(play):
    async def scene(desk):
        flow = desk.begin("1")
        desk.flows.put(flow, [Batch(Place("f", at), b"a\n") for at in (0, 2, 4)])
        flow.outbox.pop()  # two wait, one was sent
        await asyncio.sleep(0.1)
        return desk.sent[0][2]

    message = play(scene)

    assert (message.token, message.host, message.queue) == ("token", "web-1", "q")
    beat = message.flows["p|1|"]
    assert (beat.run, beat.serial, beat.number, beat.size, beat.state, beat.reason) == (
        1,
        3,
        1,
        9,
        "live",
        "",
    )


def test_what_changed_is_named_four_times_and_everything_each_tenth_time(play):
    async def scene(desk):
        flow = desk.begin("1")
        desk.begin("2")
        first = await desk.named(11)
        desk.flows.changed(flow)
        return first, await desk.named(10)

    both = ["1", "2"]
    assert play(scene) == ([both] * 4 + [[]] * 6 + [both], [["1"]] * 4 + [[]] * 5 + [both])


def test_a_state_that_changed_is_named_although_nothing_was_sent(play):
    async def scene(desk):
        flow = desk.begin("1")
        await desk.named(7)
        flow.trouble = ("missing", "")
        unseen = await desk.named(2)
        desk.flows.may_have_moved(flow)
        return unseen, await desk.named(6), desk.sent[0][2].flows["p|1|"].state, list(desk.flows.moving)

    assert play(scene) == ([[], []], [["1"]] * 4 + [[]] * 2, "missing", [])


def test_a_look_at_what_may_have_moved_names_nothing_if_it_did_not(play):
    async def scene(desk):
        flow = desk.begin("1")
        await desk.named(6)
        desk.flows.may_have_moved(flow)
        return await desk.named(2), list(desk.flows.moving)

    assert play(scene) == ([[], []], [])


def test_nothing_is_sent_without_the_lease(play):
    async def scene(desk):
        desk.begin("1")
        desk.lease.may_send = False
        without = await desk.named(2)
        desk.lease.may_send = True
        return without, await desk.named(1)

    assert play(scene) == ([], [["1"]])


def test_a_full_mailbox_keeps_nobody_else_from_theirs(play):
    async def scene(desk):
        desk.begin("1", "mine")
        desk.begin("2", "yours")
        desk.full = {"mine"}
        return await desk.named(2)

    assert play(scene) == [["2"], ["2"]]


def test_a_flow_that_cannot_say_how_it_is_fails_alone(play):
    async def scene(desk):
        desk.begin("1").follower = object()
        desk.begin("2")
        return await desk.named(1), desk.failed

    named, failed = play(scene)

    assert named == [["2"]]
    assert failed == [("1", "'object' object has no attribute 'state'")]
