"""Which flow's turn it is, and how long the pump waits for the next one; with fake flows and followers."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from django_logtail.control.mailboxes import MailboxUnavailable
from django_logtail.control.wants import Want
from django_logtail.place import Place
from django_logtail.promptness import Promptness
from django_logtail.reader.flow import Flow
from django_logtail.reader.flows import Flows
from django_logtail.reader.pump import Pump
from django_logtail.tailing.events import Batch
from tests.virtual_time import run_virtually


class Followers:
    """The set of those that are watched: says whose turn it is."""

    def __init__(self) -> None:
        self.next_at: float | None = None
        self.polled_at: list[tuple[object, float]] = []

    def due(self, now: float) -> list[object]:
        return []

    def next_due(self, now: float) -> float | None:
        return self.next_at

    def polled(self, key: object, now: float) -> None:
        self.polled_at.append((key, now))


class Follower:
    """Emits what it is given, poll by poll."""

    def __init__(self, *polls: list[Any]) -> None:
        self.polls = list(polls)
        self.asked: list[tuple[int, bool]] = []
        self.is_remote = self.must_wait = self.has_more = False
        self.state, self.size, self.position, self.reason = "live", 9, Place("a", 0), None

    def poll(self, now: float, max_bytes: int, *, may_wait: bool) -> list[Any]:
        self.asked.append((max_bytes, may_wait))
        return self.polls.pop(0) if self.polls else []


class Files:
    """What the pump hands over."""

    def __init__(self) -> None:
        self.followers = Followers()
        self.looked_in_threads: list[str] = []
        self.failed: list[tuple[str, str]] = []

    def look_in_thread(self, flow: Flow, follower: Any) -> None:
        self.looked_in_threads.append(flow.member)

    def fail(self, flow: Flow, error: Exception) -> None:
        self.failed.append((flow.member, str(error)))


class Boxes:
    def __init__(self) -> None:
        self.is_full = False
        self.sent: list[bytes] = []
        #: How many messages went together, each time.
        self.together: list[int] = []

    async def send(self, mailbox: str, message: Any) -> None:
        if self.is_full:
            raise MailboxUnavailable("full")
        self.sent.append(message.data)

    async def send_all(self, mailbox: str, messages: Any) -> None:
        self.together.append(len(messages))
        for message in messages:
            await self.send(mailbox, message)


class Scene:
    def __init__(self) -> None:
        self.now = 100.0
        self.flows = Flows("token")
        self.files = Files()
        self.lease = SimpleNamespace(may_send=True, is_nudged=False, tick_soon=asyncio.Event())
        self.boxes = Boxes()
        #: Processor seconds that each turn takes, as far as anybody can tell.
        self.turn_takes = 0.03
        self.processor = 0.0
        self.pump: Any = Pump(
            self.flows,
            self.files,  # type: ignore[arg-type]
            self.lease,  # type: ignore[arg-type]
            self.boxes,  # type: ignore[arg-type]
            lambda: self.now,
            self.spend,
            Promptness(0.05),
        )

    def spend(self) -> float:
        """The thread's processor time; asked for at the beginning and the end of a turn."""
        self.processor += self.turn_takes
        return self.processor

    def flow(self, log: str = "1", *polls: list[Any], credit: int = 2**20) -> tuple[Flow, Follower]:
        flow = self.flows.begin(Want("p", log, "", "box", 1, credit))
        follower = Follower(*polls)
        flow.follower = follower  # type: ignore[assignment]
        return flow, follower

    def round(self) -> bool:
        async def go() -> bool:
            return bool(await self.pump._round(self.now))

        return run_virtually(go())


@pytest.fixture
def scene() -> Scene:
    return Scene()


def batch(data: bytes) -> Batch:
    return Batch(Place("a", 0), data)


