"""The head of a line: its format, and where time, level, logger and message are. The page has the same in `heads.js`.

A level is read only from where a format puts it, never from a word in the message.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from django_logtail.formats.escapes import plain, unescaped
from django_logtail.formats.fields import Fields, fields_of_json, fields_of_pairs
from django_logtail.formats.rows import (
    GENERAL,
    HEAD_CHARACTERS,
    INDENTED,
    LONG_HEAD_CHARACTERS,
    Level,
    Row,
    captured,
    level_of,
    level_of_priority,
    level_of_status,
    rows_for,
    wrappers_for,
)

#: Characters behind a time to search for the word of a level.
_NEAR_CHARACTERS = 160
_WORDS = re.compile("[A-Za-z\uff21-\uff5a\u3040-\u9fff\uac00-\ud7a3]{2,16}")
#: Depth of wrappers inside wrappers.
_MOST_WRAPPERS = 3
#: Where right-aligned levels end: five columns in log4j, eight in Python.
_ALIGNED = (5, 8)

Span = tuple[int, int]


@dataclass(slots=True)
class Head:
    """What the head of a line says.

    `time`, `word` (the level as written) and `source` (the logger) are spans of characters; `message` is where the
    message begins. `written` is the time as written, even if it has no span. `said` is the message of a line of fields.
    `wrapper` names the wrappers around the line, outermost first; `label` is the program that wrote it, if there are
    several; `inner` is the wrapped line, and `is_bare` means that it has no head of its own. `part` heads belong to the
    entry before; `blank` ones have its time.
    """

    format: str
    wrapper: str = ""
    of: str = ""
    label: str = ""
    level: Level = "O"
    time: Span | None = None
    word: Span | None = None
    source: Span | None = None
    message: int = 0
    written: str = ""
    logger: str = ""
    said: str | None = None
    part: bool = False
    blank: bool = False
    follows: bool = False
    is_bare: bool = False
    is_fields: bool = False
    is_keyed: bool = False
    inner: str | None = None


class HeadReader(Protocol):
    """Reads heads in its own way."""

    source: str

    def head(self, text: str) -> Head | None: ...


class Known(Protocol):
    """The formats of a log, as `detection.Formats` has them."""

    @property
    def is_given(self) -> bool: ...
    @property
    def expression(self) -> HeadReader | None: ...

    @property
    def rows(self) -> Iterable[Row]: ...
    @property
    def wrappers(self) -> Iterable[Row]: ...
    @property
    def takes_json(self) -> bool: ...
    @property
    def takes_any_json(self) -> bool: ...
    @property
    def takes_pairs(self) -> bool: ...
    def within(self, id: str) -> Known | None: ...


def head_of(text: str, formats: Known | None = None, depth: int = 0) -> Head | None:
    """The head of a line without escape sequences, or None. `formats`: the log's formats; None: every format."""
    if not text:
        return None
    if formats and formats.expression:
        return formats.expression.head(text)
    if text[0] == "{":
        return _json_head(text, formats, depth)
    part = text[:HEAD_CHARACTERS]
    if depth < _MOST_WRAPPERS:
        for wrapper in formats.wrappers if formats else wrappers_for(text):
            found = captured(wrapper, part)
            if found:
                inside = (
                    formats.within(wrapper.id)
                    if formats and wrapper.of == "lines" and not wrapper.many
                    else None
                )
                head = _wrapped(_head_of(found, wrapper), text, wrapper, inside, depth)
                if wrapper.id != INDENTED or _is_aligned(head):
                    return head
    for row in formats.rows if formats else rows_for(text):
        if row.alone and depth:
            continue
        found = captured(row, text[:LONG_HEAD_CHARACTERS] if row.long else part)
        if found:
            head = _head_of(found, row, text)
            return _more_exact(head, text, formats) if formats and row.id in GENERAL else head
    return None if formats and not formats.takes_pairs else _pairs_head(text)


def shown(text: str) -> str:
    """A line as a terminal would show it, without colours.

    A carriage return overwrites the line, as with a progress bar, unless the line has a head of its own.
    """
    before, back, _after = text.partition("\r")
    head = head_of(unescaped(before)) if back else None
    return unescaped(text) if head and (head.written or head.word) else plain(text)


