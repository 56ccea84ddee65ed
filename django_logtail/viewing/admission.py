"""The checks on every request for lines, over a WebSocket or HTTP: access and the limits."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Iterator

from asgiref.sync import sync_to_async
from django.db import DatabaseError, close_old_connections
from django.utils.translation import gettext, ngettext

from django_logtail.access import Refused, admit
from django_logtail.audit.recorder import keeps_records
from django_logtail.conf import conf
from django_logtail.models import Log
from django_logtail.protocol import CloseCode
from django_logtail.tailing.reasons import in_full, reason
from django_logtail.timing import time_limit
from django_logtail.viewing.actions import record_refused
from django_logtail.viewing.rechecks import ANSWER_SECONDS
from django_logtail.viewing.slots import slots
from django_logtail.viewing.spending import spending_here


class TooManyViewers(Exception):
    """A limit is reached. `limit` is the limit for one user, or None when the whole process is full."""

    def __init__(self, reason: str, text: str, limit: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.text = text
        self.limit = limit


class NotRecorded(Exception):
    """Access must be recorded, and can't be right now. The text is a sentence for the person."""

    def __init__(self) -> None:
        text = in_full(reason("not-recorded"), gettext)
        super().__init__(text[:1].upper() + text[1:] + ".")


class Viewers:
    """How many viewers this process has, and how many each user has in all processes of this host."""

    def __init__(self) -> None:
        self.total = 0
        #: The same by user.
        self.by_user: Counter[str] = Counter()

    @contextlib.contextmanager
    def counted(self, user: str) -> Iterator[None]:
        """Count one more viewer while the block runs. Raises `TooManyViewers`."""
        most = conf.MAX_VIEWERS_PER_USER
        mine = slots.take(user, "viewers", most)
        if mine is None:
            raise TooManyViewers(
                "too-many-viewers",
                ngettext(
                    "You already have {n} log open, which is the limit. Close it and try again.",
                    "You already have {n} logs open, which is the limit. Close one and try again.",
                    most,
                ).format(n=most),
                most,
            )
        with mine:
            if self.total >= conf.MAX_VIEWERS_PER_PROCESS:
                raise TooManyViewers(
                    "server-full", gettext("This server has reached its viewer limit. Try again later.")
                )
            self.total += 1
            self.by_user[user] += 1
            try:
                yield
            finally:
                self.total -= 1
                self.by_user[user] -= 1
                if not self.by_user[user]:
                    del self.by_user[user]

    @contextlib.contextmanager
    def downloading(self, user: str) -> Iterator[None]:
        """Count one more download by this user while the block runs. Raises `TooManyViewers`."""
        most = conf.MAX_DOWNLOADS_PER_USER
        mine = slots.take(user, "downloads", most)
        if mine is None:
            raise TooManyViewers(
                "too-many-downloads",
                ngettext(
                    "You already have {n} download running, which is the limit. Try again when it ends.",
                    "You already have {n} downloads running, which is the limit. Try again when one ends.",
                    most,
                ).format(n=most),
                most,
            )
        with mine:
            yield

    @contextlib.contextmanager
    def searching(self, user: str) -> Iterator[None]:
        """Count one more search by this user while the block runs, but no viewer. Raises `TooManyViewers`."""
        most = conf.MAX_SEARCHES_PER_USER
        mine = slots.take(user, "searches", most)
        if mine is None:
            text = in_full(reason("too-many-searches", count=most), gettext)
            raise TooManyViewers("too-many-searches", text, most)
        with mine:
            yield


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
