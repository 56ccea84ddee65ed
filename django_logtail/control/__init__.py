"""How web processes, readers and operators communicate: the messages, and their storage. Independent of Redis.

`in_redis` stores them for readers in workers, `in_memory` for a reader in this process; `process` has the process's
only `Control`, of either kind.
"""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from django_logtail import __version__
from django_logtail.control.limits import LimitCounts
from django_logtail.control.wants import Want

#: The version of all messages between processes. Raise it when older processes would misunderstand a new message; a new
#: field that they may ignore needs no new version.
VERSION: Final = 6
#: Milliseconds until a reader's lease expires unless renewed: two missed ticks; a mistaken take-over is harmless. With
#: the pause until the next post (0.4 s), viewers are back within 3.5 s; a second later if an idle worker hears no bell.
READER_LEASE_MS: Final = 2_500
#: Milliseconds until a web process's list of viewers expires, and the seconds between renewals.
VIEWERS_LEASE_MS: Final = 30_000
VIEWERS_SECONDS: Final = 10.0
#: Notes that may wait for a reader.
MOST_NOTES: Final = 100


class ControlUnavailable(Exception):
    """Redis did not answer, or refused. The text is the client library's.

    `trouble` is the cause, if known: "read-only", "full", "password", "right" (the Redis user lacks a permission),
    "starting" or "clients" (it accepts no more); otherwise "". `is_answer`: Redis was reached, and the text is its
    answer.
    """

    def __init__(self, text: str = "", trouble: str = "", *, is_answer: bool = False) -> None:
        super().__init__(text)
        self.trouble = trouble
        self.is_answer = is_answer


class WrongServer(ControlUnavailable):
    """Redis answered, but is no longer the right server, for example because it was demoted. Other connections may
    lead there too.
    """


@dataclass(frozen=True, slots=True)
class ReaderLease:
    """The current reader of a queue. A message to its mailbox makes it look at the wants at once.

    `version` is its release; `speaks`, the version of its messages (`VERSION`), 0 if it is not one of our readers.
    """

    token: str
    host: str
    pid: int
    version: str
    mailbox: str = ""
    speaks: int = VERSION

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
class Lacking:
    """The Redis user, and which rights it lacks, as `ACL SETUSER` takes them."""

    user: str = ""
    rights: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Busy:
    """A worker process all of whose threads are running tasks; `tasks`: how many."""

    host: str
    pid: int
    tasks: int


@dataclass(frozen=True, slots=True)
class Project:
    """A project that uses this Redis, as it describes itself; `queue` is its default queue."""

    namespace: str
    label: str
    host: str
    queue: str


@dataclass(frozen=True, slots=True)
class FailedTask:
    """A task of a process that has failed. `at`: Unix seconds of the last failure."""

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
    """How much a reader knows of the wants. Pass it to the next tick."""

    epoch: str = ""
    version: int = 0


@dataclass(frozen=True, slots=True)
class Tick:
    """Answer to a tick.

    `holds`: the caller is the reader. `ended`: it was the reader, nothing was wanted, and the lease is freed. `changed`
    maps members to their wants, or to None if a want expired or was deleted; with `is_full`, all other wants are gone.
    `stops` is the stop flag: log id or "*" -> reason. `notes` are delivered once.
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
    """The same interface for a reader behind Redis and for one in this process.

    Calls are synchronous and short; code in an event loop runs them in a thread (`process.in_thread`). A call that
    fails raises `ControlUnavailable`.
    """

    #: How often a call of this process found that the server was lost, or is no longer the right one. Owners of other
    #: connections to it, which only publish or listen, have no other way to find out.
    losses: int

    #: What is counted for the limits per user.
    @property
    def limits(self) -> LimitCounts: ...

    #: The server's address, without a password, for operators; "" if there is no server.
    @property
    def where(self) -> str: ...

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
    def say_busy(self, queue: str, busy: Busy) -> None: ...
    def busy(self, queue: str) -> list[Busy]: ...
    def waiting(self, queue: str) -> str: ...
    def set_waiting(self, queue: str, name: str) -> None: ...
    def ring(self, queue: str) -> None: ...
    def heard(self, since: str, seconds: float) -> tuple[str, set[str]]: ...
    def take_turn(self, queue: str, seconds: float) -> bool: ...
    def use_ticket(self, digest: str, seconds: float) -> bool: ...
    def answer(self, queue: str, question: str, text: str) -> None: ...
    def take_answer(self, queue: str, question: str) -> str: ...
    def tell_changes(self, concerned: Collection[str]) -> None: ...
    def changes(self) -> dict[str, float]: ...
    def ping(self) -> str: ...
    def lacks(self) -> Lacking: ...
