"""Makes a queue's reader look at once for what was left for it, from code outside any event loop."""

from __future__ import annotations

import asyncio
import logging

from django_logtail.conf import conf
from django_logtail.control.messages import Nudge
from django_logtail.control.process import control

logger = logging.getLogger(__name__)


def nudge(queue: str) -> None:
    """The queue's reader ticks now. If that can't be told to it, it does so a moment later by itself."""
    if conf.READER == "local" or _is_in_loop():
        return
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


def _is_in_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