def _head_of(found: tuple[str, ...], row: Row, text: str = "") -> Head:
    head = Head(row.id, part=row.part, blank=row.blank, follows=row.follows)
    if row.level:
        head.level = row.level
    at = 0
    for slot, what in zip(row.slots, found, strict=True):
        span = (at, at + len(what))
        at = span[1]
        match slot:
            case "time":
                head.time = span if what and not row.within else None
                head.written = what
            case "level":
                head.level = level_of(what) if row.map is None else row.map.get(what, "O")
                head.word = span
            case "logger":
                head.source = span if what else None
                head.logger = what
            case "status":
                head.level = level_of_status(what)
            case "pri":
                head.level = level_of_priority(int(what))
            case _:
                pass  # text in between
    head.message = 0 if row.within or "status" in row.slots else at
    if row.pairs and "=" in text[at:]:
        fields = fields_of_pairs(text, at)
        if fields and fields.level:
            head.level = fields.level
    return head


def _wrapped(head: Head, text: str, wrapper: Row, formats: Known | None, depth: int) -> Head:
    """The head of the line in a wrapper, or the wrapper's own."""
    at = head.message
    inner = text[at:]
    own = head_of(inner, formats, depth + 1)
    head.wrapper, head.of, head.inner = wrapper.id, wrapper.of, inner
    head.label = text[:at] if wrapper.many else ""
    if own is None:
        head.is_bare = True
        head.format = ""
        if wrapper.of == "lines" and formats is None and "time" not in wrapper.slots:
            head.level = "O"  # words and a bar may be a table in a message
        return head

    def moved(span: Span | None) -> Span | None:
        return (span[0] + at, span[1] + at) if span else None

    return replace(
        own,
        wrapper=f"{wrapper.id}>{own.wrapper}" if own.wrapper else wrapper.id,
        of=wrapper.of,
        label=own.label or head.label,
        inner=inner if own.inner is None else own.inner,
        level=head.level if "pri" in wrapper.slots else own.level,
        time=moved(own.time) if own.written else head.time,
        written=own.written or head.written,
        word=moved(own.word),
        source=moved(own.source) if own.source else head.source,
        logger=own.logger or head.logger,
        message=own.message + at,
    )


def _more_exact(head: Head, text: str, formats: Known) -> Head:
    """The head of a line with a time, or one that also has a level: in a log of times alone, few lines may have one."""
    near = text[head.message : head.message + _NEAR_CHARACTERS]
    if formats.is_given or head.level != "O" or all(level_of(word) == "O" for word in _WORDS.findall(near)):
        return head
    other = head_of(text)
    return other if other and other.word and other.time == head.time and not other.wrapper else head


def is_indented(wrapper: str) -> bool:
    return wrapper.startswith(INDENTED)


def _is_aligned(head: Head) -> bool:
    """Whether blanks before a head are how its program writes it: before a time, a number, or a right-aligned level."""
    if head.is_bare or head.is_fields or head.part or head.blank:
        return False
    if head.word and not (head.time and head.time < head.word):
        return head.word[1] in _ALIGNED or "0" <= (head.inner or "")[:1] <= "9"
    return head.time is not None


def _json_head(text: str, formats: Known | None, depth: int) -> Head | None:
    if formats and not formats.takes_json:
        return None
    fields = fields_of_json(text)
    if fields is None:
        return None
    head = _with_fields(Head("json"), fields)
    if fields.inner is not None and depth < _MOST_WRAPPERS:
        own = head_of(fields.inner, formats.within("docker") if formats else None, depth + 1)
        if own is None:
            return replace(
                head,
                format="",
                wrapper="docker",
                of="lines",
                is_bare=True,
                is_fields=False,
                is_keyed=False,
                inner=fields.inner,
                said=fields.inner,
            )
        return replace(
            own,
            wrapper=f"docker>{own.wrapper}" if own.wrapper else "docker",
            of="lines",
            inner=fields.inner if own.inner is None else own.inner,
            said=fields.inner[own.message :] if own.said is None else own.said,
            time=None,
            word=None,
            source=None,
            message=0,
            written=own.written or head.written,
        )
    return None if formats and not head.is_keyed and not formats.takes_any_json else head


def _pairs_head(text: str) -> Head | None:
    if not 1 <= text.find("=") <= 64:
        return None
    fields = fields_of_pairs(text)
    if fields is None:
        return None
    head = _with_fields(Head("logfmt"), fields)
    if fields.time and (at := text.find(fields.time)) >= 0:
        head.time = (at, at + len(fields.time))
    return head


def _with_fields(head: Head, fields: Fields) -> Head:
    head.level = fields.level or "O"
    head.written = fields.time
    head.logger = fields.logger
    head.said = fields.message
    head.is_fields = True
    head.is_keyed = fields.level is not None or fields.time_key != ""
    return head
