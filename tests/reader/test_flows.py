"""Which flows there are, and which of them have something to do."""

from types import SimpleNamespace

import pytest

from django_logtail.control.wants import Want
from django_logtail.place import Place
from django_logtail.reader.flows import Flows
from django_logtail.tailing.events import Batch


def want(log="1", flow="", taken=0):
    return Want("p", log, flow, "box", 1, credit=2**20, taken=taken)


@pytest.fixture
def flows():
    return Flows("token")


def rest(flows):
    flows.moving.clear()
    for flow in flows:
        flow.beats = 0


def test_a_new_flow_has_its_own_run_counts_what_was_taken_and_is_said_of(flows):
    first, second = flows.begin(want("1")), flows.begin(want("2", taken=7))

    assert [(flow.token, flow.run, flow.sent, flow.beats) for flow in (first, second)] == [
        ("token", 1, 0, 4),
        ("token", 2, 7, 4),
    ]
    assert list(flows.moving) == flows.members() == ["p|1|", "p|2|"]
    assert (len(flows), list(flows), flows.get("p|2|"), flows.get("p|3|")) == (
        2,
        [first, second],
        second,
        None,
    )


def test_nothing_is_kept_of_a_flow_that_is_dropped_and_all_of_the_others(flows):
    for log in ("1", "2"):
        flows.starved[flows.begin(want(log)).member] = 5.0
    first = flows.get("p|1|")

    assert flows.drop("p|1|") is first
    assert flows.drop("p|1|") is None
    assert (flows.members(), list(flows.moving), flows.starved) == (["p|2|"], ["p|2|"], {"p|2|": 5.0})


def test_what_is_emitted_is_queued_and_said_of(flows):
    quiet, busy = flows.begin(want("1")), flows.begin(want("2"))
    rest(flows)

    flows.put(quiet, [])
    flows.put(busy, [Batch(Place("f", 0), b"a\n"), Batch(Place("f", 2), b"b\n")])

    assert [item.data for item in busy.outbox] == [b"a\n", b"b\n"]
    assert (list(flows.moving), busy.beats, quiet.beats) == (["p|2|"], 4, 0)


def test_what_may_have_moved_is_looked_at_and_not_said_of(flows):
    flow = flows.begin(want())
    rest(flows)

    flows.may_have_moved(flow)

    assert (list(flows.moving), flow.beats) == (["p|1|"], 0)


def test_a_flow_that_another_one_came_after_moves_nothing(flows):
    old = flows.begin(want())
    flows.drop(old.member)
    flows.may_have_moved(old)
    gone = list(flows.moving)
    flows.begin(want())
    rest(flows)
    flows.may_have_moved(old)

    assert (gone, list(flows.moving)) == ([], [])


def test_a_hint_gives_a_turn_and_wakes_the_pump(flows):
    flows.begin(want("1"))
    second = flows.begin(want("2"))
    before = flows.hinted.is_set()

    flows.hint(second)

    assert (before, list(flows.ready), flows.hinted.is_set()) == (False, ["p|2|"], True)


def test_the_open_files_of_a_log_are_those_of_its_flows_and_of_no_other_log(flows):
    places = {"a": Place("5-7-0-9-x", 3), "b": None, "c": Place("5-8-0-9-y", 0)}
    for name, place in places.items():
        flows.begin(want("1", name)).follower = SimpleNamespace(position=place)
    flows.begin(want("1", "closed"))
    flows.begin(want("2")).follower = SimpleNamespace(position=Place("5-9-0-9-z", 0))

    assert set(flows.open_files("1").values()) == {"5-7-0-9-x", "5-8-0-9-y"}
    assert set(flows.open_files("2").values()) == {"5-9-0-9-z"}


@pytest.mark.parametrize(
    ("is_ready", "not_before", "waits"), [(True, 10.1, True), (True, 10.0, False), (False, 10.1, False)]
)
def test_a_flow_awaits_its_round_if_its_turn_will_come_but_not_yet(flows, is_ready, not_before, waits):
    flow, other = flows.begin(want("1")), flows.begin(want("2"))
    flow.not_before = not_before
    if is_ready:
        flows.ready[flow.member] = None

    assert [flows.awaits_its_round(name, 10.0) for name in (flow.member, other.member, "gone")] == [
        waits,
        False,
        False,
    ]
