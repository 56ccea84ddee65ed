"""What a person sees: colours, texts, times and positions as drawn by the browser, without a server."""

import datetime
import itertools
import re

import pytest
from playwright.sync_api import expect

from tests.e2e.alone import alone, origin, profiles, tabs
from tests.e2e.viewing import settle, tail, until

pytestmark = pytest.mark.browser
__all__ = ["alone", "origin", "profiles", "tabs"]

LEVELS = ("INFO", "WARNING", "ERROR", "CRITICAL", "DEBUG")


def entry(level, text="shop.views GET /", at="10:00:00,000", day="2026-08-24"):
    return f"{day} {at} {level:8} {text}\n"


ALL = "".join(entry(level) for level in LEVELS)

#: For each theme the colours of the row of each level: behind it, of the bar before it, of the level's word, and of
#: what it says.
NOTHING = "rgba(0, 0, 0, 0)"
ROWS = {
    "light": {
        "INFO": (NOTHING, NOTHING, "rgb(95, 106, 121)", "rgb(26, 33, 43)"),
        "WARNING": ("rgb(255, 250, 240)", "rgb(220, 154, 31)", "rgb(133, 83, 0)", "rgb(26, 33, 43)"),
        "ERROR": ("rgb(254, 244, 243)", "rgb(217, 70, 60)", "rgb(179, 38, 30)", "rgb(26, 33, 43)"),
        "CRITICAL": ("rgb(254, 244, 243)", "rgb(217, 70, 60)", "rgb(179, 38, 30)", "rgb(26, 33, 43)"),
        "DEBUG": (NOTHING, NOTHING, "rgb(95, 106, 121)", "rgb(72, 83, 95)"),
    },
    "dark": {
        "INFO": (NOTHING, NOTHING, "rgb(139, 151, 164)", "rgb(217, 223, 230)"),
        "WARNING": ("rgb(30, 28, 25)", "rgb(197, 138, 30)", "rgb(227, 181, 92)", "rgb(217, 223, 230)"),
        "ERROR": ("rgb(33, 26, 29)", "rgb(226, 89, 78)", "rgb(255, 147, 138)", "rgb(217, 223, 230)"),
        "CRITICAL": ("rgb(33, 26, 29)", "rgb(226, 89, 78)", "rgb(255, 147, 138)", "rgb(217, 223, 230)"),
        "DEBUG": (NOTHING, NOTHING, "rgb(139, 151, 164)", "rgb(165, 176, 188)"),
    },
}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_row_of_each_level_has_its_own_colours(alone, theme):
    app = alone()
    app.open(ALL, theme=theme)

    colours = zip(
        app.styles(".lt-row", "background-color"),
        app.styles(".lt-row", "background-color", "::before"),
        app.styles(".lt-row .lt-lv", "color"),
        app.styles(".lt-row .lt-msg", "color"),
        strict=True,
    )

    assert dict(zip(LEVELS, colours, strict=True)) == ROWS[theme]
    assert app.styles(".lt-row .lt-lv", "font-weight") == ["400", "600", "600", "600", "400"]
    assert app.styles(".lt-row", "width", "::before") == ["3px"] * 5
    assert app.style(".lt-body", "background-color") == {
        "light": "rgb(255, 255, 255)", "dark": "rgb(20, 25, 30)",
    }[theme]  # fmt: skip


@pytest.mark.parametrize(("scheme", "colour"), [("light", "rgb(254, 244, 243)"), ("dark", "rgb(33, 26, 29)")])
def test_without_a_theme_of_the_page_it_is_the_system_s(alone, scheme, colour):
    app = alone(color_scheme=scheme)
    app.open(entry("ERROR"))

    assert app.style(".lt-row", "background-color") == colour


def test_the_lines_of_a_traceback_belong_to_its_error_and_its_last_one_names_it(alone):
    app = alone()
    app.open(
        entry("ERROR", "shop.views failed")
        + "Traceback (most recent call last):\n"
        + '  File "shop/views.py", line 5, in pay\n'
        + "ValueError: no card\n"
        + entry("INFO"),
        theme="light",
    )

    classes = app.page.locator(".lt-row").evaluate_all("(rows) => rows.map((row) => row.className)")
    assert classes == ["lt-row", "lt-row lt-cont", "lt-row lt-cont", "lt-row lt-cont lt-last", "lt-row"]
    assert app.styles(".lt-row", "background-color") == ["rgb(254, 244, 243)"] * 4 + [NOTHING]
    assert app.styles(".lt-row .lt-msg", "color") == [
        "rgb(26, 33, 43)", "rgb(72, 83, 95)", "rgb(72, 83, 95)", "rgb(179, 38, 30)", "rgb(26, 33, 43)",
    ]  # fmt: skip


def test_the_levels_are_counted_and_have_the_colours_of_their_rows(alone):
    app = alone()
    app.open(ALL, theme="light")

    names = app.page.locator(".lt-level").all_inner_texts()
    assert [name.split() for name in names] == [
        ["Error", "2"],
        ["Warning", "1"],
        ["Info", "1"],
        ["Debug", "1"],
    ]
    assert app.styles(".lt-level i", "background-color") == [
        "rgb(217, 70, 60)", "rgb(220, 154, 31)", "rgb(141, 151, 165)", "rgb(205, 211, 220)",
    ]  # fmt: skip


