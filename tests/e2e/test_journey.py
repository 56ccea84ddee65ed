"""One way through a whole log in a real browser, while a flood arrives.

It leads from the live end to the first byte, to a time, to a hit in an archive, and back, by bar, keys and touch.
All that was on screen is compared with the files.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import os
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, TimeoutError, expect

from tests.e2e.test_travel import Flood, bar_box, first_in_view, point, pointed_row, top_of
from tests.e2e.viewing import expect_state, settle, tail, until
from tests.length import at_length
from tests.stack import Stack, Web, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.redis, pytest.mark.whole]

#: Lines of each of the three files; about 100 bytes each.
LINES = at_length(2_000_000, short=30_000)
#: Of the page's scripts, and of the text of its lines.
MOST_HEAP_BYTES = 200 * 1024 * 1024


def line(number: int) -> str:
    """The lines of all three files are of three days, 24 to 26 November."""
    per_day = LINES
    day, second = number // per_day, number % per_day * 86_400 // per_day
    clock = f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d},{number % 1000:03d}"
    found = " needle in an archive" if number == LINES // 3 else ""
    return f"2026-11-{24 + day} {clock} INFO     shop.access GET /things/{found} {number:09d} {'x' * 24}\n"


def text(first: int, end: int) -> str:
    return "".join(line(number) for number in range(first, end))


class DatedFlood(Flood):
    """A flood of lines of the day after."""

    def run(self) -> None:
        while not self.ended.wait(0.02):
            with self.path.open("a") as file:
                file.write("".join(self.made(number) for number in range(self.number, self.number + 30)))
            self.number += 30

    @staticmethod
    def made(number: int) -> str:
        return f"2026-11-27 00:00:00,000 INFO     shop.access GET /flood/ {number:09d}\n"


class Seen:
    """What was on screen, by file and place."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.lines: dict[str, dict[int, str]] = {}
        self.looks = 0

    def look(self) -> list[list[Any]]:
        """The lines on screen follow one another, none twice, and each begins where the last one ends."""
        settle(self.page)
        rows: list[list[Any]] = self.page.evaluate(
            """() => {
              const { rows } = document.querySelector('log-tail');
              const view = document.querySelector('.lt-view').getBoundingClientRect();
              const isSeen = ({ bottom, top }) => bottom > view.top && top < view.bottom;
              return [...document.querySelectorAll('.lt-window > *')]
                .filter((row) => isSeen(row.getBoundingClientRect()))
                .map((row) => rows.itemAt(row)).filter(Boolean)
                .map(({ kind, file, start, end, text }) => [kind, file, start, end, text]);
            }"""
        )
        at: tuple[str, int] | None = None
        for kind, file, start, end, shown in rows:
            if kind == "line":
                assert at is None or at == (file, start), f"{at} is followed by {(file, start)}: {shown}"
                self.lines.setdefault(file, {})[start] = shown
                at = (file, end)
            elif kind != "day":
                at = None
        self.looks += 1
        return [row for row in rows if row[0] == "line"]

    def digest(self, file: str) -> str:
        """Of the lines that were on screen, in their order."""
        seen = sorted(self.lines[file].items())
        return hashlib.sha256("".join(f"{shown}\n" for _, shown in seen).encode()).hexdigest()

    def digest_in(self, file: str, whole: bytes) -> str:
        """Of the same places in the file."""
        spans = (
            whole[start : start + len(shown.encode()) + 1]
            for start, shown in sorted(self.lines[file].items())
        )
        return hashlib.sha256(b"".join(spans)).hexdigest()


@pytest.fixture
def files(stack: Stack) -> list[Path]:
    """An archive, an older file and the current one."""
    path = stack.add_log("shop", time_zone="UTC")
    packed, older = path.with_name("shop.log.2.gz"), path.with_name("shop.log.1")
    with gzip.open(packed, "wt", compresslevel=1) as file:
        file.write(text(0, LINES))
    older.write_text(text(LINES, 2 * LINES))
    path.write_text(text(2 * LINES, 3 * LINES))
    for age, file_of in ((2_000, packed), (1_000, older)):
        when = path.stat().st_mtime - age
        os.utime(file_of, (when, when))
    return [packed, older, path]


@pytest.fixture
def path(files: list[Path]) -> Path:
    return files[-1]


