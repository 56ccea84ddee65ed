"""`python -m benchmarks.delivery`: latency, throughput, CPU and memory, interleaved, as medians and ratios.

--rounds N     how often each measurement is repeated (default 3)
--only WORDS   comma-separated parts of contenders' names
--quick        one short round, to see that it runs
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.delivery.contenders import Contender, Naive, Ours, Websocketd, cpu_seconds, resident_bytes
from benchmarks.delivery.load import Viewer, serve

LINE = b"2026-01-01 12:00:00,000 INFO shop.orders Order 48213 placed by customer 7140, total 86.40 in 12 ms padded\n"
Result = dict[str, float]


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def ready(contender: Contender, path: Path, viewers: list[Viewer], seconds: float = 60) -> None:
    """Write probes until every viewer receives."""
    deadline = time.monotonic() + seconds
    while not all(viewer.received for viewer in viewers):
        if time.monotonic() > deadline:
            raise TimeoutError(
                f"{contender.name}: {sum(not v.received for v in viewers)} viewers get nothing"
            )
        append(path, b"probe\n")
        serve(viewers, lambda: all(viewer.received for viewer in viewers), 0.7)
    serve(viewers, lambda: False, 1.0)


def close(viewers: list[Viewer]) -> None:
    for viewer in viewers:
        viewer.socket.close()


def latency(contender: Contender, path: Path, seconds: float) -> Result:
    """Write to frame, 20 lines a second, one viewer; milliseconds."""
    [viewer] = viewers = contender.open(1)
    ready(contender, path, viewers)
    found: list[float] = []

    def took(data: bytes) -> None:
        now = time.perf_counter()
        found.extend(
            (now - float(line.split()[1])) * 1000 for line in data.splitlines() if line.startswith(b"at ")
        )

    viewer.on_data = took
    written = 0
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        append(path, b"at %.6f\n" % time.perf_counter())
        written += 1
        serve(viewers, lambda: False, 0.05)
    serve(viewers, lambda: len(found) >= written, 3)
    close(viewers)
    found.sort()
    if not found:
        return {}
    return {"p50": statistics.median(found), "p99": found[min(len(found) - 1, int(len(found) * 0.99))]}


def throughput(contender: Contender, path: Path, count: int, size: int, seconds: float) -> Result:
    """A burst of `size` bytes to `count` viewers: MB/s to each, CPU seconds per delivered GB, share delivered."""
    viewers = contender.open(count)
    ready(contender, path, viewers)
    before = [viewer.received for viewer in viewers]
    burst = LINE * (size // len(LINE))
    cpu, started = cpu_seconds(contender.pids()), time.perf_counter()
    append(path, burst)
    is_complete = serve(
        viewers,
        lambda: all(v.received - b >= len(burst) for v, b in zip(viewers, before, strict=True)),
        seconds,
    )
    took = time.perf_counter() - started
    used = cpu_seconds(contender.pids()) - cpu
    got = sum(v.received - b for v, b in zip(viewers, before, strict=True))
    close(viewers)
    wanted = len(burst) * count
    return {
        "MB/s": got / count / took / 1e6,
        "CPU s/GB": used / (got / 1e9) if got else float("inf"),
        "share": 1.0 if is_complete else got / wanted,
    }


def idle(contender: Contender, path: Path, count: int) -> Result:
    """Memory of the servers for each idle viewer, KiB, and their CPU while nothing happens, %."""
    first = contender.open(1)
    ready(contender, path, first)
    before = resident_bytes(contender.pids())
    viewers = [viewer for _ in range(count // 50) for viewer in contender.open(50)]
    ready(contender, path, viewers, 120)
    grown = resident_bytes(contender.pids()) - before
    cpu, started = cpu_seconds(contender.pids()), time.monotonic()
    serve([*first, *viewers], lambda: False, 5.0)
    share = (cpu_seconds(contender.pids()) - cpu) / (time.monotonic() - started) * 100
    close([*first, *viewers])
    return {"KiB a viewer": grown / len(viewers) / 1024, "idle CPU %": share}


def contenders(only: str) -> list[Contender]:
    everyone: list[Contender] = [
        Websocketd(),
        Naive(),
        Ours("local"),
        Ours("dramatiq", "pubsub"),
        Ours("dramatiq", "core"),
        Ours("local", server="daphne"),
        Ours("dramatiq", "pubsub", "daphne"),
    ]
    words = [word.strip() for word in only.split(",") if word.strip()]
    return [one for one in everyone if not words or any(word in one.name for word in words)]


def measurements(quick: bool) -> dict[str, Callable[[Contender, Path], Result]]:
    mega = 1024 * 1024
    small = 2 if quick else 8
    found: dict[str, Callable[[Contender, Path], Result]] = {
        "latency, 20 lines/s": lambda c, p: latency(c, p, 3 if quick else 15),
        "1 viewer": lambda c, p: throughput(c, p, 1, _size(c, 16 * mega if quick else 256 * mega), 60),
        "10 viewers": lambda c, p: throughput(c, p, 10, _size(c, small * 4 * mega), 60),
    }
    if not quick:
        found |= {
            "100 viewers": lambda c, p: throughput(c, p, 100, _size(c, small * mega), 90),
            "200 viewers": lambda c, p: throughput(c, p, 200, _size(c, small * mega), 120),
            "1,000 idle viewers": lambda c, p: idle(c, p, 1000),
        }
    return found


def _size(contender: Contender, size: int) -> int:
    """The naive design moves kilobytes a second: the same burst would take hours."""
    return min(size, 256 * 1024) if isinstance(contender, Naive) else size


def can_do(contender: Contender, measurement: str) -> bool:
    """The naive design serves eight viewers at most; a thousand `tail` processes are not what this machine is for."""
    if isinstance(contender, Naive):
        return measurement in ("latency, 20 lines/s", "1 viewer")
    return not (isinstance(contender, Websocketd) and measurement.startswith("1,000"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    everyone = contenders(options.only)
    results: dict[str, dict[str, list[Result]]] = {}
    for number in range(1 if options.quick else options.rounds):
        for title, measure in measurements(options.quick).items():
            for contender in everyone:  # interleaved: a slow minute of the machine hits all of them
                if not can_do(contender, title):
                    continue
                with tempfile.TemporaryDirectory() as folder:
                    path = contender.start(Path(folder) / "run")
                    try:
                        result = measure(contender, path)
                    except (TimeoutError, ConnectionError) as error:
                        print(f"  {contender.name}: {title}: {error}", flush=True)
                        result = {}
                    finally:
                        contender.stop()
                results.setdefault(title, {}).setdefault(contender.name, []).append(result)
                words = ", ".join(f"{name} {value:.3g}" for name, value in result.items())
                print(f"  round {number + 1}: {title}: {contender.name}: {words}", flush=True)
    print_tables(results)


def print_tables(results: dict[str, dict[str, list[Result]]]) -> None:
    reference = Websocketd.name
    for title, by_name in results.items():
        names = list(dict.fromkeys(key for rounds in by_name.values() for found in rounds for key in found))
        print(f"\n### {title}\n\n| | " + " | ".join(f"{name} | ratio" for name in names) + " |")
        print("| --- |" + " ---: | ---: |" * len(names))
        base = {name: _median(by_name.get(reference, []), name) for name in names}
        for contender, rounds in by_name.items():
            cells = []
            for name in names:
                value, unit = _median(rounds, name), base[name]
                cells.append("–" if value is None else f"{value:.3g}")
                cells.append("–" if value is None or not unit else f"{value / unit:.2f}")
            print(f"| {contender} | " + " | ".join(cells) + " |")


def _median(rounds: list[Result], name: str) -> float | None:
    values = [found[name] for found in rounds if name in found]
    return statistics.median(values) if values else None


if __name__ == "__main__":
    main()
