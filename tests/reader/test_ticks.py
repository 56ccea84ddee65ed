"""When a reader ticks, what it does with what a tick brings, and why it ends: on a virtual clock, without files."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace
from types import SimpleNamespace

import pytest

from django_logtail.control import ControlUnavailable, Note, Tick
from django_logtail.control.wants import Want
from django_logtail.place import Place
from django_logtail.reader.flows import Flows
from django_logtail.reader.lifetime import Ending
from django_logtail.reader.ticks import Ticks
from tests.virtual_time import VirtualLoop

END = Tick(holds=False)


def want(log="1", serial=1, **more):
    return Want("p", log, "", more.pop("mailbox", "box"), serial, **{"credit": 2**20, **more})


def brings(*wants, **more):
    """A tick with these wants."""
    return Tick(holds=True, changed={each.member: each for each in wants}, **more)


class Lease:
    """Answers each tick with the next of what is prepared, then ends the reader."""

    queue = "q"
    is_orphaned = False

    def __init__(self, desk):
        self.desk = desk
        self.answers = []
        self.asked = []
        self.tick_soon = asyncio.Event()
        self.is_nudged = False

    async def tick(self, *, may_end, starting=False):
        self.asked.append((round(self.desk.now, 4), may_end, starting))
        answer = self.answers.pop(0) if self.answers else END
        if isinstance(answer, Exception):
            raise answer
        return answer() if callable(answer) else answer

    async def renew_sending(self):
        self.desk.did.append(("renew",))


class Desk:
    """The ticks of a reader; its files, ranges and parts only write down what they are told."""

    def __init__(self):
        self.began = asyncio.get_running_loop().time()
        self.did = []
        self.broken = set()
        self.answering = []
        self.flows = Flows("token")
        self.lease = Lease(self)
        self.sources = SimpleNamespace(stops={}, parent_of=lambda log: "9" if log == "2" else "")
        self.files = SimpleNamespace(
            **{name: self._told(name) for name in ("obey_stop", "open_soon", "close_file", "rewind", "fail")}
        )
        self.ticks = Ticks(
            self.lease, self.flows, self.files, self, self.sources, self, asyncio.get_running_loop().time
        )

    @property
    def now(self):
        return asyncio.get_running_loop().time() - self.began

    def _told(self, name):
        def tell(flow, *_):
            if (name, flow.want.log) in self.broken:
                raise LookupError(name)
            self.did.append((name, flow.want.log))

        return tell

    # As `Ranges` and `Parts`:

    def __len__(self):
        return len(self.answering)

    def members(self):
        return list(self.answering)

    def answer(self, want):
        self.did.append(("answer", want.log))

    def drop(self, member):
        self.did.append(("drop", member))

    def failed(self, name, error):
        self.did.append(("failed", name, type(error).__name__))

    async def go(self, *answers):
        """The ticks that bring these answers; returns what was done because of them."""
        self.lease.answers, self.did = list(answers), []
        assert await self.ticks.keep() is Ending.LOST
        return self.did

    async def pauses(self, *answers):
        """Seconds before each tick, if ticks bring these answers."""
        self.lease.asked.clear()
        since = round(self.now, 4)
        await self.go(*answers)
        times = [since, *(at for at, *_ in self.lease.asked)]
        return [round(later - earlier, 4) for earlier, later in itertools.pairwise(times)]

    def rest(self):
        """Nothing moves, and nothing has to be done."""
        self.flows.moving.clear()
        self.flows.ready.clear()
        self.flows.hinted.clear()
        for flow in self.flows:
            flow.beats = 0

    def marked(self):
        """The logs that the next heartbeats include, those that get a turn, and whether the pump is woken."""
        logs = [
            [self.flows.get(member).want.log for member in marks]
            for marks in (self.flows.moving, self.flows.ready)
        ]
        return *logs, self.flows.hinted.is_set()


@pytest.fixture
def play():
    loop = VirtualLoop()

    async def begin(scene):
        return await scene(Desk())

    yield lambda scene: loop.run_until_complete(begin(scene))
    loop.close()


# -- the first tick, and the end ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "ending", "did"),
    [
        (brings(want()), None, [("drop", "p|1|"), ("obey_stop", "1"), ("open_soon", "1")]),
        (Tick(holds=False), Ending.LOST, []),
        (Tick(holds=False, ended=True), Ending.IDLE, []),
        (ControlUnavailable("away"), Ending.ORPHANED, []),
    ],
)
def test_a_reader_begins_if_it_gets_the_lease_and_something_is_wanted(play, answer, ending, did):
    async def scene(desk):
        desk.lease.answers = [answer]
        return await desk.ticks.first(), desk.did, desk.lease.asked

    assert play(scene) == (ending, did, [(0.0, False, True)])


@pytest.mark.parametrize(("ended", "ending"), [(True, Ending.IDLE), (False, Ending.LOST)])
def test_a_reader_that_holds_no_lease_ends_and_does_nothing_with_the_tick(play, ended, ending):
    async def scene(desk):
        desk.lease.answers = [replace(brings(want()), holds=False, ended=ended)]
        return await desk.ticks.keep(), desk.did

    assert play(scene) == (ending, [])


def test_a_reader_ends_when_redis_was_silent_for_too_long_and_not_at_the_first_failure(play):
    async def scene(desk):
        def away():
            desk.lease.is_orphaned = True
            raise ControlUnavailable("away")

        desk.lease.answers = [ControlUnavailable("away"), away]
        return await desk.ticks.keep(), len(desk.lease.asked)

    assert play(scene) == (Ending.ORPHANED, 2)


def test_it_may_end_10_s_after_nothing_was_wanted_any_more(play):
    async def scene(desk):
        idle = [Tick(holds=True)] * 12
        await desk.go(*idle)
        return next(at for at, may_end, _ in desk.lease.asked if may_end)

    # The tick at 1 s found nothing wanted.
    assert play(scene) == 11.0


@pytest.mark.parametrize("is_range", [True, False])
def test_what_is_wanted_again_puts_off_the_end(play, is_range):
    async def scene(desk):
        def wanted():
            desk.answering = ["r"] if is_range else []
            return Tick(holds=True) if is_range else brings(want())

        await desk.go(*[Tick(holds=True)] * 8, wanted, *[Tick(holds=True)] * 8)
        return [may_end for _, may_end, _ in desk.lease.asked]

    assert not any(play(scene))


# -- when --------------------------------------------------------------------------------------------------------------


def test_it_ticks_each_second_whether_or_not_something_moves(play):
    async def scene(desk):
        at_rest = await desk.pauses(Tick(holds=True), brings(want()))
        return at_rest, await desk.pauses(Tick(holds=True))

    assert play(scene) == ([1.0, 1.0, 1.0], [1.0, 1.0])


def test_a_nudge_brings_one_tick_at_once(play):
    async def scene(desk):
        desk.lease.tick_soon.set()
        return await desk.pauses(Tick(holds=True), Tick(holds=True))

    assert play(scene) == [0.0, 1.0, 1.0]


def test_while_a_flow_waits_for_credit_pauses_grow_from_2_ms_to_a_tenth_of_a_second(play):
    async def scene(desk):
        desk.flows.starved["p|1|"] = desk.began
        desk.flows.starved["p|2|"] = desk.began - 60  # the one that came last decides
        return await desk.pauses(*[Tick(holds=True)] * 40)

    pauses = play(scene)

    assert pauses[:2] == [0.002, 0.002]
    assert pauses == sorted(pauses)
    assert 0.002 < pauses[20] < 0.1
    assert pauses[-1] == 0.1


def test_a_reader_that_is_nudged_looks_for_credit_by_itself_each_tenth_of_a_second_only(play):
    async def scene(desk):
        desk.lease.is_nudged = True
        desk.flows.starved["p|1|"] = desk.began
        starved = await desk.pauses(*[Tick(holds=True)] * 3)
        desk.lease.tick_soon.set()
        return starved, (await desk.pauses(Tick(holds=True)))[0]

    assert play(scene) == ([0.1, 0.1, 0.1, 0.1], 0.0)


def test_failures_are_soon_tried_again_then_double_the_pause_up_to_2_s_and_success_ends_that(play):
    async def scene(desk):
        return await desk.pauses(*[ControlUnavailable("away")] * 5, Tick(holds=True))

    assert play(scene) == [1.0, 0.2, 0.4, 0.8, 1.6, 2.0, 1.0]


def test_a_failure_is_said_once_until_redis_answers_again(play, caplog):
    async def scene(desk):
        away = ControlUnavailable("away")
        await desk.go(away, away, away, Tick(holds=True), away)

    play(scene)

    assert [record.getMessage() for record in caplog.records] == [
        "reader on queue q: Redis does not respond: away"
    ] * 2


# -- wants -------------------------------------------------------------------------------------------------------------


def test_a_want_that_is_gone_has_its_file_closed_and_its_answer_dropped(play):
    async def scene(desk):
        await desk.go(brings(want("1"), want("2")))
        did = await desk.go(Tick(holds=True, changed={"p|1|": None}))
        return did, desk.flows.members()

    assert play(scene) == ([("drop", "p|1|"), ("close_file", "1")], ["p|2|"])


@pytest.mark.parametrize(
    ("is_full", "left", "dropped"), [(True, ["p|2|"], ["p|1|", "p|r|"]), (False, ["p|1|", "p|2|"], [])]
)
def test_what_a_full_tick_does_not_name_is_wanted_no_more(play, is_full, left, dropped):
    async def scene(desk):
        await desk.go(brings(want("1"), want("2")))
        desk.answering = ["p|r|"]
        did = await desk.go(brings(want("2"), is_full=is_full))
        return desk.flows.members(), sorted(each[1] for each in did if each[0] == "drop")

    assert play(scene) == (left, dropped)


def test_a_request_for_history_is_answered_and_is_no_flow(play):
    async def scene(desk):
        return await desk.go(brings(want(position=Place("f", 0), end=9))), len(desk.flows)

    assert play(scene) == ([("answer", "1")], 0)


@pytest.mark.parametrize(
    ("revision", "did"),
    [("a", []), ("b", [("drop", "p|1|"), ("close_file", "1"), ("obey_stop", "1"), ("open_soon", "1")])],
)
def test_a_want_of_another_revision_of_the_row_is_opened_anew(play, revision, did):
    async def scene(desk):
        await desk.go(brings(want(revision="a")))
        first = desk.flows.get("p|1|")
        return await desk.go(brings(want(revision=revision))), desk.flows.get("p|1|") is first

    assert play(scene) == (did, not did)


@pytest.mark.parametrize(
    ("change", "did"),
    [
        ({"credit": 2**21}, []),
        ({"serial": 2}, [("rewind", "1")]),
        ({"mailbox": "other"}, [("renew",)]),
        ({"mailbox": "other", "serial": 2}, [("rewind", "1"), ("renew",)]),
    ],
)
def test_a_want_that_changed_is_served_on_and_said_of_in_the_next_heartbeats(play, change, did):
    async def scene(desk):
        await desk.go(brings(want("1"), want("2")))
        flow = desk.flows.get("p|1|")
        flow.follower, flow.number, flow.not_before = SimpleNamespace(), 7, 5.0
        desk.rest()
        asked = want(**change)
        done = await desk.go(brings(asked))
        return done, flow.want == asked, desk.marked(), flow.beats, (flow.number, flow.not_before)

    is_new = "serial" in change
    assert play(scene) == (did, True, (["1"], ["1"], True), 4, (0, 0.0) if is_new else (7, 5.0))


def test_a_thread_that_reads_is_left_alone_and_the_flow_rewinds_afterwards(play):
    async def scene(desk):
        await desk.go(brings(want()))
        flow = desk.flows.get("p|1|")
        flow.follower, flow.poll_task = SimpleNamespace(), asyncio.ensure_future(asyncio.sleep(0))
        same = await desk.go(brings(want(position=Place("f", 3)))), flow.must_rewind
        return same, await desk.go(brings(want(serial=2))), flow.must_rewind

    assert play(scene) == (([], False), [], True)


def test_what_was_taken_need_not_be_kept_by_the_follower(play):
    async def scene(desk):
        await desk.go(brings(want()))
        flow = desk.flows.get("p|1|")
        released = []
        flow.follower = SimpleNamespace(release=released.append)
        sealed = flow.seals.seal_place(Place("f", 3))
        await desk.go(brings(want(position=sealed)))
        await desk.go(brings(want()))
        return released

    assert play(scene) == [Place("f", 3)]


def test_more_credit_ends_the_wait_of_the_one_that_waited_for_it(play):
    async def scene(desk):
        await desk.go(brings(want("1"), want("2")))
        for flow in desk.flows:
            flow.not_before = 5.0
            desk.flows.starved[flow.member] = desk.began
        await desk.go(brings(want("1", credit=2**21)))
        return {flow.want.log: flow.not_before for flow in desk.flows}, list(desk.flows.starved)

    assert play(scene) == ({"1": 0.0, "2": 5.0}, ["p|2|"])


def test_new_connections_are_used_once_for_a_mailbox_that_moved(play):
    async def scene(desk):
        moved = want(mailbox="other")
        await desk.go(brings(want()))
        return await desk.go(brings(moved), brings(moved), Tick(holds=True))

    assert play(scene) == [("renew",)]


# -- stops and notes ---------------------------------------------------------------------------------------------------


def test_the_stop_flag_is_obeyed_by_every_flow_when_it_changes(play):
    async def scene(desk):
        await desk.go(brings(want("1"), want("2")))
        stop = Tick(holds=True, stops={"1": "why"})
        set_twice = await desk.go(stop, stop), desk.sources.stops
        return set_twice, await desk.go(Tick(holds=True)), desk.sources.stops

    both = [("obey_stop", "1"), ("obey_stop", "2")]
    assert play(scene) == ((both, {"1": "why"}), both, {})


@pytest.mark.parametrize(
    ("log", "noted"), [("1", ["1"]), ("2", ["2"]), ("*", ["1", "2"]), ("3", []), ("9", ["2"])]
)
def test_a_note_is_queued_in_the_streams_it_is_for_and_they_get_a_turn(play, log, noted):
    async def scene(desk):
        await desk.go(brings(want("1"), want("2")))
        desk.rest()
        await desk.go(Tick(holds=True, notes=(Note(log, "hi", "info", 1.0),)))
        return [flow.want.log for flow in desk.flows if flow.outbox], desk.marked()

    assert play(scene) == (noted, (noted, noted, bool(noted)))


# -- errors ------------------------------------------------------------------------------------------------------------


def test_an_error_in_one_want_concerns_only_that_log(play):
    async def scene(desk):
        desk.broken = {("obey_stop", "1")}
        did = await desk.go(brings(want("1"), want("2")))
        return [each for each in did if each[0] in ("fail", "open_soon", "failed")]

    assert play(scene) == [("fail", "1"), ("open_soon", "2")]


def test_an_error_in_a_want_without_a_flow_is_counted_with_the_log_s_name(play):
    async def scene(desk):
        desk.broken = {("close_file", "1")}
        await desk.go(brings(want("1")))
        gone = await desk.go(Tick(holds=True, changed={"p|1|": None}))
        desk.answer = None  # which nobody can call
        return gone[1:], await desk.go(brings(want("7", files=True)))

    assert play(scene) == (
        [("failed", "a want of log 'p|1|'", "LookupError")],
        [("failed", "a want of log '7'", "TypeError")],
    )


def test_a_log_that_fails_to_obey_a_stop_or_to_take_a_note_leaves_the_others_alone(play):
    async def scene(desk):
        await desk.go(brings(want("1"), want("2")))
        desk.broken = {("obey_stop", "1")}
        stopped = await desk.go(Tick(holds=True, stops={"*": "why"}))
        desk.flows.get("p|1|").follower = object()  # has no position
        noted = await desk.go(Tick(holds=True, stops={"*": "why"}, notes=(Note("*", "hi", "info", 1.0),)))
        return stopped, noted, [flow.want.log for flow in desk.flows if flow.outbox]

    assert play(scene) == ([("fail", "1"), ("obey_stop", "2")], [("fail", "1")], ["2"])
