"""The scripts that Redis runs, read once. Each file describes its arguments and results."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_FOLDER: Final = Path(__file__).parent / "lua"


def _read(name: str) -> str:
    return (_FOLDER / f"{name}.lua").read_text(encoding="utf-8")


def _of_a_queue(name: str) -> str:
    return f"{_read('family')}\n{_read(name)}"


POST: Final = _of_a_queue("post")
TICK: Final = _of_a_queue("tick")
HAND_OVER: Final = _of_a_queue("hand_over")
FORGET: Final = _of_a_queue("forget")
PROJECTS: Final = _read("projects")
TAKE: Final = _read("take")
SPEND: Final = _read("spend")
#: All of them.
TEXTS: Final = (POST, TICK, HAND_OVER, FORGET, PROJECTS, TAKE, SPEND)
