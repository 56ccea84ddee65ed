"""Each wrong step on the way to a live connection is named, and its remedy, followed to the letter, mends it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from django.core.wsgi import get_wsgi_application
from django.test import Client

from django_logtail.management.commands.logtail_doctor import script_path
from django_logtail.operating.doctor.findings import Finding
from django_logtail.operating.doctor.handshakes import Answer, Site
from django_logtail.operating.doctor.site import examine_site
from tests.proxy import Head, Proxy, certificate, firewall, passes, with_forwarded_proto, without_upgrade
from tests.stack import CHECKOUT, Stack, Web

pytestmark = [pytest.mark.whole]

TOKEN = "t" * 32
WRAPPED = "from django_logtail.asgi import with_logtail\n\napplication = with_logtail(application)"
#: Of a uvicorn that takes nobody's word for the scheme, as most servers do.
PLAIN = ["--no-proxy-headers"]


class Shop(Stack):
    """A project of its own files, `shop/settings.py` and `shop/asgi.py`, as somebody has them who forgot things."""

    def __init__(self, folder: Path, *settings: str) -> None:
        self.package = folder / "project" / "shop"
        self.package.mkdir(parents=True)
        (self.package / "__init__.py").touch()
        lines = [
            "from pathlib import Path",
            "from tests.settings import *",
            "BASE_DIR = Path(__file__).resolve().parent.parent",
            'ASGI_APPLICATION = "shop.asgi.application"',
            *settings,
        ]
        (self.package / "settings.py").write_text("\n".join([*lines, ""]))
        (self.package / "asgi.py").write_text(
            "from django.core.asgi import get_asgi_application\n\napplication = get_asgi_application()\n"
        )
        environment = {
            "DJANGO_SETTINGS_MODULE": "shop.settings",
            "PYTHONPATH": f"{self.package.parent}:{CHECKOUT}",
        }
        super().__init__(folder / "stack", logtail={"READER": "local"}, environment=environment)
        self.session = self.make_user("chief", staff=True)
        self.add_log("app", b"one\n")

    def append(self, name: str, text: str) -> None:
        """Follow a hint: "Add this at the end of shop/asgi.py"."""
        with (self.package.parent / name).open("a") as file:
            file.write(f"{text}\n")

    def why(self, url: str, query: str = "") -> dict[str, Any]:
        """What the page of a member of staff is told."""
        answer = self.ask(url, "GET", f"/logs/app/socket/?origin={quote(url)}{query}")
        assert answer.status in (426, 501)
        return dict(answer.json)

    def ask(self, url: str, method: str, path: str) -> Answer:
        cookies = f"sessionid={self.session}; csrftoken={TOKEN}"
        headers = {"Cookie": cookies, "X-CSRFToken": TOKEN, "Origin": url, "Accept-Language": "en"}
        return Site(url, 30).request(method, path, headers)

    def shake_hands(self, url: str) -> int:
        headers = {"Cookie": f"sessionid={self.session}", "Origin": url}
        return Site(url, 30).shake_hands("/logs/app/socket/", headers, {"type": "hello"}).status

    def doctor(self, url: str) -> dict[str, dict[str, Any]]:
        """What the command finds about the site, by id."""
        done = self.manage("logtail_doctor", "--url", url, "--json", check=False)
        found = json.loads(done.stdout)["findings"]
        return {finding["id"]: finding for finding in found if "site: " in finding["text"]}


def found_at(url: str) -> dict[str, Finding]:
    """The same without starting a process, as a project with the tests' settings has it."""
    return {finding.id: finding for finding in examine_site(url, script_path())}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A project that is right."""
    with Shop(tmp_path_factory.mktemp("shop")) as shop:
        shop.append("shop/asgi.py", WRAPPED)
        yield shop


@pytest.fixture(scope="module")
def web(shop: Shop) -> Web:
    return shop.start_web(application="shop.asgi:application", options=PLAIN)


@pytest.fixture(scope="module")
def own_certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def trusted(own_certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A certificate that this process trusts."""
    monkeypatch.setenv("SSL_CERT_FILE", str(own_certificate))
    return own_certificate


class Quiet(WSGIRequestHandler):
    def log_message(self, *args: object) -> None: ...


def test_the_reference_server_of_wsgi_can_send_the_answer() -> None:
    with make_server("127.0.0.1", 0, get_wsgi_application(), handler_class=Quiet) as server:
        served = threading.Thread(target=server.handle_request)
        served.start()
        answer = Site(f"http://127.0.0.1:{server.server_port}", 30).request("GET", "/logs/app/socket/")
        served.join()

    assert (answer.status, answer.json["id"]) == (501, "logtail.W020")


