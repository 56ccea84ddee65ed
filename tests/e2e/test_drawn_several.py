"""A search of several logs, and the menu of an id, as a person sees them. There is no server."""

import json

import pytest
from playwright.sync_api import expect

from tests.e2e.alone import alone, origin, profiles, tabs
from tests.e2e.viewing import settle, tail
from tests.stack import wait_until

pytestmark = pytest.mark.browser
__all__ = ["alone", "origin", "profiles", "tabs"]

UUID = "5d80e6f1-3c2a-4b1e-9d0f-2277c1ab9e05"
LINE = f"2026-08-24 10:00:00,000 ERROR    shop.payments capture of {UUID} failed\n"
#: Names, queues and groups.
LOGS = [
    ("app", "app.log", "web-1", "Shop"),
    ("db", "postgresql.log", "web-1", "Shop"),
    ("web", "gunicorn.log", "web-2", "Web"),
    ("celery", "celery.log", "web-1", "Web"),
]
FIRST = "00000000-3c2a-4b1e-9d0f-2277c1ab9e05"
#: Plays the server of searches: a test answers those that the page has asked for.
SERVER = """
  window.searches = {};
  const own = window.fetch.bind(window);
  window.fetch = (address, options = {}) => {
    const slug = /\\/search\\/(\\w+)\\//.exec(String(address))?.[1];
    if (!slug) return own(address, options);
    return new Promise((resolve, reject) => {
      const one = { asked: JSON.parse(options.body), aborted: false, resolve };
      const body = new ReadableStream({ start: (stream) => { one.stream = stream; } });
      (window.searches[slug] ??= []).push(one);
      one.says = (text) => {
        if (!body.locked) resolve(new Response(body));
        one.stream.enqueue(new TextEncoder().encode(text));
      };
      options.signal.addEventListener('abort', () => {
        one.aborted = true;
        reject(new Error('aborted'));
        one.stream.error(new Error('aborted'));
      });
    });
  };
"""
#: What is read of each group: its head and its rows.
READ = """(all) => all.map((one) => {
  const parts = one.querySelectorAll('b, .lt-rg-t > span, .lt-rg-x, .lt-link:not([hidden]), .lt-res');
  return [...parts].map((part) => part.textContent).filter(Boolean);
})"""
#: Where the parts of a head are.
BOXES = """(head) => ['.lt-rg-t', '.lt-rg-x', '.lt-link:not([hidden])'].flatMap((name) => {
  const one = head.querySelector(name)?.getBoundingClientRect();
  return one ? [[one.left, one.right, one.top, one.bottom]] : [];
})"""


class Several:
    """The page of one log, beside others that its own search can't see."""

    def __init__(self, app, text=LINE, **open):
        self.app = app
        self.page = app.page
        if not self.page.evaluate("'searches' in window"):  # a tab keeps its scripts
            self.page.add_init_script(SERVER)
        app.open(text, **open)
        logs = [
            {"slug": slug, "name": name, "queue": queue, "group": group, "search": f"/search/{slug}/"}
            for slug, name, queue, group in LOGS
        ]
        self.page.evaluate("(logs) => { document.querySelector('log-tail').logsHere = () => logs; }", logs)

    def asked(self):
        return self.page.evaluate(
            "Object.fromEntries(Object.entries(searches).map(([slug, all]) => [slug, all.map((one) => one.asked)]))"
        )

    def aborted(self, slug):
        return self.page.evaluate("(slug) => searches[slug]?.at(-1).aborted ?? null", slug)

    def says(self, slug, **message):
        wait_until(lambda: self.page.evaluate("(slug) => slug in searches", slug), what=f"a search of {slug}")
        self.page.evaluate(
            "([slug, text]) => searches[slug].at(-1).says(text)",
            [slug, json.dumps(message) + "\n"],
        )
        self.page.wait_for_timeout(20)
        settle(self.page)

    def refuses(self, slug, status, **body):
        wait_until(lambda: self.page.evaluate("(slug) => slug in searches", slug), what=f"a search of {slug}")
        self.page.evaluate(
            "([slug, status, body]) => searches[slug].at(-1).resolve(new Response(body, { status }))",
            [slug, status, json.dumps(body)],
        )
        self.page.wait_for_timeout(20)
        settle(self.page)

    def finds(self, slug, *texts, name="", start=0):
        hits = [
            {"start": start + 100 * at, "end": start + 100 * at + len(text), "parts": text.split("|")}
            for at, text in enumerate(texts)
        ]
        self.says(slug, type="found", file=f"f-{slug}", name=name or f"{slug}.log", hits=hits)

    def ends(self, slug, at=91_200_000, **more):
        self.says(slug, type="done", at=at, end=at, **more)

    def search_all(self, text="capture"):
        self.page.locator(".lt-q").fill(text)
        self.page.locator(".lt-view").focus()
        self.page.keyboard.press("A")
        expect(self.page.locator(".lt-results")).to_be_visible()

    def groups(self):
        """What is read of each group: its head and its rows."""
        return self.page.locator(".lt-rgroup").evaluate_all(READ)

    @property
    def said(self):
        return self.app.text(".lt-results-text")


