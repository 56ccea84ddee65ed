"""What users have at a time and have spent lately, counted for the limits: here in memory, and in Redis elsewhere.

A place is one viewer, download or search. It belongs to a process, and lapses with it: a process that was killed gives
nothing back.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

#: Milliseconds for which a web process counts as running unless it says so again, and the seconds between.
PROCESS_LEASE_MS: Final = 3_000
BEAT_SECONDS: Final = 1.0
#: Milliseconds for which a user's places are kept unless they are said again, and the seconds between.
PLACES_LEASE_MS: Final = 60_000
SAY_SECONDS: Final = 10.0
#: The longest window that anything is counted in, in milliseconds: a day, and the hour by which the longest exceeds it.
LONGEST_WINDOW_MS: Final = 25 * 3_600_000
#: Users whose reading is listed for staff: the last ones that read something.
MOST_USERS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Taken:
    """Whether a place was taken. `is_late`: it was not, but a process that holds some of them seems to have died."""

    is_taken: bool
    is_late: bool = False


@dataclass(frozen=True, slots=True)
class Spent:
    """What a user has spent in the running window. `is_added`: the limit wasn't reached before.

    `seconds_left`: until the window ends and the sum is 0 again.
    """

    is_added: bool
    total: int
    seconds_left: float


class LimitCounts(Protocol):
    """The counts. `kind`: "viewers", "downloads" or "searches"; `what`: "connects" or "bytes"; `user`: a primary key.

    Calls are synchronous and short. One that fails raises `ControlUnavailable`.
    """

    def take(self, process: str, kind: str, user: str, name: str, most: int) -> Taken:
        """Take a place for this user unless they have `most` of the kind. `name` is another one for each place."""

    def free(self, process: str, kind: str, user: str, name: str) -> None:
        """Give back a place."""

    def beat(self, process: str) -> None:
        """Say that this process is running."""

    def say(self, process: str, places: Mapping[tuple[str, str], Collection[str]]) -> None:
        """Say again which places this process holds: their names by kind and user."""

    def spend(self, what: str, user: str, amount: int, most: int | None, window_seconds: float) -> Spent:
        """Add the amount, unless the sum has reached `most`. A new window lasts `window_seconds`."""

    def held(self, kinds: Collection[str], users: Collection[str]) -> dict[tuple[str, str], int]:
        """How many places of each kind each of these users holds in processes that are running."""

    def totals(self, what: str, users: Collection[str]) -> dict[str, int]:
        """What each of these users has spent in the running window."""

    def readers(self) -> list[str]:
        """The users for whom bytes were counted in the last day, the last ones first; at most MOST_USERS."""


class MemoryLimits:
    """The counts of this process alone. Thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._places: dict[tuple[str, str], set[str]] = {}
        #: By what and user: the sum, and when its window ends.
        self._spent: dict[tuple[str, str], tuple[int, float]] = {}

    def take(self, process: str, kind: str, user: str, name: str, most: int) -> Taken:
        with self._lock:
            held = self._places.setdefault((kind, user), set())
            if len(held) >= most:
                return Taken(False)
            held.add(name)
            return Taken(True)

    def free(self, process: str, kind: str, user: str, name: str) -> None:
        with self._lock:
            held = self._places.get((kind, user), set())
            held.discard(name)
            if not held:
                self._places.pop((kind, user), None)

    def beat(self, process: str) -> None:
        """Nothing to say: nobody else counts."""

    def say(self, process: str, places: Mapping[tuple[str, str], Collection[str]]) -> None:
        """Nothing to say."""

    def spend(self, what: str, user: str, amount: int, most: int | None, window_seconds: float) -> Spent:
        with self._lock:
            now = self._clock()
            total, until = self._spent.get((what, user), (0, 0.0))
            if until <= now:
                total, until = 0, now + window_seconds
            if most is not None and total >= most:
                return Spent(False, total, until - now)
            if amount:
                self._spent.pop((what, user), None)
                self._spent[what, user] = total + amount, until
                self._forget(now)
            return Spent(True, total + amount, until - now)

    def held(self, kinds: Collection[str], users: Collection[str]) -> dict[tuple[str, str], int]:
        with self._lock:
            return {(kind, user): len(self._places.get((kind, user), ())) for kind in kinds for user in users}

    def totals(self, what: str, users: Collection[str]) -> dict[str, int]:
        with self._lock:
            now = self._clock()
            found = {user: self._spent.get((what, user), (0, 0.0)) for user in users}
            return {user: total if until > now else 0 for user, (total, until) in found.items()}

    def readers(self) -> list[str]:
        with self._lock:
            return [user for what, user in reversed(self._spent) if what == "bytes"][:MOST_USERS]

    def _forget(self, now: float) -> None:
        """Forget windows that have ended, when there are many."""
        if len(self._spent) > 2 * MOST_USERS:
            self._spent = {key: spent for key, spent in self._spent.items() if spent[1] > now}
