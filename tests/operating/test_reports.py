"""What readers report, kept for a moment."""

from __future__ import annotations

import pytest

from django_logtail.control import Control, ControlUnavailable
from django_logtail.control.in_memory import MemoryControl
from django_logtail.operating.reports import Reports


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Told(MemoryControl):
    """A control that says what it is told to, and counts who asks."""

    def __init__(self, **sizes: int | None) -> None:
        super().__init__()
        self.sizes = sizes
        self.asked: list[str] = []
        self.is_there = True

    def status(self, queue: str) -> dict[str, object] | None:
        self.asked.append(queue)
        if not self.is_there:
            raise ControlUnavailable("gone")
        if queue != "web-2":
            return None
        return {"logs": {log: {"size": size} for log, size in self.sizes.items()}}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def told() -> Told:
    return Told(a=10, b=None)


@pytest.fixture
def reports(told: Told, clock: Clock) -> Reports:
    return Reports(lambda: told, clock)


def test_the_size_is_the_one_that_the_log_s_reader_reports(reports: Reports) -> None:
    assert reports.size("web-2", "a") == 10
    assert reports.size("web-2", "b") is None
    assert reports.size("web-2", "nobody-reads-this") is None
    assert reports.size("no-reader", "a") is None


def test_a_report_is_asked_for_once_in_a_while(reports: Reports, told: Told, clock: Clock) -> None:
    for _ in range(5):
        reports.size("web-2", "a")
        reports.size("web-2", "b")
    told.sizes = {"a": 20}
    before = reports.size("web-2", "a")

    clock.now += 1.9
    still = reports.size("web-2", "a")
    clock.now += 0.2

    assert (before, still, reports.size("web-2", "a")) == (10, 10, 20)
    assert told.asked == ["web-2", "web-2"]


def test_after_silence_nobody_waits_again_for_a_while(reports: Reports, told: Told, clock: Clock) -> None:
    told.is_there = False
    silent = [reports.size("web-2", "a"), reports.size("web-3", "a")]
    clock.now += 14.9
    silent.append(reports.size("web-2", "a"))
    asked = list(told.asked)
    told.is_there = True
    clock.now += 0.2

    assert silent == [None, None, None]
    assert asked == ["web-2"]
    assert reports.size("web-2", "a") == 10


def test_another_control_is_asked_anew(clock: Clock) -> None:
    controls: list[Control] = [Told(a=10)]
    reports = Reports(lambda: controls[-1], clock)
    first = reports.size("web-2", "a")
    controls.append(Told(a=30))

    assert (first, reports.size("web-2", "a")) == (10, 30)
