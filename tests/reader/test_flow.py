"""One want being served: what it may read, what is charged to its credit, and the state it reports."""

from types import SimpleNamespace

import pytest

from django_logtail.control.wants import Want
from django_logtail.place import Place
from django_logtail.reader.flow import Flow
from django_logtail.reader.flows import Flows
from django_logtail.reader.heartbeats import Heartbeats
from django_logtail.reader.seals import Seals
from django_logtail.tailing.events import Batch, Event, Kind
from django_logtail.timing import TokenBucket

KIB = 1024


def flow(**more):
    return Flow(Want("p", "1", "", "box", 1, **{"credit": 2**20, **more}), "token", 1)


def batch(data, *, partial=False, late=False, start=0):
    return Batch(Place("a", start), data, partial=partial, late=late)


@pytest.mark.parametrize(
    ("credit", "allowance", "turn"),
    [
        (64 * KIB - 1, 0, 0),
        (64 * KIB, 64 * KIB, 64 * KIB),
        (256 * KIB, 256 * KIB, 256 * KIB),
        (257 * KIB, 257 * KIB, 256 * KIB),
    ],
)
def test_a_turn_takes_256_kib_at_most_and_nothing_rather_than_less_than_a_batch(credit, allowance, turn):
    served = flow(credit=credit)

    assert (served.allowance, served.turn_bytes) == (allowance, turn)


def test_whole_bytes_count_against_the_credit_and_a_line_shown_early_does_not():
    served = flow(credit=128 * KIB)

    served.put(batch(b"x" * KIB, partial=True))
    early = served.sent, served.number, served.emitted
    served.put(batch(b"x" * KIB))

    assert early == (0, 1, 0)
    assert (served.sent, served.number, served.emitted) == (KIB, 2, KIB)
    assert served.allowance == 127 * KIB


def test_what_was_taken_is_credit_again():
    served = flow(credit=128 * KIB, taken=64 * KIB)
    served.put(batch(b"x" * 64 * KIB))

    assert served.allowance == 128 * KIB


def test_a_new_serial_counts_from_1_again_and_sends_nothing_of_the_old_one():
    served = flow(credit=128 * KIB, taken=5)
    served.not_before, served.stands_at = 99.0, Place("a", 1)
    served.put(batch(b"x" * KIB))

    served.start_over()

    assert (served.number, served.sent, served.not_before, served.stands_at) == (0, 5, 0.0, None)
    assert not served.outbox
    assert served.emitted == KIB  # what it has read in all


@pytest.mark.parametrize("which", [0, 1])
def test_a_budget_that_is_spent_says_how_long_to_wait_and_which_it_was(which):
    served = flow()
    budgets = [TokenBucket(128 * KIB, 0.0), TokenBucket(128 * KIB, 0.0)]
    served.budgets = tuple(zip(budgets, ("ONE", "TWO"), strict=True))
    served.follower = SimpleNamespace(state="reading", size=5)
    budgets[which].spend(128 * KIB)

    allowed = served.affordable(0.0)

    assert allowed == -1
    assert served.not_before == pytest.approx(0.5)
    assert served.state == ("reading", f"reason:limited?bytes=131072&setting={('ONE', 'TWO')[which]}")


@pytest.mark.parametrize(("now", "is_limited"), [(1.9, True), (2.1, False)])
def test_a_flow_counts_as_limited_for_2_s(now, is_limited):
    served = flow()
    budget = TokenBucket(128 * KIB, 0.0)
    served.budgets = ((budget, "ONE"),)
    served.follower = SimpleNamespace(state="reading")
    budget.spend(128 * KIB)
    served.affordable(0.0)

    allowed = served.affordable(now)

    assert allowed == 128 * KIB
    assert bool(served.state[1]) is is_limited


def test_what_the_budgets_have_left_bounds_a_turn_and_both_are_charged():
    served = flow()
    budgets = TokenBucket(100 * KIB, 0.0), TokenBucket(90 * KIB, 0.0)
    served.budgets = tuple(zip(budgets, ("ONE", "TWO"), strict=True))

    allowed = served.affordable(0.0)
    served.put(batch(b"x" * 30 * KIB))

    assert allowed == 90 * KIB
    assert [budget.left(0.0) for budget in budgets] == [70 * KIB, 60 * KIB]


