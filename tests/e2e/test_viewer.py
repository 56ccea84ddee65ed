"""The page in a real browser on the real back end: reading, finding, copying."""

from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.kept import context, kept_tab, page
from tests.e2e.viewing import (
    append,
    expect_state,
    line,
    lines,
    marks_of,
    row_at_top,
    settle,
    show,
    tail,
    text_of,
    until,
)
from tests.stack import Stack, Web

pytestmark = [pytest.mark.browser, pytest.mark.redis, pytest.mark.whole]
__all__ = ["context", "kept_tab", "page"]


@pytest.fixture
def path(stack: Stack) -> Path:
    """A log of 2,000 lines."""
    return stack.add_log("shop", lines(0, 2000).encode())


# --- reading ---


def test_the_last_lines_are_shown_and_new_ones_follow_in_order(viewer: Page, path: Path) -> None:
    append(path, lines(2000, 2300))

    until(viewer, "tail.lines === 800")

    assert text_of(viewer) == lines(1500, 2300)
    expect(viewer.locator(".lt-row").last).to_contain_text("GET /things/ 2299")
    expect(viewer.locator(".lt-row").last).to_be_in_viewport()


def test_a_window_of_rows_is_in_the_document_and_not_all_lines(viewer: Page, path: Path) -> None:
    append(path, lines(2000, 22_000))

    until(viewer, "tail.lines === 20500")
    settle(viewer)

    assert viewer.locator(".lt-row").count() < 120


@pytest.mark.parametrize("wrap", [False, True])
def test_what_one_reads_does_not_move_while_lines_pour_in(viewer: Page, path: Path, wrap: bool) -> None:
    if wrap:
        viewer.get_by_role("button", name="No wrap").click()
        append(path, line(2000, text="word " * 300))
        until(viewer, "tail.lines === 501")
    viewer.locator(".lt-view").hover()
    viewer.mouse.wheel(0, -3000)
    until(viewer, "!tail.rows.follow && tail.rows.at < 8000")
    settle(viewer)
    before = row_at_top(viewer)

    for part in range(10):
        append(path, lines(3000 + part * 2000, 5000 + part * 2000))
        settle(viewer)
    until(viewer, "tail.lines >= 20500")
    settle(viewer)

    assert row_at_top(viewer) == before


def test_a_row_that_showed_other_lines_looks_as_a_new_one(viewer: Page, path: Path) -> None:
    def differing() -> list[str]:
        """Rows on screen that would look otherwise in an element that was never used."""
        settle(viewer)
        found: list[str] = tail(
            viewer,
            """[...tail.rows.mounted].flatMap(([item, row]) => {
              const made = document.createElement('div');
              made.tabIndex = -1;
              tail.rows.paintRow(made, item);
              const [as, like] = [row, made].map((one) => `${one.className} ${one.dataset.lv} ${one.innerHTML}`);
              return as === like ? [] : [`${as}\n${like}`];
            })""",
        )
        return found

    kinds = [
        line(1, "ERROR", "things/ \x1b[31mred\x1b[0m and \x1b[1mbold\x1b[0m"),
        "Traceback (most recent call last):\n",
        '  File "x.py", line 1\n',
        "ValueError: things/\n",
        '{"level": "warning", "message": "things/ in JSON"}\n',
        "no format \u202e things/ turned round\n",
        line(2, "WARNING", "things/ " + "long " * 1000),
        '127.0.0.1 - - [24/Aug/2026:10:00:00 +0000] "GET /things/ HTTP/1.1" 500 12\n',
        "\n",
        "[24/Aug/2026 10:00:00] ERROR things/\n",
        "2026-08-25 10:00:00,000 [INFO] shop things/\n",
    ]
    append(path, "".join(kinds[n % len(kinds)] if n % 3 else line(n) for n in range(2000)))
    until(viewer, "tail.lines === 2500")
    shown = [differing()]
    for act in (
        "tail.rows.goToPart(0.5)",
        "tail.rows.goToPart(0.52)",
        "tail.rows.scrollBy(-130)",
        "tail.parts.query.value = 'things/', tail.finding.search()",
        "tail.finding.toggleFlag('only')",
        # The current match stays in view while others before it are dropped.
        "tail.finding.step(1), tail.filtered.matches[tail.finding.current].level === 'I' && tail.finding.step(1)",
        "tail.filterBar.toggleLevel('I')",
        "tail.viewOptions.setTime('relative')",
        "tail.viewOptions.toggleWrap()",
        "tail.rows.goToPart(0.1)",
        "tail.finding.clear()",
        "tail.toEnd()",
    ):
        tail(viewer, act)
        shown.append(differing())

    assert shown == [[]] * 13


