"""Typing into the filter, as a person sees it: the box under the field, chips, and lines that stay where they are."""

import json

import pytest
from playwright.sync_api import expect

from tests.e2e.alone import Alone, alone, origin, profiles, tabs
from tests.e2e.viewing import settle, tail, until

pytestmark = pytest.mark.browser
__all__ = ["alone", "origin", "profiles", "tabs"]


def json_line(number: int, **more: object) -> str:
    said = {"time": f"2026-08-24T10:00:{number % 60:02d}Z", "level": "info", "msg": f"request {number}"}
    return json.dumps({**said, "status": 500 if number % 10 == 5 else 200, **more}) + "\n"


LOG = "".join(json_line(number, duration=number * 10, path=f"/checkout/{number}") for number in range(100))
PLAIN = "".join(
    f"2026-08-24 10:00:{i % 60:02d},000 INFO shop at localhost:8000 line {i}\n" for i in range(100)
)


def hints(app: Alone) -> list[str]:
    return app.page.locator(".lt-hint > div > span").all_inner_texts()


def typed(app: Alone, text: str) -> None:
    app.page.locator(".lt-q").fill(text)
    until(app.page, f"tail.finding.wanted.text === {json.dumps(text)}")
    settle(app.page)


def test_the_box_says_what_each_term_looks_for_and_names_what_it_cannot_read(alone):
    app = alone()
    app.open(LOG)

    typed(app, '"rm -rf /tmp" path:/checkout* -timeout duration>fast')

    assert hints(app) == [
        "text “rm -rf /tmp”",
        "path begins with /checkout",
        "without “timeout”",
        "duration needs a number",
    ]
    assert app.page.locator(".lt-hint [data-bad] code").all_inner_texts() == ["duration>fast"]
    expect(app.page.locator(".lt-filter")).to_have_class("lt-field lt-filter lt-bad")
    typed(app, "duration>=990 -status:200")
    assert hints(app) == ["duration is at least 990", "status is not 200"]
    typed(app, "http://x")
    assert hints(app) == ["text “http://x”"]
    typed(app, "localhost:8000")
    assert hints(app) == ["text “localhost:8000” (no line here has a field “localhost”)"]
    app.page.keyboard.press("Escape")
    expect(app.page.locator(".lt-hint")).to_be_hidden()
    expect(app.page.locator(".lt-q")).to_have_value("")


def test_the_box_names_a_bad_expression_and_nothing_else_does(alone):
    app = alone()
    app.open(LOG)
    app.page.locator(".lt-q").fill("order (48")
    app.page.keyboard.press("Alt+r")

    expect(app.page.locator(".lt-hint > div > span")).to_have_text(
        "Invalid expression: missing ) in order (48"
    )
    assert app.page.get_by_text("missing )").count() == 1
    expect(app.page.locator(".lt-q")).to_have_accessible_description(
        "Invalid expression: missing ) in order (48"
    )


def test_a_field_finds_its_lines_and_no_text_that_looks_like_it(alone):
    app = alone()
    app.open(LOG + json_line(1, note="status:500", request={"status": 500}))
    app.page.locator(".lt-flag[data-act=only]").click()

    typed(app, "status:500")

    expect(app.page.locator(".lt-matchtext")).to_have_text("10 of 101 lines")
    typed(app, '"status:500"')
    expect(app.page.locator(".lt-matchtext")).to_have_text("1 of 101 lines")
    typed(app, "duration>900 -status:500")
    expect(app.page.locator(".lt-matchtext")).to_have_text("8 of 101 lines")


def test_beside_an_exclusion_what_is_sought_is_still_counted(alone):
    app = alone()
    app.open(LOG)

    typed(app, "nothing-like-this -status:500")
    expect(app.page.locator(".lt-matchtext")).to_have_text("No matches")

    typed(app, "-status:500")
    expect(app.page.locator(".lt-matchtext")).to_have_text("90 of 100 lines")


