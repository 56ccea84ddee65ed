"""Lines of JSON, logfmt and access logs as they are drawn: order, colours, fields, columns. There is no server."""

import json

import pytest
from playwright.sync_api import expect

from tests.e2e.alone import alone, origin, profiles, tabs
from tests.e2e.viewing import settle, tail, until
from tests.stack import wait_until

pytestmark = pytest.mark.browser
__all__ = ["alone", "origin", "profiles", "tabs"]

STRUCTLOG = (
    '{"timestamp": "2026-11-27T14:22:11.597213Z", "level": "error", "logger": "shop.payments", '
    '"event": "capture failed", "order": 4821, "error": "Gateway Timeout"}\n'
)
PINO = (
    '{"level":30,"time":1795892989325,"pid":11394,"hostname":"vm","msg":"order",'
    '"req":{"method":"GET","url":"/cart"}}\n'
)
ZAP = '{"level":"warn","ts":1795875729.539,"logger":"shop","caller":"pay.go:33","msg":"slow","id":9007199254740993}\n'
GELF = '{"version":"1.1","host":"web1","short_message":"no route","level":3,"timestamp":1795875729.5,"_order":48213}\n'
DOCKER = (
    '{"log":"{\\"level\\":\\"error\\",\\"msg\\":\\"no card\\",\\"order\\":48213}\\n",'
    '"stream":"stderr","time":"2026-11-28T14:22:09.6Z"}\n'
)
LOGRUS = (
    'time="2026-11-28T14:22:09Z" level=warning msg="slow query" duration=1.204 rows=48213 err="level=info"\n'
)
NGINX = (
    '203.0.113.84 - - [28/Nov/2026:14:22:09 +0000] "GET /api/search?q=desk HTTP/2.0" 200 9412 '
    '"https://shop.example/" "Mozilla/5.0 (X11)"\n'
    '198.51.100.9 - - [28/Nov/2026:14:22:10 +0000] "GET /.env HTTP/1.1" 404 179 "-" "python-requests/2.32"\n'
    '203.0.113.249 - - [28/Nov/2026:14:22:11 +0000] "POST /api/orders/4821/pay/ HTTP/1.1" 500 145 "-" "curl/8"\n'
)


def structlog(number: int, level: str = "info", **fields: object) -> str:
    about = {"timestamp": f"2026-11-27T14:22:{number % 60:02d}Z", "level": level, "event": f"order {number}"}
    return json.dumps({**about, "duration_ms": number * 7, **fields}) + "\n"


MANY = "".join(structlog(number, request={"status": 200, "path": f"/{number}"}) for number in range(60))


def parts(app, nth: int = 0) -> list[str]:
    """What a row shows, part by part, with the time as it is drawn."""
    found: list[str] = (
        app.page.locator(".lt-row")
        .nth(nth)
        .evaluate(
            """(row) => {
              const found = [];
              let key = '';
              for (const one of row.childNodes) {
                if (one instanceof Text || one.matches('.lt-key')) key += one.textContent.trimStart();
                else if (!one.matches('.lt-gut, .lt-sep, .lt-extra, .lt-fields')) {
                  found.push(one.dataset.t ?? key + one.textContent.trimEnd());
                  key = '';
                }
              }
              return found;
            }"""
        )
    )
    return found


def kept(app) -> dict[str, object]:
    """What the browser remembers of the log."""
    found: dict[str, object] = json.loads(app.page.evaluate("localStorage.getItem('logtail:log:app')"))
    return found


@pytest.mark.parametrize(
    ("line", "drawn"),
    [
        (
            STRUCTLOG,
            [
                "14:22:11.597",
                "ERROR",
                "shop.payments",
                "capture failed",
                "order=4821",
                'error="Gateway Timeout"',
            ],
        ),
        (
            PINO,
            ["19:09:49.325", "INFO", "order", "pid=11394", "hostname=vm", "req.method=GET", "req.url=/cart"],
        ),
        (ZAP, ["14:22:09.539", "WARN", "shop", "slow", "caller=pay.go:33", "id=9007199254740993"]),
        (GELF, ["14:22:09.500", "ERROR", "no route", "version=1.1", "host=web1", "_order=48213"]),
        (DOCKER, ["14:22:09.600", "ERROR", "no card", "order=48213", "stream=stderr"]),
        (LOGRUS, ["14:22:09", "WARNING", "slow query", "duration=1.204", "rows=48213", 'err="level=info"']),
    ],
    ids=["structlog", "pino", "zap", "gelf", "docker", "logrus"],
)
def test_a_line_with_fields_reads_as_time_level_logger_message_and_the_other_fields(alone, line, drawn):
    app = alone()
    app.open(line * 2)

    assert parts(app) == drawn
    assert app.box(".lt-row")["height"] == 20


