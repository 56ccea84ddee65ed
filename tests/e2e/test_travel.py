"""Travelling a log with wheel and keys: what comes next loads by itself, and nothing moves."""

import gzip
import itertools
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.kept import context, kept_tab, page
from tests.e2e.viewing import (
    append,
    expect_state,
    line,
    lines,
    marks_of,
    row_at_top,
    settle,
    tail,
    text_of,
    until,
)
from tests.stack import Stack, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.redis, pytest.mark.whole]
__all__ = ["context", "kept_tab", "page"]


@pytest.fixture
def path(stack: Stack) -> Path:
    """A log of 20,000 lines."""
    return stack.add_log("shop", lines(0, 20_000).encode())


def point(page: Page, y: int = 300) -> None:
    """Puts the pointer over the lines."""
    box = page.locator(".lt-view").bounding_box()
    assert box
    page.mouse.move(box["x"] + 400, box["y"] + y)


def pointed_row(page: Page, y: int = 300) -> list[Any]:
    """The row under the pointer, as `point` puts it, and where its upper edge is."""
    settle(page)
    found: list[Any] = page.evaluate(
        """(y) => {
          const view = document.querySelector('.lt-view').getBoundingClientRect();
          const row = document.elementFromPoint(view.x + 400, view.y + y).closest('.lt-row');
          return [row.querySelector('.lt-msg').textContent.trim(), row.getBoundingClientRect().top];
        }""",
        y,
    )
    return found


def top_of(page: Page, text: str) -> float:
    """Where the upper edge of the row is that ends with this text."""
    settle(page)
    row = page.locator(".lt-row", has=page.get_by_text(text, exact=True))
    box = row.bounding_box()
    assert box
    return box["y"]


def put_at_top(page: Page, number: int) -> None:
    """Scrolls as the page itself does: nothing loads by that."""
    tail(
        page,
        "tail.rows.reveal(tail.rows.shown.items.findIndex("
        f"(item) => item?.text.endsWith(' {number}')) - tail.rows.shown.first, 'start')",
    )


def test_going_up_loads_earlier_lines_and_nothing_moves(viewer: Page, path: Path) -> None:
    assert tail(viewer, "tail.lines") == 500
    put_at_top(viewer, 19_530)
    point(viewer)
    before = pointed_row(viewer)
    assert tail(viewer, "tail.lines") == 500

    viewer.mouse.wheel(0, -1)

    until(viewer, "tail.lines === 1500")
    assert top_of(viewer, before[0]) == pytest.approx(before[1] + 1, abs=0.6)
    assert text_of(viewer) == lines(18_500, 20_000)


def test_the_wheel_leads_from_a_short_log_through_older_files_to_the_first_byte_of_all(
    arrive: Callable[[], Page], path: Path, stack: Stack
) -> None:
    oldest = path.with_name("shop.log.2.gz")
    oldest.write_bytes(gzip.compress(lines(0, 3_000).encode()))
    os.utime(oldest, (1_000, 1_000))
    older = path.with_name("shop.log.1")
    older.write_text(lines(3_000, 6_000))
    os.utime(older, (2_000, 2_000))
    path.unlink()
    path.write_text(lines(6_000, 6_500))
    viewer = arrive()
    until(viewer, "tail.lines === 500")
    point(viewer)

    while not tail(
        viewer, "tail.store.find(tail.store.items.at(tail.store.first + 1).file, 0)?.text.endsWith(' 0')"
    ):
        viewer.mouse.wheel(0, -600)
        settle(viewer)

    assert text_of(viewer) == lines(0, 6_500)
    assert [kind for kind in marks_of(viewer) if kind != "day"] == ["next", "next"]
    expect(viewer.locator(".lt-top")).to_contain_text("Beginning of the file")