def test_terms_become_chips_that_a_click_and_a_key_take_away(alone):
    app = alone()
    app.open(LOG)
    page = app.page
    expect(page.locator(".lt-pinrow")).to_be_hidden()

    typed(app, "status:500 -checkout")
    page.keyboard.press("Control+Enter")

    chips = page.locator(".lt-pin")
    expect(chips).to_have_text(["status:500", "checkout"])
    expect(page.locator(".lt-q")).to_have_value("")
    assert chips.evaluate_all("all => all.map((one) => one.dataset.kind)") == ["field", "not"]
    assert app.box(".lt-pin")["height"] == 22
    assert app.styles(".lt-pin", "background-color") == ["rgb(227, 239, 245)", "rgb(236, 238, 242)"]
    page.locator(".lt-q").press("Backspace")
    expect(chips).to_have_text(["status:500"])
    expect(page.locator(".lt-q")).to_have_value("-checkout")
    page.get_by_role("button", name="Remove the term “status:500”").click()
    expect(page.locator(".lt-pinrow")).to_be_hidden()
    expect(page.locator(".lt-q")).to_be_focused()


def test_an_expression_becomes_a_chip_that_filters_as_one(alone):
    app = alone()
    app.open(PLAIN)
    page = app.page
    page.locator(".lt-flag[data-act=only]").click()
    page.locator(".lt-flag[data-act=regex]").click()
    typed(app, "line (1|2)5$")
    expect(page.locator(".lt-hint")).to_contain_text("keeps it as a term")

    page.keyboard.press("Control+Enter")

    chip = page.locator(".lt-pin")
    expect(chip).to_have_text([".*line (1|2)5$"])
    expect(chip).to_have_attribute("data-kind", "regex")
    expect(chip).to_have_attribute("title", "expression “line (1|2)5$”")
    assert app.style(".lt-pin", "background-color") == "rgb(227, 239, 245)"
    expect(page.locator(".lt-q")).to_have_value("")
    expect(page.locator(".lt-matchtext")).to_have_text("2 of 100 lines")
    assert page.locator(".lt-hit").all_inner_texts() == ["line 15", "line 25"]
    app.writes("2026-08-24 10:00:00,000 INFO shop line 25\n2026-08-24 10:00:00,000 INFO shop line 26\n")
    expect(page.locator(".lt-matchtext")).to_have_text("3 of 102 lines")

    page.locator(".lt-flag[data-act=regex]").click()
    typed(app, "localhost")
    expect(page.locator(".lt-matchtext")).to_have_text("2 of 102 lines")
    page.get_by_role("button", name="Remove the term “line (1|2)5$”").click()
    expect(page.locator(".lt-matchtext")).to_have_text("100 of 102 lines")


def test_a_chip_with_an_expression_of_a_link_waits_and_is_amber_until_it_is_run(alone):
    app = alone()
    app.open(PLAIN)
    page = app.page
    view = "terms: ['~\"line (1|2)5$\"', 'INFO'], flags: { case: false, regex: false, invert: false, only: true }"
    tail(page, f"tail.finding.restore({{ query: '', {view} }})")

    chips = page.locator(".lt-pin")
    expect(chips).to_have_text(["line (1|2)5$", "INFO"])
    assert chips.evaluate_all("all => all.map((one) => one.dataset.kind)") == ["ask", "text"]
    expect(page.locator(".lt-matchtext")).to_have_text("100 of 100 lines")
    expect(page.locator(".lt-proposal")).to_contain_text(
        "This link contains the expression “line (1|2)5$”. It has not been run."
    )
    page.get_by_role("button", name="Run it").click()
    expect(page.locator(".lt-matchtext")).to_have_text("2 of 100 lines")
    expect(page.locator(".lt-proposal")).to_have_count(0)
    assert chips.evaluate_all("all => all.map((one) => one.dataset.kind)") == ["regex", "text"]


def test_chips_are_never_cut_and_clear_filter_ends_the_row(alone):
    app = alone(width=700)
    app.open(LOG)
    long = (
        "a text that is so long that it does not fit in one row beside anything else at all, whatever you do"
    )
    for term in (long, "status:500"):
        typed(app, term)
        app.page.keyboard.press("Control+Enter")

    chip = app.page.locator(".lt-pin span").first
    assert chip.inner_text() == long
    assert chip.evaluate("one => one.scrollWidth <= one.clientWidth + 1")
    expect(app.page.get_by_role("button", name="Save view…")).to_be_hidden()
    app.page.locator(".lt-pinrow").get_by_role("button", name="Clear filter").click()
    expect(app.page.locator(".lt-pinrow")).to_be_hidden()


