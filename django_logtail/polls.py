"""Keeps the page's own polling out of the log of `runserver`, where it would be a line every five seconds for each tab.

Otherwise a log that contains these lines would grow because somebody watches it. Access logs of other servers are
theirs to filter. Imports no framework.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final

#: The loggers of Django's own `runserver` and of daphne's.
LOGGERS: Final = ("django.server", "django.channels.server")
#: The end of the path that an open page requests every few seconds, wherever the routes are mounted.
POLLED: Final = "/-/logs/"


class WithoutPolls(logging.Filter):
    """Leaves out the records of polls that succeeded; one that fails is logged like any request."""

    def filter(self, record: logging.LogRecord) -> bool:
        path, status = _request_of(record)
        return not (status == "200" and path.partition("?")[0].endswith(POLLED))


def leave_out_polls() -> None:
    """Called once, when the app is ready and `LOGGING` has been applied."""
    for name in LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(one, WithoutPolls) for one in logger.filters):
            logger.addFilter(WithoutPolls())


def _request_of(record: logging.LogRecord) -> tuple[str, str]:
    """The path and the status that the record is about; empty for any other record."""
    args = record.args
    if isinstance(args, Mapping):  # daphne
        return str(args.get("path", "")), str(args.get("status", ""))
    if isinstance(args, tuple) and len(args) > 1:  # Django: "GET /logs/-/logs/ HTTP/1.1", "200", "512"
        words = str(args[0]).split(" ")
        return words[1] if len(words) == 3 else "", str(args[1])
    return "", ""