def test_a_gap_loads_from_the_side_one_comes_from_and_nothing_moves(viewer: Page, path: Path) -> None:
    address = tail(viewer, "tail.linkTo([tail.store.items.find((item) => item?.text.endsWith(' 19600'))])")
    append(path, lines(20_000, 60_000))
    viewer.goto("about:blank")
    viewer.goto(address)
    expect_state(viewer, "history")
    held = tail(viewer, "tail.store.items.find((item) => item?.kind === 'gap').start")

    # Down from the linked lines.
    last = tail(viewer, f"tail.store.items.findLast((item) => item?.end === {held}).text")
    put_at_top(viewer, int(last.rpartition(" ")[2]) - 30)
    point(viewer)
    before = pointed_row(viewer)
    viewer.mouse.wheel(0, 1)
    until(viewer, f"tail.store.items.find((item) => item?.kind === 'gap').start > {held}")
    assert top_of(viewer, before[0]) == pytest.approx(before[1] - 1, abs=0.6)

    # And up from the newest lines.
    end = tail(viewer, "tail.store.items.find((item) => item?.kind === 'gap').end")
    put_at_top(viewer, 59_520)
    before = pointed_row(viewer)
    viewer.mouse.wheel(0, -1)
    until(viewer, f"tail.store.items.find((item) => item?.kind === 'gap').end < {end}")
    assert top_of(viewer, before[0]) == pytest.approx(before[1] + 1, abs=0.6)
    gap = tail(
        viewer, "tail.store.items.filter((item) => item?.kind === 'gap').map(({start, end}) => [start, end])"
    )
    [[low, high]] = gap
    whole = path.read_bytes()
    assert text_of(viewer).encode() == whole[len(lines(0, 19_400)) : low] + whole[high:]


@pytest.mark.parametrize("y", [150, 550])
def test_the_line_under_the_pointer_stays_where_it_is_on_either_side_of_a_gap_in_view(
    viewer: Page, path: Path, y: int
) -> None:
    address = tail(viewer, "tail.linkTo([tail.store.items.find((item) => item?.text.endsWith(' 19600'))])")
    append(path, lines(20_000, 60_000))
    viewer.goto("about:blank")
    viewer.goto(address)
    expect_state(viewer, "history")
    tail(viewer, "tail.rows.reveal(tail.rows.shown.items.findIndex((item) => item.kind === 'gap'), 'center')")
    held = tail(viewer, "tail.lines")
    point(viewer, y)
    before = pointed_row(viewer, y)

    viewer.mouse.wheel(0, -1)

    until(viewer, f"tail.lines > {held}")
    assert top_of(viewer, before[0]) == pytest.approx(before[1] + 1, abs=0.6)


def test_keys_load_at_the_edge_too_and_after_a_failure_only_the_button_does(viewer: Page, path: Path) -> None:
    tail(
        viewer,
        """(() => {
          tail.asked = 0;
          const { requests } = tail.session;
          const range = requests.range.bind(requests);
          requests.range = (what) => {
            tail.asked++;
            return tail.isDown ? Promise.reject(new Error('The disk is on fire')) : range(what);
          };
          tail.isDown = true;
        })()""",
    )
    viewer.locator(".lt-view").focus()
    tail(viewer, "tail.rows.toTop()")
    settle(viewer)
    assert tail(viewer, "tail.asked") == 0

    viewer.keyboard.press("PageUp")
    expect(viewer.locator(".lt-top")).to_contain_text("The disk is on fire")
    viewer.keyboard.press("PageUp")
    viewer.keyboard.press("k")
    settle(viewer)
    assert tail(viewer, "tail.asked") == 1

    tail(viewer, "tail.isDown = false")
    viewer.get_by_role("button", name="Load earlier lines").click()
    until(viewer, "tail.lines === 1500")
    tail(viewer, "tail.rows.toTop()")
    viewer.keyboard.press("PageUp")
    until(viewer, "tail.lines === 2500")


def test_a_filter_that_hides_all_that_comes_loads_five_times_for_one_movement(
    viewer: Page, path: Path
) -> None:
    viewer.locator(".lt-level[data-lv=I]").click()
    append(path, line(20_000, level="ERROR"))
    expect(viewer.locator(".lt-row")).to_have_count(1)
    point(viewer)

    viewer.mouse.wheel(0, -1)

    until(viewer, "tail.lines === 5501 && !tail.edges.loading")
    settle(viewer)
    assert tail(viewer, "tail.lines") == 5_501


