"""Whether the channel layer can carry lines from a worker to the page."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning

from django_logtail.checks.configured import has_worker, is_kind_of, is_stub_broker, value_of

_CORE_LAYER = "channels_redis.core.RedisChannelLayer"
_PUBSUB_LAYER = "channels_redis.pubsub.RedisPubSubChannelLayer"
_MEMORY_LAYER = "channels.layers.InMemoryChannelLayer"
#: Seconds that channels_redis's core layer blocks in one call; a shorter socket timeout disconnects idle viewers.
_CORE_LAYER_BLOCKS_SECONDS = 5


def check_channel_layer(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    alias = value_of("CHANNEL_LAYER")
    if alias is None or not has_worker():
        return []
    layers = getattr(settings, "CHANNEL_LAYERS", {})
    if alias not in layers:
        return [
            Error(
                f"CHANNEL_LAYERS has no {alias!r}, so lines can't travel from the worker to the page.",
                hint=f'Add CHANNEL_LAYERS = {{"{alias}": {{"BACKEND": "{_PUBSUB_LAYER}", '
                '"CONFIG": {"hosts": ["redis://localhost:6379/0"]}}}.',
                id="logtail.E008",
            )
        ]
    backend = layers[alias].get("BACKEND", "")
    if is_kind_of(backend, _MEMORY_LAYER) and not is_stub_broker():
        return [
            Error(
                f"CHANNEL_LAYERS[{alias!r}] is in memory, so what a worker sends never reaches the page.",
                hint=f"Use {_PUBSUB_LAYER}.",
                id="logtail.E009",
            )
        ]
    if not is_kind_of(backend, _CORE_LAYER):
        return []
    return [*_short_timeouts(alias, layers[alias].get("CONFIG", {})), _core_layer_hint(alias)]


def _short_timeouts(alias: str, config: Mapping[str, Any]) -> Iterator[CheckMessage]:
    """redis-py 8 gives up on a silent socket after 5 s, just as long as the core layer waits for a batch."""
    if int(importlib.metadata.version("redis").split(".")[0]) < 8:
        return
    for host in config.get("hosts", ["redis://localhost:6379"]):
        if not _waits_long_enough(host):
            yield Error(
                f"CHANNEL_LAYERS[{alias!r}] uses the core layer with redis-py 8 and no socket_timeout: "
                "consumers are disconnected after 5 s of silence.",
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
        f"CHANNEL_LAYERS[{alias!r}] uses the core layer, which costs two to five times as much as pubsub "
        "and loses every connection when Redis restarts.",
        hint=f'Use {_PUBSUB_LAYER}; if necessary, under its own alias named in LOGTAIL["CHANNEL_LAYER"].',
        id="logtail.W007",
    )
