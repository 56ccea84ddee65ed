"""What the page does over plain HTTP: lines where WebSockets are blocked, and whole files."""

import re
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.test_viewer_page import axe, violations
from tests.e2e.viewing import append, expect_state, line, lines, marks_of, show, tail, text_of, until
from tests.proxy import Proxy, passes, without_upgrade
from tests.stack import Stack, Web

pytestmark = [pytest.mark.browser, pytest.mark.redis, pytest.mark.whole]

#: A browser whose WebSockets fail, until `isBlocked` is taken away.
BLOCKED = """
  const Real = globalThis.WebSocket;
  globalThis.isBlocked = true;
  globalThis.tries = 0;
  globalThis.WebSocket = new Proxy(Real, { construct(target, [address]) {
    globalThis.tries++;
    if (!globalThis.isBlocked) return new Real(address);
    const socket = { readyState: 3, send() {}, close() {} };
    setTimeout(() => socket.onclose?.({ code: 1006, reason: '' }));
    return socket;
  } });
"""
STRIP = "Live updates are blocked on this network. These are the last lines; refresh to see newer ones."
MANY = b"\0\1\2" * 2_000


@pytest.fixture
def path(stack: Stack) -> Path:
    folder = stack.logs / uuid.uuid4().hex  # nothing in it that an earlier test has rotated
    folder.mkdir()
    path = folder / "shop.log"
    path.write_text(lines(0, 700))
    return stack.add_log("shop", path=path)


@pytest.fixture
def blocked(
    page: Page, signed_in: BrowserContext, web: Web, stack: Stack, path: Path, complaints: list[str]
) -> Iterator[Page]:
    page.add_init_script(BLOCKED)
    show(page, web, stack, "shop", "history")
    until(page, "tail.lines > 0")
    yield page
    complaints.clear()  # the 426 by which the page learns of it, at each try


def refresh(page: Page) -> None:
    page.get_by_role("button", name="Refresh").click()


def test_the_last_lines_are_shown_where_no_websocket_gets_through(blocked: Page) -> None:
    expect(blocked.locator(".lt-notice-text")).to_have_text(STRIP)
    expect(blocked.get_by_role("alert")).to_contain_text(
        "An administrator sees here what to do. logtail.E022"
    )
    expect(blocked.get_by_role("alert").get_by_role("button")).to_have_text(["Refresh"])
    expect(blocked.locator(".lt-state")).to_have_text("Not live")
    expect(blocked.locator(".lt-tail")).to_be_hidden()
    expect(blocked.get_by_role("button", name="Pause")).to_be_hidden()
    assert text_of(blocked) == lines(200, 700)


@pytest.mark.skipif(axe() is None, reason="axe-playwright-python is missing")
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_neither_strip_nor_menu_has_a_barrier_that_axe_knows(blocked: Page, theme: str) -> None:
    blocked.emulate_media(color_scheme=theme)
    strip = violations(blocked)
    blocked.get_by_role("button", name="Download").click()

    assert (strip, violations(blocked)) == ([], [])


def test_refresh_goes_on_where_the_lines_end(blocked: Page, path: Path) -> None:
    append(path, lines(700, 703) + "half a")

    refresh(blocked)

    until(blocked, "tail.lines === 504")
    expect(blocked.locator(".lt-say")).to_have_text("3 new lines")
    append(path, " line\n")
    path.rename(path.with_name("shop.log.1"))
    path.write_text("new file\n")
    refresh(blocked)
    until(blocked, "tail.lines === 505")
    assert text_of(blocked) == lines(200, 703) + "half a line\nnew file\n"
    assert [mark for mark in marks_of(blocked) if mark != "day"] == ["rotated"]
    expect_state(blocked, "history")


def test_what_is_too_much_for_one_answer_is_a_gap_before_the_newest(blocked: Page, path: Path) -> None:
    before = path.stat().st_size
    append(path, lines(700, 60_000))

    refresh(blocked)

    until(blocked, f"tail.store.place.offset === {path.stat().st_size}")
    gap = tail(
        blocked,
        "(({start, end}) => [start, end])(tail.store.items.find((item) => item && item.kind === 'gap'))",
    )
    assert gap[0] > before + 1_000_000
    whole = path.read_bytes()
    assert text_of(blocked).encode() == whole[len(lines(0, 200)) : gap[0]] + whole[gap[1] :]


def test_when_a_websocket_gets_through_after_all_it_is_live_and_misses_nothing(
    blocked: Page, path: Path
) -> None:
    append(path, lines(700, 710))
    blocked.evaluate("() => { globalThis.isBlocked = false; }")

    refresh(blocked)

    expect_state(blocked, "live")
    expect(blocked.get_by_role("alert").locator(".lt-notice-text", has_text=STRIP)).to_be_hidden()
    append(path, line(710))
    until(blocked, "tail.lines === 511")
    assert text_of(blocked) == lines(200, 711)


def test_a_file_that_is_missing_is_said_there_as_well(blocked: Page, path: Path, stack: Stack) -> None:
    path.rename(path.with_name("moved-elsewhere"))

    refresh(blocked)

    expect_state(blocked, "missing")
    expect(blocked.locator(".lt-notice-text")).to_have_text(STRIP)
    path.write_text("again\n")
    refresh(blocked)
    expect_state(blocked, "history")
    until(blocked, "tail.lines === 501")


