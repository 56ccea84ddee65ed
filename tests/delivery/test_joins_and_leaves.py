"""Viewers come and go in every possible way, with access checks in between, and leave nothing behind.

`LOGTAIL_JOINS=10000 pytest -s tests/delivery/test_joins_and_leaves.py` is the long run.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import sys
import time

import pytest
from django.contrib.auth.models import User

from django_logtail import consumers, reader
from django_logtail.access import Refused, Ticket
from django_logtail.consumers import LogConsumer
from django_logtail.control.in_memory import MemoryControl
from django_logtail.control.process import use
from django_logtail.models import Log
from django_logtail.reader.sources import Source
from django_logtail.relay import here
from django_logtail.timing import failures
from django_logtail.viewing import admission, rechecks
from django_logtail.viewing.admission import viewers
from django_logtail.viewing.newcomers import newcomers
from django_logtail.viewing.rechecks import rounds_here
from django_logtail.viewing.slots import slots

JOINS = int(os.environ.get("LOGTAIL_JOINS", "300"))
#: Sockets at a time; more than one user may have.
AT_ONCE = 24
USERS = 3

WAYS = (
    "closes the tab",
    "stops",
    "says nonsense",
    "loses access",
    "the row changes",
    "the server ends it",
    "the socket breaks",
    "asks and closes the tab",
)


class Socket:
    """The server's side of one, and its client, who leaves in the `way` that is said."""

    def __init__(self, number: int, way: str, house: House) -> None:
        self.way = way
        self.house = house
        self.session = f"session-{number}"
        self.user = str(number % USERS)
        self.incoming: asyncio.Queue[dict] = asyncio.Queue()
        self.said: list[str] = []
        self.is_broken = False
        self.greeted = asyncio.Event()

    async def live(self) -> None:
        self.incoming.put_nowait({"type": "websocket.connect"})
        self.say({"type": "hello", "protocol": 1, "ticket": self.user, "lines": 5, "resume": None})
        scope = {"type": "websocket", "headers": [(b"cookie", b"sessionid=" + self.session.encode())]}
        scope["client"] = ("192.0.2.1", 1)
        serving = asyncio.ensure_future(LogConsumer("app", scope, self.incoming.get, self.send).run())
        greeted = asyncio.ensure_future(self.greeted.wait())
        await asyncio.wait([serving, greeted], return_when=asyncio.FIRST_COMPLETED)
        greeted.cancel()
        # Not in the same turn each time: what is lost is lost in a certain one.
        for _ in range(self.house.chance.randrange(12)):
            await asyncio.sleep(0)
        if self.house.chance.random() < 0.3:
            await asyncio.sleep(self.house.chance.random() * 0.05)
        self.leave(serving)
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait_for(asyncio.shield(serving), 60)

    def say(self, message: dict) -> None:
        self.incoming.put_nowait({"type": "websocket.receive", "text": json.dumps(message)})

    async def send(self, message: dict) -> None:
        if self.is_broken:
            raise ConnectionResetError
        await asyncio.sleep(0)
        text = message.get("text", "")
        self.said.append(text)
        if '"hello"' in text:
            self.greeted.set()
        if message["type"] == "websocket.close":
            self.house.ways_out[message.get("reason", "")] = (
                self.house.ways_out.get(message.get("reason", ""), 0) + 1
            )

    def leave(self, serving: asyncio.Task[None]) -> None:
        match self.way:
            case "closes the tab":
                self.incoming.put_nowait({"type": "websocket.disconnect"})
            case "stops":
                self.say({"type": "stop"})
            case "says nonsense":
                self.say({"type": "nonsense"})
            case "loses access":
                self.house.refused.add(self.session)
            case "the row changes":
                self.house.changed.add(self.session)
            case "the server ends it":
                serving.cancel()
            case "the socket breaks":
                self.is_broken = True
                self.house.append()
            case "asks and closes the tab":
                self.say({"type": "range", "request": 1, "file": "f", "start": 0, "end": 10})
                self.incoming.put_nowait({"type": "websocket.disconnect"})