def rotated(path: Path) -> list[str]:
    """Puts an archive and an older file behind the log; the texts of all, oldest first."""
    texts = [lines(0, 30_000), lines(30_000, 60_000), lines(60_000, 80_000)]
    oldest = path.with_name("shop.log.2.gz")
    oldest.write_bytes(gzip.compress(texts[0].encode()))
    os.utime(oldest, (1_000, 1_000))
    older = path.with_name("shop.log.1")
    older.write_text(texts[1])
    os.utime(older, (2_000, 2_000))
    path.write_text(texts[2])
    return texts


def first_in_view(page: Page) -> str:
    settle(page)
    return str(row_at_top(page)[0])


def test_home_leads_to_the_first_byte_of_the_file_then_of_all_and_end_back_to_live(
    arrive: Callable[[], Page], path: Path
) -> None:
    rotated(path)
    viewer = arrive()
    until(viewer, "tail.lines === 500")

    viewer.keyboard.press("Home")
    expect_state(viewer, "history")
    wait_until(lambda: first_in_view(viewer).endswith(" 60000"), what="the first line of the file")

    viewer.keyboard.press("g")
    viewer.keyboard.press("g")
    wait_until(lambda: first_in_view(viewer).endswith(" 0"), what="the first line of all")
    expect(viewer.locator(".lt-top")).to_contain_text("Beginning of the file")
    assert [kind for kind in marks_of(viewer) if kind != "day"] == ["gap", "between", "gap"]

    # The address leads to the same place.
    until(viewer, "location.href.includes('at=0')")
    viewer.reload()
    wait_until(lambda: first_in_view(viewer).endswith(" 0"), what="the first line of all, opened again")

    viewer.keyboard.press("End")
    expect_state(viewer, "live")
    expect(viewer.locator(".lt-row").last).to_contain_text("79999")
    until(viewer, "!location.href.includes('at=')")


def test_what_lies_between_two_files_opens_where_one_scrolls_to_it(
    arrive: Callable[[], Page], path: Path
) -> None:
    texts = rotated(path)
    viewer = arrive()
    until(viewer, "tail.lines === 500")
    viewer.keyboard.press("Home")
    wait_until(lambda: first_in_view(viewer).endswith(" 60000"), what="the first line of the file")
    viewer.keyboard.press("Home")
    wait_until(lambda: first_in_view(viewer).endswith(" 0"), what="the first line of all")

    # Up from the newest file.
    put_at_top(viewer, 60_010)
    point(viewer)
    before = pointed_row(viewer)
    viewer.mouse.wheel(0, -1)
    until(viewer, "tail.store.items.some((item) => item?.text.endsWith(' 59999'))")
    assert top_of(viewer, before[0]) == pytest.approx(before[1] + 1, abs=0.6)
    assert [kind for kind in marks_of(viewer) if kind != "day"] == ["gap", "next", "gap", "next", "gap"]

    # And down from the oldest one: all that is left out loads, with the button for the gaps.
    while "gap" in marks_of(viewer) or "between" in marks_of(viewer):
        index = "tail.rows.shown.items.findIndex((item) => item?.kind === 'gap' || item?.kind === 'between')"
        tail(viewer, f"tail.rows.reveal({index} - tail.rows.shown.first, 'center')")
        viewer.locator(".lt-mark").get_by_role("button", name="Load").first.click()
        until(viewer, "!tail.store.items.some((item) => item?.details?.loading)")
    assert text_of(viewer) == "".join(texts)
    assert [kind for kind in marks_of(viewer) if kind != "day"] == ["next", "next"]


def test_opened_just_after_a_rotation_a_log_shows_the_last_lines_across_it(viewer: Page, path: Path) -> None:
    viewer.goto("about:blank")
    path.rename(path.with_name("shop.log.1"))
    path.write_text(lines(20_000, 20_120))

    viewer.go_back()

    expect_state(viewer, "live")
    until(viewer, "tail.lines === 500")
    assert text_of(viewer) == lines(19_620, 20_120)
    assert [kind for kind in marks_of(viewer) if kind != "day"] == ["next"]
    assert tail(viewer, "tail.rows.follow")
    append(path, lines(20_120, 20_121))
    expect(viewer.locator(".lt-row").last).to_contain_text("20120")


