"""What is forked is like what is started: environment, folder, streams, and the exit code, which only a parent gets."""

import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests import preloaded

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks only there")

#: A module that says how it runs.
SAYS = """
import os, sys
print(__name__, sys.argv[1:], os.getcwd(), os.environ.get("GIVEN"), "HOME" in os.environ, sys.stdin.read(), flush=True)
print(os.getsid(0) == os.getpid(), "django" in sys.modules, "django_logtail" in sys.modules)
print("an error", file=sys.stderr)
sys.exit(7)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "says.py").write_text(SAYS)
    monkeypatch.setattr(preloaded, "OURS", ("says",))
    return tmp_path


def said(command: Sequence[str], environment: Mapping[str, str], folder: Path, **how: bool) -> list[object]:
    with (
        tempfile.TemporaryFile() as given,
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as errors,
    ):
        given.write(b"typed")
        given.seek(0)
        streams = [given.fileno(), out.fileno(), errors.fileno()]
        process = preloaded.start(command, environment, folder, streams, **how)
        code = process.wait(60)
        out.seek(0)
        errors.seek(0)
        return [code, *out.read().decode().splitlines(), errors.read().decode()]


def test_it_runs_as_a_module_that_python_starts_and_has_the_libraries_already(folder: Path) -> None:
    command = [sys.executable, "-m", "says", "one", "two"]

    forked = said(command, {"GIVEN": "this"}, folder)
    started = said(command, {"GIVEN": "this"}, folder, is_forked=False)

    first = f"__main__ ['one', 'two'] {folder} this False typed"
    assert forked == [7, first, "True True False", "an error\n"]
    assert started == [7, first, "True False False", "an error\n"]


def test_it_has_the_package_of_this_checkout_where_that_comes_first(folder: Path) -> None:
    command = [sys.executable, "-m", "says"]
    path = f"{preloaded.CHECKOUT}:{folder}"

    assert said(command, {"PYTHONPATH": path}, folder)[2] == "True True True"


def test_it_has_nothing_of_this_checkout_s_package_where_another_copy_comes_first(folder: Path) -> None:
    command = [sys.executable, "-m", "says"]
    path = f"{folder}:{preloaded.CHECKOUT}"

    assert said(command, {"PYTHONPATH": path}, folder)[2] == "True True False"
