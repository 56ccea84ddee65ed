"""How many bytes a second may be read. Knows nothing but the clock it is given."""

from __future__ import annotations


class Budget:
    """`per_second` bytes, of which one second's worth may be saved up."""

    def __init__(self, per_second: int, now: float) -> None:
        self.per_second = per_second
        self._left = float(per_second)
        self._at = now

    def left(self, now: float) -> int:
        """Bytes that may be spent now; less than nothing after a debt."""
        self._left = min(float(self.per_second), self._left + (now - self._at) * self.per_second)
        self._at = now
        return int(self._left)

    def spend(self, size: int) -> None:
        self._left -= size

    def until(self, size: int) -> float:
        """Seconds from the last look until `size` bytes may be spent."""
        return max(0.0, (min(size, self.per_second) - self._left) / self.per_second)