@pytest.fixture
def several(alone):
    return lambda *, text=LINE, width=1440, height=700, **options: Several(
        alone(width, height, **options), text
    )


def test_all_logs_are_searched_a_few_at_a_time_each_with_a_line_of_its_own(several):
    it = several()
    it.search_all()
    settle(it.page)
    at_first = it.groups()
    it.finds("db", "10:00 |capture| one", "09:59 |capture| two")
    it.says("db", type="progress", at=1_200_000_000, end=4_000_000_000, count=2)
    it.says("web", type="error", id="no-reader", text="no reader answered; try again")
    it.ends("app", count=0)

    assert at_first == [
        ["app.log", "Searching… 0%", "Stop"],
        ["postgresql.log", "Searching… 0%", "Stop"],
        ["gunicorn.log", "Searching… 0%", "Stop"],
        ["celery.log", "waiting for its turn", "Stop"],
    ]
    assert it.groups() == [
        ["app.log", "No matches", "all 91.2 MB searched"],
        ["postgresql.log", "2 matches", "1.2 GB of 4.0 GB", "Stop", "10:00 capture one", "09:59 capture two"],
        ["gunicorn.log", "web-2: no reader", "Try again"],
        ["celery.log", "Searching… 0%", "Stop"],
    ]
    expect(it.page.locator(".lt-results .lt-hit")).to_have_text(["capture", "capture"])
    assert it.asked()["db"] == [
        {"order": "newest", "limit": 100, "pattern": "capture", "regex": False, "case": False}
    ]


def test_true_counts_are_said_for_each_log_and_for_all(several):
    it = several()
    it.search_all()
    it.finds("app", *["a |capture|"] * 100)
    it.ends("app", count=48_112, more=True)
    it.finds("db", "|capture|")
    it.ends("db", count=1)
    it.ends("web", count=0)
    it.ends("celery", count=0)

    assert it.said == "101 of 48,113 shown · in 2 logs · 4 of 4 logs done"
    assert it.groups()[0][:4] == ["app.log", "100 of 48,112 shown", "all 91.2 MB searched", "Show more"]
    it.page.get_by_role("button", name="Show more: app.log").click()
    wait_until(lambda: len(it.asked()["app"]) == 2, what="a request for more")
    it.finds("app", "more |capture|", start=20_000)
    it.ends("app", more=True)

    assert it.asked()["app"][1] == {
        "order": "newest",
        "to": {"file": "f-app", "offset": 9_900},
        "count": False,
        "limit": 1_000,
        "pattern": "capture",
        "regex": False,
        "case": False,
    }
    assert it.groups()[0][1] == "101 of 48,112 shown"