def test_the_pill_says_what_came_meanwhile_and_leads_back(viewer: Page, path: Path) -> None:
    viewer.locator(".lt-view").hover()
    viewer.mouse.wheel(0, -1000)
    until(viewer, "!tail.rows.follow")

    append(path, lines(2000, 2004) + line(2004, "ERROR") + line(2005, "CRITICAL"))

    expect(viewer.locator(".lt-pill")).to_have_text("6 new lines2 errors")
    viewer.locator(".lt-pill").click()
    until(viewer, "tail.rows.follow")
    expect(viewer.locator(".lt-pill")).to_be_hidden()
    expect(viewer.locator(".lt-row").last).to_be_in_viewport()


def test_our_own_scrolling_never_ends_following(viewer: Page, path: Path) -> None:
    viewer.set_viewport_size({"width": 900, "height": 500})
    append(path, lines(2000, 4000))
    until(viewer, "tail.lines === 2500")
    viewer.get_by_role("button", name="No wrap").click()
    viewer.set_viewport_size({"width": 1200, "height": 800})
    settle(viewer)

    append(path, line(4000))
    until(viewer, "tail.lines === 2501")
    settle(viewer)

    assert tail(viewer, "tail.rows.follow") is True
    expect(viewer.locator(".lt-row").last).to_be_in_viewport()


def test_end_home_and_page_keys_work_from_anywhere_on_the_page(viewer: Page) -> None:
    viewer.keyboard.press("Home")
    expect(viewer.locator(".lt-row", has_text="GET /things/ 0")).to_be_in_viewport()
    assert not tail(viewer, "tail.rows.follow")

    viewer.keyboard.press("End")

    until(viewer, "tail.rows.follow")
    expect(viewer.locator(".lt-row").last).to_contain_text("GET /things/ 1999")
    expect(viewer.locator(".lt-row").last).to_be_in_viewport()


def test_a_button_loads_earlier_lines_to_the_beginning_of_the_file(viewer: Page) -> None:
    def go_to_first_loaded() -> None:
        """As the page itself does: nothing loads by that."""
        tail(viewer, "tail.rows.reveal(0, 'start')")
        settle(viewer)

    def press() -> None:
        """Without scrolling to the button, which would load lines by itself."""
        viewer.get_by_role("button", name="Load earlier lines").evaluate("(button) => button.click()")

    go_to_first_loaded()
    first = viewer.locator(".lt-row", has_text="things/ 1500")
    before = first.bounding_box()
    press()
    until(viewer, "tail.lines === 1500")
    settle(viewer)

    after = first.bounding_box()
    go_to_first_loaded()
    press()
    until(viewer, "tail.lines === 2000")

    assert after == before
    assert text_of(viewer) == lines(0, 2000)
    expect(viewer.locator(".lt-top")).to_have_text("Beginning of the file")


def test_pause_holds_the_page_still_and_loses_nothing(viewer: Page, path: Path) -> None:
    viewer.get_by_role("button", name="Pause").click()
    append(path, lines(2000, 2005))

    expect(viewer.locator(".lt-tail")).to_contain_text("5 new lines are waiting.")
    expect_state(viewer, "paused")
    expect(viewer.locator(".lt-row").last).to_contain_text("1999")
    viewer.get_by_role("button", name="Resume").first.click()

    expect(viewer.locator(".lt-row").last).to_contain_text("2004")
    assert text_of(viewer) == lines(1500, 2005)


