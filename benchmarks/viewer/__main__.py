"""The page under a flood: frames, main thread, memory, and the time for a filter and a jump.

`python -m benchmarks.viewer` prints a table. The back end is not measured: `socket.js` replaces it in the browser, at
the given rate. Frames are counted by the page's own animation frames, in a headless Chromium.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from playwright.sync_api import CDPSession, Page, sync_playwright

from tests.e2e.conftest import CHROMIUM_OPTIONS, chromium_path
from tests.stack import Stack

HERE = Path(__file__).parent
LOADED = 200_000
#: Few, many and most lines; a number; a field in a field; one that is nowhere.
FIELD_FILTERS = [
    "status:500",
    "status:200",
    "duration_ms>1000",
    "request.path:/api/cart/items/1*",
    "level:error status:500",
    "-status:200",
    "nothing:1",
]

FRAMES = """(milliseconds) => new Promise((done) => {
  const frames = [];
  const began = performance.now();
  let last = began;
  requestAnimationFrame(function frame(now) {
    frames.push(now - last);
    last = now;
    if (now - began < milliseconds) requestAnimationFrame(frame);
    else done(frames.slice(1));
  });
})"""
TAIL = "document.querySelector('log-tail')"


def metrics(session: CDPSession) -> dict[str, float]:
    return {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}


def heap(session: CDPSession) -> float:
    session.send("HeapProfiler.collectGarbage")
    return metrics(session)["JSHeapUsedSize"] / 1e6


def measure(page: Page, session: CDPSession, rate: int, seconds: float) -> dict[str, Any]:
    """One flood: the time for frames, and the main thread's work."""
    page.evaluate(f"bench.rate = {rate}")
    page.wait_for_timeout(1500)
    before, sent = metrics(session), page.evaluate("bench.sent")
    frames = page.evaluate(FRAMES, seconds * 1000)
    after = metrics(session)
    sent = page.evaluate("bench.sent") - sent
    page.evaluate("bench.rate = 0")
    passed = after["Timestamp"] - before["Timestamp"]
    return {
        "lines/s": round(sent / passed),
        "p50": median(frames),
        "p95": quantiles(frames, n=20)[-1],
        "dropped": sum(max(0, round(frame / (1000 / 60)) - 1) for frame in frames),
        "frames": len(frames),
        "busy": (after["TaskDuration"] - before["TaskDuration"]) / passed,
    }


def timed(page: Page, act: str) -> float:
    """Milliseconds from an action to the frame that shows its result."""
    return page.evaluate(
        f"""() => new Promise((done) => {{
          const began = performance.now();
          {act};
          requestAnimationFrame(() => setTimeout(() => done(performance.now() - began)));
        }})"""
    )


def filtered(page: Page, texts: list[str], session: CDPSession | None = None) -> list[float]:
    """Milliseconds from each filter to the frame that shows what it found; with a session, of the processor."""
    field, took = f"{TAIL}.parts.query", []
    for text in texts:
        page.evaluate(f"{TAIL}.finding.clear()")
        page.wait_for_timeout(300)
        before = metrics(session)["TaskDuration"] if session else 0
        passed = timed(page, f"{field}.value = {text!r}; {TAIL}.finding.search()")
        took.append((metrics(session)["TaskDuration"] - before) * 1000 if session else passed)
    return took


