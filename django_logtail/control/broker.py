"""The Redis of the Dramatiq broker, examined with the broker's own client. Nothing is enqueued."""

from __future__ import annotations

from typing import Any

import redis

from django_logtail.control import ControlUnavailable, Lacking, rights
from django_logtail.control.connection import address_of, is_answer, said_by, trouble_of

#: What Dramatiq needs only to give the tasks of a worker that died to another one.
RESCUE = "+keys"


def address(broker: Any) -> str:
    """Where the broker's Redis is, without its password; "" if it has none."""
    client = getattr(broker, "client", None)
    return address_of(client) if isinstance(client, redis.Redis) else ""


def lacks(broker: Any) -> Lacking:
    """The rights that the broker's Redis user lacks. Raises `ControlUnavailable`."""
    try:
        scripts = [script.script for script in broker.scripts.values()]
        commands = {*rights.BROKERS, *rights.called_in(scripts)}
        found = rights.missing(broker.client, commands, broker.namespace)
        return Lacking(rights.user_of(broker.client), tuple(found))
    except (redis.RedisError, OSError) as error:
        raise _unavailable(error) from error


def look(broker: Any, queue: str) -> None:
    """Call Dramatiq's script as a wake-up would. Raises `ControlUnavailable`."""
    try:
        broker.do_qsize(queue)
    except (redis.RedisError, OSError) as error:
        raise _unavailable(error) from error


def _unavailable(error: Exception) -> ControlUnavailable:
    text = said_by(error) or type(error).__name__
    return ControlUnavailable(text, trouble_of(error), is_answer=is_answer(error))
