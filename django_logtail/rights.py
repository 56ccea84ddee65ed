"""What somebody may do with a log, beyond watching it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final


class Right(str, Enum):
    """One thing that somebody may or may not do with a log.

    Without HISTORY, somebody sees what is written from the moment they come: no earlier lines, and no lines missed
    while they were away. SEARCH and DOWNLOAD therefore need it. SEE_UNREDACTED is to ask for what rules hide, one
    viewing at a time.
    """

    VIEW = "view"
    HISTORY = "history"
    SEARCH = "search"
    DOWNLOAD = "download"
    SEE_UNREDACTED = "see_unredacted"
    STOP = "stop"
    REGISTER = "register"


@dataclass(frozen=True, slots=True)
class Original:
    """What somebody asks for who wants to see what rules hide: why, and for how many minutes."""

    reason: str
    minutes: int


#: What a policy is asked about for each log that somebody may watch.
READING: Final = (Right.HISTORY, Right.SEARCH, Right.DOWNLOAD, Right.SEE_UNREDACTED)


def usable(granted: Iterable[Right]) -> frozenset[Right]:
    """Those of the rights that can be used: SEARCH and DOWNLOAD only with HISTORY, and everything only with VIEW."""
    found = frozenset(granted)
    if Right.VIEW not in found:
        return frozenset()
    return found if Right.HISTORY in found else found - {Right.SEARCH, Right.DOWNLOAD}
