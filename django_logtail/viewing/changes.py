"""Changes of access that web processes tell each other, so that viewers who may not stay leave at once.

They are hints: whoever misses one is noticed by the round of lookups all the same (`rechecks`).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

from django_logtail.control import Control, ControlUnavailable
from django_logtail.control.messages import end_text, read_end
from django_logtail.control.process import control, in_thread
from django_logtail.control.wire import Unreadable, ignored

logger = logging.getLogger(__name__)

#: Seconds between looks at what other processes have told.
HEAR_SECONDS: Final = 0.5
#: Whom a change concerns: everyone, one user, or the viewers of one log.
EVERYONE: Final = "all"
_USER: Final = "user|"
_LOG: Final = "log|"
_END: Final = "end|"


def of_user(pk: object) -> str:
    return f"{_USER}{pk}"


def of_log(slug: str) -> str:
    return f"{_LOG}{slug}"


def of_end(sessions: Sequence[str], note: str) -> str:
    """That these viewings end. Unlike the others it is not a hint, and therefore signed."""
    return _END + end_text(sessions, note)


def ended_by(change: str) -> tuple[list[str], str] | None:
    """The viewings that a change ends, and why; None for every other change."""
    if not change.startswith(_END):
        return None
    try:
        return read_end(change.removeprefix(_END))
    except Unreadable as error:
        ignored.add("the end of a viewing", error)
        return [], ""


def is_concerned(change: str, user_id: str, slug: str) -> bool:
    """Whether a change concerns this user watching this log."""
    return change in (EVERYONE, of_user(user_id), of_log(slug))


class Teller:
    """Tells the other web processes, in a thread: whoever saves a user must not wait for Redis. Thread-safe."""

    def __init__(self, find: Callable[[], Control] = control) -> None:
        self._find = find
        self._lock = threading.Lock()
        self._pending: set[str] = set()
        self._task: Future[None] | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="logtail-changes")

    def tell(self, change: str) -> None:
        """Tell it soon. Changes that come meanwhile are told together; if Redis does not answer, they are dropped."""
        with self._lock:
            self._pending.add(change)
            if self._task is None:
                self._task = self._thread.submit(self._tell)

    def _tell(self) -> None:
        while True:
            with self._lock:
                changes, self._pending = self._pending, set()
                if not changes:
                    self._task = None
                    return
            try:
                self._find().tell_changes(changes)
            except ControlUnavailable as error:
                logger.info(
                    "other web processes notice changes of access some seconds later: Redis: %s", error
                )


class Hearing:
    """What other processes have told since the last look."""

    def __init__(self, find: Callable[[], Control] = control) -> None:
        self._find = find
        self._known: dict[str, float] = {}

    async def news(self) -> Collection[str]:
        """The changes told since the last call, or in the last minute; none while Redis does not answer."""
        try:
            found = await in_thread(self._find().changes)
        except ControlUnavailable:
            return ()
        known, self._known = self._known, found
        return [change for change, until in found.items() if known.get(change) != until]


teller = Teller()