def test_a_level_that_is_turned_off_is_struck_through_and_its_rows_are_gone_and_come_back(alone):
    app = alone()
    page = app.open(ALL)
    rows = page.locator(".lt-row")
    button = page.locator('.lt-level[data-lv="E"]')

    button.click()
    expect(rows).to_have_count(3)
    page.mouse.move(5, 690)
    off = button.evaluate("(one) => getComputedStyle(one).textDecorationLine")
    button.click()
    expect(rows).to_have_count(5)

    assert off == "line-through"
    assert button.evaluate("(one) => getComputedStyle(one).textDecorationLine") == "none"


OK = ("rgb(20, 114, 74)", "rgb(230, 244, 236)", "rgb(31, 157, 104)")
CAUTION = ("rgb(133, 83, 0)", "rgb(253, 243, 221)", "rgb(220, 154, 31)")
DANGER = ("rgb(179, 38, 30)", "rgb(251, 233, 231)", "rgb(217, 70, 60)")
IDLE = ("rgb(72, 83, 95)", "rgb(236, 238, 242)", "rgb(141, 151, 165)")


@pytest.mark.parametrize(
    ("state", "chip", "colours", "radius"),
    [
        ("live", "Live", OK, "50%"),
        ("waiting", "Connecting", IDLE, "50%"),
        ("missing", "File missing", CAUTION, "50%"),
        ("unreadable", "Unreadable", CAUTION, "50%"),
        ("stalled", "File not responding", CAUTION, "50%"),
        ("no-reader", "No reader", CAUTION, "50%"),
        ("no-redis", "No reader", CAUTION, "50%"),
        ("stopped", "Ended by admin", DANGER, "2px"),
    ],
)
def test_each_state_of_a_log_has_its_word_and_colours(alone, state, chip, colours, radius):
    app = alone()
    app.open(ALL, theme="light")
    app.is_(state, reason="why")
    expect(app.page.locator(".lt-state-text")).to_have_text(chip)
    settle(app.page)

    seen = (
        app.style(".lt-state", "color"),
        app.style(".lt-state", "background-color"),
        app.style(".lt-state i", "color"),
    )
    assert seen == colours
    assert app.style(".lt-state .lt-dot", "border-radius") == radius


def test_a_paused_page_says_when_and_what_waits_and_shows_it_when_it_goes_on(alone):
    app = alone()
    page = app.open(ALL, theme="light")

    page.locator(".lt-pausebtn").click()
    app.writes(entry("INFO") * 3)
    expect(page.locator(".lt-tail-text")).to_contain_text("3 new lines")
    paused = (
        app.text(".lt-state-text"),
        app.style(".lt-state", "color"),
        app.style(".lt-state .lt-dot", "border-radius"),
    )
    rows = page.locator(".lt-row").count()
    button = page.locator(".lt-pausebtn").inner_text()
    page.locator(".lt-pausebtn").click()
    expect(page.locator(".lt-row")).to_have_count(8)

    assert paused == ("Paused", IDLE[0], "2px")
    assert (rows, button) == (5, "Resume")
    assert page.locator(".lt-pausebtn").inner_text() == "Pause"


def drawn_times(app):
    """What is drawn in place of each written time."""
    return [
        said.strip('"').split('"')[0]
        for said in app.styles(".lt-row .lt-ts", "content", "::before")
        if said != "none"
    ]


def test_times_are_drawn_short_as_written_as_what_passed_or_not_at_all(alone):
    app = alone()
    page = app.open(
        entry("INFO", at="10:00:00,000")
        + entry("INFO", at="10:00:00,250")
        + entry("ERROR", at="10:01:02,250")
        + entry("INFO", at="10:01:01,250")
    )
    button = page.locator('[data-act="time"]').first

    compact = button.inner_text(), drawn_times(app), app.style(".lt-ts", "font-size")
    button.click()
    settle(page)
    raw = (
        button.inner_text(),
        app.styles(".lt-ts", "content", "::before")[0],
        app.style(".lt-ts", "font-size"),
        app.text(".lt-ts"),
    )
    button.click()
    settle(page)
    relative = button.inner_text(), drawn_times(app)
    button.click()
    settle(page)
    age = button.inner_text(), drawn_times(app)
    button.click()
    settle(page)
    hidden = button.inner_text(), app.style(".lt-ts", "display")
    button.click()

    assert compact == ("Time only", ["10:00:00.000", "10:00:00.250", "10:01:02.250", "10:01:01.250"], "0px")
    assert raw == ("As written", "none", "12.5px", "2026-08-24 10:00:00,000")
    assert relative[0] == "Relative"
    assert [time.strip() for time in relative[1]] == ["+0.000s", "+0.250s", "+62.000s", "-1.000s"]
    assert age[0] == "Age"
    assert {bool(re.fullmatch(r" *-?\d+d", one)) for one in age[1]} == {True}
    assert hidden == ("No time", "none")
    assert button.inner_text() == "Time only"


