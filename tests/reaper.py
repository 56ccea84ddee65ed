"""A killed test run leaves no process behind: this one waits for its end, and kills whatever the run had started.

Run as a program with the run's name; the run holds the other end of its standard input, and says "over" there when it
ends by itself. What belongs to a run is known by its environment, however deep it was started.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid
from pathlib import Path

#: Names the run in the environment of all that it starts.
RUN = "LOGTAIL_TEST_RUN"


def start_reaper() -> subprocess.Popen[bytes]:
    """Name this process' run, and have its processes killed when it is killed."""
    name = uuid.uuid4().hex
    reaper = subprocess.Popen([sys.executable, __file__, name], stdin=subprocess.PIPE, start_new_session=True)
    os.environ[RUN] = name
    return reaper


def processes_of(name: str) -> list[int]:
    """Those whose environment names the run."""
    said, found = f"{RUN}={name}".encode(), []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if said in (process / "environ").read_bytes().split(b"\0"):
                found.append(int(process.name))
        except OSError:  # it ended, or is another user's
            continue
    return found


def reap(name: str) -> None:
    """Kill until nothing is left: what is killed may just have started another."""
    while found := processes_of(name):
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue


if __name__ == "__main__":
    if sys.stdin.buffer.read() != b"over":
        reap(sys.argv[1])
