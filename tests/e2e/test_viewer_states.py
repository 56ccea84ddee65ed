"""What the page shows when a log isn't live, and what it then does automatically."""

import uuid
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.kept import context, kept_tab, page
from tests.e2e.viewing import append, expect_state, line, lines, marks_of, show, tail, text_of, until
from tests.stack import Stack, Web, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.redis, pytest.mark.whole]
__all__ = ["context", "kept_tab", "page"]

#: Milliseconds in which the server notices that somebody may not watch any more: it looks every 15 s.
RECHECK = 30_000
#: Of the words for a state, in the light theme.
GREEN, AMBER = "rgb(20, 114, 74)", "rgb(133, 83, 0)"


def test_nothing_chosen_and_nothing_to_choose_are_said(
    page: Page, signed_in: BrowserContext, web: Web, stack: Stack
) -> None:
    page.goto(web.url + stack.reverse("logtail:list"))
    expect(page.locator(".lt-empty")).to_contain_text("No logs to show")

    stack.add_log("shop", b"one\n")
    stack.add_log("web", b"one\n")
    page.reload()
    expect(page.locator(".lt-empty")).to_contain_text("Choose a log")
    page.get_by_role("link", name="shop").click()

    expect_state(page, "live")
    expect(page).to_have_url(web.url + stack.reverse("logtail:log", "shop"))
    expect(page).to_have_title("shop · Logs")


def test_a_single_log_opens_by_itself(page: Page, signed_in: BrowserContext, web: Web, stack: Stack) -> None:
    stack.add_log("shop", b"one\n")
    page.goto(web.url + stack.reverse("logtail:list"))

    expect_state(page, "live")
    expect(page).to_have_url(web.url + stack.reverse("logtail:log", "shop"))
    expect(page.get_by_role("link", name="shop")).to_have_attribute("aria-current", "page")


@pytest.mark.parametrize(
    ("who", "words"),
    [
        ("member", "No lines can arrive: no worker is running for this log."),
        ("operator", "No lines can arrive: no worker serves queue “web-2” on the Redis at 127.0.0.1:"),
    ],
)
def test_a_queue_without_a_worker_is_named_to_staff_with_the_command_to_run(
    page: Page, signed_in: BrowserContext, web: Web, stack: Stack, who: str, words: str
) -> None:
    stack.add_log("far", b"one\n", queue="web-2")
    if who == "operator":
        session = stack.make_user(f"operator-{uuid.uuid4().hex[:6]}", staff=True)
        signed_in.add_cookies([{"name": "sessionid", "value": session, "url": web.url}])

    show(page, web, stack, "far", "noreader")

    expect(page.get_by_role("alert")).to_contain_text(words)
    expect(page.locator(".lt-row")).to_have_count(0)
    if who == "member":
        expect(page.get_by_role("alert").get_by_role("button", name="Copy")).to_be_hidden()
        return
    signed_in.grant_permissions(["clipboard-read", "clipboard-write"], origin=web.url)
    page.get_by_role("alert").get_by_role("button", name="Copy").click()
    command = "python manage.py rundramatiq --queues web-2 --processes 1 --threads 2"
    wait_until(lambda: page.evaluate("navigator.clipboard.readText()") == command, what="the command")
    expect(page.get_by_role("alert")).to_contain_text("no-worker")


def test_a_missing_file_is_said_and_continues_when_it_comes_back(
    page: Page, signed_in: BrowserContext, web: Web, stack: Stack
) -> None:
    path = stack.add_log("shop", b"one\n")
    show(page, web, stack, "shop")
    path.rename(path.with_suffix(".1"))

    expect_state(page, "missing")
    expect(page.get_by_role("alert")).to_contain_text("shop no longer exists.")
    expect(page.locator(".lt-state")).to_have_css("color", AMBER)
    expect(page.locator(".lt-tail")).to_have_css("color", AMBER)
    path.write_text("two\n")

    expect_state(page, "live")
    expect(page.get_by_role("alert")).to_be_hidden()
    expect(page.locator(".lt-state")).to_have_css("color", GREEN)
    until(page, "tail.lines === 2")
    assert text_of(page) == "one\ntwo\n"
    assert "gone" in marks_of(page)


def test_a_file_that_was_never_written_is_awaited(
    page: Page, signed_in: BrowserContext, web: Web, stack: Stack
) -> None:
    path = stack.add_log("shop", b"")
    path.unlink()
    show(page, web, stack, "shop", "notyet")

    expect(page.locator(".lt-empty h3")).to_have_text("There is no file for shop yet")
    expect(page.get_by_role("button", name="Pause")).to_be_hidden()
    path.write_text("one\n")

    expect_state(page, "live")
    expect(page.locator(".lt-empty")).to_be_hidden()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    until(page, "tail.lines === 1")
    assert marks_of(page) == ["appeared"]


