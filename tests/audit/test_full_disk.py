"""Records on a disk that is full, and of a process that is killed while it writes them."""

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from django_logtail.audit import waiting as waiting_module
from django_logtail.audit.disk import left_behind
from django_logtail.audit.records import Subject, event
from tests.audit.test_required import GONE, DiskDesk, disk_desk
from tests.length import at_length
from tests.stack import CHECKOUT, wait_until

__all__ = ["disk_desk"]

#: Bytes that a file of this process may have, as if the disk were full then; enough for what else tests write.
ROOM = 64 * 1024 * 1024


@pytest.fixture
def full_at() -> Iterator[Callable[[int], None]]:
    """Lets no file of this process grow beyond so many bytes: the system writes a part, and then fails."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


def test_a_full_disk_keeps_what_it_has_and_what_is_lost_is_counted(
    disk_desk: DiskDesk, full_at: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting_module, "MOST_IN_MEMORY", 100)
    disk_desk.failure = GONE
    disk_desk.pump()
    full_at(60_000)
    try:
        for number in range(1_000):
            disk_desk.recorder.put(event("search", Subject("7", "ann"), 0.0, {"number": number}))
            if number % 50 == 0:
                disk_desk.pump()
        disk_desk.pump()
    finally:
        full_at(ROOM)

    disk_desk.failure = None
    disk_desk.passes(1)
    disk_desk.passes(1)

    numbers = [one["detail"]["number"] for one in disk_desk.stored if "number" in one["detail"]]
    (lost,) = (one["detail"]["count"] for one in disk_desk.stored if one["action"] == "lost")
    assert numbers == sorted(set(numbers))
    assert numbers[:150] == list(range(150))
    assert len(numbers) < 1_000
    assert len(numbers) + lost == 1_000


WRITES = """
import sys
from pathlib import Path
import django
django.setup()
from django_logtail.audit.disk import OnDisk
from django_logtail.audit.records import Subject, event
disk = OnDisk(Path(sys.argv[1]))
number = 0
while True:
    disk.add([event("search", Subject(), 0.0, {"number": number + n, "pad": "x" * 400}) for n in range(200)])
    number += 200
"""


@pytest.mark.parametrize("size", at_length([1, 100_000, 300_000, 900_000, 2_000_000], short=[1, 300_000]))
def test_a_process_that_is_killed_while_it_writes_leaves_whole_records(tmp_path: Path, size: int) -> None:
    directory = tmp_path / "audit"
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    writer = subprocess.Popen([sys.executable, "-c", WRITES, str(directory)], cwd=CHECKOUT, env=environment)
    try:
        wait_until(lambda: sum(path.stat().st_size for path in directory.glob("*.audit")) >= size)
    finally:
        writer.kill()
        writer.wait()

    (left,) = left_behind(directory)
    found: list[Any] = list(left.records())
    left.close()

    whole = [one["detail"]["number"] for one in found if one is not None]
    assert whole == list(range(len(whole)))
    assert len(whole) > 0
    assert found.count(None) <= 1
    assert None not in found[:-1]
