"""The admin's page of readers and viewers in a real browser, next to a viewer's tab."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.test_viewer_page import axe, violations
from tests.e2e.viewing import append, expect_state, lines, show
from tests.stack import Stack, Web, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.redis, pytest.mark.whole]


@pytest.fixture(scope="module")
def chief(installation: Stack) -> str:
    """The session key of somebody who may do everything in the admin."""
    return installation.make_user("chief", staff=True, superuser=True)


@pytest.fixture
def both(
    context: BrowserContext, page: Page, complaints: list[str], stack: Stack, web: Web, chief: str
) -> tuple[Page, Page]:
    """The chief's two tabs: a log that is live, and the admin's page, where it is listed."""
    context.add_cookies([{"name": "sessionid", "value": chief, "url": web.url}])
    stack.add_log("shop", lines(0, 5).encode())
    show(page, web, stack, "shop")
    admin = context.new_page()
    admin.on(
        "console", lambda said: complaints.append(said.text) if "Content Security" in said.text else None
    )
    admin.goto(web.url + stack.reverse("admin:logtail_log_changelist"))
    admin.get_by_role("link", name="Readers and viewers").click()
    expect(admin.get_by_role("heading", name="Readers and viewers")).to_be_visible()

    def is_listed() -> bool:
        # A reader reports each second.
        admin.get_by_role("link", name="Refresh").click()
        return admin.locator("#logtail-logs tr", has_text="shop").count() == 1

    wait_until(is_listed, what="the log among those that are read")
    return page, admin


def test_a_viewer_is_stopped_with_a_reason_and_goes_on_when_the_admin_says_so(
    both: tuple[Page, Page], stack: Stack
) -> None:
    viewer, admin = both
    row = admin.locator("#logtail-logs tr", has_text="shop")

    row.get_by_role("textbox").fill("too loud")
    row.get_by_role("button", name="Stop").click()

    expect(admin.locator(".messagelist")).to_have_text("Stopped shop. Viewers have been notified.")
    expect_state(viewer, "ended")
    expect(viewer.locator(".lt-notice")).to_contain_text("This log was stopped by chief: too loud.")

    append(stack.logs / "shop.log", lines(5, 6))
    admin.locator("#logtail-stops tr", has_text="too loud").get_by_role("button", name="Continue").click()

    expect(admin.locator(".messagelist")).to_have_text("Now reading shop again.")
    expect_state(viewer, "live")
    expect(viewer.locator("log-tail .lt-row").last).to_contain_text("GET /things/ 5")


@pytest.mark.skipif(axe() is None, reason="axe-playwright-python is missing")
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_has_no_barrier_that_axe_knows(both: tuple[Page, Page], theme: str) -> None:
    _, admin = both
    admin.emulate_media(color_scheme=theme)

    found = violations(admin)
    admin.set_viewport_size({"width": 390, "height": 844})
    found += violations(admin)

    # The breadcrumbs are Django's own, and underlined from 6.1 on.
    assert [said for said in found if "breadcrumbs" not in said] == []


def test_the_page_fits_a_phone(both: tuple[Page, Page]) -> None:
    _, admin = both

    admin.set_viewport_size({"width": 390, "height": 844})

    assert admin.evaluate("document.documentElement.scrollWidth") == 390


def test_paths_in_the_list_of_logs_break_after_slashes(both: tuple[Page, Page], stack: Stack) -> None:
    _, admin = both
    admin.set_viewport_size({"width": 1024, "height": 768})
    admin.goto(admin.url.replace("status/", ""))
    path = admin.locator("tr", has_text="shop.log").locator("td.field-file_path").first
    expect(path).to_have_text(f"{stack.logs}/shop.log")

    parts = path.evaluate("""cell => [...cell.childNodes].filter((node) => node.length).map((node) => {
      const range = new Range();
      range.selectNodeContents(node);
      const lines = [...range.getClientRects()];
      return {
        name: node.data,
        tops: lines.map(({ top }) => top),
        isTooLong: lines.reduce((sum, { width }) => sum + width, 0) > cell.clientWidth - 40,
      };
    })""")

    # A name that is wider than the cell breaks where it must, and after a hyphen any may.
    broken = [part for part in parts if len(part["tops"]) > 1]
    assert [part for part in broken if not part["isTooLong"] and "-" not in part["name"]] == []
    assert len({part["tops"][0] for part in parts}) > 1  # it doesn't fit on one line