def test_a_new_day_is_named_between_the_lines_and_the_same_day_is_not_named_again(alone):
    app = alone()
    page = app.open(
        entry("INFO", day="2026-08-24") * 2
        + entry("INFO", day="2026-08-25") * 2
        + entry("INFO", day="2026-09-01")
    )

    assert page.locator('.lt-mark[data-kind="day"]').all_inner_texts() == [
        "Monday, August 24, 2026", "Tuesday, August 25, 2026", "Tuesday, September 1, 2026",
    ]  # fmt: skip
    kinds = page.locator(".lt-window > *").evaluate_all(
        "(all) => all.map((one) => one.dataset.kind ?? 'line')"
    )
    assert kinds == ["day", "line", "line", "day", "line", "line", "day", "line"]
    assert app.style(".lt-mark", "height") == "32px"


@pytest.mark.parametrize(
    ("theme", "text", "flag", "warning", "error"),
    [
        ("light", "rgb(26, 33, 43)", "rgb(27, 99, 133)", "rgb(133, 83, 0)", "rgb(179, 38, 30)"),
        ("dark", "rgb(217, 223, 230)", "rgb(121, 191, 224)", "rgb(227, 181, 92)", "rgb(255, 147, 138)"),
    ],
)
def test_the_flag_of_a_note_is_coloured_and_its_text_only_if_it_warns(
    alone, theme, text, flag, warning, error
):
    app = alone()
    page = app.open("a line\n", theme=theme)

    for level in ("info", "warning", "error"):
        app.event("note", text=f"deploy {level}", level=level, at=1_700_000_000.5)
    expect(page.locator(".lt-mark")).to_have_count(3)

    assert app.styles(".lt-mark > span", "color") == [text, warning, error]
    assert app.styles(".lt-mark > svg", "color") == [flag, warning, error]
    assert [text.split() for text in page.locator(".lt-mark").all_inner_texts()] == [
        ["22:13:20", "deploy", level] for level in ("info", "warning", "error")
    ]


def test_a_long_note_is_read_whole_and_moves_no_line_over_another(alone):
    app = alone(1024)
    page = app.open("one\n")

    app.event("note", text="The shop is closed for an hour. " * 20, level="info", at=1_700_000_000.5)
    app.writes("two\n")
    app.shows(2)

    note, after = app.box(".lt-mark"), app.box(".lt-row", 1)
    scrolled, seen = page.locator(".lt-mark > span").evaluate("(one) => [one.scrollWidth, one.clientWidth]")
    assert scrolled == seen
    assert note["height"] > 60
    assert after["y"] == note["bottom"]


def test_what_happened_to_the_file_is_said_where_it_happened(alone):
    app = alone()
    page = app.open("one\n")

    before = {"file": "f", "offset": app.at}
    app.says("event", kind="rotated", file="g", offset=0, before=before, name="app.log.1")
    app.file, app.at = "g", 0
    app.writes("two\n")
    app.says("gap", file="g", start=4, end=5004, reason="slow")
    app.at = 5004
    app.writes("three\n")
    before = {"file": "g", "offset": app.at}
    app.says("event", kind="truncated", file="h", offset=0, before=before, old_size=5010, to=0)
    app.file, app.at = "h", 0
    app.writes("four\n")
    app.shows(4)

    said = page.locator(".lt-window > *").evaluate_all(
        "(all) => all.map((one) => one.classList.contains('lt-mark') ? one.dataset.kind : one.textContent.trim())"
    )
    assert said == ["one", "rotated", "two", "gap", "three", "truncated", "four"]
    texts = page.locator(".lt-mark").all_inner_texts()
    assert "app.log.1" in texts[0]
    assert "5.0 kB" in texts[1]
    assert "Load" in texts[1]
    assert app.style('.lt-mark[data-kind="gap"]', "color") == "rgb(133, 83, 0)"
    assert app.style('.lt-mark[data-kind="rotated"]', "color") == "rgb(72, 83, 95)"


@pytest.mark.parametrize(
    ("size", "height", "font"), [("s", 17, "11.5px"), ("m", 20, "12.5px"), ("l", 23, "14px")]
)
def test_rows_stand_below_each_other_in_the_height_of_their_size(alone, size, height, font):
    app = alone()
    page = app.open(ALL * 4)
    page.locator("log-tail").evaluate(f"(one) => {{ one.dataset.size = '{size}'; }}")
    settle(page)

    boxes = page.locator(".lt-row").evaluate_all(
        "(rows) => rows.map((row) => row.getBoundingClientRect()).map(({top, bottom}) => [top, bottom])"
    )
    assert [round(bottom - top, 2) for top, bottom in boxes] == [height] * 20
    assert app.style(".lt-row", "font-size") == font