def test_escape_stops_all_of_them_and_pressed_again_closes_the_results(several):
    it = several()
    it.search_all()
    it.finds("app", "|capture|")
    it.says("app", type="progress", at=30, end=100, count=1)
    it.page.keyboard.press("Escape")
    settle(it.page)

    assert [it.aborted(slug) for slug in ("app", "db", "web", "celery")] == [True, True, True, None]
    assert it.groups()[0] == ["app.log", "1 match", "Stopped at 30%", "Show more", "capture"]
    assert it.groups()[3] == ["celery.log", "Stopped at 0%", "Try again"]
    expect(it.page.get_by_role("button", name="Cancel")).to_be_hidden()
    it.page.keyboard.press("Escape")
    expect(it.page.locator(".lt-results")).to_be_hidden()
    assert it.groups() == []


def test_one_log_can_be_stopped_and_one_that_failed_tried_again(several):
    it = several()
    it.search_all()
    it.page.get_by_role("button", name="Stop: postgresql.log").click()
    it.refuses(
        "web", 503, error="unavailable", text="The server can’t check your access right now. Try again."
    )

    assert it.aborted("app") is False
    assert it.groups()[1] == ["postgresql.log", "Stopped at 0%", "Try again"]
    assert it.groups()[2] == [
        "gunicorn.log",
        "The server can’t check your access right now. Try again",
        "Try again",
    ]
    it.page.get_by_role("button", name="Try again: postgresql.log").click()
    it.finds("db", "|capture| again")
    it.ends("db", count=1)
    assert it.groups()[1] == ["postgresql.log", "1 match", "all 91.2 MB searched", "capture again"]


def test_a_log_that_one_may_not_see_any_more_leaves_neither_a_name_nor_a_count(several):
    it = several()
    it.search_all()
    it.finds("db", "|capture| of a secret")
    it.says("db", type="end", reason="no-access", text="Your access to this log has ended.")
    it.refuses("web", 404, error="no-such-log")
    it.ends("app", count=0)
    it.ends("celery", count=0)

    assert [group[0] for group in it.groups()] == ["app.log", "celery.log"]
    results = it.app.text(".lt-results")
    assert "You no longer have access to 2 of these logs." in results
    assert it.said == "0 matches · 2 of 2 logs done"
    for word in ("postgresql", "gunicorn", "secret"):
        assert word not in results


def test_a_log_that_leaves_the_list_leaves_the_results(several):
    it = several()
    it.search_all()
    it.finds("db", "|capture|")
    tail(it.page, "tail.results.keep([{ slug: 'app' }, { slug: 'web' }, { slug: 'celery' }])")
    settle(it.page)

    assert [group[0] for group in it.groups()] == ["app.log", "gunicorn.log", "celery.log"]
    assert it.aborted("db") is True


def test_after_signing_out_nothing_is_left(several):
    it = several()
    it.search_all()
    it.finds("db", "|capture|")
    it.refuses("app", 401, error="signed-out", login="/in/")

    expect(it.page.locator(".lt-results")).to_be_hidden()
    assert it.groups() == []
    assert it.aborted("db") is True


def test_where_to_search_is_chosen_from_this_log_groups_and_all(several):
    it = several()
    it.search_all()
    where = it.page.locator(".lt-results [data-act=wheresearch]")
    where.click()
    menu = it.page.get_by_role("menu", name="Where to search")
    choices = menu.get_by_role("menuitemradio")
    offered = choices.all_inner_texts(), [one.get_attribute("aria-checked") for one in choices.all()]
    choices.filter(has_text="Web").click()
    settle(it.page)

    assert [text.split("\n") for text in offered[0]] == [
        ["This log"],
        ["Shop", "2 logs"],
        ["Web", "2 logs"],
        ["All logs", "4 logs"],
    ]
    assert offered[1] == ["false", "false", "false", "true"]
    assert [group[0] for group in it.groups()] == ["gunicorn.log", "celery.log"]
    assert where.inner_text() == "Web"
    assert it.aborted("app") is True
    it.page.get_by_role("button", name="Oldest first").click()
    wait_until(lambda: len(it.asked()["web"]) == 3, what="a search the other way round")
    assert [one["order"] for one in it.asked()["web"]] == ["newest", "newest", "oldest"]


