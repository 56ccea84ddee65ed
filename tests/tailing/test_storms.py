"""Rotation as fast as possible, by real rotation programs, followed by a real process: every byte once.

LOGTAIL_STORM_SECONDS=30 makes each as long as the figures in docs/explanation/following.md were made with.
"""

from __future__ import annotations

import gzip
import logging
import logging.handlers
import os
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.length import at_length
from tests.tailing.stage import OURS, Process

SECONDS = float(os.environ.get("LOGTAIL_STORM_SECONDS", at_length("3", short="2")))
LINES_PER_SECOND = 5_000


class Storm:
    """A paced writer, and a process that follows what it writes."""

    def __init__(self, directory: Path) -> None:
        self.stage = Process(directory, OURS, deadline_seconds=30)
        self.path = self.stage.path
        self.written: list[bytes] = []

    def follow(self) -> None:
        first = b"the first line\n"
        with self.path.open("ab") as file:
            file.write(first)
        self.written.append(first)
        self.stage.start()
        self.stage.shows(first)

    def lines(self) -> Iterator[bytes]:
        """Numbered lines at a steady rate, for the time of a storm."""
        begun = time.monotonic()
        number = 0
        while (elapsed := time.monotonic() - begun) < SECONDS:
            while number < elapsed * LINES_PER_SECOND:
                line = b"line %d of the storm\n" % number
                number += 1
                self.written.append(line)
                yield line
            time.sleep(0.001)

    def shows_every_line_once(self, in_order: bool = True) -> None:
        wanted = b"".join(self.written)
        deadline = time.monotonic() + self.stage.deadline_seconds
        while (
            (seen := self.stage.out.read_bytes()) and len(seen) < len(wanted) and time.monotonic() < deadline
        ):
            time.sleep(0.02)
        shown, written = Counter(seen.splitlines()), Counter(wanted.splitlines())
        assert sorted((written - shown).elements()) == [], "lost"
        assert sorted((shown - written).elements()) == [], "doubled"
        if in_order:
            assert seen == wanted


@pytest.fixture
def storm(tmp_path: Path) -> Iterator[Storm]:
    (tmp_path / "logs").mkdir(mode=0o755)
    storm = Storm(tmp_path / "logs")
    yield storm
    storm.stage.close()


class Every:
    """Calls something each time so many seconds have passed."""

    def __init__(self, seconds: float, act: Callable[[], object]) -> None:
        self.seconds, self.act, self.count = seconds, act, 0
        self.due = time.monotonic() + seconds

    def __call__(self) -> None:
        if time.monotonic() >= self.due:
            self.act()
            self.count += 1
            self.due = time.monotonic() + self.seconds


def shift(path: Path, keep: int) -> None:
    """Rename as most rotators do: .1 to .2, and so on."""
    for number in range(keep, 0, -1):
        older = path.with_name(f"{path.name}.{number}")
        if older.exists():
            older.rename(path.with_name(f"{path.name}.{number + 1}"))
    path.rename(path.with_name(f"{path.name}.1"))


def test_a_rename_every_20_ms(storm: Storm) -> None:
    storm.follow()
    rotate = Every(0.02, lambda: shift(storm.path, keep=50))

    for line in storm.lines():
        with storm.path.open("ab") as file:
            file.write(line)
        rotate()

    assert rotate.count > SECONDS * 10
    storm.shows_every_line_once()


def test_a_rename_every_20_ms_under_a_writer_that_is_slow_to_reopen(storm: Storm) -> None:
    storm.follow()
    rotate = Every(0.02, lambda: (shift(storm.path, keep=50), storm.path.touch()))
    file = storm.path.open("ab", buffering=0)

    for number, line in enumerate(storm.lines()):
        file.write(line)
        rotate()
        if number % 70 == 0:
            file.close()
            file = storm.path.open("ab", buffering=0)
    file.close()

    storm.shows_every_line_once(in_order=False)


def emit(handler: logging.Handler, line: bytes) -> None:
    handler.emit(logging.LogRecord("storm", logging.INFO, "storm", 1, line.decode().rstrip("\n"), None, None))