def test_a_page_that_is_full_asks_the_server_to_hold_and_misses_nothing(viewer: Page, path: Path) -> None:
    tail(viewer, "tail.store.mostLines = 2000")
    viewer.get_by_role("button", name="Pause").click()
    append(path, lines(2000, 4000))
    until(viewer, "tail.session.holding")
    append(path, lines(4000, 20_000))

    expect(viewer.locator(".lt-tail")).to_contain_text("This page is full;")
    until(viewer, "tail.stream.server.behind > 500000")
    tail(viewer, "tail.store.mostLines = 200000")
    viewer.get_by_role("button", name="Resume").first.click()

    until(viewer, "tail.store.last.text?.endsWith(' 19999')")
    assert text_of(viewer) == lines(1500, 20_000)


def test_a_full_page_that_is_read_further_up_is_not_live_and_leads_back(viewer: Page, path: Path) -> None:
    tail(viewer, "tail.store.mostLines = 1000")
    viewer.locator(".lt-view").hover()
    viewer.mouse.wheel(0, -3000)
    until(viewer, "!tail.rows.follow")

    append(path, lines(2000, 4000))
    expect_state(viewer, "history")
    expect(viewer.locator(".lt-tail")).to_contain_text("You are looking at an earlier part of the file.")
    append(path, lines(4000, 20_000))
    until(viewer, "tail.stream.server.behind > 500000")
    tail(viewer, "tail.store.mostLines = 200000")
    # Not by the pointer: the way to it scrolls to the end, which goes back to live by itself.
    viewer.locator(".lt-tail").get_by_role("button", name="Back to live").dispatch_event("click")

    expect_state(viewer, "live")
    until(viewer, "tail.store.last.text?.endsWith(' 19999')")
    assert text_of(viewer) == lines(1500, 20_000)


def test_what_was_skipped_is_a_gap_of_its_exact_size_and_loads(viewer: Page, path: Path) -> None:
    tail(viewer, "tail.session.hold()")
    append(path, lines(2000, 60_000))
    until(viewer, "tail.stream.server.behind > 3000000")
    tail(viewer, "tail.run('do.skip')")
    until(viewer, "tail.store.last.text?.endsWith(' 59999')")
    gap = tail(viewer, "tail.store.items.find((item) => item.kind === 'gap')")
    assert marks_of(viewer)[:2] == ["day", "gap"]
    assert (gap["start"], gap["end"]) == (len(lines(0, 2000)), len(lines(0, 59_500)))

    while tail(viewer, "tail.store.items.some((item) => item.kind === 'gap')"):
        count = tail(viewer, "tail.lines")
        index = tail(viewer, "tail.rows.shown.items.findIndex((item) => item.kind === 'gap')")
        tail(viewer, f"tail.rows.reveal({index}, 'center')")
        viewer.get_by_role("button", name="Load", exact=True).click()
        until(viewer, f"tail.lines > {count}")

    assert text_of(viewer) == lines(1500, 60_000)


def test_the_ring_drops_the_oldest_lines_while_one_follows(viewer: Page, path: Path) -> None:
    tail(viewer, "tail.store.mostLines = 1000")

    append(path, lines(2000, 9000))
    until(viewer, "tail.store.last.text?.endsWith(' 8999')")
    settle(viewer)

    assert text_of(viewer) == lines(8000, 9000)
    expect(viewer.locator(".lt-row").last).to_be_in_viewport()
    expect(viewer.locator(".lt-loaded")).to_have_text("1,000 lines loaded")


# --- finding ---


def test_find_marks_counts_and_walks_through_matches(viewer: Page, path: Path) -> None:
    append(path, lines(2000, 2010, text="needle"))
    until(viewer, "tail.lines === 510")

    viewer.keyboard.press("/")
    viewer.keyboard.type("NEEDLE")

    expect(viewer.locator(".lt-matchtext")).to_have_text("10 of 10")
    expect(viewer.locator(".lt-hit")).to_have_count(10)
    viewer.keyboard.press("Shift+Enter")
    expect(viewer.locator(".lt-matchtext")).to_have_text("9 of 10")
    expect(viewer.locator(".lt-hit-on")).to_have_count(1)
    expect(viewer.locator(".lt-row", has=viewer.locator(".lt-hit-on"))).to_contain_text("2008")
    viewer.keyboard.press("Alt+c")
    expect(viewer.locator(".lt-matchtext")).to_have_text("No matches")


