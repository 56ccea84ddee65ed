"""Whether a worker can read logs: the broker, and the tasks that it loads."""

from __future__ import annotations

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning

from django_logtail.broker import REDIS_BROKER, missing_broker
from django_logtail.checks.configured import has_worker, is_kind_of, is_stub_broker, value_of
from django_logtail.conf import conf, declared

_TASKS = "django_logtail.tasks"


def check_broker(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    """Without a URL of its own, the app uses the Redis client of the broker."""
    if not has_worker() or not apps.is_installed("django_dramatiq"):
        return []
    if not hasattr(settings, "DRAMATIQ_BROKER"):
        return [missing_broker()]
    backend = settings.DRAMATIQ_BROKER.get("BROKER", "")
    if not (value_of("REDIS_URL") or is_stub_broker() or is_kind_of(backend, REDIS_BROKER)):
        return [
            Error(
                f'The Dramatiq broker is {backend!r} and LOGTAIL["REDIS_URL"] is not set, so there is no Redis to use.',
                hint='Set LOGTAIL["REDIS_URL"] to a URL that web processes and workers can reach, '
                f"or use {REDIS_BROKER}.",
                id="logtail.E012",
            )
        ]
    return []


def check_tasks(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    """`rundramatiq` must find the reader."""
    if not has_worker():
        return []
    found: list[CheckMessage] = []
    if "tasks" not in getattr(settings, "DRAMATIQ_AUTODISCOVER_MODULES", ("tasks",)):
        found.append(
            Error(
                f"DRAMATIQ_AUTODISCOVER_MODULES does not contain 'tasks', so workers do not load {_TASKS}.",
                hint="Add 'tasks' to DRAMATIQ_AUTODISCOVER_MODULES.",
                id="logtail.E013",
            )
        )
    ignored = set(getattr(settings, "DRAMATIQ_IGNORED_MODULES", ())) & {_TASKS, "django_logtail.*"}
    if ignored:
        found.append(
            Error(
                f"DRAMATIQ_IGNORED_MODULES contains {sorted(ignored)[0]!r}, so workers do not load {_TASKS}.",
                hint="Remove it from DRAMATIQ_IGNORED_MODULES.",
                id="logtail.E014",
            )
        )
    return found


def check_namespace(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    """While `SECRET_KEY` is being rotated, the namespace still depends on the old key."""
    if not has_worker() or not settings.SECRET_KEY_FALLBACKS or "NAMESPACE" in declared():
        return []
    return [
        Warning(
            'SECRET_KEY_FALLBACKS is set and LOGTAIL["NAMESPACE"] is not: when you remove the fallbacks, web '
            "processes and workers without them can't find those that still have them.",
            hint=f'Add to LOGTAIL: "NAMESPACE": "{conf.NAMESPACE}".',
            id="logtail.W010",
        )
    ]


def check_local_reader(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    """For `check --deploy`: a local reader is a good start, but rarely right in production."""
    if has_worker() or value_of("READER") is None:
        return []
    return [
        Warning(
            'LOGTAIL["READER"] is "local": each web process reads the watched files itself, so it needs '
            "permission to read them, shows only logs of its own host, and shares its interpreter with your requests.",
            hint='Set it to "dramatiq" and run a worker on each host that has logs: '
            "rundramatiq --queues logtail --processes 1 --threads 2. Silence this check if local is what you want.",
            id="logtail.W009",
        )
    ]
