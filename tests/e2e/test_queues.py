"""Several hosts are several queues: a real worker that is started with their names."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.client import Client
from tests.stack import Running, Stack, Web

pytestmark = [pytest.mark.redis, pytest.mark.whole]


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


@pytest.fixture
def elsewhere(stack: Stack) -> Iterator[Running]:
    """A worker of two other queues. It ends with the test: others of the installation need them without one."""
    worker = stack.start_worker("web-2", "web-3")
    yield worker
    worker.stop()


async def test_a_worker_serves_the_queues_it_is_started_with(
    stack: Stack, web: Web, member: str, elsewhere: Running
) -> None:
    second = stack.add_log("second", b"on web-2\n", queue="web-2")
    stack.add_log("third", b"on web-3\n", queue="web-3")
    staff = stack.make_user("queues-staff", staff=True)  # only they are told of hosts and queues

    async with (
        Client(stack, web, "second", staff) as left,
        Client(stack, web, "third", member) as right,
    ):
        await left.until(lambda: left.bytes)
        await right.until(lambda: right.bytes)
        append(second, b"more\n")
        await left.until(lambda: left.bytes.endswith(b"more\n"))

    assert (bytes(left.bytes), bytes(right.bytes)) == (b"on web-2\nmore\n", b"on web-3\n")
    assert left.statuses[-1]["reader"]["queue"] == "web-2"
