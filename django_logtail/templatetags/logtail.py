"""`{% logtail log %}`: one log, live, in any page of the host."""

from __future__ import annotations

from typing import Any

from django import template
from django.http import HttpRequest
from django.urls import NoReverseMatch

from django_logtail.access import log_of, may_view, policy
from django_logtail.amounts import size_in_words
from django_logtail.models import Log
from django_logtail.page.assets import asset_url, nonce_of
from django_logtail.page.config import described, viewer_config

register = template.Library()

#: Set on the request once the configuration and the script are in the page: several viewers share them.
_BEGUN = "_logtail_is_begun"


@register.inclusion_tag("logtail/embed.html", takes_context=True)
def logtail(context: template.Context, log: Log | str, height: str = "") -> dict[str, Any]:
    """The viewer of `log` (a `Log` or its slug), if the request's user may watch it; otherwise a sentence.

    The page needs `django.template.context_processors.request`. `height` is a CSS length; without it, the host's style
    sheet decides, or 480 pixels. Never raises `Log.DoesNotExist`: a missing log is treated like a forbidden one.
    """
    request: HttpRequest = context["request"]
    slug = log if isinstance(log, str) else log.slug
    found = log_of(slug)
    if found is None or not may_view(request.user, found):
        return {"log": None}
    try:
        (described_log,) = described([found], request)
    except NoReverseMatch:  # only the admin is mounted, not the viewer's routes
        return {"log": None, "is_silent": True}
    is_first = not getattr(request, _BEGUN, False)
    setattr(request, _BEGUN, True)
    return {
        "log": described_log,
        "height": height,
        "config": viewer_config(request) if is_first else None,
        "script": asset_url("define.js"),
        "nonce": nonce_of(request) if is_first else "",
        "sees_host": policy().sees_host(request.user),
    }


@register.simple_tag
def logtail_asset(name: str) -> str:
    """The URL of a script or style of the package, by its name in `static/logtail`, such as `styles/viewer.css`."""
    return asset_url(name)


@register.filter
def in_words(size: int | None) -> str:
    """An amount of bytes, as the page writes it; nothing for None."""
    return "" if size is None else size_in_words(size)
