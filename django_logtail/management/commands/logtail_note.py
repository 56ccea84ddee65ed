"""Send a note to everyone watching, for example from a deploy script."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from django_logtail import notes
from django_logtail.conf import conf
from django_logtail.control import ControlUnavailable
from django_logtail.management.base import RegistryCommand
from django_logtail.models import Log
from django_logtail.operating import no_redis


class Command(RegistryCommand):
    help = "Shows TEXT at the current place in the stream to everyone watching."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("text", metavar="TEXT", help="what viewers read")
        parser.add_argument("--log", metavar="SLUG", help="only to viewers of this log; default: every log")
        parser.add_argument("--level", choices=notes.LEVELS, default="info", help="default: %(default)s")

    def handle(self, *args: Any, text: str, log: str | None, level: str, **options: Any) -> None:
        if conf.READER == "local":
            raise CommandError(
                'LOGTAIL["READER"] is "local": a note reaches only the viewers of the process that sends it, and '
                "this process has none. Call django_logtail.notes.send in the web process."
            )
        try:
            notes.send(log, text, level=level)
        except Log.DoesNotExist:
            raise CommandError(f"Log {log!r} does not exist.") from None
        except ControlUnavailable as error:
            raise CommandError(no_redis.told(error)) from None
        self.stdout.write(f"Sent to everyone watching{'' if log is None else f' log {log}'}.")
