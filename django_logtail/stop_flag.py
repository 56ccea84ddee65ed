"""The stop flag: tells readers to stop reading, and lets them continue. Set by commands and the admin.

It needs no signal or exception: the reader is nudged, sees the flag, closes the files, and tells the viewers why.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Final

from django.db import transaction
from django.utils.translation import gettext

from django_logtail.audit.acting import actor
from django_logtail.audit.registry import of_log
from django_logtail.audit.viewings import record_action
from django_logtail.conf import conf
from django_logtail.control import ControlUnavailable
from django_logtail.control.nudging import nudge
from django_logtail.control.process import control
from django_logtail.models import Log
from django_logtail.tailing import reasons

logger = logging.getLogger(__name__)

#: The field for every log of a queue.
_ALL = "*"
#: Characters of a reason; the rest is cut. Every heartbeat of a stopped log contains it.
MOST_CHARACTERS: Final = 200


class OnlyWithWorker(Exception):
    """The flag lives in Redis, and a local reader has none. The text is a sentence that says what to do instead."""

    def __init__(self) -> None:
        super().__init__(
            gettext(
                'LOGTAIL["READER"] is "local", so there is no stop flag. '
                "To disconnect a log’s viewers, disable the log."
            )
        )


@dataclass(frozen=True, slots=True)
class StopFlag:
    """One flag that is set. `log` is None if it applies to every log of the queue, or to a deleted one.

    `reason` is one of `reasons`, put into words where it is shown.
    """

    queue: str
    log: Log | None
    is_for_all: bool
    reason: str


def set_stop(log: Log | None, *, by: str, reason: str = "") -> None:
    """Stop reading `log`, or every log of every queue; viewers see who stopped it (`by`), and the reason if any.

    Raises `OnlyWithWorker` and `ControlUnavailable`.
    """
    _require_worker()
    why = _said(_printable(by), _printable(" ".join(reason.split())))
    for queue in [log.queue_name] if log is not None else queues():
        control().set_stop(queue, _ALL if log is None else str(log.pk), why)
        nudge(queue)
    record_action("stop", of_log(actor(by=by), log), {"reason": reason} if reason else {})


def clear_stop(log: Log | None) -> bool:
    """Let reading of `log` continue; return whether a flag was set. None clears every flag.

    Looks in every queue, because the log may have been moved to another one since. Raises what `set_stop` raises.
    """
    _require_worker()
    was_set = False
    # Its own queue too: if the log was deleted, no row names the queue any more.
    for queue in queues() if log is None else {*queues(), log.queue_name}:
        for name in control().stops(queue) if log is None else [str(log.pk)]:
            if control().clear_stop(queue, name):
                was_set = True
                nudge(queue)
    if was_set:
        record_action("continue", of_log(actor(), log), {})
    return was_set


def forget_stop(sender: type[Log], instance: Log, using: str, **kwargs: object) -> None:
    """Receiver of `post_delete`: clear the flag of a deleted log, because it could no longer be named."""
    if not is_available():
        return
    gone = Log(pk=instance.pk, queue=instance.queue)  # the instance itself loses its id

    def forget() -> None:
        try:
            clear_stop(gone)
        except ControlUnavailable as error:
            logger.warning("the stop flag of deleted log %s, if any, remains: Redis: %s", gone.pk, error)

    transaction.on_commit(forget, using=using)


def stops() -> list[StopFlag]:
    """The flags that are set. Raises what `set_stop` raises."""
    _require_worker()
    logs = {str(log.pk): log for log in Log.objects.select_related("parent")}
    return [
        StopFlag(queue, logs.get(name), name == _ALL, reason)
        for queue in queues()
        for name, reason in sorted(control().stops(queue).items())
    ]


def queues() -> list[str]:
    """Every queue that a log names, and the one in the settings."""
    return sorted(
        {conf.QUEUE, *(queue or conf.QUEUE for queue in Log.objects.values_list("queue", flat=True))}
    )


def is_available() -> bool:
    """Whether there is a stop flag; with a local reader there is none."""
    return conf.READER != "local"


def _said(by: str, why: str) -> str:
    """What viewers see, as one of `reasons`, so that each sees it in their own language."""
    return (
        reasons.reason("stopped-because", user=by, why=why[:MOST_CHARACTERS])
        if why
        else reasons.reason("stopped", user=by)
    )


def _printable(text: str) -> str:
    """Remove control characters; bytes from a shell that are not UTF-8 become a question mark."""
    return "".join(letter for letter in text.encode(errors="replace").decode() if letter.isprintable())


def _require_worker() -> None:
    if not is_available():
        raise OnlyWithWorker
