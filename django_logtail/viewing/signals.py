"""Django's signals about access: who may be concerned is looked up at once, in this process and in the others."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.contrib.auth.signals import user_logged_out
from django.db import transaction
from django.db.models import Model, signals

from django_logtail.conf import conf
from django_logtail.models import Log
from django_logtail.viewing.changes import EVERYONE, of_log, of_user, teller
from django_logtail.viewing.rechecks import stale_everywhere

_CHANGED = ("post_add", "post_remove", "post_clear")


def watch_access() -> None:
    """Listen for changes made in this process. Called once, from the app's `ready`."""
    user = get_user_model()
    uid = "logtail.access"
    for signal in (signals.post_save, signals.post_delete):
        signal.connect(note_row, sender=Log, dispatch_uid=uid)
        signal.connect(note_user, sender=user, dispatch_uid=uid)
    for members in (Log.groups, Log.users):
        signals.m2m_changed.connect(note_row, sender=members.through, dispatch_uid=uid)
    for name in ("groups", "user_permissions"):  # a project's own user model may have neither
        if (through := getattr(getattr(user, name, None), "through", None)) is not None:
            signals.m2m_changed.connect(note_membership, sender=through, dispatch_uid=uid)
    signals.m2m_changed.connect(note_group, sender=Group.permissions.through, dispatch_uid=uid)
    signals.post_delete.connect(note_group, sender=Group, dispatch_uid=uid)
    user_logged_out.connect(note_sign_out, dispatch_uid=uid)


def note_row(instance: Any, using: str, **kwargs: object) -> None:
    """A log was changed. Members of a pattern follow it, and are gone once it is deleted."""
    if isinstance(instance, Log):
        members = instance.members.using(using) if instance.pk and instance.is_pattern else Log.objects.none()
        _changed([of_log(slug) for slug in (instance.slug, *members.values_list("slug", flat=True))], using)


def note_user(
    instance: Model, using: str, update_fields: Collection[str] | None = None, **kwargs: object
) -> None:
    """A user was changed or deleted. Signing in also saves them."""
    if update_fields is None or set(update_fields) - {"last_login"}:
        _changed([of_user(instance.pk)], using)


def note_membership(
    instance: Model,
    action: str,
    reverse: bool,
    pk_set: Collection[object] | None,
    using: str,
    **kwargs: object,
) -> None:
    """Users were given groups or permissions, or a group or permission its users."""
    if action not in _CHANGED:
        return
    if not reverse:
        _changed([of_user(instance.pk)], using)
    else:
        _changed([EVERYONE] if pk_set is None else [of_user(pk) for pk in pk_set], using)


def note_group(using: str, action: str = "", **kwargs: object) -> None:
    """A group has other permissions, or was deleted."""
    if action in ("", *_CHANGED):
        _changed([EVERYONE], using)


def note_sign_out(user: Any, **kwargs: object) -> None:
    """Somebody signed out."""
    if user is not None:
        _tell([of_user(user.pk)])


def _changed(changes: Collection[str], using: str) -> None:
    """Tell once it is committed: before, a lookup would find the old state."""
    transaction.on_commit(lambda: _tell(changes), using=using)


def _tell(changes: Collection[str]) -> None:
    for change in changes:
        stale_everywhere(change)
        if conf.READER != "local":
            teller.tell(change)
