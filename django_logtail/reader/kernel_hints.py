"""What the kernel tells of files that changed, taken as the event loop goes."""

from __future__ import annotations

import asyncio
from typing import Final

from django_logtail.tailing import FollowerSet

#: Seconds between looks at the event source: writers that write 5,000 times a second must not wake us as often.
HINT_SECONDS: Final = 0.002


class Hints:
    """Makes followers due as the event source of their set says so, and sets `hinted` then."""

    def __init__(self, followers: FollowerSet, hinted: asyncio.Event) -> None:
        self._followers = followers
        self._hinted = hinted
        self._is_closed = False

    def watch(self) -> None:
        """Have the event loop wait for the event source, if there is one."""
        descriptor = self._followers.fileno()
        if descriptor is not None and not self._is_closed:
            asyncio.get_running_loop().add_reader(descriptor, self._take)

    def close(self) -> None:
        """Wait for it no more. The event source is the set's to close."""
        self._is_closed = True
        self._unwatch()

    def _take(self) -> None:
        self._followers.read_hints()
        self._hinted.set()
        self._unwatch()
        asyncio.get_running_loop().call_later(HINT_SECONDS, self.watch)

    def _unwatch(self) -> None:
        descriptor = self._followers.fileno()
        if descriptor is not None:
            asyncio.get_running_loop().remove_reader(descriptor)