@pytest.mark.parametrize("width", [1440, 900, 700, 500, 360])
def test_the_parts_of_a_pane_overlap_nowhere_and_fill_it(alone, width):
    app = alone(width=width)
    page = app.open(ALL * 40)
    head, bar, body, status = (app.box(part) for part in (".lt-head", ".lt-bar", ".lt-body", ".lt-status"))
    view, ruler = app.box(".lt-view"), app.box(".lt-ruler")

    assert 0 <= head["y"] <= 1
    assert head["bottom"] <= bar["y"] + 0.5
    assert bar["bottom"] <= body["y"] + 0.5
    assert body["bottom"] <= status["y"] + 0.5
    assert 698 <= status["bottom"] <= 701.5  # the pane has a border of its own here
    assert body["height"] > 400
    assert view["right"] <= ruler["x"] + 0.5
    assert ruler["right"] <= width + 0.5
    assert page.evaluate("document.documentElement.scrollWidth") <= width

    seen = page.locator(".lt-head > *, .lt-head .lt-actions > *").evaluate_all(
        """(all) => all.filter((one) => one.offsetWidth && !one.matches('.lt-grow, .lt-actions'))
          .map((one) => one.getBoundingClientRect()).map(({left, right}) => [left, right])"""
    )
    assert all(right <= left + 0.5 for (_, right), (left, _) in itertools.pairwise(seen))


def test_the_rate_is_filled_from_the_times_of_the_backlog(alone):
    app = alone(is_own=True)
    now = datetime.datetime.now(datetime.timezone.utc)
    # However long the page takes to open.
    app.page.clock.set_fixed_time(now)
    page = app.open("".join(f"{now:%Y-%m-%d %H:%M:%S}Z INFO shop line {n}\n" for n in range(8)))
    app.is_("live", size=1_000)
    tail(page, "tail.drawing.tick()")

    columns = page.locator(".lt-spark path").get_attribute("d")
    assert columns.count("h2v13h-2z") == 1
    assert columns.count("h2v1h-2z") == 23


def test_the_status_bar_counts_in_words_and_units(alone):
    app = alone()
    page = app.open(ALL, start=1_234_000)
    app.is_("live", size=2_500_000)
    expect(page.locator(".lt-size")).to_have_text("2.5 MB")
    tail(page, "tail.drawing.tick()")

    assert app.text(".lt-loaded") == "5 lines loaded"
    assert app.text(".lt-off") == "@ 1,234,250"
    assert app.text(".lt-rate") == "0 lines/s"
    assert app.text(".lt-encoding") == "UTF-8"
    assert app.text('[data-act="togglefollow"]') == "Following"
    assert app.text('[data-act="wrap"]') == "No wrap"


def test_one_line_is_one_line(alone):
    app = alone()
    app.open("one\n")

    assert app.text(".lt-loaded") == "1 line loaded"


def test_who_looks_up_is_told_what_came_below_and_the_button_leads_there(alone):
    app = alone()
    page = app.open(ALL * 40)
    page.locator(".lt-view").hover()
    page.mouse.wheel(0, -800)
    expect(page.locator('[data-act="togglefollow"]')).to_have_text("Not following")

    app.writes(entry("INFO") * 3 + entry("ERROR"))
    expect(page.locator(".lt-pill-n")).to_have_text("4 new lines")
    errors = page.locator(".lt-pill-e")
    said, colour = errors.inner_text(), app.style(".lt-pill-e", "color")
    pill, body = app.box(".lt-pill"), app.box(".lt-body")
    page.locator(".lt-pill").click()
    expect(page.locator(".lt-pill")).to_be_hidden()
    settle(page)

    assert said == "1 error"
    assert colour == "rgb(179, 38, 30)"
    assert abs((pill["x"] + pill["right"]) / 2 - (body["x"] + body["right"] - 12) / 2) < 2
    assert pill["bottom"] < body["bottom"]
    view, last = app.box(".lt-view"), app.page.locator(".lt-row").last.bounding_box()
    assert view["y"] < last["y"] < view["bottom"]
    assert app.text('[data-act="togglefollow"]') == "Following"


def test_nothing_is_counted_while_more_lines_wait_on_the_server(alone):
    app = alone()
    page = app.open(ALL * 40)
    page.locator(".lt-view").hover()
    page.mouse.wheel(0, -800)
    expect(page.locator('[data-act="togglefollow"]')).to_have_text("Not following")
    app.writes(entry("INFO") + entry("ERROR"))
    expect(page.locator(".lt-pill")).to_have_text("2 new lines1 error")

    tail(page, "tail.follow.hold()")
    assert page.locator(".lt-pill").inner_text() == "Back to live"
    app.writes(entry("ERROR"))
    until(page, "tail.incoming.unseen === 3")
    page.wait_for_timeout(80)
    expect(page.locator(".lt-pill")).to_have_text("Back to live")
    page.locator(".lt-pill").click()
    expect(page.locator(".lt-pill")).to_be_hidden()


