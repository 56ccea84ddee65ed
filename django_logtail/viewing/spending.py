"""What one web process spends on users in addition to their streams: in turn, and at most their share on each."""

from __future__ import annotations

import asyncio
from typing import Final

from django_logtail.conf import conf
from django_logtail.shares import Places, Shares

#: Ranges that one process requests for one user at a time: other users' data queues behind their bytes.
RANGES_AT_A_TIME: Final = 2
#: Pictures of entries over time that one process requests for one user at a time: each takes seconds.
VOLUMES_AT_A_TIME: Final = 2
#: Microseconds of processor time that a MiB from another process's reader has cost by the time it arrives.
MICROSECONDS_A_MIB: Final = 8_000
#: Logs that one user may open a second, however few at a time: each costs two database connections and a look at its
#: file. The burst is as many as one user may have open; no page needs more.
LEAST_JOINS: Final = 16
#: Percent of one processor for answers to all users together; the rest is for streams and pages.
PERCENT_IN_ALL: Final = 50


class Spending:
    """The spending of one event loop.

    `joins`: logs opened a second; `requests`: ranges a second; `ranges`: ranges requested at a time, and
    `volumes` pictures; `processor`: microseconds that answers and downloads take.
    """

    def __init__(self) -> None:
        percent = conf.ANSWER_PROCESSOR_PERCENT_PER_USER
        self.processor = Shares(percent * 10_000, max(percent, PERCENT_IN_ALL) * 10_000)
        self.joins = Shares(max(LEAST_JOINS, conf.MAX_VIEWERS_PER_USER))
        self.requests = Shares(conf.RANGES_PER_SECOND_PER_USER)
        self.ranges = Places(RANGES_AT_A_TIME)
        self.volumes = Places(VOLUMES_AT_A_TIME)
        self._is_apart = conf.READER != "local"

    def spend_arrival(self, user: str, size: int) -> None:
        """Charge this user for `size` bytes that arrived from a reader."""
        if self._is_apart:
            self.processor.spend(user, size * MICROSECONDS_A_MIB // (1024 * 1024))


_spending: dict[asyncio.AbstractEventLoop, Spending] = {}


def spending_here() -> Spending:
    """The spending of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _spending:
        for old in [old for old in _spending if old.is_closed()]:
            del _spending[old]
        _spending[loop] = Spending()
    return _spending[loop]
