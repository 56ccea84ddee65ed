"""How one signed-in user can slow down another: the other's pages, stream and search, with and without an attack.

`python -m benchmarks.fairness` prints a table for each home of the reader. The attacks are in `attacks`; the other user
repeatedly loads a page, watches a log that gets a line every 50 ms, and searches it.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import platform
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.fairness.attacks import VIEWERS_A_SESSION
from tests.plain import Door, PlainViewer, serve
from tests.stack import Stack, Web, has_redis

#: The attacks in words.
ATTACKS = {
    "search": "4 sockets x 2 searches for 753 different letters beyond ASCII",
    "ranges": "15 sockets, 18 `range` a second each, 1 MiB",
    "bytes": "the same with 1-byte ranges",
    "downloads": "16 downloads at a time",
    "viewers": "2,000 viewers of as many sessions and logs, checked again every 15 s",
}
LINE_SECONDS = 0.05
PAUSE_SECONDS = 0.05
WARM_UP_SECONDS = 3.0
#: Seconds after which the other user's search counts as not completed.
SEARCH_SECONDS = 30.0
SESSIONS = 1_990 // VIEWERS_A_SESSION
NEEDLE = "TheOnlyLineThatIsSoughtFor"


@dataclass
class Suffered:
    """What the other user noticed."""

    pages: list[float] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    searched: float | None = None
    search_said: str = ""


@dataclass(eq=False)
class Other(PlainViewer):
    """The other user's viewer, which keeps the answer to its search."""

    answer: dict[str, Any] | None = None

    def take(self, payload: bytes, *, is_text: bool) -> None:
        if is_text and (fields := json.loads(payload))["type"] in ("done", "error"):
            self.answer = fields
        if not (is_text or b'"request"' in payload.partition(b"\n")[0]) or is_text:
            super().take(payload, is_text=is_text)


