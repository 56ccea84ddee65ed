"""Nothing of a log is delivered while it must be recorded and can't be: what is on its way waits, and then ends."""

from __future__ import annotations

import asyncio
from typing import Final

from django_logtail.audit.recorder import keeps_records
from django_logtail.viewing.admission import NotRecorded

#: Seconds for which what is delivered waits for records to be kept again: a database that is restarted or locked for
#: a moment should not disconnect everybody.
UNKEPT_SECONDS: Final = 10.0
#: Seconds between two looks.
LOOK_SECONDS: Final = 0.25


class Keeping:
    """Of one viewer or response. Where access need not be recorded, it never waits."""

    def __init__(self) -> None:
        #: Whether records were not kept for too long while something was to be delivered.
        self.is_lost = False

    @property
    def is_kept(self) -> bool:
        """Whether something may be delivered now."""
        return keeps_records()

    async def until_kept(self) -> None:
        """Call this before delivering. Raises `NotRecorded`."""
        for _ in range(round(UNKEPT_SECONDS / LOOK_SECONDS)):
            if keeps_records():
                return
            await asyncio.sleep(LOOK_SECONDS)
        self.is_lost = not keeps_records()
        if self.is_lost:
            raise NotRecorded