def test_opened_before_the_first_line_of_a_new_file_a_log_shows_the_last_lines_of_the_previous_one(
    viewer: Page, path: Path
) -> None:
    viewer.goto("about:blank")
    path.rename(path.with_name("shop.log.1"))
    path.write_text("")

    viewer.go_back()

    until(viewer, "tail.lines === 500")
    assert text_of(viewer) == lines(19_500, 20_000)
    append(path, lines(20_000, 20_003))
    expect(viewer.locator(".lt-row").last).to_contain_text("20002")
    assert text_of(viewer) == lines(19_500, 20_003)


def bar_box(page: Page) -> dict[str, float]:
    bar = page.get_by_role("slider", name="Place in the whole history")
    expect(bar).to_be_visible()
    box = bar.bounding_box()
    assert box
    return dict(box)


def count_ranges(page: Page) -> None:
    """Counts requests for ranges in `tail.asked`."""
    tail(
        page,
        """(() => {
          tail.asked = 0;
          const { requests } = tail.session;
          const range = requests.range.bind(requests);
          requests.range = (what) => {
            tail.asked++;
            return range(what);
          };
        })()""",
    )


def test_the_bar_shows_all_files_and_a_click_leads_to_any_place(
    arrive: Callable[[], Page], path: Path
) -> None:
    rotated(path)
    path.with_name("shop.log.2.gz").unlink()
    viewer = arrive()
    until(viewer, "tail.lines === 500")
    box = bar_box(viewer)
    bar = viewer.get_by_role("slider")
    expect(viewer.locator(".lt-gen")).to_have_count(2)
    expect(bar).to_have_attribute("aria-valuenow", "100")
    expect(viewer.locator(".lt-tags")).to_be_hidden()

    viewer.mouse.move(box["x"] + 6, box["y"] + box["height"] * 0.3)
    expect(viewer.locator(".lt-tags span")).to_have_text(["shop.log.1", "shop.log"])
    # Nothing is loaded there.
    expect(viewer.locator(".lt-tags b")).to_have_text("30 %, 24 Aug 00:00")
    assert tail(viewer, "tail.lines") == 500
    viewer.mouse.down()
    viewer.mouse.up()

    expect_state(viewer, "history")
    # 30 % of 50,000 lines, of which the first 30,000 are in the older file.
    wait_until(
        lambda: abs(int(first_in_view(viewer).rpartition(" ")[2]) - 45_000) < 200, what="a line at 30 %"
    )
    expect(bar).to_have_attribute("aria-valuenow", "30")
    expect(bar).to_have_attribute("aria-valuetext", "30 %, 24 Aug 00:00")
    expect(viewer.locator(".lt-tags b")).to_have_text("30 %, 24 Aug 00:00")
    expect(viewer.locator(".lt-win")).to_have_count(2)
    viewer.mouse.move(300, 300)
    expect(viewer.locator(".lt-tags")).to_be_hidden()

    viewer.mouse.click(box["x"] + 6, box["y"] + box["height"] - 0.5)
    expect_state(viewer, "live")
    expect(bar).to_have_attribute("aria-valuenow", "100")


def test_dragging_the_bar_loads_after_a_pause_and_on_release_only(
    arrive: Callable[[], Page], path: Path
) -> None:
    rotated(path)
    viewer = arrive()
    until(viewer, "tail.lines === 500")
    box = bar_box(viewer)
    count_ranges(viewer)

    viewer.mouse.move(box["x"] + 6, box["y"] + box["height"] - 10)
    viewer.mouse.down()
    settle(viewer)
    # In one go, so that no machine is so slow that it pauses between two movements.
    pressed, moved = tail(
        viewer,
        f"""(() => {{
          const {{ bar }} = tail.parts.history;
          const pressed = tail.asked;
          for (let step = 0; step < 40; step++) {{
            const at = {{ clientX: {box["x"] + 6}, clientY: {box["y"] + box["height"] - 20} - step * 12 }};
            bar.dispatchEvent(new PointerEvent('pointermove', {{ ...at, pointerId: 1, bubbles: true }}));
          }}
          return [pressed, tail.asked];
        }})()""",
    )
    assert moved == pressed
    viewer.mouse.move(box["x"] + 6, box["y"] + box["height"] - 488)
    viewer.mouse.up()

    expect_state(viewer, "history")
    until(viewer, "!tail.travel.isSeeking && tail.historyBar.wanted === null")
    now = int(str(viewer.get_by_role("slider").get_attribute("aria-valuenow")))
    assert now == pytest.approx(100 * (box["height"] - 488) / box["height"], abs=4)


