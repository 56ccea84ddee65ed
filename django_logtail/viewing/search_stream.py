"""A search of one log over HTTP: the messages that a socket would bring, each a line of JSON.

A page searches several logs in this way, without a socket and a viewer's place for each of them.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator
from functools import partial

from django.db import DatabaseError

from django_logtail.access import Refused
from django_logtail.audit.viewings import OpenAction
from django_logtail.models import Log
from django_logtail.protocol import Frame, SearchAll
from django_logtail.relay import Relay
from django_logtail.shares import Charged
from django_logtail.tailing.reasons import reason
from django_logtail.viewing.actions import BROKEN_OFF
from django_logtail.viewing.admission import NotRecorded
from django_logtail.viewing.limits import OverLimit
from django_logtail.viewing.recent import Edge
from django_logtail.viewing.recent_lines import shown
from django_logtail.viewing.requests import all_frames, sought_by
from django_logtail.viewing.spending import spending_here
from django_logtail.viewing.told import told


async def messages(
    relay: Relay,
    log: Log,
    user: str,
    asked: SearchAll,
    action: OpenAction | None = None,
    edge: Edge | None = None,
) -> AsyncGenerator[bytes]:
    """`found` and `progress` as they come, and at last `done` or `error`. Close it to end the search.

    `action`: what it is recorded as, if it is. `edge`: where the lines begin that the user may see, unless all are.
    """
    spending = spending_here()
    frames = all_frames(
        lambda sought: relay.request(
            str(log.pk), log.queue_name, search=sought, user=user, revision=log.revision, waits=False
        ),
        None,
        sought_by(asked),
    )

    async def following() -> Frame | None:
        return await anext(frames, None)

    async with contextlib.aclosing(frames):
        while True:
            await spending.processor.turn(user)
            frame = await Charged(following(), partial(spending.processor.spend, user))
            if frame is None:
                return
            if edge is not None and (frame := shown(frame, edge)) is None:
                continue
            yield line_of(frame, log)
            if action is not None:  # once it was taken
                action.answered(frame)


def line_of(frame: Frame, log: Log) -> bytes:
    """The frame as this user may see it."""
    encoded = told(frame, sees_host=log.sees_host).encoded
    assert isinstance(encoded, str)
    return encoded.encode() + b"\n"


def parting(log: Log, error: Exception, action: OpenAction | None = None) -> bytes:
    """The last message to a user who may no longer see the log, or whose access can't be decided."""
    if action is not None:
        action.close(error.reason if isinstance(error, Refused | OverLimit) else BROKEN_OFF)
    if isinstance(error, OverLimit):
        return line_of(Frame.message("end", reason=error.reason, text=error.text, **error.fields), log)
    if isinstance(error, Refused):
        return line_of(Frame.message("end", reason=error.reason, text=error.text), log)
    is_unrecorded, is_unknown = isinstance(error, NotRecorded), isinstance(error, DatabaseError)
    why = "not-recorded" if is_unrecorded else "unavailable" if is_unknown else "changed"
    return line_of(Frame.message("end", reason=why, text=reason(why)), log)