def test_keys_are_dimmer_than_values_and_the_message_alone_has_full_contrast(alone):
    app = alone()
    app.open(structlog(1), theme="light")

    assert app.style(".lt-msg", "color") == "rgb(26, 33, 43)"
    assert app.style(".lt-kv", "color") == "rgb(72, 83, 95)"
    assert app.style(".lt-row", "color") == "rgb(95, 106, 121)"


def test_a_request_is_drawn_in_columns_and_its_status_has_the_colour_of_its_class(alone):
    app = alone()
    app.open(NGINX, theme="light")

    assert parts(app) == [
        "14:22:09", "GET", "/api/search?q=desk", "200", "9.4 kB", "203.0.113.84",
        '"https://shop.example/"', '"Mozilla/5.0 (X11)"',
    ]  # fmt: skip
    assert app.styles(".lt-code", "color") == ["rgb(72, 83, 95)", "rgb(133, 83, 0)", "rgb(179, 38, 30)"]
    assert len({app.box(".lt-code", n)["x"] for n in range(3)}) == 1
    assert len({round(app.box(".lt-n", n)["right"], 1) for n in range(3)}) == 1
    character = tail(app.page, "tail.rows.character")
    assert app.box(".lt-verb")["width"] == pytest.approx(7 * character, abs=1)
    assert app.box(".lt-path")["width"] == pytest.approx(38 * character, abs=1)
    assert app.box(".lt-n")["right"] - app.box(".lt-code")["right"] == pytest.approx(9 * character, abs=1)


def test_v_shows_lines_as_they_were_written_and_the_log_keeps_it(alone):
    app = alone()
    page = app.open(STRUCTLOG * 2)
    expect(page.locator(".lt-read")).to_have_text("Formatted")
    page.locator(".lt-view").focus()

    page.keyboard.press("v")
    settle(page)

    assert page.locator(".lt-row").first.inner_text() == STRUCTLOG.strip()
    expect(page.locator(".lt-read")).to_have_text("Raw lines")
    assert kept(app)["raw"] is True
    page.locator(".lt-read").click()
    settle(page)
    assert parts(app)[3] == "capture failed"


def test_a_log_without_fields_offers_no_raw_lines(alone):
    app = alone()
    page = app.open("2026-08-24 10:00:00,000 INFO shop: ready\n" * 3)

    expect(page.locator(".lt-read")).to_be_hidden()


@pytest.mark.parametrize("mode", ["compact", "raw", "relative", "hidden"])
def test_times_are_drawn_in_every_mode(alone, mode):
    app = alone()
    page = app.open(structlog(1) + structlog(3))
    tail(page, f"tail.viewOptions.setTime('{mode}')")
    settle(page)

    field = page.locator(".lt-ts").nth(1)
    drawn = {"compact": "14:22:03", "relative": "  +2.000s"}
    if mode in drawn:
        assert field.get_attribute("data-t") == drawn[mode]
    elif mode == "raw":
        assert field.inner_text() == "2026-11-27T14:22:03Z"
    else:
        assert field.evaluate("(one) => getComputedStyle(one).display") == "none"


def test_a_line_in_which_two_fields_have_one_name_is_shown_as_it_was_written(alone):
    app = alone()
    line = '{"level": "info", "event": "x", "order": 1, "order": 2}'
    page = app.open(f"{structlog(1)}{line}\n")

    assert page.locator(".lt-row").nth(1).inner_text() == line
    assert "lt-can" not in (page.locator(".lt-row").nth(1).get_attribute("class") or "")


