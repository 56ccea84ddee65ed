"""Set and clear the stop flag from a shell."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from django_logtail import stop_flag
from django_logtail.control import ControlUnavailable
from django_logtail.management.as_user import AsUserCommand
from django_logtail.models import Log
from django_logtail.operating import no_redis
from django_logtail.rights import Right


class Command(AsUserCommand):
    help = "Stops reading logs at once and tells their viewers why, or lets reading continue."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slugs", metavar="SLUG", nargs="*", help="last part of a log's address")
        parser.add_argument("--all", action="store_true", help="every log of every queue")
        parser.add_argument("--reason", default="", metavar="TEXT", help="shown to viewers")
        parser.add_argument("--clear", action="store_true", help="let reading continue")

    def handle(self, *args: Any, slugs: list[str], reason: str, clear: bool, **options: Any) -> None:
        if bool(slugs) == options["all"]:
            raise CommandError("Give one or more slugs, or --all.")
        try:
            logs = [None] if options["all"] else [self._log(slug) for slug in slugs]
            for log in logs:
                self.require(Right.STOP, log)
            for log in logs:
                self._clear(log) if clear else self._stop(log, reason)
        except stop_flag.OnlyWithWorker as error:
            raise CommandError(str(error)) from None
        except ControlUnavailable as error:
            raise CommandError(no_redis.told(error)) from None

    def _stop(self, log: Log | None, reason: str) -> None:
        stop_flag.set_stop(log, by=self.by, reason=reason)
        again = f"manage.py logtail_stop --clear {'--all' if log is None else log.slug}"
        self.stdout.write(f"Stopped {_name(log)}. To continue: {again}")

    def _clear(self, log: Log | None) -> None:
        if stop_flag.clear_stop(log):
            self.stdout.write(f"Now reading {_name(log)} again.")
        else:
            self.stdout.write(f"Not stopped: {_name(log)}.")

    def _log(self, slug: str) -> Log:
        log = Log.objects.filter(slug=slug).first()
        if log is None:
            self.require(Right.STOP)
            known = ", ".join(Log.objects.values_list("slug", flat=True)[:20]) or "none"
            raise CommandError(f"Log {slug!r} does not exist. Registered: {known}.")
        return log


def _name(log: Log | None) -> str:
    return "every log" if log is None else f"log {log.slug}"