def test_keys_move_the_slider_by_parts_and_home_and_end_lead_to_the_ends(
    arrive: Callable[[], Page], path: Path
) -> None:
    rotated(path)
    viewer = arrive()
    until(viewer, "tail.lines === 500")
    bar_box(viewer)
    bar = viewer.get_by_role("slider")
    count_ranges(viewer)
    bar.focus()

    for key in ("PageUp", "PageUp", "PageUp", "ArrowUp", "ArrowDown", "ArrowDown"):
        viewer.keyboard.press(key)
    expect(bar).to_have_attribute("aria-valuenow", "71")
    until(viewer, "!tail.travel.isSeeking && tail.historyBar.wanted === null")
    assert int(str(bar.get_attribute("aria-valuenow"))) == pytest.approx(71, abs=1)

    viewer.keyboard.press("Home")
    wait_until(lambda: first_in_view(viewer).endswith(" 0"), what="the first line of all")
    expect(bar).to_have_attribute("aria-valuenow", "0")
    viewer.keyboard.press("End")
    expect_state(viewer, "live")
    expect(bar).to_have_attribute("aria-valuenow", "100")
    expect(bar).to_be_focused()


def test_a_phone_s_handle_comes_with_scrolling_leads_to_a_place_and_goes(
    arrive: Callable[[], Page], page: Page, path: Path
) -> None:
    rotated(path)
    page.set_viewport_size({"width": 390, "height": 844})
    viewer = arrive()
    until(viewer, "tail.lines === 500")
    bar_box(viewer)
    handle = viewer.locator(".lt-scrub")
    expect(handle).to_be_hidden()
    viewer.mouse.move(200, 500)

    viewer.mouse.wheel(0, -200)
    expect(handle).to_be_visible()
    # However slow this machine is.
    tail(viewer, "clearTimeout(tail.historyBar.hiding)")
    box = handle.bounding_box()
    assert box
    assert (box["width"], box["height"]) == (22, 44)
    viewer.mouse.move(box["x"] + 10, box["y"] + 20)
    viewer.mouse.down()
    viewer.mouse.move(box["x"] + 10, box["y"] - 280, steps=4)
    expect(viewer.locator(".lt-tags b")).to_be_visible()
    viewer.mouse.up()

    expect_state(viewer, "history")
    until(viewer, "!tail.travel.isSeeking && tail.historyBar.wanted === null")
    assert int(str(viewer.get_by_role("slider").get_attribute("aria-valuenow"))) < 80
    expect(handle).to_be_hidden()


class Flood:
    """Writes lines to a log, thirty at a time, until it is stopped."""

    def __init__(self, path: Path, number: int) -> None:
        self.path, self.number = path, number
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self) -> None:
        while not self.ended.wait(0.02):
            append(self.path, lines(self.number, self.number + 30))
            self.number += 30

    def __enter__(self) -> "Flood":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self.thread.join()


def seen_lines(page: Page) -> list[list[Any]]:
    """File, first and last byte, and text of each line on screen, from top to bottom."""
    settle(page)
    seen: list[list[Any]] = page.evaluate(
        """() => {
          const { rows } = document.querySelector('log-tail');
          const view = document.querySelector('.lt-view').getBoundingClientRect();
          const isSeen = ({ bottom, top }) => bottom > view.top && top < view.bottom;
          return [...document.querySelectorAll('.lt-window > .lt-row')]
            .filter((row) => isSeen(row.getBoundingClientRect()))
            .map((row) => rows.itemAt(row)).map(({ file, start, end, text }) => [file, start, end, text]);
        }"""
    )
    return seen


