"""Whether what serves the project can keep live connections open, and whether people can sign in."""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Warning
from django.core.management import get_commands
from django.shortcuts import resolve_url
from django.urls import NoReverseMatch, Resolver404, get_script_prefix, resolve, reverse
from django.utils import translation

from django_logtail import causes
from django_logtail.causes import Cause
from django_logtail.project import default_language, settings_file, urls_file

#: Whose `runserver` speaks WSGI.
_WSGI_APPS = {"django.core", "django.contrib.staticfiles"}
_PLAIN = {"get_asgi_application()", "django.core.asgi.get_asgi_application()"}


def check_runserver(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    """In development, `runserver` must speak ASGI: the first app that has such a command decides."""
    if not settings.DEBUG or get_commands().get("runserver") not in _WSGI_APPS:
        return []
    with translation.override(None):
        cause = causes.over_wsgi(by_runserver=True)
    text = "runserver runs Django over WSGI, which can't keep a live connection open."
    return [_warning(cause, text)]


def check_wrapper(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    """Whether ASGI_APPLICATION is plainly Django's own, as `startproject` writes it. Nothing is imported."""
    module, _, name = str(getattr(settings, "ASGI_APPLICATION", None) or "").rpartition(".")
    if not module or not _is_plain(module, name):
        return []
    with translation.override(None):
        cause = causes.not_wrapped()
    return [_warning(cause, cause.sentence)]


def _is_plain(module: str, name: str) -> bool:
    """Whether the last thing that the module calls `name` is what `get_asgi_application()` returns."""
    value: ast.expr | None = None
    with contextlib.suppress(ImportError, OSError, SyntaxError, ValueError):
        spec = find_spec(module)
        if spec is not None and spec.origin:
            for statement in ast.parse(Path(spec.origin).read_bytes()).body:
                if isinstance(statement, ast.Assign) and name in map(ast.unparse, statement.targets):
                    value = statement.value
    return value is not None and ast.unparse(value) in _PLAIN


def check_login(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    """Whether there is anything at LOGIN_URL, to which people who aren't signed in are sent."""
    if not _has("logtail:list"):  # said by `check_urls`
        return []
    with translation.override(default_language()):
        try:
            address = resolve_url(settings.LOGIN_URL)
        except NoReverseMatch:
            address = str(settings.LOGIN_URL)
    parts = urlsplit(address)
    if parts.netloc or any(map(_is_served, _spellings(parts.path))):
        return []
    text = f"LOGIN_URL is {str(settings.LOGIN_URL)!r}, and nothing is there: people who are not signed in get a 404."
    return [Warning(text, hint=_login_hint(), id="logtail.W021")]


def _has(name: str) -> bool:
    try:
        reverse(name)
    except NoReverseMatch:
        return False
    return True


def _login_hint() -> str:
    for name in ("login", "admin:login"):
        if _has(name):
            return f'Add this at the end of {settings_file()}: LOGIN_URL = "{name}"'
    return (
        f"Add this at the end of {urls_file()}, and write the template registration/login.html:\n"
        "from django.urls import include, path\n"
        'urlpatterns += [path("accounts/", include("django.contrib.auth.urls"))]'
    )


def _spellings(path: str) -> Iterator[str]:
    """The addresses that middleware makes of a path: with a slash at the end, and with a language in front."""
    if get_script_prefix() != "/":
        path = "/" + path.removeprefix(get_script_prefix())
    for ended in (path, f"{path}/"):
        yield ended
        yield f"/{default_language()}{ended}"


def _is_served(path: str) -> bool:
    language = translation.get_language_from_path(path) or default_language()
    with translation.override(language):
        try:
            resolve(path)
        except Resolver404:
            return False
    return True


def _warning(cause: Cause, text: str) -> CheckMessage:
    return Warning(text, hint=f"{cause.remedy}\n{cause.paste}", id=cause.id)
