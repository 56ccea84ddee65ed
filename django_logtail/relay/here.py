"""The relay of each event loop, of the kind that LOGTAIL["READER"] requires."""

from __future__ import annotations

import asyncio
import logging

from django.db import DatabaseError

from django_logtail.conf import conf
from django_logtail.control.mailboxes import local_mailboxes
from django_logtail.control.process import control
from django_logtail.promptness import Promptness
from django_logtail.reader import reader_of
from django_logtail.relay import Relay
from django_logtail.tailing.reasons import reason

logger = logging.getLogger(__name__)

_relays: dict[asyncio.AbstractEventLoop, Relay] = {}


def relay_here() -> Relay:
    """The running event loop's relay, created and started on first use."""
    loop = asyncio.get_running_loop()
    for old in [old for old in _relays if old.is_closed()]:
        del _relays[old]
    if loop not in _relays:
        relay = _relays[loop] = new_relay()
        relay.start()
    return _relays[loop]


def new_relay() -> Relay:
    """A relay that is not started."""
    percent = conf.PROMPT_PROCESSOR_PERCENT
    # With 0, a reader collects for whole rounds; viewers needn't wait for another one.
    promptness = Promptness(percent / 100) if percent else None
    if conf.READER == "local":
        return Relay(control(), local_mailboxes, _read_here, promptness=promptness)
    from django_logtail.control.layer import LayerMailboxes  # not at the top: a local reader needs no redis

    return Relay(control(), LayerMailboxes(), _wake_worker, promptness=promptness)


async def _wake_worker(queue: str) -> str | None:
    # Not at the top: these need the broker, and so the loaded apps.
    from dramatiq.errors import DramatiqError

    from django_logtail.control.connection import CONNECTION_ERRORS, is_answer, said_by, trouble_of, words_of
    from django_logtail.tasks import send_wake_up

    try:
        await send_wake_up(queue)
    # A broker's middleware may use the database.
    except (DramatiqError, DatabaseError, *CONNECTION_ERRORS) as error:
        logger.warning("wake-up for queue %s could not be sent: %s", queue, words_of(error))
        trouble = {"trouble": trouble_of(error)} if trouble_of(error) else {}
        if is_answer(error):
            return reason("broker-refuses", error=said_by(error).rstrip("."), **trouble)
        return reason("broker", error=words_of(error).rstrip("."), **trouble)
    return None


async def _read_here(queue: str) -> None:
    """A reader next to the relay, in this process and event loop: no Redis, no worker, no channel layer."""
    if (task := asyncio.current_task()) is not None:
        task.set_name(f"local reader of queue {queue}")  # the name in the log if it fails
    await reader_of(queue, control(), local_mailboxes, _read_here).run()
