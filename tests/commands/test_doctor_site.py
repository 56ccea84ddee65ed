"""The doctor with `--url` names who stops a browser on its way. `tests.e2e.test_causes` has real servers."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from django_logtail.management.commands import logtail_doctor
from django_logtail.operating.doctor.findings import Finding
from django_logtail.operating.doctor.project import examine_settings
from django_logtail.operating.doctor.site import examine_site
from tests.ports import free_port
from tests.proxy import Head, Proxy, answer, certificate

SCRIPT = "-/assets/0123456789abcdef/joined/page/logs-page.js"
SIGNED_OUT = answer("401 Unauthorized", b'{"error": "signed-out"}', Content_Type="application/json")
JAVASCRIPT = answer("200 OK", b"1", Content_Type="text/javascript; charset=utf-8")
#: The end of a socket whose ticket isn't valid, as a frame.
BAD_TICKET = b'{"type": "end", "reason": "bad-ticket"}'
SOCKET = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"


def framed(text: bytes, opcode: int = 1) -> bytes:
    length = bytes([len(text)]) if len(text) < 126 else b"\x7e" + len(text).to_bytes(2, "big")
    return bytes([0x80 | opcode]) + length + text


def why(cause: str, status: str = "426 Upgrade Required") -> bytes:
    """The app's answer to a plain request for a socket."""
    return answer(status, json.dumps({"id": cause}).encode(), Content_Type="application/json")


@contextmanager
def site(
    *,
    script: bytes = JAVASCRIPT,
    handshake: bytes = SOCKET + framed(BAD_TICKET),
    foreign: bytes | None = None,
    plain: bytes = why("logtail.E022"),
    ticket: bytes = SIGNED_OUT,
    refused: bytes = why("logtail.E024"),
) -> Iterator[str]:
    """A site that answers so: the page's script, a handshake (and one without Origin), a plain request for the
    socket (and one that asks about a refusal), a request for a ticket.
    """

    def handler(head: Head) -> bytes:
        if head.method == "POST":
            assert head.path == "/logs/doctor/ticket/"
            assert (head.headers["x-csrftoken"], "origin" in head.headers) == (TOKEN, True)
            return ticket
        if "/-/assets/" in head.path:
            assert head.path == f"/logs/{SCRIPT}"
            return script
        if "sec-websocket-key" in head.headers:
            assert head.path == "/logs/doctor/socket/"
            return handshake if foreign is None or "origin" in head.headers else foreign
        return refused if "refused=1" in head.path else plain

    with Proxy(0, handler) as proxy:
        yield proxy.url


TOKEN = "doctordoctordoctordoctordoctordo"


def examined(url: str) -> list[Finding]:
    return list(examine_site(url, SCRIPT))


def marks(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.mark, finding.id) for finding in findings]


@pytest.mark.parametrize("page", ["", "/", "/logs", "/logs/"])
def test_a_sound_site_passes(page: str) -> None:
    with site() as url:
        assert examined(url + page) == [
            Finding("ok", f"site: the page's script arrives from {url}/logs/{SCRIPT}"),
            Finding("ok", f"site: WebSocket to {url}/logs/doctor/socket/: gets through to the log viewer"),
            Finding("ok", f"site: requests of pages at {url}: Django accepts them"),
        ]


def test_pages_at_another_address_are_looked_for_there() -> None:
    asked: list[str] = []

    def handler(head: Head) -> bytes:
        asked.append(head.path)
        return answer("404 Not Found")

    with Proxy(0, handler) as proxy:
        examined(f"{proxy.url}/ops/logs/")

    assert asked[0] == f"/ops/logs/{SCRIPT}"
    assert {path.partition("doctor/")[0] for path in asked[1:]} == {"/ops/logs/"}


def test_where_nothing_listens_only_that_is_said() -> None:
    port = free_port()

    (finding,) = examined(f"http://127.0.0.1:{port}/logs/")

    assert finding.id == "logtail.E025"
    assert finding.text.startswith(f"logtail.E025: site: 127.0.0.1:{port} does not answer: ")
    assert finding.advice == "Start the proxy or the web server there, or correct --url."


@pytest.mark.parametrize(
    ("said", "seen"),
    [
        (b"", "the connection was closed without an answer"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "no HTTP answer"),
        (b"HTTP/1.1 200 OK\r\nx\r\n" + b"y: z\r\n" * 200, "no HTTP answer"),
    ],
)
def test_something_that_speaks_no_http_does_not_answer(said: bytes, seen: str) -> None:
    with Proxy(0, lambda head: said) as proxy:
        (finding,) = examined(proxy.url)

    assert finding.id == "logtail.E025"
    assert seen in finding.text


