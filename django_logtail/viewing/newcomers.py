"""Sockets whose client has not yet said who it is: how many there may be, in all and from one address."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from django_logtail.conf import conf


class TooManyNewcomers(Exception):
    """A limit is reached. The text names its setting."""


class Newcomers:
    """Those of this process. Keeps an address no longer than one of its sockets is new."""

    def __init__(self) -> None:
        self.by_address: dict[str, int] = {}
        self.total = 0

    @contextlib.contextmanager
    def counted(self, address: str) -> Iterator[None]:
        """One more while the block runs. Raises `TooManyNewcomers`.

        `address` "" is none: a server behind a Unix socket tells none, and then only the limit in all holds.
        """
        mine = self.by_address.get(address, 0)
        if self.total >= conf.MAX_NEW_SOCKETS:
            raise TooManyNewcomers(f'{self.total} sockets without a hello, LOGTAIL["MAX_NEW_SOCKETS"]')
        if address and mine >= conf.MAX_NEW_SOCKETS_PER_ADDRESS:
            raise TooManyNewcomers(f'{mine} sockets without a hello, LOGTAIL["MAX_NEW_SOCKETS_PER_ADDRESS"]')
        self.by_address[address] = mine + 1
        self.total += 1
        try:
            yield
        finally:
            self.total -= 1
            self.by_address[address] -= 1
            if not self.by_address[address]:
                del self.by_address[address]


newcomers = Newcomers()
