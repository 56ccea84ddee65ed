"""A client's connection in daphne, from objects of Twisted's shape: what waits for it, and how it is closed."""

import asyncio
import sys
from types import SimpleNamespace

import pytest

from django_logtail.viewing import daphne
from tests.virtual_time import run_virtually


class Transport:
    def __init__(self, host="192.0.2.7", port=50_000, **waiting):
        self.peer = SimpleNamespace(host=host, port=port)
        self.did = []
        vars(self).update(waiting)

    def getPeer(self):
        return self.peer

    def abortConnection(self):
        self.did.append("abort")


class Reactor:
    running = True

    def __init__(self, readers=(), writers=()):
        self.getReaders = lambda: list(readers)
        self.getWriters = lambda: list(writers)


@pytest.mark.parametrize(
    ("waiting", "untaken"),
    [
        ({}, 0),
        ({"dataBuffer": b"12345"}, 5),
        ({"dataBuffer": b"12345", "offset": 2}, 3),
        ({"dataBuffer": b"12345", "offset": 2, "_tempDataLen": 10}, 13),
    ],
)
def test_what_the_client_has_not_received_is_all_that_twisted_keeps(waiting, untaken):
    connection = daphne.Connection(Reactor(), Transport(**waiting))

    assert (connection.untaken, connection.keeps_all, connection.is_last) == (untaken, True, False)


def test_a_connection_is_found_by_its_client_s_address(monkeypatch):
    class Listening:
        def getPeer(self):
            raise NotImplementedError

    mine, other = Transport(), Transport(port=50_001)
    reactor = Reactor([object(), Listening(), other], [mine])
    monkeypatch.setitem(sys.modules, "twisted.internet.reactor", reactor)
    found = [daphne.connection_of(client) for client in (["192.0.2.7", 50_000], ["192.0.2.9", 1], None)]

    assert [connection.transport for connection in found] == [mine, None, None]
    monkeypatch.setattr(Reactor, "running", False)
    assert daphne.connection_of(["192.0.2.7", 50_000]) is None
    monkeypatch.setitem(sys.modules, "twisted.internet.reactor", None)
    assert daphne.connection_of(["192.0.2.7", 50_000]) is None


def test_a_connection_is_closed_at_once_if_it_is_known():
    transport = Transport()

    assert daphne.Connection(Reactor(), transport).abort() is True
    assert transport.did == ["abort"]
    unknown = daphne.Connection(Reactor(), None)
    assert (unknown.abort(), unknown.untaken, unknown.is_drained) == (False, None, True)


def test_a_client_is_waited_for_until_it_has_everything():
    async def scene():
        transport = Transport()
        writers = [transport]
        connection = daphne.Connection(Reactor([], writers), transport)
        connection.reactor.getWriters = lambda: writers
        asyncio.get_running_loop().call_later(1.0, writers.clear)
        before, is_drained = asyncio.get_running_loop().time(), connection.is_drained
        await connection.drained()
        return is_drained, round(asyncio.get_running_loop().time() - before, 1), connection.is_drained

    assert run_virtually(scene()) == (False, 1.0, True)


@pytest.mark.parametrize("is_known", [True, False])
def test_a_response_that_is_broken_off_stays_for_two_minutes_so_that_daphne_ends_it(is_known):
    async def scene():
        transport = Transport()
        before = asyncio.get_running_loop().time()
        await daphne.Connection(Reactor(), transport if is_known else None).break_off()
        return transport.did, asyncio.get_running_loop().time() - before

    assert run_virtually(scene()) == (["abort"] if is_known else [], 120.0)


@pytest.mark.parametrize(
    ("name", "module", "is_gone"),
    [
        ("Disconnected", "autobahn.exception", True),
        ("Disconnected", "django.core", False),
        ("Refused", "autobahn.exception", False),
    ],
)
def test_a_socket_that_is_gone_is_told_by_its_error(name, module, is_gone):
    error = type(name, (Exception,), {"__module__": module})()

    assert daphne.says_gone(error) == is_gone
