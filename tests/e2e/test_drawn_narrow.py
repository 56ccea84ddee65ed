"""What gives way in a narrow pane: whole words leave, and nothing lies over anything else. There is no server."""

import pytest
from playwright.sync_api import expect

from tests.e2e.alone import alone, origin, profiles, tabs
from tests.e2e.viewing import settle

pytestmark = pytest.mark.browser
__all__ = ["alone", "origin", "profiles", "tabs"]

JSON = "".join(
    f'{{"time": "2026-11-28T14:22:{number % 60:02}Z", "level": "info", "msg": "sent", "n": {number}, '
    f'"key": "{"x" * 300}"}}\n'
    for number in range(600)
)
#: Parts of a bar that are cut, beyond the pane or over the part before.
MISPLACED = """(selector) => {
  const edge = document.querySelector('.lt-pane').getBoundingClientRect().right;
  const isSeen = (one) => one.getClientRects().length && one.offsetWidth > 1;
  const parts = [...document.querySelectorAll(selector)].filter(isSeen);
  return parts.filter((one, i) => {
    const box = one.getBoundingClientRect();
    const before = parts[i - 1]?.getBoundingClientRect();
    const isCut = !one.matches('.lt-filter') && one.scrollWidth > one.clientWidth + 1;
    const isBeside = before && before.top < box.bottom && box.top < before.bottom;
    return box.right > edge + 0.5 || isCut || (isBeside && before.right > box.left + 0.5);
  }).map((one) => one.textContent || one.dataset.act);
}"""
BAR = ".lt-filter, .lt-matchnav, .lt-level, .lt-timego, .lt-whole"


def pane(alone, width, text=JSON):
    app = alone(1440, 700)
    page = app.open(text)
    page.evaluate("(width) => { document.querySelector('log-tail').style.width = `${width}px`; }", width)
    settle(page)
    return page


def test_levels_are_words_and_counts_then_counts_then_bars(alone):
    page = pane(alone, 1440)
    seen = {}
    for width in (1100, 901, 900, 768, 561, 560, 380):
        page.evaluate("(width) => { document.querySelector('log-tail').style.width = `${width}px`; }", width)
        settle(page)
        seen[width] = page.locator('.lt-level[data-lv="I"]').evaluate(
            "(one) => [...one.children].filter((part) => part.offsetWidth > 1).map((part) => part.textContent)"
        )
        assert page.evaluate(MISPLACED, BAR) == []
        assert page.evaluate(MISPLACED, ".lt-status > *") == []
    assert seen == {
        1100: ["", "Info", "600"],
        901: ["", "Info", "600"],
        900: ["", "600"],
        768: ["", "600"],
        561: ["", "600"],
        560: [""],
        380: [""],
    }


@pytest.mark.parametrize("width", [1050, 960, 768, 640, 380])
def test_nothing_lies_over_the_levels_while_something_is_sought(alone, width):
    page = pane(alone, width)
    page.locator(".lt-q").fill("sent")
    page.locator(".lt-matchnav").wait_for()
    settle(page)

    assert page.evaluate(MISPLACED, BAR) == []


@pytest.mark.parametrize(("width", "is_shown"), [(1024, True), (784, False), (740, False)])
def test_counts_of_levels_leave_where_they_would_reach_the_clock(alone, width, is_shown):
    page = pane(alone, width)
    page.locator(".lt-q").fill("sent")
    page.locator(".lt-matchnav").wait_for()
    page.locator(".lt-matchtext").evaluate("(one) => { one.textContent = '第 19,256 处，共 20,258 处'; }")
    page.locator(".lt-level b").evaluate_all(
        "(all) => { for (const one of all) one.textContent = '12,345'; }"
    )
    settle(page)

    assert page.evaluate(MISPLACED, BAR) == []
    levels = page.locator(".lt-levels").bounding_box()
    shown = page.locator(".lt-level").evaluate_all(
        "(all) => all.map((one) => one.lastChild.getBoundingClientRect().top < one.getBoundingClientRect().bottom)"
    )
    assert shown == [is_shown] * 4
    assert levels["height"] == 24