def test_from_the_live_end_to_the_first_byte_and_back_under_a_flood_nothing_is_missing_twice_or_moved(
    arrive: Callable[[], Page], path: Path
) -> None:
    texts = rotated(path)
    viewer = arrive()
    until(viewer, "tail.lines === 500")
    tail(viewer, "tail.store.mostLines = 6000")
    box = bar_box(viewer)
    seen: dict[str, set[tuple[int, int, str]]] = {}

    def look() -> list[list[Any]]:
        """What is on screen is consecutive in its file."""
        rows = seen_lines(viewer)
        for file, start, end, text in rows:
            seen.setdefault(file, set()).add((start, end, text))
        for (file, _, end, _), (next_file, start, _, _) in itertools.pairwise(rows):
            assert file != next_file or end <= start
        assert tail(viewer, "tail.lines") <= 6_000 + 6_000
        return rows

    with Flood(path, 80_000) as flood:
        look()
        # Up by the wheel, through several loads.
        point(viewer)
        for _ in range(30):
            viewer.mouse.wheel(0, -900)
            look()
        # What is under the pointer stays there, however much arrives.
        until(viewer, "!tail.edges.loading")
        before = pointed_row(viewer)
        written = flood.number
        wait_until(lambda: flood.number > written + 600, what="the flood")
        assert top_of(viewer, before[0]) == pytest.approx(before[1], abs=0.6)

        # By keys to the first byte of the file, and of all.
        viewer.keyboard.press("Home")
        wait_until(lambda: first_in_view(viewer).endswith(" 60000"), what="the first line of the file")
        look()
        viewer.keyboard.press("Home")
        wait_until(lambda: first_in_view(viewer).endswith(" 0"), what="the first line of all")
        assert look()[0][1] == 0

        # Down by the wheel, and by the bar through the middle.
        for _ in range(10):
            viewer.mouse.wheel(0, 900)
            look()
        for part in (0.2, 0.45, 0.7, 0.5):
            viewer.mouse.click(box["x"] + 6, box["y"] + box["height"] * part)
            until(viewer, "!tail.travel.isSeeking && tail.historyBar.wanted === null")
            look()
            viewer.mouse.move(600, 400)
            viewer.mouse.wheel(0, 900)
            look()

        viewer.keyboard.press("End")
        expect_state(viewer, "live")
        look()

    # Each line on screen had its own text, and that of the file; no line was cut.
    whole = dict(enumerate([*texts[:2], path.read_text()]))
    files = {file: min(lines_of)[2] for file, lines_of in seen.items()}
    for file, lines_of in seen.items():
        number = int(files[file].rpartition(" ")[2])
        text = whole[0 if number < 30_000 else 1 if number < 60_000 else 2]
        for start, end, shown in lines_of:
            assert text[start:end] == shown + "\n"

    # And what the page holds at the end is each file's bytes, except for what its gaps say.
    items = tail(
        viewer,
        "tail.store.items.slice(tail.store.first).filter((item) => item.kind === 'line' || item.kind === 'gap')"
        ".map(({ file, start, end }) => [file, start, end])",
    )
    for (file, _, end), (next_file, start, _) in itertools.pairwise(items):
        assert start == (end if file == next_file else 0)
    until(viewer, f"tail.store.last.text.endsWith(' {flood.number - 1}')")
    assert tail(viewer, "tail.lines") <= 6_000


# -- to the next error, where the loaded lines end -------------------------------------------------


def with_errors(path: Path) -> None:
    """Files with one error each, and warnings in the newest: the oldest is an archive."""
    error = "Traceback (most recent call last):\nKeyError: 'pay'\n"
    for number, first in ((2, 0), (1, 30_000)):
        text = lines(first, first + 100) + line(first + 100, level="ERROR", text="lost") + error
        text += lines(first + 101, first + 30_000)
        packed = path.with_name(f"shop.log.{number}" + (".gz" if number == 2 else ""))
        packed.write_bytes(gzip.compress(text.encode()) if number == 2 else text.encode())
        os.utime(packed, (3_000 - number, 3_000 - number))
    path.write_text(
        lines(60_000, 65_000) + line(65_000, level="WARNING", text="slow") + lines(65_001, 80_000)
    )


