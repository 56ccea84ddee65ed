"""Delete old records of who read what."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from django_logtail.audit import retention
from django_logtail.audit.acting import actor
from django_logtail.audit.viewings import record_action
from django_logtail.conf import conf
from django_logtail.management.base import RegistryCommand


def _days(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 <= int(text) <= 36_500:
        raise ArgumentTypeError("expected a whole number from 0 to 36500")
    return int(text)


class Command(RegistryCommand):
    help = 'Deletes viewings and recorded actions older than LOGTAIL["AUDIT_DAYS"] days.'

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--days", type=_days, metavar="N", help='instead of LOGTAIL["AUDIT_DAYS"]')
        parser.add_argument("--user", metavar="NAME", help="all records of this user, whatever their age")
        parser.add_argument("--dry-run", action="store_true", help="only say how many there are")

    def handle(self, *args: Any, days: int | None, user: str | None, dry_run: bool, **options: Any) -> None:
        if user is not None and days is not None:
            raise CommandError("Give --days or --user, not both.")
        if user is not None:
            viewings, events = retention.of_person("", user)
            which = f"of user {user!r}"
        else:
            days = conf.AUDIT_DAYS if days is None else days
            viewings, events = retention.outdated(timezone.now(), days)
            which = f"older than {days} days"
        # Events first: whether their viewing goes on is asked of its row.
        count = [rows.count() if dry_run else retention.delete(rows) for rows in (events, viewings)]
        if not dry_run and any(count):
            of = "one user" if user is not None else f"over {days} days"
            record_action("pruned", actor(), {"viewings": count[1], "actions": count[0], "of": of})
        said = "To delete" if dry_run else "Deleted"
        self.stdout.write(f"{said}: {count[1]} viewings and {count[0]} recorded actions {which}.")
