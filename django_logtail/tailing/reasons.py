"""Why a file is not read: a code with its details, made into a sentence only for whom it is told to.

A reader knows paths, owners and users of its host, and they are for staff. So a reason travels as one text of a code
and its details, and whoever shows it says for whom: `in_full` for staff, terminals and logs, `in_short` for others.
Texts that are no such reason pass unchanged: they must name nothing of the host. Knows no framework.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl, urlencode

_MARK: Final = "reason:"

#: By code the sentence for everybody, and the one for staff, which has the details in braces.
REASONS: Final[Mapping[str, tuple[str, str]]] = {
    "outside": (
        "it lies outside the directories that may be read",
        'path {path} is outside LOGTAIL["ROOTS"]',
    ),
    "not-permitted": (
        "the reader is not allowed to open it",
        "owned by {owner}, mode {mode}, reader runs as {reader}",
    ),
    "not-searchable": (
        "the reader is not allowed to open its directory",
        "its directory cannot be searched, reader runs as {reader}",
    ),
    "redis": ("the server cannot reach Redis", "{error}"),
    "redis-refuses": ("Redis refuses what the server asks", "Redis answered: {error}"),
    "other-version": (
        "the reader is {age} than this web process",
        "the reader on {host} is {age} than this web process",
    ),
    "garbled": (
        "the reader sends what this web process cannot read",
        "the reader on {host} sends what this web process cannot read: {error}",
    ),
    "system": ("{error}", "{error}: {path}"),
}
#: Said to others of a reason that this version does not know: a newer reader has sent it.
UNKNOWN: Final = "for a reason that an administrator can see"


def reason(code: str, **details: str) -> str:
    """The text that travels. `code` is one of REASONS."""
    return f"{_MARK}{code}?{urlencode(details, errors='surrogateescape')}"


def reason_of(error: Exception) -> str:
    """Why an exception came: the words of one of ours, and of the system's without the path in everybody's."""
    if not isinstance(error, OSError):
        return str(error.args[0]) if error.args else str(error)
    words = os.strerror(error.errno).lower() if error.errno else type(error).__name__
    return reason("system", error=words, path=os.fsdecode(error.filename)) if error.filename else words


def in_full(text: str) -> str:
    """With all that is known: for staff, terminals and logs."""
    return _sentence(text, 1) or text


def in_short(text: str) -> str:
    """Without what is of the host: for everybody."""
    return _sentence(text, 0) or UNKNOWN if text.startswith(_MARK) else text


def _sentence(text: str, which: int) -> str:
    """ "" for what is none of REASONS."""
    if not text.startswith(_MARK):
        return ""
    code, _, query = text.removeprefix(_MARK).partition("?")
    if code not in REASONS:
        return ""
    details = dict(parse_qsl(query, keep_blank_values=True, errors="replace"))
    shown = {name: repr(value) if name == "path" else value for name, value in details.items()}
    try:
        return REASONS[code][which].format_map(shown)
    except KeyError:  # a detail that this version expects and the reader's does not have
        return ""
