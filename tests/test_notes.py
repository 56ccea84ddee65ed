"""Notes from host code: to which queues they go, and what is refused."""

from collections.abc import Iterator
from typing import Any

import pytest

from django_logtail import notes
from django_logtail.control import Note
from django_logtail.control.in_memory import MemoryControl
from django_logtail.control.process import use
from django_logtail.models import Log

pytestmark = pytest.mark.django_db


class Control(MemoryControl):
    """Remembers the notes of each queue."""

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[tuple[str, Note]] = []

    def add_note(self, queue: str, note: Note) -> None:
        self.notes.append((queue, note))


@pytest.fixture
def control() -> Iterator[Control]:
    control = Control()
    use(control)
    yield control
    use(None)


def make_log(slug: str, queue: str, **fields: Any) -> Log:
    log: Log = Log.objects.create(name=slug, slug=slug, path=f"/tmp/{slug}.log", queue=queue, **fields)
    return log


def test_the_readers_of_the_queues_it_goes_to_are_nudged_once_it_is_there(
    control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    nudged: list[tuple[str, int]] = []
    monkeypatch.setattr(notes, "nudge", lambda queue: nudged.append((queue, len(control.notes))))
    make_log("app", "web-1")
    make_log("other", "web-2")

    notes.send("app", "hello")

    assert nudged == [("web-1", 1)]


def test_a_note_for_a_log_goes_to_its_queue_for_that_log_alone(control: Control) -> None:
    app, _ = make_log("app", "web-1"), make_log("shop", "web-1")
    make_log("other", "web-2")

    notes.send("app", "by slug")
    notes.send(app, "by row", level="error")

    assert [(queue, note.log, note.text, note.level) for queue, note in control.notes] == [
        ("web-1", str(app.pk), "by slug", "info"),
        ("web-1", str(app.pk), "by row", "error"),
    ]


def test_a_note_for_all_goes_once_to_each_queue_that_has_an_enabled_log(control: Control) -> None:
    for slug, queue in (("a", "web-1"), ("b", "web-1"), ("c", "web-2")):
        make_log(slug, queue)
    make_log("off", "web-3", enabled=False)

    notes.send(None, "hi", level="warning")

    assert sorted((queue, note.log, note.level) for queue, note in control.notes) == [
        ("web-1", "*", "warning"),
        ("web-2", "*", "warning"),
    ]


@pytest.mark.parametrize(("length", "kept"), [(999, 999), (1_000, 1_000), (1_001, 1_000)])
def test_a_note_has_a_thousand_characters_at_most(control: Control, length: int, kept: int) -> None:
    make_log("app", "web-1")

    notes.send("app", "x" * length)

    assert len(control.notes[0][1].text) == kept


@pytest.mark.parametrize("level", ["debug", "", "INFO"])
def test_another_level_is_refused_and_nothing_is_sent(control: Control, level: str) -> None:
    make_log("app", "web-1")

    with pytest.raises(ValueError, match="expected one of info, warning, error"):
        notes.send("app", "x", level=level)

    assert control.notes == []


def test_a_log_that_is_not_there_is_the_caller_s_mistake(control: Control) -> None:
    with pytest.raises(Log.DoesNotExist):
        notes.send("nowhere", "x")


def test_a_note_has_the_time_at_which_it_was_sent_in_every_queue(
    control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    for slug, queue in (("a", "web-1"), ("b", "web-2")):
        make_log(slug, queue)
    moments = iter([1_700_000_000.5, 1_700_000_099.5])
    monkeypatch.setattr("django_logtail.notes.time.time", lambda: next(moments))

    notes.send(None, "hi")

    assert [note.at for _, note in control.notes] == [1_700_000_000.5, 1_700_000_000.5]
