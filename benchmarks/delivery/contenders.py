"""The contenders: ours in its variants, `websocketd` with `tail -F`, and the naive design."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

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

    def open_idle(self, count: int) -> Sequence[PlainSocket]:
        """Viewers of another log, to which nothing is written."""
        raise NotImplementedError

    def pids(self) -> list[int]:
        return [pid for pids in self.processes().values() for pid in pids]

    def processes(self) -> dict[str, list[int]]:
        """By what they do, the processes."""
        raise NotImplementedError

    def stop(self) -> None:
        raise NotImplementedError


class Ours(Contender):
    """django-logtail: reader "local" or "dramatiq", on one of the layers and servers."""

    def __init__(
        self,
        reader: str,
        layer: str = "pubsub",
        server: str = "uvicorn",
        settings: Mapping[str, object] = MappingProxyType({}),
    ) -> None:
        """`settings`: more keys of `LOGTAIL`."""
        self.settings = settings
        self.reader = reader
        self.layer = layer
        self.server = server
        self.name = f"logtail {reader}" + (f" {layer}" if reader == "dramatiq" else "") + f", {server}"

    def start(self, folder: Path) -> Path:
        more = {"READER": self.reader, "MAX_VIEWERS_PER_USER": 10_000, **UNLIMITED, **self.settings}
        layer = {"core": CORE_LAYER, "pubsub": PUBSUB_LAYER}[self.layer]
        self.stack = Stack(folder, layer=layer, logtail=more)
        self.redis: Running | None = None
        self.worker: Running | None = None
        if self.reader == "dramatiq":
            self.redis = self.stack.start_redis()
            self.worker = self.stack.start_worker("logtail")
        self.web: Web = self.stack.start_web(self.server)
        self.door = Door(self.stack, self.web, self.stack.make_user("bench"))
        return self.stack.add_log("bench")

    def open(self, count: int) -> Sequence[PlainViewer]:
        return [self.door.open("bench", forgets=True) for _ in range(count)]

    def open_idle(self, count: int) -> Sequence[PlainViewer]:
        self.stack.add_log("idle")
        users = [self.stack.make_user(f"idle-{number}") for number in range(count)]
        return [Door(self.stack, self.web, user).open("idle", forgets=True) for user in users]

    def processes(self) -> dict[str, list[int]]:
        running = {"web": self.web, "reader": self.worker, "Redis": self.redis}
        return {name: one.pids for name, one in running.items() if one is not None}

    def stop(self) -> None:
        self.stack.close()


class Websocketd(Contender):
    """A `tail -F` process for each viewer, behind websocketd."""

    name = "websocketd + tail -F"

    def start(self, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.running: list[subprocess.Popen[bytes]] = []
        self.port, path = self._serve("bench")
        return path

    def _serve(self, name: str) -> tuple[int, Path]:
        path = self.folder / f"{name}.log"
        path.touch()
        port = free_port()
        executable = shutil.which("websocketd")
        if executable is None:
            raise FileNotFoundError("websocketd is not installed (Debian: apt-get install websocketd)")
        self.running.append(
            subprocess.Popen(
                [executable, f"--port={port}", "--address=127.0.0.1", "tail", "-n", "0", "-F", str(path)],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )
        wait_until(lambda: is_listening(port), what="websocketd")
        return port, path

    def open(self, count: int) -> Sequence[PlainSocket]:
        return [connect(self.port) for _ in range(count)]

    def open_idle(self, count: int) -> Sequence[PlainSocket]:
        port, _ = self._serve("idle")
        return [connect(port) for _ in range(count)]

    def processes(self) -> dict[str, list[int]]:
        return {"web": [pid for one in self.running for pid in (one.pid, *children(one.pid))]}

    def stop(self) -> None:
        for pid in reversed(self.pids()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, 15)
        for one in self.running:
            one.wait()


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
        self.running = {"web": web, "reader": worker, "Redis": redis}
        return path

    def open(self, count: int) -> Sequence[PlainSocket]:
        return [connect(self.port) for _ in range(count)]

    def processes(self) -> dict[str, list[int]]:
        return {name: one.pids for name, one in self.running.items()}

    def stop(self) -> None:
        for running in self.running.values():
            running.kill()
        self.stack.shell.communicate()
