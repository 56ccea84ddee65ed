"""A whole file over HTTP, read through the reader in ranges: from its first byte to its size when the download began.

The reader finds the file by its id, so a rotation during the download changes nothing as long as the file stays near
its old name. If the file is removed or cut, the response is aborted: a download is complete or it fails.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from django.db import DatabaseError
from django.utils.translation import gettext

from django_logtail.access import Refused
from django_logtail.audit.viewings import OpenAction
from django_logtail.control import ViewerFacts
from django_logtail.control.messages import Failed, Piece, Read
from django_logtail.models import Log
from django_logtail.place import Place
from django_logtail.protocol import MAX_RANGE_BYTES
from django_logtail.relay import Relay
from django_logtail.relay.here import relay_here
from django_logtail.relay.requests import Request
from django_logtail.shares import Charged
from django_logtail.tailing.reasons import in_full
from django_logtail.timing import pause
from django_logtail.viewing import daphne
from django_logtail.viewing.actions import BROKEN_OFF
from django_logtail.viewing.admission import NotRecorded
from django_logtail.viewing.keeping import Keeping
from django_logtail.viewing.limits import OverLimit, check_bytes, count_bytes
from django_logtail.viewing.rechecks import Changed, Stay, Who, rounds_here
from django_logtail.viewing.slow_clients import Connection, Taker
from django_logtail.viewing.spending import spending_here
from django_logtail.viewing.told import told_reason

logger = logging.getLogger(__name__)

#: Seconds a reader has to say which file it is.
START_SECONDS: Final = 8.0
#: Seconds between checks of the state, because its changes send no signal.
LOOK_SECONDS: Final = 0.1
#: Attempts at one range before the file counts as gone: a reader may hand over, a message may be lost, and a file that
#: is renamed during the search isn't found.
TRIES: Final = 3
#: Bytes handed to the server at a time: if the server shows no progress, the client must read this much in
#: STALL_SECONDS.
PIECE_BYTES: Final = 64 * 1024
#: The outcome of a download that was delivered to its end.
WHOLE: Final = "whole"
#: The `Content-Encoding` that keeps middleware from encoding the response.
IDENTITY: Final = "identity"


class NoFile(Exception):
    """There is nothing to download. `state` is the one a `status` message has."""

    def __init__(self, state: str, reason: str) -> None:
        super().__init__(state)
        self.state = state
        self.reason = reason


class BrokenOff(Exception):
    """The rest of the file is not available. Raised into the response, so that the server ends the connection.

    `told` is why, as the requester may know it.
    """

    def __init__(self, text: str, told: str = "") -> None:
        super().__init__(text)
        self.told = told


@dataclass(frozen=True, slots=True)
class Requester:
    """The user who requests lines or a download, and may lose access before the end."""

    user_id: str
    session_key: str
    address: str

    def of(self, log: Log) -> Who:
        """Them and a log, whose access is decided."""
        return Who(self.user_id, self.session_key, log.slug)


@dataclass(frozen=True, slots=True)
class WholeFile:
    """One generation, and its size when the download was requested. `name`: of its file, if the log has several."""

    file: str
    size: int
    name: str = ""


async def whole_file(relay: Relay, log: Log, user: str = "") -> WholeFile:
    """The generation that the log's path names now. Raises `NoFile`."""
    # A feed of its own: a shared one may still be in an older file.
    viewer = relay.feeds.join(
        str(log.pk),
        log.queue_name,
        lines=0,
        resume=None,
        may_cut=False,
        path=log.path,
        user=user,
        revision=log.revision,
    )
    ends_at = time.monotonic() + START_SECONDS
    try:
        while True:
            viewer.news.clear()
            for frame, _ in viewer.frames():
                if frame.fields.get("kind") == "started" and "file" in frame.fields:
                    return WholeFile(
                        frame.fields["file"], frame.fields["size"], frame.fields.get("current", "")
                    )
            feed, now = viewer.feed, time.monotonic()
            if feed.state not in ("waiting", "live"):
                raise NoFile(feed.state, told_reason(feed.reason, gettext, sees_host=log.sees_host))
            if now >= ends_at:
                raise NoFile("no-reader", "")
            await pause(LOOK_SECONDS, unless=viewer.news)
    finally:
        relay.feeds.leave(viewer)


def is_encoded(headers: Mapping[str, str]) -> bool:
    """Whether anything between the view and the server encodes the body; it then no longer has a known length."""
    return headers.get("Content-Encoding", IDENTITY) != IDENTITY


def bytes_of(
    log: Log,
    whole: WholeFile,
    requester: Requester,
    connection: Connection | None = None,
    is_altered: Callable[[], bool] = lambda: False,
    places: contextlib.ExitStack | None = None,
    action: OpenAction | None = None,
) -> AsyncGenerator[bytes]:
    """The file's bytes, one range in memory at a time; the next one is read once this one was taken.

    The rest as in `delivered`.
    """
    pieces = _ranges(relay_here(), log, requester.user_id, whole)
    return delivered(log, pieces, requester, connection, is_altered, places, action=action, file=whole.file)


