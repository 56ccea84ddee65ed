"""Access to logs. The page, the socket and every command on the socket ask here, and nowhere else.

Nothing here writes to a session, because a check must not extend, cycle or end it.
"""

from __future__ import annotations

import secrets
from collections.abc import MutableMapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, TypeAlias

from django.conf import settings
from django.contrib.auth import (
    BACKEND_SESSION_KEY,
    HASH_SESSION_KEY,
    SESSION_KEY,
    get_user_model,
)
from django.contrib.sessions.backends.signed_cookies import SessionStore as SignedCookieStore
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.signing import BadSignature, SignatureExpired, TimestampSigner
from django.db.models import Q, QuerySet
from django.http.cookie import parse_cookie
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.module_loading import import_string

from django_logtail.conf import conf
from django_logtail.lookups import Lookups
from django_logtail.models import SHARE_PERMISSION, WATCH_PERMISSION, Access, Log
from django_logtail.protocol import CloseCode
from django_logtail.rights import READING, Original, Right, usable

#: Seconds from fetching a ticket to the socket's first message: enough for a slow network.
#: A reconnect fetches a fresh one.
TICKET_SECONDS = 60
_SALT = "django_logtail.ticket"

#: The host's user model, or `AnonymousUser`.
User: TypeAlias = Any


#: What is said about a log that doesn't exist, is disabled or is forbidden.
NO_SUCH_LOG = "This log doesn't exist, or you don't have access to it."


