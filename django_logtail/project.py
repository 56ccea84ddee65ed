"""The names of the project's own files and objects, so that people can follow an instruction to the letter."""

from __future__ import annotations

import contextlib
import os
import sys
from importlib.util import find_spec
from pathlib import Path

from django.conf import ENVIRONMENT_VARIABLE, settings
from django.conf.urls.i18n import is_language_prefix_patterns_used
from django.utils.translation import get_supported_language_variant


def settings_file() -> str:
    """Such as `mysite/settings.py`."""
    module: str | None = settings.SETTINGS_MODULE or os.environ.get(ENVIRONMENT_VARIABLE)
    return _file_of(module) if module else "settings.py"


def urls_file() -> str:
    """Such as `mysite/urls.py`."""
    return _file_of(str(settings.ROOT_URLCONF))


def asgi_file() -> str:
    """Such as `mysite/asgi.py`."""
    return _file_of(asgi_application().rpartition(".")[0])


def asgi_application() -> str:
    """ASGI_APPLICATION such as `mysite.asgi.application`; without that setting, what `startproject` would call it."""
    path = getattr(settings, "ASGI_APPLICATION", None)
    if path:
        return str(path)
    package = str(settings.ROOT_URLCONF).rpartition(".")[0]
    return f"{package}.asgi.application" if package else "asgi.application"


def served_application() -> str:
    """The application as the command line of a server names it: `mysite.asgi:application`."""
    module, _, name = asgi_application().rpartition(".")
    return f"{module}:{name}"


def default_language() -> str:
    """The language whose addresses a visitor gets who has chosen none.

    Behind `i18n_patterns`, the prefix is that of a language the project has: for "en-us" `LocaleMiddleware` accepts
    `/en/` where there is only "en".
    """
    language: str = settings.LANGUAGE_CODE
    is_prefixed, has_default_prefix = is_language_prefix_patterns_used(settings.ROOT_URLCONF)
    if is_prefixed and has_default_prefix:
        with contextlib.suppress(LookupError):
            return get_supported_language_variant(language)
    return language


def _file_of(module: str) -> str:
    """A module's file, below BASE_DIR or the current directory if it is there."""
    try:
        spec = find_spec(module)
    except (ImportError, ValueError):
        spec = None
    path = Path(spec.origin) if spec is not None and spec.origin else None
    if path is None:
        return module.replace(".", "/") + ".py"
    for folder in (getattr(settings, "BASE_DIR", None), Path.cwd(), *sys.path):
        if folder and path.is_relative_to(Path(folder).resolve()):
            return str(path.relative_to(Path(folder).resolve()))
    return str(path)
