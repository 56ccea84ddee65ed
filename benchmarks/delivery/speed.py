"""How long opening a log takes, with all that a page does for it, and how fast one viewer gets a log that is behind."""

from __future__ import annotations

import http.client
import json
import os
import selectors
import statistics
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from benchmarks.delivery.contenders import Contender, Ours
from benchmarks.delivery.parts import LINE, MIB, Result, close, make_big, ready
from tests.plain import PlainViewer, connect, cpu_seconds, serve

#: How far the writer may be ahead of the viewer.
AHEAD_BYTES = 8 * MIB
WRITE_BYTES = MIB // 4
#: Lines that a page asks for, and how often it opens the log while a reader runs, and while none does.
LINES, WARM, COLD = 200, 20, 3
#: Seconds until a reader that nobody needs has ended.
ENDED_SECONDS = 12.5
TOKEN = "t" * 32


def full_speed(contender: Contender, path: Path, seconds: float) -> Result:
    """One viewer flat out, while a writer stays at most AHEAD_BYTES ahead of it."""
    [viewer] = contender.open(1)
    ready(contender, path, [viewer])
    before, received = _cpu(contender), viewer.received
    written, chunk = 0, LINE * (WRITE_BYTES // len(LINE))
    began = kept_alive = time.perf_counter()
    with selectors.DefaultSelector() as selector, path.open("ab", buffering=0) as file:
        selector.register(viewer.socket, selectors.EVENT_READ)
        while (now := time.perf_counter()) - began < seconds:
            while written - (viewer.received - received) < AHEAD_BYTES:
                written += file.write(chunk)
            if selector.select(0.05):
                viewer.read()
            if now - kept_alive > 0.2:
                kept_alive = now
                viewer.keep_alive(time.monotonic())
    got, took = viewer.received - received, time.perf_counter() - began
    used = {f"{name} CPU s/GB": (at - before[name]) / (got / 1e9) for name, at in _cpu(contender).items()}
    close([viewer])
    return {"MB/s": got / took / 1e6, **used, "CPU s/GB": sum(used.values())}


def opening(contender: Ours, path: Path) -> Result:
    """Ticket, socket and the last lines of a log of 5 GB: wall-clock time, and what the servers' threads worked."""
    contender.stack.add_log("big", path=make_big(path.with_name("big.log")))
    opened = _opener(contender)
    keeps, *_ = opened()
    warm = []
    for _ in range(WARM):
        viewer, *figures = opened()
        warm.append(figures)
        viewer.close()
    keeps.close()
    cold = []
    for _ in range(COLD):
        time.sleep(ENDED_SECONDS)
        viewer, *figures = opened()
        cold.append(figures)
        viewer.close()
    found = {}
    for name, rows in (("no reader runs", cold), ("it runs", warm)):
        wall, worked = zip(*rows, strict=True)
        found |= {
            f"{name}: ms": statistics.median(wall),
            f"{name}: at least ms": min(wall),
            f"{name}: CPU ms": statistics.median(worked),
        }
    return found


def _opener(contender: Ours) -> Callable[[], tuple[PlainViewer, float, float]]:
    stack, web, session = contender.stack, contender.web, contender.door.session
    ticket_path, socket_path = (stack.reverse(f"logtail:{name}", "big") for name in ("ticket", "socket"))
    headers = {"Cookie": f"sessionid={session}; csrftoken={TOKEN}", "X-CSRFToken": TOKEN}

    def opened() -> tuple[PlainViewer, float, float]:
        before, began = _worked(contender.pids()), time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", web.port)
        connection.request("POST", ticket_path, b"", headers)
        ticket = json.load(connection.getresponse())["ticket"]
        connection.close()
        viewer = connect(web, socket_path, session, ticket, lines=LINES)
        if not serve([viewer], lambda: viewer.received >= LINES * len(LINE), 30):
            raise TimeoutError(f"{contender.name}: {viewer.received} bytes of backlog after 30 s")
        took = time.perf_counter() - began
        return viewer, took * 1000, (_worked(contender.pids()) - before) * 1000

    return opened


def _worked(pids: Iterable[int]) -> float:
    """Seconds that the processes' threads have run: exact, where `cpu_seconds` counts hundredths."""
    files = [task / "schedstat" for pid in pids for task in Path(f"/proc/{pid}/task").iterdir()]
    return sum(int(file.read_text().split()[0]) for file in files if os.access(file, os.R_OK)) / 1e9


def _cpu(contender: Contender) -> dict[str, float]:
    return {name: cpu_seconds(pids) for name, pids in contender.processes().items()}
