"""Prove an installation step by step, from the settings to the first byte of each log.

Nothing of the app's tasks is imported at the top: dramatiq would make a default broker.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.checks import ERROR, run_checks
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError
from django.urls import NoReverseMatch, reverse
from django.utils.module_loading import import_string

from django_logtail.conf import conf
from django_logtail.control import Control, ControlUnavailable, Project
from django_logtail.control.mailboxes import LayerMailboxes, MailboxUnavailable
from django_logtail.control.messages import Echo
from django_logtail.control.process import control
from django_logtail.models import Log, first_of_each_file
from django_logtail.operating import servers
from django_logtail.operating.tables import waiting_migrations
from django_logtail.protocol import MAX_CLIENT_MESSAGE_BYTES, MOST_MESSAGE_BYTES, PROTOCOL_VERSION
from django_logtail.relay import Relay
from django_logtail.relay.feed import Feed
from django_logtail.relay.here import new_relay
from django_logtail.tailing.files.opening import user_name
from django_logtail.tailing.files.roots import mistake_in
from django_logtail.tailing.reasons import in_full
from django_logtail.timing import end_tasks, time_limit

#: Seconds the ASGI application and the channel layer have for one answer; both are on this machine's network.
ANSWER_SECONDS = 5.0
#: States of a feed in which no reader has said anything yet.
_UNANSWERED = frozenset({"waiting", "no-reader", "no-redis"})
_LONGEST: Final = MAX_CLIENT_MESSAGE_BYTES


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report: how it is, what was seen, what to do."""

    mark: str
    text: str
    advice: str = ""

    @property
    def is_problem(self) -> bool:
        return self.mark == "PROBLEM"


def ok(text: str) -> Finding:
    return Finding("ok", text)


def note(text: str, advice: str = "") -> Finding:
    return Finding("note", text, advice)


def problem(text: str, advice: str) -> Finding:
    return Finding("PROBLEM", text, advice)


def examine(seconds: float) -> Iterator[Finding]:
    """All steps in order. A step that the later ones build on ends the examination when it fails."""
    for step in (_settings, _database):
        findings = list(step())
        yield from findings
        if any(finding.is_problem for finding in findings):
            return
    yield from _doubles()
    yield from asyncio.run(_socket())
    yield from _servers()
    if conf.READER == "dramatiq":
        findings = [*_redis(), *asyncio.run(_channel_layer())]
        yield from findings
        if any(finding.is_problem for finding in findings):
            return
    first = first_of_each_file()
    # The others are reported as doubles already.
    logs = [log for log in Log.objects.filter(enabled=True) if first.get(log.file_key, log.pk) == log.pk]
    if conf.READER == "local":
        yield ok(
            'LOGTAIL["READER"] is "local": no Redis and no worker are needed; '
            f"files are read here as user {user_name(os.geteuid())}"
        )
        elsewhere = sorted({log.queue_name for log in logs} - {conf.QUEUE})
        if elsewhere:
            yield note(
                f"queues {', '.join(elsewhere)}: a local reader reads their logs on this host",
                'Set LOGTAIL["READER"] to "dramatiq" if another host has them.',
            )
    yield from asyncio.run(_readers(logs, seconds))


def _settings() -> Iterator[Finding]:
    found = [message for message in run_checks(tags=["logtail"]) if not message.is_silenced()]
    for message in found:
        make = problem if message.level >= ERROR else note
        yield make(f"{message.id}: {message.msg}", message.hint or "")
    if not found:
        yield ok("settings: every check passes")


def _database() -> Iterator[Finding]:
    try:
        waiting = waiting_migrations()
    except (DatabaseError, ImproperlyConfigured) as error:
        yield problem(f"database: {error}", "Correct DATABASES, or start the database.")
        return
    if waiting:
        yield problem(f"database: not migrated: {', '.join(waiting)}", "Run manage.py migrate.")
        return
    enabled, off = Log.objects.filter(enabled=True).count(), Log.objects.filter(enabled=False).count()
    if enabled:
        yield ok(f"database: {enabled} enabled log(s), {off} disabled")
    else:
        yield note("database: no log is enabled", "Register one in the admin or with manage.py logtail_add.")