#: For each theme the colours of the sixteen roles.
ANSI = {
    "light": [
        "rgb(26, 33, 43)", "rgb(179, 38, 30)", "rgb(20, 114, 74)", "rgb(133, 83, 0)",
        "rgb(31, 95, 191)", "rgb(138, 63, 160)", "rgb(15, 110, 120)", "rgb(72, 83, 95)",
        "rgb(95, 106, 121)", "rgb(197, 53, 43)", "rgb(26, 127, 84)", "rgb(143, 92, 0)",
        "rgb(43, 107, 203)", "rgb(154, 79, 176)", "rgb(17, 120, 131)", "rgb(26, 33, 43)",
    ],
    "dark": [
        "rgb(124, 136, 148)", "rgb(255, 147, 138)", "rgb(90, 200, 151)", "rgb(227, 181, 92)",
        "rgb(132, 180, 245)", "rgb(207, 155, 230)", "rgb(104, 199, 207)", "rgb(165, 176, 188)",
        "rgb(139, 151, 164)", "rgb(255, 170, 162)", "rgb(125, 218, 176)", "rgb(239, 201, 127)",
        "rgb(163, 199, 249)", "rgb(222, 184, 239)", "rgb(139, 216, 222)", "rgb(238, 242, 246)",
    ],
}  # fmt: skip


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_of_the_log_are_roles_of_the_theme(alone, theme):
    codes = [*range(30, 38), *range(90, 98)]
    app = alone()
    app.open("".join(f"\x1b[{code}mword\x1b[0m\n" for code in codes), theme=theme)

    assert app.styles(".lt-msg span", "color") == ANSI[theme]


def test_weights_and_lines_of_the_log_are_drawn_and_end_where_it_says(alone):
    app = alone()
    page = app.open(
        "\x1b[1mbold\x1b[22m\x1b[3mitalic\x1b[23m\x1b[4munder\x1b[24m\x1b[9mstruck\x1b[29mplain\n"
    )

    seen = {
        word.inner_text(): word.evaluate(
            "(one) => { const s = getComputedStyle(one); return [s.fontWeight, s.fontStyle, s.textDecorationLine]; }"
        )
        for word in page.locator(".lt-msg span").all()
    }
    assert seen == {
        "bold": ["600", "normal", "none"],
        "italic": ["400", "italic", "none"],
        "under": ["400", "normal", "underline"],
        "struck": ["400", "normal", "line-through"],
    }
    assert page.locator(".lt-msg").inner_text() == "bolditalicunderstruckplain"


def test_characters_that_hide_or_reorder_are_shown_by_their_number(alone):
    app = alone()
    page = app.open("pay\u202eexe.jpg \x07 tab\tend\n", theme="light")

    assert page.locator(".lt-ctl").all_inner_texts() == ["U+202E", "U+0007"]
    assert app.style(".lt-ctl", "color") == "rgb(138, 63, 160)"
    assert app.style(".lt-row", "direction") == "ltr"


@pytest.mark.parametrize(
    ("theme", "match", "current"),
    [("light", "rgb(255, 229, 140)", "rgb(255, 176, 32)"), ("dark", "rgb(94, 74, 8)", "rgb(224, 160, 33)")],
)
def test_matches_are_marked_and_counted_and_the_current_one_is_another_colour(alone, theme, match, current):
    app = alone()
    page = app.open("needle one\nhay\nneedle two\nneedle three\n", theme=theme)

    page.locator(".lt-q").fill("NEEDLE")
    expect(page.locator(".lt-hit")).to_have_count(3)
    expect(page.locator(".lt-matchtext")).to_contain_text("3")
    colours = app.styles(".lt-hit", "background-color")

    assert sorted(colours) == sorted([match, match, current])
    assert page.locator(".lt-hit").all_inner_texts() == ["needle"] * 3
    page.locator(".lt-q").fill("nothing of that")
    expect(page.locator(".lt-matchtext")).to_have_text("No matches")


@pytest.mark.parametrize(
    ("sought", "found"), [("1.5", ["1.5"]), ("(x", ["(x"]), ("a+b", ["a+b"]), ("[", ["["])]
)
def test_what_is_sought_is_a_text_and_no_expression(alone, sought, found):
    app = alone()
    page = app.open("took 1.5 s\ntook 1x5 s\nf(x)\na+b\naab\n[1]\n")

    page.locator(".lt-q").fill(sought)
    expect(page.locator(".lt-hit")).to_have_count(len(found))

    assert page.locator(".lt-hit").all_inner_texts() == found


def test_only_matching_lines_are_shown_or_all_but_those(alone):
    app = alone()
    page = app.open("needle one\nhay\nneedle two\n")
    page.locator(".lt-q").fill("needle")
    expect(page.locator(".lt-hit")).to_have_count(2)

    page.locator('[data-act="only"]').click()
    expect(page.locator(".lt-row")).to_have_count(2)
    only = page.locator(".lt-row .lt-msg").all_inner_texts()
    page.locator('[data-act="invert"]').click()
    expect(page.locator(".lt-row .lt-msg")).to_have_text(["hay"])

    assert only == ["needle one", "needle two"]


def test_a_line_that_is_not_whole_is_shown_and_replaced_when_it_is(alone):
    app = alone()
    page = app.open("one\n")

    app.writes("beginn", partial=True)
    expect(page.locator(".lt-row .lt-msg")).to_have_text(["one", "beginn"])
    app.writes("beginning\n")
    expect(page.locator(".lt-row .lt-msg")).to_have_text(["one", "beginning"])


