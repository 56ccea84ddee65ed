"""The page of one log without a server: the package answers its requests, and the test plays the socket."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import RequestFactory
from playwright.sync_api import Browser, BrowserContext, Page, WebSocketRoute

import django_logtail
from django_logtail.page.assets import assets
from django_logtail.page.config import viewer_config
from tests.e2e.viewing import settle, tail
from tests.stack import wait_until

STATIC = Path(django_logtail.__file__).parent / "static" / "logtail"


class Alone:
    """A page with the viewer of the log "app", and the server's side of its socket."""

    def __init__(self, page: Page, origin: str) -> None:
        self.page = page
        self.origin = origin
        self.at = 0
        self.file = "f"
        #: What the page may ask for.
        self.can = ["range", "search", "time"]
        #: More that the server's hello says.
        self.hello: dict[str, Any] = {}
        #: A complaint of the browser that the test expects, in part.
        self.forgives = ""
        #: What the page said on its socket.
        self.heard: list[dict[str, Any]] = []
        self._socket: WebSocketRoute | None = None

    # -- the server ------------------------------------------------------------------------------

    def says(self, type: str, **fields: Any) -> None:
        """A message to the page."""
        assert self._socket is not None
        self._socket.send(json.dumps({"type": type, **fields}))

    def is_(self, state: str = "live", **fields: Any) -> None:
        """Report the log's state."""
        self.says("status", **{"state": state, "size": self.at, "rate": 0, "behind": 0, **fields})

    def writes(self, text: str | bytes, **more: Any) -> None:
        """Send the log's next bytes."""
        assert self._socket is not None
        data = text.encode() if isinstance(text, str) else text
        header = {"type": "batch", "file": self.file, "start": self.at, "end": self.at + len(data), **more}
        self._socket.send(json.dumps(header).encode() + b"\n" + data)
        self.at += 0 if more.get("partial") or more.get("late") else len(data)

    def event(self, kind: str, **fields: Any) -> None:
        here = {"file": self.file, "offset": self.at}
        self.says("event", **{"kind": kind, **here, "before": here, **fields})

    # -- the page --------------------------------------------------------------------------------

    def open(
        self,
        text: str | bytes = "",
        *,
        start: int = 0,
        state: str = "live",
        theme: str = "",
        encoding: str = "utf-8",
        zone: str = "UTC",
    ) -> Page:
        """Show the log, which has this text, in a theme: "light", "dark" or the system's."""
        self.page.goto(f"{self.origin}/?{theme}")
        self._answer_hello(text, start, state, encoding, zone)
        return self.page

    def open_again(self, text: str | bytes = "", *, start: int = 0, state: str = "live") -> None:
        """Show a log with this text in the page that is there."""
        self.heard.clear()
        self.page.evaluate("() => { const tail = document.querySelector('log-tail'); tail.open(tail.info); }")
        self._answer_hello(text, start, state, "utf-8")

    def _answer_hello(
        self, text: str | bytes, start: int, state: str, encoding: str, zone: str = "UTC"
    ) -> None:
        self.at = start
        wait_until(lambda: self._said("hello"), what="a hello of the page")
        self.says(
            "hello",
            protocol=1,
            session="s",
            log="app",
            name="app.log",
            encoding=encoding,
            zone=zone,
            queue="web-1",
            can=self.can,
            **self.hello,
        )
        self.says("event", kind="started", file=self.file, offset=start, size=start, resumed=False)
        if text:
            self.writes(text)
        if state:
            self.is_(state)
        self.shows(text.count("\n") if isinstance(text, str) else 0)

    def shows(self, lines: int) -> None:
        """Wait until the page has loaded and drawn this many lines."""
        wait_until(lambda: tail(self.page, "tail.lines") >= lines, what=f"{lines} lines")
        # Once it has drawn what it counts, which it does soon, and not at once.
        self.page.wait_for_timeout(80)
        settle(self.page)

    def style(self, selector: str, name: str, pseudo: str = "", nth: int = 0) -> str:
        """What the browser computes for an element that is there."""
        found: str = (
            self.page.locator(selector)
            .nth(nth)
            .evaluate(
                "(element, [name, pseudo]) => getComputedStyle(element, pseudo || null).getPropertyValue(name)",
                [name, pseudo],
            )
        )
        return found

    def styles(self, selector: str, name: str, pseudo: str = "") -> list[str]:
        """The same for each."""
        found: list[str] = self.page.locator(selector).evaluate_all(
            "(all, [name, pseudo]) => all.map((one) => getComputedStyle(one, pseudo || null).getPropertyValue(name))",
            [name, pseudo],
        )
        return found

    def box(self, selector: str, nth: int = 0) -> dict[str, float]:
        """Where it is on screen."""
        box = self.page.locator(selector).nth(nth).bounding_box()
        assert box is not None, f"{selector} is not seen"
        return {**box, "right": box["x"] + box["width"], "bottom": box["y"] + box["height"]}

    def text(self, selector: str) -> str:
        return self.page.locator(selector).first.inner_text()

    def _said(self, type: str) -> bool:
        self.page.evaluate("0")  # lets what came be heard
        return any(message["type"] == type for message in self.heard)

    def connect(self, socket: WebSocketRoute) -> None:
        """Its page has opened this socket."""
        self._socket = socket
        socket.on_message(lambda message: self.heard.append(json.loads(message)))