def test_filter_shows_matching_entries_whole_and_counts_them(viewer: Page, path: Path) -> None:
    trouble = (
        line(2000, "ERROR", "boom")
        + 'Traceback (most recent call last):\n  File "x.py"\nGatewayTimeout: no\n'
    )
    append(path, trouble + lines(2001, 2003))
    until(viewer, "tail.lines === 506")
    viewer.locator(".lt-q").fill("gatewaytimeout")
    viewer.get_by_role("button", name="Only matching lines").click()

    expect(viewer.locator(".lt-row")).to_have_count(4)
    expect(viewer.locator(".lt-matchtext")).to_have_text("4 of 506 lines")
    append(path, lines(2003, 2005) + line(2005, "ERROR", "GatewayTimeout"))
    expect(viewer.locator(".lt-row")).to_have_count(5)

    viewer.get_by_role("button", name="Hide matching lines").click()
    expect(viewer.locator(".lt-matchtext")).to_have_text("504 of 509 lines")
    viewer.locator(".lt-q").press("Escape")
    expect(viewer.locator(".lt-matchnav")).to_be_hidden()


def test_pinned_terms_and_unwanted_words_narrow_further(viewer: Page) -> None:
    viewer.get_by_role("button", name="Only matching lines").click()
    viewer.locator(".lt-q").fill("things/ 19")
    viewer.keyboard.press("Control+Enter")
    expect(viewer.locator(".lt-matchtext")).to_have_text("100 of 500 lines")

    viewer.locator(".lt-q").fill('-"things/ 1955"')
    viewer.keyboard.press("Control+Enter")
    expect(viewer.locator(".lt-matchtext")).to_have_text("99 of 500 lines")
    viewer.locator(".lt-q").fill("5")

    expect(viewer.locator(".lt-matchtext")).to_have_text("18 of 500 lines")
    viewer.get_by_role("button", name="Remove the term “things/ 19”").click()
    expect(viewer.locator(".lt-pin")).to_have_text('"things/ 1955"')


def test_nothing_matches_is_said_and_can_be_undone(viewer: Page) -> None:
    viewer.locator(".lt-q").fill("zebra")
    viewer.get_by_role("button", name="Only matching lines").click()

    expect(viewer.locator(".lt-empty")).to_contain_text("No lines match")
    expect(viewer.locator(".lt-empty")).to_contain_text("500 loaded lines are hidden by the filter.")
    viewer.get_by_role("button", name="Clear filter").click()

    expect(viewer.locator(".lt-empty")).to_be_hidden()


def test_a_match_is_shown_among_the_lines_around_it(viewer: Page) -> None:
    viewer.locator(".lt-q").fill("things/ 1777")
    viewer.get_by_role("button", name="Only matching lines").click()
    expect(viewer.locator(".lt-row")).to_have_count(1)
    viewer.locator(".lt-row").hover()

    viewer.get_by_role("button", name="Show in context").click()

    expect(viewer.locator(".lt-target")).to_contain_text("1777")
    expect(viewer.locator(".lt-target")).to_be_in_viewport()
    expect(viewer.locator(".lt-row", has_text="GET /things/ 1778")).to_be_in_viewport()


def test_levels_are_counted_and_can_be_hidden(viewer: Page, path: Path) -> None:
    append(
        path,
        line(2000, "ERROR", "bad")
        + "Traceback (most recent call last):\nValueError: x\n"
        + line(2001, "DEBUG"),
    )
    error = viewer.locator(".lt-level[data-lv=E]")

    expect(error).to_have_accessible_name("Error, 1")
    error.click()

    expect(viewer.locator(".lt-row", has_text="ValueError")).to_have_count(0)
    expect(viewer.locator(".lt-row").last).to_contain_text("2001")
    viewer.reload()
    expect(viewer.locator(".lt-level[data-lv=E]")).to_have_attribute("aria-pressed", "false")


