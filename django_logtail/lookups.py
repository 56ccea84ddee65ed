"""What decisions of one moment look up: sessions, users and logs, fetched together where Django's own classes do.

A project's own session engine or authentication backend is asked for each session and user, as without this.
"""

from __future__ import annotations

import copy
from collections.abc import Collection
from importlib import import_module
from typing import Any, Final

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, SESSION_KEY, get_user_model, load_backend
from django.contrib.auth.backends import ModelBackend
from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import SessionBase
from django.core.exceptions import ValidationError
from django.utils import timezone

from django_logtail.models import Log

#: What of a session engine decides how a session is read; if a subclass changes any of these, it is asked itself.
_READING: Final = ("load", "_get_session", "_get_session_from_db", "decode", "__getitem__", "get")


class Lookups:
    """Reads at once what is stored under `session_keys`, and everything else when it is asked for, each thing once.

    Use it for decisions that are made now, and then no more: it doesn't notice changes. Raises `DatabaseError`.
    """

    def __init__(self, session_keys: Collection[str] = ()) -> None:
        self._sessions: dict[str, dict[str, Any]] = {}
        self._users: dict[str, Any] = {}
        self._logs: dict[str, Log | None] = {}
        if len(session_keys) > 1:
            self._read_sessions(session_keys)
            self._read_users()

    def session(self, session_key: str) -> SessionBase:
        """The session with this key, which may not exist."""
        session: SessionBase = _store(session_key)
        if session_key in self._sessions:
            vars(session)["_session_cache"] = self._sessions[session_key]
        return session

    def user(self, backend: str, pk: Any) -> Any:
        """The user as the backend of this path knows it, or None."""
        found, asked = self._users.get(str(pk)), load_backend(backend)
        if (
            found is None
            or not isinstance(asked, ModelBackend)
            or type(asked).get_user is not ModelBackend.get_user
        ):
            return asked.get_user(pk)
        return found if asked.user_can_authenticate(found) else None

    def log(self, slug: str) -> Log | None:
        """The row with this slug and what decides about it; each caller gets an object of its own."""
        if slug not in self._logs:
            # Without an order, and not by `first`: to make that query takes Django twice as long.
            found = Log.objects.filter(slug=slug).select_related("parent").order_by()
            self._logs[slug] = next(iter(found), None)
        return copy.copy(self._logs[slug])

    def _read_sessions(self, session_keys: Collection[str]) -> None:
        store, djangos = _store(""), db.SessionStore
        if any(getattr(type(store), name) is not getattr(djangos, name) for name in _READING):
            return
        rows = store.model.objects.filter(session_key__in=session_keys, expire_date__gt=timezone.now())
        self._sessions = {row.session_key: store.decode(row.session_data) for row in rows}

    def _read_users(self) -> None:
        model, pks = get_user_model(), set()
        for session in self._sessions.values():
            if session.get(BACKEND_SESSION_KEY) in settings.AUTHENTICATION_BACKENDS:
                try:
                    pks.add(model._meta.pk.to_python(session[SESSION_KEY]))
                except (KeyError, ValidationError):
                    continue
        self._users = {str(user.pk): user for user in model._default_manager.filter(pk__in=pks)}


def _store(session_key: str) -> Any:
    return import_module(settings.SESSION_ENGINE).SessionStore(session_key)
