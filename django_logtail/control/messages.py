"""Every message between readers, web processes and commands, with its encoding and decoding.

The dataclasses of this module are sent to mailboxes, in signed envelopes. Redis stores wants, leases, notes, reports
and lists of viewers, each a signed text. `tests/recorded_messages` has each of them from every version, so that a test
fails if one can no longer be read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeAlias

from django_logtail.conf import conf
from django_logtail.control import FailedTask, Note, ReaderLease, ViewerFacts
from django_logtail.control.wants import Sought, Want
from django_logtail.control.wire import (
    Malformed,
    NotOurs,
    Shape,
    TooNew,
    Unreadable,
    ignored,
    read_head,
    read_text,
    signed_text,
    written_head,
)
from django_logtail.place import Place
from django_logtail.signing import is_signed, signatures

# -- to mailboxes ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Batch:
    """Bytes of the log from `start` on. `run` and `number` place it in the flow, `serial` in the want's history.

    `hidden`: what was replaced in them, each a list of where it begins in `data`, its length, and its rule's name.
    """

    token: str
    run: int
    member: str
    serial: int
    number: int
    start: Place
    data: bytes
    is_partial: bool = False
    is_late: bool = False
    hidden: list[Any] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened between two bytes of the log: an event of `tailing.events`, or a note."""

    token: str
    run: int
    member: str
    serial: int
    number: int
    kind: str
    before: Place | None
    after: Place | None
    details: Mapping[str, Any]


class Beat(NamedTuple):
    """One flow's state: the items of `serial` that were sent, and its file's size and state."""

    run: int
    serial: int
    number: int
    size: int | None
    state: str
    reason: str


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A reader is alive. `flows`: by member, the `Beat` of those with something to report."""

    token: str
    host: str
    queue: str
    flows: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Nudge:
    """To a reader: the wants changed, look now."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes that answer a request for older content. `hidden`: as in `Batch`."""

    token: str
    member: str
    serial: int
    start: Place
    data: bytes
    hidden: list[Any] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Read:
    """The end of such an answer, which was the bytes [start.offset, end). `reason`: why the text ends there."""

    token: str
    member: str
    serial: int
    start: Place
    end: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found and how far it got: `hits` of `count` so far, at byte `at` of `end`.

    A hit is start, end, the parts of the line, and whether the line continues before and after them; in a search with
    an order also the level of its entry and the moment (in milliseconds since the epoch, or None), if known; and, if
    rules hide something in the parts, the list of that, each with its place and length in their characters, the rule's
    name, and its bytes in the file. `more`: it ended because there were too many. `reason`: why it is slow.

    A search with an order also says in which `file` the hits are, and its `name`; how many lines match in `total`;
    `place`, from where the rest can be searched, which goes with `count` and `total`; and which files were `unread`, at
    least in part. `ahead` is that place and the next files', each a list of name, file and offset.
    """

    token: str
    member: str
    serial: int
    hits: list[Any]
    count: int
    at: int
    end: int
    done: bool
    more: bool = False
    reason: str = ""
    file: str = ""
    name: str = ""
    total: int = 0
    place: Place | None = None
    unread: list[Any] = field(default_factory=list)
    ahead: list[Any] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Listed:
    """The log's files, oldest first, as the protocol has them; `more`: there are older ones."""

    token: str
    member: str
    serial: int
    files: list[Any]
    more: bool = False


@dataclass(frozen=True, slots=True)
class Reached:
    """The place of a moment. `result` is a word of the protocol; `ms`: the moment of the time `written` at `place`."""

    token: str
    member: str
    serial: int
    result: str
    place: Place | None
    written: str
    ms: int
    read: int


@dataclass(frozen=True, slots=True)
class Counted:
    """Entries over time: errors, warnings and others in each of the `columns` of [since, until), in milliseconds.

    Each message replaces the one before. `at` of `end`: lines read, of those to read at most. Without columns, no times
    were recognised. `place`: how far the newest file was counted.
    """

    token: str
    member: str
    serial: int
    since: int
    until: int
    columns: list[Any]
    is_estimated: bool
    at: int
    end: int
    done: bool
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """There is no answer. `error` is one of `reasons`; `id` is for programs."""

    token: str
    member: str
    serial: int
    error: str
    id: str = "not-there"


