"""Clients whose handshakes failed must wait before the next one: longer each time, and each for themselves.

A handshake fails when its client doesn't identify itself: no `hello`, or a ticket that isn't valid.
"""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from django_logtail.conf import conf

#: Seconds to wait after the first failure beyond the setting, twice as many after each further one, and at most.
FIRST_SECONDS: Final = 1.0
LONGEST_SECONDS: Final = 60.0
#: Seconds after the last failure when it is forgotten.
FORGOTTEN_SECONDS: Final = 600.0
#: Clients to remember; the one whose last failure is longest ago is forgotten first.
MOST_CLIENTS: Final = 10_000
#: Sessions to remember whose client has identified itself, and for how many seconds.
MOST_SESSIONS: Final = 10_000
SESSION_SECONDS: Final = 3_600.0


class Backoff:
    """The failures of one process. A client is an address, or a user who has been looked up."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        #: By client: how many, and when the last one was; the latest last.
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()
        #: By digest of a session's key, until when it is known.
        self._sessions: OrderedDict[bytes, float] = OrderedDict()

    def failed(self, client: str, session_key: str) -> None:
        """A handshake of this client failed; "" is nobody in particular, who never waits."""
        self._sessions.pop(_digest(session_key), None)
        if not client:
            return
        count, _ = self._failures.pop(client, (0, 0.0)) if self._count(client) else (0, 0.0)
        self._failures[client] = count + 1, self._clock()
        if len(self._failures) > MOST_CLIENTS:
            self._failures.popitem(last=False)

    def succeeded(self, session_key: str) -> None:
        """The client of this session has identified itself: others' failures don't concern it for a while."""
        digest = _digest(session_key)
        self._sessions.pop(digest, None)
        self._sessions[digest] = self._clock() + SESSION_SECONDS
        if len(self._sessions) > MOST_SESSIONS:
            self._sessions.popitem(last=False)

    def is_known(self, session_key: str) -> bool:
        """Whether the session's client has identified itself lately, and not failed since."""
        return self._sessions.get(_digest(session_key), 0.0) > self._clock()

    def seconds_left(self, client: str) -> float:
        """How long the client must wait before its next handshake; 0 if it need not."""
        beyond = self._count(client) - conf.MAX_FAILED_HANDSHAKES_PER_ADDRESS
        if beyond <= 0:
            return 0.0
        wait = min(LONGEST_SECONDS, FIRST_SECONDS * 2.0 ** min(beyond - 1, 30))
        return max(0.0, self._failures[client][1] + wait - self._clock())

    def _count(self, client: str) -> int:
        count, at = self._failures.get(client, (0, 0.0))
        return count if self._clock() - at < FORGOTTEN_SECONDS else 0


def _digest(session_key: str) -> bytes:
    return hashlib.blake2b(session_key.encode(errors="replace"), digest_size=16).digest()


backoff = Backoff()