def test_a_hit_leads_to_its_log_and_the_results_stay(several):
    it = several()
    it.page.evaluate("""() => {
      window.acts = [];
      document.addEventListener('logtail:act', ({ detail }) => window.acts.push(detail));
    }""")
    it.search_all()
    it.finds("db", "|capture| <b>one</b>")
    hit = it.page.locator(".lt-res")
    hit.click()
    hit.click(modifiers=["Control"])

    place = {"file": "f-db", "start": 0, "end": 0, "sum": ""}
    assert it.page.evaluate("acts") == [
        {"act": "openhit", "place": place, "slug": "db", "isBeside": False},
        {"act": "openhit", "place": place, "slug": "db", "isBeside": True},
    ]
    assert hit.inner_text() == "capture <b>one</b>"
    assert hit.locator("b").count() == 0
    expect(hit).to_have_attribute("aria-current", "true")
    it.app.open_again(LINE)
    expect(hit).to_be_visible()


def test_hits_are_walked_through_with_keys_and_a_shut_group_is_passed_over(several):
    it = several()
    it.search_all()
    it.finds("app", "|capture| 1")
    it.finds("db", "|capture| 2")
    it.finds("web", "|capture| 3")
    it.page.get_by_role("button", name="postgresql.log", exact=False).first.click()
    it.page.locator(".lt-results-list").focus()
    walked = []
    for _ in range(3):
        it.page.keyboard.press("ArrowDown")
        walked.append(it.page.evaluate("document.activeElement.textContent"))

    assert walked == ["capture 1", "capture 3", "capture 3"]


def test_where_there_is_one_log_no_others_are_offered(alone):
    app = alone()
    page = app.open(LINE)
    page.locator(".lt-view").focus()
    page.keyboard.press("A")
    page.locator(".lt-id").click()

    expect(page.locator(".lt-results")).to_be_hidden()
    assert [text.split("\n")[0] for text in page.get_by_role("menuitem").all_inner_texts()] == [
        "Filter for this value",
        "Hide lines with this value",
        "Copy value",
        "Search this log for it",
    ]


def test_an_id_in_a_line_has_a_menu_that_searches_all_logs_for_it(several):
    it = several()
    id = it.page.locator(".lt-id")
    expect(id).to_have_text(UUID)
    id.click()
    items = it.page.get_by_role("menuitem")
    offered = [text.split("\n") for text in items.all_inner_texts()]
    items.filter(has_text="Search all logs").click()
    settle(it.page)

    assert offered == [
        ["Filter for this value", UUID],
        ["Hide lines with this value", f'-"{UUID}"'],
        ["Copy value"],
        ["Search this log for it"],
        ["Search all logs for it"],
    ]
    assert it.asked()["db"][0]["pattern"] == UUID
    assert it.app.text(".lt-results-q") == f"Searching for text “{UUID}”"
    assert it.page.locator(".lt-q").input_value() == UUID
    expect(it.page.locator(".lt-window .lt-hit")).to_have_text(UUID)


def test_an_id_is_searched_for_alone_whatever_is_filtered(several):
    it = several()
    it.page.locator(".lt-q").fill("capture")
    it.page.keyboard.press("Control+Enter")
    it.page.locator(".lt-q").fill("failed")
    it.page.locator(".lt-level[data-lv=D]").click()
    it.page.locator(".lt-id").click()
    it.page.get_by_role("menuitem").filter(has_text="Search all logs").click()
    settle(it.page)

    assert it.asked()["app"][0] == {
        "order": "newest",
        "limit": 100,
        "pattern": UUID,
        "regex": False,
        "case": False,
    }
    assert it.page.locator(".lt-q").input_value() == "failed"


