"""The stream of one viewer: what is next for it is sent in the feed's own turn, or by a task of its own.

A viewer that has taken everything needs no task for what comes next: its feed sends it to all such viewers in one go,
which costs less than waking each. Whoever has to wait, for its client or for the server, goes on in its task.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from django_logtail.protocol import Frame
from django_logtail.relay.feed_viewer import FeedViewer
from django_logtail.viewing.keeping import Keeping
from django_logtail.viewing.recent_lines import RecentStream, unlimited
from django_logtail.viewing.socket import Socket
from django_logtail.viewing.unacknowledged import Unacknowledged


class Delivery:
    """Sends `viewer` its stream over `socket`, as far as it acknowledges, and while `keeping` allows it.

    `seen` makes of a frame what this viewer may see, and records it. `share` moves the viewer to a shared feed.
    `recent`: where their stream begins, if they may not see older lines.
    """

    def __init__(
        self,
        viewer: FeedViewer,
        socket: Socket,
        unacknowledged: Unacknowledged,
        keeping: Keeping,
        seen: Callable[[Frame], Frame],
        share: Callable[[FeedViewer], None],
        recent: RecentStream | None = None,
    ) -> None:
        self._viewer = viewer
        self._socket = socket
        self._unacknowledged = unacknowledged
        self._keeping = keeping
        self._seen = seen
        self._share = share
        self._recent = recent
        #: Whether the task waits for news, so that frames may be sent without it.
        self._is_waiting = False
        self._error: Exception | None = None

    async def run(self) -> None:
        """Does not return. Raises `End`, `NotCertain` and `NotRecorded`."""
        viewer, news = self._viewer, self._viewer.news
        viewer.cursor.at_once = self._deliver_at_once
        try:
            while True:
                news.clear()
                await self._deliver()
                if not news.is_set():
                    self._is_waiting = True
                    await news.wait()
                    self._is_waiting = False
                if self._error is not None:
                    raise self._error
                await self._unacknowledged.until_open()
        finally:
            viewer.cursor.at_once = None

    async def _deliver(self) -> None:
        self._share(self._viewer)
        limited = unlimited if self._recent is None else self._recent.of
        async for frame, place in limited(self._viewer.frames()):
            await self._keeping.until_kept()
            began = time.thread_time()
            size = await self._socket.send_bulk(self._seen(frame))
            self._viewer.spent(time.thread_time() - began)
            self._unacknowledged.sent(size, place)
            await self._unacknowledged.until_open()
        self._share(self._viewer)

    def _deliver_at_once(self) -> bool:
        """Send what is new, in the feed's turn. False: the task must go on."""
        has_begun = self._recent is None or self._recent.has_begun
        must_wait = self._viewer.feed.flow or self._viewer.cursor.is_off_the_ring
        if not self._is_waiting or not has_begun or must_wait or not self._keeping.is_kept:
            return False
        frames = self._viewer.frames()
        try:
            while self._unacknowledged.is_open and self._socket.is_ready:
                step = next(frames, None)
                if step is None:
                    return True
                frame, place = step
                self._unacknowledged.sent(self._socket.send_at_once(self._seen(frame)), place)
        except Exception as error:  # noqa: BLE001 - this viewer's own, not its feed's: its task raises it
            self._error, self._is_waiting = error, False
        return False
