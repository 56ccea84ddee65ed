"""One viewer's socket, spoken to as an ASGI server does."""

import asyncio
import json

import pytest
from django.db import DatabaseError

from django_logtail import consumers
from django_logtail.access import Ticket
from django_logtail.consumers import LogConsumer

HELLO = json.dumps({"type": "hello", "protocol": 1, "ticket": "t", "lines": 1, "resume": None})


class Server:
    """The other side: what it received, and what it says next."""

    def __init__(self, *texts):
        self.sent = []
        self.incoming = asyncio.Queue()
        self.incoming.put_nowait({"type": "websocket.connect"})
        for text in texts:
            self.incoming.put_nowait({"type": "websocket.receive", "text": text})

    async def send(self, message):
        self.sent.append(message)

    async def run(self, headers=()):
        scope = {"type": "websocket", "headers": list(headers)}
        await asyncio.wait_for(LogConsumer("app", scope, self.incoming.get, self.send).run(), 10)

    @property
    def close(self):
        return next(message for message in self.sent if message["type"] == "websocket.close")

    @property
    def end(self):
        texts = [json.loads(message["text"]) for message in self.sent if "text" in message]
        return next(text for text in texts if text["type"] == "end")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "message is not JSON"),
        ('{"type": "hold"}', "the first message is not 'hello'"),
        ('{"type": "hello", "protocol": 1}', "'ticket' is not a text"),
    ],
)
async def test_a_bad_first_message_closes_with_what_is_wrong(text, words):
    server = Server(text)

    await server.run()

    assert server.close["code"] == 4400
    assert server.end == {"type": "end", "reason": "bad-message", "text": words, "may_retry": False}


async def test_another_protocol_version_is_told_to_reload():
    server = Server(HELLO.replace('"protocol": 1', '"protocol": 2'))

    await server.run()

    assert server.close["code"] == 4426
    assert server.end["text"] == "This server speaks protocol 1, the page 2. Reload the page."


async def test_a_client_that_says_nothing_is_closed(monkeypatch):
    monkeypatch.setattr(consumers.protocol, "HELLO_SECONDS", 0.01)
    server = Server()

    await server.run()

    assert (server.close["code"], server.end["reason"]) == (4400, "no-hello")


async def test_a_database_that_does_not_answer_ends_with_a_retry(monkeypatch):
    async def fails(*args, **keywords):
        raise DatabaseError("gone")

    monkeypatch.setattr(consumers, "read_ticket", lambda *args, **kwargs: Ticket("1", "app"))
    monkeypatch.setattr(consumers, "admitted", fails)
    server = Server(HELLO)

    await server.run()

    assert server.close["code"] == 1011
    assert server.end["may_retry"] is True


async def test_a_foreign_origin_is_refused_before_the_handshake():
    server = Server()

    await server.run([(b"origin", b"https://evil.example"), (b"host", b"testserver")])

    assert server.sent == [{"type": "websocket.close", "code": 4403}]