def test_the_first_id_of_the_line_at_the_cursor_has_a_key(several):
    it = several(text=LINE + f"2026-08-24 10:00:00,000 INFO shop {FIRST} then {UUID}\n" + LINE)
    menu = it.page.get_by_role("menu")
    it.page.locator(".lt-view").focus()
    it.page.keyboard.press("i")  # there is no line at the cursor yet
    expect(menu).to_be_hidden()
    it.page.keyboard.press("k")
    it.page.keyboard.press("i")
    expect(menu.get_by_role("menuitem").first).to_contain_text(UUID)
    it.page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    assert it.page.evaluate("document.activeElement.closest('.lt-row, .lt-view') !== null")

    it.page.keyboard.press("k")
    it.page.keyboard.press("i")
    expect(menu.get_by_role("menuitem").first).to_contain_text(FIRST)
    for _ in range(4):
        it.page.keyboard.press("ArrowDown")
    it.page.keyboard.press("Enter")
    settle(it.page)
    assert it.asked()["db"][0]["pattern"] == FIRST


def test_a_line_without_an_id_has_no_menu_of_one(several):
    it = several(text=LINE + "2026-08-24 10:00:00,000 INFO shop paid\n")
    it.page.locator(".lt-view").focus()
    it.page.keyboard.press("k")
    it.page.keyboard.press("i")
    settle(it.page)
    expect(it.page.get_by_role("menu")).to_have_count(0)

    it.page.keyboard.press("k")
    it.page.keyboard.press("i")
    expect(it.page.get_by_role("menu")).to_be_visible()


def test_a_field_that_holds_an_id_offers_the_searches_and_others_do_not(several):
    it = several(
        text='{"time":"2026-08-24T10:00:00Z","level":"info","msg":"paid","request_id":"r-77ab","order":4821}\n'
    )
    kv = it.page.locator(".lt-kv")
    menus = []
    for value in ("r-77ab", "4821"):
        kv.filter(has_text=value).click()
        menus.append([text.split("\n")[0] for text in it.page.get_by_role("menuitem").all_inner_texts()])
        it.page.keyboard.press("Escape")

    own = ["Filter for this value", "Hide lines with this value", "Copy value", "Show as column"]
    assert menus == [[*own, "Search this log for it", "Search all logs for it"], own]
    it.page.locator(".lt-tri").click()
    row = it.page.locator(".lt-fld").filter(has_text="request_id")
    row.hover()
    row.get_by_role("button", name="Search all logs for it").click()
    settle(it.page)
    assert it.asked()["celery" if "celery" in it.asked() else "app"][0]["pattern"] == "r-77ab"


def test_text_of_a_log_is_text_in_its_id_and_selecting_it_opens_nothing(several):
    it = several(text=f"INFO request_id=<img/src=x> task_id=x{UUID} trace_id=a1:/b.c+d\n")
    ids = it.page.locator(".lt-id").all_inner_texts()
    assert ids == ["x" + UUID, "a1:/b.c+d"]
    assert it.page.locator(".lt-window img").count() == 0
    box = it.app.box(".lt-id")
    it.page.mouse.move(box["x"] + 2, box["y"] + 5)
    it.page.mouse.down()
    it.page.mouse.move(box["right"] - 2, box["y"] + 5, steps=5)
    it.page.mouse.up()
    settle(it.page)
    assert it.page.get_by_role("menu").count() == 0
    assert len(it.page.evaluate("String(getSelection())")) > 20


@pytest.mark.parametrize("width", [1440, 1024, 390])
def test_heads_of_logs_stay_in_their_panel_and_nothing_lies_over_another(several, width):
    it = several(width=width)
    it.search_all()
    it.finds("db", "|capture| " + "x" * 300)
    it.says("db", type="progress", at=1_200_000_000, end=4_000_000_000, count=1)
    it.says(
        "web", type="error", id="failed", text="the reader failed on this log and will try again soon " * 3
    )
    it.ends("app", count=0)

    for nth in range(4):
        parts = it.page.locator(".lt-rg-of").nth(nth).evaluate(BOXES)
        assert all(left >= 0 and right <= width for left, right, _, _ in parts)
        for one in range(len(parts)):
            for other in range(one + 1, len(parts)):
                a, b = parts[one], parts[other]
                assert a[1] <= b[0] + 0.5 or b[1] <= a[0] + 0.5 or a[3] <= b[2] + 0.5 or b[3] <= a[2] + 0.5
    assert it.page.evaluate("document.documentElement.scrollWidth") <= width


