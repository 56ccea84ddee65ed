"""The follower in a terminal."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from django_logtail.tailing import Batch, Event, FromEnd, FromStart, Kind, LastLines, Place
from django_logtail.tailing.__main__ import MAX_BACKLOG_BYTES, Terminal, start_of, words_for
from tests.tailing.stage import OURS, TAIL, A, B, C, Process

COMMAND = [sys.executable, "-m", "django_logtail.tailing"]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "app.log"
    path.write_bytes(A)
    return path


def started(log: Path, *options: str, **more: object) -> subprocess.Popen[bytes]:
    """A process that has shown A's last line."""
    process = subprocess.Popen(
        [*COMMAND, *options, str(log)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **more,  # type: ignore[call-overload]
    )
    assert process.stdout is not None
    while process.stdout.readline() != A.splitlines(keepends=True)[-1]:
        pass
    return process


def test_ctrl_c_ends_it_quietly(log: Path) -> None:
    process = started(log)

    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=10)

    assert (process.returncode, out, err) == (0, b"", b"")


def test_it_ends_when_nobody_reads_its_output_although_nothing_is_written(log: Path) -> None:
    process = started(log)
    assert process.stdout is not None
    assert process.stderr is not None

    process.stdout.close()

    assert process.wait(timeout=10) == 0
    assert process.stderr.read() == b""
    process.stderr.close()


@pytest.mark.parametrize(
    ("options", "lines"),
    [([], 10), (["-n", "3"], 3), (["-n", "+1"], 20), (["-n", "0"], 0), (["-n", "99"], 20)],
)
def test_the_last_lines_are_shown_as_tail_shows_them(tmp_path: Path, options: list[str], lines: int) -> None:
    (tmp_path / "logs").mkdir()
    stage = Process(tmp_path / "logs", [*COMMAND, *options], deadline_seconds=30)
    stage.new(A + B)
    stage.start()

    shown = b"".join((A + B).splitlines(keepends=True)[20 - lines :])
    stage.shows(shown)
    if lines:
        stage.append(C)
        stage.shows(shown, C)
    stage.close()


@pytest.mark.parametrize(
    ("text", "start"),
    [("+1", FromStart()), ("0", FromEnd()), ("25", LastLines(25, MAX_BACKLOG_BYTES))],
)
def test_the_number_of_lines_is_understood_as_tail_does(text: str, start: object) -> None:
    assert start_of(text) == start


@pytest.mark.parametrize("text", ["", "-3", "+2", "ten", "1.5"])
def test_another_number_of_lines_is_refused_in_words(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is neither a number of lines nor '\\+1'"):
        start_of(text)


@pytest.mark.parametrize("kind", Kind)
def test_there_are_words_for_every_event(kind: Kind) -> None:
    here = Place("file", 1)
    details = {"name": "app.log.1", "to": 0, "reason": "r", "what": "a FIFO", "size": 3}

    words = words_for(Event(kind, here, here, details))

    assert bool(words) == (kind is not Kind.STARTED)
    assert "None" not in words


def test_an_unfinished_line_is_written_once_although_it_is_emitted_thrice() -> None:
    reading, writing = os.pipe()
    terminal = Terminal(Path("app.log"), writing, writing)
    here = Place("file", 10)

    terminal.show(
        [Batch(here, b"un", partial=True), Batch(here, b"unfin", partial=True), Batch(here, b"unfinished\n")]
    )
    terminal.show([Batch(Place("file", 21), b"next\n")])

    os.close(writing)
    assert os.read(reading, 1000) == b"unfinished\nnext\n"
    os.close(reading)


def test_nothing_is_lost_or_doubled_while_it_starts(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    stage = Process(tmp_path / "logs", OURS, deadline_seconds=30)
    lines = [b"line %d\n" % number for number in range(4000)]
    stage.path.touch()

    with stage.path.open("ab", buffering=0) as file:
        for number, line in enumerate(lines):
            if number == 500:
                stage.start()
            file.write(line)
            time.sleep(0.0002)

    stage.shows(*lines)
    stage.close()


# Surroundings that need rights of their own


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Path]:
    """A directory on which something may be mounted and is unmounted in the end."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root can mount")
    directory = tmp_path / "mounted"
    directory.mkdir()
    yield directory
    while subprocess.run(["umount", "-l", directory], capture_output=True, check=False).returncode == 0:
        pass


def mount(*arguments: str | Path) -> None:
    done = subprocess.run(["mount", *map(str, arguments)], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"can't mount here: {done.stderr.strip()}")


def test_a_file_of_an_overlays_lower_layer_is_followed_when_it_is_copied_up(
    mounted: Path, tmp_path: Path
) -> None:
    for name in ("lower", "upper", "work"):
        (tmp_path / name).mkdir()
    (tmp_path / "lower" / "app.log").write_bytes(A)
    layers = f"lowerdir={tmp_path}/lower,upperdir={tmp_path}/upper,workdir={tmp_path}/work"
    mount("-t", "overlay", "overlay", "-o", layers, mounted)
    stage = Process(mounted, OURS, deadline_seconds=30)
    stage.start()
    stage.shows(A)

    stage.append(B)
    stage.shows(A, B)
    stage.append(C)

    stage.shows(A, B, C)
    stage.close()


def test_a_file_system_unmounted_and_mounted_again_goes_on(mounted: Path, tmp_path: Path) -> None:
    image = tmp_path / "image"
    with image.open("wb") as file:
        file.truncate(8 * 1024 * 1024)
    mkfs = shutil.which("mkfs.ext4") or "/usr/sbin/mkfs.ext4"
    if not Path(mkfs).exists():
        pytest.skip("there is no mkfs.ext4")
    subprocess.run([mkfs, "-q", image], check=True)
    mount("-o", "loop", image, mounted)
    stage = Process(mounted, OURS, deadline_seconds=30)
    stage.new(A)
    stage.start()
    stage.shows(A)

    subprocess.run(["umount", "-l", mounted], check=True)
    stage.pause()
    mount("-o", "loop", image, mounted)
    stage.append(B)

    stage.shows(A, B)
    stage.close()


@pytest.mark.parametrize("limit", ["max_inotify_instances", "max_inotify_watches"])
def test_without_inotify_it_polls_and_says_so(tmp_path: Path, limit: str) -> None:
    inside = f'echo 0 > /proc/sys/user/{limit} && exec "$@"'
    without = ["unshare", "--user", "--map-root-user", "sh", "-c", inside, "sh"]
    if subprocess.run([*without, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no user namespaces here")
    (tmp_path / "logs").mkdir()
    stage = Process(tmp_path / "logs", [*without, *OURS], deadline_seconds=30)
    stage.new(A)
    stage.start()
    stage.shows(A)

    stage.append(B)
    stage.shows(A, B)
    stage.move("app.log.1")
    stage.new(C)
    stage.shows(A, B, C)

    assert b"polled, no change notification" in stage.err.read_bytes()
    stage.close()


def test_the_machines_tail_is_what_the_table_speaks_of(tmp_path: Path) -> None:
    """So that a tail that shows nothing at all is not taken for one that fails."""
    if shutil.which("tail") is None:
        pytest.skip("there is no tail on this machine")
    (tmp_path / "logs").mkdir()
    stage = Process(tmp_path / "logs", TAIL, deadline_seconds=10)
    stage.new(A)
    stage.start()
    stage.shows(A)
    stage.append(B)
    stage.shows(A, B)
    stage.close()
