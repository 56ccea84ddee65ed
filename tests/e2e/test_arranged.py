"""Nothing that somebody arranged is lost: the address, saved views, what is copied, what the tab says."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e import viewing
from tests.e2e.kept import context, kept_tab, page
from tests.e2e.viewing import append, expect_state, settle, show, tail, until
from tests.stack import Stack, Web, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.redis, pytest.mark.whole]
__all__ = ["context", "kept_tab", "page"]

#: No request, which would be drawn in several parts.
TEXT = "sees things/"
#: Of other people.
NUMBERS = itertools.count()
TRACEBACK = (
    'Traceback (most recent call last):\n  File "shop/views.py", line 5, in pay\nValueError: no card\n'
)


def line(number: int, level: str = "INFO", text: str = TEXT) -> str:
    return viewing.line(number, level, text)


def lines(start: int, end: int, text: str = TEXT) -> str:
    return viewing.lines(start, end, text=text)


@pytest.fixture
def path(stack: Stack) -> Path:
    stack.add_log("worker", lines(0, 40, text="job").encode(), group="Jobs")
    stack.add_log("beat", lines(0, 3, text="tick").encode(), group="Jobs")
    text = lines(0, 300) + line(300, "ERROR", "failed") + TRACEBACK + lines(301, 400)
    return stack.add_log("shop", text.encode(), group="Web")


@pytest.fixture
def viewer(signed_in: BrowserContext, page: Page, web: Web, stack: Stack, path: Path) -> Page:
    """A tab that shows "shop", live: 403 lines."""
    signed_in.grant_permissions(["clipboard-read", "clipboard-write"])
    show(page, web, stack, "shop")
    until(page, "tail.lines === 403")
    return page


@pytest.fixture
def another(browser: Browser, web: Web, stack: Stack) -> Callable[..., Page]:
    """The page in another person's browser."""
    made: list[BrowserContext] = []

    def opens(address: str, **options: Any) -> Page:
        context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
        made.append(context)
        session = stack.make_user(f"other{next(NUMBERS)}", **options)
        context.add_cookies([{"name": "sessionid", "value": session, "url": web.url}])
        page = context.new_page()
        page.goto(address)
        return page

    yield opens
    for profile in made:
        profile.close()


def fragment(page: Page) -> str:
    return urlsplit(page.evaluate("() => location.href")).fragment


def has_fragment(page: Page, expected: str) -> None:
    wait_until(
        lambda: fragment(page) == expected, what=f"{expected!r} behind the #, instead of {fragment(page)!r}"
    )


def shown(page: Page) -> dict[str, Any]:
    """What a person arranged, as the page has it."""
    settle(page)
    return page.evaluate(
        """() => [...document.querySelectorAll('log-tail')].map((tail) => ({
          log: tail.info?.slug ?? null, q: tail.parts.query.value,
          chips: [...tail.parts.pins.querySelectorAll('.lt-pin')].map((pin) => pin.textContent),
          flags: Object.entries(tail.finding.flags).filter(([, on]) => on).map(([flag]) => flag).join(),
          off: [...tail.parts.bar.querySelectorAll('.lt-level[aria-pressed=false]')]
            .map((one) => one.dataset.lv).join(''),
          time: tail.parts.view.dataset.time, wrap: tail.parts.view.dataset.wrap, rows: tail.rows.shown.length,
          active: tail.classList.contains('lt-active'),
        }))"""
    )


def copied(page: Page) -> str:
    return str(page.evaluate("() => navigator.clipboard.readText()"))


