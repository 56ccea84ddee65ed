"""The page around the log: list, panes, keys, settings, phone, language, accessibility."""

import re
from importlib.util import find_spec
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.kept import context, kept_tab, page
from tests.e2e.viewing import append, expect_state, line, lines, settle, show, tail, until
from tests.length import at_length
from tests.stack import Stack, Web

pytestmark = [pytest.mark.browser, pytest.mark.redis, pytest.mark.whole]
__all__ = ["context", "kept_tab", "page"]


@pytest.fixture
def viewer(signed_in: BrowserContext, page: Page, web: Web, stack: Stack) -> Page:
    """A tab that shows one of three logs, live."""
    stack.add_log(
        "shop", (lines(0, 60) + line(60, "ERROR", "bad") + "Traceback\n" + line(61)).encode(), group="Web"
    )
    stack.add_log("worker", lines(0, 5).encode(), group="Jobs")
    stack.add_log("beat", b"", group="Jobs")
    show(page, web, stack, "shop")
    until(page, "tail.lines === 63")
    return page


def names(page: Page) -> list[str]:
    return page.locator(".lt-log-name").all_text_contents()


def test_logs_are_listed_in_groups_and_found_by_typing(viewer: Page) -> None:
    expect(viewer.locator(".lt-group")).to_have_text(["Jobs", "Web"])
    assert names(viewer) == ["beat", "worker", "shop"]

    viewer.keyboard.press("o")
    viewer.keyboard.type("ork")

    assert names(viewer) == ["worker"]
    expect(viewer.locator(".lt-log mark")).to_have_text("ork")
    viewer.keyboard.press("Enter")
    expect(viewer.locator(".lt-name")).to_have_text("worker")
    assert len(names(viewer)) == 3


def test_the_open_log_is_in_sight_in_a_list_longer_than_the_window(
    viewer: Page, web: Web, stack: Stack
) -> None:
    viewer.set_viewport_size({"width": 1440, "height": 240})

    show(viewer, web, stack, "shop")

    expect(viewer.locator('.lt-log[aria-current="page"]')).to_be_in_viewport(ratio=1, timeout=5_000)


def test_a_log_that_is_written_to_gets_a_dot_and_its_size(viewer: Page, stack: Stack) -> None:
    append(stack.logs / "worker.log", "x" * 5000 + "\n")

    shown = viewer.locator(".lt-log", has_text="worker")
    expect(shown.get_by_role("img", name="Being written now")).to_be_visible()
    expect(shown).to_contain_text("5.3 kB")


def test_a_click_on_a_log_counts_although_the_list_changes_under_it(viewer: Page, stack: Stack) -> None:
    shown = viewer.locator(".lt-log", has_text="worker")
    shown.locator(".lt-log-name").hover()
    viewer.mouse.down()
    append(stack.logs / "worker.log", "x" * 5000 + "\n")
    expect(shown).to_contain_text("5.3 kB")

    viewer.mouse.up()

    expect(viewer.locator(".lt-name")).to_have_text("worker")


def test_a_log_on_another_host_has_the_size_its_reader_reports(viewer: Page, web: Web, stack: Stack) -> None:
    worker = stack.start_worker("web-9")
    stack.add_log("far", lines(0, 100).encode(), queue="web-9")
    viewer.reload()
    shown = viewer.locator(".lt-log", has_text="far")
    expect(shown.locator(".lt-log-size")).to_be_empty()

    shown.click()

    expect(shown).to_contain_text("6.1 kB")  # a reader starts, reports, and the page asks each 5 s
    worker.stop()


def test_the_address_follows_the_log_and_back_goes_back(viewer: Page, web: Web) -> None:
    viewer.get_by_role("link", name="worker").click()
    expect(viewer.locator(".lt-name")).to_have_text("worker")
    expect(viewer).to_have_url(f"{web.url}/logs/worker/")

    viewer.go_back()

    expect(viewer.locator(".lt-name")).to_have_text("shop")


def test_two_panes_are_independent(viewer: Page, stack: Stack) -> None:
    viewer.get_by_role("button", name="Split").click()
    viewer.keyboard.type("worker")
    viewer.keyboard.press("Enter")
    expect_state(viewer, "live", pane=1)

    # Two panes are narrow enough for a menu of what fits no more.
    viewer.locator("log-tail").nth(0).get_by_role("button", name="More").click()
    viewer.get_by_role("menuitem", name="Stop watching").click()
    append(stack.logs / "worker.log", line(5))

    expect_state(viewer, "stopped", pane=0)
    expect(viewer.locator("log-tail").nth(1).locator(".lt-row").last).to_contain_text("things/ 5")
    viewer.locator("log-tail").nth(0).get_by_role("button", name="Close").click()
    expect(viewer.locator("log-tail")).to_have_count(1)
    expect_state(viewer, "live")


