"""Opens, re-checks and closes the files of flows.

The first look at a file, and every look at one on a network file system, happens outside the event loop: the disk may
be slow, or the file server gone.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import Callable
from typing import Final

from django.db import Error as DatabaseError

from django_logtail.protocol import MAX_BATCH_BYTES
from django_logtail.reader.flow import Flow
from django_logtail.reader.flows import Flows
from django_logtail.reader.lifetime import Parts
from django_logtail.reader.limits import Limits
from django_logtail.reader.redacting import LiveRedaction, OriginalOver, rules_differ, why_failed
from django_logtail.reader.slow_files import PollThreads
from django_logtail.reader.sources import (
    CHANGED,
    FED_BY_US,
    NOT_REGISTERED,
    ORIGINAL_OVER,
    Source,
    Sources,
    is_fed_by_us,
)
from django_logtail.redaction.rules import RuleFailed
from django_logtail.tailing import Follower, FollowerSet, Item, LastLines, Resume
from django_logtail.tailing.reasons import in_full, reason
from django_logtail.timing import TokenBucket

logger = logging.getLogger(__name__)

#: Seconds between checks of the registry, for logs that were disabled, moved or re-routed.
REGISTRY_SECONDS: Final = 15.0
#: The reason for a row whose path no file can have.
NUL_IN_PATH: Final = reason("nul-in-path")
#: Bytes of backlog that one new flow reads at most.
BACKLOG_BYTES: Final = 256 * 1024


class Files:
    """Gives each flow a follower, as far as the registry, the stop flag and the limits allow.

    `permit` decides about an open descriptor. `budget` is what all flows together may read. Opens the event source, so
    call `close`.
    """

    def __init__(
        self,
        flows: Flows,
        sources: Sources,
        parts: Parts,
        *,
        permit: Callable[[int], str | None],
        limits: Limits,
        budget: TokenBucket,
        clock: Callable[[], float],
    ) -> None:
        #: The followers whose first look is done.
        self.followers = FollowerSet()
        self._poll_threads = PollThreads()
        self._flows = flows
        self._sources = sources
        self._parts = parts
        self._permit = permit
        self._limits = limits
        self._budget = budget
        self._clock = clock

    # -- opening and closing -----------------------------------------------------------------------

    def open_soon(self, flow: Flow) -> None:
        """Look up the flow's log and open its file, unless the stop flag forbids it."""
        if not flow.is_opening and not flow.is_stopped:
            flow.is_opening = True
            opening = self._parts.start_task(f"opening log {flow.want.log}", self._open_or_fail(flow))
            opening.add_done_callback(lambda _: self._flows.may_have_moved(flow))

    def close_file(self, flow: Flow) -> None:
        """Close what the flow has open; a read running in a thread closes it when it returns."""
        if flow.follower is not None:
            self.followers.remove(flow.member)
            flow.is_watched = False
            flow.stands_at = flow.follower.position
            if flow.poll_task is None:
                flow.follower.close()
            flow.follower = None

    def fail(self, flow: Flow, error: Exception) -> None:
        """Something went wrong that affects only this flow: its log says so and is reopened later."""
        rule = f", rule {error.rule}" if isinstance(error, RuleFailed) else ""
        self._parts.failed(f"log {flow.want.log}{rule}", error)
        flow.is_opening, flow.has_failed = False, True
        flow.outbox.clear()
        flow.trouble = _trouble(error)
        if self._flows.get(flow.member) is flow:
            self._flows.changed(flow)
        try:
            self.close_file(flow)
        except Exception as again:  # noqa: BLE001 - as above
            self._parts.failed(f"closing log {flow.want.log}", again)
            flow.follower, flow.is_watched = None, False

    def rewind(self, flow: Flow, follower: Follower) -> bool:
        """Move the flow's follower to the want's position; False: its files are being reopened for that."""
        position = flow.position
        if position is not None and follower.rewind(position, flow.late):
            return True
        self.close_file(flow)
        flow.stands_at = None
        self.open_soon(flow)
        return False

    def obey_stop(self, flow: Flow) -> None:
        """Close the flow's file, or open it again, according to the stop flag."""
        stopped = self._sources.stop_reason(flow.want.log)
        if stopped is not None:
            if not flow.is_stopped:
                logger.info("stop flag: closing log %s (%s)", flow.want.log, in_full(stopped))
            flow.trouble = ("stopped", stopped)
            self._flows.changed(flow)
            self.close_file(flow)
        elif flow.is_stopped:
            flow.trouble = None
            self._flows.changed(flow)
            self.open_soon(flow)

    async def keep(self) -> None:
        """Keep closing what the registry no longer names, and opening what it names now."""
        is_away = False
        while True:
            await asyncio.sleep(REGISTRY_SECONDS)
            flows = [flow for flow in self._flows if not flow.is_opening]
            if not flows:
                continue
            try:
                sources = await self._sources.look_up_each({flow.want.log for flow in flows})
            except DatabaseError as error:
                if not is_away:
                    logger.warning("the database query failed, so files stay as they are: %s", error)
                is_away = True
                continue
            is_away = False
            for flow in flows:
                found = sources[flow.want.log]
                if isinstance(found, Exception):
                    self.fail(flow, found)
                elif flow.has_failed or flow.source != found or found is None:
                    self.close_file(flow)
                    self.open_soon(flow)

    def close(self) -> None:
        """Close every file, and the event source."""
        for flow in self._flows:
            try:
                self.close_file(flow)
            except Exception as error:  # noqa: BLE001 - the other files must still be closed
                self._parts.failed(f"closing log {flow.want.log}", error)
        self.followers.close()
        self._poll_threads.close()

    async def _open_or_fail(self, flow: Flow) -> None:
        try:
            await self._open(flow)
        except Exception as error:  # noqa: BLE001 - any error affects only this log
            self.fail(flow, error)

    async def _open(self, flow: Flow) -> None:
        try:
            source = (await self._sources.look_up([flow.want.log])).get(flow.want.log)
        except DatabaseError as error:
            logger.warning("log %s: the database query failed: %s", flow.want.log, error)
            flow.trouble = ("unreadable", self._why_no_registry(error))
            flow.is_opening = False
            return
        flow.is_opening = flow.has_failed = False
        if self._flows.get(flow.member) is not flow or flow.follower is not None:
            return
        if source is not None and source.revision != flow.want.revision:
            flow.source, flow.trouble = None, ("changed", CHANGED)
            self._flows.changed(flow)
            return
        flow.source = source
        if source is None:
            flow.trouble = ("unreadable", NOT_REGISTERED)
            return
        if refusal := source.refusal or rules_differ(flow.want.rules):
            flow.trouble = ("refused", refusal)
            return
        if (stopped := self._sources.stop_reason(flow.want.log)) is not None:
            flow.trouble = ("stopped", stopped)
            return
        flow.trouble = self._over_limits()
        if flow.trouble is not None:
            flow.source = None  # so that the next check of the registry opens it, if there is room by then
            return
        if "\0" in str(source.path):  # a row that was never validated
            flow.trouble = ("unreadable", NUL_IN_PATH)
            return
        try:
            self._follow(flow, source)
        except LookupError:  # a row that was never validated
            flow.trouble = ("unreadable", reason("bad-encoding", encoding=source.encoding))

    def _why_no_registry(self, error: DatabaseError) -> str:
        # A database's client that has no descriptor left says only that it can't open something.
        if not self._limits.has_file_to_spare():
            return reason("process-files", count=self._limits.process_files)
        return reason("no-registry", host=socket.gethostname(), error=str(error))

    def _follow(self, flow: Flow, source: Source) -> None:
        position = flow.stands_at or flow.position
        start = LastLines(flow.want.lines, BACKLOG_BYTES) if position is None else Resume(position)
        flow.budgets = (
            (
                TokenBucket(self._limits.bytes_per_second_per_log, self._clock()),
                "READ_BYTES_PER_SECOND_PER_LOG",
            ),
            (self._budget, "READ_BYTES_PER_SECOND"),
        )
        flow.must_rewind = False
        source = source.original if flow.want.original_until else source
        permit, redaction = source.permit(self._permit), source.redaction
        if redaction is not None:
            flow.redaction = LiveRedaction(redaction, source.encoding, source.belonging, permit)
        else:
            flow.redaction = None
        flow.follower = Follower(
            source.path,
            start,
            permit=permit,
            encoding=source.encoding,
            max_batch_bytes=MAX_BATCH_BYTES,
            belonging=source.belonging,
        )
        self.look_in_thread(flow, flow.follower)

    def _over_limits(self) -> tuple[str, str] | None:
        """The state and reason, naming the setting, if no further file may be opened; otherwise None."""
        followers = [flow.follower for flow in self._flows if flow.follower is not None]
        if len(followers) >= self._limits.logs:
            return "unreadable", reason("too-many-logs", count=len(followers))
        if len(followers) * 2 > self._limits.open_files // 2:  # only then is it worth counting
            count = sum(len(follower.descriptors()) for follower in followers)
            if count >= self._limits.open_files:
                return "unreadable", reason("too-many-files", count=count)
        opening = sum(flow.follower is not None and not flow.is_watched for flow in self._flows)
        if not self._limits.has_file_to_spare(opening):
            return "unreadable", reason("process-files", count=self._limits.process_files)
        return None

    # -- looking in threads -----------------------------------------------------------------------------

    def look_in_thread(self, flow: Flow, follower: Follower) -> None:
        """Poll the flow's follower in a thread, one poll per flow at a time."""
        flow.poll_task = self._parts.start_task(
            f"looking at log {flow.want.log}", self._look_in_thread_or_fail(flow, follower)
        )

    async def _look_in_thread_or_fail(self, flow: Flow, follower: Follower) -> None:
        try:
            await self._look_in_thread(flow, follower)
        except Exception as error:  # noqa: BLE001 - any error affects only this log
            flow.poll_task = None
            if flow.follower is follower:
                self.fail(flow, error)
            else:
                self._parts.failed(f"log {flow.want.log}", error)

    async def _look_in_thread(self, flow: Flow, follower: Follower) -> None:
        serial, now = flow.want.serial, self._clock()
        items = await self._poll_threads.poll(
            follower, now, flow.turn_bytes, lambda seconds: self._say_stalled(flow, follower, seconds)
        )
        if flow.redaction is not None:
            await self._poll_threads.run(flow.redaction.prepare, items, follower)
        flow.poll_task = None
        if flow.follower is not follower:  # closed in the meantime, perhaps opened again
            follower.close()
            return
        if flow.trouble is not None and flow.trouble[0] == "stalled":
            flow.trouble = None
            self._flows.changed(flow)
        if flow.must_rewind or serial != flow.want.serial:
            flow.must_rewind = False
            items = []
            if not self.rewind(flow, follower):
                return
        self._take_in(flow, follower, items, now)

    def _take_in(self, flow: Flow, follower: Follower, items: list[Item], now: float) -> None:
        """Take in what a poll in a thread emitted; after the first one, watch the follower's file."""
        is_first = not flow.is_watched
        if is_first:
            flow.is_watched = True
            self.followers.add(flow.member, follower)  # and look again for changes before it was watched
        else:
            self.followers.polled(flow.member, now)
        self._flows.put(flow, items)
        if is_first and flow.source is not None and is_fed_by_us(follower.path):
            flow.put_note(FED_BY_US, "info", time.time())
            self._flows.changed(flow)
        self._flows.hint(flow)

    def _say_stalled(self, flow: Flow, follower: Follower, seconds: float) -> None:
        if flow.follower is follower:
            logger.warning("log %s: its file system has not responded for %.0f s", flow.want.log, seconds)
            flow.trouble = ("stalled", reason("silent-file-system", seconds=round(seconds)))
            self._flows.changed(flow)


def _trouble(error: Exception) -> tuple[str, str]:
    """State and reason of a flow that can't go on."""
    match error:
        case RuleFailed():
            return "refused", why_failed(error)
        case OriginalOver():
            return "refused", ORIGINAL_OVER
        case _:
            return "unreadable", reason("log-failed", error=type(error).__name__)
