"""The measurements of a contender that has just been started; each returns names and figures."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from benchmarks.delivery.contenders import Contender, Ours
from tests.plain import PlainSocket, PlainViewer, cpu_seconds, resident_bytes, serve
from tests.stack import open_paths, wait_until
from tests.writer import Writer

LINE = b"2026-01-01 12:00:00,000 INFO shop.orders Order 48213 placed by customer 7140, total 86.40 in 12 ms padded\n"
MIB = 1024 * 1024
#: The beginning of a line that carries the time it was written. No other line contains it.
MARK = b"at "
#: Seconds between such lines.
MARK_SECONDS = 0.05
#: Lines of 100 bytes per second, and the numbers of viewers that get all of them.
STEADY_LINES = 5_000
FEW_AND_MANY = (1, 200)
#: The flood that one of its viewers doesn't read: 20 MB/s.
FLOOD_LINES, FLOOD_LINE_BYTES = 20_000, 1_000
#: How many times to measure with a stalled viewer, alternating with as many times without.
STALLED_TURNS = 2
#: A log of 5 GB: lines at its beginning and end, a hole in between.
BIG_BYTES, BIG_EDGE_BYTES = 5_000_000_000, 10_000_000
BACKLOG_LINES = 500
#: How often to open it while the reader runs.
OPENINGS = 9

Result = dict[str, float]


class Stopwatch:
    """Milliseconds from writing marked lines to their arrival."""

    def __init__(self, path: Path, viewer: PlainSocket) -> None:
        self.path = path
        self.written = 0
        self.found: list[float] = []
        viewer.on_data = self._take

    def write(self) -> None:
        append(self.path, MARK + b"%.6f\n" % time.perf_counter())
        self.written += 1

    def _take(self, data: bytes) -> None:
        now, at = time.perf_counter(), data.find(MARK)
        while at >= 0:
            end = data.index(b"\n", at)
            self.found.append((now - float(data[at + len(MARK) : end])) * 1000)
            at = data.find(MARK, end)

    @property
    def is_done(self) -> bool:
        return len(self.found) >= self.written


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def percentile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def ready(contender: Contender, path: Path, viewers: Sequence[PlainSocket], seconds: float = 60) -> None:
    """Write probes until every viewer receives."""
    deadline = time.monotonic() + seconds
    while not all(viewer.received for viewer in viewers):
        if time.monotonic() > deadline:
            count = sum(not viewer.received for viewer in viewers)
            raise TimeoutError(f"{contender.name}: {count} viewers get nothing")
        append(path, b"probe\n")
        serve(viewers, lambda: all(viewer.received for viewer in viewers), 0.7)
    serve(viewers, lambda: False, 1.0)


def close(viewers: Sequence[PlainSocket]) -> None:
    for viewer in viewers:
        viewer.socket.close()


def latency(contender: Contender, path: Path, seconds: float) -> Result:
    """Write to frame, 20 lines a second, one viewer."""
    viewers = contender.open(1)
    ready(contender, path, viewers)
    watch = Stopwatch(path, viewers[0])
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        watch.write()
        serve(viewers, lambda: False, MARK_SECONDS)
    serve(viewers, lambda: watch.is_done, 3)
    close(viewers)
    if not watch.found:
        return {}
    return {"p50 ms": statistics.median(watch.found), "p99 ms": percentile(watch.found, 0.99)}


def burst(contender: Contender, path: Path, count: int, size: int, seconds: float) -> Result:
    """Write `size` bytes at once for `count` viewers, and wait at most `seconds` for them to arrive."""
    viewers = contender.open(count)
    ready(contender, path, viewers)
    before = [viewer.received for viewer in viewers]
    data = LINE * (size // len(LINE))
    pids = contender.pids()
    cpu, began = cpu_seconds(pids), time.perf_counter()
    append(path, data)
    serve(
        viewers,
        lambda: all(v.received - b >= len(data) for v, b in zip(viewers, before, strict=True)),
        seconds,
    )
    took = time.perf_counter() - began
    used = cpu_seconds(pids) - cpu
    got = sum(v.received - b for v, b in zip(viewers, before, strict=True))
    close(viewers)
    return {
        "burst MiB": size / MIB,
        "delivered %": 100 * got / (len(data) * count),
        "MB/s to each": got / count / took / 1e6,
        "CPU s/GB delivered": used / (got / 1e9) if got else float("inf"),
    }


def steady(contender: Ours, path: Path, seconds: float) -> Result:
    """Percent of a core for one viewer, and for many, of a steadily written log; each gets every byte."""
    viewers: list[PlainViewer] = []
    found = {}
    for count in FEW_AND_MANY:
        viewers += contender.open(count - len(viewers))
        ready(contender, path, viewers)
        named = f"{count} viewer{'s' * (count > 1)}"
        processes = {f"web CPU %, {named}": contender.web.pids}
        if contender.worker is not None:
            processes[f"reader CPU %, {named}"] = contender.worker.pids
        with Writer(path, per_second=STEADY_LINES, rotate_seconds=0):
            serve(viewers, lambda: False, 1.0)
            before = {name: cpu_seconds(pids) for name, pids in processes.items()}
            began = time.monotonic()
            serve(viewers, lambda: False, seconds)
            took = time.monotonic() - began
            for name, pids in processes.items():
                found[name] = 100 * (cpu_seconds(pids) - before[name]) / took
        has_all = everything_of(path, viewers)
        if not serve(viewers, has_all, 30):
            raise TimeoutError(f"{contender.name}: not every byte came to {count} viewers")
    close(viewers)
    return found


def everything_of(path: Path, viewers: Sequence[PlainViewer]) -> Callable[[], bool]:
    """A function that tells whether each viewer has reached the file's current end."""
    size = path.stat().st_size
    return lambda: all(viewer.place is not None and viewer.place[1] == size for viewer in viewers)


