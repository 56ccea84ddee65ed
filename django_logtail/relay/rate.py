"""How many bytes a second came lately. Knows nothing but the clock it is given."""

from __future__ import annotations

from collections import deque


class Rate:
    """Bytes a second over the last four measurements."""

    def __init__(self) -> None:
        self._measured: deque[tuple[float, int]] = deque(maxlen=4)

    def measure(self, now: float, received: int) -> None:
        """By `now`, so many bytes had come in all."""
        self._measured.append((now, received))

    @property
    def per_second(self) -> int:
        if len(self._measured) < 2:
            return 0
        (then, before), (now, after) = self._measured[0], self._measured[-1]
        return round((after - before) / (now - then)) if now > then else 0
