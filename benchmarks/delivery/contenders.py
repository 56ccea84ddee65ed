"""What is measured: ours in its variants, `websocketd` with `tail -F`, and the naive design."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.delivery.load import Viewer, connect
from tests.stack import CORE_LAYER, PUBSUB_LAYER, Running, Stack, Web, children, is_listening, wait_until

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pids: list[int]) -> float:
    """User and system time of these processes and of their children that have ended."""
    total = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        total += sum(int(field) for field in fields[11:15])
    return total / TICKS


def resident_bytes(pids: list[int]) -> int:
    total = 0
    for pid in pids:
        try:
            total += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except (FileNotFoundError, ProcessLookupError):
            continue
    return total


class Contender:
    """Something that brings a file's lines to WebSockets."""

    name: str
    dialect = "lines"

    def start(self, folder: Path) -> Path:
        """Start the servers; the path of the log to write to."""
        raise NotImplementedError

    def open(self, count: int) -> list[Viewer]:
        raise NotImplementedError

    def pids(self) -> list[int]:
        raise NotImplementedError

    def stop(self) -> None:
        raise NotImplementedError


class Ours(Contender):
    """django-logtail: reader "local" or "dramatiq", on one of the layers and servers."""

    dialect = "logtail"

    def __init__(self, reader: str, layer: str = "pubsub", server: str = "uvicorn") -> None:
        self.reader = reader
        self.layer = layer
        self.server = server
        self.name = f"logtail {reader}" + (f" {layer}" if reader == "dramatiq" else "") + f", {server}"

    def start(self, folder: Path) -> Path:
        more = {"READER": self.reader, "MAX_VIEWERS_PER_USER": 10_000}
        self.stack = Stack(
            folder, layer={"core": CORE_LAYER, "pubsub": PUBSUB_LAYER}[self.layer], logtail=more
        )
        self.running: list[Running] = []
        if self.reader == "dramatiq":
            self.running += [self.stack.start_redis(), self.stack.start_worker("logtail")]
        self.web: Web = self.stack.start_web(self.server)
        self.running.append(self.web)
        self.session = self.stack.make_user("bench")
        path = self.stack.add_log("bench")
        self.socket_path = self.stack.reverse("logtail:socket", "bench")
        return path

    def open(self, count: int, *, small: bool = False) -> list[Viewer]:
        ticket = self.stack.ticket(self.web, "bench", self.session)
        return [
            connect(
                self.web.port, self.socket_path, self.dialect, cookie=self.session, ticket=ticket, small=small
            )
            for _ in range(count)
        ]

    def pids(self) -> list[int]:
        return [pid for running in self.running for pid in running.pids]

    def stop(self) -> None:
        self.stack.close()


class Websocketd(Contender):
    """A `tail -F` process for each viewer, behind websocketd."""

    name = "websocketd + tail -F"

    def start(self, folder: Path) -> Path:
        from example_project.demo.processes import free_port

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

    def open(self, count: int) -> list[Viewer]:
        return [connect(self.port, "/", self.dialect) for _ in range(count)]

    def pids(self) -> list[int]:
        return [self.process.pid, *children(self.process.pid)]

    def stop(self) -> None:
        for pid in reversed(self.pids()):
            os.kill(pid, 15)
        self.process.wait()


class Naive(Contender):
    """A worker thread for each viewer, half a second of sleep, a message a line."""

    name = "naive (a task a viewer)"

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
        from example_project.demo.processes import free_port

        self.port = free_port()
        server = ["uvicorn", "--host", "127.0.0.1", "--port", str(self.port)]
        web = self.stack._run(
            "naive", [sys.executable, "-m", *server, "benchmarks.delivery.naive.asgi:application"]
        )
        web.wait_until(lambda: is_listening(self.port), "listening")
        self.running = [redis, worker, web]
        return path

    def open(self, count: int) -> list[Viewer]:
        return [connect(self.port, "/", self.dialect) for _ in range(count)]

    def pids(self) -> list[int]:
        return [pid for running in self.running for pid in running.pids]

    def stop(self) -> None:
        for running in reversed(self.running):
            running.kill()
        self.stack.shell.communicate()