@pytest.mark.parametrize("width", [1440, 390])
def test_the_row_of_chips_moves_no_line_that_is_read(alone, width):
    app = alone(width=width, height=800)
    app.open(LOG)
    page = app.page
    page.evaluate(
        "() => { const { rows } = document.querySelector('log-tail'); rows.leave(); rows.reveal(50, 'center'); }"
    )
    settle(page)
    row = page.locator(".lt-row", has_text="request 50").first
    before = row.bounding_box()["y"]

    page.evaluate("() => document.querySelector('log-tail').finding.add('request')")
    settle(page)
    with_row = row.bounding_box()["y"]
    page.evaluate("() => document.querySelector('log-tail').finding.clear()")
    settle(page)

    assert abs(with_row - before) <= 1
    assert abs(row.bounding_box()["y"] - before) <= 1


def test_while_following_the_end_stays_at_the_end(alone):
    app = alone()
    app.open(LOG)
    settle(app.page)
    before = app.page.locator(".lt-row").last.bounding_box()["y"]

    app.page.evaluate("() => document.querySelector('log-tail').finding.add('request')")
    settle(app.page)

    assert abs(app.page.locator(".lt-row").last.bounding_box()["y"] - before) <= 1
    assert tail(app.page, "tail.rows.follow")


def test_on_a_phone_chips_are_as_high_as_a_finger_and_scroll_sideways(alone):
    app = alone(width=390, height=760, has_touch=True)
    app.open(LOG)
    for term in ("status:500", "-healthz and more", "path:/checkout*", "duration>100"):
        app.page.evaluate("(term) => document.querySelector('log-tail').finding.add(term)", term)
    settle(app.page)

    row = app.page.locator(".lt-pinrow")
    assert app.box(".lt-pin")["height"] == 32
    assert len({box["y"] for box in (one.bounding_box() for one in app.page.locator(".lt-pin").all())}) == 1
    assert row.evaluate("one => one.scrollWidth > one.clientWidth")
    assert app.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_an_expression_from_a_link_waits_for_run_it(alone):
    app = alone()
    app.open(LOG)

    app.page.evaluate("() => document.querySelector('log-tail').finding.propose('request [12]$')")

    chip = app.page.locator(".lt-pin[data-kind=ask]")
    expect(chip).to_have_text("request [12]$")
    expect(app.page.locator(".lt-matchnav")).to_be_hidden()
    strip = app.page.locator(".lt-proposal")
    expect(strip).to_contain_text("This link contains the expression “request [12]$”. It has not been run.")
    app.page.get_by_role("button", name="Run it").click()
    expect(chip).to_have_count(0)
    expect(strip).to_have_count(0)
    expect(app.page.locator(".lt-q")).to_have_value("request [12]$")


def test_an_expression_from_a_link_can_be_left_out(alone):
    app = alone()
    app.open(LOG)
    app.page.evaluate("() => document.querySelector('log-tail').finding.propose('request [12]$')")

    app.page.get_by_role("button", name="Remove it").click()

    expect(app.page.locator(".lt-pin[data-kind=ask]")).to_have_count(0)
    expect(app.page.locator(".lt-proposal")).to_have_count(0)
    expect(app.page.locator(".lt-q")).to_have_value("")


def test_on_a_phone_a_button_keeps_what_is_typed(alone):
    app = alone()
    app.open(LOG)
    keep = app.page.get_by_role("button", name="Keep as a term")
    app.page.locator(".lt-q").fill("request")
    expect(app.page.locator(".lt-hint")).to_be_visible()
    expect(keep).to_be_hidden()

    app.page.set_viewport_size({"width": 390, "height": 780})
    app.page.locator(".lt-q").focus()
    keep.click()

    expect(app.page.locator(".lt-pin")).to_have_text("request")
    expect(app.page.locator(".lt-q")).to_have_value("")
    expect(keep).to_have_count(0)


def test_a_match_behind_the_cut_of_a_long_line_opens_the_line_there(alone):
    app = alone()
    app.open(PLAIN + "2026-08-24 10:01:00,000 INFO shop " + "x" * 6_000 + "needle\n" + PLAIN)

    typed(app, "needle")
    app.page.keyboard.press("Enter")
    settle(app.page)

    hit = app.page.locator(".lt-hit", has_text="needle")
    expect(hit).to_be_in_viewport()
    expect(app.page.get_by_role("button", name="Show all")).to_have_count(0)


