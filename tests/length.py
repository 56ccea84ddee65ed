"""How long tests are: short enough for `make check`, and at length for `make check-long`."""

import os
from typing import TypeVar

T = TypeVar("T")

#: Whether this run is one of `make check-long`.
IS_LONG = os.environ.get("LOGTAIL_LONG") == "1"


def at_length(long: T, *, short: T) -> T:
    """`long` in `make check-long`, `short` in every other run."""
    return long if IS_LONG else short
