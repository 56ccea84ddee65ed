"""Entries over time: in which column a moment counts, and how entries are spread."""

import pytest

from django_logtail.reader.columns import Columns


def columns(*, before=False, after=False):
    """Four columns of 25 ms, from 100 to 200."""
    return Columns(100, 200, 4, before, after)


@pytest.mark.parametrize(
    ("moment", "column"),
    [(99, None), (100, 0), (124, 0), (124.9, 0), (125, 1), (174, 2), (175, 3), (199.9, 3), (200, None)],
)
def test_a_moment_counts_in_its_column(moment, column):
    made = columns()
    made.add(moment, 1)

    assert [n for n in range(4) if made.cells[3 * n + 1]] == ([] if column is None else [column])
    assert sum(made.cells) == (column is not None)


@pytest.mark.parametrize(
    ("before", "after", "moment", "column"),
    [
        (True, False, 5, 0),
        (False, True, 5, None),
        (True, False, 200, None),
        (False, True, 200, 3),
        (False, True, 999, 3),
    ],
)
def test_what_is_outside_counts_at_the_end_that_takes_it(before, after, moment, column):
    made = columns(before=before, after=after)
    made.add(moment, 2)

    assert [n for n in range(4) if made.cells[3 * n + 2]] == ([] if column is None else [column])


def spread(made, low, high, count=100, kind=0):
    cells = [0.0] * 12
    made.spread(cells, low, high, kind, count)
    assert all(cells[n] == 0 for n in range(12) if n % 3 != kind)
    return [round(cells[3 * n + kind], 6) for n in range(4)]


@pytest.mark.parametrize("kind", [0, 1, 2])
@pytest.mark.parametrize(
    ("low", "high", "shares"),
    [
        (100, 200, [25, 25, 25, 25]),
        (100, 150, [50, 50, 0, 0]),
        (110, 160, [30, 50, 20, 0]),
        (175, 200, [0, 0, 0, 100]),
        (130, 130.5, [0, 100, 0, 0]),
        (130, 131, [0, 100, 0, 0]),
        (50, 150, [25, 25, 0, 0]),
        (150, 250, [0, 0, 25, 25]),
        (0, 90, [0, 0, 0, 0]),
        (210, 300, [0, 0, 0, 0]),
        (90, 90.5, [0, 0, 0, 0]),
    ],
)
def test_entries_are_spread_evenly_over_their_time(low, high, shares, kind):
    assert spread(columns(), low, high, kind=kind) == shares


@pytest.mark.parametrize(
    ("low", "high", "shares"),
    [
        (50, 150, [75, 25, 0, 0]),
        (150, 250, [0, 0, 25, 75]),
        (0, 50, [100, 0, 0, 0]),
        (250, 300, [0, 0, 0, 100]),
        (50, 250, [37.5, 12.5, 12.5, 37.5]),
        (90, 90.5, [100, 0, 0, 0]),
    ],
)
def test_what_is_spread_beyond_the_ends_counts_there_if_they_take_it(low, high, shares):
    assert spread(columns(before=True, after=True), low, high) == shares
