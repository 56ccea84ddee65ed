"""Follow many files in one thread, as the reader does, and time the lines that carry the time they were written.

python -m benchmarks.following.many DIRECTORY        follows every *.log in it until stdin ends, then prints JSON.
"""

from __future__ import annotations

import json
import select
import sys
import time
from pathlib import Path

from django_logtail.tailing import Batch, Follower, FollowerSet, FromEnd

#: Marks a line whose next word is time.monotonic() when it was written.
STAMP = b"stamp "


def main() -> None:
    followers = FollowerSet()
    logs = {path: Follower(path, FromEnd()) for path in sorted(Path(sys.argv[1]).glob("*.log"))}
    for path, follower in logs.items():
        followers.add(path, follower)
    latencies: list[float] = []
    emitted = 0
    ready = False
    descriptor = followers.fileno()
    while True:
        for key in followers.due(time.monotonic()):
            now = time.monotonic()
            for item in logs[key].poll(now):
                if isinstance(item, Batch):
                    emitted += len(item.data)
                    for line in item.data.splitlines() if item.data.startswith(STAMP) else ():
                        latencies.append(time.monotonic() - float(line.split()[1]))
            followers.polled(key, now)
        if not ready:
            ready = True
            print("ready", flush=True)
        wait = max(0.0, (followers.next_due(time.monotonic()) or 0.0) - time.monotonic())
        readable, _, _ = select.select(
            [sys.stdin, *([descriptor] if descriptor is not None else [])], [], [], wait
        )
        followers.read_hints()
        if sys.stdin in readable:
            break
    print(json.dumps({"latencies": latencies, "emitted": emitted}))


if __name__ == "__main__":
    main()
