"""Whether the project has what the app needs: apps, middleware, URLs, an ASGI application."""

from __future__ import annotations

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.urls import NoReverseMatch, reverse

from django_logtail.checks.configured import has_worker, is_kind_of
from django_logtail.project import asgi_application, settings_file, urls_file

#: The app can't work without these; the message gives the reason.
_NEEDED_APPS = {
    "django_dramatiq": "it configures the broker and provides rundramatiq",
    "django.contrib.auth": "viewers are its users",
    "django.contrib.contenttypes": "django.contrib.auth needs it for permissions",
    "django.contrib.sessions": "viewers are signed in through its sessions",
}
_NEEDED_MIDDLEWARE = (
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
)


def check_apps(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    return [
        Error(
            f"{name!r} is not in INSTALLED_APPS; {reason}.",
            hint=f"Add {name!r} to INSTALLED_APPS.",
            id="logtail.E006",
        )
        for name, reason in _NEEDED_APPS.items()
        if not apps.is_installed(name) and (has_worker() or name != "django_dramatiq")
    ]


def check_urls(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    try:
        reverse("logtail:list")
    except NoReverseMatch:
        found.append(
            Warning(
                "The pages of django_logtail are not in ROOT_URLCONF.",
                hint=f"Add this at the end of {urls_file()}.\nfrom django.urls import include, path\n\n"
                'urlpatterns += [path("logs/", include("django_logtail.urls"))]',
                id="logtail.W005",
            )
        )
    for needed in _NEEDED_MIDDLEWARE:
        if not any(is_kind_of(path, needed) for path in settings.MIDDLEWARE):
            found.append(
                Error(
                    f"{needed!r} is not in MIDDLEWARE, so nobody can be signed in.",
                    hint=f"Add {needed!r} to MIDDLEWARE.",
                    id="logtail.E007",
                )
            )
    return found


def check_asgi(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    if getattr(settings, "ASGI_APPLICATION", None):
        return []
    return [
        Warning(
            "ASGI_APPLICATION is not set, so runserver and logtail_doctor can't find what serves sockets.",
            hint=f'Add this at the end of {settings_file()}: ASGI_APPLICATION = "{asgi_application()}"',
            id="logtail.W006",
        )
    ]
