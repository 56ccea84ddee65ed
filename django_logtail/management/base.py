"""What commands that use the registry have in common."""

from __future__ import annotations

import getpass
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import translation

from django_logtail.audit.acting import acting
from django_logtail.audit.records import Subject
from django_logtail.operating.tables import waiting_migrations


class RegistryCommand(BaseCommand):
    """A command that speaks English, and says what to do if the table of logs is missing or from an earlier release."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            # Its own texts are English, and so must be those of forms and reasons.
            with translation.override(None), acting(self.subject(options)):
                return super().execute(*args, **options)
        except DatabaseError:
            if waiting_migrations():
                raise CommandError(
                    "The database lacks this release's table for logs. Run manage.py migrate first."
                ) from None
            raise

    def subject(self, options: dict[str, Any]) -> Subject:
        """As whose what the command does is recorded."""
        return Subject(user_name=os_user(), via="command")


def os_user() -> str:
    """Who runs the command."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # in a container, the user may have no name
        return "an administrator"
