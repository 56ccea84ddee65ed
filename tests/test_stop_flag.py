from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import translation

from django_logtail.control import ControlUnavailable
from django_logtail.control.in_memory import MemoryControl
from django_logtail.control.process import use
from django_logtail.models import Log
from django_logtail.stop_flag import OnlyWithWorker, StopFlag, clear_stop, queues, set_stop, stops
from django_logtail.tailing.reasons import in_full

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def memory() -> Iterator[MemoryControl]:
    memory = MemoryControl()
    use(memory)
    yield memory
    use(None)


@pytest.fixture
def app() -> Log:
    log: Log = Log.objects.create(name="App", slug="app", path="/tmp/app.log", queue="web-1")
    return log


def test_a_flag_is_set_where_the_reader_of_the_log_looks(memory: MemoryControl, app: Log) -> None:
    set_stop(app, by="ann", reason="maintenance")

    assert memory.stops("web-1") == {str(app.pk): "reason:stopped-because?user=ann&why=maintenance"}
    assert memory.stops("logtail") == {}


def test_a_flag_for_all_is_set_on_every_queue(memory: MemoryControl, app: Log) -> None:
    set_stop(None, by="ann", reason="maintenance")

    assert [memory.stops(queue) for queue in ("web-1", "logtail")] == [
        {"*": "reason:stopped-because?user=ann&why=maintenance"}
    ] * 2


def test_the_reader_is_nudged_when_a_flag_is_set_and_when_one_was_cleared(
    memory: MemoryControl, app: Log, monkeypatch: Any
) -> None:
    nudged: list[tuple[str, bool]] = []
    note = lambda queue: nudged.append((queue, bool(memory.stops(queue))))  # noqa: E731
    monkeypatch.setattr("django_logtail.stop_flag.nudge", note)

    set_stop(app, by="ann")
    clear_stop(app)
    clear_stop(app)

    assert nudged == [("web-1", True), ("web-1", False)]


def test_without_a_reason_viewers_are_told_who_it_was(memory: MemoryControl, app: Log) -> None:
    set_stop(app, by="ann")

    assert memory.stops("web-1") == {str(app.pk): "reason:stopped?user=ann"}


def test_a_reason_is_one_line_of_bounded_length(memory: MemoryControl, app: Log) -> None:
    set_stop(app, by="ann", reason=" disk\n full" + " x" * 500)

    (said,) = memory.stops("web-1").values()
    assert in_full(said).startswith("stopped by ann: disk full x")
    assert len(in_full(said)) == len("stopped by ann: ") + 200


def test_a_reason_has_nothing_that_a_terminal_obeys(memory: MemoryControl, app: Log) -> None:
    set_stop(app, by="ann", reason="disk \x1b[31mfull\x07 \u202eagain")

    assert list(memory.stops(app.queue_name).values()) == [
        "reason:stopped-because?user=ann&why=disk+%5B31mfull+again"
    ]


def test_a_flag_is_cleared_also_when_the_log_has_moved_to_another_queue(
    memory: MemoryControl, app: Log
) -> None:
    Log.objects.create(name="Other", slug="other", path="/tmp/other.log", queue="web-1")
    set_stop(app, by="ann", reason="maintenance")
    app.queue = "web-2"
    app.save()

    assert clear_stop(app)
    assert memory.stops("web-1") == {}


def test_clearing_one_log_leaves_a_flag_for_all(memory: MemoryControl, app: Log) -> None:
    set_stop(None, by="ann", reason="maintenance")

    assert not clear_stop(app)
    assert memory.stops("web-1") == {"*": "reason:stopped-because?user=ann&why=maintenance"}


def test_clearing_all_clears_every_flag(memory: MemoryControl, app: Log) -> None:
    set_stop(None, by="ann", reason="maintenance")
    set_stop(app, by="ann", reason="too loud")

    assert clear_stop(None)
    assert stops() == []


