"""A real installation for tests: its own Redis, database file, worker processes and ASGI servers.

Nothing of it runs in the test process: `Stack.call` speaks to a process of the host (`tests.host.shell`).
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from example_project.demo.processes import end_group
from example_project.demo.redis_server import redis_command, redis_server_path
from tests import preloaded
from tests.ports import free_port

CHECKOUT = Path(__file__).resolve().parent.parent
#: Seconds that anything may take to start on a busy machine.
START_SECONDS = 60.0
#: Seconds that a process may take to end by itself.
END_SECONDS = 15.0
#: Seconds between two looks at a condition.
LOOK_SECONDS = 0.01

CORE_LAYER = "channels_redis.core.RedisChannelLayer"
PUBSUB_LAYER = "channels_redis.pubsub.RedisPubSubChannelLayer"


def wait_until(is_true: Callable[[], object], seconds: float = 60.0, what: str = "the condition") -> None:
    """Return as soon as `is_true()`. Raises `AssertionError` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not is_true():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come within {seconds:g} s")
        time.sleep(LOOK_SECONDS)


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def open_paths(pid: int) -> set[Path]:
    """The files that process `pid` holds open, by their names now; none when there is no such process."""
    found = set()
    try:
        for link in Path(f"/proc/{pid}/fd").iterdir():
            try:
                found.add(link.readlink())
            except FileNotFoundError:
                continue  # closed meanwhile
    except FileNotFoundError:
        return set()
    return found


def children(pid: int) -> list[int]:
    """Every living descendant of process `pid`."""
    found = []
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += [int(child), *children(int(child))]
    except (FileNotFoundError, ProcessLookupError):
        pass
    return found


