"""The lease is lost again and again under load, as where Redis fails over or a worker stalls: every viewer comes back.

`LOGTAIL_LEASE_LOSSES=300 pytest -s tests/surroundings/test_lease_losses.py` is the long run, and says what it took.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import time

import pytest

from tests.client import Client
from tests.conftest import absent
from tests.length import at_length
from tests.stack import CORE_LAYER, PUBSUB_LAYER, Stack, has_redis, wait_until
from tests.writer import Writer, judge

LOSSES = int(os.environ.get("LOGTAIL_LEASE_LOSSES", "8"))
#: Seconds for a viewer to be back on a machine that is busy; the long run says what it took.
BACK_SECONDS = 30.0
LINES_A_SECOND = 500
LINE_BYTES = 100

pytestmark = pytest.mark.whole


class SlowToAcknowledge(Client):
    """Acknowledges every fifth batch, and nothing between."""

    batches = 0

    def _take_batch(self, header, data):
        super()._take_batch(header, data)
        self.batches += 1

    async def _send_ack(self) -> None:
        if self.batches % 5 == 0:
            await super()._send_ack()


@pytest.mark.parametrize("layer", at_length([PUBSUB_LAYER, CORE_LAYER], short=[CORE_LAYER]))
async def test_every_viewer_comes_back_each_time_the_lease_is_lost(tmp_path, layer):
    if not has_redis():
        absent("a redis-server")
    chance, took = random.Random(8), {"handed on": [], "lapsed": []}
    with Stack(tmp_path, layer=layer) as stack:
        stack.start_redis()
        worker, web = stack.start_worker(), stack.start_web()
        path, session = stack.add_log("busy"), stack.make_user("member")
        with Writer(path, per_second=LINES_A_SECOND, size=LINE_BYTES, rotate_seconds=0) as writer:
            async with (
                SlowToAcknowledge(stack, web, "busy", session) as slow,
                Client(stack, web, "busy", session) as other,
            ):
                viewers = (slow, other)
                await arrived(viewers, writer)
                back_at = time.monotonic()
                number = 0
                while number < LOSSES:
                    kind = "lapsed" if number % 5 == 4 else "handed on"
                    lost_at = time.monotonic()
                    tokens = await asyncio.to_thread(
                        stack.call,
                        "take_over",
                        "logtail",
                        chance.uniform(0.2, 1.6),
                        lapses=kind == "lapsed",
                    )
                    if tokens is None:
                        assert time.monotonic() < back_at + BACK_SECONDS, "nobody reads"
                    else:
                        old, other_one = tokens
                        new = await next_reader(stack, other_one, lost_at + BACK_SECONDS)
                        await arrived(viewers, writer)
                        back_at = time.monotonic()
                        if new != old:  # or it was about to look, and never noticed
                            took[kind].append(back_at - lost_at)
                            number += 1
                writer.finish()
                await arrived(viewers, writer)
        assert [viewer.gaps for viewer in viewers] == [[], []]
        written = path.read_bytes()
        for viewer in viewers:
            assert judge(viewer.items, written, LINE_BYTES)["ended"] == len(written)
        wait_until(lambda: path not in worker.open_paths(), 30, "the end of the last reader")
        assert "did not end" not in worker.says()
    for kind, seconds in took.items():
        if seconds:
            print(
                f"\nPython {sys.version.split()[0]}, {layer.split('.')[1]}: {len(seconds)} leases {kind}, viewers back"
                f" after {sorted(seconds)[len(seconds) // 2]:.2f} s (median), {max(seconds):.2f} s (longest)"
            )


async def arrived(viewers, writer) -> None:
    """Everything that is written by now."""
    written = writer.written
    for viewer in viewers:
        await viewer.until(
            lambda viewer=viewer: viewer.place is not None and viewer.place[1] >= written,
            seconds=BACK_SECONDS,
        )


async def next_reader(stack: Stack, past: str, deadline: float) -> str:
    """The token of the next one, as soon as there is one."""
    while (token := await asyncio.to_thread(stack.call, "reader_token", "logtail")) in (None, past):
        assert time.monotonic() < deadline, "no reader comes"
        await asyncio.sleep(0.02)
    return token
