"""`python -m benchmarks.redaction`: what rules cost, and whether a secret leaves the host.

--cost           how fast lines are redacted, and throughput with and without rules, interleaved
--rounds N       how often to repeat that (default 3)
--leaks MEBIBYTES  write so many with secrets at all boundaries, through Redis, a worker and a web process, and look
                   for them in everything that leaves
--seed N         of that
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.redaction.cost import alone, delivered
from benchmarks.redaction.leaks import run


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.redaction",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--cost", action="store_true")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--leaks", type=int, metavar="MEBIBYTES", default=0)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    if given.cost:
        with tempfile.TemporaryDirectory() as folder:
            for said in (*alone(), *delivered(Path(folder), given.rounds)):
                print(said)
    return _leaks(given.leaks, given.seed) if given.leaks else 0


def _leaks(mebibytes: int, seed: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        found = run(Path(folder) / "stack", mebibytes * 1024 * 1024, seed)
    print(f"{found.planted} secrets of {found.kinds} kinds in {found.size:,} bytes, {found.seconds:.0f} s")
    print(f"{found.hits} hits and {found.ranges} ranges at their places in the file")
    for where, size in found.scanned.items():
        print(
            f"{where}: {size:,} bytes, {len(found.leaks.get(where, []))} secrets {found.leaks.get(where, '')}"
        )
    for wrong in found.wrong[:20]:
        print("wrong:", wrong[:600])
    return int(bool(found.leaks or found.wrong))


if __name__ == "__main__":
    sys.exit(main())