class Refused(Exception):
    """Someone may not watch, or may no longer. `reason` is an id for programs, `text` a sentence."""

    def __init__(self, code: CloseCode, reason: str, text: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.text = text


class Ended(Refused):
    """Staff ended a viewing. `note`: the reason that they gave, or ""."""

    def __init__(self, note: str = "") -> None:
        said = f": “{note}”" if note else ""
        super().__init__(CloseCode.ENDED, "ended", f"An administrator ended this view{said}.")
        self.note = note


class AccessPolicy:
    """The decision. `LOGTAIL["ACCESS_POLICY"]` names this class or a subclass of it.

    A subclass narrows or widens `visible_logs`; `may_view` follows it, so that the list and the socket can't disagree.
    Override `may_view` as well only to forbid more, and call `super()`.

    It is asked about the rows that somebody registered. A member of a pattern is never asked about: whoever may do
    something with the pattern may do it with its members (`watchable`, `may_view`, `rights_of`).
    """

    def visible_logs(self, user: User) -> QuerySet[Log]:
        """The logs and patterns `user` may watch, in the registry's order. Empty for anonymous and inactive users."""
        logs: QuerySet[Log] = Log.objects.filter(parent=None)
        if not (user.is_authenticated and user.is_active):
            return logs.none()
        enabled = logs.filter(enabled=True)
        if getattr(user, "is_superuser", False):
            return enabled
        allowed = Q(access=Access.SIGNED_IN)
        allowed |= Q(access=Access.CHOSEN) & self._chosen(user)
        if getattr(user, "is_staff", False):
            allowed |= Q(access=Access.STAFF)
        if user.has_perm(f"logtail.{WATCH_PERMISSION}"):
            allowed |= Q(access=Access.PERMISSION)
        return enabled.filter(allowed)

    def may_view(self, user: User, log: Log) -> bool:
        """Whether `user` may watch `log` now: the same as `visible_logs`, but cheaper if that is not overridden.

        It runs every 11 to 18 s for every viewer, and most logs can be decided without the query.
        """
        if log.parent is not None:
            return self.may_view(user, log.parent)
        if type(self).visible_logs is not AccessPolicy.visible_logs:
            return self.visible_logs(user).filter(pk=log.pk).exists()
        return self._may_view(user, log)

    def _may_view(self, user: User, log: Log) -> bool:
        """What `visible_logs` of this class decides, for one log."""
        if not (user.is_authenticated and user.is_active and log.enabled):
            return False
        if getattr(user, "is_superuser", False):
            return True
        match log.access:
            case Access.SIGNED_IN:
                return True
            case Access.STAFF:
                return bool(getattr(user, "is_staff", False))
            case Access.PERMISSION:
                return bool(user.has_perm(f"logtail.{WATCH_PERMISSION}"))
            case Access.CHOSEN:
                return Log.objects.filter(self._chosen(user), pk=log.pk).exists()
            case _:
                return False

    def may(self, user: User, right: Right, log: Log | None = None) -> bool:
        """Whether `user` may do this with `log`. For REGISTER there is no log, and for STOP, None is every log.

        Earlier lines, searches and downloads are asked about for logs that `user` may watch, and by default come with
        watching. What rules hide is for staff with the permission `logtail.see_unredacted_log`. Stopping and
        registering are for staff whom the admin lets change and add logs; for stopping, the permission
        `logtail.stop_log` is enough. For every entry of the list, so better without queries.
        """
        match right:
            case Right.VIEW:
                return log is not None and self.may_view(user, log)
            case Right.SEE_UNREDACTED:
                return self._is_staff_with(user, "see_unredacted_log")
            case Right.STOP:
                return self._is_staff_with(user, "stop_log", "change_log")
            case Right.REGISTER:
                return self._is_staff_with(user, "add_log")
            case _:
                return True

    @staticmethod
    def _is_staff_with(user: User, *permissions: str) -> bool:
        is_staff = bool(user.is_active and getattr(user, "is_staff", False))
        return is_staff and any(user.has_perm(f"logtail.{permission}") for permission in permissions)

    def session_key(self, scope: MutableMapping[str, Any]) -> str:
        """The session key of a WebSocket handshake: by default from the session cookie.

        "" refuses the handshake before it is accepted. Override this if clients send their session in another way, such
        as a header. It runs in the event loop, for every connection attempt: no database access, nothing slow.
        """
        cookies = b"; ".join(
            value for name, value in scope["headers"] if name == b"cookie"
        )  # as HTTP/2 splits it
        return parse_cookie(cookies.decode("latin-1")).get(settings.SESSION_COOKIE_NAME, "")

    def sees_host(self, user: User) -> bool:
        """Whether `user` may see a log's host: paths, owners of files, names of hosts and queues."""
        return bool(
            user.is_active and (getattr(user, "is_staff", False) or getattr(user, "is_superuser", False))
        )

    def may_share_views(self, user: User) -> bool:
        """Whether `user` may save views for a group or for everyone. They may always save views for themselves."""
        return bool(user.has_perm(f"logtail.{SHARE_PERMISSION}"))

    def _chosen(self, user: User) -> Q:
        """Subqueries instead of joins, so that a log is not listed once for each of the user's groups."""
        chosen = Q(pk__in=Log.objects.filter(users=user.pk).values("pk"))
        if hasattr(user, "groups"):
            chosen |= Q(pk__in=Log.objects.filter(groups__in=user.groups.all()).values("pk"))
        return chosen


def policy() -> AccessPolicy:
    """The host's policy. Raises `ImproperlyConfigured` if `LOGTAIL["ACCESS_POLICY"]` doesn't name one."""
    try:
        found = import_string(conf.ACCESS_POLICY)
    except ImportError as error:
        raise ImproperlyConfigured(f'LOGTAIL["ACCESS_POLICY"] is {conf.ACCESS_POLICY!r}; {error}') from error
    if not (isinstance(found, type) and issubclass(found, AccessPolicy)):
        raise ImproperlyConfigured(
            f'LOGTAIL["ACCESS_POLICY"] is {conf.ACCESS_POLICY!r}; '
            "expected a subclass of django_logtail.access.AccessPolicy"
        )
    return found()


@dataclass(frozen=True, slots=True)
class Watchable:
    """What a user may watch, in the policy's order: members stand in their pattern's place, which is in `patterns`."""

    logs: list[Log]
    patterns: list[Log]


def watchable(user: User) -> Watchable:
    """What `user` may watch now. Two queries if there are patterns, however many."""
    rows = [row for row in policy().visible_logs(user) if row.parent_id is None]
    patterns = {row.pk: row for row in rows if row.is_pattern and row.enabled}
    members: dict[int, list[Log]] = {pk: [] for pk in patterns}
    if patterns:
        for member in Log.objects.filter(parent__in=list(patterns)).order_by("name", "pk"):
            member.parent = parent = patterns[member.parent_id or 0]
            if member.is_member:
                members[parent.pk].append(member)
    logs = [log for row in rows for log in (members.get(row.pk, []) if row.is_pattern else [row])]
    return Watchable(logs, list(patterns.values()))


def may_view(user: User, log: Log) -> bool:
    """Whether `user` may watch the log now. A member follows its pattern, and a pattern itself has no lines."""
    return log.is_readable and policy().may_view(user, log.registration)


def may(user: User, right: Right, log: Log | None = None) -> bool:
    """Whether `user` may do this now, with a log or, where there is none, with all of them."""
    if right in (Right.REGISTER, Right.STOP):
        return policy().may(user, right, None if log is None else log.registration)
    return log is not None and may_view(user, log) and right in rights_of(user, log)


def log_of(slug: str) -> Log | None:
    """The row with this slug and what decides about it, in one query; it may be forbidden."""
    return Lookups().log(slug)


def rights_of(user: User, log: Log) -> frozenset[Right]:
    """What `user` may do with a log that they may watch."""
    decided, row = policy(), log.registration
    return usable([Right.VIEW, *(right for right in READING if decided.may(user, right, row))])


def recent_rights_of(user: User, log: Log) -> frozenset[Right]:
    """What `user` may do with the log's recent lines, if its row has a limit of age for those who may not see all."""
    decided, row = policy(), log.registration
    if not row.history_hours or decided.may(user, Right.HISTORY, row):
        return frozenset()
    searches = decided.may(user, Right.SEARCH, row)
    return frozenset({Right.HISTORY, Right.SEARCH} if searches else {Right.HISTORY})


@dataclass(frozen=True, slots=True)
class Ticket:
    """Proof that the page for `slug`, behind all of the host's HTTP middleware, was served to `user_id`."""

    user_id: str
    slug: str
    #: What the viewing is to show of redacted lines, if that was asked for; whether it may is decided when it begins.
    original: Original | None = None


def issue_ticket(*, user_id: str, slug: str, session_key: str, original: Original | None = None) -> str:
    """A ticket for the client's first message.

    The page's scripts can read it, so it contains a digest of the session key instead of the key.
    """
    # The number makes each ticket another one, because each is for one use.
    said: list[object] = [user_id, slug, _digest(session_key), secrets.token_hex(8)]
    if original is not None:
        said += [original.reason, original.minutes]
    return TimestampSigner(salt=_SALT).sign_object(said)


def read_ticket(value: str, *, slug: str, session_key: str) -> Ticket:
    """The ticket in `value`, if it is for this log and for the session of the handshake's cookie.

    Raises `Refused` (4401, "bad-ticket") otherwise. It doesn't prove access now: call `admit` next. Nor that it is used
    for the first time: see `viewing.tickets`.
    """
    try:
        user_id, ticket_slug, digest, _, *original = TimestampSigner(salt=_SALT).unsign_object(
            value, max_age=TICKET_SECONDS
        )
    except SignatureExpired:
        raise bad_ticket("The page's ticket is older than a minute. Fetch a fresh one.") from None
    except (BadSignature, ValueError):
        raise bad_ticket("The page's ticket is not valid. Fetch a fresh one.") from None
    if ticket_slug != slug:
        raise bad_ticket("The page's ticket is for another log.")
    if not constant_time_compare(digest, _digest(session_key)):
        raise bad_ticket("The page's ticket is for another session. Reload the page.")
    return Ticket(user_id, ticket_slug, Original(*original) if original else None)


def admit(
    *, user_id: str, session_key: str, slug: str, joined: bool = False, lookups: Lookups | None = None
) -> tuple[User, Log]:
    """The user and the log, if this session may watch it now; else raises `Refused`.

    Synchronous, with a few queries. Called on joining, and with `joined=True` every 11 to 18 s and on every command.
    A newcomer gets the same "no-such-log" whether a log doesn't exist, is disabled or is forbidden, so that slugs can't
    be probed; a viewer who was watching already knew of it, and is told that access ended.

    `lookups`: if this is one of several decisions of one moment.
    """
    lookups = lookups or Lookups()
    user = session_user(session_key, lookups)
    if user is None or str(user.pk) != user_id:
        raise Refused(CloseCode.SIGNED_OUT, "signed-out", "You are signed out. Sign in again to continue.")
    log = lookups.log(slug)
    if log is not None and may_view(user, log):
        log.sees_host = policy().sees_host(user)
        log.rights = rights_of(user, log)
        log.recent_rights = recent_rights_of(user, log)
        return user, log
    if joined and log is not None:
        raise Refused(CloseCode.NO_ACCESS, "no-access", "Your access to this log has ended.")
    raise Refused(CloseCode.NO_SUCH_LOG, "no-such-log", NO_SUCH_LOG)


def session_user(session_key: str, lookups: Lookups | None = None) -> User | None:
    """The active user who is signed in with the session now, read afresh from the session engine, or None.

    `django.contrib.auth.get_user` decides the same way, but flushes or cycles the session in some cases.
    """
    if not (session_key.isascii() and session_key.isprintable() and session_key):
        return None
    lookups = lookups or Lookups()
    session = lookups.session(session_key)
    try:
        user_pk = get_user_model()._meta.pk.to_python(session[SESSION_KEY])
        backend_path = session[BACKEND_SESSION_KEY]
    except (KeyError, ValidationError):
        return None
    if backend_path not in settings.AUTHENTICATION_BACKENDS:
        return None
    user = lookups.user(backend_path, user_pk)
    if user is None or not user.is_active or not _hash_holds(user, session.get(HASH_SESSION_KEY, "")):
        return None
    return user


def _hash_holds(user: User, seen: str) -> bool:
    """Whether the password is unchanged since the sign-in; `SECRET_KEY_FALLBACKS` count."""
    if not hasattr(user, "get_session_auth_hash"):
        return True
    hashes = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    return any(constant_time_compare(seen, expected) for expected in hashes)


def _digest(session_key: str) -> str:
    """What binds a ticket to its session; "" with signed cookies, which change too often."""
    if issubclass(import_module(settings.SESSION_ENGINE).SessionStore, SignedCookieStore):
        session_key = ""
    return salted_hmac(_SALT, session_key, algorithm="sha256").hexdigest()


def bad_ticket(text: str) -> Refused:
    return Refused(CloseCode.SIGNED_OUT, "bad-ticket", text)
