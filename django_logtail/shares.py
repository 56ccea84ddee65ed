"""What each user may spend, and whose turn is next: by user, not first come, first served. Depends only on asyncio.

A user is a string; "" stands for all work that names no user.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from typing import Any, Final, Generic, TypeVar

from django_logtail.timing import TokenBucket

T = TypeVar("T")

#: Seconds that a user waits at least after spending a share: shorter pauses cost more than they gain.
LEAST_WAIT_SECONDS: Final = 0.002
#: Users to remember before those whose share is full again are dropped.
REMEMBERED: Final = 256


class Shares:
    """A rate per second for each user and one for all users together; up to one second's worth accumulates.

    It may count bytes, requests, or microseconds of a processor. Waiting users are served in turn: one with a thousand
    requests waits for the others after each of them. Belongs to the event loop it is used in.
    """

    def __init__(
        self, per_user: int, in_all: int | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.per_user = per_user
        self.in_all = in_all
        self._clock = clock
        self._all = None if in_all is None else TokenBucket(in_all, clock())
        self._turn = asyncio.Lock()
        self._accounts: dict[str, _Account] = {}

    async def turn(self, user: str, least: int = 1) -> bool:
        """Wait until the user, and all together, can spend this much. Returns whether there was a wait."""
        account = self._account(user)
        account.waiting += 1
        try:
            async with account.turn:  # only one request per user competes with other users
                waited = await self._until(account.bucket, least)
                if self._all is not None:
                    async with self._turn:
                        waited = await self._until(self._all, least) or waited
                return waited
        finally:
            account.waiting -= 1

    def left(self, user: str) -> int:
        """What the user can spend now."""
        now, left = self._clock(), self._account(user).bucket.left(self._clock())
        return left if self._all is None else min(left, self._all.left(now))

    def spend(self, user: str, size: int) -> None:
        """Spend it, whether available or not: a shortfall becomes a debt."""
        self._account(user).bucket.spend(size)
        if self._all is not None:
            self._all.spend(size)

    async def _until(self, bucket: TokenBucket, least: int) -> bool:
        waited = False
        least = min(least, bucket.per_second)
        while bucket.left(self._clock()) < least:
            waited = True
            await asyncio.sleep(max(LEAST_WAIT_SECONDS, bucket.until(least)))
        return waited

    def _account(self, user: str) -> _Account:
        account = self._accounts.get(user)
        if account is None:
            if len(self._accounts) >= REMEMBERED:
                self._forget()
            account = self._accounts[user] = _Account(self.per_user, self._clock())
        return account

    def _forget(self) -> None:
        """Drop users whose share is full."""
        now = self._clock()
        self._accounts = {
            user: account
            for user, account in self._accounts.items()
            if account.waiting or account.bucket.left(now) < self.per_user
        }


class _Account:
    """One user's share."""

    def __init__(self, per_second: int, now: float) -> None:
        self.bucket = TokenBucket(per_second, now)
        self.turn = asyncio.Lock()
        self.waiting = 0


class Turns:
    """Limits how many work at a time; a free turn goes to the next user, not to the next request in line."""

    def __init__(self, most: int) -> None:
        self._free = most
        #: By user, the number of their last turn: the user with the oldest turn comes next.
        self._served: dict[str, int] = {}
        self._numbers = itertools.count()
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}

    @contextlib.asynccontextmanager
    async def of(self, user: str) -> AsyncIterator[None]:
        """One turn, for as long as the block runs."""
        await self._take(user)
        try:
            yield
        finally:
            self._free += 1
            self._give()

    async def _take(self, user: str) -> None:
        if self._free and not self._waiting:
            self._serve(user)
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(user, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # it had just been granted
                self._free += 1
            self._give()
            raise

    def _give(self) -> None:
        while self._free and self._waiting:
            user = min(self._waiting, key=lambda user: self._served.get(user, -1))
            line = self._waiting[user]
            turn = line.popleft()
            if not line:
                del self._waiting[user]
            if not turn.cancelled():
                self._serve(user)
                turn.set_result(None)

    def _serve(self, user: str) -> None:
        self._free -= 1
        self._served.pop(user, None)
        self._served[user] = next(self._numbers)
        if len(self._served) > REMEMBERED:
            del self._served[next(iter(self._served))]  # the user whose last turn is longest ago


class Places:
    """Limits how many requests of each user work at a time; a user at the limit waits for one of their own to end."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._users: dict[str, tuple[asyncio.Semaphore, int]] = {}

    @contextlib.asynccontextmanager
    async def of(self, user: str) -> AsyncIterator[None]:
        """One place, for as long as the block runs."""
        places, count = self._users.get(user) or (asyncio.Semaphore(self._most), 0)
        self._users[user] = places, count + 1
        try:
            async with places:
                yield
        finally:
            places, count = self._users.pop(user)
            if count > 1:
                self._users[user] = places, count - 1


class Charged(Generic[T]):
    """An awaitable that reports the processor time of each step to `spend`, in microseconds."""

    def __init__(
        self,
        work: Awaitable[T],
        spend: Callable[[int], None],
        *,
        clock: Callable[[], float] = time.thread_time,
    ) -> None:
        self._work = work
        self._spend = spend
        self._clock = clock

    def __await__(self) -> Generator[Any, Any, T]:
        steps = self._work.__await__()
        error: BaseException | None = None
        while True:
            began = self._clock()
            try:
                awaited = next(steps) if error is None else steps.throw(error)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
            finally:
                self._spend(int((self._clock() - began) * 1e6))
            error = None
            try:
                yield awaited
            except BaseException as thrown:  # noqa: BLE001 - from the awaiting code; meant for the work
                error = thrown


class Timed(Generic[T]):
    """Work for a thread, and its processor time in microseconds once it is done."""

    def __init__(self, work: Callable[[], T], *, clock: Callable[[], float] = time.thread_time) -> None:
        self.microseconds = 0
        self._work = work
        self._clock = clock

    def __call__(self) -> T:
        began = self._clock()
        try:
            return self._work()
        finally:
            self.microseconds = int((self._clock() - began) * 1e6)
