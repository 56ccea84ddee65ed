"""The whole path on all common ASGI servers."""

import asyncio

import pytest

from tests.client import Client
from tests.stack import Running, Stack, Web, wait_until

pytestmark = [pytest.mark.redis, pytest.mark.whole]


@pytest.fixture(scope="module", params=["uvicorn", "daphne", "hypercorn", "granian"])
def server(request: pytest.FixtureRequest, installation: Stack) -> Web:
    return installation.start_web(request.param)


async def test_a_burst_and_then_a_line_arrive_complete(stack: Stack, server: Web, member: str) -> None:
    path = stack.add_log("django", b"before\n")
    burst = b"".join(b"line %06d of a burst\n" % number for number in range(20_000))

    async with Client(stack, server, "django", member) as viewer:
        await viewer.until_live()
        with path.open("ab") as file:
            file.write(burst)
        await viewer.until(lambda: len(viewer.bytes) >= len(burst) + 7)
        with path.open("ab") as file:
            file.write(b"after\n")
        await viewer.until(lambda: viewer.bytes.endswith(b"after\n"))

    assert bytes(viewer.bytes) == b"before\n" + burst + b"after\n"


async def test_stop_closes_the_socket_and_the_file(
    stack: Stack, server: Web, worker: Running, member: str
) -> None:
    path = stack.add_log("django", b"x\n")

    async with Client(stack, server, "django", member) as viewer:
        await viewer.until_live()
        await viewer.send({"type": "stop"})
        code = await viewer.until_closed()

    assert code == 1000
    await asyncio.to_thread(wait_until, lambda: path not in worker.open_paths(), 5, "the release")


async def test_a_close_code_of_ours_reaches_the_client(stack: Stack, server: Web, member: str) -> None:
    stack.add_log("django")

    async with Client(stack, server, "django", member, protocol=99) as viewer:
        assert await viewer.until_closed() == 4426


async def test_a_client_that_stops_reading_holds_up_nobody_else(
    stack: Stack, server: Web, member: str
) -> None:
    path = stack.add_log("django")
    flood = b"".join(b"line %06d of a flood that nobody takes\n" % number for number in range(100_000))

    async with (
        Client(stack, server, "django", member, acknowledges=False) as stuck,
        Client(stack, server, "django", member) as reads,
    ):
        await stuck.until_live()
        await reads.until_live()
        with path.open("ab") as file:
            file.write(flood)
        await reads.until(lambda: len(reads.bytes) >= len(flood))

    assert bytes(reads.bytes) == flood
    assert reads.gaps == []
