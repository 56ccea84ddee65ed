"""Where a scenario is played: files, and a follower in lock-step or as a real process."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django_logtail.tailing import Batch, Event, Follower, FromStart, Kind
from django_logtail.tailing.__main__ import Terminal


def block(letter: str, lines: int = 10) -> bytes:
    """Ten lines that occur nowhere else."""
    return b"".join(f"{letter} line {number} of {lines}\n".encode() for number in range(lines))


def reading(path: Path) -> Callable[[int, int], bytes]:
    """Reads the file as a `Text` does."""

    def read(offset: int, size: int) -> bytes:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(size)

    return read


A, B, C, D = (block(letter) for letter in "ABCD")


def open_descriptors() -> set[str]:
    """What this process holds open, but sockets: no follower opens one, and threads of other tests may."""
    found = set()
    for name in os.listdir("/dev/fd"):  # noqa: PTH208 - names are what is wanted
        with contextlib.suppress(OSError):
            target = os.readlink(f"/dev/fd/{name}")  # noqa: PTH115
            if not target.startswith("socket:"):
                found.add(f"{name} {target}")
    return found


class Stage:
    """What every scenario uses: files to work on, and `shows`, which says what the follower must have shown by now."""

    def __init__(self, directory: Path) -> None:
        self.dir = directory
        self.path = directory / "app.log"
        self.writers: list[int] = []

    def append(self, data: bytes, path: Path | None = None) -> None:
        with (path or self.path).open("ab") as file:
            file.write(data)

    def new(self, data: bytes, path: Path | None = None) -> None:
        with (path or self.path).open("xb") as file:
            file.write(data)

    def move(self, name: str, source: Path | None = None) -> Path:
        target = self.dir / name
        (source or self.path).rename(target)
        return target

    def writer(self, path: Path | None = None, flags: int = os.O_APPEND) -> Callable[[bytes], object]:
        """Writes through a descriptor opened now."""
        descriptor = os.open(path or self.path, os.O_WRONLY | flags)
        self.writers.append(descriptor)
        return lambda data: os.write(descriptor, data)

    def shows(self, *blocks: bytes) -> None:
        raise NotImplementedError

    def pause(self) -> None:
        """Give the follower time to see what shows nothing: a file gone or emptied."""

    def stop(self) -> None:
        """The follower does not run until `go_on`."""

    def go_on(self) -> None:
        pass

    def start(self, encoding: str = "utf-8") -> None:
        raise NotImplementedError

    def close(self) -> None:
        for descriptor in self.writers:
            os.close(descriptor)


class LockStep(Stage):
    """The pure core, polled only when the scenario says so, on a clock of its own."""

    def __init__(self, directory: Path, system: Any = None) -> None:
        super().__init__(directory)
        self.now = 1000.0
        self.items: list[Batch | Event] = []
        self.output = bytearray()
        self.system = system
        self.follower: Follower | None = None
        self.terminal = Terminal(self.path, 0, 0)
        self.terminal._write = lambda descriptor, data: self.output.extend(data) if descriptor else None  # type: ignore[method-assign,func-returns-value]
        self.terminal._output = 1

    def start(self, encoding: str = "utf-8", **more: Any) -> None:
        more.setdefault("start", FromStart())
        self.follower = Follower(self.path, encoding=encoding, system=self.system, **more)
        self.settle()

    def poll(self, max_bytes: int = 256 * 1024) -> list[Batch | Event]:
        assert self.follower is not None
        items = self.follower.poll(self.now, max_bytes)
        self.items += items
        self.terminal.show(items)
        return items

    def settle(self, seconds: float = 1.6) -> list[Batch | Event]:
        """Polls as a driver would, until nothing more can come but after a tick that has passed."""
        assert self.follower is not None
        until = self.now + seconds
        items = []
        while self.now <= until:
            items += self.poll()
            due = self.follower.due
            assert due is not None
            assert due >= self.now
            self.now = max(due, self.now + 0.001)
        return items

    def pause(self) -> None:
        self.settle()

    def shows(self, *blocks: bytes) -> None:
        self.settle()
        assert bytes(self.output) == b"".join(blocks)

    @property
    def kinds(self) -> list[str]:
        """The events after STARTED, in order."""
        return [
            item.kind.value
            for item in self.items
            if isinstance(item, Event) and item.kind is not Kind.STARTED
        ]

    @property
    def partials(self) -> list[bytes]:
        return [item.data for item in self.items if isinstance(item, Batch) and item.partial]

    def close(self) -> None:
        super().close()
        if self.follower is not None:
            self.follower.close()


#: Above the tick of a second after which everything is noticed.
PAUSE_SECONDS = 1.5


class NotShown(AssertionError):
    """A process did not show what it should have, before the deadline."""


class Process(Stage):
    """A real process that follows the file to its stdout."""

    def __init__(self, directory: Path, command: list[str], deadline_seconds: float) -> None:
        super().__init__(directory)
        self.command = command
        self.deadline_seconds = deadline_seconds
        self.process: subprocess.Popen[bytes] | None = None
        self.out = directory.parent / f"{directory.name}.out"
        self.err = directory.parent / f"{directory.name}.err"
        self.told = 0

    def start(self, encoding: str = "utf-8") -> None:
        with self.out.open("wb") as out, self.err.open("wb") as err:
            self.process = subprocess.Popen(
                [*self.command, str(self.path)], stdout=out, stderr=err, cwd=self.dir
            )
        deadline = time.monotonic() + self.deadline_seconds
        while not self._is_watching() and time.monotonic() < deadline:
            time.sleep(0.01)

    def _is_watching(self) -> bool:
        """Whether the process has come so far: a busy machine takes longer than a pause to start Python."""
        assert self.process is not None
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            links = [os.readlink(link) for link in Path(f"/proc/{self.process.pid}/fd").iterdir()]  # noqa: PTH115
            return "anon_inode:inotify" in links
        return False

    def shows(self, *blocks: bytes) -> None:
        wanted = b"".join(blocks)
        deadline = time.monotonic() + self.deadline_seconds
        while (seen := self.out.read_bytes()) != wanted:
            if time.monotonic() > deadline:
                raise NotShown(f"shown {seen[-300:]!r}, expected {wanted[-300:]!r}")
            time.sleep(0.02)

    def pause(self) -> None:
        """Until it tells something more on stderr; or long enough for it to have seen that there is nothing to tell."""
        deadline = time.monotonic() + PAUSE_SECONDS
        while (told := self.err.read_bytes().count(b"\n")) == self.told and time.monotonic() < deadline:
            time.sleep(0.02)
        self.told = told

    def stop(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)
        state = Path(f"/proc/{self.process.pid}/stat")
        while state.read_text().rpartition(")")[2].split()[0] != "T":
            time.sleep(0.001)

    def go_on(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        super().close()
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGCONT)
                self.process.kill()
            self.process.wait()


OURS = [sys.executable, "-m", "django_logtail.tailing", "-n", "+1"]
TAIL = ["tail", "-n", "+1", "-F"]
