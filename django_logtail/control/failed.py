"""Failures in this process, in the form sent to other processes."""

from __future__ import annotations

import os
import socket
from typing import Final

from django_logtail.control import FailedTask
from django_logtail.timing import failures

#: Tasks reported per process: those that failed most recently.
MOST_FAILURES: Final = 20


def failed_here() -> list[FailedTask]:
    """The failures, the latest first."""
    host, pid = socket.gethostname(), os.getpid()
    return [
        FailedTask(host, pid, failure.task, failure.count, failure.error, round(failure.at, 1))
        for failure in failures.all()[:MOST_FAILURES]
    ]
