"""Unacknowledged bytes: when the next frame may be sent, and what an acknowledgement frees."""

import asyncio

import pytest

from django_logtail.place import Place
from django_logtail.viewing import unacknowledged as module
from django_logtail.viewing.unacknowledged import Unacknowledged


class Clock:
    now = 1_000.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.fixture
def unacknowledged():
    return Unacknowledged()


async def is_shut(waiting):
    """Whether it still waits once all that could run has run."""
    task = asyncio.ensure_future(waiting)
    for _ in range(3):
        await asyncio.sleep(0)
    is_done = task.done()
    task.cancel()
    return not is_done


async def test_less_than_a_window_may_be_sent_without_an_acknowledgement(unacknowledged):
    unacknowledged.sent(256 * 1024 - 1, Place("a", 256 * 1024 - 1))

    assert not await is_shut(unacknowledged.until_open())


async def test_a_full_window_opens_with_what_is_acknowledged(unacknowledged):
    unacknowledged.sent(256 * 1024, Place("a", 256 * 1024))
    was_shut = await is_shut(unacknowledged.until_open())
    waiting = asyncio.ensure_future(unacknowledged.until_open())

    is_new = unacknowledged.acknowledge(Place("a", 256 * 1024))
    await asyncio.wait_for(waiting, 10)

    assert was_shut
    assert is_new


@pytest.mark.parametrize("place", [Place("a", 9), Place("b", 10)])
def test_a_place_before_the_first_frames_end_or_in_another_file_is_nothing_new(unacknowledged, place):
    unacknowledged.sent(10, Place("a", 10))

    assert not unacknowledged.acknowledge(place)


def test_the_same_place_is_new_only_once(unacknowledged):
    unacknowledged.sent(10, Place("a", 10))

    assert [unacknowledged.acknowledge(Place("a", 10)) for _ in range(2)] == [True, False]


async def test_an_event_counts_as_well_and_is_freed_with_the_place_it_stands_at(unacknowledged):
    unacknowledged.sent(256 * 1024, Place("a", 256 * 1024))
    unacknowledged.sent(16, Place("a", 256 * 1024))

    unacknowledged.acknowledge(Place("a", 256 * 1024))
    unacknowledged.sent(256 * 1024 - 1, Place("a", 2 * 256 * 1024 - 1))

    assert not await is_shut(unacknowledged.until_open())


async def test_what_comes_before_there_is_a_place_does_not_count(unacknowledged):
    unacknowledged.sent(256 * 1024, None)

    assert not await is_shut(unacknowledged.until_open())


async def test_a_held_window_is_shut_until_it_is_released(unacknowledged):
    unacknowledged.hold()
    was_shut = await is_shut(unacknowledged.until_open())
    unacknowledged.release()

    assert was_shut
    assert not await is_shut(unacknowledged.until_open())
    assert not await is_shut(unacknowledged.until_open())


@pytest.mark.parametrize(("seconds", "is_overdue"), [(29.9, False), (30.1, True)])
def test_what_is_not_acknowledged_for_30_s_is_overdue(clock, seconds, is_overdue):
    held = Unacknowledged()
    clock.now += 500  # nothing was sent
    nothing = held.is_overdue
    held.sent(10, Place("a", 10))
    clock.now += seconds

    assert (nothing, held.is_overdue) == (False, is_overdue)


def test_more_that_is_sent_gives_no_more_time_and_an_acknowledgement_does(clock):
    held = Unacknowledged()
    held.sent(10, Place("a", 10))
    clock.now += 29
    held.sent(10, Place("a", 20))
    clock.now += 2
    before = held.is_overdue
    held.acknowledge(Place("a", 10))
    clock.now += 29
    after = held.is_overdue
    clock.now += 2

    assert (before, after, held.is_overdue) == (True, False, True)


def test_all_that_is_acknowledged_is_never_overdue(clock):
    held = Unacknowledged()
    held.sent(10, Place("a", 10))
    held.acknowledge(Place("a", 10))
    clock.now += 500

    assert not held.is_overdue


def test_who_holds_is_not_overdue_and_has_their_time_again_afterwards(clock):
    held = Unacknowledged()
    held.sent(10, Place("a", 10))
    held.hold()
    clock.now += 500
    when_held = held.is_overdue
    held.release()
    clock.now += 29
    released = held.is_overdue
    clock.now += 2

    assert (when_held, released, held.is_overdue) == (False, False, True)


async def test_an_acknowledgement_frees_what_it_covers_and_no_more(unacknowledged):
    half = 128 * 1024
    unacknowledged.sent(half, Place("a", 1))
    unacknowledged.sent(half, Place("a", 2))
    unacknowledged.sent(half, Place("a", 3))

    unacknowledged.acknowledge(Place("a", 1))
    one = await is_shut(unacknowledged.until_open())
    unacknowledged.acknowledge(Place("a", 2))

    assert one
    assert not await is_shut(unacknowledged.until_open())
