"""Notes from outside: messages that host code shows in the stream to everyone watching.

    from django_logtail import notes
    notes.send("django", "deploy 4.2 started")
    notes.send(None, "database maintenance in 5 minutes", level="warning")

A note appears between the lines where it was sent, never inside the file's bytes. It reaches everyone watching at that
moment, and is not kept. With `LOGTAIL["READER"] = "local"` it reaches the viewers of this process.
"""

from __future__ import annotations

import time

from django_logtail.audit.acting import actor
from django_logtail.audit.registry import of_log
from django_logtail.audit.viewings import record_action
from django_logtail.control import Note
from django_logtail.control.nudging import nudge
from django_logtail.control.process import control
from django_logtail.models import Log

LEVELS = ("info", "warning", "error")
#: Characters of a note; the rest is cut.
MOST_CHARACTERS = 1_000


def send(log: Log | str | None, text: str, *, level: str = "info") -> None:
    """Show `text` to everyone watching `log` (a row or its slug; None: any log).

    Raises `Log.DoesNotExist`, `ValueError` for a level other than info, warning or error, and
    `control.ControlUnavailable` if Redis does not respond.
    """
    if level not in LEVELS:
        raise ValueError(f"level is {level!r}; expected one of {', '.join(LEVELS)}")
    if isinstance(log, str):
        log = Log.objects.get(slug=log)
    rows = [log] if log is not None else list(Log.objects.filter(parent=None, enabled=True))
    target = "*" if log is None else str(log.pk)
    # Bytes from a shell that are not UTF-8 become lone surrogates, which a message can't contain.
    text = text[:MOST_CHARACTERS].encode(errors="replace").decode()
    note = Note(target, text, level, time.time())
    for queue in {row.queue_name for row in rows}:
        control().add_note(queue, note)
        nudge(queue)
    record_action("note", of_log(actor(), log), {"text": text, "level": level})
