"""The doctor proves an installation step by step, from the settings to the first byte of each log.

The tasks are not imported at the top, because dramatiq would create a default broker; neither is anything that needs
Redis, which only a project with a worker has.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Iterator

from django_logtail.conf import conf
from django_logtail.models import READABLE, Log, first_of_each_file
from django_logtail.operating.doctor.asgi_servers import examine_servers
from django_logtail.operating.doctor.findings import Finding, note, ok
from django_logtail.operating.doctor.project import (
    examine_addresses,
    examine_audit,
    examine_database,
    examine_doubles,
    examine_patterns,
    examine_rules,
    examine_settings,
)
from django_logtail.operating.doctor.readers import examine_readers
from django_logtail.operating.doctor.site import examine_site
from django_logtail.operating.doctor.sockets import examine_sockets
from django_logtail.tailing.files.opening import user_name


def examine(seconds: float, url: str = "", script: str = "") -> Iterator[Finding]:
    """All steps in order. If a step fails that later ones depend on, the examination ends.

    `url`: of the site, as browsers reach it; `script`: the path of the page's script, below that of the list of logs.
    """
    for step in (examine_settings, examine_database):
        findings = list(step())
        yield from findings
        if any(finding.is_problem for finding in findings):
            return
    yield from examine_audit()
    yield from examine_rules()
    yield from examine_doubles()
    yield from examine_addresses()
    yield from examine_patterns()
    yield from asyncio.run(examine_sockets())
    if url:
        yield from examine_site(url, script)
    yield from examine_servers()
    if conf.READER == "dramatiq":
        from django_logtail.operating.doctor.connections import (
            examine_broker,
            examine_channel_layer,
            examine_redis,
        )

        findings = list(examine_redis())
        # Usually the broker's Redis is the same one, and what it refuses needs to be said once.
        if conf.REDIS_URL or not any(one.is_problem and one.id != "redis-right" for one in findings):
            findings += examine_broker()
        findings += asyncio.run(examine_channel_layer())
        yield from findings
        if any(finding.is_problem for finding in findings):
            return
    first = first_of_each_file()
    # The others have already been reported as duplicates.
    logs = [
        log
        for log in Log.objects.filter(READABLE).select_related("parent")
        if first.get(log.file_key, log.pk) == log.pk
    ]
    if conf.READER == "local":
        yield from _local_reader(logs)
    yield from asyncio.run(examine_readers(logs, seconds))


def _local_reader(logs: Iterable[Log]) -> Iterator[Finding]:
    yield ok(
        'LOGTAIL["READER"] is "local": no Redis or worker is needed; '
        f"this command reads files as user {user_name(os.geteuid())}",
        "reader",
    )
    elsewhere = sorted({log.queue_name for log in logs} - {conf.QUEUE})
    if elsewhere:
        yield note(
            f"queues {', '.join(elsewhere)}: a local reader looks for their logs on this host",
            'Set LOGTAIL["READER"] to "dramatiq" if another host has them.',
            "reader",
        )
