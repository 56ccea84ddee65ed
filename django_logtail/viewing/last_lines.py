"""The last lines of a log in one HTTP response, for networks that block WebSockets.

They come through the same relay and reader as for a socket; the viewer leaves when the response is complete. The body
is the messages a socket would have sent, one after the other: see `docs/reference/protocol.md`.
"""

from __future__ import annotations

import time
from typing import Final

from django_logtail.audit.viewings import OpenViewing
from django_logtail.models import Log
from django_logtail.place import Place
from django_logtail.protocol import MAX_RANGE_BYTES, PROTOCOL_VERSION, Frame
from django_logtail.redaction_rules import has_rules
from django_logtail.relay import Relay
from django_logtail.relay.feed_viewer import FeedViewer
from django_logtail.rights import Right
from django_logtail.timing import pause
from django_logtail.viewing.recent import edge_for
from django_logtail.viewing.recent_lines import NotCertain, RecentStream, stream_of, unlimited
from django_logtail.viewing.told import told

#: Bytes of frames in one response, plus the batch that exceeds it: as much as the answer to a `range` may have.
ANSWER_BYTES: Final = MAX_RANGE_BYTES
#: Seconds one response may take: longer than it takes to learn that there is no reader.
ANSWER_SECONDS: Final = 8.0
#: Seconds without news before a complete response is sent, and the most it waits in all: a rotation and the content of
#: the newer file follow the last byte of the old one at once, and a busy log is never silent.
SETTLE_SECONDS: Final = 0.2
MOST_SETTLE_SECONDS: Final = 1.0
#: Seconds between checks of the state, because its changes send no signal.
LOOK_SECONDS: Final = 0.1


async def last_lines(
    relay: Relay,
    log: Log,
    *,
    lines: int,
    resume: Place | None,
    user: str = "",
    record: OpenViewing | None = None,
) -> bytes:
    """Everything from `resume`, or from the last `lines` lines, to the file's current end.

    First `hello`, then the stream, `status` and `end`, whose `reason` is "complete"; "more" if ANSWER_BYTES were
    reached; or "no-answer" if the reader took too long: everything that arrived until then is included.

    `record`: the viewing to which what is delivered belongs, if it is recorded.
    """
    label = log.encoding_label
    edge = await edge_for(log)
    may_resume = Right.HISTORY in log.rights or edge is not None
    if not may_resume or (edge is not None and resume is not None and not edge.allows(resume)):
        resume = None
    lines = lines if may_resume else 0
    viewer = relay.feeds.join(
        str(log.pk),
        log.queue_name,
        lines=lines,
        resume=resume,
        may_cut=not label.startswith("utf-16"),
        path=log.path,
        user=user,
        revision=log.revision,
    )
    answer = _Answer(sees_host=log.sees_host)
    answer.add(
        Frame.message(
            "hello",
            protocol=PROTOCOL_VERSION,
            log=log.slug,
            name=log.name,
            encoding=label,
            zone=log.zone_name,
            queue=log.queue_name,
            can=[],
            resumes=None if may_resume else False,
            redacted=has_rules({log.slug, log.registration.slug}) or None,
        )
    )
    try:
        try:
            reason = await _collect(viewer, answer, None if edge is None else stream_of(log, edge))
        except NotCertain:
            reason = "more"
        if record is not None:
            for frame in answer.frames:
                record.delivered.frame(frame, viewer.feed.host)
        answer.add(Frame.message("status", **viewer.status()))
        answer.add(Frame.message("end", reason=reason, may_retry=True))
    finally:
        relay.feeds.leave(viewer)
    return b"".join(answer.parts)


class _Answer:
    """What is sent, and how far into the file it reaches."""

    def __init__(self, *, sees_host: bool) -> None:
        self._sees_host = sees_host
        self.parts: list[bytes] = []
        self.frames: list[Frame] = []
        self.size = 0
        self._began_in: str | None = None
        self._goal = 0
        self._file = ""
        self._end = 0

    def add(self, frame: Frame) -> None:
        """Add a frame of a socket. Text gets a newline, like the one after a batch's fields."""
        encoded = told(frame, sees_host=self._sees_host).encoded
        part = encoded if isinstance(encoded, bytes) else encoded.encode() + b"\n"
        self.parts.append(part)
        self.frames.append(frame)
        self.size += len(part)
        fields = frame.fields
        match frame.kind:
            case "batch" if not fields.get("late"):
                self._file, self._end = fields["file"], fields["end"]
            case "event" if "file" in fields:
                self._file, self._end = fields["file"], fields["offset"]
                if self._began_in is None:
                    self._began_in, self._goal = self._file, fields.get("size") or 0

    @property
    def is_caught_up(self) -> bool:
        """Whether it contains everything that was in the file when reading began, or is already in another file."""
        if self._began_in is None:
            return False
        return self._file != self._began_in or self._end >= self._goal


async def _collect(viewer: FeedViewer, answer: _Answer, recent: RecentStream | None) -> str:
    """Take frames until there is a reason to stop; return it."""
    ends_at = time.monotonic() + ANSWER_SECONDS
    heard_at = caught_up_at = 0.0
    while True:
        viewer.news.clear()
        now = time.monotonic()
        async for frame, _ in (unlimited if recent is None else recent.of)(viewer.frames()):
            answer.add(frame)
            heard_at = now
            if answer.size >= ANSWER_BYTES:
                return "more"
        # Each feed learns its state and size within half a second, so the response ends with the true ones.
        if viewer.feed.state != "waiting" and (answer.is_caught_up or viewer.feed.state != "live"):
            caught_up_at = caught_up_at or now
            if now >= min(max(heard_at, caught_up_at) + SETTLE_SECONDS, caught_up_at + MOST_SETTLE_SECONDS):
                return "complete"
        if now >= ends_at:
            return "no-answer"
        await pause(LOOK_SECONDS, unless=viewer.news)
