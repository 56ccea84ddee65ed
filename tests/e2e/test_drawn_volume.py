"""The strip of entries over time, drawn without a server: what is seen, said and asked for."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.alone import Alone, alone, origin, profiles, tabs
from tests.e2e.viewing import tail
from tests.stack import wait_until

__all__ = ["alone", "origin", "profiles", "tabs"]

pytestmark = pytest.mark.browser

NOW = datetime(2026, 11, 27, 14, 20, tzinfo=timezone.utc)
NOW_MS = 1_795_789_200_000
DAY = 86_400_000
TEN_MINUTES = 600_000


def line(at: datetime, level: str = "INFO", text: str = "paid") -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}.000 {level} shop: {text}\n"


LINES = "".join(
    line(NOW - timedelta(seconds=40 - n), "ERROR" if n == 7 else "INFO", f"order {n}") for n in range(40)
)


def asked(page: Alone, type: str, nth: int = -1) -> dict[str, Any]:
    """What the page asked for."""
    wait_until(lambda: page._said(type), what=f"{type} of the page")
    return [message for message in page.heard if message["type"] == type][nth]


def opened(page: Alone, text: str = LINES, **options: Any) -> Page:
    page.page.clock.set_fixed_time(NOW)
    page.can = ["range", "search", "terms", "order", "time", "volume"]
    page.open(text, **options)
    expect(page.page.locator(".lt-strip")).to_be_hidden()
    page.page.evaluate("document.querySelector('log-tail').run('volume')")
    return page.page


def answer(
    page: Alone, columns: list[list[int]] | None = None, *, estimated: bool = False, done: bool = True
) -> dict[str, Any]:
    """Answer the last question with 144 columns: 10 others in each, errors in column 72, warnings in 100."""
    request = asked(page, "volume")
    if columns is None:
        columns = [[40 if n == 72 else 0, 20 if n == 100 else 0, 10] for n in range(144)]
    ends = {"from": request["from"], "to": request["to"]} if columns else {}
    place = {"file": page.file, "offset": page.at}
    page.says(
        "volume",
        request=request["request"],
        **ends,
        columns=columns,
        estimated=estimated,
        at=50,
        end=200,
        **place,
    )
    if done:
        page.says("done", request=request["request"])
    page.page.wait_for_timeout(300)
    return request


def test_the_strip_shows_the_last_day(alone: Callable[..., Alone]) -> None:
    page = alone()
    view = opened(page)

    request = answer(page)

    assert (request["from"], request["to"], request["columns"]) == (
        NOW_MS - DAY + TEN_MINUTES,
        NOW_MS + TEN_MINUTES,
        144,
    )
    strip = page.box(".lt-strip")
    assert strip["height"] == 52
    assert strip["y"] == page.box(".lt-bar")["bottom"]
    assert page.box(".lt-body")["y"] == strip["bottom"]
    expect(view.locator(".lt-strip-note")).to_have_text("1,500 entries")
    plot = page.box(".lt-vol > svg")
    error, warning, other = (page.box(f".lt-v-{kind}") for kind in ("error", "warning", "other"))
    # Errors touch the ground, and are as high as they are many: 40 of the 50 that fill the strip.
    assert error["bottom"] == pytest.approx(plot["bottom"], abs=1)
    assert error["height"] == pytest.approx(plot["height"] * 40 / 50 * 25.1 / 30, abs=1.5)
    assert warning["height"] == pytest.approx(plot["height"] * 20 / 50 * 25.1 / 30, abs=1.5)
    assert error["x"] == pytest.approx(plot["x"] + plot["width"] * 72 / 144, abs=2)
    assert other["width"] == pytest.approx(plot["width"], abs=8)
    colours = {page.style(f".lt-v-{kind}", "fill") for kind in ("error", "warning", "other")}
    assert len(colours) == 3
    marks = view.locator(".lt-vol-axis time").all_inner_texts()
    assert "06:00" in marks
    boxes = [page.box(".lt-vol-axis time", nth) for nth in range(len(marks))]
    assert all(before["right"] < after["x"] for before, after in pairwise(boxes))


def test_at_the_pointer_the_time_and_the_counts_are_said_in_words(alone: Callable[..., Alone]) -> None:
    page = alone()
    view = opened(page)
    answer(page)
    plot = page.box(".lt-vol")
    tip = view.locator(".lt-voltip")
    expect(tip).to_be_hidden()

    view.mouse.move(plot["x"] + plot["width"] * 72.5 / 144, plot["y"] + 10)

    expect(tip).to_be_visible()
    assert re.sub(r"\s+", " ", tip.inner_text()) == "02:30 – 02:40 Error 40 Warning 0 Other 10"
    assert "02:30 – 02:40: Error 40" in str(view.locator(".lt-vol").get_attribute("aria-valuetext"))
    box = page.box(".lt-voltip")
    assert box["x"] < plot["x"] + plot["width"] / 2 < box["right"]

    view.mouse.move(plot["x"] + 1, plot["y"] + 10)
    assert tip.inner_text().startswith("Nov 26, 14:30 – 14:40")
    view.mouse.move(10, 600)
    expect(tip).to_be_hidden()


def test_what_was_sampled_is_said_to_be_about_right(alone: Callable[..., Alone]) -> None:
    page = alone()
    view = opened(page)
    answer(page, estimated=True, done=False)

    expect(view.locator(".lt-strip-note")).to_have_text("Reading, 25%")
    answer(page, estimated=True)
    expect(view.locator(".lt-strip-note")).to_have_text("about 1,500 entries")
    plot = page.box(".lt-vol")
    view.mouse.move(plot["x"] + plot["width"] * 72.5 / 144, plot["y"] + 10)
    assert "about 40" in view.locator(".lt-voltip").inner_text()


def test_a_click_goes_there(alone: Callable[..., Alone]) -> None:
    page = alone()
    view = opened(page)
    answer(page)
    plot = page.box(".lt-vol")

    view.mouse.click(plot["x"] + plot["width"] * 72.5 / 144, plot["y"] + 10)

    assert asked(page, "time")["at"] == NOW_MS - DAY + TEN_MINUTES + 72 * TEN_MINUTES
    assert view.locator(".lt-pin").count() == 0


def drag(page: Alone, begin: float, end: float) -> None:
    plot, mouse = page.box(".lt-vol"), page.page.mouse
    mouse.move(plot["x"] + plot["width"] * begin / 144, plot["y"] + 10)
    mouse.down()
    mouse.move(plot["x"] + plot["width"] * end / 144, plot["y"] + 10, steps=4)
    mouse.up()


def test_dragging_chooses_a_range_that_is_a_chip_and_hides_what_is_outside(
    alone: Callable[..., Alone],
) -> None:
    page = alone()
    view = opened(page, LINES + line(NOW + timedelta(minutes=1), text="later"))
    answer(page)
    assert tail(view, "tail.filtered.lines") == 41

    drag(page, 142.5, 143.5)  # from 14:10 to 14:30
    chip = view.locator(".lt-pin")
    expect(chip).to_have_text("14:10 – 14:30")
    assert asked(page, "time")["at"] == NOW_MS - TEN_MINUTES
    expect(view.locator(".lt-range")).to_be_visible()
    assert tail(view, "tail.filtered.lines") == 41
    chip.click()

    expect(view.locator(".lt-pinrow")).to_be_hidden()
    expect(view.locator(".lt-range")).to_be_hidden()
    drag(page, 140.5, 142.5)  # from 13:50 to 14:20
    expect(chip).to_have_text("13:50 – 14:20")
    wait_until(lambda: tail(view, "tail.filtered.lines") == 40, what="the line of 14:21 to be hidden")
    assert tail(view, "tail.view.range") == {"from": NOW_MS - 3 * TEN_MINUTES, "to": NOW_MS}
    view.locator(".lt-vol").press("Escape")
    expect(view.locator(".lt-pinrow")).to_be_hidden()
    assert tail(view, "tail.filtered.lines") == 41


def test_a_search_of_the_whole_log_keeps_to_the_range(alone: Callable[..., Alone]) -> None:
    page = alone()
    view = opened(page)
    answer(page)
    drag(page, 72.5, 73.5)

    view.locator(".lt-whole").click()

    begin = NOW_MS - DAY + 73 * TEN_MINUTES
    search = asked(page, "search")
    assert (search["since"], search["until"]) == (begin, begin + 2 * TEN_MINUTES)
    assert "pattern" not in search
    expect(view.locator(".lt-results-q")).to_contain_text("from 02:30 – 02:50")
    hit = {"start": 0, "end": 9, "parts": ["", line(NOW - timedelta(hours=11, minutes=45)).strip(), ""]}
    page.says("found", request=search["request"], file="f", name="app.log", hits=[hit])
    view.wait_for_timeout(400)
    plot, hits = page.box(".lt-vol > svg"), page.box(".lt-v-hit")
    assert hits["x"] == pytest.approx(plot["x"] + plot["width"] * 72 / 144, abs=2)
    assert hits["y"] == pytest.approx(plot["y"], abs=1)
    view.locator(".lt-results").get_by_role("button", name="Close").click()
    view.wait_for_timeout(400)
    assert view.locator(".lt-v-hit").get_attribute("d") == ""


def test_keys_go_along_the_strip_and_choose(alone: Callable[..., Alone]) -> None:
    page = alone()
    view = opened(page)
    answer(page)
    plot = view.locator(".lt-vol")

    plot.press("End")
    assert "14:20 – 14:30" in str(plot.get_attribute("aria-valuetext"))
    plot.press("PageDown")
    plot.press("ArrowLeft")
    assert plot.get_attribute("aria-valuenow") == "142"
    plot.press("Shift+ArrowLeft")
    plot.press("Shift+ArrowLeft")
    assert "13:50 – 14:20" in str(plot.get_attribute("aria-valuetext"))
    plot.press("Enter")

    expect(view.locator(".lt-pin")).to_have_text("13:50 – 14:20")
    expect(plot).to_have_attribute("role", "slider")
    expect(plot).to_have_attribute("aria-label", re.compile("Entries over time, Last 24 hours"))


def test_new_lines_are_added_as_they_come_and_none_counts_twice(alone: Callable[..., Alone]) -> None:
    page = alone()
    view = opened(page)
    request = asked(page, "volume")
    before = page.at
    page.writes(line(NOW, "ERROR", "while the picture is made"))
    page.shows(41)
    none = [[0, 0, 0] for _ in range(144)]
    ends = {"from": request["from"], "to": request["to"], "estimated": False, "at": 1, "end": 1}
    page.says("volume", request=request["request"], columns=none, file="f", offset=before, **ends)
    view.wait_for_timeout(300)
    assert tail(view, "tail.volume.columns.at(-1)") == [1, 0, 0]
    counted = [*none[:-1], [1, 0, 0]]
    page.says("volume", request=request["request"], columns=counted, file="f", offset=page.at, **ends)
    page.says("done", request=request["request"])
    view.wait_for_timeout(300)
    assert tail(view, "tail.volume.columns.at(-1)") == [1, 0, 0]

    page.writes(line(NOW + timedelta(minutes=1), "WARNING") + line(NOW + timedelta(minutes=11)))
    page.shows(43)
    view.wait_for_timeout(300)

    assert tail(view, "tail.volume.columns.slice(-2)") == [[1, 1, 0], [0, 0, 1]]
    expect(view.locator(".lt-strip-note")).to_have_text("3 entries")


def test_another_time_can_be_chosen_and_is_remembered(alone: Callable[..., Alone]) -> None:
    page = alone()
    view = opened(page)
    answer(page)

    view.get_by_label("Time that is shown").select_option("All")
    request = asked(page, "volume")
    assert (request["from"], request["to"], request["columns"]) == (None, None, 150)
    page.open_again(LINES)
    assert asked(page, "volume")["from"] is None


@pytest.mark.parametrize(
    ("age", "shown", "since"),
    [
        (timedelta(hours=23), "day", NOW_MS - DAY + TEN_MINUTES),
        (timedelta(hours=25), "week", NOW_MS - 7 * DAY + 40 * 60_000),
        (timedelta(days=8), "all", None),
    ],
)
def test_the_strip_first_shows_a_time_that_the_loaded_lines_are_in(
    alone: Callable[..., Alone], age: timedelta, shown: str, since: int | None
) -> None:
    page = alone()
    view = opened(page, line(NOW - age) + "without a time\n")

    assert asked(page, "volume")["from"] == since
    expect(view.get_by_label("Time that is shown")).to_have_value(shown)


def test_a_log_without_times_says_so_and_h_hides_the_strip(alone: Callable[..., Alone]) -> None:
    page = alone()
    view = opened(page, "collected 2412 items\ntests/test_orders.py ....\n" * 10)
    answer(page, [])
    expect(view.locator(".lt-strip")).to_contain_text("No times were recognised in this log.")

    view.locator(".lt-view").focus()
    view.keyboard.press("h")

    expect(view.locator(".lt-strip")).to_be_hidden()


def test_the_view_options_switch_it_off_and_a_server_without_it_has_none(alone: Callable[..., Alone]) -> None:
    page = alone()
    view = opened(page)
    answer(page)
    view.get_by_role("button", name="View options").click()
    view.get_by_role("switch", name="Entries over time").click()
    expect(view.locator(".lt-strip")).to_be_hidden()
    view.keyboard.press("Escape")
    page.can = ["range", "search"]
    page.open_again(LINES)
    view.get_by_role("button", name="View options").click()
    expect(view.get_by_role("switch", name="Entries over time")).to_have_count(0)


def test_a_failure_is_said_where_the_picture_would_be(alone: Callable[..., Alone]) -> None:
    page = alone()
    view = opened(page)
    request = asked(page, "volume")

    page.says("error", request=request["request"], id="not-there", text="the file could not be read.")

    expect(view.locator(".lt-strip-none")).to_have_text("the file could not be read")


def test_nothing_overlaps_on_a_phone(alone: Callable[..., Alone]) -> None:
    page = alone(390, 700)
    view = opened(page)
    answer(page)

    strip, what, plot = (page.box(selector) for selector in (".lt-strip", ".lt-strip-what", ".lt-vol"))
    assert strip["height"] == 44
    assert what["right"] <= plot["x"]
    assert plot["right"] <= 390
    marks = [page.box(".lt-vol-axis time", nth) for nth in range(view.locator(".lt-vol-axis time").count())]
    assert len(marks) >= 2
    assert all(before["right"] < after["x"] for before, after in pairwise(marks))
