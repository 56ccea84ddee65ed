"""Follow a file in a terminal: its bytes to stdout, what happens to it to stderr.

python -m django_logtail.tailing [-n LINES | -n +1] FILE
"""

from __future__ import annotations

import argparse
import contextlib
import os
import select
import sys
import time
from pathlib import Path

from django_logtail.tailing.events import Batch, Event, FromEnd, FromStart, Kind, LastLines, Start
from django_logtail.tailing.follower import Follower
from django_logtail.tailing.followers import FollowerSet
from django_logtail.tailing.reasons import in_full
from django_logtail.tailing.siblings import printable

#: Large enough that a terminal gets all the lines it requests.
MAX_BACKLOG_BYTES = 64 * 1024 * 1024


def start_of(text: str) -> Start:
    """What `-n` means, as with tail. Raises `argparse.ArgumentTypeError`."""
    if text == "+1":
        return FromStart()
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is neither a number of lines nor '+1'")
    return LastLines(int(text), MAX_BACKLOG_BYTES) if int(text) else FromEnd()


def words_for(event: Event) -> str:
    """An event in plain English; "" for one that needs no message."""
    details = event.details
    match event.kind:
        case Kind.STARTED:
            return ""
        case Kind.ROTATED:
            return f"rotated: the previous file is now {details.get('name')}"
        case Kind.REPLACED if details.get("continued"):
            return "replaced by a file that begins with the same text"
        case Kind.REPLACED:
            return "replaced by another file"
        case Kind.TRUNCATED:
            return f"cut to {details['to']} bytes" if details["to"] else "emptied"
        case Kind.OVERWRITTEN:
            return "overwritten in place: starting again"
        case Kind.GONE:
            return f"missing: moved to {details['name']}" if details.get("name") else "missing"
        case Kind.BACK:
            return "reappeared"
        case Kind.UNREADABLE:
            return f"unreadable: {in_full(str(details['reason']))}"
        case Kind.NOT_A_FILE:
            return f"not a regular file but {in_full(str(details['what']))}"
        case Kind.REFUSED:
            return f"refused: {in_full(str(details['reason']))}"
        case Kind.HOLE:
            return f"skipped {details['size']} bytes of unwritten space"
        case Kind.MISSED:
            size = details.get("size")
            return f"{'some' if size is None else size} bytes were lost before they could be read"
        case Kind.RECOVERED:
            return f"{details['size']} bytes recovered from {details['name']}"
        case Kind.DEGRADED:
            return f"polled, no change notification: {in_full(str(details['reason']))}"
        case Kind.RESTORED:
            return "change notification works again"


class Terminal:
    """Writes each byte once, although an unfinished line is emitted again once complete."""

    def __init__(self, path: Path, output: int, messages: int) -> None:
        self._path = path
        self._output = output
        self._messages = messages
        self._shown: tuple[str, int] = (
            "",
            0,
        )  # generation and end of the part of an unfinished line already on the screen

    def show(self, items: list[Batch | Event]) -> None:
        for item in items:
            if isinstance(item, Batch):
                self._show_batch(item)
            elif words := words_for(item):
                self._write(self._messages, f"{printable(self._path)}: {words}\n".encode())

    def _show_batch(self, batch: Batch) -> None:
        file, end = self._shown
        already = end - batch.before.offset if file == batch.before.file else 0
        self._write(self._output, batch.data[max(0, already) :])
        if batch.partial:
            self._shown = (batch.before.file, batch.end)

    def _write(self, descriptor: int, data: bytes) -> None:
        while data:
            data = data[os.write(descriptor, data) :]


def follow(path: Path, start: Start, encoding: str) -> None:
    """Run until interrupted, or until nobody reads the output."""
    terminal = Terminal(path, sys.stdout.fileno(), sys.stderr.fileno())
    follower = Follower(path, start, encoding=encoding)
    followers = FollowerSet()
    followers.add(path, follower)
    poller = select.poll()
    poller.register(sys.stdout.fileno(), 0)  # reports only that the other end is gone
    try:
        while True:
            for key in followers.due(time.monotonic()):
                now = time.monotonic()
                terminal.show(follower.poll(now))
                if (position := follower.position) is not None:
                    follower.release(position)
                followers.polled(key, now)
            changes = followers.fileno()
            if changes is not None:
                poller.register(changes, select.POLLIN)
            wait = max(0.0, (followers.next_due(time.monotonic()) or 0.0) - time.monotonic())
            for descriptor, _ in poller.poll(wait * 1000):
                if descriptor == sys.stdout.fileno():
                    return
            followers.read_hints()
    finally:
        followers.close()
        follower.close()


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m django_logtail.tailing", description="Follow a file by its name."
    )
    parser.add_argument(
        "-n",
        "--lines",
        type=start_of,
        default=start_of("10"),
        metavar="LINES",
        help="lines to print first, or +1 for all; default: 10",
    )
    parser.add_argument(
        "--encoding",
        default="utf-8",
        help="used to find where lines end; the output has the bytes of the file",
    )
    parser.add_argument("file", type=Path, help="path of the file to follow")
    asked = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        follow(Path(os.path.abspath(asked.file)), asked.lines, asked.encoding)  # noqa: PTH100 - links stay as they are
    return 0


if __name__ == "__main__":
    sys.exit(main())
