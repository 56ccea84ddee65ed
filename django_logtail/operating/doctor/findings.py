"""The doctor's findings: lines of its report, each with what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

#: Seconds the ASGI application and the channel layer have for one answer; both are nearby.
ANSWER_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report: its mark, what was seen, what to do."""

    mark: str
    text: str
    advice: str = ""

    @property
    def is_problem(self) -> bool:
        return self.mark == "PROBLEM"


def ok(text: str) -> Finding:
    return Finding("ok", text)


def note(text: str, advice: str = "") -> Finding:
    return Finding("note", text, advice)


def problem(text: str, advice: str) -> Finding:
    return Finding("PROBLEM", text, advice)
