"""How fast all of a log is searched, and whether the count is exact, beside usual tools."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import statistics
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.history.asking import Asking, run_beside

#: Bytes of text between two needles.
NEEDLE_BYTES = 32 * 1024 * 1024
CHINESE = "订单 {number:012x} 已支付，用户登录成功，来源 10.0.3.{part}，耗时 {time} 毫秒\n"
CHINESE_NEEDLE = "网关没有响应"


@dataclass(frozen=True)
class Case:
    """One search, what does the same beside it, and how fast it shall be. `files`: those that the tools read."""

    what: str
    sought: dict[str, Any]
    files: Sequence[Path]
    tools: Sequence[Sequence[str]]
    bar: float
    where: dict[str, Any] = field(default_factory=dict)


def write_encoded(path: Path, size: int, encoding: str) -> None:
    """Chinese lines in an encoding."""
    chance = random.Random(3)
    block = "".join(
        CHINESE.format(number=chance.getrandbits(48), part=chance.randrange(255), time=chance.randrange(900))
        for _ in range(4_000)
    ).encode(encoding)
    needle = f"{CHINESE_NEEDLE}，重试\n".encode(encoding)
    with path.open("wb") as file:
        next_needle = 0
        while file.tell() < size:
            if file.tell() >= next_needle:
                file.write(needle)
                next_needle += NEEDLE_BYTES
            file.write(block)


async def median_search(asking: Asking, case: Case, rounds: int) -> tuple[float, int, int]:
    """Seconds, the count, and the bytes of text that were searched."""
    taken, count, size = [], 0, 0
    for _ in range(rounds):
        begun = time.perf_counter()
        answers = await asking.ask("search", order="newest", **case.where, **case.sought)
        taken.append(time.perf_counter() - begun)
        count, size = answers[-1].get("count", answers[-1]["found"]), answers[-1]["at"]
        assert not answers[-1].get("unread"), answers[-1]["unread"]
        await asyncio.sleep(1)
    return statistics.median(taken), count, size


async def tool(command: Sequence[str], files: Sequence[Path], rounds: int) -> tuple[float, int] | None:
    """Seconds of a command, and how many lines it counted; None if it isn't here."""
    if shutil.which(command[0]) is None:
        return None
    taken, count = [], 0
    for _ in range(rounds):
        begun = time.perf_counter()
        ran = await run_beside(
            [*command, *map(str, files)],
            stdout=subprocess.PIPE,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
        )
        taken.append(time.perf_counter() - begun)
        count = sum(int(line.rpartition(":")[2]) for line in ran.stdout.decode().split() if line)
    return statistics.median(taken), count


async def searched(asking: Asking, cases: Sequence[Case], rounds: int) -> None:
    """Each search as a row of a table."""
    print("\n| search of all lines | this | at least | matching lines | beside it |")
    print("| --- | --- | --- | --- | --- |")
    for case in cases:
        seconds, count, size = await median_search(asking, case, rounds)
        speed = size / seconds / 1e6
        beside = []
        for command in case.tools:
            said = " ".join(command[:-1])
            if (one := await tool(command, case.files, max(1, rounds // 2))) is not None:
                exact = "" if one[1] == count else f", but {one[1]:,} lines"
                beside.append(f"{size / one[0] / 1e6:,.0f} MB/s (`{said}`{exact})")
        verdict = "" if speed >= case.bar else " (not reached)"
        print(
            f"| {case.what} | {speed:,.0f} MB/s | {case.bar:,.0f} MB/s{verdict} | {count:,} | {', '.join(beside)} |",
            flush=True,
        )