@dataclass(frozen=True, slots=True)
class Echo:
    """A message to oneself."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Several:
    """Messages to the same mailbox that are sent together: the head of each and how much of `data` is its own.

    A layer takes a message's length hardly into account, so that a few large ones cost much less than many small ones.
    """

    heads: list[Any]
    data: bytes


@dataclass(frozen=True, slots=True)
class Garbled:
    """Never sent: a mailbox returns it in place of a message of this project that it couldn't read.

    `host`, `queue` and `member` are "" if they couldn't be read either.
    """

    is_newer: bool
    text: str
    host: str = ""
    queue: str = ""
    member: str = ""


Answer: TypeAlias = Piece | Read | Found | Listed | Reached | Counted | Failed
Message: TypeAlias = (
    Batch
    | Event
    | Heartbeat
    | Nudge
    | Piece
    | Read
    | Found
    | Listed
    | Reached
    | Counted
    | Failed
    | Echo
    | Several
)

_KINDS: Final[dict[str, type[Any]]] = {
    "batch": Batch,
    "event": Event,
    "heartbeat": Heartbeat,
    "nudge": Nudge,
    "piece": Piece,
    "read": Read,
    "found": Found,
    "listed": Listed,
    "reached": Reached,
    "counted": Counted,
    "failed": Failed,
    "echo": Echo,
    "several": Several,
}
_SHAPES: Final[dict[str, Shape[Any]]] = {kind: Shape(made_of, kind) for kind, made_of in _KINDS.items()}
_NAMES: Final = {made_of: kind for kind, made_of in _KINDS.items()}
_NO_DATA: Final = b""


def encode(message: Message) -> tuple[str, bytes]:
    """The message's head, one JSON object, and its bytes, which are never encoded."""
    kind = _NAMES[type(message)]
    return written_head(kind, _SHAPES[kind].written(message)), getattr(message, "data", _NO_DATA)


def decode(head: str, data: bytes) -> Message:
    """The message. Raises `Malformed` and `TooNew`."""
    fields = read_head(head, "a message")
    shape = _SHAPES.get(str(fields.get("is")))
    if shape is None:
        raise Malformed(
            f"a message is {str(fields.get('is'))[:40]!r}, which this process does not know", fields
        )
    message: Message = shape.read(fields, data=data) if shape.has_data else shape.read(fields)
    return message


def together(messages: Iterable[Message]) -> Several:
    """One message for several."""
    encoded = [encode(message) for message in messages]
    return Several([[head, len(data)] for head, data in encoded], b"".join(data for _, data in encoded))


def apart(several: Several) -> Iterator[Message | Garbled]:
    """The messages that were sent together. Unusable ones are counted."""
    at = 0
    for part in several.heads:
        head, size = part if type(part) is list and len(part) == 2 else ("", 0)
        data = several.data[at : at + size] if type(size) is int and size > 0 else _NO_DATA
        at += len(data)
        try:
            message = decode(head, data)
            if isinstance(message, Several):
                raise Malformed("a message of several is itself one of several")
            yield message
        except (Malformed, TooNew) as error:
            yield _garbled(error)


def beats(heartbeat: Heartbeat) -> dict[str, Beat]:
    """A heartbeat's `Beat` for each member. Ignores extra elements of a `Beat`, and any `Beat` that lacks one."""
    found: dict[str, Beat] = {}
    for member, facts in heartbeat.flows.items():
        try:
            found[member] = beat = Beat(*facts[:6])
        except (TypeError, LookupError):  # KeyError: from Python 3.12 on, slices are hashable
            ignored.add("a log's state in a heartbeat", Malformed(f"{facts!r}"[:200]))
            continue
        if not all(isinstance(fact, kind) for fact, kind in zip(beat, _BEAT, strict=True)):
            ignored.add("a log's state in a heartbeat", Malformed(f"{facts!r}"[:200]))
            del found[member]
    return found


_BEAT: Final[tuple[Any, ...]] = (int, int, int, (int, type(None)), str, str)

#: The `type` in the dict that a channel layer requires. Never used for dispatch.
_TYPE: Final = "logtail.message"


def sealed(mailbox: str, message: Message) -> dict[str, Any]:
    """The message as a channel layer accepts it, signed for this one mailbox."""
    head, data = encode(message)
    envelope: dict[str, Any] = {"type": _TYPE, "head": head, "by": _signatures(mailbox, head, data)}
    if data:
        envelope["data"] = data
    return envelope