def test_what_steers_is_named_in_values_and_in_names(alone):
    app = alone()
    page = app.open(json.dumps({"level": "info", "event": "a\u202eb", "x\u200b": "c\nd"}) + "\n")

    expect(page.locator(".lt-msg .lt-ctl")).to_have_text("U+202E")
    expect(page.locator(":is(.lt-key, .lt-kv) .lt-ctl")).to_have_text(["U+200B", "U+000A"])


def search(app, text: str) -> None:
    app.page.locator(".lt-q").fill(text)
    until(app.page, f"tail.finding.query.text === {json.dumps(text)}")
    settle(app.page)
    settle(app.page)


def test_a_match_is_marked_where_the_line_shows_it(alone):
    app = alone()
    page = app.open(STRUCTLOG * 2)

    search(app, "Gateway")
    assert page.locator(".lt-row").first.locator(".lt-hit").all_inner_texts() == ["Gateway"]
    search(app, "4821")
    assert page.locator(".lt-row").first.locator(".lt-hit").all_inner_texts() == ["4821"]
    assert "lt-shaped" in (page.locator(".lt-row").first.get_attribute("class") or "")


def test_where_only_the_raw_line_has_the_match_it_is_shown(alone):
    app = alone()
    page = app.open(STRUCTLOG * 2)

    search(app, "{")

    assert page.locator(".lt-row").first.inner_text() == STRUCTLOG.strip()
    assert page.locator(".lt-row").first.locator(".lt-hit").all_inner_texts() == ["{"]
    search(app, "")
    assert parts(app)[3] == "capture failed"


def test_rows_are_as_high_as_what_they_show_when_a_match_makes_them_raw(alone):
    app = alone(width=900)
    page = app.open(STRUCTLOG * 3)
    tail(page, "tail.viewOptions.toggleWrap()")
    settle(page)
    search(app, "{")

    def heights() -> tuple[float, float]:
        """What the rows are thought to be high, and what they are."""
        boxes = [one.bounding_box() for one in page.locator(".lt-window > *").all()]
        return tail(page, "tail.rows.shown.total"), sum(box["height"] for box in boxes)

    assert heights() == (152, 152)
    search(app, "")
    settle(page)
    assert heights() == (92, 92)


def test_the_clipboard_gets_the_line_as_it_was_written(alone):
    app = alone(permissions=["clipboard-read", "clipboard-write"])
    page = app.open(STRUCTLOG + structlog(1))
    page.locator(".lt-msg").first.hover()

    page.locator('[data-act="copyline"]').click()

    assert page.evaluate("navigator.clipboard.readText()") == STRUCTLOG.strip()


def choose(page, script: str) -> str:
    """What a copy gives after text was chosen: `script` sets both ends of `range`; `row` is the first one."""
    copied: str = page.evaluate(
        f"""async () => {{
          const row = document.querySelector('.lt-row');
          const range = document.createRange();
          {script};
          getSelection().removeAllRanges();
          getSelection().addRange(range);
          await new Promise((done) => setTimeout(done, 50));
          const data = new DataTransfer();
          const how = {{clipboardData: data, bubbles: true, cancelable: true}};
          document.querySelector('.lt-view').dispatchEvent(new ClipboardEvent('copy', how));
          return data.getData('text/plain');
        }}"""
    )
    return copied


def test_a_part_of_one_value_is_copied_as_it_was_chosen_and_more_as_the_whole_line(alone):
    app = alone()
    page = app.open(STRUCTLOG + structlog(1))

    message = "const text = row.querySelector('.lt-msg').firstChild"
    assert choose(page, f"{message}; range.setStart(text, 8); range.setEnd(text, 14)") == "failed"
    order = "const text = row.querySelector('.lt-kv').lastChild"
    assert choose(page, f"{order}; range.setStart(text, 0); range.setEnd(text, 4)") == "4821"
    both = (
        "range.setStart(row.querySelector('.lt-msg').firstChild, 8);"
        "range.setEnd(row.querySelector('.lt-kv').lastChild, 4)"
    )
    assert choose(page, both) == STRUCTLOG.strip()


# -- the fields of a line ------------------------------------------------------------------------


def opened(app, nth: int = 0):
    row = app.page.locator(".lt-row").nth(nth)
    row.hover()
    row.locator(".lt-tri").click()
    settle(app.page)
    return row.locator(".lt-fields")