def test_a_rotation_and_an_emptied_file_are_marked_where_they_happened(
    page: Page, signed_in: BrowserContext, web: Web, stack: Stack
) -> None:
    path = stack.add_log("shop", b"one\n")
    show(page, web, stack, "shop")
    path.rename(path.with_suffix(".1"))
    path.write_text("two\n")
    until(page, "tail.lines === 2")

    path.write_text("")
    until(page, "tail.store.items.some((item) => item.kind === 'truncated')")
    append(path, "three\n")
    until(page, "tail.lines === 3")

    assert text_of(page) == "one\ntwo\nthree\n"
    expect(page.locator(".lt-mark[data-kind=truncated]")).to_contain_text("File emptied at")
    assert {"rotated", "replaced"} & set(marks_of(page))


def test_a_log_that_is_the_newest_of_several_files_says_which(
    page: Page, signed_in: BrowserContext, web: Web, stack: Stack
) -> None:
    operator = stack.make_user(f"operator-{uuid.uuid4().hex[:6]}", staff=True)
    signed_in.add_cookies([{"name": "sessionid", "value": operator, "url": web.url}])
    stack.add_log("shop", path=stack.logs / "shop-%Y-%m-%d.log", follow="newest")
    show(page, web, stack, "shop", "notyet")

    expect(page.locator(".lt-empty h3")).to_have_text(f"No file matches {stack.logs}/shop-%Y-%m-%d.log yet")
    (stack.logs / "shop-2026-11-28.log").write_text("one\n")
    until(page, "tail.lines === 1")
    expect(page.locator(f'[title="{stack.logs}/shop-2026-11-28.log"]').first).to_be_visible()
    (stack.logs / "shop-2026-11-29.log").write_text("two\n")
    until(page, "tail.lines === 2")

    expect(page.locator(f'[title="{stack.logs}/shop-2026-11-29.log"]').first).to_be_visible()
    expect(page.locator(".lt-mark[data-kind=rotated]")).to_contain_text(
        "The log moved on from shop-2026-11-28.log to shop-2026-11-29.log at "
    )


def test_an_empty_file_is_said_to_be_empty_until_it_is_not(
    page: Page, signed_in: BrowserContext, web: Web, stack: Stack
) -> None:
    path = stack.add_log("shop")
    show(page, web, stack, "shop")
    expect(page.locator(".lt-empty")).to_contain_text("This file is empty")

    append(path, "one\n")

    expect(page.locator(".lt-row")).to_contain_text("one")
    expect(page.locator(".lt-empty")).to_be_hidden()


def test_what_is_no_text_is_not_poured_onto_the_page(
    page: Page, signed_in: BrowserContext, web: Web, stack: Stack
) -> None:
    stack.add_log("shop", bytes(range(32)) * 40 + b"\n")
    show(page, web, stack, "shop")
    expect(page.locator(".lt-empty")).to_contain_text("This does not look like text")

    page.get_by_role("button", name="Show it anyway").click()

    expect(page.locator(".lt-ctl").first).to_be_visible()


def test_stop_ends_and_start_again_goes_on_where_it_ended(
    page: Page, signed_in: BrowserContext, web: Web, stack: Stack
) -> None:
    path = stack.add_log("shop", lines(0, 3).encode())
    show(page, web, stack, "shop")
    page.get_by_role("button", name="Stop watching").click()
    expect_state(page, "stopped")
    expect(page.locator(".lt-tail")).to_contain_text("You stopped watching this log.")
    expect(page.get_by_role("button", name="Stop watching")).to_be_hidden()

    append(path, lines(3, 6))
    page.get_by_role("button", name="Start again").first.click()

    expect_state(page, "live")
    until(page, "tail.lines === 6")
    assert text_of(page) == lines(0, 6)


def test_a_lost_network_is_said_and_nothing_is_missed(
    page: Page, signed_in: BrowserContext, web: Web, stack: Stack, complaints: list[str]
) -> None:
    path = stack.add_log("shop", lines(0, 3).encode())
    show(page, web, stack, "shop")
    signed_in.set_offline(True)
    expect_state(page, "offline")
    expect(page.locator(".lt-tail")).to_contain_text(f"Resumes from byte {len(lines(0, 3))} when")

    append(path, lines(3, 2000))
    signed_in.set_offline(False)

    expect_state(page, "live")
    expect(page.get_by_role("alert")).to_have_text("Reconnected. Nothing was missed.")
    until(page, "tail.lines === 2000")
    assert text_of(page) == lines(0, 2000)
    assert marks_of(page) == ["day"]
    complaints.clear()


def test_a_web_server_that_restarts_is_waited_for(
    page: Page, signed_in: BrowserContext, stack: Stack, complaints: list[str], member: str
) -> None:
    path = stack.add_log("shop", lines(0, 3).encode())
    web = stack.start_web()
    signed_in.add_cookies([{"name": "sessionid", "value": member, "url": web.url}])
    show(page, web, stack, "shop")
    web.kill()
    expect_state(page, "reconnecting")
    expect(page.locator(".lt-tail")).to_contain_text("Connection lost. Trying again in")
    append(path, lines(3, 100))

    again = stack.start_web(port=web.port)

    expect_state(page, "live")
    until(page, "tail.lines === 100")
    assert text_of(page) == lines(0, 100)
    complaints.clear()
    page.goto("about:blank")
    again.stop()


