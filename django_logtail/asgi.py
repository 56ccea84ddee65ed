"""For the one line in `asgi.py`: `application = with_logtail(get_asgi_application())`.

The socket is an ordinary named route of the include. The handshake's path is resolved with Django's own URLconf, so
prefixes, `i18n_patterns`, FORCE_SCRIPT_NAME and a server's root path work as usual. Other sockets pass to the wrapped
application unchanged.

Importing this has no side effects and needs no settings, so that the import can be at the top of `asgi.py`, where an
import sorter puts it; `with_logtail` itself imports whatever needs the apps.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeAlias

from asgiref.sync import sync_to_async
from django.conf import settings
from django.urls import Resolver404, resolve
from django.utils import translation
from django.utils.translation import get_language_from_path

from django_logtail.viewing.unsent import SEND

if TYPE_CHECKING:
    from django_logtail.viewing.handshake import Scope
    from django_logtail.viewing.socket import Receive, Send

Application: TypeAlias = "Callable[[Scope, Receive, Send], Awaitable[None]]"


def with_logtail(application: Application) -> Application:
    """`application`, with the viewers' WebSocket in front of it.

    Wrap `get_asgi_application()`, or a `ProtocolTypeRouter` that has the host's own WebSocket routes.
    """
    from django_logtail.consumers import LogConsumer

    viewer = LogConsumer.as_asgi()

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            slug = await sync_to_async(slug_of_socket, thread_sensitive=False)(_path(scope))
            if slug is not None:
                route = {"args": (), "kwargs": {"slug": slug}}
                await viewer({**scope, "url_route": route}, receive, send)
                return
        elif scope["type"] == "http":
            scope[SEND] = send
        await application(scope, receive, send)

    return wrapped


def slug_of_socket(path: str) -> str | None:
    """The slug of the log whose socket has this `path`, by the host's URLconf; None if the path is not ours."""
    language = get_language_from_path(path) or settings.LANGUAGE_CODE
    try:
        with translation.override(language):
            found = resolve(path)
    except Resolver404:
        return None
    if found.app_names[-1:] != ["logtail"] or found.url_name != "socket":
        return None
    return str(found.kwargs["slug"])


def _path(scope: Scope) -> str:
    """The path below the mount point: without FORCE_SCRIPT_NAME or the server's root path."""
    path: str = scope["path"]
    root = settings.FORCE_SCRIPT_NAME or scope.get("root_path", "")
    if root and path.startswith(root):
        path = path[len(root) :] or "/"
    return path if path.startswith("/") else "/" + path