def test_the_triangle_opens_all_fields_as_a_tree_and_closes_them(alone):
    app = alone()
    page = app.open(PINO * 3, theme="light")

    box = opened(app)
    assert box.locator("dt").all_inner_texts() == [
        "level",
        "time",
        "pid",
        "hostname",
        "msg",
        "req",
        "method",
        "url",
    ]
    assert box.locator(".lt-fld:not([aria-expanded]) dd").all_inner_texts()[2:] == [
        "11394",
        "vm",
        "order",
        "GET",
        "/cart",
    ]
    assert box.locator("header b").inner_text() == "7 fields"
    lefts = {round(value.bounding_box()["x"]) for value in box.locator("dd").all()}
    assert len(lefts) == 1
    assert app.box(".lt-fields")["width"] == 860
    assert app.box(".lt-row")["bottom"] == pytest.approx(app.box(".lt-row", 1)["y"], abs=0.6)
    page.locator(".lt-tri").first.click()
    expect(page.locator(".lt-fields")).to_have_count(0)
    assert app.box(".lt-row")["height"] == 20


@pytest.mark.parametrize("wrap", [False, True])
def test_the_fields_begin_where_lines_begin_and_stay_in_sight_beside_long_ones(alone, wrap):
    app = alone()
    page = app.open(structlog(1, text="long " * 80) * 3)
    if wrap:
        tail(page, "tail.viewOptions.toggleWrap()")
        settle(page)
    opened(app)
    begin = app.box(".lt-ts")["x"]

    assert app.box(".lt-fields")["x"] == pytest.approx(begin, abs=1)
    if not wrap:
        page.evaluate("document.querySelector('.lt-view').scrollLeft = 700")
        settle(page)
        assert app.box(".lt-fields")["x"] == pytest.approx(begin, abs=1)


def test_an_object_is_shut_and_opened_and_the_rows_below_make_room(alone):
    app = alone()
    app.open(PINO * 3)
    box = opened(app)
    head = box.locator('[aria-expanded="true"]')

    head.click()
    settle(app.page)
    assert box.locator("dt").all_inner_texts() == ["level", "time", "pid", "hostname", "msg", "req"]
    assert app.box(".lt-row")["bottom"] == pytest.approx(app.box(".lt-row", 1)["y"], abs=0.6)
    assert box.locator('[aria-expanded="false"]').evaluate("(one) => one === document.activeElement")


def test_an_object_of_many_fields_is_shut_at_first_and_what_follows_is_there(alone):
    app = alone()
    headers = {f"x-{n}": n for n in range(9)}
    request = {"method": "GET", "headers": headers}
    app.open(structlog(1, request=request, limits=headers, error={"type": "Timeout"}, attempt=1))
    box = opened(app)

    names = ["timestamp", "level", "event", "duration_ms", "request", "method", "headers"]
    behind = ["limits", "error", "type", "attempt"]
    assert box.locator("dt").all_inner_texts() == names + behind
    assert box.locator("[aria-expanded] dd").all_inner_texts() == [
        "2 fields",
        "9 fields",
        "9 fields",
        "1 field",
    ]
    box.locator('[aria-expanded="false"]').first.click()
    assert box.locator("dt").all_inner_texts() == [*names, *headers, *behind]


def test_the_arrows_open_and_close_the_fields_of_the_line_of_the_keyboard(alone):
    app = alone()
    page = app.open(MANY)
    page.locator(".lt-view").focus()

    page.keyboard.press("k")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".lt-fields")).to_have_count(1)
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".lt-fields")).to_have_count(0)


def test_opening_fields_ends_following_and_the_line_stays_where_it_is(alone):
    app = alone()
    page = app.open(MANY)
    row = page.locator(".lt-row").filter(has_text="order 40")
    row.hover()
    before = row.bounding_box()

    row.locator(".lt-tri").click()
    settle(page)
    assert row.bounding_box()["y"] == pytest.approx(before["y"], abs=0.6)
    assert not tail(page, "tail.rows.follow")
    app.writes(structlog(70, "error"))
    app.shows(61)

    assert row.bounding_box()["y"] == pytest.approx(before["y"], abs=0.6)
    assert app.text(".lt-pill").split("\n")[0].startswith("1 new line")


