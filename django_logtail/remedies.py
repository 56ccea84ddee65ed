"""What mends the causes for which a log has no lines: the page shows it to staff, and `logtail_doctor` to operators.

Each has the id of its cause: a code of `tailing.reasons`, the name of a state, or, for an answer of Redis, "redis-" and
the `trouble` of `control.ControlUnavailable`. `docs/reference/checks.md` has a row for each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Remedy:
    """`text`: what to do; `paste`: the lines to run or to add. Both may use `{queue}`."""

    text: object
    paste: str = ""


_WORKER: Final = "python manage.py rundramatiq --queues {queue} --processes 1 --threads 2"
DOCTOR: Final = "python manage.py logtail_doctor"
_ASK: Final = Remedy(_("On the web server’s host, this shows what to correct."), DOCTOR)

REMEDIES: Final[Mapping[str, Remedy]] = {
    "no-reader": Remedy(_("On the host that has the file, run this."), _WORKER),
    "no-worker": Remedy(
        _(
            "On the host that has the file, run this. If a worker is running there, it uses another Redis or can’t "
            "use this one: “manage.py logtail_doctor” on that host shows which."
        ),
        _WORKER,
    ),
    "worker-busy": Remedy(
        _("On the host that has the file, run a worker for the logs alone, which no other task delays."),
        _WORKER,
    ),
    "worker-silent": Remedy(
        _(
            "See that worker’s log, and run “manage.py logtail_doctor” on its host. If it has ended, run this there."
        ),
        _WORKER,
    ),
    "unheard": Remedy(
        _("Run this on the web server’s host and on the worker’s, and give both the same CHANNEL_LAYERS."),
        DOCTOR,
    ),
    "unsent": Remedy(_("On that host, this shows what to correct."), DOCTOR),
    "redis": _ASK,
    "redis-refuses": _ASK,
    "channel-layer": _ASK,
    "channel-layer-refuses": _ASK,
    "broker": _ASK,
    "broker-refuses": _ASK,
    "redis-right": Remedy(_("Redis’s user lacks a right. On the web server’s host, this names it."), DOCTOR),
    "redis-full": Remedy(_("Redis’s memory is full. Raise maxmemory, or free some of it.")),
    "redis-read-only": Remedy(
        _("This Redis is a replica, which can’t be written to. Put the master’s address into the settings.")
    ),
    "redis-password": Remedy(_("Redis expects another password. Correct it in the settings.")),
    "redis-starting": Remedy(_("Redis is loading its data. Wait until it has.")),
    "redis-clients": Remedy(_("Redis accepts no more clients. Raise maxclients, or close some connections.")),
    "rule-failed": Remedy(
        _("Correct the rule in the settings, then restart the reader. On its host, this says what is wrong."),
        "python manage.py check --tag logtail",
    ),
    "rules-differ": Remedy(
        _("Give both the same settings, and restart them. A reader of an older release must be updated.")
    ),
    "process-files": Remedy(
        _(
            "Let the reader’s process open more files: add this to its systemd unit, or run “ulimit -n 16384” in the "
            "shell that starts it. Then restart it."
        ),
        "LimitNOFILE=16384",
    ),
}


def id_of(code: str, trouble: str, state: str) -> str:
    """The id of the most precise remedy for a state, its reason's code and the trouble of Redis; "" if none."""
    return next((name for name in (f"redis-{trouble}", code, "" if code else state) if name in REMEDIES), "")


def for_page(*, has_worker: bool) -> dict[str, dict[str, str]]:
    """The table as the page's scripts need it, in the active language. `has_worker`: the reader is not local."""
    return {
        name: {"text": str(remedy.text), "paste": remedy.paste}
        for name, remedy in REMEDIES.items()
        if has_worker or remedy.paste != _WORKER
    }