WHY = {"reason": "said by the server", "why": {"code": "times-out-of-order"}}
INEXACT = "times are out of order in this log, so the ends of the range are not exact"


def test_why_hits_are_not_exactly_those_of_a_range_is_read_above_them(several):
    it = several()
    it.app.can = ["range", "search", "terms", "order", "volume"]
    it.app.open_again(LINE)
    it.search_all()
    for slug in ("app", "db"):
        it.finds(slug, "|capture| one")
    it.ends("db", count=1, **WHY)
    it.ends("app", count=1)
    note = it.page.get_by_role("note")
    expect(note).to_have_text(INEXACT)
    group = it.page.locator(".lt-rgroup[data-slug=db]")
    expect(group.get_by_role("note")).to_be_visible()
    assert note.bounding_box()["y"] < group.locator(".lt-res").bounding_box()["y"]

    it.page.locator(".lt-view").focus()
    it.page.keyboard.press("S")
    wait_until(lambda: any(said["type"] == "search" for said in it.app.heard), what="a search")
    request = next(said["request"] for said in it.app.heard if said["type"] == "search")
    hit = {"start": 0, "end": 9, "parts": ["", "capture"]}
    it.app.says("found", request=request, file="f", name="app.log", hits=[hit])
    expect(it.page.locator(".lt-res")).to_be_visible()
    expect(note).to_have_count(0)
    it.app.says("done", request=request, at=9, end=9, found=1, count=1, **WHY)
    expect(note).to_have_text(INEXACT)
    assert note.bounding_box()["y"] < it.page.locator(".lt-res").bounding_box()["y"]


def test_on_a_phone_the_results_lie_over_the_log_until_one_is_shown_in_it(several):
    it = several(width=390, height=844, has_touch=True)
    it.search_all()
    it.finds("db", "|capture| one")
    results, log = it.page.locator(".lt-results"), it.page.locator(".lt-view")
    grip = results.get_by_role("button", name="Show the results over the log")

    box = results.bounding_box()
    assert (box["y"] < 60, box["width"] > 380, box["height"] > 780) == (True, True, True)
    expect(grip).to_have_attribute("aria-expanded", "true")
    it.page.locator(".lt-res").tap()
    settle(it.page)
    box = results.bounding_box()
    assert box["y"] >= log.bounding_box()["y"] + log.bounding_box()["height"]
    assert 300 < box["height"] < 450
    expect(it.page.locator(".lt-res")).to_be_in_viewport()
    grip.tap()
    assert results.bounding_box()["y"] < 60
    grip.tap()
    assert results.bounding_box()["y"] > 300


def test_a_page_shows_ten_thousand_hits_and_then_offers_no_more_of_any_log(several):
    it = several()
    it.search_all()
    for slug in ("app", "db"):
        it.finds(slug, "|capture|")
        it.ends(slug, count=20_000, more=True)
    it.page.evaluate("document.querySelector('log-tail').results.several.all[0].search.found = 9_998")
    before = [
        group[-2] if slug == "app" else group[3]
        for slug, group in zip(("app", "db"), it.groups(), strict=False)
    ]
    it.finds("web", "|capture|")
    for slug in ("web", "celery"):
        it.ends(slug, count=1 if slug == "web" else 0)

    assert before == ["Show more", "Show more"]
    assert it.page.locator(".lt-rg-of .lt-link:not([hidden])").all_inner_texts() == []
    assert "10,000 matches are shown, the most for one page." in it.app.text(".lt-results")


