"""The message limits of this host's ASGI servers, and how to set them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from django.conf import settings

from django_logtail.operating import servers
from django_logtail.operating.doctor.findings import Finding, note, ok
from django_logtail.protocol import MAX_CLIENT_MESSAGE_BYTES, MOST_MESSAGE_BYTES

_LONGEST: Final = MAX_CLIENT_MESSAGE_BYTES


def examine_servers() -> Iterator[Finding]:
    """Report the message limit of each server running here: it keeps a message in memory before we see any of it."""
    path = getattr(settings, "ASGI_APPLICATION", None)
    found = list(servers.running(path, _directories())) if path else []
    if not found:
        text = "servers: no running server of this project was found on this host, so its message limit is unknown"
        yield note(text, f"Start them with {_limits()}.", "servers")
    for server in found:
        who = f"server: {server.name} (process {server.pid})"
        if server.most_bytes is None:
            yield note(
                f"{who}: its message limit is unknown", f"Set it: {_limits([server.name])}.", "servers"
            )
        elif server.most_bytes > MOST_MESSAGE_BYTES and server.name == "uvicorn":
            text = f"{who} accepts messages of at most {MOST_MESSAGE_BYTES} bytes on this app's sockets"
            yield ok(
                f"{text} because the app limits them, and {server.most_bytes} bytes on others", "servers"
            )
        elif server.most_bytes > MOST_MESSAGE_BYTES and server.name == "granian":
            text = (
                f"{who} accepts messages of {server.most_bytes} bytes; the longest valid one has {_LONGEST}"
            )
            yield note(
                text,
                "granian has no option for this; limit each client's connections in the proxy.",
                "servers",
            )
        elif server.most_bytes > MOST_MESSAGE_BYTES:
            text = (
                f"{who} accepts messages of {server.most_bytes} bytes; the longest valid one has {_LONGEST}"
            )
            yield note(text, f"Start it with {_limits([server.name])}.", "servers")
        else:
            yield ok(f"{who} accepts messages of at most {server.most_bytes} bytes", "servers")


def _directories() -> set[Path]:
    """Where a server of this project would run: this process's directory, or one that contains its modules."""
    found = [Path.cwd(), Path(sys.argv[0]).parent, *map(Path, sys.path)]
    if base := getattr(settings, "BASE_DIR", None):
        found.append(Path(base))
    return {path.resolve() for path in found}


def _limits(names: Iterable[str] = servers.LIMITS) -> str:
    """The options that limit messages."""
    options = {
        "uvicorn": f"uvicorn --ws-max-size {MOST_MESSAGE_BYTES}",
        "daphne": f"daphne --websocket-max-message-size {MOST_MESSAGE_BYTES}",
        "hypercorn": f"websocket_max_message_size = {MOST_MESSAGE_BYTES} in hypercorn's configuration file",
    }
    return ", ".join(options[name] for name in names if name in options)
