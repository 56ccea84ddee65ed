"""Staff end viewings: in this process at once, and in all others within a second."""

from __future__ import annotations

from collections.abc import Sequence

from django_logtail.control.messages import MOST_ENDED, MOST_NOTE_CHARACTERS
from django_logtail.control.process import control
from django_logtail.viewing.changes import of_end
from django_logtail.viewing.rechecks import end_here


def tidied(note: str) -> str:
    """A reason as viewers read it: one line that can be printed."""
    line = "".join(letter if letter.isprintable() else " " for letter in " ".join(note.split()))
    return line[:MOST_NOTE_CHARACTERS]


def end_viewings(sessions: Sequence[str], note: str = "") -> None:
    """End the viewings of these names, with a reason that their viewers read. Raises `ControlUnavailable`.

    The caller decides whether somebody may.
    """
    note = tidied(note)
    end_here(sessions, note)
    for at in range(0, len(sessions), MOST_ENDED):
        control().tell_changes({of_end(sessions[at : at + MOST_ENDED], note)})