def opened(mailbox: str, envelope: object) -> Message | Garbled | None:
    """The message; None if it is not from this project. Unusable messages are counted."""
    said = envelope if isinstance(envelope, dict) else {}
    head, data, made = said.get("head"), said.get("data", _NO_DATA), said.get("by")
    try:
        if not (isinstance(head, str) and isinstance(data, bytes) and isinstance(made, Sequence)):
            raise NotOurs("it is not one of our envelopes")
        found = [signature for signature in made if isinstance(signature, bytes)]
        if not is_signed("mailbox", found, *_signed(mailbox, head, data)):
            raise NotOurs("its signature is not this project's, or was made for another mailbox")
        return decode(head, data)
    except NotOurs as error:
        ignored.add("a message in a mailbox", error)
        return None
    except (Malformed, TooNew) as error:
        return _garbled(error)


def _garbled(error: Malformed | TooNew) -> Garbled:
    ignored.add("a message in a mailbox", error)
    words = {name: _word(error.fields.get(name)) for name in ("host", "queue", "member")}
    return Garbled(isinstance(error, TooNew), str(error), **words)


def _signatures(mailbox: str, head: str, data: bytes) -> list[bytes]:
    return signatures("mailbox", *_signed(mailbox, head, data))


def _signed(mailbox: str, head: str, data: bytes) -> tuple[bytes, ...]:
    # The digest instead of the data, because it is computed once however many keys there are.
    digest = hashlib.sha256(data).digest() if data else _NO_DATA
    return conf.NAMESPACE.encode(), mailbox.encode(), head.encode(), digest


def _word(value: object) -> str:
    return value if isinstance(value, str) else ""


# -- in Redis --------------------------------------------------------------------------------------

_WANT: Final = Shape(Want, "a want")
_SOUGHT: Final = Shape(Sought, "what is sought")
_NOTE: Final = Shape(Note, "a note")
_VIEWER: Final = Shape(ViewerFacts, "a viewer")
_FAILED_TASK: Final = Shape(FailedTask, "a failure")


def want_text(queue: str, want: Want) -> str:
    """The want as text, signed for its queue and member: it is useless for another log, process, flow or mailbox."""
    fields = _WANT.written(want)
    for name in ("process", "log", "flow"):
        fields.pop(name, None)  # they are in the member
    if want.search is not None:
        fields["search"] = _SOUGHT.written(want.search)
    return signed_text("want", fields, queue, want.member)


def read_want(queue: str, member: str, text: str) -> Want:
    """Raises `Unreadable`."""
    fields = read_text("want", text, queue, member)
    try:
        process, log, flow = member.split("|")
    except ValueError:
        raise Malformed(f"a want's member is {member[:60]!r}", fields) from None
    search = fields.get("search")
    if search is not None:
        if not isinstance(search, dict):
            raise Malformed("a want: 'search' is not an object", fields)
        search = _SOUGHT.read(search)
    want = _WANT.read({**fields, "process": process, "log": log, "flow": flow, "search": search})
    if not all(isinstance(end, int) for end in want.late.values()):
        raise Malformed("a want: 'late' contains something other than numbers", fields)
    return want


def lease_text(queue: str, lease: ReaderLease) -> str:
    """The lease as text. It begins with the token and "|", which the scripts compare."""
    fields = {"host": lease.host, "pid": lease.pid, "release": lease.version, "mailbox": lease.mailbox}
    return lease.token + "|" + signed_text("lease", fields, queue, lease.token)


def read_lease(queue: str, text: str) -> ReaderLease:
    """The holder of the lease. Never fails: an unreadable lease has no mailbox, and `speaks` shows it."""
    token, _, rest = text.partition("|")
    try:
        fields: Mapping[str, Any] = read_text("lease", rest, queue, token)
    except TooNew as error:
        fields = error.fields
    except Unreadable as error:
        ignored.add("the lease of a queue", error)
        return ReaderLease(token, "", 0, "", speaks=0)
    words = {name: _word(fields.get(name)) for name in ("host", "release", "mailbox")}
    pid = fields.get("pid")
    return ReaderLease(
        token,
        words["host"],
        pid if isinstance(pid, int) else 0,
        words["release"],
        words["mailbox"],
        speaks=fields["v"],
    )


def note_text(queue: str, note: Note) -> str:
    return signed_text("note", _NOTE.written(note), queue)


def read_note(queue: str, text: str) -> Note:
    """Raises `Unreadable`."""
    return _NOTE.read(read_text("note", text, queue))


