"""What is around the lines, and what is said of them: buttons, the plain view, announcements, kept filters."""

import json

import pytest
from playwright.sync_api import expect

from tests.e2e.alone import alone, origin, profiles, tabs
from tests.e2e.viewing import settle, tail, until
from tests.stack import wait_until

pytestmark = pytest.mark.browser
__all__ = ["alone", "origin", "profiles", "tabs"]

LOG = "".join(f"2026-08-24 10:00:{n % 60:02d},000 INFO shop line {n}\n" for n in range(100))
CHOSEN = "localStorage.setItem('logtail:reader', JSON.stringify({ announce: true }))"


@pytest.mark.parametrize("can", [["range", "search"], ["range"]])
def test_the_button_for_the_whole_log_is_there_for_those_who_can_search_it(alone, can):
    app = alone()
    app.can = can
    app.open(LOG)

    button = app.page.locator(".lt-whole")

    if "search" in can:
        expect(button).to_be_enabled()
    else:
        expect(button).to_be_hidden()
    expect(app.page.locator(".lt-timego")).to_be_hidden()


def test_the_plain_view_has_the_loaded_lines_as_one_text_and_goes_when_it_is_closed(alone):
    app = alone()
    app.open(LOG)

    tail(app.page, "tail.parts.settingsButton.click()")
    app.page.locator("[data-act=plain]").click()

    text = app.page.locator("dialog .lt-plain-text")
    expect(text).to_be_focused()
    assert text.inner_text() == LOG.rstrip("\n")
    assert text.evaluate("(it) => it.scrollTop > 0 && it.scrollTop + it.clientHeight >= it.scrollHeight - 1")
    app.page.locator("dialog").get_by_role("button", name="Close").click()
    expect(text).to_have_count(0)


def test_new_lines_are_announced_while_they_are_followed_and_not_while_one_reads_earlier_ones(alone):
    app = alone(is_own=True)
    app.page.add_init_script(CHOSEN)
    app.open(LOG)
    # Each tick takes what has come since the last one, whoever calls it.
    tail(
        app.page,
        "(tail.drawing.tick(), tail.told = [], "
        "tail.drawing.listener = { ...tail.drawing.listener, say: (text) => tail.told.push(text) }, 0)",
    )

    app.writes("one more\n")
    app.shows(101)
    assert tail(app.page, "(tail.drawing.tick(), tail.told)") == ["1 new line"]

    tail(app.page, "tail.rows.leave()")
    until(app.page, "!tail.rows.follow")
    app.writes("and another\n")
    app.shows(102)
    assert tail(app.page, "(tail.drawing.tick(), tail.told)") == ["1 new line"]


@pytest.mark.parametrize("is_slow", [False, True])
def test_an_expression_that_is_too_slow_is_not_kept_among_the_recent_filters(alone, is_slow):
    app = alone()
    app.open(LOG)
    app.page.locator(".lt-q").fill("line 7")
    until(app.page, "tail.finding.wanted.text === 'line 7'")
    tail(app.page, f"(tail.finding.trouble.isSlow = {json.dumps(is_slow)})")

    app.page.locator(".lt-view").focus()

    kept = app.page.evaluate("JSON.parse(localStorage.getItem('logtail:log:app') ?? '{}').recent ?? []")
    assert kept == ([] if is_slow else ["line 7"])


def test_selected_lines_look_selected_until_they_no_longer_are(alone):
    app = alone()
    app.open(LOG)

    tail(app.page, "tail.selection.select(tail.log.store.items.at(-3), tail.log.store.items.at(-1))")
    settle(app.page)

    chosen = app.page.locator(".lt-row.lt-sel .lt-msg").all_inner_texts()
    other = app.page.locator(".lt-row:not(.lt-sel)").last.evaluate(
        "(it) => getComputedStyle(it).backgroundColor"
    )
    colour = app.page.locator(".lt-row.lt-sel").last.evaluate("(it) => getComputedStyle(it).backgroundColor")
    assert chosen == ["shop line 97", "shop line 98", "shop line 99"]
    assert colour != other
    tail(app.page, "tail.selection.clear()")
    settle(app.page)
    expect(app.page.locator(".lt-sel")).to_have_count(0)


def test_the_heading_of_a_file_with_hits_closes_and_opens(alone):
    app = alone()
    app.can = ["range", "search", "terms", "order"]
    app.open(LOG)
    app.page.locator(".lt-q").fill("line 7")
    app.page.locator(".lt-whole").click()
    wait_until(lambda: app._said("search"), what="a search of the page")
    request = next(said["request"] for said in app.heard if said["type"] == "search")
    hit = {"start": 0, "end": 9, "parts": ["", "line 7", ""]}
    app.says("found", request=request, file="f", name="app.log", hits=[hit])
    heading, row = app.page.locator("button.lt-rg").first, app.page.locator(".lt-res").first
    expect(row).to_be_visible()

    for expanded in ("false", "true"):
        heading.click()
        expect(heading).to_have_attribute("aria-expanded", expanded)
        expect(row).to_be_visible(visible=expanded == "true")
