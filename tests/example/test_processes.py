import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from example_project.demo.processes import ChildEnded, Interrupted, Processes, free_port
from tests.stack import children, wait_until

PYTHON = sys.executable
SLEEPS = "import time; time.sleep(600)"
HAS_A_CHILD = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {SLEEPS!r}])"


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    with Processes(tmp_path, os.environ) as processes:
        yield processes


def is_there(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def test_ending_ends_what_the_children_have_started(processes: Processes, tmp_path: Path) -> None:
    processes.start("parent", [PYTHON, "-c", HAS_A_CHILD], tmp_path)
    parent = processes.running["parent"].pid
    wait_until(lambda: children(parent), 20, "the grandchild")
    pids = [parent, *children(parent)]

    processes.end()

    wait_until(lambda: not any(map(is_there, pids)), 20, "the end of all")


def test_a_child_that_ends_is_named_with_its_code_and_last_words(
    processes: Processes, tmp_path: Path
) -> None:
    processes.start("web", [PYTHON, "-c", "print('no port'); raise SystemExit(3)"], tmp_path)

    with pytest.raises(ChildEnded) as ended:
        processes.wait()

    assert str(ended.value) == "web ended with code 3:\nno port"


def test_a_command_that_fails_is_named(processes: Processes, tmp_path: Path) -> None:
    with pytest.raises(ChildEnded, match="migrate ended with code 1"):
        processes.run("migrate", [PYTHON, "-c", "raise SystemExit(1)"], tmp_path)


def test_a_command_that_succeeds_is_not_missed_afterwards(processes: Processes, tmp_path: Path) -> None:
    processes.run("migrate", [PYTHON, "-c", ""], tmp_path)

    processes.check()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_interrupts_the_waiting(processes: Processes, tmp_path: Path, number: int) -> None:
    processes.start("redis", [PYTHON, "-c", SLEEPS], tmp_path)

    os.kill(os.getpid(), number)

    with pytest.raises(Interrupted):
        processes.wait()


def test_a_port_that_is_taken_is_not_given_out() -> None:
    port = free_port()

    assert free_port(port) == port


def test_what_does_not_come_in_time_is_named(processes: Processes) -> None:
    with pytest.raises(TimeoutError, match="Redis does not respond within 0 s"):
        processes.wait_until(lambda: False, "Redis", 0)