#: Viewings that one message ends at most; and characters of a reason.
MOST_ENDED: Final = 500
MOST_NOTE_CHARACTERS: Final = 200


def end_text(sessions: Sequence[str], note: str) -> str:
    """That these viewings end, and why. Their names are random and never used again: a replay ends nobody."""
    return signed_text("end", {"sessions": list(sessions), "note": note})


def read_end(text: str) -> tuple[list[str], str]:
    """What was passed to `end_text`. Raises `Unreadable`."""
    fields = read_text("end", text)
    sessions, note = fields.get("sessions"), fields.get("note")
    if not isinstance(sessions, list) or not isinstance(note, str) or len(sessions) > MOST_ENDED:
        raise Malformed("end: it needs sessions and a note", fields)
    return [name for name in sessions if isinstance(name, str) and name], note[:MOST_NOTE_CHARACTERS]


def report_text(queue: str, report: Mapping[str, object]) -> str:
    return signed_text("report", report, queue)


def read_report(queue: str, text: str) -> dict[str, Any] | None:
    """The report, or None if it can't be read; missing fields are treated as not reported."""
    try:
        fields = read_text("report", text, queue)
    except Unreadable as error:
        ignored.add("a reader's report", error)
        return None
    report = {**_BLANK_REPORT, **fields}
    del report["v"], report["is"]
    logs = report["logs"] if isinstance(report["logs"], dict) else {}
    report["logs"] = {log: {**_BLANK_LOG, **facts} for log, facts in logs.items() if isinstance(facts, dict)}
    return report


_BLANK_REPORT: Final = {
    "host": "",
    "pid": 0,
    "thread": "",
    "version": "",
    "since": 0.0,
    "logs": {},
    "ignored": {},
    "failures": [],
    "unsent": "",
}
_BLANK_LOG: Final = {"state": "", "reason": "", "size": None, "flows": 0, "rate": 0, "behind": 0}


def viewers_text(
    process: str,
    viewers: Sequence[ViewerFacts],
    counts: Mapping[str, int],
    failures: Sequence[FailedTask] = (),
) -> str:
    """The viewers of one web process, what it ignored, and what failed in it, as text."""
    fields = {
        "viewers": [_VIEWER.written(viewer) for viewer in viewers],
        "ignored": dict(counts),
        "failures": [_FAILED_TASK.written(failure) for failure in failures],
    }
    return signed_text("viewers", fields, process)


def read_failures(process: str, text: str) -> list[FailedTask]:
    """The failures that were passed to `viewers_text`."""
    try:
        return failed_tasks(read_text("viewers", text, process))
    except Unreadable:  # counted on reading the viewers
        return []


def failed_tasks(fields: Mapping[str, Any]) -> list[FailedTask]:
    """The failures in a report or a list of viewers, without unreadable ones."""
    found, said = [], fields.get("failures")
    for one in said if isinstance(said, list) else ():
        try:
            found.append(_FAILED_TASK.read(one))
        except (Malformed, AttributeError) as error:
            ignored.add("a failure in a list", Malformed(str(error)))
    return found


def read_viewers(process: str, text: str) -> tuple[list[ViewerFacts], dict[str, int]]:
    """The viewers and counts that were passed to `viewers_text`, without unreadable viewers."""
    try:
        fields = read_text("viewers", text, process)
    except Unreadable as error:
        ignored.add("a list of viewers", error)
        return [], {}
    found = []
    for one in fields.get("viewers", ()):
        try:
            found.append(_VIEWER.read(one))
        except (Malformed, AttributeError) as error:
            ignored.add("a viewer in a list", Malformed(str(error)))
    counts = fields.get("ignored")
    return found, counts if isinstance(counts, dict) else {}


# -- wake-ups --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WakeUp:
    """To a worker: read a queue. `at`: when it was sent, in seconds by `Control.clock`.

    `not_on`: the host whose reader left because it lacks a file.
    """

    namespace: str
    at: float
    not_on: str = ""


_WAKE_UP: Final = Shape(WakeUp, "a wake-up")


def wake_up_text(queue: str, wake_up: WakeUp) -> str:
    return signed_text("wake-up", _WAKE_UP.written(wake_up), queue)


def read_wake_up(queue: str, text: str) -> WakeUp:
    """Raises `Unreadable`; `NotOurs` for another project's."""
    return _WAKE_UP.read(read_text("wake-up", text, queue))
