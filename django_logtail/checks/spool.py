"""Whether what `SpoolHandler` writes can be written and watched."""

from __future__ import annotations

import os

from django.core.checks import CheckMessage, Warning

from django_logtail.checks.configured import value_of
from django_logtail.handlers import spool_paths
from django_logtail.tailing.files.roots import Roots


def check_spool(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    roots = value_of("ROOTS")
    found: list[CheckMessage] = []
    for path in spool_paths():
        directory = str(path.parent)
        if roots is not None and Roots(roots).refusal_of_path(path) is not None:
            found.append(
                Warning(
                    f'SpoolHandler writes to {directory!r}, which is outside LOGTAIL["ROOTS"], so its log can\'t be '
                    "watched.",
                    hint=f'Add {directory!r} to LOGTAIL["ROOTS"], or change the handler\'s directory in LOGGING.',
                    id="logtail.W016",
                )
            )
        if not os.access(directory, os.W_OK | os.X_OK):
            found.append(
                Warning(
                    f"SpoolHandler can't write to {directory!r}, so what is logged is dropped.",
                    hint="Create the directory, and give it to the user that runs this process.",
                    id="logtail.W017",
                )
            )
    return found
