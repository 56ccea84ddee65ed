"""How long a call of `logger.info` takes: four processes, 20,000 entries a second, with and without trouble.

python -m benchmarks.spool [--seconds N] [--per-second N]      prints the table of docs/explanation/spool.md

Handlers take turns in one run. A call may take long because the machine gave the processor to others, as it does when
records are formatted and forgotten; it waited only if it gave the processor up by itself, which the kernel counts.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import logging
import logging.handlers
import os
import platform
import re
import resource
import subprocess
import sys
import tempfile
import threading
import time
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from django_logtail.handlers import FORMAT, SpoolHandler

PROCESSES = 4
#: Entries of one process are logged in bursts at this distance.
BURST_SECONDS = 0.001
MEBIBYTE = 1024 * 1024


class Nothing(logging.Handler):
    """Formats the record and forgets it."""

    def emit(self, record: logging.LogRecord) -> None:
        self.format(record)


def handler_called(name: str, directory: str) -> logging.Handler:
    if name == "spool":
        return SpoolHandler(directory, max_bytes=4 * MEBIBYTE, files=200)
    if name == "nothing":
        return Nothing()
    path = f"{directory}/{os.getpid()}.log"  # Python's can't share a file
    return logging.handlers.RotatingFileHandler(path, maxBytes=4 * MEBIBYTE, backupCount=200)


def log(name: str, directory: str, per_second: int, seconds: float, file_bytes: int, user: int) -> None:
    """One process: log at the rate given, and print how long each call took, in ns."""
    if file_bytes:
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, resource.RLIM_INFINITY))
    if user:
        os.setuid(user)
    handler = handler_called(name, directory)
    if name != "spool":
        handler.setFormatter(logging.Formatter(FORMAT))
    logging.basicConfig(handlers=[handler], level="INFO")
    logging.raiseExceptions = False
    logger = logging.getLogger("shop.pay")
    logger.info("the thread starts")
    took, waited = array("q"), 0
    burst, total = max(1, round(per_second * BURST_SECONDS)), round(per_second * seconds)
    input()
    began = time.perf_counter()
    while len(took) < total:
        for _ in range(burst):
            number = len(took)
            switches = switches_by_itself()
            before = time.perf_counter_ns()
            logger.info(
                "payment %d of %s accepted in %.1f ms, cart %s", number, "ann@example.org", 12.5, "7f3a" * 8
            )
            took.append(time.perf_counter_ns() - before)
            waited += took[-1] > 1_000_000 and switches_by_itself() > switches
        rest = began + len(took) / per_second - time.perf_counter()
        if rest > 0:
            time.sleep(rest)
    print(
        json.dumps({"took": took.tolist(), "waited": waited, "seconds": time.perf_counter() - began}),
        flush=True,
    )
    input()  # what is in the way is removed first
    if file_bytes:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    if isinstance(handler, SpoolHandler):
        while handler._unwritten:
            time.sleep(0.01)


def switches_by_itself() -> int:
    """How often this thread has waited for something."""
    return resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw


@contextlib.contextmanager
def nothing_wrong(directory: Path) -> Iterator[None]:
    yield


@contextlib.contextmanager
def stuck(directory: Path) -> Iterator[None]:
    """Another process has been stopped while it holds the lock."""
    with (directory / "application.log").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def read_only(directory: Path) -> Iterator[None]:
    directory.chmod(0o555)
    yield
    directory.chmod(0o777)


@dataclass(frozen=True)
class Part:
    title: str
    handler: str
    trouble: Callable[[Path], contextlib.AbstractContextManager[None]] = nothing_wrong
    #: Largest file that a process may write; 0: any.
    file_bytes: int = 0


PARTS = (
    Part("formatted and forgotten", "nothing"),
    Part("`RotatingFileHandler`, a file for each process", "rotating"),
    Part("`SpoolHandler`", "spool"),
    Part("`SpoolHandler`, file stuck", "spool", stuck),
    Part("`SpoolHandler`, disk full", "spool", file_bytes=1_000_000),
    Part("`SpoolHandler`, directory read-only", "spool", read_only),
)


def measured(part: Part, per_second: int, seconds: float) -> str:
    """A row of the table."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        directory.chmod(0o777)
        user = 65534 if part.trouble is read_only and not os.geteuid() else 0
        facts = [
            part.handler,
            name,
            str(per_second // PROCESSES),
            str(seconds),
            str(part.file_bytes),
            str(user),
        ]
        with part.trouble(directory):
            running = [
                subprocess.Popen(
                    [sys.executable, "-m", "benchmarks.spool", "--process", *facts],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    text=True,
                )
                for _ in range(PROCESSES)
            ]
            time.sleep(1)
            for process in running:
                say(process)
            answers: list[dict[str, object]] = []
            hearing = [threading.Thread(target=hear, args=(process, answers)) for process in running]
            for thread in hearing:
                thread.start()
            for thread in hearing:
                thread.join()
        for process in running:
            say(process)
            process.wait()
        took = sorted(ns for answer in answers for ns in answer["took"])  # type: ignore[attr-defined]
        logged = len(took) + PROCESSES
        rate = len(took) / max(float(str(answer["seconds"])) for answer in answers)
        cells = [part.title, f"{rate:,.0f}"]
        cells += [f"{took[int(len(took) * share)] / 1000:,.0f}" for share in (0.5, 0.99, 0.999)]
        cells += [f"{took[-1] / 1000:,.0f}", f"{sum(ns > 1_000_000 for ns in took):,}"]
        cells.append(f"{sum(int(str(answer['waited'])) for answer in answers):,}")
        if part.handler == "spool":
            delivered, dropped = counted(directory)
            assert delivered + dropped == logged, (delivered, dropped, logged)
            cells += [f"{delivered:,}", f"{dropped:,}"]
        else:
            cells += ["", ""]
        return f"| {' | '.join(cells)} |"


def say(process: subprocess.Popen[str]) -> None:
    assert process.stdin
    process.stdin.write("\n")
    process.stdin.flush()


def hear(process: subprocess.Popen[str], answers: list[dict[str, object]]) -> None:
    assert process.stdout
    answers.append(json.loads(process.stdout.readline()))


def counted(directory: Path) -> tuple[int, int]:
    """Entries in the files, and entries that they say were dropped."""
    delivered = dropped = 0
    for file in directory.iterdir():
        for line in file.read_text().splitlines():
            if said := re.search(r"Entries dropped here: (\d+) \(", line):
                dropped += int(said[1])
            else:
                delivered += 1
    return delivered, dropped


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.spool", description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--per-second", type=int, default=20_000, help="of all processes together")
    parser.add_argument("--process", nargs=6, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.process:
        name, directory, per_second, seconds, file_bytes, user = asked.process
        log(name, directory, int(per_second), float(seconds), int(file_bytes), int(user))
        return
    print(f"{platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n")
    print(
        "| | entries/s | p50, µs | p99 | p99.9 | longest | over 1 ms | and waited | delivered | said to be dropped |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for part in PARTS:
        print(measured(part, asked.per_second, asked.seconds), flush=True)


if __name__ == "__main__":
    main()
