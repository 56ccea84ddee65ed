"""Each ticket opens one socket: whoever reads it later, in a log or a page's memory, gains nothing."""

from __future__ import annotations

import hashlib
import logging

from django_logtail.access import TICKET_SECONDS, bad_ticket
from django_logtail.control import ControlUnavailable
from django_logtail.control.process import control, in_thread

logger = logging.getLogger(__name__)


async def use(ticket: str) -> None:
    """Use up a valid ticket. Raises `Refused` if it was used before, in any web process that shares our Redis.

    While Redis doesn't answer, it can't be known, and there is nothing to read either: then the ticket is accepted.
    """
    digest = hashlib.sha256(ticket.encode()).hexdigest()[:32]
    try:
        is_first = await in_thread(control().use_ticket, digest, TICKET_SECONDS)
    except ControlUnavailable as error:
        logger.debug("whether a ticket was used before is unknown: Redis: %s", error)
        return
    if not is_first:
        raise bad_ticket("The page's ticket was used before. Fetch a fresh one.")
