"""Tests the way from browsers to the app: a real handshake through the real proxy and server."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import translation

from django_logtail import causes
from django_logtail.causes import Cause
from django_logtail.operating.doctor.addresses import path_of
from django_logtail.operating.doctor.findings import ANSWER_SECONDS, Finding, caused, note, ok, problem
from django_logtail.operating.doctor.handshakes import Answer, Site
from django_logtail.protocol import PROTOCOL_VERSION

_HELLO: Final = {
    "type": "hello",
    "protocol": PROTOCOL_VERSION,
    "ticket": "doctor",
    "lines": 0,
    "resume": None,
}
#: Any token will do, as long as cookie and header agree.
_TOKEN: Final = "doctor" * 5 + "do"
#: What a status of something other than this app suggests.
_ADVICE: Final = {
    401: "Whatever asks for a password there must let WebSockets pass as it lets pages pass.",
    403: "Have it allow POST requests and WebSockets to these addresses.",
    404: "Have the proxy pass these addresses to Django, or give --url the address of the page with the list of logs.",
    502: "The proxy can't reach the web server: start it, or correct its address in the proxy.",
    503: "The proxy can't reach the web server: start it, or correct its address in the proxy.",
    504: "The proxy gets no answer from the web server: look at that server's own log.",
}


def examine_site(url: str, script: str) -> Iterator[Finding]:
    """`url`: of the site or of the page with the list of logs; `script`: the path of its script, below that."""
    parts = urlsplit(url)
    site = Site(f"{parts.scheme}://{parts.netloc}", ANSWER_SECONDS)
    pages = parts.path if parts.path.strip("/") else path_of("list")
    pages = pages if pages.endswith("/") else f"{pages}/"
    with translation.override(None):
        steps: tuple[Callable[[], Finding], ...] = (
            lambda: _script(site, pages + script),
            lambda: _socket(site, pages),
            lambda: _requests(site, pages),
        )
        for step in steps:
            try:
                yield step()
            except ssl.SSLCertVerificationError as error:
                text = f"logtail.E026: site: the certificate of {site.place} is not valid: {error.verify_message}"
                yield problem(
                    text, "Browsers refuse it too. Renew it, or correct the host name.", "logtail.E026"
                )
                return
            except OSError as error:
                yield problem(
                    f"logtail.E025: site: {site.place} does not answer: {error}",
                    "Start the proxy or the web server there, or correct --url.",
                    "logtail.E025",
                )
                return


def _script(site: Site, path: str) -> Finding:
    answer = site.request("GET", path)
    if answer.status == 200 and "javascript" in answer.headers.get("content-type", ""):
        return ok(f"site: the page's script arrives from {site.origin}{path}", "site")
    return problem(
        f"logtail.E027: site: {_seen(answer)} instead of the page's script at {site.origin}{path}",
        "Have the proxy pass every path that contains /-/assets/ to Django. If it does, restart the web server: "
        "it runs another release.",
        "logtail.E027",
    )


def _socket(site: Site, pages: str) -> Finding:
    path = f"{pages}doctor/socket/"
    cookie = {"Cookie": f"{settings.SESSION_COOKIE_NAME}=doctor"}
    answer = site.shake_hands(path, {"Origin": site.origin, **cookie}, _HELLO)
    where = f"site: WebSocket to {site.origin}{path}"
    if answer.status == 101:
        if (answer.said or {}).get("reason") == "bad-ticket":
            return ok(f"{where}: gets through to the log viewer", "site")
        text = f"logtail.E028: {where}: something other than the log viewer accepts it"
        return problem(text, _advice(answer), "logtail.E028")
    if answer.status == 403 and site.shake_hands(path, cookie, _HELLO).status == 101:
        return caused(where, _foreign(site, is_told_of_https=False))
    asked = answer if "id" in answer.json else site.request("GET", path, {"Accept": "application/json"})
    cause = _cause(asked, answer, site, pages)
    if cause is not None:
        return caused(where, cause)
    if "id" in asked.json:
        hop = (
            "something in front of Django answers it"
            if answer is not asked
            else "it arrives without its headers"
        )
        text = f"logtail.E028: {where}: {hop}: {_seen(answer)}"
        return problem(text, _advice(answer), "logtail.E028")
    text = f"logtail.E028: {where}: it does not reach Django: {_seen(answer)}"
    return problem(text, _advice(answer), "logtail.E028")


def _cause(asked: Answer, handshake: Answer, site: Site, pages: str) -> Cause | None:
    """What Django itself says about it, in this project's words."""
    server = handshake.server.lower()
    match asked.json.get("id"):
        case "logtail.W020":
            return causes.over_wsgi(by_runserver=server.startswith("wsgiserver"))
        case "logtail.W022":
            return causes.not_wrapped()
        case "logtail.E020":
            return causes.without_websockets(server=server.partition("/")[0])
        case "logtail.E021" | "logtail.E022" if handshake is asked:
            return causes.proxy(pages, None)
        case "logtail.E023":
            return _foreign(site, is_told_of_https=False)
        case _:
            return None


def _requests(site: Site, pages: str) -> Finding:
    """Whether Django's protection against foreign pages accepts this site's own."""
    where = f"site: requests of pages at {site.origin}"
    headers = {
        "Origin": site.origin,
        "Referer": f"{site.origin}{pages}",
        "Cookie": f"{settings.CSRF_COOKIE_NAME}={_TOKEN}",
        settings.CSRF_HEADER_NAME.removeprefix("HTTP_").replace("_", "-").title(): _TOKEN,
    }
    answer = site.request("POST", f"{pages}doctor/ticket/", headers)
    if answer.json.get("error") == "signed-out":
        return ok(f"{where}: Django accepts them", "site")
    if answer.status != 403:
        return problem(f"logtail.E028: {where}: {_seen(answer)}", _advice(answer), "logtail.E028")
    asked = site.request("GET", f"{pages}doctor/socket/?refused=1&origin={site.origin}")
    if asked.json.get("id") == "logtail.E023":
        # Behind a proxy that says so, a socket's origin is right even without the setting.
        is_told = site.origin.startswith("https:") and _is_open(site, pages)
        return caused(where, _foreign(site, is_told_of_https=is_told))
    if settings.CSRF_USE_SESSIONS:
        return note(f"{where}: not tested, because CSRF_USE_SESSIONS is set", id="site")
    return caused(f"{where}: {_seen(answer)}", causes.refused(pages))


def _is_open(site: Site, pages: str) -> bool:
    headers = {"Origin": site.origin, "Cookie": f"{settings.SESSION_COOKIE_NAME}=doctor"}
    return site.shake_hands(f"{pages}doctor/socket/", headers, _HELLO).status == 101


def _foreign(site: Site, *, is_told_of_https: bool) -> Cause:
    parts = urlsplit(site.origin)
    seen = f"http://{parts.netloc}" if is_told_of_https else "another one"
    return causes.foreign_origin(seen, site.origin, is_told_of_https=is_told_of_https)


def _seen(answer: Answer) -> str:
    kind = answer.headers.get("content-type", "").partition(";")[0]
    who = ", ".join(word for word in (answer.server, kind) if word)
    to = f" to {answer.headers['location']}" if "location" in answer.headers else ""
    return f"status {answer.status}{to}{f' ({who})' if who else ''}"


def _advice(answer: Answer) -> str:
    if "location" in answer.headers:
        return f"Give --url the address that browsers end up at: {answer.headers['location']}"
    return _ADVICE.get(answer.status, "Look at the logs of the proxy and of the web server.")
