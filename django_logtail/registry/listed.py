"""The facts of the admin's list of logs that are not in their rows: size, last change, state and viewers.

Running readers have reported them; for the rest, each queue's host is asked once, all at the same time.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Final

from django.utils.formats import date_format as localized
from django.utils.timesince import timesince
from django.utils.timezone import localtime
from django.utils.translation import gettext

from django_logtail import states
from django_logtail.conf import conf
from django_logtail.control import ControlUnavailable
from django_logtail.control.process import control
from django_logtail.models import Log
from django_logtail.operating.reports import ReportedLog, report_of
from django_logtail.registering.asking import Look, Told, ask_each, look_here
from django_logtail.remedies import REMEDIES
from django_logtail.tailing.reasons import code_of, in_full

#: Rows that hosts are asked about.
MOST_ROWS: Final = 100
#: Seconds for which a change was "just now".
NOW_SECONDS: Final = 10


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one log. `state` is in words of the active language; `tone`: "ok", "caution", "danger" or "";
    `hint`: the reason in full, and what to do.
    """

    state: str = ""
    tone: str = ""
    hint: str = ""
    size: int | None = None
    written: float | None = None
    viewers: int = 0


@dataclass(frozen=True, slots=True)
class Listed:
    """By the primary keys of the rows. `notices`: about queues whose host did not answer."""

    facts: Mapping[int, Facts] = field(default_factory=dict)
    notices: tuple[str, ...] = ()


def listed(logs: Sequence[Log], *, may_ask: bool) -> Listed:
    """The facts of these logs. Blocks for 3 s at most while hosts answer, and 2 s more if this one looks instead.

    `may_ask`: whether hosts may be asked for this user; otherwise only what readers have reported is known.
    """
    reported, viewers = _reported(logs)
    asked = [log for log in logs if log.is_readable][:MOST_ROWS] if may_ask else []
    by_queue: dict[str, list[Log]] = {}
    for log in asked:
        by_queue.setdefault("" if conf.READER == "local" else log.queue_name, []).append(log)
    answers = ask_each({queue: _question(rows) for queue, rows in by_queue.items()})
    seen = {
        log.pk: facts
        for queue, rows in by_queue.items()
        if (told := answers.get(queue)) is not None
        for log, facts in zip(rows, _seen(told), strict=False)
    }
    silent = [queue for queue in by_queue if answers.get(queue) is None]
    here = [log for queue in silent for log in by_queue[queue]]
    told_here = look_here(_question(here)) if here else None
    seen_here = (
        {log.pk: facts for log, facts in zip(here, _seen(told_here), strict=False)} if told_here else {}
    )
    notices = [_notice(queue, told_here.host) for queue in silent] if told_here else []
    facts = {
        log.pk: _facts(
            log, reported.get(str(log.pk)), seen.get(log.pk), seen_here.get(log.pk), viewers[str(log.pk)]
        )
        for log in logs
    }
    return Listed(facts, tuple(notices))


def _question(logs: Sequence[Log]) -> Look:
    return Look(
        [(log.path, log.registration.encoding) for log in logs],
        [log.follow if log.parent_id is None else "" for log in logs],
    )


def _seen(told: Told) -> list[dict[str, Any]]:
    found = told.found.get("files")
    return [one if isinstance(one, dict) else {} for one in found] if isinstance(found, list) else []


def _reported(logs: Sequence[Log]) -> tuple[dict[str, ReportedLog], Counter[str]]:
    """What running readers say about the logs, and how many watch each."""
    found: dict[str, ReportedLog] = {}
    try:
        for queue in dict.fromkeys(log.queue_name for log in logs):
            if control().reader(queue) is not None and (report := report_of(queue, control())) is not None:
                found |= report.logs
        return found, Counter(viewer.log for viewer in control().viewers())
    except ControlUnavailable:
        return found, Counter()


def _notice(queue: str, host: str) -> str:
    said = gettext(
        "No worker answers for queue “%(queue)s”. Its logs are shown as this host, %(host)s, sees their files."
    )
    return said % {"queue": queue, "host": host}


def _facts(
    log: Log,
    reported: ReportedLog | None,
    seen: Mapping[str, Any] | None,
    seen_here: Mapping[str, Any] | None,
    viewers: int,
) -> Facts:
    known = seen or seen_here or {}
    size, written = _number(known.get("size")), _number(known.get("written"))
    if not log.registration.enabled:
        return Facts(gettext("Disabled"), viewers=viewers)
    if reported is not None:
        name = states.as_told(reported.state)
        if isinstance(reported.size, int):
            size = reported.size
        return Facts(
            states.words_for(name),
            states.tone_of(name),
            in_full(reported.reason, gettext),
            _whole(size),
            written,
            viewers,
        )
    if seen is not None:
        words, tone, hint = _at_rest(str(seen.get("reason", "")), has_no_match=seen.get("count") == 0)
        return Facts(words, tone, hint, _whole(size), written, viewers)
    if seen_here is not None:
        remedy = REMEDIES["no-reader"]
        paste = remedy.paste.replace("{queue}", log.queue_name)
        return Facts(
            gettext("No reader"), "caution", f"{remedy.text} {paste}", _whole(size), written, viewers
        )
    return Facts("", viewers=viewers)


def _at_rest(reason: str, *, has_no_match: bool) -> tuple[str, str, str]:
    """The state of a file that nobody reads."""
    if has_no_match:
        return gettext("No file yet"), "caution", gettext("No file matches the pattern yet.")
    if not reason:
        return gettext("Idle"), "", gettext("Nobody is watching.")
    if code_of(reason) == "gone":
        return gettext("No file yet"), "caution", worded(reason)
    return gettext("Can’t be read"), "danger", in_full(reason, gettext)


def worded(reason: str) -> str:
    """One of `reasons` for a file that was only looked for, and may never have existed."""
    return (
        gettext("there is no file at this path yet")
        if code_of(reason) == "gone"
        else in_full(reason, gettext)
    )


def _number(value: object) -> float | int | None:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _whole(size: float | int | None) -> int | None:
    return None if size is None else int(size)


def since(written: float, now: float | None = None) -> tuple[str, str]:
    """How long ago that was, and the moment, in the active language."""
    now = time.time() if now is None else now
    moment = datetime.fromtimestamp(written, tz=timezone.utc)
    said = localized(localtime(moment), "DATETIME_FORMAT")
    if now - written < NOW_SECONDS:
        return gettext("just now"), said
    if now - written < 60:
        return gettext("%(seconds)d s ago") % {"seconds": int(now - written)}, said
    ago = timesince(moment, datetime.fromtimestamp(now, tz=timezone.utc), depth=1)
    return gettext("%(time)s ago") % {"time": ago}, said