def test_the_menu_of_a_value_ends_following_so_that_its_line_stays(alone):
    app = alone()
    page = app.open(MANY)
    row = page.locator(".lt-row").filter(has_text="order 58")
    before = row.bounding_box()

    row.locator(".lt-kv").first.click()
    expect(page.locator(".lt-values")).to_be_visible()
    app.writes("".join(structlog(number) for number in range(60, 80)))
    app.shows(80)

    assert row.bounding_box()["y"] == pytest.approx(before["y"], abs=0.6)
    expect(page.locator(".lt-values")).to_be_visible()
    assert not tail(page, "tail.rows.follow")
    assert app.text(".lt-pill") == "20 new lines"


def test_the_box_of_a_value_with_a_menu_is_whole_and_holds_its_text_alone(alone):
    app = alone()
    page = app.open(NGINX)
    for selector in (".lt-code", ".lt-n"):
        value = page.locator(selector).first
        value.click()
        box, text = value.evaluate(
            """(one) => {
              const range = document.createRange();
              range.selectNodeContents(one);
              return [one, range].map((each) => each.getBoundingClientRect().toJSON());
            }"""
        )
        assert (box["left"], box["right"]) == pytest.approx((text["left"], text["right"]), abs=0.6)
        assert app.style(selector, "outline-offset") == "-1px"
        page.keyboard.press("Escape")


def test_fields_opened_at_the_lower_edge_come_into_view_above_the_button(alone):
    app = alone()
    page = app.open(MANY)
    row = page.locator(".lt-row").filter(has_text="order 59")
    row.hover()

    row.locator(".lt-tri").click()
    settle(page)
    app.writes(structlog(70, "error"))
    expect(page.locator(".lt-pill")).to_be_visible()
    settle(page)

    assert row.bounding_box()["y"] > app.box(".lt-view")["y"]
    assert app.box(".lt-fld", -1)["bottom"] <= app.box(".lt-pill")["y"]


def test_of_fields_higher_than_the_view_the_first_come_into_view_below_their_line(alone):
    app = alone()
    page = app.open(MANY + structlog(60, **{f"field_{n}": n for n in range(80)}))
    row = page.locator(".lt-row").filter(has_text="order 60")
    row.hover()

    row.locator(".lt-tri").click()
    settle(page)

    assert row.bounding_box()["y"] == pytest.approx(app.box(".lt-view")["y"], abs=0.6)


def test_open_fields_out_of_sight_keep_the_lines_in_sight_where_they_are(alone):
    app = alone()
    page = app.open(MANY * 4)
    tail(page, "tail.rows.toTop()")
    settle(page)
    opened(app, 2)
    tail(page, "tail.rows.goToPart(0.6)")
    settle(page)
    heights = tail(page, "tail.rows.shown.total")

    tail(page, "tail.viewOptions.setTime('raw')")
    settle(page)
    tail(page, "tail.rows.toTop()")
    settle(page)

    assert tail(page, "tail.rows.shown.total") == pytest.approx(heights, abs=1)
    assert app.box(".lt-row", 2)["bottom"] == pytest.approx(app.box(".lt-row", 3)["y"], abs=0.6)


def test_a_value_has_four_actions_in_one_order(alone):
    app = alone()
    page = app.open(MANY)
    row = page.locator(".lt-row").filter(has_text="order 50")
    row.hover()
    row.locator(".lt-tri").click()
    field = row.locator(".lt-fld").filter(has_text="duration_ms")
    field.hover()

    labels = field.locator(".lt-fldacts button").evaluate_all(
        "(all) => all.map((one) => one.getAttribute('aria-label'))"
    )
    assert labels == ["Filter for this value", "Hide lines with this value", "Copy value", "Show as column"]
    value = field.locator("dd").inner_text()
    field.locator(".lt-fldacts button").nth(1).click()
    assert tail(page, "tail.finding.pinned") == [f"-duration_ms:{value}"]
    tail(page, "tail.finding.clear()")


def test_a_value_in_a_line_opens_a_menu_with_the_terms_it_would_write(alone):
    app = alone()
    page = app.open(NGINX)

    page.locator(".lt-code").nth(2).click()
    menu = page.locator(".lt-values")
    assert [" ".join(text.split()) for text in menu.locator(".lt-item").all_inner_texts()] == [
        "Filter for this value status:500", "Hide lines with this value -status:500",
        "Filter for all 5xx status:5*", "Copy value", "Show as column",
    ]  # fmt: skip
    menu.locator(".lt-item").first.click()
    expect(menu).to_have_count(0)

    assert tail(page, "tail.finding.pinned") == ["status:500"]


