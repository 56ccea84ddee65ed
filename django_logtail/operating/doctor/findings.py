"""The doctor's findings: lines of its report, each with what to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from django_logtail.causes import Cause

#: Seconds the ASGI application and the channel layer have for one answer; both are nearby.
ANSWER_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report: its mark, what was seen, what to do, and lines to paste.

    `id`: the same as on the page and in the checks, and in `docs/reference/checks.md`.
    """

    mark: str
    text: str
    advice: str = ""
    id: str = field(default="", compare=False)
    paste: str = ""

    @property
    def is_problem(self) -> bool:
        return self.mark == "PROBLEM"


def ok(text: str, id: str = "") -> Finding:
    return Finding("ok", text, id=id)


def note(text: str, advice: str = "", id: str = "", paste: str = "") -> Finding:
    return Finding("note", text, advice, id, paste)


def problem(text: str, advice: str, id: str = "", paste: str = "") -> Finding:
    return Finding("PROBLEM", text, advice, id, paste)


def caused(seen: str, cause: Cause) -> Finding:
    """A problem that the page has too, in its words. `seen`: what was tested, and what came instead."""
    return problem(f"{cause.id}: {seen}: {cause.sentence}", cause.remedy, cause.id, cause.paste)