def test_from_plain_runserver_each_hint_leads_to_the_next_and_the_last_to_a_live_connection(
    tmp_path: Path,
) -> None:
    with Shop(tmp_path, "DEBUG = True") as shop:
        told = []
        warned = shop.manage("check", "--tag", "logtail").stderr
        for file in ("shop/settings.py", "shop/asgi.py"):
            web = shop.start_web("runserver")
            why = shop.why(web.url)
            told.append(why["id"])
            assert f"at the end of {file}, and" in why["fix"]
            assert f"({why['id']})" in warned
            assert why["paste"] in warned
            assert shop.shake_hands(web.url) != 101
            assert found_at(web.url)[why["id"]].is_problem
            assert "Hop-by-hop" not in web.says()
            web.stop()
            shop.append(file, why["paste"])
        web = shop.start_web("runserver")

        assert told == ["logtail.W020", "logtail.W022"]
        assert shop.shake_hands(web.url) == 101
        assert "no issues" in shop.manage("check", "--tag", "logtail", "--fail-level", "WARNING").stdout


@pytest.mark.parametrize(
    ("server", "options", "fix", "paste"),
    [
        (
            "uvicorn",
            ["--ws", "none"],
            "Start it without the option “--ws none”, for example like this.",
            "uvicorn shop.asgi:application --ws auto",
        ),
        (
            "granian",
            ["--no-ws"],
            "Start it with WebSockets turned on: uvicorn with a WebSocket library and without “--ws none”, "
            "granian without “--no-ws”.",
            "",
        ),
    ],
)
def test_a_server_without_websockets_says_so_itself(
    shop: Shop, server: str, options: list[str], fix: str, paste: str
) -> None:
    web = shop.start_web(server, application="shop.asgi:application", options=options)

    assert shop.shake_hands(web.url) != 101
    why = shop.why(web.url)
    found = found_at(web.url)

    assert (why["id"], why["fix"], why["paste"]) == ("logtail.E020", fix, paste)
    assert found["logtail.E020"].advice == fix
    web.stop()


def test_a_proxy_that_takes_the_upgrade_away_is_named(shop: Shop, web: Web) -> None:
    with Proxy(web.port, without_upgrade) as proxy:
        assert shop.shake_hands(proxy.url) != 101
        why = shop.why(proxy.url)
        found = shop.doctor(proxy.url)
        proxy.handler = passes
        mended = shop.shake_hands(proxy.url), found_at(proxy.url)

    assert why["id"] == "logtail.E021"
    assert f"proxy_pass http://127.0.0.1:{web.port};" in why["paste"]
    assert found["logtail.E021"]["text"] == (
        f"logtail.E021: site: WebSocket to {proxy.url}/logs/doctor/socket/: "
        "A proxy between you and the server doesn't pass live connections on."
    )
    assert (mended[0], list(mended[1])) == (101, ["site"])


def status_of(head: Head) -> int:
    """What Django, in this process and with the settings as they are now, answers to somebody who isn't signed in."""
    client = Client(enforce_csrf_checks=True)
    client.cookies["csrftoken"] = TOKEN
    return client.post(head.path, headers={**head.headers, "x-csrftoken": TOKEN}).status_code


@pytest.mark.parametrize(
    ("handler", "paste"),
    [
        (with_forwarded_proto, 'SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")'),
        (passes, 'CSRF_TRUSTED_ORIGINS = ["{url}"]'),
    ],
)
def test_a_proxy_with_tls_that_django_knows_nothing_of_gets_its_setting(
    shop: Shop, web: Web, trusted: Path, settings: Any, handler: Any, paste: str
) -> None:
    with Proxy(web.port, handler, trusted) as proxy:
        refused = shop.ask(proxy.url, "POST", "/logs/app/ticket/")
        why = shop.why(proxy.url, "&refused=1")
        found = found_at(proxy.url)

    assert refused.status == 403
    assert (why["id"], why["paste"]) == ("logtail.E023", paste.format(url=proxy.url))
    assert why["cause"] == "The server refused the connection (403)."
    assert found["logtail.E023"].paste == why["paste"]
    # What Django makes of the same request, without the line and with it.
    head = Head("POST", "/logs/app/ticket/", {"host": proxy.url.partition("//")[2], "origin": proxy.url})
    handler(head)
    before = status_of(head)
    lines: dict[str, Any] = {}
    exec(why["paste"], lines)
    for name in ("SECURE_PROXY_SSL_HEADER", "CSRF_TRUSTED_ORIGINS"):
        if name in lines:
            setattr(settings, name, lines[name])
    assert (before, status_of(head)) == (403, 401)


def test_a_firewall_is_told_apart_from_django(shop: Shop, web: Web) -> None:
    with Proxy(web.port, firewall) as proxy:
        refused = shop.ask(proxy.url, "POST", "/logs/app/ticket/")
        why = shop.why(proxy.url, "&refused=1")
        found = found_at(proxy.url)

    assert (refused.status, why["id"], why["paste"]) == (403, "logtail.E024", "")
    assert found["logtail.E024"].advice == why["fix"]
    assert "status 403 (test-proxy, text/html)" in found["logtail.E024"].text
