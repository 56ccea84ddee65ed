"""Logs rotated by all known naming schemes, while the reader pauses at random: no line is lost silently.

A program is a seed: a scheme, and random writes, rotations, pauses and restarts. Lines are numbered, so that what is
shown says by itself whether it is in order, and whether something is missing. LOGTAIL_SCHEMES=20000 plays more of them.
"""

from __future__ import annotations

import datetime
import gzip
import os
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from django_logtail.tailing import Batch, Event, Follower, FromStart, Kind, Place, Resume
from django_logtail.tailing.belonging import Belonging, Registered, Row
from tests.length import at_length

PROGRAMS = int(os.environ.get("LOGTAIL_SCHEMES", at_length("3000", short="100")))
CHUNK = 100


@dataclass
class Scheme:
    """Names older files. `name(n)` is that of the n-th newest one (from 0) where `shifts`; else of the n-th ever."""

    title: str
    shifts: bool
    name: Callable[[int], str]


def day(n: int) -> datetime.date:
    return datetime.date(2026, 11, 20) + datetime.timedelta(days=n)


SCHEMES = [
    Scheme("down from 1", True, lambda n: f"app.log.{n + 1}"),
    Scheme("down from 0", True, lambda n: f"app.log.{n}"),
    Scheme("down, extension kept", True, lambda n: f"app.{n + 1}.log"),
    Scheme("up from 0", False, lambda n: f"app.log.{n}"),
    Scheme("up from 1", False, lambda n: f"app.{n + 1}.log"),
    Scheme("dateext", False, lambda n: f"app.log-{day(n):%Y%m%d}"),
    Scheme("dateext, extension kept", False, lambda n: f"app-{day(n):%Y%m%d}.log"),
    Scheme("timed", False, lambda n: f"app.log.{day(n // 60):%Y-%m-%d}_12-{n % 60:02}"),
    Scheme("dates with counters from 1", False, lambda n: f"app-{day(n // 12):%Y-%m-%d}-{n % 12 + 1}.log"),
    Scheme("dates with counters from 0", False, lambda n: f"app.{day(n // 12):%Y-%m-%d}.{n % 12}.log"),
    Scheme("unix time", False, lambda n: f"app.log-{1795891766 + n}"),
]


