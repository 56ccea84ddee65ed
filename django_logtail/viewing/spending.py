"""What one web process spends on users beside their streams: in turn, and no more on any user than their share."""

from __future__ import annotations

import asyncio
from typing import Final

from django_logtail.conf import conf
from django_logtail.shares import Places, Shares

#: Ranges of one user that one process asks readers for at a time: what comes for others stands behind their bytes.
RANGES_AT_A_TIME: Final = 2
#: Microseconds of the processor that a MiB from a reader in another process has cost before it is here.
MICROSECONDS_A_MIB: Final = 8_000
#: Logs that one user may open a second, however few at a time: each costs two connections to the database and a look at
#: its file. As many at once as one user may have open, and no page needs more.
LEAST_JOINS: Final = 16
#: Percent of one processor for the answers to all users together: the rest is for streams and pages.
PERCENT_IN_ALL: Final = 50


class Spending:
    """Of one event loop.

    `joins`: logs that are opened a second; `requests`: ranges a second; `ranges`: those asked for at a time;
    `processor`: microseconds of it that answers and downloads take.
    """

    def __init__(self) -> None:
        percent = conf.ANSWER_PROCESSOR_PERCENT_PER_USER
        self.processor = Shares(percent * 10_000, max(percent, PERCENT_IN_ALL) * 10_000)
        self.joins = Shares(max(LEAST_JOINS, conf.MAX_VIEWERS_PER_USER))
        self.requests = Shares(conf.RANGES_PER_SECOND_PER_USER)
        self.ranges = Places(RANGES_AT_A_TIME)
        self._is_apart = conf.READER != "local"

    def spend_arrival(self, user: str, size: int) -> None:
        """So many bytes came for this user from a reader."""
        if self._is_apart:
            self.processor.spend(user, size * MICROSECONDS_A_MIB // (1024 * 1024))


_spending: dict[asyncio.AbstractEventLoop, Spending] = {}


def spending_here() -> Spending:
    """That of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _spending:
        for old in [old for old in _spending if old.is_closed()]:
            del _spending[old]
        _spending[loop] = Spending()
    return _spending[loop]
