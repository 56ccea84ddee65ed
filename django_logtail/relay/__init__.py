"""The web process' side of delivery: one `Relay` an event loop, one `Feed` a watched log.

A feed is where this process stands in a log: a ring of recent items that its viewers are cursors over. It posts what
it wants and takes only what continues exactly where it stands; whatever else arrives makes it post the want again
with a new serial. The relay carries wants out, mailbox messages in, and notices a reader that fell silent.

    feeds, feed_viewer        which feed a viewer joins, and what it holds of it
    feed                      where this process stands in one log
    order, pace               which item comes next; how far the reader may go on
    cursor, gap, ring, items  what one viewer is sent next, out of what came
    posting, requests         what is wanted of readers; requests for what is in a file already
    inbox, liveness           where messages arrive; who sends them, and when one was heard
    viewer_list               who watches, for those who look after the host
    here                      the relay of an event loop
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
import uuid
from collections.abc import Callable, Coroutine
from typing import Any, Final

from django_logtail.control import Control, ControlUnavailable, Posted, ReaderLease
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
    beats,
)
from django_logtail.control.process import in_thread
from django_logtail.control.wants import WANT_RENEWAL_SECONDS, Sought, Want
from django_logtail.control.wire import VERSION
from django_logtail.place import Place
from django_logtail.relay.feeds import Feeds
from django_logtail.relay.inbox import Inbox
from django_logtail.relay.liveness import RETRY_SECONDS, SILENT_SECONDS, Readers
from django_logtail.relay.posting import Post, Wanted, Wants
from django_logtail.relay.requests import Request
from django_logtail.relay.viewer_list import ViewerList
from django_logtail.tailing.reasons import reason
from django_logtail.timing import Supervisor, whereabouts

logger = logging.getLogger(__name__)

#: Seconds between two times of telling other projects on the same Redis that this one is there.
INTRODUCTION_SECONDS: Final = 600.0

#: Seconds that the tasks of a relay may take to end.
ENDING_SECONDS: Final = 5.0


class Relay:
    """One a process and event loop: a mailbox, the feeds, and the wants they post.

    `wake` sends a wake-up for a queue; it may take a while and is run as a task. Start it with `start`, end it with
    `close`.
    """

    def __init__(
        self,
        control: Control,
        mailboxes: Mailboxes,
        wake: Callable[[str], Coroutine[Any, Any, None]],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.process = uuid.uuid4().hex[:12]
        self.wants = Wants(self.process)
        self.readers = Readers()
        self.feeds = Feeds(self.wants, self.readers, clock)
        self.viewers = ViewerList(self.process, control)
        self.supervisor = Supervisor("relay")
        self._inbox = Inbox(mailboxes, take=self._take, opened=self._post_feeds, keep=self.supervisor.keep)
        self._control = control
        self._losses = control.losses
        self._mailboxes = mailboxes
        self._wake = wake
        self._clock = clock
        self._renewed_at = 0.0

    def start(self) -> None:
        """Begin what must live for as long as the event loop does."""
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
            # Not here: a loop that sleeps would hold the last feed, and its ring, after everybody left.
            self.feeds.measure()

    def request(
        self,
        log: str,
        queue: str,
        place: Place,
        *,
        end: int | None = None,
        before_lines: int | None = None,
        search: Sought | None = None,
        user: str = "",
        revision: str = "",
    ) -> Request:
        """Ask the reader for bytes [place.offset, end), for the lines that end there, or for those that match.

        `user`: the requester's primary key; `revision`: of the log's entry when they were admitted.
        """
        want = Want(
            self.process,
            log,
            "range-" + uuid.uuid4().hex[:8],
            "",  # named when it is posted
            next(self.wants.serials),
            0,
            position=place,
            end=end,
            before_lines=before_lines,
            search=search,
            user=user,
            revision=revision,
        )
        return Request(self.wants, queue, want)

    # -- wants out ---------------------------------------------------------------------------------

    async def _post(self) -> None:
        await self._mailbox_opened()
        said = ""
        while True:
            try:
                await self._post_all()
            except ControlUnavailable as error:
                self._tell_no_redis(
                    reason("redis-refuses" if error.is_answer else "redis", error=str(error).rstrip("."))
                )
                if str(error) != said:
                    said = str(error)
                    logger.warning("relay: wants cannot be posted: Redis: %s", said)
                self._look_at_losses()
                await asyncio.sleep(RETRY_SECONDS)
            else:
                said = ""
                self._look_at_losses()
                await self.wants.wait_for_change(self._next_post())

    def _look_at_losses(self) -> None:
        """Whichever thread of this process learnt that Redis is another server now."""
        if self._control.losses != self._losses:
            self._losses = self._control.losses
            self._inbox.mistrust(self._clock())

    async def _mailbox_opened(self) -> None:
        asked_at = self._clock()
        while not self._inbox.mailbox:
            await self.wants.wait_for_change(RETRY_SECONDS)
            if self._clock() - asked_at > SILENT_SECONDS:
                self._tell_no_redis(reason("channel-layer"))

    def _next_post(self) -> float:
        """Seconds until there is something to post, or to find that a reader fell silent."""
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
        self._judge_reader(post.queue, reader, now)
        if posted.wake:
            # `wake` knows what may be expected to go wrong; it is asked again for as long as nobody reads.
            self.supervisor.spawn(f"wake-up of queue {post.queue}", self._wake(post.queue))
        if reader is not None and reader.mailbox and (post.wants or post.gone):
            # Have the reader look now and not at its next tick. If this is lost, nothing but 0.4 s is.
            with contextlib.suppress(MailboxUnavailable):
                await self._mailboxes.send(reader.mailbox, Nudge())

    def _judge_reader(self, queue: str, reader: ReaderLease | None, now: float) -> None:
        """Redis names the queue's reader; if it is not heard or understood, viewers are told."""
        token = reader.token if reader else ""
        self.readers.holds(queue, token)
        if reader is not None and reader.speaks != VERSION:
            self._misunderstand(queue, _difference(reader), now)
            return
        if not self.readers.is_missing(queue, now):
            return
        why = ""
        if token:
            self._inbox.missed(now)
            why = reason("unheard")
        else:
            self._inbox.heard()
        for feed in self.feeds.of(queue):
            feed.become("no-reader", why)

    def _tell_no_redis(self, why: str) -> None:
        self._inbox.heard()
        for feed in self.feeds.by_member.values():
            feed.become("no-redis", why)

    # -- messages in -------------------------------------------------------------------------------

    def _post_feeds(self) -> None:
        """The mailbox is another one."""
        self.wants.post_soon(self.feeds.by_member)

    def _take(self, message: Message | Garbled) -> None:
        match message:
            case Heartbeat():
                self._take_heartbeat(message)
            case Garbled():
                self._take_garbled(message)
            case Nudge() | Echo():
                pass  # not for a web process
            case _:
                wanted = self.wants.by_member.get(message.member)
                if wanted is not None:
                    self._hand(wanted, message)

    def _hand(self, wanted: Wanted, message: Batch | Event | Answer) -> None:
        """Give a message to its receiver. Whatever goes wrong there, the others go on."""
        try:
            wanted.take(message)
        except Exception as error:  # noqa: BLE001 - a fault of ours, or of what was sent: seen, and nobody else's
            self._not_taken(wanted, error)

    def _not_taken(self, wanted: Wanted, error: Exception) -> None:
        log = wanted.member.split("|")[1]
        self.supervisor.failed(f"taking what came for log {log}", error)
        if (feed := self.feeds.by_member.get(wanted.member)) is not None:
            feed.become("no-reader", reason("not-taken", error=type(error).__name__))

    def _take_heartbeat(self, heartbeat: Heartbeat) -> None:
        self._inbox.heard()
        now = self._clock()
        self.readers.heard(heartbeat.queue, now)
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
        """A message of this project that could not be read: the viewers it was for are told."""
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


def _difference(reader: ReaderLease) -> str:
    """Why this process cannot read what that reader sends."""
    if not reader.speaks:
        return reason("foreign-lease")
    return reason("reader-newer" if reader.speaks > VERSION else "reader-older", host=reader.host)
