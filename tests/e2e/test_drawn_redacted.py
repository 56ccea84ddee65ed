"""What a page shows of redacted lines, how somebody asks for the original there, and how that ends."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import pytest
from playwright.sync_api import Error, Route, expect

from tests.e2e.alone import Alone, alone, origin, profiles, tabs
from tests.e2e.viewing import tail
from tests.stack import wait_until

pytestmark = pytest.mark.browser
__all__ = ["alone", "origin", "profiles", "tabs"]

HIDDEN = "12:00:00 INFO login of **************** from ************\n"
SPANS = [[23, 16, "email"], [45, 12, "ip"]]
ORIGINAL = "12:00:00 INFO login of ann@shop.example from 203.0.113.41\n"
PLAIN = "12:00:01 INFO nothing to hide\n"


class Desk:
    """The page of a redacted log, whose server gives tickets for the original."""

    def __init__(self, app: Alone, *, may: bool = True) -> None:
        self.app = app
        self.app.hello = {"redacted": True}
        if may:
            self.app.can = [*self.app.can, "original"]
        #: What was asked for.
        self.asked: list[dict[str, list[str]]] = []
        #: What the server says to that, if it refuses.
        self.refusal: tuple[int, str] | None = None
        app.page.route("**/ticket/", self._answer)

    def open(self, **more: Any) -> None:
        self.app.open("", **more)
        self.app.writes(HIDDEN, hidden=SPANS)
        self.app.writes(PLAIN)
        self.app.shows(2)

    def ask(self, reason: str = "order 48213", minutes: str = "") -> None:
        page = self.app.page
        page.locator(".lt-redbtn").click()
        page.get_by_role("button", name="Ask for the original").click()
        page.get_by_label("Reason").fill(reason)
        if minutes:
            page.get_by_role("button", name=minutes).click()
        self.app.heard.clear()
        page.get_by_role("button", name="Show and record").click()

    def shows(self, seconds: int = 900, reason: str = "order 48213") -> None:
        """The server lets the viewing begin that was asked for."""
        self.app.hello = {"redacted": True, "original": {"seconds": seconds, "reason": reason}}
        self.app._answer_hello("", 0, "live", "utf-8")
        self.app.writes(ORIGINAL, hidden=SPANS)
        self.app.shows(1)

    def redacts_again(self) -> None:
        """The server lets an ordinary viewing begin."""
        self.app.hello = {"redacted": True}
        self.app._answer_hello("", 0, "live", "utf-8")
        self.app.writes(HIDDEN, hidden=SPANS)
        self.app.shows(1)

    def is_hidden_while_the_server_lives(self) -> bool:
        """Whether the original is gone; and it isn't the server's silence that ends it."""
        if "ann@shop.example" not in self.log:
            return True
        with contextlib.suppress(Error):  # its socket has just ended
            self.app.is_()
        return False

    @property
    def ticket(self) -> str:
        return next(message["ticket"] for message in self.app.heard if message["type"] == "hello")

    @property
    def log(self) -> str:
        return self.app.text(".lt-window")

    def _answer(self, route: Route) -> None:
        fields = parse_qs(route.request.post_data or "", keep_blank_values=True)
        if not fields:
            route.fulfill(json={"ticket": "ordinary"})
            return
        self.asked.append(fields)
        if self.refusal is None:
            route.fulfill(json={"ticket": "for the original"})
        else:
            status, text = self.refusal
            route.fulfill(status=status, json={"error": "x", "text": text})


@pytest.fixture
def at_desk(alone: Callable[..., Alone]) -> Callable[..., Desk]:
    def made(width: int = 1440, height: int = 700, *, may: bool = True, **options: Any) -> Desk:
        return Desk(alone(width, height, is_own=True, **options), may=may)

    return made


def test_what_is_hidden_is_dim_and_says_by_which_rule(at_desk: Callable[..., Desk]) -> None:
    desk = at_desk()
    desk.open()
    red = desk.app.page.locator(".lt-red")

    assert red.all_inner_texts() == ["‹e-mail address›", "‹IP address›"]
    assert red.first.get_attribute("title") == "Hidden by the rule “e-mail address”, 16 bytes"
    assert desk.app.style(".lt-red", "user-select") == "all"
    assert "*" not in desk.log


def test_the_button_says_what_is_hidden_here_and_offers_to_ask(at_desk: Callable[..., Desk]) -> None:
    desk = at_desk()
    desk.open()
    button = desk.app.page.locator(".lt-redbtn")
    expect(button).to_have_text("Redacted")
    button.click()
    box = desk.app.page.get_by_role("dialog", name="Redacted")

    expect(box).to_contain_text("It never reached this page, and no search can find it.")
    assert [row.replace("\n", " ") for row in box.locator("dl > div").all_inner_texts()] == [
        "e-mail address 1 here",
        "IP address 1 here",
    ]
    expect(box.get_by_role("button", name="Ask for the original")).to_be_visible()
    desk.app.page.keyboard.press("Escape")
    expect(box).to_be_hidden()
    expect(button).to_be_focused()


def test_on_a_phone_the_button_is_as_large_as_a_finger(at_desk: Callable[..., Desk]) -> None:
    desk = at_desk(390, 844, has_touch=True)
    desk.open()
    page = desk.app.page
    expect(page.locator(".lt-redbtn")).to_be_visible()

    hit = page.evaluate("""() => {
      const { left, top, width, height } = document.querySelector('.lt-redbtn').getBoundingClientRect();
      const [x, y] = [left + width / 2, top + height / 2];
      const isIt = (dx, dy) => Boolean(document.elementFromPoint(x + dx, y + dy)?.closest('.lt-redbtn'));
      return [[0, 0], [0, -21], [0, 21], [-20, 0], [20, 0], [0, 24], [24, 0]].map(([dx, dy]) => isIt(dx, dy));
    }""")

    assert hit == [True, True, True, True, True, False, False]


def test_who_may_not_see_it_is_offered_nothing(at_desk: Callable[..., Desk]) -> None:
    desk = at_desk(may=False)
    desk.open()
    desk.app.page.locator(".lt-redbtn").click()
    box = desk.app.page.get_by_role("dialog", name="Redacted")

    expect(box).to_contain_text("The original is shown only where access is recorded.")
    expect(box.get_by_role("button")).to_have_count(0)


def test_a_log_without_rules_has_no_such_button(alone: Callable[..., Alone]) -> None:
    app = alone()
    app.open(PLAIN)

    expect(app.page.locator(".lt-redbtn")).to_be_hidden()


def test_whoever_asks_in_words_sees_the_original_in_this_viewing(at_desk: Callable[..., Desk]) -> None:
    desk = at_desk()
    desk.open()
    desk.ask(minutes="60 min")
    desk.shows(seconds=3_600)
    page = desk.app.page

    assert desk.asked == [{"reason": ["order 48213"], "minutes": ["60"]}]
    assert desk.ticket == "for the original"
    assert "ann@shop.example" in desk.log
    assert "‹" not in desk.log
    shown = page.locator(".lt-shown")
    assert shown.all_inner_texts() == ["ann@shop.example", "203.0.113.41"]
    assert shown.first.get_attribute("title") == "Hidden from others by the rule “e-mail address”, 16 bytes"
    expect(page.locator(".lt-redbtn")).to_have_text("Original")
    expect(page.locator(".lt-notice")).to_contain_text("Recorded: “order 48213”.")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_an_answer_that_refuses_is_said_where_it_was_asked(at_desk: Callable[..., Desk]) -> None:
    desk = at_desk()
    desk.open()
    desk.app.forgives = "status of 400"
    desk.refusal = (400, "Say why you need the original.")
    desk.ask(reason="")
    page = desk.app.page

    expect(page.get_by_role("alert").filter(has_text="Say why you need the original.")).to_be_visible()
    expect(page.locator(".lt-redbtn span")).to_have_text("Redacted")
    desk.refusal = None
    page.get_by_label("Reason").fill("order 7")
    page.get_by_role("button", name="Show and record").click()
    desk.shows(reason="order 7")
    assert desk.asked[-1] == {"reason": ["order 7"], "minutes": ["15"]}
    assert "ann@shop.example" in desk.log


@pytest.mark.parametrize("end", ["strip", "button", "lost", "over", "time"])
def test_the_original_goes_with_its_viewing(at_desk: Callable[..., Desk], end: str) -> None:
    desk = at_desk()
    app, page = desk.app, desk.app.page
    desk.open()
    desk.ask()
    desk.shows(seconds=1 if end == "time" else 900)
    app.heard.clear()
    if end == "strip":
        page.locator(".lt-notice").get_by_role("button", name="Hide again").click()
    elif end == "button":
        page.locator(".lt-redbtn").click()
        page.locator(".lt-hides").get_by_role("button", name="Hide again").click()
    elif end == "lost":
        assert app._socket is not None
        app._socket.close(code=1011)
    elif end == "over":
        assert app._socket is not None
        app.says("end", reason="original-over", text="The time is over.", may_retry=True)
        app._socket.close(code=1000)
    wait_until(lambda: desk.is_hidden_while_the_server_lives(), what="no original")
    desk.redacts_again()
    hello = next(message for message in app.heard if message["type"] == "hello")

    assert (hello["ticket"], hello["resume"]) == ("ordinary", None)
    assert "ann@shop.example" not in desk.log
    assert "‹e-mail address›" in desk.log
    expect(page.locator(".lt-redbtn span")).to_have_text("Redacted")
    expect(page.locator(".lt-notice")).to_be_hidden()
    assert "ann@shop.example" not in tail(page, "tail.store.items.map((item) => item.text).join()")


def test_stopping_clears_the_original_too(at_desk: Callable[..., Desk]) -> None:
    desk = at_desk()
    desk.open()
    desk.ask()
    desk.shows()
    desk.app.heard.clear()
    desk.app.page.locator(".lt-stopbtn").click()
    wait_until(lambda: tail(desk.app.page, "tail.state") == "stopped", what="stopped")

    assert tail(desk.app.page, "tail.store.lines") == 0
    assert "ann@shop.example" not in desk.log
    desk.app.heard.clear()
    desk.app.page.get_by_role("button", name="Start again").first.click()
    desk.redacts_again()
    assert "‹e-mail address›" in desk.log


def test_the_lines_that_were_in_sight_are_asked_for_again(at_desk: Callable[..., Desk]) -> None:
    desk = at_desk(height=400)
    desk.open()
    for number in range(60):
        desk.app.writes(f"12:00:02 INFO line {number}\n")
    desk.app.shows(62)
    desk.app.page.locator(".lt-view").hover()
    desk.app.page.mouse.wheel(0, -5_000)
    wait_until(lambda: not tail(desk.app.page, "tail.rows.follow"), what="earlier lines")
    desk.ask()
    desk.app.hello = {"redacted": True, "original": {"seconds": 900, "reason": "x"}}
    desk.app._answer_hello("", 5_000, "live", "utf-8")
    wait_until(lambda: any(one["type"] == "range" for one in desk.app.heard), what="a request for the lines")

    asked = next(one for one in desk.app.heard if one["type"] == "range")
    assert asked.get("start", asked.get("before", 9_999)) < 600


def test_results_of_a_search_say_what_is_hidden_in_words(at_desk: Callable[..., Desk]) -> None:
    desk = at_desk()
    desk.app.can = ["range", "search", "order", "terms"]
    desk.open()
    page = desk.app.page
    page.locator(".lt-q").fill("login")
    page.locator(".lt-whole").click()
    wait_until(lambda: any(one["type"] == "search" for one in desk.app.heard), what="a search")
    asked = next(one for one in desk.app.heard if one["type"] == "search")
    hit = {"start": 0, "end": len(HIDDEN), "parts": [HIDDEN[:14], "login", HIDDEN[19:-1]]}
    hit["hidden"] = [[*span[:2], span[2], span[1]] for span in SPANS]
    desk.app.says("found", request=asked["request"], file="f", name="app.log", hits=[hit])
    desk.app.says("done", request=asked["request"], found=1, count=1, at=9, end=9)
    row = page.locator(".lt-res")

    expect(row).to_contain_text("login of ‹e-mail address› from ‹IP address›")
    assert row.locator(".lt-red").all_inner_texts() == ["‹e-mail address›", "‹IP address›"]
    assert row.locator(".lt-hit").all_inner_texts() == ["login"]


def test_a_value_of_a_line_of_json_is_hidden_in_its_place(at_desk: Callable[..., Desk]) -> None:
    desk = at_desk()
    desk.app.open("")
    head = '{"time": "2026-11-30T12:00:03Z", "level": "warning", "msg": "declined", '
    line = head + '"card": "****************", "n": 7}\n'
    desk.app.writes(line, hidden=[[line.index("*"), 16, "card"]])
    desk.app.shows(1)
    value = desk.app.page.locator(".lt-kv").first

    assert value.inner_text() == '"‹card number›"'
    assert value.locator(".lt-red").count() == 1
    assert value.locator(".lt-red").get_attribute("title") == "Hidden by the rule “card number”, 16 bytes"


def test_a_match_in_a_hidden_word_is_marked_too(at_desk: Callable[..., Desk]) -> None:
    desk = at_desk()
    desk.open()
    desk.app.page.locator(".lt-q").fill("address")
    expect(desk.app.page.locator(".lt-hit")).to_have_count(2)

    assert desk.app.page.locator(".lt-red.lt-hit").all_inner_texts() == ["address", "address"]
