"""Links, frames, heads of long entries, and what stays in place, as a person sees them. There is no server."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.alone import alone, origin, profiles, tabs
from tests.e2e.viewing import settle, tail, until

pytestmark = pytest.mark.browser
__all__ = ["alone", "origin", "profiles", "tabs"]

INFO = "2026-08-24 10:00:00,000 INFO     shop.views "
ERROR = "2026-08-24 10:00:01,000 ERROR    django.request failed\nTraceback (most recent call last):\n"
DJANGO = "/srv/shop/.venv/lib/python3.11/site-packages/django/"
LIBRARY = "".join(
    f'  File "{DJANGO}core/{name}.py", line {number}, in get\n    {name}()\n    ^^^^^\n'
    for number, name in enumerate(("base", "handler", "wsgi"), 1)
)
OWN = '  File "/srv/shop/orders/views.py", line 214, in pay\n    capture()\n'
END = "ValueError: no card\n"
SOURCE = {"SOURCE_URL": "https://git.example/shop/blob/main/{path}#L{line}", "SOURCE_ROOTS": ["/srv/shop"]}
TEXT3 = "rgb(95, 106, 121)"


@pytest.fixture
def sources(settings):
    settings.LOGTAIL = {**settings.LOGTAIL, **SOURCE}


def links_of(page):
    return page.locator(".lt-window .lt-a").evaluate_all(
        "(all) => all.map((one) => [one.textContent, one.getAttribute('href'), one.rel, one.target])"
    )


def rows_of(page):
    """What is read in each row: texts of lines, and of folded ones."""
    return page.locator(".lt-window > .lt-row").evaluate_all(
        """(all) => all.map((row) => [...row.querySelectorAll(':scope > :not(.lt-extra, .lt-gut, .lt-offer)')]
          .map((one) => one.textContent).join('').replace('\\u200b', ''))"""
    )


def test_an_address_is_a_dotted_link_that_leads_where_it_says_and_is_coloured_when_pointed_at(alone):
    app = alone()
    page = app.open(INFO + "see https://a.example/b?c=1, (and http://b.example/x).\n", theme="light")
    link = page.locator(".lt-a").first

    quiet = app.style(".lt-a", "color"), app.style(".lt-a", "text-decoration-style")
    link.hover()
    settle(page)
    pointed = app.style(".lt-a", "color"), app.style(".lt-a", "text-decoration-style")

    rel = "noopener noreferrer nofollow"
    assert links_of(page) == [
        ["https://a.example/b?c=1", "https://a.example/b?c=1", rel, "_blank"],
        ["http://b.example/x", "http://b.example/x", rel, "_blank"],
    ]
    assert quiet == (app.style(".lt-msg", "color"), "dotted")
    assert app.style(".lt-a", "text-decoration-color", nth=1) == TEXT3
    assert pointed == ("rgb(27, 99, 133)", "solid")
    assert app.text(".lt-msg").strip() == "see https://a.example/b?c=1, (and http://b.example/x)."


def test_what_would_lead_elsewhere_than_it_says_stays_text(alone):
    app = alone()
    texts = [
        "javascript:alert(1)",
        "https://user:password@a.example/",
        "https://good.example@evil.example/",
        "https://\u0430pple.example/",
        "https://a.example/\u202egpj.exe",
        "data:text/html,<script>alert(1)</script>",
    ]
    page = app.open("".join(f"{INFO}{text}\n" for text in texts))

    assert links_of(page) == []
    assert page.locator(".lt-window a").count() == 0
    assert rows_of(page)[0].endswith("javascript:alert(1)")


def test_a_press_opens_the_address_in_another_tab_that_cannot_reach_this_one(alone):
    app = alone()
    page = app.open(INFO + "see https://a.example/b\n")
    page.context.route(
        "https://a.example/**", lambda route: route.fulfill(body="there", content_type="text/html")
    )

    with page.context.expect_page() as opened:
        page.locator(".lt-a").click()

    other = opened.value
    other.wait_for_load_state()
    assert other.url == "https://a.example/b"
    assert other.evaluate("[window.opener, document.referrer]") == [None, ""]
    other.close()


def test_drawing_along_a_link_selects_its_text_and_opens_nothing(alone):
    app = alone()
    page = app.open(INFO + "see https://a.example/b then\n")
    box = app.box(".lt-a")
    middle = box["y"] + box["height"] / 2

    page.mouse.move(box["x"] + 2, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + 40, middle, steps=4)
    page.mouse.move(box["right"] - 10, middle, steps=4)
    page.mouse.up()

    assert page.evaluate("getSelection().toString()").startswith("https://a.exam")
    assert len([one for one in page.context.pages if "a.example" in one.url]) == 0
    assert page.url.startswith(app.origin)


def test_what_is_found_is_marked_inside_a_link(alone):
    app = alone()
    page = app.open(INFO + "see https://a.example/orders/7\n", theme="light")

    page.locator(".lt-q").fill("orders")
    expect(page.locator(".lt-a .lt-hit")).to_have_text("orders")

    assert links_of(page)[0][:2] == ["https://a.example/orders/7"] * 2
    assert app.text(".lt-msg").strip() == "see https://a.example/orders/7"


def test_the_settings_turn_links_off_for_all(alone, settings):
    settings.LOGTAIL = {**settings.LOGTAIL, "LINKS": False}
    app = alone()
    page = app.open(INFO + "see https://a.example/b\n")
    page.locator('[data-act="settings"]').click()

    assert links_of(page) == []
    assert page.get_by_role("switch", name="Links in lines").count() == 0


def test_a_person_turns_links_off_in_the_view_options(alone):
    app = alone()
    page = app.open(INFO + "see https://a.example/b\n")

    page.locator('[data-act="settings"]').click()
    page.get_by_role("switch", name="Links in lines").click()
    expect(page.locator(".lt-a")).to_have_count(0)
    assert app.text(".lt-msg").strip() == "see https://a.example/b"
    page.get_by_role("switch", name="Links in lines").click()
    expect(page.locator(".lt-a")).to_have_count(1)


def test_a_frame_of_the_project_is_a_link_to_its_source(alone, sources):
    app = alone()
    page = app.open(ERROR + LIBRARY + OWN + '  File "/etc/passwd", line 1, in get\n' + END)

    rel = "noopener noreferrer nofollow"
    assert links_of(page) == [
        [
            '/srv/shop/orders/views.py", line 214',
            "https://git.example/shop/blob/main/orders/views.py#L214",
            rel,
            "_blank",
        ]
    ]
    assert page.locator(".lt-frame").get_attribute("title").endswith("orders/views.py#L214")


def test_frames_of_libraries_are_one_dim_line_that_opens_in_place_and_ends_following(alone):
    app = alone()
    page = app.open((INFO + "x\n") * 60 + ERROR + LIBRARY + OWN + END, theme="light")
    fold = page.locator(".lt-unfold")
    before = app.box(".lt-unfold")
    folded = rows_of(page)[-6:]
    colour = app.style(".lt-unfold", "color")

    fold.click()
    expect(page.locator(".lt-unfold")).to_have_count(0)
    settle(page)
    first = page.locator(".lt-row", has_text="base.py").bounding_box()
    opened = rows_of(page)[-14:]
    app.writes(INFO + "later\n")
    expect(page.locator(".lt-pill-n")).to_have_text("1 new line")
    page.locator(".lt-row", has_text="base.py").hover()
    page.get_by_role("button", name="Fold 3 frames").click()
    expect(page.locator(".lt-unfold")).to_have_count(1)

    assert [text.strip() for text in folded[-5:]] == [
        "Traceback (most recent call last):",
        "3 frames of django",
        'File "/srv/shop/orders/views.py", line 214, in pay',
        "capture()",
        "ValueError: no card",
    ]
    assert colour == TEXT3
    assert "\n".join(opened[-13:]) == ("Traceback (most recent call last):\n" + LIBRARY + OWN + END).rstrip(
        "\n"
    )
    assert abs(first["y"] - before["y"]) < 1.5
    assert app.text('[data-act="togglefollow"]') == "Not following"
    assert abs(app.box(".lt-unfold")["y"] - before["y"]) < 1.5


def test_following_goes_on_where_a_filter_leaves_nothing_to_scroll(alone):
    app = alone()
    page = app.open((INFO + "x\n") * 200 + ERROR + (INFO + "y\n") * 200)
    status, info = page.locator('[data-act="togglefollow"]'), page.locator(".lt-level[data-lv=I]")
    page.locator(".lt-view").hover()
    page.mouse.wheel(0, -1000)
    expect(status).to_have_text("Not following")

    info.click()
    expect(status).to_have_text("Following")
    app.writes(INFO + "hidden\n")
    app.writes(ERROR)
    until(page, "tail.lines === 405")
    settle(page)
    expect(page.locator(".lt-pill")).to_be_hidden()
    expect(status).to_have_text("Following")


def test_scrolling_down_at_the_end_goes_on_following_where_nothing_can_be_scrolled(alone):
    app = alone()
    page = app.open(INFO + "x\n" + ERROR)
    page.locator(".lt-view").focus()
    page.keyboard.press("k")
    status = page.locator('[data-act="togglefollow"]')
    expect(status).to_have_text("Not following")
    app.writes(INFO + "y\n")
    expect(page.locator(".lt-pill-n")).to_have_text("1 new line")

    page.locator(".lt-view").hover()
    page.mouse.wheel(0, 100)

    expect(status).to_have_text("Following")
    expect(page.locator(".lt-pill")).to_be_hidden()


def test_all_frames_are_shown_when_not_only_my_code_is_wanted(alone):
    app = alone()
    page = app.open(ERROR + LIBRARY + OWN + END)

    page.locator('[data-act="settings"]').click()
    page.get_by_role("switch", name="Only my code in tracebacks").click()
    expect(page.locator(".lt-unfold")).to_have_count(0)
    settle(page)

    assert "\n".join(rows_of(page)[1:]) == (
        "Traceback (most recent call last):\n" + LIBRARY + OWN + END
    ).rstrip("\n")


def test_a_match_in_folded_frames_opens_them(alone):
    app = alone()
    page = app.open(ERROR + LIBRARY + OWN + END)

    page.locator(".lt-q").fill("handler()")
    expect(page.locator(".lt-matchtext")).to_have_text("1 of 1")
    page.locator(".lt-q").press("Enter")

    expect(page.locator(".lt-hit-on")).to_have_text("handler()")
    assert page.locator(".lt-unfold").count() == 0


LONG = (
    ERROR
    + "".join(f'  File "/srv/shop/a{n}.py", line {n}, in get\n    code{n}()\n' for n in range(1, 61))
    + END
)


def test_the_head_of_an_entry_taller_than_the_view_stays_at_the_top_and_folds_it(alone):
    app = alone()
    page = app.open((INFO + "before\n") * 5 + LONG + (INFO + "after\n") * 50, theme="light")
    view = app.box(".lt-view")
    assert page.locator(".lt-stuck > *").count() == 0

    tail(page, "tail.rows.leave() || tail.rows.scroll.moveTo(5 * 20 + 32 + 30 * 20) || tail.rows.paint()")
    settle(page)
    stuck = app.box(".lt-stuck .lt-row")
    said = page.locator(".lt-unstick").inner_text()
    below = page.evaluate(
        """([x, y]) => document.elementFromPoint(x, y).closest('.lt-row').innerText.trim()""",
        [view["x"] + 200, view["y"] + 31],
    )
    text = page.locator(".lt-stuck .lt-msg").inner_text()
    page.locator(".lt-unstick").click()
    expect(page.locator(".lt-stuck > *")).to_have_count(0)
    settle(page)

    line, of = map(int, re.fullmatch(r"Line (\d+) of (\d+) · Fold", said).groups())
    assert of == 123
    assert LONG.splitlines()[line - 1].strip() == below
    assert (stuck["y"], stuck["height"]) == (view["y"], 21)
    assert text.strip() == "failed"
    head = page.locator(".lt-window .lt-row", has_text="django.request").bounding_box()
    assert abs(head["y"] - view["y"]) < 1.5
    assert page.locator(".lt-window .lt-row", has_text="122 more lines").count() == 1


def test_an_entry_that_is_seen_whole_has_no_head_at_the_top(alone):
    app = alone()
    page = app.open((INFO + "before\n") * 30 + ERROR + OWN * 5 + END + (INFO + "after\n") * 50)

    for at in range(400, 900, 60):
        tail(page, f"tail.rows.leave() || tail.rows.scroll.moveTo({at}) || tail.rows.paint()")
        settle(page)
        assert page.locator(".lt-stuck > *").count() == 0


def test_opening_a_line_while_following_ends_that_and_the_line_stays(alone):
    app = alone()
    line = '{"level": "error", "message": "no card", "user": %d, "path": "/pay/"}\n'
    page = app.open(line % 7 * 40 + line % 8 + line % 7 * 20)
    row = page.locator(".lt-window > .lt-row", has_text="user=8")
    before = row.bounding_box()["y"]

    row.hover()
    row.locator('[data-act="fields"]').click()
    settle(page)
    opened = row.bounding_box()
    app.writes('{"level": "error", "message": "later"}\n')
    expect(page.locator(".lt-pill-n")).to_have_text("1 new line")

    assert abs(opened["y"] - before) < 1.5
    assert opened["height"] > 40
    assert app.text('[data-act="togglefollow"]') == "Not following"
    page.locator(".lt-pill").click()
    expect(page.locator('[data-act="togglefollow"]')).to_have_text("Following")


def test_folding_at_the_end_of_the_log_leaves_the_line_where_it_is(alone):
    app = alone()
    page = app.open((INFO + "x\n") * 60 + ERROR + OWN * 10 + END)
    head = page.locator(".lt-window .lt-row", has_text="django.request")
    before = head.bounding_box()["y"]

    head.hover()
    page.locator(".lt-tools").get_by_role("button", name="Hide the other lines of this entry").click()
    expect(page.locator(".lt-window .lt-row", has_text="22 more lines")).to_have_count(1)
    head.hover()
    expect(page.locator('.lt-tools [data-act="fold"]')).to_have_attribute(
        "aria-label", "Show all lines of this entry"
    )
    settle(page)
    folded = head.bounding_box()["y"]
    app.writes((INFO + "later\n") * 60)
    expect(page.locator(".lt-pill-n")).to_have_text("60 new lines")
    settle(page)

    assert abs(folded - before) < 1.5
    assert abs(head.bounding_box()["y"] - before) < 1.5
    page.locator(".lt-pill").click()
    settle(page)
    tail_box, view = app.box(".lt-tail"), app.box(".lt-view")
    assert abs(tail_box["bottom"] - view["bottom"]) < 2


@pytest.mark.parametrize(
    ("width", "chip", "folder"),
    [(1200, True, True), (900, True, True), (700, True, False), (380, False, False)],
)
def test_the_head_keeps_the_name_whole_and_the_rest_gives_way(alone, width, chip, folder):
    app = alone(width=width)
    page = app.open(INFO + "x\n")
    page.evaluate("document.querySelector('.lt-name').textContent = 'celery-worker-high-priority.log'")
    name = page.locator(".lt-name")

    assert name.evaluate(
        "(one) => one.scrollWidth <= one.clientWidth + 1 && one.scrollHeight <= one.clientHeight + 2"
    )
    assert page.locator(".lt-dir").is_visible() is folder
    assert (app.box(".lt-state-text")["width"] > 10) is chip
    assert page.locator(".lt-pausebtn").is_visible()
    assert page.locator(".lt-stopbtn").is_visible() is (width > 760)
    assert page.locator(".lt-morebtn").is_visible() is (width <= 760)
    assert app.box(".lt-head")["height"] == 48
    if folder:
        assert app.text(".lt-dir") == "log/"
        assert page.locator(".lt-dir").get_attribute("title") == "/var/log"


def test_what_has_no_room_in_the_head_is_in_a_menu(alone):
    app = alone(width=700)
    page = app.open(INFO + "x\n")

    page.locator(".lt-morebtn").click()
    items = page.locator('.lt-pop[data-kind="more"] .lt-item span:first-of-type').all_inner_texts()
    page.get_by_role("menuitem", name="View options").click()
    expect(page.locator('.lt-pop[data-kind="settings"]')).to_be_visible()
    page.keyboard.press("Escape")
    page.locator(".lt-morebtn").click()
    page.get_by_role("menuitem", name="Stop watching").click()

    expect(page.locator(".lt-state-text")).to_have_text("Stopped")
    assert items == ["Stop watching", "Download", "View options"]


def test_a_file_that_was_never_there_is_awaited_and_there_is_nothing_to_pause(alone):
    app = alone()
    page = app.open("", state="")
    tail(page, "(tail.session.place = null, tail.store.place = null)")
    app.is_("missing")

    expect(page.locator(".lt-empty h3")).to_have_text("There is no file for app.log yet")
    assert app.text(".lt-empty p") == "Lines appear here once the file is written."
    assert app.text(".lt-state-text") == "Waiting"
    assert page.locator(".lt-pausebtn").is_hidden()
    assert page.locator(".lt-notice").is_hidden()


def test_a_file_that_is_gone_has_nothing_to_pause_until_it_is_back(alone):
    app = alone()
    page = app.open(INFO + "x\n")
    app.is_("missing")
    expect(page.locator(".lt-state-text")).to_have_text("File missing")
    assert page.locator(".lt-pausebtn").is_hidden()

    app.is_("live")
    expect(page.locator(".lt-pausebtn")).to_be_visible()


def test_a_line_that_was_tapped_is_forgotten_with_its_log(alone):
    app = alone(width=390, height=800, has_touch=True, is_mobile=True)
    page = app.open((INFO + "x\n") * 5)

    page.locator(".lt-window .lt-row").first.tap()
    expect(page.locator(".lt-tools")).to_be_visible()
    # The rows of the log before are still there when the view is looked at.
    tail(page, "(tail.open({...tail.info, slug: 'other', name: 'other.log'}), tail.rows.onLook())")
    settle(page)

    expect(page.locator(".lt-tools")).to_be_hidden()
    expect(page.locator(".lt-window .lt-row")).to_have_count(0)
    assert tail(page, "tail.lines") == 0


def test_what_happened_to_the_file_is_read_whole_on_a_phone(alone):
    app = alone(width=390, height=800, has_touch=True, is_mobile=True)
    page = app.open(INFO + "one\n")

    before = {"file": "f", "offset": app.at}
    app.says(
        "event",
        kind="rotated",
        file="g",
        offset=0,
        before=before,
        name="a-name-that-rotation-made-2026-08-24.log.1",
    )
    app.file, app.at = "g", 0
    app.writes(INFO + "two\n")
    app.shows(2)

    mark = page.locator('.lt-mark[data-kind="rotated"]')
    assert mark.locator("span").first.evaluate("(one) => one.scrollWidth <= one.clientWidth + 1")
    box, below = mark.bounding_box(), page.locator(".lt-row", has_text="two").bounding_box()
    assert box["height"] > 40
    assert abs(below["y"] - (box["y"] + box["height"])) < 1


def test_seconds_since_1970_are_drawn_as_the_clock_of_utc(alone):
    app = alone()
    page = app.open("".join(f"{1795875729 + n}.539 ERROR boom {n}\n" for n in range(4)))

    drawn = [one.strip('"').split('"')[0] for one in app.styles(".lt-row .lt-ts", "content", "::before")]
    assert drawn == ["14:22:09.539", "14:22:10.539", "14:22:11.539", "14:22:12.539"]
    assert rows_of(page)[0].endswith("boom 0")


def test_the_columns_of_the_rate_are_there_from_the_first_moment(alone):
    app = alone()
    page = app.open(INFO + "x\n")

    assert page.locator(".lt-spark path").get_attribute("d").count("M") == 24


def test_the_lines_of_a_crash_without_a_time_begin_where_its_first_line_does(alone):
    app = alone()
    page = app.open((INFO + "x\n") * 5 + "Traceback (most recent call last):\n" + OWN + END)

    lefts = page.evaluate(
        """() => [...document.querySelectorAll('.lt-window > .lt-row')].slice(-4).map((row) => {
          const range = document.createRange();
          const filled = (node) => (/\\S/.test(node.data) ? 1 : 3);
          const text = document.createTreeWalker(row, NodeFilter.SHOW_TEXT, filled).nextNode();
          range.setStart(text, text.data.search(/\\S/));
          range.setEnd(text, text.data.length);
          return range.getClientRects()[0].left;
        })"""
    )
    assert lefts[-1] == lefts[0]


TRACE = "Traceback (most recent call last):\n" + OWN + END
AT = "2026-08-24 10:00:00,000"
ORDERS = {
    "time first": (INFO + "hello\n", ERROR + OWN + END),
    "level first": (f"INFO {AT} views hello\n", f"ERROR {AT} views failed\n{TRACE}"),
    "level in brackets": (f"[INFO] {AT} hello\n", f"[ERROR] {AT} failed\n{TRACE}"),
    "padded level": (f"INFO     {AT} hello\n", f"ERROR    {AT} failed\n{TRACE}"),
}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("time", ["compact", "relative"])
def test_lines_go_on_where_the_text_of_their_head_begins(alone, order, time):
    app = alone()
    plain, error = ORDERS[order]
    page = app.open(plain * 5 + error)
    if time != "compact":
        tail(page, f"tail.viewOptions.setTime('{time}')")
        settle(page)

    edges = page.evaluate(
        """() => {
          const first = (row) => {
            for (const part of row.querySelectorAll(':scope > :is(.lt-src, .lt-msg)')) {
              const range = document.createRange();
              const text = part.firstChild;
              range.setStart(text, text.data.search(/\\S/));
              range.setEnd(text, text.data.length);
              const [box] = range.getClientRects();
              if (box?.width) return box.left;
            }
          };
          const rows = [...document.querySelectorAll('.lt-window > .lt-row')];
          return [first(rows.at(-5)), first(rows.at(-4))];
        }"""
    )
    assert abs(edges[0] - edges[1]) < 1.5


TRACES = Path(__file__).parents[1] / "js" / "formats" / "tracebacks"


@pytest.mark.parametrize("name", sorted(path.stem for path in TRACES.glob("*.log")))
def test_real_tracebacks_are_all_there_when_opened_and_nothing_overlaps(alone, name, sources):
    app = alone(height=2600)
    text = (TRACES / f"{name}.log").read_text()
    page = app.open(text)
    faults = page.evaluate((Path(__file__).parent / "looking.js").read_text())

    page.locator('[data-act="settings"]').click()
    page.get_by_role("switch", name="Only my code in tracebacks").click()
    settle(page)
    opened = rows_of(page)

    assert faults == []
    assert "\n".join(opened) + "\n" == text


def test_the_stamp_of_a_container_is_drawn_as_its_clock_and_read_as_it_is(alone):
    app = alone()
    text = "".join(
        f"2026-11-28T15:52:4{n}.123456789Z stdout F 2026-11-28 15:52:4{n},123 INFO shop.views hello {n}\n"
        for n in range(4)
    )
    page = app.open(text + "2026-11-28T15:52:44.5Z stderr F plain words\n")

    drawn = [one.strip('"').split('"')[0] for one in app.styles(".lt-row .lt-ts", "content", "::before")]
    assert drawn[:2] == ["15:52:40.123456", "15:52:40.123"]
    assert drawn[-1] == "15:52:44.5"
    assert "\n".join(rows_of(page)) + "\n" == text + "2026-11-28T15:52:44.5Z stderr F plain words\n"
