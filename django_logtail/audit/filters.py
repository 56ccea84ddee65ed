"""The filters of the admin's pages of records."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from django.apps import apps
from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from django_logtail.audit.models import ViewingEvent
from django_logtail.audit.words import ACTIONS, REVOKED

Rows = QuerySet[Any]
#: Logs that a filter offers; the name of any other leads to its records.
MOST_LOGS: Final = 20


class DayFilter(admin.SimpleListFilter):
    """The last days; or one day, if the address names it: `?day=2026-11-27`."""

    title = _("day")
    parameter_name = "day"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        days: list[tuple[str, Any]] = [("1", _("Today")), ("7", _("Past 7 days")), ("30", _("Past 30 days"))]
        if (value := self.value()) is not None and parse_date_or_none(value):
            days.append((value, value))
        return days

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        value = self.value() or ""
        today = timezone.localdate()
        if (day := parse_date_or_none(value)) is not None:
            return queryset.filter(began__gte=_midnight(day), began__lt=_midnight(day + timedelta(days=1)))
        if value in ("1", "7", "30"):
            return queryset.filter(began__gte=_midnight(today - timedelta(days=int(value) - 1)))
        return queryset


class LogFilter(admin.SimpleListFilter):
    """Logs that somebody registered, and the one that the address names.

    Members of patterns come and go in thousands, and deleted logs are not in the registry: names in the list lead here.
    """

    title = _("log")
    parameter_name = "slug"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        rows = apps.get_model("logtail", "Log").objects.filter(parent=None).exclude(follow="each")
        logs: list[tuple[str, Any]] = list(rows.order_by("name").values_list("slug", "name")[:MOST_LOGS])
        if (value := self.value()) and value not in dict(logs):
            logs.append((value, value))
        return logs

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        return queryset.filter(slug=value) if (value := self.value()) else queryset


class UserFilter(admin.SimpleListFilter):
    """Nobody is listed, because there may be thousands: a user's name in the list leads here."""

    title = _("user")
    parameter_name = "user_name"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        value = self.value()
        return [(value, value)] if value else []

    def has_output(self) -> bool:
        return bool(self.value())

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        return queryset.filter(user_name=value) if (value := self.value()) else queryset


class ActionFilter(admin.SimpleListFilter):
    """Viewings in which something was done."""

    title = _("action")
    parameter_name = "action_done"
    actions: tuple[str, ...] = ("search", "time", "older", "original", "refused")

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(name, ACTIONS[name]) for name in self.actions]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        if not (value := self.value()):
            return queryset
        if queryset.model is ViewingEvent:
            return queryset.filter(action=value)
        return queryset.filter(Exists(ViewingEvent.objects.filter(viewing=OuterRef("pk"), action=value)))


class AnyActionFilter(ActionFilter):
    """The actions themselves."""

    actions = tuple(ACTIONS)


class StateFilter(admin.SimpleListFilter):
    """Now or past, and how it ended."""

    title = _("end")
    parameter_name = "state"
    _states: Final[dict[str, tuple[Any, Callable[[Rows], Rows]]]] = {
        "now": (_("watching now"), lambda rows: rows.filter(ended=None)),
        "past": (pgettext_lazy("has", "ended"), lambda rows: rows.exclude(ended=None)),
        "revoked": (_("access ended"), lambda rows: rows.filter(outcome__in=REVOKED)),
        "unknown": (_("end not known"), lambda rows: rows.filter(outcome="unknown")),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(name, words) for name, (words, _rows) in self._states.items()]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        state = self._states.get(self.value() or "")
        return state[1](queryset) if state else queryset


def parse_date_or_none(text: str) -> date | None:
    """The day that is written as 2026-11-27; None for anything else, and for days that a calendar doesn't have."""
    try:
        return parse_date(text)
    except ValueError:
        return None


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), timezone.get_current_timezone())
