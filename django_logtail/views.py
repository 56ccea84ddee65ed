"""The page, its HTTP requests, and what the socket's address answers to plain HTTP.

`access` decides about every log. The answers don't reveal whether a log doesn't exist or is forbidden.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping
from contextlib import AbstractContextManager
from functools import partial, wraps
from typing import Any, Final, cast

from asgiref.sync import sync_to_async
from django.contrib.auth.decorators import login_required
from django.core.exceptions import RequestDataTooBig
from django.core.handlers.exception import response_for_exception
from django.core.handlers.wsgi import WSGIRequest
from django.db import DatabaseError, OperationalError, connections, transaction
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    JsonResponse,
    StreamingHttpResponse,
)
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST, require_safe

from django_logtail import saved_views
from django_logtail.access import Refused, issue_ticket, log_of, may_view, policy, rights_of, watchable
from django_logtail.audit.acting import actor_of
from django_logtail.audit.records import Subject
from django_logtail.audit.refusals import record_refusal
from django_logtail.audit.registry import of_log
from django_logtail.audit.viewings import OpenAction, begin_action, over_http, record_action
from django_logtail.conf import conf
from django_logtail.models import Log, SavedView
from django_logtail.page.assets import asset_url, assets, nonce_of
from django_logtail.page.config import (
    described,
    login_url,
    offered_languages,
    patterns,
    viewer_config,
    with_address,
)
from django_logtail.page.members import looked_after
from django_logtail.protocol import (
    MAX_CLIENT_MESSAGE_BYTES,
    BadMessage,
    CloseCode,
    SearchAll,
    decode_hits_query,
    decode_lines_query,
    decode_logs_query,
    decode_search,
)
from django_logtail.relay.here import relay_here
from django_logtail.rights import Right
from django_logtail.saved_views import NotSaved
from django_logtail.tailing.reasons import in_full, reason
from django_logtail.viewing import originals
from django_logtail.viewing.actions import BROKEN_OFF, conditions, subject_of
from django_logtail.viewing.admission import NotRecorded, admitted, viewers
from django_logtail.viewing.cross_site import own_pages_only, say_who_may_frame
from django_logtail.viewing.daphne import connection_of
from django_logtail.viewing.download import (
    IDENTITY,
    Body,
    NoFile,
    Requester,
    bytes_of,
    delivered,
    file_name,
    is_encoded,
    whole_file,
)
from django_logtail.viewing.handshake import address_of
from django_logtail.viewing.hits import Hits
from django_logtail.viewing.last_lines import last_lines
from django_logtail.viewing.limits import OverLimit, check_bytes, count_bytes
from django_logtail.viewing.no_socket import cause_of
from django_logtail.viewing.originals import NotShown
from django_logtail.viewing.recent import edge_for
from django_logtail.viewing.recent_lines import too_old, within
from django_logtail.viewing.search_stream import messages, parting
from django_logtail.viewing.several_hits import SeveralHits
from django_logtail.viewing.unsent import SEND
from django_logtail.viewing.uvicorn import connection_behind

logger = logging.getLogger(__name__)

View = Callable[..., HttpResponseBase]
AsyncView = Callable[..., Coroutine[Any, Any, HttpResponseBase]]


def signed_in_json(view: View) -> View:
    """Answer 401 with the sign-in URL, because a script can't follow a redirect to a form."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return JsonResponse({"error": "signed-out", "login": login_url()}, status=401)
        return view(request, *args, **kwargs)

    return wrapped


def _record(action: str, request: HttpRequest, log: Log, detail: Mapping[str, Any]) -> None:
    address = address_of(request.META.get("REMOTE_ADDR"))
    record_action(action, of_log(actor_of(request, "http", address), log), detail)


def _record_refused(request: HttpRequest, log: Log | None, what: str = Right.VIEW.value) -> None:
    """Somebody lacks the right to what they asked for; nothing if there is no such log: its slug is anybody's text."""
    if log is not None:
        address = address_of(request.META.get("REMOTE_ADDR"))
        record_refusal(of_log(actor_of(request, "http", address), log), what)