@pytest.mark.parametrize("said", ["第 19,256 处，共 20,258 处", "19,256 of 20,258"])
def test_a_long_count_takes_two_rows_where_one_is_too_short(alone, said):
    page = pane(alone, 380)
    page.locator(".lt-q").fill("sent")
    page.locator(".lt-matchnav").wait_for()
    page.locator(".lt-matchtext").evaluate("(one, said) => { one.textContent = said; }", said)
    settle(page)

    assert page.evaluate(MISPLACED, BAR) == []
    text, bar = (page.locator(one).bounding_box() for one in (".lt-matchtext", ".lt-bar"))
    assert text["y"] >= bar["y"]
    assert text["y"] + text["height"] <= bar["y"] + bar["height"]


def test_the_buttons_of_a_phone_keep_their_places_while_something_is_sought(alone):
    app = alone(390, 844, has_touch=True)
    page = app.open(JSON)
    places = (".lt-timego", ".lt-whole", ".lt-filter", ".lt-q")
    before = [app.box(one) for one in places]
    page.locator(".lt-q").fill("sent")
    page.locator(".lt-matchnav").wait_for()
    settle(page)

    assert [app.box(one) for one in places] == before
    assert page.locator(".lt-levels b").all_inner_texts() == page.locator(".lt-levels b").all_text_contents()
    levels = page.locator(".lt-levels").evaluate("(one) => [one.scrollWidth, one.clientWidth]")
    assert levels[0] <= levels[1]


@pytest.mark.parametrize("has_chip", [False, True])
def test_on_a_phone_the_switches_of_the_filter_stand_in_the_box_below_it(alone, has_chip):
    app = alone(390, 844, has_touch=True)
    page = app.open(JSON)
    if has_chip:
        page.locator(".lt-q").fill("n")
        page.locator(".lt-q").press("Control+Enter")
        expect(page.locator(".lt-pin")).to_be_visible()
    page.locator(".lt-q").tap()
    expect(page.locator(".lt-flag:visible")).to_have_count(0)
    page.locator(".lt-q").press_sequentially("sent")
    expect(page.locator(".lt-hint")).to_be_visible()
    box, text = app.box(".lt-hint"), app.box(".lt-hint > div")
    flags = [one.bounding_box() for one in page.locator(".lt-flag").all()]

    assert all(flag["height"] == 40 and flag["width"] > 80 for flag in flags)
    assert [flag["x"] for flag in flags] == sorted({flag["x"] for flag in flags})
    assert all(box["y"] < flag["y"] and flag["y"] + 40 <= text["y"] for flag in flags)
    page.locator(".lt-flag[data-act=only]").tap()
    expect(page.locator(".lt-flag[data-act=only]")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".lt-hint")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".lt-flag:visible")).to_have_count(1)


def test_the_status_of_a_request_is_seen_in_a_narrow_pane(alone):
    row = '203.0.113.5 - - [28/Nov/2026:16:30:{:02} +0000] "GET / HTTP/1.1" 200 1234 "-" "curl/8"\n'
    page = pane(alone, 380, "".join(row.format(number) for number in range(20)))

    right = page.locator(".lt-row .lt-code").first.evaluate("(one) => one.getBoundingClientRect().right")
    assert right < 370


def test_the_heading_of_columns_is_as_wide_as_the_lines(alone):
    page = pane(alone, 800)
    page.evaluate("document.querySelector('log-tail').viewOptions.toggleColumn('n')")
    settle(page)
    page.evaluate("document.querySelector('.lt-view').scrollLeft = 600")
    settle(page)

    ends = page.evaluate(
        "['.lt-cols', '.lt-view'].map((one) => document.querySelector(one).getBoundingClientRect().right)"
    )
    assert ends[0] >= ends[1] - 12


def test_the_last_key_of_the_help_is_reached_in_a_low_window(alone):
    page = pane(alone, 1440)
    page.locator(".lt-view").press("?")
    body = page.locator(".lt-help-body")
    body.evaluate("(one) => one.scrollTo(0, one.scrollHeight)")

    assert bottom_of(page, ".lt-help section:last-child") < bottom_of(page, ".lt-help")


def test_the_two_columns_of_the_help_are_about_as_high(alone):
    page = pane(alone, 1440)
    page.locator(".lt-view").press("?")

    ends = page.locator(".lt-help section").evaluate_all(
        "(all) => all.map((one) => { const { left, bottom } = one.getBoundingClientRect(); return [left, bottom]; })"
    )
    columns = {left: max(bottom for one, bottom in ends if one == left) for left, _ in ends}
    assert len(columns) == 2
    assert abs(min(columns.values()) - max(columns.values())) <= 90


def bottom_of(page, selector):
    return page.locator(selector).evaluate("(one) => one.getBoundingClientRect().bottom")
