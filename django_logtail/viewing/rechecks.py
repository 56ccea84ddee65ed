"""Whether viewers who were let in may stay: their access is looked up repeatedly, one after the other.

There is one round for the process, not a loop for each viewer: viewers with the same session and log share a decision,
all lookups share a database connection, and they are spread over the interval. A viewer's request is served on a
decision from the last second.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
import random
import time
import uuid
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final, NamedTuple, TypeVar

from django.db import DatabaseError, connections

from django_logtail.access import Ended, admit
from django_logtail.conf import conf
from django_logtail.lookups import Lookups
from django_logtail.models import Log
from django_logtail.rights import Right
from django_logtail.tailing.reasons import reason
from django_logtail.timing import Supervisor, pause, time_limit
from django_logtail.viewing.changes import HEAR_SECONDS, Hearing, ended_by, is_concerned

T = TypeVar("T")

#: Seconds between lookups of a viewer's session and permission, and the share of it by which they vary.
ADMIT_SECONDS: Final = 15.0
JITTER: Final = 0.2
#: Seconds from a failed lookup to the next; if that fails too, its viewers must leave.
RETRY_SECONDS: Final = ADMIT_SECONDS * (1 - JITTER)
#: Seconds a lookup may take: a database that is cut off doesn't respond for a quarter of an hour, and a crowd that
#: arrives at once waits for some seconds. Together with the above, viewers who must leave do so within 90 s.
ANSWER_SECONDS: Final = 30.0
#: Seconds before they are due that lookups are made together with one that is due, and how many at most: their rows are
#: fetched at once.
AHEAD_SECONDS: Final = 1.0
MOST_TOGETHER: Final = 100
#: Seconds after which the rest waits for the next round, so that decisions are made on what was fetched just now.
TOGETHER_SECONDS: Final = 0.1
#: Seconds for which a decision also serves the viewer's other requests.
FRESH_SECONDS: Final = 1.0
#: Somebody is waiting for the answer: it goes before everything due, and before what a slow host is late with.
AT_ONCE: Final = float("-inf")
#: Outdated entries in the list of what is due, before the list is tidied up.
LISTED: Final = 64
#: Seconds after which lookups use a new database connection, even if the old one works.
CONNECTION_SECONDS: Final = 60.0


class Who(NamedTuple):
    """Whose access to which log is decided."""

    user_id: str
    session_key: str
    slug: str


class Changed(Exception):
    """The log's row has changed since the viewer was let in."""


class RightLost(Changed):
    """The viewer lost a right without which the viewing can't go on."""


class Stay:
    """A viewer let in for one revision of a log. `lost` is set, with the reason, when they may not stay."""

    def __init__(self, rounds: Rounds, decision: _Decision, log: Log) -> None:
        #: The viewing's name, by which staff can end it: random, and never used again.
        self.session = uuid.uuid4().hex[:12]
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._rounds = rounds
        self._decision = decision
        self._log = log
        self._needed: frozenset[Right] = frozenset()

    def needs(self, right: Right) -> None:
        """From now on, the viewing ends with this right."""
        self._needed |= {right}
        if right not in self._log.rights:
            self.lose(RightLost())

    async def until_lost(self) -> None:
        """Does not return. Raises `Refused`, `Changed` or `DatabaseError`."""
        await asyncio.shield(self.lost)

    async def during(self, work: Coroutine[Any, Any, T]) -> T:
        """What the work returns. If they may not stay, it is cancelled, and this raises what `until_lost` raises."""
        task = asyncio.ensure_future(work)
        try:
            watched: set[asyncio.Future[Any]] = {task, self.lost}
            await asyncio.wait(watched, return_when=asyncio.FIRST_COMPLETED)
            if self.lost.done():
                self.lost.result()
            return await task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def admit(self, seconds: float = FRESH_SECONDS) -> Log:
        """The log, if they may still see it, on a decision at most `seconds` old. Raises what `until_lost` raises."""
        return await self._rounds.decided(self._decision, self, seconds)

    def tell(self, outcome: Log | Exception) -> None:
        """Take note of a decision."""
        if self.lost.done():
            return
        if isinstance(outcome, Exception):
            self.lose(outcome)
        elif outcome.revision != self._log.revision:
            self.lose(Changed(reason("changed")))
        elif not self._needed <= outcome.rights:
            self.lose(RightLost())
        else:
            # No longer staff, say: continues, but sees and may do less.
            self._log.sees_host, self._log.rights = outcome.sees_host, outcome.rights
            self._log.recent_rights = outcome.recent_rights

    def lose(self, error: Exception) -> None:
        """Make them leave, for this reason."""
        if self.lost.done():
            return
        self.lost.set_exception(error)
        self.lost.exception()  # there may be nobody waiting for it


