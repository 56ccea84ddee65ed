"""How this process receives: over which connection, and when it begins anew. On a virtual clock."""

from __future__ import annotations

import asyncio

import pytest

from django_logtail.control.mailboxes import MailboxUnavailable, WrongConnection
from django_logtail.relay.inbox import Inbox
from tests.virtual_time import VirtualLoop


class Boxes:
    """Mailboxes that bring what is prepared, then nothing."""

    def __init__(self, began):
        self.began = began
        self.did = []
        self.brings = []

    def _does(self, *what):
        self.did.append((round(asyncio.get_running_loop().time() - self.began, 3), *what))

    async def new(self):
        name = f"box{sum(what == 'new' for _, what, *_ in self.did) + 1}"
        self._does("new", name)
        return name

    async def renew(self):
        self._does("renew")

    async def receive(self, mailbox):
        self._does("receive", mailbox)
        if not self.brings:
            await asyncio.Event().wait()
        brought = self.brings.pop(0)
        if isinstance(brought, Exception):
            raise brought
        return brought


class House:
    """An inbox, what it took, and how often its mailbox changed."""

    def __init__(self):
        self.boxes = Boxes(asyncio.get_running_loop().time())
        self.took = []
        self.opened = []
        self.tasks = []
        self.inbox = Inbox(
            self.boxes,
            take=self.took.append,
            opened=lambda: self.opened.append(self.inbox.mailbox),
            keep=self._keep,
        )

    def _keep(self, name, part):
        self.tasks.append(asyncio.ensure_future(part()))
        return self.tasks[-1]


@pytest.fixture
def play():
    loop = VirtualLoop()

    async def begin(scene):
        house = House()
        try:
            return await scene(house)
        finally:
            for task in house.tasks:
                task.cancel()
            await asyncio.gather(*house.tasks, return_exceptions=True)

    yield lambda scene: loop.run_until_complete(begin(scene))
    loop.close()


def test_messages_are_taken_in_their_order_from_the_mailbox_that_was_told(play):
    async def scene(house):
        before = house.inbox.mailbox
        house.boxes.brings = ["a", "b"]
        house.inbox.start()
        await asyncio.sleep(1)
        return before, house.opened, house.took, house.boxes.did

    received = [(0.0, "receive", "box1")] * 3
    assert play(scene) == ("", ["box1"], ["a", "b"], [(0.0, "new", "box1"), *received])


def test_a_mailbox_that_cannot_be_read_is_read_again_after_0_4_s(play):
    async def scene(house):
        house.boxes.brings = [MailboxUnavailable("away"), "a"]
        house.inbox.start()
        await asyncio.sleep(1)
        return house.opened, house.took, house.boxes.did[1:]

    assert play(scene) == (
        ["box1"],
        ["a"],
        [(0.0, "receive", "box1"), (0.4, "receive", "box1"), (0.4, "receive", "box1")],
    )


def test_a_wrong_server_is_left_for_a_new_mailbox_after_0_4_s(play):
    async def scene(house):
        house.boxes.brings = [WrongConnection("demoted"), "a"]
        house.inbox.start()
        await asyncio.sleep(1)
        return house.opened, house.took, house.boxes.did[2:4]

    assert play(scene) == (["box1", "box2"], ["a"], [(0.0, "renew"), (0.4, "new", "box2")])


@pytest.mark.parametrize(("seconds", "is_anew"), [(4.9, False), (5.0, True)])
def test_it_receives_over_a_new_connection_when_a_reader_was_not_heard_for_5_s(play, seconds, is_anew):
    async def scene(house):
        house.inbox.start()
        await asyncio.sleep(0)
        house.inbox.missed(0.0)
        house.inbox.missed(seconds)
        await asyncio.sleep(0.1)
        return house.boxes.did[2:], house.opened, house.tasks[0].cancelled()

    did = [(0.0, "renew"), (0.0, "new", "box2"), (0.0, "receive", "box2")]
    assert play(scene) == ((did, ["box1", "box2"], True) if is_anew else ([], ["box1"], False))


def test_it_does_not_begin_anew_again_for_another_5_s(play):
    async def scene(house):
        house.inbox.start()
        for now in (10.0, 15.0, 15.1, 19.9, 20.0, 20.1):
            house.inbox.missed(now)
        return len(house.tasks)

    assert play(scene) == 3


def test_who_was_heard_meanwhile_is_not_deaf(play):
    async def scene(house):
        house.inbox.start()
        house.inbox.missed(0.0)
        house.inbox.heard()
        house.inbox.missed(5.0)
        house.inbox.missed(9.9)
        return len(house.tasks)

    assert play(scene) == 1


def test_another_server_is_not_listened_to_over_the_old_connection_but_at_most_every_5_s(play):
    async def scene(house):
        house.inbox.start()
        await asyncio.sleep(0)
        counts = []
        for now in (0.0, 4.9, 5.0):
            house.inbox.mistrust(now)
            await asyncio.sleep(0.1)
            counts.append(len(house.opened))
        return counts, [task.cancelled() for task in house.tasks]

    assert play(scene) == ([2, 2, 3], [True, True, False])
