"""The web process's side of delivery: one `Relay` per event loop, one `Feed` per watched log.

A feed tracks this process's place in a log: viewers are cursors over its ring of recent items. It posts a want and
accepts only what continues exactly at its place; anything else makes it post the want again with a new serial. The
relay sends wants, receives messages, and notices when a reader falls silent.

    feeds, feed_viewer        which feed a viewer joins, and its handle on it
    feed                      this process's place in one log
    order, pace, telling      which item comes next; how much the reader may send; when viewers are told
    cursor, gap, ring, items  what to send one viewer next
    posting, requests         what is wanted from readers; requests for older content
    inbox, liveness           where messages arrive; which readers send them, and when they were last heard
    viewer_list               the viewers, for operators
    here                      the relay of an event loop
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import time
import uuid
from collections.abc import Callable, Collection, Coroutine
from typing import Any, Final

from django_logtail import redaction_rules
from django_logtail.control import VERSION, Control, ControlUnavailable, Posted, ReaderLease
from django_logtail.control.mailboxes import Mailboxes, MailboxUnavailable
from django_logtail.control.messages import (
    Answer,
    Batch,
    Echo,
    Event,
    Garbled,
    Heartbeat,
    Message,
    Nudge,
    Several,
    beats,
)
from django_logtail.control.process import in_thread
from django_logtail.control.wants import WANT_RENEWAL_SECONDS, Sought, Want
from django_logtail.place import Place
from django_logtail.promptness import Promptness
from django_logtail.relay.absence import LOOK_SECONDS, Absences, unsent_by
from django_logtail.relay.feeds import Feeds
from django_logtail.relay.inbox import Inbox
from django_logtail.relay.liveness import RETRY_SECONDS, SILENT_SECONDS, Readers
from django_logtail.relay.posting import Post, Wanted, Wants
from django_logtail.relay.requests import Request
from django_logtail.relay.turns import Turns
from django_logtail.relay.viewer_list import ViewerList
from django_logtail.tailing.reasons import reason
from django_logtail.timing import Supervisor, whereabouts

logger = logging.getLogger(__name__)

#: Seconds between introductions to other projects on the same Redis.
INTRODUCTION_SECONDS: Final = 600.0

#: Seconds that the tasks of a relay may take to end.
ENDING_SECONDS: Final = 5.0


class Relay:
    """One per process and event loop: a mailbox, the feeds, and the wants they post.

    `wake` sends a wake-up for a queue, or returns the reason why it can't; it may take a while and runs as a task.
    `promptness` paces what viewers are sent; without, they are sent everything at once. Call `start`, and `close` at
    the end.
    """

    def __init__(
        self,
        control: Control,
        mailboxes: Mailboxes,
        wake: Callable[[str], Coroutine[Any, Any, str | None]],
        *,
        clock: Callable[[], float] = time.monotonic,
        promptness: Promptness | None = None,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.process = uuid.uuid4().hex[:12]
        self.wants = Wants(self.process)
        self.readers = Readers()
        self.feeds = Feeds(self.wants, self.readers, clock, promptness, wall)
        self._wall = wall
        self.viewers = ViewerList(self.process, control)
        self._absences = Absences(control, clock)
        self.supervisor = Supervisor("relay")
        self.turns = Turns(self.supervisor.failed)
        self._inbox = Inbox(mailboxes, take=self._take, opened=self._post_feeds, keep=self.supervisor.keep)
        self._control = control
        self._losses = control.losses
        self._mailboxes = mailboxes
        self._wake = wake
        self._clock = clock
        self._renewed_at = 0.0
        #: By queue, why its reader can't send, and when that was last asked.
        self._unsent: dict[str, str] = {}
        self._asked_unsent_at = -math.inf

    def start(self) -> None:
        """Start what must run as long as the event loop does."""
        self._inbox.start()
        self.supervisor.keep("posting", self._post)
        self.supervisor.keep("measuring", self._measure)
        self.supervisor.keep("the list of viewers", self.viewers.report)
        self.supervisor.keep("the introduction to other projects", self._introduce)

    async def close(self) -> None:
        for task in await self.supervisor.close(ENDING_SECONDS):
            logger.error(
                "relay: %s did not end within %g s, at %s", task.get_name(), ENDING_SECONDS, whereabouts(task)
            )

    async def _introduce(self) -> None:
        while True:
            with contextlib.suppress(ControlUnavailable):
                await in_thread(self._control.introduce)
            await asyncio.sleep(INTRODUCTION_SECONDS)

    async def _measure(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            # In a method: a variable of this loop would keep the last feed and its ring after everybody left.
            self.feeds.measure()

    def request(
        self,
        log: str,
        queue: str,
        place: Place | None = None,
        *,
        end: int | None = None,
        before_lines: int | None = None,
        search: Sought | None = None,
        files: bool = False,
        moment: int | None = None,
        columns: int | None = None,
        since: int | None = None,
        until: int | None = None,
        user: str = "",
        revision: str = "",
        original_end: float = 0.0,
        waits: bool = True,
    ) -> Request:
        """Request bytes [place.offset, end), the lines that end there, the matching lines, the list of files, where a
        moment is, or the entries over time.

        `user`: the requester's primary key; `revision`: that of the log's row when they were admitted; `original_end`:
        until when they see the original, in seconds since the epoch, or 0. `waits`: for a reader to come; without it,
        the answer is `Failed` once viewers would be told that there is none.
        """
        want = Want(
            self.process,
            log,
            "range-" + uuid.uuid4().hex[:8],
            "",  # filled in when it is posted
            next(self.wants.serials),
            0,
            position=place,
            end=end,
            before_lines=before_lines,
            search=search,
            files=files,
            moment=moment,
            columns=columns,
            since=since,
            until=until,
            user=user,
            revision=revision,
            rules=redaction_rules.digest(),
        )
        asked_at = None if waits else self._clock()
        return Request(self.wants, queue, want, asked_at, original_end=original_end, wall=self._wall)

    # -- wants out ---------------------------------------------------------------------------------

    async def _post(self) -> None:
        await self._mailbox_opened()
        said = ""
        while True:
            try:
                await self._post_all()
            except ControlUnavailable as error:
                self._tell_no_redis(_refusal(error))
                if str(error) != said:
                    said = str(error)
                    logger.warning("relay: wants can't be posted: Redis: %s", said)
                self._look_at_losses()
                await asyncio.sleep(RETRY_SECONDS)
            else:
                said = ""
                self._look_at_losses()
                await self.wants.wait_for_change(self._next_post())

    def _look_at_losses(self) -> None:
        """React if any thread of this process found that Redis is another server now."""
        if self._control.losses != self._losses:
            self._losses = self._control.losses
            self._inbox.mistrust(self._clock())

    async def _mailbox_opened(self) -> None:
        asked_at = self._clock()
        while not self._inbox.mailbox:
            await self.wants.wait_for_change(RETRY_SECONDS)
            if self._clock() - asked_at > SILENT_SECONDS:
                self._tell_no_redis(self._inbox.trouble or reason("channel-layer"))

    def _next_post(self) -> float:
        """Seconds until something must be posted, or a reader may have fallen silent."""
        now = self._clock()
        renewal = (
            self._renewed_at + WANT_RENEWAL_SECONDS - now if self.feeds.by_member else WANT_RENEWAL_SECONDS
        )
        pauses = [self.readers.pause(queue, now) for queue in self.wants.queues]
        return max(0.01, min([renewal, *pauses]))

    async def _post_all(self) -> None:
        now = self._clock()
        must_renew = now - self._renewed_at >= WANT_RENEWAL_SECONDS

        def is_renewed(queue: str) -> bool:
            return must_renew or self.readers.is_silent(queue, now)

        try:
            for post in self.wants.posts(self._inbox.mailbox, is_renewed):
                posted = await in_thread(self._control.post, post.queue, post.wants, post.renewed, post.gone)
                await self._answered(post, posted, now)
        except Exception:
            self.wants.put_back()
            raise
        if must_renew:
            self._renewed_at = now

    async def _answered(self, post: Post, posted: Posted, now: float) -> None:
        if posted.missing:
            self.wants.post_soon(posted.missing)
        reader = posted.reader
        if self.readers.is_missing(post.queue, now):
            await self._look_for_reader(post.queue, reader, now)
        self._judge_reader(post.queue, reader, now)
        if posted.wake:
            self.supervisor.spawn(f"wake-up of queue {post.queue}", self._wake_reader(post.queue))
        if reader is not None and reader.mailbox and (post.wants or post.gone):
            # Make the reader look now and not at its next tick. If this is lost, so is only a second.
            with contextlib.suppress(MailboxUnavailable):
                await self._mailboxes.send(reader.mailbox, Nudge())

    async def _wake_reader(self, queue: str) -> None:
        # `wake` handles expected errors; it is called again as long as there is no reader.
        self._absences.woken(queue, await self._wake(queue))

    async def _look_for_reader(self, queue: str, reader: ReaderLease | None, now: float) -> None:
        """Find out why the queue's reader is not heard."""
        if reader is None:
            await self._absences.look(queue, self.readers.missing_seconds(queue, now))
            return
        self._absences.over(queue)
        if self._clock() - self._asked_unsent_at >= LOOK_SECONDS:
            self._asked_unsent_at = self._clock()
            await self._inbox.test()
            try:
                self._unsent[queue] = await in_thread(unsent_by, self._control, queue)
            except ControlUnavailable as error:
                self._unsent[queue] = _refusal(error)

    def _judge_reader(self, queue: str, reader: ReaderLease | None, now: float) -> None:
        """Redis names the queue's reader; if it isn't heard or understood, tell viewers."""
        token = reader.token if reader else ""
        self.readers.holds(queue, token, now)
        if reader is not None and reader.speaks != VERSION:
            self._misunderstand(queue, _difference(reader), now)
            return
        self._give_up({queue}, now, "no-reader", "")
        if not self.readers.is_missing(queue, now):
            return
        if token:
            self._inbox.missed(now)
            why = self._inbox.trouble or self._unsent.get(queue) or reason("unheard")
        else:
            self._inbox.heard()
            why = self._absences.why(queue)
        for feed in self.feeds.of(queue):
            feed.become("no-reader", why)

    def _give_up(self, queues: Collection[str], now: float, state: str, why: str) -> None:
        """Answer requests that don't wait for a reader to come, if there has been none for long enough."""
        for wanted in list(self.wants.by_member.values()):
            if not isinstance(wanted, Request) or wanted.asked_at is None or wanted.queue not in queues:
                continue
            if self.readers.is_absent(wanted.queue, now, wanted.asked_at):
                wanted.give_up(state, why)

    def _tell_no_redis(self, why: str) -> None:
        self._inbox.heard()
        self._give_up(self.wants.queues, self._clock(), "no-redis", why)
        for feed in self.feeds.by_member.values():
            feed.become("no-redis", why)

    # -- messages in -------------------------------------------------------------------------------

    def _post_feeds(self) -> None:
        """Post everything again, because the mailbox has changed."""
        self.wants.post_soon(self.feeds.by_member)

    def _take(self, message: Message | Garbled) -> None:
        match message:
            case Heartbeat():
                self._take_heartbeat(message)
            case Garbled():
                self._take_garbled(message)
            case Nudge() | Echo() | Several():
                pass  # not for a web process, or taken apart by its mailbox
            case _:
                wanted = self.wants.by_member.get(message.member)
                if wanted is not None:
                    self._hand(wanted, message)

    def _hand(self, wanted: Wanted, message: Batch | Event | Answer) -> None:
        """Give a message to its receiver. Errors there don't affect others."""
        try:
            wanted.take(message)
        except Exception as error:  # noqa: BLE001 - a bug, or a bad message: reported, and affects only this receiver
            self._not_taken(wanted, error)

    def _not_taken(self, wanted: Wanted, error: Exception) -> None:
        log = wanted.member.split("|")[1]
        self.supervisor.failed(f"taking a message for log {log}", error)
        if (feed := self.feeds.by_member.get(wanted.member)) is not None:
            feed.become("no-reader", reason("not-taken", error=type(error).__name__))

    def _take_heartbeat(self, heartbeat: Heartbeat) -> None:
        self._inbox.heard()
        now = self._clock()
        self.readers.heard(heartbeat.queue, now)
        self._absences.over(heartbeat.queue)
        self._unsent.pop(heartbeat.queue, None)
        if self.readers.is_past(heartbeat.token):
            return
        trouble = self.readers.trouble(heartbeat.queue, now)
        for member, beat in beats(heartbeat).items():
            feed = self.feeds.by_member.get(member)
            if feed is None:
                continue
            try:
                feed.heard(heartbeat.token, heartbeat.host, beat, trouble)
            except Exception as error:  # noqa: BLE001 - as above
                self._not_taken(feed, error)

    def _take_garbled(self, message: Garbled) -> None:
        """Tell the viewers for whom an unreadable message of this project was meant."""
        self._inbox.heard()
        wanted = self.wants.by_member.get(message.member)
        queue = message.queue or (wanted.queue if wanted is not None else "")
        now = self._clock()
        for name in {queue} if queue else self.wants.queues:
            host = message.host or next((feed.host for feed in self.feeds.of(name) if feed.host), "its host")
            if message.is_newer:
                why = reason("reader-newer", host=host)
            else:
                why = reason("garbled", host=host, error=message.text)
            self._misunderstand(name, why, now)

    def _misunderstand(self, queue: str, why: str, now: float) -> None:
        self._inbox.heard()
        self.readers.misunderstood(queue, why, now)
        for feed in self.feeds.of(queue):
            feed.become("no-reader", self.readers.trouble(queue, now))


def _refusal(error: ControlUnavailable) -> str:
    code = "redis-refuses" if error.is_answer else "redis"
    trouble = {"trouble": error.trouble} if error.trouble else {}
    return reason(code, error=str(error).rstrip("."), **trouble)


def _difference(reader: ReaderLease) -> str:
    """Why this process can't read that reader's messages."""
    if not reader.speaks:
        return reason("foreign-lease")
    return reason("reader-newer" if reader.speaks > VERSION else "reader-older", host=reader.host)
