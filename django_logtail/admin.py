"""The registry in the admin. Logs declared in the settings are shown there and changed in the settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from django_logtail import stop_flag
from django_logtail.control import ControlUnavailable
from django_logtail.models import Access, Log


@admin.register(Log)
class LogAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["name", "group", "path", "reading_queue", "access", "enabled", "declared", "watch"]
    list_filter = ["enabled", "access", "group", "queue", "declared"]
    search_fields = ["name", "slug", "group", "path", "description"]
    prepopulated_fields = {"slug": ["name"]}
    filter_horizontal = ["groups", "users"]
    actions = ["stop_reading", "continue_reading"]
    fieldsets = [
        (None, {"fields": ["name", "slug", "group", "order", "description"]}),
        (_("File"), {"fields": ["path", "queue", "encoding"]}),
        (_("Who may watch it"), {"fields": ["enabled", "access", "groups", "users"]}),
    ]

    @admin.display(description=_("queue"), ordering="queue")
    def reading_queue(self, log: Log) -> str:
        return log.queue_name

    @admin.display(description=_("live"))
    def watch(self, log: Log) -> SafeString | str:
        address = self.view_on_site(log)
        return format_html('<a href="{}">{}</a>', address, gettext("Watch")) if address else ""

    @admin.action(description=_("Stop reading selected logs"), permissions=["change"])
    def stop_reading(self, request: HttpRequest, queryset: QuerySet[Log]) -> None:
        reason = gettext("stopped by %(user)s") % {"user": request.user}
        done = gettext("Reading stops now: %(logs)s. Its viewers are told.")
        self._flag(request, queryset, lambda log: stop_flag.set_stop(log, reason), done)

    @admin.action(description=_("Continue reading selected logs"), permissions=["change"])
    def continue_reading(self, request: HttpRequest, queryset: QuerySet[Log]) -> None:
        done = gettext("Reading continues: %(logs)s.")
        self._flag(request, queryset, stop_flag.clear_stop, done)

    def _flag(
        self, request: HttpRequest, logs: QuerySet[Log], act: Callable[[Log], object], done: str
    ) -> None:
        try:
            for log in logs:
                act(log)
        except (stop_flag.OnlyWithWorker, ControlUnavailable) as error:
            messages.error(request, str(error))
        else:
            messages.success(request, done % {"logs": ", ".join(log.name for log in logs)})

    def view_on_site(self, log: Log) -> str | None:
        """The page of the log; None where `django_logtail.urls` is not included (a check says so)."""
        try:
            return reverse("logtail:log", args=[log.slug]) if log.enabled else None
        except NoReverseMatch:
            return None

    def get_fieldsets(self, request: HttpRequest, obj: Log | None = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or not obj.declared:
            return fieldsets
        reason = gettext(
            "This log is declared in LOGTAIL['LOGS'] of the project’s settings, so it is read-only here. "
            "Change it there, then run “manage.py logtail_sync”."
        )
        (title, options), *others = fieldsets
        return [(title, {**options, "description": reason}), *others]

    def has_change_permission(self, request: HttpRequest, obj: Log | None = None) -> bool:
        return not (obj is not None and obj.declared) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Log | None = None) -> bool:
        return not (obj is not None and obj.declared) and super().has_delete_permission(request, obj)

    def save_related(self, request: HttpRequest, form: ModelForm[Log], formsets: Any, change: bool) -> None:
        """The form is valid; what may still surprise is said as a hint."""
        super().save_related(request, form, formsets, change)
        log: Log = form.instance
        if hint := log.absence():
            messages.info(request, hint)
        if log.access == str(Access.CHOSEN) and not (log.groups.exists() or log.users.exists()):
            messages.warning(
                request, gettext("No groups or users are chosen, so only superusers may watch this log.")
            )