def opened(page: Page, url: str, wrap: bool, columns: list[str], lines: int = LOADED) -> None:
    page.goto(url)
    page.wait_for_function(f"{TAIL}?.dataset.state === 'live'")
    page.evaluate(f"if ({TAIL}.viewOptions.wrap !== {str(wrap).lower()}) {TAIL}.viewOptions.toggleWrap()")
    page.evaluate(f"bench.load({lines})")
    page.evaluate(f"{TAIL}.viewOptions.setColumns({[{'name': name, 'width': 16} for name in columns]})")
    page.wait_for_timeout(500)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rates", type=int, nargs="*", default=[20_000, 100_000])
    parser.add_argument("--throttle", type=int, nargs="*", default=[1, 6])
    parser.add_argument("--json", action="store_true", help="lines of JSON, and filters by their fields")
    parser.add_argument(
        "--lines", type=int, default=LOADED, help="lines that come, of which the page keeps 200,000"
    )
    parser.add_argument("--columns", nargs="*", default=[], help="fields that are columns")
    asked = parser.parse_args()
    with (
        Stack(Path(tempfile.mkdtemp())) as stack,
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_OPTIONS) as browser,
    ):
        stack.start_redis()
        web = stack.start_web()
        stack.add_log("shop", b"")
        context = browser.new_context(viewport={"width": 1440, "height": 900}, bypass_csp=True)
        context.add_cookies([{"name": "sessionid", "value": stack.make_user("bench"), "url": web.url}])
        if asked.json:
            context.add_init_script("globalThis.benchJson = true")
        context.add_init_script(path=HERE / "socket.js")
        url = web.url + stack.reverse("logtail:log", "shop")
        print(
            "| CPU | lines/s | reading | wrap | got lines/s | frame p50 | p95 | dropped | main thread | heap |"
        )
        print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
        for slowed in asked.throttle:
            for rate in asked.rates:
                for reading in ("following", "scrolled away"):
                    for wrap in (False, True):
                        page = context.new_page()
                        session = context.new_cdp_session(page)
                        session.send("Performance.enable")
                        opened(page, url, wrap, asked.columns)
                        if reading != "following":
                            page.evaluate(f"{TAIL}.rows.goToPart(0.5)")
                            # While scrolled away, nothing is dropped: make room for new lines, as on a page just
                            # opened.
                            page.evaluate(f"{TAIL}.store.mostLines = 10_000_000")
                        session.send("Emulation.setCPUThrottlingRate", {"rate": slowed})
                        found = measure(page, session, rate, asked.seconds)
                        session.send("Emulation.setCPUThrottlingRate", {"rate": 1})
                        size = heap(session)
                        print(
                            f"| {slowed}x | {rate:,} | {reading} | {'yes' if wrap else 'no'} | {found['lines/s']:,} "
                            f"| {found['p50']:.1f} ms | {found['p95']:.1f} ms "
                            f"| {found['dropped']} of {found['frames'] + found['dropped']} "
                            f"| {found['busy']:.0%} | {size:.0f} MB |",
                            flush=True,
                        )
                        page.close()
        page = context.new_page()
        opened(page, url, False, asked.columns, asked.lines)
        page.evaluate(f"{TAIL}.finding.flags.only = true")
        if asked.json:
            session = context.new_cdp_session(page)
            session.send("Performance.enable", {"timeDomain": "threadTicks"})
            print("\n| filter | to the frame | of the processor | lines shown |\n| --- | --- | --- | --- |")
            for typed in FIELD_FILTERS:
                passed = median(filtered(page, [typed] * 7))
                took = median(filtered(page, [typed] * 7, session))
                count = page.evaluate(f"{TAIL}.filtered.lines")
                print(f"| `{typed}` | {passed:.0f} ms | {took:.0f} ms | {count:,} |", flush=True)
        filtered(page, ["orders/77"])
        filtering = filtered(page, [f"orders/{n}" for n in (11, 22, 33, 44, 55)])
        page.evaluate(f"{TAIL}.finding.clear()")
        page.wait_for_timeout(300)
        jumping = []
        for _ in range(5):
            jumping.append(timed(page, f"{TAIL}.rows.toTop()"))
            page.evaluate(f"{TAIL}.toEnd()")
            page.wait_for_timeout(200)
        print(
            f"\nFilter over {LOADED:,} lines: {median(filtering):.0f} ms. Jump to the top: {median(jumping):.0f} ms."
        )


if __name__ == "__main__":
    main()
