"""What a page with a viewer gets: texts, addresses, scripts, and facts about its logs."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.middleware.locale import LocaleMiddleware
from django.shortcuts import resolve_url
from django.urls import reverse
from django.utils.module_loading import import_string
from django.utils.translation import get_language, get_language_info

from django_logtail import __version__, remedies, states
from django_logtail.access import policy, recent_rights_of, rights_of
from django_logtail.conf import conf
from django_logtail.models import Log
from django_logtail.page.files import File, files_of
from django_logtail.page.texts import LANGUAGES, plural_samples, texts
from django_logtail.registering.members import MOST_MEMBERS, cleaned
from django_logtail.rights import Right
from django_logtail.saved_views import views_for

logger = logging.getLogger(__name__)

#: The addresses that somebody gets only with certain rights; the views ask again.
NEEDED: Final = {
    "download": {Right.DOWNLOAD},
    "hits": {Right.SEARCH, Right.DOWNLOAD},
    "search": {Right.SEARCH},
}

#: Logged once per process about a row that no form has validated; `_said` then contains its slug.
NO_ADDRESS = "its slug can't be part of an address. Give it a slug of letters, digits, - and _"
_said: set[str] = set()


def viewer_config(request: HttpRequest) -> dict[str, Any]:
    """What all `<log-tail>` elements of a page share: texts, and how to ask the server."""
    is_staff = policy().sees_host(request.user)
    mending = remedies.for_page(has_worker=conf.READER == "dramatiq") if is_staff else {}
    return {
        "version": __version__,
        "language": get_language() or "en",
        "texts": texts(for_staff=is_staff),
        "plurals": plural_samples(),
        "states": {**states.for_page(), "remedies": mending},
        "csrf": {"header": _csrf_header(), "token": get_token(request)},
        "login": login_url(),
        "user": request.user.get_username(),
        "lines": conf.BACKLOG_LINES,
        "idle": conf.IDLE_MINUTES,
        "links": conf.LINKS,
        "recorded": bool(conf.AUDIT),
        "ids": conf.ID_PATTERNS,
        "source": _source() if is_staff else None,
    }


def _source() -> dict[str, Any] | None:
    """How the page makes the URL of a frame's source; only for people who may know where the project's files are."""
    if conf.SOURCE_URL is None:
        return None
    return {"url": conf.SOURCE_URL, "roots": [str(root) for root in conf.SOURCE_ROOTS]}


def offered_languages() -> list[dict[str, str]]:
    """Code and own name of each language that people can choose: those of ours that the project has; [] if there is no
    choice.

    Django itself reads the choice from its language cookie, in `LocaleMiddleware`; without that there is none.
    """
    if not settings.USE_I18N or not any(map(_is_locale_middleware, settings.MIDDLEWARE)):
        return []
    codes = [code for code, _ in settings.LANGUAGES]
    found = []
    for ours in LANGUAGES:
        variants = [code for code in codes if code == ours or code.startswith(f"{ours}-")]
        if variants:
            code = ours if ours in variants else variants[0]
            found.append({"code": code, "name": get_language_info(ours)["name_local"]})
    return found if len(found) > 1 else []


def _is_locale_middleware(path: str) -> bool:
    found = import_string(path)
    return isinstance(found, type) and issubclass(found, LocaleMiddleware)


def with_address(logs: Iterable[Log]) -> list[Log]:
    """The logs that have an address. A slug that no form has validated may have none; the other logs are still
    shown.
    """
    found = []
    for log in logs:
        if log.has_address:
            found.append(log)
        elif log.slug not in _said:
            _said.add(log.slug)
            logger.warning("log %r is left out of the list: %s", log.slug[:100], NO_ADDRESS)
    return found


def described(logs: Collection[Log], request: HttpRequest) -> list[dict[str, Any]]:
    """What the page gets about each log. Its folder and queue are for staff; anything unknown here is None."""
    files = files_of(logs)
    views = views_for(request.user, logs)
    return [{**_described(log, files[log], request), "views": views[log]} for log in logs]


def _described(log: Log, file: File, request: HttpRequest) -> dict[str, Any]:
    slug = {"slug": log.slug}
    rights = rights_of(request.user, log) | recent_rights_of(request.user, log)
    sees_host = policy().sees_host(request.user)
    return {
        "slug": log.slug,
        "name": log.name,
        "group": log.heading,
        "description": log.description,
        "format": log.registration.format,
        "folder": str(Path(log.path).parent) if sees_host else "",
        "path": (log.path if log.parent_id is None else cleaned(log.path)) if sees_host else "",
        "follow": log.follow if sees_host else "",
        "queue": log.queue_name if sees_host else "",
        "size": file.size,
        "writing": file.is_being_written,
        "page": reverse("logtail:log", kwargs=slug),
        "ticket": reverse("logtail:ticket", kwargs=slug),
        "socket": reverse("logtail:socket", kwargs=slug),
        "lines": reverse("logtail:lines", kwargs=slug),
        **{
            name: reverse(f"logtail:{name}", kwargs=slug) if needed <= rights else ""
            for name, needed in NEEDED.items()
        },
        "save": reverse("logtail:views", kwargs=slug),
    }


def patterns(rows: Collection[Log]) -> list[dict[str, Any]]:
    """What the list says about patterns: under which heading their members are, and how many files match."""
    return [{"group": row.name, "files": row.matches or 0, "shown": MOST_MEMBERS} for row in rows]


def login_url() -> str:
    return resolve_url(settings.LOGIN_URL)


def _csrf_header() -> str:
    """`CSRF_HEADER_NAME`, such as `HTTP_X_CSRFTOKEN`, as a browser sends it."""
    return settings.CSRF_HEADER_NAME.removeprefix("HTTP_").replace("_", "-").title()
