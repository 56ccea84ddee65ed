"""A viewer that stops reading its socket during a flood costs the web process and the others next to nothing."""

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from django_logtail.viewing.socket import BULK_BYTES
from tests.client import Client
from tests.conftest import absent
from tests.length import at_length
from tests.plain import Door, PlainViewer, resident_bytes, serve
from tests.stack import Stack, Web, has_redis
from tests.writer import Writer

pytestmark = [pytest.mark.redis, pytest.mark.whole]

MIB = 1024 * 1024
LINE_BYTES = 1_000
LINES_PER_SECOND = 20_000
#: Seconds of the flood while one viewer does not read. After 30 s it would be closed, and resume.
STALL_SECONDS = at_length(60.0, short=5.0)
ACK_LIMIT_SECONDS = 30.0
#: Seconds of the flood before, until ring and allocator have what they need.
WARM_SECONDS = 3.0
#: What such a viewer may cost its web process.
MOST_GROWTH = 8 * MIB
#: Ranges of 1 MiB that are asked for, and seconds between two: as often as a client may.
ASKED = 100
ASK_SECONDS = 0.055
#: The flood is not to be held back by the budgets.
UNLIMITED = {"READ_BYTES_PER_SECOND": 10**9, "READ_BYTES_PER_SECOND_PER_LOG": 10**9}


SERVERS = ["uvicorn", "daphne", "hypercorn", "granian"]


@pytest.fixture(params=at_length(SERVERS, short=["uvicorn", "daphne"]))
def flooded(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Stack, Web]]:
    if not has_redis():
        absent("a redis-server")
    with Stack(tmp_path / "stack", logtail=UNLIMITED, is_forked=False) as stack:
        stack.start_redis()
        stack.start_worker()
        yield stack, stack.start_web(request.param)


def test_a_viewer_that_stops_reading_costs_little_and_gets_the_exact_gap(flooded: tuple[Stack, Web]) -> None:
    stack, web = flooded
    path = stack.add_log("flood")

    with Door(stack, web, stack.make_user("member")) as door:
        stall(path, web, door)


def stall(path: Path, web: Web, door: Door) -> None:
    reads = door.open("flood", forgets=True)
    stops = door.open("flood", forgets=True, small=True)

    with Writer(path, per_second=LINES_PER_SECOND, size=LINE_BYTES, rotate_seconds=0) as writer:
        serve([reads, stops], lambda: False, WARM_SECONDS)
        before = resident_bytes(web.pids)
        most = flood(reads, web)
        writer.finish()
        size = path.stat().st_size
        assert serve([reads], lambda: reads.place is not None and reads.place[1] == size, 60)
    if STALL_SECONDS > ACK_LIMIT_SECONDS:
        assert serve([stops], lambda: stops.is_closed, 20)
        first, stops = stops, door.open("flood", forgets=True, resume=stops.place)
        stops.first, stops.received, stops.gaps = first.first, first.received, first.gaps
    is_complete = serve([stops], lambda: stops.place is not None and stops.place[1] == size, 60)
    named = sum(gap["end"] - gap["start"] for gap in stops.gaps)

    print(
        f"\n  {web.name}: {size / MIB:.0f} MiB, grown by {(most - before) / MIB:.1f} MiB of {before / MIB:.0f}, "
        f"{len(stops.gaps)} gaps of {named / MIB:.1f} MiB"
    )
    assert reads.gaps == []
    assert reads.first is not None
    assert reads.first + reads.received == size
    assert is_complete, stops
    assert stops.first is not None
    assert stops.first + stops.received + named == size
    assert most - before <= MOST_GROWTH


def flood(reads: PlainViewer, web: Web) -> int:
    """Serve one viewer only; the most memory the web process had meanwhile."""
    most = 0
    ends_at = time.monotonic() + STALL_SECONDS
    while time.monotonic() < ends_at:
        serve([reads], lambda: False, 0.5)
        most = max(most, resident_bytes(web.pids))
    return most


async def test_a_client_that_asks_for_old_bytes_and_reads_none_costs_little(tmp_path: Path) -> None:
    """Daphne keeps whatever it is given, and such answers are not acknowledged."""
    with Stack(tmp_path / "stack", logtail={"READER": "local"}, is_forked=False) as stack:
        web = stack.start_web("daphne")
        stack.add_log("large", b"x" * 99 + b"\n" + (b"y" * 99 + b"\n") * 20_000)
        async with Client(stack, web, "large", stack.make_user("member"), lines=1) as viewer:
            await viewer.until_live()
            assert viewer.place is not None
            before = resident_bytes(web.pids)
            viewer.socket.transport.pause_reading()
            for request in range(ASKED):
                asked = {"type": "range", "request": request, "file": viewer.place[0], "start": 0, "end": MIB}
                await viewer.socket.send(json.dumps(asked))
                await asyncio.sleep(ASK_SECONDS)
            grown = resident_bytes(web.pids) - before
            viewer.socket.transport.abort()

    print(f"\n  daphne: grown by {grown / MIB:.1f} MiB, asked for {ASKED} MiB")
    assert grown <= 2 * BULK_BYTES + MOST_GROWTH
