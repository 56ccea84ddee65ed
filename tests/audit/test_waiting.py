"""What waits: older records on disk, newer ones in memory."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_logtail.audit import waiting as module
from django_logtail.audit.disk import OnDisk
from django_logtail.audit.records import Record, Subject, event
from django_logtail.audit.waiting import Waiting


def record(name: object) -> Record:
    return event("search", Subject(), 0.0, {"name": str(name)})


def names(found: Any) -> list[str | None]:
    return [None if one is None else one["detail"]["name"] for one in found]


def everything(waiting: Waiting) -> list[str | None]:
    found: list[str | None] = []
    while batch := waiting.first(2):
        found += names(batch)
        waiting.drop(len(batch))
    return found


@given(st.lists(st.sampled_from(["add", "spill", "take"]), max_size=30))
def test_whatever_moves_to_the_disk_the_order_stays(tmp_path_factory: Any, steps: list[str]) -> None:
    waiting = Waiting(OnDisk(tmp_path_factory.mktemp("audit", numbered=True) / "own"))
    added, taken = 0, []
    for step in steps:
        if step == "add":
            waiting.add(record(added))
            added += 1
        elif step == "spill":
            waiting.spill()
        else:
            batch = waiting.first(2)
            waiting.spill()  # while the batch is being stored
            waiting.drop(len(batch))
            taken += names(batch)

    assert taken + everything(waiting) == [str(index) for index in range(added)]
    assert len(waiting) == 0
    waiting.close()


@pytest.mark.parametrize(("count", "lost"), [(9, 0), (10, 0), (11, 1)])
def test_without_a_disk_memory_is_the_limit(monkeypatch: pytest.MonkeyPatch, count: int, lost: int) -> None:
    monkeypatch.setattr(module, "MOST_IN_MEMORY", 10)
    waiting = Waiting()

    assert [waiting.add(record(index)) for index in range(count)].count(False) == lost
    assert waiting.lost == lost
    assert not waiting.survives


def test_with_a_disk_memory_that_is_full_moves_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_IN_MEMORY", 2)
    waiting = Waiting(OnDisk(tmp_path / "audit"))

    assert all(waiting.add(record(index)) for index in range(7))

    assert waiting.survives
    assert everything(waiting) == [str(index) for index in range(7)]


def test_a_disk_that_fails_leaves_the_newest_in_memory_and_counts_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_IN_MEMORY", 2)
    (tmp_path / "audit").write_bytes(b"no directory")
    waiting = Waiting(OnDisk(tmp_path / "audit"))

    assert [waiting.add(record(index)) for index in range(4)] == [True, True, False, False]

    assert not waiting.survives
    assert (everything(waiting), waiting.found_lost(), waiting.found_lost()) == (["0", "1"], 2, 0)
