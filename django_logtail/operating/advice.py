"""What an operator can do about a log, by its state."""

from __future__ import annotations

from pathlib import Path

from django_logtail.models import Log
from django_logtail.states import LogState
from django_logtail.tailing.files.roots import mistake_in


def next_step(log: Log, state: LogState, cause: str = "") -> str:
    """A sentence; "" if there is nothing to do. `cause`: the code of the reason, if it has one."""
    if cause == "no-registry":
        return "Give that host's worker the same DATABASES, and run manage.py migrate."
    if state.name == "unreadable" and mistake_in(Path(log.path)) is not None:
        return "Correct the path."
    return state.next_step
