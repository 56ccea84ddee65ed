"""The search of a whole file, in a real browser on the real back end."""

import gzip
import json
import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.kept import context, kept_tab, page
from tests.e2e.viewing import append, lines, marks_of, tail, until
from tests.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.redis, pytest.mark.whole]
__all__ = ["context", "kept_tab", "page"]

NEEDLE = "2026-08-24 00:00:20,000 ERROR    shop.access Needle <b>here</b>, and a needle\n"


@pytest.fixture
def path(stack: Stack) -> Path:
    """A log of 60,000 lines with something to find at 20,000 of them, far from what is loaded."""
    return stack.add_log("shop", (lines(0, 20_000) + NEEDLE + lines(20_000, 60_000)).encode())


def search(page: Page, text: str) -> None:
    page.locator(".lt-q").fill(text)
    page.get_by_role("button", name="Search whole log").click()


def test_a_line_is_found_in_the_whole_file_and_shown_among_those_around_it(viewer: Page, path: Path) -> None:
    search(viewer, "needle")

    panel = viewer.get_by_role("region", name="In the whole log")
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

    viewer.get_by_role("button", name="Search whole log").click()

    expect(viewer.locator(".lt-results-q")).to_have_text(
        "Searched for text “things/ 1234”, and without “12345”, and level Error, Warning, Info, Other"
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
    expect(viewer.locator(".lt-row.lt-target")).to_contain_text(re.compile(r"things/ 12349$"))
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

    text = viewer.locator(".lt-results-text")
    expect(text).to_have_text(re.compile(r"^1,000 of 60,001 shown · Searched all \d\.\d MB$"))
    expect(viewer.locator(".lt-res")).to_have_count(1_000)
    expect(viewer.locator(".lt-res").first).to_contain_text("GET /things/ 59999")
    expect(viewer.locator(".lt-resmore")).to_contain_text("59,001 more matches")
    viewer.locator("[data-act=moresearch]:has-text('Show more')").click()

    expect(text).to_have_text(re.compile(r"^2,000 of 60,001 shown"))
    expect(viewer.locator(".lt-res").nth(1_000)).to_contain_text("GET /things/ 58999")
    # Not by its role, which is looked for in thousands of rows.
    oldest = viewer.locator("[data-act=sortsearch]:has-text('Oldest first')")
    oldest.click()
    expect(viewer.locator(".lt-res").first).to_contain_text("GET /things/ 0 ")
    expect(viewer.locator(".lt-res")).to_have_count(1_000)
    expect(oldest).to_have_attribute("aria-pressed", "true")


def test_hits_of_older_files_come_under_their_names_and_lead_there(viewer: Page, path: Path) -> None:
    old = b"a needle long ago\n" + b"2026-08-20 00:00:00,000 INFO  shop.access before\n" * 50
    path.with_name(f"{path.name}.1.gz").write_bytes(gzip.compress(old))
    path.with_name(f"{path.name}.2.Z").write_bytes(b"\x1f\x9d unknown")
    for name in (".1.gz", ".2.Z"):
        os.utime(path.with_name(path.name + name), (1_000, 1_000))

    search(viewer, "needle")

    expect(viewer.locator("button.lt-rg b")).to_have_text([path.name, f"{path.name}.1.gz"])
    expect(viewer.locator("button.lt-rg span")).to_have_text(["1 match", "1 match"])
    expect(viewer.locator(".lt-rg[data-tone=caution]")).to_have_text(
        re.compile(rf"{path.name}\.2\.Z.*can't be read here")
    )
    viewer.locator("button.lt-rg").first.click()
    expect(viewer.locator(".lt-res:visible")).to_have_count(1)
    viewer.locator(".lt-res", has_text="long ago").click()

    expect(viewer.locator(".lt-row.lt-target")).to_contain_text("a needle long ago")
    expect(viewer.locator(".lt-row.lt-target")).to_be_in_viewport()


def test_the_hits_can_be_saved_as_text_and_as_ndjson(viewer: Page) -> None:
    search(viewer, "things/ 1234")
    panel = viewer.get_by_role("region", name="In the whole log")
    saved = {}
    for name in (
        "Save all matching lines as text",
        "Save all matching lines as NDJSON, with their files and places",
    ):
        with viewer.expect_download() as download:
            panel.get_by_title(name, exact=True).click()
        saved[download.value.suggested_filename] = Path(download.value.path()).read_text()

    text, objects = saved["shop.log.hits.txt"], saved["shop.log.hits.ndjson"]
    assert [line.split()[-1] for line in text.splitlines()] == [
        "1234",
        *(str(n) for n in range(12340, 12350)),
    ]
    assert [json.loads(line)["text"] for line in objects.splitlines()] == text.splitlines()
    viewer.get_by_role("button", name="Close").last.click()
    expect(panel).to_be_hidden()


def test_escape_stops_a_search_that_runs_and_then_closes_it(viewer: Page, path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(30_000_000_000)
    search(viewer, "nothing at all")
    expect(viewer.locator(".lt-results-text")).to_contain_text("of 30.0 GB")
    viewer.keyboard.press("Escape")

    expect(viewer.locator(".lt-results-text")).to_have_text(re.compile(r"^Stopped at \d+%$"))
    viewer.keyboard.press("Escape")
    expect(viewer.locator(".lt-results")).to_be_hidden()


def test_a_search_that_is_cancelled_says_how_far_it_came(viewer: Page, path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(30_000_000_000)  # nothing but a hole: no room is taken, and half a minute is
    viewer.evaluate("document.querySelector('log-tail').results.order = 'oldest'")
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
    assert tail(viewer, "tail.parts.results.hits.childElementCount") == 0


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

    viewer.locator(".lt-empty").get_by_role("button", name="Search whole log").click()
    viewer.locator(".lt-res").click()

    expect(viewer.locator(".lt-row.lt-target")).to_contain_text("<b>here</b>")


def test_a_server_without_expressions_offers_text_and_says_so(viewer: Page) -> None:
    tail(viewer, "tail.stream.hello.can = ['range', 'search']")
    viewer.locator(".lt-q").focus()
    viewer.keyboard.press("Alt+r")
    search(viewer, "nee.le")
    expect(viewer.locator(".lt-results-text")).to_have_text(
        "This server can search the whole log only for plain text. "
        "Turn off “Regular expression” to search for the text."
    )

    viewer.locator(".lt-q").focus()
    viewer.keyboard.press("Alt+r")
    search(viewer, "needle")

    expect(viewer.locator(".lt-res")).to_have_count(1)