class Running:
    """One process of the stack and whatever it starts."""

    def __init__(
        self,
        name: str,
        command: list[str],
        environment: Mapping[str, str],
        output: Path,
        folder: Path = CHECKOUT,
        *,
        is_forked: bool = False,
    ) -> None:
        self.name = name
        self.command = command
        self.environment = environment
        self.output = output
        with output.open("ab") as file, Path(os.devnull).open("rb") as nothing:
            streams = [nothing.fileno(), file.fileno(), file.fileno()]
            self.process = preloaded.start(command, environment, folder, streams, is_forked=is_forked)

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def pids(self) -> list[int]:
        """This process and every process it has started."""
        return [self.pid, *children(self.pid)]

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    def open_paths(self) -> set[Path]:
        return set().union(*(open_paths(pid) for pid in self.pids))

    def says(self) -> str:
        return self.output.read_text(errors="replace")

    def wait_until(self, is_true: Callable[[], object], what: str, seconds: float = START_SECONDS) -> None:
        """Like the function; raises at once, with the process' words, when the process ends before."""

        def is_true_or_ended() -> object:
            if not self.is_running:
                raise AssertionError(f"{self.name} ended with {self.process.returncode}:\n{self.says()}")
            return is_true()

        wait_until(is_true_or_ended, seconds, f"{self.name}: {what}")

    def kill(self) -> None:
        """SIGKILL to it and all it has started: a machine that loses its power."""
        if self.is_running:
            os.killpg(self.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """SIGTERM, as a deploy does; SIGKILL to what is left after a while."""
        end_group(self.process, time.monotonic() + END_SECONDS)


class Web(Running):
    """An ASGI server of the host project on 127.0.0.1."""

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


class Stack:
    """The installation. Start what a test needs; `close` ends it all.

    `is_forked`: whether its processes are forked from one that has the libraries, see `tests.preloaded`.
    """

    def __init__(
        self,
        folder: Path,
        *,
        layer: str = PUBSUB_LAYER,
        redis_port: int | None = None,
        logtail: Mapping[str, Any] | None = None,
        environment: Mapping[str, str] | None = None,
        is_forked: bool = True,
    ) -> None:
        self.is_forked = is_forked
        self.folder = folder
        self.logs = folder / "logs"
        self.logs.mkdir(parents=True)
        self.redis_port = redis_port or free_port()
        self.redis: Running | None = None
        self.started: list[Running] = []
        self.environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "DATABASE_PATH": str(folder / "db.sqlite3"),
            "REDIS_URL": f"redis://127.0.0.1:{self.redis_port}/0",
            "CHANNEL_LAYER": layer,
            "LOGTAIL_ROOTS": str(self.logs),
            "LOGTAIL_RUNTIME_DIR": str(folder),
            "LOGTAIL_MORE": json.dumps(dict(logtail or {})),
            "PYTHONUNBUFFERED": "1",
            "PYTHONPATH": str(CHECKOUT),
            **(environment or {}),
        }
        self._make_database(folder / "db.sqlite3")
        self._asking = threading.Lock()
        self._start_shell()

    def _start_shell(self) -> None:
        asked, asks = os.pipe()
        answers, answering = os.pipe()
        command = [sys.executable, "-m", "tests.host.shell"]
        self.shell = preloaded.start(command, self.environment, CHECKOUT, [asked, answering, 2])
        os.close(asked)
        os.close(answering)
        self._to_shell, self._from_shell = os.fdopen(asks, "w"), os.fdopen(answers)

    def _make_database(self, path: Path) -> None:
        module = self.environment["DJANGO_SETTINGS_MODULE"]
        if module in _databases:
            path.write_bytes(_databases[module])
            return
        self.manage("migrate", "--verbosity", "0")
        _databases[module] = path.read_bytes()

    def __enter__(self) -> Stack:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        for running in reversed(self.started):
            running.stop()
        self._to_shell.close()
        self.shell.wait()
        self._from_shell.close()
        if self.redis is not None:
            self.redis.kill()

    # --- processes ---

    def start_redis(self) -> Running:
        """Start Redis, empty, on this stack's port; again after `redis.kill()`."""
        # A title of its own would be written over its environment, by which the reaper finds it.
        command = [*redis_command(self.redis_port, self.folder), "--set-proc-title", "no"]
        self.redis = self._run("redis", command)
        self.redis.wait_until(lambda: is_listening(self.redis_port), "listening")
        return self.redis

    def start_worker(
        self,
        *queues: str,
        processes: int = 1,
        threads: int = 2,
        before: Sequence[str] = (),
        is_named: bool = True,
        environment: Mapping[str, str] | None = None,
    ) -> Running:
        """Start a Dramatiq worker; of the queues `logtail` and `default` when none is named.

        `before` is a command that runs it, such as `setpriv` with its options. Without `is_named` it is a project's
        ordinary worker, of whatever queues there are. `environment`: what it has beside the stack's.
        """
        numbers = ["--processes", str(processes), "--threads", str(threads)]
        named = ["--queues", *(queues or ("logtail", "default"))] if is_named else []
        command = [*before, sys.executable, "-m", "django", "rundramatiq", *numbers, *named]
        worker = self._run("worker", command, environment)
        self.started.append(worker)
        worker.wait_until(lambda: "Worker process is ready for action" in worker.says(), "ready")
        return worker

    def start_web(
        self,
        server: str = "uvicorn",
        *,
        application: str = "tests.asgi:application",
        port: int | None = None,
        options: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> Web:
        """Start an ASGI server: uvicorn, daphne, hypercorn or granian, with `options` of its own; or `runserver`.

        `environment`: what it has beside the stack's.
        """
        number = str(port or free_port())
        if server == "runserver":
            return self._web(
                server, ["django", server, "--noreload", f"127.0.0.1:{number}"], number, environment
            )
        address = {
            "uvicorn": [
                "--host",
                "127.0.0.1",
                "--port",
                number,
                "--timeout-graceful-shutdown",
                "2",
                application,
            ],
            "daphne": ["-b", "127.0.0.1", "-p", number, application],
            "hypercorn": ["-b", f"127.0.0.1:{number}", "--graceful-timeout", "2", application],
            "granian": ["--interface", "asgi", "--host", "127.0.0.1", "--port", number, application],
        }[server]
        return self._web(server, [server, *address, *options], number, environment)

    def _web(self, name: str, words: list[str], port: str, environment: Mapping[str, str] | None) -> Web:
        output = self.folder / f"web-{port}.out"
        command = [sys.executable, "-m", *words]
        given = {**self.environment, **(environment or {})}
        web = Web(f"web ({name})", command, given, output, is_forked=self.is_forked)
        web.port = int(port)
        self.started.append(web)
        web.wait_until(lambda: is_listening(web.port), "listening")
        return web

    def manage(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a management command of the host project to its end."""
        command = [sys.executable, "-m", "django", *arguments]
        with (
            Path(os.devnull).open("rb") as nothing,
            tempfile.TemporaryFile("w+") as said,
            tempfile.TemporaryFile("w+") as errors,
        ):
            streams = [nothing.fileno(), said.fileno(), errors.fileno()]
            process = preloaded.start(command, self.environment, CHECKOUT, streams)
            try:
                process.wait(120)
            finally:
                process.kill()
            said.seek(0)
            errors.seek(0)
            done = subprocess.CompletedProcess(command, process.returncode, said.read(), errors.read())
        if check and done.returncode != 0:
            raise AssertionError(
                f"manage.py {' '.join(arguments)} ended with {done.returncode}:\n{done.stderr}"
            )
        return done

    def _run(self, name: str, command: list[str], environment: Mapping[str, str] | None = None) -> Running:
        number = len(list(self.folder.glob(f"{name}-*.out")))
        output = self.folder / f"{name}-{number}.out"
        given = {**self.environment, **(environment or {})}
        return Running(name, command, given, output, is_forked=self.is_forked)

    # --- the host project ---

    def call(self, function: str, *arguments: Any, **keywords: Any) -> Any:
        """What `tests.host.shell`'s `function` returns. Raises `HostError` with what it raises. From any thread."""
        asked = {"function": function, "arguments": arguments, "keywords": keywords}
        with self._asking:
            print(json.dumps(asked), file=self._to_shell, flush=True)
            answer = json.loads(self._from_shell.readline())
        if "error" in answer:
            raise HostError(answer["error"])
        return answer["value"]

    def make_user(self, name: str, **fields: Any) -> str:
        """A user whose password is the name; the key of a session they are signed in to."""
        return self.call("make_user", name, **fields)

    def add_log(self, slug: str, content: bytes = b"", *, path: Path | None = None, **fields: Any) -> Path:
        """Register a log for everyone signed in; its path. The file is created unless `path` is given."""
        if path is None:
            path = self.logs / f"{slug}.log"
            path.write_bytes(content)
        self.call("add_log", **{"name": slug, "slug": slug, "path": str(path), **fields})
        return path

    def remove_logs(self) -> None:
        """Remove all logs with all files beside theirs: what one test leaves is history of another's log."""
        self.call("remove_logs")
        for path in self.logs.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()

    def reverse(self, name: str, *arguments: str) -> str:
        return self.call("reverse", name, *arguments)

    def ticket(self, web: Web, slug: str, session: str, **fields: str) -> str:
        """A ticket for a client's hello, fetched as the page does, with these fields of a form. Raises
        `urllib.error.HTTPError`.
        """
        token = "t" * 32
        request = urllib.request.Request(
            web.url + self.reverse("logtail:ticket", slug),
            data=urllib.parse.urlencode(fields).encode(),
            headers={"Cookie": f"sessionid={session}; csrftoken={token}", "X-CSRFToken": token},
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            return str(json.load(answer)["ticket"])


#: A database with the tables of a settings module, as the bytes of its file. To make one takes seconds.
_databases: dict[str, bytes] = {}


class HostError(Exception):
    """Something in the host project raised; the text is the exception's type and words."""


def has_redis() -> bool:
    return redis_server_path() is not None
