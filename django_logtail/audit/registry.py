"""Changes of the registry: which log, by whom, what before and after. Recorded once they are committed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from django.db import models, transaction
from django.db.models import signals

from django_logtail.audit.acting import actor
from django_logtail.audit.records import Subject
from django_logtail.audit.viewings import record_action
from django_logtail.conf import conf

#: Fields that say nothing that others don't, and what readers report.
_LEFT_OUT: Final = frozenset({"id", "created", "updated", "membership", "gone_since", "matches", "trouble"})
#: Groups or users that one record names.
MOST_NAMES: Final = 100
#: Where a log's fields are kept between the two signals of saving it.
_BEFORE: Final = "_logtail_before"


def watch(log_model: type[models.Model]) -> None:
    """Record what happens to the rows of the registry. Called once, from the app's `ready`."""
    for signal, receiver in (
        (signals.pre_save, _before),
        (signals.post_save, _saved),
        (signals.post_delete, _deleted),
    ):
        signal.connect(receiver, sender=log_model, dispatch_uid="logtail.audit")
    for name in ("groups", "users"):
        through = getattr(log_model, name).through
        signals.m2m_changed.connect(
            _members_changed(log_model, name), sender=through, weak=False, dispatch_uid="logtail.audit"
        )


def of_log(subject: Subject, log: Any) -> Subject:
    """The same person with this log; every log if that is None."""
    if log is None:
        return subject
    return replace(subject, log=str(log.pk), slug=log.slug, log_name=log.name)


def _is_member(log: Any) -> bool:
    """Whether readers make and remove this row, as files come and go."""
    return log.parent_id is not None


def _fields(log: models.Model) -> dict[str, Any]:
    names = [field.attname for field in log._meta.concrete_fields if field.name not in _LEFT_OUT]
    return {name: getattr(log, name) for name in names}


def _before(sender: type[models.Model], instance: models.Model, using: str, **kwargs: Any) -> None:
    if conf.AUDIT and instance.pk is not None and not _is_member(instance):
        row = sender._base_manager.using(using).filter(pk=instance.pk).first()
        setattr(instance, _BEFORE, None if row is None else _fields(row))


def _saved(
    sender: type[models.Model], instance: models.Model, created: bool, using: str, **kwargs: Any
) -> None:
    if _is_member(instance):
        return
    before = instance.__dict__.pop(_BEFORE, None)
    after = _fields(instance)
    if created or before is None:
        _record(
            "log-added", instance, {"after": {name: value for name, value in after.items() if value}}, using
        )
        return
    changed = [name for name in after if before.get(name) != after[name]]
    if changed:
        detail = {
            part: {name: of[name] for name in changed} for part, of in (("before", before), ("after", after))
        }
        _record("log-changed", instance, detail, using)


def _deleted(sender: type[models.Model], instance: models.Model, using: str, **kwargs: Any) -> None:
    if _is_member(instance):
        return
    kept = {name: value for name, value in _fields(instance).items() if value}
    _record("log-deleted", instance, {"before": kept}, using)


def _members_changed(log_model: type[models.Model], name: str) -> Callable[..., None]:
    def changed(
        instance: Any, action: str, model: Any, using: str, pk_set: Any = None, **kwargs: Any
    ) -> None:
        if not conf.AUDIT or not isinstance(instance, log_model):
            return
        if action == "pre_clear":
            members, done = getattr(instance, name).all(), "removed"
        elif action in ("post_add", "post_remove") and pk_set:
            members = model._base_manager.using(using).filter(pk__in=pk_set)
            done = "added" if action == "post_add" else "removed"
        else:
            return
        if names := [_name(member) for member in members[:MOST_NAMES]]:
            _record("log-changed", instance, {name: {done: names}}, using)

    return changed


def _name(member: Any) -> str:
    return str(member.get_username() if hasattr(member, "get_username") else member)


def _record(action: str, log: models.Model, detail: dict[str, Any], using: str) -> None:
    if not conf.AUDIT:
        return
    subject = of_log(actor(), log)  # a deleted row loses its key before the commit
    transaction.on_commit(lambda: record_action(action, subject, detail), using=using)
