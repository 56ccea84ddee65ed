"""What each user has open and has read today, beside their limits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError

from django_logtail.conf import conf
from django_logtail.control.process import control
from django_logtail.viewing.limits import LIMITS

#: Users that are shown: those with something open, and those who read something last.
MOST_SHOWN: Final = 200


@dataclass(frozen=True, slots=True)
class Use:
    """One kind of use. `most`: the limit, or 0 if there is none."""

    now: int
    most: int


@dataclass(frozen=True, slots=True)
class Usage:
    """One user's. `user`: the name, or the primary key of a deleted user; `bytes`: since midnight."""

    user_id: str
    user: str
    viewers: Use
    searches: Use
    downloads: Use
    bytes: Use


def current_usage(watching: Iterable[str]) -> list[Usage]:
    """Who uses what, most open logs first. `watching`: users known to have something open.

    Raises `ControlUnavailable`.
    """
    limits = control().limits
    users = list(dict.fromkeys([*watching, *limits.readers()]))[:MOST_SHOWN]
    held = limits.held([limit.kind for limit in LIMITS], users)
    read = limits.totals("bytes", users)
    names = _names(users)
    found = []
    for user in users:
        uses = {limit.kind: Use(held[limit.kind, user], limit.most()) for limit in LIMITS}
        today = Use(read[user], conf.BYTES_PER_DAY_PER_USER)
        if today.now or any(use.now for use in uses.values()):
            found.append(Usage(user, names.get(user, user), **uses, bytes=today))
    return sorted(found, key=lambda usage: (-usage.viewers.now, -usage.bytes.now, usage.user))


def _names(users: list[str]) -> dict[str, str]:
    """By primary key. What isn't one is somebody else's text in Redis."""
    field: Any = get_user_model()._meta.pk
    known = []
    for user in users:
        try:
            known.append(field.clean(user, None))
        except ValidationError:
            continue
    found = get_user_model()._default_manager.in_bulk(known)
    return {str(pk): user.get_username() for pk, user in found.items()}