class _Decision:
    """The decision about one session and log, for all of their viewers."""

    def __init__(self, who: Who, log: Log, now: float) -> None:
        self.who = who
        self.log = log
        self.decided_at = now
        #: None while it is being looked up; then when it was due.
        self.due_at: float | None = 0.0
        self.was_due_at = 0.0
        #: When the current series of failed lookups began.
        self.failed_at: float | None = None
        self.stays: set[Stay] = set()
        self.asked: asyncio.Future[None] | None = None
        #: Whether something has changed since the current lookup began.
        self.is_stale = False


class Rounds:
    """The decisions of one event loop.

    `look` returns the outcomes for the first of those it is given, at least for one. It is called once at a time, and
    cancelled when it takes too long.
    `rest` is called when there is nobody left to look up. `hear` returns the changes that other processes have told.
    """

    def __init__(
        self,
        look: Callable[[Sequence[Who]], Awaitable[Sequence[Log | Exception]]],
        *,
        rest: Callable[[], None] = lambda: None,
        hear: Callable[[], Awaitable[Collection[str]]] | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._look = look
        self._rest = rest
        self._hear = hear
        self._chance = chance
        self._loop = asyncio.get_running_loop()
        self._decisions: dict[Who, _Decision] = {}
        self._due: list[tuple[float, int, _Decision]] = []
        self._numbers = itertools.count()
        self._sooner = asyncio.Event()
        self._supervisor = Supervisor("web process")
        self._task: asyncio.Task[None] | None = None
        self._hearing: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._decisions)

    @contextlib.contextmanager
    def kept(self, who: Who, log: Log) -> Iterator[Stay]:
        """While the block runs, look up whether `who`, just let in for this state of the log, may stay."""
        decision = self._decisions.get(who)
        if decision is None:
            decision = self._decisions[who] = _Decision(who, log, self._loop.time())
            self._schedule(decision, self._interval())
        stay = Stay(self, decision, log)
        decision.stays.add(stay)
        if self._task is None or self._task.done():
            self._task = self._supervisor.keep("re-checking access", self._run)
        if self._hear is not None and (self._hearing is None or self._hearing.done()):
            hearing = partial(self._keep_hearing, self._hear)
            self._hearing = self._supervisor.keep("hearing of changes of access", hearing)
        try:
            yield stay
        finally:
            decision.stays.discard(stay)
            if not decision.stays and self._decisions.get(who) is decision:
                del self._decisions[who]
                self._forget()
                self._sooner.set()

    async def decided(self, decision: _Decision, stay: Stay, seconds: float) -> Log:
        """The log as it was at most `seconds` ago. Raises the reason why the stay was lost, and `DatabaseError`."""
        if self._loop.time() - decision.decided_at > seconds and not stay.lost.done():
            if decision.asked is None:
                decision.asked = self._loop.create_future()
                self._schedule(decision, AT_ONCE)
                self._sooner.set()
            await asyncio.shield(decision.asked)
        if stay.lost.done():
            stay.lost.result()
        return decision.log

    def stale(self, concerns: Callable[[Who], bool]) -> None:
        """Discard the decisions about these, and look them up now. From any thread."""
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._stale, concerns)

    def end(self, sessions: Collection[str], note: str) -> None:
        """End the viewings of these names. From any thread."""
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._end, frozenset(sessions), note)

    def _end(self, sessions: frozenset[str], note: str) -> None:
        for decision in self._decisions.values():
            for stay in decision.stays:
                if stay.session in sessions:
                    stay.lose(Ended(note))

    def _stale(self, concerns: Callable[[Who], bool]) -> None:
        for who, decision in self._decisions.items():
            if concerns(who):
                decision.decided_at = float("-inf")
                decision.is_stale = True
                self._schedule(decision, 0.0)
        self._sooner.set()

    def _interval(self) -> float:
        return ADMIT_SECONDS * (1 - JITTER + 2 * JITTER * self._chance())

    def _schedule(self, decision: _Decision, seconds: float) -> None:
        self._put(decision, self._loop.time() + seconds)

    def _put(self, decision: _Decision, due_at: float) -> None:
        decision.due_at = due_at
        heapq.heappush(self._due, (due_at, next(self._numbers), decision))

    def _forget(self) -> None:
        """Forget entries of viewers who left, and all but a few that were postponed."""
        if not self._decisions:
            self._due = []
        elif len(self._due) > 2 * len(self._decisions) + LISTED:
            self._due = [entry for entry in self._due if entry[2].stays and entry[0] == entry[2].due_at]
            heapq.heapify(self._due)

    def _due_together(self) -> list[_Decision]:
        """Take the one that is due, and others that are due now or soon."""
        due, ahead = list[_Decision](), 0.0
        while len(due) < MOST_TOGETHER and (decision := self._next_due(ahead)) is not None:
            decision.is_stale = False
            due.append(decision)
            ahead = AHEAD_SECONDS
        return due

    def _next_due(self, ahead: float = 0.0) -> _Decision | None:
        """Take the one that is due first, in so many seconds at the latest, from the list."""
        while self._due:
            due_at, _, decision = self._due[0]
            if due_at == decision.due_at and decision.stays:
                if due_at > self._loop.time() + ahead:
                    return None
                heapq.heappop(self._due)
                decision.due_at, decision.was_due_at = None, due_at
                return decision
            heapq.heappop(self._due)  # it was rescheduled, or nobody is left
        return None

    async def _run(self) -> None:
        """One round of lookups after the other, as long as there are viewers."""
        while self._decisions:
            self._sooner.clear()
            due = self._due_together()
            if not due:
                seconds = self._due[0][0] - self._loop.time() if self._due else ADMIT_SECONDS
                await pause(max(0.0, seconds), unless=self._sooner)
                continue
            try:
                async with time_limit(ANSWER_SECONDS):
                    outcomes = await self._look([decision.who for decision in due])
            except asyncio.TimeoutError:
                self._no_answer(due)
                continue
            except Exception as error:  # noqa: BLE001 - the database, or a bug: affects only these viewers
                outcomes = [error] * len(due)
            for decision, outcome in zip(due, outcomes, strict=False):
                self._decide(decision, outcome)
            for decision in due[len(outcomes) :]:
                if decision.due_at is None:
                    self._put(decision, decision.was_due_at)
        self._rest()

    async def _keep_hearing(self, hear: Callable[[], Awaitable[Collection[str]]]) -> None:
        """Look up at once whom a change in another process concerns, as long as there are viewers."""
        while self._decisions:
            for change in await hear():
                if (ended := ended_by(change)) is None:
                    self._stale(partial(_concerns, change))
                else:
                    self._end(frozenset(ended[0]), ended[1])
            await asyncio.sleep(HEAR_SECONDS)

    def _no_answer(self, due: list[_Decision]) -> None:
        """Viewers that became due in the meantime have waited in vain just as long."""
        error = DatabaseError(f"no answer within {ANSWER_SECONDS:.0f} s")
        for decision in due:
            self._decide(decision, error)
        while (other := self._next_due()) is not None:
            self._decide(other, error)

    def _decide(self, decision: _Decision, outcome: Log | Exception) -> None:
        now = self._loop.time()
        if decision.is_stale and isinstance(outcome, Log):
            self._schedule(decision, AT_ONCE)  # it may have been made on what has changed meanwhile
            return
        asked, decision.asked = decision.asked, None
        if isinstance(outcome, DatabaseError):
            first = decision.failed_at
            if first is None:
                first = decision.failed_at = now
            if now - first < RETRY_SECONDS:
                self._schedule(decision, first + RETRY_SECONDS - now)
                if asked is not None:
                    asked.set_exception(outcome)
                    asked.exception()
                return
        decision.failed_at = None
        decision.decided_at = now
        if isinstance(outcome, Log):
            decision.log = outcome
        self._schedule(decision, self._interval())
        for stay in list(decision.stays):
            try:
                stay.tell(outcome)
            except Exception as error:  # noqa: BLE001 - reported; viewers that it could not reach may not stay
                self._supervisor.failed("telling viewers of a decision", error)
                stay.lose(error)
        if asked is not None:
            asked.set_result(None)


