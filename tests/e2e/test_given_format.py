"""The format that an administrator gave a log, and one that a viewer chose, in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.test_viewer_formats import drawn
from tests.e2e.viewing import append, expect_state, show, until
from tests.stack import Stack, Web

pytestmark = [pytest.mark.browser, pytest.mark.redis, pytest.mark.whole]

EXPRESSION = r"(?P<level>[A-Z]) at (?P<time>\S+ \S+) <(?P<logger>[^>]*)> (?P<message>.*)"
LINES = """\
E at 2026-11-28 10:00:00 <shop.checkout> out of stock
2026-11-28 10:00:01,100 INFO quoted: what the other side said
W at 2026-11-28 10:00:02 <shop.pay> slow answer
"""


@pytest.fixture
def two(signed_in: BrowserContext, stack: Stack) -> None:
    """Two logs with the same lines; the format of one is given."""
    stack.add_log("given", LINES.encode(), format=EXPRESSION)
    stack.add_log("found", LINES.encode())


def test_a_log_is_drawn_in_the_format_that_it_was_given_and_its_neighbour_is_not(
    two: None, page: Page, web: Web, stack: Stack
) -> None:
    show(page, web, stack, "given")
    until(page, "tail.store.lines === 3")

    assert drawn(page) == ["E 10:00:00", "W 10:00:02"]
    row = page.locator(".lt-row", has_text="out of stock")
    expect(row.locator(".lt-src")).to_have_text("shop.checkout")
    expect(row.locator(".lt-msg")).to_contain_text("out of stock")
    append(stack.logs / "given.log", "E at 2026-11-28 10:00:03 <shop> later\n")
    until(page, "tail.store.lines === 4")
    assert drawn(page) == ["E 10:00:00", "W 10:00:02", "E 10:00:03"]

    show(page, web, stack, "found")
    until(page, "tail.store.lines === 3")
    assert drawn(page) != ["E 10:00:00", "W 10:00:02"]


def test_a_reader_takes_another_format_and_gives_it_back(
    two: None, page: Page, web: Web, stack: Stack
) -> None:
    show(page, web, stack, "given")
    until(page, "tail.store.lines === 3")
    page.get_by_role("button", name="View options").click()
    choice = page.get_by_role("combobox", name="Format")
    expect(choice.locator("option").first).to_have_text(f"Set for this log: {EXPRESSION}")

    choice.select_option("time-level")
    expect(page.locator(".lt-format")).to_have_text("Time and level")
    assert drawn(page) == ["O", "I 10:00:01.100"]

    page.reload()
    expect_state(page, "live")
    until(page, "tail.store.lines === 3")
    assert drawn(page) == ["O", "I 10:00:01.100"]

    page.get_by_role("button", name="View options").click()
    page.get_by_role("combobox", name="Format").select_option("")
    expect(page.locator(".lt-format")).to_have_text(EXPRESSION)
    assert drawn(page) == ["E 10:00:00", "W 10:00:02"]


def test_the_page_names_the_format_that_it_found(
    signed_in: BrowserContext, page: Page, web: Web, stack: Stack
) -> None:
    stack.add_log("plain", b"2026-11-28 10:00:01,100 INFO one\n2026-11-28 10:00:02,100 ERROR two\n")
    show(page, web, stack, "plain")
    until(page, "tail.store.lines === 2")

    expect(page.locator(".lt-format")).to_have_text("Time and level")
    page.get_by_role("button", name="View options").click()
    first = page.get_by_role("combobox", name="Format").locator("option").first
    expect(first).to_have_text("Detected: Time and level")


def test_the_admin_shows_the_last_lines_as_they_would_be_read(
    context: BrowserContext, page: Page, complaints: list[str], web: Web, stack: Stack
) -> None:
    chief = stack.make_user("format-chief", staff=True, superuser=True)
    context.add_cookies([{"name": "sessionid", "value": chief, "url": web.url}])
    stack.add_log("preview", LINES.encode())
    page.goto(web.url + stack.reverse("admin:logtail_log_changelist"))
    page.get_by_role("link", name="preview", exact=True).click()
    preview = page.locator(".lt-format-preview")
    expect(preview.locator("tbody tr")).to_have_count(3)

    page.get_by_role("combobox", name="Format").fill(EXPRESSION)

    expect(preview).to_contain_text("2 entries in the last 3 lines.")
    cells = preview.locator("tbody tr").first.locator("td")
    expect(cells).to_have_text(["2026-11-28 10:00:00", "E", "shop.checkout", "out of stock"])
    page.get_by_role("combobox", name="Format").fill("(?P<time>")
    expect(preview).to_have_text("This is not a valid format. Save to see why.")
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.locator(".field-format .errorlist")).to_have_text(
        "The expression is invalid: missing ) in (?P<time>."
    )
    # The admin's pages have no icon.
    complaints[:] = [said for said in complaints if "404" not in said]
