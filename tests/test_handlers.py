"""Logging with `SpoolHandler`: it never waits for the file, and what is missing in the log is counted there."""

import fcntl
import logging
import logging.config
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from django_logtail import handlers
from django_logtail.formats.context import Context, read
from django_logtail.formats.detection import detect
from django_logtail.handlers import SpoolHandler, spool_paths
from tests.stack import CHECKOUT

DROPPED = re.compile(r"Entries dropped here: (\d+) \((.+)\)$", re.MULTILINE)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries come at once, and an end waits for its writer however slow the machine is."""
    monkeypatch.setattr(handlers, "_RETRY_SECONDS", 0.01)
    monkeypatch.setattr(handlers, "FLUSH_SECONDS", 60.0)
    monkeypatch.setattr("django_logtail.spool.LOCK_SECONDS", 0.05)


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Callable[..., SpoolHandler]]:
    """Makes handlers, which are closed after the test."""
    found: list[SpoolHandler] = []

    def make(directory: Path = tmp_path, **options: Any) -> SpoolHandler:
        found.append(SpoolHandler(directory, **options))
        return found[-1]

    yield make
    handlers.FLUSH_SECONDS = 0.0
    for handler in found:
        handler.close()


class Stuck:
    """While it lasts, nothing can be written: a process that has been stopped holds the lock."""

    def __init__(self, handler: SpoolHandler) -> None:
        self.descriptor = os.open(handler.path, os.O_RDWR | os.O_CREAT)

    def __enter__(self) -> None:
        fcntl.flock(self.descriptor, fcntl.LOCK_EX)

    def __exit__(self, *raised: object) -> None:
        os.close(self.descriptor)


def record(text: object, *arguments: object, name: str = "shop.pay", **more: Any) -> logging.LogRecord:
    return logging.makeLogRecord(
        {"name": name, "levelno": 30, "levelname": "WARNING", "msg": text, "args": arguments, **more}
    )


def log(handler: SpoolHandler, *texts: object, **more: Any) -> None:
    for text in texts:
        handler.handle(record(text, **more))


def messages(handler: SpoolHandler) -> list[str]:
    """What follows the head of each line, once everything is written."""
    handler.flush()
    return [line.partition(": ")[2] for line in handler.path.read_text().splitlines()]


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def run(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run it in a process of its own, with a handler in `handler` for the directory that is its first argument."""
    head = (
        "import logging, os, sys, threading\n"
        "from django_logtail import handlers\n"
        "handlers.FLUSH_SECONDS = 60\n"
        "handler = handlers.SpoolHandler(sys.argv[1])\n"
        "logging.basicConfig(handlers=[handler], level='INFO')\n"
    )
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", head + script, *map(str, arguments)],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


