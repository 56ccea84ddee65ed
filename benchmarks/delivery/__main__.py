"""`python -m benchmarks.delivery`: latency, throughput, CPU and memory, interleaved, as medians and ratios.

--rounds N     how often each measurement is repeated (default 3)
--only WORDS   comma-separated pieces of contenders' names
--parts WORDS  comma-separated pieces of parts' titles
--quick        one short round without the large parts, to see that it runs

The tables go to the standard output, each result as it comes to the standard error.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.delivery.contenders import Contender, Naive, Ours, Websocketd
from benchmarks.delivery.parts import MIB, Result, burst, idle, latency, opening, stalled

#: Seconds after which a burst that has not come is given up, whoever sends it.
BURST_SECONDS = 30


@dataclass(frozen=True)
class Part:
    """One measurement: its title, who takes part, and whether a quick look has it."""

    title: str
    measure: Callable[[Contender, Path], Result]
    kinds: tuple[type[Contender], ...] = (Ours, Websocketd)
    is_quick: bool = True


def parts(quick: bool) -> list[Part]:
    everyone = (Ours, Websocketd, Naive)
    return [
        Part("Write to frame, 20 lines/s", lambda c, p: latency(c, p, 3 if quick else 15), everyone),
        _burst(1, 16 if quick else 256, 16 if quick else 64, everyone),
        _burst(10, 8 if quick else 64, 8 if quick else 32, is_quick=True),
        _burst(100, 64, 4),
        _burst(200, 64, 4),
        Part("1,000 idle viewers", lambda c, p: idle(c, p, 1000), (Ours,), is_quick=False),
        Part("Open a log of 5 GB, last 500 lines", opening, (Ours,)),
        Part(
            "A viewer that stops reading a flood of 20 MB/s",
            lambda c, p: stalled(c, p, 3 if quick else 8),
            (Ours,),
        ),
    ]


def _burst(
    viewers: int,
    ours: int,
    theirs: int,
    kinds: tuple[type[Contender], ...] = (Ours, Websocketd),
    *,
    is_quick: bool | None = None,
) -> Part:
    """Ours and theirs in MiB: as much as comes in a few seconds. The naive design moves kilobytes a second."""

    def measure(contender: Contender, path: Path) -> Result:
        size = {Ours: ours * MIB, Websocketd: theirs * MIB, Naive: MIB // 4}[type(contender)]
        return burst(contender, path, viewers, size, BURST_SECONDS)

    title = f"A burst to {viewers} viewer{'s' * (viewers > 1)}, at most {BURST_SECONDS} s"
    return Part(title, measure, kinds, is_quick=viewers == 1 if is_quick is None else is_quick)


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


def is_meant(name: str, words: str) -> bool:
    """Whether one of these words is in the name; without words every name is meant."""
    pieces = [word.strip() for word in words.split(",") if word.strip()]
    return not pieces or any(piece in name for piece in pieces)


def measured(part: Part, contender: Contender) -> Result:
    with tempfile.TemporaryDirectory() as folder:
        path = contender.start(Path(folder) / "run")
        try:
            return part.measure(contender, path)
        except (TimeoutError, ConnectionError) as error:
            print(f"  {contender.name}: {part.title}: {error}", file=sys.stderr, flush=True)
            return {}
        finally:
            contender.stop()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="")
    parser.add_argument("--parts", default="")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    meant = [part for part in parts(options.quick) if is_meant(part.title, options.parts)]
    if options.quick:
        meant = [part for part in meant if part.is_quick]
    everyone = [one for one in contenders() if is_meant(one.name, options.only)]
    results: dict[str, dict[str, list[Result]]] = {}
    for number in range(1 if options.quick else options.rounds):
        for part in meant:
            for contender in everyone:  # interleaved: a slow minute of the machine hits all of them
                if not isinstance(contender, part.kinds):
                    continue
                began = time.monotonic()
                result = measured(part, contender)
                results.setdefault(part.title, {}).setdefault(contender.name, []).append(result)
                words = ", ".join(f"{name} {value:.3g}" for name, value in result.items())
                took = time.monotonic() - began
                print(
                    f"  round {number + 1}, {took:.0f} s: {part.title}: {contender.name}: {words}",
                    file=sys.stderr,
                    flush=True,
                )
    print_tables(results)


def print_tables(results: dict[str, dict[str, list[Result]]]) -> None:
    """A table a part: medians, each with its ratio to `websocketd` where that one has the figure too."""
    for title, by_name in results.items():
        names = list(dict.fromkeys(key for rounds in by_name.values() for found in rounds for key in found))
        base = {name: _median(by_name.get(Websocketd.name, []), name) for name in names}
        heads = [
            head for name in names for head in ([name] if not _has_ratio(base, name) else [name, "ratio"])
        ]
        print(f"\n| {title} | " + " | ".join(heads) + " |")
        print("| --- |" + " ---: |" * len(heads))
        for contender, rounds in by_name.items():
            cells = []
            for name in names:
                value, unit = _median(rounds, name), base[name]
                cells.append("–" if value is None else f"{value:.3g}")
                if unit and _has_ratio(base, name):
                    cells.append("–" if value is None else f"{value / unit:.2f}")
            print(f"| {contender} | " + " | ".join(cells) + " |")


#: What says how a figure was measured, and is none itself.
CONDITIONS = ("burst MiB", "delivered %")


def _has_ratio(base: dict[str, float | None], name: str) -> bool:
    return bool(base[name]) and name not in CONDITIONS


def _median(rounds: list[Result], name: str) -> float | None:
    values = [found[name] for found in rounds if name in found]
    return statistics.median(values) if values else None


if __name__ == "__main__":
    main()
