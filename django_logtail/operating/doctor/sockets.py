"""Tests whether the project's ASGI application accepts viewers' WebSockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from django.conf import settings
from django.urls import NoReverseMatch
from django.utils import translation
from django.utils.module_loading import import_string

from django_logtail.causes import not_wrapped
from django_logtail.operating.doctor.addresses import path_of
from django_logtail.operating.doctor.findings import ANSWER_SECONDS, Finding, caused, note, ok, problem
from django_logtail.protocol import PROTOCOL_VERSION
from django_logtail.timing import end_tasks, time_limit


async def examine_sockets() -> list[Finding]:
    """Connect to the host's ASGI application as a client with an invalid ticket, and expect its refusal."""
    path = getattr(settings, "ASGI_APPLICATION", None)
    if not path:
        return [note("sockets: ASGI_APPLICATION is not set, so they were not tested", id="logtail.W006")]
    try:
        application = import_string(path)
    except Exception as error:  # noqa: BLE001 - the host's module may raise anything
        return [problem(f"sockets: ASGI_APPLICATION {path!r}: {_seen(error)}", "Correct it.", "sockets")]
    try:
        address = path_of("socket", "doctor")
    except NoReverseMatch:
        return [
            note("sockets: the pages are not in ROOT_URLCONF, so they were not tested", id="logtail.W005")
        ]
    try:
        async with time_limit(ANSWER_SECONDS):
            answer = await _shake_hands(application, address)
    except Exception as error:  # noqa: BLE001 - the host's application may raise anything for an unknown socket
        return [_not_wrapped(f"sockets: {path} does not accept this app's WebSockets ({_seen(error)})")]
    if answer != "bad-ticket":
        return [_not_wrapped(f"sockets: {path} answered this app's WebSocket with {answer!r}")]
    return [ok(f"sockets: {path} answers at {address}", "sockets")]


def _not_wrapped(seen: str) -> Finding:
    with translation.override(None):
        return caused(seen, not_wrapped())


def _seen(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


async def _shake_hands(application: Callable[..., Awaitable[None]], path: str) -> str:
    """The reason in the last message to the viewer, or what came instead."""
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
            (b"origin", b"http://" + host),  # required by Channels' validators
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
