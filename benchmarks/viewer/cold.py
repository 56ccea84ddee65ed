"""A first visit to the page with an empty cache: requests, waves, and time until the element is defined.

`python -m benchmarks.viewer.cold` prints a table. Each response is delayed by 100 ms, as over a long distance, and
connections are as in HTTP/1.1: six at a time. A request belongs to the wave after that of the page or script that made
it.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from tests.e2e.conftest import CHROMIUM_OPTIONS, chromium_path
from tests.stack import Stack

CHUNK = 64 * 1024

DEFINED = "window.defined = customElements.whenDefined('log-tail').then(() => performance.now());"


class Slow:
    """Passes connections on to a port, and delays each response."""

    def __init__(self, port: int, seconds: float) -> None:
        self._port = port
        self._seconds = seconds

    async def serve(self, client: asyncio.StreamReader, answers: asyncio.StreamWriter) -> None:
        server, requests = await asyncio.open_connection("127.0.0.1", self._port)
        is_asked = asyncio.Event()

        async def there() -> None:
            while data := await client.read(CHUNK):
                is_asked.set()
                requests.write(data)
            requests.close()

        async def back() -> None:
            while data := await server.read(CHUNK):
                if is_asked.is_set():
                    is_asked.clear()
                    await asyncio.sleep(self._seconds)
                answers.write(data)
                await answers.drain()
            answers.close()

        with suppress(OSError, asyncio.CancelledError):
            await asyncio.gather(there(), back())


@contextmanager
def slow_way_to(port: int, seconds: float) -> Iterator[int]:
    """A port that leads to another one, with the delay."""
    begun: Future[tuple[int, asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def run() -> None:
        ended = asyncio.Event()
        server = await asyncio.start_server(Slow(port, seconds).serve, "127.0.0.1", 0)
        begun.set_result((server.sockets[0].getsockname()[1], asyncio.get_running_loop(), ended))
        await ended.wait()

    thread = threading.Thread(target=asyncio.run, args=[run()])
    thread.start()
    slow_port, loop, ended = begun.result()
    try:
        yield slow_port
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()


class Seen:
    """A page's requests, and which request caused each."""

    def __init__(self, page: Page) -> None:
        self._waves: dict[str, int] = {}
        self.requests = 0
        self.bytes = 0
        session = page.context.new_cdp_session(page)
        session.on("Network.requestWillBeSent", self._asked)
        session.on("Network.loadingFinished", self._answered)
        session.send("Network.enable")

    def _asked(self, event: dict[str, Any]) -> None:
        initiator = event["initiator"]
        frames = initiator.get("stack", {}).get("callFrames", [])
        by = initiator.get("url") or (frames[0]["url"] if frames else "")
        self._waves.setdefault(event["request"]["url"], self._waves.get(by, 0) + 1)

    def _answered(self, event: dict[str, Any]) -> None:
        self.requests += 1
        self.bytes += event["encodedDataLength"]

    @property
    def waves(self) -> int:
        return max(self._waves.values())


def visited(browser: Browser, url: str, session: str) -> dict[str, float]:
    """One visit with a fresh profile."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.add_cookies([{"name": "sessionid", "value": session, "url": url}])
    context.add_init_script(DEFINED)
    page = context.new_page()
    seen = Seen(page)
    page.goto(url, wait_until="commit")
    defined = page.evaluate("() => window.defined")
    found = {
        "requests": seen.requests,
        "waves": seen.waves,
        "kB": seen.bytes / 1000,
        "seconds": defined / 1000,
    }
    context.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--delay", type=float, default=0.1, help="seconds that each answer takes longer")
    parser.add_argument("--visits", type=int, default=5)
    asked = parser.parse_args()
    with (
        Stack(Path(tempfile.mkdtemp())) as stack,
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_OPTIONS) as browser,
    ):
        stack.start_redis()
        web = stack.start_web()
        stack.add_log("shop", b"a line\n")
        session = stack.make_user("bench")
        with slow_way_to(web.port, asked.delay) as port:
            url = f"http://127.0.0.1:{port}{stack.reverse('logtail:log', 'shop')}"
            visited(browser, url, session)  # so that the server has read its files
            found = [visited(browser, url, session) for _ in range(asked.visits)]
    middle = {name: median(one[name] for one in found) for name in found[0]}
    print("| requests | waves | transferred | until the element is defined |")
    print("| --- | --- | --- | --- |")
    print(
        f"| {middle['requests']:.0f} | {middle['waves']:.0f} | {middle['kB']:.0f} kB | {middle['seconds']:.2f} s |"
    )


if __name__ == "__main__":
    main()
