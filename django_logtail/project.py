"""The names of the project's own files and objects, so that people can follow an instruction to the letter."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path

from django.conf import ENVIRONMENT_VARIABLE, settings


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
