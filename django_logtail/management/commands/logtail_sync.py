"""Bring the registry in step with `LOGTAIL["LOGS"]`, as `migrate` does."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DEFAULT_DB_ALIAS

from django_logtail import declared


class Command(BaseCommand):
    help = 'Creates, updates and deletes the logs that LOGTAIL["LOGS"] declares; others stay as they are.'

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--database", default=DEFAULT_DB_ALIAS, help="alias; default: %(default)s")

    def handle(self, *args: Any, database: str, **options: Any) -> None:
        synced = declared.sync(database)
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
