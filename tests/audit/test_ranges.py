"""Which bytes were delivered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_logtail.audit.ranges import Ranges


def told(*added: tuple[str, int, int]) -> dict[str, list[list[int]]]:
    ranges = Ranges()
    for one in added:
        ranges.add(*one)
    return {file["file"]: file["ranges"] for file in ranges.told()}


@pytest.mark.parametrize(
    ("added", "expected"),
    [
        ([(0, 10), (10, 20)], [[0, 20]]),
        ([(0, 10), (11, 20)], [[0, 10], [11, 20]]),
        ([(10, 20), (0, 5)], [[0, 5], [10, 20]]),
        ([(10, 20), (0, 10)], [[0, 20]]),
        ([(0, 5), (10, 20), (4, 11)], [[0, 20]]),
        ([(0, 50), (10, 20)], [[0, 50]]),
        ([(10, 20), (10, 20)], [[10, 20]]),
        ([(5, 5), (7, 6)], None),
    ],
)
def test_ranges_that_touch_are_one(added: list[tuple[int, int]], expected: list[list[int]] | None) -> None:
    assert told(*(("f", *one) for one in added)).get("f") == expected


def test_files_are_told_apart() -> None:
    assert told(("f", 0, 10), ("g", 5, 20)) == {"f": [[0, 10]], "g": [[5, 20]]}


@pytest.mark.parametrize(("count", "kept", "is_exact"), [(99, 99, True), (100, 100, True), (101, 100, False)])
def test_beyond_a_hundred_the_two_with_the_smallest_gap_are_joined(
    count: int, kept: int, is_exact: bool
) -> None:
    ranges = Ranges()
    for index in range(count):
        start = index * 100 + (50 if index == 40 else 0)
        ranges.add("f", start, start + 10)

    (file,) = ranges.told()

    assert len(file["ranges"]) == kept
    assert ranges.is_exact is is_exact
    assert ([4050, 4110] in file["ranges"]) is not is_exact


def test_of_too_many_files_the_first_is_left_out() -> None:
    ranges = Ranges()
    for index in range(101):
        ranges.add(f"f{index}", 0, 10)

    assert [file["file"] for file in ranges.told()] == [f"f{index}" for index in range(1, 101)]
    assert not ranges.is_exact


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=20))
def test_they_cover_exactly_what_was_added(added: list[tuple[int, int]]) -> None:
    ranges = Ranges()
    for start, end in added:
        ranges.add("f", start, end)

    covered = {at for file in ranges.told() for start, end in file["ranges"] for at in range(start, end)}

    assert covered == {at for start, end in added for at in range(start, end)}