def test_values_are_reached_with_the_keyboard_from_their_line(alone):
    app = alone()
    page = app.open(MANY)
    page.locator(".lt-view").focus()
    page.keyboard.press("k")

    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".lt-values")).to_have_count(1)
    page.keyboard.press("Escape")

    expect(page.locator(".lt-values")).to_have_count(0)
    assert page.evaluate("document.activeElement.className.startsWith('lt-kv')")


def test_escape_leads_from_the_actions_to_the_value_and_closes_the_fields(alone):
    app = alone()
    page = app.open(MANY)
    page.locator(".lt-view").focus()
    page.keyboard.press("k")
    page.keyboard.press("ArrowRight")
    page.locator(".lt-fld").nth(1).focus()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowRight")
    labels = [page.evaluate("document.activeElement.ariaLabel")]
    page.keyboard.press("ArrowLeft")
    labels.append(page.evaluate("document.activeElement.ariaLabel"))
    page.keyboard.press("Escape")
    expect(page.locator(".lt-fld").nth(1)).to_be_focused()
    expect(page.locator(".lt-fields")).to_be_visible()
    page.keyboard.press("Escape")

    assert labels == ["Hide lines with this value", "Filter for this value"]
    expect(page.locator(".lt-fields")).to_have_count(0)
    assert page.evaluate("document.activeElement.classList.contains('lt-row')")


def test_the_buttons_of_a_line_do_not_lie_over_text_that_is_being_selected(alone):
    app = alone()
    page = app.open(MANY)
    rows = page.locator(".lt-row")
    rows.nth(2).hover()
    expect(page.locator(".lt-tools")).to_be_visible()
    page.mouse.down()
    rows.nth(4).hover()
    expect(page.locator(".lt-tools")).to_be_hidden()
    page.mouse.up()

    def hovered() -> bool:
        # Lines that still move hide the buttons until the pointer moves.
        for nth in (6, 5):
            rows.nth(nth).hover()
        return page.locator(".lt-tools").is_visible()

    wait_until(hovered, what="the buttons of the line under the pointer")


def test_on_a_phone_a_tapped_value_has_four_buttons_in_a_row(alone):
    app = alone(width=390, height=844, has_touch=True)
    page = app.open(PINO * 3)
    page.locator(".lt-row .lt-msg").first.tap()
    page.locator('.lt-tools [data-act="fields"]').tap()
    settle(page)

    page.locator(".lt-fld").filter(has_text="hostname").tap()
    buttons = page.locator(".lt-fldacts:visible button")
    assert buttons.count() == 4
    boxes = [one.bounding_box() for one in buttons.all()]
    assert {box["height"] for box in boxes} == {40}
    assert len({box["y"] for box in boxes}) == 1


# -- columns ---------------------------------------------------------------------------------------


def with_columns(app, *names: str):
    page = app.open(MANY)
    for name in names:
        tail(page, f"tail.viewOptions.toggleColumn('{name}')")
    settle(page)
    return page


def test_a_field_becomes_a_column_under_its_name(alone):
    app = alone()
    page = with_columns(app, "duration_ms", "request.status")
    row = page.locator(".lt-row").last

    assert page.locator(".lt-cols .lt-ch").all_inner_texts() == [
        "Time",
        "Level",
        "duration_ms",
        "request.status",
        "Message",
    ]
    assert app.box(".lt-cols")["height"] == 26
    assert {box["height"] for box in (one.bounding_box() for one in page.locator(".lt-row").all())} == {20}
    assert row.locator(".lt-col").all_inner_texts() == ["413", "200"]
    assert [one for one in parts(app, -1) if "=" in one] == ["request.path=/59"]
    for n, name in enumerate(["duration_ms", "request.status"]):
        head = page.locator(f'.lt-ch[data-name="{name}"]').bounding_box()
        cell = row.locator(".lt-col").nth(n).bounding_box()
        assert [cell["x"], cell["width"]] == pytest.approx([head["x"], head["width"]], abs=1)
    widths = [
        page.locator(f'.lt-ch[data-name="{name}"]').bounding_box()["width"]
        for name in ("duration_ms", "request.status")
    ]
    assert widths == pytest.approx([n * tail(page, "tail.rows.character") for n in (15, 18)], abs=1)
    assert page.locator(".lt-col").first.evaluate("(one) => getComputedStyle(one).textAlign") == "end"


