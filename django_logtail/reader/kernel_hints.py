"""The kernel's reports of changed files, received in the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from typing import Final

from django_logtail.tailing import FollowerSet

#: Seconds between reads of the event source, so that 5,000 writes a second don't wake us as often.
HINT_SECONDS: Final = 0.002


class Hints:
    """Makes followers due when the event source of their set reports a change, and sets `hinted`.

    `can_wait` tells of which ones that is no news: they are looked at by their round.
    """

    def __init__(
        self, followers: FollowerSet, hinted: asyncio.Event, can_wait: Callable[[Hashable], bool]
    ) -> None:
        self._followers = followers
        self._hinted = hinted
        self._can_wait = can_wait
        self._is_closed = False

    def watch(self) -> None:
        """Make the event loop wait for the event source, if there is one."""
        descriptor = self._followers.fileno()
        if descriptor is not None and not self._is_closed:
            asyncio.get_running_loop().add_reader(descriptor, self._take)

    def close(self) -> None:
        """Stop waiting for it. The set closes the event source."""
        self._is_closed = True
        self._unwatch()

    def _take(self) -> None:
        changed = self._followers.read_hints()
        if not (changed and all(map(self._can_wait, changed))):
            self._hinted.set()
        self._unwatch()
        asyncio.get_running_loop().call_later(HINT_SECONDS, self.watch)

    def _unwatch(self) -> None:
        descriptor = self._followers.fileno()
        if descriptor is not None:
            asyncio.get_running_loop().remove_reader(descriptor)
