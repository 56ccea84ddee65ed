"""What connects web processes and workers: Redis and the channel layer."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings

from django_logtail.conf import conf
from django_logtail.control import ControlUnavailable, Lacking, Project
from django_logtail.control.layer import LayerMailboxes
from django_logtail.control.mailboxes import MailboxUnavailable
from django_logtail.control.messages import Echo
from django_logtail.control.process import control
from django_logtail.control.rights import lacked
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
        lacking = control().lacks()
    except ControlUnavailable as error:
        yield _refused(error, "", where, lambda: control().lacks())
        return
    if lacking.rights:
        yield _without_rights("Redis", lacking)
        return
    seen = "" if version == "unknown" else f"{version} at "  # many Redis users may not ask for it
    yield ok(f"Redis: {seen}{control().where}", "redis")
    yield from _neighbours(others)


def examine_broker() -> Iterator[Finding]:
    """The Redis of the broker, which carries the wake-ups. Another broker is not examined."""
    import dramatiq  # not at the top: dramatiq must not create a default broker before the apps are loaded

    from django_logtail.control import broker

    used = dramatiq.get_broker()
    if not broker.address(used):
        return
    try:
        broker.look(used, conf.QUEUE)
        lacking = broker.lacks(used)
    except ControlUnavailable as error:
        yield _refused(error, "broker: ", "the URL in DRAMATIQ_BROKER", lambda: broker.lacks(used))
        return
    if set(lacking.rights) == {broker.RESCUE}:
        found = _without_rights("broker: Redis", lacking)
        text = f"{found.text}; Dramatiq uses it to give the tasks of a worker that died to another one"
        yield replace(found, mark="note", text=text)
    elif lacking.rights:
        yield _without_rights("broker: Redis", lacking)
    else:
        yield ok(f"broker: Redis at {broker.address(used)}", "broker")


def _refused(error: ControlUnavailable, about: str, where: str, lacks: Callable[[], Lacking]) -> Finding:
    """What Redis said, and what to do. `where`: the setting that names it."""
    if error.trouble == "right":
        with contextlib.suppress(ControlUnavailable):
            if (lacking := lacks()).rights:
                return _without_rights(f"{about}Redis", lacking)
    what = _SEEN.get(error.trouble, "Redis refused a command" if error.is_answer else "Redis")
    otherwise = (
        f"Fix what the error says, or correct {where}."
        if error.is_answer
        else f"Start it, or correct {where}."
    )
    advice = _mended(error.trouble, where) or otherwise
    return problem(f"{about}{what}: {error}", advice, _id_of(error.trouble))


def _id_of(trouble: str) -> str:
    return f"redis-{trouble}" if trouble else "no-redis"


def _without_rights(what: str, lacking: Lacking) -> Finding:
    rights = " ".join(lacking.rights)
    return problem(
        f"{what} denies its user {lacking.user!r} {rights}",
        "Run this in redis-cli as an administrator, and add it to the file that defines the user. "
        "“Use the Redis you have” in the documentation lists all rights.",
        "redis-right",
        f"ACL SETUSER {lacking.user} {rights}",
    )


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
        if error.trouble == "right" and (right := lacked(str(error), _prefix())):
            return [_without_rights("channel layer: Redis", Lacking(_layers_user(), (right,)))]
        advice = _mended(error.trouble, where) or advice
        return [problem(f"channel layer: {error}", advice, _id_of(error.trouble) if error.trouble else layer)]
    except asyncio.TimeoutError:
        return [
            problem(f"channel layer: a message did not come back within {ANSWER_SECONDS:g} s", advice, layer)
        ]
    if received != sent:
        return [problem("channel layer: a message came back altered", advice, layer)]
    return [ok(f"channel layer: a message came back in {(time.monotonic() - began) * 1000:.0f} ms", layer)]


def _layer() -> Mapping[str, Any]:
    layers: Mapping[str, Any] = settings.CHANNEL_LAYERS
    found: Mapping[str, Any] = layers[conf.CHANNEL_LAYER].get("CONFIG", {})
    return found


def _prefix() -> str:
    """How the names of the layer's channels and keys begin."""
    return str(_layer().get("prefix", "asgi"))


def _layers_user() -> str:
    """The layer's Redis user, as its settings name it."""
    host: Any = next(iter(_layer().get("hosts", [])), "")
    if isinstance(host, Mapping):
        if name := host.get("username"):
            return str(name)
        host = host.get("address", "")
    return (urlsplit(host).username if isinstance(host, str) else None) or "default"
