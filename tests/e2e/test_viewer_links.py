"""Links to lines, and the previous file: parts of a log that didn't come with the stream."""

import gzip
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
    settle,
    show,
    tail,
    text_of,
    until,
)
from tests.stack import Running, Stack, Web, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.redis, pytest.mark.whole]
__all__ = ["context", "kept_tab", "page"]

LOST = "The linked lines no longer exist"


@pytest.fixture
def path(stack: Stack) -> Path:
    """A log of 20,000 lines."""
    return stack.add_log("shop", lines(0, 20_000).encode())


def copied(page: Page) -> str:
    return str(page.evaluate("() => navigator.clipboard.readText()"))


def link_to(page: Page, number: int) -> str:
    """The link that the page gives for a line it has, number by number."""
    link = tail(page, f"tail.linkTo([tail.store.items.find((item) => item?.text.endsWith(' {number}'))])")
    return str(link)


def open_again(page: Page, address: str) -> None:
    """Opens an address as somebody else would: not from the page that shows it already."""
    page.goto("about:blank")
    page.goto(address)


def targets(page: Page) -> list[str]:
    settle(page)
    return [text.strip() for text in page.locator(".lt-target .lt-msg").all_text_contents()]


def test_a_line_s_link_is_copied_and_leads_back_to_the_line(viewer: Page, path: Path) -> None:
    viewer.locator(".lt-row", has_text="things/ 19990").hover()
    viewer.get_by_role("button", name="Copy link to this line").click()
    expect(viewer.locator(".lt-say")).to_have_text("Link copied")
    address = copied(viewer)
    append(path, lines(20_000, 23_000))

    open_again(viewer, address)

    expect_state(viewer, "history")
    expect(viewer.locator(".lt-target")).to_be_in_viewport()
    assert targets(viewer) == ["GET /things/ 19990"]
    expect(viewer.locator(".lt-tail")).to_contain_text("You are looking at an earlier part of the file.")
    expect(viewer).to_have_url(address)


def test_what_lies_between_linked_lines_and_the_end_is_a_gap_and_loads(viewer: Page, path: Path) -> None:
    address = link_to(viewer, 19_600)
    append(path, lines(20_000, 40_000))
    open_again(viewer, address)
    expect_state(viewer, "history")

    tail(viewer, "tail.rows.reveal(tail.rows.shown.items.findIndex((item) => item.kind === 'gap'), 'center')")
    viewer.locator(".lt-mark[data-kind=gap]").get_by_role("button", name="Load").click()
    until(viewer, "!tail.store.items.some((item) => item.kind === 'gap')")

    assert text_of(viewer) == lines(19_400, 40_000)
    tail(viewer, "tail.finding.reveal(tail.store.items.find((item) => item.text.endsWith(' 19600')))")
    assert targets(viewer) == ["GET /things/ 19600"]


def test_back_to_live_misses_nothing_and_lets_go_of_the_link(viewer: Page, path: Path, web: Web) -> None:
    address = link_to(viewer, 19_600)
    append(path, lines(20_000, 23_000))
    open_again(viewer, address)
    expect_state(viewer, "history")
    append(path, lines(23_000, 23_010))

    viewer.get_by_role("button", name="Back to live").last.click()

    expect_state(viewer, "live")
    until(viewer, "tail.store.last.text.endsWith(' 23009')")
    expect(viewer.locator(".lt-row").last).to_contain_text("23009")
    expect(viewer.locator(".lt-target")).to_have_count(0)
    expect(viewer).to_have_url(f"{web.url}/logs/shop/")
    assert text_of(viewer).endswith(lines(22_500, 23_010))


def test_a_link_into_the_last_lines_stays_live(viewer: Page, path: Path) -> None:
    address = link_to(viewer, 19_900)
    append(path, lines(20_000, 20_100))

    open_again(viewer, address)

    expect(viewer.locator(".lt-target")).to_be_in_viewport()
    expect_state(viewer, "live")
    append(path, lines(20_100, 20_103))
    expect(viewer.locator(".lt-pill")).to_contain_text("3 new lines")
    assert text_of(viewer) == lines(19_600, 20_103)


