"""What connects web processes and workers: Redis and the channel layer."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import Iterable, Iterator
from typing import Final

from django_logtail.conf import conf
from django_logtail.control import ControlUnavailable, Project
from django_logtail.control.layer import LayerMailboxes
from django_logtail.control.mailboxes import MailboxUnavailable
from django_logtail.control.messages import Echo
from django_logtail.control.process import control
from django_logtail.operating.doctor.findings import ANSWER_SECONDS, Finding, note, ok, problem
from django_logtail.timing import time_limit

#: What to say about Redis, by its trouble.
_SEEN: Final = {
    "read-only": "Redis is a read-only replica",
    "full": "Redis is full",
    "password": "Redis refuses the password",
    "right": "Redis denies its user a permission",
    "starting": "Redis is starting",
    "clients": "Redis accepts no more clients",
}


def examine_redis() -> Iterator[Finding]:
    where = 'LOGTAIL["REDIS_URL"]' if conf.REDIS_URL else "the URL in DRAMATIQ_BROKER"
    try:
        version = control().ping()
        others = control().introduce()
    except ControlUnavailable as error:
        what = _SEEN.get(error.trouble, "Redis refused a command" if error.is_answer else "Redis")
        otherwise = (
            f"Fix what the error says, or correct {where}."
            if error.is_answer
            else f"Start it, or correct {where}."
        )
        yield problem(f"{what}: {error}", _mended(error.trouble, where) or otherwise, "no-redis")
        return
    yield ok(f"Redis: {version}", "redis")
    yield from _neighbours(others)


def _mended(trouble: str, where: str) -> str:
    """What to do about a Redis that answers but refuses; "" if unknown. `where`: the setting that names it."""
    match trouble:
        case "read-only":
            return f"Point {where} to the master, or make this server the master (REPLICAOF NO ONE)."
        case "full":
            return "Its memory is full: raise maxmemory or free some memory."
        case "password":
            return f"It expects a different password: correct the one in {where}."
        case "right":
            return (
                f"Give the Redis user in {where} the permission (ACL SETUSER), for every key and every channel, "
                "or use another user there."
            )
        case "starting":
            return "Wait until it has loaded its data."
        case "clients":
            return "Raise maxclients, or close some of its connections (CLIENT LIST)."
        case _:
            return ""


def _neighbours(others: Iterable[Project]) -> Iterator[Finding]:
    """Report other projects on the same Redis: their namespaces separate them, but they may share Dramatiq's queues."""
    for other in others:
        yield note(
            f"Redis: project {other.label} on {other.host} also uses it (namespace {other.namespace}, "
            f"queue {other.queue}); this one is {conf.NAMESPACE}; neither can see the other's logs",
            "If both use the same broker and queue, their workers get each other's wake-ups and put them back, which "
            'takes time: set DRAMATIQ_BROKER["OPTIONS"]["namespace"] or LOGTAIL["QUEUE"] in one of them. If it is the '
            "same project, its SECRET_KEY or namespace differs from the one here.",
            "redis",
        )


async def examine_channel_layer() -> list[Finding]:
    with _quiet("channels_redis"):
        return await _examine_channel_layer()


@contextlib.contextmanager
def _quiet(name: str) -> Iterator[None]:
    """Without what this library logs: a finding reports what fails, and its tracebacks would come between findings."""
    library = logging.getLogger(name)
    level = library.level
    library.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        library.setLevel(level)


async def _examine_channel_layer() -> list[Finding]:
    mailboxes = LayerMailboxes()
    sent = Echo(os.urandom(64))
    where = f"CHANNEL_LAYERS[{conf.CHANNEL_LAYER!r}]"
    advice, layer = f"Start its Redis, or correct {where}.", "channel-layer"
    began = time.monotonic()
    try:
        mailbox = await mailboxes.new()
        receiving = asyncio.ensure_future(mailboxes.receive(mailbox))
        await mailboxes.send(mailbox, sent)
        try:
            async with time_limit(ANSWER_SECONDS):
                received = await receiving
        finally:
            receiving.cancel()
    except MailboxUnavailable as error:
        return [problem(f"channel layer: {error}", _mended(error.trouble, where) or advice, layer)]
    except asyncio.TimeoutError:
        return [
            problem(f"channel layer: a message did not come back within {ANSWER_SECONDS:g} s", advice, layer)
        ]
    if received != sent:
        return [problem("channel layer: a message came back altered", advice, layer)]
    return [ok(f"channel layer: a message came back in {(time.monotonic() - began) * 1000:.0f} ms", layer)]