@require_safe
@never_cache
@login_required
def page(request: HttpRequest, slug: str | None = None) -> HttpResponseBase:
    """The list of logs, and the chosen one."""
    seen = looked_after(request.user)
    visible = with_address(seen.logs)
    chosen = next((log for log in visible if log.slug == slug), None)
    if slug is not None and chosen is None:
        _record_refused(request, log_of(slug) if conf.AUDIT else None)
        # Like raising it, but not cached: they may have access tomorrow.
        return response_for_exception(
            request, Http404(_("This log doesn't exist, or you don't have access to it."))
        )
    response = render(
        request,
        "logtail/page.html",
        {
            "logs": visible,
            "chosen": chosen,
            "config": {
                **viewer_config(request),
                "urls": {
                    name: reverse(f"logtail:{name}")
                    for name in (
                        *("list", "logs", "language", "several-hits"),
                        *(("found", "add-found") if policy().may(request.user, Right.REGISTER) else ()),
                    )
                },
                "languages": offered_languages(),
                "logs": described(visible, request),
                "patterns": patterns(seen.patterns),
                "groups": _groups_offered(request),
                "chosen": slug,
            },
            "script": asset_url("page/logs-page.js"),
            "nonce": nonce_of(request),
            "sees_host": policy().sees_host(request.user),
        },
    )
    say_who_may_frame(response)
    return response


@require_GET
@never_cache
@own_pages_only()
@signed_in_json
def logs(request: HttpRequest) -> HttpResponseBase:
    """The logs the user may see, with their sizes; the page requests this every few seconds."""
    seen = looked_after(request.user)
    return JsonResponse(
        {"logs": described(with_address(seen.logs), request), "patterns": patterns(seen.patterns)}
    )


