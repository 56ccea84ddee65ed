"""How much of its host one reader may use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from django_logtail.conf import conf
from django_logtail.tailing.files.descriptors import NO_LIMIT, in_use, process_limit

#: Seconds to wait at least after spending a budget: shorter pauses cost more than they gain.
LEAST_WAIT_SECONDS: Final = 0.002
#: Descriptors of the process that logs may not use up: a quarter, and no more than this. They are for connections to
#: Redis, the database and clients, for directories, and for older files of logs.
MOST_RESERVED: Final = 256


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one reader may use, from the settings of the same names.

    `process_files`: how many files its process may have open, whatever for; `files_in_use` counts them.
    """

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
    prompt_processor_percent: int = 0
    process_files: int = NO_LIMIT
    files_in_use: Callable[[], int] = field(default=in_use, compare=False)

    def has_file_to_spare(self, opening: int = 0) -> bool:
        """Whether the process can open a file besides the `opening` ones, and still has its reserve."""
        reserve = min(MOST_RESERVED, self.process_files // 4)
        return self.files_in_use() + opening < self.process_files - reserve


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
        conf.PROMPT_PROCESSOR_PERCENT,
        process_limit(),
    )
