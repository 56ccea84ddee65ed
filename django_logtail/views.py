"""The page, what it asks over HTTP, and what the socket's address says when a WebSocket did not get through.

Every answer about a log comes from `access`. A log that is not there and one that is not for the user are told apart
by nobody.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import wraps
from pathlib import Path
from typing import Any, cast

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.contrib.staticfiles.storage import HashedFilesMixin, StaticFilesStorage, staticfiles_storage
from django.core.handlers.wsgi import WSGIRequest
from django.http import FileResponse, Http404, HttpRequest, HttpResponseBase, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import render, resolve_url
from django.templatetags.static import static
from django.urls import reverse
from django.utils.http import http_date
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST, require_safe

from django_logtail import __version__
from django_logtail.access import issue_ticket, policy
from django_logtail.conf import conf
from django_logtail.models import Log
from django_logtail.words import words

#: A log is "being written" when its file changed this recently.
WRITING_SECONDS = 10.0
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
                "urls": {"list": reverse("logtail:list"), "logs": reverse("logtail:logs")},
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


def script_url(name: str) -> str:
    """Where a browser finds an entry script and, beside it, the modules it imports by their plain names."""
    if not settings.DEBUG and _keeps_only_hashed(name):
        return reverse("logtail:asset", kwargs={"version": __version__, "name": name})
    return f"{static(f'logtail/{name}')}?v={__version__}"


def _keeps_only_hashed(name: str) -> bool:
    """As WhiteNoise does with `WHITENOISE_KEEP_ONLY_HASHED_FILES`: then `./store.js` would not be found."""
    storage = staticfiles_storage
    if not isinstance(storage, HashedFilesMixin):  # a lazy object answers for the class of what it stands for
        return False
    return not cast(StaticFilesStorage, storage).exists(f"logtail/{name}")


def viewer_config(request: HttpRequest) -> dict[str, Any]:
    """What every `<log-tail>` of a page shares: words, and how to ask the server."""
    return {
        "version": __version__,
        "language": get_language() or "en",
        "words": words(),
        "csrf": {"header": _csrf_header(), "token": get_token(request)},
        "login": login_url(),
        "lines": conf.BACKLOG_LINES,
    }


def described(log: Log, request: HttpRequest) -> dict[str, Any]:
    """What the page knows of a log. Its folder is for staff; what cannot be known here is None."""
    size, written = _measured(log)
    slug = {"slug": log.slug}
    return {
        "slug": log.slug,
        "name": log.name,
        "group": log.group,
        "description": log.description,
        "folder": str(Path(log.path).parent) if getattr(request.user, "is_staff", False) else "",
        "queue": log.queue_name,
        "size": size,
        "writing": written is not None and time.time() - written < WRITING_SECONDS,
        "page": reverse("logtail:log", kwargs=slug),
        "ticket": reverse("logtail:ticket", kwargs=slug),
        "socket": reverse("logtail:socket", kwargs=slug),
    }


def _measured(log: Log) -> tuple[int | None, float | None]:
    """Size and last change, if this host's worker is the one that reads the log and it is inside the roots."""
    path = Path(log.path)
    if log.queue_name != conf.QUEUE or not _is_inside(path, conf.ROOTS):
        return None, None
    try:
        seen = path.stat()
    except OSError:
        return None, None
    return seen.st_size, seen.st_mtime


def _is_inside(path: Path, roots: Iterable[Path]) -> bool:
    try:
        resolved = path.resolve()
    except (OSError, RuntimeError):
        return False
    return any(resolved.is_relative_to(root.resolve()) for root in roots)


def login_url() -> str:
    return resolve_url(settings.LOGIN_URL)


def _csrf_header() -> str:
    """`HTTP_X_CSRFTOKEN` of the settings, as a browser sends it."""
    return settings.CSRF_HEADER_NAME.removeprefix("HTTP_").replace("_", "-").title()
