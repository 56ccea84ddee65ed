"""A reader of two logs, connected to memory alone, on a virtual clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from django_logtail.control import ControlUnavailable, Note
from django_logtail.control.in_memory import MemoryControl
from django_logtail.control.mailboxes import MailboxUnavailable, MemoryMailboxes
from django_logtail.control.messages import Batch, Event, Heartbeat, Message
from django_logtail.control.wants import Want
from django_logtail.place import Place
from django_logtail.reader import Reader
from django_logtail.reader.lifetime import Ending
from django_logtail.reader.limits import Limits
from django_logtail.reader.redacting import Redaction
from django_logtail.reader.sources import Source
from tests.delivery.test_machine import InPlace
from tests.virtual_time import VirtualLoop

QUEUE = "q"
M = TypeVar("M", bound=Message)


def now() -> float:
    """Seconds since the scene began."""
    return asyncio.get_running_loop().time() - 1_000.0


def clock() -> float:
    return asyncio.get_running_loop().time()


class Redis(MemoryControl):
    """May be away."""

    is_away = False

    def __init__(self) -> None:
        super().__init__(clock)
        #: When it was asked, and whether the lease may be freed.
        self.ticks: list[tuple[float, bool]] = []
        self.reports: list[tuple[float, Any]] = []

    def tick(self, *arguments: Any, **keywords: Any) -> Any:
        self.ticks.append((now(), keywords["may_end"]))
        if self.is_away:
            raise ControlUnavailable("away")
        return super().tick(*arguments, **keywords)

    def report(self, queue: str, status: Any) -> None:
        self.reports.append((now(), status))
        super().report(queue, status)


class Boxes(MemoryMailboxes):
    """Keeps what was sent to whom and when, and may be full."""

    is_full = False

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[tuple[float, str, Message]] = []
        self.renewals: list[float] = []

    async def send(self, mailbox: str, message: Message) -> None:
        if self.is_full:
            raise MailboxUnavailable("full")
        self.sent.append((now(), mailbox, message))

    async def renew_sending(self) -> None:
        self.renewals.append(now())


class Desk:
    """The reader, the logs "1" and "2", and what is wanted, which is renewed until it is dropped."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.paths = {log: folder / f"{log}.log" for log in ("1", "2")}
        self.control = Redis()
        self.mailboxes = Boxes()
        self.limits = Limits()
        self.refusals: dict[str, str] = {}
        self.redaction: Redaction | None = None
        self.find_error: Exception | None = None
        self.looked_up: list[float] = []
        self.woken: list[float] = []
        self.permit: Callable[[int], str | None] = lambda descriptor: None
        self.reader: Reader | None = None
        self._serials = 0

    def write(self, log: str, data: bytes) -> None:
        with self.paths[log].open("ab") as file:
            file.write(data)

    def want(self, log: str, box: str = "box", **more: Any) -> Want:
        """Have a reader asked for a log."""
        self._serials += 1
        fields = {"credit": 2**21, "lines": 10, **more}
        want = Want("p", log, fields.pop("flow", ""), box, self._serials, **fields)
        self.control.post(QUEUE, [want], [], [])
        self.nudge()
        return want

    def nudge(self) -> None:
        """As a relay does after it has posted something."""
        if self.reader is not None:
            self.reader.lease.tick_soon.set()

    def drop(self, *wants: Want) -> None:
        self.control.post(QUEUE, [], [], [want.member for want in wants])
        self.nudge()

    def add_note(self, note: Note) -> None:
        self.control.add_note(QUEUE, note)
        self.nudge()

    def begin(self) -> asyncio.Task[Ending]:
        self.reader = Reader(
            QUEUE,
            self.control,
            self.mailboxes,
            self._find,
            permit=lambda descriptor: self.permit(descriptor),
            wake=self._wake,
            limits=self.limits,
            clock=clock,
            wall=clock,
        )
        return asyncio.ensure_future(self.reader.run())

    async def passes(self, seconds: float, *wants: Want) -> None:
        """So much time, in which these wants are renewed."""
        until = now() + seconds
        while now() < until - 1e-6:
            self.control.post(QUEUE, [], [want.member for want in wants], [])
            await asyncio.sleep(min(5.0, until - now()))

    def sent(self, kind: type[M], box: str = "box") -> list[M]:
        return [
            message for _, where, message in self.mailboxes.sent if where == box and isinstance(message, kind)
        ]

    def times(self, kind: type[Message], box: str = "box") -> list[float]:
        found = [
            at for at, where, message in self.mailboxes.sent if where == box and isinstance(message, kind)
        ]
        return [round(at, 2) for at in found]

    def data(self, box: str = "box") -> bytes:
        return b"".join(batch.data for batch in self.sent(Batch, box) if not batch.is_partial)

    def notes(self, box: str = "box") -> list[str]:
        return [event.details["text"] for event in self.sent(Event, box) if event.kind == "note"]

    def said_of(self, want: Want, box: str = "box") -> list[tuple[str, str]]:
        """State and reason, as heartbeats named them, each change once."""
        found: list[tuple[str, str]] = []
        for heartbeat in self.sent(Heartbeat, box):
            beat = heartbeat.flows.get(want.member)
            if beat is not None and (not found or found[-1] != tuple(beat[4:6])):
                found.append((beat[4], beat[5]))
        return found

    def place(self, box: str = "box") -> Place:
        """Where the first stream of a mailbox began."""
        return next(event.after for event in self.sent(Event, box) if event.after is not None)

    def _find(self, logs: Any) -> dict[str, Source]:
        self.looked_up.append(now())
        if self.find_error is not None:
            raise self.find_error
        return {
            log: Source(
                self.paths[log], "utf-8", log, "", self.refusals.get(log, ""), redaction=self.redaction
            )
            for log in logs
            if log in self.paths
        }

    async def _wake(self, queue: str) -> None:
        self.woken.append(now())


Play = Callable[[Callable[[Desk], Coroutine[Any, Any, Any]]], Any]


@pytest.fixture
def at_desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Play]:
    """Runs a scene, which is given the desk; its reader is begun by the scene."""
    for module in ("reader", "reader.sources", "reader.slow_files"):
        monkeypatch.setattr(f"django_logtail.{module}.ThreadPoolExecutor", InPlace)
    loop = VirtualLoop()

    async def run(scene: Callable[[Desk], Coroutine[Any, Any, Any]]) -> Any:
        try:
            return await scene(Desk(tmp_path))
        finally:
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

    yield lambda scene: loop.run_until_complete(run(scene))
    loop.close()
