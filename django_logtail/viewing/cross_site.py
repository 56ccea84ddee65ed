"""Requests from other sites' pages: which may request a log's bytes, and which may frame the logs' page."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.utils.translation import gettext as _

from django_logtail.conf import conf


def is_from_elsewhere(request: HttpRequest, *, links: bool) -> bool:
    """Whether the browser reports that a page of another origin made it send this request.

    A request without a page behind it (a typed address, a bookmark) counts as our own, and so does one from a browser
    or program that doesn't report this. With `links`, a clicked link on a page of the same site, such as the wiki on
    another subdomain, is accepted as well; whatever such a page loads by itself is not.
    """
    match request.headers.get("Sec-Fetch-Site", "none"):
        case "none" | "same-origin":
            return False
        case "same-site":
            is_click = request.headers.get("Sec-Fetch-Mode") == "navigate"
            return not (links and is_click and request.headers.get("Sec-Fetch-Dest") == "document")
        case _:
            return True


def own_pages_only(*, links: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a view answer 403 to requests made by pages of other origins: see `is_from_elsewhere`."""

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        if inspect.iscoroutinefunction(view):

            @wraps(view)
            async def wrapped_async(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
                if is_from_elsewhere(request, links=links):
                    return _refusal()
                answer: HttpResponseBase = await view(request, *args, **kwargs)
                return answer

            return wrapped_async

        @wraps(view)
        def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if is_from_elsewhere(request, links=links):
                return _refusal()
            answer: HttpResponseBase = view(request, *args, **kwargs)
            return answer

        return wrapped

    return decorate


def _refusal() -> HttpResponseBase:
    text = _("This request came from a page on another site. Use the log’s own page instead.")
    return JsonResponse({"error": "cross-site", "text": text}, status=403)


def say_who_may_frame(response: HttpResponseBase) -> None:
    """Set which pages may show this one in a frame: only our own, to prevent clickjacking.

    The default is Django's X_FRAME_OPTIONS, whether or not the project uses the middleware that reads it.
    """
    ancestors = conf.FRAME_ANCESTORS
    if not ancestors:
        response.headers["X-Frame-Options"] = str(settings.X_FRAME_OPTIONS).upper()
        return
    response.xframe_options_exempt = True  # type: ignore[attr-defined]  # for Django's middleware
    if "*" not in ancestors:  # with a policy here, the project's own middleware would not set its own
        response.headers["Content-Security-Policy"] = f"frame-ancestors {' '.join(ancestors)}"
