"""What a viewer may know about a host: staff see everything, others only what belongs to the log.

Every frame on its way to a viewer passes through here; nothing else decides. Paths, owners and the names of hosts and
queues are for users whom `AccessPolicy.sees_host` allows, by default staff.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from django_logtail.protocol import Frame
from django_logtail.tailing.reasons import for_page, in_full, in_short

#: The fields that others get, by type of message. A new field, and a new type, is hidden until listed.
_FIELDS: Final[Mapping[str, frozenset[str]]] = {
    "hello": frozenset(
        {"protocol", "session", "log", "name", "encoding", "zone", "can", "resumes", "redacted", "original"}
    ),
    "event": frozenset(
        {
            *("kind", "file", "offset", "before", "size", "resumed", "name", "current", "old_size", "to"),
            *("continued", "complete", "what", "reason", "text", "level", "at"),
        }
    ),
    "status": frozenset({"state", "reason", "size", "rate", "behind", "last_byte_at"}),
    "error": frozenset({"request", "id", "text"}),
    "done": frozenset(
        {"request", "file", "start", "at", "end", "found", "count", "more", "unread", "reason"}
    ),
    "progress": frozenset({"request", "at", "end", "count", "unread", "reason"}),
    "end": frozenset({"reason", "text", "may_retry", "limit", "retry_after", "note"}),
    "batch": frozenset({"file", "start", "end", "partial", "late", "hidden", "request"}),
    "gap": frozenset({"file", "start", "end", "reason"}),
    "found": frozenset({"request", "file", "name", "hits"}),
    "files": frozenset({"request", "files", "more"}),
    "time": frozenset({"request", "result", "file", "offset", "written", "ms", "read"}),
    "volume": frozenset({"request", "from", "to", "columns", "estimated", "at", "end", "file", "offset"}),
}
#: The fields that may hold one of `reasons`: sent as a sentence, and again in `why`, so that a page can translate it.
_REASONS: Final = ("reason", "text", "what")


def told(frame: Frame, *, sees_host: bool) -> Frame:
    """The frame as this viewer may see it: the same one for all of whom the same is true, encoded once for them."""
    if frame.kind == "batch" and frame.fields.keys() <= _FIELDS["batch"]:
        return frame  # nothing in it depends on the viewer
    if frame.seen_as is None:
        frame.seen_as = {}
    if sees_host not in frame.seen_as:
        seen = _told(frame, sees_host)
        frame.seen_as[sees_host] = None if seen is frame else seen
    return frame.seen_as[sees_host] or frame


def _told(frame: Frame, sees_host: bool) -> Frame:
    said = in_full if sees_host else in_short
    listed = _FIELDS.get(frame.kind, frozenset())
    kept = {name: value for name, value in frame.fields.items() if sees_host or name in listed}
    fields = {name: _told_value(frame.kind, name, value, said, sees_host) for name, value in kept.items()}
    whys = [for_page(kept[name], is_full=sees_host) for name in _REASONS if isinstance(kept.get(name), str)]
    if why := next(filter(None, whys), None):
        fields["why"] = why
    return frame if fields == frame.fields else Frame(frame.kind, fields, frame.data)


def _told_file(file: Mapping[str, Any], sees_host: bool) -> dict[str, Any]:
    """One entry of a list of files: why it can't be read, in words."""
    text = file.get("reason")
    if not isinstance(text, str):
        return dict(file)
    why = for_page(text, is_full=sees_host)
    return {**file, "reason": (in_full if sees_host else in_short)(text), **({"why": why} if why else {})}


def told_reason(text: str, translate: Callable[[str], str], *, sees_host: bool) -> str:
    """A reason as a sentence, in the language of a request."""
    return in_full(text, translate) if sees_host else in_short(text, translate)


def _told_value(kind: str, name: str, value: Any, said: Callable[[str], str], sees_host: bool) -> Any:
    if name in ("unread", "files"):
        return [_told_file(file, sees_host) for file in value]
    if not isinstance(value, str):
        return value
    if name in _REASONS:
        return said(value)
    if kind == "event" and name == "name" and not sees_host:
        return PurePosixPath(value).name  # an older generation may have moved to another directory
    return value
