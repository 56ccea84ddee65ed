"""The event sources of platforms that this machine is not, on a stand-in for their kernel."""

from __future__ import annotations

import os
import select
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from django_logtail.tailing.files import watches
from django_logtail.tailing.files.watches import Kqueue, open_source
from tests.tailing.stage import open_descriptors


@dataclass
class Change:
    ident: int
    filter: int = 0
    flags: int = 0
    fflags: int = 0


class Kernel:
    """Remembers what was asked of it, and tells what it is told to."""

    made: list[Kernel] = []

    def __init__(self) -> None:
        self.asked: list[Change] = []
        self.tells: list[Change] = []
        self.refuses: int | None = None
        self.made.append(self)

    def fileno(self) -> int:
        return 99

    def control(self, changes: list[Change] | None, most: int, timeout: float = 0) -> list[Change]:
        if self.refuses is not None:
            raise OSError(self.refuses, os.strerror(self.refuses))
        self.asked += changes or []
        told, self.tells = self.tells[:most], []
        return told

    def close(self) -> None:
        pass


@pytest.fixture
def bsd(monkeypatch: Any) -> Any:
    monkeypatch.setattr(select, "kqueue", Kernel, raising=False)
    monkeypatch.setattr(select, "kevent", Change, raising=False)
    for number, name in enumerate(("WRITE", "EXTEND", "ATTRIB", "DELETE", "RENAME", "REVOKE")):
        monkeypatch.setattr(select, f"KQ_NOTE_{name}", 1 << number, raising=False)
    for name in ("KQ_FILTER_VNODE", "KQ_EV_ADD", "KQ_EV_CLEAR"):
        monkeypatch.setattr(select, name, 1, raising=False)
    Kernel.made = []
    return Kernel


@pytest.fixture
def log(tmp_path: Path) -> Any:
    path = tmp_path / "app.log"
    path.touch()
    descriptor = os.open(path, os.O_RDONLY)
    yield path, descriptor
    os.close(descriptor)


def test_kqueue_tells_which_log_changed(bsd: Any, log: Any) -> None:
    path, descriptor = log
    before = open_descriptors()
    source = Kqueue()
    (kernel,) = Kernel.made

    assert source.watch("log", path, [descriptor]) is None
    file, directory = kernel.asked
    kernel.tells = [Change(file.ident), Change(12345)]

    assert os.fstat(file.ident).st_ino == path.stat().st_ino
    assert os.fstat(directory.ident).st_ino == path.parent.stat().st_ino
    assert file.fflags == 0b111111
    assert source.read() == ({"log"}, set())
    assert source.read() == (set(), set())
    source.close()
    assert open_descriptors() == before


def test_kqueue_watches_anew_without_keeping_the_old(bsd: Any, log: Any) -> None:
    path, descriptor = log
    source = Kqueue()
    source.watch("log", path, [descriptor])
    held = open_descriptors()

    for _ in range(5):
        source.watch("log", path, [descriptor])

    assert len(open_descriptors()) == len(held)
    source.forget("log")
    assert len(open_descriptors()) == len(held) - 2
    source.close()


def test_kqueue_refused_by_the_kernel_says_why_and_holds_nothing(bsd: Any, log: Any) -> None:
    path, descriptor = log
    source = Kqueue()
    before = open_descriptors()
    Kernel.made[0].refuses = 12

    assert source.watch("log", path, [descriptor]) == "reason:kernel-memory?"
    assert source.read() == (None, set())
    assert open_descriptors() == before
    source.close()


def test_a_platform_without_notification_says_so(monkeypatch: Any) -> None:
    monkeypatch.setattr(watches.sys, "platform", "sunos5")
    monkeypatch.delattr(select, "kqueue", raising=False)

    assert open_source() == "reason:no-notification?"


def test_macos_takes_its_own(bsd: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(watches.sys, "platform", "darwin")

    assert isinstance(open_source(), Kqueue)