def test_a_late_line_is_paler(alone):
    app = alone()
    page = app.open("one\n")
    before = {"file": "f", "offset": app.at}
    app.says("event", kind="rotated", file="g", offset=0, before=before, name="app.log.1")
    app.file, app.at = "g", 0
    app.writes("two\n")
    app.file, app.at = "f", 4
    app.writes("late\n", late=True)
    expect(page.locator(".lt-row")).to_have_count(3)

    shown = dict(
        zip(page.locator(".lt-row .lt-msg").all_inner_texts(), app.styles(".lt-row", "opacity"), strict=True)
    )
    assert shown == {"one": "1", "two": "1", "late": "0.75"}


def test_a_very_long_line_is_cut_and_shown_whole_when_asked(alone):
    app = alone()
    page = app.open("x" * 4000 + "\n" + "y" * 4001 + "\n")

    lengths = [len(text) for text in page.locator(".lt-row .lt-msg").all_inner_texts()]
    expect(page.locator('.lt-row [data-act="whole"]')).to_have_count(1)
    page.locator('.lt-row [data-act="whole"]').click()
    expect(page.locator('.lt-row [data-act="whole"]')).to_have_count(0)

    assert lengths == [4000, 4000]
    assert [len(text) for text in page.locator(".lt-row .lt-msg").all_inner_texts()] == [4000, 4001]


def test_an_empty_file_says_so_and_no_longer_once_it_has_lines(alone):
    app = alone()
    page = app.open("")
    expect(page.locator(".lt-empty h3")).to_have_text("This file is empty")

    app.writes("one\n")
    app.is_("live")
    expect(page.locator(".lt-empty")).to_be_hidden()
    expect(page.locator(".lt-row")).to_have_count(1)


def test_what_is_no_text_is_shown_only_when_asked(alone):
    app = alone()
    page = app.open(bytes(range(32)) * 40 + b"\n")
    expect(page.locator(".lt-empty h3")).to_have_text("This does not look like text")

    page.locator('[data-act="showbinary"]').click()

    expect(page.locator(".lt-empty")).to_be_hidden()


def test_what_the_file_had_above_is_said_with_its_size(alone):
    app = alone()
    page = app.open(ALL, start=5_000)
    above = app.text(".lt-top")

    beginning = alone()
    beginning.open(ALL)

    assert "5.0 kB" in above
    assert page.locator('.lt-top [data-act="earlier"]').count() == 1
    assert (
        "Start of the file" in beginning.text(".lt-top") or "beginning" in beginning.text(".lt-top").lower()
    )


def test_an_end_is_said_and_what_can_be_done(alone):
    app = alone()
    page = app.open(ALL)

    app.says("end", reason="no-access", text="Your access to this log has ended.", may_retry=False)
    app._socket.close(code=4403, reason="no-access")
    expect(page.locator(".lt-state-text")).to_have_text("No access")

    expect(page.locator(".lt-empty h3")).to_have_text("You no longer have access to this log")
    assert app.style(".lt-state", "color") == DANGER[0]
    assert page.locator(".lt-row").count() == 0


def test_stopping_says_so_on_the_socket_and_on_the_page(alone):
    app = alone()
    page = app.open(ALL)

    page.locator(".lt-stopbtn").click()
    expect(page.locator(".lt-state-text")).to_have_text("Stopped")

    assert app.text(".lt-tail-text") == "You stopped watching this log."
    assert "stop" in [message["type"] for message in app.heard]
    assert app.style(".lt-state .lt-dot", "border-radius") == "2px"


def test_the_strip_beside_the_log_has_the_colours_of_errors_and_warnings(alone):
    app = alone()
    page = app.open(entry("ERROR") + entry("INFO") * 300 + entry("WARNING"), theme="light")
    page.wait_for_timeout(400)  # it is drawn some times a second
    tail(page, "tail.ruler.draw()")

    colours = page.locator(".lt-ruler").evaluate(
        """(canvas) => {
          const paper = canvas.getContext('2d');
          const column = [...Array(canvas.height).keys()].map((y) => [...paper.getImageData(6, y, 1, 1).data]);
          const isBad = ([red, green, blue, alpha]) => alpha && red > green + 40;
          return [column.find(isBad), column.findLast(isBad)];
        }"""
    )
    assert colours[0] == [217, 70, 60, 255]
    assert colours[1][0] > 200
    assert 130 < colours[1][1] < 200  # the warning's, over what is behind it


def test_nothing_is_drawn_after_the_words_that_a_line_is_cut(alone):
    app = alone(width=1440)
    page = app.open(entry("ERROR", "shop " + "x" * 6000) + entry("INFO", "y" * 5000), theme="light")
    view = page.locator(".lt-view")

    def ends():
        return page.locator(".lt-row").evaluate_all(
            """(rows) => rows.map((row) => {
              const { right, top, height } = row.querySelector('.lt-extra').getBoundingClientRect();
              const view = row.closest('.lt-view');
              const edge = view.getBoundingClientRect().left + view.clientWidth;
              const last = document.elementFromPoint(edge - 2, top + height / 2);
              return [Math.round(edge - right), last.closest('.lt-extra, .lt-msg')?.className];
            })"""
        )

    assert ends() == [[0, "lt-extra"]] * 2
    assert app.styles(".lt-extra", "background-color") == ["rgb(255, 255, 255)"] * 2
    # What shows through is the colour of the row.
    assert "rgb(254, 244, 243)" in app.style(".lt-extra", "background-image")
    view.evaluate("(view) => { view.scrollLeft = 1e7; }")
    settle(page)
    text = page.locator(".lt-row .lt-msg").first.bounding_box()
    assert text["x"] + text["width"] <= app.box(".lt-extra")["x"]


