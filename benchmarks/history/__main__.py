"""Travelling and searching a long log, its end, its begin, its middle, a time, compressed files, beside usual tools.

python -m benchmarks.history [--gigabytes 5] [--archive-megabytes 1000] [--encoded-megabytes 500] [--rounds 5]
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import os
import platform
import random
import shlex
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.history.asking import BESIDE, PAGE_BYTES, Asking, run_beside
from benchmarks.history.searching import (
    CHINESE_NEEDLE,
    NEEDLE_BYTES,
    Case,
    searched,
    write_encoded,
)
from tests.client import Client
from tests.stack import Running, Stack, Web

#: Lines a second of the log, about 100 bytes each.
LINES_A_SECOND = 600
ENDS = datetime(2026, 11, 28, 12, tzinfo=timezone.utc)
PLACEHOLDER = b"@" * 19
ARCHIVES = 5
#: Milliseconds between two lines of the log that another viewer watches meanwhile, on average.
PAUSE_MS = 50
NEEDLE = "needle in an archive"
PLAIN_NEEDLE = "needle in the log"
#: What each way to a place may take and read at most: milliseconds, and bytes.
PLACE_BAR = (150, 1024 * 1024)
TIME_BAR = (150, 8 * 1024 * 1024)
PACKED_BARS = (1_500, 100)
#: Milliseconds of the first picture of the volume and of the complete one; and p99 of other viewers meanwhile.
VOLUME_BARS = (1_000, 15_000)
LIVE_BAR = 50
#: Seconds for which nothing but the other viewers' log is written, to compare.
ALONE_SECONDS = 30
#: So that a measurement is not one of the limits.
NO_LIMITS = {
    "SEARCH_BYTES_PER_SECOND": 10**12,
    "SEARCH_PROCESSOR_PERCENT": 1_000,
    "HISTORY_BYTES_PER_SECOND_PER_USER": 10**12,
    "ANSWER_PROCESSOR_PERCENT_PER_USER": 100,
}


def second_of_lines(seed: int) -> bytes:
    """What is written each second, without its time; too varied for a compressor to find the same in the next one."""
    chance = random.Random(seed)
    words = ["order", "basket", "payment", "worker", "session", "retry", "cache", "query", "signal", "reused"]
    lines = [
        f"{PLACEHOLDER.decode()},{number * 1000 // LINES_A_SECOND:03d} INFO     shop.{chance.choice(words)} "
        f"{chance.choice(words)} {chance.getrandbits(48):012x} {chance.choice(words)} in {chance.randrange(900)} ms\n"
        for number in range(LINES_A_SECOND)
    ]
    return "".join(lines).encode()


class Writer:
    """Writes lines with times that go on from file to file."""

    def __init__(self, begins: datetime) -> None:
        self.now = begins
        self._blocks = [second_of_lines(seed) for seed in range(16)]

    def write(self, file: Any, size: int, needle: str = "") -> None:
        written = next_needle = number = 0
        while written < size:
            if needle and written >= next_needle:
                number, next_needle = number + 1, next_needle + NEEDLE_BYTES
                at = f"{self.now:%Y-%m-%d %H:%M:%S}"
                written += file.write(f"{at},000 INFO     shop.order {needle} {number}\n".encode())
            block = self._blocks[int(self.now.timestamp()) % len(self._blocks)]
            written += file.write(block.replace(PLACEHOLDER, f"{self.now:%Y-%m-%d %H:%M:%S}".encode()))
            self.now += timedelta(seconds=1)


def write_log(path: Path, size: int, archive_bytes: int) -> datetime:
    """The log with its rotated, compressed files; the moment in the middle of the log itself.

    Each archive has a share of `archive_bytes`, compressed.
    """
    block_bytes = len(second_of_lines(0))
    plain_seconds = size // block_bytes
    share = archive_bytes // ARCHIVES
    writer = Writer(ENDS - timedelta(days=30))
    for number in range(ARCHIVES, 0, -1):
        archive = path.with_name(f"{path.name}.{number}.gz")
        with archive.open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=1) as packed:
            while raw.tell() < share:
                writer.write(packed, 8 * 1024 * 1024)
            packed.write(
                f"{writer.now:%Y-%m-%d %H:%M:%S},000 ERROR    shop.order {NEEDLE} {number}\n".encode()
            )
        when = writer.now.timestamp()
        os.utime(archive, (when, when))
    writer.now = ENDS - timedelta(seconds=plain_seconds)
    with path.open("wb") as file:
        writer.write(file, size, PLAIN_NEEDLE)
    return ENDS - timedelta(seconds=plain_seconds // 2)


def read_bytes(reader: Running) -> int:
    """Bytes that the reader's processes have read so far, of files and of sockets."""
    found = 0
    for pid in reader.pids:
        fields = Path(f"/proc/{pid}/io").read_text().split()
        found += int(fields[fields.index("rchar:") + 1])
    return found


