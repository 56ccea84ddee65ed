"""Why a page has no WebSocket, as far as a plain request to the socket's address reveals it.

Such a request is either the page's question why its handshake failed, or the handshake itself, which some proxy or
server has turned into a plain request: then its own headers tell who it was.
"""

from __future__ import annotations

import re
from typing import Any, Final, Literal

from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import is_same_domain

from django_logtail import causes
from django_logtail.causes import Cause
from django_logtail.viewing.handshake import is_origin_allowed
from django_logtail.viewing.unsent import SEND
from django_logtail.viewing.uvicorn import has_websockets

#: Headers that only proxies write.
_PROXY_HEADERS: Final = (
    "Via",
    "Forwarded",
    "X-Forwarded-For",
    "X-Forwarded-Proto",
    "X-Forwarded-Host",
    "X-Real-IP",
)
_ORIGIN: Final = re.compile(r"https?://[0-9A-Za-z.\-_\[\]:]{1,255}")


class Arrivals:
    """What has arrived in this process, all clients together."""

    def __init__(self) -> None:
        #: Whether the project routes sockets to our consumer, with or without `with_logtail`.
        self.is_routed = False
        #: How the last handshake arrived: as a socket, or as a plain request, whole or without its Upgrade. A page
        #: asks right after its own.
        self.last: Literal["", "socket", "whole", "half"] = ""


arrivals = Arrivals()


def cause_of(request: HttpRequest) -> Cause:
    """The cause, for a plain request to a socket's address.

    A page adds its `origin`, as the browser knows it, and `refused` if the server answered 403 to its ticket.
    """
    if "refused" in request.GET:
        return _who_refused(request)
    if isinstance(request, WSGIRequest):
        software = str(request.META.get("SERVER_SOFTWARE", ""))
        return causes.over_wsgi(by_runserver=software.startswith("WSGIServer"))
    scope: dict[str, Any] = request.scope  # type: ignore[attr-defined]
    if SEND not in scope and not arrivals.is_routed:
        return causes.not_wrapped()
    has_them = has_websockets(scope.get(SEND))
    if has_them is False:
        return causes.without_websockets(server="uvicorn")
    _note(request)
    if has_them is None and arrivals.last == "whole":
        return causes.without_websockets()
    proxy = causes.proxy(reverse("logtail:list"), (scope.get("server") or (None, None))[1])
    if arrivals.last == "half":
        return proxy
    origin = _origin_of(request)
    headers = [*scope["headers"], (b"origin", origin.encode("latin-1"))]
    if origin and not is_origin_allowed({**scope, "headers": headers}):
        return _foreign(request, origin)
    if arrivals.last != "socket" and _is_behind_proxy(request, scope):
        return proxy
    return causes.network((origin or seen_origin(request)) + reverse("logtail:list"))


def _note(request: HttpRequest) -> None:
    """Remember a handshake that arrived as a plain request."""
    if "Sec-WebSocket-Key" not in request.headers:
        return
    connection = [word.strip() for word in request.headers.get("Connection", "").lower().split(",")]
    is_whole = request.headers.get("Upgrade", "").lower() == "websocket" and "upgrade" in connection
    arrivals.last = "whole" if is_whole else "half"


def _is_behind_proxy(request: HttpRequest, scope: dict[str, Any]) -> bool:
    # No browser speaks HTTP/1.0, and nginx does so unless told otherwise.
    return scope.get("http_version") == "1.0" or any(name in request.headers for name in _PROXY_HEADERS)


def _who_refused(request: HttpRequest) -> Cause:
    """Django's own protection against foreign pages, or something in front of it."""
    origin = _origin_of(request)
    if origin and not _is_trusted(origin, seen_origin(request)):
        return _foreign(request, origin)
    if not settings.CSRF_USE_SESSIONS and settings.CSRF_COOKIE_NAME not in request.COOKIES:
        return causes.without_token(origin)
    return causes.refused(reverse("logtail:list"))


def seen_origin(request: HttpRequest) -> str:
    """The site's origin, as Django takes it to be."""
    return f"{request.scheme}://{request.get_host()}"


def _is_trusted(origin: str, seen: str) -> bool:
    """As Django's `CsrfViewMiddleware` decides."""
    scheme, _, host = origin.partition("://")
    for trusted in settings.CSRF_TRUSTED_ORIGINS:
        trusted_scheme, _, pattern = trusted.partition("://")
        if trusted == origin or (
            "*" in pattern and trusted_scheme == scheme and is_same_domain(host, pattern.lstrip("*"))
        ):
            return True
    return origin == seen


def _foreign(request: HttpRequest, origin: str) -> Cause:
    is_told = request.headers.get("X-Forwarded-Proto", "") == "https"
    return causes.foreign_origin(seen_origin(request), origin, is_told_of_https=is_told)


def _origin_of(request: HttpRequest) -> str:
    """The browser's own word for the page's origin; "" without one. It becomes part of code to paste."""
    origin = request.GET.get("origin") or request.headers.get("Origin", "")
    return origin if _ORIGIN.fullmatch(origin) else ""