def test_a_certificate_that_browsers_would_refuse_is_named(tmp_path: Path) -> None:
    with Proxy(0, lambda head: answer("200 OK"), certificate(tmp_path)) as proxy:
        (finding,) = examined(proxy.url)

    assert finding.id == "logtail.E026"
    assert finding.text == (
        f"logtail.E026: site: the certificate of 127.0.0.1:{proxy.port} is not valid: self-signed certificate"
    )


@pytest.mark.parametrize(
    ("given", "seen"),
    [
        (answer("404 Not Found"), "status 404 (test-proxy, text/html)"),
        (answer("200 OK", b"<!doctype html>"), "status 200 (test-proxy, text/html)"),
        (answer("301 Moved", Location="https://x/"), "status 301 to https://x/ (test-proxy, text/html)"),
    ],
)
def test_a_proxy_that_cuts_the_scripts_off_is_named(given: bytes, seen: str) -> None:
    with site(script=given) as url:
        first, *others = examined(url)

    assert (first.mark, first.id) == ("PROBLEM", "logtail.E027")
    assert first.text == f"logtail.E027: site: {seen} instead of the page's script at {url}/logs/{SCRIPT}"
    assert marks(others) == [("ok", "site"), ("ok", "site")]


@pytest.mark.parametrize(
    ("handshake", "cause", "paste"),
    [
        (why("logtail.W020", "501 Not Implemented"), "logtail.W020", "uvicorn tests.asgi:application"),
        (why("logtail.E020"), "logtail.E020", ""),
        (why("logtail.E021"), "logtail.E021", "proxy_set_header Upgrade $http_upgrade;"),
        # It has arrived in Django, and nothing of it has told that it was one.
        (why("logtail.E022"), "logtail.E021", "location /logs/ {"),
        (why("logtail.E023"), "logtail.E023", "CSRF_TRUSTED_ORIGINS = ["),
    ],
)
def test_a_handshake_that_reaches_django_as_a_plain_request_is_explained_by_django(
    handshake: bytes, cause: str, paste: str
) -> None:
    with site(handshake=handshake) as url:
        findings = examined(url)

    assert marks(findings) == [("ok", "site"), ("PROBLEM", cause), ("ok", "site")]
    assert paste in findings[1].paste


@pytest.mark.parametrize("status", ["500 Internal Server Error", "403 Forbidden"])
def test_a_handshake_that_a_server_fails_is_explained_by_a_plain_request(status: str) -> None:
    with site(handshake=answer(status), plain=why("logtail.W022")) as url:
        findings = examined(url)

    assert marks(findings)[1] == ("PROBLEM", "logtail.W022")
    assert findings[1].advice == "Add this at the end of tests/asgi.py, and restart the server."


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (
            "401 Unauthorized",
            "Whatever asks for a password there must let WebSockets pass as it lets pages pass.",
        ),
        ("403 Forbidden", "Have it allow POST requests and WebSockets to these addresses."),
        ("418 Teapot", "Look at the logs of the proxy and of the web server."),
    ],
)
def test_one_that_something_in_front_answers_is_told_with_its_status(status: str, advice: str) -> None:
    with site(handshake=answer(status), foreign=answer(status)) as url:
        findings = examined(url)

    assert marks(findings)[1] == ("PROBLEM", "logtail.E028")
    assert findings[1].text == (
        f"logtail.E028: site: WebSocket to {url}/logs/doctor/socket/: something in front of Django answers it: "
        f"status {status[:3]} (test-proxy, text/html)"
    )
    assert findings[1].advice == advice


@pytest.mark.parametrize("status", ["502 Bad Gateway", "503 Unavailable", "504 Timeout", "404 Not Found"])
def test_a_site_behind_which_there_is_no_django_is_told(status: str) -> None:
    with site(handshake=answer(status), plain=answer(status), ticket=answer(status)) as url:
        findings = examined(url)

    assert marks(findings)[1:] == [("PROBLEM", "logtail.E028"), ("PROBLEM", "logtail.E028")]
    assert "it does not reach Django: status " in findings[1].text


