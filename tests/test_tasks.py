"""What a worker does with a wake-up that is for another worker."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import dramatiq
import pytest
from dramatiq.brokers.stub import StubBroker

from django_logtail import tasks
from django_logtail.control import ControlUnavailable
from django_logtail.reader.wake_ups import Load, Verdict


class Consumer:
    """Fetches from one queue of a worker."""

    def __init__(self, queue: str, done: list[str]) -> None:
        self.queue, self.done = queue, done

    def pause(self) -> None:
        self.done.append(f"pause {self.queue}")

    def resume(self) -> None:
        self.done.append(f"resume {self.queue}")


class Judged:
    """Serves queues, with a verdict given beforehand."""

    def __init__(self, verdict: Verdict) -> None:
        self._verdict = verdict

    def verdict(self, queue: str, text: str, passed_on: int) -> Verdict:
        return self._verdict

    def verdict_on_look(self, queue: str, passed_on: int) -> Verdict:
        return self._verdict


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the worker does, in order. It serves "web-1" and "mail"."""
    done: list[str] = []
    worker = type(
        "Worker", (), {"consumers": {queue: Consumer(queue, done) for queue in ("web-1", "mail")}}
    )()
    monkeypatch.setattr(tasks._running, "worker", worker)
    state = SimpleNamespace(
        waiting=lambda queue: "",
        set_waiting=lambda queue, waiting: None,
        ring=lambda queue: done.append(f"ring {queue}"),
    )
    monkeypatch.setattr(tasks, "control", lambda: state)
    monkeypatch.setattr(tasks, "waits_in", lambda *arguments: False)
    monkeypatch.setattr(tasks, "_put", lambda queue, text, passed_on: done.append(f"put {passed_on}") or "id")
    monkeypatch.setattr(tasks.time, "sleep", lambda seconds: done.append(f"sleep {seconds:.1f}"))
    return done


def judge(monkeypatch: pytest.MonkeyPatch, verdict: Verdict) -> bool:
    monkeypatch.setattr(tasks._running, "serving", Judged(verdict))
    return tasks._is_for_us("web-1", "text", 3)


def test_a_worker_that_passes_a_wake_up_on_leaves_its_queue_to_others_for_over_a_second(
    monkeypatch: pytest.MonkeyPatch, done: list[str]
) -> None:
    """The bell calls the others; it would fetch the wake-up again at once, until nobody waits for others any more."""
    assert not judge(monkeypatch, Verdict.PASS_ON)
    assert done == ["pause web-1", "put 4", "ring web-1", "sleep 1.2", "resume web-1"]


def test_it_fetches_again_also_if_putting_back_failed(
    monkeypatch: pytest.MonkeyPatch, done: list[str]
) -> None:
    def fails(*arguments: object) -> str:
        raise OSError("no broker")

    monkeypatch.setattr(tasks, "_put", fails)
    with pytest.raises(OSError, match="no broker"):
        judge(monkeypatch, Verdict.PASS_ON)

    assert done == ["pause web-1", "resume web-1"]


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        (Verdict.READ, ["found"]),
        (Verdict.DROP, []),
        (
            Verdict.PASS_ON,
            [
                "pause web-1",
                "logtail_members ('web-1', 4) on web-1",
                "ring web-1",
                "sleep 1.2",
                "resume web-1",
            ],
        ),
    ],
)
def test_members_are_looked_for_on_the_host_that_has_them(
    monkeypatch: pytest.MonkeyPatch, done: list[str], settings: Any, verdict: Verdict, expected: list[str]
) -> None:
    class Broker(StubBroker):
        def enqueue(self, message: Any, *, delay: int | None = None) -> Any:
            done.append(f"{message.actor_name} {message.args} on {message.queue_name}")

    settings.LOGTAIL = {"READER": "dramatiq"}
    monkeypatch.setattr(dramatiq, "get_broker", Broker)
    monkeypatch.setattr(tasks, "refresh", lambda queue: done.append("found"))
    monkeypatch.setattr(tasks._running, "serving", Judged(verdict))
    tasks.refresh_members.fn("web-1", 3)

    assert done == expected