def test_without_credit_there_is_nothing_to_wait_for_at_a_budget():
    served = flow(credit=0)
    budget = TokenBucket(128 * KIB, 0.0)
    budget.spend(10**9)
    served.budgets = ((budget, "ONE"),)

    assert served.affordable(0.0) == 0


def test_trouble_comes_before_what_the_follower_says_and_without_a_file_it_is_being_opened():
    served = flow()
    opening = served.state, served.size
    served.follower = SimpleNamespace(state="missing", reason="it was removed", size=7)
    missing = served.state, served.size
    served.trouble = ("stopped", "disk is full")

    assert opening == (("opening", ""), None)
    assert missing == (("missing", "it was removed"), 7)
    assert (served.state, served.is_stopped) == (("stopped", "disk is full"), True)


def test_ids_of_files_leave_sealed_and_late_bytes_and_places_come_back_opened():
    sealed = Seals("1").seal("a")
    served = flow(position=Place(sealed, 5), late={Seals("1").seal("b"): 7})
    served.put(batch(b"x\n", late=True))
    served.put(Event(Kind.ROTATED, Place("a", 2), Place("b", 0), {"name": "a.1"}))

    sent, event = served.outbox

    assert (served.position, served.late) == (Place("a", 5), {"b": 7})
    assert (sent.start, sent.is_late, sent.is_partial) == (Place(sealed, 0), True, False)
    assert (sent.token, sent.run, sent.member, sent.serial) == ("token", 1, "p|1|", 1)
    assert event.before == Place(sealed, 2)
    assert event.after == Place(Seals("1").seal("b"), 0)
    assert (event.kind, event.details) == ("rotated", {"name": "a.1"})


def test_a_note_before_a_file_is_open_stands_where_the_want_does():
    sealed = Seals("1").seal("a")
    served = flow(position=Place(sealed, 5))

    served.put_note("hi", "info", 1.23456)

    [note] = served.outbox
    assert (note.before, note.after) == (Place(sealed, 5), Place(sealed, 5))
    assert note.details == {"text": "hi", "level": "info", "at": 1.235}


def test_each_flow_has_a_run_of_its_own_and_one_that_is_dropped_is_named_no_more():
    flows = Flows("token")
    first = flows.begin(Want("p", "1", "", "box", 1, 0, taken=9))
    second = flows.begin(Want("p", "2", "", "box", 2, 0))
    flows.starved[first.member] = 1.0

    dropped = flows.drop(first.member)
    again = flows.begin(Want("p", "1", "", "box", 3, 0))

    assert dropped is first
    assert (first.run, second.run, again.run, first.sent) == (1, 2, 3, 9)
    assert list(flows) == [second, again]
    assert flows.starved == {}
    flows.may_have_moved(first)
    assert list(flows.moving) == ["p|2|", "p|1|"]
    assert flows.get("p|1|") is again


def test_what_moved_is_named_in_four_heartbeats_and_a_hint_wakes_whoever_reads():
    flows = Flows("token")
    one, other = flows.begin(Want("p", "1", "", "box", 1, 0)), flows.begin(Want("p", "2", "", "box", 2, 0))
    one.beats = other.beats = 0

    flows.put(one, [batch(b"x\n")])
    flows.put(other, [])
    flows.hint(one)

    assert (one.beats, other.beats) == (4, 0)
    assert list(flows.ready) == [one.member]
    assert flows.hinted.is_set()


def test_open_files_are_those_of_one_log_and_of_flows_that_have_one():
    flows = Flows("token")
    ids = [
        "fe00-10-18ec4abdd30a6fbd-100-e4a6a0577479b2b4-a33e57",
        "fe00-11-18ec4abdd30a6fbd-100-e4a6a0577479b2b4-a33e57",
    ]
    for number, log in enumerate(("1", "2", "1")):
        begun = flows.begin(Want("p", log, str(number), "box", number, 0))
        if number < 2:
            begun.follower = SimpleNamespace(position=Place(ids[number], 0))

    assert list(flows.open_files("1").values()) == ids[:1]
    assert list(flows.open_files("2").values()) == ids[1:]
    assert flows.open_files("3") == {}


@pytest.mark.parametrize("unsent", [0, 1, 2])
def test_a_heartbeat_counts_the_items_that_were_sent_and_not_those_that_wait(unsent):
    served = flow()
    for _ in range(2):
        served.put(batch(b"x"))
    while len(served.outbox) > unsent:
        served.outbox.popleft()

    said = Heartbeats(Flows("token"), None, None, None)._said_of(served)

    assert said.number == 2 - unsent
