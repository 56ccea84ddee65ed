"""The contenders: ours in its variants, `websocketd` with `tail -F`, and the naive design."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.delivery.load import connect
from example_project.demo.processes import free_port
from tests.plain import Door, PlainSocket, PlainViewer
from tests.stack import CORE_LAYER, PUBSUB_LAYER, Running, Stack, Web, children, is_listening, wait_until

#: The benchmark measures how fast each design is, so the budgets are unlimited.
UNLIMITED = {"READ_BYTES_PER_SECOND": 10**12, "READ_BYTES_PER_SECOND_PER_LOG": 10**12}


class Contender:
    """A server that sends a file's lines to WebSockets."""

    name: str
    #: Whether viewers still cost something after they have left.
    leaves_traces = False

    def start(self, folder: Path) -> Path:
        """Start the servers; return the path of the log to write to."""
        raise NotImplementedError

    def open(self, count: int) -> Sequence[PlainSocket]:
        raise NotImplementedError

    def pids(self) -> list[int]:
        raise NotImplementedError

    def stop(self) -> None:
        raise NotImplementedError


class Ours(Contender):
    """django-logtail: reader "local" or "dramatiq", on one of the layers and servers."""

    def __init__(self, reader: str, layer: str = "pubsub", server: str = "uvicorn") -> None:
        self.reader = reader
        self.layer = layer
        self.server = server
        self.name = f"logtail {reader}" + (f" {layer}" if reader == "dramatiq" else "") + f", {server}"

    def start(self, folder: Path) -> Path:
        more = {"READER": self.reader, "MAX_VIEWERS_PER_USER": 10_000, **UNLIMITED}
        layer = {"core": CORE_LAYER, "pubsub": PUBSUB_LAYER}[self.layer]
        self.stack = Stack(folder, layer=layer, logtail=more)
        self.running: list[Running] = []
        self.worker: Running | None = None
        if self.reader == "dramatiq":
            self.running.append(self.stack.start_redis())
            self.worker = self.stack.start_worker("logtail")
            self.running.append(self.worker)
        self.web: Web = self.stack.start_web(self.server)
        self.running.append(self.web)
        self.door = Door(self.stack, self.web, self.stack.make_user("bench"))
        return self.stack.add_log("bench")

    def open(self, count: int) -> Sequence[PlainViewer]:
        return [self.door.open("bench", forgets=True) for _ in range(count)]

    def pids(self) -> list[int]:
        return [pid for running in self.running for pid in running.pids]

    def stop(self) -> None:
        self.stack.close()


class Websocketd(Contender):
    """A `tail -F` process for each viewer, behind websocketd."""

    name = "websocketd + tail -F"

    def start(self, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "bench.log"
        path.touch()
        self.port = free_port()
        executable = shutil.which("websocketd")
        if executable is None:
            raise FileNotFoundError("websocketd is not installed (Debian: apt-get install websocketd)")
        self.process = subprocess.Popen(
            [executable, f"--port={self.port}", "--address=127.0.0.1", "tail", "-n", "0", "-F", str(path)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(lambda: is_listening(self.port), what="websocketd")
        return path

    def open(self, count: int) -> Sequence[PlainSocket]:
        return [connect(self.port) for _ in range(count)]

    def pids(self) -> list[int]:
        return [self.process.pid, *children(self.process.pid)]

    def stop(self) -> None:
        for pid in reversed(self.pids()):
            os.kill(pid, 15)
        self.process.wait()


class Naive(Contender):
    """A worker thread per viewer, half a second of sleep, one message per line."""

    name = "naive (a task a viewer)"
    leaves_traces = True

    def start(self, folder: Path) -> Path:
        self.stack = Stack(folder)
        path = folder / "bench.log"
        path.touch()
        environment = {
            **self.stack.environment,
            "DJANGO_SETTINGS_MODULE": "benchmarks.delivery.naive.settings",
            "NAIVE_PATH": str(path),
        }
        redis = self.stack.start_redis()
        self.stack.environment = environment
        worker = self.stack._run(
            "worker", [sys.executable, "-m", "django", "rundramatiq", "--processes", "1", "--threads", "8"]
        )
        worker.wait_until(lambda: "Worker process is ready for action" in worker.says(), "ready")
        self.port = free_port()
        # Its viewers count bytes without parsing frames, so they don't answer pings.
        server = ["uvicorn", "--host", "127.0.0.1", "--port", str(self.port), "--ws-ping-interval", "3600"]
        web = self.stack._run(
            "naive", [sys.executable, "-m", *server, "benchmarks.delivery.naive.asgi:application"]
        )
        web.wait_until(lambda: is_listening(self.port), "listening")
        self.running = [redis, worker, web]
        return path

    def open(self, count: int) -> Sequence[PlainSocket]:
        return [connect(self.port) for _ in range(count)]

    def pids(self) -> list[int]:
        return [pid for running in self.running for pid in running.pids]

    def stop(self) -> None:
        for running in reversed(self.running):
            running.kill()
        self.stack.shell.communicate()
