"""Whether a log holds what we say ourselves: then it grows by being read."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Final

#: Said once to who opens such a log: a few lines for each reader, never one for a line.
FED_BY_US: Final = (
    "django-logtail's own messages go to this log: a few when a reader starts or stops, none for a line"
)


def is_fed_by_us(path: Path) -> bool:
    """Whether what this process' `django_logtail` loggers say ends in that file."""
    where: logging.Logger | None = logging.getLogger("django_logtail")
    while where is not None:
        for handler in where.handlers:
            if isinstance(handler, logging.FileHandler) and Path(handler.baseFilename) == path.absolute():
                return True
        where = where.parent if where.propagate else None
    return False
