"""The record in the admin: who changes the registry there, and the pages of viewings and actions."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

import django
from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from django_logtail.amounts import size_in_words
from django_logtail.audit import export, words
from django_logtail.audit.acting import acting, actor_of
from django_logtail.audit.filters import (
    ActionFilter,
    AnyActionFilter,
    DayFilter,
    LogFilter,
    StateFilter,
    UserFilter,
)
from django_logtail.audit.models import Viewing, ViewingEvent
from django_logtail.audit.viewings import record_action
from django_logtail.conf import conf

#: Actions shown with a viewing; the export has all.
MOST_EVENTS: Final = 500

Response = TypeVar("Response")


def by_user(view: Callable[..., Response]) -> Callable[..., Response]:
    """What this method, a page of the admin, does is recorded as done by the user of the request."""

    @wraps(view)
    def wrapped(self: Any, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        with acting(actor_of(request, "admin", str(request.META.get("REMOTE_ADDR", "")))):
            return view(self, request, *args, **kwargs)

    return wrapped


class RecordedAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """A `ModelAdmin` whose changes are recorded as done by the user of the request."""

    @by_user
    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().changelist_view(request, *args, **kwargs)

    @by_user
    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().changeform_view(request, *args, **kwargs)

    @by_user
    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().delete_view(request, *args, **kwargs)


class RecordsAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Records: to read, to filter and to export, by those who have the permission; nobody changes them."""

    ordering = ["-began", "id"]
    search_fields = ["user_name", "slug", "log_name", "address"]
    search_help_text = _("User, log or address")
    show_full_result_count = False  # it would count a million rows a second time
    list_per_page = 50
    change_list_template = "admin/logtail/viewing/change_list.html"
    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.export_view)
        name = f"logtail_{self.opts.model_name}_export"
        return [path("export/<str:form>/", view, name=name), *super().get_urls()]

    def export_view(self, request: HttpRequest, form: str) -> HttpResponseBase:
        """The rows that the list with the same parameters shows."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if form not in export.FORMS:
            raise Http404
        try:
            rows = self.get_changelist_instance(request).queryset
        except IncorrectLookupParameters:
            raise Http404 from None
        what = {"records": self.opts.model_name, "form": form, "filter": request.GET.urlencode()}
        address = str(request.META.get("REMOTE_ADDR", ""))
        record_action("exported", actor_of(request, "admin", address), what)
        return export.response(request, rows, form, str(self.opts.model_name) + "s")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        export_url = f"admin:logtail_{self.opts.model_name}_export"
        links = [
            (said, reverse(export_url, args=[form]) + "?" + request.GET.urlencode())
            for form, said in (("csv", _("Export CSV")), ("ndjson", _("Export NDJSON")))
        ]
        context = {
            "title": capfirst(self.opts.verbose_name_plural),
            "exports": links,
            **(extra_context or {}),
        }
        if not conf.AUDIT:
            context["off"] = True
        return super().changelist_view(request, context)

    @admin.display(description=_("started"), ordering="began")
    def started(self, record: Viewing | ViewingEvent) -> SafeString:
        return format_html('{}<div class="quiet">{}</div>', words.moment(record.began), record.address)

    @admin.display(description=_("user"), ordering="user_name")
    def who(self, record: Viewing | ViewingEvent) -> SafeString:
        return _link("user_name", record.user_name)

    @admin.display(description=_("log"), ordering="slug")
    def which(self, record: Viewing | ViewingEvent) -> SafeString | str:
        return _link("slug", record.slug, record.log_name) if record.slug else ""

    @admin.display(description=_("read"), ordering="bytes")
    def read(self, record: Viewing | ViewingEvent) -> str:
        return size_in_words(record.bytes) if record.bytes else ""


@admin.register(Viewing)
class ViewingAdmin(RecordsAdmin):
    """Who watched which log, now and in the past."""

    list_display = ["started", "who", "which", "lasted", "read", "did", "state"]
    list_filter = [DayFilter, StateFilter, ActionFilter, LogFilter, UserFilter]

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """With what was done in each viewing of the page, by one query."""
        found = super().get_changelist_instance(request)
        found.result_list = rows = list(found.result_list)
        events = ViewingEvent.objects.filter(viewing__in=[row.pk for row in rows]).order_by("action")
        done: dict[Any, dict[str, int]] = {}
        for viewing, action, count in events.values_list("viewing", "action").annotate(n=Count("pk")):
            done.setdefault(viewing, {})[action] = count
        for row in rows:
            row.done = done.get(row.pk, {})
        return found

    @admin.display(description=_("lasted"))
    def lasted(self, viewing: Viewing) -> str:
        return words.lasted((viewing.ended or timezone.now()) - viewing.began)

    @admin.display(description=_("did"))
    def did(self, viewing: Any) -> SafeString:
        return format_html_join(mark_safe("<br>"), "{}", ((said,) for said in words.done(viewing.done)))

    @admin.display(description=_("ended"), ordering="ended")
    def state(self, viewing: Viewing) -> SafeString:
        return _state(viewing)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """One viewing, with what was done in it."""
        viewing = self.get_object(request, unquote(object_id))
        if viewing is None or not self.has_view_permission(request, viewing):
            raise Http404 if self.has_view_permission(request) else PermissionDenied
        request.current_app = self.admin_site.name
        events = ViewingEvent.objects.filter(viewing=viewing.pk).order_by("began", "pk")
        shown = list(events[: MOST_EVENTS + 1])
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("%(user)s, %(log)s") % {"user": viewing.user_name, "log": viewing.log_name},
            "opts": self.opts,
            "viewing": viewing,
            "state": _state(viewing),
            "began": words.moment(viewing.began),
            "ended": words.moment(viewing.ended) if viewing.ended else "",
            "lasted": self.lasted(viewing),
            "parts": words.parts(viewing.ranges),
            "events": [(event, words.action(event.action), _detail(event)) for event in shown[:MOST_EVENTS]],
            "more": len(shown) > MOST_EVENTS,
            "lists_breadcrumbs": django.VERSION >= (6, 1),
        }
        return TemplateResponse(request, "admin/logtail/viewing/viewing.html", context)


@admin.register(ViewingEvent)
class ViewingEventAdmin(RecordsAdmin):
    """What was done: in viewings, and without one."""

    list_display = ["started", "who", "did", "which", "detail_in_words", "read", "in_viewing"]
    list_filter = [DayFilter, AnyActionFilter, LogFilter, UserFilter]
    list_display_links = None
    list_select_related = False

    @admin.display(description=_("action"), ordering="action")
    def did(self, event: ViewingEvent) -> str:
        return words.action(event.action)

    @admin.display(description=_("detail"))
    def detail_in_words(self, event: ViewingEvent) -> SafeString:
        return _detail(event)

    @admin.display(description=_("viewing"))
    def in_viewing(self, event: ViewingEvent) -> SafeString | str:
        if event.viewing_id is None:
            return ""
        address = reverse("admin:logtail_viewing_change", args=[event.viewing_id])
        return format_html('<a href="{}">{}</a>', address, gettext("Open"))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A single action has no page of its own."""
        return obj is None and super().has_view_permission(request, obj)


def _link(name: str, value: str, said: str = "") -> SafeString:
    """To the records of which only this is left."""
    return format_html('<a href="?{}"><bdi>{}</bdi></a>', urlencode({name: value}), said or value)


def _state(viewing: Viewing) -> SafeString:
    """A dot while it goes on, a square when it was ended; in words, too."""
    if viewing.ended is None:
        kind, said = "ok", gettext("watching")
    else:
        kind, said = ("danger" if viewing.outcome in words.REVOKED else ""), words.outcome(viewing.outcome)
    return format_html('<span class="la-state" data-kind="{}">{}</span>', kind, said)


def _detail(event: ViewingEvent) -> SafeString:
    """The detail, and what came of it, in words."""
    said = format_html_join(" · ", "{}: <code><bdi>{}</bdi></code>", words.details(event.detail))
    outcome = words.outcome(event.outcome)
    return format_html("{} · {}", said, outcome) if said and outcome else said or format_html("{}", outcome)
