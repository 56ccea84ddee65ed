"""Sockets whose client has not identified itself yet: how many there may be, in total and per address.

One machine can use up all of these places with forged sessions. When they are used up, sessions are therefore looked
up, and signed-in users share the same number of places again.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import math
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

from django.db import close_old_connections

from django_logtail.access import session_user
from django_logtail.conf import conf
from django_logtail.timing import time_limit
from django_logtail.viewing.backoff import backoff

logger = logging.getLogger(__name__)

#: Seconds that looking up a session may take.
LOOK_SECONDS: Final = 1.0
#: Lookups running or waiting, in total and per address, so that a flood of handshakes doesn't become a flood of
#: queries.
MOST_LOOKS: Final = 64
MOST_LOOKS_PER_ADDRESS: Final = 16
#: The part of an IPv6 address that identifies a machine: it is given at least a /64, and may use each address in it.
NETWORK_BITS: Final = 64


class TooManyNewcomers(Exception):
    """A limit is reached, whose setting the text names; or too many handshakes failed.

    `retry_after`: seconds after which the client may try again; 0 if unknown.
    """

    def __init__(self, text: str, retry_after: float = 0.0) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class Newcomer(contextlib.ExitStack):
    """The place of a socket whose client has not identified itself yet, until it is closed.

    `client`: as which its failure counts, an address or a user.
    """

    client: str = ""


class Newcomers:
    """The newcomers of this process. An address is kept only while one of its sockets is new."""

    def __init__(self) -> None:
        self.by_address: dict[str, int] = {}
        #: By user, those for whom no place was left by address.
        self.by_user: dict[str, int] = {}
        self.total = 0

    async def let_in(self, address: str, session_key: str) -> Newcomer:
        """Count one more until what is returned is closed. Raises `TooManyNewcomers`.

        `address` is "" if unknown, as behind a Unix socket; then only the total limit applies.
        """
        place, machine = Newcomer(), machine_of(address)
        place.client = machine
        try:
            if not backoff.is_known(session_key):
                _wait_for(machine)
            place.enter_context(self._stranger(machine))
        except TooManyNewcomers:
            user = await looks.user(session_key, machine)
            if not user:
                raise
            place.client = f"user|{user}"
            _wait_for(place.client)
            place.enter_context(self._known(user))
        return place

    @contextlib.contextmanager
    def _stranger(self, machine: str) -> Iterator[None]:
        mine = self.by_address.get(machine, 0)
        if self.total >= conf.MAX_NEW_SOCKETS:
            raise TooManyNewcomers(f'{self.total} sockets without a hello, LOGTAIL["MAX_NEW_SOCKETS"]')
        if machine and mine >= conf.MAX_NEW_SOCKETS_PER_ADDRESS:
            raise TooManyNewcomers(f'{mine} sockets without a hello, LOGTAIL["MAX_NEW_SOCKETS_PER_ADDRESS"]')
        with self._one_more(self.by_address, machine):
            yield

    @contextlib.contextmanager
    def _known(self, user: str) -> Iterator[None]:
        mine = self.by_user.get(user, 0)
        if self.total >= 2 * conf.MAX_NEW_SOCKETS:
            raise TooManyNewcomers(f'{self.total} sockets without a hello, twice LOGTAIL["MAX_NEW_SOCKETS"]')
        if mine >= conf.MAX_VIEWERS_PER_USER:
            raise TooManyNewcomers(f'{mine} of one user without a hello, LOGTAIL["MAX_VIEWERS_PER_USER"]')
        with self._one_more(self.by_user, user):
            yield

    @contextlib.contextmanager
    def _one_more(self, counted: dict[str, int], key: str) -> Iterator[None]:
        counted[key] = counted.get(key, 0) + 1
        self.total += 1
        try:
            yield
        finally:
            self.total -= 1
            counted[key] -= 1
            if not counted[key]:
                del counted[key]


class Looks:
    """Looks up sessions in threads of its own, so that the project's views never wait."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="logtail-newcomers")
        self._lock = threading.Lock()
        self._under_way: Counter[str] = Counter()

    async def user(self, session_key: str, machine: str) -> str:
        """The session's user; "" if there is none, or it can't be determined now."""
        with self._lock:
            mine = self._under_way[machine] if machine else 0
            if self._under_way.total() >= MOST_LOOKS or mine >= MOST_LOOKS_PER_ADDRESS:
                return ""
            self._under_way[machine] += 1
        look = self._threads.submit(_user, session_key)
        look.add_done_callback(lambda look: self._ended(look, machine))
        try:
            async with time_limit(LOOK_SECONDS):
                # Never cancelled: a lookup that waits for a thread would no longer be counted, but still exist.
                return await asyncio.shield(asyncio.wrap_future(look))
        except asyncio.TimeoutError:
            return ""

    def _ended(self, look: Future[str], machine: str) -> None:
        with self._lock:
            self._under_way[machine] -= 1
            if not self._under_way[machine]:
                del self._under_way[machine]


def _user(session_key: str) -> str:
    close_old_connections()
    try:
        user = session_user(session_key)
        return "" if user is None else str(user.pk)
    except Exception as error:  # noqa: BLE001 - a session engine may raise anything; the page tries again
        logger.debug("can't look up a newcomer's session: %s", error)
        return ""
    finally:
        close_old_connections()


def _wait_for(client: str) -> None:
    """Raise `TooManyNewcomers` if the client's handshakes failed too often for another one now."""
    if seconds := backoff.seconds_left(client):
        raise TooManyNewcomers(f"next try in {math.ceil(seconds)} s", seconds)


def machine_of(address: str) -> str:
    """What counts as one machine: an IPv4 address, however it is written, or the network of an IPv6 address."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(found), NETWORK_BITS), strict=False))


newcomers = Newcomers()
looks = Looks()
