"""Makes a queue's reader look at once for what was left for it, from any code."""

from __future__ import annotations

import asyncio
import contextlib
import logging

from django_logtail.conf import conf
from django_logtail.control.mailboxes import local_mailboxes
from django_logtail.control.messages import Nudge
from django_logtail.control.process import control

logger = logging.getLogger(__name__)


def nudge(queue: str) -> None:
    """The queue's reader ticks now. If that can't be told to it, it does so within a second by itself.

    In an event loop this returns at once, and a thread tells it.
    """
    if conf.READER == "local":
        reader = control().reader(queue)
        if reader is not None:
            local_mailboxes.put(reader.mailbox, Nudge())
        return
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        _tell(queue)
        return
    with contextlib.suppress(RuntimeError):  # it is about to end
        loop.run_in_executor(None, _tell, queue)


def _tell(queue: str) -> None:
    try:
        reader = control().reader(queue)
        if reader is not None and reader.mailbox:
            asyncio.run(_send(reader.mailbox))
    except Exception as error:  # noqa: BLE001 - whatever the host's layer raises: what was left is still there
        logger.debug("the reader of queue %s was not nudged: %s", queue, error)


async def _send(mailbox: str) -> None:
    # Only here: it imports redis, which costs 10 MB and 0.15 s, for nothing if the reader is local.
    from django_logtail.control.layer import LayerMailboxes

    mailboxes = LayerMailboxes()
    try:
        await mailboxes.send(mailbox, Nudge())
    finally:
        await mailboxes.renew_sending()
