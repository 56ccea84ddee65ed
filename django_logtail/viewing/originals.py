"""The original of redacted lines: who gets it, for one viewing and a reason, and how that is recorded.

It is asked for with the ticket of a new viewing. So the current one, others of the same person, and whatever comes
after stay redacted.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Final

from django.utils.translation import gettext

from django_logtail.audit.recorder import recorder_here, surely_keeps_records
from django_logtail.audit.viewings import OpenViewing, begin_action
from django_logtail.models import Log
from django_logtail.redaction_rules import has_rules
from django_logtail.rights import Original, Right
from django_logtail.tailing.reasons import in_full, reason
from django_logtail.viewing.rechecks import Stay
from django_logtail.viewing.recorded import ending
from django_logtail.viewing.socket import End

#: Characters of a reason.
MOST_REASON_CHARACTERS: Final = 200
#: Minutes that somebody may ask for.
MOST_MINUTES: Final = 60


class NotShown(Exception):
    """The original isn't shown. `id` is for programs, the text a sentence for the person, `status` that of HTTP."""

    def __init__(self, id: str, text: str, status: int) -> None:
        super().__init__(text)
        self.id = id
        self.status = status


def asked_for(fields: Mapping[str, str]) -> Original | None:
    """What the fields of a request for a ticket ask for; None: redacted lines. Raises `NotShown`."""
    if "reason" not in fields and "minutes" not in fields:
        return None
    why, minutes = " ".join(fields.get("reason", "").split()), fields.get("minutes", "")
    if not why:
        raise NotShown("no-reason", gettext("Say why you need the original."), 400)
    if len(why) > MOST_REASON_CHARACTERS:
        text = gettext("Say it in at most {n} characters.").format(n=MOST_REASON_CHARACTERS)
        raise NotShown("long-reason", text, 400)
    if not (
        minutes.isascii() and minutes.isdigit() and len(minutes) <= 2 and 1 <= int(minutes) <= MOST_MINUTES
    ):
        text = gettext("'minutes' is not a whole number from 1 to {n}.").format(n=MOST_MINUTES)
        raise NotShown("bad-minutes", text, 400)
    return Original(why, int(minutes))


def check(log: Log, *, waits: bool = False) -> None:
    """Raises `NotShown` if the original of a log isn't shown to whom its rights are for, or can't be recorded.

    `waits`: for the first verdict on the record, for some seconds; not in an event loop.
    """
    if Right.SEE_UNREDACTED not in log.rights:
        raise NotShown("not-allowed", in_full(reason("not-allowed"), gettext), 403)
    if not is_redacted(log):
        raise NotShown("not-redacted", gettext("Nothing is hidden in this log."), 400)
    if recorder_here() is None:
        raise NotShown("not-recorded", gettext("The original is shown only where access is recorded."), 403)
    if not surely_keeps_records(wait=waits):
        raise NotShown("not-recorded", in_full(reason("not-recorded"), gettext), 503)


def is_redacted(log: Log) -> bool:
    """Whether rules hold for the log."""
    return has_rules({log.slug, log.registration.slug})


def may_ask(log: Log) -> bool:
    """Whether the page offers to ask for the original."""
    return Right.SEE_UNREDACTED in log.rights and is_redacted(log) and recorder_here() is not None


@contextlib.asynccontextmanager
async def shown(
    original: Original | None, log: Log, stay: Stay, record: OpenViewing | None
) -> AsyncIterator[None]:
    """While the block runs, the viewer sees the original; that is recorded before. Raises `End` if they may not."""
    if original is None:
        yield
        return
    try:
        await asyncio.to_thread(check, log, waits=True)
    except NotShown as refused:
        raise End(1000, "original-refused", str(refused), may_retry=True) from None
    stay.needs(Right.SEE_UNREDACTED)
    detail = {"reason": original.reason, "minutes": original.minutes}
    action = None if record is None else begin_action("original", record.subject, detail, record)
    if action is None:
        text = gettext("The original is shown only where access is recorded.")
        raise End(1000, "original-refused", text, may_retry=True)
    try:
        yield
    except BaseException as error:
        action.close(ending(error)[0])
        raise
    action.close("left")
