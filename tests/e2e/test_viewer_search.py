"""The search of a whole file, in a real browser on the real back end."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.viewing import append, lines, marks_of, tail, until
from tests.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.redis, pytest.mark.whole]

NEEDLE = "2026-08-24 00:00:20,000 ERROR    shop.access Needle <b>here</b>, and a needle\n"


@pytest.fixture
def path(stack: Stack) -> Path:
    """A log of 60,000 lines with something to find at 20,000 of them, far from what is loaded."""
    return stack.add_log("shop", (lines(0, 20_000) + NEEDLE + lines(20_000, 60_000)).encode())


def search(page: Page, text: str) -> None:
    page.locator(".lt-q").fill(text)
    page.get_by_role("button", name="Search whole file").click()


def test_a_line_is_found_in_the_whole_file_and_shown_among_those_around_it(viewer: Page, path: Path) -> None:
    search(viewer, "needle")

    panel = viewer.get_by_role("region", name="In the whole file")
    expect(panel.get_by_role("status")).to_have_text(re.compile(r"^1 match · Searched all \d\.\d MB$"))
    expect(panel.get_by_role("button", name="Cancel")).to_be_hidden()
    hit = panel.get_by_role("listitem").get_by_role("button")
    start = len(lines(0, 20_000))
    expect(hit).to_have_text(f"{start:,}{NEEDLE.rstrip()}")
    expect(hit.locator(".lt-hit")).to_have_text(["Needle", "needle"])
    hit.click()

    row = viewer.locator(".lt-row.lt-target")
    expect(row).to_contain_text("<b>here</b>")
    expect(row).to_be_in_viewport()
    expect(viewer.locator(".lt-row", has_text="GET /things/ 19999")).to_be_in_viewport()
    expect(viewer.locator(".lt-row", has_text="GET /things/ 20000").last).to_be_in_viewport()
    expect(hit).to_have_attribute("aria-current", "true")
    assert marks_of(viewer).count("gap") == 1
    viewer.get_by_role("button", name="Back to live").last.click()  # the first goes when it is scrolled to
    append(path, "the newest\n")
    expect(viewer.locator(".lt-row").last).to_contain_text("the newest")


def test_all_terms_and_levels_are_searched_for_in_the_whole_file(viewer: Page) -> None:
    viewer.locator(".lt-q").fill('"things/ 1234" ')
    viewer.keyboard.press("Control+Enter")
    viewer.locator(".lt-q").fill('-"12345"')
    viewer.keyboard.press("Control+Enter")
    viewer.locator(".lt-level[data-lv=D]").click()

    viewer.get_by_role("button", name="Search whole file").click()

    expect(viewer.locator(".lt-results-q")).to_have_text(
        "Searching for text “things/ 1234”, and without “12345”, and level Error, Warning, Info, Other"
    )
    expect(viewer.locator(".lt-results-text")).to_contain_text("10 matches")
    viewer.locator(".lt-level[data-lv=I]").click()
    viewer.locator(".lt-whole").click()
    expect(viewer.locator(".lt-results-text")).to_contain_text("No matches in")


def test_the_keyboard_alone_leads_from_the_search_to_the_line_and_out_again(viewer: Page) -> None:
    viewer.locator(".lt-view").click()
    viewer.keyboard.press("Shift+S")
    expect(viewer.locator(".lt-q")).to_be_focused()

    viewer.keyboard.type("things/ 1234")
    viewer.keyboard.press("Escape")  # the field is cleared …
    viewer.keyboard.type("things/ 1234")
    viewer.locator(".lt-view").focus()
    viewer.keyboard.press("Shift+S")
    expect(viewer.locator(".lt-results-text")).to_contain_text("11 matches")
    viewer.keyboard.press("ArrowDown")
    viewer.keyboard.press("ArrowDown")
    expect(viewer.locator(".lt-res").nth(1)).to_be_focused()
    viewer.keyboard.press("End")
    expect(viewer.locator(".lt-res").last).to_be_focused()
    viewer.keyboard.press("Home")
    viewer.keyboard.press("Enter")
    expect(viewer.locator(".lt-row.lt-target")).to_contain_text(re.compile(r"things/ 1234$"))
    viewer.keyboard.press("Escape")

    expect(viewer.locator(".lt-results")).to_be_hidden()
    expect(viewer.locator(".lt-view")).to_be_focused()
    expect(viewer.locator(".lt-row.lt-target")).to_be_in_viewport()


def test_case_and_expressions_are_those_of_the_filters_switches(viewer: Page) -> None:
    said = viewer.locator(".lt-results-text")
    viewer.locator(".lt-q").focus()
    viewer.keyboard.press("Alt+c")
    search(viewer, "NEEDLE")
    expect(said).to_have_text(re.compile(r"^No matches in \d\.\d MB\.$"))
    viewer.locator(".lt-q").focus()
    viewer.keyboard.press("Alt+r")

    search(viewer, r"N\w+le <b>")
    expect(said).to_contain_text("1 match")
    search(viewer, "(?=no)")

    expect(said).to_have_text(re.compile("^Invalid expression: .*Perl operator"))
    expect(viewer.locator(".lt-res")).to_have_count(0)


def test_more_than_enough_hits_are_cut_and_it_is_said(viewer: Page) -> None:
    search(viewer, "shop.access")

    expect(viewer.locator(".lt-results-text")).to_have_text(
        "Showing the first 1,000 matches. Narrow the search to see the rest."
    )
    expect(viewer.locator(".lt-res")).to_have_count(1_000)


def test_a_search_that_is_cancelled_says_how_far_it_came(viewer: Page, path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(30_000_000_000)  # nothing but a hole: no room is taken, and half a minute is
    search(viewer, "needle")
    expect(viewer.locator(".lt-res")).to_have_count(1)
    expect(viewer.locator(".lt-results-text")).to_have_text(
        re.compile(r"^1 match · Searching… \d+% · .+ of 30\.0 GB")
    )
    viewer.get_by_role("button", name="Cancel").click()

    expect(viewer.locator(".lt-results-text")).to_have_text(re.compile(r"^1 match · Stopped at \d+%$"))
    expect(viewer.get_by_role("button", name="Cancel")).to_be_hidden()
    expect(viewer.locator(".lt-res")).to_have_count(1)


def test_a_log_that_is_left_takes_its_results_along(viewer: Page, stack: Stack) -> None:
    stack.add_log("other", b"one\n")
    search(viewer, "needle")
    expect(viewer.locator(".lt-res")).to_have_count(1)

    viewer.reload()
    until(viewer, "tail.lines === 500")
    search(viewer, "needle")
    expect(viewer.locator(".lt-res")).to_have_count(1)
    viewer.get_by_role("link", name="other").click()

    expect(viewer.locator(".lt-results")).to_be_hidden()
    assert tail(viewer, "tail.parts.results.list.childElementCount") == 0


def test_hostile_text_in_a_hit_is_shown_for_what_it_is(viewer: Page, path: Path) -> None:
    append(path, "hostile <img src=x onerror=alert(1)> \u202eabc\u202c \x1b[31mred\x1b[0m \x00\n")
    search(viewer, "hostile")

    hit = viewer.locator(".lt-res")
    expect(hit).to_contain_text("<img src=x onerror=alert(1)> U+202EabcU+202C red U+0000")
    assert viewer.locator(".lt-results-list img").count() == 0


def test_nothing_that_matches_the_filter_leads_to_the_whole_file(viewer: Page) -> None:
    viewer.locator(".lt-q").fill("needle")
    viewer.get_by_role("button", name="Only matching lines").click()
    expect(viewer.locator(".lt-empty")).to_be_visible()

    viewer.locator(".lt-empty").get_by_role("button", name="Search whole file").click()
    viewer.locator(".lt-res").click()

    expect(viewer.locator(".lt-row.lt-target")).to_contain_text("<b>here</b>")


def test_a_server_without_expressions_offers_text_and_says_so(viewer: Page) -> None:
    tail(viewer, "tail.stream.hello.can = ['range', 'search']")
    viewer.locator(".lt-q").focus()
    viewer.keyboard.press("Alt+r")
    search(viewer, "nee.le")
    expect(viewer.locator(".lt-results-text")).to_have_text(
        "This server can only search a whole file for plain text. Turn off “Regular expression” to search for the text."
    )

    viewer.locator(".lt-q").focus()
    viewer.keyboard.press("Alt+r")
    search(viewer, "needle")

    expect(viewer.locator(".lt-res")).to_have_count(1)
