"""How viewings appear in the record: who watches which log, and how that ended, in a word."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Final

from django.db import DatabaseError

from django_logtail.audit.recorder import SERVER_STOPPED
from django_logtail.audit.viewings import LEFT, OpenViewing, begin_viewing
from django_logtail.models import Log
from django_logtail.protocol import BadMessage, CloseCode
from django_logtail.viewing.actions import subject_of
from django_logtail.viewing.admission import NotRecorded
from django_logtail.viewing.socket import INTERNAL_ERROR, NO_CODE, End

#: RFC 6455's code that servers send to clients when they restart.
_RESTART: Final = 1012


@contextlib.contextmanager
def recorded(log: Log, user: str, address: str) -> Iterator[OpenViewing | None]:
    """While the block runs, the viewing goes on; its end is recorded. None if nothing is recorded."""
    record = begin_viewing(subject_of(log, user, address, "socket"))
    if record is None:
        yield None
        return
    try:
        yield record
    except BaseException as error:
        record.close(*ending(error))
        raise
    record.close(LEFT)


def ending(error: BaseException) -> tuple[str, int]:
    """How a viewing ended, in a word, and the socket's close code."""
    match error:
        case End(code=None):
            code = error.more.get("client_code", NO_CODE)
            return (SERVER_STOPPED if code == _RESTART else LEFT), int(code)
        case End(code=int(code)):
            return error.reason, int(code)
        case BadMessage():
            return "bad-message", int(CloseCode.BAD_MESSAGE)
        case DatabaseError():
            return "unavailable", INTERNAL_ERROR
        case NotRecorded():
            return "not-recorded", INTERNAL_ERROR
        case asyncio.CancelledError() | GeneratorExit():
            return SERVER_STOPPED, _RESTART
        case _:
            return "failed", INTERNAL_ERROR