def test_lines_wrap_when_asked_and_then_take_the_rows_they_need(alone):
    app = alone(width=800)
    page = app.open(entry("INFO", "word " * 60))

    one = app.box(".lt-row")["height"]
    page.locator('[data-act="wrap"]').first.click()
    settle(page)

    assert one == 20
    assert app.text('[data-act="wrap"]') == "Wrap"
    assert app.box(".lt-row")["height"] >= 60
    assert page.locator(".lt-view").evaluate("(view) => view.scrollWidth <= view.clientWidth")


CONTINUED = {
    "level first": ("ERROR Internal Server Error: /orders/\n", "INFO ready\n"),
    "uvicorn": ("ERROR:    Exception in ASGI application\n", "INFO:     ready\n"),
    "time only": ("2026-08-24 10:00:00 web1 shop[1]: failed\n", "2026-08-24 10:00:00 web1 shop[1]: ready\n"),
}
TRACEBACK = 'Traceback (most recent call last):\n  File "/srv/a.py", line 1, in run\nValueError: no\n'


@pytest.mark.parametrize("kind", ["level first", "uvicorn"])
@pytest.mark.parametrize("time", ["compact", "hidden"])
def test_lines_of_an_entry_continue_at_its_text_even_without_a_time(alone, kind, time):
    error, plain = CONTINUED[kind]
    app = alone()
    page = app.open(plain * 5 + error + TRACEBACK + plain)
    tail(page, f"tail.viewOptions.setTime('{time}')")
    settle(page)

    lefts = page.evaluate(
        """() => [...document.querySelectorAll('.lt-window > .lt-row')].slice(5, 7).map((row) => {
          const range = document.createRange();
          range.selectNodeContents(row.querySelector('.lt-msg'));
          return range.getBoundingClientRect().left;
        })"""
    )

    assert abs(lefts[0] - lefts[1]) < 1


def test_lines_that_their_program_has_aligned_are_not_moved(alone):
    app = alone()
    page = app.open("info: Shop.Server[13]\n      ready\n" * 5)

    left = page.locator(".lt-row .lt-gut").first.bounding_box()["x"]
    character = tail(page, "tail.rows.character")
    drawn = page.locator(".lt-cont .lt-text").first.bounding_box()["x"]
    assert drawn - left == pytest.approx(app.box(".lt-row .lt-lv")["x"] - left, abs=1)
    assert page.locator(".lt-cont .lt-text").first.inner_text() == "      ready"
    assert character > 5
    # The message is in the second line, and as bright as any other; what follows is not.
    app.open_again("fail: Shop.Server[13]\n      failed\n      at Shop.Pay()\n" * 5)
    assert app.style(".lt-cont .lt-text", "color") == app.style(".lt-row", "color")
    assert app.style(".lt-cont .lt-msg", "color") != app.style(".lt-row", "color")
    assert app.text(".lt-cont .lt-msg") == "      at Shop.Pay()"


def test_only_the_message_has_full_contrast(alone):
    app = alone()
    app.open("INFO 2026-08-24 10:00:00,000 views 4123 140123 order received\n" * 3, theme="light")

    assert app.text(".lt-msg") == "order received"
    assert app.style(".lt-msg", "color") == "rgb(26, 33, 43)"
    assert set(app.styles(".lt-row > :is(.lt-sep, .lt-src, .lt-ts, .lt-lv)", "color")) == {
        "rgb(95, 106, 121)"
    }


POSTGRES = "2026-08-24 10:00:00.000 UTC [4123] shop@shop "


def test_a_statement_does_not_repeat_the_prefix_unless_it_is_found_there_or_times_are_as_written(alone):
    app = alone()
    page = app.open(f"{POSTGRES}ERROR:  division by zero\n{POSTGRES}STATEMENT:  SELECT 1 / 0\n" * 4)
    repeated = ".lt-cont .lt-again"

    assert app.styles(repeated, "font-size") == ["0px"] * 4
    assert app.text(".lt-cont .lt-msg") == "STATEMENT:  SELECT 1 / 0"
    assert page.locator(".lt-cont").first.inner_text() == f"{POSTGRES}STATEMENT:  SELECT 1 / 0"
    page.locator(".lt-q").fill("4123")
    expect(page.locator(".lt-hit").first).to_be_visible()
    assert page.locator(repeated).count() == 0
    page.locator(".lt-q").fill("")
    expect(page.locator(".lt-hit")).to_have_count(0)
    tail(page, "tail.viewOptions.setTime('raw')")
    settle(page)
    assert app.styles(repeated, "font-size") == ["12.5px"] * 4


