"""Whether the database has this release's tables."""

from __future__ import annotations

from django.db import connections, router
from django.db.migrations.executor import MigrationExecutor

from django_logtail.models import Log


def waiting_migrations() -> list[str]:
    """The app's own migrations that have not been applied. Raises `DatabaseError`."""
    executor = MigrationExecutor(connections[router.db_for_read(Log)])
    return [
        migration.name
        for migration, _ in executor.migration_plan(executor.loader.graph.leaf_nodes("logtail"))
        if migration.app_label == "logtail"
    ]
