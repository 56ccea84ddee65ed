"""What is known of the uvicorn behind an ASGI callable: without a server, from objects of its shape."""

import asyncio
import functools
from types import SimpleNamespace

import pytest

from django_logtail.viewing import uvicorn


def of(module, **attributes):
    """An object whose class is defined in this module, with the method `call`."""
    kind = type("It", (), {"__module__": module, "call": lambda self: None})
    it = kind()
    vars(it).update(attributes)
    return it


WEBSOCKET = "uvicorn.protocols.websockets.some_impl"


@pytest.mark.parametrize(
    ("attributes", "read"),
    [
        ({"max_size": 16_000_000}, lambda it: it.max_size),
        ({"conn": SimpleNamespace(max_size=16_000_000)}, lambda it: it.conn.max_size),
        ({"conn": SimpleNamespace(max_message_size=16_000_000)}, lambda it: it.conn.max_message_size),
        ({"buffer": SimpleNamespace(max_length=16_000_000)}, lambda it: it.buffer.max_length),
    ],
)
def test_messages_are_limited_in_each_of_its_websocket_implementations(attributes, read):
    it = of(WEBSOCKET, **attributes)

    assert uvicorn.limit_messages(it.call, 16_384) is True
    assert read(it) == 16_384


def test_a_limit_that_is_lower_already_stays():
    it = of(WEBSOCKET, max_size=1_000)

    assert (uvicorn.limit_messages(it.call, 16_384), it.max_size) == (True, 1_000)


@pytest.mark.parametrize("module", ["daphne.ws_protocol", "uvicornish.ws", "shop.uvicorn.ws"])
def test_another_server_is_not_touched(module):
    it = of(module, max_size=16_000_000)

    assert (uvicorn.limit_messages(it.call, 16_384), it.max_size) == (False, 16_000_000)


def test_one_without_a_limit_that_we_know_is_not_limited():
    assert uvicorn.limit_messages(of(WEBSOCKET, max_size=None).call, 16_384) is False
    assert uvicorn.limit_messages(lambda: None, 16_384) is False


async def test_whether_a_send_would_wait_is_known_of_a_connection_that_shows_it():
    it = of(WEBSOCKET, writable=asyncio.Event())
    is_ready = uvicorn.readiness(it.call)

    before = is_ready()
    it.writable.set()

    assert (before, is_ready()) == (False, True)


@pytest.mark.parametrize(
    "send",
    [
        of("uvicorn.protocols.http.h11_impl", writable=asyncio.Event()).call,
        of("hypercorn.protocol.ws_stream", writable=asyncio.Event()).call,
        of(WEBSOCKET).call,
        of(WEBSOCKET, writable=True).call,
        functools.partial(of(WEBSOCKET, writable=asyncio.Event()).call),
    ],
    ids=["a request", "another server", "one that does not show it", "in another way", "wrapped"],
)
def test_whether_another_send_would_wait_is_unknown(send):
    assert uvicorn.readiness(send) is None


def test_a_connection_is_found_behind_what_hosts_wrap_around_send():
    cycle = of("uvicorn.protocols.http.h11_impl", transport=None)

    def wrapped(send):
        def measure():
            return send()

        return measure

    send = functools.partial(wrapped(wrapped(cycle.call)))

    assert uvicorn.connection_behind(cycle.call).cycle is cycle
    assert uvicorn.connection_behind(send).cycle is cycle


@pytest.mark.parametrize(
    "cycle",
    [
        of("uvicorn.protocols.http.h2_impl", transport=None),  # shared by requests
        of("uvicorn.protocols.http.h11_impl"),
        of("uvicorn.protocols.websockets.some_impl", transport=None),
        of("hypercorn.protocol.http", transport=None),
    ],
)
def test_a_connection_that_is_shared_or_another_server_s_is_none_of_ours(cycle):
    assert uvicorn.connection_behind(cycle.call) is None


@pytest.mark.parametrize(("wrappers", "is_found"), [(7, True), (8, False)])
def test_so_many_wrappers_are_looked_through(wrappers, is_found):
    cycle = of("uvicorn.protocols.http.h11_impl", transport=None)
    send = cycle.call
    for _ in range(wrappers):
        send = (lambda inner: lambda: inner())(send)

    assert (uvicorn.connection_behind(send) is not None) == is_found


@pytest.mark.parametrize(
    ("attributes", "is_last"), [({}, False), ({"keep_alive": True}, False), ({"keep_alive": False}, True)]
)
def test_a_connection_closes_after_this_response_if_uvicorn_says_so(attributes, is_last):
    assert uvicorn.Connection(SimpleNamespace(**attributes)).is_last == is_last


async def test_what_is_written_is_waited_for_until_the_kernel_has_it_or_the_connection_closes(monkeypatch):
    left, waits = [3, 2, 0], []

    async def sleep(seconds):
        waits.append(seconds)

    monkeypatch.setattr(uvicorn.asyncio, "sleep", sleep)
    transport = SimpleNamespace(get_write_buffer_size=lambda: left.pop(0), is_closing=lambda: False)
    await uvicorn.Connection(SimpleNamespace(transport=transport)).drained()
    closing = SimpleNamespace(get_write_buffer_size=lambda: 5, is_closing=lambda: True)
    await uvicorn.Connection(SimpleNamespace(transport=closing)).drained()

    assert waits == [0.02, 0.02]
