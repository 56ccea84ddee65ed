"""A program that writes lines at a rate: `python -m benchmarks.delivery.writer PATH RATE SECONDS SEED`.

The gaps between lines are exponential and follow from the seed, so that a line comes at a random moment; with seed 0
they are all the same. Of the lines, MARKS a second carry the time they were written.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Iterator

from benchmarks.delivery.parts import LINE, MARK

#: Lines a second that carry their time, of those at higher rates.
MARKS = 500


def moments(rate: float, seconds: float, seed: int) -> Iterator[float]:
    """Seconds from the beginning, one for each line."""
    chance = random.Random(seed)
    at = 1 / rate
    while at <= seconds:
        yield at
        at += chance.expovariate(rate) if seed else 1 / rate


def write(path: str, rate: float, seconds: float, seed: int) -> None:
    file = os.open(path, os.O_WRONLY | os.O_APPEND)
    every = max(1, round(rate / MARKS))
    print("begins", flush=True)
    began = time.perf_counter()
    due: list[bytes] = []
    for number, moment in enumerate(moments(rate, seconds, seed)):
        early = began + moment - time.perf_counter()
        if early > 0:
            if due:
                os.write(file, b"".join(due))
                due.clear()
            time.sleep(max(0.0, began + moment - time.perf_counter()))
        due.append(LINE[:70] + MARK + b"%.6f\n" % time.perf_counter() if number % every == 0 else LINE)
    os.write(file, b"".join(due))
    os.close(file)


if __name__ == "__main__":
    write(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))
