"""Who reads what now, as the readers themselves report it."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.core.management.base import CommandError
from django.utils.timezone import localtime

from django_logtail import stop_flag
from django_logtail.control import ControlUnavailable
from django_logtail.management.base import RegistryCommand
from django_logtail.operating.plain import visible
from django_logtail.operating.status import Queue, Status, current_status


class Command(RegistryCommand):
    help = "Shows the readers by queue, what they read, which stop flags are set, and who watches."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        if not stop_flag.is_available():
            raise CommandError(
                'LOGTAIL["READER"] is "local": each web process reads for its own viewers and reports to nobody. '
                "The admin shows what the process that answers it knows: Logs, “Readers and viewers”."
            )
        try:
            status = current_status()
        except ControlUnavailable as error:
            raise CommandError(f"Redis does not answer: {error}") from None
        if options["json"]:
            self.stdout.write(json.dumps(_plain(status), indent=2))
        else:
            self._show(status)

    def _show(self, status: Status) -> None:
        for queue in status.queues:
            self._show_queue(queue)
        self._say(f"viewers: {len(status.viewers)}")
        for slug, count in sorted(Counter(viewer.log.slug for viewer in status.viewers).items()):
            self._say(f"  {slug}: {count}")
        for failure in status.failures:
            times = "once" if failure.count == 1 else f"{failure.count} times"
            self._say(
                f"failed on {failure.host} in process {failure.pid}: {failure.task}, {times}, "
                f"last at {localtime(failure.at):%Y-%m-%d %H:%M:%S} with {failure.error}"
            )
        for kind, count in sorted(status.ignored.items()):
            self._say(f"ignored: {count} messages, {kind}; the logs of workers and web processes say which")

    def _show_queue(self, queue: Queue) -> None:
        reader = queue.reader
        if reader is not None:
            self._say(
                f"queue {queue.name}: read on {reader.host} by process {reader.pid} "
                f"since {localtime(reader.since):%Y-%m-%d %H:%M:%S}, version {reader.version}"
            )
        elif queue.waiting:
            self._say(f"queue {queue.name}: no reader, although {queue.waiting} watch; is a worker running?")
        else:
            self._say(f"queue {queue.name}: no reader; one starts when somebody watches")
        for log in queue.logs:
            size = "" if log.size is None else f", {log.size} bytes"
            reason = f" ({log.reason})" if log.reason else ""
            behind = f", {log.behind} bytes behind" if log.behind else ""
            self._say(f"  {log.log.slug}: {log.state}{reason}{size}, {log.rate} bytes/s{behind}")
            if log.next_step:
                self._say(f"    -> {log.next_step}")
        for stop in queue.stops:
            self._say(f"  stop flag for {stop.log.slug if stop.log else 'every log'}: {stop.reason}")

    def _say(self, line: str) -> None:
        self.stdout.write(visible(line))


def _plain(status: Status) -> dict[str, Any]:
    """The form of `--json`."""
    return {
        "queues": [_plain_queue(queue) for queue in status.queues],
        "viewers": [
            {
                "log": viewer.log.slug,
                "user": viewer.user,
                "since": viewer.since.timestamp(),
                "address": viewer.address,
            }
            for viewer in status.viewers
        ],
        "failures": [
            {
                "host": failure.host,
                "pid": failure.pid,
                "task": failure.task,
                "count": failure.count,
                "error": failure.error,
                "at": failure.at.timestamp(),
            }
            for failure in status.failures
        ],
        "ignored": dict(status.ignored),
    }


def _plain_queue(queue: Queue) -> dict[str, Any]:
    reader = queue.reader
    return {
        "queue": queue.name,
        "reader": reader
        and {
            "host": reader.host,
            "pid": reader.pid,
            "thread": reader.thread,
            "version": reader.version,
            "since": reader.since.timestamp(),
        },
        "logs": [
            {
                "log": log.log.slug,
                "state": log.state,
                "reason": log.reason,
                "size": log.size,
                "rate": log.rate,
                "behind": log.behind,
                "flows": log.flows,
                "viewers": log.viewers,
            }
            for log in queue.logs
        ],
        "stops": [
            {"log": stop.log.slug if stop.log else None, "reason": stop.reason} for stop in queue.stops
        ],
    }
