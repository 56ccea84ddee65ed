"""System checks: problems of an installation found before it runs. Each has a stable id and says what to do next.

`docs/reference/checks.md` lists the ids, and a test compares the two. Nothing here opens a connection; `manage.py
logtail_doctor` does that.
"""

from __future__ import annotations

from django.core.checks import register

from django_logtail.checks.audit import check_audit
from django_logtail.checks.channel_layer import check_channel_layer
from django_logtail.checks.declared_logs import check_declared_logs
from django_logtail.checks.project import check_apps, check_asgi, check_urls
from django_logtail.checks.redaction import check_redaction
from django_logtail.checks.serving import check_login, check_runserver, check_wrapper
from django_logtail.checks.settings import (
    check_access_policy,
    check_id_patterns,
    check_roots,
    check_settings,
    check_source_url,
)
from django_logtail.checks.spool import check_spool
from django_logtail.checks.worker import check_broker, check_local_reader, check_namespace, check_tasks


def register_all() -> None:
    """Register all checks. Called once, from the app's `ready`."""
    for check in (
        check_settings,
        check_roots,
        check_declared_logs,
        check_access_policy,
        check_id_patterns,
        check_source_url,
        check_redaction,
        check_spool,
        check_audit,
        check_apps,
        check_urls,
        check_asgi,
        check_runserver,
        check_wrapper,
        check_login,
        check_channel_layer,
        check_broker,
        check_tasks,
        check_namespace,
    ):
        register(check, "logtail")
    register(check_local_reader, "logtail", deploy=True)
