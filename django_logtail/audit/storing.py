"""Records into rows: a batch in one transaction. Storing a record again changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connections, router, transaction
from django.db.models import F, Q, QuerySet
from django.utils.dateparse import parse_datetime

from django_logtail.audit import records
from django_logtail.audit.models import Viewing, ViewingEvent
from django_logtail.audit.records import Record, Subject

#: Seconds for which a viewing's process may say nothing, until its end is recorded as unknown: several of its ticks,
#: and clocks of hosts that differ.
UNSEEN_SECONDS: Final = 300
#: The outcome of a viewing whose process said nothing more.
UNKNOWN: Final = "unknown"

_BEGUN: Final = ("id", "user", "user_name", "log", "slug", "log_name", "address", "via")


def store(batch: Sequence[Record]) -> None:
    """Raises what the database does; then nothing is stored."""
    using = router.db_for_write(Viewing)
    try:
        with transaction.atomic(using=using):
            _create(batch, using)
            for record in batch:
                if record["kind"] == "progress":
                    _go_on(Viewing.objects.using(using), record)
                elif record["kind"] == "end":
                    model: Any = Viewing if record["of"] == "viewing" else ViewingEvent
                    model.objects.using(using).filter(pk=record["id"]).update(
                        ended=_at(record), outcome=record["outcome"], **_facts(record)
                    )
    finally:
        connections[using].close()


def look_round(process: str, now: datetime) -> None:
    """Say that the viewings of this process go on, and close those whose process has said nothing for too long."""
    using = router.db_for_write(Viewing)
    rows = Viewing.objects.using(using)
    try:
        with transaction.atomic(using=using):
            rows.filter(process=process).filter(Q(ended=None) | Q(outcome=UNKNOWN)).update(
                seen=now, ended=None, outcome=""
            )
            unseen = rows.filter(ended=None, seen__lt=now - timedelta(seconds=UNSEEN_SECONDS))
            unseen.update(ended=F("seen"), outcome=UNKNOWN)
    finally:
        connections[using].close()


def try_out() -> None:
    """Write a record of each kind and take them back. Raises what the database does."""
    using = router.db_for_write(Viewing)
    tried = [records.viewing(Subject(), 0.0, ""), records.event("lost", Subject(), 0.0, {"count": 0})]
    with transaction.atomic(using=using):
        _create(tried, using)
        transaction.set_rollback(True, using=using)


def _create(batch: Sequence[Record], using: str) -> None:
    viewings, events = [], []
    for record in batch:
        begun = {name: record[name] for name in _BEGUN if name in record}
        if record["kind"] == "viewing":
            process = record["process"]
            viewings.append(Viewing(**begun, began=_at(record), seen=_at(record), process=process))
        elif record["kind"] == "event":
            more = {"viewing_id": record["viewing"], "action": record["action"], "detail": record["detail"]}
            events.append(ViewingEvent(**begun, **more, began=_at(record)))
    Viewing.objects.using(using).bulk_create(viewings, ignore_conflicts=True)
    ViewingEvent.objects.using(using).bulk_create(events, ignore_conflicts=True)


def _go_on(rows: QuerySet[Viewing], record: Record) -> None:
    """Unless it has ended, or more is known already."""
    open_rows = rows.filter(pk=record["id"]).filter(Q(ended=None) | Q(outcome=UNKNOWN))
    open_rows.filter(seen__lte=_at(record)).update(**_facts(record), seen=_at(record))


def _facts(record: Record) -> dict[str, Any]:
    names = {"bytes": "bytes", "hosts": "hosts", "ranges": "ranges", "exact": "is_exact"}
    names |= {"code": "code"} if record.get("of", "viewing") == "viewing" else {"detail": "detail"}
    return {column: record[name] for name, column in names.items() if name in record}


def _at(record: Record) -> datetime:
    found = parse_datetime(record["at"])
    if found is None:
        raise ValueError("a record without a time")
    return found
