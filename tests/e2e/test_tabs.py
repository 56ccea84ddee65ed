"""Several tabs of one browser on the real back end: each has its own log, and leaves the others alone."""

from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.length import at_length
from tests.stack import Running, Stack, Web, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.redis, pytest.mark.whole]

#: Seconds that the package promises.
#: On a busy machine less than the 15 s after which what nobody renews lapses: it is not that which ends it.
RELEASE_SECONDS = at_length(1.0, short=10.0)


def append(path: Path, *words: str) -> None:
    with path.open("a") as file:
        file.write("".join(f"{word}\n" for word in words))


def open_log(context: BrowserContext, stack: Stack, web: Web, slug: str) -> Page:
    """A new tab that shows the log, live."""
    page = context.new_page()
    page.goto(web.url + stack.reverse("logtail:log", slug))
    expect(page.locator(".lt-state")).to_have_text("Live")
    return page


def shown(page: Page) -> str:
    return page.get_by_role("log").inner_text()


def test_two_tabs_on_two_logs_show_their_own_lines(signed_in: BrowserContext, stack: Stack, web: Web) -> None:
    apples, pears = stack.add_log("apples"), stack.add_log("pears")
    left, right = (open_log(signed_in, stack, web, slug) for slug in ("apples", "pears"))

    append(apples, "an apple")
    append(pears, "a pear")

    expect(left.get_by_role("log")).to_contain_text("an apple")
    expect(right.get_by_role("log")).to_contain_text("a pear")
    assert "a pear" not in shown(left)
    assert "an apple" not in shown(right)


def test_stop_in_one_tab_leaves_the_other_tab_of_the_same_log_running(
    signed_in: BrowserContext, stack: Stack, web: Web
) -> None:
    path = stack.add_log("django")
    stops, stays = (open_log(signed_in, stack, web, "django") for _ in range(2))

    stops.get_by_role("button", name="Stop watching").click()
    expect(stops.locator(".lt-state")).to_have_text("Stopped")
    append(path, "after the stop")

    expect(stays.get_by_role("log")).to_contain_text("after the stop")
    assert "after the stop" not in shown(stops)


def test_start_again_after_a_stop_shows_what_came_meanwhile_once(
    signed_in: BrowserContext, stack: Stack, web: Web
) -> None:
    path = stack.add_log("django")
    page = open_log(signed_in, stack, web, "django")
    append(path, "line before")
    expect(page.get_by_role("log")).to_contain_text("line before")

    page.get_by_role("button", name="Stop watching").click()
    expect(page.locator(".lt-state")).to_have_text("Stopped")
    append(path, "line meanwhile")
    page.get_by_role("button", name="Start again").first.click()

    expect(page.get_by_role("log")).to_contain_text("line meanwhile")
    assert (shown(page).count("line before"), shown(page).count("line meanwhile")) == (1, 1)


@pytest.mark.parametrize("leaves_by", ["Stop", "closing the tab"])
def test_leaving_closes_the_file_within_a_second_while_another_tabs_stays_open(
    signed_in: BrowserContext, stack: Stack, web: Web, worker: Running, leaves_by: str
) -> None:
    left, watched = stack.add_log("left"), stack.add_log("watched")
    leaves, stays = (open_log(signed_in, stack, web, slug) for slug in ("left", "watched"))
    assert {left, watched} <= worker.open_paths()

    if leaves_by == "Stop":
        leaves.get_by_role("button", name="Stop watching").click()
    else:
        leaves.close()

    wait_until(lambda: left not in worker.open_paths(), RELEASE_SECONDS, "the release of left.log")
    append(watched, "still here")
    expect(stays.get_by_role("log")).to_contain_text("still here")
    assert watched in worker.open_paths()


def test_the_page_goes_on_by_itself_after_the_web_process_was_replaced(
    signed_in: BrowserContext, stack: Stack, member: str
) -> None:
    dies = stack.start_web()
    signed_in.add_cookies([{"name": "sessionid", "value": member, "url": dies.url}])
    path = stack.add_log("django")
    page = open_log(signed_in, stack, dies, "django")
    append(path, "line before")
    expect(page.get_by_role("log")).to_contain_text("line before")

    dies.kill()
    append(path, "line meanwhile")
    stack.start_web(port=dies.port)

    expect(page.get_by_role("log")).to_contain_text("line meanwhile")
    expect(page.locator(".lt-state")).to_have_text("Live")
    assert (shown(page).count("line before"), shown(page).count("line meanwhile")) == (1, 1)