def test_a_pane_that_is_closed_ends_its_searches(several):
    it = several()
    it.search_all()
    it.finds("db", "|capture|")
    it.page.evaluate("document.querySelector('log-tail').remove()")
    settle(it.page)

    assert [it.aborted(slug) for slug in ("app", "db", "web", "celery")] == [True, True, True, None]


def test_the_project_s_own_patterns_are_ids_too(several, settings):
    settings.LOGTAIL = {**settings.LOGTAIL, "ID_PATTERNS": [r"\bORD-[0-9]{6}\b", r"invoice=([A-Z0-9]+)", "("]}
    it = several(text=f"INFO ORD-123456 of invoice=AB12 {UUID} ORD-1234567\n")

    expect(it.page.locator(".lt-id")).to_have_text(["ORD-123456", "AB12", UUID])
    it.page.locator(".lt-id").first.click()
    it.page.get_by_role("menuitem").filter(has_text="Search all logs").click()
    settle(it.page)
    assert it.asked()["app"][0]["pattern"] == "ORD-123456"


def test_rows_are_used_again_with_other_ids_and_none_is_left_over(several):
    it = several(
        text="".join(
            f"2026-08-24 10:00:00,000 INFO     shop a {n:08x}-3c2a-4b1e-9d0f-2277c1ab9e05 b\n"
            for n in range(400)
        )
        + "2026-08-24 10:00:00,000 INFO     shop nothing\n" * 60
    )
    at_the_end = it.page.locator(".lt-id").count()
    it.page.locator(".lt-view").hover()
    it.page.mouse.wheel(0, -1_000_000)
    first = it.page.locator(".lt-window > .lt-row").filter(has_text="00000000-").first
    expect(first).to_be_in_viewport()
    text = first.inner_text()
    tail(it.page, "(tail.rows.repaint(), tail.rows.schedule(true))")
    settle(it.page)

    assert at_the_end == 0
    assert first.inner_text() == text
    assert text.split() == ["2026-08-24", "10:00:00,000", "INFO", "shop", "a", FIRST, "b"]
    assert first.locator(".lt-id").all_inner_texts() == [FIRST]
    it.page.mouse.wheel(0, 1_000_000)
    expect(it.page.locator(".lt-row", has_text="nothing").last).to_be_in_viewport()
    expect(it.page.locator(".lt-id")).to_have_count(0)


def test_a_row_shows_what_a_new_one_would_whatever_it_has_shown(several):
    other = FIRST.replace("0000000", "1111111")
    texts = [
        f"of {UUID} and {FIRST} too",
        f"of {other}",
        f"{UUID} and {FIRST}",
        f"{other} is first",
        "nothing",
    ]
    it = several(
        text="".join(f"2026-08-24 10:00:00,000 INFO     shop {text}   \n" for text in texts)
        + "".join(
            f'{{"time":"2026-08-24T10:00:00Z","level":"info","msg":"{text}","n":1}}\n' for text in texts
        )
    )
    found = tail(
        it.page,
        """(() => {
          const items = tail.store.items.slice(tail.store.first).filter((item) => item.kind === 'line');
          const drawn = (row, item) => {
            tail.painter.paint(row, item);
            const parts = [...row.querySelectorAll('*')].map((one) => `${one.className}:${one.textContent}`);
            return [row.textContent, ...parts].join();
          };
          const odd = [];
          for (const before of items) {
            for (const item of items) {
              const row = document.createElement('div');
              drawn(row, before);
              const again = drawn(row, item);
              const anew = drawn(document.createElement('div'), item);
              if (again !== anew) odd.push([again, anew]);
            }
          }
          return [items.length, odd];
        })()""",
    )

    assert found == [10, []]


