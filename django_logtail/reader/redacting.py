"""Hides secrets in a log's bytes before they leave the host: in what a flow emits, and in older content.

For a viewing that may see the original, the bytes stay as they are, and what would be hidden is only declared.

Bytes that may be part of a secret that isn't complete are hidden too: a line that has not ended, and the first line of
a file if the file before ended inside a line.
"""

from __future__ import annotations

import os
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django_logtail.control.wants import ORIGINAL_SECONDS, Want
from django_logtail.redaction.keys import KEY_BYTES
from django_logtail.redaction.redactor import UNFINISHED, Redactor, Span, neighbourhood
from django_logtail.redaction.rules import Rule, RuleFailed
from django_logtail.redaction_rules import digest
from django_logtail.tailing import Batch, Follower, Item, history
from django_logtail.tailing.archives import Unsupported
from django_logtail.tailing.belonging import Belonging
from django_logtail.tailing.files.generation import Changed
from django_logtail.tailing.files.opening import Permit
from django_logtail.tailing.files.system import System
from django_logtail.tailing.reasons import reason
from django_logtail.tailing.texts import PlainText, Text, read_whole

#: Of the first line of a file, how much may be the rest of a secret that began in the file before.
BEGIN_BYTES: Final = 64 * 1024
#: Places in one message that are declared; what is hidden further on is only replaced.
MOST_DECLARED: Final = 1_000
#: Encodings whose files say their byte order at their begin, in so many bytes.
WITHOUT_ORDER: Final = frozenset({"utf-16", "utf16", "utf-32", "utf32", "u16", "u32"})
ORDER_BYTES: Final = 4
#: What was found lately in a text that is searched: more than one turn of a search finds hits among.
MOST_FOUND: Final = 4_000
#: Kept for one log: its files nearly always have the same encoding.
MOST_REDACTORS: Final = 8
#: Files of one flow of which it is known what was before them.
MOST_OLDER: Final = 16


@dataclass(frozen=True)
class Redaction:
    """The rules for one log. `digest` tells whether they are the same as before.

    `is_shown`: what they find is declared, and not hidden.
    """

    rules: tuple[Rule, ...] = field(compare=False)
    digest: str
    is_shown: bool = False
    _redactors: dict[tuple[str, bytes], Redactor] = field(default_factory=dict, compare=False, repr=False)

    def redactor(self, encoding: str, head: bytes) -> Redactor:
        """`head`: the first bytes of the file, for its byte order."""
        key = (encoding, head[:ORDER_BYTES] if encoding.lower().replace("_", "-") in WITHOUT_ORDER else b"")
        if key not in self._redactors:
            if len(self._redactors) >= MOST_REDACTORS:
                self._redactors.clear()
            self._redactors[key] = Redactor(self.rules, encoding, head)
        return self._redactors[key]

    def is_hidden(self, text: str) -> bool:
        """Whether rules hide something in a text. Raises `RuleFailed`."""
        if self.is_shown:
            return False
        data = text.encode("utf-8", "replace")
        return bool(self.redactor("utf-8", b"").spans(data, 0, 0, len(data)))


def why_failed(error: RuleFailed) -> str:
    """Why a log can't be read, as one of `reasons`."""
    return reason("rule-failed", rule=error.rule, why=str(error))


class OriginalOver(Exception):
    """A want asks for the original when it may not, or no longer."""


def shows_original(want: Want, now: float) -> bool:
    """Whether a want may have the lines as they are, at this moment in seconds since the epoch. Raises `OriginalOver`
    if it asks for that at the wrong time.
    """
    if not want.original_until:
        return False
    # Further ahead than any web process says: clocks differ by more than they may.
    if not now < want.original_until <= now + 2 * ORIGINAL_SECONDS:
        raise OriginalOver
    return True


def rules_differ(rules: str) -> str:
    """Why a want with these `rules` can't be served, as one of `reasons`; "" if the settings here have the same."""
    return "" if rules == digest() else reason("rules-differ")


def declared(spans: Sequence[Span], base: int) -> list[list[Any]]:
    """The spans of bytes that begin at `base`, as messages have them."""
    return [[start - base, end - start, rule] for start, end, rule in spans[:MOST_DECLARED]]


