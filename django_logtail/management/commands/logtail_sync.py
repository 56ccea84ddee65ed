"""Bring the registry in step with `LOGTAIL["LOGS"]`, as `migrate` does."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.db import router

from django_logtail import declared
from django_logtail.management.as_user import AsUserCommand
from django_logtail.models import Log
from django_logtail.rights import Right


class Command(AsUserCommand):
    help = 'Creates, updates and deletes the logs declared in LOGTAIL["LOGS"]; leaves other logs alone.'

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--database", help="database alias; default: the one your routers choose for logs"
        )

    def handle(self, *args: Any, database: str | None, **options: Any) -> None:
        self.require(Right.REGISTER)
        synced = declared.sync(database or router.db_for_write(Log))
        for done, slugs in (
            ("Created", synced.created),
            ("Updated", synced.updated),
            ("Deleted", synced.deleted),
        ):
            if slugs:
                self.stdout.write(f"{done}: {', '.join(slugs)}.")
        if not (synced.created or synced.updated or synced.deleted or synced.problems):
            self.stdout.write("Nothing to do.")
        if synced.problems:
            raise CommandError("\n".join(synced.problems))
