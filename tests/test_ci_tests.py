"""`.ci/tests` gives a few tests that failed beside others one more chance, alone, and no others."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.stack import CHECKOUT

#: Fails as often as is written into a file beside it, then passes.
TESTS = """
from pathlib import Path
import pytest

@pytest.mark.parametrize("number", range({many}))
def test_it(number):
    left = Path(__file__).with_name(f"left-{{number}}")
    times = int(left.read_text()) if left.exists() else {times}
    left.write_text(str(times - 1))
    assert times <= 0

def test_another():
    pass
"""


def run(folder: Path, *command: Path | str) -> subprocess.CompletedProcess[str]:
    """With none of the options that this run has."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}
    return subprocess.run(
        [CHECKOUT / ".ci" / "tests", *command], cwd=folder, env=environment, capture_output=True, text=True
    )


@pytest.mark.parametrize(
    ("many", "times", "status", "outcomes"),
    [
        (1, 0, 0, ["2 passed"]),
        (1, 1, 0, ["1 failed, 1 passed", "1 passed"]),
        (1, 2, 1, ["1 failed, 1 passed", "1 failed"]),
        (5, 1, 0, ["5 failed, 1 passed", "5 passed"]),
        (6, 1, 1, ["6 failed, 1 passed"]),
    ],
)
def test_what_failed_beside_others_runs_once_more_alone(
    tmp_path: Path, many: int, times: int, status: int, outcomes: list[str]
) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_it.py").write_text(TESTS.format(many=many, times=times))
    pytest_here = tmp_path / "pytest"
    pytest_here.write_text(f'#!/bin/sh\nexec {sys.executable} -m pytest -p no:randomly -p no:django "$@"\n')
    pytest_here.chmod(0o755)

    done = run(tmp_path, pytest_here, "-q")

    assert done.returncode == status, done.stdout
    ends = re.findall(r"^[= ]*(\d+ (?:passed|failed).*?) in [\d.]+s", done.stdout, re.MULTILINE)
    assert ends == outcomes
    assert ("beside others" in done.stdout) == (len(outcomes) == 2)


def test_a_file_that_can_t_be_collected_fails_at_once(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_it.py").write_text("import no_such_module\n")
    (tmp_path / "test_other.py").write_text("def test_it():\n    pass\n")

    done = run(tmp_path, sys.executable, "-m", "pytest", "-p", "no:django", "--continue-on-collection-errors")

    assert done.returncode == 1
    assert "1 passed, 1 error" in done.stdout
    assert "beside others" not in done.stdout


def test_a_run_that_found_no_test_stays_a_failure(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")

    done = run(tmp_path, sys.executable, "-m", "pytest", "-p", "no:django")

    assert done.returncode == 5