class TestWhatIsWritten:
    def test_the_settings_of_django_make_a_log_that_is_understood(self, tmp_path: Path) -> None:
        config = {
            "version": 1,
            "disable_existing_loggers": False,
            "handlers": {"spool": {"class": "django_logtail.handlers.SpoolHandler", "directory": tmp_path}},
            "loggers": {"shop.spooled": {"handlers": ["spool"], "level": "INFO"}},
        }
        logging.config.dictConfig(config)
        logger = logging.getLogger("shop.spooled")

        for number in range(8):
            logger.error("payment %d refused", number)
        for handler in list(logger.handlers):
            logger.removeHandler(handler)
            handler.close()

        lines = (tmp_path / "application.log").read_text().splitlines()
        entry = read(lines[0], Context(detect(lines, lines)))
        assert re.fullmatch(
            rf"\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d,\d{{3}} ERROR \[{os.getpid()}\] shop\.spooled: payment 0 refused",
            lines[0],
        )
        assert (entry.level, entry.head.logger, lines[0][entry.head.message :]) == (
            "E",
            "shop.spooled",
            "payment 0 refused",
        )

    def test_an_entry_of_several_lines_stays_in_one_piece(self, made: Any) -> None:
        handler = made()

        log(handler, "one\n  two\n  three", "four")

        handler.flush()
        assert re.fullmatch(r".*: one\n  two\n  three\n.*: four\n", handler.path.read_text())

    @pytest.mark.parametrize(
        ("name", "is_kept"),
        [
            ("django_logtail", False),
            ("django_logtail.reader.pump", False),
            ("django_logtails", True),
            ("django.request", True),
            ("shop.django_logtail", True),
        ],
    )
    def test_only_records_of_this_package_are_left_out(self, made: Any, name: str, is_kept: bool) -> None:
        handler = made()

        log(handler, "x", name=name)
        log(handler, "last")

        assert messages(handler) == [*(["x"] if is_kept else []), "last"]

    @pytest.mark.parametrize(
        ("size", "end"),
        [(99, "éé"), (100, "éé"), (101, "éé … [cut off: 2 bytes]"), (102, "éé … [cut off: 2 bytes]")],
    )
    def test_a_long_entry_is_cut_between_two_characters(
        self, made: Any, monkeypatch: pytest.MonkeyPatch, size: int, end: str
    ) -> None:
        monkeypatch.setattr(handlers, "MAX_ENTRY_BYTES", 100)
        handler = made()
        handler.setFormatter(logging.Formatter("%(message)s"))

        log(handler, "x" * (size % 2) + "é" * (size // 2))

        handler.flush()
        assert handler.path.read_text().endswith(f"{end}\n")

    def test_text_that_is_no_unicode_is_written_as_escapes(self, made: Any) -> None:
        handler = made()

        log(handler, "name \udcff")

        assert messages(handler) == ["name \\udcff"]

    def test_filters_apply(self, made: Any) -> None:
        handler = made()
        handler.addFilter(lambda record: record.msg != "secret")

        log(handler, "secret", "open")

        assert messages(handler) == ["open"]


class TestThatNobodyWaits:
    def test_logging_goes_on_while_the_file_is_stuck_and_everything_arrives(self, made: Any) -> None:
        handler = made()

        with Stuck(handler):
            log(handler, *range(1000))
            before = handler.path.read_bytes()

        assert before == b""
        assert messages(handler) == [str(number) for number in range(1000)]

    def test_one_thread_logs_while_another_formats(self, made: Any) -> None:
        formats, goes_on = threading.Event(), threading.Event()

        class Slow:
            def __str__(self) -> str:
                formats.set()
                assert goes_on.wait(60)
                return "slow"

        handler = made()
        thread = threading.Thread(target=log, args=(handler, Slow()))
        thread.start()
        assert formats.wait(60)

        log(handler, "fast")
        handler.flush()
        goes_on.set()
        thread.join()

        assert messages(handler) == ["fast", "slow"]

    def test_the_thread_that_logs_touches_no_file(self, tmp_path: Path) -> None:
        """By the interpreter's own account, also when more comes than can be written."""
        done = run(
            "main, watching, seen = threading.get_ident(), False, []\n"
            "def hook(event, arguments):\n"
            "    if watching:\n"
            "        seen.append((event, threading.get_ident() == main))\n"
            "logging.info('first')\n"  # starts the thread
            "sys.addaudithook(hook)\n"
            "watching = True\n"
            "for number in range(20_000):\n"
            "    logging.info('%d %s', number, 'x' * 300)\n"
            "watching = False\n"
            "print({event for event, is_main in seen if is_main} - {'sys._getframe', 'object.__getattr__'})\n"
            "print({event for event, is_main in seen if not is_main} >= {'open', 'fcntl.flock'})\n",
            tmp_path,
        )

        assert (done.stdout, done.stderr) == ("set()\nTrue\n", "")

    def test_a_signal_handler_may_log_at_any_moment(self, tmp_path: Path) -> None:
        done = run(
            "import signal\n"
            "handlers.MAX_QUEUE_BYTES = 10**9\n"
            "count = 0\n"
            "def tick(number, frame):\n"
            "    global count\n"
            "    logging.info('signal'); count += 1\n"
            "signal.signal(signal.SIGALRM, tick)\n"
            "signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)\n"
            "while count < 300:\n"
            "    logging.info('main')\n"
            "signal.setitimer(signal.ITIMER_REAL, 0)\n"
            "handler.flush()\n"
            "print(count)\n",
            tmp_path,
        )

        assert done.stderr == ""
        text = (tmp_path / "application.log").read_text()
        assert text.count(": signal\n") == int(done.stdout) >= 300


class TestWhatIsMissing:
    def test_what_does_not_fit_into_memory_is_counted_where_it_is_missing(
        self, made: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        handler = made()
        handler.setFormatter(logging.Formatter("%(name)s: %(message)s"))
        monkeypatch.setattr(handlers, "MAX_QUEUE_BYTES", 3 * (64 + len("shop.pay: 1\n")))

        with Stuck(handler):
            log(handler, "0")
            until(lambda: not handler._entries)  # the thread has it
            log(handler, *range(1, 9))
        handler.flush()
        log(handler, "9")

        assert messages(handler) == [
            *"0123",
            "Entries dropped here: 5 (they came faster than they could be written)",
            "9",
        ]

    def test_a_directory_that_is_missing_is_told_on_standard_error_once_and_its_creation_noticed(
        self, made: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(handlers, "MAX_QUEUE_BYTES", 2000)
        handler = made(tmp_path / "later")

        log(handler, "0")
        until(lambda: bool(handler._trouble))
        log(handler, *range(1, 1000))
        (tmp_path / "later").mkdir()

        found = messages(handler)
        count, why = DROPPED.findall("\n".join(found))[0]
        assert len(found) - 1 + int(count) == 1000
        assert why == "the file could not be written: No such file or directory"
        assert capsys.readouterr().err == (
            f"django_logtail: {tmp_path}/later/application.log can't be written: No such file or directory. "
            "Make sure that its directory exists, that this process may write there, and that the disk isn't full. "
            "Until then, entries wait in memory; those that don't fit are dropped and counted in the log.\n"
        )

    def test_what_can_not_be_formatted_is_counted_with_its_place_and_breaks_nothing(self, made: Any) -> None:
        handler = made()

        handler.handle(record("%d items", "many", filename="views.py", lineno=12))
        log(handler, "next")

        found = "\n".join(messages(handler))
        assert "next" in found
        assert DROPPED.findall(found) == [("1", "they could not be formatted: TypeError at views.py:12")]

    def test_the_count_is_written_even_if_the_project_s_formatter_fails(self, made: Any) -> None:
        handler = made()
        handler.setFormatter(logging.Formatter("%(message)s %(request_id)s"))

        log(handler, "x", filename="views.py", lineno=3)

        handler.flush()
        assert DROPPED.findall(handler.path.read_text()) == [
            ("1", "they could not be formatted: ValueError at views.py:3")
        ]

    def test_the_count_has_what_a_filter_adds(self, made: Any) -> None:
        def number(record: logging.LogRecord) -> bool:
            record.request_id = "none"
            return record.name == "shop.pay"

        handler = made()
        handler.addFilter(number)
        handler.setFormatter(logging.Formatter("[%(request_id)s] %(message)s"))

        handler.handle(record("%d", "x", filename="a.py", lineno=1))

        handler.flush()
        assert handler.path.read_text() == (
            "[none] Entries dropped here: 1 (they could not be formatted: TypeError at a.py:1)\n"
        )


class TestProcesses:
    def test_what_is_logged_last_is_written_before_the_process_ends(self, tmp_path: Path) -> None:
        done = run("for number in range(5000): logging.info(number)\n", tmp_path)

        lines = (tmp_path / "application.log").read_text().splitlines()
        assert (len(lines), done.stderr) == (5000, "")

    def test_a_process_ends_although_the_file_is_stuck_and_says_what_it_takes_with_it(
        self, made: Any, tmp_path: Path
    ) -> None:
        with Stuck(made()):
            done = run(
                "handlers.FLUSH_SECONDS = 0.01\nfor number in range(7): logging.info(number)\n", tmp_path
            )

        assert done.stderr.splitlines()[-1] == (
            f"django_logtail: 7 entries could not be written to {tmp_path}/application.log before the process ended."
        )

    def test_a_forked_child_writes_its_own_entries_and_not_its_parent_s_again(
        self, made: Any, tmp_path: Path
    ) -> None:
        with Stuck(made()):
            done = run(
                "logging.info('before')\n"
                "child = os.fork()\n"
                "if not child:\n"
                "    logging.info('child')\n"
                "    print('forked', flush=True)\n"
                "    sys.exit()\n"
                "os.rename(handler.path, sys.argv[1] + '/stuck')\n"
                "logging.info('parent')\n"
                "os.waitpid(child, 0)\n",
                tmp_path,
            )

        text = (tmp_path / "application.log").read_text()
        said = sorted(line.partition(" root: ")[2] for line in text.splitlines())
        pids = {line.split()[3] for line in text.splitlines()}
        assert (said, len(pids), done.stdout) == (["before", "child", "parent"], 2, "forked\n")

    def test_a_child_forked_during_a_write_has_no_part_in_it(self, tmp_path: Path) -> None:
        """Otherwise it would keep the file's lock if its parent were killed at that moment."""
        done = run(
            "writing, forked, write = threading.Event(), threading.Event(), os.write\n"
            "def slow(descriptor, data):\n"
            "    writing.set()\n"
            "    forked.wait(60)\n"
            "    return write(descriptor, data)\n"
            "os.write = slow\n"
            "logging.info('parent')\n"
            "writing.wait(60)\n"
            "def is_open():\n"
            "    links = [os.path.realpath('/proc/self/fd/' + name) for name in os.listdir('/proc/self/fd')]\n"
            "    return str(handler.path) in links\n"
            "child = os.fork()\n"
            "if not child:\n"
            "    os._exit(is_open())\n"
            "print(is_open(), os.waitpid(child, 0)[1])\n"
            "forked.set()\n",
            tmp_path,
        )

        assert done.stdout == "True 0\n", done.stderr

    @pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
    def test_a_child_of_multiprocessing_writes_everything_before_it_ends(
        self, tmp_path: Path, method: str
    ) -> None:
        program = tmp_path / "program.py"
        program.write_text(
            "import logging, multiprocessing, sys\n"
            "from django_logtail import handlers\n"
            "handlers.FLUSH_SECONDS = 60\n"
            "handler = handlers.SpoolHandler(sys.argv[1])\n"
            "logging.basicConfig(handlers=[handler], level='INFO')\n"
            "def work():\n"
            "    for number in range(2000): logging.info(number)\n"
            "if __name__ == '__main__':\n"
            "    logging.info('parent')\n"
            f"    context = multiprocessing.get_context({method!r})\n"
            "    children = [context.Process(target=work) for _ in range(2)]\n"
            "    for child in children: child.start()\n"
            "    for child in children: child.join()\n"
        )
        (tmp_path / "logs").mkdir()

        done = subprocess.run(
            [sys.executable, "-W", "ignore", program, tmp_path / "logs"],
            env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

        lines = (tmp_path / "logs" / "application.log").read_text().splitlines()
        assert (len(lines), done.stderr) == (4001, "")


class TestMaking:
    @pytest.mark.parametrize(
        ("given", "said"),
        [
            ({"directory": "logs"}, "directory is 'logs'; expected an absolute path"),
            ({"directory": "/x", "files": 1}, "files is 1; expected at least 2"),
            ({"directory": "/x", "max_bytes": 4_194_303}, "max_bytes is 4194303; expected at least 4194304"),
        ],
    )
    def test_a_mistake_is_an_error_that_says_what_was_expected(self, given: Any, said: str) -> None:
        with pytest.raises(ValueError, match=re.escape(said)):
            SpoolHandler(**given)

    def test_it_takes_the_least_values(self, made: Any) -> None:
        assert made(files=2, max_bytes=4_194_304).path.name == "application.log"

    def test_a_handler_that_logs_nothing_makes_no_file_and_no_thread(self, made: Any, tmp_path: Path) -> None:
        threads = threading.active_count()

        made()

        assert (threading.active_count(), list(tmp_path.iterdir())) == (threads, [])

    def test_what_is_open_is_known_by_its_path(self, made: Any, tmp_path: Path) -> None:
        first, second = made(), made(tmp_path / "b")
        made()
        before = spool_paths()

        first.close()
        second.close()

        assert before == [tmp_path / "application.log", tmp_path / "b" / "application.log"]
        assert spool_paths() == [tmp_path / "application.log"]

    def test_a_closed_handler_ignores_records_and_its_thread_ends(self, made: Any) -> None:
        handler = made()
        log(handler, "before")

        handler.close()
        handler.close()
        log(handler, "after")

        until(lambda: not handler._thread.is_alive())
        assert messages(handler) == ["before"]