def test_a_server_without_asgi_is_said_with_what_mends_it(
    page: Page, signed_in: BrowserContext, web: Web, stack: Stack, path: Path, complaints: list[str]
) -> None:
    page.add_init_script(BLOCKED)
    body = {
        "id": "logtail.W020",
        "cause": "This server runs Django over WSGI.",
        "fix": "Serve asgi.py.",
        "paste": "",
        "certain": True,
        "lines": False,
    }
    page.route("**/socket/*", lambda route: route.fulfill(status=501, json=body))

    show(page, web, stack, "shop", "failed")

    alert = page.get_by_role("alert")
    expect(alert.locator(".lt-notice-text")).to_have_text("This server runs Django over WSGI.")
    expect(alert).to_contain_text("Serve asgi.py. logtail.W020")
    expect(alert.get_by_role("button")).to_have_text(["Try now"])
    page.get_by_role("button", name="Download").click()
    expect(page.get_by_role("menuitem")).to_have_text(["Lines loaded here0"])
    complaints.clear()


def test_staff_copy_what_mends_a_proxy_and_then_the_page_is_live(
    page: Page, context: BrowserContext, web: Web, stack: Stack, path: Path, complaints: list[str]
) -> None:
    with Proxy(web.port, without_upgrade) as proxy:
        chief = stack.make_user("http-chief", staff=True)
        context.add_cookies([{"name": "sessionid", "value": chief, "url": proxy.url}])
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.goto(f"{proxy.url}/logs/shop/")
        expect_state(page, "history")

        alert = page.get_by_role("alert")
        expect(alert.locator(".lt-notice-text")).to_have_text(
            "A proxy between you and the server doesn't pass live connections on. "
            "These are the last lines; refresh to see newer ones."
        )
        expect(alert).to_contain_text("Have the proxy pass on the headers Upgrade and Connection.")
        expect(alert.locator("code")).to_have_text("logtail.E021")
        expect(alert.locator("pre")).to_contain_text(f"proxy_pass http://127.0.0.1:{web.port};")
        assert text_of(page) == lines(200, 700)
        alert.get_by_role("button", name="Copy").click()
        expect(page.locator(".lt-say")).to_have_text("Copied")
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied.startswith("location /logs/ {\n    proxy_pass ")
        assert copied.endswith("\n}")

        proxy.handler = passes
        refresh(page)
        expect_state(page, "live")
        expect(alert).to_be_hidden()
    complaints.clear()


def test_a_page_that_is_refused_asks_for_one_reload_and_then_names_who_refuses(
    page: Page, signed_in: BrowserContext, web: Web, stack: Stack, path: Path, complaints: list[str]
) -> None:
    page.route("**/ticket/", lambda route: route.fulfill(status=403, body="no"))
    show(page, web, stack, "shop", "outdated")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("This page is older than the server. Reload it to continue.")

    alert.get_by_role("button", name="Reload").click()
    expect_state(page, "failed")
    expect(alert.locator(".lt-notice-text")).to_have_text("The server refused the connection (403).")
    expect(alert).to_contain_text("logtail.E024")

    page.unroute("**/ticket/")
    alert.get_by_role("button", name="Try now").click()
    expect_state(page, "live")
    page.route("**/ticket/", lambda route: route.fulfill(status=403, body="no"))
    page.reload()
    expect_state(page, "outdated")
    complaints.clear()


def test_the_whole_file_is_downloaded_byte_for_byte(
    page: Page, signed_in: BrowserContext, web: Web, stack: Stack, path: Path
) -> None:
    path.write_bytes(b"\xff\xfe not text \0\r\n" + MANY * 300)
    show(page, web, stack, "shop")
    page.get_by_role("button", name="Download").click()
    expect(page.get_by_role("menuitem").first).to_have_text(re.compile(r"^Whole file1\.\d MB$"))

    with page.expect_download() as download:
        page.get_by_role("menuitem", name="Whole file").click()

    assert download.value.suggested_filename == "shop.log"
    assert Path(download.value.path()).read_bytes() == path.read_bytes()
    expect_state(page, "live")


def test_what_is_no_text_is_offered_as_a_download(
    page: Page, signed_in: BrowserContext, web: Web, stack: Stack, path: Path
) -> None:
    path.write_bytes(MANY)
    show(page, web, stack, "shop")
    expect(page.locator(".lt-empty")).to_contain_text("You can download it instead.")

    with page.expect_download() as download:
        page.locator(".lt-empty").get_by_role("link", name="Download").click()

    assert Path(download.value.path()).read_bytes() == MANY


def test_a_download_that_cannot_be_whole_fails(
    page: Page, signed_in: BrowserContext, web: Web, stack: Stack, path: Path
) -> None:
    path.unlink()
    show(page, web, stack, "shop", "notyet")
    page.get_by_role("button", name="Download").click()

    with page.expect_download() as download:
        page.get_by_role("menuitem", name="Whole file").click()

    assert download.value.failure() is not None
