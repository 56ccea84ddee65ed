"""What this process wants from its readers, and which of it must be posted."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from django_logtail.control.messages import Message
from django_logtail.control.wants import Want
from django_logtail.timing import pause


class Wanted(Protocol):
    """The source of a want, which takes the reader's answers: a feed, or a request for history."""

    queue: str

    @property
    def lapses(self) -> bool:
        """Whether its want says until when it holds, so that each renewal must post it anew."""

    @property
    def member(self) -> str: ...
    def want(self, mailbox: str) -> Want: ...
    def take(self, message: Message) -> None: ...


@dataclass(frozen=True, slots=True)
class Post:
    """What to post to one queue: new and changed wants, members to renew, and members no longer wanted."""

    queue: str
    wants: list[Want]
    renewed: Collection[str]
    gone: list[str]


class Wants:
    """What is wanted, by member, and what has changed since the last post.

    `process` identifies this process to readers; `serials` numbers its wants.
    """

    def __init__(self, process: str) -> None:
        self.process = process
        self.serials = itertools.count(1)
        self.by_member: dict[str, Wanted] = {}
        self._changed: set[str] = set()
        #: Members no longer wanted, and their queues.
        self._dropped: dict[str, str] = {}
        #: What is being posted.
        self._taken: tuple[set[str], dict[str, str]] = (set(), {})
        self._post_now = asyncio.Event()

    @property
    def queues(self) -> set[str]:
        return {wanted.queue for wanted in self.by_member.values()}

    def add(self, wanted: Wanted) -> None:
        self.by_member[wanted.member] = wanted
        self._dropped.pop(wanted.member, None)
        self.post_soon([wanted.member])

    def drop(self, wanted: Wanted) -> None:
        if self.by_member.pop(wanted.member, None) is not None:
            self._dropped[wanted.member] = wanted.queue
            self._post_now.set()

    def post_soon(self, members: Iterable[str]) -> None:
        """Post these members soon, because they changed or were lost. Dropped members are left out."""
        self._changed |= self.by_member.keys() & members
        self._post_now.set()

    async def wait_for_change(self, seconds: float) -> None:
        """Return when there is something to post, or after the given seconds."""
        await pause(seconds, unless=self._post_now)
        self._post_now.clear()

    def posts(self, mailbox: str, is_renewed: Callable[[str], bool]) -> Iterator[Post]:
        """What to post now, one queue at a time, each in its current state. `is_renewed`: whether to renew all of a
        queue.

        Call `put_back` if one could not be posted.
        """
        changed, dropped = self._taken = self._changed, self._dropped
        self._changed, self._dropped = set(), {}
        for queue in self.queues | set(dropped.values()):
            mine = {member: wanted for member, wanted in self.by_member.items() if wanted.queue == queue}
            must_renew = is_renewed(queue)
            anew = changed | {member for member, wanted in mine.items() if must_renew and wanted.lapses}
            wants = [wanted.want(mailbox) for member, wanted in mine.items() if member in anew]
            renewed = mine.keys() - anew if must_renew else set()
            gone = [member for member, where in dropped.items() if where == queue]
            if wants or renewed or gone:
                yield Post(queue, wants, renewed, gone)

    def put_back(self) -> None:
        """The last `posts` did not all arrive: post them again. Posting twice does no harm."""
        changed, dropped = self._taken
        self._changed |= changed & self.by_member.keys()
        self._dropped.update({m: queue for m, queue in dropped.items() if m not in self.by_member})
