"""Following, compared with `tail -F` in one interleaved run.

python -m benchmarks.following [--quick]      prints the table of docs/explanation/following.md
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django_logtail.tailing import Batch, Follower, FromEnd, FromStart, LastLines
from django_logtail.tailing.files.system import System

OURS = [sys.executable, "-m", "django_logtail.tailing"]
TAIL = ["tail", "-F"]
TICKS = os.sysconf("SC_CLK_TCK")


@contextmanager
def process(command: list[str], **more: object) -> Iterator[subprocess.Popen[bytes]]:
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **more)  # type: ignore[call-overload]
    try:
        yield running
    finally:
        running.kill()
        running.wait()


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def peak_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024


class Table:
    def __init__(self) -> None:
        self.rows: list[tuple[str, str, str]] = []

    def add(self, what: str, ours: str, tail: str) -> None:
        self.rows.append((what, ours, tail))
        print(f"| {what} | {ours} | {tail} |", flush=True)


def latency(table: Table, directory: Path, count: int) -> None:
    path = directory / "latency.log"
    path.write_bytes(b"first\n")
    taken: dict[str, list[float]] = {"ours": [], "tail": []}
    with process([*OURS, "-n", "1", str(path)]) as ours, process([*TAIL, "-n", "1", str(path)]) as tail:
        pipes = {"ours": ours.stdout, "tail": tail.stdout}
        for pipe in pipes.values():
            assert pipe is not None
            pipe.readline()
        time.sleep(0.5)
        for number in range(count):
            begun: list[float] = []
            threads = []

            def wait(name: str, begun: list[float] = begun) -> None:
                pipe = pipes[name]
                assert pipe is not None
                pipe.readline()
                taken[name].append(time.perf_counter() - begun[0])

            for name in pipes:
                threads.append(threading.Thread(target=wait, args=(name,)))
                threads[-1].start()
            time.sleep(0.05)
            with path.open("ab", buffering=0) as file:
                begun.append(time.perf_counter())
                file.write(b"line %d\n" % number)
            for thread in threads:
                thread.join()
    for share in (0.5, 0.99):
        ours_ms, tail_ms = (percentile(taken[name], share) * 1000 for name in ("ours", "tail"))
        table.add(
            f"write() to the bytes in a pipe, p{share * 100:.0f}", f"{ours_ms:.2f} ms", f"{tail_ms:.2f} ms"
        )


def idle(table: Table, directory: Path, number: int, seconds: float) -> None:
    logs = directory / f"idle{number}"
    logs.mkdir()
    for index in range(number):
        (logs / f"{index}.log").write_bytes(b"first\n")
    shares = []
    many = [sys.executable, "-m", "benchmarks.following.many", str(logs)]
    for command in (many, [*TAIL, "-q", *map(str, logs.glob("*.log"))]):
        with process(command, stdin=subprocess.PIPE) as running:
            time.sleep(3)
            before = cpu_seconds(running.pid)
            time.sleep(seconds)
            shares.append((cpu_seconds(running.pid) - before) / seconds * 100)
    table.add(
        f"CPU, {number} idle file{'s' if number > 1 else ''}", f"{shares[0]:.1f} %", f"{shares[1]:.1f} %"
    )


def throughput(table: Table, directory: Path, mib: int) -> None:
    path = directory / "big.log"
    chunk = b"".join(
        b"2026-01-01 12:00:00 INFO request %06d took a while and was fine\n" % n for n in range(16_000)
    )
    with path.open("wb") as file:
        while file.tell() < mib * 1024 * 1024:
            file.write(chunk)
    size = path.stat().st_size
    rates: dict[str, list[float]] = {"ours": [], "tail": []}
    for _ in range(3):
        for name, command in (("ours", OURS), ("tail", TAIL)):
            with process([*command, "-n", "+1", str(path)]) as running:
                assert running.stdout is not None
                left = size - len(os.read(running.stdout.fileno(), 1024 * 1024))
                begun = time.perf_counter()
                while left > 0:
                    left -= len(os.read(running.stdout.fileno(), 1024 * 1024))
                rates[name].append(size / (time.perf_counter() - begun) / 1e6)
    ours, tail = (statistics.median(rates[name]) for name in ("ours", "tail"))
    table.add("through a pipe, process to process", f"{ours:,.0f} MB/s", f"{tail:,.0f} MB/s")
    follower = Follower(path, FromStart())
    begun, seen = time.perf_counter(), 0
    while seen < size:
        seen += sum(len(item.data) for item in follower.poll(0.0) if isinstance(item, Batch))
    table.add(
        "`poll` alone, batches of whole lines", f"{size / (time.perf_counter() - begun) / 1e6:,.0f} MB/s", ""
    )
    follower.close()
    path.unlink()


class Counting(System):
    bytes = 0

    def pread(self, descriptor: int, size: int, offset: int) -> bytes:
        data = super().pread(descriptor, size, offset)
        self.bytes += len(data)
        return data


def last_lines(table: Table, directory: Path) -> None:
    path = directory / "5gb.log"
    with path.open("wb") as file:
        file.truncate(5_000_000_000)
        file.seek(0, os.SEEK_END)
        for number in range(100_000):
            file.write(b"line %d of a log that has grown for a long time without rotation\n" % number)
    times, read = [], 0
    for _ in range(20):
        system = Counting()
        begun = time.perf_counter()
        follower = Follower(path, LastLines(500), system=system)
        lines = sum(item.data.count(b"\n") for item in follower.poll(0.0) if isinstance(item, Batch))
        times.append(time.perf_counter() - begun)
        assert lines == 500
        read = system.bytes
        follower.close()
    tails = []
    for _ in range(20):
        begun = time.perf_counter()
        subprocess.run(["tail", "-n", "500", str(path)], stdout=subprocess.DEVNULL, check=True)
        tails.append(time.perf_counter() - begun)
    ours, tail = statistics.median(times) * 1000, statistics.median(tails) * 1000
    table.add(
        "last 500 lines of 5 GB",
        f"{ours:.2f} ms, {read // 1024} KiB read",
        f"{tail:.2f} ms with its process start",
    )
    path.unlink()


def long_line(table: Table, directory: Path, mib: int) -> None:
    path = directory / "long.log"
    with path.open("wb") as file:
        for _ in range(mib):
            file.write(b"x" * 1024 * 1024)
        file.write(b"\n")
    peaks = []
    for command in (OURS, TAIL):
        with process([*command, "-n", "+1", str(path)]) as running:
            assert running.stdout is not None
            left = path.stat().st_size
            while left > 0:
                left -= len(os.read(running.stdout.fileno(), 1024 * 1024))
            peaks.append(peak_mib(running.pid))
    with process(
        [sys.executable, "-c", "import django_logtail.tailing.__main__; print(); input()"],
        stdin=subprocess.PIPE,
    ) as bare:
        assert bare.stdout is not None
        bare.stdout.readline()
        bare_mib = peak_mib(bare.pid)
    table.add(
        f"memory with a line of {mib / 1024:.0f} GiB",
        f"{peaks[0]:.0f} MiB ({bare_mib:.0f} without any file)",
        f"{peaks[1]:.0f} MiB",
    )
    path.unlink()


def fairness(table: Table, directory: Path, seconds: float) -> None:
    logs = directory / "fair"
    logs.mkdir()
    paths = [logs / f"{number}.log" for number in range(1000)]
    for path in paths:
        path.write_bytes(b"first\n")
    busy = paths.pop()
    ended = threading.Event()

    def flood() -> None:
        chunk = b"a line of the busy log, written as fast as it goes\n" * 1000
        with busy.open("ab", buffering=0) as file:
            while not ended.is_set():
                file.write(chunk)
                if file.tell() > 2_000_000_000:
                    os.truncate(busy, 0)

    with process(
        [sys.executable, "-m", "benchmarks.following.many", str(logs)], stdin=subprocess.PIPE
    ) as running:
        assert running.stdout is not None
        assert running.stdin is not None
        assert running.stdout.readline() == b"ready\n"
        writer = threading.Thread(target=flood)
        writer.start()
        until, number = time.monotonic() + seconds, 0
        while time.monotonic() < until:
            with paths[number * 7919 % len(paths)].open("ab", buffering=0) as file:
                file.write(b"stamp %.6f\n" % time.monotonic())
            number += 1
            time.sleep(0.005)
        time.sleep(0.5)
        running.stdin.close()
        found = json.loads(running.stdout.readline())
        ended.set()
        writer.join()
    latencies = found["latencies"]
    assert len(latencies) == number, f"{len(latencies)} of {number} lines"
    table.add(
        f"999 quiet logs beside one at {found['emitted'] / seconds / 1e6:,.0f} MB/s, p50 and p99",
        f"{percentile(latencies, 0.5) * 1000:.1f} and {percentile(latencies, 0.99) * 1000:.1f} ms",
        "",
    )
    shutil.rmtree(logs)


def follow_from_here(table: Table, directory: Path) -> None:
    """The cost of one look at an unchanged log: 1,000 logs need a thousand of them a second."""
    path = directory / "one.log"
    path.write_bytes(b"first\n")
    follower = Follower(path, FromEnd())
    for number in range(10):
        follower.poll(float(number))
    before = resource.getrusage(resource.RUSAGE_SELF)
    for number in range(10, 100_010):
        follower.poll(float(number))
    after = resource.getrusage(resource.RUSAGE_SELF)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    table.add("one look at an unchanged log", f"{spent * 10:.1f} us", "")
    follower.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller files and shorter times")
    quick = parser.parse_args().quick
    table = Table()
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}\n")
    print("| | this | `tail -F` |\n| --- | --- | --- |")
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        latency(table, directory, 40 if quick else 400)
        for number in (1, 100, 1000):
            idle(table, directory, number, 3 if quick else 20)
        follow_from_here(table, directory)
        throughput(table, directory, 64 if quick else 1024)
        last_lines(table, directory)
        long_line(table, directory, 64 if quick else 1024)
        fairness(table, directory, 3 if quick else 20)


if __name__ == "__main__":
    main()
