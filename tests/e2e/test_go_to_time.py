"""The box "Go to a time", from a typed time to the line, and back."""

import gzip
import os
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.viewing import expect_state, tail, until
from tests.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.redis, pytest.mark.whole]


@pytest.fixture
def path(stack: Stack) -> Path:
    """A log of a day, a line each 5 s, in UTC."""
    text = "".join(
        f"2026-11-26 {n // 720:02d}:{n // 12 % 60:02d}:{n % 12 * 5:02d},000 INFO shop: GET /things/ {n}\n"
        for n in range(17_280)
    )
    return stack.add_log("shop", text.encode(), time_zone="UTC")


def test_a_typed_time_is_said_in_full_and_leads_to_its_line_and_esc_gives_the_focus_back(
    viewer: Page, path: Path
) -> None:
    box = viewer.get_by_role("dialog", name="Go to a time")
    viewer.locator(".lt-view").focus()
    viewer.keyboard.press("@")
    field = box.get_by_role("textbox")
    expect(field).to_be_focused()
    field.fill("half past nine")
    expect(box.get_by_role("status")).to_contain_text("Can’t read this time.")
    viewer.keyboard.press("Escape")
    expect(box).to_have_count(0)
    expect(viewer.locator(".lt-view")).to_be_focused()
    expect(viewer.locator(".lt-timego")).to_have_attribute("aria-expanded", "false")

    viewer.keyboard.press("@")
    viewer.evaluate(
        """() => {
          const press = (key) => {
            document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
          };
          press('Escape');
          press('@');
        }"""
    )
    field.fill("26 Nov 2026 09:00:01")
    expect(box.get_by_role("status")).to_contain_text("26")
    expect(box.get_by_role("status")).to_contain_text("UTC")
    viewer.keyboard.press("Enter")

    expect(viewer.locator(".lt-notice")).to_contain_text("This is the first line at or after")
    expect(viewer.locator(".lt-notice")).to_have_attribute("data-tone", "ok")
    # A tick, and not the triangle of warnings.
    expect(viewer.locator(".lt-notice-icon path")).to_have_attribute("d", "m3.5 8.5 3 3 6-7")
    expect(viewer.locator(".lt-target")).to_contain_text("GET /things/ 6481")
    expect(viewer.locator(".lt-target")).to_be_in_viewport()
    expect_state(viewer, "history")

    viewer.get_by_role("button", name="Go to a time").click()
    box.get_by_role("button", name="Live end").click()
    expect_state(viewer, "live")
    expect(viewer.locator(".lt-notice")).to_be_hidden()
    assert tail(viewer, "tail.rows.follow")


def test_the_first_line_of_all_may_be_in_a_compressed_file(viewer: Page, path: Path) -> None:
    older = path.with_name(f"{path.name}.1.gz")
    older.write_bytes(gzip.compress(b"2026-11-25 23:00:00,000 INFO shop: the very first\n" * 2))
    os.utime(older, (0, 0))

    viewer.get_by_role("button", name="Go to a time").click()
    viewer.get_by_role("button", name="First line of all files").click()

    expect(viewer.locator(".lt-target")).to_contain_text("the very first")
    expect(viewer.locator(".lt-target")).to_be_in_viewport()
    expect_state(viewer, "history")


def test_a_time_that_takes_long_says_how_far_it_is_stops_with_esc_and_gives_way_to_the_next(
    viewer: Page, path: Path
) -> None:
    # The host's answers are late.
    tail(
        viewer,
        """(() => {
          const { requests } = tail.session;
          const hear = requests.hear.bind(requests);
          tail.kept = [];
          tail.sent = [];
          const send = requests.send;
          requests.send = (message) => { tail.sent.push(`${message.type} ${message.request}`); send(message); };
          requests.hear = (message) => (message.type === 'time' ? tail.kept.push(message) > 0 : hear(message));
          tail.late = () => tail.kept.splice(0).forEach(hear);
          tail.sayProgress = (at, end) => hear({
            type: 'progress', request: [...requests.open.keys()].at(-1), at, end,
          });
        })()""",
    )
    box, field = viewer.locator(".lt-journey"), viewer.get_by_role("dialog").get_by_role("textbox")

    def go(typed: str) -> None:
        viewer.locator(".lt-view").focus()
        viewer.keyboard.press("@")
        field.fill(typed)
        viewer.keyboard.press("Enter")

    go("26 Nov 2026 09:00:00")
    expect(box.locator("span")).to_have_text("Looking for Thu, Nov 26, 2026, 09:00:00…")
    tail(viewer, "tail.sayProgress(120e6, 600e6)")
    expect(box.locator("span")).to_have_text("Looking for Thu, Nov 26, 2026, 09:00:00… 120 MB of 600 MB")
    viewer.keyboard.press("Escape")
    expect(box).to_be_hidden()
    until(viewer, "tail.kept.length === 1 || tail.sent.some((one) => one.startsWith('cancel'))")
    assert [one.split()[0] for one in tail(viewer, "tail.sent")][-2:] == ["time", "cancel"]
    tail(viewer, "tail.late()")
    expect(viewer.locator(".lt-notice")).to_be_hidden()
    expect_state(viewer, "live")

    go("26 Nov 2026 10:00:00")
    go("26 Nov 2026 11:00:00")
    expect(box.locator("span")).to_have_text("Looking for Thu, Nov 26, 2026, 11:00:00…")
    until(viewer, "tail.kept.some((message) => tail.session.requests.open.has(message.request))")
    tail(viewer, "tail.late()")

    expect(viewer.locator(".lt-target")).to_contain_text("GET /things/ 7920")
    expect(box).to_be_hidden()


def test_going_back_to_live_ends_it_too(viewer: Page, path: Path) -> None:
    tail(
        viewer,
        """(() => {
          const { requests } = tail.session;
          const hear = requests.hear.bind(requests);
          requests.hear = (message) => (message.type === 'time' ? true : hear(message));
        })()""",
    )
    viewer.locator(".lt-view").focus()
    viewer.keyboard.press("@")
    viewer.get_by_role("dialog").get_by_role("textbox").fill("26 Nov 2026 09:00:00")
    viewer.keyboard.press("Enter")
    expect(viewer.locator(".lt-journey")).to_be_visible()
    viewer.keyboard.press("End")
    expect(viewer.locator(".lt-journey")).to_be_hidden()