def test_a_selection_s_link_marks_the_same_lines(viewer: Page, path: Path) -> None:
    viewer.locator(".lt-row", has_text="things/ 19985").locator(".lt-gut").click()
    viewer.locator(".lt-row", has_text="things/ 19988").locator(".lt-gut").click(modifiers=["Shift"])
    viewer.get_by_role("button", name="Copy link", exact=True).click()
    expect(viewer.locator(".lt-say")).to_have_text("Link copied")
    address = copied(viewer)
    append(path, lines(20_000, 23_000))

    open_again(viewer, address)

    expect(viewer.locator(".lt-target")).to_have_count(4)
    assert targets(viewer) == [f"GET /things/ {number}" for number in range(19_985, 19_989)]


def test_y_copies_the_link_of_the_line_the_keyboard_is_at(viewer: Page) -> None:
    viewer.keyboard.press("k")
    viewer.keyboard.press("y")

    expect(viewer.locator(".lt-say")).to_have_text("Link copied")
    assert copied(viewer) == link_to(viewer, 19_999)


def test_a_link_is_copied_where_the_browser_gives_no_clipboard_to_scripts(viewer: Page) -> None:
    viewer.evaluate(
        """() => {
          globalThis.clipboard = navigator.clipboard;
          Object.defineProperty(navigator, 'clipboard', { value: undefined });
        }"""
    )
    viewer.locator(".lt-row", has_text="things/ 19990").hover()
    viewer.get_by_role("button", name="Copy link to this line").click()

    expect(viewer.locator(".lt-say")).to_have_text("Link copied")
    assert viewer.evaluate("() => clipboard.readText()") == link_to(viewer, 19_990)
    expect(viewer.get_by_role("button", name="Copy link to this line")).to_be_focused()


def test_a_link_followed_on_the_page_that_shows_the_log_moves_there(viewer: Page, path: Path) -> None:
    address = link_to(viewer, 19_700)
    viewer.goto(address)

    expect(viewer.locator(".lt-target")).to_be_in_viewport()
    assert targets(viewer) == ["GET /things/ 19700"]


def test_a_link_followed_after_stop_reads_again_only_for_what_is_not_here(viewer: Page, path: Path) -> None:
    here = link_to(viewer, 19_700)
    viewer.get_by_role("button", name="Load earlier lines").dispatch_event("click")
    until(viewer, "tail.lines === 1500")
    away = link_to(viewer, 18_600)
    viewer.reload()
    expect_state(viewer, "live")
    until(viewer, "tail.lines === 500")
    viewer.get_by_role("button", name="Stop watching").click()
    expect_state(viewer, "stopped")

    viewer.goto(here)
    expect(viewer.locator(".lt-target")).to_be_in_viewport()
    state = viewer.locator("log-tail").get_attribute("data-state")
    viewer.goto(away)

    expect_state(viewer, "history")
    assert state == "stopped"
    assert targets(viewer) == ["GET /things/ 18600"]


def test_a_linked_line_is_shown_though_its_level_is_hidden(viewer: Page, path: Path) -> None:
    address = link_to(viewer, 19_700)
    viewer.locator(".lt-level[data-lv=I]").click()

    open_again(viewer, address)

    expect(viewer.locator(".lt-target")).to_be_in_viewport()


@pytest.mark.parametrize("rotations", [1, 2])
def test_a_link_into_a_rotated_file_shows_it_and_says_where_it_ends(
    viewer: Page, path: Path, rotations: int
) -> None:
    address = link_to(viewer, 19_600)
    viewer.goto("about:blank")
    path.rename(path.with_name(f"shop.log.{rotations}"))
    if rotations == 2:
        path.with_name("shop.log.1").write_text(lines(20_000, 20_010))
    path.write_text(lines(30_000, 30_005))

    open_again(viewer, address)

    expect_state(viewer, "history")
    expect(viewer.locator(".lt-target")).to_be_in_viewport()
    assert targets(viewer) == ["GET /things/ 19600"]
    # The end of the file before is loaded, too, since the new file is short: that may come first or last.
    assert [kind for kind in marks_of(viewer) if kind != "day"] in (
        [["between"], ["next"]] if rotations == 1 else [["between"]]
    )
    assert text_of(viewer) == lines(19_400, 20_000) + lines(30_000, 30_005)


