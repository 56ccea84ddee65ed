"""The ticks of one reader: each renews the lease, fetches what is wanted now, and applies it."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from typing import Final

from django_logtail.control import ControlUnavailable, Note, Tick
from django_logtail.control.wants import Want
from django_logtail.reader.files import Files
from django_logtail.reader.flow import Flow
from django_logtail.reader.flows import Flows
from django_logtail.reader.lease import TICK_SECONDS, Lease
from django_logtail.reader.lifetime import Ending, Parts
from django_logtail.reader.ranges import Ranges
from django_logtail.reader.sources import Sources
from django_logtail.timing import pause

logger = logging.getLogger(__name__)

#: Seconds between ticks: nudges tell of everything that is posted, so that a tick only renews the lease, and finds what
#: a lost nudge would have told of. Ticks are the main cost of a reader of quiet logs.
RESTING_TICK_SECONDS: Final = 1.0
#: The shortest pause of a reader without a mailbox, when a flow has just run out of credit; pauses grow while it waits,
#: up to TICK_SECONDS. A reader with a mailbox is nudged when there is more.
STARVED_TICK_SECONDS: Final = 0.002
#: The longest pause while Redis does not answer.
FAILED_TICK_SECONDS: Final = 2.0
#: Seconds without a want after which the reader ends, so that a reloaded page finds it still running.
LINGER_SECONDS: Final = 10.0


class Ticks:
    """Keeps flows and ranges in step with the wants, until the lease is lost or nothing is wanted."""

    def __init__(
        self,
        lease: Lease,
        flows: Flows,
        files: Files,
        ranges: Ranges,
        sources: Sources,
        parts: Parts,
        clock: Callable[[], float],
    ) -> None:
        self._lease = lease
        self._flows = flows
        self._files = files
        self._ranges = ranges
        self._sources = sources
        self._parts = parts
        self._clock = clock
        self._idle_since: float | None = None
        self._is_unheard = False

    async def first(self) -> Ending | None:
        """Claim the lease; return why to end if another reader has it or nothing is wanted."""
        try:
            tick = await self._lease.tick(may_end=False, starting=True)
        except ControlUnavailable as error:
            logger.warning("reader on queue %s can't start: Redis: %s", self._lease.queue, error)
            return Ending.ORPHANED
        if not tick.holds:
            return _ending(tick)
        self._apply(tick)
        return None

    async def keep(self) -> Ending:
        """Tick on, until there is a reason to end."""
        failures = 0
        while True:
            seconds = self._pause_seconds()
            if failures:
                seconds = min(TICK_SECONDS * 2**failures, FAILED_TICK_SECONDS)
            await pause(seconds, unless=self._lease.tick_soon)
            self._lease.tick_soon.clear()
            try:
                tick = await self._lease.tick(may_end=self._may_end)
            except ControlUnavailable as error:
                failures = min(failures + 1, 5)
                if failures == 1:
                    logger.warning("reader on queue %s: Redis does not respond: %s", self._lease.queue, error)
                if self._lease.is_orphaned:
                    return Ending.ORPHANED
                continue
            if not tick.holds:
                return _ending(tick)
            failures = 0
            self._apply(tick)
            if self._is_unheard:
                self._is_unheard = False
                await self._lease.renew_sending()

    @property
    def _may_end(self) -> bool:
        return self._idle_since is not None and self._clock() - self._idle_since >= LINGER_SECONDS

    def _pause_seconds(self) -> float:
        flows = self._flows
        if not flows.starved:
            return RESTING_TICK_SECONDS
        if self._lease.is_nudged:
            return TICK_SECONDS
        waited = self._clock() - max(flows.starved.values())
        return min(TICK_SECONDS, max(STARVED_TICK_SECONDS, waited / 4))

    def _apply(self, tick: Tick) -> None:
        gone = {*self._flows.members(), *self._ranges.members()} - tick.changed.keys()
        for member in gone if tick.is_full else ():
            self._take_or_fail(member, None)
        for member, want in tick.changed.items():
            self._take_or_fail(member, want)
        if tick.stops != self._sources.stops:
            self._sources.stops = tick.stops
            for flow in self._flows:
                with self._own_errors(flow):
                    self._files.obey_stop(flow)
        for note in tick.notes:
            self._pass_on(note)
        if self._flows or self._ranges:
            self._idle_since = None
        elif self._idle_since is None:
            self._idle_since = self._clock()

    def _take_or_fail(self, member: str, want: Want | None) -> None:
        """Apply a want; an error in it does not affect the others."""
        try:
            self._take(member, want)
        except Exception as error:  # noqa: BLE001 - any error affects only this want
            if (flow := self._flows.get(member)) is not None:
                self._files.fail(flow, error)
            else:
                self._parts.failed(f"a want of log {want.log if want is not None else member!r}", error)

    @contextlib.contextmanager
    def _own_errors(self, flow: Flow) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # noqa: BLE001 - as above
            self._files.fail(flow, error)

    def _take(self, member: str, want: Want | None) -> None:
        if want is None:
            self._drop(member)
        elif want.is_history:
            self._ranges.answer(want)
        elif (flow := self._flows.get(member)) is None or _is_another(flow.want, want):
            self._drop(member)
            flow = self._flows.begin(want)
            self._files.obey_stop(flow)
            self._files.open_soon(flow)
        else:
            self._serve_on(flow, want)

    def _serve_on(self, flow: Flow, want: Want) -> None:
        """A want being served has changed: rewind to its new position, or use its new credit."""
        # Another mailbox: the want's owner received nothing in the old one, or lost its connection.
        self._is_unheard |= want.mailbox != flow.want.mailbox
        is_new_serial = want.serial != flow.want.serial
        flow.want = want
        if is_new_serial:
            flow.start_over()
            if flow.poll_task is not None:
                flow.must_rewind = True
            elif flow.follower is not None:
                self._files.rewind(flow, flow.follower)
        elif flow.follower is not None and flow.poll_task is None and want.position is not None:
            flow.follower.release(flow.seals.open_place(want.position))
        if self._flows.starved.pop(flow.member, None) is not None:
            flow.not_before = 0.0  # it waited for credit, not for its round
        self._flows.changed(flow)
        self._flows.hint(flow)

    def _drop(self, member: str) -> None:
        self._ranges.drop(member)
        flow = self._flows.drop(member)
        if flow is not None:
            self._files.close_file(flow)

    def _pass_on(self, note: Note) -> None:
        """Put a note from outside into the stream of every flow it is for, at the stream's current place."""
        for flow in self._flows:
            if note.log in ("*", flow.want.log, self._sources.parent_of(flow.want.log) or None):
                with self._own_errors(flow):
                    flow.put_note(note.text, note.level, note.at)
                    self._flows.changed(flow)
                    self._flows.hint(flow)


def _ending(tick: Tick) -> Ending:
    return Ending.IDLE if tick.ended else Ending.LOST


def _is_another(old: Want, new: Want) -> bool:
    """Whether what is open belongs to another revision of the log's row, or shows what the new want must not get."""
    return old.revision != new.revision or bool(old.original_until) != bool(new.original_until)
