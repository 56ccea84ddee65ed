"""Pace by cost: what is new is sent at once as long as that takes no more than a share of a processor.

Above it, what comes is collected for just as long as needed: a quiet log has the latency of its path, and a flood costs
no more than in regular rounds. Reads no clock; the caller passes times and what was spent.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final

#: The longest pause between batches of one sender, in seconds; a quarter of that costs 2.3x the CPU at 100 viewers.
ROUND_SECONDS: Final = 0.05
#: Processor seconds that a sender may save up, for lines that come in quick succession.
BURST_SECONDS: Final = 0.005
#: Bytes a second at which a sender has used up its part, whatever they cost: nobody reads along, and fewer, larger
#: batches cost least.
FLOOD_BYTES: Final = 1_000_000
#: Seconds without sending after which a sender no longer counts: the others divide its part, and it begins anew.
REST_SECONDS: Final = 1.0


class Promptness:
    """The accounts of a process's senders: each that is active has an equal part of the share, so that a flood delays
    only itself.

    `share`: processor seconds a second; with 0, each sender pauses for ROUND_SECONDS.
    """

    def __init__(self, share: float) -> None:
        self._share = share
        #: By sender, the least recent first: its processor seconds, negative while in debt, and when that was so.
        self._accounts: dict[Hashable, tuple[float, float]] = {}

    def pause(self, sender: Hashable, spent: float, size: int, now: float) -> float:
        """Seconds for which a sender must wait that has just spent so many processor seconds on so many bytes."""
        self._forget_resting(now)
        left, at = self._accounts.pop(sender, (BURST_SECONDS, now))
        part = self._share / (len(self._accounts) + 1)
        left = min(BURST_SECONDS, left + (now - at) * part)
        left -= spent + size * part / FLOOD_BYTES
        # No more than a round pays off: an old flood is no reason to delay what comes now.
        left = max(left, -ROUND_SECONDS * part)
        self._accounts[sender] = left, now
        if not part:
            return ROUND_SECONDS
        return -left / part if left < 0 else 0.0

    def _forget_resting(self, now: float) -> None:
        while self._accounts:
            sender, (_, at) = next(iter(self._accounts.items()))
            if now - at < REST_SECONDS:
                return
            del self._accounts[sender]
