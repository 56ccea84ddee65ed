"""What an operator can do about a log, by its state."""

from __future__ import annotations

from pathlib import Path

from django_logtail.models import Log
from django_logtail.states import LogState
from django_logtail.tailing.files.roots import mistake_in


def next_step(log: Log, state: LogState) -> str:
    """A sentence; "" when nothing is to be done."""
    if state.name == "unreadable" and mistake_in(Path(log.path)) is not None:
        return "Correct the path."
    return state.next_step
