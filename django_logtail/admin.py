"""The registry in the admin. Logs declared in the settings are read-only there."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

import django
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from django_logtail import states, stop_flag
from django_logtail.access import policy
from django_logtail.audit.acting import actor
from django_logtail.audit.admin import RecordedAdmin, by_user
from django_logtail.audit.registry import of_log
from django_logtail.audit.viewings import record_action
from django_logtail.conf import conf
from django_logtail.control import ControlUnavailable
from django_logtail.models import Access, Follow, Log, SavedView
from django_logtail.operating import no_redis
from django_logtail.operating.status import Status, current_status
from django_logtail.page.assets import asset_url, nonce_of
from django_logtail.page.found import found_config
from django_logtail.page.members import look_soon
from django_logtail.registering.members import MOST_MEMBERS
from django_logtail.registry.answers import answered
from django_logtail.registry.columns import FactColumns
from django_logtail.registry.form import LogForm
from django_logtail.registry.rules import rules_page
from django_logtail.rights import Right
from django_logtail.tailing.reasons import in_full
from django_logtail.viewing.cross_site import own_pages_only
from django_logtail.viewing.ending import end_viewings, tidied
from django_logtail.viewing.usage import current_usage

#: What the status page's buttons send for every log; not a valid slug.
EVERY_LOG: Final = "*"

#: Set on a request while it is looked up what is deleted with these patterns.
_WITH_MEMBERS: Final = "_logtail_with_members"


def is_read_only(log: Log | None) -> bool:
    """Whether the settings or a pattern decide about the row."""
    return log is not None and (log.declared or log.parent_id is not None)


class PatternFilter(admin.SimpleListFilter):
    """The rows that somebody registered, or the members of one pattern."""

    title = _("members of")
    parameter_name = "of"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        patterns = Log.objects.filter(follow=Follow.EACH, parent=None)
        return [(str(pk), name) for pk, name in patterns.values_list("pk", "name")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Log]) -> QuerySet[Log]:
        value = self.value() or ""
        return queryset.filter(parent=int(value) if value.isdecimal() else None)


@admin.register(Log)
class LogAdmin(FactColumns, RecordedAdmin):
    list_display = ["name", "file_path", "file_size", "last_written", "state", "viewers", "watch", "found"]
    list_filter = [PatternFilter, "enabled", "access", "group", "queue", "declared"]
    search_fields = ["name", "slug", "group", "path", "description"]
    prepopulated_fields = {"slug": ["name"]}
    filter_horizontal = ["groups", "users"]
    form = LogForm
    actions = ["stop_reading", "continue_reading"]
    fieldsets = [
        (None, {"fields": ["name", "slug", "group", "order", "description"]}),
        (_("File"), {"fields": ["path", "follow", "queue", "encoding", "rotated_as", "format", "time_zone"]}),
        (_("Who may watch"), {"fields": ["enabled", "access", "groups", "users", "history_hours"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Log]:
        rows: QuerySet[Log] = super().get_queryset(request)
        return rows.select_related("parent").annotate(found=Count("members"))

    @admin.display(description=_("members"))
    def found(self, log: Log) -> SafeString | str:
        """Of a pattern: how many members it has, of how many files, and why its reader found none."""
        if not log.is_pattern:
            return ""
        count, files = getattr(log, "found", 0), log.matches or 0
        said = str(count) if files <= MOST_MEMBERS else f"{count} / {files}"
        return format_html('<a href="?of={}">{}</a> {}', log.pk, said, in_full(log.trouble, gettext))

    @admin.action(description=_("Stop reading selected logs"), permissions=["stop"])
    def stop_reading(self, request: HttpRequest, queryset: QuerySet[Log]) -> None:
        self._stop(request, list(queryset))

    @admin.action(description=_("Continue reading selected logs"), permissions=["stop"])
    def continue_reading(self, request: HttpRequest, queryset: QuerySet[Log]) -> None:
        self._continue(request, list(queryset))

    def _stop(self, request: HttpRequest, logs: Sequence[Log | None], reason: str = "") -> None:
        by = request.user.get_username()
        done = gettext("Stopped %(logs)s. Viewers have been notified.")
        self._flag(request, logs, lambda log: stop_flag.set_stop(log, by=by, reason=reason), done)

    def _continue(self, request: HttpRequest, logs: Sequence[Log | None]) -> None:
        self._flag(request, logs, stop_flag.clear_stop, gettext("Now reading %(logs)s again."))

    def _flag(
        self,
        request: HttpRequest,
        logs: Sequence[Log | None],
        act: Callable[[Log | None], object],
        done: str,
    ) -> None:
        try:
            for log in logs:
                if not self.has_stop_permission(request, log):
                    raise PermissionDenied
                act(log)
        except stop_flag.OnlyWithWorker as error:
            messages.error(request, str(error))
        except ControlUnavailable as error:
            messages.error(request, no_redis.told(error))
        else:
            names = [gettext("every log") if log is None else log.name for log in logs]
            messages.success(request, done % {"logs": ", ".join(names)})

    # -- readers and viewers -----------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        status = self.admin_site.admin_view(self.status_view)
        host = self.admin_site.admin_view(own_pages_only()(self.host_view))
        rules = self.admin_site.admin_view(self.rules_view)
        return [
            path("status/", status, name="logtail_log_status"),
            path("host/", host, name="logtail_log_host"),
            path("rules/", rules, name="logtail_log_rules"),
            *super().get_urls(),
        ]

    def host_view(self, request: HttpRequest) -> HttpResponse:
        """What the form asks the host of a queue, as JSON."""
        if request.method != "GET":
            return HttpResponseNotAllowed(["GET"])
        if not self.may_register(request):
            raise PermissionDenied
        return answered(request)

    @by_user
    def status_view(self, request: HttpRequest) -> HttpResponse:
        """Readers and viewers, with buttons that set and clear the stop flag."""
        if request.method == "POST":
            return self._act_on_status(request)
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        context = {
            **self._context(request, gettext("Readers and viewers")),
            "is_local": conf.READER == "local",
            "pid": os.getpid(),
            "may_stop": stop_flag.is_available() and self.has_stop_permission(request),
            "may_end": self.has_stop_permission(request),
            "every_log": EVERY_LOG,
            "most_characters": stop_flag.MOST_CHARACTERS,
        }
        try:
            status = current_status()
            context |= _tables(status)
            context["users"] = current_usage(viewer.user_id for viewer in status.viewers)
        except ControlUnavailable as error:
            context["trouble"] = no_redis.told(error)
        return TemplateResponse(request, "admin/logtail/log/status.html", context)

    @by_user
    def rules_view(self, request: HttpRequest) -> HttpResponse:
        """The rules that hide secrets, and a trial of them."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        context = {**self._context(request, gettext("Redaction")), **rules_page(request)}
        return TemplateResponse(request, "admin/logtail/log/rules.html", context)

    def _context(self, request: HttpRequest, title: str) -> dict[str, Any]:
        request.current_app = self.admin_site.name
        return {
            **self.admin_site.each_context(request),
            "title": title,
            "opts": self.opts,
            "lists_breadcrumbs": django.VERSION >= (6, 1),  # its styles require that form
        }

    def _act_on_status(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        if request.POST.get("act") == "end":
            self._end_viewings(request)
            return HttpResponseRedirect(reverse("admin:logtail_log_status", current_app=self.admin_site.name))
        slug = request.POST.get("log", "")
        logs = [None if slug == EVERY_LOG else get_object_or_404(Log, slug=slug)]
        if not self.has_stop_permission(request, logs[0]):
            raise PermissionDenied
        if request.POST.get("act") == "continue":
            self._continue(request, logs)
        elif request.POST.get("act") == "stop":
            self._stop(request, logs, request.POST.get("reason", ""))
        return HttpResponseRedirect(reverse("admin:logtail_log_status", current_app=self.admin_site.name))

    def _end_viewings(self, request: HttpRequest) -> None:
        """End one viewing, or all of a user, as far as the person may stop the logs."""
        session, user = request.POST.get("session", ""), request.POST.get("user", "")
        note = tidied(request.POST.get("reason", ""))
        try:
            named = [one for one in current_status().viewers if session == one.session or user == one.user_id]
            chosen = [one for one in named if self.has_stop_permission(request, one.log)]
            if (named and not chosen) or not self.has_stop_permission(request):
                raise PermissionDenied
            end_viewings([one.session for one in chosen], note)
        except ControlUnavailable as error:
            messages.error(request, no_redis.told(error))
            return
        for one in chosen:
            detail = {"user": one.user, "reason": note} if note else {"user": one.user}
            record_action("viewing-ended", of_log(actor(), one.log), detail)
        said = ngettext("Ended %(n)d view.", "Ended %(n)d views.", len(chosen)) % {"n": len(chosen)}
        messages.success(request, said if chosen else gettext("There was nothing left to end."))

    def view_on_site(self, log: Log) -> str | None:
        """The page of the log; None if `django_logtail.urls` is not included, which a check reports."""
        try:
            return reverse("logtail:log", args=[log.slug]) if log.is_readable else None
        except NoReverseMatch:
            return None

    def get_fieldsets(self, request: HttpRequest, obj: Log | None = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        if obj is not None and obj.parent is not None:
            said = gettext(
                "This log is a member of the pattern “%(name)s”, which decides who may watch it and how."
            )
            return [
                (None, {"fields": ["name", "slug", "path"], "description": said % {"name": obj.parent.name}})
            ]
        if obj is None or not obj.declared:
            return fieldsets
        reason = gettext(
            "This log is declared in LOGTAIL['LOGS'] of the project’s settings, so it is read-only here. "
            "Change it there, then run “manage.py logtail_sync”."
        )
        (title, options), *others = fieldsets
        return [(title, {**options, "description": reason}), *others]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        may_name = self.has_view_permission(request)
        form = type(form.__name__, (form,), {"may_name_others": may_name})
        if "format" in form.base_fields:
            widget = form.base_fields["format"].widget
            widget.host, widget.nonce = self._host_url(request), nonce_of(request)
        return form

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The form, and above it the files of this host that have no log yet."""
        found = found_config(request)
        if found is not None and self.has_add_permission(request):
            done = reverse("admin:logtail_log_changelist", current_app=self.admin_site.name)
            context = {"found": found, "found_done": done, "nonce": nonce_of(request)}
            context["found_script"] = asset_url("admin/found-logs.js")
            extra_context = {**context, **(extra_context or {})}
        return super().add_view(request, form_url, extra_context)

    def _host_url(self, request: HttpRequest) -> str | None:
        try:
            return reverse("admin:logtail_log_host", current_app=self.admin_site.name)
        except NoReverseMatch:
            return None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and policy().may(request.user, Right.REGISTER)

    def has_stop_permission(self, request: HttpRequest, obj: Log | None = None) -> bool:
        """Whether the user may stop and continue this log, or, without one, every log."""
        return policy().may(request.user, Right.STOP, None if obj is None else obj.registration)

    def has_change_permission(self, request: HttpRequest, obj: Log | None = None) -> bool:
        return not is_read_only(obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Log | None = None) -> bool:
        if obj is not None and obj.parent_id in getattr(request, _WITH_MEMBERS, ()):
            return super().has_delete_permission(request, obj)
        return not is_read_only(obj) and super().has_delete_permission(request, obj)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Members are deleted with their pattern, and not otherwise."""
        setattr(request, _WITH_MEMBERS, {log.pk for log in objs if not is_read_only(log)})
        try:
            return super().get_deleted_objects(objs, request)
        finally:
            delattr(request, _WITH_MEMBERS)

    def save_related(self, request: HttpRequest, form: ModelForm[Log], formsets: Any, change: bool) -> None:
        """Add hints about a valid log that may still be a surprise."""
        super().save_related(request, form, formsets, change)
        log: Log = form.instance
        if log.is_pattern:
            look_soon({log.queue_name})
        if hint := log.absence():
            messages.info(request, hint)
        if log.access == str(Access.CHOSEN) and not (log.groups.exists() or log.users.exists()):
            messages.warning(
                request, gettext("No groups or users are selected, so only superusers may watch this log.")
            )


@admin.register(SavedView)
class SavedViewAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Everyone's views, to rename, share and delete. The page makes them."""

    list_display = ["name", "log", "owner", "everyone", "group", "updated"]
    list_filter = ["everyone", "log"]
    search_fields = ["name", "log__name", "log__slug"]
    list_select_related = ["log", "owner", "group"]
    raw_id_fields = ["log", "owner"]
    fields = ["name", "log", "owner", "everyone", "group", "fragment"]


def _tables(status: Status) -> dict[str, Any]:
    return {
        "queues": status.queues,
        "flags": [
            replace(flag, reason=in_full(flag.reason, gettext))
            for queue in status.queues
            for flag in queue.stops
        ],
        "rows": [
            {
                "queue": queue.name,
                "read": replace(read, reason=in_full(read.reason, gettext)),
                "state": states.words_for(read.state),
            }
            for queue in status.queues
            for read in queue.logs
        ],
        "viewers": status.viewers,
        "failures": status.failures,
    }