def test_keys_move_from_line_to_line_and_to_errors(viewer: Page) -> None:
    viewer.locator(".lt-view").focus()
    viewer.keyboard.press("Shift+E")
    expect(viewer.locator(".lt-row:focus")).to_contain_text("bad 60")

    viewer.keyboard.press("k")
    expect(viewer.locator(".lt-row:focus")).to_contain_text("things/ 59")
    viewer.keyboard.press("Shift+K")
    viewer.keyboard.press("Shift+K")

    expect(viewer.locator(".lt-selbar")).to_contain_text("3 lines selected")


def test_the_help_lists_the_keys_and_single_letters_can_be_switched_off(viewer: Page) -> None:
    viewer.keyboard.press("?")
    expect(viewer.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    viewer.keyboard.press("Escape")
    expect(viewer.get_by_role("dialog")).to_have_count(0)

    viewer.get_by_role("button", name="View options").click()
    viewer.get_by_role("switch", name="Single-letter shortcuts").click()
    viewer.keyboard.press("Escape")
    viewer.locator(".lt-view").focus()
    viewer.keyboard.press("p")
    viewer.keyboard.press("End")

    settle(viewer)
    expect_state(viewer, "live")


def test_settings_are_remembered_per_log_and_per_reader(viewer: Page) -> None:
    viewer.get_by_role("button", name="No wrap").click()
    viewer.get_by_role("button", name="View options").click()
    viewer.get_by_role("group", name="Timestamps").get_by_role("button", name="As written").click()
    viewer.get_by_role("button", name="A+").click()
    viewer.get_by_role("button", name="Dark").click()

    viewer.reload()
    until(viewer, "tail.lines === 63")

    assert tail(viewer, "[tail.viewOptions.wrap, tail.viewOptions.time, tail.dataset.size]") == [
        True,
        "raw",
        "l",
    ]
    expect(viewer.locator("html")).to_have_attribute("data-theme", "dark")
    viewer.get_by_role("link", name="worker").click()
    until(viewer, "tail.lines === 5")
    assert tail(viewer, "[tail.viewOptions.wrap, tail.viewOptions.time, tail.dataset.size]") == [
        False,
        "compact",
        "l",
    ]


@pytest.mark.parametrize(
    ("time", "shown"),
    [("Time only", "00:00:00.059"), ("Relative", "  +0.001s"), ("As written", None), ("No time", None)],
)
def test_times_are_shown_as_one_likes(viewer: Page, time: str, shown: str | None) -> None:
    viewer.get_by_role("button", name="View options").click()

    viewer.get_by_role("group", name="Timestamps").get_by_role("button", name=time, exact=True).click()

    stamp = viewer.locator(".lt-row", has_text="things/ 59").locator(".lt-ts")
    expect(stamp).to_have_text("2026-08-24 00:00:00,059")
    drawn = stamp.evaluate("(node) => getComputedStyle(node, '::before').content")
    if shown is None:
        assert drawn == "none"
    else:
        assert shown in drawn
    assert stamp.evaluate("(node) => getComputedStyle(node).display") == (
        "none" if time == "No time" else "inline"
    )


def test_the_bar_leads_to_its_place(viewer: Page, stack: Stack) -> None:
    append(stack.logs / "shop.log", lines(100, 3000))
    until(viewer, "tail.lines === 2963")
    box = viewer.locator(".lt-hist").bounding_box()

    viewer.mouse.click(box["x"] + 6, box["y"] + box["height"] / 2)

    until(viewer, "!tail.rows.follow && Math.abs(tail.rows.at / tail.rows.shown.total - 0.5) < 0.1")


def test_the_plain_view_holds_the_lines_as_one_text(viewer: Page) -> None:
    viewer.get_by_role("button", name="View options").click()
    viewer.get_by_role("button", name="Open").click()

    dialog = viewer.get_by_role("dialog", name="Plain view: shop")

    assert dialog.locator("pre").text_content().splitlines()[:2] == lines(0, 2).splitlines()


def test_a_phone_shows_log_and_list_one_at_a_time(viewer: Page) -> None:
    viewer.set_viewport_size({"width": 390, "height": 844})
    settle(viewer)
    assert viewer.evaluate("() => document.documentElement.scrollWidth") == 390
    expect(viewer.get_by_role("link", name="worker")).to_be_hidden()

    viewer.get_by_role("button", name="Show logs").click()
    viewer.get_by_role("link", name="worker").click()

    expect(viewer.locator(".lt-name")).to_have_text("worker")
    expect(viewer.get_by_role("link", name="shop")).to_be_hidden()


def test_back_to_the_list_ends_the_log_that_was_chosen_from_it(viewer: Page, web: Web) -> None:
    viewer.goto(f"{web.url}/logs/")
    viewer.get_by_role("link", name="worker").click()
    until(viewer, "tail.lines === 5")

    viewer.go_back()

    expect(viewer.get_by_text("Choose a log")).to_be_visible()
    expect(viewer).to_have_title("Logs")
    assert viewer.evaluate("() => document.querySelector('log-tail').lines") == 0
    viewer.go_forward()
    until(viewer, "tail.lines === 5")


def test_a_phone_shows_what_is_sought_and_the_hint_the_whole_of_it(viewer: Page) -> None:
    viewer.set_viewport_size({"width": 390, "height": 844})
    viewer.locator(".lt-q").fill("a search of some length")
    expect(viewer.get_by_text("No matches")).to_be_visible()

    expect(viewer.locator(".lt-filter .lt-hint")).to_contain_text("a search of some length")
    viewer.locator(".lt-q").fill("payments")
    assert viewer.locator(".lt-q").evaluate("(field) => field.scrollWidth <= field.clientWidth")
    expect(viewer.get_by_role("button", name="Search whole log")).to_be_visible()
    assert viewer.evaluate("() => document.documentElement.scrollWidth") == 390


def test_a_phone_begins_with_the_list(viewer: Page, web: Web) -> None:
    viewer.set_viewport_size({"width": 390, "height": 844})

    viewer.goto(f"{web.url}/logs/")

    viewer.get_by_role("link", name="worker").click()
    until(viewer, "tail.lines === 5")
    expect(viewer.get_by_role("link", name="shop")).to_be_hidden()


def test_a_tapped_line_keeps_its_buttons_while_others_come(
    browser: Browser, web: Web, stack: Stack, member: str
) -> None:
    path = stack.add_log("shop", lines(0, 200).encode())
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    context.add_cookies([{"name": "sessionid", "value": member, "url": web.url}])
    page = context.new_page()
    show(page, web, stack, "shop")
    row = page.locator(".lt-row", has_text="things/ 195")
    copy = page.get_by_role("button", name="Copy line")

    row.tap()
    append(path, lines(200, 203))
    until(page, "tail.lines === 203")
    settle(page)

    beside = copy.bounding_box()["y"] + copy.bounding_box()["height"] / 2
    assert row.bounding_box()["y"] < beside < row.bounding_box()["y"] + row.bounding_box()["height"]
    row.tap()
    expect(copy).to_be_hidden()
    context.close()


def test_the_page_speaks_chinese(browser: Browser, web: Web, stack: Stack, member: str) -> None:
    stack.add_log("shop", b"one\n")
    context = browser.new_context(locale="zh-CN")
    context.add_cookies([{"name": "sessionid", "value": member, "url": web.url}])
    page = context.new_page()

    show(page, web, stack, "shop")

    expect(page.locator(".lt-state")).to_have_text("实时")
    page.get_by_role("button", name="停止查看").click()
    expect(page.locator(".lt-tail")).to_contain_text("你已停止查看此日志。")
    expect(page.locator("html")).to_have_attribute("lang", "zh-hans")
    context.close()


def test_the_language_is_chosen_in_the_view_options_and_remembered(viewer: Page, web: Web) -> None:
    viewer.goto(viewer.url + "#lt-main")
    viewer.get_by_role("button", name="View options").click()
    choice = viewer.get_by_role("group", name="Language")
    expect(choice.get_by_role("button", name="English")).to_have_attribute("aria-pressed", "true")

    choice.get_by_role("button", name="简体中文").click()

    expect(viewer.locator(".lt-state")).to_have_text("实时")
    expect(viewer).to_have_url(f"{web.url}/logs/shop/#lt-main")
    viewer.get_by_role("link", name="worker").click()
    viewer.reload()
    expect(viewer.locator(".lt-state")).to_have_text("实时")
    viewer.get_by_role("button", name="显示选项").click()
    viewer.get_by_role("group", name="语言").get_by_role("button", name="English").click()
    expect(viewer.locator(".lt-state")).to_have_text("Live")


def test_the_log_is_shown_in_the_admin_below_its_row(
    context: BrowserContext, page: Page, web: Web, stack: Stack
) -> None:
    stack.add_log("shop", b"one\n")
    session = stack.make_user("boss", staff=True, superuser=True)
    context.add_cookies([{"name": "sessionid", "value": session, "url": web.url}])
    page.route("**/favicon.ico", lambda route: route.fulfill(status=204))
    page.goto(f"{web.url}/admin/logtail/log/")
    page.get_by_role("link", name="shop").click()

    expect_state(page, "live")

    expect(page.locator("log-tail .lt-row")).to_contain_text("one")
    colours = page.evaluate(
        """() => [document.body, document.querySelector('.lt-body')].map(
          (node) => getComputedStyle(node).backgroundColor)"""
    )
    assert colours[0] == colours[1]


def axe() -> str | None:
    found = find_spec("axe_playwright_python")
    if found is None or found.origin is None:
        return None
    return (Path(found.origin).parent / "axe.min.js").read_text()


def violations(page: Page) -> list[str]:
    script = axe()
    assert script is not None
    page.evaluate(script)
    # Django's admin fades the colours of its links.
    page.evaluate(
        "() => Promise.allSettled(document.getAnimations().map((one) => one instanceof CSSTransition && one.finished))"
    )
    found = page.evaluate("async () => (await axe.run(document)).violations")
    return [
        f"{rule['id']}: {node['target']} {node['failureSummary']}" for rule in found for node in rule["nodes"]
    ]


@pytest.mark.skipif(axe() is None, reason="axe-playwright-python is missing")
@pytest.mark.parametrize("theme", at_length(["light", "dark"], short=["light"]))
def test_no_state_has_a_barrier_that_axe_knows(viewer: Page, stack: Stack, theme: str) -> None:
    viewer.emulate_media(color_scheme=theme)
    viewer.reload()
    until(viewer, "tail.lines === 63")
    found = {"live": violations(viewer)}
    viewer.get_by_role("button", name="View options").click()
    found["settings"] = violations(viewer)
    viewer.keyboard.press("Escape")
    viewer.keyboard.press("?")
    found["help"] = violations(viewer)
    viewer.keyboard.press("Escape")
    viewer.locator(".lt-q").fill("things")
    expect(viewer.locator(".lt-hit").first).to_be_visible()
    found["find"] = violations(viewer)
    viewer.get_by_role("button", name="Search whole log").click()
    expect(viewer.locator(".lt-res")).to_have_count(61)
    found["search"] = violations(viewer)
    viewer.get_by_role("button", name="Pause").click()
    expect_state(viewer, "paused")
    found["paused"] = violations(viewer)
    viewer.get_by_role("button", name="Stop watching").click()
    expect_state(viewer, "stopped")
    found["stopped"] = violations(viewer)
    (stack.logs / "shop.log").unlink()
    viewer.get_by_role("button", name="Start again").first.click()
    expect_state(viewer, "missing")
    found["missing"] = violations(viewer)
    viewer.get_by_role("link", name="beat").click()
    expect(viewer.locator(".lt-empty")).to_contain_text("This file is empty")
    found["empty"] = violations(viewer)

    assert {state: said for state, said in found.items() if said} == {}


def test_forced_colours_and_reduced_motion_leave_states_told_apart(viewer: Page) -> None:
    viewer.emulate_media(forced_colors="active", reduced_motion="reduce")

    chip = viewer.locator(".lt-state")
    border = chip.evaluate("(node) => getComputedStyle(node).borderTopWidth")
    motion = viewer.locator(".lt-tail .lt-dot").evaluate(
        "(node) => getComputedStyle(node).animationIterationCount"
    )

    assert border == "1px"
    assert motion == "1"
    expect(chip).to_have_text("Live")


def test_the_list_has_the_older_files_of_a_log_and_opens_them_at_their_first_line(
    viewer: Page, web: Web, stack: Stack
) -> None:
    older = viewer.locator(".lt-side-list .lt-older")
    expect(older).to_have_count(0)
    (stack.logs / "shop.log.1").write_bytes(lines(1000, 1300).encode())
    show(viewer, web, stack, "shop")
    expect(older).to_have_text(["1 older"])
    (stack.logs / "shop.log.2").write_bytes(lines(2000, 2010).encode())

    older.click()

    expect(older).to_have_text(
        ["2 older", re.compile(r"shop\.log\.2\d+ B"), re.compile(r"shop\.log\.1\d+\.\d kB")]
    )
    assert viewer.evaluate("document.activeElement.textContent") == "2 older"
    older.nth(2).click()
    expect(viewer.locator(".lt-row").first).to_contain_text("GET /things/ 1000")
    expect(viewer.locator(".lt-name")).to_have_text("shop")
    older.first.click()
    expect(older).to_have_text(["2 older"])