@dataclass
class Play:
    """Rotates one log by one scheme, and follows it."""

    directory: Path
    random: random.Random
    scheme: Scheme
    log: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.path = self.directory / "app.log"
        self.compresses = self.random.choice(("never", "never", "at once", "later", "by Python"))
        self.keeps = self.random.choice((2, 4, 1000, 1000))
        self.older: list[Path] = []  # newest first
        self.rotations = self.written = 0
        self.now = 1000.0
        self.items: list[Batch | Event] = []
        self.place: Place | None = None
        self.others = [Row(2, self.directory / "app.log.old"), Row(3, self.directory / "app-audit.log")]
        self.write()
        self.follower = self.follow()
        self.poll()

    def follow(self) -> Follower:
        start = FromStart() if self.place is None else Resume(self.place)
        registered = Registered([Row(1, self.path), *self.others])
        return Follower(self.path, start, belonging=Belonging(self.path, "", 1, registered))

    # What happens to the log

    def write(self) -> None:
        with self.path.open("ab") as file:
            for _ in range(self.random.randint(1, 6)):
                self.written += 1
                file.write(b"line %d %s\n" % (self.written, b"x" * self.random.choice((0, 40, 120))))

    def rotate(self) -> None:
        if self.compresses == "later" and self.older:
            self.older[0] = self.compressed(self.older[0])
        if self.scheme.shifts:
            self.older = [self.moved(older, at + 1) for at, older in reversed(list(enumerate(self.older)))][
                ::-1
            ]
        rotated = self.directory / self.scheme.name(0 if self.scheme.shifts else self.rotations)
        self.path.rename(rotated)
        self.rotations += 1
        if self.compresses in ("at once", "by Python"):
            rotated = self.compressed(rotated)
        self.older.insert(0, rotated)
        for gone in self.older[self.keeps :]:
            gone.unlink()
        del self.older[self.keeps :]
        if self.random.random() < 0.3:
            self.poll()
        self.write()

    def moved(self, older: Path, to: int) -> Path:
        name = self.scheme.name(to) + (".gz" if older.name.endswith(".gz") else "")
        return older.rename(self.directory / name)

    def compressed(self, older: Path) -> Path:
        if older.name.endswith(".gz"):
            return older
        packed = older.with_name(older.name + ".gz")
        found = older.stat()
        packed.write_bytes(gzip.compress(older.read_bytes(), 1))
        if self.compresses != "by Python":
            os.utime(packed, ns=(found.st_atime_ns, found.st_mtime_ns))
        older.unlink()
        return packed

    def copy_beside(self) -> None:
        """What people and editors leave beside a log, and what other logs are called."""
        for name in ("app.log~", "app-2.log", "app2.log", "app-old.log", "app.log.old", "app-audit.log"):
            with (self.directory / name).open("ab") as file:
                file.write(b"secret %d\n" % self.written)

    # What the follower does

    def poll(self, budget: int = 262_144) -> None:
        items = self.follower.poll(self.now, budget)
        self.items += items
        for item in items:
            if isinstance(item, Event):
                assert item.before == self.place, self
                self.place = item.after
            elif not item.partial and not item.late:
                assert item.before == self.place, self
                self.place = Place(item.before.file, item.end)
        self.now += self.random.choice((0.001, 0.3, 2.0))

    def poll_a_little(self) -> None:
        self.poll(self.random.choice((0, 150, 262_144)))

    def settle(self) -> None:
        for _ in range(6):
            self.poll()
            while self.follower.has_more:
                self.poll()

    def restart(self) -> None:
        self.follower.close()
        if self.random.random() < 0.5:
            self.rotate()
        self.follower = self.follow()
        self.poll()

    def play(self) -> None:
        operations = {
            self.write: 6,
            self.rotate: 6,
            self.poll_a_little: 6,
            self.settle: 1,
            self.copy_beside: 1,
            self.restart: 1,
        }
        for _ in range(25):
            operation = self.random.choices(list(operations), list(operations.values()))[0]
            self.log.append(operation.__name__)
            operation()
        self.write()
        self.settle()
        self.follower.close()

    # What must be true

    def check(self) -> None:
        shown, may_skip = 0, False
        for item in self.items:
            if isinstance(item, Event):
                may_skip = may_skip or item.kind is Kind.MISSED
                continue
            if item.partial:
                continue
            for line in item.data.splitlines():
                word, number = line.split()[:2]
                assert word == b"line", f"{self}: a line of another file"
                assert int(number) > shown, f"{self}: line {number!r} came after {shown}"
                assert may_skip or int(number) == shown + 1, f"{self}: silence between {shown} and {number!r}"
                shown, may_skip = int(number), False
        assert shown == self.written, f"{self}: {shown} is the last line"

    def __str__(self) -> str:
        return f"{self.scheme.title}, compressed {self.compresses}, keeps {self.keeps}: {self.log}"


def played(seed: int, directory: Path) -> Play:
    directory.mkdir()
    chance = random.Random(seed)
    play = Play(directory, chance, SCHEMES[seed % len(SCHEMES)])
    try:
        play.play()
        play.check()
    except AssertionError as error:
        raise AssertionError(f"seed {seed}: {error}") from error
    finally:
        play.follower.close()
        shutil.rmtree(directory)
    return play


@pytest.mark.parametrize("first", range(0, PROGRAMS, CHUNK))
def test_no_scheme_loses_a_line_without_a_word(first: int, tmp_path: Path) -> None:
    for seed in range(first, first + CHUNK):
        played(seed, tmp_path / str(seed))


def test_files_that_are_all_there_are_shown_whole(tmp_path: Path) -> None:
    """`missed` is no excuse where every file is still there, and can be read."""
    said = 0
    for seed in range(at_length(300, short=100)):
        directory = tmp_path / str(seed)
        directory.mkdir()
        play = Play(directory, random.Random(seed), SCHEMES[seed % len(SCHEMES)])
        play.compresses, play.keeps = "never", 1000
        play.play()
        play.check()
        said += sum(isinstance(item, Event) and item.kind is Kind.MISSED for item in play.items)
        shutil.rmtree(directory)
    assert said == 0
