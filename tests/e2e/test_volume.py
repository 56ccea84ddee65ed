"""Entries over time, from the files of a log to the strip, and a range of it to a search and a download."""

from __future__ import annotations

import gzip
import os
import re
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.viewing import tail
from tests.stack import Stack, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.redis, pytest.mark.whole]


def hours(now: datetime, begin: int, end: int, level: str = "INFO") -> bytes:
    """An entry a minute, from so many hours ago on."""
    first = now - timedelta(hours=begin)
    return "".join(
        f"{first + timedelta(minutes=n):%Y-%m-%d %H:%M:%S},000 {level} shop: order {begin * 60 - n} minutes ago\n"
        for n in range((begin - end) * 60)
    ).encode()


@pytest.fixture
def now() -> datetime:
    return datetime.now(timezone.utc).replace(second=30, microsecond=0) - timedelta(minutes=1)


@pytest.fixture
def path(stack: Stack, now: datetime) -> Path:
    """A log of 18 hours, an entry a minute: 12 hours of errors in a compressed file, and 6 without."""
    path = stack.add_log("shop", hours(now, 6, 0), time_zone="UTC")
    older = path.with_name(f"{path.name}.1.gz")
    older.write_bytes(gzip.compress(hours(now, 18, 6, "ERROR")))
    os.utime(older, (time.time() - 6 * 3600,) * 2)
    return path


def test_a_range_chosen_on_the_strip_is_searched_downloaded_and_kept_by_the_address(
    viewer: Page,
) -> None:
    strip = viewer.locator(".lt-strip")
    viewer.locator(".lt-view").press("h")
    expect(strip.locator(".lt-strip-note")).to_have_text("1,080 entries", timeout=20_000)
    assert [sum(column[kind] for column in tail(viewer, "tail.volume.columns")) for kind in range(3)] == [
        720,
        0,
        360,
    ]

    plot = strip.locator(".lt-vol")
    box = plot.bounding_box()
    assert box is not None
    begin, end = (box["x"] + box["width"] * part / 24 for part in (10.4, 11.6))  # 13 hours ago
    viewer.mouse.move(begin, box["y"] + 10)
    viewer.mouse.down()
    viewer.mouse.move(end, box["y"] + 10, steps=4)
    viewer.mouse.up()
    chip = viewer.locator(".lt-pin")
    expect(chip).to_have_attribute("data-kind", "time")
    range_ = tail(viewer, "tail.finding.range")
    minutes = (range_["to"] - range_["from"]) // 60_000
    assert 70 <= minutes <= 100
    expect(viewer.locator(".lt-target")).to_be_in_viewport()
    expect(viewer.locator(".lt-row[data-lv='E']").first).to_be_visible()

    viewer.locator(".lt-whole").click()
    expect(viewer.locator(".lt-results-text")).to_contain_text(re.compile(rf"^{minutes} "))
    viewer.get_by_role("button", name="Download").first.click()
    link = viewer.get_by_role("menuitem", name="All lines of this time")
    got = viewer.request.get(viewer.url.split("/logs/")[0] + str(link.get_attribute("href")))
    assert (got.status, got.text().count("\n")) == (200, minutes)
    viewer.keyboard.press("Escape")

    wait_until(lambda: "range=" in viewer.url, what="the range in the address")
    viewer.reload()
    expect(chip).to_have_attribute("data-kind", "time")
    assert tail(viewer, "tail.finding.range") == range_
    expect(viewer.locator(".lt-row[data-lv='E']").first).to_be_visible()
    chip.click()
    expect(viewer.locator(".lt-pinrow")).to_be_hidden()
