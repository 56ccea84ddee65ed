"""File sizes in the list of logs, without waiting for files that don't respond."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from django_logtail.page import sizes as module
from django_logtail.page.sizes import KEPT_SECONDS, LAPSED_SECONDS, MOST_WALKS, Size, Sizes


class Disk:
    """File systems that say what they are told to, when they do, and the clock beside them."""

    def __init__(self) -> None:
        self.now = 100.0
        self.size = 1
        self.looks: list[Path] = []
        self.dead: set[Path] = set()
        self.is_stuck = threading.Semaphore(0)
        self.answers = threading.Event()

    def clock(self) -> float:
        return self.now

    def look(self, path: Path) -> Size:
        self.looks.append(path)
        if path.parent in self.dead:
            self.is_stuck.release()
            self.answers.wait()
            raise OSError("stale")
        return Size(self.size, 7.0)


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enough for a busy machine; tests of what does not answer have none."""
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 60)


@pytest.fixture
def disk() -> Iterator[Disk]:
    disk = Disk()
    yield disk
    disk.answers.set()


@pytest.fixture
def sizes(disk: Disk) -> Sizes:
    return Sizes(disk.look, disk.clock)


def test_size_and_last_change_of_files_inside_the_roots_are_found(tmp_path: Path) -> None:
    for name in ("in/app.log", "out/secret.log"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(b"four")
    (tmp_path / "in/link.log").symlink_to(tmp_path / "out/secret.log")
    paths = [tmp_path / name for name in ("in/app.log", "in/link.log", "in/gone.log", "out/secret.log")]

    found = Sizes().of(paths, [tmp_path / "in"])

    assert found == {paths[0]: Size(4, paths[0].stat().st_mtime)}


def test_a_look_is_kept_for_a_moment(sizes: Sizes, disk: Disk, tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    sizes.of([path], [tmp_path])
    disk.size = 2

    kept = sizes.of([path], [tmp_path])
    disk.now += KEPT_SECONDS
    anew = sizes.of([path], [tmp_path])

    assert (kept[path].size, anew[path].size) == (1, 2)
    assert len(disk.looks) == 2


def test_a_file_system_that_does_not_answer_holds_up_no_page_and_hides_no_other_file(
    sizes: Sizes, disk: Disk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead, alive = tmp_path / "nfs" / "app.log", tmp_path / "disk" / "app.log"
    disk.dead = {dead.parent}
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0)
    sizes.of([dead, alive], [tmp_path])
    disk.is_stuck.acquire()
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 60)

    found = sizes.of([dead, alive], [tmp_path])

    assert found == {alive: Size(1, 7.0)}
    assert disk.looks == [dead, alive]


def test_what_is_stuck_takes_a_bounded_number_of_threads(
    sizes: Sizes, disk: Disk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [tmp_path / str(number) / "app.log" for number in range(MOST_WALKS + 2)]
    disk.dead = {path.parent for path in paths}
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0)
    for _ in range(MOST_WALKS):
        sizes.of(paths, [tmp_path])
        disk.is_stuck.acquire()

    sizes.of(paths, [tmp_path])

    assert disk.looks == paths[:MOST_WALKS]


def test_a_size_lapses_that_cannot_be_found_any_more(
    sizes: Sizes, disk: Disk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "nfs" / "app.log"
    before = sizes.of([path], [tmp_path])
    disk.dead = {path.parent}
    disk.now += KEPT_SECONDS
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0)
    meanwhile = sizes.of([path], [tmp_path])
    disk.now += LAPSED_SECONDS

    later = sizes.of([path], [tmp_path])

    assert (bool(before), bool(meanwhile), bool(later)) == (True, True, False)
