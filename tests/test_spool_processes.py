"""Processes that log to one spool at once: whole entries in order, and what was delivered and dropped adds up."""

import json
import os
import random
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from django_logtail.spool import TORN
from django_logtail.tailing import Event, Follower, FromStart, Kind
from tests.stack import CHECKOUT

DROPPED = re.compile(r"Entries dropped here: (\d+) \(")
#: An entry of two lines: whose it is, its number, and a tail that is a function of both.
ENTRY = re.compile(r"[\d: ,-]+ INFO \[\d+\] (\d): (\d+) (x*)")

#: Logs entries 0 to COUNT - 1 of logger NAME as fast as it can: python -c … DIRECTORY NAME COUNT OPTIONS
PROGRAM = """
import json, logging, sys
from django_logtail import handlers
directory, name, count, options = *sys.argv[1:4], json.loads(sys.argv[4])
handlers.FLUSH_SECONDS = 300
handlers._RETRY_SECONDS = 0.02
handlers.MAX_QUEUE_BYTES = options.pop("queue", handlers.MAX_QUEUE_BYTES)
if user := options.pop("user", None):
    import os; os.setuid(user)
logging.basicConfig(handlers=[handlers.SpoolHandler(directory, **options)], level="INFO")
logger = logging.getLogger(name)
print("ready", flush=True)
sys.stdin.readline()
for number in range(int(count)):
    tail = "x" * (number % 97)
    logger.info("%d %s\\n  %s", number, tail, tail)
print("logged", flush=True)
"""


class Writers:
    """Processes of the program, which begin together."""

    def __init__(
        self, directory: Path, count: int, processes: int = 4, before: Any = None, **options: Any
    ) -> None:
        self.running = [
            subprocess.Popen(
                [sys.executable, "-c", PROGRAM, str(directory), str(name), str(count), json.dumps(options)],
                cwd=CHECKOUT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                preexec_fn=before,
            )
            for name in range(processes)
        ]
        for process in self.running:
            self.hear(process, "ready")
        for process in self.running:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()

    @staticmethod
    def hear(process: "subprocess.Popen[str]", word: str) -> None:
        assert process.stdout is not None
        assert process.stdout.readline() == f"{word}\n"

    def ended(self) -> bool:
        return all(process.poll() is not None for process in self.running)

    def join(self) -> list[str]:
        """What each said on standard error until it ended."""
        return [process.communicate(timeout=300)[1] for process in self.running]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Any]:
    started: list[Writers] = []

    def start(count: int, directory: Path = tmp_path, **options: Any) -> Writers:
        started.append(Writers(directory, count, **options))
        return started[-1]

    yield start
    for process in (process for writers in started for process in writers.running):
        process.kill()
        process.communicate()


def text_of(directory: Path) -> str:
    """All that the files hold, the oldest first."""
    files = sorted(directory.glob("application.log*"), key=lambda file: -int(f"0{file.name[16:]}"))
    return "".join(file.read_text() for file in files)


def counted(text: str) -> tuple[dict[str, list[int]], int]:
    """The numbers of each logger's entries, and how many are said to have been dropped. Every line must be whole."""
    numbers: dict[str, list[int]] = {}
    dropped, lines = 0, iter(text.splitlines())
    for line in lines:
        if said := DROPPED.search(line):
            dropped += int(said[1])
            continue
        entry = ENTRY.fullmatch(line)
        assert entry, line
        assert len(entry[3]) == int(entry[2]) % 97
        assert next(lines) == f"  {entry[3]}"
        numbers.setdefault(entry[1], []).append(int(entry[2]))
    return numbers, dropped


def follow_until(follower: Follower, is_over: Callable[[], bool], directory: Path) -> tuple[str, set[Kind]]:
    """What the follower delivers until the writers are done and it has all bytes of the directory, and what it says."""
    delivered, kinds = bytearray(), set()
    deadline = time.monotonic() + 300
    while not is_over() or len(delivered) < sum(file.stat().st_size for file in directory.iterdir()):
        assert time.monotonic() < deadline
        for item in follower.poll(time.monotonic()):
            if isinstance(item, Event):
                kinds.add(item.kind)
            elif not item.partial:
                delivered += item.data
        if follower.position is not None:
            follower.release(follower.position)
        time.sleep(0.005)
    follower.close()
    return delivered.decode(), kinds


