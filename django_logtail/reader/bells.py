"""Wakes the idle consumers of this worker process when something was put into their queue.

An idle consumer of Dramatiq's Redis broker sleeps for up to a second between two looks at its queue, and the first
viewer of a log would wait for that. Nothing can wake it, so it is told to sleep hardly at all, and waits here instead:
for as long, or until its queue's bell rings. A bell that isn't heard costs the second that it would have saved.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable, Collection, Iterator
from typing import Any, Final

from django_logtail.control import Control, ControlUnavailable

logger = logging.getLogger(__name__)

#: Seconds that one call to Redis waits for a ring: less than a call may take.
HEARD_SECONDS: Final = 1.5
#: Seconds between two calls that heard something, so that others who ring without end don't keep us busy.
LEAST_SECONDS: Final = 0.01
#: Seconds until the next call after one failed.
RETRY_SECONDS: Final = 2.0
#: The shortest pause of a consumer that found nothing, in seconds; pauses double, up to the worker's own timeout.
FIRST_PAUSE_SECONDS: Final = 0.005
#: Milliseconds that Dramatiq's own consumer may sleep.
SLEEP_MS: Final = 1


class Bells:
    """The bells of one worker process, one for each of `queues`. `attach` them to its broker, and `start`."""

    def __init__(self, control: Callable[[], Control], queues: Collection[str]) -> None:
        self._control = control
        self._bells = {queue: threading.Event() for queue in queues}
        self._is_over = threading.Event()

    def attach(self, broker: Any) -> None:
        """Make the broker's consumers of these queues wait for their bell."""
        consume = broker.consume

        def consumer(queue_name: str, prefetch: int = 1, timeout: int = 5000) -> Any:
            bell = self._bells.get(queue_name)
            if bell is None:
                return consume(queue_name, prefetch, timeout)
            return Waiting(consume(queue_name, prefetch, SLEEP_MS), bell.wait, bell.clear, timeout / 1000)

        broker.consume = consumer

    def start(self) -> None:
        threading.Thread(target=self._listen, name="logtail-bells", daemon=True).start()

    def stop(self) -> None:
        """Hear nothing more; a call that waits ends within HEARD_SECONDS."""
        self._is_over.set()

    def _listen(self) -> None:
        since, has_failed = "", False
        while not self._is_over.is_set():
            try:
                since, queues = self._control().heard(since, HEARD_SECONDS)
                has_failed = False
            except ControlUnavailable as error:
                if not has_failed:
                    logger.info("this worker looks at its queues once a second only: Redis: %s", error)
                since, has_failed = "", True
                self._is_over.wait(RETRY_SECONDS)
                continue
            for queue in queues & self._bells.keys():
                self._bells[queue].set()
            if since:
                self._is_over.wait(LEAST_SECONDS)


class Waiting:
    """A consumer that waits for its bell instead of sleeping, and is otherwise Dramatiq's.

    `wait` returns when the bell rings, or after the given seconds; `rest`: the longest pause, in seconds.
    """

    def __init__(
        self, consumer: Any, wait: Callable[[float], object], clear: Callable[[], None], rest: float
    ) -> None:
        self._consumer = consumer
        self._wait = wait
        self._clear = clear
        self._rest = rest
        self._pause = FIRST_PAUSE_SECONDS

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        message = next(self._consumer)
        if message is not None:
            self._pause = FIRST_PAUSE_SECONDS
            return message
        # Not all workers at the same moment.
        self._wait(min(self._pause, self._rest) * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
        self._clear()
        self._pause = min(2 * self._pause, self._rest)
        return None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._consumer, name)