def resident_megabytes(running: Running) -> float:
    """Of its largest process."""
    sizes = []
    for pid in running.pids:
        found = [
            line for line in Path(f"/proc/{pid}/status").read_text().split("\n") if line.startswith("VmRSS")
        ]
        sizes += [int(line.split()[1]) / 1024 for line in found]
    return max(sizes)


async def median(
    reader: Running, rounds: int, work: Callable[[int], Awaitable[object]], pause: float = 0.3
) -> tuple[float, float]:
    """Milliseconds, and MB that the reader read; of each the median."""
    times, reads = [], []
    for number in range(rounds):
        before, begun = read_bytes(reader), time.perf_counter()
        await work(number)
        times.append((time.perf_counter() - begun) * 1000)
        reads.append((read_bytes(reader) - before) / 1e6)
        await asyncio.sleep(pause)
    return statistics.median(times), statistics.median(reads)


async def tool(command: Sequence[str], rounds: int, *, in_terminal: bool = False) -> str:
    """Milliseconds of a command, or "" if it isn't here. `in_terminal`: it draws one page there, and ends by "q"."""
    if shutil.which(command[0]) is None:
        return ""
    run = ["script", "-qec", shlex.join(command), "/dev/null"] if in_terminal else command
    times = []
    for _ in range(rounds):
        begun = time.perf_counter()
        await run_beside(run, input=b"q", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        times.append((time.perf_counter() - begun) * 1000)
    return f"{statistics.median(times):,.0f} ms (`{' '.join(command[:-1])}`)"


def row(what: str, taken: tuple[float, float], bar: tuple[float, float], beside: str = "") -> None:
    """One way to a place."""
    milliseconds, read = taken
    is_over = milliseconds > bar[0] or read * 1e6 > bar[1]
    limit = f"{bar[0]:,.0f} ms" + ("" if bar[1] == float("inf") else f", {bar[1] / 2**20:,.0f} MiB")
    print(
        f"| {what} | {milliseconds:,.0f} ms | {read:.2f} MB | {limit}{' (over)' if is_over else ''} | {beside} |",
        flush=True,
    )


async def places(
    stack: Stack, web: Web, reader: Running, path: Path, middle: datetime, rounds: int, encoded: list[Path]
) -> None:
    """Each way to a place, as a row of a table; then the searches."""
    member = stack.call("sign_in", "member")
    chance = random.Random(1)
    size = path.stat().st_size

    async def last(_: int) -> None:
        async with Client(stack, web, "big", member, lines=500) as viewer:
            await viewer.until(lambda: viewer.bytes.count(b"\n") >= 500)

    print("| | this | read | at most | beside it |\n| --- | --- | --- | --- | --- |")
    row(
        "last 500 lines, from the page's request on",
        await median(reader, rounds, last),
        PLACE_BAR,
        await tool(["tail", "-n500", str(path)], rounds)
        + ", "
        + await tool(["less", "-n", "+G", str(path)], rounds, in_terminal=True),
    )
    async with Client(stack, web, "big", member, lines=500) as viewer:
        await viewer.until_live()
        asking = Asking(viewer)
        assert viewer.place is not None
        file = viewer.place[0]
        row(
            "first line of the file",
            await median(reader, rounds, lambda _: asking.page(file, 0)),
            PLACE_BAR,
            await tool(["head", "-n1", str(path)], rounds),
        )

        async def first_of_all(_: int) -> None:
            files = (await asking.ask("files"))[-1]["files"]
            await asking.page(files[0]["file"], 0)

        row("first line of all files", await median(reader, rounds, first_of_all), PLACE_BAR)

        async def anywhere(_: int) -> None:
            await asking.page(file, chance.randrange(size - PAGE_BYTES))

        row(
            "anywhere in the file, by the bar",
            await median(reader, rounds, anywhere),
            PLACE_BAR,
            await tool(["less", "-n", "+50%", str(path)], rounds, in_terminal=True),
        )

        async def tip(_: int) -> None:
            await asking.page(file, chance.randrange(size - PAGE_BYTES), 4096)

        row("the time at a place of the bar", await median(reader, rounds, tip), PLACE_BAR)

        reads: list[int] = []

        async def moment(_: int) -> None:
            at = middle + timedelta(seconds=chance.randrange(-60, 60))
            found = (await asking.ask("time", at=int(at.timestamp() * 1000)))[-1]
            assert found["result"] == "found", found
            reads.append(found["read"])
            await asking.page(found["file"], max(0, found["offset"] - PAGE_BYTES // 2))

        goto = f":goto {middle:%Y-%m-%d %H:%M:%S}"
        taken = await median(reader, rounds, moment)
        row(
            "a time, and the page there",
            (taken[0], statistics.median(reads) / 1e6),
            TIME_BAR,
            await tool(["lnav", "-n", "-c", goto, str(path)], 1),
        )
        files = (await asking.ask("files"))[-1]["files"]
        archives = [entry for entry in files if entry["compression"] == "gz"]
        text = 3 * archives[-1]["stored"]
        first = await median(reader, 1, lambda _: asking.page(archives[-1]["file"], text // 2))
        megabytes = archives[-1]["stored"] / 1e6
        name = path.with_name(archives[-1]["name"])
        no_bytes = float("inf")
        row(
            f"the middle of a `.gz` of {megabytes:,.0f} MB, first time",
            first,
            (PACKED_BARS[0], no_bytes),
            await tool(["zcat", str(name)], 1),
        )

        async def again(_: int) -> None:
            await asking.page(archives[-1]["file"], chance.randrange(text // 2))

        row("afterwards, anywhere before it", await median(reader, rounds, again), (PACKED_BARS[1], no_bytes))
        begun = time.perf_counter()
        await asking.ask("volume", until_first=True, **{"from": None, "to": None, "columns": 144})
        seen = (time.perf_counter() - begun) * 1000
        row("volume of all, first picture", (seen, 0), (VOLUME_BARS[0], no_bytes))
        await asking.rest()
        seen = (time.perf_counter() - begun) * 1000
        row("volume of all, complete", (seen, 0), (VOLUME_BARS[1], no_bytes))
        begin = {"file": file, "offset": 0}
        packed = [path.with_name(entry["name"]) for entry in archives]
        expression = rf"{PLAIN_NEEDLE[:6]} in (the|no) log [0-9]+$"
        await searched(asking, _cases(path, packed, begin, expression), rounds)
    for one in encoded:
        async with Client(stack, web, one.stem, member, lines=1) as viewer:
            await viewer.until_live()
            command = ["rg", "-E", one.stem.replace("-le", "le"), "-c", CHINESE_NEEDLE]
            case = Case(
                f"a literal in {one.stem.upper()}",
                {"pattern": CHINESE_NEEDLE, "case": True},
                [one],
                [command],
                400,
            )
            await searched(Asking(viewer), [case], rounds)


def _cases(path: Path, packed: list[Path], begin: dict[str, Any], expression: str) -> list[Case]:
    literal = {"pattern": PLAIN_NEEDLE, "case": True}
    regex = {"pattern": expression, "regex": True, "case": True}
    archived = {"pattern": NEEDLE, "case": True}
    return [
        Case(
            "a literal",
            literal,
            [path],
            [["rg", "-c", PLAIN_NEEDLE], ["grep", "-c", PLAIN_NEEDLE]],
            1_000,
            {"from": begin},
        ),
        Case(
            "the same, whatever its case",
            {**literal, "case": False},
            [path],
            [["rg", "-ic", PLAIN_NEEDLE]],
            1_000,
            {"from": begin},
        ),
        Case("an expression", regex, [path], [["rg", "-c", expression]], 500, {"from": begin}),
        Case(
            "a literal in the `.gz`",
            archived,
            packed,
            [["rg", "-zc", NEEDLE], ["zgrep", "-c", NEEDLE]],
            200,
            {"to": begin},
        ),
        Case(
            "the previous error, where there is none",
            {"levels": "E", "heads": True, "limit": 1, "count": False},
            [path],
            [["rg", "-c", " ERROR "]],
            0,
            {"from": begin},
        ),
    ]


def ends_with(viewer: Client, line: bytes) -> bool:
    return viewer.bytes.endswith(line)


async def beside(stack: Stack, web: Web, log: Path, work: Awaitable[None]) -> list[float]:
    """Milliseconds from write to frame for lines at random moments of another log while the work is done."""
    member = stack.call("sign_in", "member")
    taken: list[float] = []
    chance = random.Random(2)
    async with Client(stack, web, "followed", member, lines=1) as viewer:
        await viewer.until_live()
        task = asyncio.ensure_future(work)
        number = 0
        while not task.done():
            number += 1
            line = b"line %d\n" % number
            async with BESIDE:
                begun = time.perf_counter()
                with log.open("ab", buffering=0) as file:
                    file.write(line)
                await viewer.until(partial(ends_with, viewer, line))
                taken.append((time.perf_counter() - begun) * 1000)
            await asyncio.sleep(chance.expovariate(1000 / PAUSE_MS))
        await task
    return sorted(taken)


def at(taken: list[float], share: float) -> float:
    return taken[int(len(taken) * share)]


def said(taken: list[float]) -> str:
    return f"p50 {at(taken, 0.5):.1f} and p99 {at(taken, 0.99):.1f} ms of {len(taken)} lines"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--gigabytes", type=float, default=1.0, help="of the log; default: 1")
    parser.add_argument(
        "--archive-megabytes", type=float, default=100.0, help="of its compressed files; default: 100"
    )
    parser.add_argument(
        "--encoded-megabytes",
        type=float,
        default=100.0,
        help="of a log in GBK and of one in UTF-16; default: 100",
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--as-shipped", action="store_true", help="with the default limits of reading and searching"
    )
    asked = parser.parse_args()
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}\n")
    with tempfile.TemporaryDirectory() as name, Stack(Path(name) / "stack") as stack:
        stack.start_redis()
        more = {} if asked.as_shipped else {"LOGTAIL_MORE": json.dumps(NO_LIMITS)}
        reader, web = stack.start_worker(environment=more), stack.start_web()
        stack.make_user("member")
        path, followed = stack.add_log("big"), stack.add_log("followed", b"first\n")
        middle = write_log(path, int(asked.gigabytes * 1e9), int(asked.archive_megabytes * 1e6))
        encoded = []
        for name, encoding in (("gbk", "gbk"), ("utf-16-le", "utf-16-le")):
            encoded.append(stack.add_log(name, encoding=encoding))
            write_encoded(encoded[-1], int(asked.encoded_megabytes * 1e6), encoding)
        alone = asyncio.run(beside(stack, web, followed, asyncio.sleep(ALONE_SECONDS)))
        work = places(stack, web, reader, path, middle, asked.rounds, encoded)
        taken = asyncio.run(beside(stack, web, followed, work))
        print(
            f"\nAnother log, a line each {PAUSE_MS} ms at random: {said(alone)} by itself, {said(taken)} ",
            end="",
        )
        print(f"meanwhile{f', over {LIVE_BAR} ms' if at(taken, 0.99) > LIVE_BAR else ''}.")
        print(
            f"Memory: reader {resident_megabytes(reader):.0f} MB, web process {resident_megabytes(web):.0f} MB."
        )


if __name__ == "__main__":
    main()