class Looks:
    """Lookups in the database, in a thread of their own and over one lasting connection."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._thread = _thread()
        self._opened_at: float | None = None

    async def __call__(self, whos: Sequence[Who]) -> Sequence[Log | Exception]:
        """What `access.admit` returns or raises for the first of them. Raises `DatabaseError`."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, self.look, whos)
        except asyncio.CancelledError:  # that thread may be stuck for a quarter of an hour
            self._thread.shutdown(wait=False)
            self._thread, self._opened_at = _thread(), None
            raise

    def rest(self) -> None:
        """Close the connection while there is nothing to look up."""
        self._thread.submit(self._close)

    def look(self, whos: Sequence[Who]) -> Sequence[Log | Exception]:
        """Look up, in the thread."""
        if self._opened_at is None or self._clock() - self._opened_at >= CONNECTION_SECONDS:
            self._close()
        is_new = self._opened_at is None
        if is_new:
            self._opened_at = self._clock()
        try:
            return self._outcomes(whos)
        except DatabaseError:
            self._close()
            if is_new:
                raise
        return self._outcomes(whos)  # the connection may have been cut while it was idle

    def _outcomes(self, whos: Sequence[Who]) -> Sequence[Log | Exception]:
        """Raises `DatabaseError` if there is none at all."""
        began, found = self._clock(), list[Log | Exception]()
        lookups = Lookups([who.session_key for who in whos])
        for who in whos:
            try:
                found.append(_admitted(who, lookups))
            except DatabaseError:
                if not found:
                    raise
                break
            except Exception as error:  # noqa: BLE001 - what the host's policy raises affects only these viewers
                found.append(error)
            if self._clock() - began >= TOGETHER_SECONDS:
                break
        return found

    def _close(self) -> None:
        self._opened_at = None
        for connection in connections.all(initialized_only=True):
            connection.close()


