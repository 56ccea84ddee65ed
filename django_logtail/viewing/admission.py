"""The checks on every request for lines, over a WebSocket or HTTP: access and the limits."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Iterator

from asgiref.sync import sync_to_async
from django.db import DatabaseError, close_old_connections
from django.utils.translation import gettext

from django_logtail.access import Refused, admit
from django_logtail.audit.recorder import keeps_records
from django_logtail.conf import conf
from django_logtail.models import Log
from django_logtail.protocol import CloseCode
from django_logtail.tailing.reasons import in_full, reason
from django_logtail.timing import time_limit
from django_logtail.viewing.actions import record_refused
from django_logtail.viewing.limits import DOWNLOADS, SEARCHES, VIEWERS, OverLimit, admit_reader, take
from django_logtail.viewing.rechecks import ANSWER_SECONDS
from django_logtail.viewing.spending import spending_here


class NotRecorded(Exception):
    """Access must be recorded, and can't be right now. The text is a sentence for the person."""

    def __init__(self) -> None:
        text = in_full(reason("not-recorded"), gettext)
        super().__init__(text[:1].upper() + text[1:] + ".")


class Viewers:
    """The viewers of this process. What `counted` and the others return holds the place until it is closed."""

    def __init__(self) -> None:
        self.total = 0
        #: The same by user.
        self.by_user: Counter[str] = Counter()

    async def counted(self, user: str) -> contextlib.ExitStack:
        """Count one more viewer. Raises `OverLimit`."""
        await admit_reader(user)
        with contextlib.ExitStack() as place:
            place.enter_context(await take(VIEWERS, user))
            place.enter_context(self._here(user))
            return place.pop_all()

    async def downloading(self, user: str) -> contextlib.ExitStack:
        """Count one more download by this user. Raises `OverLimit`."""
        return await take(DOWNLOADS, user)

    async def searching(self, user: str) -> contextlib.ExitStack:
        """Count one more search by this user, but no viewer. Raises `OverLimit`."""
        await admit_reader(user)
        return await take(SEARCHES, user)

    @contextlib.contextmanager
    def _here(self, user: str) -> Iterator[None]:
        if self.total >= conf.MAX_VIEWERS_PER_PROCESS:
            text = gettext("This server has reached its viewer limit. Try again later.")
            raise OverLimit("server-full", text, may_retry=True)
        self.total += 1
        self.by_user[user] += 1
        try:
            yield
        finally:
            self.total -= 1
            self.by_user[user] -= 1
            if not self.by_user[user]:
                del self.by_user[user]


viewers = Viewers()


async def admitted(
    user_id: str, session_key: str, slug: str, *, joined: bool = False, address: str = "", via: str = ""
) -> Log:
    """The log, if this session may watch it now. Raises what `access.admit` raises, `DatabaseError`, and `NotRecorded`.

    `address` and `via`: from where, and by which way, for the record of a refusal.

    A user who opens logs in quick succession waits before anything is looked up, and occupies one of their own places
    meanwhile.
    """
    joins = spending_here().joins
    await joins.turn(user_id)
    joins.spend(user_id, 1)
    look = sync_to_async(_admitted, thread_sensitive=True)(user_id, session_key, slug, joined, address, via)
    try:
        async with time_limit(ANSWER_SECONDS):
            return await look
    except asyncio.TimeoutError:
        raise DatabaseError(f"no answer within {ANSWER_SECONDS:.0f} s") from None


def _admitted(user_id: str, session_key: str, slug: str, joined: bool, address: str, via: str) -> Log:
    close_old_connections()
    try:
        user, log = admit(user_id=user_id, session_key=session_key, slug=slug, joined=joined)
        log.user_name = user.get_username()
        if not keeps_records(wait=True):
            raise NotRecorded
        return log
    except Refused as refused:
        if refused.code == CloseCode.NO_SUCH_LOG and conf.AUDIT:
            record_refused(user_id, slug, address, via)
        raise
    finally:
        close_old_connections()
