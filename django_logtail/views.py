"""The page, what it asks over HTTP, and what the socket's address says when a WebSocket did not get through.

Every answer about a log comes from `access`. A log that is not there and one that is not for the user are told apart
by nobody.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.handlers.wsgi import WSGIRequest
from django.http import FileResponse, Http404, HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import http_date
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST, require_safe

from django_logtail import __version__
from django_logtail.access import issue_ticket, policy
from django_logtail.models import Log
from django_logtail.viewer import described, login_url, offered_languages, script_url, viewer_config
from django_logtail.words import words

_SCRIPTS = Path(__file__).parent / "static" / "logtail"

View = Callable[..., HttpResponseBase]


def signed_in_json(view: View) -> View:
    """Answers 401 with where to sign in: a script cannot follow a redirect to a form."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return JsonResponse({"error": "signed-out", "login": login_url()}, status=401)
        return view(request, *args, **kwargs)

    return wrapped


@require_safe
@never_cache
def page(request: HttpRequest, slug: str | None = None) -> HttpResponseBase:
    """The list of logs, and the chosen one."""
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path(), login_url())
    visible = list(policy().visible_logs(request.user))
    chosen = next((log for log in visible if log.slug == slug), None)
    if slug is not None and chosen is None:
        raise Http404(_("There is no such log, or it is not for you."))
    return render(
        request,
        "logtail/page.html",
        {
            "logs": visible,
            "chosen": chosen,
            "config": {
                **viewer_config(request),
                "urls": {name: reverse(f"logtail:{name}") for name in ("list", "logs", "language")},
                "languages": offered_languages(),
                "logs": [described(log, request) for log in visible],
                "chosen": slug,
            },
            "script": script_url("page.js"),
            "version": __version__,
        },
    )


@require_GET
@never_cache
@signed_in_json
def logs(request: HttpRequest) -> HttpResponseBase:
    """The logs the user may see, with their sizes; the page asks again every few seconds."""
    visible = policy().visible_logs(request.user)
    return JsonResponse({"logs": [described(log, request) for log in visible]})


@require_POST
@never_cache
@signed_in_json
def ticket(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Proof for the socket that this page was served to this user, behind all of the host's middleware."""
    log = Log.objects.filter(slug=slug).first()
    if log is None or not policy().may_view(request.user, log):
        return JsonResponse({"error": "no-such-log"}, status=404)
    session_key = request.session.session_key or ""
    return JsonResponse(
        {"ticket": issue_ticket(user_id=str(request.user.pk), slug=slug, session_key=session_key)}
    )


@never_cache
def socket(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The socket's address over plain HTTP: why no WebSocket is here, and what mends it."""
    certain = isinstance(request, WSGIRequest)
    text = words()
    cause = "wsgi" if certain else "plain"
    body = {
        "cause": text[f"socket.cause.{cause}"],
        "fix": text[f"socket.fix.{cause}"],
        "certain": certain,
    }
    return JsonResponse(body, status=426, headers={"Upgrade": "websocket", "Connection": "Upgrade"})


@require_safe
def asset(request: HttpRequest, version: str, name: str) -> HttpResponseBase:
    """A script of this package, for hosts that keep only hashed static files: modules import each other by name."""
    path = _SCRIPTS / name
    if version != __version__ or path.suffix != ".js" or path.parent != _SCRIPTS or not path.is_file():
        raise Http404
    return FileResponse(
        path.open("rb"),
        content_type="text/javascript; charset=utf-8",
        headers={
            "Cache-Control": "public, max-age=31536000, immutable",
            "Last-Modified": http_date(path.stat().st_mtime),
            "X-Content-Type-Options": "nosniff",
        },
    )