def spans_within(spans: Sequence[Span], start: int, size: int) -> list[Span]:
    """The parts of spans in the `size` bytes from `start` on."""
    end = start + size
    return [
        Span(max(one.start, start), min(one.end, end), one.rule)
        for one in spans
        if one.start < end and one.end > start
    ]


def secrets_in(spans: Sequence[Span]) -> list[Span]:
    """Those that hide a secret, without those that hide what may become one."""
    return [span for span in spans if span.rule != UNFINISHED]


def end_of_previous(belonging: Belonging, permit: Permit, text: Text) -> bytes | None:
    """The end of the file before this one, as long as a private key may be; b"" if there is no such file, None if that
    can't be found out. May raise `OSError`.
    """
    try:
        previous = history.open_previous(belonging, text, permit=permit)
    except (Unsupported, history.FilesAlike, Changed):
        return None
    if previous is None:
        return b""
    _, older = previous
    try:
        if not isinstance(older, PlainText):
            return None
        return read_whole(older, max(0, older.size - KEY_BYTES), older.size)
    except Changed:
        return None
    finally:
        older.close()


def _is_cut(older: bytes | None, newline: bytes) -> bool:
    """Whether the file before ended inside a line; also if that can't be found out."""
    return older is None or bool(older and not older.endswith(newline))


class RedactedText:
    """A text whose secrets are hidden. It reads more of the text than it is asked for, and keeps that."""

    def __init__(
        self, text: Text, redaction: Redaction, encoding: str, look_before: Callable[[], bytes | None]
    ) -> None:
        """`look_before`: what `end_of_previous` returns for this text."""
        self._text = text
        self._is_shown = redaction.is_shown
        self._redactor = redaction.redactor(encoding, text.read(0, 4))
        self._look_before = look_before
        #: What it has returned, if it was asked.
        self._older: list[bytes | None] = []
        #: What was found in what was read lately, in no order; reads may overlap.
        self.found: deque[Span] = deque(maxlen=MOST_FOUND)
        #: What was read last: the bytes from `_base` on.
        self._base = 0
        self._kept = b""

    def read(self, offset: int, size: int) -> bytes:
        """As `Text.read`. Raises `RuleFailed`, too."""
        data, spans = self.redacted(offset, size)
        self.found += spans
        return data

    def redacted(self, offset: int, size: int) -> tuple[bytes, list[Span]]:
        """The same, with what is hidden."""
        if self._is_shown:
            _, spans = self._redactor.read(self._around, offset, size)
            return self._around(offset, size), secrets_in(spans)
        if offset >= BEGIN_BYTES:
            return self._redactor.read(self._around, offset, size)
        if not self._older:
            self._older.append(self._look_before())
        [older], hidden_until = self._older, 0
        if _is_cut(older, self._redactor.encoding.newline):  # its first line may be longer the next time
            hidden_until = _first_line(self._text.read(0, BEGIN_BYTES), self._redactor)
        return self._redactor.read(self._around, offset, size, hidden_until=hidden_until, older=older or b"")

    def _around(self, offset: int, size: int) -> bytes:
        """Bytes of the text. Of a compressed one, what was just read would have to be unpacked again."""
        at = offset - self._base
        if not 0 <= at <= len(self._kept):
            self._base, self._kept, at = offset, b"", 0
        missing = at + size - len(self._kept)
        if missing > 0:
            read_to = self._base + len(self._kept)
            self._kept = self._kept[at:] + read_whole(self._text, read_to, read_to + missing)
            self._base, at = offset, 0
        return self._kept[at : at + size]


def _first_line(data: bytes, redactor: Redactor) -> int:
    return redactor.encoding.line_end(data, 0, 0)


