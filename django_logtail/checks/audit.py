"""Whether records of who read what can wait for the database, and whether storing them disturbs other code."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from django.core.checks import CheckMessage, Warning
from django.db import connections, router

from django_logtail.audit.disk import creatable, usable
from django_logtail.audit.models import Viewing
from django_logtail.checks.configured import value_of
from django_logtail.tailing.files.opening import user_name

#: What to do about a directory in which no records can wait; the doctor says it, too.
ADVICE = "Create it, give it to the user that runs this process, and make its mode 0700."


def _making(directory: str) -> str:
    return f"sudo install -d -m 700 -o {user_name(os.geteuid())} {shlex.quote(str(directory))}"


def check_audit(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    audit, directory = value_of("AUDIT"), value_of("AUDIT_DIR")
    found: list[CheckMessage] = []
    if not audit:
        return found
    if directory is not None:
        try:
            _look_at(directory)
        except OSError as error:
            said = f'No records of access can wait in LOGTAIL["AUDIT_DIR"]: {error}.'
            found.append(Warning(said, hint=f"{ADVICE}\n{_making(directory)}", id="logtail.W024"))
    elif audit == "required":
        found.append(
            Warning(
                'LOGTAIL["AUDIT"] is "required" and LOGTAIL["AUDIT_DIR"] is not set, so nothing can be watched as soon '
                "as the database fails.",
                hint='Set LOGTAIL["AUDIT_DIR"] to a directory in which records can wait.',
                id="logtail.W025",
            )
        )
    return [*found, *_second_writer()]


def _look_at(directory: Path) -> None:
    """Raises `OSError` if the server can't use the directory. Creates nothing: it would be of who runs this."""
    if not os.path.lexists(directory):
        creatable(directory)
    elif os.geteuid() or not directory.lstat().st_uid:
        usable(directory)
    # Otherwise this is root, and the directory belongs to the user that runs the server, or so it seems.


def _second_writer() -> list[CheckMessage]:
    """SQLite, whose transactions fail at once where they become writers beside another one."""
    alias = router.db_for_write(Viewing)
    connection = connections[alias]
    mode = connection.settings_dict.get("OPTIONS", {}).get("transaction_mode") or ""
    if connection.vendor != "sqlite" or str(mode).upper() in ("IMMEDIATE", "EXCLUSIVE"):
        return []
    return [
        Warning(
            f"Access is recorded in the database {alias!r}, which is SQLite: code of this project that writes at the "
            'same time may fail with "database is locked".',
            hint=f'Add DATABASES["{alias}"]["OPTIONS"] = {{"transaction_mode": "IMMEDIATE"}}, so that one waits '
            "for the other.",
            id="logtail.W027",
        )
    ]