def test_times_are_drawn_in_the_zone_of_the_reader_or_in_utc_if_they_choose_so(alone):
    app = alone(timezone_id="Asia/Shanghai")
    page = app.open(
        "2026-08-24T10:00:00.250Z INFO shop: a\n"
        "2026-08-24T20:00:00+02:00 INFO shop: b\n"
        "2026-08-24T01:00:00+08:00 INFO shop: c\n"
    )
    as_written = drawn_times(app)

    def choose(label):
        page.locator(".lt-settingsbtn, [data-act='settings']").first.click()
        page.get_by_role("group", name="Time zone").get_by_role("button", name=label).click()
        page.keyboard.press("Escape")
        settle(page)
        return drawn_times(app), app.text('[data-act="time"]'), app.text('.lt-mark[data-kind="day"] span')

    assert as_written == ["10:00:00.250", "20:00:00", "01:00:00"]
    assert choose("My time") == (
        ["18:00:00.250", "08-25 02:00:00", "01:00:00"],
        "Time only · My time",
        "Monday, August 24, 2026, as written",
    )
    assert tail(page, "tail.view.zone") == "mine"
    assert choose("UTC") == (
        ["10:00:00.250", "18:00:00", "08-23 17:00:00"],
        "Time only · UTC",
        "Monday, August 24, 2026, as written",
    )
    tail(page, "tail.viewOptions.setTime('raw')")
    settle(page)
    assert drawn_times(app) == ["2026-08-24 10:00:00.250", "2026-08-24 18:00:00", "2026-08-23 17:00:00"]
    assert choose("As written") == ([], "As written", "Monday, August 24, 2026")


def test_a_time_without_a_zone_is_in_that_of_the_log(alone):
    app = alone()
    page = app.open(entry("INFO", at="10:00:00,000"), zone="America/New_York")
    tail(page, "tail.viewOptions.setZone('utc')")
    settle(page)

    assert drawn_times(app) == ["14:00:00.000"]


def test_ages_grow_while_one_looks(alone):
    app = alone(is_own=True)
    page = app.open()
    page.clock.set_fixed_time(1_787_000_000)
    tail(page, "tail.viewOptions.setTime('age')")
    app.writes("2026-08-17T20:53:10Z INFO shop: a\n")
    app.shows(1)
    before = drawn_times(app)
    page.clock.set_fixed_time(1_787_000_003)
    page.wait_for_function("() => document.querySelector('.lt-ts').dataset.t.trim() === '13s'")

    assert before == ["    10s"]


def test_a_selection_over_several_lines_has_no_holes(alone):
    app = alone()
    page = app.open(
        entry("INFO", "one") + entry("ERROR", "two") + entry("INFO", "three") + entry("INFO", "four")
    )

    def picked():
        return page.locator(".lt-row").evaluate_all(
            "(rows) => rows.map((row) => [...row.querySelectorAll('[data-picked]')].map((one) => one.className).join())"
        )

    page.evaluate(
        """() => {
          const [from, , to] = [...document.querySelectorAll('.lt-msg')].map((one) => one.firstChild);
          getSelection().setBaseAndExtent(from, 1, to, 2);
        }"""
    )
    settle(page)
    assert picked() == ["", "lt-ts,lt-lv lt-pad", "lt-ts,lt-lv lt-pad", ""]
    colour = app.style(".lt-ts[data-picked]", "background-color", "::before")
    assert colour == app.style(".lt-pad[data-picked]", "background-color") != "rgba(0, 0, 0, 0)"
    page.evaluate("() => getSelection().removeAllRanges()")
    settle(page)
    assert picked() == ["", "", "", ""]


def test_the_ring_of_the_focus_is_drawn_over_the_rows_and_lets_them_be_pressed(alone):
    app = alone()
    page = app.open(entry("ERROR") * 60)

    def ring(name):
        return app.style(".lt-body", name, "::after")

    assert ring("content") == "none"
    page.locator(".lt-view").focus()
    page.keyboard.press("End")
    assert (ring("outline-style"), ring("position"), ring("z-index")) == ("solid", "absolute", "2")
    assert ring("pointer-events") == "none"
    assert app.style(".lt-view", "outline-style") == "none"


def test_a_match_in_a_key_that_is_not_drawn_marks_its_value_in_formatted_lines(alone):
    app = alone()
    page = app.open(
        '{"time": "2026-08-24T10:00:00Z", "level": "info", "event": "mail sent", "to": "ann"}\n' * 2
    )

    for sought, marked in (("level", "INFO"), ("event", "mail sent"), ("to", "to=")):
        page.locator(".lt-q").fill(sought)
        expect(page.locator(".lt-hit")).to_have_text([marked, marked])
        shown = page.locator(".lt-row").first.inner_text().split()
        assert shown == ["2026-08-24T10:00:00Z", "INFO", "mail", "sent", "to=ann"]
    assert app.styles(".lt-ts", "background-color", "::before") == ["rgba(0, 0, 0, 0)"] * 2
    page.locator(".lt-q").fill("2026")
    expect(page.locator(".lt-ts[data-hit]")).to_have_count(2)
    assert app.styles(".lt-ts", "background-color", "::before") == app.styles(".lt-hit", "background-color")
    page.locator(".lt-q").fill("")
    expect(page.locator(".lt-ts[data-hit]")).to_have_count(0)
