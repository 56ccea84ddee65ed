"""What can be said of an installation before it runs. Each message has a stable id and says what to do next.

`docs/reference/checks.md` lists the ids; a test holds the two together. Nothing here opens a connection:
that is what `manage.py logtail_doctor` does.
"""

from __future__ import annotations

import difflib
import importlib.metadata
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.core.exceptions import ImproperlyConfigured
from django.urls import NoReverseMatch, reverse
from django.utils.module_loading import import_string

from django_logtail import access, declared
from django_logtail.conf import Conf, Key, conf
from django_logtail.conf import declared as declared_settings

#: Without these the app cannot do what it is for; the reason stands in the message.
_NEEDED_APPS = {
    "django_dramatiq": "it configures the broker and starts the worker with rundramatiq",
    "django.contrib.auth": "logs are watched by users of it",
    "django.contrib.contenttypes": "the permissions of django.contrib.auth need it",
    "django.contrib.sessions": "a viewer's sign-in is read from its session",
}
_NEEDED_MIDDLEWARE = (
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
)
_TASKS = "django_logtail.tasks"
_CORE_LAYER = "channels_redis.core.RedisChannelLayer"
_REDIS_BROKER = "dramatiq.brokers.redis.RedisBroker"
_PUBSUB_LAYER = "channels_redis.pubsub.RedisPubSubChannelLayer"
_MEMORY_LAYER = "channels.layers.InMemoryChannelLayer"
#: Seconds that channels_redis' core layer blocks in one call; a shorter socket time-out kills idle viewers.
_CORE_LAYER_BLOCKS_SECONDS = 5


def register_all() -> None:
    """Called once, from the app's `ready`."""
    for check in (
        check_settings,
        check_roots,
        check_declared_logs,
        check_access_policy,
        check_apps,
        check_urls,
        check_asgi,
        check_channel_layer,
        check_broker,
        check_tasks,
    ):
        register(check, "logtail")
    register(check_local_reader, "logtail", deploy=True)