def _doubles() -> Iterator[Finding]:
    """Rows that name a file which an older row names: nobody validated them."""
    first = first_of_each_file()
    rows = {row.pk: row for row in Log.objects.order_by("pk")}
    for row in rows.values():
        if (read := first.get(row.file_key, row.pk)) != row.pk:
            yield problem(
                f"log {row.slug}: the log {rows[read].slug} has the file {row.path} already, and only that one is read",
                "Delete one of the two, or correct its path or queue.",
            )


async def _socket() -> list[Finding]:
    """Shake hands with the host's ASGI application as a client with a wrong ticket, and expect to be told so."""
    path = getattr(settings, "ASGI_APPLICATION", None)
    if not path:
        return [note("sockets: ASGI_APPLICATION is not set, so they were not tried")]
    advice = "In that file: application = with_logtail(get_asgi_application())."
    try:
        application = import_string(path)
    except Exception as error:  # noqa: BLE001 - whatever the host's module raises
        return [problem(f"sockets: ASGI_APPLICATION {path!r}: {_seen(error)}", "Correct it.")]
    try:
        address = reverse("logtail:socket", args=["doctor"])
    except NoReverseMatch:
        return [note("sockets: the pages are not in ROOT_URLCONF, so they were not tried")]
    try:
        async with time_limit(ANSWER_SECONDS):
            answer = await _shake_hands(application, address)
    except Exception as error:  # noqa: BLE001 - whatever the host's application raises for a socket it does not know
        return [problem(f"sockets: {path} does not take WebSockets of this app ({_seen(error)})", advice)]
    if answer != "bad-ticket":
        return [problem(f"sockets: {path} answered a WebSocket of this app with {answer!r}", advice)]
    return [ok(f"sockets: {path} answers at {address}")]


def _servers() -> Iterator[Finding]:
    """How long a message the servers that run here take: they keep it in memory before anything of ours sees it."""
    path = getattr(settings, "ASGI_APPLICATION", None)
    found = list(servers.running(path, _directories())) if path else []
    if not found:
        text = (
            "servers: none of this project is seen on this host, so their limit for messages cannot be told"
        )
        yield note(text, f"Start them with {_limits()}.")
    for server in found:
        who = f"server: {server.name} (process {server.pid})"
        if server.most_bytes is None:
            yield note(f"{who}: its limit for messages cannot be told", f"Set it: {_limits([server.name])}.")
        elif server.most_bytes > MOST_MESSAGE_BYTES and server.name == "uvicorn":
            text = f"{who} takes messages of at most {MOST_MESSAGE_BYTES} bytes on this app's sockets"
            yield ok(f"{text}, because the app sees to that, and {server.most_bytes} on others")
        elif server.most_bytes > MOST_MESSAGE_BYTES and server.name == "granian":
            text = f"{who} takes messages of {server.most_bytes} bytes; the longest legal one has {_LONGEST}"
            yield note(text, "It has no option for that: limit the connections of one client in the proxy.")
        elif server.most_bytes > MOST_MESSAGE_BYTES:
            text = f"{who} is set up for messages of {server.most_bytes} bytes; the longest legal one has {_LONGEST}"
            yield note(text, f"Start it with {_limits([server.name])}.")
        else:
            yield ok(f"{who} takes messages of at most {server.most_bytes} bytes")


def _directories() -> set[Path]:
    """Where a server of this project works: where this process does, or where its modules are."""
    found = [Path.cwd(), Path(sys.argv[0]).parent, *map(Path, sys.path)]
    if base := getattr(settings, "BASE_DIR", None):
        found.append(Path(base))
    return {path.resolve() for path in found}


def _limits(names: Iterable[str] = servers.LIMITS) -> str:
    """The options for whoever starts a server."""
    options = {
        "uvicorn": f"uvicorn --ws-max-size {MOST_MESSAGE_BYTES}",
        "daphne": f"daphne --websocket-max-message-size {MOST_MESSAGE_BYTES}",
        "hypercorn": f"websocket_max_message_size = {MOST_MESSAGE_BYTES} in hypercorn's configuration file",
    }
    return ", ".join(options[name] for name in names if name in options)


