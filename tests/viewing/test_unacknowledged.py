"""What was sent and not acknowledged: when the next frame may go, and what an acknowledgement frees."""

import asyncio

import pytest

from django_logtail.place import Place
from django_logtail.viewing.unacknowledged import Unacknowledged


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
    was_shut = await is_shut(unacknowledged.until_open()) and await is_shut(unacknowledged.until_released())
    unacknowledged.release()

    assert was_shut
    assert not await is_shut(unacknowledged.until_open())
    assert not await is_shut(unacknowledged.until_released())
