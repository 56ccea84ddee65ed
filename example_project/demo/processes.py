"""Child processes that end together. Knows nothing of Django or the demo."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType

#: Seconds that children have to end by themselves before they are killed.
GRACE_SECONDS = 10.0
#: Seconds between two looks at the children.
LOOK_SECONDS = 0.1
ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class ChildEnded(Exception):
    """A child that should have gone on has ended."""


class Interrupted(Exception):
    """Somebody asked us to end: Ctrl-C, SIGTERM, or a closed terminal."""


class Processes:
    """Children, each the leader of a process group, so that whatever it starts ends with it."""

    def __init__(self, log_folder: Path, environment: Mapping[str, str]) -> None:
        self.log_folder = log_folder
        self.environment = dict(environment)
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.is_interrupted = False

    def __enter__(self) -> "Processes":
        self._before = {number: signal.signal(number, self._interrupt) for number in ENDING_SIGNALS}
        return self

    def __exit__(self, *error: object) -> None:
        self.end()
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        # Only noted: an exception here could lose a child that is just being started.
        self.is_interrupted = True

    def output_path(self, name: str) -> Path:
        return self.log_folder / f"{name}.out"

    def start(self, name: str, command: Sequence[str], folder: Path) -> None:
        """Start `command` in `folder`; its output goes to `output_path(name)`."""
        with self.output_path(name).open("ab") as output:
            self.running[name] = subprocess.Popen(
                command,
                cwd=folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def run(self, name: str, command: Sequence[str], folder: Path) -> None:
        """Run `command` to its end. Raises `ChildEnded` when it fails."""
        self.start(name, command, folder)
        process = self.running.pop(name)
        try:
            while process.poll() is None:
                self.check()
                time.sleep(LOOK_SECONDS)
        finally:
            end_group(process, time.monotonic() + GRACE_SECONDS)
        if process.returncode != 0:
            raise ChildEnded(self._words(name, process.returncode))

    def check(self) -> None:
        """Raise `Interrupted` when somebody asked us to end, `ChildEnded` when a child is no more."""
        if self.is_interrupted:
            raise Interrupted
        for name, process in self.running.items():
            code = process.poll()
            if code is not None:
                raise ChildEnded(self._words(name, code))

    def wait_until(self, is_true: Callable[[], bool], what: str, seconds: float) -> None:
        """Return when `is_true()`. Raises what `check` raises, and `TimeoutError` after `seconds`."""
        deadline = time.monotonic() + seconds
        while not is_true():
            self.check()
            if time.monotonic() > deadline:
                raise TimeoutError(f"{what} does not respond within {seconds:g} s; see {self.log_folder}")
            time.sleep(LOOK_SECONDS)

    def wait(self) -> None:
        """Return never: ends by what `check` raises."""
        while True:
            self.check()
            time.sleep(LOOK_SECONDS)

    def end(self) -> None:
        """End every child and whatever it has started; the last one first: it may need the others."""
        deadline = time.monotonic() + GRACE_SECONDS
        for process in reversed(self.running.values()):
            end_group(process, deadline)
        self.running.clear()

    def _words(self, name: str, code: int) -> str:
        output = self.output_path(name).read_text(errors="replace").splitlines()[-15:]
        return "\n".join([f"{name} ended with code {code}:", *output])


def free_port(preferred: int | None = None) -> int:
    """`preferred` when it is free on 127.0.0.1, else any free port."""
    for port in (preferred, 0) if preferred else (0,):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no free port on 127.0.0.1")


def end_group(process: subprocess.Popen[bytes], deadline: float) -> None:
    """Ask the process group that `process` leads to end, and kill what is left of it at `deadline`."""
    is_there = _signal_group(process, signal.SIGTERM)
    while is_there and time.monotonic() < deadline:
        time.sleep(LOOK_SECONDS)
        process.poll()
        is_there = _signal_group(process, 0)
    if is_there:
        _signal_group(process, signal.SIGKILL)
    process.wait()


def _signal_group(process: subprocess.Popen[bytes], number: int) -> bool:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return False
    return True
