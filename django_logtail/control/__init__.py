"""What web processes, readers and operators tell each other: the messages, and what stores them. Independent of Redis.

`in_redis` keeps them for readers in workers, `in_memory` for one in this process; `process` has this process' one
`Control`, whichever it is.
"""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from django_logtail import __version__
from django_logtail.control.wants import Want

#: Milliseconds a reader's lease lives unless renewed: 18 missed ticks, 4 at rest; a false take-over is harmless. With
#: the pause to the next post (0.4 s) and an idle worker's next look at its queue (1 s), viewers are back within 3.5 s.
READER_LEASE_MS: Final = 1_800
#: Milliseconds a web process' list of viewers lives, and the seconds between renewals.
VIEWERS_LEASE_MS: Final = 30_000
VIEWERS_SECONDS: Final = 10.0
#: Notes that may wait for a reader.
MOST_NOTES: Final = 100


class ControlUnavailable(Exception):
    """Redis did not answer, or did not do it. The text is the client library's.

    `trouble` says what is known of why: "read-only", "full", "password", "right" (its user may not do that),
    "starting" or "clients" (it takes no more of them); "" otherwise. `is_answer`: Redis was reached, and the text is
    what it said.
    """

    def __init__(self, text: str = "", trouble: str = "", *, is_answer: bool = False) -> None:
        super().__init__(text)
        self.trouble = trouble
        self.is_answer = is_answer


class WrongServer(ControlUnavailable):
    """Redis answered, but is no longer the right server: it was demoted, say. Other connections may lead there too."""


@dataclass(frozen=True, slots=True)
class ReaderLease:
    """The current reader of a queue. A message to its mailbox makes it look at the wants at once.

    `version` is its release; `speaks`, the version of its words (`wire.VERSION`), 0 if it is not one of our readers.
    """

    token: str
    host: str
    pid: int
    version: str
    mailbox: str = ""
    speaks: int = 1

    @classmethod
    def new(cls) -> ReaderLease:
        return cls(uuid.uuid4().hex, socket.gethostname() or "unknown", os.getpid(), __version__)


@dataclass(frozen=True, slots=True)
class Note:
    """A note from outside to everyone watching `log` ("*": any log): "deploy 4.2 started". `at`: Unix seconds."""

    log: str
    text: str
    level: str
    at: float


@dataclass(frozen=True, slots=True)
class ViewerFacts:
    """One viewer, for operators. `since`: Unix seconds; `user`: primary key; `address`: the peer's."""

    session: str
    user: str
    log: str
    since: float
    address: str


@dataclass(frozen=True, slots=True)
class Server:
    """A worker process that serves a queue. `is_named`: it was started with `--queues` for it."""

    host: str
    pid: int
    is_named: bool


@dataclass(frozen=True, slots=True)
class Project:
    """One that uses this Redis, as it calls itself; `queue` is its default one."""

    namespace: str
    label: str
    host: str
    queue: str


@dataclass(frozen=True, slots=True)
class FailedTask:
    """Something that a process does all the time, or did, and that failed. `at`: Unix seconds of the last time."""

    host: str
    pid: int
    task: str
    count: int
    error: str
    at: float


@dataclass(frozen=True, slots=True)
class Posted:
    """Answer to a post: the reader, whether to send a wake-up, and which renewed wants Redis no longer has."""

    reader: ReaderLease | None
    wake: bool
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """Up to where a reader knows the wants. Hand it to the next tick."""

    epoch: str = ""
    version: int = 0


@dataclass(frozen=True, slots=True)
class Tick:
    """Answer to a tick.

    `holds`: the caller is the reader. `ended`: it was, nothing was wanted, and the lease is freed. `changed` maps
    members to their want, or to None when it lapsed or was deleted; with `is_full` every other want is gone.
    `stops` is the stop flag: log id or "*" -> reason. `notes` are handed out once.
    """

    holds: bool
    ended: bool = False
    holder: ReaderLease | None = None
    seen: Seen = Seen()
    is_full: bool = False
    changed: Mapping[str, Want | None] = field(default_factory=dict)
    stops: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()


class Control(Protocol):
    """The same for a reader behind Redis and for one in this process.

    Calls are synchronous and short; code in an event loop runs them in a thread (`process.in_thread`). A call that
    cannot be answered raises `ControlUnavailable`.
    """

    #: How often a call of this process learnt that the server was lost, or is not the right one any more. Whoever has
    #: connections of another kind to it, which only publish or listen, is told by nothing else.
    losses: int

    def post(
        self, queue: str, wants: Iterable[Want], renewed: Iterable[str], dropped: Iterable[str]
    ) -> Posted: ...
    def tick(self, queue: str, lease: ReaderLease, seen: Seen, *, may_end: bool, starting: bool) -> Tick: ...
    def hand_over(self, queue: str, lease: ReaderLease) -> int: ...
    def report(self, queue: str, status: Mapping[str, object]) -> None: ...
    def status(self, queue: str) -> dict[str, Any] | None: ...
    def reader(self, queue: str) -> ReaderLease | None: ...
    def set_stop(self, queue: str, log: str, reason: str) -> None: ...
    def clear_stop(self, queue: str, log: str) -> bool: ...
    def stops(self, queue: str) -> dict[str, str]: ...
    def add_note(self, queue: str, note: Note) -> None: ...
    def report_viewers(self, process: str, viewers: list[ViewerFacts]) -> None: ...
    def viewers(self) -> list[ViewerFacts]: ...
    def failures(self) -> list[FailedTask]: ...
    def ignored(self) -> dict[str, int]: ...
    def introduce(self) -> list[Project]: ...
    def clock(self) -> float: ...
    def wanted(self, queue: str) -> set[str]: ...
    def serve(self, queue: str, server: Server) -> None: ...
    def serve_no_more(self, queue: str, server: Server) -> None: ...
    def servers(self, queue: str) -> list[Server]: ...
    def waiting(self, queue: str) -> str: ...
    def set_waiting(self, queue: str, name: str) -> None: ...
    def ping(self) -> str: ...
