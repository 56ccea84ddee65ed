"""Mailboxes on a channel layer: which errors are a server's trouble, and which are bugs that must surface."""

import asyncio
import threading
from typing import Any

import pytest
import redis
from channels.exceptions import ChannelFull

from django_logtail.control import layer as module
from django_logtail.control import messages, wire
from django_logtail.control.layer import LayerMailboxes
from django_logtail.control.mailboxes import MailboxUnavailable, MemoryMailboxes, WrongConnection
from django_logtail.control.messages import Echo, Nudge, opened, sealed, together
from django_logtail.control.wire import Ignored


class Layer:
    """A channel layer that does what a test says."""

    made: list["Layer"] = []

    def __init__(self) -> None:
        self.made.append(self)
        self.is_closed = False
        self.error: Exception | None = None
        self.arrives: list[Any] = []

    async def new_channel(self, prefix: str) -> str:
        return prefix + ".box"

    async def send(self, channel: str, message: dict[str, Any]) -> None:
        if self.error is not None:
            raise self.error

    async def receive(self, channel: str) -> Any:
        found = self.arrives.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    async def close_pools(self) -> None:
        self.is_closed = True


@pytest.fixture
def layers(monkeypatch: pytest.MonkeyPatch) -> list[Layer]:
    monkeypatch.setattr(Layer, "made", [])
    monkeypatch.setattr(module.channel_layers, "make_backend", lambda alias: Layer())
    monkeypatch.setattr(module, "UNREADABLE_SECONDS", 0.0)
    return Layer.made


@pytest.fixture
def ignored(monkeypatch: pytest.MonkeyPatch) -> Ignored:
    fresh = Ignored()
    for where in (wire, messages, module):
        monkeypatch.setattr(where, "ignored", fresh)
    return fresh


async def failing(layers: list[Layer], error: Exception) -> LayerMailboxes:
    boxes = LayerMailboxes("default")
    await boxes.send("box", Nudge())
    layers[-1].error = error
    return boxes


