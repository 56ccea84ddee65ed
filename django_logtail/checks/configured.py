"""What the project's settings contain, whether or not it works."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from django_logtail.conf import conf


def has_worker() -> bool:
    """Whether a worker reads the files, so that Redis, a broker and a channel layer are needed."""
    return bool(value_of("READER") == "dramatiq")


def value_of(name: str) -> Any:
    """The value of a key; None if it is wrong, which `check_settings` reports."""
    try:
        return getattr(conf, name)
    except ImproperlyConfigured:
        return None


def is_stub_broker() -> bool:
    """Whether this is a host's own test run: its worker, if any, runs in this process, and it deliberately has no
    Redis.
    """
    backend = getattr(settings, "DRAMATIQ_BROKER", {}).get("BROKER", "")
    return is_kind_of(backend, "dramatiq.brokers.stub.StubBroker")


def is_kind_of(path: object, wanted: str) -> bool:
    """Whether the class at the dotted `path` can be imported, and is `wanted` or a subclass of it."""
    if path == wanted:
        return True
    try:
        found = import_string(path) if isinstance(path, str) else path
        return isinstance(found, type) and issubclass(found, import_string(wanted))
    except ImportError:
        return False
