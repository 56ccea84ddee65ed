"""Show what is being read now, as the readers report it."""

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
from django_logtail.operating import no_redis
from django_logtail.operating.plain import visible
from django_logtail.operating.status import Queue, Status, current_status
from django_logtail.tailing.reasons import in_full


class Command(RegistryCommand):
    help = "Shows each queue's reader and logs, the stop flags that are set, and the viewers."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print JSON for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        if not stop_flag.is_available():
            raise CommandError(
                'LOGTAIL["READER"] is "local": each web process reads for its own viewers and reports to no other. '
                "The admin shows what the process that serves it knows: Logs, “Readers and viewers”."
            )
        try:
            status = current_status()
        except ControlUnavailable as error:
            raise CommandError(no_redis.told(error)) from None
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
                f"{failure.task} failed on {failure.host} in process {failure.pid}, {times}, "
                f"most recently at {localtime(failure.at):%Y-%m-%d %H:%M:%S} with {failure.error}"
            )
        for kind, count in sorted(status.ignored.items()):
            self._say(f"ignored messages: {count} {kind}; see the logs of workers and web processes")

    def _show_queue(self, queue: Queue) -> None:
        reader = queue.reader
        if reader is not None:
            self._say(
                f"queue {queue.name}: read on {reader.host} by process {reader.pid} "
                f"since {localtime(reader.since):%Y-%m-%d %H:%M:%S}, version {reader.version}"
            )
        elif queue.waiting:
            why = f": {queue.why}" if queue.why else ""
            self._say(f"queue {queue.name}: no reader; {_viewers(queue.waiting)} waiting{why}")
            for line in filter(None, queue.remedy):
                self._say(f"    -> {line}")
        else:
            self._say(f"queue {queue.name}: no reader; one starts when somebody watches a log")
        for log in queue.logs:
            size = "" if log.size is None else f", {log.size} bytes"
            reason = f" ({in_full(log.reason)})" if log.reason else ""
            behind = f", {log.behind} bytes behind" if log.behind else ""
            self._say(f"  {log.log.slug}: {log.state}{reason}{size}, {log.rate} bytes/s{behind}")
            if log.next_step:
                self._say(f"    -> {log.next_step}")
        for stop in queue.stops:
            self._say(f"  stop flag for {stop.log.slug if stop.log else 'every log'}: {in_full(stop.reason)}")

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
                "reason": in_full(log.reason),
                "size": log.size,
                "rate": log.rate,
                "behind": log.behind,
                "flows": log.flows,
                "viewers": log.viewers,
            }
            for log in queue.logs
        ],
        "absence": in_full(queue.absence),
        "stops": [
            {"log": stop.log.slug if stop.log else None, "reason": in_full(stop.reason)}
            for stop in queue.stops
        ],
    }


def _viewers(count: int) -> str:
    return f"{count} viewer" if count == 1 else f"{count} viewers"
