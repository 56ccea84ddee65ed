"""What a line costs, and how long it takes, by the writer's rhythm, the rate and the number of viewers."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.delivery.contenders import Contender
from benchmarks.delivery.parts import Result, Stopwatch, close, percentile, ready
from tests.plain import PlainSocket, cpu_seconds, serve
from tests.stack import CHECKOUT

#: Seconds of writing, at least, and lines at least.
LEAST_SECONDS, LEAST_LINES = 5.0, 20
#: Seconds to wait for what was written, and to let viewers that have just come settle.
LATE_SECONDS, SETTLE_SECONDS = 10.0, 3.0
#: Seconds for which idle viewers are watched: longer than the interval of anything done for them.
IDLE_SECONDS = 20.0
#: The seeds of random gaps, and what stands for regular ones.
SEED, REGULAR = 14, 0


def rhythm(contender: Contender, path: Path, per_second: float, count: int) -> Result:
    """Lines at random moments for `count` viewers, then regularly. The processor time is that of random moments."""
    viewers = contender.open(count)
    ready(contender, path, viewers)
    found = _written(contender, path, viewers, per_second, SEED)
    regular = _written(contender, path, viewers, per_second, REGULAR)
    close(viewers)
    return {**found, **{f"regular {name}": regular[name] for name in ("p50 ms", "p99 ms") if name in regular}}


def quiet(contender: Contender, path: Path, per_second: float, count: int) -> Result:
    """What `count` idle viewers cost, each with a session of its own, and a line for one more viewer beside them."""
    [watching] = contender.open(1)
    ready(contender, path, [watching])
    idle = contender.open_idle(count)
    viewers = [watching, *idle]
    serve(viewers, lambda: False, SETTLE_SECONDS)
    before, began = _cpu(contender), time.perf_counter()
    serve(viewers, lambda: False, IDLE_SECONDS)
    shares = _shares(contender, before, time.perf_counter() - began)
    found = _written(contender, path, [watching], per_second, SEED, beside=idle)
    if closed := sum(viewer.is_closed for viewer in viewers):
        raise TimeoutError(f"{contender.name}: {closed} idle viewers were closed")
    close(viewers)
    idle_cpu = {f"idle {name}": value for name, value in shares.items()}
    return {**idle_cpu, **{name: found[name] for name in ("p50 ms", "p99 ms") if name in found}}


def _written(
    contender: Contender,
    path: Path,
    viewers: Sequence[PlainSocket],
    per_second: float,
    seed: int,
    beside: Sequence[PlainSocket] = (),
) -> Result:
    seconds = max(LEAST_SECONDS, LEAST_LINES / per_second)
    watch = Stopwatch(path, viewers[0])
    received, size = [viewer.received for viewer in viewers], path.stat().st_size
    before = _cpu(contender)
    command = [sys.executable, "-m", "benchmarks.delivery.writer"]
    with subprocess.Popen(
        [*command, str(path), str(per_second), str(seconds), str(seed)], stdout=subprocess.PIPE, cwd=CHECKOUT
    ) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        before, began = _cpu(contender), time.perf_counter()
        serve([*viewers, *beside], lambda: writer.poll() is not None, seconds + LATE_SECONDS)
        took = time.perf_counter() - began
    grown = path.stat().st_size - size
    expected = [already + grown for already in received]
    serve(
        [*viewers, *beside],
        lambda: all(v.received >= all_of_it for v, all_of_it in zip(viewers, expected, strict=True)),
        LATE_SECONDS,
    )
    shares = _shares(contender, before, took)
    got = sum(viewer.received - already for viewer, already in zip(viewers, received, strict=True))
    used = sum(_cpu(contender).values()) - sum(before.values())
    viewers[0].on_data = None
    if not watch.found:
        return {}
    return {
        "p50 ms": statistics.median(watch.found),
        "p99 ms": percentile(watch.found, 0.99),
        "delivered %": 100 * got / (grown * len(viewers)),
        **shares,
        "CPU s/GB": used / (got / 1e9),
    }


def _cpu(contender: Contender) -> dict[str, float]:
    return {name: cpu_seconds(pids) for name, pids in contender.processes().items()}


def _shares(contender: Contender, before: dict[str, float], seconds: float) -> Result:
    """Percent of a core, of each of the contender's processes."""
    return {f"{name} CPU %": 100 * (used - before[name]) / seconds for name, used in _cpu(contender).items()}
