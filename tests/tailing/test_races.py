"""A rotation in the middle of a look: at each system call that the follower makes, the file is moved on under it."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from django_logtail.tailing.files.system import System
from tests.tailing.faults import CALLS
from tests.tailing.stage import LockStep, block
from tests.tailing.test_scenarios import assert_chained


class Racing(System):
    """Lets something happen just before its n-th call."""

    def __init__(self) -> None:
        self.left = -1
        self.happens: Callable[[], None] = lambda: None

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        if name not in CALLS:
            return found

        def call(*arguments: Any) -> Any:
            self.left -= 1
            if self.left == 0:
                self.happens()
            return found(*arguments)

        return call


class Rotating:
    """Rotates by number as most do, keeps what was written, and makes one step of it at a time if asked."""

    def __init__(self, stage: LockStep) -> None:
        self.stage = stage
        self.written: list[bytes] = []

    def write(self) -> None:
        self.written.append(block(f"block {len(self.written)}", 3))
        self.stage.append(self.written[-1])

    def steps(self) -> list[Callable[[], object]]:
        path, steps = self.stage.path, []
        names = [path, *(path.with_name(f"app.log.{number}") for number in range(1, 12))]
        for older, newer in list(itertools.pairwise(names))[::-1]:
            steps.append(lambda older=older, newer=newer: older.exists() and older.rename(newer))
        return [*steps, self.write]

    def rotate(self) -> None:
        for step in self.steps():
            step()


@pytest.fixture
def stage(tmp_path: Path) -> Any:
    (tmp_path / "logs").mkdir()
    stage = LockStep(tmp_path / "logs", system=Racing())
    yield stage
    stage.close()


def begun(stage: LockStep) -> Rotating:
    rotating = Rotating(stage)
    rotating.write()
    stage.start()
    return rotating


@pytest.mark.parametrize("call", range(1, 90, 3))
@pytest.mark.parametrize("unseen", [0, 1, 3])
@pytest.mark.parametrize("rotations", [1, 2, 4])
def test_whole_rotations_at_any_call_lose_nothing(
    stage: LockStep, rotations: int, unseen: int, call: int
) -> None:
    rotating = begun(stage)
    for _ in range(unseen):
        rotating.rotate()

    def rotate() -> None:
        for _ in range(rotations):
            rotating.rotate()

    stage.system.left, stage.system.happens = call, rotate
    stage.settle()
    stage.system.left = -1

    stage.shows(*rotating.written)
    assert_chained(stage)


@pytest.mark.parametrize("step", range(0, 13, 3))
@pytest.mark.parametrize("call", range(1, 70, 6))
def test_a_rotation_half_done_at_any_call_loses_nothing(stage: LockStep, call: int, step: int) -> None:
    rotating = begun(stage)
    for _ in range(3):
        rotating.rotate()
    steps = rotating.steps()
    for each in steps[:step]:
        each()

    def rest() -> None:
        while steps[step:]:
            steps.pop(step)()

    stage.system.left, stage.system.happens = call, rest
    stage.settle()
    stage.system.left = -1
    rest()

    stage.shows(*rotating.written)
    assert_chained(stage)


@pytest.mark.parametrize("call", range(1, 40))
def test_a_copytruncate_at_any_call_loses_nothing_that_was_copied(stage: LockStep, call: int) -> None:
    rotating = begun(stage)
    rotating.write()
    copies = iter(range(1, 100))

    def copy_and_empty() -> None:
        stage.path.with_name(f"app.log-2026010{next(copies)}").write_bytes(stage.path.read_bytes())
        os.truncate(stage.path, 0)
        rotating.write()

    stage.system.left, stage.system.happens = call, copy_and_empty
    stage.settle()
    stage.system.left = -1

    stage.shows(*rotating.written)
    assert_chained(stage)
