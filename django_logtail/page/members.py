"""Has members of patterns looked for while somebody has the list of logs open."""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from django.db import DatabaseError

from django_logtail.access import User, Watchable, watchable
from django_logtail.conf import conf
from django_logtail.control import ControlUnavailable
from django_logtail.control.process import control
from django_logtail.registering.members import refresh

logger = logging.getLogger(__name__)

#: Seconds between two looks for the members of a queue.
LOOK_SECONDS: Final = 2.0
#: Seconds without another attempt after the broker did not answer.
SILENT_SECONDS: Final = 15.0


def looked_after(user: User) -> Watchable:
    """What the user may watch; and, if there are patterns, a look at which files they mean now.

    A local reader looks at once. A worker is asked, and its result is for the next time.
    """
    seen = watchable(user)
    return watchable(user) if look_soon({row.queue_name for row in seen.patterns}) else seen


def look_soon(queues: set[str]) -> bool:
    """Have the members of these queues' patterns looked for, unless that was just done; whether it is done now."""
    if not queues:
        return False
    if conf.READER != "local":
        asking.ask(queues)
        return False
    if not control().take_turn("", LOOK_SECONDS):
        return False
    try:
        refresh("")
    except DatabaseError as error:
        logger.info("members of patterns could not be looked up: %s", error)
        return False
    return True


class Asking:
    """Asks workers, in a thread: whoever opens a page must not wait for the broker. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next: dict[str, float] = {}
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="logtail-members")

    def ask(self, queues: set[str]) -> None:
        """Ask the workers of these queues soon, unless this process has just done so."""
        now = time.monotonic()
        with self._lock:
            due = [queue for queue in queues if self._next.get(queue, now) <= now]
            self._next = {queue: at for queue, at in self._next.items() if at > now}
            self._next.update(dict.fromkeys(due, now + LOOK_SECONDS / 2))
        for queue in due:
            self._thread.submit(self._ask, queue)

    def _ask(self, queue: str) -> None:
        # Not at the top: these need the broker, and so the loaded apps.
        from dramatiq.errors import DramatiqError

        from django_logtail.control.connection import CONNECTION_ERRORS, words_of
        from django_logtail.tasks import ask_for_members

        try:
            ask_for_members(queue)
        except (DramatiqError, DatabaseError, ControlUnavailable, *CONNECTION_ERRORS) as error:
            logger.info("the worker of queue %s could not be asked for members: %s", queue, words_of(error))
            with self._lock:
                self._next[queue] = time.monotonic() + SILENT_SECONDS


asking = Asking()
