"""How many files this process may have open, and has."""

import errno
import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from django_logtail.tailing.events import Kind
from django_logtail.tailing.files import descriptors
from django_logtail.tailing.files.opening import Trouble, open_log
from django_logtail.tailing.files.system import System
from django_logtail.tailing.reasons import in_full, in_short


@pytest.fixture
def few() -> Iterator[int]:
    """A limit of what is open now, and three more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = max(int(entry.name) for entry in Path("/dev/fd").iterdir()) + 4
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    yield limit
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_the_limit_is_the_one_that_holds_now(few: int) -> None:
    assert descriptors.process_limit() == few


def test_a_process_without_a_limit_has_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    assert descriptors.process_limit() == 1_000_000_000


def test_what_is_open_is_counted() -> None:
    before = descriptors.in_use()
    opened = [os.dup(0) for _ in range(3)]
    now = descriptors.in_use()
    for number in opened:
        os.close(number)

    assert (now, descriptors.in_use()) == (before + 3, before)


def test_a_file_that_no_descriptor_is_left_for_is_told_with_the_limit_and_its_names(
    few: int, tmp_path: Path
) -> None:
    (tmp_path / "app.log").write_bytes(b"one\n")
    held = []
    try:
        while True:
            held.append(os.dup(0))
    except OSError as error:
        number = error.errno
    trouble, counted = open_log(System(), tmp_path / "app.log"), descriptors.in_use()
    for descriptor in held:
        os.close(descriptor)

    assert number == errno.EMFILE
    assert counted == few
    assert isinstance(trouble, Trouble)
    assert trouble.kind is Kind.UNREADABLE
    assert in_short(trouble.text) == "the reader's process has reached its limit of open files"
    assert in_full(trouble.text) == (
        f"the reader's process has reached its limit of open files ({few:,}): RLIMIT_NOFILE, which is LimitNOFILE in "
        "systemd and ulimit -n in a shell"
    )