class LiveRedaction:
    """Hides secrets in what one flow emits."""

    def __init__(self, redaction: Redaction, encoding: str, belonging: Belonging, permit: Permit) -> None:
        self.is_shown = redaction.is_shown
        self._redaction = redaction
        self._encoding = encoding
        self._belonging = belonging
        self._permit = permit
        #: The file that was emitted last, and its bytes before that place.
        self._last = ("", b"")
        #: Files, and the end of the file before each; None: unknown.
        self._older: OrderedDict[str, bytes | None] = OrderedDict()

    def prepare(self, items: Iterable[Item], follower: Follower) -> None:
        """Find out in a thread what `redacted` must know of other files."""
        last = self._last
        for item in items:
            if isinstance(item, Batch) and not item.partial:
                self._look_at(item, follower)
        if (here := follower.position) is not None:  # a file that is still empty
            self._look_at(Batch(here, b""), follower)
        self._last = last

    def redacted(self, batch: Batch, follower: Follower) -> tuple[bytes, list[Span]]:
        """The bytes of a batch, which is not of an unfinished line, and what is hidden in them, or would be. Raises
        `RuleFailed`.
        """
        hidden_until = self._look_at(batch, follower)
        place, data = batch.before, batch.data
        start, end = place.offset, place.offset + len(data)
        descriptor = follower.descriptor_of(place.file)
        redactor = self._redactor(descriptor)
        low, high = neighbourhood(start, end)
        if redactor.encoding.unit == 1 and _read(descriptor, start - 1, 1) == b"\n":
            low = max(low, start - KEY_BYTES)  # no line before it decides, except a key's
        before = _read(descriptor, low, start - low)
        if len(before) < start - low:  # what decides is gone
            lines = redactor.encoding.lines(data)
            spans = [Span(start + one, start + other, UNFINISHED) for one, other in lines if one < other]
            return self._as_shown(redactor, data, start, spans)
        is_whole = redactor.encoding.ends.after_last(data, start) == len(data)
        after = b"" if is_whole else _read(descriptor, end, high - end)
        is_end = not is_whole and len(after) < high - end
        text, older = before + data + after, self._older.get(place.file) or b""
        spans = redactor.spans(text, low, start, end, is_end=is_end, hidden_until=hidden_until, older=older)
        return self._as_shown(redactor, data, start, spans)

    def _as_shown(
        self, redactor: Redactor, data: bytes, start: int, spans: list[Span]
    ) -> tuple[bytes, list[Span]]:
        return (data, secrets_in(spans)) if self.is_shown else (redactor.hide(data, start, spans), spans)

    def _redactor(self, descriptor: int | None) -> Redactor:
        return self._redaction.redactor(self._encoding, _read(descriptor, 0, 4))

    def _look_at(self, batch: Batch, follower: Follower) -> int:
        """How much of the first line of a batch's file is hidden; notes where the stream is."""
        file, offset = batch.before.file, batch.before.offset
        descriptor = follower.descriptor_of(file)
        redactor = self._redactor(descriptor)
        if file not in self._older and offset < BEGIN_BYTES:
            is_next = self._last[0] and self._last[0] != file and not batch.late
            self._older[file] = self._last[1] if is_next else self._end_of_previous(descriptor)
            while len(self._older) > MOST_OLDER:
                self._older.popitem(last=False)
        if not batch.late:
            end = offset + len(batch.data)
            start = max(0, end - KEY_BYTES)
            self._last = (file, _read(descriptor, start, end - start) or batch.data[-KEY_BYTES:])
        if offset >= BEGIN_BYTES or not _is_cut(self._older[file], redactor.encoding.newline):
            return 0
        return _first_line(_read(descriptor, 0, BEGIN_BYTES) or batch.data, redactor)

    def _end_of_previous(self, descriptor: int | None) -> bytes | None:
        if descriptor is None:
            return None
        copy = os.dup(descriptor)
        try:
            text = PlainText(System(), copy)
        except OSError:
            os.close(copy)
            return None
        try:
            return end_of_previous(self._belonging, self._permit, text)
        except OSError:
            return None
        finally:
            text.close()


def _read(descriptor: int | None, offset: int, size: int) -> bytes:
    """Bytes of an open file; fewer if there are not as many, or it can't be read."""
    if descriptor is None or size <= 0:
        return b""
    try:
        return os.pread(descriptor, size, offset)
    except OSError:
        return b""