@require_POST
@never_cache
@signed_in_json
def ticket(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Proof for the socket that this page was served to this user, behind all of the host's middleware.

    With a `reason` and `minutes`, for a viewing that shows the original of redacted lines.
    """
    log = log_of(slug)
    if log is None or not may_view(request.user, log):
        _record_refused(request, log)
        return JsonResponse({"error": "no-such-log"}, status=404)
    try:
        original = originals.asked_for(request.POST.dict())
        if original is not None:
            log.rights = rights_of(request.user, log)
            originals.check(log, waits=True)
    except NotShown as refused:
        if refused.id == "not-allowed":
            _record_refused(request, log, Right.SEE_UNREDACTED.value)
        return JsonResponse({"error": refused.id, "text": str(refused)}, status=refused.status)
    said = issue_ticket(
        user_id=str(request.user.pk),
        slug=slug,
        session_key=request.session.session_key or "",
        original=original,
    )
    return JsonResponse({"ticket": said})


def with_log(view: View) -> View:
    """Make a view get the log in its address; 404 if that doesn't exist or is forbidden."""

    @wraps(view)
    def wrapped(request: HttpRequest, slug: str, **kwargs: Any) -> HttpResponseBase:
        log = log_of(slug)
        if log is None or not may_view(request.user, log):
            _record_refused(request, log)
            return JsonResponse({"error": "no-such-log"}, status=404)
        try:
            return view(request, log, **kwargs)
        except OperationalError as error:
            logger.warning("log %r: saved views can't be changed: %s", slug, error)
            text = _("The database is not available right now. Try again.")
            return JsonResponse({"error": "unavailable", "text": text}, status=503)
        except NotSaved as refused:
            status = _STATUSES.get(refused.reason, 400)
            return JsonResponse({"error": refused.reason, "text": refused.text}, status=status)
        except SavedView.DoesNotExist:
            return JsonResponse(
                {"error": "no-such-view", "text": _("This view no longer exists.")}, status=404
            )

    return wrapped


#: Statuses for reasons other than a mistake in the form.
_STATUSES = {"not-shared": 403, "taken": 409, "too-many": 409}


@require_POST
@never_cache
@signed_in_json
@with_log
def save_view(request: HttpRequest, log: Log) -> HttpResponseBase:
    """Save an arrangement of the log's page under a name."""
    view = saved_views.save(
        request.user,
        log,
        name=request.POST.get("name", ""),
        fragment=request.POST.get("fragment", ""),
        audience=_audience(request),
        replace=request.POST.get("replace") == "1",
    )
    _record("view-saved", request, log, _described_view(view))
    return _view_answer(request, view, status=201)


@require_POST
@never_cache
@signed_in_json
@with_log
def change_view(request: HttpRequest, log: Log, pk: int) -> HttpResponseBase:
    """Give one of the person's own views another name or audience."""
    name = request.POST.get("name", "")
    view = saved_views.change(request.user, log, pk, name=name, audience=_audience(request))
    _record("view-changed", request, log, _described_view(view))
    return _view_answer(request, view)


@require_POST
@never_cache
@signed_in_json
@with_log
def delete_view(request: HttpRequest, log: Log, pk: int) -> HttpResponseBase:
    """Delete one of the person's own views."""
    if not saved_views.delete(request.user, log, pk):
        raise SavedView.DoesNotExist
    _record("view-deleted", request, log, {"view": pk})
    return JsonResponse({})


def _described_view(view: SavedView) -> dict[str, Any]:
    """For the record: whom it is for, but not what it looks for."""
    audience = "everyone" if view.everyone else view.group.name if view.group else ""
    return {"view": view.pk, "name": view.name, "for": audience}


def _audience(request: HttpRequest) -> saved_views.Audience:
    return saved_views.audience_of(
        request.user,
        request.POST.get("for", ""),
        request.POST.get("group", ""),
        may_share=policy().may_share_views(request.user),
    )


def _groups_offered(request: HttpRequest) -> list[dict[str, Any]] | None:
    """The groups for which the person may save views; None if they may save views only for themselves."""
    if not policy().may_share_views(request.user):
        return None
    groups = saved_views.groups_offered(request.user)[: saved_views.MOST_GROUPS]
    return [{"id": group.pk, "name": group.name} for group in groups]


def _view_answer(request: HttpRequest, view: SavedView, status: int = 200) -> HttpResponseBase:
    slugs = {log.slug for log in watchable(request.user).logs}
    return JsonResponse({"view": saved_views.described(view, request.user, slugs)}, status=status)


@never_cache
def socket(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The socket's address over plain HTTP: why there is no WebSocket, and how to fix that."""
    if isinstance(request, WSGIRequest):
        # 426 has to name a protocol in `Upgrade`, which WSGI forbids an application to send.
        return JsonResponse(_no_socket(request), status=501)
    return JsonResponse(
        _no_socket(request), status=426, headers={"Upgrade": "websocket", "Connection": "Upgrade"}
    )


def _no_socket(request: HttpRequest) -> dict[str, Any]:
    """The cause; what mends it is for people who may know the host."""
    cause = cause_of(request)
    sees_host = policy().sees_host(request.user)
    remedy = cause.remedy if sees_host else _("An administrator sees here what to do.")
    return {
        "id": cause.id,
        "cause": cause.sentence,
        "fix": remedy,
        "paste": cause.paste if sees_host else "",
        "certain": cause.is_certain,
        "lines": cause.has_lines,
    }


def let_in(*needed: Right) -> Callable[[AsyncView], AsyncView]:
    """Make a view admit and count its user like a socket's viewer; for ASGI servers only.

    `needed`: the rights without which they get 403. A view of several logs checks them for each.
    """
    return partial(_counted, counted=lambda user: viewers.counted(user), needed=frozenset(needed))


def let_search(view: AsyncView) -> AsyncView:
    """The same, but counted as a running search, also of recent lines alone: the view limits it to these."""
    return _counted(view, lambda user: viewers.searching(user), frozenset({Right.SEARCH}), bounds_age=True)


def _counted(
    view: AsyncView,
    counted: Callable[[str], Awaitable[AbstractContextManager[object]]],
    needed: frozenset[Right],
    *,
    bounds_age: bool = False,
) -> AsyncView:
    @wraps(view)
    async def wrapped(request: HttpRequest, slug: str = "") -> HttpResponseBase:
        if isinstance(request, WSGIRequest):
            # A relay needs a lasting event loop, and under WSGI each request would have its own.
            body = await sync_to_async(_no_socket, thread_sensitive=True)(request)
            return JsonResponse(body, status=503)
        requester = await sync_to_async(_requester_of, thread_sensitive=True)(request)
        if not requester.user_id:
            return JsonResponse({"error": "signed-out", "login": login_url()}, status=401)
        try:
            with contextlib.ExitStack() as places:
                # Before anything is looked up, because that costs too.
                places.enter_context(await counted(requester.user_id))
                if not slug:  # the view admits to each of several logs
                    return await view(request, requester, places)
                log = await admitted(
                    requester.user_id, requester.session_key, slug, address=requester.address, via="http"
                )
                may_do = log.rights | log.recent_rights if bounds_age else log.rights
                if not needed <= may_do:
                    record_refusal(_subject(log, requester), max(right.value for right in needed - may_do))
                    text = in_full(reason("not-allowed"), _)
                    return JsonResponse({"error": "not-allowed", "text": text}, status=403)
                return await view(request, log, requester, places)
        except Refused as refused:
            if refused.code == CloseCode.SIGNED_OUT:
                return JsonResponse({"error": "signed-out", "login": login_url()}, status=401)
            return JsonResponse({"error": "no-such-log"}, status=404)
        except OverLimit as over:
            body = {"error": over.reason, "text": over.text, "limit": over.limit} | over.fields
            return JsonResponse(body, status=429, headers={"Retry-After": str(over.retry_after)})
        except NotRecorded as error:
            return JsonResponse({"error": "not-recorded", "text": str(error)}, status=503)
        except BadMessage as error:
            return JsonResponse({"error": "bad-message", "text": str(error)}, status=400)
        except NoFile as none:
            return JsonResponse({"error": none.state, "text": none.reason}, status=503)
        except DatabaseError as error:
            logger.warning("log %r: access check failed: %s", slug, error)
            text = _("The server can't check your access right now. Try again.")
            return JsonResponse({"error": "unavailable", "text": text}, status=503)

    for alias in connections:  # with ATOMIC_REQUESTS, Django raises for async views
        transaction.non_atomic_requests(using=alias)(wrapped)
    return wrapped


def _subject(log: Log, requester: Requester) -> Subject:
    """Them and the log, for the record."""
    return subject_of(log, requester.user_id, requester.address, "http")


def _action(
    name: str,
    log: Log,
    requester: Requester,
    detail: Mapping[str, Any],
    places: contextlib.ExitStack,
) -> OpenAction | None:
    """The record of something that takes a while; broken off, unless it has ended when the places are freed."""
    action = begin_action(name, _subject(log, requester), detail)
    if action is not None:
        places.callback(action.close, BROKEN_OFF)
    return action


def _requester_of(request: HttpRequest) -> Requester:
    """The user according to the host's middleware; nobody if signed out."""
    user_id = str(request.user.pk) if request.user.is_authenticated else ""
    session_key = request.session.session_key or ""
    return Requester(user_id, session_key, address_of(request.META.get("REMOTE_ADDR")))


@require_GET
@never_cache
@own_pages_only()
@let_in()
async def lines(
    request: HttpRequest, log: Log, requester: Requester, _places: contextlib.ExitStack
) -> HttpResponseBase:
    """The last lines of a log, or what follows a place: for pages whose network blocks WebSockets."""
    count, resume = decode_lines_query(request.GET, conf.BACKLOG_LINES)
    record = over_http.of(_subject(log, requester))
    body = await last_lines(
        relay_here(), log, user=requester.user_id, lines=count, resume=resume, record=record
    )
    count_bytes(requester.user_id, len(body))
    return HttpResponse(
        body, content_type="application/octet-stream", headers={"X-Content-Type-Options": "nosniff"}
    )


@require_GET
@never_cache
@own_pages_only(links=True)
@let_in(Right.DOWNLOAD)
async def download(
    request: HttpRequest, log: Log, requester: Requester, places: contextlib.ExitStack
) -> HttpResponseBase:
    """The whole file as it is now. Its length is announced, so that a browser notices if the end is missing."""
    # Refused now, while there can be a proper response; kept until the response has ended.
    places.enter_context(await viewers.downloading(requester.user_id))
    whole = await whole_file(relay_here(), log, requester.user_id)
    check_bytes(requester.user_id, whole.size)
    action = _action("download", log, requester, {"file": whole.file, "size": whole.size}, places)
    made = partial(bytes_of, log, whole, requester, action=action)
    headers = {"Accept-Ranges": "none", "Content-Length": str(whole.size)}
    return _saved(request, file_name(log, whole.name), "application/octet-stream", made, places, headers)


_ENDINGS: Final = {"text": "txt", "ndjson": "ndjson"}
_CONTENT_TYPES: Final = {"text": "text/plain; charset=utf-8", "ndjson": "application/x-ndjson"}


@require_GET
@never_cache
@own_pages_only(links=True)
@let_in(Right.SEARCH, Right.DOWNLOAD)
async def hits(
    request: HttpRequest, log: Log, requester: Requester, places: contextlib.ExitStack
) -> HttpResponseBase:
    """The lines that a search of all files finds, as text or NDJSON."""
    form, asked = decode_hits_query(request.GET)
    places.enter_context(await viewers.downloading(requester.user_id))
    action = _action("hits", log, requester, {**conditions(asked), "form": form}, places)
    found = Hits(relay_here(), log, requester.user_id, asked)
    first = await found.first(requester.of(log))
    made = partial(delivered, log, found.encoded(first, form), requester, action=action)
    name = f"{file_name(log)}.hits.{_ENDINGS[form]}"
    return _saved(request, name, _CONTENT_TYPES[form], made, places)


@require_GET
@never_cache
@own_pages_only(links=True)
@let_in()
async def several_hits(
    request: HttpRequest, requester: Requester, places: contextlib.ExitStack
) -> HttpResponseBase:
    """The lines that a search of several logs finds, in one file."""
    form, asked = decode_hits_query(request.GET)
    slugs = decode_logs_query(request.GET.getlist("log"))
    places.enter_context(await viewers.downloading(requester.user_id))
    found = SeveralHits(slugs, asked, form, requester)
    return _saved(request, f"logs.hits.{_ENDINGS[form]}", _CONTENT_TYPES[form], found.encoded, places)


@require_POST
@never_cache
@own_pages_only()
@let_search
async def search(
    request: HttpRequest, log: Log, requester: Requester, places: contextlib.ExitStack
) -> HttpResponseBase:
    """A search of all files of a log, as the messages of a socket; a page that searches several logs asks here."""
    try:
        asked = decode_search(request.body)
    except RequestDataTooBig:
        raise BadMessage(f"the body has over {MAX_CLIENT_MESSAGE_BYTES} bytes") from None
    edge = await edge_for(log)
    if Right.SEARCH not in log.rights:
        limited = None if edge is None else within(asked, edge)
        if not isinstance(limited, SearchAll):
            record_refusal(_subject(log, requester), Right.SEARCH.value)
            why = reason("not-allowed") if edge is None else too_old(log)
            return JsonResponse({"error": "not-allowed", "text": in_full(why, _)}, status=403)
        asked = limited
    action = _action("search", log, requester, conditions(asked), places)
    found = messages(relay_here(), log, requester.user_id, asked, action, edge)
    made = partial(delivered, log, found, requester, parting=partial(parting, log, action=action))
    # nginx passes it on as it comes.
    return _streamed(request, "application/x-ndjson", made, places, {"X-Accel-Buffering": "no"})


def _saved(
    request: HttpRequest,
    name: str,
    content_type: str,
    made: Callable[..., AsyncGenerator[bytes]],
    places: contextlib.ExitStack,
    headers: Mapping[str, str] | None = None,
) -> HttpResponseBase:
    """A response that browsers save under a name. The rest as in `_streamed`."""
    disposition = {"Content-Disposition": str(content_disposition_header(True, name))}
    return _streamed(request, content_type, made, places, {**disposition, **(headers or {})})


def _streamed(
    request: HttpRequest,
    content_type: str,
    made: Callable[..., AsyncGenerator[bytes]],
    places: contextlib.ExitStack,
    headers: Mapping[str, str] | None = None,
) -> HttpResponseBase:
    """A response whose pieces `made` makes. It keeps the places until it has ended."""
    scope = getattr(request, "scope", {})
    connection = connection_behind(scope.get(SEND)) or connection_of(scope.get("client"))
    response = StreamingHttpResponse(
        content_type=content_type,
        headers={
            # A middleware would compress each piece as a gzip file of its own, and browsers stop after the first.
            "Content-Encoding": IDENTITY,
            "X-Content-Type-Options": "nosniff",
            **(headers or {}),
        },
    )
    patch_cache_control(response, no_transform=True)
    kept = places.pop_all()
    pieces = made(connection, is_altered=lambda: is_encoded(response.headers), places=kept)
    response.streaming_content = Body(pieces, kept)
    return response


@require_safe
def asset(request: HttpRequest, version: str, name: str) -> HttpResponseBase:
    """A script or style of this package; 404 for a version that this process doesn't have."""
    found = assets()
    body = found.body(name, request.headers.get("Accept-Encoding", "")) if version == found.version else None
    if body is None:
        raise Http404
    headers = {
        "Cache-Control": "public, max-age=31536000, immutable",
        "ETag": body.etag,
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
    }
    if body.encoding:
        headers["Content-Encoding"] = body.encoding
    response = HttpResponse(body.content, content_type=body.content_type, headers=headers)
    return cast(HttpResponseBase, get_conditional_response(request, etag=body.etag, response=response))
