"""What a process's users have open and read, told to all web processes, whatever becomes of Redis."""

import asyncio
import threading

import pytest

from django_logtail.control import ControlUnavailable
from django_logtail.control.limits import MemoryLimits, Spent, Taken
from django_logtail.viewing.tally import Tally
from tests.stack import wait_until


class Counts:
    """What Redis would have: it can be away, or slow."""

    def __init__(self, clock):
        self.memory = MemoryLimits(clock)
        self.is_away = False
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.calls = []
        self.held = {}

    def _call(self, name, *arguments):
        self.calls.append(name)
        if self.is_away:
            raise ControlUnavailable("gone")
        assert self.may_go_on.wait(30)
        return arguments

    def take(self, process, kind, user, name, most):
        self._call("take")
        names = self.held.setdefault((kind, user), set())
        if len(names) >= most:
            return Taken(False, True)
        names.add(f"{process}|{name}")
        return Taken(True)

    def free(self, process, kind, user, name):
        self._call("free")
        self.held[kind, user].discard(f"{process}|{name}")

    def beat(self, process):
        self._call("beat")

    def say(self, process, places):
        self._call("say")
        for key, names in places.items():
            self.held.setdefault(key, set()).update(f"{process}|{name}" for name in names)

    def spend(self, what, user, amount, most, window_seconds):
        self._call("spend")
        return self.memory.spend(what, user, amount, most, window_seconds)

    def lapse(self, process):
        """The places of this process no longer count."""
        for names in self.held.values():
            names -= {name for name in names if name.startswith(f"{process}|")}


class House:
    def __init__(self):
        self.now = 1_000.0
        self.counts = self.limits = Counts(lambda: self.now)
        self.tally = Tally(lambda: 500.0, lambda: self, lambda: self.now)


@pytest.fixture
def house():
    return House()


async def test_a_place_is_counted_and_given_back_before_the_next_is_taken(house):
    taken, free = await house.tally.take("viewers", "7", 1)
    refused, _ = await house.tally.take("viewers", "7", 1)
    free()
    free()
    again, _ = await house.tally.take("viewers", "7", 1)

    assert (taken, refused, again) == (Taken(True), Taken(False, True), Taken(True))
    assert house.counts.calls.count("free") == 1


async def test_without_redis_a_place_is_taken_and_nobody_else_waits_for_it(house):
    house.counts.is_away = True

    first, _ = await house.tally.take("viewers", "7", 1)
    second, _ = await house.tally.take("viewers", "8", 1)
    spent = await house.tally.spend("connects", "7", 1, 60.0)

    assert (first, second, spent) == (Taken(True), Taken(True), Spent(True, 1, 60.0))
    assert house.counts.calls == ["take"]


async def test_after_an_outage_what_is_held_is_said_and_what_was_given_back_is_not(house):
    _, kept_free = await house.tally.take("viewers", "7", 9)
    _, gone_free = await house.tally.take("viewers", "7", 9)
    (process,) = {name.partition("|")[0] for name in house.counts.held["viewers", "7"]}
    house.counts.is_away = True
    gone_free()
    await house.tally.take("viewers", "7", 9)
    house.counts.is_away = False
    house.now += 5.0

    house.tally.beat()

    house.counts.lapse(process)
    assert len(house.counts.held["viewers", "7"]) == 2
    kept_free()
    await house.tally.spend("connects", "7", 1, 60.0)
    assert len(house.counts.held["viewers", "7"]) == 1


async def test_a_process_that_was_suspended_says_all_it_holds_under_another_name(house):
    await house.tally.take("viewers", "7", 9)
    (before,) = house.counts.held["viewers", "7"]
    house.counts.held.clear()  # others have dropped what had lapsed
    house.now += 3.1

    house.tally.beat()

    (after,) = house.counts.held["viewers", "7"]
    assert after.partition("|")[2] == before.partition("|")[2]
    assert after.partition("|")[0] != before.partition("|")[0]


async def test_places_are_said_again_every_ten_seconds_and_a_beat_each_second(house):
    await house.tally.take("viewers", "7", 9)
    house.counts.calls.clear()

    for _ in range(20):
        house.now += 1.0
        house.tally.beat()

    assert (house.counts.calls.count("beat"), house.counts.calls.count("say")) == (22, 2)


async def test_who_gives_up_waiting_holds_nothing(house):
    house.counts.may_go_on.clear()
    taking = asyncio.ensure_future(house.tally.take("viewers", "7", 9))
    while "take" not in house.counts.calls:
        await asyncio.sleep(0.001)

    taking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await taking
    house.counts.may_go_on.set()
    await house.tally.spend("connects", "7", 1, 60.0)

    assert house.counts.held["viewers", "7"] == set()


async def test_bytes_are_counted_with_those_of_other_processes_and_none_is_lost_in_an_outage(house):
    house.tally.read("7", 100)
    house.counts.memory.spend("bytes", "7", 1_000, None, 500.0)
    await house.tally.refresh("7")
    assert house.tally.sum_of("7") == (1_100, 500.0)

    house.counts.is_away = True
    house.tally.read("7", 20)
    house.tally.read("8", 3)
    house.now += 1.0
    house.tally.beat()
    assert house.tally.sum_of("7") == (1_120, 499.0)
    house.counts.is_away = False
    house.now += 5.0
    house.tally.beat()

    assert house.counts.memory.totals("bytes", ["7", "8"]) == {"7": 1_120, "8": 3}


async def test_the_sum_is_0_again_when_the_window_has_ended(house):
    house.tally.read("7", 100)
    await house.tally.refresh("7")
    house.now += 499.9
    assert house.tally.sum_of("7")[0] == 100

    house.now += 0.1

    assert house.tally.sum_of("7") == (0, 500.0)


async def test_the_thread_ends_when_there_is_nothing_to_say(house):
    _, free = await house.tally.take("viewers", "7", 9)
    thread = house.tally._thread
    assert thread.is_alive()

    free()

    await asyncio.to_thread(wait_until, lambda: not thread.is_alive())
    _, free = await house.tally.take("viewers", "7", 9)
    assert house.tally._thread.is_alive()
    free()
