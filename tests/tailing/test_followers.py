"""Many followers on one thread: fairness, hints, degrading and recovering."""

from __future__ import annotations

import os
import select
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any

import pytest

from django_logtail.tailing import Batch, Event, Follower, FollowerSet, FromStart, Kind, Place
from django_logtail.tailing.files.system import System
from django_logtail.tailing.files.watches import Inotify, names_on_the_way
from django_logtail.tailing.followers import POLL_SECONDS, REMOTE_REASON, RETRY_SECONDS
from tests.tailing.stage import A, B, C, block, open_descriptors


class Silent:
    """A source that is told what to say."""

    def __init__(self) -> None:
        self.refuses: str | None = None
        self.says: tuple[set[Hashable] | None, set[Hashable]] = (set(), set())
        self.watched: dict[Hashable, int] = {}

    def fileno(self) -> int | None:
        return None

    def watch(self, key: Hashable, path: Path, descriptors: list[int]) -> str | None:
        self.watched[key] = self.watched.get(key, 0) + 1
        return self.refuses

    def forget(self, key: Hashable) -> None:
        del self.watched[key]

    def read(self) -> tuple[set[Hashable] | None, set[Hashable]]:
        said, self.says = self.says, (set(), set())
        return said

    def close(self) -> None:
        pass


class Driver:
    """What a reader does with a set, on a clock of its own."""

    def __init__(self, source: Any) -> None:
        self.followers: dict[Hashable, Follower] = {}
        self.set = FollowerSet(lambda: source)
        self.now = 0.0
        self.items: dict[Hashable, list[Batch | Event]] = {}
        self.turns: list[Hashable] = []

    def add(self, key: Hashable, path: Path, **more: Any) -> Follower:
        follower = self.followers[key] = Follower(path, FromStart(), **more)
        self.items[key] = []
        self.set.add(key, follower)
        return follower

    def turn(self, max_bytes: int = 256 * 1024) -> None:
        for key in self.set.due(self.now):
            self.turns.append(key)
            self.items[key] += self.followers[key].poll(self.now, max_bytes)
            self.set.polled(key, self.now)

    def run(self, seconds: float) -> None:
        until = self.now + seconds
        while (due := self.set.next_due(self.now)) is not None and due <= until:
            self.now = max(self.now, due)
            self.turn()
        self.now = until

    def shown(self, key: Hashable) -> bytes:
        return b"".join(item.data for item in self.items[key] if isinstance(item, Batch) and not item.partial)

    def kinds(self, key: Hashable) -> list[str]:
        return [item.kind.value for item in self.items[key] if isinstance(item, Event)]

    def close(self) -> None:
        self.set.close()
        for follower in self.followers.values():
            follower.close()


@pytest.fixture
def source() -> Silent:
    return Silent()


@pytest.fixture
def driver(source: Silent) -> Any:
    driver = Driver(source)
    yield driver
    driver.close()


def test_one_log_at_full_speed_delays_the_others_by_one_turn(driver: Driver, tmp_path: Path) -> None:
    busy = tmp_path / "busy.log"
    busy.write_bytes(block("long", 100_000))
    driver.add("busy", busy)
    for number in range(20):
        path = tmp_path / f"quiet{number}.log"
        path.write_bytes(A)
        driver.add(number, path)
    for _ in range(3):
        driver.turn(64 * 1024)  # each is watched and looked at again

    driver.turns.clear()
    for number in range(20):
        driver.set.hint(number)
        driver.turn(64 * 1024)

    assert driver.turns.count("busy") == 20
    assert [key for key in driver.turns if key != "busy"] == list(range(20))