def test_four_processes_write_one_log_that_a_follower_reads_to_the_last_entry(
    start: Any, tmp_path: Path
) -> None:
    """With rotations, none of which it may miss."""
    writers = start(15_000, queue=1024**2, max_bytes=1024**2, files=64)

    text, kinds = follow_until(Follower(tmp_path / "application.log", FromStart()), writers.ended, tmp_path)

    numbers, dropped = counted(text)
    assert writers.join() == [""] * 4
    assert kinds <= {Kind.STARTED, Kind.ROTATED, Kind.GONE, Kind.BACK}
    assert Kind.ROTATED in kinds
    assert all(found == sorted(set(found)) for found in numbers.values())
    assert sum(map(len, numbers.values())) + dropped == 60_000
    assert all(file.stat().st_size <= 1024**2 for file in tmp_path.iterdir())


def test_the_oldest_files_make_room_and_the_newest_entries_stay(start: Any, tmp_path: Path) -> None:
    writers = start(20_000, processes=2, queue=1024**2, max_bytes=1024**2, files=2)

    assert writers.join() == ["", ""]
    files = {file.name: file.stat().st_size for file in tmp_path.iterdir()}
    numbers, dropped = counted(text_of(tmp_path))
    assert set(files) == {"application.log", "application.log.1"}
    assert max(files.values()) <= 1024**2
    assert dropped or max(numbers["0"] + numbers["1"]) == 19_999


def test_what_a_small_memory_drops_is_counted_to_the_last_entry(start: Any, tmp_path: Path) -> None:
    writers = start(5_000, max_bytes=64 * 1024**2, queue=20_000)

    assert writers.join() == [""] * 4
    numbers, dropped = counted(text_of(tmp_path))
    assert dropped > 0
    assert sum(map(len, numbers.values())) + dropped == 20_000


@pytest.mark.parametrize("seed", range(3))
def test_killed_processes_leave_whole_entries_and_hinder_nobody(
    start: Any, tmp_path: Path, seed: int
) -> None:
    choice = random.Random(seed)
    writers = start(15_000, queue=1024**2, max_bytes=1024**2, files=64)
    survivor, *victims = writers.running

    for victim in victims:
        time.sleep(choice.random() * 0.2)  # any moment will do
        victim.send_signal(signal.SIGKILL)

    assert survivor.communicate(timeout=300)[1] == ""
    lines = text_of(tmp_path).splitlines(keepends=True)
    numbers = [int(entry[2]) for line in lines if (entry := ENTRY.fullmatch(line[:-1])) and entry[1] == "0"]
    dropped = sum(
        int(said[1]) for line in lines if f"[{survivor.pid}]" in line and (said := DROPPED.search(line))
    )
    assert numbers == sorted(set(numbers))
    assert len(numbers) + dropped == 15_000
    for line in lines:
        is_whole = ENTRY.fullmatch(line[:-1]) or DROPPED.search(line) or re.fullmatch(r"  x*\n", line)
        assert is_whole or line.endswith(TORN.decode()), line


def test_a_full_disk_costs_entries_that_are_counted_and_never_half_an_entry(
    start: Any, tmp_path: Path
) -> None:
    """As the kernel limits it for one process: a write that reaches the limit is cut, and the next one fails."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))

    writers = start(20_000, processes=1, before=limit, queue=200_000)
    (process,) = writers.running
    Writers.hear(process, "logged")
    before = (tmp_path / "application.log").read_text()

    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    (said,) = writers.join()
    text = text_of(tmp_path)
    numbers, dropped = counted(text)
    assert text.startswith(before)
    assert before.endswith("\n")
    assert len(before) <= 300_000
    assert len(numbers["0"]) + dropped == 20_000
    assert "(the file could not be written: File too large)" in text
    assert said.startswith(f"django_logtail: {tmp_path}/application.log can't be written: File too large. ")
    assert said.count("\n") == 1


def test_a_directory_that_may_not_be_written_costs_entries_that_are_counted_once_it_may(start: Any) -> None:
    with tempfile.TemporaryDirectory() as name:  # not tmp_path, which only its owner can enter
        directory = Path(name)
        directory.chmod(0o555)
        writers = start(5_000, directory, user=0 if os.geteuid() else 65534, queue=100_000)
        for process in writers.running:
            Writers.hear(process, "logged")
        assert list(directory.iterdir()) == []

        directory.chmod(0o777)

        said = writers.join()
        numbers, dropped = counted(text_of(directory))
        assert sum(map(len, numbers.values())) + dropped == 20_000
        assert dropped > 0
        assert all(" can't be written: Permission denied. " in text for text in said)