@pytest.mark.parametrize(
    "after", [b"", framed(b"\x03\xe8", 8), framed(b"hello"), framed(b'{"reason": "another"}')]
)
def test_a_socket_of_something_else_is_told(after: bytes) -> None:
    with site(handshake=SOCKET + after) as url:
        findings = examined(url)

    assert marks(findings)[1] == ("PROBLEM", "logtail.E028")
    assert "something other than the log viewer accepts it" in findings[1].text


def test_pings_before_the_answer_are_passed_over() -> None:
    ping, long = framed(b"", 9), framed(b'{"reason": "bad-ticket", "text": "' + b"x" * 200 + b'"}')

    with site(handshake=SOCKET + ping + long) as url:
        assert marks(examined(url))[1] == ("ok", "site")


def test_a_socket_refused_for_its_origin_names_the_setting() -> None:
    with site(handshake=answer("403 Forbidden"), foreign=SOCKET + framed(BAD_TICKET)) as url:
        findings = examined(url)

    assert marks(findings)[1] == ("PROBLEM", "logtail.E023")
    assert findings[1].paste == f'CSRF_TRUSTED_ORIGINS = ["{url}"]'


@pytest.mark.parametrize(
    ("refused", "cause"),
    [
        (why("logtail.E023"), "logtail.E023"),
        (why("logtail.E024"), "logtail.E024"),
        (answer("403 Forbidden"), "logtail.E024"),
    ],
)
def test_a_refused_request_is_explained_by_django_if_it_can(refused: bytes, cause: str) -> None:
    with site(ticket=answer("403 Forbidden"), refused=refused) as url:
        assert marks(examined(url))[2] == ("PROBLEM", cause)


def test_where_tokens_are_in_sessions_a_refusal_proves_nothing(settings: Callable[..., None]) -> None:
    settings.CSRF_USE_SESSIONS = True

    with site(ticket=answer("403 Forbidden")) as url:
        assert examined(url)[2] == Finding(
            "note", f"site: requests of pages at {url}: not tested, because CSRF_USE_SESSIONS is set"
        )


def test_an_answer_in_chunks_is_read() -> None:
    body = b'{"id": "logtail.E021"}'
    parts = b"HTTP/1.1 426 x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n" + body[:5]
    chunked = parts + b"\r\n%x\r\n" % len(body[5:]) + body[5:] + b"\r\n0\r\n\r\n"

    with site(handshake=chunked) as url:
        assert marks(examined(url))[1] == ("PROBLEM", "logtail.E021")


def test_a_site_that_falls_silent_does_not_hold_the_doctor_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django_logtail.operating.doctor.site.ANSWER_SECONDS", 0.2)
    over = threading.Event()

    def silent(head: Head) -> bytes:
        over.wait(60)
        return b""

    with Proxy(0, silent) as proxy:
        (finding,) = examined(proxy.url)
        over.set()

    assert finding.id == "logtail.E025"
    assert "timed out" in finding.text


def test_a_host_name_that_does_not_exist_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*args: object, **kwargs: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fails)

    (finding,) = examined("https://shop.example/logs/")

    assert finding.text == (
        "logtail.E025: site: shop.example:443 does not answer: [Errno -2] Name or service not known"
    )


def test_lines_to_paste_are_printed_as_lines_and_only_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = [
        Finding("note", "first", "Add this.", paste="one\n\n    two\x1b"),
        Finding("ok", "second"),
        Finding("PROBLEM", "third", "Add that.", paste="one\n\n    two\x1b"),
    ]
    monkeypatch.setattr(logtail_doctor, "examine", lambda *args: found)

    with pytest.raises(CommandError, match="1 problem found"):
        call_command("logtail_doctor")

    assert capsys.readouterr().out.splitlines() == [
        "note     first",
        "         -> Add this.",
        "            one",
        "",
        "                two\\x1b",
        "ok       second",
        "PROBLEM  third",
        "         -> As above.",
    ]


def test_the_lines_of_a_check_are_lines_to_paste(
    monkeypatch: pytest.MonkeyPatch, settings: Callable[..., None]
) -> None:
    settings.DEBUG = True
    monkeypatch.setattr("django_logtail.checks.serving.get_commands", lambda: {"runserver": "django.core"})

    (finding,) = examine_settings()

    assert (finding.id, finding.advice, finding.paste) == (
        "logtail.W020",
        "Add this at the end of tests/settings.py, and start runserver again.",
        'INSTALLED_APPS = ["daphne", *INSTALLED_APPS]',
    )
