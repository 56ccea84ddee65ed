"""The project's settings and its database."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from django.core.checks import ERROR, run_checks
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError

from django_logtail.audit import storing
from django_logtail.conf import conf
from django_logtail.models import Follow, Log, first_of_each_file, rows_with_files
from django_logtail.operating.doctor.findings import Finding, note, ok, problem
from django_logtail.operating.tables import waiting_migrations
from django_logtail.registering.members import MOST_MEMBERS
from django_logtail.tailing.reasons import in_full


def examine_settings() -> Iterator[Finding]:
    found = [message for message in run_checks(tags=["logtail"]) if not message.is_silenced()]
    for message in found:
        make = problem if message.level >= ERROR else note
        advice, _, paste = (message.hint or "").partition("\n")
        yield make(f"{message.id}: {message.msg}", advice, message.id or "", paste)
    if not found:
        yield ok("settings: every check passes", "settings")


def examine_database() -> Iterator[Finding]:
    try:
        waiting = waiting_migrations()
    except (DatabaseError, ImproperlyConfigured) as error:
        yield problem(
            f"database: {error}",
            "Correct DATABASES, start the database, or end what keeps it locked.",
            "database",
        )
        return
    if waiting:
        yield problem(f"database: not migrated: {', '.join(waiting)}", "Run manage.py migrate.", "database")
        return
    registered = Log.objects.filter(parent=None)
    enabled, off = registered.filter(enabled=True).count(), registered.filter(enabled=False).count()
    if enabled:
        yield ok(f"database: {enabled} enabled log(s), {off} disabled", "database")
    else:
        yield note(
            "database: no log is enabled",
            "manage.py logtail_discover lists files to register. Register others in the admin or with "
            "manage.py logtail_add.",
            "database",
        )


def examine_audit() -> Iterator[Finding]:
    """Report whether access can be recorded now. The checks have reported a directory that can't be used."""
    if not conf.AUDIT:
        return
    try:
        storing.try_out()
    except DatabaseError as error:
        required = 'Until then nothing can be watched, because LOGTAIL["AUDIT"] is "required". '
        yield problem(
            f"audit: the database takes no records of access: {error}",
            f"{required if conf.AUDIT == 'required' else ''}Let its user write to the tables of django_logtail, free "
            "space on its disk, or start it.",
            "logtail.W026",
        )
    else:
        yield ok("audit: access is recorded", "audit")


def examine_rules() -> Iterator[Finding]:
    """Report rules that hide nothing because no log has the slug that they name: mistyped, or changed since."""
    named = {slug for rule in conf.REDACT for slug in rule.logs or ()}
    if not named:
        return
    slugs = set(Log.objects.values_list("slug", flat=True))
    for slug in sorted(named - slugs):
        rules = ", ".join(rule.name for rule in conf.REDACT if slug in (rule.logs or ()))
        close = difflib.get_close_matches(slug, slugs, 1)
        meant = f"Did you mean {close[0]!r}? " if close else ""
        yield problem(
            f'rules: LOGTAIL["REDACT"] names the log {slug!r}, and there is none, so nothing is hidden for it by: '
            f"{rules}",
            f"{meant}Correct 'logs' of the rule, or remove the slug; then restart web processes and workers.",
            "rule-without-log",
        )


def examine_doubles() -> Iterator[Finding]:
    """Report rows that name the same file as an older row: they were never validated."""
    first = first_of_each_file()
    rows = {row.pk: row for row in rows_with_files() if row.parent_id is None}
    for row in rows.values():
        if (read := first.get(row.file_key, row.pk)) != row.pk:
            yield problem(
                f"log {row.slug}: log {rows[read].slug} already has the file {row.path}, and only that log is read",
                "Delete one of the two, or correct its path or queue.",
                "double",
            )


def examine_patterns() -> Iterator[Finding]:
    """What readers found for patterns: nothing is no problem, because files may be written later."""
    for row in Log.objects.filter(parent=None, follow=Follow.EACH, enabled=True).order_by("pk"):
        where = f"pattern {row.slug}: {row.path}"
        if row.trouble:
            yield problem(
                f"{where}: {in_full(row.trouble)}", "Correct the path, or that directory's rights.", "pattern"
            )
        elif row.matches is None:
            advice = "Open the list of logs: then its reader looks."
            yield note(f"{where}: no reader has looked for its files yet", advice, "pattern")
        else:
            cut = f", of which the {MOST_MEMBERS} most recently written are listed"
            yield ok(
                f"{where}: {row.matches} file(s) match{cut if row.matches > MOST_MEMBERS else ''}", "pattern"
            )


def examine_addresses() -> Iterator[Finding]:
    """Report rows whose slug can't be part of an address: they were never validated."""
    for row in Log.objects.order_by("pk"):
        if not row.has_address:
            yield problem(
                f"log {row.slug!r}: its slug can't be part of an address, so no page shows it",
                "Give it a slug of letters, digits, - and _.",
                "address",
            )
