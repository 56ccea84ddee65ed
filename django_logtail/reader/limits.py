"""How much of its host one reader may use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django_logtail.conf import conf

#: Seconds to wait at least after spending a budget: shorter pauses cost more than they gain.
LEAST_WAIT_SECONDS: Final = 0.002


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one reader may use, from the settings of the same names."""

    bytes_per_second: int = 10**12
    bytes_per_second_per_log: int = 10**12
    logs: int = 100_000
    open_files: int = 1_000_000
    history_jobs: int = 4
    search_bytes_per_second: int = 10**12
    search_processor_percent: int = 1_000
    searches_per_user: int = 8
    history_bytes_per_second_per_user: int = 10**12
    answer_processor_percent_per_user: int = 1_000


def limits_of_settings() -> Limits:
    """The limits of a reader on this host."""
    return Limits(
        conf.READ_BYTES_PER_SECOND,
        conf.READ_BYTES_PER_SECOND_PER_LOG,
        conf.MAX_LOGS_PER_READER,
        conf.MAX_OPEN_FILES,
        conf.MAX_HISTORY_JOBS,
        conf.SEARCH_BYTES_PER_SECOND,
        conf.SEARCH_PROCESSOR_PERCENT,
        conf.MAX_SEARCHES_PER_USER,
        conf.HISTORY_BYTES_PER_SECOND_PER_USER,
        conf.ANSWER_PROCESSOR_PERCENT_PER_USER,
    )