class _Handler(BaseHTTPRequestHandler):
    """The page, a ticket, and the package's own files, which a browser may keep."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path, _, theme = self.path.partition("?")
        body = assets().body(path.removeprefix("/static/"))
        if path == "/":
            self._say(_html(theme).encode(), "text/html; charset=utf-8")
        elif body is not None:
            self._say(body.content, body.content_type)
        else:
            self._say(b"", "text/plain", 404)

    def do_POST(self) -> None:
        self._say(b'{"ticket": "t"}', "application/json")

    def _say(self, body: bytes, kind: str, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if self.path.startswith("/static/"):
            self.send_header("Cache-Control", "max-age=3600")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing."""


def _html(theme: str) -> str:
    request = RequestFactory().get("/")
    request.user = User(username="ann", is_staff=True)
    config = json.dumps(viewer_config(request)).replace("<", "\\u003c")
    themed = f' data-theme="{theme}"' if theme else ""
    return f"""<!doctype html><html lang="en"{themed}><head><meta name="viewport" content="width=device-width">
        <link rel="icon" href="data:,"><link rel="stylesheet" href="/static/styles/tokens.css">
        <link rel="stylesheet" href="/static/styles/viewer.css">
        <script id="logtail-config" type="application/json">{config}</script>
        <script type="module" src="/static/joined/define.js"></script></head>
        <body style="margin: 0"><log-tail log="app" name="app.log" folder="/var/log" ticket="/ticket/"
        socket="/socket/" download="/download/" height="100vh"></log-tail></body></html>"""


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    """Where the page is."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def profiles(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Profiles of browsers by their options: one for many tests, so that scripts are fetched once."""
    made: dict[str, BrowserContext] = {}

    def profile(**options: Any) -> BrowserContext:
        key = str(sorted(options.items()))
        if key not in made:
            given = {"timezone_id": "UTC", "locale": "en-GB", "reduced_motion": "reduce", **options}
            made[key] = browser.new_context(**given)
            # The empty page that a tab shows between two tests has no storage.
            made[key].add_init_script("if (location.origin !== 'null') localStorage.clear()")
        return made[key]

    yield profile
    for context in made.values():
        context.close()


class _Tab:
    """A tab that one test after another opens its page in: a tab of its own costs as much as opening it again."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.user: Alone | None = None
        page.on("pageerror", lambda error: self.complaints.append(f"{error.name}: {error.message}"))
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        page.route_web_socket(lambda url: url.endswith("/socket/"), self._connect)

    def _connect(self, socket: WebSocketRoute) -> None:
        if self.user is not None:
            self.user.connect(socket)


@pytest.fixture(scope="module")
def tabs() -> dict[str, _Tab]:
    """A tab for each profile, which is between two tests."""
    return {}


@pytest.fixture
def alone(
    origin: str, profiles: Callable[..., BrowserContext], tabs: dict[str, _Tab]
) -> Iterator[Callable[..., Alone]]:
    """Makes a page, of this size and in a browser with these options; a complaint of it fails the test.

    `is_own` is for a test that changes what a tab keeps when it opens a page anew: its clock, routes, first scripts.
    """
    kept: list[tuple[str, _Tab]] = []
    own: list[_Tab] = []

    def made(width: int = 1440, height: int = 700, *, is_own: bool = False, **options: Any) -> Alone:
        key = str(sorted(options.items()))
        tab = None if is_own else tabs.pop(key, None)
        if tab is None:
            tab = _Tab(profiles(**options).new_page())
        own.append(tab) if is_own else kept.append((key, tab))
        tab.page.set_viewport_size({"width": width, "height": height})
        tab.user = Alone(tab.page, origin)
        return tab.user

    yield made
    used = [*own, *(tab for _, tab in kept)]
    complaints = [
        complaint
        for tab in used
        for complaint in tab.complaints
        if not (tab.user and tab.user.forgives and tab.user.forgives in complaint)
    ]
    for tab in own:
        tab.page.close()
    for key, tab in kept:
        tab.user = None
        tab.complaints.clear()
        if key in tabs or complaints:
            tab.page.close()
        else:
            # Nothing of this test's page goes on: no timer, no socket, no pointer over what comes.
            tab.page.mouse.move(0, 0)
            tab.page.goto("about:blank")
            tabs[key] = tab
    assert complaints == []