def test_a_regular_expression_finds_and_a_bad_one_is_said(viewer: Page) -> None:
    viewer.locator(".lt-q").fill(r"things/ 19\d5$")
    viewer.keyboard.press("Alt+r")

    expect(viewer.locator(".lt-matchtext")).to_have_text("10 of 10")
    viewer.locator(".lt-q").fill("order (48")
    expect(viewer.locator(".lt-hint > div > span")).to_have_text("Invalid expression: missing ) in order (48")


def test_a_regular_expression_that_would_backtrack_for_ever_finds_nothing_and_the_page_lives_on(
    viewer: Page, path: Path
) -> None:
    append(path, "a" * 60 + "!\n")
    until(viewer, "tail.lines === 501")
    viewer.locator(".lt-q").fill("(a+)+$")
    viewer.keyboard.press("Alt+r")

    expect(viewer.locator(".lt-matchtext")).to_have_text("No matches")
    append(path, line(2001))
    expect(viewer.locator(".lt-row").last).to_contain_text("2001")


def test_the_second_control_f_is_the_browsers(viewer: Page) -> None:
    viewer.locator(".lt-view").focus()
    ours = viewer.evaluate(
        """() => !document.querySelector('.lt-view').dispatchEvent(
          new KeyboardEvent('keydown', {key: 'f', ctrlKey: true, bubbles: true, cancelable: true}))"""
    )
    expect(viewer.locator(".lt-q")).to_be_focused()

    theirs = viewer.evaluate(
        """() => document.querySelector('.lt-q').dispatchEvent(
          new KeyboardEvent('keydown', {key: 'f', ctrlKey: true, bubbles: true, cancelable: true}))"""
    )

    assert (ours, theirs) == (True, True)


def test_json_lines_open_as_fields(viewer: Page, path: Path) -> None:
    append(path, '{"level": "error", "msg": "boom <b>", "code": 7}\n')
    row = viewer.locator(".lt-row", has_text="boom")
    row.hover()

    row.locator(".lt-tri").click()

    expect(row.locator("dt")).to_have_text(["level", "msg", "code"])
    expect(row.locator("dd")).to_have_text(["error", "boom <b>", "7"])


def test_an_entry_folds_to_its_first_line(viewer: Page, path: Path) -> None:
    append(
        path,
        line(2000, "ERROR", "bad")
        + "Traceback (most recent call last):\n  File\nValueError: x\n"
        + line(2001),
    )
    row = viewer.locator(".lt-row:not(.lt-cont)", has_text="ERROR")
    row.hover()

    viewer.get_by_role("button", name="Hide the other lines of this entry").click()

    expect(row).to_contain_text("3 more lines")
    expect(viewer.locator(".lt-row", has_text="ValueError")).to_have_count(0)
    row.get_by_role("button", name="3 more lines").click()
    expect(viewer.locator(".lt-row", has_text="ValueError")).to_have_count(1)


# --- copying ---


def clipboard(page: Page) -> str:
    return page.evaluate("() => navigator.clipboard.readText()")


def test_dragging_through_thousands_of_rows_copies_exactly_the_file(viewer: Page, path: Path) -> None:
    append(path, lines(2000, 8000))
    until(viewer, "tail.lines === 6500")
    settle(viewer)
    last = viewer.locator(".lt-row").last.bounding_box()
    viewer.mouse.move(last["x"] + 900, last["y"] + 10)
    viewer.mouse.down()
    viewer.mouse.move(last["x"] + 500, last["y"] - 60)
    until(viewer, "tail.selection.native && !tail.rows.follow")
    for part in range(5):
        viewer.mouse.wheel(0, -20_000)
        append(path, lines(8000 + part * 100, 8100 + part * 100))
        settle(viewer)
    until(viewer, "tail.rows.at < 40000")
    settle(viewer)
    view = viewer.locator(".lt-view").bounding_box()
    viewer.mouse.move(view["x"] + 60, view["y"] + 45)
    viewer.mouse.move(view["x"] + 2, view["y"] + 45)
    viewer.mouse.up()
    until(viewer, "tail.lines === 7000")

    viewer.keyboard.press("Control+c")

    first = int(clipboard(viewer).split("\n", 1)[0].rsplit(" ", 1)[1])
    assert first < 3000
    assert clipboard(viewer) + "\n" == lines(first, 8000)


