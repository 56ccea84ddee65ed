"""`make check` runs its steps in parallel: none fails unnoticed, and none outlives a killed run."""

import os
import signal
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from tests.reaper import processes_of
from tests.stack import CHECKOUT, wait_until

MAKEFILE = """
first:
	@echo first begins; until [ -e over ]; do sleep 0.05; done; echo first ends
good:
	@echo one; echo two
bad:
	@echo what is wrong; false
last:
	@touch over
hangs:
	@sleep 600
"""


def start(folder: Path, *targets: str, name: str = "") -> subprocess.Popen[str]:
    (folder / "Makefile").write_text(MAKEFILE)
    return subprocess.Popen(
        [sys.executable, CHECKOUT / ".ci" / "beside.py", *targets],
        cwd=folder,
        env={**os.environ, "LOGTAIL_TEST_RUN": name or os.environ.get("LOGTAIL_TEST_RUN", "")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_steps_are_made_beside_the_first_one_and_told_whole(tmp_path: Path) -> None:
    run = start(tmp_path, "first", "good", "last")

    said, _ = run.communicate(timeout=120)

    assert run.returncode == 0
    assert said.index("first begins") < said.index("first ends")
    assert "one\ntwo\n" in said
    assert sorted(line.split()[0] for line in said.splitlines()[-3:]) == ["first", "good", "last"]


def test_a_step_that_fails_is_told_and_the_others_are_made_all_the_same(tmp_path: Path) -> None:
    run = start(tmp_path, "first", "bad", "last")

    said, _ = run.communicate(timeout=120)

    assert run.returncode == 1
    assert "what is wrong\n" in said
    assert [line.split()[-1] == "failed" for line in said.splitlines()[-3:]] == [True, False, False]


@pytest.mark.skipif(sys.platform != "linux", reason="a parent's death is told by Linux alone")
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_step_outlives_the_run(tmp_path: Path, end: signal.Signals) -> None:
    name = uuid.uuid4().hex
    run = start(tmp_path, "hangs", "hangs", name=name)
    wait_until(lambda: len(processes_of(name)) == 5, 60, "both steps, each in its make")

    run.send_signal(end)
    run.communicate(timeout=60)

    assert run.returncode in (1, -signal.SIGKILL)
    wait_until(lambda: processes_of(name) == [], 60, "the end of both steps")
