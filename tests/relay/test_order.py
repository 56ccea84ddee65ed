"""Which item comes next: the next number of the feed's own serial, from the one reader it listens to."""

import itertools

import pytest

from django_logtail.relay.order import Order, Verdict

READER = ("token", 1)
OTHER = ("other", 1)
PAST = ("past", 1)


@pytest.fixture
def order() -> Order:
    return Order(itertools.count(1), is_past=lambda token: token == PAST[0])


def test_items_are_taken_in_the_order_of_their_numbers(order: Order) -> None:
    assert [order.judge(1, READER, number) for number in (1, 2, 3)] == [Verdict.NEXT] * 3


def test_what_was_taken_before_is_passed_over(order: Order) -> None:
    order.judge(1, READER, 1)
    order.judge(1, READER, 2)

    assert [order.judge(1, READER, number) for number in (2, 1)] == [Verdict.PASSED] * 2


def test_a_number_that_is_missing_is_noticed(order: Order) -> None:
    order.judge(1, READER, 1)

    assert order.judge(1, READER, 3) is Verdict.LOST


def test_an_item_of_another_serial_is_passed_over(order: Order) -> None:
    order.restart()

    assert order.judge(1, READER, 1) is Verdict.PASSED


def test_another_reader_is_listened_to_from_its_first_item_on(order: Order) -> None:
    order.judge(1, READER, 1)

    assert order.judge(1, OTHER, 1) is Verdict.NEXT
    assert order.judge(1, READER, 2) is Verdict.FOREIGN


def test_a_reader_of_the_past_is_not_begun_with_but_heard_to_its_end(order: Order) -> None:
    listening = Order(itertools.count(1), is_past=lambda token: True)
    listening._source = PAST

    assert order.judge(1, PAST, 1) is Verdict.PASSED
    assert listening.judge(1, PAST, 1) is Verdict.NEXT


def test_two_equal_heartbeats_behind_which_an_item_is_missing_say_that_it_is_lost(order: Order) -> None:
    order.judge(1, READER, 1)

    assert not order.is_last_lost(1, READER, 2)
    assert order.is_last_lost(1, READER, 2)


def test_an_item_that_came_after_the_heartbeat_that_named_it_is_not_lost(order: Order) -> None:
    order.judge(1, READER, 1)
    order.is_last_lost(1, READER, 2)
    order.judge(1, READER, 2)

    assert not order.is_last_lost(1, READER, 2)


def test_what_heartbeats_say_of_another_serial_is_no_loss(order: Order) -> None:
    order.judge(1, READER, 1)
    order.restart()

    assert not order.is_last_lost(1, READER, 5)
    assert not order.is_last_lost(1, READER, 5)
    assert not order.is_last_lost(2, READER, 0)
