"""How many files this process may have open, and has."""

from __future__ import annotations

from pathlib import Path
from typing import Final

#: A directory whose entries are this process's descriptors, on Linux and macOS.
_OPEN: Final = Path("/dev/fd")
#: So many that no process has them, for a system that sets no limit.
NO_LIMIT: Final = 1_000_000_000


def process_limit() -> int:
    """How many this process may have open: RLIMIT_NOFILE, as `ulimit -n` and systemd's LimitNOFILE set it."""
    import resource  # not on every platform

    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return NO_LIMIT if soft == resource.RLIM_INFINITY else soft


def in_use() -> int:
    """How many are open now; `process_limit()` if there is none left to find out with."""
    try:
        return sum(1 for _ in _OPEN.iterdir()) - 1  # without the one for this look
    except OSError:
        return process_limit()
