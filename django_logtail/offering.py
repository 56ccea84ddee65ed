"""The HTTP requests for files that have no log yet, from the page without logs and from the admin's form.

Only for people who may register logs, who see this host's paths in the admin anyway. What is registered is looked for
again: a request only chooses among files that the server finds by itself.
"""

from __future__ import annotations

import logging
import time
from typing import Any, Final
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from django_logtail.access import policy
from django_logtail.audit.acting import acting, actor_of
from django_logtail.conf import conf
from django_logtail.models import Follow
from django_logtail.page.files import WRITING_SECONDS
from django_logtail.registering.offers import MOST_AT_ONCE, Crowd, Offer, Offers, offers, register
from django_logtail.registering.roots import Advice
from django_logtail.rights import Right
from django_logtail.tailing.reasons import code_of, in_full
from django_logtail.viewing.cross_site import own_pages_only
from django_logtail.viewing.handshake import address_of
from django_logtail.views import signed_in_json

logger = logging.getLogger(__name__)

#: Files described to a page.
MOST_SHOWN: Final = 200
#: Patterns proposed to a page.
MOST_CROWDS: Final = 5


@require_GET
@never_cache
@own_pages_only()
@signed_in_json
def found(request: HttpRequest) -> HttpResponseBase:
    """The files that the user may register now."""
    if not policy().may(request.user, Right.REGISTER):
        return _not_allowed()
    return JsonResponse(_described(offers()))


@require_POST
@never_cache
@own_pages_only()
@signed_in_json
def add(request: HttpRequest) -> HttpResponseBase:
    """Register the files named by the parameters `path`, for staff."""
    if not policy().may(request.user, Right.REGISTER):
        return _not_allowed()
    paths = request.POST.getlist("path")
    if not 0 < len(paths) <= MOST_AT_ONCE:
        text = _("Choose at least one file, and at most %(count)d.") % {"count": MOST_AT_ONCE}
        return JsonResponse({"error": "bad-number", "text": text}, status=400)
    with acting(actor_of(request, "http", address_of(request.META.get("REMOTE_ADDR")))):
        done = register(paths, offers())
    for log in done.logs:
        logger.info("log %r (%s) was registered by %s", log.slug, log.path, request.user.get_username())
    gone = _("It is not among the files found now; reload the list.")
    refused = [{"path": path, "text": text or gone} for path, text in done.refused.items()]
    if not done.logs:
        return JsonResponse(
            {"error": "not-registered", "text": refused[0]["text"], "refused": refused}, status=409
        )
    first = reverse("logtail:log", args=[done.logs[0].slug])
    slugs = [log.slug for log in done.logs]
    return JsonResponse({"registered": slugs, "page": first, "refused": refused}, status=201)


def _not_allowed() -> HttpResponseBase:
    return JsonResponse({"error": "not-allowed", "text": _("You may not add logs.")}, status=403)


def _described(offered: Offers) -> dict[str, Any]:
    now = time.time()
    by_hand = _address_of_form()
    return {
        "files": [_file(offer, now) for offer in offered.files[:MOST_SHOWN]],
        "more": max(0, len(offered.files) - MOST_SHOWN),
        "crowds": [_crowd(crowd, by_hand) for crowd in offered.crowds[:MOST_CROWDS]] if by_hand else [],
        "roots": [str(root) for root in conf.ROOTS],
        "silent": [str(directory) for directory in offered.silent],
        "advice": _advice(offered.advice),
        # Whose view this is, if another process reads; `reader`: that of its host.
        "host": offered.host,
        "reader": offered.is_reader,
        "byhand": by_hand,
    }


def _file(offer: Offer, now: float) -> dict[str, Any]:
    found, named = offer.found, offer.named
    return {
        "path": offer.path,
        "series": offer.is_series,
        "name": named.name,
        "group": named.group,
        "own": found.is_own,
        "size": found.size,
        "age": None if found.written is None else max(0, round(now - found.written)),
        "writing": found.written is not None and now - found.written < WRITING_SECONDS,
        "line": found.last_line,
        "trouble": _trouble(found.reason),
    }


def _crowd(crowd: Crowd, by_hand: str) -> dict[str, Any]:
    """With the address of the admin's form, filled in."""
    form = f"{by_hand}?{urlencode({'path': crowd.pattern, 'follow': Follow.EACH.value})}"
    return {"pattern": crowd.pattern, "count": crowd.count, "form": form}


def _trouble(reason: str) -> str:
    """Why the file can't be added, as a sentence; "" if it can."""
    if code_of(reason) == "outside":
        return _("Outside the allowed directories, so it can’t be added.")
    if not reason:
        return ""
    text = in_full(reason, _)
    return f"{text[:1].upper()}{text[1:]}."


def _advice(advice: Advice | None) -> dict[str, str] | None:
    if advice is None:
        return None
    return {"case": advice.case.value, "paste": advice.paste, "file": advice.file, "path": advice.path}


def _address_of_form() -> str:
    """The admin's form for a log; "" if the project has no admin."""
    try:
        return reverse("admin:logtail_log_add")
    except NoReverseMatch:
        return ""
