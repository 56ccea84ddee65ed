"""A follower that goes on where an earlier one stopped, after rotations that nobody saw."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path
from typing import Any

import pytest

from django_logtail.tailing import Place, Resume
from django_logtail.tailing.files.system import System
from tests.tailing.faults import Faulty
from tests.tailing.stage import A, B, C, D, LockStep
from tests.tailing.test_races import Racing, Rotating
from tests.tailing.test_scenarios import assert_chained

NUMBERED = ["app.log.2", "app.log.1"]
DATED = ["app.log-20260101", "app.log-20260102"]


class Instant(System):
    """A clock that stands still: now, so that everything that ever happened to a file is recent, or hours later."""

    def __init__(self, hours: int = 0) -> None:
        self.wall = time.time_ns() + hours * 3_600_000_000_000

    def wall_ns(self) -> int:
        return self.wall


def place_at_the_end(stage: LockStep) -> Place:
    """Where a follower of what is there stops."""
    first = LockStep(stage.dir)
    first.start()
    assert first.follower is not None
    place = first.follower.position
    assert place is not None
    first.follower.close()
    return place


@pytest.mark.parametrize("names", [NUMBERED, DATED])
@pytest.mark.parametrize("is_away", [False, True])
def test_files_older_than_the_one_resumed_are_no_copies_of_what_was_cut_away(
    tmp_path: Path, names: list[str], is_away: bool
) -> None:
    stage = LockStep(tmp_path, Instant())
    stage.new(A)
    stage.move(names[0])
    stage.new(B)
    place = place_at_the_end(stage)
    stage.move(names[1])
    if not is_away:
        stage.new(b"")

    stage.start(start=Resume(place))
    if is_away:
        stage.new(b"")
    stage.settle()
    stage.append(C)

    stage.shows(C)
    assert "recovered" not in stage.kinds
    assert "truncated" not in stage.kinds


def test_a_copy_made_after_resuming_is_still_found(tmp_path: Path) -> None:
    stage = LockStep(tmp_path, Instant())
    stage.new(A)
    place = place_at_the_end(stage)
    stage.move("app.log-20260101")
    stage.new(b"")
    stage.start(start=Resume(place))
    stage.append(B)
    (tmp_path / "app.log-20260102").write_bytes(B)
    stage.path.write_bytes(C)

    stage.shows(B, C)
    assert "recovered" in stage.kinds


@pytest.mark.parametrize("names", [NUMBERED, DATED])
def test_what_was_rotated_while_the_name_is_away_comes_before_the_next_file(
    tmp_path: Path, names: list[str]
) -> None:
    stage = LockStep(tmp_path, Instant(hours=1))
    stage.new(A)
    place = place_at_the_end(stage)
    stage.move(names[0])
    stage.new(B)
    stage.move(names[1])

    stage.start(start=Resume(place))
    stage.new(C)

    stage.shows(B, C)


def test_files_named_in_another_way_come_after_the_one_resumed_only_if_they_were_written_later(
    tmp_path: Path,
) -> None:
    stage = LockStep(tmp_path)
    stage.new(D)
    os.utime(stage.move("app.log.2"), (1_000, 1_000))
    stage.new(A)
    place = place_at_the_end(stage)
    os.utime(stage.move("app.log-20260101"), (2_000, 2_000))
    stage.new(B)
    os.utime(stage.move("app.log.1"), (3_000, 3_000))

    stage.start(start=Resume(place))
    stage.new(C)

    stage.shows(B, C)


class Failing(Faulty):
    """Its calls fail, an hour after all that happened."""

    def wall_ns(self) -> int:
        return time.time_ns() + 3_600_000_000_000


def resuming(directory: Path, system: Any, unseen: int) -> tuple[LockStep, Rotating, Place]:
    """Files that were read, and as many rotations since that nobody saw."""
    directory.mkdir()
    stage = LockStep(directory, system)
    rotating = Rotating(stage)
    for _ in range(2):
        rotating.write()
        rotating.rotate()
    place = place_at_the_end(stage)
    rotating.written.clear()
    for _ in range(unseen):
        rotating.rotate()
    return stage, rotating, place


@pytest.mark.parametrize("unseen", [1, 3])
@pytest.mark.parametrize("rotations", [0, 2])
@pytest.mark.parametrize("is_away", [False, True])
def test_rotations_at_any_call_of_a_follower_that_resumes_lose_nothing(
    tmp_path: Path, unseen: int, rotations: int, is_away: bool
) -> None:
    for call in range(1, 80, 9):
        stage, rotating, place = resuming(tmp_path / str(call), Racing(), unseen)
        if is_away:
            for step in rotating.steps()[:-1]:
                step()

        def go_on(rotating: Rotating = rotating) -> None:
            if is_away:
                rotating.write()
            for _ in range(rotations):
                rotating.rotate()

        stage.system.left, stage.system.happens = call, go_on
        stage.start(start=Resume(place))
        if stage.system.left > 0:
            go_on()
        stage.system.left = -1

        stage.shows(*rotating.written)
        assert_chained(stage)
        stage.follower.close()  # type: ignore[union-attr]


@pytest.mark.parametrize("names", [NUMBERED, DATED])
def test_a_failure_at_any_call_of_a_follower_that_resumes_passes_over_nothing(
    tmp_path: Path, names: list[str]
) -> None:
    for call in range(1, 80):
        directory = tmp_path / str(call)
        directory.mkdir()
        stage = LockStep(directory, Failing())
        stage.new(A)
        place = place_at_the_end(stage)
        stage.move(names[0])
        stage.new(B)
        stage.move(names[1])
        stage.new(C)
        made = iter(range(1, 100_000))

        def fails(name: str, made: Any = made, call: int = call) -> int | None:
            return errno.EIO if next(made) == call and name != "close" else None

        stage.system.fails = fails
        stage.start(start=Resume(place))
        stage.system.work()
        stage.settle()

        assert bytes(stage.output) == B + C or "missed" in stage.kinds, call
        assert_chained(stage)
        stage.follower.close()  # type: ignore[union-attr]
