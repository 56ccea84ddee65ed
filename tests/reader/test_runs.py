"""What was read of a file: runs that touch become one, and nothing of it is lost."""

import math
from array import array

import pytest

from django_logtail.formats.context import Context
from django_logtail.reader.runs import Run, joined


def run(start, end, moments=(), kinds=None, early=(0, 0, 0), *, lines=1, latest=None):
    return Run(
        start,
        end,
        Context(),
        array("d", moments),
        bytearray(kinds if kinds is not None else [2] * len(moments)),
        list(early),
        lines,
        max(moments, default=-math.inf) if latest is None else latest,
    )


def shown(runs):
    return [
        (one.start, one.end, list(one.moments), list(one.kinds), one.early, one.lines, one.latest)
        for one in runs
    ]


def test_the_first_and_the_last_moment_are_those_of_the_file_and_not_the_earliest():
    assert (run(0, 9, [5, 3, 4]).first, run(0, 9, [5, 3, 4]).last) == (5, 4)
    assert [math.isnan(moment) for moment in (run(0, 9).first, run(0, 9).last)] == [True, True]
    assert run(0, 9, [5, 3], early=(1, 2, 3)).count == 8


def test_runs_that_touch_are_one_in_the_order_of_the_file():
    runs = [run(10, 20, [7, 6], [0, 1], lines=3), run(0, 10, [5], lines=2)]

    assert shown(joined(runs)) == [(0, 20, [5, 7, 6], [2, 0, 1], [0, 0, 0], 5, 7)]


def test_runs_that_do_not_touch_stay_apart():
    assert [(one.start, one.end) for one in joined([run(0, 9, [1]), run(10, 20, [2])])] == [(0, 9), (10, 20)]


def test_entries_before_the_first_time_have_the_last_one_before_them():
    runs = [run(0, 10, [5, 6]), run(10, 20, [9], early=(1, 0, 2))]

    assert shown(joined(runs)) == [(0, 20, [5, 6, 6, 6, 6, 9], [2, 2, 0, 2, 2, 2], [0, 0, 0], 2, 9)]


def test_entries_before_any_time_stay_so():
    runs = [run(0, 10, early=(1, 0, 2)), run(10, 20, early=(0, 4, 1))]

    assert shown(joined(runs)) == [(0, 20, [], [], [1, 4, 3], 2, -math.inf)]


def test_a_run_with_times_does_not_give_them_to_one_before_it_without():
    assert len(joined([run(0, 10, early=(1, 0, 0)), run(10, 20, [5])])) == 2


def test_the_latest_time_and_the_context_are_of_the_end():
    first, second = run(0, 10, [5], latest=8), run(10, 20, [6], latest=6)
    (one,) = joined([first, second])

    assert (one.latest, one.context is second.context) == (8, True)


@pytest.mark.parametrize("name", ["moments", "kinds", "early", "context"])
def test_a_copy_shares_nothing_that_changes(name):
    made = run(0, 10, [5], early=(1, 0, 0))
    copy = made.copy()

    assert getattr(copy, name) == getattr(made, name)
    assert getattr(copy, name) is not getattr(made, name)
