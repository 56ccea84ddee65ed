"""The log that `SpoolHandler` writes registers itself."""

from __future__ import annotations

import socket
from pathlib import Path

from django.conf import settings
from django.utils import translation
from django.utils.text import slugify
from django.utils.translation import gettext

from django_logtail.conf import conf
from django_logtail.models import Log


def register_spool(path: Path, using: str) -> list[str]:
    """Register this host's spool for staff, unless a log has it already; return the slugs of new logs.

    Unlike a declared log, it may be changed afterwards. Raises `ValidationError` if it could not be read.
    """
    log = Log(path=str(path), queue="" if conf.READER == "local" else conf.QUEUE)
    if log.others_of_its_file(using):
        return []
    host = socket.gethostname()
    with translation.override(settings.LANGUAGE_CODE):
        log.name = (gettext("Application on %(host)s") % {"host": host})[:100]
    log.slug = _free_slug(slugify(host.replace(".", "-")), using)
    with translation.override(None):  # English, like the commands that show it
        log.clean_fields()
        log.clean()
    log.save(using=using)
    return [log.slug]


def _free_slug(host: str, using: str) -> str:
    taken = set(
        Log.objects.using(using).filter(slug__startswith="application").values_list("slug", flat=True)
    )
    wanted = ["application", f"application-{host}"[:100], *(f"application-{at}" for at in range(2, 1000))]
    return next(slug for slug in wanted if slug not in taken)