def test_a_column_comes_without_moving_the_line_that_is_read(alone):
    app = alone()
    page = app.open("".join(structlog(number) for number in range(200)))
    tail(page, "tail.rows.goToPart(0.5)")
    settle(page)
    row = page.locator(".lt-row").filter(has_text="order 100")
    before = row.bounding_box()["y"]

    tail(page, "tail.viewOptions.toggleColumn('duration_ms')")
    settle(page)
    assert row.bounding_box()["y"] == pytest.approx(before, abs=0.6)
    tail(page, "tail.viewOptions.toggleColumn('duration_ms')")
    settle(page)
    assert row.bounding_box()["y"] == pytest.approx(before, abs=0.6)


def test_while_following_the_newest_line_stays_in_sight_under_a_heading(alone):
    app = alone()
    page = with_columns(app, "duration_ms")

    last = page.locator(".lt-row").last.bounding_box()
    view = page.locator(".lt-view").bounding_box()
    assert last["y"] + last["height"] <= view["y"] + view["height"] + 0.6
    assert tail(page, "tail.rows.follow")


def test_columns_are_ordered_and_removed_with_the_keyboard_and_kept(alone):
    app = alone()
    page = with_columns(app, "duration_ms", "request.path", "request.status")
    names = page.locator(".lt-ch[data-name]")
    names.nth(0).locator("button").focus()

    page.keyboard.press("Alt+ArrowRight")
    assert names.all_inner_texts() == ["request.path", "duration_ms", "request.status"]
    page.keyboard.press("Delete")
    assert names.all_inner_texts() == ["request.path", "request.status"]
    assert [column["name"] for column in kept(app)["columns"]] == ["request.path", "request.status"]


def test_columns_are_ordered_and_sized_with_the_mouse(alone):
    app = alone()
    page = with_columns(app, "duration_ms", "request.path")
    names = page.locator(".lt-ch[data-name]")
    first, second = (names.nth(n).bounding_box() for n in range(2))

    page.mouse.move(first["x"] + 20, first["y"] + 10)
    page.mouse.down()
    page.mouse.move(second["x"] + second["width"] - 20, first["y"] + 10, steps=4)
    page.mouse.up()
    assert names.all_inner_texts() == ["request.path", "duration_ms"]
    expect(page.locator(".lt-values")).to_have_count(0)

    handle = names.nth(0).locator(".lt-chsize").bounding_box()
    before = names.nth(0).bounding_box()["width"]
    page.mouse.move(handle["x"] + 5, handle["y"] + 10)
    page.mouse.down()
    page.mouse.move(handle["x"] + 80, handle["y"] + 10, steps=4)
    page.mouse.up()
    settle(page)
    assert names.nth(0).bounding_box()["width"] > before + 60
    names.nth(0).locator(".lt-chsize").dblclick()
    settle(page)
    assert names.nth(0).bounding_box()["width"] == pytest.approx(before, abs=8)


def test_a_missing_value_is_a_dash_and_a_cut_one_is_whole_in_its_tip(alone):
    app = alone()
    page = app.open(structlog(1, path="/" + "x" * 80) + structlog(2))
    tail(page, "tail.viewOptions.toggleColumn('path')")
    settle(page)

    cells = page.locator(".lt-col")
    assert cells.nth(1).inner_text() == "–"
    assert cells.nth(0).get_attribute("title") == "/" + "x" * 80
    assert cells.nth(0).evaluate("(one) => one.scrollWidth > one.clientWidth")


def test_a_phone_has_the_values_of_columns_in_the_line(alone):
    app = alone(width=390, height=844)
    page = with_columns(app, "duration_ms")

    expect(page.locator(".lt-cols")).to_have_count(0)
    row = page.locator(".lt-row").last
    assert row.locator(".lt-col").inner_text() == "413"
    assert app.style(".lt-row .lt-col", "display") == "inline"
    assert row.locator(".lt-kv").count() == 2
