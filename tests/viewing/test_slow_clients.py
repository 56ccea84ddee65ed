"""Clients of long responses, including ones that read nothing for long, on a virtual clock."""

import asyncio
from types import SimpleNamespace

import pytest

from django_logtail.viewing import slow_clients
from django_logtail.viewing.slow_clients import Taker
from tests.virtual_time import run_virtually


class Connection:
    """A client's, as a server shows it."""

    keeps_all = False

    def __init__(self, *, can_abort=True):
        self.untaken = 100
        self.is_last = False
        self.can_abort = can_abort
        self.aborted_at = None

    async def drained(self):
        while self.untaken:
            await asyncio.sleep(0.1)

    def abort(self):
        if self.can_abort:
            self.aborted_at = now()
        return self.can_abort


def now():
    return asyncio.get_running_loop().time() - 1_000.0


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    monkeypatch.setattr(
        slow_clients, "time", SimpleNamespace(monotonic=lambda: asyncio.get_running_loop().time())
    )


async def send(connection, seconds):
    """Send one piece that takes so long; when it was ended, and the taker."""
    with Taker(connection) as taker:
        try:
            with taker.sending():
                await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            return now(), taker
        if connection is not None and connection.aborted_at is not None:
            return connection.aborted_at, taker
        return None, taker


@pytest.mark.parametrize("connection", [None, "shown", "shown, and can't be aborted"])
def test_a_client_that_takes_nothing_for_60_s_is_ended(connection):
    async def scene():
        client = None if connection is None else Connection(can_abort="can't" not in connection)
        return await send(client, 70)

    ended_at, taker = run_virtually(scene())

    assert 60.0 <= ended_at <= 61.1
    assert (taker.has_stalled, taker.stalled_for) == (True, "60 s or longer")


def test_one_that_took_something_in_time_is_not_ended():
    async def scene():
        client = Connection()
        asyncio.get_running_loop().call_later(50, setattr, client, "untaken", 99)
        ended_at, taker = await send(client, 100)
        return ended_at, taker.has_stalled

    assert run_virtually(scene()) == (None, False)


def test_each_piece_that_was_asked_for_is_progress():
    async def scene():
        with Taker(None) as taker:
            for _ in range(4):
                with taker.sending():
                    await asyncio.sleep(50)
                await asyncio.sleep(100)  # nothing is to be taken: the reader is slow
        return taker.has_stalled

    assert run_virtually(scene()) is False


def test_a_server_that_ends_waits_for_2_s():
    async def scene():
        client = Connection()
        asyncio.get_running_loop().call_later(10, setattr, client, "is_last", True)
        return await send(client, 30)

    ended_at, taker = run_virtually(scene())

    assert 10.0 <= ended_at <= 12.6
    assert taker.stalled_for == "2 s, and the server is stopping"


def test_a_connection_that_was_the_last_from_the_start_is_no_ending_server():
    async def scene():
        client = Connection()
        client.is_last = True
        return await send(client, 30)

    ended_at, _ = run_virtually(scene())

    assert ended_at is None


def test_what_was_handed_to_the_server_is_waited_for_and_counts_as_sending():
    async def scene():
        client = Connection(can_abort=False)
        with Taker(client) as taker:
            with pytest.raises(asyncio.CancelledError):
                await taker.drained()
            stalled = taker.has_stalled
        client.untaken = 0
        with Taker(client) as taker:
            await taker.drained()
        with Taker(None) as nobody:
            await nobody.drained()
        return stalled, taker.has_stalled

    assert run_virtually(scene()) == (True, False)


def test_nobody_is_watched_any_more_when_the_answer_is_over():
    async def scene():
        client = Connection()
        with Taker(client):
            await asyncio.sleep(1)
        await asyncio.sleep(200)
        return client.aborted_at

    assert run_virtually(scene()) is None