class House:
    """The log, who may watch it, and how often that was looked up."""

    def __init__(self, path) -> None:
        self.chance = random.Random(5)
        self.path = path
        self.refused: set[str] = set()
        self.changed: set[str] = set()
        self.looks = 0
        self.ways_out: dict[str, int] = {}

    def append(self) -> None:
        with self.path.open("ab") as file:
            file.write(b"a line\n")

    def row(self, session: str = "") -> Log:
        path = str(self.path) if session not in self.changed else "/elsewhere"
        return Log(pk=1, slug="app", name="App", path=path, queue="q", encoding="utf-8", enabled=True)

    def admit(self, *, user_id: str, session_key: str, slug: str, joined: bool, lookups: object = None):
        self.looks += 1
        if session_key in self.refused:
            raise Refused(4403, "no-access", "Your access to this log has ended.")
        return User(username="ann"), self.row(session_key)

    def sources(self, logs):
        row = self.row()
        return {log: Source(self.path, row.encoding, row.name, row.revision) for log in logs}


async def every_ticket(ticket):
    """However often it was used."""


@pytest.fixture
async def house(tmp_path, monkeypatch, settings):
    settings.LOGTAIL = {
        **settings.LOGTAIL,
        "READER": "local",
        "ROOTS": [str(tmp_path)],
        "RUNTIME_DIR": tmp_path,
    }
    path = tmp_path / "app.log"
    path.write_bytes(b"one\ntwo\n")
    house = House(path)
    use(MemoryControl())
    monkeypatch.setattr(consumers.tickets, "use", every_ticket)
    monkeypatch.setattr(consumers, "read_ticket", lambda ticket, **_: Ticket(ticket, "app"))
    monkeypatch.setattr(admission, "admit", house.admit)
    # Another test may have left one in this thread.
    monkeypatch.setattr(admission, "close_old_connections", lambda: None)
    monkeypatch.setattr(rechecks, "admit", house.admit)
    monkeypatch.setattr(rechecks, "Lookups", list)
    monkeypatch.setattr(rechecks, "ADMIT_SECONDS", 0.02)
    monkeypatch.setattr(reader.Registry, "find", lambda _, logs: house.sources(logs))
    yield house
    await here.relay_here().close()
    use(None)


async def test_nothing_is_left_of_viewers_who_came_and_went(house):
    relay = here.relay_here()
    writing = asyncio.ensure_future(write_on(house))
    before = asyncio.all_tasks()
    began, number, most = time.monotonic(), iter(range(JOINS)), 0

    async def one_after_the_other() -> None:
        nonlocal most
        for mine in number:
            await Socket(mine, WAYS[mine % len(WAYS)], house).live()
            most = max(most, viewers.total)

    await asyncio.gather(*(one_after_the_other() for _ in range(AT_ONCE)))
    seconds = time.monotonic() - began

    assert most > AT_ONCE // 2
    assert viewers.total == 0
    assert viewers.by_user == {}
    assert newcomers.total == 0
    assert slots._mine == set()
    assert len(rounds_here()) == 0
    assert relay.viewers.by_session == {}
    assert relay.feeds.by_member == {}
    for reason in ("stopped", "bad-message", "no-access", "log-changed"):
        assert house.ways_out.get(reason, 0) >= JOINS // len(WAYS) // 2, house.ways_out
    await eventually(lambda: not others(before))
    looks = house.looks
    await asyncio.sleep(0.3)
    assert house.looks == looks
    assert failures.all() == []
    writing.cancel()
    print(
        f"\nPython {sys.version.split()[0]}: {JOINS} joins, {looks} looks, {seconds:.0f} s; {house.ways_out}"
    )


def others(before: set[asyncio.Task]) -> list[asyncio.Task]:
    """Tasks that have come, but for those of the reader, which lingers, and of the relay."""
    lasting = (
        "pump",
        "ticks",
        "nudges",
        "looking while nothing can be sent",
        "heartbeats",
        "report",
        "registry",
        "local reader",
        "wake-up",
    )
    lasting += ("posting", "receiving", "measuring", "the list")
    return [task for task in asyncio.all_tasks() - before if not task.get_name().startswith(lasting)]


async def write_on(house: House) -> None:
    while True:
        house.append()
        await asyncio.sleep(0.002)


async def eventually(is_true, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
