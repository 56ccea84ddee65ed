"""Bursts of rotations during looks: every line once, in order, and none lost as long as its file exists.

A writer rotates in a thread of its own while the follower pauses at random; or, so that it is the same each time, it
takes its steps between the follower's own system calls. LOGTAIL_BURSTS=50 plays more of them.
"""

from __future__ import annotations

import gzip
import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from django_logtail.tailing import Batch, Event, Follower, FromStart, Kind
from django_logtail.tailing.files.opening import Opened, open_log
from django_logtail.tailing.files.roots import Roots
from django_logtail.tailing.files.system import System

BURSTS = int(os.environ.get("LOGTAIL_BURSTS", "2"))


class Writer:
    """Writes numbered lines, and rotates by one scheme; each step is one system call or a few."""

    def __init__(self, path: Path, scheme: str) -> None:
        self.path, self.scheme = path, scheme
        self.written = self.rotations = 0
        self.is_over = False
        self.write(5)

    def write(self, lines: int) -> None:
        with self.path.open("ab", buffering=0) as file:
            for _ in range(lines):
                self.written += 1
                file.write(b"line %07d and some text to make it longer than nothing\n" % self.written)

    def rotate(self) -> Iterator[None]:
        self.rotations += 1
        number = self.rotations
        if self.scheme == "down":
            for at in range(number - 1, 0, -1):
                self.path.with_name(f"app.log.{at}").rename(self.path.with_name(f"app.log.{at + 1}"))
                yield
            number = 1
        names = {"dates": f"app-2026-11-{10 + number // 40}-{number % 40 + 1}.log"}
        self.path.rename(self.path.with_name(names.get(self.scheme, f"app.log.{number}")))
        yield

    def burst(self, rotations: int) -> Iterator[None]:
        for _ in range(rotations):
            self.write(10)
            yield from self.rotate()
            self.path.touch()
            yield
        self.write(3)
        self.is_over = True


class Stepped(System):
    """Lets the writer take steps between the follower's system calls."""

    def __init__(self, steps: Iterator[None], chance: random.Random, calls: int, most: int) -> None:
        self._steps, self._chance, self._calls, self._most = steps, chance, calls, most
        self.is_on = False

    def _go_on(self) -> None:
        if self.is_on and self._chance.randrange(self._calls) == 0:
            for _ in range(self._chance.randint(1, self._most)):
                next(self._steps, None)

    def stat(self, path: Path | str) -> os.stat_result:
        self._go_on()
        return super().stat(path)

    def lstat(self, path: Path) -> os.stat_result:
        self._go_on()
        return super().lstat(path)

    def birth_of(self, path: Path) -> int:
        self._go_on()
        return super().birth_of(path)

    def open_path(self, path: Path) -> int:
        self._go_on()
        return super().open_path(path)

    def reopen(self, descriptor: int) -> int:
        self._go_on()
        return super().reopen(descriptor)

    def name_of(self, descriptor: int) -> Path | None:
        self._go_on()
        return super().name_of(descriptor)

    def names_in(self, directory: Path, most: int) -> list[str]:
        self._go_on()
        found = super().names_in(directory, most)
        self._go_on()
        return found


def follow(follower: Follower, is_over: Callable[[], bool], pause: Callable[[], None]) -> list[Batch | Event]:
    """All that comes until the writer is done and everything was said."""
    items: list[Batch | Event] = []
    quiet_since = None
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        found = follower.poll(time.monotonic())
        items += found
        if found or follower.has_more or not is_over():
            quiet_since = None
        elif quiet_since is None:
            quiet_since = time.monotonic()
        elif time.monotonic() > quiet_since + 0.4:
            break
        pause()
    follower.close()
    return items


def faults(items: list[Batch | Event], written: int) -> list[str]:
    found, shown, is_said = [], 0, False
    for item in items:
        if isinstance(item, Event):
            if item.kind is Kind.MISSED:
                is_said = True
            elif item.kind in (Kind.REFUSED, Kind.UNREADABLE, Kind.NOT_A_FILE):
                found.append(f"{item.kind} {dict(item.details)}")
            continue
        if item.partial:
            continue
        for line in item.data.splitlines():
            number = int(line.split()[1])
            if number <= shown:
                found.append(f"{number} after {shown}")
            elif number > shown + 1:
                found.append(f"{'said' if is_said else 'SILENT'}: {number - shown - 1} after {shown}")
            elif is_said:
                found.append(f"missed, though nothing is, after {shown}")
            shown, is_said = max(shown, number), False
    if shown != written:
        found.append(f"{'said' if is_said else 'SILENT'}: the last {written - shown} of {written}")
    return found