def _concerns(change: str, who: Who) -> bool:
    return is_concerned(change, who.user_id, who.slug)


def _admitted(who: Who, lookups: Lookups) -> Log:
    """Raises what `access.admit` raises."""
    return admit(
        user_id=who.user_id, session_key=who.session_key, slug=who.slug, joined=True, lookups=lookups
    )[1]


def _thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="logtail-rounds")


_rounds: dict[asyncio.AbstractEventLoop, Rounds] = {}


def rounds_here() -> Rounds:
    """The rounds of the running event loop."""
    loop = asyncio.get_running_loop()
    for old in [old for old in _rounds if old.is_closed()]:
        del _rounds[old]
    if loop not in _rounds:
        looks = Looks()
        # A reader in this process has no server through which others could tell.
        hear = None if conf.READER == "local" else Hearing().news
        _rounds[loop] = Rounds(looks, rest=looks.rest, hear=hear)
    return _rounds[loop]


def stale_everywhere(change: str) -> None:
    """Look up now whom the change concerns, in every event loop of this process. From any thread."""
    for rounds in list(_rounds.values()):
        rounds.stale(partial(_concerns, change))


def end_here(sessions: Collection[str], note: str) -> None:
    """End the viewings of these names, in every event loop of this process. From any thread."""
    for rounds in list(_rounds.values()):
        rounds.end(sessions, note)
