"""What an operator can do about a log, by its state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django_logtail.models import Log
from django_logtail.remedies import REMEDIES
from django_logtail.states import LogState
from django_logtail.tailing.files.found import is_pattern
from django_logtail.tailing.files.roots import mistake_in
from django_logtail.tailing.matching_names import is_dated_pattern

#: What to do about a reason, whatever the state.
_BY_CAUSE: Final[Mapping[str, str]] = {
    "no-registry": "Give that host's worker the same DATABASES, and run manage.py migrate.",
    "system-files": "Raise fs.file-max on that host (sysctl), or find out which process has so many files open.",
    "too-many-files": 'Raise LOGTAIL["MAX_OPEN_FILES"] on that host.',
    "too-many-logs": 'Raise LOGTAIL["MAX_LOGS_PER_READER"] on that host.',
}


def next_step(log: Log, state: LogState, cause: str = "") -> str:
    """A sentence; "" if there is nothing to do. `cause`: the code of the reason, if it has one."""
    if cause in REMEDIES:
        return str(REMEDIES[cause].text)
    if cause in _BY_CAUSE:
        return _BY_CAUSE[cause]
    if state.name == "unreadable" and mistake_in(log.file) is not None:
        return "Correct the path."
    if state.name == "missing" and log.follow:
        return "It is followed as soon as a file matches."
    if state.name == "missing" and (is_pattern(log.path) or is_dated_pattern(log.file.name)):
        return "To follow the files that this pattern matches, set “follow” of this log in the admin."
    return state.next_step
