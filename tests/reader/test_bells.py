"""An idle consumer fetches as soon as its queue's bell rings, and otherwise as often as Dramatiq's own."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import dramatiq
import pytest
from dramatiq.brokers.redis import RedisBroker

from django_logtail.control import ControlUnavailable
from django_logtail.control.in_redis import RedisControl
from django_logtail.reader import bells
from django_logtail.reader.bells import Bells, Waiting
from tests.control.test_control import server  # noqa: F401 - a fixture


@pytest.fixture(autouse=True)
def namespace(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.LOGTAIL = {"NAMESPACE": "shop"}
    monkeypatch.setattr(bells.random, "uniform", lambda least, most: most)


def waiting(found: list[Any], rest: float) -> tuple[Waiting, list[str]]:
    """A consumer that finds these one after the other, and what it does."""
    done: list[str] = []
    consumer = Waiting(iter(found), lambda s: done.append(f"{s:g}"), lambda: done.append("clear"), rest)
    return consumer, done


def test_pauses_double_up_to_the_worker_s_own_and_begin_anew_after_a_message() -> None:
    consumer, done = waiting([None] * 5 + ["message", None, None], 0.03)
    found = [next(consumer) for _ in range(8)]

    assert found == [None] * 5 + ["message", None, None]
    assert [pause for pause in done if pause != "clear"] == [
        "0.005",
        "0.01",
        "0.02",
        "0.03",
        "0.03",
        "0.005",
        "0.01",
    ]


def test_a_worker_that_looks_more_often_than_that_still_does() -> None:
    consumer, done = waiting([None, None], 0.001)
    next(consumer), next(consumer)

    assert done == ["0.001", "clear", "0.001", "clear"]


def test_messages_that_wait_are_taken_without_a_pause() -> None:
    consumer, done = waiting(["one", "two"], 1)

    assert [next(consumer), next(consumer)] == ["one", "two"]
    assert done == []


def test_only_the_consumers_of_these_queues_wait_and_are_otherwise_dramatiq_s() -> None:
    began: list[tuple[Any, ...]] = []

    def consume(*arguments: Any) -> Any:
        began.append(arguments)
        return SimpleNamespace(ack=lambda message: f"acknowledged {message}")

    broker = SimpleNamespace(consume=consume)
    Bells(lambda: None, {"logs"}).attach(broker)  # type: ignore[arg-type,return-value]
    ours, other, delayed = (
        broker.consume(queue_name=queue, prefetch=4, timeout=1000) for queue in ("logs", "mail", "logs.DQ")
    )

    assert began == [("logs", 4, 1), ("mail", 4, 1000), ("logs.DQ", 4, 1000)]
    assert [isinstance(one, Waiting) for one in (ours, other, delayed)] == [True, False, False]
    assert ours.ack("it") == "acknowledged it"


class Heard:
    """A control that hears what it is given, then stops the bells."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    def heard(self, since: str, seconds: float) -> Any:
        self.asked.append(since)
        if len(self.answers) == 1:
            self.bells.stop()
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def listen(monkeypatch: pytest.MonkeyPatch, control: Heard) -> Bells:
    monkeypatch.setattr(bells, "RETRY_SECONDS", 0.0)
    control.bells = Bells(lambda: control, {"logs", "web-1"})  # type: ignore[attr-defined,arg-type,return-value]
    control.bells._listen()  # type: ignore[attr-defined]
    return control.bells  # type: ignore[attr-defined,no-any-return]


def test_the_bell_of_the_queue_rings_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    control = Heard(("", set()), ("5-0", {"logs", "mail"}), ("", set()))
    found = listen(monkeypatch, control)

    assert {queue: bell.is_set() for queue, bell in found._bells.items()} == {"logs": True, "web-1": False}
    assert control.asked == ["", "", "5-0"]


def test_redis_may_be_away_and_what_was_heard_before_does_not_count_then(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    away = ControlUnavailable("away")
    control = Heard(("5-0", {"logs"}), away, away, ("6-0", {"web-1"}))
    found = listen(monkeypatch, control)

    assert found._bells["web-1"].is_set()
    assert control.asked == ["", "5-0", "", ""]
    assert [record.getMessage() for record in caplog.records] == [
        "this worker looks at its queues once a second only: Redis: away"
    ]


@pytest.mark.redis
def test_an_idle_worker_takes_what_was_put_into_its_queue_when_the_bell_rings(
    server: Any,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It would look again in an hour."""
    monkeypatch.setattr(bells, "FIRST_PAUSE_SECONDS", 3600.0)
    server.flushall()
    control = RedisControl(server)
    broker = RedisBroker(client=server, middleware=[])
    taken = threading.Event()
    actor = dramatiq.actor(taken.set, broker=broker, actor_name="take", queue_name="logs")
    rung = Bells(lambda: control, {"logs"})
    rests, is_over, wait = threading.Event(), threading.Event(), rung._bells["logs"].wait

    def note_and_wait(seconds: float) -> bool:
        rests.set()
        return is_over.is_set() or wait(seconds)

    monkeypatch.setattr(rung._bells["logs"], "wait", note_and_wait)
    rung.attach(broker)
    rung.start()
    worker = dramatiq.Worker(broker, worker_timeout=3_600_000, worker_threads=1)
    worker.start()
    try:
        assert rests.wait(30)
        actor.send()
        assert not taken.is_set()
        while not taken.wait(0.2):  # the listener may not listen yet
            control.ring("logs")
    finally:
        rung.stop()
        is_over.set()
        rung._bells["logs"].set()
        for queue, consumer in worker.consumers.items():  # the other ones sleep for an hour
            consumer.stop()
            if queue == "logs":
                consumer.join(30)
