"""Scripts and styles in a browser: two rounds of requests, and a page that says when they never came."""

import re

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.e2e.viewing import lines, show, until
from tests.stack import Stack, Web

pytestmark = [pytest.mark.browser, pytest.mark.redis, pytest.mark.whole]

#: More than the seconds that the page waits for its script before it says something.
PATIENCE = 30_000


@pytest.fixture
def log(stack: Stack) -> str:
    stack.add_log("shop", lines(0, 60).encode())
    return "shop"


def paths(asked: list[str]) -> list[str]:
    return [re.sub(r"^http://[^/]+|(?<=/assets/)[0-9a-f]{16}", "", address) for address in asked]


def test_a_first_visit_asks_for_script_and_styles_at_once_and_for_nothing_after_them(
    signed_in: BrowserContext, page: Page, web: Web, stack: Stack, log: str
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    show(page, web, stack, log)

    first_screen = paths(asked)[: paths(asked).index(f"/logs/{log}/ticket/")]
    assert first_screen[0] == f"/logs/{log}/"
    assert sorted(
        path for path in first_screen[1:] if not path.endswith(("match-worker.js", "re2js.js"))
    ) == [
        "/logs/-/assets//joined/page/logs-page.js",
        "/logs/-/assets//styles/tokens.css",
        "/logs/-/assets//styles/viewer.css",
    ]


@pytest.mark.parametrize("cut_off", ["**/-/assets/**", "**/-/assets/**/*.js"], ids=["all", "scripts"])
def test_a_page_whose_scripts_are_cut_off_says_so(
    signed_in: BrowserContext,
    page: Page,
    complaints: list[str],
    web: Web,
    stack: Stack,
    log: str,
    cut_off: str,
) -> None:
    page.route(cut_off, lambda route: route.fulfill(status=403, body="no"))

    page.goto(f"{web.url}/logs/{log}/")

    said = page.locator("main")
    expect(said.get_by_text("The log viewer has not loaded.")).to_be_visible(timeout=PATIENCE)
    expect(said.get_by_text("Reload the page.")).to_be_visible()
    expect(said.get_by_text("For staff")).to_have_count(0)
    assert page.get_by_text("The log viewer has not loaded.").bounding_box()["y"] < 900
    complaints.clear()


def test_staff_are_told_where_the_scripts_should_come_from(
    context: BrowserContext, page: Page, complaints: list[str], web: Web, stack: Stack, log: str
) -> None:
    chief = stack.make_user("assets-chief", staff=True)
    context.add_cookies([{"name": "sessionid", "value": chief, "url": web.url}])
    page.route("**/-/assets/**/*.js", lambda route: route.abort())

    page.goto(f"{web.url}/logs/{log}/")

    expect(page.get_by_text("For staff")).to_be_visible(timeout=PATIENCE)
    page.unroute_all()
    page.get_by_role("link", name="this address").click()
    expect(page).to_have_url(re.compile("/logs/-/assets/[0-9a-f]{16}/joined/page/logs-page.js$"))
    complaints.clear()


def test_while_scripts_are_under_way_nothing_is_said_and_nothing_remains(
    signed_in: BrowserContext, page: Page, web: Web, stack: Stack, log: str
) -> None:
    held: list[Route] = []
    page.route("**/-/assets/**/*.js", lambda route: held.append(route))
    with page.expect_request("**/-/assets/**/*.js"):
        page.goto(f"{web.url}/logs/{log}/", wait_until="commit")
    expect(page.locator(".lt-missing")).to_have_count(1)
    expect(page.locator(".lt-missing")).to_be_hidden()

    for route in held:
        route.continue_()

    expect(page.locator("log-tail")).to_have_attribute("data-state", "live")
    expect(page.locator(".lt-missing")).to_have_count(0)


def test_a_regular_expression_is_found_also_when_the_server_has_another_release_by_now(
    signed_in: BrowserContext, page: Page, stack: Stack, log: str, complaints: list[str]
) -> None:
    web = stack.start_web()
    signed_in.add_cookies([{"name": "sessionid", "value": stack.make_user("late"), "url": web.url}])
    with page.expect_event("requestfinished", lambda request: request.url.endswith("re2js.js")):
        show(page, web, stack, log)
    until(page, "tail.lines === 60")
    web.stop()

    page.locator(".lt-q").fill("things/ 1[12]$")
    page.keyboard.press("Alt+r")

    expect(page.locator(".lt-matchtext")).to_have_text("2 of 2")
    complaints.clear()
