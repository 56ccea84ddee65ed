"""Files without a log, chosen in a real browser: on the page without logs, and above the admin's form."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.test_viewer_page import violations
from tests.e2e.viewing import PATIENCE, append, expect_state, lines
from tests.stack import Stack, Web

pytestmark = [pytest.mark.browser, pytest.mark.redis, pytest.mark.whole]


@pytest.fixture
def files(stack: Stack) -> list[Path]:
    """Two files that nobody registered."""
    found = [stack.logs / "nginx" / "access.log", stack.logs / "import.log"]
    found[0].parent.mkdir()
    for path in found:
        append(path, lines(0, 3))
    return found


@pytest.fixture(scope="module")
def adder(installation: Stack) -> str:
    """The session key of somebody who may add logs."""
    return installation.make_user("adder", staff=True, rights=("add_log", "view_log"))


@pytest.fixture
def adding(context: BrowserContext, web: Web, adder: str) -> BrowserContext:
    context.add_cookies([{"name": "sessionid", "value": adder, "url": web.url}])
    return context


def test_a_log_is_one_click_away_from_the_page_without_logs(
    page: Page, adding: BrowserContext, stack: Stack, web: Web, files: list[Path]
) -> None:
    page.goto(web.url + stack.reverse("logtail:list"))

    # Neither is the project's own, so neither is checked for anybody.
    expect(page.get_by_role("heading", name="Found on this host")).to_be_visible(timeout=PATIENCE)
    add = page.get_by_role("button", name="Add 0 logs")
    expect(add).to_be_disabled()
    assert violations(page) == []

    page.locator(".lt-file", has_text="nginx access").click()
    page.locator(".lt-file", has_text="import.log").click()
    page.get_by_role("button", name="Add 2 logs").click()

    expect_state(page, "live")
    expect(page.locator(".lt-name")).to_have_text("import")
    expect(page.get_by_role("link", name="nginx access")).to_be_visible()
    expect(page.locator(".lt-file")).to_have_count(0)


def test_who_may_not_add_logs_sees_one_sentence(
    page: Page, signed_in: BrowserContext, stack: Stack, web: Web, files: list[Path]
) -> None:
    page.goto(web.url + stack.reverse("logtail:list"))

    expect(page.locator(".lt-empty")).to_contain_text("No logs to show")
    expect(page.locator(".lt-first")).to_have_count(0)


def test_the_admins_form_offers_them_too(
    page: Page, adding: BrowserContext, stack: Stack, web: Web, files: list[Path]
) -> None:
    append(stack.logs / "day-2026-11-28.log", lines(0, 3))
    for number in range(21):
        (stack.logs / "sites").mkdir(exist_ok=True)
        append(stack.logs / "sites" / f"s{number}.log", lines(0, 1))
    page.goto(web.url + stack.reverse("admin:logtail_log_add"))
    found = page.get_by_role("region", name="Found on this host")

    series = found.locator(".lt-file", has_text="day-%Y-%m-%d.log")
    expect(series).to_contain_text("the newest file with such a name")
    expect(found.locator(".lt-file", has_text="the newest")).to_have_count(1)
    expect(found.locator(".lt-first-note")).to_contain_text(f"21 files match {stack.logs}/sites/*.log.")
    form = found.get_by_role("link", name="Register the pattern").get_attribute("href")
    assert form is not None
    assert form.endswith("sites%2F%2A.log&follow=each")
    series.click()
    found.get_by_role("checkbox", name="nginx access").check()
    found.get_by_role("button", name="Add 2 logs").click()

    expect(page).to_have_url(web.url + stack.reverse("admin:logtail_log_changelist"))
    expect(page.get_by_role("cell", name="day-%Y-%m-%d.log")).to_be_visible()
    expect(page.get_by_role("cell", name=str(files[0]))).to_be_visible()
