"""Make the targets given, side by side: `beside tests lint types` tests while it lints and then checks types.

The first one's words come as it says them; those of the others, one after another beside it, when each is over. All
are made to their end, and told with the time and the time of the processor that each took.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass

LIBC = ctypes.CDLL(None)
#: Linux: the signal that a process gets when the one that started it ends.
PR_SET_PDEATHSIG = 1
#: Steps have headings of their own: nothing of what make itself says.
MAKE = ["make", "--silent", "--no-print-directory"]


@dataclass
class Made:
    target: str
    status: int
    seconds: float
    processor: float


def end_with_parent() -> None:
    """Nobody is left to end what this starts when this is killed."""
    if sys.platform == "linux":
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def make(target: str, output: int | None = None) -> Made:
    began = time.monotonic()
    process = subprocess.Popen(
        [*MAKE, target],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        preexec_fn=end_with_parent,
        start_new_session=True,
    )
    running.append(process)
    if ended.is_set():  # the signal came while this was starting
        os.killpg(process.pid, signal.SIGTERM)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    running.remove(process)
    return Made(target, process.returncode, time.monotonic() - began, used.ru_utime + used.ru_stime)


def make_in_turn(targets: list[str]) -> None:
    for target in targets:
        if ended.is_set():
            return
        with tempfile.TemporaryFile() as words:
            made.append(make(target, words.fileno()))
            words.seek(0)
            sys.stdout.buffer.write(words.read())
            sys.stdout.buffer.flush()


def end(number: int, _: object) -> None:
    """Hand on the signal to all that was started; when that has ended, so does this."""
    ended.set()
    for process in running[:]:
        os.killpg(process.pid, number)


running: list[subprocess.Popen[bytes]] = []
made: list[Made] = []
ended = threading.Event()


def main(first: str, *others: str) -> int:
    end_with_parent()
    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    beside = threading.Thread(target=make_in_turn, args=[list(others)])
    beside.start()
    made.append(make(first))
    beside.join()

    print("\n=== What each step took: seconds, and seconds of the processor")
    for step in made:
        print(
            f"{step.target:12} {step.seconds:6.0f} {step.processor:6.0f}  {'failed' if step.status else ''}".rstrip()
        )
    return 1 if ended.is_set() or any(step.status for step in made) else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