@contextlib.contextmanager
def running(work: Any, *arguments: Any) -> Iterator[None]:
    """Run some work in a thread, until its event is set."""
    is_over = threading.Event()
    thread = threading.Thread(target=work, args=(is_over, *arguments))
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def load_pages(is_over: threading.Event, web: Web, path: str, session: str, taken: list[float]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", web.port, timeout=60)
    while not is_over.wait(PAUSE_SECONDS):
        began = time.perf_counter()
        connection.request("GET", path, headers={"Cookie": f"sessionid={session}"})
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200, answer.status
        taken.append(time.perf_counter() - began)
    connection.close()


def write_lines(is_over: threading.Event, path: Path, written: dict[int, float]) -> None:
    with path.open("ab", buffering=0) as log:
        number = 0
        while not is_over.wait(LINE_SECONDS):
            number += 1
            written[number] = time.perf_counter()
            log.write(b"line %d\n" % number)


def suffer(stack: Stack, web: Web, session: str, path: Path, seconds: float) -> Suffered:
    """Take one measurement."""
    found, written = Suffered(), {}
    os.truncate(path, 0)
    path.write_bytes(b"first\n" * 100_000 + f"{NEEDLE}\n".encode())
    with Door(stack, web, session) as door:
        opened = door.open("shop", lines=1)
        viewer = Other(opened.socket, opened.buffer)
        assert serve([viewer], lambda: viewer.place and viewer.state == "live", 60)

        def on_data(data: bytes) -> None:
            now = time.perf_counter()
            for line in data.splitlines():
                if line.startswith(b"line "):
                    found.delays.append(now - written.pop(int(line[5:])))

        viewer.on_data = on_data
        page = stack.reverse("logtail:list")
        with running(load_pages, web, page, session, found.pages):
            with running(write_lines, path, written):
                serve([viewer], lambda: False, seconds / 2)
                began = time.perf_counter()
                assert viewer.place is not None
                ask = {"type": "search", "request": 1, "file": viewer.place[0], "start": 0}
                viewer.say({**ask, "pattern": NEEDLE, "case": True})
                if serve([viewer], lambda: viewer.answer is not None, SEARCH_SECONDS):
                    assert viewer.answer is not None
                    found.search_said = viewer.answer.get("id") or f"{viewer.answer['found']} found"
                    found.searched = time.perf_counter() - began
                serve([viewer], lambda: False, max(0.0, seconds / 2 - (time.perf_counter() - began)))
            serve([viewer], lambda: not written, 30)
        found.delays += [time.perf_counter() - at for at in written.values()]
    return found


@contextlib.contextmanager
def under(kind: str, web: Web, sessions: Sequence[str], paths: dict[str, str]) -> Iterator[None]:
    """An attack, from when it is under way until the block ends."""
    told = json.dumps({"port": web.port, "sessions": sessions, "paths": paths})
    attack = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.fairness.attacks", kind],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert attack.stdin is not None
        assert attack.stdout is not None
        attack.stdin.write(told + "\n")
        attack.stdin.flush()
        assert attack.stdout.readline() == "under way\n"
        yield
        assert attack.poll() is None, "the attack ended by itself"
    finally:
        attack.kill()
        attack.communicate()


def one_home(home: str, kinds: Sequence[str], seconds: float, folder: Path, settings: dict[str, Any]) -> None:
    with Stack(folder / home, logtail={"READER": home, **settings}) as stack:
        if home == "dramatiq":
            stack.start_redis()
            stack.start_worker()
        web = stack.start_web()
        path, large = stack.add_log("shop"), stack.add_log("large")
        line = "Я в лесу родилась, и в лесу росла: запрос обработан за 12 мс\n".encode()
        large.write_bytes(line * (200_000_000 // len(line)))
        other, attacker = stack.make_user("other"), stack.make_user("attacker")
        paths = {name: stack.reverse(f"logtail:{name}", "large") for name in ("ticket", "socket", "download")}
        for log in range(VIEWERS_A_SESSION if "viewers" in kinds else 0):
            stack.add_log(f"log-{log}", b"first\n")
            for name in ("ticket", "socket"):
                paths[f"{name}-{log}"] = stack.reverse(f"logtail:{name}", f"log-{log}")
        crowd = [stack.make_user(f"member-{n}") for n in range(SESSIONS)] if "viewers" in kinds else []
        suffer(stack, web, other, path, 2.0)
        before = suffer(stack, web, other, path, seconds)
        print(row(home, "nothing", before, before), flush=True)
        for kind in kinds:
            sessions = crowd if kind == "viewers" else [attacker]
            with under(kind, web, sessions, paths):
                time.sleep(WARM_UP_SECONDS)
                found = suffer(stack, web, other, path, max(seconds, 16.0) if crowd else seconds)
            print(row(home, ATTACKS[kind], found, before), flush=True)
            time.sleep(2.0)


def row(home: str, what: str, found: Suffered, before: Suffered) -> str:
    pages, delay = median(found.pages), max(found.delays)
    searched = "not done" if found.searched is None else f"{found.search_said} after {found.searched:.1f} s"
    return (
        f"| {home} | {what} | {pages * 1000:.0f} ms ({pages / median(before.pages):.1f}x) "
        f"| {delay * 1000:.0f} ms | {searched} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=12)
    parser.add_argument("--homes", nargs="*", default=["local", "dramatiq"])
    parser.add_argument("--attacks", nargs="*", default=list(ATTACKS), choices=ATTACKS)
    parser.add_argument("--settings", type=json.loads, default={}, help="LOGTAIL's, as JSON")
    asked = parser.parse_args()
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}\n")
    print("| reader | one user does | the other's page, p50 | worst delay in its stream | its search |")
    print("| --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as name:
        for home in asked.homes:
            if home == "dramatiq" and not has_redis():
                continue
            one_home(home, asked.attacks, asked.seconds, Path(name), asked.settings)


if __name__ == "__main__":
    main()
