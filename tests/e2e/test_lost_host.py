"""The host of the channel layer's Redis loses power: its connections stay open, but never answer.

Another answers under the same address, as after a failover. Here it is the same server, reached through a forwarder
that forgets its connections without closing them.
"""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import absent
from tests.e2e.test_faults import Faults, Watched
from tests.ports import free_port
from tests.stack import CORE_LAYER, PUBSUB_LAYER, has_redis

pytestmark = [pytest.mark.redis, pytest.mark.whole]

#: Seconds until a client that nothing tells of the loss has noticed it and goes on: see DEAF_SECONDS and SEND_SECONDS.
RECOVERY_SECONDS = 20.0


class Forwarder:
    """Passes bytes on, to and fro, until its connections are forgotten; those of later on are passed on again."""

    def __init__(self, target: int) -> None:
        self.port = free_port()
        self._target = target
        self._loop = asyncio.new_event_loop()
        self._pipes: set[asyncio.Task[None]] = set()
        self._kept: list[asyncio.StreamWriter] = []

    @contextmanager
    def running(self) -> Iterator[None]:
        thread = threading.Thread(target=self._loop.run_forever)
        thread.start()
        server = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._connect, "127.0.0.1", self.port), self._loop
        ).result(10)
        try:
            yield
        finally:
            asyncio.run_coroutine_threadsafe(self._close(server), self._loop).result(10)
            self._loop.call_soon_threadsafe(self._loop.stop)
            thread.join()
            self._loop.close()

    def forget(self) -> int:
        """Nothing passes any more over the connections there are; how many there were."""

        async def forget() -> int:
            pipes = [pipe for pipe in self._pipes if not pipe.done()]
            for pipe in pipes:
                pipe.cancel()
            return len(pipes) // 2

        return asyncio.run_coroutine_threadsafe(forget(), self._loop).result(10)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._target)
        self._kept += [writer, back]
        self._pipes.add(asyncio.ensure_future(self._pipe(reader, back)))
        self._pipes.add(asyncio.ensure_future(self._pipe(there, writer)))

    async def _pipe(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(64 * 1024):
                writer.write(data)
                await writer.drain()
            writer.close()
        except OSError:
            writer.close()

    async def _close(self, server: asyncio.Server) -> None:
        server.close()
        for pipe in self._pipes:
            pipe.cancel()
        for writer in self._kept:
            writer.transport.abort()
        await asyncio.gather(*self._pipes, return_exceptions=True)


@pytest.mark.parametrize("layer", [PUBSUB_LAYER, CORE_LAYER], ids=["pubsub", "core"])
async def test_the_host_of_the_channel_layer_vanishes_without_a_word(layer: str, tmp_path: Path) -> None:
    if not has_redis():
        absent("a redis-server")
    redis = free_port()
    forwarder = Forwarder(redis)
    with forwarder.running():
        faults = Faults(tmp_path, layer, redis_port=redis, LAYER_URL=f"redis://127.0.0.1:{forwarder.port}/0")
        with faults.stack:
            faults.start_worker()
            async with Watched(faults) as watched:
                assert forwarder.forget() > 0
                await watched.is_live_again("the layer's Redis host vanished", RECOVERY_SECONDS)
                await watched.viewer.until_live()
            faults.mend()

    assert watched.found["gaps"] == 0
