"""Each ticket opens one socket: whoever reads it later, in a log or a page's memory, gains nothing."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections import deque
from collections.abc import Callable

from django_logtail.access import TICKET_SECONDS, bad_ticket
from django_logtail.conf import conf
from django_logtail.control import ControlUnavailable
from django_logtail.control.process import control, in_thread
from django_logtail.viewing.slots import Slots, Taken, slots

logger = logging.getLogger(__name__)


async def use(ticket: str) -> None:
    """Use up a valid ticket. Raises `Refused` if it was used before: in any web process that shares our Redis, or with
    a reader in each of them, in any on this host.

    While Redis doesn't answer, it can't be known, and there is nothing to read either: then the ticket is accepted.
    """
    digest = hashlib.sha256(ticket.encode()).hexdigest()[:32]
    try:
        is_first = await in_thread(_use, digest)
    except ControlUnavailable as error:
        logger.debug("whether a ticket was used before is unknown: Redis: %s", error)
        return
    if not is_first:
        raise bad_ticket("The page's ticket was used before. Fetch a fresh one.")


def _use(digest: str) -> bool:
    return control().use_ticket(digest, TICKET_SECONDS) and (conf.READER != "local" or used.take(digest))


class Used:
    """Tickets that this process has used, each kept from the others on this host until it is no longer valid.

    Thread-safe.
    """

    def __init__(self, slots: Slots, clock: Callable[[], float] = time.monotonic) -> None:
        self._slots = slots
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: deque[tuple[float, Taken]] = deque()

    def take(self, digest: str) -> bool:
        """Whether nobody has used it."""
        with self._lock:
            now = self._clock()
            while self._kept and self._kept[0][0] <= now:
                self._kept.popleft()[1].free()
            if (mine := self._slots.take(digest, "tickets", 1)) is None:
                return False
            self._kept.append((now + TICKET_SECONDS, mine))
            return True


used = Used(slots)
