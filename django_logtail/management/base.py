"""What the commands that look at the registry have in common."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from django_logtail.operating.tables import waiting_migrations


class RegistryCommand(BaseCommand):
    """One that says what to do where the table of the logs is not there, or is of an earlier release."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            return super().execute(*args, **options)
        except DatabaseError:
            if waiting_migrations():
                raise CommandError(
                    "The database lacks this release's table for logs. Run manage.py migrate first."
                ) from None
            raise
