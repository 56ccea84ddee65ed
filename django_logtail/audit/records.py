"""What is recorded, as the dicts that are logged and stored. `docs/howto/audit.md` documents each field.

A record is a `viewing` or an `event`, which begins; the `progress` of a viewing; or the `end` of either. What begins
has an id, so that storing it twice changes nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from typing import Any, Final, TypeAlias

Record: TypeAlias = dict[str, Any]

#: Characters kept of a text that comes from outside, such as a pattern or a reason.
MOST_CHARACTERS: Final = 500
#: Characters kept of a name or an address, as wide as their columns.
MOST_NAME_CHARACTERS: Final = 200


@dataclass(frozen=True, slots=True)
class Subject:
    """Who does something, with which log, and by which way. Texts, so that they outlive user and log.

    `user` and `log` are primary keys; `via` is "socket", "http", "admin", "command" or "server".
    """

    user: str = ""
    user_name: str = ""
    log: str = ""
    slug: str = ""
    log_name: str = ""
    address: str = ""
    via: str = ""


def viewing(subject: Subject, now: float, process: str) -> Record:
    """The begin of a viewing. `process`: which web process knows when it ends."""
    return {**_begun("viewing", subject, now), "process": process}


def event(
    action: str, subject: Subject, now: float, detail: Mapping[str, Any], viewing: str | None = None
) -> Record:
    """Something that was done, in a viewing or without one."""
    return {
        **_begun("event", subject, now),
        "action": action,
        "viewing": viewing,
        "detail": tidied(dict(detail)),
    }


def end(record: Record, outcome: str, now: float, **facts: Any) -> Record:
    """How what `record` began has ended. `facts`: any of code, bytes, hosts, ranges, exact, detail."""
    return {
        "kind": "end",
        "of": record["kind"],
        "id": record["id"],
        "at": _moment(now),
        "outcome": outcome,
        **tidied(facts),
    }


def progress(record: Record, now: float, **facts: Any) -> Record:
    """What a viewing that goes on has been delivered so far."""
    return {"kind": "progress", "id": record["id"], "at": _moment(now), **tidied(facts)}


def tidied(value: Any) -> Any:
    """The value with its texts cut, and without what a database can't store: NUL, and halves of surrogate pairs."""
    match value:
        case str():
            return _text(value, MOST_CHARACTERS)
        case dict():
            return {_text(str(name), MOST_NAME_CHARACTERS): tidied(one) for name, one in value.items()}
        case list() | tuple():
            return [tidied(one) for one in value]
        case None | bool() | int() | float():
            return value
        case _:
            return _text(str(value), MOST_CHARACTERS)


def _begun(kind: str, subject: Subject, now: float) -> Record:
    names = {name: _text(value, MOST_NAME_CHARACTERS) for name, value in asdict(subject).items()}
    return {"kind": kind, "id": str(uuid.uuid4()), "at": _moment(now), **names}


def _text(text: str, most: int) -> str:
    kept = text if len(text) <= most else text[: most - 1] + "…"
    return kept.encode(errors="replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")


def _moment(now: float) -> str:
    return datetime.fromtimestamp(now, timezone.utc).isoformat(timespec="milliseconds")
