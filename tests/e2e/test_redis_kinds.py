"""A line reaches viewers whatever kind of Redis carries it, over either layer of channels_redis."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

import pytest
import redis

from tests.client import Client
from tests.conftest import absent
from tests.length import at_length
from tests.redis_servers import KINDS, RedisServer, client, with_password
from tests.stack import CORE_LAYER, PUBSUB_LAYER, Stack, Web, has_redis

pytestmark = [pytest.mark.redis, pytest.mark.whole]

LAYERS = {"core": CORE_LAYER, "pubsub": PUBSUB_LAYER}
#: Seconds without a line: more than the 5 s after which redis-py 8 gives up a silent socket.
SILENT_SECONDS = 6.0


class Installations:
    """One for each layer, side by side: a web process, and a worker for the queue that is named like the layer."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.member = stack.make_user("member")
        self.webs: dict[str, Web] = {}
        self.paths: dict[str, Path] = {}

    def start(self, server: RedisServer, **logtail: str) -> None:
        """Start anew, on this server. Whatever ran before is gone."""
        self.end()
        self.stack.environment["REDIS_SERVER"] = json.dumps(asdict(server))
        self.stack.environment["LOGTAIL_MORE"] = json.dumps(logtail)
        for name, layer in LAYERS.items():
            self.stack.environment["CHANNEL_LAYER"] = layer
            self.stack.start_worker(name)
            self.webs[name] = self.stack.start_web()
            self.paths[name] = self.stack.add_log(name, queue=name)

    def end(self) -> None:
        for running in self.stack.started:
            running.kill()
        self.stack.remove_logs()

    async def bytes_of_a_viewer(self, layer: str) -> bytes:
        """What somebody gets who watches while a line is written, none for a while, and another one."""
        async with Client(self.stack, self.webs[layer], layer, self.member) as viewer:
            await viewer.until_live()
            self.append(layer, b"first\n")
            await viewer.until(lambda: viewer.bytes == b"first\n")
            await asyncio.sleep(SILENT_SECONDS)
            self.append(layer, b"after the silence\n")
            await viewer.until(lambda: viewer.bytes.endswith(b"silence\n"))
        return bytes(viewer.bytes)

    async def bytes_of_viewers(self) -> dict[str, bytes]:
        """The same for each layer at once."""
        return dict(zip(LAYERS, await asyncio.gather(*map(self.bytes_of_a_viewer, LAYERS)), strict=True))

    def append(self, layer: str, data: bytes) -> None:
        with self.paths[layer].open("ab") as file:
            file.write(data)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installations]:
    if not has_redis():
        absent("a redis-server")
    nowhere = RedisServer({"url": "redis://nowhere.invalid"}, {"address": "redis://nowhere.invalid"})
    environment = {
        "DJANGO_SETTINGS_MODULE": "tests.host.redis_settings",
        "REDIS_SERVER": json.dumps(asdict(nowhere)),
    }
    with Stack(tmp_path_factory.mktemp("kinds") / "stack", environment=environment) as stack:
        yield Installations(stack)


@pytest.fixture
def installations(shared: Installations) -> Iterator[Installations]:
    yield shared
    shared.end()


EVERY_LINE = dict.fromkeys(LAYERS, b"first\nafter the silence\n")


@pytest.mark.parametrize("kind", at_length(list(KINDS), short=["tls"]))
async def test_lines_arrive_over_both_layers_also_after_a_silence(
    kind: str, installations: Installations, tmp_path: Path
) -> None:
    with KINDS[kind](tmp_path) as server:
        await asyncio.to_thread(installations.start, server)

        arrived = await installations.bytes_of_viewers()

    assert arrived == EVERY_LINE


async def test_wants_may_live_on_another_server_than_layer_and_broker(
    installations: Installations, tmp_path: Path
) -> None:
    folders = [tmp_path / "carrier", tmp_path / "wants"]
    for folder in folders:
        folder.mkdir()
    with ExitStack() as servers:
        carrier, wants = (servers.enter_context(with_password(folder)) for folder in folders)
        url = wants.broker["url"].rpartition("/")[0] + "/3"
        await asyncio.to_thread(installations.start, carrier, REDIS_URL=url)

        arrived = await installations.bytes_of_viewers()

        with client(carrier) as of_carrier, redis.Redis.from_url(url) as of_wants:
            families = families_in(of_carrier), families_in(of_wants)

    assert arrived == EVERY_LINE
    assert families == ({"dramatiq"}, {"logtail"})


def families_in(asked: redis.Redis) -> set[str]:
    """The first words of the keys of its database, without those of the core layer, which come and go."""
    keys = (key.decode() for key in asked.scan_iter())
    return {key.partition(":")[0] for key in keys if not key.startswith("asgi")}