@pytest.mark.parametrize("focused", [".lt-view", None])
def test_all_lines_are_selected_and_copied_by_the_keyboard(viewer: Page, focused: str | None) -> None:
    if focused:
        viewer.locator(focused).focus()
    viewer.keyboard.press("Control+a")

    expect(viewer.locator(".lt-selbar")).to_contain_text("500 lines selected")
    viewer.keyboard.press("Control+c")

    assert clipboard(viewer) + "\n" == lines(1500, 2000)
    viewer.keyboard.press("Escape")
    expect(viewer.locator(".lt-selbar")).to_be_hidden()


def test_lines_are_selected_at_the_gutter(viewer: Page) -> None:
    viewer.locator(".lt-row", has_text="things/ 1988").locator(".lt-gut").click()
    viewer.locator(".lt-row", has_text="things/ 1997").locator(".lt-gut").click(modifiers=["Shift"])

    viewer.get_by_role("button", name="Copy", exact=True).click()

    assert clipboard(viewer) + "\n" == lines(1988, 1998)


def test_one_line_is_copied_without_its_escapes(viewer: Page, path: Path) -> None:
    append(path, "\x1b[31mred\x1b[0m and plain\n")
    row = viewer.locator(".lt-row", has_text="red and plain")
    expect(row.locator(".lt-f1")).to_have_text("red")
    row.hover()

    viewer.get_by_role("button", name="Copy line").click()
    expect(viewer.locator(".lt-say")).to_have_text("Copied")

    assert clipboard(viewer) == "red and plain"


# --- hostile text ---


def test_hostile_text_is_shown_for_what_it_is_and_does_nothing(viewer: Page, path: Path) -> None:
    hostile = [
        b"<script>document.title='pwned'</script><img src=x onerror=\"document.title='pwned'\">",
        b"\x1b]8;;javascript:alert(1)\x07a link\x1b]8;;\x07",
        "invoice\u202egnp.exe".encode(),
        b"nul\x00bell\x07back\x08",
        b"progress 1%\rprogress 2%",
        b"\x1b]0;unfinished title",
        b"\x9b31m \xff\xfe\x80 bad \xc3(",
        b'{"__proto__": {"x": 1}, "level": "info"}',
        b"x" * 1_000_000,
        b"last",
    ]
    append(path, b"\n".join(hostile) + b"\n")
    until(viewer, "tail.store.last.text === 'last'")
    settle(viewer)

    shown = viewer.locator(".lt-window").inner_text()
    made = set(
        viewer.evaluate("() => [...document.querySelectorAll('.lt-window *')].map((node) => node.localName)")
    )

    assert made <= {"div", "span", "button", "svg", "path"}
    assert "<script>document.title='pwned'</script>" in shown
    assert "a link (javascript:alert(1))" in shown  # its target as text, since no element above is a link
    for named in ("U+202E", "U+0000", "U+0007", "U+0008", "U+001B"):
        assert named in shown
    assert "progress 2%" in shown
    assert "progress 1%" not in shown
    assert "unfinished title" in shown
    assert "bad \ufffd(" in shown
    expect(viewer.get_by_text("Line cut at 4.0 kB.")).to_be_visible()
    assert viewer.title().startswith("shop")


def test_a_long_line_is_shown_whole_on_request(viewer: Page, path: Path) -> None:
    append(path, "x" * 300_000 + "\nlast\n")
    until(viewer, "tail.store.last.text === 'last'")

    viewer.get_by_role("button", name="Show all").click()

    row = viewer.locator(".lt-row", has_text="xxxx")
    assert len(row.locator(".lt-msg").text_content()) == 300_000


def test_bytes_of_a_declared_encoding_are_read_as_that(
    page: Page, signed_in: BrowserContext, web: Web, stack: Stack
) -> None:
    stack.add_log("orders", "订单 4821 已支付\n".encode("gbk") * 3, encoding="gbk")

    show(page, web, stack, "orders")

    expect(page.locator(".lt-row").last).to_contain_text("订单 4821 已支付")
    expect(page.locator(".lt-encoding")).to_have_text("GBK")