def test_a_range_of_time_goes_along_and_a_log_without_times_says_so(several):
    it = several()
    tail(it.page, "tail.finding.keepTo({ from: 1_787_565_600_000, to: 1_787_569_200_000 })")
    it.search_all("capture")
    why = {"code": "no-times"}
    it.says("app", type="error", id="not-there", text="no times were recognised", why=why)
    it.finds("db", "|capture|")
    it.ends("db", count=2, more=True)
    it.page.get_by_role("button", name="Show more: postgresql.log").click()
    wait_until(lambda: len(it.asked()["db"]) == 2, what="a request for more")

    range = {"since": 1_787_565_600_000, "until": 1_787_569_200_000}
    assert [{name: one.get(name) for name in range} for one in it.asked()["db"]] == [range, range]
    assert it.asked()["db"][1]["to"] == {"file": "f-db", "offset": 0}
    assert it.groups()[0][1:] == ["no times were recognised in this log", "Try again"]


#: The colour and the width of the bar of each hit.
SHADOWS = "(all) => all.map((one) => getComputedStyle(one).boxShadow.replace(' 0px 0px 0px inset', ''))"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_hits_of_other_logs_have_the_bar_of_their_level_whatever_their_format(several, theme):
    it = several(color_scheme=theme)
    it.search_all()
    settle(it.page)
    it.finds(
        "db",
        "the ERROR of |capture|",
        '{"time":"2026-08-24T10:00:00Z","level":"warning","message":"|capture|"}',
        "2026-08-24 10:00:00,000 INFO shop |capture| ERROR",
        "2026-08-24 10:00:00,000 CRITICAL shop |capture|",
    )

    colours = {
        "light": ("rgb(217, 70, 60)", "rgb(220, 154, 31)"),
        "dark": ("rgb(226, 89, 78)", "rgb(197, 138, 30)"),
    }
    error, warning = colours[theme]
    assert it.page.locator(".lt-res").evaluate_all(SHADOWS) == [
        "none",
        f"{warning} 3px",
        "none",
        f"{error} 3px",
    ]


def test_hits_of_the_whole_log_have_the_bars_of_its_format_and_a_cut_one_has_none(alone):
    app = alone()
    app.can = ["range", "search", "terms", "order"]
    line = "2026-08-24 10:00:00,000 {:8} shop capture\n"
    app.open(line.format("INFO") * 20)
    app.page.locator(".lt-q").fill("capture")
    app.page.get_by_role("button", name="Search whole log").click()
    wait_until(lambda: app._said("search"), what="a search")
    request = next(message["request"] for message in app.heard if message["type"] == "search")
    texts = [line.format(level).strip() for level in ("ERROR", "WARNING", "DEBUG")]
    hits = [{"start": 100 * n, "end": 100 * n + 9, "parts": [text]} for n, text in enumerate(texts)]
    cut = {"start": 900, "end": 999, "parts": [texts[0]], "before": True}
    app.says("found", request=request, file="f", name="app.log", hits=[*hits, cut])
    asked_for = app.page.locator(".lt-results-q")
    expect(app.page.locator(".lt-res")).to_have_count(4)

    shadows = app.page.locator(".lt-res").evaluate_all(SHADOWS)
    assert shadows == ["rgb(217, 70, 60) 3px", "rgb(220, 154, 31) 3px", "none", "none"]
    expect(asked_for).to_have_text("Searching for text “capture”")
    app.says("done", request=request, at=1_000, end=1_000, count=4)
    expect(asked_for).to_have_text("Searched for text “capture”")


def test_a_hit_without_its_beginning_has_no_level(several):
    it = several()
    it.search_all()
    settle(it.page)
    text = '10.0.0.1 - - [28/Nov/2026:15:52:47 +0000] "GET /capture HTTP/1.1" 500 12 "-" "curl"'
    whole = {"start": 0, "end": 99, "parts": [text]}
    it.says(
        "db",
        type="found",
        file="f-db",
        name="postgresql.log",
        hits=[whole, {**whole, "start": 100, "before": True}],
    )

    assert it.page.locator(".lt-res").evaluate_all(SHADOWS) == ["rgb(217, 70, 60) 3px", "none"]