def check_settings(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    try:
        written = declared_settings()
    except ImproperlyConfigured as error:
        return [
            Error(f"{error}.", hint='Write LOGTAIL = {"ROOTS": ["/var/log/myproject"]}.', id="logtail.E001")
        ]
    return [*_unknown_keys(written), *_wrong_values()]


def _unknown_keys(written: Mapping[str, Any]) -> Iterator[CheckMessage]:
    known = [name for name, key in vars(Conf).items() if isinstance(key, Key)]
    for name in written:
        if name in known:
            continue
        close = difflib.get_close_matches(str(name).upper(), known, n=1)
        hint = f"Did you mean {close[0]!r}?" if close else f"The keys are {', '.join(known)}."
        yield Error(f"LOGTAIL has an unknown key {name!r}.", hint=hint, id="logtail.E002")


def _wrong_values() -> Iterator[CheckMessage]:
    for name, key in vars(Conf).items():
        if not isinstance(key, Key):
            continue
        try:
            getattr(conf, name)
        except ImproperlyConfigured as error:
            yield Error(f"{error}.", hint=f"{key.why} Default: {key.default!r}.", id="logtail.E003")


def check_roots(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    roots = _read("ROOTS")
    if roots is None:
        return []
    if not roots:
        return [
            Warning(
                'LOGTAIL["ROOTS"] is empty, so no log can be registered or read.',
                hint='Name the directories of your logs: LOGTAIL = {"ROOTS": ["/var/log/myproject"]}.',
                id="logtail.W001",
            )
        ]
    found: list[CheckMessage] = []
    for root in roots:
        if root == Path(root.anchor):
            found.append(
                Warning(
                    f'LOGTAIL["ROOTS"] has {str(root)!r}, so whoever may register logs may read any file.',
                    hint="Name the directories of your logs instead.",
                    id="logtail.W002",
                )
            )
        elif not root.is_dir():
            found.append(
                Warning(
                    f'LOGTAIL["ROOTS"] has {str(root)!r}, which is no directory on this host.',
                    hint="Create it or mend its name. If only other hosts have it, silence this check here.",
                    id="logtail.W003",
                )
            )
    return found


def check_declared_logs(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    if _read("LOGS") is None or _read("ROOTS") is None:
        return []
    return [
        Error(str(found), hint="See “Register a log” in the documentation.", id="logtail.E004")
        for found in declared.declarations()
        if isinstance(found, declared.BadDeclaration)
    ]


def check_access_policy(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    if _read("ACCESS_POLICY") is None:
        return []
    try:
        found = type(access.policy())
    except ImproperlyConfigured as error:
        hint = "Give the dotted path of a subclass of django_logtail.access.AccessPolicy."
        return [Error(f"{error}.", hint=hint, id="logtail.E005")]
    if (
        found.may_view is not access.AccessPolicy.may_view
        and found.visible_logs is access.AccessPolicy.visible_logs
    ):
        return [
            Warning(
                f"{conf.ACCESS_POLICY} overrides may_view and not visible_logs, so people are listed logs "
                "that they are then refused.",
                hint="Override visible_logs; may_view follows it.",
                id="logtail.W004",
            )
        ]
    return []


def check_apps(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    found: list[CheckMessage] = [
        Error(
            f"{name!r} is not in INSTALLED_APPS; {reason}.",
            hint=f"Add {name!r} to INSTALLED_APPS.",
            id="logtail.E006",
        )
        for name, reason in _NEEDED_APPS.items()
        if not apps.is_installed(name) and (_has_worker() or name != "django_dramatiq")
    ]
    if not apps.is_installed("django.contrib.staticfiles"):
        found.append(
            Warning(
                "'django.contrib.staticfiles' is not in INSTALLED_APPS, so the page has no scripts.",
                hint="Add it, or serve the package's static files under STATIC_URL in another way.",
                id="logtail.W008",
            )
        )
    return found


def check_urls(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    try:
        reverse("logtail:list")
    except NoReverseMatch:
        found.append(
            Warning(
                "The pages of django_logtail are not in ROOT_URLCONF.",
                hint='Add path("logs/", include("django_logtail.urls")) to urlpatterns.',
                id="logtail.W005",
            )
        )
    for needed in _NEEDED_MIDDLEWARE:
        if not any(_is_kind_of(path, needed) for path in settings.MIDDLEWARE):
            found.append(
                Error(
                    f"{needed!r} is not in MIDDLEWARE, so nobody is signed in.",
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
            "ASGI_APPLICATION is not set, so runserver and logtail_doctor cannot find what serves sockets.",
            hint='Write ASGI_APPLICATION = "myproject.asgi.application", and in that file '
            "application = with_logtail(get_asgi_application()).",
            id="logtail.W006",
        )
    ]


def check_channel_layer(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    alias = _read("CHANNEL_LAYER")
    if alias is None or not _has_worker():
        return []
    layers = getattr(settings, "CHANNEL_LAYERS", {})
    if alias not in layers:
        return [
            Error(
                f"CHANNEL_LAYERS has no {alias!r}, so nothing carries lines from the worker to the page.",
                hint=f'Add CHANNEL_LAYERS = {{"{alias}": {{"BACKEND": "{_PUBSUB_LAYER}", '
                '"CONFIG": {"hosts": ["redis://localhost:6379/0"]}}}.',
                id="logtail.E008",
            )
        ]
    backend = layers[alias].get("BACKEND", "")
    if _is_kind_of(backend, _MEMORY_LAYER) and not _is_stub_broker():
        return [
            Error(
                f"CHANNEL_LAYERS[{alias!r}] is in memory: what a worker sends never reaches the page.",
                hint=f"Use {_PUBSUB_LAYER}.",
                id="logtail.E009",
            )
        ]
    if not _is_kind_of(backend, _CORE_LAYER):
        return []
    return [*_short_timeouts(alias, layers[alias].get("CONFIG", {})), _core_layer_hint(alias)]


def _short_timeouts(alias: str, config: Mapping[str, Any]) -> Iterator[CheckMessage]:
    """redis-py 8 gives up a silent socket after 5 s, which is how long the core layer waits for a batch."""
    if int(importlib.metadata.version("redis").split(".")[0]) < 8:
        return
    for host in config.get("hosts", ["redis://localhost:6379"]):
        if not _waits_long_enough(host):
            yield Error(
                f"CHANNEL_LAYERS[{alias!r}] uses the core layer with redis-py 8 and no socket_timeout: "
                "whoever waits on it is cut off after 5 s of silence.",
                hint=f'Write the host as {{"address": url, "socket_timeout": None}}, or use {_PUBSUB_LAYER}.',
                id="logtail.E010",
            )


def _waits_long_enough(host: object) -> bool:
    if isinstance(host, str):
        written: object = parse_qs(urlsplit(host).query).get("socket_timeout", [_CORE_LAYER_BLOCKS_SECONDS])[
            0
        ]
    elif isinstance(host, Mapping):
        written = host.get("socket_timeout", _CORE_LAYER_BLOCKS_SECONDS)
    else:
        return False
    try:
        return written is None or float(written) > _CORE_LAYER_BLOCKS_SECONDS  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False


def _core_layer_hint(alias: str) -> CheckMessage:
    return Warning(
        f"CHANNEL_LAYERS[{alias!r}] uses the core layer, which costs two to five times as much as pubsub, "
        "and loses every connection when Redis restarts.",
        hint=f'Use {_PUBSUB_LAYER}, if need be under an alias of its own, named in LOGTAIL["CHANNEL_LAYER"].',
        id="logtail.W007",
    )


def check_broker(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    """Without a URL of its own, the app uses the Redis client of the broker."""
    if not _has_worker() or not apps.is_installed("django_dramatiq"):
        return []
    if not hasattr(settings, "DRAMATIQ_BROKER"):
        return [
            Error(
                "DRAMATIQ_BROKER is not set, so django_dramatiq uses RabbitMQ on 127.0.0.1.",
                hint=f"Set DRAMATIQ_BROKER with {_REDIS_BROKER}, as the quickstart shows.",
                id="logtail.E011",
            )
        ]
    backend = settings.DRAMATIQ_BROKER.get("BROKER", "")
    if not (_read("REDIS_URL") or _is_stub_broker() or _is_kind_of(backend, _REDIS_BROKER)):
        return [
            Error(
                f'The Dramatiq broker is {backend!r} and LOGTAIL["REDIS_URL"] is not set: there is no Redis.',
                hint='Set LOGTAIL["REDIS_URL"] to a URL that web processes and workers reach, '
                f"or use {_REDIS_BROKER}.",
                id="logtail.E012",
            )
        ]
    return []


def check_tasks(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    """`rundramatiq` must find the reader."""
    if not _has_worker():
        return []
    found: list[CheckMessage] = []
    if "tasks" not in getattr(settings, "DRAMATIQ_AUTODISCOVER_MODULES", ("tasks",)):
        found.append(
            Error(
                f"DRAMATIQ_AUTODISCOVER_MODULES does not have 'tasks', so workers do not load {_TASKS}.",
                hint="Add 'tasks' to DRAMATIQ_AUTODISCOVER_MODULES.",
                id="logtail.E013",
            )
        )
    ignored = set(getattr(settings, "DRAMATIQ_IGNORED_MODULES", ())) & {_TASKS, "django_logtail.*"}
    if ignored:
        found.append(
            Error(
                f"DRAMATIQ_IGNORED_MODULES has {sorted(ignored)[0]!r}, so workers do not load {_TASKS}.",
                hint="Take it out of DRAMATIQ_IGNORED_MODULES.",
                id="logtail.E014",
            )
        )
    return found


def check_local_reader(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    """For `check --deploy`: a good beginning, and seldom where a production site ends."""
    if _has_worker() or _read("READER") is None:
        return []
    return [
        Warning(
            'LOGTAIL["READER"] is "local": each web process reads the watched files itself, so it needs the right '
            "to, shows only logs of its own host, and shares its interpreter with your requests.",
            hint='Set it to "dramatiq" and run a worker on each host that has logs: '
            "rundramatiq --queues logtail --processes 1 --threads 2. Silence this check if local is what you want.",
            id="logtail.W009",
        )
    ]


def _has_worker() -> bool:
    """Whether a worker reads, so that Redis, a broker and a channel layer are needed at all."""
    return bool(_read("READER") == "dramatiq")


def _read(name: str) -> Any:
    """The value of a key; None if it is wrong, which `check_settings` says."""
    try:
        return getattr(conf, name)
    except ImproperlyConfigured:
        return None


def _is_stub_broker() -> bool:
    """A host's own test run: its worker, if any, runs in this process, and Redis is not there on purpose."""
    backend = getattr(settings, "DRAMATIQ_BROKER", {}).get("BROKER", "")
    return _is_kind_of(backend, "dramatiq.brokers.stub.StubBroker")


def _is_kind_of(path: object, wanted: str) -> bool:
    """Whether the class at the dotted `path` is `wanted` or a subclass of it, and can be imported."""
    if path == wanted:
        return True
    try:
        found = import_string(path) if isinstance(path, str) else path
        return isinstance(found, type) and issubclass(found, import_string(wanted))
    except ImportError:
        return False
