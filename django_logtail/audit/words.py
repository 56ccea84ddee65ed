"""Records in words, for people: actions, ends, sizes and times."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

#: What was done. Others, of later releases, are shown as they are.
ACTIONS: Final = {
    "search": _("Search"),
    "download": _("Download"),
    "hits": _("Matches saved"),
    "older": _("Earlier lines"),
    "time": _("Jump in history"),
    "original": _("Original shown"),
    "refused": _("Refused"),
    "stop": _("Reading stopped"),
    "continue": _("Reading continued"),
    "viewing-ended": _("Viewing ended"),
    "note": _("Note sent"),
    "preview": _("Lines previewed"),
    "log-added": _("Log added"),
    "log-changed": _("Log changed"),
    "log-deleted": _("Log deleted"),
    "view-saved": _("View saved"),
    "view-changed": _("View changed"),
    "view-deleted": _("View deleted"),
    "exported": _("Records exported"),
    "pruned": _("Records deleted"),
    "lost": _("Records lost"),
}

#: How something ended. Others are shown as they are.
OUTCOMES: Final = {
    "left": _("left"),
    "stopped": _("stopped watching"),
    "ended": _("ended by an administrator"),
    "signed-out": _("signed out"),
    "no-access": _("access removed"),
    "log-changed": _("log changed"),
    "original-over": _("original hidden again"),
    "server-stopped": _("server stopped"),
    "not-recorded": _("records could not be kept"),
    "unknown": _("end not known"),
    "done": _("done"),
    "whole": _("whole"),
    "broken-off": _("broken off"),
}

#: What a detail is. Others are shown as they are.
DETAILS: Final = {
    "pattern": _("pattern"),
    "terms": _("terms"),
    "levels": _("levels"),
    "found": _("found"),
    "count": _("count"),
    "size": _("size"),
    "form": _("form"),
    "to": _("to"),
    "since": _("from"),
    "until": _("until"),
    "ms": _("time"),
    "offset": _("position"),
    "what": _("right"),
    "more": _("more"),
    "reason": _("reason"),
    "user": _("user"),
    "minutes": _("minutes"),
    "text": _("text"),
    "before": _("before"),
    "after": _("after"),
    "filter": _("filter"),
}
_MOMENTS: Final = ("to", "since", "until", "ms")

#: The outcomes of viewings whose access was taken away.
REVOKED: Final = ("signed-out", "no-access")


def action(name: str) -> str:
    return str(ACTIONS.get(name, name))


def outcome(name: str) -> str:
    return str(OUTCOMES.get(name, name))


def lasted(time: timedelta) -> str:
    """How long something took."""
    seconds = max(0, round(time.total_seconds()))
    if seconds < 60:
        return gettext("%(n)d s") % {"n": seconds}
    if seconds < 3_600:
        return gettext("%(n)d min") % {"n": seconds // 60}
    return gettext("%(h)d h %(m)d min") % {"h": seconds // 3_600, "m": seconds // 60 % 60}


def moment(at: datetime) -> str:
    """When something happened, to the second."""
    local = timezone.localtime(at)
    return f"{date_format(local, 'DATE_FORMAT')} {date_format(local, 'H:i:s')}"


def done(counts: Mapping[str, int]) -> list[str]:
    """What was done in a viewing, a phrase for each action."""
    return [
        ngettext("%(action)s, %(n)d time", "%(action)s, %(n)d times", n) % {"action": action(name), "n": n}
        if n > 1
        else action(name)
        for name, n in counts.items()
    ]


def parts(ranges: list[dict[str, Any]]) -> list[str]:
    """The parts of files that were delivered."""
    return [
        " ".join(
            [
                str(file.get("name") or file["file"][:12]),
                *(f"{start:,}–{end:,}" for start, end in file["ranges"]),
            ]
        )
        for file in ranges
    ]


def details(detail: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The detail of an action, by name. The opaque ids of files are for programs."""
    return [(str(DETAILS.get(name, name)), _value(name, detail[name])) for name in detail if name != "file"]


def _value(name: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    if name in _MOMENTS and isinstance(value, int):
        try:
            moment = timezone.localtime(
                datetime.fromtimestamp(value / 1_000, timezone.get_current_timezone())
            )
        except (OverflowError, ValueError, OSError):  # beyond the calendar
            return str(value)
        return date_format(moment, "DATETIME_FORMAT")
    return json.dumps(value, ensure_ascii=False)
