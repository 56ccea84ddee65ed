"""One timer for all viewers of a process: a timer for each would cost more than what it is for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

#: Seconds between turns: how soon a viewer whose log isn't live learns of a change.
TURN_SECONDS: Final = 0.25

Look = Callable[[], None]


class Turns:
    """Calls a function for each viewer in every turn. Needs the event loop; without viewers, nothing runs.

    `failed`: called with what one of them raised, which affects no other.
    """

    def __init__(self, failed: Callable[[str, BaseException], None]) -> None:
        self._failed = failed
        self._looks: dict[Look, None] = {}
        self._timer: asyncio.TimerHandle | None = None

    def enter(self, look: Look) -> None:
        """From the next turn on, call this one."""
        self._looks[look] = None
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(TURN_SECONDS, self._turn)

    def exit(self, look: Look) -> None:
        """No longer call it."""
        del self._looks[look]
        if not self._looks and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _turn(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(TURN_SECONDS, self._turn)
        for look in list(self._looks):
            try:
                look()
            except Exception as error:  # noqa: BLE001 - a bug: reported, and affects only this viewer
                self._failed("looking after a viewer", error)