@pytest.mark.parametrize(
    ("due_at", "is_moving", "next_at"),
    [
        (None, True, 101.0),  # nothing is due: a second at most
        (100.3, True, 100.3),
        (105.0, True, 101.0),
        (100.0, True, 100.0),
        (100.0, False, 100.0),  # what is due now is not put off
        (100.01, False, 100.25),
        (100.25, False, 100.25),
        (100.26, False, 100.5),
        (100.26, True, 100.26),
    ],
)
def test_the_pump_waits_for_whoever_is_due_first_and_at_rest_for_the_next_quarter_of_a_second(
    scene: Scene, due_at: float | None, is_moving: bool, next_at: float
) -> None:
    scene.files.followers.next_at = due_at
    if is_moving:
        scene.flows.moving["p|1|"] = None

    assert scene.pump._next_at(100.0) == next_at


@pytest.mark.parametrize(
    ("not_before", "next_at"), [((100.2, 100.7), 100.2), ((100.9, 100.4), 100.4), ((103.0, 104.0), 101.0)]
)
def test_the_pump_waits_for_the_first_of_those_that_have_something_to_do(
    scene: Scene, not_before: tuple[float, float], next_at: float
) -> None:
    for log, at in zip(("1", "2"), not_before, strict=True):
        flow, _ = scene.flow(log)
        flow.not_before = at
        scene.flows.ready[flow.member] = None
    scene.flows.ready["p|gone|"] = None

    assert scene.pump._next_at(100.0) == next_at


@pytest.mark.parametrize(("not_before", "sent"), [(99.9, [b"x\n"]), (100.0, [b"x\n"]), (100.1, [])])
def test_a_flow_has_its_turn_when_its_time_has_come_and_stays_in_the_queue_until_then(
    scene: Scene, not_before: float, sent: list[bytes]
) -> None:
    flow, _ = scene.flow("1", [batch(b"x\n")])
    flow.not_before, scene.turn_takes = not_before, 0.0
    scene.flows.ready[flow.member] = None

    scene.round()

    assert scene.boxes.sent == sent
    assert list(scene.flows.ready) == ([] if sent else [flow.member])


def test_a_flow_that_was_dropped_leaves_the_queue(scene: Scene) -> None:
    scene.flows.ready["p|gone|"] = None

    can_go_on = scene.round()

    assert (can_go_on, list(scene.flows.ready)) == (False, [])


def test_a_turn_reads_within_the_credit_without_waiting_and_then_pauses(scene: Scene) -> None:
    flow, follower = scene.flow("1", [batch(b"x\n"), batch(b"y\n")], credit=100_000)
    scene.flows.ready[flow.member] = None
    scene.flows.moving.clear()

    can_go_on = scene.round()

    assert (can_go_on, scene.boxes.sent, follower.asked) == (False, [b"x\n", b"y\n"], [(100_000, False)])
    assert flow.not_before == 100.05
    assert scene.files.followers.polled_at == [(flow.member, 100.0)]
    assert list(scene.flows.moving) == [flow.member]


@pytest.mark.parametrize(("takes", "not_before"), [(0.004, 0.0), (0.006, 100.02), (0.03, 100.05)])
def test_the_pause_after_a_turn_follows_from_its_cost(scene: Scene, takes: float, not_before: float) -> None:
    flow, _ = scene.flow("1", [batch(b"x\n")])
    other, _ = scene.flow("2")
    scene.flows.ready |= {flow.member: None, other.member: None}
    scene.turn_takes = takes

    scene.round()

    assert flow.not_before == pytest.approx(not_before)
    # In debt, it is looked at when its round ends, whether or not the kernel reports anything.
    assert list(scene.flows.ready) == ([flow.member] if not_before else [])
    assert other.not_before == 0.0  # it sent nothing


def test_what_flows_at_full_speed_pays_for_it_once_it_has_caught_up(scene: Scene) -> None:
    flow, follower = scene.flow("1", [batch(b"x\n")], [batch(b"y\n")])
    follower.has_more, scene.turn_takes = True, 0.004
    scene.flows.ready[flow.member] = None
    scene.round()
    before, follower.has_more = flow.not_before, False

    scene.round()

    assert (before, flow.not_before) == (0.0, pytest.approx(100.05))


