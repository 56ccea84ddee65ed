"""What the commands that look at the registry have in common."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connections, router
from django.db.migrations.executor import MigrationExecutor

from django_logtail.models import Log


class RegistryCommand(BaseCommand):
    """One that says what to do where the table of the logs is not there, or is of an earlier release."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            return super().execute(*args, **options)
        except DatabaseError:
            if waiting_migrations():
                raise CommandError(
                    "The database has no table for logs of this release. Run manage.py migrate first."
                ) from None
            raise


def waiting_migrations() -> list[str]:
    """The app's own that were not applied. Raises `DatabaseError`."""
    executor = MigrationExecutor(connections[router.db_for_read(Log)])
    return [
        migration.name
        for migration, _ in executor.migration_plan(executor.loader.graph.leaf_nodes("logtail"))
        if migration.app_label == "logtail"
    ]
