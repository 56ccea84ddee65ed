"""What the record adds to the admin: who changes the registry there."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from django_logtail.audit.acting import acting, actor_of

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
