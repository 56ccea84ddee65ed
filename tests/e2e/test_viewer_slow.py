"""A slow browser, and a network that goes away for half a minute. `make check-long` runs them."""

import asyncio
import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.viewing import append, expect_state, line, lines, marks_of, show, tail, text_of, until
from tests.length import IS_LONG
from tests.stack import Stack, Web, wait_until

pytestmark = [
    pytest.mark.browser,
    pytest.mark.redis,
    pytest.mark.whole,
    pytest.mark.skipif(not IS_LONG, reason="takes minutes; `make check-long` runs it"),
]

OUTAGE_SECONDS = 30
#: Seconds for each way.
LATENCY_SECONDS = 0.2
SLOWED = 6
#: Seconds for what a slowed page does.
PATIENCE = 120.0


class LongLine:
    """A slow path to a server. The browser's own emulation doesn't slow down sockets."""

    def __init__(self, web: Web) -> None:
        self.target = web.port
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)

    def __enter__(self) -> "LongLine":
        self.thread.start()
        opening = asyncio.start_server(self._connect, "127.0.0.1", 0)
        self.server = asyncio.run_coroutine_threadsafe(opening, self.loop).result()
        self.url = f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}"
        return self

    def __exit__(self, *error: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self.loop).result()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    async def _close(self) -> None:
        self.server.close()
        ways = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        ways = [self._carry(reader, far_writer), self._carry(far_reader, writer)]
        try:
            await asyncio.gather(*ways)
        except ConnectionError:
            pass  # one side left; the other one is told by the close
        finally:
            writer.close()
            far_writer.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def deliver() -> None:
            data = b"?"
            while data:
                due, data = await under_way.get()
                await asyncio.sleep(due - self.loop.time())
                writer.write(data)
                await writer.drain()
            writer.close()

        delivering = asyncio.ensure_future(deliver())
        data = b"?"
        while data:
            data = await reader.read(65536)
            under_way.put_nowait((self.loop.time() + LATENCY_SECONDS, data))
        await delivering


@pytest.fixture
def slowed(page: Page, signed_in: BrowserContext, web: Web) -> Iterator[LongLine]:
    """A sixth of the processor, and a slow path to the server."""
    with LongLine(web) as way:
        signed_in.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWED})
        yield way
        page.close()


@contextmanager
def written(path: Path, start: int, each: int = 20) -> Iterator[list[int]]:
    """A program that writes `each` lines every 100 ms, from number `start` on; the number of the next line."""
    upto = [start]
    ended = threading.Event()

    def write() -> None:
        while not ended.wait(0.1):
            append(path, lines(upto[0], upto[0] + each))
            upto[0] += each

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield upto
    finally:
        ended.set()
        writer.join()


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def round_trip(page: Page) -> float:
    """Seconds until the server has answered a question over the socket."""
    return page.evaluate(
        """async () => {
          const { session } = document.querySelector('log-tail');
          const began = performance.now();
          await session.range({ file: session.place.file, start: 0, end: 4 });
          return (performance.now() - began) / 1000;
        }"""
    )


def test_half_a_minute_without_network_misses_nothing(
    page: Page, signed_in: BrowserContext, slowed: LongLine, stack: Stack, complaints: list[str]
) -> None:
    path = stack.add_log("shop", lines(0, 3).encode())
    show(page, slowed, stack, "shop")
    assert round_trip(page) > 2 * LATENCY_SECONDS

    with written(path, 3) as upto:
        until(page, "tail.lines > 100")
        signed_in.set_offline(True)
        expect_state(page, "offline")
        away_from, began = tail(page, "tail.lines"), time.monotonic()
        wait_until(lambda: time.monotonic() - began > OUTAGE_SECONDS, OUTAGE_SECONDS + 5, "the network")
        missed = upto[0] - away_from
        signed_in.set_offline(False)
        expect_state(page, "live")
    wait_until(lambda: tail(page, "tail.lines") == upto[0], PATIENCE, "the last line")

    print(f"{upto[0]} lines, {missed} of them written in {OUTAGE_SECONDS} s without network")
    assert missed > OUTAGE_SECONDS * 50
    assert digest(text_of(page)) == hashlib.sha256(path.read_bytes()).hexdigest()
    assert marks_of(page) == ["day"]
    complaints.clear()


def test_a_slow_page_on_a_slow_network_follows_finds_stops_and_goes_on(
    page: Page, slowed: LongLine, stack: Stack
) -> None:
    path = stack.add_log("shop", lines(0, 3).encode())
    show(page, slowed, stack, "shop")

    with written(path, 3, each=500) as upto:
        wait_until(lambda: tail(page, "tail.lines") > 20_000, PATIENCE, "20,000 lines")
        page.locator(".lt-view").hover()
        page.mouse.wheel(0, -2000)
        until(page, "!tail.rows.follow")
        page.keyboard.press("End")
        until(page, "tail.rows.follow")
    append(path, line(upto[0], "ERROR", "payment failed"))
    wait_until(lambda: tail(page, "tail.lines") == upto[0] + 1, PATIENCE, "the last line")
    page.keyboard.press("/")
    page.keyboard.type("payment failed")
    expect(page.locator(".lt-row .lt-hit")).to_have_text("payment failed", timeout=PATIENCE * 1000)
    page.get_by_role("button", name="Stop watching").click()
    expect_state(page, "stopped")
    append(path, lines(upto[0] + 1, upto[0] + 500))
    page.get_by_role("button", name="Start again").first.click()

    wait_until(lambda: tail(page, "tail.lines") == upto[0] + 500, PATIENCE, "what came after the stop")
    print(
        f"{upto[0] + 500} lines at 5,000 lines/s, {LATENCY_SECONDS} s each way, a processor {SLOWED} times slower"
    )
    assert digest(text_of(page)) == hashlib.sha256(path.read_bytes()).hexdigest()