def test_the_error_before_is_found_in_older_and_compressed_files_and_so_is_the_one_after(
    arrive: Callable[[], Page], path: Path
) -> None:
    with_errors(path)
    viewer = arrive()
    until(viewer, "tail.lines === 500")
    box = viewer.locator(".lt-journey")
    viewer.locator(".lt-view").focus()

    for number in (30_100, 100):
        viewer.keyboard.press("Shift+E")
        wait_until(
            lambda n=number: tail(viewer, "tail.cursor.item?.text ?? ''").endswith(f" {n}"),
            what=f"error {number}",
        )
        settle(viewer)
        expect(viewer.locator(".lt-row:focus")).to_contain_text(f"lost {number}")
        expect(viewer.locator(".lt-row:focus")).to_be_in_viewport()
        expect_state(viewer, "history")
        expect(box).to_be_hidden()
    viewer.keyboard.press("Shift+E")
    expect(box.locator("span")).to_have_text("No earlier errors.")
    expect(viewer.locator(".lt-say")).to_have_text("No earlier errors.")
    viewer.keyboard.press("Escape")
    expect(box).to_be_hidden()

    viewer.keyboard.press("e")
    wait_until(
        lambda: tail(viewer, "tail.cursor.item?.text ?? ''").endswith(" 30100"), what="the error after"
    )
    viewer.keyboard.press("w")
    wait_until(
        lambda: tail(viewer, "tail.cursor.item?.text ?? ''").endswith(" 65000"), what="the warning after"
    )
    viewer.keyboard.press("e")
    expect(box.locator("span")).to_have_text("No later errors.")


def test_while_an_error_is_looked_for_the_lines_stay_and_esc_stops_it(
    arrive: Callable[[], Page], path: Path
) -> None:
    path.write_text(line(0, level="ERROR", text="lost") + lines(1, 20_000))
    viewer = arrive()
    until(viewer, "tail.lines === 500")
    # The host's answer is late, and says how far it is.
    tail(
        viewer,
        """(() => {
          const { requests } = tail.session;
          const hear = requests.hear.bind(requests);
          tail.kept = [];
          const isLate = ({ type, found }) => type === 'found' || (type === 'done' && found !== undefined);
          requests.hear = (message) => (isLate(message) ? tail.kept.push(message) > 0 : hear(message));
        })()""",
    )
    put_at_top(viewer, 19_600)
    settle(viewer)
    before = row_at_top(viewer)
    viewer.locator(".lt-view").focus()
    viewer.keyboard.press("Shift+E")
    box = viewer.locator(".lt-journey")
    expect(box).to_contain_text("Searching for earlier errors…")
    tail(viewer, "tail.session.requests.hear({ type: 'progress', request: 99, at: 1, end: 2 })")
    tail(
        viewer,
        """[...tail.session.requests.open.keys()].forEach((request) => tail.session.requests.hear(
          { type: 'progress', request, at: 1.2e9, end: 4e9 }))""",
    )
    expect(box).to_contain_text("Searching for earlier errors… 1.2 GB of 4.0 GB")
    assert row_at_top(viewer) == before
    append(path, line(20_000))
    until(viewer, "tail.store.last.text.endsWith(' 20000')")
    assert row_at_top(viewer) == before

    until(viewer, "tail.kept.length === 2")
    viewer.keyboard.press("Escape")
    expect(box).to_be_hidden()
    tail(viewer, "tail.kept.forEach((message) => tail.session.requests.hear(message))")
    settle(viewer)
    assert row_at_top(viewer) == before

    # And by the button.
    viewer.keyboard.press("Shift+E")
    box.get_by_role("button", name="Cancel").click()
    expect(box).to_be_hidden()
    assert row_at_top(viewer) == before


def test_go_to_time_offers_the_previous_error(arrive: Callable[[], Page], path: Path) -> None:
    path.write_text(line(0, level="ERROR", text="lost") + lines(1, 20_000))
    viewer = arrive()
    until(viewer, "tail.lines === 500")
    viewer.get_by_role("button", name="Go to a time").click()
    viewer.get_by_role("dialog", name="Go to a time").get_by_role("button", name="Previous error").click()

    expect(viewer.locator(".lt-row:focus")).to_contain_text("lost 0")


# -- places between windows ------------------------------------------------------------------------