def test_the_flag_of_a_log_that_is_deleted_goes_with_it(
    memory: MemoryControl, app: Log, django_capture_on_commit_callbacks: Any
) -> None:
    set_stop(app, by="ann", reason="too loud")
    app.queue = "web-2"
    Log.objects.create(name="Other", slug="other", path="/tmp/other.log", queue="web-1")
    app.save()

    with django_capture_on_commit_callbacks() as then:
        app.delete()
    assert stops() != []  # not before it is sure that the log is gone
    for callback in then:
        callback()

    assert stops() == []


def test_a_log_can_be_deleted_while_redis_is_away(
    memory: MemoryControl, app: Log, monkeypatch: Any, caplog: Any, django_capture_on_commit_callbacks: Any
) -> None:
    def fail(queue: str, log: str) -> bool:
        raise ControlUnavailable("connection refused")

    monkeypatch.setattr(memory, "clear_stop", fail)

    with django_capture_on_commit_callbacks(execute=True):
        app.delete()

    assert not Log.objects.exists()
    assert "the stop flag of deleted log" in caplog.text


def test_a_log_of_a_local_reader_is_deleted_without_redis(
    settings: Any, app: Log, django_capture_on_commit_callbacks: Any
) -> None:
    settings.LOGTAIL = {"READER": "local"}

    with django_capture_on_commit_callbacks() as then:
        app.delete()

    assert [call for call in then if "forget" in call.__qualname__] == []


def test_the_flags_that_are_set_can_be_listed(app: Log) -> None:
    set_stop(app, by="ann", reason="too loud")
    set_stop(None, by="ann", reason="maintenance")

    assert stops() == [
        StopFlag("logtail", None, is_for_all=True, reason="reason:stopped-because?user=ann&why=maintenance"),
        StopFlag("web-1", None, is_for_all=True, reason="reason:stopped-because?user=ann&why=maintenance"),
        StopFlag("web-1", app, is_for_all=False, reason="reason:stopped-because?user=ann&why=too+loud"),
    ]


def test_the_queues_are_those_of_the_logs_and_of_the_settings(app: Log) -> None:
    Log.objects.create(name="Other", slug="other", path="/tmp/other.log")

    assert queues() == ["logtail", "web-1"]


@pytest.mark.parametrize("act", [lambda log: set_stop(log, by="ann"), clear_stop, lambda log: stops()])
def test_a_local_reader_has_no_flag_and_what_to_do_instead_is_said(settings: Any, app: Log, act: Any) -> None:
    settings.LOGTAIL = {"READER": "local"}

    with pytest.raises(OnlyWithWorker) as refused:
        act(app)

    assert str(refused.value) == (
        'LOGTAIL["READER"] is "local", so there is no stop flag. To disconnect a log’s viewers, disable the log.'
    )


def test_the_admin_explains_a_missing_stop_flag_in_its_language(settings: Any, app: Log) -> None:
    settings.LOGTAIL = {"READER": "local"}

    with translation.override("zh-hans"), pytest.raises(OnlyWithWorker) as refused:
        clear_stop(app)

    assert str(refused.value) == (
        'LOGTAIL["READER"] 为 "local"，因此没有停止标志。要断开某个日志的查看者，请停用该日志。'
    )


def test_the_flag_of_the_last_log_of_a_queue_goes_with_it(
    memory: MemoryControl, app: Log, django_capture_on_commit_callbacks: Any
) -> None:
    set_stop(app, by="ann")

    with django_capture_on_commit_callbacks(execute=True):
        app.delete()

    assert memory.stops("web-1") == {}


def test_a_reason_that_is_no_text_is_said_as_far_as_it_is(memory: MemoryControl, app: Log) -> None:
    set_stop(app, by="ann", reason="Wartung f\udcfcr heute")  # what a shell makes of Latin-1

    assert memory.stops("web-1") == {str(app.pk): "reason:stopped-because?user=ann&why=Wartung+f%3Fr+heute"}
