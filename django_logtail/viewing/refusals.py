"""The log of refused handshakes: a client that tries a thousand times a second must not fill it.

Anything a client sent is shortened and escaped before it is written.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final

logger = logging.getLogger(__name__)

#: Seconds between two lines about the same kind of refusal; those in between are counted.
SAY_SECONDS: Final = 10.0
#: Characters kept of anything that a client sent.
MOST_CHARACTERS: Final = 100


class Refusals:
    """Counts refusals by kind; the code names all kinds, so there are few. Belongs to one thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._said_at: dict[str, float] = {}
        self._unsaid: dict[str, int] = {}

    def say(self, kind: str, *, address: str, log: str, seen: str = "") -> None:
        """Log that a handshake for `log` was refused because of `kind`. `seen`: what the client sent, or the limit."""
        now = self._clock()
        if now - self._said_at.get(kind, float("-inf")) < SAY_SECONDS:
            self._unsaid[kind] = self._unsaid.get(kind, 0) + 1
            return
        self._said_at[kind] = now
        unsaid = self._unsaid.pop(kind, 0)
        logger.warning(
            "refused a WebSocket for log %s from %s: %s%s%s",
            printable(log),
            printable(address) if address else "an unknown address",
            kind,
            f" ({printable(seen)})" if seen else "",
            f"; {unsaid} more since the last such line" if unsaid else "",
        )


def printable(text: str) -> str:
    """What a client sent, made safe for a log file and a terminal."""
    cut = text[:MOST_CHARACTERS]
    safe = "".join(letter if letter.isascii() and letter.isprintable() else "?" for letter in cut)
    return repr(safe + "…" if len(text) > len(cut) else safe)


refusals = Refusals()
