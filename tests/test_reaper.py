import os
import signal
import subprocess
import sys

import pytest

from tests.reaper import processes_of
from tests.stack import Stack, wait_until

#: What a run does: it starts something that starts something in a session of its own, and waits.
RUN = """
import os, subprocess, sys
from tests.reaper import start_reaper
reaper = start_reaper()
deep = "import subprocess, time; subprocess.Popen(['sleep', '600'], start_new_session=True); time.sleep(600)"
subprocess.Popen([sys.executable, "-c", deep], start_new_session=True, stdout=subprocess.DEVNULL)
print(os.environ["LOGTAIL_TEST_RUN"], flush=True)
sys.stdin.read()
reaper.communicate(b"over")
"""


def started() -> tuple[subprocess.Popen[str], str]:
    run = subprocess.Popen(
        [sys.executable, "-c", RUN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    name = run.stdout.readline().strip()
    wait_until(lambda: len(processes_of(name)) == 2, what="what the run starts")
    return run, name


@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
def test_what_a_killed_run_started_is_killed_as_well() -> None:
    run, name = started()

    run.kill()
    run.communicate(timeout=30)

    wait_until(lambda: processes_of(name) == [], what="the end of what the run started")


@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
def test_what_a_run_leaves_that_ends_by_itself_is_left_to_be_seen() -> None:
    run, name = started()

    run.communicate(timeout=30)
    left = processes_of(name)

    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert len(left) == 2


@pytest.mark.whole
def test_a_redis_is_found_by_its_run(installation: Stack) -> None:
    assert installation.redis is not None
    assert installation.redis.pid in processes_of(os.environ["LOGTAIL_TEST_RUN"])