def test_what_is_searched_in_the_whole_file_is_all_and_is_said(alone):
    app = alone()
    app.open(LOG)
    app.page.evaluate("() => document.querySelector('log-tail').stream.hello.can.push('terms')")
    page = app.page
    page.evaluate("() => document.querySelector('log-tail').finding.add('-healthz')")
    page.locator(".lt-level[data-lv=D]").click()
    typed(app, "timeout status:500")
    page.get_by_role("button", name="Search whole log").click()

    expect(page.locator(".lt-results-q")).to_have_text(
        "Searching for text “timeout”, and status is 500, and without “healthz”, and level Error, Warning, Info, Other"
    )
    until(page, "true")
    [asked] = [message for message in app.heard if message["type"] == "search"]
    assert asked["pattern"] == "timeout"
    assert asked["terms"] == [
        {"field": "status", "is": ":", "value": "500"},
        {"text": "healthz", "not": True},
    ]
    assert asked["levels"] == "EWIO"


def test_a_server_that_takes_one_text_is_not_asked_for_less_than_all(alone):
    app = alone()
    app.open(LOG)
    typed(app, "timeout status:500")

    app.page.get_by_role("button", name="Search whole log").click()

    expect(app.page.locator(".lt-results-text")).to_contain_text("can search the whole log only for one text")
    assert not [message for message in app.heard if message["type"] == "search"]


def test_chips_go_along_to_another_log_and_what_is_typed_stays_behind(alone):
    app = alone()
    app.open(LOG)
    typed(app, "request 1")
    app.page.keyboard.press("Control+Enter")
    typed(app, "status:500")

    app.page.evaluate(
        "() => { const tail = document.querySelector('log-tail'); tail.open({ ...tail.info, slug: 'other' }); }"
    )

    expect(app.page.locator(".lt-q")).to_have_value("")
    expect(app.page.locator(".lt-pin")).to_have_text(["request 1"])
    expect(app.page.locator(".lt-hint")).to_be_hidden()


def test_the_empty_field_offers_what_was_sought_last(alone):
    app = alone()
    app.open(PLAIN)
    page = app.page
    field, offered = page.locator(".lt-q"), page.locator(".lt-recent [role=option]")
    field.press("ArrowDown")
    expect(page.locator(".lt-recent")).to_be_hidden()
    for text in ("line 1", "localhost:8000", "line 1"):
        typed(app, text)
        page.keyboard.press("Enter")
    page.locator(".lt-flag[data-act=regex]").click()
    typed(app, "line [23]5$")
    page.keyboard.press("Escape")
    expect(page.locator(".lt-recent")).to_be_hidden()

    page.keyboard.press("ArrowDown")

    expect(offered).to_have_text([".*line [23]5$", "line 1", "localhost:8000"])
    page.keyboard.press("ArrowDown")
    expect(offered.nth(1)).to_have_attribute("aria-selected", "true")
    expect(field).to_have_attribute("aria-activedescendant", offered.nth(1).get_attribute("id"))
    page.keyboard.press("Enter")
    expect(field).to_have_value("line 1")
    expect(page.locator(".lt-flag[data-act=regex]")).to_have_attribute("aria-pressed", "false")
    expect(page.locator(".lt-recent")).to_be_hidden()

    page.keyboard.press("Escape")
    field.click()
    offered.nth(1).click()
    expect(field).to_have_value("line [23]5$")
    expect(page.locator(".lt-matchtext")).to_contain_text("of 2")
    expect(field).to_be_focused()


def test_esc_and_typing_close_the_last_filters_and_nothing_else(alone):
    app = alone()
    app.open(PLAIN)
    page = app.page
    typed(app, "line 1")
    page.keyboard.press("Control+Enter")

    for key in ("Escape", "x"):
        page.locator(".lt-q").click()
        expect(page.locator(".lt-recent")).to_be_visible()
        page.keyboard.press(key)
        expect(page.locator(".lt-recent")).to_be_hidden()
        expect(page.locator(".lt-q")).to_be_focused()
        expect(page.locator(".lt-pin")).to_have_count(1)
    page.keyboard.press("Backspace")
    page.locator(".lt-q").click()
    page.locator(".lt-view").click()
    expect(page.locator(".lt-recent")).to_be_hidden()