@pytest.mark.parametrize("is_stopped", [False, True], ids=["live", "stopped"])
def test_who_signs_out_in_another_tab_loses_the_lines_and_is_asked_to_sign_in(
    context: BrowserContext, page: Page, web: Web, stack: Stack, complaints: list[str], is_stopped: bool
) -> None:
    stack.add_log("shop", b"a hush-hush\nanother hush-hush without an end")
    session = stack.make_user(f"leaver-{uuid.uuid4().hex[:6]}")
    context.add_cookies([{"name": "sessionid", "value": session, "url": web.url}])
    show(page, web, stack, "shop")
    page.locator(".lt-q").fill("a hu")
    page.get_by_role("button", name="Search whole log").click()
    expect(page.locator(".lt-res")).to_contain_text("a hush-hush")
    page.locator(".lt-gut").first.click()
    if is_stopped:
        tail(page, "tail.stop()")
        expect_state(page, "stopped")

    token = next(cookie["value"] for cookie in context.cookies() if cookie["name"] == "csrftoken")
    context.request.post(web.url + "/accounts/logout/", headers={"X-CSRFToken": token, "Referer": web.url})
    assert "sessionid" not in [cookie["name"] for cookie in context.cookies()]

    expect(page.get_by_role("alert")).to_contain_text("You were signed out", timeout=RECHECK)
    expect_state(page, "signedout")
    assert "hush-hush" not in page.evaluate("document.body.innerText")
    assert "hush-hush" not in page.content()
    assert tail(page, "tail.lines") == 0
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(f"{web.url}/accounts/login/?next=%2Flogs%2Fshop%2F%23q%3Da%2Bhu")
    complaints.clear()


def test_a_socket_that_is_closed_as_signed_out_takes_the_lines_with_it(
    context: BrowserContext, page: Page, web: Web, stack: Stack, complaints: list[str]
) -> None:
    """4401, with the list of logs as it was: its answers are those of before."""
    stack.add_log("shop", b"a hush-hush\n")
    session = stack.make_user("closed")
    context.add_cookies([{"name": "sessionid", "value": session, "url": web.url}])
    page.route("**/-/logs/", lambda route: route.fulfill(json={"logs": []}))
    codes: list[int] = []
    page.on("websocket", lambda socket: socket.on("close", lambda: codes.append(1)))
    show(page, web, stack, "shop")
    expect(page.locator(".lt-row")).to_contain_text("a hush-hush")

    stack.call("sign_out", session)

    expect_state(page, "signedout")
    assert codes
    assert "hush-hush" not in page.evaluate("document.body.innerText")
    complaints.clear()


def test_who_loses_access_loses_the_lines_as_well(
    page: Page, signed_in: BrowserContext, web: Web, stack: Stack
) -> None:
    stack.add_log("shop", b"a hush-hush\n")
    show(page, web, stack, "shop")
    expect(page.locator(".lt-row")).to_contain_text("a hush-hush")
    page.locator(".lt-q").fill("a hu")
    page.get_by_role("button", name="Search whole log").click()
    expect(page.locator(".lt-res")).to_contain_text("a hush-hush")

    stack.call("change_log", "shop", access="staff")

    expect(page.locator(".lt-empty")).to_contain_text(
        "You no longer have access to this log", timeout=RECHECK
    )
    assert "hush-hush" not in page.content()
    assert tail(page, "tail.lines") == 0


def test_an_administrator_who_stops_a_log_is_quoted(
    page: Page, signed_in: BrowserContext, web: Web, stack: Stack
) -> None:
    path = stack.add_log("shop", b"one\n")
    show(page, web, stack, "shop")

    stack.manage("logtail_stop", "shop", "--reason", "maintenance at 15:00")

    expect_state(page, "ended")
    expect(page.get_by_role("alert")).to_contain_text("maintenance at 15:00")
    append(path, "two\n")
    stack.manage("logtail_stop", "shop", "--clear")
    expect_state(page, "live")
    expect(page.locator(".lt-row").last).to_contain_text("two")


def test_a_note_from_outside_stands_where_it_came_and_is_no_line(
    page: Page, signed_in: BrowserContext, web: Web, stack: Stack
) -> None:
    path = stack.add_log("shop", b"one\n")
    show(page, web, stack, "shop")

    stack.manage("logtail_note", "deploy <b>4.2</b> started", "--log", "shop")
    expect(page.locator(".lt-mark[data-kind=note]")).to_contain_text("deploy <b>4.2</b> started")
    append(path, "two\n")

    until(page, "tail.lines === 2")
    assert marks_of(page) == ["note"]
    assert text_of(page) == "one\ntwo\n"


def test_a_log_that_is_late_with_its_newline_shows_the_line_once(
    page: Page, signed_in: BrowserContext, web: Web, stack: Stack
) -> None:
    path: Path = stack.add_log("shop", b"one\n")
    show(page, web, stack, "shop")
    append(path, "par")
    expect(page.locator(".lt-row").last).to_have_text("par")

    append(path, "tial\n" + line(1))

    until(page, "tail.lines === 3")
    assert text_of(page) == "one\npartial\n" + line(1)
