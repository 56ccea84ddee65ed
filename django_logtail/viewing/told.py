"""What a viewer is told of a host: all of it who looks after it, and others what is the log's own.

Every frame on its way to a viewer passes here, and nothing else decides. Paths, owners and names of hosts and
queues are for those whom `AccessPolicy.sees_host` names, by default staff.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from django_logtail.protocol import Frame
from django_logtail.tailing.reasons import in_full, in_short

#: What others get of the messages that speak of a host, by type. A field that is new here is not theirs at once.
_FIELDS: Final[Mapping[str, frozenset[str]]] = {
    "hello": frozenset({"protocol", "session", "log", "name", "encoding", "can"}),
    "event": frozenset(
        {
            *("kind", "file", "offset", "before", "size", "resumed", "name", "old_size", "to"),
            *("continued", "what", "reason", "text", "level", "at"),
        }
    ),
    "status": frozenset({"state", "reason", "size", "rate", "behind", "last_byte_at"}),
    "error": frozenset({"request", "id", "text"}),
    "progress": frozenset({"request", "at", "end", "reason"}),
    "end": frozenset({"reason", "text", "may_retry", "limit"}),
}


def told(frame: Frame, *, sees_host: bool) -> Frame:
    """The frame as this viewer may have it: the same one, encoded for all of them, where there is nothing to change."""
    if frame.kind not in _FIELDS:
        return frame
    said = in_full if sees_host else in_short
    fields = {
        name: _told_value(frame.kind, name, value, said, sees_host)
        for name, value in frame.fields.items()
        if sees_host or name in _FIELDS[frame.kind]
    }
    return frame if fields == frame.fields else Frame(frame.kind, fields)


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
