"""What browsers report about other pages, and are told: which may request a log's bytes or frame its page."""

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
    """Whether a page of another origin had the browser send this request, as the browser itself says.

    A request without a page behind it (an address that was typed, a bookmark) is none of another's, and neither is one
    of a browser or program that does not say. With `links`, a link that somebody clicked on a page of the same site,
    such as the wiki on another subdomain, is theirs; what such a page loads by itself is not.
    """
    match request.headers.get("Sec-Fetch-Site", "none"):
        case "none" | "same-origin":
            return False
        case "same-site":
            is_click = request.headers.get("Sec-Fetch-Mode") == "navigate"
            return not (links and is_click and request.headers.get("Sec-Fetch-Dest") == "document")
    return True


def own_pages_only(*, links: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A view that answers 403 to what pages of other origins have a browser send: see `is_from_elsewhere`."""

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
    """Whose pages may show this one in a frame: nobody's else, a click on ours could be stolen there.

    By default what Django's X_FRAME_OPTIONS says, whether or not the project uses the middleware that reads it.
    """
    ancestors = conf.FRAME_ANCESTORS
    if not ancestors:
        response.headers["X-Frame-Options"] = str(settings.X_FRAME_OPTIONS).upper()
        return
    response.xframe_options_exempt = True  # type: ignore[attr-defined]  # for Django's middleware
    if "*" not in ancestors:  # a policy here would have a project's own middleware leave out its own
        response.headers["Content-Security-Policy"] = f"frame-ancestors {' '.join(ancestors)}"
