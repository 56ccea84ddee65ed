"""A program that writes numbered lines at a steady rate and rotates by renaming: `python -m tests.writer PATH …`.

Line n is a function of n, so whoever received bytes of the log knows where in it they are. XX
`PATH-1795000001` and so on. It ends when its standard input does.
"""

from __future__ import annotations

import argparse
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.stack import CHECKOUT

#: Seconds between writes.
STEP_SECONDS = 0.01
#: Digits of a line's number, at its start.
DIGITS = 10


def line(number: int, size: int) -> bytes:
    """Line `number`, `size` bytes long."""
    return b"%0*d " % (DIGITS, number) + b"x" * (size - DIGITS - 2) + b"\n"


def write(path: Path, *, per_second: int, size: int, rotate_seconds: float) -> None:
    """Write until standard input ends."""
    tail = line(0, size)[DIGITS:]
    written, rotations = 0, 0
    began = rotated_at = time.monotonic()
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    with selectors.DefaultSelector() as selector:
        selector.register(sys.stdin, selectors.EVENT_READ)
        while not selector.select(STEP_SECONDS):
            now = time.monotonic()
            if rotate_seconds and now - rotated_at >= rotate_seconds:
                os.close(file)
                rotations += 1
                rotated_at = now
                path.rename(f"{path}-1795{rotations:06d}")  # as logrotate with "dateformat -%s"
                file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL)
            due = int((now - began) * per_second)
            data = b"".join(b"%0*d%b" % (DIGITS, number, tail) for number in range(written, due))
            while data:
                data = data[os.write(file, data) :]
            written = due
    os.close(file)


class Writer:
    """The program as a process, until `finish`."""

    def __init__(
        self, path: Path, *, per_second: int = 2_000, size: int = 100, rotate_seconds: float = 1.0
    ) -> None:
        self.path = path
        self.size = size
        numbers = [str(per_second), str(size), str(rotate_seconds)]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.writer", str(path), *numbers], stdin=subprocess.PIPE, cwd=CHECKOUT
        )

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, *error: object) -> None:
        self.finish()

    def finish(self) -> None:
        """End it; everything is written then."""
        self.process.communicate()

    @property
    def files(self) -> list[Path]:
        """Every generation, oldest first."""
        return [*sorted(self.path.parent.glob(f"{self.path.name}-*")), self.path]

    @property
    def written(self) -> int:
        """Bytes in all generations. While it writes, at least what was there when this was called."""
        return sum(path.stat().st_size for path in self.files if path.exists())

    def everything(self) -> bytes:
        return b"".join(path.read_bytes() for path in self.files)


def judge(items: Iterable[tuple[Any, ...]], written: bytes, size: int) -> dict[str, int]:
    """Walk through what a client received, and what it says it did not, beside what was written.

    Returns where it began and ended in `written`, and what gaps and rotations it named. Raises `AssertionError` at
    the first byte that is lost without a gap, doubled, altered, or out of order.
    """
    began: int | None = None
    at = named = gaps = rotations = 0
    for item in items:
        match item:
            case ("bytes", _, data):
                if began is None:
                    began = at = int(data[:DIGITS]) * size
                expected = written[at : at + len(data)]
                assert data == expected, (
                    f"at byte {at} came {data[:DIGITS]!r} (… {len(data)}), not {expected[:DIGITS]!r}"
                )
                at += len(data)
            case ("gap", fields):
                assert began is not None
                gaps += 1
                named += fields["end"] - fields["start"]
                at += fields["end"] - fields["start"]
            case ("event", fields):
                rotations += fields["kind"] == "rotated"
                if fields["kind"] == "missed" and began is not None:
                    gaps += 1
                    named += fields["size"]
                    at += fields["size"]
                    continue
                assert fields["kind"] in {"started", "rotated", "note"}, fields
    assert began is not None, "nothing came"
    return {"began": began, "ended": at, "gaps": gaps, "named": named, "rotations": rotations}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("per_second", type=int)
    parser.add_argument("size", type=int)
    parser.add_argument("rotate_seconds", type=float)
    options = parser.parse_args()
    write(
        options.path,
        per_second=options.per_second,
        size=options.size,
        rotate_seconds=options.rotate_seconds,
    )
