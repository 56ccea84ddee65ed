"""Who acts on the registry right now: the user of the admin's request, or whoever runs a command."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import replace
from typing import Any, Final

from django.http import HttpRequest

from django_logtail.audit.records import Subject

_NOBODY: Final = Subject(via="server")
_actor: ContextVar[Subject] = ContextVar("logtail_actor", default=_NOBODY)


@contextlib.contextmanager
def acting(actor: Subject) -> Iterator[None]:
    """While the block runs, what is done is recorded as theirs."""
    token = _actor.set(actor)
    try:
        yield
    finally:
        _actor.reset(token)


def actor(*, by: str = "") -> Subject:
    """Who acts; `by`: what they are called if that isn't known otherwise."""
    found = _actor.get()
    return replace(found, user_name=by) if found is _NOBODY and by else found


def actor_of(request: HttpRequest, via: str, address: str = "") -> Subject:
    """The signed-in user of a request."""
    user: Any = request.user
    if not user.is_authenticated:
        return Subject(address=address, via=via)
    return Subject(str(user.pk), user.get_username(), address=address, via=via)