def test_a_turn_without_anything_new_costs_no_pause(scene: Scene) -> None:
    flow, _ = scene.flow("1")
    scene.flows.ready[flow.member] = None
    scene.flows.moving.clear()

    scene.round()

    assert (flow.not_before, list(scene.flows.moving)) == (0.0, [flow.member])


def test_what_has_more_goes_on_at_once_while_there_is_credit(scene: Scene) -> None:
    flow, follower = scene.flow("1", [batch(b"x\n")])
    follower.has_more = True
    scene.flows.ready[flow.member] = None

    can_go_on = scene.round()

    assert (can_go_on, list(scene.flows.ready), flow.not_before) == (True, [flow.member], 0.0)
    assert (scene.flows.starved, scene.lease.tick_soon.is_set()) == ({}, False)


def test_what_has_more_and_no_credit_asks_for_it_once(scene: Scene) -> None:
    flow, follower = scene.flow("1", credit=0)
    follower.has_more = True
    scene.flows.ready[flow.member] = None

    can_go_on = scene.round()
    asked, scene.now = scene.lease.tick_soon.is_set(), 101.0
    scene.lease.tick_soon.clear()
    scene.flows.ready[flow.member] = None
    scene.round()

    assert (can_go_on, asked, scene.lease.tick_soon.is_set()) == (False, True, False)
    assert scene.flows.starved == {flow.member: 100.0}


def test_what_has_no_credit_waits_for_the_nudge_that_brings_it(scene: Scene) -> None:
    scene.lease.is_nudged = True
    flow, follower = scene.flow("1", credit=0)
    follower.has_more = True
    scene.flows.ready[flow.member] = None
    scene.round()

    assert (scene.flows.starved, scene.lease.tick_soon.is_set()) == ({flow.member: 100.0}, False)


def test_what_a_full_mailbox_does_not_take_is_sent_first_a_tenth_of_a_second_later(scene: Scene) -> None:
    flow, follower = scene.flow("1", [batch(b"x\n")], [batch(b"y\n")])
    scene.flows.ready[flow.member] = None
    scene.boxes.is_full = True

    can_go_on = scene.round()
    left, not_before = len(flow.outbox), flow.not_before
    scene.boxes.is_full, scene.now = False, 100.1
    scene.round()

    assert (can_go_on, left, not_before) == (False, 1, 100.1)
    assert (scene.boxes.sent, len(follower.asked)) == ([b"x\n"], 1)
    assert list(scene.flows.ready) == [flow.member]


def test_nothing_is_sent_once_the_lease_may_have_lapsed(scene: Scene) -> None:
    flow, _ = scene.flow("1", [batch(b"x\n")])
    scene.flows.ready[flow.member] = None
    scene.lease.may_send = False

    scene.round()

    assert (scene.boxes.sent, len(flow.outbox), flow.not_before) == ([], 1, 100.1)


def test_a_file_on_another_host_is_read_apart(scene: Scene) -> None:
    flow, follower = scene.flow("1", [batch(b"x\n")])
    follower.is_remote = True
    scene.flows.ready[flow.member] = None

    scene.round()

    assert (scene.files.looked_in_threads, follower.asked, scene.boxes.sent) == ([flow.member], [], [])


def test_a_look_that_would_wait_is_repeated_apart_and_what_it_found_is_sent(scene: Scene) -> None:
    flow, follower = scene.flow("1", [batch(b"x\n")])
    follower.must_wait = True
    scene.flows.ready[flow.member] = None

    scene.round()

    assert (scene.files.looked_in_threads, scene.boxes.sent) == ([flow.member], [b"x\n"])
    assert scene.files.followers.polled_at == []  # the look apart tells