def _seen(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


async def _shake_hands(application: Callable[..., Awaitable[None]], path: str) -> str:
    """The reason that the viewer's last message gives, or what came in its place."""
    hello = {"type": "hello", "protocol": PROTOCOL_VERSION, "ticket": "doctor", "lines": 0, "resume": None}
    incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    incoming.put_nowait({"type": "websocket.connect"})
    incoming.put_nowait({"type": "websocket.receive", "text": json.dumps(hello)})
    answers: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    hosts = [name.lstrip(".") for name in settings.ALLOWED_HOSTS if name != "*"]
    host = (hosts or ["localhost"])[0].encode()
    scope = {
        "type": "websocket",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "ws",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [
            (b"host", host),
            (b"origin", b"http://" + host),  # Channels' validators let nobody in without
            (b"cookie", f"{settings.SESSION_COOKIE_NAME}=doctor".encode()),
        ],
        "subprotocols": [],
        "client": ("127.0.0.1", 0),
        "server": ("127.0.0.1", 80),
        "state": {},
    }
    served = asyncio.ensure_future(application(scope, incoming.get, answers.put))
    try:
        while True:
            answer = asyncio.ensure_future(answers.get())
            await asyncio.wait({answer, served}, return_when=asyncio.FIRST_COMPLETED)
            if not answer.done():
                answer.cancel()
                served.result()
                return "nothing"
            message = answer.result()
            if message["type"] == "websocket.send" and message.get("text"):
                return str(json.loads(message["text"]).get("reason"))
            if message["type"] != "websocket.accept":
                return str(message["type"])
    finally:
        await end_tasks([served], ANSWER_SECONDS)


def _redis() -> Iterator[Finding]:
    where = 'LOGTAIL["REDIS_URL"]' if conf.REDIS_URL else "the URL in DRAMATIQ_BROKER"
    try:
        version = control().ping()
        others = control().introduce()
    except ControlUnavailable as error:
        what = {"read-only": "Redis is a read-only replica", "password": "Redis refuses the password"}
        said = f"{what.get(error.trouble, 'Redis')}: {error}"
        yield problem(said, _mended(error.trouble, where) or f"Start it, or correct {where}.")
        return
    yield ok(f"Redis: {version}")
    yield from _neighbours(others)


def _mended(trouble: str, where: str) -> str:
    """What to do about a Redis that answers and refuses; "" when nothing is known. `where`: what names it."""
    match trouble:
        case "read-only":
            return f"Have {where} name the master, or make this server one (REPLICAOF NO ONE)."
        case "full":
            return "Its memory is full: raise maxmemory, or free some."
        case "password":
            return f"It wants another password: correct the one in {where}."
    return ""


def _neighbours(others: Iterable[Project]) -> Iterator[Finding]:
    """Other projects on the same Redis: kept apart by their namespaces, but Dramatiq's queues may be one."""
    for other in others:
        yield note(
            f"Redis: project {other.label} on {other.host} uses it as well (namespace {other.namespace}, "
            f"queue {other.queue}); this one is {conf.NAMESPACE}, and neither sees anything of the other's logs",
            "If both have the same broker and queue, their workers put each other's wake-ups back, which takes time: "
            'set DRAMATIQ_BROKER["OPTIONS"]["namespace"] or LOGTAIL["QUEUE"] in one of them. If it is no other '
            "project, its SECRET_KEY or its namespace is not the same as here.",
        )


async def _channel_layer() -> list[Finding]:
    mailboxes = LayerMailboxes()
    sent = Echo(os.urandom(64))
    where = f"CHANNEL_LAYERS[{conf.CHANNEL_LAYER!r}]"
    advice = f"Start its Redis, or correct {where}."
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
        return [problem(f"channel layer: {error}", _mended(error.trouble, where) or advice)]
    except asyncio.TimeoutError:
        return [problem(f"channel layer: a message did not come back within {ANSWER_SECONDS:g} s", advice)]
    if received != sent:
        return [problem("channel layer: a message came back changed", advice)]
    return [ok(f"channel layer: a message came back in {(time.monotonic() - began) * 1000:.0f} ms")]


async def _readers(logs: Iterable[Log], seconds: float) -> list[Finding]:
    """Ask for every log as a viewer's page does, and see what its reader says of it."""
    by_queue: dict[str, list[Log]] = {conf.QUEUE: []}
    for log in logs:
        by_queue.setdefault(log.queue_name, []).append(log)
    relay = new_relay()
    relay.start()
    # Logs that no row has, one a queue: asking for them shows whether a reader answers, and opens no file.
    viewers = [
        relay.feeds.join(str(-number), queue, lines=0, resume=None) for number, queue in enumerate(by_queue)
    ]
    asked = {queue: viewer.feed for queue, viewer in zip(by_queue, viewers, strict=True)}
    feeds: dict[int, Feed] = {}
    for log in logs:
        viewer = relay.feeds.join(str(log.pk), log.queue_name, lines=0, resume=None, revision=log.revision)
        viewers.append(viewer)
        feeds[log.pk] = viewer.feed
    deadline = time.monotonic() + seconds
    # Polled, because a feed tells its own viewers of news and this looks at many.
    while _is_waiting([*asked.values(), *feeds.values()]) and time.monotonic() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    findings = []
    for queue, feed in asked.items():
        findings.append(_answer(queue, feed, seconds))
        if feed.state not in _UNANSWERED:
            findings += [_state(log, feeds[log.pk]) for log in by_queue[queue]]
        elif by_queue[queue]:
            findings.append(note(f"queue {queue}: its {len(by_queue[queue])} log(s) were not looked at"))
    await _leave(relay, [viewer.feed for viewer in viewers])
    return findings


def _is_waiting(feeds: Iterable[Feed]) -> bool:
    return any(feed.state in _UNANSWERED for feed in feeds)


async def _leave(relay: Relay, feeds: list[Feed]) -> None:
    """Take the wants back, so that the reader closes the files now and not when they lapse."""
    await relay.close()
    if conf.READER == "local":
        return
    posts: Control = control()
    for queue in {feed.queue for feed in feeds}:
        members = [feed.member for feed in feeds if feed.queue == queue]
        with contextlib.suppress(ControlUnavailable):  # they lapse by themselves
            await asyncio.to_thread(posts.post, queue, [], [], members)


def _answer(queue: str, feed: Feed, seconds: float) -> Finding:
    if feed.state not in _UNANSWERED:
        return ok(f"queue {queue}: a reader answers on {feed.host}")
    if feed.state == "no-redis":
        return problem(
            f"queue {queue}: {in_full(feed.reason)}", "Run this command again; Redis answered a moment ago."
        )
    if feed.reason:
        return problem(
            f"queue {queue}: {in_full(feed.reason)}", "Give web processes and workers the same settings."
        )
    return problem(
        f"queue {queue}: no reader answered within {seconds:g} s",
        f"On the host that has the files: manage.py rundramatiq --queues {queue} --processes 1 --threads 2; "
        "if one runs, restart it: it may be of an older release",
    )


def _state(log: Log, feed: Feed) -> Finding:
    where = f"log {log.slug}: {log.path} on {feed.host}"
    match feed.state:
        case "live":
            return ok(f"{where}: {feed.size or 0} bytes")
        case "missing":
            return note(f"{where}: there is no such file", "It is followed as soon as it appears.")
        case "stopped":
            return note(
                f"{where}: the stop flag is set ({feed.reason})", "It is read again once that is cleared."
            )
        case "waiting" | "no-reader" | "no-redis":
            return problem(f"{where}: the reader said nothing of it", "Look at the worker's own log.")
        case "refused":
            return problem(
                f"{where}: {in_full(feed.reason)}", 'Correct the path, or LOGTAIL["ROOTS"] on that host.'
            )
        case "unreadable" if mistake_in(Path(log.path)):
            return problem(f"{where}: {in_full(feed.reason)}", "Correct the path.")
        case "unreadable":
            return problem(
                f"{where}: {in_full(feed.reason)}", "Give the reader's user the right to read the file."
            )
        case state:
            return problem(f"{where}: {state.replace('-', ' ')}: {in_full(feed.reason)}", "Correct the path.")
