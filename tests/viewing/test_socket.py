"""One socket in a server that never waits for its client."""

import asyncio

import pytest
from autobahn.exception import Disconnected

from django_logtail.protocol import Frame
from django_logtail.viewing import socket as module
from django_logtail.viewing.socket import BULK_BYTES, Socket

FRAME_BYTES = 64 * 1024
FRAME = Frame("batch", {}, b"x" * (FRAME_BYTES - len('{"type":"batch"}\n')))


class Client:
    """What daphne knows of it."""

    def __init__(self):
        self.has_taken = asyncio.Event()
        self.sent = 0

    async def send(self, message):
        self.sent += len(message.get("bytes", b""))

    @property
    def is_drained(self):
        return self.has_taken.is_set()

    async def drained(self):
        await self.has_taken.wait()


@pytest.fixture
def client(monkeypatch):
    client = Client()
    monkeypatch.setattr(module, "connection_of", lambda address: client if address == ("a", 1) else None)
    return client


async def send_much(socket):
    for _ in range(2 * BULK_BYTES // FRAME_BYTES):
        await socket.send_bulk(FRAME)


async def test_where_the_server_keeps_what_it_is_given_a_client_that_takes_nothing_is_waited_for(client):
    socket = Socket(None, client.send, ("a", 1))
    senders = [asyncio.ensure_future(send_much(socket)) for _ in range(3)]

    for _ in range(2 * BULK_BYTES // FRAME_BYTES):
        await asyncio.sleep(0)
    waited_at = client.sent
    client.has_taken.set()
    await asyncio.gather(*senders)

    assert waited_at == BULK_BYTES
    assert client.sent == 6 * BULK_BYTES


async def test_a_status_and_the_last_words_do_not_wait(client):
    socket = Socket(None, client.send, ("a", 1))
    waiting = asyncio.ensure_future(send_much(socket))
    while client.sent < BULK_BYTES:
        await asyncio.sleep(0)

    await asyncio.wait_for(socket.send(Frame("status", {}, b"more")), 10)
    await asyncio.wait_for(socket.close(module.End(1000, "stopped")), 10)
    waiting.cancel()

    assert client.sent == BULK_BYTES + len(b'{"type":"status"}\nmore')


async def test_other_servers_wait_by_themselves(client):
    socket = Socket(None, client.send, ("b", 2))

    await asyncio.wait_for(send_much(socket), 10)

    assert client.sent == 2 * BULK_BYTES


async def test_last_words_that_the_client_does_not_take_keep_nobody(monkeypatch):
    monkeypatch.setattr(module, "CLOSE_SECONDS", 0.05)
    sent = []

    async def never_taken(message):
        sent.append(message["type"])
        await asyncio.Event().wait()

    await asyncio.wait_for(Socket(None, never_taken, ("b", 2)).close(module.End(1000, "stopped")), 10)

    assert sent == ["websocket.send", "websocket.close"]


@pytest.mark.parametrize("error", [Disconnected("Attempt to send on a closed protocol"), OSError()])
async def test_a_socket_that_is_gone_ends_its_viewer_and_is_no_error(error):
    async def gone(message):
        raise error

    with pytest.raises(module.End) as end:
        await Socket(None, gone, ("b", 2)).send(FRAME)

    assert end.value.code is None


async def test_a_programming_error_in_sending_is_seen():
    async def fails(message):
        raise RuntimeError("a bug in the server")

    with pytest.raises(RuntimeError, match="a bug in the server"):
        await Socket(None, fails, ("b", 2)).send(FRAME)


class Uvicorn:
    """Its side of one WebSocket."""

    def __init__(self, answer=None):
        self.writable = asyncio.Event()
        self.sent = []
        self._answer = answer

    async def send(self, message):
        await self.writable.wait()
        if self._answer is not None:
            raise self._answer
        self.sent.append(message)


Uvicorn.__module__ = "uvicorn.protocols.websockets.websockets_sansio_impl"


async def test_what_the_server_takes_at_once_is_sent_without_a_task():
    server = Uvicorn()
    socket = Socket(None, server.send)
    before = socket.is_ready
    server.writable.set()

    sizes = [socket.send_at_once(frame) for frame in (FRAME, Frame.message("status", state="live"))]

    assert (before, socket.is_ready) == (False, True)
    assert sizes == [65_536, 32]
    assert server.sent == [
        {"type": "websocket.send", "bytes": FRAME.encoded},
        {"type": "websocket.send", "text": '{"type":"status","state":"live"}'},
    ]


async def test_a_socket_that_is_gone_when_it_is_sent_something_at_once_ends_its_viewer():
    server = Uvicorn(OSError())
    server.writable.set()

    with pytest.raises(module.End) as end:
        Socket(None, server.send).send_at_once(FRAME)

    assert end.value.code is None


async def test_a_server_that_waits_although_it_said_otherwise_is_an_error():
    server = Uvicorn()

    with pytest.raises(RuntimeError, match="waits"):
        Socket(None, server.send).send_at_once(FRAME)
    server.writable.set()
    await asyncio.sleep(0)

    assert server.sent == []


async def test_other_servers_are_never_ready():
    assert Socket(None, Client().send).is_ready is False
