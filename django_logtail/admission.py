"""What everybody passes who wants lines, over a WebSocket or over HTTP: access and the limits."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

from asgiref.sync import sync_to_async
from django.db import DatabaseError, close_old_connections

from django_logtail.access import admit
from django_logtail.conf import conf
from django_logtail.models import Log
from django_logtail.timing import time_limit

#: Seconds between looks at session and permission of who is let in and stays.
ADMIT_SECONDS = 15.0
#: Seconds such a look may take: a database that is cut off says nothing for a quarter of an hour, and a crowd that
#: comes at once waits for some seconds.
ANSWER_SECONDS = 30.0


class TooManyViewers(Exception):
    """A limit is reached. `limit` is what one user may have, or None when the whole process is full."""

    def __init__(self, reason: str, text: str, limit: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.text = text
        self.limit = limit


class Viewers:
    """How many viewers this process has, by user. A download counts as one for as long as it runs."""

    def __init__(self) -> None:
        self.by_user: dict[str, int] = {}
        self.total = 0

    @contextlib.contextmanager
    def counted(self, user: str) -> Iterator[None]:
        """One more while the block runs. Raises `TooManyViewers`."""
        mine = self.by_user.get(user, 0)
        if mine >= conf.MAX_VIEWERS_PER_USER:
            raise TooManyViewers(
                "too-many-viewers",
                "You already have 1 log open, which is the limit. Close it and try again."
                if mine == 1
                else f"You already have {mine} logs open, which is the limit. Close one and try again.",
                mine,
            )
        if self.total >= conf.MAX_VIEWERS_PER_PROCESS:
            raise TooManyViewers(
                "server-full", "This server has as many viewers as it is set up for. Try again later."
            )
        self.by_user[user] = mine + 1
        self.total += 1
        try:
            yield
        finally:
            self.total -= 1
            self.by_user[user] -= 1
            if not self.by_user[user]:
                del self.by_user[user]


viewers = Viewers()


async def admitted(user_id: str, session_key: str, slug: str, *, joined: bool = False) -> Log:
    """The log, if this session may watch it now. Raises what `access.admit` raises, and `DatabaseError`."""
    look = sync_to_async(_admitted, thread_sensitive=True)(user_id, session_key, slug, joined)
    try:
        async with time_limit(ANSWER_SECONDS):
            return await look
    except asyncio.TimeoutError:
        raise DatabaseError(f"no answer within {ANSWER_SECONDS:.0f} s") from None


def _admitted(user_id: str, session_key: str, slug: str, joined: bool) -> Log:
    close_old_connections()
    try:
        return admit(user_id=user_id, session_key=session_key, slug=slug, joined=joined)[1]
    finally:
        close_old_connections()
