"""Starts everything: Redis, a worker, a web server, logs that are being written. Ctrl-C ends all of it."""

import fcntl
import os
import shutil
import socket
import sys
import urllib.request
from argparse import ArgumentParser
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from demo import writers
from demo.processes import ChildEnded, Interrupted, Processes, free_port
from demo.redis_server import redis_command

#: Seconds until the page must answer. A cold machine imports Django four times meanwhile.
START_SECONDS = 60.0
DEFAULT_PORT = 8000


class Command(BaseCommand):
    help = "Starts Redis, a worker, an ASGI server and logs that are being written; Ctrl-C ends all of it."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, help="on 127.0.0.1; PORT of the environment, else 8000")
        parser.add_argument(
            "--data", type=Path, default=settings.DEMO_DIR, help="where the demo keeps its files"
        )

    def handle(self, *, port: int | None, data: Path, **options: object) -> None:
        data = data.resolve()
        data.mkdir(parents=True, exist_ok=True)
        with (data / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise CommandError(f"a demo is running in {data}; end it, or pass --data FOLDER") from None
            try:
                self.run_in(data, self.chosen_port(port))
            except Interrupted:
                self.stdout.write("\nThe demo has ended.")
            except (ChildEnded, TimeoutError) as error:
                raise CommandError(str(error)) from None

    def chosen_port(self, port: int | None) -> int:
        wanted = port or int(os.environ.get("PORT") or 0)
        found = free_port(wanted or DEFAULT_PORT)
        if wanted and found != wanted:
            raise CommandError(f"port {wanted} is in use; pass another --port")
        return found

    def run_in(self, data: Path, port: int) -> None:
        """Start everything with its files in `data`, and watch over it."""
        logs, outputs = data / "logs", data / "output"
        for folder in (logs, outputs):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
        (data / "db.sqlite3").unlink(missing_ok=True)
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "host.settings",
            "DATABASE_PATH": str(data / "db.sqlite3"),
            "LOGTAIL_ROOTS": str(logs),
            "PYTHONUNBUFFERED": "1",
        }
        environment.pop("TZ", None)  # Django's, not this machine's: the writers write local time
        host = settings.BASE_DIR
        manage = [sys.executable, str(host / "manage.py")]
        queue = settings.LOGTAIL["QUEUE"]
        address = f"http://127.0.0.1:{port}/"
        with Processes(outputs, environment) as processes:
            processes.start("writers", [sys.executable, writers.__file__, str(logs)], host)
            if "REDIS_URL" not in os.environ:
                redis_port = free_port()
                processes.environment["REDIS_URL"] = f"redis://127.0.0.1:{redis_port}/0"
                processes.start("redis", redis_command(redis_port, data), host)
                processes.wait_until(lambda: is_listening(redis_port), "Redis", START_SECONDS)
            processes.run("migrate", [*manage, "migrate", "--verbosity", "0"], host)
            processes.run("fill", [*manage, "demo_fill"], host)
            worker = ["rundramatiq", "--processes", "1", "--threads", "2", "--queues", queue, "default"]
            processes.start("worker", [*manage, *worker], host)
            web = ["-m", "uvicorn", "host.asgi:application", "--host", "127.0.0.1", "--port", str(port)]
            processes.start("web", [sys.executable, *web, "--timeout-graceful-shutdown", "3"], host)
            processes.wait_until(
                lambda: answers(f"{address}accounts/login/"), "the web server", START_SECONDS
            )
            self.stdout.write(
                f"\nLogs, live:  {address}logs/\nSign in as:  demo, password demo\n\n"
                f"Files are in {data}. Press Ctrl-C to end everything."
            )
            self.stdout.flush()
            processes.wait()


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False