def idle(contender: Contender, path: Path, count: int) -> Result:
    """The servers' memory per idle viewer, and their CPU while nothing happens."""
    first = contender.open(1)
    ready(contender, path, first)
    before = resident_bytes(contender.pids())
    viewers = [viewer for _ in range(count // 50) for viewer in contender.open(50)]
    ready(contender, path, viewers, 120)
    grown = resident_bytes(contender.pids()) - before
    cpu, began = cpu_seconds(contender.pids()), time.monotonic()
    serve([*first, *viewers], lambda: False, 5.0)
    share = (cpu_seconds(contender.pids()) - cpu) / (time.monotonic() - began) * 100
    close([*first, *viewers])
    return {"KiB a viewer": grown / len(viewers) / 1024, "idle CPU %": share}


def big(contender: Ours, path: Path) -> Result:
    """A log of 5 GB: time from the hello to the last byte of the backlog, and from leaving until the file is closed."""
    log = make_big(path.with_name("big.log"))
    for number in range(OPENINGS + 1):
        contender.stack.add_log(f"big-{number}", path=log)
    reader = contender.worker or contender.web
    cold, _, _ = open_big(contender, 0, log, reader.pids)
    [keeps] = contender.open(1)  # another log, so that the reader goes on
    ready(contender, path, [keeps])
    warm = [open_big(contender, number, log, reader.pids) for number in range(1, OPENINGS + 1)]
    close([keeps])
    opened, read, closed = zip(*warm, strict=True)
    return {
        "no reader runs: ms": cold,
        "it runs: ms": statistics.median(opened),
        "at most ms": max(opened),
        "read KiB": max(read),
        "closed after ms": statistics.median(closed),
        "closed at most ms": max(closed),
    }


def make_big(path: Path) -> Path:
    edge = LINE * (BIG_EDGE_BYTES // len(LINE))
    with path.open("wb") as file:
        file.write(edge)
        file.seek(BIG_BYTES - len(edge) - 1)
        file.write(b"\n" + edge)
    return path


def open_big(contender: Ours, number: int, path: Path, pids: list[int]) -> tuple[float, float, float]:
    """Milliseconds until the backlog arrived, KiB that the reader's processes read, milliseconds until it was
    closed.
    """
    read = bytes_read(pids)
    viewer = contender.door.open(f"big-{number}", lines=BACKLOG_LINES)
    wanted = BACKLOG_LINES * len(LINE)
    if not serve([viewer], lambda: viewer.received >= wanted, 30):
        raise TimeoutError(f"{contender.name}: {viewer.received} bytes of backlog after 30 s")
    opened = time.perf_counter() - viewer.greeted_at
    read = bytes_read(pids) - read
    if bytes(viewer.text) != LINE * BACKLOG_LINES:
        raise TimeoutError(f"{contender.name}: another backlog than the last {BACKLOG_LINES} lines")
    viewer.close()
    left_at = time.perf_counter()
    wait_until(lambda: all(path not in open_paths(pid) for pid in pids), 30, f"{path.name} closed")
    return opened * 1000, read / 1024, (time.perf_counter() - left_at) * 1000


def bytes_read(pids: list[int]) -> int:
    """Bytes that these processes have read, from files and anything else."""
    lines = [line for pid in pids for line in Path(f"/proc/{pid}/io").read_text().splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith("rchar:"))


def stalled(contender: Ours, path: Path, seconds: float) -> Result:
    """Write to frame for others, alternately without and with a viewer of a flooded log that doesn't read its
    socket.
    """
    calm = contender.stack.add_log("calm")
    others = {"same log": (path, contender.door.open("bench", forgets=True))}
    others["other log"] = (calm, contender.door.open("calm", forgets=True))
    for log, viewer in others.values():
        ready(contender, log, [viewer])
    viewers = [viewer for _, viewer in others.values()]
    found: dict[str, list[float]] = {}
    grown = 0
    with Writer(path, per_second=FLOOD_LINES, size=FLOOD_LINE_BYTES, rotate_seconds=0):
        serve(viewers, lambda: False, 3.0)  # until rings and allocators have reached their size
        before = resident_bytes(contender.web.pids)
        for turn in range(2 * STALLED_TURNS):
            stops = [contender.door.open("bench", forgets=True, small=True)] if turn % 2 else []
            watches = watch_for(others.values(), seconds)
            if stops:
                grown = max(grown, resident_bytes(contender.web.pids) - before)
            close(stops)
            for name, watch in zip(others, watches, strict=True):
                found.setdefault(f"{name}, {'with' if stops else 'without'} it", []).extend(watch.found)
    close(viewers)
    p99 = {
        f"p99 ms, {name}": percentile(values, 0.99) for name, values in sorted(found.items(), reverse=True)
    }
    return {**p99, "web grown MiB": grown / MIB}


def watch_for(others: Collection[tuple[Path, PlainSocket]], seconds: float) -> list[Stopwatch]:
    """Write to each log and serve each viewer for `seconds`. Raises TimeoutError if a line doesn't arrive."""
    watches = [Stopwatch(log, viewer) for log, viewer in others]
    viewers = [viewer for _, viewer in others]
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for watch in watches:
            watch.write()
        serve(viewers, lambda: False, MARK_SECONDS)
    if not serve(viewers, lambda: all(watch.is_done for watch in watches), 5):
        raise TimeoutError(f"of {watches[0].written} lines came {[len(watch.found) for watch in watches]}")
    return watches
