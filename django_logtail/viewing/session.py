"""One admitted viewer: its cursor moves along the feed, its requests are served, its access is re-checked."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from typing import Final

from django.db import DatabaseError

from django_logtail import protocol
from django_logtail.access import Refused
from django_logtail.audit.viewings import OpenViewing
from django_logtail.control import ViewerFacts
from django_logtail.models import Log
from django_logtail.protocol import BadMessage, CloseCode, Frame
from django_logtail.relay.feed_viewer import FeedViewer
from django_logtail.relay.here import relay_here
from django_logtail.rights import Original, Right
from django_logtail.timing import end_tasks, whereabouts
from django_logtail.viewing.delivery import Delivery
from django_logtail.viewing.keeping import Keeping
from django_logtail.viewing.limits import OverLimit, check_bytes, count_bytes
from django_logtail.viewing.originals import is_redacted, may_ask
from django_logtail.viewing.recent import edge_for
from django_logtail.viewing.recent_lines import NotCertain, stream_of
from django_logtail.viewing.rechecks import Changed, RightLost, Stay
from django_logtail.viewing.requests import Answers, offered
from django_logtail.viewing.socket import End, Socket, limit_end, refusal
from django_logtail.viewing.status import Status
from django_logtail.viewing.told import told
from django_logtail.viewing.unacknowledged import Unacknowledged

logger = logging.getLogger(__name__)

#: Seconds that all tasks of a viewer together may take to end: after that, its slot is freed in any case.
ENDING_SECONDS: Final = 5.0
#: Seconds between checks while the reader has a different revision of the log's row than this process.
LOOK_AGAIN_SECONDS: Final = 1.0


class Watching:
    """From the server's `hello` to the end."""

    def __init__(
        self,
        socket: Socket,
        log: Log,
        user: str,
        address: str,
        stay: Stay,
        record: OpenViewing | None = None,
        original: Original | None = None,
    ) -> None:
        """`stay`: whether the viewer may stay, for this revision of the log. `record`: if this viewing is recorded.
        `original`: what it shows of redacted lines; whether it may was decided before.
        """
        self._socket = socket
        self._log = log
        self._user = user
        self._address = address
        self._stay = stay
        self._record = record
        self._original = original
        self._keeping = Keeping()
        self._unacknowledged = Unacknowledged()
        self._viewer: FeedViewer

    async def run(self, hello: protocol.Hello) -> None:
        """Does not return. Raises `End`, `BadMessage`, `NotRecorded`, `OverLimit` and `DatabaseError`."""
        log, session = self._log, self._stay.session
        label = log.encoding_label
        edge = await edge_for(log)
        rights = log.rights if edge is None else log.rights | log.recent_rights
        resume = hello.resume if edge is None or not hello.resume or edge.allows(hello.resume) else None
        await self._tell(
            Frame.message(
                "hello",
                protocol=protocol.PROTOCOL_VERSION,
                session=session,
                log=log.slug,
                name=log.name,
                encoding=label,
                zone=log.zone_name,
                queue=log.queue_name,
                can=[*offered(rights), *(["original"] if may_ask(log) else [])],
                resumes=None if Right.HISTORY in rights else False,
                **self._redaction(),
            )
        )
        relay = relay_here()
        has_history = Right.HISTORY in rights
        self._viewer = viewer = relay.feeds.join(
            str(log.pk),
            log.queue_name,
            lines=hello.lines if has_history else 0,
            resume=resume if has_history else None,
            may_cut=not label.startswith("utf-16"),
            path=log.path,
            user=self._user,
            revision=log.revision,
            original_end=(end := self._original_end()),
        )
        answers = Answers(
            relay, self._user, self._stay.admit, self._tell_much, self._record, original_end=end
        )
        recent = None if edge is None else stream_of(log, edge)
        delivery = Delivery(
            viewer, self._socket, self._unacknowledged, self._keeping, self._seen, relay.feeds.share, recent
        )
        status = Status(
            viewer, self._socket, self._unacknowledged, self._keeping, self._visible, self._look_again
        )
        parts = [
            asyncio.create_task(part, name=name)
            for name, part in (
                ("listening", self._listen(answers)),
                ("delivery", delivery.run()),
                ("status", status.run(relay.turns)),
                ("stay", self._until_lost()),
                ("original", self._until_over()),
            )
        ]
        relay.viewers.enter(
            ViewerFacts(session, self._user, str(log.pk), round(time.time(), 1), self._address)
        )
        try:
            done, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
            for part in done:
                part.result()
        except NotCertain:
            raise End(CloseCode.NO_READER, "log-changed", "The log was rotated.", may_retry=True) from None
        finally:
            relay.viewers.exit(session)
            relay.feeds.leave(viewer)
            for task in await end_tasks([*parts, *answers.tasks], ENDING_SECONDS):
                logger.error(
                    "log %r: a viewer left, and %s did not end within %g s and was abandoned at %s",
                    log.slug,
                    task.get_name(),
                    ENDING_SECONDS,
                    whereabouts(task),
                )

    async def _tell(self, frame: Frame) -> None:
        await self._socket.send(self._visible(frame))

    def _visible(self, frame: Frame) -> Frame:
        return told(frame, sees_host=self._log.sees_host)

    async def _tell_much(self, frame: Frame) -> int:
        await self._keeping.until_kept()
        return await self._socket.send_bulk(self._seen(frame))

    def _seen(self, frame: Frame) -> Frame:
        """The frame as this viewer may see it, on its way to them. Raises `End` if they have read their bytes."""
        try:
            check_bytes(self._user)
        except OverLimit as over:
            self._stay.lose(over)  # whatever becomes of what this frame belongs to
            raise limit_end(over) from None
        if self._record is not None:  # before it is sent: the client may have it even if sending fails
            self._record.delivered.frame(frame, self._viewer.feed.host)
        seen = self._visible(frame)
        count_bytes(self._user, len(seen.encoded))
        return seen

    async def _listen(self, answers: Answers) -> None:
        while True:
            match await self._socket.next_message():
                case protocol.Ack(place):
                    if self._unacknowledged.acknowledge(place):
                        # An acknowledgement of something new is free: there are at most as many as batches sent.
                        self._socket.allowance.give_back()
                case protocol.Hold():
                    self._unacknowledged.hold()
                case protocol.Release():
                    self._unacknowledged.release()
                case protocol.Stop():
                    raise End(1000, "stopped", "You stopped watching this log.")
                case protocol.Cancel(request):
                    answers.cancel(request)
                case protocol.Hello():
                    raise BadMessage("a second 'hello'")
                case asked:
                    await answers.begin(asked)

    async def _until_lost(self) -> None:
        try:
            await self._stay.until_lost()
        except Refused as refused:
            raise refusal(refused) from None
        except RightLost:
            raise End(1000, "original-over", "You may no longer see the original.", may_retry=True) from None
        except Changed:
            text = "This log's settings were changed."
            raise End(CloseCode.NO_READER, "log-changed", text, may_retry=True) from None

    def _redaction(self) -> dict[str, object]:
        """What `hello` says of redacted lines."""
        if self._original is None:
            return {"redacted": is_redacted(self._log) or None}
        seconds = self._original.minutes * 60
        return {"redacted": True, "original": {"seconds": seconds, "reason": self._original.reason}}

    def _original_end(self) -> float:
        return 0.0 if self._original is None else time.time() + self._original.minutes * 60

    async def _until_over(self) -> None:
        if self._original is None:
            await asyncio.get_running_loop().create_future()
        else:
            await asyncio.sleep(self._original.minutes * 60)
            raise End(1000, "original-over", "The time for the original is over.", may_retry=True)

    async def _look_again(self) -> None:
        """The reader has a different revision of the log's row: does the decision about this viewer still hold?"""
        with contextlib.suppress(
            Refused, Changed, DatabaseError
        ):  # `_until_lost` reports it, or the next check decides
            await self._stay.admit(LOOK_AGAIN_SECONDS / 5)
        await asyncio.sleep(LOOK_AGAIN_SECONDS)  # the reader's database may be ahead of ours