SCHEMES = ("up", "down", "dates")


@pytest.mark.parametrize("seed", range(BURSTS))
@pytest.mark.parametrize("scheme", SCHEMES)
def test_burst_in_a_thread(tmp_path: Path, scheme: str, seed: int) -> None:
    chance = random.Random(seed)
    writer = Writer(tmp_path / "app.log", scheme)
    follower = Follower(writer.path, FromStart(), system=Slow() if seed % 2 else System())
    first = follower.poll(time.monotonic())

    def write() -> None:
        for _ in writer.burst(100):
            if not writer.path.exists() or writer.path.stat().st_size == 0:
                time.sleep(0.008 if writer.path.exists() else 0)

    thread = threading.Thread(target=write)
    thread.start()
    most = chance.choice((0.02, 0.3))
    items = follow(follower, lambda: writer.is_over, lambda: time.sleep(chance.uniform(0.005, most)))
    thread.join()
    assert not (found := faults(first + items, writer.written)), found


class Slow(System):
    """A reader with much to do beside: each look at a file takes a while."""

    def lstat(self, path: Path) -> os.stat_result:
        time.sleep(0.0002)
        return super().lstat(path)


@pytest.mark.parametrize("seed", range(BURSTS * 4))
@pytest.mark.parametrize("scheme", SCHEMES)
def test_burst_between_system_calls(tmp_path: Path, scheme: str, seed: int) -> None:
    chance = random.Random(seed)
    writer = Writer(tmp_path / "app.log", scheme)
    steps = writer.burst(40)
    calls, most = chance.choice((1, 3, 10, 40)), chance.choice((1, 2, 6, 100))
    system = Stepped(steps, chance, calls, most)
    follower = Follower(writer.path, FromStart(), system=system)
    first = follower.poll(time.monotonic())
    system.is_on = True

    def pause() -> None:
        if chance.random() < 0.5:
            next(steps, None)

    items = follow(follower, lambda: writer.is_over, pause)
    assert not (found := faults(first + items, writer.written)), (calls, most, found)


def test_file_removed_while_it_is_opened_is_not_refused(tmp_path: Path) -> None:
    path, roots, removed = tmp_path / "app.log", Roots([tmp_path]), []
    path.write_bytes(b"first\n")

    def permit(descriptor: int) -> str | None:
        if not removed:
            removed.append(path.unlink())
            path.write_bytes(b"second\n")
        return roots.refusal(descriptor)

    opened = open_log(System(), path, permit)
    assert isinstance(opened, Opened)
    assert os.read(opened.descriptor, 100) == b"second\n"
    os.close(opened.descriptor)


def test_file_renamed_while_its_name_is_asked_for_has_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, real, names = tmp_path / "app.log", os.lstat, ["1", "2", "3"]
    path.write_bytes(b"")
    descriptor = os.open(path, os.O_RDONLY)

    def lstat(name: Path) -> os.stat_result:
        if names:
            Path(name).rename(tmp_path / f"app.log.{names.pop(0)}")
        return real(name)

    monkeypatch.setattr(os, "lstat", lstat)
    assert System().name_of(descriptor) == tmp_path / "app.log.3"
    os.close(descriptor)


@pytest.mark.parametrize("keeps_time", [True, False])
def test_older_file_compressed_within_the_same_tick_is_no_gap(tmp_path: Path, keeps_time: bool) -> None:
    path = tmp_path / "app.log"
    writer = Writer(path, "down")
    follower = Follower(path, FromStart())
    items = follower.poll(time.monotonic())
    path.rename(tmp_path / "app.log.1")
    path.touch()
    tick = path.stat().st_mtime_ns
    os.utime(tmp_path / "app.log.1", ns=(tick, tick))
    items += follower.poll(time.monotonic())
    packed = tmp_path / "app.log.2.gz"
    packed.write_bytes(gzip.compress((tmp_path / "app.log.1").read_bytes()))
    if keeps_time:
        os.utime(packed, ns=(path_birth(path),) * 2)
    (tmp_path / "app.log.1").unlink()
    writer.write(10)
    path.rename(tmp_path / "app.log.1")
    writer.write(10)
    for _ in range(3):
        items += follower.poll(time.monotonic())
    follower.close()
    assert not (found := faults(items, writer.written)), found


def path_birth(path: Path) -> int:
    """What the file's first bytes may be dated by."""
    return System().birth_of(path) or path.stat().st_mtime_ns
