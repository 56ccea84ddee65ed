"""The limits for one user: what they may have at a time, connect a minute, and read a day, in all web processes.

Each is counted twice: by locks on this host, which end with a process at once, and in Redis for all hosts. While Redis
doesn't answer, the first count decides.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final

from django.utils import timezone
from django.utils.translation import gettext, ngettext

from django_logtail.conf import conf
from django_logtail.control.limits import PROCESS_LEASE_MS
from django_logtail.tailing.reasons import in_full, reason
from django_logtail.viewing.slots import slots
from django_logtail.viewing.tally import Tally

#: Seconds after which to try again when a place is missing: when one becomes free isn't known.
TRY_AGAIN_SECONDS: Final = 5
CONNECT_WINDOW_SECONDS: Final = 60.0


class OverLimit(Exception):
    """A limit is reached. `reason` is an id for programs, `text` a sentence.

    `limit`: how many one user may have, or None when the whole process is full. `retry_after`: seconds after which to
    try again. `may_retry`: it is then likely to help, so a page does by itself.
    """

    def __init__(
        self,
        reason: str,
        text: str,
        limit: int | None = None,
        *,
        retry_after: float = TRY_AGAIN_SECONDS,
        may_retry: bool = False,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.text = text
        self.limit = limit
        self.retry_after = max(1, int(retry_after + 0.999))
        self.may_retry = may_retry

    @property
    def fields(self) -> dict[str, int]:
        """How many, and until when, for programs."""
        limit = {} if self.limit is None else {"limit": self.limit}
        return {**limit, "retry_after": self.retry_after}


@dataclass(frozen=True, slots=True)
class Limit:
    """What one user may have at a time. `text`: the sentence for one who has as many."""

    kind: str
    most: Callable[[], int]
    text: Callable[[int], str]


def _too_many_viewers(most: int) -> str:
    return ngettext(
        "You already have {n} log open, which is the limit. Close it and try again.",
        "You already have {n} logs open, which is the limit. Close one and try again.",
        most,
    ).format(n=most)


def _too_many_downloads(most: int) -> str:
    return ngettext(
        "You already have {n} download running, which is the limit. Try again when it ends.",
        "You already have {n} downloads running, which is the limit. Try again when one ends.",
        most,
    ).format(n=most)


def _too_many_searches(most: int) -> str:
    return in_full(reason("too-many-searches", count=most), gettext)


VIEWERS: Final = Limit("viewers", lambda: conf.MAX_VIEWERS_PER_USER, _too_many_viewers)
DOWNLOADS: Final = Limit("downloads", lambda: conf.MAX_DOWNLOADS_PER_USER, _too_many_downloads)
SEARCHES: Final = Limit("searches", lambda: conf.MAX_SEARCHES_PER_USER, _too_many_searches)
#: All of them.
LIMITS: Final = (VIEWERS, SEARCHES, DOWNLOADS)


async def take(limit: Limit, user: str) -> contextlib.ExitStack:
    """Take a place for this user until what is returned is closed. Raises `OverLimit`."""
    most = limit.most()
    with contextlib.ExitStack() as place:
        mine = slots.take(user, limit.kind, most)
        if mine is None:
            raise _over(limit, most)
        place.enter_context(mine)
        taken, free = await tally.take(limit.kind, user, most)
        if not taken.is_taken:
            raise _over(limit, most, is_late=taken.is_late)
        place.callback(free)
        return place.pop_all()


def _over(limit: Limit, most: int, *, is_late: bool = False) -> OverLimit:
    """`is_late`: a process that seems to have died holds places, which are free when its lease ends."""
    seconds = PROCESS_LEASE_MS / 1000 if is_late else TRY_AGAIN_SECONDS
    return OverLimit(f"too-many-{limit.kind}", limit.text(most), most, retry_after=seconds, may_retry=is_late)


async def connect(user: str) -> None:
    """Count a socket that this user opens. Raises `OverLimit`."""
    most = conf.CONNECTS_PER_MINUTE_PER_USER
    spent = await tally.spend("connects", user, most, CONNECT_WINDOW_SECONDS)
    if not spent.is_added:
        raise _spent("too-many-connects", most, spent.seconds_left)


async def admit_reader(user: str) -> None:
    """Refuse a user who has read their bytes of the day, in whichever process. Raises `OverLimit`."""
    if conf.BYTES_PER_DAY_PER_USER:
        await tally.refresh(user)
        check_bytes(user)


def count_bytes(user: str, size: int) -> None:
    """Count bytes that were sent to this user."""
    tally.read(user, size)


def check_bytes(user: str, size: int = 1) -> None:
    """Raise `OverLimit` if this user may not read that many more bytes today, as far as this process knows."""
    most = conf.BYTES_PER_DAY_PER_USER
    if not most:
        return
    total, seconds_left = tally.sum_of(user)
    if total + size > most:
        raise _spent("too-many-bytes", most, seconds_left)


def _spent(why: str, most: int, seconds_left: float) -> OverLimit:
    over = OverLimit(why, "", most, retry_after=seconds_left, may_retry=why == "too-many-connects")
    over.text = in_full(reason(why, limit=most, retry_after=over.retry_after), gettext)
    return over


def seconds_of_today(now: datetime | None = None) -> float:
    """Seconds until the next midnight in the project's time zone."""
    now = (now or timezone.now()).astimezone(timezone.get_default_timezone())
    midnight = datetime.combine(now.date() + timedelta(days=1), time.min, tzinfo=now.tzinfo)
    return max(1.0, midnight.timestamp() - now.timestamp())


tally = Tally(seconds_of_today)