def arrange(page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.type("things/ 3")
    page.get_by_role("button", name="Only matching lines").click()
    page.get_by_role("button", name="Error").click()
    page.get_by_role("button", name="Time only").click()  # As written


# --- the address -------------------------------------------------------------------------------------


def test_a_log_that_nobody_arranged_has_a_bare_address(viewer: Page, web: Web) -> None:
    settle(viewer)

    assert viewer.url == f"{web.url}/logs/shop/"


def test_what_is_arranged_is_there_after_a_reload(viewer: Page) -> None:
    arrange(viewer)
    has_fragment(viewer, "flags=only&q=things/+3&off=E&time=raw")
    before = shown(viewer)

    viewer.reload()
    until(viewer, "tail.lines === 403")

    assert shown(viewer) == before
    assert before[0]["rows"] == 111  # a day, things/ 3, 30 to 39, and 301 to 399
    assert fragment(viewer) == "flags=only&q=things/+3&off=E&time=raw"


def test_nothing_of_it_is_in_the_query_string(viewer: Page) -> None:
    arrange(viewer)
    has_fragment(viewer, "flags=only&q=things/+3&off=E&time=raw")

    assert urlsplit(viewer.url).query == ""


def test_a_pasted_link_shows_the_same_whatever_that_browser_remembers(
    viewer: Page, another: Callable[..., Page], web: Web
) -> None:
    arrange(viewer)
    has_fragment(viewer, "flags=only&q=things/+3&off=E&time=raw")
    before = shown(viewer)
    other = another(f"{web.url}/logs/shop/")
    other.evaluate(
        """() => localStorage.setItem('logtail:log:shop',
          JSON.stringify({ wrap: true, time: 'relative', off: ['I', 'W'] }))"""
    )

    other.goto("about:blank")
    other.goto(viewer.url)
    until(other, "tail.lines === 403")

    assert shown(other) == before
    other.goto("about:blank")
    other.goto(f"{web.url}/logs/shop/")
    until(other, "tail.lines === 403")
    own = shown(other)[0]
    assert (own["off"], own["time"], own["wrap"]) == ("WI", "relative", "true")
    # From here on it is in the address, for the next person.
    has_fragment(other, "off=WI&time=relative&wrap=1")


def test_a_plain_view_says_so_where_this_browser_remembers_another(viewer: Page, web: Web) -> None:
    viewer.evaluate("() => localStorage.setItem('logtail:log:shop', JSON.stringify({time: 'relative'}))")
    viewer.goto("about:blank")
    viewer.goto(f"{web.url}/logs/shop/#view=1")
    until(viewer, "tail.lines === 403")

    assert shown(viewer)[0]["time"] == "compact"
    assert fragment(viewer) == "view=1"


def test_back_and_forward_show_the_log_before_as_it_was_left(viewer: Page, web: Web) -> None:
    arrange(viewer)
    has_fragment(viewer, "flags=only&q=things/+3&off=E&time=raw")
    before = shown(viewer)
    viewer.get_by_role("link", name="worker").click()
    expect(viewer.locator(".lt-name")).to_have_text("worker")
    after = viewer.url

    viewer.go_back()
    expect(viewer.locator(".lt-name")).to_have_text("shop")
    until(viewer, "tail.lines === 403")
    assert shown(viewer) == before
    viewer.go_forward()

    expect(viewer.locator(".lt-name")).to_have_text("worker")
    until(viewer, "tail.lines === 40")
    assert viewer.url == after
    assert shown(viewer)[0]["q"] == ""


def test_typing_makes_no_entries_of_the_history(viewer: Page) -> None:
    before = viewer.evaluate("() => history.length")

    viewer.keyboard.press("/")
    viewer.keyboard.type("a long word that is typed letter by letter")
    has_fragment(viewer, "q=a+long+word+that+is+typed+letter+by+letter")

    assert viewer.evaluate("() => history.length") == before


def test_panes_are_there_after_a_reload_with_their_order_and_widths(viewer: Page) -> None:
    viewer.get_by_role("link", name="worker").click(modifiers=["Alt"])
    expect_state(viewer, "live", pane=1)
    divider = viewer.get_by_role("separator", name="Pane width")
    box = divider.bounding_box()
    assert box is not None
    viewer.mouse.move(box["x"] + 0.5, 450)
    viewer.mouse.down()
    viewer.mouse.move(box["x"] + 200, 450, steps=4)
    viewer.mouse.up()
    viewer.locator("log-tail").nth(1).locator(".lt-q").fill("job 1")
    wait_until(lambda: "q=job+1" in fragment(viewer), what="the second pane's filter in the address")
    widths = "() => [...document.querySelectorAll('log-tail')].map((one) => one.offsetWidth)"
    before, wide = shown(viewer), viewer.evaluate(widths)

    viewer.reload()
    expect_state(viewer, "live", pane=1)
    until(viewer, "tail.lines === 403")

    assert [one["log"] for one in before] == ["shop", "worker"]
    assert shown(viewer) == before
    again = viewer.evaluate(widths)
    assert wide[0] - wide[1] > 300
    assert max(abs(one - other) for one, other in zip(wide, again, strict=True)) < 16


def test_the_divider_is_moved_by_keys_and_evened(viewer: Page) -> None:
    viewer.get_by_role("link", name="worker").click(modifiers=["Alt"])
    expect_state(viewer, "live", pane=1)
    divider = viewer.get_by_role("separator", name="Pane width")
    expect(divider).to_have_attribute("aria-valuenow", "50")

    divider.focus()
    for _ in range(3):
        viewer.keyboard.press("Shift+ArrowLeft")
    assert 0 < int(divider.get_attribute("aria-valuenow") or 0) < 30
    wait_until(lambda: "w=" in fragment(viewer), what="the widths in the address")
    viewer.keyboard.press("Enter")

    expect(divider).to_have_attribute("aria-valuenow", "50")
    has_fragment(viewer, ";log=worker&on=1")


def test_a_closed_pane_leaves_the_address_and_back_brings_it_again(viewer: Page, web: Web) -> None:
    viewer.get_by_role("link", name="worker").click(modifiers=["Alt"])
    expect_state(viewer, "live", pane=1)
    has_fragment(viewer, ";log=worker&on=1")

    viewer.locator("log-tail").nth(0).get_by_role("button", name="Close").click()
    expect(viewer).to_have_url(f"{web.url}/logs/worker/")
    viewer.reload()
    expect(viewer.locator("log-tail")).to_have_count(1)
    expect(viewer.locator(".lt-name")).to_have_text("worker")
    viewer.go_back()

    expect(viewer.locator("log-tail")).to_have_count(2)
    assert [one["log"] for one in shown(viewer)] == ["shop", "worker"]


def test_what_an_address_leaves_out_is_said(viewer: Page) -> None:
    notice = viewer.locator(".lt-notice")
    said = (
        "Not everything here fits in the address, so links, reloads and saved views leave some of it out. "
        "Remove terms or columns, or close a pane."
    )
    expect(notice).to_be_hidden()

    tail(
        viewer,
        "tail.finding.restore({ ...tail.view, terms: [...'abcdefghijklmn'].map((c) => c.repeat(290)) })",
    )
    expect(notice).to_have_text(said)
    viewer.get_by_role("button", name="Save view").first.click()
    expect(viewer.get_by_role("alert").filter(has_text=said).last).to_be_visible()
    viewer.keyboard.press("Escape")

    tail(viewer, "tail.finding.clear()")
    expect(notice).to_be_hidden()


def test_where_one_reads_is_in_the_address(viewer: Page) -> None:
    tail(
        viewer,
        "tail.rows.reveal(tail.rows.shown.items.findIndex((item) => item.text?.endsWith(' 120')), 'start')",
    )
    place = f"&at={len(lines(0, 120))}&"
    wait_until(lambda: place in fragment(viewer), what="the place in the address")
    top = """() => {
      const view = document.querySelector('.lt-view').getBoundingClientRect();
      return document.elementFromPoint(view.left + 200, view.top + 10)?.closest('.lt-row')?.textContent;
    }"""
    settle(viewer)
    before = viewer.evaluate(top)

    viewer.reload()
    until(viewer, "tail.lines >= 403")
    until(viewer, "!tail.rows.follow")
    settle(viewer)

    assert viewer.evaluate(top) == before
    assert "things/ 120" in before
    expect(viewer.locator(".lt-target")).to_have_count(0)
    viewer.locator(".lt-view").focus()
    viewer.keyboard.press("End")
    has_fragment(viewer, "")


def test_widths_that_an_address_leaves_out_are_even_shares(viewer: Page, web: Web) -> None:
    viewer.goto("about:blank")
    viewer.goto(f"{web.url}/logs/shop/#view=1;log=worker&w=50;log=beat")
    expect_state(viewer, "live", pane=2)

    widths = viewer.evaluate("() => [...document.querySelectorAll('log-tail')].map((one) => one.offsetWidth)")

    assert 1.3 < widths[1] / widths[0] < 1.7
    assert abs(widths[0] - widths[2]) <= 1


@pytest.mark.parametrize(
    "hostile",
    [
        "#q=%E0%A4%A&t=%&file=%zz&at=1",
        "#" + "q=x&" * 20_000,
        "#;;;;;;;;log=;log=;log",
        "#;log=no-such-log&q=1;log=../admin;log=<img src=x>",
        "#file=%00&at=999999999999999&sum=999.zzzzzzzz&w=0&col=1.__proto__&t=__proto__",
        "#format=(a%2B)%2B%24&time=constructor&off=__proto__&flags=constructor",
    ],
)
def test_no_address_breaks_the_page(viewer: Page, web: Web, hostile: str) -> None:
    viewer.goto("about:blank")
    viewer.goto(f"{web.url}/logs/shop/{hostile}")

    until(viewer, "tail.lines === 403")
    expect(viewer.locator("log-tail")).to_have_count(1)
    assert len(viewer.url) < 5_000


def test_a_log_that_one_may_not_see_and_one_that_is_not_there_are_left_out_alike(
    viewer: Page, web: Web, stack: Stack
) -> None:
    stack.add_log("secret", b"a secret line\n", access="staff")
    for slug in ("secret", "absent"):
        viewer.goto("about:blank")
        viewer.goto(f"{web.url}/logs/shop/#q=3;log={slug}&q=x")
        until(viewer, "tail.lines === 403")
        assert [one["log"] for one in shown(viewer)] == ["shop"]
        has_fragment(viewer, "q=3")
        assert slug not in viewer.locator("body").inner_text()


def test_an_expression_of_a_link_runs_once_it_is_asked_to(viewer: Page, web: Web) -> None:
    viewer.goto("about:blank")
    viewer.goto(f"{web.url}/logs/shop/#flags=regex,only&q=things/+1%5B01%5D$")
    until(viewer, "tail.lines === 403")
    settle(viewer)
    assert tail(viewer, "tail.finding.matcher") is None
    assert tail(viewer, "tail.rows.shown.length") >= 403
    has_fragment(viewer, "flags=regex,only&q=things/+1%5B01%5D%24")

    viewer.get_by_role("button", name="Run it").click()
    until(viewer, "tail.filtered.lines === 2")
    has_fragment(viewer, "flags=regex,only&q=things/+1%5B01%5D%24")
    # The address stays the same; the entry of the history says that it was run.
    wait_until(lambda: viewer.evaluate("() => history.state?.ran === true"), what="an entry that was run")

    # A person is asked once.
    viewer.reload()
    until(viewer, "tail.filtered.lines === 2")
    expect(viewer.get_by_role("button", name="Run it")).to_have_count(0)


# --- saved views --------------------------------------------------------------------------------------


def test_a_view_is_saved_opened_renamed_and_deleted(viewer: Page, web: Web) -> None:
    arrange(viewer)
    has_fragment(viewer, "flags=only&q=things/+3&off=E&time=raw")
    before = shown(viewer)
    viewer.get_by_role("button", name="View options").click()
    viewer.get_by_role("button", name="Save view…").click()
    dialog = viewer.get_by_role("dialog", name="Save this view")
    expect(dialog).to_contain_text("things/ 3")
    expect(dialog.locator(".lt-choice", has_text="Opens at")).to_have_text("Opens atThe live end")
    expect(dialog.get_by_role("button", name="Everyone")).to_have_count(0)
    viewer.keyboard.type("Threes")
    viewer.keyboard.press("Enter")
    saved = viewer.locator(".lt-view-row", has_text="Threes")
    expect(saved).to_be_visible()
    expect(saved.locator(".lt-log")).to_have_attribute("aria-current", "page")
    expect(dialog).to_have_count(0)

    viewer.get_by_role("link", name="worker").click()
    expect(viewer.locator(".lt-name")).to_have_text("worker")
    saved.locator(".lt-log").click()
    expect(viewer.locator(".lt-name")).to_have_text("shop")
    until(viewer, "tail.lines === 403")
    assert shown(viewer) == before
    viewer.go_back()
    expect(viewer.locator(".lt-name")).to_have_text("worker")

    saved.hover()
    viewer.get_by_role("button", name="Change the view “Threes”").click()
    viewer.keyboard.type("3")
    viewer.keyboard.press("Enter")
    expect(viewer.locator(".lt-view-row .lt-log-name")).to_have_text("3")
    viewer.locator(".lt-view-row").hover()
    viewer.get_by_role("button", name="Change the view “3”").click()
    viewer.get_by_role("button", name="Delete view").click()
    expect(viewer.locator(".lt-view-row")).to_have_count(0)


def test_a_name_that_is_taken_is_said_and_can_be_replaced(viewer: Page, complaints: list[str]) -> None:
    for query in ("first", "second"):
        viewer.locator(".lt-q").fill(query)
        has_fragment(viewer, f"q={query}")
        viewer.get_by_role("button", name="View options").click()
        viewer.get_by_role("button", name="Save view…").click()
        viewer.keyboard.type("Mine")
        viewer.keyboard.press("Enter")
        if query == "first":
            expect(viewer.get_by_role("dialog")).to_have_count(0)
    expect(viewer.get_by_role("alert").filter(has_text="already have a view called “Mine”")).to_be_visible()
    viewer.get_by_role("button", name="Replace").click()

    expect(viewer.get_by_role("dialog")).to_have_count(0)
    link = viewer.locator(".lt-view-row .lt-log")
    expect(link).to_have_count(1)
    expect(link).to_have_attribute("href", "/logs/shop/#q=second")
    # The browser's own word for the answer.
    assert ["409" in said for said in complaints] == [True]
    complaints.clear()


def test_a_shared_view_is_listed_with_whom_it_is_for(
    viewer: Page, another: Callable[..., Page], web: Web
) -> None:
    other = another(f"{web.url}/logs/shop/#q=shared", rights=("share_view",))
    until(other, "tail.lines === 403")
    other.get_by_role("button", name="View options").click()
    other.get_by_role("button", name="Save view…").click()
    other.keyboard.type("For all")
    other.get_by_role("button", name="Everyone").click()
    other.get_by_role("button", name="Save view", exact=True).click()
    expect(other.locator(".lt-view-row")).to_contain_text("everyone")

    viewer.reload()

    row = viewer.locator(".lt-view-row", has_text="For all")
    expect(row).to_contain_text("everyone")
    expect(row.locator("button")).to_have_count(0)
    row.locator(".lt-log").click()
    has_fragment(viewer, "q=shared")
    assert shown(viewer)[0]["q"] == "shared"


# --- what is selected -----------------------------------------------------------------------------------


def drag(page: Page, text: str, upwards: bool = False) -> None:
    """Select, with the mouse, a text that is on screen within a line."""
    box = page.evaluate(
        """(text) => {
          for (const row of document.querySelectorAll('.lt-row')) {
            const walker = document.createTreeWalker(row, NodeFilter.SHOW_TEXT);
            for (let node = walker.nextNode(); node; node = walker.nextNode()) {
              const at = node.data.indexOf(text);
              if (at < 0) continue;
              const range = document.createRange();
              range.setStart(node, at);
              range.setEnd(node, at + text.length);
              const { left, right, top, bottom } = range.getBoundingClientRect();
              return { left, right, middle: (top + bottom) / 2, bottom };
            }
          }
          return null;
        }""",
        text,
    )
    assert box is not None, f"{text} is not on screen"
    ends = (box["right"] - 0.5, box["left"] + 0.5) if upwards else (box["left"] + 0.5, box["right"] - 0.5)
    page.mouse.move(ends[0], box["middle"])
    page.mouse.down()
    page.mouse.move(ends[1], box["middle"], steps=4)
    page.mouse.up()


def test_text_chosen_with_the_mouse_gets_a_bar_below_it(viewer: Page) -> None:
    drag(viewer, "things/ 395")

    bar = viewer.get_by_role("toolbar", name="Selected text")
    expect(bar).to_be_visible()
    expect(bar).to_contain_text("11 characters")
    where = viewer.evaluate(
        """() => {
          const bar = document.querySelector('.lt-selbar').getBoundingClientRect();
          const end = getSelection().getRangeAt(0).getBoundingClientRect();
          const pane = document.querySelector('.lt-body').getBoundingClientRect();
          const isInside = bar.left >= pane.left && bar.right <= pane.right && bar.bottom <= pane.bottom;
          return [bar.top - end.bottom, end.top - bar.bottom, isInside];
        }"""
    )
    assert where[2] is True
    assert min(abs(where[0] - 6), abs(where[1] - 6)) <= 1
    assert tail(viewer, "tail.rows.follow") is False


def test_chosen_text_is_filtered_for_and_hidden(viewer: Page) -> None:
    drag(viewer, "things/ 395")
    viewer.get_by_role("button", name="Filter for this").click()
    until(viewer, "tail.filtered.lines === 1")
    expect(viewer.get_by_role("toolbar", name="Selected text")).to_be_hidden()
    wait_until(lambda: fragment(viewer).endswith("&flags=only&t=things/+395"), what="the chip in the address")

    drag(viewer, "things/ 395")
    viewer.get_by_role("button", name="Hide lines like this").click()
    until(viewer, "tail.filtered.lines === 402")


def test_chosen_text_is_copied_as_it_is_in_the_file(viewer: Page) -> None:
    drag(viewer, "things/ 395")
    viewer.get_by_role("toolbar").get_by_role("button", name="Copy", exact=True).click()
    expect(viewer.locator(".lt-say")).to_have_text("Copied")

    assert copied(viewer) == "things/ 395"


def test_a_bar_at_the_bottom_for_what_the_keyboard_chose(viewer: Page) -> None:
    viewer.locator(".lt-view").focus()
    viewer.keyboard.press("k")
    viewer.keyboard.press("Shift+K")

    bar = viewer.get_by_role("toolbar", name="Selected text")
    expect(bar).to_have_attribute("data-at", "bottom")
    expect(bar).to_contain_text("2 lines selected")
    expect(bar.get_by_role("button", name="Filter for this")).to_be_hidden()
    viewer.keyboard.press("Escape")
    expect(bar).to_be_hidden()


def test_folded_lines_are_copied_with_their_head(viewer: Page) -> None:
    whole = lines(0, 300) + line(300, "ERROR", "failed") + TRACEBACK + lines(301, 400)
    tail(viewer, "tail.tools.toggleFold(tail.store.items.find((item) => item.text?.includes('failed')))")
    until(viewer, "tail.rows.shown.items.length - tail.rows.shown.first < 403")
    viewer.locator(".lt-view").focus()

    viewer.keyboard.press("Control+a")
    expect(viewer.get_by_role("toolbar")).to_contain_text("403 lines selected")
    viewer.keyboard.press("c")
    expect(viewer.locator(".lt-say")).to_have_text("Copied")

    assert copied(viewer) == whole.rstrip("\n")


def test_entries_are_copied_whole_as_markdown(viewer: Page, web: Web) -> None:
    viewer.locator(".lt-view").focus()
    viewer.keyboard.press("Shift+E")
    viewer.keyboard.press("Shift+M")
    expect(viewer.locator(".lt-say")).to_have_text("Copied as Markdown")

    heading, link, *text = copied(viewer).split("\n\n")
    assert heading == "### shop · 127.0.0.1 · 2026-08-24 00:00:00,300"
    assert link.startswith(f"<{web.url}/logs/shop/#file=")
    assert "\n\n".join(text) == f"```text\n{line(300, 'ERROR', 'failed')}{TRACEBACK}```\n"
    viewer.goto(link[1:-1])
    expect(viewer.locator(".lt-target").first).to_contain_text("failed 300")


# --- the tab ------------------------------------------------------------------------------------------------


def icon(page: Page) -> str:
    return str(page.locator("link[rel=icon]").get_attribute("href")).rpartition("/")[2]


def test_the_tab_says_paused_and_stopped_and_takes_it_back(viewer: Page) -> None:
    name = tail(viewer, "tail.info.name")
    expect(viewer).to_have_title(f"{name} · Logs")
    assert icon(viewer) == "icon.svg"

    viewer.keyboard.press("p")
    expect(viewer).to_have_title(f"Paused · {name} · Logs")
    assert icon(viewer) == "icon-paused.svg"
    viewer.keyboard.press("p")
    expect(viewer).to_have_title(f"{name} · Logs")
    assert icon(viewer) == "icon.svg"
    viewer.get_by_role("button", name="Stop watching").click()
    expect(viewer).to_have_title(f"Stopped · {name} · Logs")
    assert icon(viewer) == "icon-stopped.svg"


def test_the_tab_says_offline(viewer: Page) -> None:
    name = tail(viewer, "tail.info.name")

    viewer.context.set_offline(True)
    expect(viewer).to_have_title(f"Offline · {name} · Logs")
    assert icon(viewer) == "icon-offline.svg"
    viewer.context.set_offline(False)

    expect(viewer).to_have_title(f"{name} · Logs")


def test_a_hidden_tab_counts_new_errors_until_it_is_looked_at(viewer: Page, path: Path) -> None:
    name = tail(viewer, "tail.info.name")
    hide = """(hidden) => {
      Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
      document.dispatchEvent(new Event('visibilitychange'));
    }"""
    append(path, line(400, "ERROR", "seen"))
    until(viewer, "tail.lines === 404")
    expect(viewer).to_have_title(f"{name} · Logs")
    viewer.evaluate(hide, True)

    append(
        path,
        line(401, "ERROR", "one") + TRACEBACK + line(402) + line(403, "ERROR", "two") + line(404, "WARNING"),
    )

    expect(viewer).to_have_title(f"(2) {name} · Logs")
    assert icon(viewer) == "icon-errors.svg"
    viewer.evaluate(hide, False)
    expect(viewer).to_have_title(f"{name} · Logs")
    assert icon(viewer) == "icon.svg"


def test_the_list_counts_errors_that_came_while_the_person_looked_elsewhere(viewer: Page, path: Path) -> None:
    badge = viewer.locator('.lt-log[data-slug="shop"] > .lt-badge')
    expect(badge).to_be_hidden()
    viewer.keyboard.press("p")
    append(path, line(401, "ERROR", "one") + TRACEBACK + line(402) + line(403, "ERROR", "two"))
    expect(badge).to_have_text("2")
    assert badge.evaluate("one => getComputedStyle(one).color") == "rgb(179, 38, 30)"
    expect(badge).to_have_attribute("title", "2 errors since you last looked")
    viewer.keyboard.press("p")
    expect(badge).to_be_hidden()

    viewer.keyboard.press("Home")
    until(viewer, "!tail.rows.follow")
    append(path, line(404, "ERROR", "three") + line(405, "WARNING"))
    expect(badge).to_have_text("1")
    viewer.locator(".lt-pill").click()
    expect(badge).to_be_hidden()


def test_frames_that_are_folded_are_copied_from_the_row_that_stands_for_them(
    signed_in: BrowserContext, page: Page, web: Web, stack: Stack
) -> None:
    frames = "".join(
        f'  File "/usr/lib/python3/site-packages/django/core/{name}.py", line {n}, in run\n    call({n})\n'
        for n, name in enumerate(("base", "handlers", "middleware"), 1)
    )
    error = (
        line(0, "ERROR", "failed") + "Traceback (most recent call last):\n" + frames + "ValueError: no card\n"
    )
    stack.add_log("frames", error.encode())
    signed_in.grant_permissions(["clipboard-read", "clipboard-write"])
    show(page, web, stack, "frames")
    expect(page.locator(".lt-foldrow")).to_have_count(1)

    # From within "failed" to the row of folded frames.
    page.evaluate(
        """() => {
          const text = document.querySelector('.lt-row .lt-msg').firstChild;
          getSelection().setBaseAndExtent(text, text.data.indexOf('failed'), document.querySelector('.lt-foldrow'), 2);
        }"""
    )
    page.get_by_role("toolbar").get_by_role("button", name="Copy", exact=True).click()
    expect(page.locator(".lt-say")).to_have_text("Copied")

    assert copied(page) == "failed 0\nTraceback (most recent call last):\n" + frames.rstrip("\n")


# --- lines with fields -----------------------------------------------------------------------------


@pytest.fixture
def requests(stack: Stack) -> None:
    rows = [
        {"time": f"2026-08-24T10:00:{n:02d}Z", "level": "info", "request_id": f"r{n}", "message": f"paid {n}"}
        for n in range(20)
    ]
    stack.add_log("api", "".join(json.dumps(row) + "\n" for row in rows).encode())


def test_columns_and_raw_lines_are_in_the_address(
    signed_in: BrowserContext, page: Page, web: Web, stack: Stack, requests: None
) -> None:
    page.goto(f"{web.url}/logs/api/#col=12.request_id")
    until(page, "tail.lines === 20")
    expect(page.locator(".lt-row .lt-col").first).to_have_text("r0")
    assert fragment(page) == "col=12.request_id"

    page.locator(".lt-view").focus()
    page.keyboard.press("v")
    has_fragment(page, "raw=1&col=12.request_id")
    page.reload()
    until(page, "tail.lines === 20")

    expect(page.locator(".lt-row .lt-col")).to_have_count(0)
    expect(page.locator(".lt-row").last).to_contain_text('"request_id": "r19"')
    assert fragment(page) == "raw=1&col=12.request_id"
    # A link is no choice of one's own: the bare address is as it was.
    page.evaluate("() => localStorage.clear()")
    page.goto("about:blank")
    page.goto(f"{web.url}/logs/api/")
    until(page, "tail.lines === 20")
    assert fragment(page) == ""


def test_a_line_of_fields_is_copied_as_it_is_in_the_file(
    signed_in: BrowserContext, page: Page, web: Web, stack: Stack, requests: None
) -> None:
    signed_in.grant_permissions(["clipboard-read", "clipboard-write"])
    show(page, web, stack, "api")
    until(page, "tail.lines === 20")
    page.locator(".lt-view").focus()
    page.keyboard.press("k")
    page.keyboard.press("Shift+M")
    expect(page.locator(".lt-say")).to_have_text("Copied as Markdown")

    fenced = copied(page).split("\n\n")[2]

    assert fenced == (
        '```text\n{"time": "2026-08-24T10:00:19Z", "level": "info", "request_id": "r19", "message": "paid 19"}\n```\n'
    )