def test_what_lies_between_says_its_size_and_opens_by_key_and_touch(
    arrive: Callable[[], Page], path: Path
) -> None:
    rotated(path)
    viewer = arrive()
    until(viewer, "tail.lines === 500")
    viewer.keyboard.press("Home")
    wait_until(lambda: first_in_view(viewer).endswith(" 60000"), what="the first line of the file")
    viewer.keyboard.press("Home")
    wait_until(lambda: first_in_view(viewer).endswith(" 0"), what="the first line of all")
    marks = "tail.rows.shown.items.findIndex((item) => item?.kind === 'between') - tail.rows.shown.first"
    tail(viewer, f"tail.rows.reveal({marks}, 'center')")
    between = viewer.locator(".lt-mark[data-kind=between]")
    gap = viewer.locator(".lt-mark[data-kind=gap]").first

    expect(between).to_contain_text("1.9 MB in 1 file not loaded")
    expect(gap).to_contain_text("MB not loaded")
    for mark in (between, gap):
        look = mark.evaluate(
            "(node) => ['::before', '::after'].map((one) => getComputedStyle(node, one).borderBlockStartStyle)"
        )
        assert look == ["dashed", "dashed"]
        assert mark.evaluate("(node) => getComputedStyle(node).backgroundImage") == "none"

    between.get_by_role("button", name="Load").focus()
    viewer.keyboard.press("Enter")
    until(viewer, "!tail.store.items.some((item) => item?.kind === 'between')")
    expect(viewer.locator(".lt-view")).to_be_focused()
    before = tail(viewer, "tail.lines")
    button = viewer.locator(".lt-mark[data-kind=gap]").first.get_by_role("button", name="Load")
    box = button.bounding_box()
    assert box
    button.dispatch_event("pointerdown", {"pointerType": "touch"})
    button.dispatch_event("click")
    until(viewer, f"tail.lines > {before}")


def found_marks(page: Page) -> int:
    """Pixels of the bar in the colour of what was found."""
    settle(page)
    page.wait_for_timeout(300)  # it is drawn a few times a second
    return int(
        page.evaluate(
            """() => {
              const canvas = document.querySelector('.lt-hist canvas');
              const ink = document.createElement('canvas').getContext('2d');
              ink.fillStyle = getComputedStyle(canvas).getPropertyValue('--lt-ruler-match');
              ink.fillRect(0, 0, 1, 1);
              const wanted = ink.getImageData(0, 0, 1, 1).data;
              const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
              let n = 0;
              for (let i = 0; i < data.length; i += 4) {
                n += [0, 1, 2].every((part) => Math.abs(data[i + part] - wanted[part]) < 3) && data[i + 3] > 250;
              }
              return n;
            }"""
        )
    )


def test_the_bar_marks_what_the_filter_and_a_search_found_and_forgets_it(
    arrive: Callable[[], Page], path: Path
) -> None:
    path.write_text(
        lines(0, 5_000) + line(5_000, text="needle") + lines(5_001, 19_990) + line(19_990, text="needle")
    )
    viewer = arrive()
    until(viewer, "tail.lines === 500")
    bar_box(viewer)
    assert found_marks(viewer) == 0

    viewer.locator(".lt-q").fill("needle")
    until(viewer, "tail.filtered.matches.length === 1")
    of_filter = found_marks(viewer)
    viewer.locator(".lt-view").focus()
    viewer.keyboard.press("S")
    expect(viewer.locator(".lt-res")).to_have_count(2)
    of_both = found_marks(viewer)
    viewer.locator(".lt-view").focus()
    viewer.keyboard.press("Escape")
    expect(viewer.locator(".lt-results")).to_be_hidden()
    assert 0 < of_filter < of_both
    assert found_marks(viewer) == of_filter

    viewer.locator(".lt-q").fill("")
    until(viewer, "tail.filtered.matches.length === 0")
    assert found_marks(viewer) == 0


def test_at_an_archive_that_was_never_unpacked_the_bar_names_it_and_asks_for_nothing(
    arrive: Callable[[], Page], path: Path
) -> None:
    rotated(path)
    viewer = arrive()
    until(viewer, "tail.lines === 500")
    box = bar_box(viewer)
    count_ranges(viewer)

    viewer.mouse.move(box["x"] + 6, box["y"] + 3)
    expect(viewer.locator(".lt-tags b")).to_have_text("about 0 %, shop.log.2.gz")
    viewer.wait_for_timeout(400)
    assert tail(viewer, "tail.asked") == 0

    viewer.mouse.move(box["x"] + 6, box["y"] + box["height"] * 0.5)
    expect(viewer.locator(".lt-tags b")).to_have_text("about 50 %, 24 Aug 00:00")
    assert tail(viewer, "tail.asked") == 1