def test_another_project_s_wake_up_goes_back_without_a_pause(
    monkeypatch: pytest.MonkeyPatch, done: list[str]
) -> None:
    monkeypatch.setattr(tasks.random, "random", lambda: 0.5)

    assert not judge(monkeypatch, Verdict.PUT_BACK)
    assert done == ["sleep 0.2", "put 4"]


def test_workers_are_rung_for_once_a_wake_up_is_in_the_queue_and_not_for_one_that_waits_there(
    monkeypatch: pytest.MonkeyPatch, done: list[str]
) -> None:
    monkeypatch.setattr(dramatiq, "get_broker", StubBroker)
    monkeypatch.setattr(tasks, "new_wake_up", lambda control, queue, not_on: "text")
    tasks._enqueue("web-1")
    monkeypatch.setattr(tasks, "waits_in", lambda *arguments: True)
    tasks._enqueue("web-1")

    assert done == ["put 0", "ring web-1"]


def test_a_bell_that_can_t_be_rung_loses_no_wake_up(monkeypatch: pytest.MonkeyPatch, done: list[str]) -> None:
    def ring(queue: str) -> None:
        raise ControlUnavailable("no right")

    monkeypatch.setattr(tasks.control(), "ring", ring)
    monkeypatch.setattr(dramatiq, "get_broker", StubBroker)
    monkeypatch.setattr(tasks, "new_wake_up", lambda control, queue, not_on: "text")
    tasks._enqueue("web-1")

    assert done == ["put 0"]


@pytest.mark.parametrize(("verdict", "reads"), [(Verdict.READ, True), (Verdict.DROP, False)])
def test_what_is_read_or_dropped_is_not_put_back(
    monkeypatch: pytest.MonkeyPatch, done: list[str], verdict: Verdict, reads: bool
) -> None:
    assert judge(monkeypatch, verdict) is reads
    assert done == []


def test_a_worker_tells_which_queues_it_reads_right_now(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[list[str]] = []
    worker = SimpleNamespace(worker_threads=1, consumer_whitelist={"q"})
    monkeypatch.setattr(tasks, "Serving", lambda *args: SimpleNamespace(start=lambda: said.append(args[4]())))
    monkeypatch.setattr(tasks, "_running", tasks._Running())
    for readers in ({}, {"q": (None, None)}):
        tasks._running.readers = readers  # type: ignore[assignment]
        tasks.ReaderMiddleware().before_worker_boot(StubBroker(middleware=[]), worker)

    assert said == [[], ["q"]]


@pytest.mark.parametrize("error", [None, RuntimeError("broken"), dramatiq.middleware.SkipMessage()])
def test_a_worker_counts_a_task_from_its_beginning_to_its_end_however_it_ends(
    monkeypatch: pytest.MonkeyPatch, error: Exception | None
) -> None:
    """With a real worker, so that the hooks are those that Dramatiq calls."""
    now = [100.0]
    load = Load(1, lambda: now[0])
    monkeypatch.setattr(tasks._running, "load", load)
    broker = StubBroker(middleware=[])
    counter = tasks.ReaderMiddleware()
    counter.before_worker_boot = counter.before_worker_shutdown = lambda broker, worker: None  # type: ignore[method-assign]
    broker.add_middleware(counter)
    seen: list[int] = []

    def work() -> None:
        now[0] += 2
        seen.append(load.tasks)
        if error is not None:
            raise error

    actor = dramatiq.actor(work, broker=broker)
    worker = dramatiq.Worker(broker, worker_timeout=10, worker_threads=1)
    worker.start()
    try:
        actor.send()
        broker.join(actor.queue_name)
        worker.join()
    finally:
        worker.stop()
    now[0] += 60

    assert seen == [1]
    assert load.tasks == 0
