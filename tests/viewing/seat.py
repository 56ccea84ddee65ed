"""One viewer, on a virtual clock, with a client, reader and access played by the test."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Callable, Coroutine, Iterable
from types import SimpleNamespace
from typing import Any

import pytest

from django_logtail import protocol
from django_logtail.audit.viewings import OpenViewing
from django_logtail.control.in_memory import MemoryControl
from django_logtail.control.mailboxes import MemoryMailboxes
from django_logtail.control.messages import Batch, Beat, Event
from django_logtail.control.process import use
from django_logtail.models import Log
from django_logtail.place import Place
from django_logtail.protocol import decode_batch
from django_logtail.relay import Relay
from django_logtail.relay.feed import Feed
from django_logtail.rights import Original, Right
from django_logtail.shares import Shares
from django_logtail.viewing import session, socket, spending, status, unacknowledged
from django_logtail.viewing.session import Watching
from django_logtail.viewing.socket import Socket
from tests.virtual_time import run_virtually

ROW: dict[str, Any] = {
    "pk": 1,
    "slug": "app",
    "name": "App",
    "path": "/var/log/app.log",
    "queue": "web-1",
    "encoding": "utf-8",
}
#: Unix seconds of whatever happens.
TODAY = 1_700_000_000.0


def now() -> float:
    """Seconds since the scene began."""
    return asyncio.get_running_loop().time() - 1_000.0


class Stay:
    """Whether the viewer may go on: `outcome` is what looking it up says."""

    def __init__(self, outcome: Log | Exception) -> None:
        self.session = uuid.uuid4().hex[:12]
        self.outcome = outcome
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        #: When it was looked up, and how old a decision would have served.
        self.asked: list[tuple[float, float]] = []

    async def until_lost(self) -> None:
        await asyncio.shield(self.lost)

    async def admit(self, seconds: float = 1.0) -> Log:
        self.asked.append((now(), seconds))
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


class Reader:
    """What one sends for a feed: the next item each time."""

    def __init__(self, feed: Feed, file: str = "f") -> None:
        self.feed = feed
        self.file = file
        self.number = 0
        self.at: int | None = None

    def starts(self, offset: int = 0, size: int = 0) -> None:
        self.at = offset
        self._event("started", None, Place(self.file, offset), {"size": size, "resumed": False})

    def sends(self, data: bytes, *, partial: bool = False) -> None:
        assert self.at is not None
        self.number += 1
        want = self.feed.want("box")
        self.feed.take(
            Batch(
                "token",
                1,
                self.feed.member,
                want.serial,
                self.number,
                Place(self.file, self.at),
                data,
                partial,
            )
        )
        self.at += 0 if partial else len(data)

    def tells(self, kind: str, **details: Any) -> None:
        assert self.at is not None
        here = Place(self.file, self.at)
        self._event(kind, here, here, details)

    def moves(self, file: str, offset: int = 0) -> None:
        """The stream goes on in another file."""
        assert self.at is not None
        before = Place(self.file, self.at)
        self.file, self.at = file, offset
        self._event("rotated", before, Place(file, offset), {})

    def beats(self, state: str = "reading", reason: str = "", size: int | None = None) -> None:
        beat = Beat(1, self.feed.want("box").serial, self.number, size, state, reason)
        self.feed.heard("token", "web-1.example", beat)

    def _event(self, kind: str, before: Place | None, after: Place | None, details: dict[str, Any]) -> None:
        self.number += 1
        serial = self.feed.want("box").serial
        self.feed.take(Event("token", 1, self.feed.member, serial, self.number, kind, before, after, details))


def new_relay() -> Relay:
    """One that is not started: what it wants, and who watches, is asked of it."""

    async def wake(queue: str) -> None:
        raise AssertionError("nothing is posted")

    return Relay(MemoryControl(now), MemoryMailboxes(), wake, clock=now)


def allowed(*rights: Right, **row: Any) -> Log:
    """A log as `admit` gives it to somebody with these rights, or with all."""
    log = Log(**row)
    log.rights = frozenset(rights or Right)
    return log


class Seat:
    """A viewer: what it says, and when it was sent what."""

    def __init__(
        self,
        relay: Relay,
        *,
        user: str = "7",
        sees_host: bool = False,
        rights: Iterable[Right] = (),
        **row: Any,
    ) -> None:
        self.relay = relay
        self.user = user
        self.log = allowed(*rights, **{**ROW, **row})
        self.log.sees_host = sees_host
        self.stay = Stay(self.log)
        #: Seconds, and the message or batch.
        self.sent: list[tuple[float, Any]] = []
        self._incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.socket = Socket(self._incoming.get, self._send)
        self.task: asyncio.Task[None] | None = None
        #: What is asked for of redacted lines.
        self.original: Original | None = None
        #: The record of this viewing, if there is to be one.
        self.record: OpenViewing | None = None

    async def sits_down(self, lines: int = 10, resume: Place | None = None) -> Reader:
        """Begin to watch, and return the reader of the feed that it is given."""
        watching = Watching(
            self.socket,
            self.log,
            self.user,
            "192.0.2.7",
            self.stay,  # type: ignore[arg-type]
            self.record,
            self.original,
        )
        self.task = asyncio.ensure_future(watching.run(protocol.Hello(1, "t", lines, resume)))
        await asyncio.sleep(0.001)
        return Reader(list(self.relay.feeds.by_member.values())[-1])

    def says(self, type: str, **fields: Any) -> None:
        self._incoming.put_nowait({"type": "websocket.receive", "text": json.dumps({"type": type, **fields})})

    def acknowledges(self, offset: int, file: str = "f") -> None:
        self.says("ack", file=file, offset=offset)

    def goes(self) -> None:
        self._incoming.put_nowait({"type": "websocket.disconnect"})

    async def end(self) -> BaseException:
        """What it ended with, which must be by now."""
        await asyncio.sleep(0.001)
        assert self.task is not None
        assert self.task.done(), "it watches on"
        error = self.task.exception()
        assert error is not None
        return error

    @property
    def watches(self) -> bool:
        return self.task is not None and not self.task.done()

    def messages(self, type: str) -> list[dict[str, Any]]:
        return [said for _, said in self.sent if isinstance(said, dict) and said["type"] == type]

    def times(self, type: str) -> list[float]:
        """When messages of a type were sent."""
        return [round(at, 2) for at, said in self.sent if isinstance(said, dict) and said["type"] == type]

    @property
    def bytes(self) -> bytes:
        """Of the log."""
        return b"".join(decode_batch(said)[1] for _, said in self.sent if isinstance(said, bytes))

    async def _send(self, message: Any) -> None:
        frame = message.get("bytes")
        self.sent.append((now(), json.loads(message["text"]) if frame is None else frame))


Play = Callable[[Callable[[Relay], Coroutine[Any, Any, Any]]], Any]


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Play:
    """Runs a scene, which is given the relay, in a loop whose time passes at once."""
    use(MemoryControl())
    clock = SimpleNamespace(monotonic=lambda: asyncio.get_running_loop().time(), time=lambda: TODAY)
    for module in (session, socket, status, unacknowledged):
        monkeypatch.setattr(module, "time", clock)

    def played(scene: Callable[[Relay], Coroutine[Any, Any, Any]]) -> Any:
        async def run() -> Any:
            loop, relay = asyncio.get_running_loop(), new_relay()
            monkeypatch.setattr(session, "relay_here", lambda: relay)
            mine = spending.Spending()
            mine.processor = Shares(10**9, clock=now)
            mine.requests = Shares(mine.requests.per_user, clock=now)
            spending._spending[loop] = mine
            try:
                return await scene(relay)
            finally:
                del spending._spending[loop]
                others = asyncio.all_tasks() - {asyncio.current_task()}
                for task in others:
                    task.cancel()
                await asyncio.gather(*others, return_exceptions=True)

        return run_virtually(run())

    return played
