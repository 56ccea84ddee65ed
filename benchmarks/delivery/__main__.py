"""`python -m benchmarks.delivery`: latency, throughput, CPU and memory, interleaved, as medians and ratios.

--rounds N     how often to repeat each part (default 3); stable parts are measured once
--only WORDS   comma-separated parts of contenders' names
--parts NAMES  comma-separated: rhythm, quiet, latency, burst-1, burst-10, burst-100, burst-200, steady, idle, big,
               stalled, opening, full
--rates N,N    lines a second of `rhythm` (default 1,20,200,2000,20000)
--viewers N,N  its viewers (default 1,10,50)
--idle N       idle viewers of `quiet` (default 500)
--quick        one short round without the large parts, to check that it runs

The tables go to standard output, and each result, as it comes, to standard error.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.delivery.contenders import Contender, Naive, Ours, Websocketd
from benchmarks.delivery.parts import MIB, Result, big, burst, idle, latency, stalled, steady
from benchmarks.delivery.rhythms import quiet, rhythm
from benchmarks.delivery.speed import full_speed, opening

#: Seconds after which the benchmark gives up on a burst.
BURST_SECONDS = 30
#: Columns that describe the measurement, without a ratio. Nor have shares of a core one: not every design divides its
#: work in the same way.
CONDITIONS = ("burst MiB", "delivered %")


@dataclass(frozen=True)
class Part:
    """One measurement, and which contenders take part."""

    name: str
    title: str
    measure: Callable[[Contender, Path], Result]
    kinds: tuple[type[Contender], ...] = (Ours,)
    #: The ASGI server makes no difference to it.
    is_for_uvicorn: bool = False
    #: It hardly changes from round to round, so that one round is enough.
    is_stable: bool = False

    def is_meant_for(self, contender: Contender) -> bool:
        is_daphne = isinstance(contender, Ours) and contender.server == "daphne"
        return isinstance(contender, self.kinds) and not (self.is_for_uvicorn and is_daphne)


def groups(
    quick: bool, rates: Sequence[float], viewers: Sequence[int], idle_viewers: int
) -> list[list[Part]]:
    """Groups of parts: each contender is started once per group, measured, and followed by the next contender."""
    everyone = (Ours, Websocketd, Naive)
    return [
        *([_rhythm(rate, count) for rate in rates] for count in viewers),
        [
            Part(
                "quiet",
                f"{idle_viewers:,} idle viewers, and 20 lines/s for one more",
                lambda c, p: quiet(c, p, 20, idle_viewers),
                (Ours, Websocketd),
                is_stable=True,
            )
        ],
        [
            Part(
                "latency",
                "Write to frame, 20 lines/s",
                lambda c, p: latency(c, p, 3 if quick else 6),
                everyone,
            ),
            _burst(1, 16 if quick else 256, 16 if quick else 64, everyone),
            _burst(10, 8 if quick else 64, 8 if quick else 16),
        ],
        [
            _burst(100, 16, 4),
            _burst(200, 16, 4),
            Part(
                "steady",
                "A steady 5,000 lines/s, % of a core",
                lambda c, p: steady(c, p, 3 if quick else 5),
                is_for_uvicorn=True,
            ),
        ],
        [Part("idle", "1,000 idle viewers", lambda c, p: idle(c, p, 1000), is_stable=True)],
        [
            Part("big", "Open a log of 5 GB, last 500 lines", big, is_for_uvicorn=True),
            Part(
                "stalled",
                "One of the viewers of a flood of 20 MB/s stops reading",
                lambda c, p: stalled(c, p, 3 if quick else 4),
            ),
        ],
        [
            Part(
                "full",
                "One viewer flat out, the writer at most 8 MiB ahead",
                lambda c, p: full_speed(c, p, 2 if quick else 6),
                (Ours, Websocketd),
            ),
            Part("opening", "Ticket, socket and the last 200 lines of 5 GB", opening, is_for_uvicorn=True),
        ],
    ]


#: Parts that a quick run leaves out.
LARGE = ("burst-100", "burst-200", "idle", "quiet", "opening")


def _rhythm(per_second: float, viewers: int) -> Part:
    """The naive design is too slow for more."""
    is_least = per_second <= 20 and viewers == 1
    return Part(
        "rhythm",
        f"{per_second:,g} line{'s' * (per_second != 1)}/s at random moments, {viewers:,} viewer{'s' * (viewers > 1)}",
        lambda c, p: rhythm(c, p, per_second, viewers),
        (Ours, Websocketd, Naive) if is_least else (Ours, Websocketd),
    )


def _burst(
    viewers: int, ours: int, theirs: int, kinds: tuple[type[Contender], ...] = (Ours, Websocketd)
) -> Part:
    """`ours` and `theirs` in MiB: as much as arrives in a few seconds. The naive design moves kilobytes a second."""

    def measure(contender: Contender, path: Path) -> Result:
        size = {Ours: ours * MIB, Websocketd: theirs * MIB, Naive: MIB // 4}[type(contender)]
        return burst(contender, path, viewers, size, BURST_SECONDS)

    title = f"A burst to {viewers} viewer{'s' * (viewers > 1)}, at most {BURST_SECONDS} s"
    return Part(f"burst-{viewers}", title, measure, kinds)


def contenders() -> list[Contender]:
    return [
        Websocketd(),
        Naive(),
        Ours("local"),
        Ours("dramatiq", "pubsub"),
        Ours("dramatiq", "core"),
        Ours("local", server="daphne"),
        Ours("dramatiq", "pubsub", "daphne"),
    ]


def words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def measured(contender: Contender, parts: Sequence[Part]) -> Iterator[tuple[Part, Result]]:
    """Each part's result, empty if it failed. After a failure, or if viewers leave traces, the contender is
    restarted.
    """
    waiting = list(parts)
    while waiting:
        with tempfile.TemporaryDirectory() as folder:
            path = contender.start(Path(folder) / "run")
            try:
                while waiting:
                    part = waiting.pop(0)
                    yield part, part.measure(contender, path)
                    if contender.leaves_traces:
                        break
            except (OSError, AssertionError) as error:
                print(f"  {contender.name}: {part.title}: {error!r}", file=sys.stderr, flush=True)
                yield part, {}
            finally:
                contender.stop()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="")
    parser.add_argument("--parts", default="")
    parser.add_argument("--rates", default="1,20,200,2000,20000")
    parser.add_argument("--viewers", default="1,10,50")
    parser.add_argument("--idle", type=int, default=500)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    rates, viewers = map(float, words(options.rates)), map(int, words(options.viewers))
    every_group = groups(options.quick, list(rates), list(viewers), options.idle)
    names, pieces = words(options.parts), words(options.only)
    everyone = [one for one in contenders() if not pieces or any(piece in one.name for piece in pieces)]
    results: dict[str, dict[str, list[Result]]] = {}
    try:
        for number in range(1 if options.quick else options.rounds):
            for group in every_group:
                for contender in everyone:  # interleaved: a slow minute of the machine hits all of them
                    parts = [
                        part
                        for part in group
                        if part.is_meant_for(contender)
                        and not (number and part.is_stable)
                        and (part.name in names if names else not (options.quick and part.name in LARGE))
                    ]
                    began = time.monotonic()
                    for part, result in measured(contender, parts):
                        results.setdefault(part.title, {}).setdefault(contender.name, []).append(result)
                        figures = ", ".join(f"{name} {value:.3g}" for name, value in result.items())
                        took, began = time.monotonic() - began, time.monotonic()
                        said = (
                            f"  round {number + 1}, {took:.0f} s: {part.title}: {contender.name}: {figures}"
                        )
                        print(said, file=sys.stderr, flush=True)
    finally:
        print_tables(results)


def print_tables(results: dict[str, dict[str, list[Result]]]) -> None:
    """One table per part: medians, each with its ratio to `websocketd` if that has the figure too."""
    for title, by_name in results.items():
        names = list(dict.fromkeys(key for rounds in by_name.values() for found in rounds for key in found))
        base = {
            name: None
            if name in CONDITIONS or name.endswith("CPU %")
            else _median(by_name.get(Websocketd.name, []), name)
            for name in names
        }
        heads = [head for name in names for head in ([name, "ratio"] if base[name] else [name])]
        print(f"\n| {title} | " + " | ".join(heads) + " |")
        print("| --- |" + " ---: |" * len(heads))
        for contender, rounds in by_name.items():
            cells = []
            for name in names:
                value, unit = _median(rounds, name), base[name]
                cells.append("–" if value is None else f"{value:.3g}")
                if unit:
                    cells.append("–" if value is None else f"{value / unit:.2g}")
            print(f"| {contender} | " + " | ".join(cells) + " |")


def _median(rounds: list[Result], name: str) -> float | None:
    values = [found[name] for found in rounds if name in found]
    return statistics.median(values) if values else None


if __name__ == "__main__":
    main()