@pytest.mark.parametrize(
    "error",
    [
        ChannelFull(),
        redis.ConnectionError("gone"),
        redis.ResponseError("OOM command not allowed"),
        ConnectionResetError("reset"),
        asyncio.TimeoutError(),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_what_can_be_expected_of_a_server_may_be_tried_again(
    layers: list[Layer], error: Exception
) -> None:
    boxes = await failing(layers, error)

    with pytest.raises(MailboxUnavailable) as raised:
        await boxes.send("box", Nudge())

    assert not isinstance(raised.value, WrongConnection)
    assert len(layers) == 1


@pytest.mark.parametrize("error", [TypeError("a fault"), AssertionError("a fault"), KeyError("a fault")])
async def test_a_fault_of_a_layer_is_no_trouble_of_its_server(layers: list[Layer], error: Exception) -> None:
    boxes = await failing(layers, error)

    with pytest.raises(type(error), match="a fault"):
        await boxes.send("box", Nudge())


@pytest.mark.parametrize(
    "error",
    [
        redis.ReadOnlyError("You can't write against a read only replica."),
        redis.ResponseError("READONLY You can't write against a read only replica."),
        redis.ResponseError(
            "ERR Error running script (call to f_1): @user_script:5: -READONLY You can't write"
        ),
        redis.ResponseError("UNBLOCKED force unblock from blocking operation, instance state changed"),
        redis.BusyLoadingError("LOADING Redis is loading the dataset in memory"),
        redis.ResponseError("MASTERDOWN Link with MASTER is down"),
        redis.ResponseError("NOAUTH Authentication required."),
        redis.AuthenticationError("WRONGPASS invalid username-password pair or user is disabled."),
        redis.exceptions.ClusterDownError("CLUSTERDOWN The cluster is down"),
        redis.ResponseError("MOVED 3999 127.0.0.1:6381"),
    ],
    ids=lambda error: str(error)[:20],
)
async def test_a_server_that_is_not_the_right_one_any_more_is_left(
    layers: list[Layer], error: Exception
) -> None:
    boxes = await failing(layers, error)

    with pytest.raises(WrongConnection):
        await boxes.send("box", Nudge())
    await boxes.send("box", Nudge())

    assert [layer.is_closed for layer in layers] == [True, False]


async def test_what_the_layer_cannot_read_or_nobody_signed_is_left_in_the_mailbox(
    layers: list[Layer], ignored: Ignored
) -> None:
    boxes = LayerMailboxes("default")
    box = await boxes.new()
    theirs = {"type": "chat.message", "text": "hello"}
    layers[-1].arrives = [ValueError("no msgpack"), TypeError("int"), [], theirs, sealed(box, Nudge())]

    assert await boxes.receive(box) == Nudge()
    assert ignored.counts == {"not ours": 4}


async def test_new_connections_for_sending_leave_the_mailboxes_as_they_are(layers: list[Layer]) -> None:
    boxes = LayerMailboxes("default")
    box = await boxes.new()
    await boxes.send("box", Nudge())
    receiving, sending = layers[0], layers[1]
    await boxes.renew_sending()
    receiving.arrives = [sealed(box, Nudge())]

    assert await boxes.receive(box) == Nudge()
    assert (receiving.is_closed, sending.is_closed) == (False, True)


# -- in memory ---------------------------------------------------------------------------------------


async def test_a_message_goes_to_the_mailbox_it_names_and_to_no_other() -> None:
    boxes = MemoryMailboxes()
    mine, yours = await boxes.new(), await boxes.new()

    await boxes.send(mine, Echo(b"one"))
    await boxes.send(yours, Echo(b"two"))
    await boxes.send(mine, Echo(b"three"))

    assert [await boxes.receive(mine) for _ in range(2)] == [Echo(b"one"), Echo(b"three")]
    assert await boxes.receive(yours) == Echo(b"two")


async def test_a_mailbox_in_memory_holds_a_thousand_messages_and_then_is_full_until_one_is_taken() -> None:
    boxes = MemoryMailboxes()
    mine, other = await boxes.new(), await boxes.new()
    for _ in range(1_000):
        await boxes.send(mine, Nudge())

    with pytest.raises(MailboxUnavailable, match="is full"):
        await boxes.send(mine, Nudge())
    await boxes.send(other, Nudge())
    await boxes.receive(mine)
    await boxes.send(mine, Nudge())


async def test_a_mailbox_that_is_not_there_or_was_closed_can_be_tried_again() -> None:
    boxes = MemoryMailboxes()
    mine, other = await boxes.new(), await boxes.new()
    boxes.close(mine)
    boxes.close(mine)

    for name in (mine, "never"):
        with pytest.raises(MailboxUnavailable, match="no mailbox"):
            await boxes.send(name, Nudge())
    await boxes.send(other, Nudge())


def test_a_mailbox_of_another_event_loop_is_reached_while_that_runs_and_forgotten_afterwards() -> None:
    boxes = MemoryMailboxes()

    async def receive(is_open: threading.Event) -> Any:
        names.append(await boxes.new())
        is_open.set()
        return await asyncio.wait_for(boxes.receive(names[0]), 20)

    async def send() -> None:
        await boxes.send(names[0], Echo(b"hi"))

    names: list[str] = []
    is_open, received = threading.Event(), []
    thread = threading.Thread(target=lambda: received.append(asyncio.run(receive(is_open))))
    thread.start()
    assert is_open.wait(20)
    asyncio.run(send())
    thread.join(20)

    assert received == [Echo(b"hi")]
    with pytest.raises(MailboxUnavailable):
        asyncio.run(send())
    asyncio.run(boxes.new())
    assert names[0] not in boxes._boxes


async def test_messages_that_came_together_are_taken_one_by_one(layers: list[Layer]) -> None:
    boxes = LayerMailboxes("default")
    await boxes.new()
    layers[-1].arrives = [
        sealed("box", together([Echo(b"a"), Echo(b"b")])),
        sealed("box", together([])),
        sealed("box", Echo(b"c")),
    ]

    assert [await boxes.receive("box") for _ in range(3)] == [Echo(b"a"), Echo(b"b"), Echo(b"c")]


async def test_what_came_over_an_old_connection_is_not_taken_over_a_new_one(layers: list[Layer]) -> None:
    boxes = LayerMailboxes("default")
    await boxes.new()
    layers[-1].arrives = [sealed("box", together([Echo(b"a"), Echo(b"b")]))]
    await boxes.receive("box")
    await boxes.renew()
    await boxes.new()
    layers[-1].arrives = [sealed("box", Echo(b"c"))]

    assert await boxes.receive("box") == Echo(b"c")


async def test_several_messages_are_one_of_the_layer_s(
    layers: list[Layer], monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[str, Any]] = []

    async def send(self: Layer, channel: str, message: dict[str, Any]) -> None:
        sent.append((channel, opened(channel, message)))

    monkeypatch.setattr(Layer, "send", send)
    await LayerMailboxes("default").send_all("box", [Nudge(), Echo(b"a")])

    assert sent == [("box", together([Nudge(), Echo(b"a")]))]
