"""Every system call may fail at any time: no exception leaves `poll`, no descriptor leaks, and it recovers."""

from __future__ import annotations

import errno
import os
import random
import shutil
from pathlib import Path

import pytest

from django_logtail.tailing import Event, Follower, FromStart, Kind, LastLines, Resume
from django_logtail.tailing.reasons import in_full
from tests.length import at_length
from tests.tailing.faults import CALLS, ERRORS, Faulty
from tests.tailing.stage import A, B, C, D, LockStep, open_descriptors
from tests.tailing.test_programs import Consumer, Program


@pytest.mark.parametrize("number", ERRORS, ids=errno.errorcode.get)
@pytest.mark.parametrize("call", CALLS)
def test_a_call_that_fails_for_a_while_costs_only_time(call: str, number: int, tmp_path: Path) -> None:
    before = open_descriptors()
    (tmp_path / "logs").mkdir()
    stage = LockStep(tmp_path / "logs", system=Faulty())
    stage.new(A)
    stage.start()
    stage.shows(A)

    stage.system.fail_always(call, number)
    stage.append(B)
    stage.settle()
    stage.move("app.log.1")
    stage.new(C)
    stage.settle()
    stage.system.work()

    assert stage.follower is not None
    if call in ("lstat", "names_in"):
        stage.settle()
    stage.shows(A, B, C)
    assert stage.follower.state == "reading"
    stage.append(D)
    stage.shows(A, B, C, D)
    stage.close()
    assert open_descriptors() == before


@pytest.mark.parametrize("number", ERRORS, ids=errno.errorcode.get)
@pytest.mark.parametrize("call", CALLS)
def test_a_follower_that_begins_among_failures_begins_when_they_end(
    call: str, number: int, tmp_path: Path
) -> None:
    before = open_descriptors()
    (tmp_path / "logs").mkdir()
    stage = LockStep(tmp_path / "logs", system=Faulty())
    stage.new(A)

    stage.system.fail_always(call, number)
    stage.start()
    stage.system.work()

    stage.shows(A)
    stage.append(B)
    stage.shows(A, B)
    stage.close()
    assert open_descriptors() == before


def test_a_disk_that_fails_and_comes_back_is_said_once_each(tmp_path: Path) -> None:
    stage = LockStep(tmp_path, system=Faulty())
    stage.new(A)
    stage.start()

    stage.system.fail_always("pread", errno.EIO)
    stage.append(B)
    stage.settle(10)

    assert stage.kinds == ["unreadable"]
    assert stage.follower is not None
    assert stage.follower.state == "unreadable"
    assert in_full(stage.follower.reason) == "input/output error"
    stage.system.work()
    stage.shows(A, B)
    assert stage.kinds == ["unreadable", "back"]
    stage.close()


def test_a_stale_handle_is_opened_anew(tmp_path: Path) -> None:
    stage = LockStep(tmp_path, system=Faulty())
    stage.new(A)
    stage.start()
    assert stage.follower is not None
    (stale,) = stage.follower.descriptors()

    def fails(call: str) -> int | None:
        assert stage.follower is not None
        return (
            errno.ESTALE if call in ("pread", "fstat") and stage.follower.descriptors() == [stale] else None
        )

    stage.append(B)
    stage.system.fails = fails
    stage.settle(2)
    stage.system.work()
    stage.shows(A, B)
    stage.append(C)
    stage.shows(A, B, C)
    stage.close()


def test_a_reader_without_permission_says_who_has_it(tmp_path: Path) -> None:
    stage = LockStep(tmp_path, system=Faulty())
    stage.new(A)
    stage.path.chmod(0o600)
    stage.system.fail_always("reopen", errno.EACCES)

    stage.start()

    assert stage.follower is not None
    owner = "root" if os.geteuid() == 0 else stage.path.owner()
    assert in_full(stage.follower.reason) == f"owned by {owner}, mode 0600, reader runs as {owner}"
    event = stage.items[1]
    assert isinstance(event, Event)
    assert event.kind is Kind.UNREADABLE
    stage.close()


class FaultyProgram(Program):
    """A random program during which calls fail now and then."""

    def make_follower(self) -> None:
        self.system = Faulty()
        start = self.random.choice((FromStart(), LastLines(3)))
        self.follower = Follower(self.path, start, system=self.system)
        self.system.fail_sometimes(self.random, self.random.choice((0.02, 0.1, 0.4)))
        self.poll_once()

    def settle(self) -> None:
        self.poll_for(2.5)
        self.unseen = 0

    def seen_some(self) -> bool:
        return True


@pytest.mark.parametrize("first", range(0, at_length(600, short=200), 100))
def test_random_failures_in_random_programs_leave_a_sound_stream(first: int, tmp_path: Path) -> None:
    for seed in range(first, first + 100):
        before = open_descriptors()
        directory = tmp_path / str(seed)
        directory.mkdir()
        program = FaultyProgram(directory, random.Random(seed), races=True)
        program.play(steps=30)
        program.system.work()
        program.settle()
        program.write()
        program.settle()

        assert program.follower.state == "reading", f"seed {seed}: {program.log}"
        last = bytes(program.current).splitlines(keepends=True)[-1]
        assert program.consumer.text()[-1].endswith(last), f"seed {seed}: {program.log}"
        program.close()
        shutil.rmtree(directory)
        assert open_descriptors() == before, f"seed {seed}"


def test_a_follower_resumed_among_failures_recovers(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.write_bytes(A)
    first = Follower(path, FromStart())
    first.poll(0.0)
    position = first.position
    assert position is not None
    first.close()
    path.rename(tmp_path / "app.log.1")
    path.write_bytes(B)
    before = open_descriptors()

    for seed in range(at_length(200, short=60)):
        system = Faulty()
        system.fail_sometimes(random.Random(seed), 0.1)
        follower = Follower(path, Resume(position), system=system)
        consumer = Consumer()
        consumer.here = position
        for number in range(20):
            consumer.take(follower.poll(float(number)))
        system.work()
        for number in range(20, 25):
            consumer.take(follower.poll(float(number)))

        assert consumer.text()[-1].endswith(B), f"seed {seed}"
        follower.close()
        assert open_descriptors() == before, f"seed {seed}"
