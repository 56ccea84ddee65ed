"""What is known about a queue's reader: when silence is noticed, when viewers are told, and which reader replaced
which.
"""

import pytest

from django_logtail.relay.liveness import Readers


@pytest.fixture
def readers() -> Readers:
    """Of a queue that is watched since second 100, and whose reader was heard in second 110."""
    readers = Readers()
    readers.wanted("q", 100.0)
    readers.heard("q", 110.0)
    return readers


@pytest.mark.parametrize(("now", "is_silent"), [(111.19, False), (111.21, True)])
def test_a_reader_is_silent_after_1_2_s(readers: Readers, now: float, is_silent: bool) -> None:
    assert readers.is_silent("q", now) is is_silent


@pytest.mark.parametrize(("now", "pause"), [(110.0, 1.2), (111.0, 0.2), (112.0, 0.4), (200.0, 0.4)])
def test_wants_are_posted_once_it_is_silent_and_then_every_0_4_s(
    readers: Readers, now: float, pause: float
) -> None:
    assert readers.pause("q", now) == pytest.approx(pause)


@pytest.mark.parametrize(("now", "is_missing"), [(112.9, False), (113.1, True)])
def test_viewers_are_told_after_3_s_without_a_reader(readers: Readers, now: float, is_missing: bool) -> None:
    assert readers.is_missing("q", now) is is_missing


@pytest.mark.parametrize(("now", "is_missing"), [(122.9, False), (123.1, True)])
def test_a_queue_that_is_watched_anew_is_given_its_time_again(now: float, is_missing: bool) -> None:
    readers = Readers()
    readers.wanted("q", 100.0)
    readers.heard("q", 110.0)
    readers.unwanted("q")
    readers.wanted("q", 120.0)
    readers.wanted("q", 122.0)  # by one more viewer

    assert readers.is_missing("q", now) is is_missing


def test_what_is_heard_of_one_queue_says_nothing_of_another(readers: Readers) -> None:
    readers.wanted("other", 100.0)

    assert not readers.is_missing("q", 112.0)
    assert readers.is_missing("other", 112.0)


@pytest.mark.parametrize(("now", "is_absent"), [(117.9, False), (118.1, True)])
def test_who_does_not_wait_for_a_reader_is_told_3_s_after_redis_named_one(
    now: float, is_absent: bool
) -> None:
    readers = Readers()
    readers.holds("q", "one", 115.0)
    readers.holds("q", "", 116.0)
    readers.holds("other", "two", 117.0)

    assert readers.is_absent("q", now, 100.0) is is_absent


@pytest.mark.parametrize(("now", "is_absent"), [(122.9, False), (123.1, True)])
def test_who_asks_later_is_given_3_s_too(readers: Readers, now: float, is_absent: bool) -> None:
    assert readers.is_absent("q", now, 120.0) is is_absent


def test_a_reader_that_is_heard_is_there(readers: Readers) -> None:
    readers.heard("q", 120.0)

    assert [readers.is_absent("q", now, 100.0) for now in (122.9, 123.1)] == [False, True]


def test_a_reader_that_another_one_came_after_is_of_the_past(readers: Readers) -> None:
    readers.holds("q", "one", 0.0)
    readers.holds("q", "", 0.0)
    readers.holds("q", "one", 0.0)
    before = readers.is_past("one")
    readers.holds("q", "two", 0.0)

    assert not before
    assert readers.is_past("one")
    assert not readers.is_past("two")


def test_a_reader_that_holds_the_lease_again_is_not_of_the_past(readers: Readers) -> None:
    for token in ("one", "two", "one"):
        readers.holds("q", token, 0.0)

    assert not readers.is_past("one")
    assert readers.is_past("two")


def test_sixteen_readers_of_the_past_are_remembered(readers: Readers) -> None:
    for number in range(18):
        readers.holds("q", str(number), 0.0)

    assert [readers.is_past(str(number)) for number in (0, 1, 16, 17)] == [False, True, True, False]


@pytest.mark.parametrize(("now", "trouble"), [(117.9, "first"), (118.1, "")])
def test_a_reader_that_is_not_understood_is_told_of_for_3_s_with_the_first_reason(
    readers: Readers, now: float, trouble: str
) -> None:
    readers.misunderstood("q", "first", 113.0)
    readers.misunderstood("q", "second", 115.0)

    assert readers.trouble("q", now) == trouble
    assert readers.trouble("other", now) == ""