def test_a_link_made_while_the_file_was_short_leads_into_the_same_file_later(
    signed_in: BrowserContext, page: Page, web: Web, stack: Stack, worker: Running
) -> None:
    path = stack.add_log("shop", b"first\nsecond\n")
    show(page, web, stack, "shop")
    until(page, "tail.lines === 2")
    address = str(tail(page, "tail.linkTo([tail.store.items.find((item) => item.text === 'second')])"))
    page.goto("about:blank")
    wait_until(lambda: path not in worker.open_paths(), what="the end of reading")
    append(path, lines(0, 10_000))

    open_again(page, address)

    expect_state(page, "history")
    assert targets(page) == ["second"]
    assert [kind for kind in marks_of(page) if kind != "day"] == ["gap"]


def rewrite(path: Path) -> None:
    """Another text in the same file, as large as the old one."""
    path.write_text(lines(50_000, 70_000))


def change_in_place(path: Path) -> None:
    """The same head, and another text behind it, whose lines begin where the old ones did."""
    text = path.read_text()
    with path.open("r+") as file:
        file.write(text[:1000] + text[1000:].replace("GET", "PUT"))


def archive(path: Path) -> None:
    with gzip.open(path.with_name("shop.log.1.gz"), "wb") as packed:
        packed.write(path.read_bytes())
    path.unlink()
    path.write_text(lines(50_000, 50_800))


def remove(path: Path) -> None:
    path.unlink()
    path.write_text(lines(50_000, 50_800))


def test_a_link_leads_to_its_line_after_the_file_was_compressed(viewer: Page, path: Path) -> None:
    address = link_to(viewer, 19_600)
    viewer.goto("about:blank")
    archive(path)

    viewer.goto(address)

    expect_state(viewer, "history")
    expect(viewer.locator(".lt-target")).to_be_in_viewport()
    assert targets(viewer) == ["GET /things/ 19600"]


@pytest.mark.parametrize("change", [rewrite, change_in_place, remove])
def test_a_link_never_shows_another_line_than_the_one_that_was_linked(
    viewer: Page, path: Path, change: object
) -> None:
    address = link_to(viewer, 19_600)
    viewer.goto("about:blank")
    assert callable(change)
    change(path)

    viewer.goto(address)

    expect(viewer.get_by_role("alert")).to_contain_text(LOST)
    expect_state(viewer, "live")
    expect(viewer.locator(".lt-target")).to_have_count(0)
    assert tail(viewer, "tail.rows.follow") is True
    viewer.get_by_role("alert").get_by_role("button", name="Close").click()
    expect(viewer.get_by_role("alert")).to_be_hidden()


@pytest.mark.parametrize("place", ["file=nonsense&at=0", "file=1-2-100-0123456789abcdef&at=70", "at=7"])
def test_what_is_no_link_does_no_harm(viewer: Page, place: str) -> None:
    viewer.goto(viewer.url + "#" + place)
    viewer.reload()

    expect_state(viewer, "live")
    until(viewer, "tail.lines === 500")


def test_an_element_shows_the_place_that_its_attribute_names(viewer: Page, path: Path) -> None:
    place = link_to(viewer, 19_600).partition("#")[2]
    append(path, lines(20_000, 23_000))
    tail(viewer, f"tail.setAttribute('place', {place!r})")

    expect(viewer.locator(".lt-target")).to_be_in_viewport()
    assert tail(viewer, "tail.show('no place')") is False


def test_a_full_page_goes_on_upwards_and_leaves_an_exact_gap_below(viewer: Page, path: Path) -> None:
    tail(viewer, "tail.store.mostLines = 5000")
    for turn in range(1, 9):
        tail(viewer, "tail.rows.toTop()")
        settle(viewer)
        first = viewer.locator(".lt-row", has_text=f"things/ {20_500 - 1000 * turn}")
        before = first.bounding_box()
        viewer.get_by_role("button", name="Load earlier lines").dispatch_event("click")
        until(viewer, f"tail.store.at(1).text.endsWith(' {19_500 - 1000 * turn}')")
        settle(viewer)
        assert first.bounding_box() == before

    places = tail(
        viewer,
        "tail.store.items.slice(tail.store.first).filter((item) => item.kind !== 'day')"
        ".map((item) => [item.kind, item.start, item.end])",
    )
    assert [end for _, _, end in places[:-1]] == [start for _, start, _ in places[1:]]
    assert (places[0][1], places[-1][2]) == (len(lines(0, 11_500)), len(lines(0, 20_000)))
    assert [kind for kind, _, _ in places].count("gap") == 1
    assert tail(viewer, "tail.lines") <= 5000
    expect_state(viewer, "history")
    append(path, line(20_000))
    viewer.keyboard.press("End")
    expect_state(viewer, "live")
    expect(viewer.locator(".lt-row").last).to_contain_text("20000")