def test_pythons_rotating_file_handler(storm: Storm) -> None:
    storm.follow()
    handler = logging.handlers.RotatingFileHandler(storm.path, maxBytes=20_000, backupCount=5)

    for line in storm.lines():
        emit(handler, line)
    handler.close()

    storm.shows_every_line_once()


def test_pythons_timed_rotating_file_handler(storm: Storm) -> None:
    storm.follow()
    handler = logging.handlers.TimedRotatingFileHandler(storm.path, when="S", interval=1, backupCount=3)

    for line in storm.lines():
        emit(handler, line)
    handler.close()

    storm.shows_every_line_once()


def test_pythons_watched_file_handler(storm: Storm) -> None:
    storm.follow()
    handler = logging.handlers.WatchedFileHandler(storm.path)
    rotate = Every(0.05, lambda: shift(storm.path, keep=30))

    for line in storm.lines():
        emit(handler, line)
        rotate()
    handler.close()

    storm.shows_every_line_once()


def logrotate(directory: Path, *options: str) -> Callable[[], None]:
    """A real logrotate with these options, forced; skips without one, but not where CI is set."""
    command = shutil.which("logrotate") or (
        "/usr/sbin/logrotate" if Path("/usr/sbin/logrotate").exists() else None
    )
    if command is None:
        if os.environ.get("CI"):
            pytest.fail("logrotate must be installed where everything is tested")
        pytest.skip("logrotate is not installed")
    settings, state = directory.parent / "logrotate.conf", directory.parent / "logrotate.state"
    lines = "\n  ".join(["rotate 20", "missingok", *options])
    settings.write_text(f"{directory}/app.log {{\n  {lines}\n}}\n")
    settings.chmod(0o644)

    def rotate() -> None:
        subprocess.run([command, "--force", "--state", state, settings], check=True, capture_output=True)

    return rotate


@pytest.mark.parametrize(
    "options",
    [
        ("create",),
        ("create", "compress"),
        ("create", "compress", "delaycompress"),
        ("create", "dateext", "dateformat -%Y%m%d-%s"),
    ],
    ids=" ".join,
)
def test_a_real_logrotate_that_renames(storm: Storm, options: tuple[str, ...]) -> None:
    rotate = logrotate(storm.stage.dir, *options)
    storm.follow()
    seconds = 0.2 if "dateext" not in options else 1.1  # its names have a second's resolution
    rotate_now_and_then = Every(seconds, rotate)
    file = storm.path.open("ab", buffering=0)

    for number, line in enumerate(storm.lines()):
        file.write(line)
        rotate_now_and_then()
        if number % 150 == 0:  # as a daemon does that is told to reopen a little later
            file.close()
            file = storm.path.open("ab", buffering=0)
    file.close()

    assert rotate_now_and_then.count > 0
    storm.shows_every_line_once(in_order=False)


@pytest.mark.parametrize(
    "options", [("copytruncate",), ("copytruncate", "compress", "delaycompress")], ids=" ".join
)
def test_a_real_logrotate_that_copies_and_empties(storm: Storm, options: tuple[str, ...]) -> None:
    rotate = logrotate(storm.stage.dir, *options)
    storm.follow()
    rotate_now_and_then = Every(
        0.2, rotate
    )  # in the writer's pause: what is written between copy and cut is nowhere

    with storm.path.open("ab", buffering=0) as file:
        for line in storm.lines():
            file.write(line)
            rotate_now_and_then()

    assert rotate_now_and_then.count > 0
    storm.shows_every_line_once()


def test_what_was_compressed_at_once_was_still_read_by_its_descriptor(storm: Storm) -> None:
    rotate = logrotate(storm.stage.dir, "create", "compress")
    storm.follow()
    with storm.path.open("ab", buffering=0) as file:
        rotate()
        late = b"written after it was compressed\n"
        file.write(late)
        storm.written.append(late)
        storm.shows_every_line_once()

    assert late not in gzip.decompress((storm.stage.dir / "app.log.1.gz").read_bytes())
