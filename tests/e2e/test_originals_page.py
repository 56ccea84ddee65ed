"""Somebody asks for the original on a real page, and sees it in this window, for one viewing; another window doesn't.

With a real server; `test_originals` has the worker and Redis.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.conftest import fresh_profile
from tests.e2e.test_recorded import rows
from tests.e2e.viewing import append, show, text_of
from tests.stack import Stack, Web, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.whole]

LINES = "12:00:00 INFO login of ann@shop.example\n12:00:01 INFO from 203.0.113.41\n"


@pytest.fixture(scope="module")
def redacted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stack, Web]]:
    logtail = {"READER": "local", "REDACT": ["email", "ip"], "AUDIT": True}
    with Stack(tmp_path_factory.mktemp("originals-page") / "stack", logtail=logtail) as stack:
        yield stack, stack.start_web()


@pytest.fixture
def profile(browser: Browser, redacted: tuple[Stack, Web]) -> Iterator[BrowserContext]:
    stack, web = redacted
    profile = fresh_profile(browser)
    session = stack.make_user("ann", staff=True, rights=("see_unredacted_log",))
    profile.add_cookies([{"name": "sessionid", "value": session, "url": web.url}])
    yield profile
    profile.close()


def test_the_original_is_in_one_window_for_one_viewing(
    profile: BrowserContext, redacted: tuple[Stack, Web]
) -> None:
    stack, web = redacted
    path: Path = stack.add_log("shop", LINES.encode())
    page, other = profile.new_page(), profile.new_page()
    for one in (other, page):
        show(one, web, stack, "shop")
        expect(one.locator(".lt-red")).to_have_text(["‹e-mail address›", "‹IP address›"])
    page.locator(".lt-redbtn").click()
    page.get_by_role("button", name="Ask for the original").click()
    page.get_by_role("button", name="Show and record").click()
    expect(page.get_by_role("alert").filter(has_text="Say why you need the original.")).to_be_visible()
    page.get_by_label("Reason").fill("Order 48213")
    page.get_by_role("button", name="Show and record").click()
    expect(page.locator(".lt-shown")).to_have_text(["ann@shop.example", "203.0.113.41"])
    append(path, "12:00:02 INFO from 203.0.113.77\n")
    expect(page.locator(".lt-shown")).to_have_count(3)
    expect(other.locator(".lt-red")).to_have_count(3)

    assert "203.0.113.77" in text_of(page)
    assert not any(secret in text_of(other) for secret in ("ann@", "203.0.113"))
    assert "203.0.113" not in other.content()
    page.get_by_role("button", name="Hide again").click()
    expect(page.locator(".lt-red")).to_have_count(3)
    assert "203.0.113" not in page.content()
    page.reload()
    expect(page.locator(".lt-red")).to_have_count(3)
    is_told(stack)


def is_told(stack: Stack) -> None:
    """The reason is in the record, and how it ended."""

    def ended() -> bool:
        found = [row for row in rows(stack, "logtail_viewingevent") if row["action"] == "original"]
        return [(row["user_name"], "Order 48213" in row["detail"], row["outcome"]) for row in found] == [
            ("ann", True, "left")
        ]

    wait_until(ended, what="the record of the original")


def test_who_lacks_the_right_is_offered_nothing(browser: Browser, redacted: tuple[Stack, Web]) -> None:
    stack, web = redacted
    stack.add_log("office", LINES.encode())
    profile = fresh_profile(browser)
    session = stack.make_user("bob", staff=True)
    profile.add_cookies([{"name": "sessionid", "value": session, "url": web.url}])
    page: Page = profile.new_page()
    show(page, web, stack, "office")
    page.locator(".lt-redbtn").click()

    box = page.get_by_role("dialog", name="Redacted")
    expect(box).to_contain_text("You may not see the original. Ask an administrator.")
    expect(box.get_by_role("button")).to_have_count(0)
    profile.close()


def test_lines_over_http_say_that_something_is_hidden(browser: Browser, redacted: tuple[Stack, Web]) -> None:
    stack, web = redacted
    stack.add_log("plain", LINES.encode())
    profile = fresh_profile(browser)
    session = stack.make_user("eve", staff=True, rights=("see_unredacted_log",))
    profile.add_cookies([{"name": "sessionid", "value": session, "url": web.url}])
    page: Page = profile.new_page()
    page.add_init_script("globalThis.WebSocket = class { constructor() { throw new Error('blocked'); } }")
    page.goto(web.url + stack.reverse("logtail:log", "plain"))
    expect(page.locator(".lt-red")).to_have_text(["‹e-mail address›", "‹IP address›"], timeout=60_000)
    page.locator(".lt-redbtn").click()

    box = page.get_by_role("dialog", name="Redacted")
    expect(box).to_contain_text("It never reached this page")
    expect(box).not_to_contain_text("You may not see the original")
    expect(box.get_by_role("button")).to_have_count(0)
    assert "203.0.113" not in page.content()
    profile.close()
