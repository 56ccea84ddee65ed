"""What the project's settings say, whether or not it can be used."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from django_logtail.conf import conf


def has_worker() -> bool:
    """Whether a worker reads, so that Redis, a broker and a channel layer are needed at all."""
    return bool(value_of("READER") == "dramatiq")


def value_of(name: str) -> Any:
    """The value of a key; None if it is wrong, which `check_settings` says."""
    try:
        return getattr(conf, name)
    except ImproperlyConfigured:
        return None


def is_stub_broker() -> bool:
    """A host's own test run: its worker, if any, runs in this process, and Redis is not there on purpose."""
    backend = getattr(settings, "DRAMATIQ_BROKER", {}).get("BROKER", "")
    return is_kind_of(backend, "dramatiq.brokers.stub.StubBroker")


def is_kind_of(path: object, wanted: str) -> bool:
    """Whether the class at the dotted `path` is `wanted` or a subclass of it, and can be imported."""
    if path == wanted:
        return True
    try:
        found = import_string(path) if isinstance(path, str) else path
        return isinstance(found, type) and issubclass(found, import_string(wanted))
    except ImportError:
        return False