def test_without_any_notification_the_tick_finds_everything(driver: Driver, tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.write_bytes(A)
    driver.add("log", path)
    driver.run(0.1)
    path.rename(tmp_path / "app.log.1")
    path.write_bytes(B)

    driver.run(1.1)

    assert driver.shown("log") == A + B


def test_lost_notifications_make_every_log_due(driver: Driver, source: Silent, tmp_path: Path) -> None:
    for number in range(3):
        driver.add(number, tmp_path / f"{number}.log")
    driver.run(1.5)
    driver.turns.clear()

    source.says = (None, set())

    assert driver.set.read_hints() == {0, 1, 2}
    driver.turn()
    assert sorted(driver.turns) == [0, 1, 2]
    assert set(source.watched) == {0, 1, 2}


def test_a_log_that_cannot_be_watched_is_polled_and_says_so(
    driver: Driver, source: Silent, tmp_path: Path
) -> None:
    path = tmp_path / "app.log"
    path.write_bytes(A)
    source.refuses = "fs.inotify.max_user_watches is used up"
    driver.add("log", path)
    driver.run(0.1)
    with path.open("ab") as file:
        file.write(B)

    driver.run(POLL_SECONDS + 0.01)

    assert driver.shown("log") == A + B
    assert driver.kinds("log") == ["started", "degraded"]
    degraded = driver.items["log"][2]
    assert isinstance(degraded, Event)
    assert degraded.details == {"reason": "fs.inotify.max_user_watches is used up"}

    source.refuses = None
    driver.run(RETRY_SECONDS + 1)
    assert driver.kinds("log") == ["started", "degraded", "restored"]
    driver.turns.clear()
    driver.run(10)
    assert driver.turns == []


def test_without_any_source_logs_are_polled_until_there_is_one(tmp_path: Path) -> None:
    found: list[Any] = ["fs.inotify.max_user_instances is used up"]
    driver = Driver(None)
    driver.set = FollowerSet(lambda: found[0])
    path = tmp_path / "app.log"
    path.write_bytes(A)
    driver.add("log", path)
    driver.run(0.1)
    assert driver.set.fileno() is None
    path.rename(tmp_path / "app.log.1")
    path.write_bytes(B)

    driver.run(2 * POLL_SECONDS)

    assert driver.shown("log") == A + B
    assert driver.kinds("log")[:2] == ["started", "degraded"]
    found[0] = Silent()
    driver.run(2 * RETRY_SECONDS)
    assert driver.kinds("log")[-1] == "restored"
    assert not driver.set.due(driver.now)
    found[0].says = ({"log"}, set())
    assert driver.set.due(driver.now) == ["log"]
    driver.close()


def test_a_network_file_system_is_polled_from_the_start(
    driver: Driver, source: Silent, tmp_path: Path
) -> None:
    class Network(System):
        def file_system(self, device: int) -> str | None:
            return "fuse.sshfs"

    path = tmp_path / "app.log"
    path.write_bytes(A)
    driver.add("log", path, system=Network())

    driver.run(1)

    degraded = driver.items["log"][-1]
    assert isinstance(degraded, Event)
    assert (degraded.kind, degraded.details) == (Kind.DEGRADED, {"reason": REMOTE_REASON})
    assert len(driver.turns) >= 4


def test_a_follower_without_credit_does_not_spin(driver: Driver, tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.write_bytes(block("long", 1000))
    driver.add("log", path)
    driver.turn(0)
    driver.turn(0)
    driver.turns.clear()

    for _ in range(100):
        driver.turn(0)

    assert driver.turns == []
    assert driver.set.next_due(driver.now) == pytest.approx(driver.now + 0.05)


def test_looks_that_were_put_off_or_brought_forward_leave_nothing_behind(
    driver: Driver, source: Silent, tmp_path: Path
) -> None:
    for key in ("busy", "quiet"):
        path = tmp_path / f"{key}.log"
        path.write_bytes(A)
        driver.add(key, path)
    for step in range(500):
        driver.now = step / 100
        driver.set.hint("busy")
        driver.turn()

    assert driver.set._in_slots <= 64 + 8 * 2
    assert len(driver.set._times) <= 64 + 8 * 2
    assert driver.set.next_due(driver.now) is not None


def test_a_removed_log_is_not_due_any_more(driver: Driver, source: Silent, tmp_path: Path) -> None:
    driver.add("log", tmp_path / "app.log")
    driver.set.remove("log")
    driver.set.remove("log")
    driver.set.hint("log")

    assert driver.set.due(100.0) == []
    assert driver.set.next_due(100.0) is None
    assert source.watched == {}
    assert len(driver.set) == 0


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def replace(path: Path, data: bytes) -> None:
    path.with_suffix(".new").write_bytes(data)
    path.with_suffix(".new").replace(path)


class Counting(System):
    """Counts what is asked of the system."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def stat(self, path: Path) -> os.stat_result:
        self.calls.append("stat")
        return super().stat(path)

    def fstat(self, descriptor: int) -> os.stat_result:
        self.calls.append("fstat")
        return super().fstat(descriptor)

    def pread(self, descriptor: int, size: int, offset: int) -> bytes:
        self.calls.append("pread")
        return super().pread(descriptor, size, offset)


def test_an_idle_log_costs_one_stat_a_second(driver: Driver, tmp_path: Path) -> None:
    system = Counting()
    for number in range(50):
        path = tmp_path / f"{number}.log"
        path.write_bytes(A)
        driver.add(number, path, system=system)
    driver.run(5)
    driver.turns.clear()
    system.calls.clear()

    driver.run(10)

    assert driver.turns == []
    assert set(system.calls) == {"stat"}
    assert 450 <= len(system.calls) <= 550


@pytest.mark.parametrize(
    "change",
    [
        lambda path: append(path, B),
        lambda path: path.rename(path.with_suffix(".1")),
        lambda path: path.unlink(),
        lambda path: path.write_bytes(B),
        lambda path: os.truncate(path, 0),
        lambda path: replace(path, path.read_bytes()),
    ],
    ids=["appended", "renamed", "deleted", "written over", "emptied", "replaced by an equal file"],
)
def test_a_change_that_nothing_told_of_is_found_at_the_next_look(
    driver: Driver, tmp_path: Path, change: Callable[[Path], object]
) -> None:
    path = tmp_path / "app.log"
    path.write_bytes(A)
    driver.add("log", path)
    driver.run(5)
    driver.turns.clear()
    driver.run(5)
    assert driver.turns == []

    change(path)
    driver.run(1.1)
    assert driver.turns


def test_a_rested_follower_that_is_rewound_is_polled_at_once(driver: Driver, tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.write_bytes(A)
    follower = driver.add("log", path)
    driver.run(10)
    assert follower.position is not None
    assert follower.rests(driver.now)

    assert follower.rewind(Place(follower.position.file, 0))

    assert not follower.rests(driver.now)
    driver.set.hint("log")
    driver.turn()
    assert driver.shown("log") == A + A


# The kernel's own


class Kernel(Driver):
    """With real inotify; `wait` runs until the kernel told something and all that is due was polled."""

    def __init__(self) -> None:
        super().__init__(None)
        self.set.close()
        self.set = FollowerSet()

    def wait(self) -> set[Hashable]:
        descriptor = self.set.fileno()
        assert descriptor is not None
        readable, _, _ = select.select([descriptor], [], [], 10)
        assert readable, "the kernel told nothing"
        hinted = self.set.read_hints()
        self.turn()
        return hinted

    def settle(self) -> None:
        """Polls what is due now, until nothing is, without letting a tick pass."""
        while (due := self.set.next_due(self.now)) is not None and due <= self.now:
            self.turn()
        self.set.read_hints()
        self.turn()


@pytest.fixture
def kernel() -> Any:
    before = open_descriptors()
    kernel = Kernel()
    yield kernel
    kernel.close()
    assert open_descriptors() == before


needs_inotify = pytest.mark.skipif(not Path("/proc/sys/fs/inotify").exists(), reason="needs inotify")


@needs_inotify
def test_the_kernel_tells_of_appends_to_exactly_that_log(kernel: Kernel, tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.log" for number in range(3)]
    for number, path in enumerate(paths):
        path.write_bytes(A)
        kernel.add(number, path)
    kernel.settle()

    with paths[1].open("ab") as file:
        file.write(B)

    assert kernel.wait() == {1}
    assert kernel.shown(1) == A + B


@needs_inotify
def test_the_kernel_tells_of_a_file_that_appears_in_a_directory_that_appears(
    kernel: Kernel, tmp_path: Path
) -> None:
    path = tmp_path / "one" / "two" / "app.log"
    kernel.add("log", path)
    kernel.settle()

    path.parent.parent.mkdir()
    kernel.wait()
    path.parent.mkdir()
    kernel.wait()
    path.write_bytes(A)
    while not kernel.shown("log"):
        kernel.wait()

    assert kernel.shown("log") == A


@needs_inotify
def test_the_kernel_tells_of_a_link_that_is_switched(kernel: Kernel, tmp_path: Path) -> None:
    (tmp_path / "releases").mkdir()
    for release, data in (("1", A), ("2", B)):
        (tmp_path / "releases" / release).mkdir()
        (tmp_path / "releases" / release / "app.log").write_bytes(data)
    current = tmp_path / "current"
    current.symlink_to("releases/1")
    kernel.add("log", current / "app.log")
    kernel.settle()

    (tmp_path / "next").symlink_to("releases/2")
    (tmp_path / "next").rename(current)
    kernel.wait()
    kernel.settle()

    assert kernel.shown("log") == A + B


@needs_inotify
def test_watches_are_given_back_and_used_again(kernel: Kernel, tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    for round_ in range(5):
        path.write_bytes(A)
        kernel.add(round_, path)
        kernel.settle()
        path.unlink()
        kernel.wait()
        kernel.set.remove(round_)
        kernel.followers[round_].close()
    path.write_bytes(A)
    kernel.add("last", path)
    kernel.settle()

    with path.open("ab") as file:
        file.write(B)
    kernel.wait()

    assert kernel.shown("last") == A + B


@needs_inotify
def test_two_logs_that_are_one_inode_are_both_told(kernel: Kernel, tmp_path: Path) -> None:
    path, link = tmp_path / "app.log", tmp_path / "other.log"
    path.write_bytes(A)
    link.hardlink_to(path)
    kernel.add("path", path)
    kernel.add("link", link)
    kernel.settle()

    with path.open("ab") as file:
        file.write(B)
    kernel.wait()
    kernel.settle()

    assert kernel.shown("path") == A + B
    assert kernel.shown("link") == A + B
    kernel.set.remove("path")
    with path.open("ab") as file:
        file.write(C)
    kernel.wait()
    assert kernel.shown("link") == A + B + C


@needs_inotify
@pytest.mark.parametrize("number", [28, 24, 12], ids=["ENOSPC", "EMFILE", "ENOMEM"])
def test_a_refusal_of_the_kernel_is_told_by_its_code(number: int, tmp_path: Path, monkeypatch: Any) -> None:
    source = Inotify()

    def add_watch(path: str, mask: int) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(source._inotify, "add_watch", add_watch, raising=False)

    reason = source.watch("log", tmp_path / "app.log", [])

    assert reason in {
        "reason:no-watches?",
        "reason:no-instances?",
        "reason:kernel-memory?",
    }
    source.close()


def test_every_link_on_the_way_to_a_file_is_named(tmp_path: Path) -> None:
    tmp_path = tmp_path.resolve()
    (tmp_path / "real" / "logs").mkdir(parents=True)
    (tmp_path / "real" / "logs" / "app.log.0").touch()
    (tmp_path / "real" / "logs" / "app.log").symlink_to("app.log.0")
    (tmp_path / "now").symlink_to("real/../real")

    found = list(names_on_the_way(tmp_path / "now" / "logs" / "app.log"))

    logs = tmp_path / "real" / "logs"
    assert found == [(tmp_path, "now"), (logs, "app.log"), (logs, "app.log.0")]
    assert list(names_on_the_way(tmp_path / "none" / "app.log")) == [(tmp_path, "none")]


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")

    assert len(list(names_on_the_way(tmp_path / "a"))) <= 50
