"""What a WebSocket handshake reveals about the client. Handshakes bypass the host's HTTP middleware."""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import split_domain_port, validate_host
from django.utils.http import is_same_domain

Scope = MutableMapping[str, Any]

#: IPv4, IPv6 with or without a zone, a host name.
_ADDRESS: Final = re.compile(r"[0-9A-Za-z.:%_-]{1,100}")


def peer_address(scope: Scope) -> str:
    """The address that the connection comes from; "" if the server doesn't provide it."""
    return address_of((scope.get("client") or [""])[0])


def address_of(said: object) -> str:
    """The address that a server reports for a client; "" if it isn't one.

    Behind a proxy it may come from a header. It is shown to people and used as a key, so it must look like an address.
    """
    return said if isinstance(said, str) and _ADDRESS.fullmatch(said) else ""


def is_secure(scope: Scope) -> bool:
    """Whether the page behind this socket came over HTTPS, according to server, proxy and settings.

    `X-Forwarded-Proto` counts even without the setting: this only serves to check a browser's Origin, and no page can
    make a browser send that header.
    """
    headers = dict(scope["headers"])
    name, value = settings.SECURE_PROXY_SSL_HEADER or ("HTTP_X_FORWARDED_PROTO", "https")
    wire_name = name.removeprefix("HTTP_").replace("_", "-").lower().encode("latin-1")
    if wire_name in headers:
        return bool(headers[wire_name].decode("latin-1").split(",")[0].strip() == value)
    return scope.get("scheme", "ws") in ("wss", "https")


def is_origin_allowed(scope: Scope) -> bool:
    """The CSRF rule for WebSockets: the page's own scheme and host, or an origin in CSRF_TRUSTED_ORIGINS.

    It applies even with ALLOWED_HOSTS "*".
    Clients other than browsers send no Origin; session and ticket decide what they may see.
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
    if parts.scheme != ("https" if is_secure(scope) else "http"):
        return False
    default_port = {"http": "80", "https": "443"}[parts.scheme]
    mine, theirs = split_domain_port(host.lower()), split_domain_port(parts.netloc.lower())
    if mine[0] != theirs[0] or (mine[1] or default_port) != (theirs[1] or default_port):
        return False
    allowed = settings.ALLOWED_HOSTS or ([".localhost", "127.0.0.1", "[::1]"] if settings.DEBUG else [])
    return validate_host(mine[0], allowed)
