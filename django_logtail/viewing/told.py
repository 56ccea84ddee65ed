"""What a viewer is told of a host: all of it who looks after it, and others what is the log's own.

Every text frame on its way to a viewer passes here, and nothing else decides. Paths, owners and names of hosts and
queues are for those whom `AccessPolicy.sees_host` names, by default staff.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from django_logtail.protocol import encode_message
from django_logtail.tailing.reasons import in_full, in_short

#: What others get of the messages that speak of a host, by type. A field that is new here is not theirs at once.
_FIELDS: Final[Mapping[str, frozenset[str]]] = {
    "hello": frozenset({"type", "protocol", "session", "log", "name", "encoding", "can"}),
    "event": frozenset(
        {
            *("type", "kind", "file", "offset", "before", "size", "resumed", "name", "old_size", "to"),
            *("continued", "what", "reason", "text", "level", "at"),
        }
    ),
    "status": frozenset({"type", "state", "reason", "size", "rate", "behind", "last_byte_at"}),
    "error": frozenset({"type", "request", "id", "text"}),
    "progress": frozenset({"type", "request", "at", "end", "reason"}),
    "end": frozenset({"type", "reason", "text", "may_retry", "limit"}),
}
_PREFIXES: Final = tuple(f'{{"type":"{kind}"' for kind in _FIELDS)


def told(frame: bytes | str, *, sees_host: bool) -> bytes | str:
    """The frame as this viewer may have it."""
    if isinstance(frame, bytes) or not frame.startswith(_PREFIXES):
        return frame
    fields = json.loads(frame)
    kind = fields.pop("type")
    return encode_message(kind, **told_fields(kind, fields, sees_host=sees_host))


def told_fields(kind: str, fields: Mapping[str, Any], *, sees_host: bool) -> dict[str, Any]:
    """The same for a message that is not encoded yet."""
    said = in_full if sees_host else in_short
    kept = {name: value for name, value in fields.items() if sees_host or name in _FIELDS[kind]}
    return {name: _told_value(kind, name, value, said, sees_host) for name, value in kept.items()}


def told_reason(text: str, *, sees_host: bool) -> str:
    """A reason as a sentence."""
    return in_full(text) if sees_host else in_short(text)


def _told_value(kind: str, name: str, value: Any, said: Callable[[str], str], sees_host: bool) -> Any:
    if not isinstance(value, str):
        return value
    if name in ("reason", "text", "what"):
        return said(value)
    if kind == "event" and name == "name" and not sees_host:
        return PurePosixPath(value).name  # where an older generation went may be another directory
    return value
