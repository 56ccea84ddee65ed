from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from django_logtail.control import Note, ReaderLease, Seen
from django_logtail.control.in_memory import MemoryControl
from django_logtail.control.process import use
from django_logtail.control.wants import Want
from django_logtail.models import Log

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def memory() -> Iterator[MemoryControl]:
    memory = MemoryControl()
    use(memory)
    yield memory
    use(None)


@pytest.fixture
def app() -> Log:
    log: Log = Log.objects.create(name="App", slug="app", path="/tmp/app.log")
    return log


def taken(memory: MemoryControl, log: Log) -> tuple[Note, ...]:
    """The notes that the log's reader finds at its first tick."""
    memory.post(log.queue_name, [Want("p", str(log.pk), "", "m", 1, 1)], [], [])
    lease = ReaderLease("t", "host", 1, "0.1")
    return memory.tick(log.queue_name, lease, Seen(), may_end=False, starting=True).notes


def test_a_note_for_a_log_reaches_its_reader(
    memory: MemoryControl, app: Log, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("logtail_note", "deploy started", "--log", "app", "--level", "warning")

    (note,) = taken(memory, app)
    assert (note.log, note.text, note.level) == (str(app.pk), "deploy started", "warning")
    assert capsys.readouterr().out == "Sent to everyone watching log app.\n"


def test_a_note_for_all_reaches_every_reader(
    memory: MemoryControl, app: Log, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("logtail_note", "deploy started")

    (note,) = taken(memory, app)
    assert (note.log, note.level) == ("*", "info")
    assert capsys.readouterr().out == "Sent to everyone watching.\n"


def test_a_log_that_is_not_there_is_named() -> None:
    with pytest.raises(CommandError) as failed:
        call_command("logtail_note", "x", "--log", "nowhere")

    assert str(failed.value) == "Log 'nowhere' does not exist."


def test_with_a_local_reader_it_says_where_to_send_notes_from(settings: Any) -> None:
    settings.LOGTAIL = {"READER": "local"}

    with pytest.raises(CommandError) as failed:
        call_command("logtail_note", "x")

    assert str(failed.value) == (
        'LOGTAIL["READER"] is "local": a note reaches only the viewers of the process that sends it, and '
        "this process has none. Call django_logtail.notes.send in the web process."
    )


def test_a_note_that_is_no_text_is_said_as_far_as_it_is(memory: MemoryControl, app: Log) -> None:
    call_command("logtail_note", "d\udce9ploiement")  # what a shell makes of Latin-1

    (note,) = taken(memory, app)
    assert note.text == "d?ploiement"
