"""Searching a whole file, compared with `grep` in one interleaved run.

python -m benchmarks.search [--quick]      prints the tables of docs/explanation/search.md
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from django_logtail.tailing.files.system import System
from django_logtail.tailing.text.matching import matcher
from django_logtail.tailing.text.search import Search
from django_logtail.tailing.texts import PlainText
from tests.client import Client
from tests.stack import Running, Stack, has_redis

CHUNK_LINES = 20_000
WORDS = ("reused", "refilled", "checked", "sent again", "geprüft für später", "已检查")


@dataclass(frozen=True)
class Case:
    """One search, and the `grep` that does the same."""

    what: str
    pattern: str
    grep: tuple[str, ...]
    regex: bool = False
    case: bool = True
    encoding: str = "utf-8"


CASES = (
    Case("text", "GatewayTimeout", ("-F", "GatewayTimeout")),
    Case("text that begins as most lines do", "2026-08-24 25:", ("-F", "2026-08-24 25:")),
    Case("text, upper and lower case alike", "gatewaytimeout", ("-iF", "gatewaytimeout"), case=False),
    Case("the same, letters beyond ASCII", "ОШИБКА", ("-iF", "ОШИБКА"), case=False),
    Case("text in a GBK log", "支付失败", (), encoding="gbk"),
    Case("text in a UTF-16 log", "支付失败", (), encoding="utf-16-le"),
    Case(
        "expression: one of three words",
        "timed out|refused by|was reset",
        ("-E", "timed out|refused by|was reset"),
        regex=True,
    ),
    Case(
        "expression: numbers in a frame",
        r" 5\d\d in \d{5,} ms",
        ("-E", r" 5[0-9][0-9] in [0-9]{5,} ms"),
        regex=True,
    ),
    Case(
        "expression, upper and lower case alike",
        r"gateway\w*timeout",
        ("-iE", r"gateway\w*timeout"),
        regex=True,
        case=False,
    ),
)


def write_log(path: Path, size: int, encoding: str) -> None:
    """Lines of about 100 characters, one in six with letters beyond ASCII; none match the searches."""
    with path.open("wb") as file:
        number = 0
        while file.tell() < size:
            text = "".join(
                f"2026-08-24 {n // 3600 % 24:02d}:{n // 60 % 60:02d}:{n % 60:02d},{n % 1000:03d} INFO     shop.access "
                f"GET /api/orders/{n}/ 200 in {n * 7 % 900} ms, connection {WORDS[n % 6]}, worker {n % 16}\n"
                for n in range(number, number + CHUNK_LINES)
            )
            file.write(text.encode(encoding, "ignore"))
            number += CHUNK_LINES


def ours(path: Path, case: Case) -> float:
    """Seconds of one search."""
    found = matcher(case.pattern, regex=case.regex, case=case.case)
    text = PlainText(System(), os.open(path, os.O_RDONLY))
    search = Search(text.read, found, 0, text.size, encoding=case.encoding)
    begun = time.perf_counter()
    while not search.is_done:
        search.step(0.05, 10**9)
    seconds = time.perf_counter() - begun
    text.close()
    assert search.position == path.stat().st_size
    assert search.found == 0
    return seconds


def grep(path: Path, case: Case) -> float:
    begun = time.perf_counter()
    subprocess.run(
        ["grep", "-c", *case.grep, str(path)],
        stdout=subprocess.DEVNULL,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
        check=False,
    )
    return time.perf_counter() - begun


def throughput(directory: Path, size: int, rounds: int) -> None:
    print("| | this | `grep -c` |\n| --- | --- | --- |")
    paths: dict[str, Path] = {}
    for case in CASES:
        if case.encoding not in paths:
            for path in paths.values():
                if case.encoding != "utf-8" and path.name != "utf-8.log":
                    path.unlink(missing_ok=True)
            paths[case.encoding] = directory / f"{case.encoding}.log"
            write_log(paths[case.encoding], size, case.encoding)
        path = paths[case.encoding]
        megabytes = path.stat().st_size / 1e6
        path.read_bytes()[:0]  # into the page cache
        taken: dict[str, list[float]] = {"ours": [], "grep": []}
        for _ in range(rounds):
            taken["ours"].append(ours(path, case))
            if case.grep:
                taken["grep"].append(grep(path, case))
        rates = {
            name: f"{megabytes / statistics.median(seconds):,.0f} MB/s" if seconds else ""
            for name, seconds in taken.items()
        }
        print(f"| {case.what} | {rates['ours']} | {rates['grep']} |", flush=True)
    for path in paths.values():
        path.unlink(missing_ok=True)


def times_open(reader: Running, path: Path) -> int:
    found = 0
    for link in (link for pid in reader.pids for link in Path(f"/proc/{pid}/fd").iterdir()):
        try:
            found += link.readlink() == path
        except FileNotFoundError:
            continue
    return found


async def until(is_true: Callable[[], object]) -> float:
    """Seconds until it is true, checked every millisecond."""
    begun = time.perf_counter()
    while not is_true():
        await asyncio.sleep(0.001)
    return time.perf_counter() - begun


async def through_a_socket(
    stack: Stack, reader: Running, path: Path, endless: Path, rounds: int
) -> dict[str, str]:
    """A search as a viewer experiences it, from the request on."""
    web = next(web for web in stack.started if hasattr(web, "url"))
    size = path.stat().st_size
    member = stack.call("sign_in", "member")
    firsts, wholes, cancels = [], [], []
    async with Client(stack, web, "big", member, lines=1) as viewer:  # type: ignore[arg-type]
        await viewer.until(lambda: viewer.place)
        assert viewer.place is not None
        ask = {"type": "search", "file": viewer.place[0], "case": True}

        def answers(request: int, kind: str) -> list[dict[str, object]]:
            return [a for a in viewer.answers if a.get("request") == request and a["type"] == kind]

        for number in range(1, rounds + 1):
            begun = time.perf_counter()
            await viewer.send({**ask, "request": number, "pattern": "NeedleAtTheBeginning"})
            await viewer.until(lambda number=number: answers(number, "found"))
            firsts.append(time.perf_counter() - begun)
            await viewer.until(lambda number=number: answers(number, "done"))
            wholes.append(size / 1e6 / (time.perf_counter() - begun))
            await asyncio.sleep(1.5)  # let the budget fill up
    async with Client(stack, web, "endless", member, lines=1) as viewer:  # type: ignore[arg-type]
        await viewer.until(lambda: viewer.place)
        assert viewer.place is not None
        for number in range(1, 4 * rounds):
            asked = {"type": "search", "file": viewer.place[0], "request": number, "pattern": "NeedleNowhere"}
            await viewer.send(asked)
            await viewer.until(
                lambda number=number: any(
                    a["type"] == "progress" and a["request"] == number for a in viewer.answers
                )
            )
            before = times_open(reader, endless)
            await viewer.send({"type": "cancel", "request": number})
            cancels.append(await until(lambda before=before: times_open(reader, endless) < before))
    return {
        "first hit": f"{statistics.median(firsts) * 1000:.0f} ms",
        "whole file": f"{statistics.median(wholes):,.0f} MB/s",
        "cancelled, until the file is closed": f"{statistics.median(cancels) * 1000:.0f} ms",
        "slowest cancel": f"{max(cancels) * 1000:.0f} ms",
    }


async def following(stack: Stack, log: Path, searched: str | None, lines: int) -> tuple[float, float]:
    """p50 and p99 milliseconds from write to WebSocket for one log's 20 lines/s, during searches of another."""
    web = next(web for web in stack.started if hasattr(web, "url"))
    member = stack.call("sign_in", "member")
    taken: list[float] = []

    async def search() -> None:
        async with Client(stack, web, "big", member, lines=1) as other:  # type: ignore[arg-type]
            await other.until(lambda: other.place)
            assert other.place is not None
            number = 0
            while True:
                number += 1
                asked = {"type": "search", "file": other.place[0], "request": number, "pattern": searched}
                await other.send(asked)
                await other.until(
                    lambda number=number: any(
                        a["type"] == "done" and a["request"] == number for a in other.answers
                    ),
                    120,
                )

    task = asyncio.ensure_future(search()) if searched else None
    async with Client(stack, web, "followed", member, lines=1) as viewer:  # type: ignore[arg-type]
        await viewer.until_live()
        await asyncio.sleep(1.0)
        for number in range(lines):
            line = b"line %d\n" % number
            begun = time.perf_counter()
            with log.open("ab", buffering=0) as file:
                file.write(line)
            await viewer.until(lambda line=line: viewer.bytes.endswith(line))
            taken.append((time.perf_counter() - begun) * 1000)
            await asyncio.sleep(0.05)
    if task is not None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    taken.sort()
    return taken[len(taken) // 2], taken[int(len(taken) * 0.99)]


def whole_way(directory: Path, size: int, quick: bool) -> None:
    columns: dict[str, dict[str, str]] = {}
    for home in ("local", "dramatiq"):
        if home == "dramatiq" and not has_redis():
            continue
        with Stack(directory / home, logtail={"READER": home}) as stack:
            reader: Running
            if home == "dramatiq":
                stack.start_redis()
                reader = stack.start_worker()
                stack.start_web()
            else:
                reader = stack.start_web()
            stack.make_user("member")
            path, followed = stack.add_log("big"), stack.add_log("followed", b"first\n")
            endless = stack.add_log("endless", b"first\n")
            os.truncate(endless, 50_000_000_000)  # a hole, which takes no space
            write_log(path, size, "utf-8")
            text = path.read_bytes()
            path.write_bytes(b"NeedleAtTheBeginning\n" + text)
            del text
            found = asyncio.run(through_a_socket(stack, reader, path, endless, 2 if quick else 5))
            for what, searched in (("no search", None), ("a search", "NeedleNowhere")):
                p50, p99 = asyncio.run(following(stack, followed, searched, 40 if quick else 400))
                found[f"following another log beside {what}, p50 and p99"] = f"{p50:.1f} and {p99:.1f} ms"
            columns[home] = found
    print(f"\n| | {' | '.join(columns)} |\n| --- |{' --- |' * len(columns)}")
    for what in next(iter(columns.values())):
        print(f"| {what} | {' | '.join(column[what] for column in columns.values())} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="100 MB instead of 1 GB, fewer rounds")
    quick = parser.parse_args().quick
    size = 100_000_000 if quick else 1_000_000_000
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}\n")
    with tempfile.TemporaryDirectory() as name:
        throughput(Path(name), size, 2 if quick else 5)
        whole_way(Path(name), size, quick)


if __name__ == "__main__":
    main()
