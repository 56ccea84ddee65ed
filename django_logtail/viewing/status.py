"""What a viewer is told of its log's state, and what is noticed of one to whom nothing comes."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import Final

from django_logtail.protocol import CloseCode, Frame
from django_logtail.relay.feed_viewer import FeedViewer
from django_logtail.relay.turns import Turns
from django_logtail.viewing.admission import NotRecorded
from django_logtail.viewing.keeping import Keeping
from django_logtail.viewing.socket import End, Socket
from django_logtail.viewing.unacknowledged import ACK_SECONDS, Unacknowledged

#: Seconds of silence after which something is sent anyway: proxies cut silent sockets after 30 to 100 s.
KEEP_ALIVE_SECONDS: Final = 20.0
#: Turns from one look to the next at a live log, whose numbers change all the time: a second.
LIVE_TURNS: Final = 4


class Status:
    """Tells `viewer` its log's state when that has changed, or when nothing else was sent for long.

    `seen` makes of a frame what this viewer may see. `look_again` is awaited while the reader has another revision of
    the log's row.
    """

    def __init__(
        self,
        viewer: FeedViewer,
        socket: Socket,
        unacknowledged: Unacknowledged,
        keeping: Keeping,
        seen: Callable[[Frame], Frame],
        look_again: Callable[[], Awaitable[None]],
    ) -> None:
        self._viewer = viewer
        self._socket = socket
        self._unacknowledged = unacknowledged
        self._keeping = keeping
        self._seen = seen
        self._look_again = look_again
        self._shown: Frame | None = None
        self._turns_left = 0
        #: Set when the task must do what the turn can't.
        self._is_wanted = asyncio.Event()

    async def run(self, turns: Turns) -> None:
        """Does not return. Raises `End` and `NotRecorded`."""
        turns.enter(self._look)
        try:
            while True:
                await self._tell()
                if self._viewer.feed.is_outdated:
                    await self._look_again()
                if self._keeping.is_lost:
                    raise NotRecorded
                if self._unacknowledged.is_overdue:
                    raise End(
                        CloseCode.TOO_MANY_MESSAGES,
                        "not-acknowledged",
                        f"Nothing was acknowledged for {ACK_SECONDS:.0f} s.",
                        may_retry=True,
                    )
                await self._is_wanted.wait()
                self._is_wanted.clear()
        finally:
            turns.exit(self._look)

    async def _tell(self) -> None:
        frame = self._viewer.status_frame()
        if self._is_due(frame):
            self._shown = frame
            await self._socket.send(self._seen(frame))

    def _look(self) -> None:
        """One turn: tell what is new, or wake the task for what takes longer or ends the viewer."""
        self._turns_left -= 1
        if self._turns_left > 0:
            return
        frame = self._viewer.status_frame()
        self._turns_left = LIVE_TURNS if self._viewer.feed.state == "live" else 1
        is_due = self._is_due(frame)
        must_wait = is_due and not self._socket.is_ready
        must_end = self._keeping.is_lost or self._unacknowledged.is_overdue
        if must_wait or must_end or self._viewer.feed.is_outdated:
            self._is_wanted.set()
        elif is_due:
            self._shown = frame
            with contextlib.suppress(End):  # who is gone is noticed by whoever listens to them
                self._socket.send_at_once(self._seen(frame))

    def _is_due(self, frame: Frame) -> bool:
        is_shown = frame is self._shown or frame == self._shown
        return not is_shown or time.monotonic() - self._socket.sent_at >= KEEP_ALIVE_SECONDS
