"""What a WebSocket's handshake says of who knocks. It passes none of the host's HTTP middleware."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http.cookie import parse_cookie
from django.http.request import split_domain_port, validate_host
from django.utils.http import is_same_domain

Scope = MutableMapping[str, Any]


def session_key(scope: Scope) -> str:
    """The session cookie of the handshake, "" without one."""
    cookies = b"; ".join(
        value for name, value in scope["headers"] if name == b"cookie"
    )  # HTTP/2 may split it
    return parse_cookie(cookies.decode("latin-1")).get(settings.SESSION_COOKIE_NAME, "")


def peer_address(scope: Scope) -> str:
    """The address that the connection comes from, "" when the server does not say."""
    return str((scope.get("client") or [""])[0])


def is_origin_allowed(scope: Scope) -> bool:
    """The CSRF rule for WebSockets: the page's own host, or one in CSRF_TRUSTED_ORIGINS, even with ALLOWED_HOSTS "*".

    Clients that are no browsers send no Origin; what they may see is decided by session and ticket.
    """
    headers = dict(scope["headers"])
    origin = headers.get(b"origin", b"").decode("latin-1")
    if not origin:
        return True
    if origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    if not parts.netloc:
        return False
    host = headers.get(b"host", b"").decode("latin-1")
    if settings.USE_X_FORWARDED_HOST and b"x-forwarded-host" in headers:
        host = headers[b"x-forwarded-host"].decode("latin-1")
    for pattern in settings.CSRF_TRUSTED_ORIGINS:
        trusted = urlsplit(pattern.replace("*", "", 1))
        if "*" in pattern and trusted.scheme == parts.scheme and is_same_domain(parts.netloc, trusted.netloc):
            return True
    default_port = {"http": "80", "https": "443"}.get(parts.scheme)
    if default_port is None:
        return False
    mine, theirs = split_domain_port(host.lower()), split_domain_port(parts.netloc.lower())
    if mine[0] != theirs[0] or (mine[1] or default_port) != (theirs[1] or default_port):
        return False
    allowed = settings.ALLOWED_HOSTS or ([".localhost", "127.0.0.1", "[::1]"] if settings.DEBUG else [])
    return validate_host(mine[0], allowed)
