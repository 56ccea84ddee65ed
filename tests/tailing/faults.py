"""A system whose calls fail: by a plan, or at random."""

from __future__ import annotations

import errno
import os
import random
from collections.abc import Callable
from typing import Any

from django_logtail.tailing.files.system import System

ERRORS = [errno.EIO, errno.ESTALE, errno.EACCES, errno.ENOSPC, errno.EMFILE, errno.EINTR]
CALLS = [
    "stat",
    "lstat",
    "fstat",
    "pread",
    "open_path",
    "reopen",
    "dup",
    "close",
    "name_of",
    "names_in",
    "next_data",
    "has_writer",
    "file_system",
]


class Faulty(System):
    """Asks `fails` before each call; the error number it answers is raised instead. Counts calls by name."""

    def __init__(self) -> None:
        self.fails: Callable[[str], int | None] = lambda call: None
        self.calls: dict[str, int] = {}

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        if name not in CALLS:
            return found

        def call(*arguments: Any) -> Any:
            self.calls[name] = self.calls.get(name, 0) + 1
            number = self.fails(name)
            if number is not None:
                if name == "close":
                    found(*arguments)  # the descriptor is gone whatever close() says
                raise OSError(number, os.strerror(number))
            return found(*arguments)

        return call

    def fail_always(self, name: str, number: int) -> None:
        self.fails = lambda call: number if call == name else None

    def fail_sometimes(self, chance: random.Random, share: float) -> None:
        self.fails = lambda call: chance.choice(ERRORS) if chance.random() < share else None

    def work(self) -> None:
        self.fails = lambda call: None
