"""How long records are kept."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from django.db import router
from django.db.models import Q, QuerySet

from django_logtail.audit.models import Viewing, ViewingEvent
from django_logtail.conf import conf

#: Rows deleted in one transaction, so that a long table isn't locked for minutes.
AT_A_TIME: Final = 5_000


def outdated(now: datetime, days: int | None = None) -> tuple[QuerySet[Viewing], QuerySet[ViewingEvent]]:
    """The viewings that ended, and the events that began, more than so many days ago; by default, AUDIT_DAYS.

    A viewing that goes on is kept, and so are its events.
    """
    before = now - timedelta(days=conf.AUDIT_DAYS if days is None else days)
    using = router.db_for_write(Viewing)
    viewings = Viewing.objects.using(using).filter(ended__lt=before)
    events = ViewingEvent.objects.using(using).filter(began__lt=before)
    goes_on = Q(viewing__isnull=False) & (Q(viewing__ended=None) | Q(viewing__ended__gte=before))
    kept = ViewingEvent.objects.using(using).filter(goes_on, began__lt=before).values("pk")
    return viewings, events.exclude(pk__in=kept)


def of_person(user: str, user_name: str) -> tuple[QuerySet[Viewing], QuerySet[ViewingEvent]]:
    """The records of one person: by primary key, or by name if that is ""."""
    using = router.db_for_write(Viewing)
    whose: dict[str, Any] = {"user": user} if user else {"user_name": user_name}
    return Viewing.objects.using(using).filter(**whose), ViewingEvent.objects.using(using).filter(**whose)


def delete(rows: QuerySet[Any]) -> int:
    """Delete them, some at a time. Return how many there were."""
    count = 0
    while pks := list(rows.order_by().values_list("pk", flat=True)[:AT_A_TIME]):
        # Of these two models nothing cascades, so this is one statement.
        count += rows.model.objects.using(rows.db).filter(pk__in=pks)._raw_delete(rows.db)
    return count