async def delivered(
    log: Log,
    pieces: AsyncGenerator[bytes],
    requester: Requester,
    connection: Connection | None = None,
    is_altered: Callable[[], bool] = lambda: False,
    places: contextlib.ExitStack | None = None,
    parting: Callable[[Exception], bytes] | None = None,
    action: OpenAction | None = None,
    file: str = "",
) -> AsyncGenerator[bytes]:
    """What `pieces` yields, each made once the one before was taken, as long as the requester has access.

    `connection` is the client's, if the server shows it. A client that takes nothing for too long is disconnected.
    `places`, counted for the user before the response began, are freed when it ends.
    `is_altered` is called when all of the host's middleware has seen the response: whether any of it changes the bytes.

    `parting`: what to send last when access is lost. `action`: what this is recorded as, if it is; `file`: the id of
    the file whose own bytes these are, if they are.

    Raises `BrokenOff` when some bytes are no longer available, or, without `parting`, no longer allowed.
    """
    relay, spending, keeping = relay_here(), spending_here(), Keeping()
    who = requester.of(log)
    taker = Taker(connection)
    try:
        if is_altered():
            raise BrokenOff(
                "a middleware of this project encodes the answer although it is declared as identity"
            )
        with (
            taker,
            rounds_here().kept(who, log) as stay,
        ):
            session = stay.session
            relay.viewers.enter(
                ViewerFacts(session, requester.user_id, str(log.pk), round(time.time(), 1), requester.address)
            )
            try:
                while (piece := await _next(pieces, stay)) is not None:
                    spending.spend_arrival(who.user_id, len(piece))
                    await keeping.until_kept()
                    for begin in range(0, len(piece), PIECE_BYTES):
                        check_bytes(who.user_id)
                        with taker.sending():
                            part = piece[begin : begin + PIECE_BYTES]
                            if action is not None:
                                action.sent(len(part), file)
                            yield part
                        count_bytes(who.user_id, len(part))
                    if connection is not None and connection.keeps_all:
                        await taker.drained()
                await taker.drained()
                if action is not None:
                    action.close(WHOLE)
            except (Refused, Changed, DatabaseError, NotRecorded, OverLimit) as error:
                if action is not None:
                    action.close(error.reason if isinstance(error, Refused | OverLimit) else BROKEN_OFF)
                if parting is None:
                    raise BrokenOff(in_full(str(error))) from None
                with taker.sending():
                    yield parting(error)
            finally:
                relay.viewers.exit(session)
                if taker.has_stalled:
                    logger.warning(
                        "log %r: a download was ended because its client took nothing for %s",
                        log.slug,
                        taker.stalled_for,
                    )
    except BrokenOff as error:
        logger.warning("log %r: a download failed: %s", log.slug, error)
        await break_off(connection, error)
    finally:
        if action is not None:
            action.close(BROKEN_OFF)
        await pieces.aclose()
        if places is not None:
            places.close()


async def break_off(connection: Connection | None, error: BrokenOff) -> None:
    """Have the server end the connection before the body is complete; call it last. Raises `BrokenOff`, or returns."""
    if isinstance(connection, daphne.Connection):
        await connection.break_off()
        return
    raise BrokenOff(str(error)) from None


async def _next(pieces: AsyncGenerator[bytes], stay: Stay) -> bytes | None:
    """The next piece; None at the end. Raises at once what `Stay.during` does when access is lost."""

    async def following() -> bytes | None:
        return await anext(pieces, None)

    return await stay.during(following())


class Body:
    """The body of a response. Django closes it after the response, even one that never began."""

    def __init__(self, pieces: AsyncGenerator[bytes], places: contextlib.ExitStack) -> None:
        self._pieces = pieces
        self._places = places
        self._loop = asyncio.get_running_loop()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._pieces

    def close(self) -> None:
        """End the pieces, wherever they are, and free what was counted for the user. From any thread."""
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(lambda: asyncio.ensure_future(self._end()))

    async def _end(self) -> None:
        try:
            with contextlib.suppress(RuntimeError):  # their consumer is still there, and ends them
                await self._pieces.aclose()
        finally:
            self._places.close()


async def _ranges(relay: Relay, log: Log, user: str, whole: WholeFile) -> AsyncGenerator[bytes]:
    spending, at = spending_here(), 0
    while at < whole.size:
        async with spending.ranges.of(user):
            await spending.processor.turn(user)
            piece = await Charged(
                _range(relay, log, user, whole, at), partial(spending.processor.spend, user)
            )
        at += len(piece)
        yield piece


async def _range(relay: Relay, log: Log, user: str, whole: WholeFile, start: int) -> bytes:
    end = min(whole.size, start + MAX_RANGE_BYTES)
    trouble = ""
    for _ in range(TRIES):
        answer = relay.request(
            str(log.pk),
            log.queue_name,
            Place(whole.file, start),
            end=end,
            user=user,
            revision=log.revision,
        )
        try:
            return await _taken(answer, start, end)
        except (BrokenOff, asyncio.TimeoutError) as error:
            trouble = str(error) or "no reader answered"
        finally:
            answer.close()
    raise BrokenOff(trouble)


async def _taken(answer: Request, start: int, end: int) -> bytes:
    """The bytes [start, end) from the messages of an answer, any of which may arrive twice or never."""
    data = bytearray()
    while True:
        message = await answer.next()
        if isinstance(message, Failed):
            raise BrokenOff(in_full(message.error))
        if not isinstance(message, (Piece, Read)):
            continue  # answers something else
        missing = start + len(data)
        if message.start.offset > missing:
            raise BrokenOff("a message was lost")
        if isinstance(message, Piece):
            data += message.data[missing - message.start.offset :]
        elif message.end < end:
            raise BrokenOff(f"the file ends at byte {message.end} now")
        elif missing < end:
            raise BrokenOff("a message was lost")
        else:
            return bytes(data)


def file_name(log: Log, name: str = "") -> str:
    """The file's name on its host, without anything that could mislead a browser or a file system.

    `name`: of the current file, if the log is the newest of several.
    """
    name = name or log.file.name
    return (
        "".join(letter if letter.isprintable() and letter not in '/\\"' else "_" for letter in name) or "log"
    )