# --- the file before ---


def test_the_file_before_the_first_one_opens_above_it(
    signed_in: BrowserContext, page: Page, web: Web, stack: Stack
) -> None:
    path = stack.logs / "shop.log"
    path.with_name("shop.log.2").write_text(lines(0, 2000))
    path.with_name("shop.log.1").write_text(lines(2000, 5000))
    stack.add_log("shop", lines(5000, 5010).encode())
    show(page, web, stack, "shop")
    # What the current file lacks comes from the one before it.
    until(page, "tail.lines === 500")
    assert text_of(page) == lines(4510, 5010)
    assert [kind for kind in marks_of(page) if kind != "day"] == ["next"]

    for loaded in (1500, 2500, 3010):
        tail(page, "tail.rows.toTop()")
        page.get_by_role("button", name="Load earlier lines").click()
        until(page, f"tail.lines === {loaded}")
    tail(page, "tail.rows.toTop()")
    page.get_by_role("button", name="Open the previous file").click()
    until(page, "tail.lines === 4010")

    assert text_of(page) == lines(1000, 5010)


def test_the_oldest_file_offers_no_file_before_it(
    signed_in: BrowserContext, page: Page, web: Web, stack: Stack
) -> None:
    path = stack.add_log("shop", lines(0, 10).encode())
    show(page, web, stack, "shop")

    expect(page.locator(".lt-top")).to_have_text("Beginning of the file")
    until(page, "tail.linkedLines.before.get(tail.store.place.file) === null")
    expect(page.get_by_role("button", name="Open the previous file")).to_have_count(0)
    assert path.exists()


def test_an_empty_file_shows_the_end_of_the_file_before_it(
    signed_in: BrowserContext, page: Page, web: Web, stack: Stack
) -> None:
    path = stack.add_log("shop")
    path.with_name("shop.log.1").write_text(lines(0, 10))
    show(page, web, stack, "shop")

    until(page, "tail.lines === 10")
    expect(page.locator(".lt-empty")).to_be_hidden()
    append(path, line(10))
    until(page, "tail.lines === 11")
    assert text_of(page) == lines(0, 11)


@pytest.mark.parametrize(("kept", "mark_below"), [(301, "rotated"), (300, "next")])
def test_lines_before_a_rotation_that_are_not_held_any_more_come_back(
    viewer: Page, path: Path, kept: int, mark_below: str
) -> None:
    path.rename(path.with_name("shop.log.1"))
    path.write_text(lines(20_000, 20_300))
    until(viewer, "tail.lines === 800")
    mark = viewer.locator(".lt-mark[data-kind=rotated]")
    tail(
        viewer,
        "tail.rows.reveal(tail.rows.shown.items.findIndex((item) => item.kind === 'rotated'), 'center')",
    )
    expect(mark).to_be_visible()
    expect(mark.get_by_role("button")).to_have_count(0)
    viewer.keyboard.press("End")
    tail(viewer, f"tail.store.mostLines = {kept}")
    append(path, line(20_300))
    until(viewer, f"tail.lines === {kept}")
    tail(viewer, "tail.store.mostLines = 200000")

    tail(viewer, "tail.rows.toTop()")
    if mark_below == "next":
        viewer.get_by_role("button", name="Load earlier lines").click()
        until(viewer, "tail.lines === 301")
        tail(viewer, "tail.rows.toTop()")
    viewer.get_by_role("button", name="Open the previous file").last.click()

    until(viewer, "tail.lines === 1301")
    assert text_of(viewer) == lines(19_000, 20_301)[-len(text_of(viewer)) :]
    assert [kind for kind in marks_of(viewer) if kind != "day"] == [mark_below]
    expect(viewer.get_by_role("button", name="Open the previous file")).to_have_count(0)