@pytest.mark.parametrize("is_apart", [True, False])
def test_a_follower_that_is_closed_or_in_a_thread_is_left_alone(scene: Scene, is_apart: bool) -> None:
    flow, follower = scene.flow("1", [batch(b"x\n")])
    if is_apart:
        flow.poll_task = SimpleNamespace()  # type: ignore[assignment]
    else:
        flow.follower = None
    scene.flows.ready[flow.member] = None

    can_go_on = scene.round()

    assert (can_go_on, follower.asked, scene.boxes.sent) == (False, [], [])


def test_an_error_of_one_flow_is_its_own(scene: Scene) -> None:
    flow, follower = scene.flow("1")
    other, _ = scene.flow("2", [batch(b"y\n")])
    follower.poll = lambda *arguments, **more: 1 / 0  # type: ignore[method-assign]
    scene.flows.ready |= {flow.member: None, other.member: None}

    scene.round()

    assert scene.files.failed == [(flow.member, "division by zero")]
    assert scene.boxes.sent == [b"y\n"]


@pytest.mark.parametrize(("waiting", "looks"), [(0, 0), (1, 1), (99, 1), (100, 0)])
def test_while_items_cannot_be_sent_their_file_is_looked_at_each_second_until_a_hundred_wait(
    scene: Scene, waiting: int, looks: int
) -> None:
    flow, follower = scene.flow("1")
    for _ in range(waiting):
        flow.put(batch(b"x\n"))

    async def look() -> tuple[int, int]:
        task = asyncio.ensure_future(scene.pump.keep_looking())
        await asyncio.sleep(0.9)
        before = len(follower.asked)
        await asyncio.sleep(0.2)
        task.cancel()
        return before, len(follower.asked)

    assert run_virtually(look()) == (0, looks)
    assert follower.asked == [(0, False)] * looks


@pytest.mark.parametrize("why", ["closed", "in a thread", "remote"])
def test_what_cannot_be_looked_at_here_is_not_and_what_would_wait_is_looked_at_apart(
    scene: Scene, why: str
) -> None:
    flow, follower = scene.flow("1")
    other, waits = scene.flow("2", [batch(b"y\n")])
    waits.must_wait = True
    for each in (flow, other):
        each.put(batch(b"x\n"))
    if why == "closed":
        flow.follower = None
    elif why == "in a thread":
        flow.poll_task = SimpleNamespace()  # type: ignore[assignment]
    else:
        follower.is_remote = True

    async def look() -> None:
        task = asyncio.ensure_future(scene.pump.keep_looking())
        await asyncio.sleep(1.1)
        task.cancel()

    run_virtually(look())

    assert (follower.asked, scene.files.looked_in_threads, len(other.outbox)) == ([], [other.member], 2)


@pytest.mark.parametrize(
    ("sizes", "together"),
    [
        ([5], []),
        ([1, 1, 1], [3]),
        ([65_536] * 4, [4]),
        ([65_536] * 4 + [1], [4]),
        ([65_536, 65_536, 131_073, 1], [2, 2]),
        ([262_145, 1], []),
        ([1] * 65, [64]),
    ],
)
def test_what_waits_goes_together_up_to_256_kib_and_64_messages(
    scene: Scene, sizes: list[int], together: list[int]
) -> None:
    flow, _ = scene.flow("1", [batch(b"x" * size) for size in sizes])
    scene.flows.ready[flow.member] = None
    scene.round()

    assert [len(data) for data in scene.boxes.sent] == sizes
    assert scene.boxes.together == together
    assert not flow.outbox


def test_what_could_not_be_sent_together_waits_as_it_was(scene: Scene) -> None:
    flow, _ = scene.flow("1", [batch(b"x"), batch(b"y")])
    scene.flows.ready[flow.member] = None
    scene.boxes.is_full = True
    scene.round()
    waiting, scene.boxes.is_full, scene.now = len(flow.outbox), False, 101.0
    scene.round()

    assert (waiting, scene.boxes.sent) == (2, [b"x", b"y"])
