"""How a viewer ends or pauses automatically: a limit, an older page, a tab in the background."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, WebSocketRoute, expect

from tests.e2e.viewing import append, expect_state, lines, settle, show, tail, text_of, until
from tests.stack import Running, Stack, Web, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.redis, pytest.mark.whole]

BACKGROUND_MS = 30 * 60_000
#: On a busy machine less than the 15 s after which what nobody renews lapses: it is not that which ends it.
RELEASE_SECONDS = 10.0

#: A headless tab is never hidden by itself.
TURN = """(hidden) => {
  Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
  document.dispatchEvent(new Event('visibilitychange'));
}"""
COUNT_CHANGES = """() => {
  globalThis.changes = [];
  const observer = new MutationObserver((records) => {
    for (const { type, target } of records) changes.push(`${type} in ${target.className || target.nodeName}`);
  });
  observer.observe(document.querySelector('log-tail'), { subtree: true, childList: true, characterData: true });
}"""


def try_until_live(page: Page, button: str) -> None:
    """The place of the tab that was closed is free a moment later, when the server has seen that it is."""

    def is_live() -> bool:
        if (again := page.get_by_role("button", name=button)).is_visible():
            again.click()
        page.wait_for_timeout(100)
        return page.locator("log-tail").get_attribute("data-state") == "live"

    wait_until(is_live, what="the state live")


def test_who_has_too_many_logs_open_is_told_how_many_and_may_try_again(
    page: Page, signed_in: BrowserContext, stack: Stack, member: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.add_log("shop", b"one\n")
    monkeypatch.setitem(stack.environment, "LOGTAIL_MORE", json.dumps({"MAX_VIEWERS_PER_USER": 1}))
    web = stack.start_web()
    signed_in.add_cookies([{"name": "sessionid", "value": member, "url": web.url}])
    first = signed_in.new_page()
    show(first, web, stack, "shop")

    show(page, web, stack, "shop", "failed")

    expect(page.get_by_role("alert")).to_contain_text(
        "You already have 1 log open, which is the limit. Close it and try again."
    )
    first.close()
    try_until_live(page, "Try now")
    page.close()
    web.stop()


def test_a_full_server_says_so_in_the_language_of_the_page(
    page: Page, signed_in: BrowserContext, stack: Stack, member: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.add_log("shop", b"one\n")
    monkeypatch.setitem(stack.environment, "LOGTAIL_MORE", json.dumps({"MAX_VIEWERS_PER_PROCESS": 1}))
    web = stack.start_web()
    signed_in.add_cookies(
        [
            {"name": "sessionid", "value": member, "url": web.url},
            {"name": "django_language", "value": "zh-hans", "url": web.url},
        ]
    )
    first = signed_in.new_page()
    show(first, web, stack, "shop")

    show(page, web, stack, "shop", "failed")

    expect(page.get_by_role("alert")).to_contain_text("此服务器的查看者数量已达上限，请稍后再试。")
    first.close()
    try_until_live(page, "立即重试")
    page.close()
    web.stop()


def test_a_page_older_than_the_server_asks_to_be_reloaded(
    page: Page, signed_in: BrowserContext, web: Web, stack: Stack
) -> None:
    stack.add_log("shop", b"one\n")
    is_older = True

    def older(route: WebSocketRoute) -> None:
        server = route.connect_to_server()

        def speak(frame: str | bytes) -> None:
            message = json.loads(frame)
            if message["type"] == "hello" and is_older:
                message["protocol"] = 0
            server.send(json.dumps(message))

        route.on_message(speak)

    page.route_web_socket("**/socket/", older)

    show(page, web, stack, "shop", "outdated")
    expect(page.get_by_role("alert")).to_contain_text(
        "This page is older than the server. Reload it to continue."
    )
    is_older = False
    page.get_by_role("button", name="Reload").click()

    expect_state(page, "live")
    expect(page.locator(".lt-row")).to_have_text("one")


def test_a_tab_left_in_the_background_ends_its_reading_and_goes_on_without_a_gap(
    page: Page, signed_in: BrowserContext, web: Web, stack: Stack, worker: Running
) -> None:
    path = stack.add_log("shop", lines(0, 3).encode())
    page.clock.install()
    show(page, web, stack, "shop")
    wait_until(lambda: path in worker.open_paths(), what="the reading")

    page.evaluate(TURN, True)
    page.clock.fast_forward(BACKGROUND_MS - 60_000)
    assert tail(page, "tail.state") != "stopped"
    page.clock.fast_forward(60_000)

    expect_state(page, "stopped")
    wait_until(lambda: path not in worker.open_paths(), RELEASE_SECONDS, "the end of the reading")
    append(path, lines(3, 6))
    page.evaluate(TURN, False)
    expect(page.locator(".lt-tail")).to_contain_text("Stopped after 30 minutes in the background.")
    page.get_by_role("button", name="Start again").first.click()
    expect_state(page, "live")
    until(page, "tail.lines === 6")
    assert text_of(page) == lines(0, 6)


def test_a_tab_that_is_looked_at_again_in_time_reads_on(
    page: Page, signed_in: BrowserContext, web: Web, stack: Stack
) -> None:
    path: Path = stack.add_log("shop", lines(0, 3).encode())
    page.clock.install()
    show(page, web, stack, "shop")
    page.evaluate(TURN, True)
    page.clock.fast_forward(BACKGROUND_MS - 60_000)
    page.evaluate(TURN, False)
    page.clock.fast_forward(120_000)

    append(path, lines(3, 6))

    until(page, "tail.lines === 6")
    expect_state(page, "live")


def test_nothing_is_painted_while_the_page_is_hidden_and_all_of_it_afterwards(
    page: Page, signed_in: BrowserContext, web: Web, stack: Stack
) -> None:
    path = stack.add_log("shop", lines(0, 3).encode())
    show(page, web, stack, "shop")
    settle(page)
    # The second time, the bar is about to be drawn when the page is hidden.
    tail(page, "[tail.historyBar.draw(), tail.historyBar.draw()].length")
    page.evaluate(TURN, True)
    settle(page)
    page.evaluate(COUNT_CHANGES)

    append(path, lines(3, 2_000))
    until(page, "tail.lines === 2000 && !tail.drawing.isDue && tail.historyBar.later === undefined")
    settle(page)

    assert page.evaluate("changes") == []
    expect(page.locator(".lt-row")).to_have_count(3)
    page.evaluate(TURN, False)
    expect(page.locator(".lt-row").last).to_contain_text("GET /things/ 1999")
    expect(page.locator(".lt-row").last).to_be_in_viewport()
    expect(page.locator(".lt-loaded")).to_have_text("2,000 lines loaded")


def test_whoever_is_ended_by_staff_reads_why_and_stays_away_until_they_ask(
    page: Page, signed_in: BrowserContext, web: Web, stack: Stack, worker: Running
) -> None:
    path = stack.add_log("shop", lines(0, 3).encode())
    show(page, web, stack, "shop")

    def is_ended() -> bool:
        """Its process lists a viewer a moment after it has come."""
        stack.call("end_all_viewings", "Maintenance <b>at 15:00</b>")
        page.wait_for_timeout(100)
        return page.locator("log-tail").get_attribute("data-state") == "ended"

    wait_until(is_ended, what="the end")
    wait_until(lambda: path not in worker.open_paths(), RELEASE_SECONDS, "the end of the reading")

    expect(page.locator(".lt-tail")).to_contain_text(
        "An administrator ended this view: “Maintenance <b>at 15:00</b>”."
    )
    append(path, lines(3, 6))
    page.get_by_role("button", name="Start again").first.click()
    expect_state(page, "live")
    until(page, "tail.lines === 6")
    assert text_of(page) == lines(0, 6)