def heap_bytes(page: Page) -> int:
    """Memory of the page's scripts once nothing is left to collect, and of the lines' text."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    session.send("Performance.enable")
    metrics = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
    session.detach()
    return int(metrics["JSHeapUsedSize"]) + int(tail(page, "tail.store.bytes"))


def test_a_way_through_all_of_a_log_leaves_nothing_out_and_shows_nothing_twice(
    viewer: Page, files: list[Path]
) -> None:
    packed, older, path = files
    viewer.reload()
    expect_state(viewer, "live")
    until(viewer, "tail.lines === 500")
    box = bar_box(viewer)
    seen = Seen(viewer)

    with DatedFlood(path, 0) as flood:
        seen.look()
        point(viewer)
        for _ in range(12):
            viewer.mouse.wheel(0, -700)
            seen.look()
        until(viewer, "!tail.edges.loading")
        before, written = pointed_row(viewer), flood.number
        wait_until(lambda: flood.number > written + 300, what="the flood")
        assert top_of(viewer, before[0]) == pytest.approx(before[1], abs=0.6)

        # To the first byte, by keys.
        viewer.keyboard.press("Home")
        wait_until(lambda: f" {2 * LINES:09d} " in first_in_view(viewer), what="the first line of the file")
        seen.look()
        viewer.keyboard.press("Home")
        wait_until(lambda: f" {0:09d} " in first_in_view(viewer), what="the first line of all")
        assert seen.look()[0][2] == 0

        # To nine o'clock of the day before the log's last, in the older file.
        viewer.keyboard.press("@")
        viewer.get_by_role("dialog", name="Go to a time").get_by_role("textbox").fill("25 Nov 2026 09:00")
        viewer.keyboard.press("Enter")
        nine = next(
            n for n in range(LINES + LINES * 3 // 8 - 5, 2 * LINES) if line(n) >= "2026-11-25 09:00:00"
        )
        expect(viewer.locator(".lt-target")).to_contain_text(f"{nine:09d}")
        expect(viewer.locator(".lt-notice")).to_contain_text("This is the first line at or after")
        seen.look()

        # To a hit in the archive.
        viewer.locator(".lt-q").fill("needle in an archive")
        viewer.locator(".lt-view").focus()
        viewer.keyboard.press("Shift+S")
        hit = viewer.locator(".lt-res")
        expect(hit).to_have_count(1)
        hit.click()
        expect(viewer.locator(".lt-target")).to_contain_text("needle in an archive")
        seen.look()
        viewer.keyboard.press("Escape")
        viewer.keyboard.press("Escape")
        viewer.locator(".lt-q").fill("")
        viewer.locator(".lt-view").focus()

        # Through the middle, by the bar, with the wheel after each.
        for part in (0.15, 0.5, 0.8, 0.35):
            viewer.mouse.click(box["x"] + 6, box["y"] + box["height"] * part)
            until(viewer, "!tail.travel.isSeeking && tail.historyBar.wanted === null")
            seen.look()
            viewer.mouse.move(600, 400)
            for _ in range(3):
                viewer.mouse.wheel(0, 600)
                seen.look()
        assert heap_bytes(viewer) < MOST_HEAP_BYTES

        viewer.keyboard.press("End")
        expect_state(viewer, "live")
        seen.look()
    until(viewer, f"tail.store.last.text.endsWith(' {flood.number - 1:09d}')")
    seen.look()
    assert heap_bytes(viewer) < MOST_HEAP_BYTES

    texts = [gzip.decompress(packed.read_bytes()), older.read_bytes(), path.read_bytes()]
    found = []
    for file, lines in seen.lines.items():
        start, shown = next(iter(lines.items()))
        [whole] = [one for one in texts if one[start:].startswith(f"{shown}\n".encode())]
        assert seen.digest(file) == seen.digest_in(file, whole)
        found.append(texts.index(whole))
    assert sorted(found) == [0, 1, 2]
    assert sum(map(len, seen.lines.values())) > 300


def test_the_same_by_touch_on_a_phone(
    browser: Browser, stack: Stack, web: Web, files: list[Path], member: str
) -> None:
    packed, older, path = files
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    context.add_cookies([{"name": "sessionid", "value": member, "url": web.url}])
    page = context.new_page()
    page.goto(web.url + stack.reverse("logtail:log", "shop"))
    expect_state(page, "live")
    until(page, "tail.lines === 500")
    seen = Seen(page)
    touch = page.context.new_cdp_session(page)

    def swipe(x: float, start: float, end: float) -> None:
        def point(y: float) -> list[dict[str, float]]:
            return [{"x": x, "y": y}]

        touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": point(start)})
        for step in range(1, 9):
            y = start + (end - start) * step / 8
            touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": point(y)})
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        settle(page)

    with DatedFlood(path, 0):
        for _ in range(6):
            swipe(200, 300, 700)
            seen.look()
        # By the handle that appears, up to the first byte.
        handle = page.locator(".lt-scrub")
        expect(handle).to_be_visible()
        tail(page, "clearTimeout(tail.historyBar.hiding)")
        box = handle.bounding_box()
        assert box
        swipe(box["x"] + 10, box["y"] + 20, bar_box(page)["y"] - 40)
        wait_until(lambda: f" {0:09d} " in first_in_view(page), what="the first line of all")
        assert seen.look()[0][2] == 0
        for _ in range(4):
            swipe(200, 700, 300)
            seen.look()
        # A place between two windows opens where one touches.
        marks = "tail.rows.shown.items.findIndex((item) => item?.kind === 'gap') - tail.rows.shown.first"
        tail(page, f"tail.rows.reveal({marks}, 'center')")
        held = tail(page, "tail.lines")
        # The last swipe still moves the view, which may load it before the finger comes down.
        with contextlib.suppress(TimeoutError):
            page.locator(".lt-mark[data-kind=gap]").get_by_role("button", name="Load").first.tap(
                timeout=2_000
            )
        until(page, f"tail.lines > {held}")
        seen.look()
        page.locator(".lt-pill").tap()
        expect_state(page, "live")
        seen.look()
    context.close()

    texts = [gzip.decompress(packed.read_bytes()), older.read_bytes(), path.read_bytes()]
    for file, lines in seen.lines.items():
        start, shown = next(iter(lines.items()))
        [whole] = [one for one in texts if one[start:].startswith(f"{shown}\n".encode())]
        assert seen.digest(file) == seen.digest_in(file, whole)
