"""The report of a missing Dramatiq broker, needed before any app is loaded."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

from django.conf import settings
from django.core.checks import Error
from django.core.exceptions import ImproperlyConfigured

REDIS_BROKER: Final = "dramatiq.brokers.redis.RedisBroker"


def missing_broker() -> Error:
    return Error(
        "DRAMATIQ_BROKER is not set, so django_dramatiq uses RabbitMQ on 127.0.0.1.",
        hint=f'Add DRAMATIQ_BROKER = {{"BROKER": "{REDIS_BROKER}", '
        '"OPTIONS": {"url": "redis://127.0.0.1:6379/0"}, '
        '"MIDDLEWARE": ["dramatiq.middleware.AgeLimit", "dramatiq.middleware.TimeLimit", '
        '"dramatiq.middleware.Callbacks", "dramatiq.middleware.Retries", '
        '"django_dramatiq.middleware.DbConnectionsMiddleware"]}.',
        id="logtail.E011",
    )


def refuse_missing_broker() -> None:
    """Raise the report instead of letting `django_dramatiq` fail for lack of RabbitMQ's client.

    It creates the broker as soon as it is loaded, and no check runs if that fails.
    """
    is_used = any(name.startswith("django_dramatiq") for name in settings.INSTALLED_APPS)
    if is_used and not hasattr(settings, "DRAMATIQ_BROKER") and find_spec("pika") is None:
        found = missing_broker()
        raise ImproperlyConfigured(f"{found.msg} {found.hint} ({found.id})")
