"""Notes from outside: messages that host code shows in the stream to everyone watching.

    from django_logtail import notes
    notes.send("django", "deploy 4.2 started")
    notes.send(None, "database maintenance in 5 minutes", level="warning")

A note is shown where it happened and never mixed with the file's bytes. It reaches who watches now, and is not kept.
With `LOGTAIL["READER"] = "local"` it reaches the viewers of this process.
"""

from __future__ import annotations

import time

from django_logtail.control import Note
from django_logtail.control.process import control
from django_logtail.models import Log

LEVELS = ("info", "warning", "error")
#: Characters of a note; more is cut.
MOST_CHARACTERS = 1_000


def send(log: Log | str | None, text: str, *, level: str = "info") -> None:
    """Show `text` to everyone watching `log` (a row or its slug; None: any log).

    Raises `Log.DoesNotExist`, `ValueError` for another level than info, warning and error, and
    `control.ControlUnavailable` when Redis does not respond.
    """
    if level not in LEVELS:
        raise ValueError(f"level is {level!r}; expected one of {', '.join(LEVELS)}")
    if isinstance(log, str):
        log = Log.objects.get(slug=log)
    rows = [log] if log is not None else list(Log.objects.filter(enabled=True))
    target = "*" if log is None else str(log.pk)
    # A shell hands on what is no UTF-8 as half characters, and no message can hold those.
    text = text[:MOST_CHARACTERS].encode(errors="replace").decode()
    note = Note(target, text, level, time.time())
    for queue in {row.queue_name for row in rows}:
        control().add_note(queue, note)
