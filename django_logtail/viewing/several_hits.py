"""The lines that a search finds in several logs, as one file over HTTP: one log after the other.

Each log is admitted when its turn comes, and watched while it lasts, as if its lines had been requested by themselves.
What can't be read or may not be seen is said in the file, and the other logs follow.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from functools import partial

from django.db import DatabaseError
from django.utils.translation import gettext

from django_logtail.access import Ended, Refused
from django_logtail.audit.refusals import record_refusal
from django_logtail.audit.viewings import begin_action
from django_logtail.models import Log
from django_logtail.protocol import BadMessage, CloseCode, SearchAll
from django_logtail.relay.here import relay_here
from django_logtail.rights import Right
from django_logtail.tailing.reasons import reason
from django_logtail.viewing.actions import conditions, subject_of
from django_logtail.viewing.admission import NotRecorded, admitted
from django_logtail.viewing.download import BrokenOff, NoFile, Requester, break_off, delivered
from django_logtail.viewing.hits import Hits, note
from django_logtail.viewing.limits import OverLimit
from django_logtail.viewing.slow_clients import Connection
from django_logtail.viewing.told import told_reason

logger = logging.getLogger(__name__)


class SeveralHits:
    """The file. `form`: "text", with a heading for each log, or "ndjson", whose objects name their log."""

    def __init__(self, slugs: Sequence[str], asked: SearchAll, form: str, requester: Requester) -> None:
        self._slugs = slugs
        self._asked = asked
        self._form = form
        self._requester = requester

    async def encoded(
        self,
        connection: Connection | None = None,
        is_altered: Callable[[], bool] = lambda: False,
        places: contextlib.ExitStack | None = None,
    ) -> AsyncGenerator[bytes]:
        """Its bytes. The parameters as in `delivered`."""
        try:
            for slug in self._slugs:
                async with contextlib.aclosing(self._of(slug, connection, is_altered)) as pieces:
                    async for piece in pieces:
                        yield piece
        except BrokenOff as error:
            logger.warning("a download of hits of several logs failed: %s", error)
            await break_off(connection, error)
        finally:
            if places is not None:
                places.close()

    async def _of(
        self, slug: str, connection: Connection | None, is_altered: Callable[[], bool]
    ) -> AsyncGenerator[bytes]:
        """The part of one log."""
        requester = self._requester
        try:
            log = await admitted(
                requester.user_id, requester.session_key, slug, address=requester.address, via="http"
            )
        except (Refused, DatabaseError, NotRecorded) as error:
            if isinstance(error, Refused) and error.code == CloseCode.SIGNED_OUT:
                raise BrokenOff("the user is signed out") from None
            # As it was requested: a log that may not be seen has no name here.
            yield note(_why(error), self._form, {"log": slug}, f"{slug}: ").encode()
            return
        label = {"log": log.slug, "name": log.name}
        if not {Right.SEARCH, Right.DOWNLOAD} <= log.rights:
            record_refusal(subject_of(log, requester.user_id, requester.address, "http"), "download")
            yield self._note(label, told_reason(reason("not-allowed"), gettext, sees_host=False))
            return
        lost = partial(self._note, label)
        subject = subject_of(log, requester.user_id, requester.address, "http")
        action = begin_action("hits", subject, {**conditions(self._asked), "form": self._form})
        if self._form == "text":
            yield f"# === {log.name} ===\n".encode()
        found = delivered(
            log,
            self._lines(log, label),
            requester,
            connection,
            is_altered,
            parting=lambda error: lost(_why(error)),
            action=action,
        )
        async with contextlib.aclosing(found):
            async for piece in found:
                yield piece

    async def _lines(self, log: Log, label: dict[str, str]) -> AsyncGenerator[bytes]:
        hits = Hits(relay_here(), log, self._requester.user_id, self._asked, label)
        try:
            first = await hits.first(self._requester.of(log))
            async with contextlib.aclosing(hits.encoded(first, self._form)) as pieces:
                async for piece in pieces:
                    yield piece
        except NoFile as none:
            yield self._note(label, none.reason)
        except BadMessage as error:
            yield self._note(label, str(error))
        except BrokenOff as error:
            yield self._note(label, error.told)

    def _note(self, label: dict[str, str], text: str) -> bytes:
        return note(text, self._form, label).encode()


def _why(error: Exception) -> str:
    """Why a log may not be read, or no longer."""
    if isinstance(error, Ended):
        return error.text
    if isinstance(error, Refused):
        return gettext("This log doesn't exist, or you don't have access to it.")
    if isinstance(error, NotRecorded):
        return str(error)
    if isinstance(error, OverLimit):
        return error.text
    code = "unavailable" if isinstance(error, DatabaseError) else "changed"
    return told_reason(reason(code), gettext, sees_host=False)
