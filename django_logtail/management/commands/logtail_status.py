"""Who reads what now, as the readers themselves report it."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from django.utils.timezone import localtime

from django_logtail import stop_flag
from django_logtail.control import ControlUnavailable, control
from django_logtail.models import Log

#: A reader's own words for two states, as viewers know them.
_STATES = {"reading": "live", "opening": "waiting"}


class Command(BaseCommand):
    help = "Shows the readers by queue, what they read, which stop flags are set, and who watches."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            queues = list(_queues())
        except stop_flag.OnlyWithWorker:
            raise CommandError(
                'LOGTAIL["READER"] is "local": each web process reads for its own viewers and reports to nobody.'
            ) from None
        except ControlUnavailable as error:
            raise CommandError(f"Redis does not answer: {error}") from None
        if options["json"]:
            self.stdout.write(json.dumps({"queues": queues, "viewers": list(_viewers())}, indent=2))
            return
        for queue in queues:
            self._show(queue)
        viewers = list(_viewers())
        self.stdout.write(f"viewers: {len(viewers)}")
        for slug, count in sorted(Counter(viewer["log"] for viewer in viewers).items()):
            self.stdout.write(f"  {slug}: {count}")

    def _show(self, queue: dict[str, Any]) -> None:
        reader = queue["reader"]
        if reader is None:
            self.stdout.write(f"queue {queue['queue']}: no reader; one starts when somebody watches")
        else:
            since = localtime(datetime.fromtimestamp(reader["since"], tz=timezone.utc))
            self.stdout.write(
                f"queue {queue['queue']}: read on {reader['host']} by process {reader['pid']} "
                f"since {since:%Y-%m-%d %H:%M:%S}, version {reader['version']}"
            )
        for log in queue["logs"]:
            size = "" if log["size"] is None else f", {log['size']} bytes"
            reason = f" ({log['reason']})" if log["reason"] else ""
            behind = f", {log['behind']} bytes behind" if log["behind"] else ""
            self.stdout.write(f"  {log['log']}: {log['state']}{reason}{size}, {log['rate']} bytes/s{behind}")
        for stop in queue["stops"]:
            self.stdout.write(f"  stop flag for {stop['log'] or 'every log'}: {stop['reason']}")


def _queues() -> Iterator[dict[str, Any]]:
    """One dict a queue, in the form of `--json`. Raises as `stop_flag.stops`."""
    slugs = {str(pk): slug for pk, slug in Log.objects.values_list("pk", "slug")}
    flags = stop_flag.stops()
    for queue in stop_flag.queues():
        report = control().status(queue) if control().reader(queue) is not None else None
        yield {
            "queue": queue,
            "reader": report
            and {name: report[name] for name in ("host", "pid", "thread", "version", "since")},
            "logs": [
                {
                    "log": slugs[pk],
                    "state": _STATES.get(log["state"], log["state"]),
                    "reason": log["reason"],
                    "size": log["size"],
                    "rate": log["rate"],
                    "behind": log["behind"],
                }
                for pk, log in sorted((report or {}).get("logs", {}).items())
                if pk in slugs
            ],
            "stops": [
                {"log": flag.log.slug if flag.log else None, "reason": flag.reason}
                for flag in flags
                if flag.queue == queue and (flag.log is not None or flag.is_for_all)
            ],
        }


def _viewers() -> Iterator[dict[str, Any]]:
    """One dict a viewer, in the form of `--json`; up to ten seconds old."""
    slugs = {str(pk): slug for pk, slug in Log.objects.values_list("pk", "slug")}
    names = get_user_model()._default_manager.in_bulk
    viewers = [viewer for viewer in control().viewers() if viewer.log in slugs]
    users = {str(pk): user.get_username() for pk, user in names({viewer.user for viewer in viewers}).items()}
    for viewer in viewers:
        yield {
            "log": slugs[viewer.log],
            "user": users.get(viewer.user, viewer.user),
            "since": viewer.since,
            "address": viewer.address,
        }
