"""The lines of a log that a search finds, as a file over HTTP: whole lines, oldest first, however many.

They are searched for a thousand at a time, each time from the last one on, so that a slow client keeps nothing in
memory. Rotation in between changes nothing, as in any search over all files.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from django.utils.translation import gettext

from django_logtail.control.messages import Failed
from django_logtail.control.wants import Sought
from django_logtail.models import Log
from django_logtail.place import Place
from django_logtail.protocol import BadMessage, SearchAll
from django_logtail.relay import Relay
from django_logtail.shares import Charged
from django_logtail.tailing.reasons import in_full, reason
from django_logtail.viewing.download import BrokenOff, NoFile
from django_logtail.viewing.rechecks import Changed, Who, rounds_here
from django_logtail.viewing.requests import AllFiles, sought_by
from django_logtail.viewing.spending import spending_here
from django_logtail.viewing.told import told_reason

#: Hits searched for at a time.
HITS_AT_A_TIME: Final = 1_000
#: Seconds until a search is tried again that the host had no place for.
WAIT_SECONDS: Final = 1.0


@dataclass(slots=True)
class Part:
    """Some hits: the lines, with file names and offsets; the place after the last; what could not be searched whole.

    `inexact`: why these may not be exactly the wanted lines; "" if they are.
    """

    lines: list[dict[str, Any]]
    next: Place | None
    unread: list[dict[str, Any]]
    inexact: str = ""


class Hits:
    """The hits of one download. `label`: what each object of `ndjson` begins with."""

    def __init__(
        self, relay: Relay, log: Log, user: str, asked: SearchAll, label: Mapping[str, str] | None = None
    ) -> None:
        self._relay = relay
        self._log = log
        self._user = user
        self._label = dict(label or {})
        self._sought = replace(sought_by(asked), limit=HITS_AT_A_TIME, whole=True)

    async def first(self, who: Who) -> Part:
        """The first hits, which may take long.

        Raises `BadMessage` for what can't be searched for, `NoFile`, and `Refused` and `DatabaseError` if access is
        lost meanwhile.
        """
        try:
            with rounds_here().kept(who, self._log) as stay:
                part = await stay.during(self._part(self._sought))
                await stay.admit()  # what follows takes access for just decided
                return part
        except Changed as error:
            text = told_reason(str(error), gettext, sees_host=self._log.sees_host)
            raise NoFile("changed", text) from None
        except _NotFound as error:
            text = told_reason(error.failed.error, gettext, sees_host=self._log.sees_host)
            if error.failed.id == "bad-pattern":
                raise BadMessage(text) from None
            raise NoFile(error.failed.id, text) from None

    async def encoded(self, first: Part, form: str) -> AsyncGenerator[bytes]:
        """The file, from the first hits on. Raises `BrokenOff`."""
        part, unread, inexact = first, {str(file["name"]): file for file in first.unread}, first.inexact
        while True:
            if part.lines:
                yield "".join(self._in_form(line, form) for line in part.lines).encode()
            if part.next is None:
                break
            part = await self._following(part.next)
            unread |= {str(file["name"]): file for file in part.unread}
            inexact = inexact or part.inexact
        if unread:
            yield "".join(self._unread(file, form) for file in unread.values()).encode()
        if inexact:
            yield self._inexact(inexact, form).encode()

    async def _following(self, place: Place) -> Part:
        """The hits from this place on, as soon as the user can have another search. Raises `BrokenOff`."""
        while True:
            try:
                return await self._part(replace(self._sought, since=place))
            except _NotFound as error:
                if error.failed.id != "too-many-searches":
                    text = error.failed.error
                    told = told_reason(text, gettext, sees_host=self._log.sees_host)
                    raise BrokenOff(in_full(text), told) from None
            await asyncio.sleep(WAIT_SECONDS)

    async def _part(self, sought: Sought) -> Part:
        spending = spending_here()
        await spending.processor.turn(self._user)
        return await Charged(self._searched(sought), partial(spending.processor.spend, self._user))

    async def _searched(self, sought: Sought) -> Part:
        search = AllFiles(
            lambda sought: self._relay.request(
                str(self._log.pk),
                self._log.queue_name,
                search=sought,
                user=self._user,
                revision=self._log.revision,
            ),
            sought,
        )
        part = Part([], None, [])
        after = None
        try:
            async for message, hits in search.messages():
                if isinstance(message, Failed):
                    raise _NotFound(message)
                if message.done and message.reason not in {file.get("reason") for file in search.unread}:
                    part.inexact = message.reason
                for start, end, parts, _, is_cut in hits:
                    after = Place(message.file, end)
                    line = {"file": message.name, "start": start, "end": end, "text": "".join(parts)}
                    part.lines.append({**line, "cut": True} if is_cut else line)
        except asyncio.TimeoutError:
            raise _NotFound(Failed("", "", 0, reason("no-answer"), id="no-reader")) from None
        finally:
            search.close()
        part.unread = search.unread
        part.next = after if search.has_more else None
        return part

    def _in_form(self, line: dict[str, Any], form: str) -> str:
        if form == "ndjson":
            return json.dumps({**self._label, **line}, ensure_ascii=False) + "\n"
        return str(line["text"]) + ("…" if "cut" in line else "") + "\n"

    def _unread(self, file: dict[str, Any], form: str) -> str:
        """A last line about a file that could not be searched whole."""
        text = told_reason(str(file["reason"]), gettext, sees_host=self._log.sees_host)
        return note(text, form, {**self._label, "unread": str(file["name"])}, f"{file['name']}: ")

    def _inexact(self, why: str, form: str) -> str:
        """The very last line: why these may not be exactly the wanted lines."""
        text = told_reason(why, gettext, sees_host=self._log.sees_host)
        return note(text, form, {**self._label, "inexact": True})


def note(text: str, form: str, facts: Mapping[str, Any], before: str = "") -> str:
    """A line that is not one of the log: an object of `facts` and a reason, or a text after "#"."""
    if form == "ndjson":
        return json.dumps({**facts, "reason": text}, ensure_ascii=False) + "\n"
    return f"# {before}{text}\n"


class _NotFound(Exception):
    """The search failed."""

    def __init__(self, failed: Failed) -> None:
        super().__init__(failed.error)
        self.failed = failed
