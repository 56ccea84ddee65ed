"""Detects a log's formats: those that explain most heads of its lines. The page has the same in `detection.js`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from django_logtail.formats.heads import Head, HeadReader, head_of, is_indented
from django_logtail.formats.rows import INDENTED, Row, name_of, rows_like, shape_of, wrapper_called

#: Formats a log may have in addition to its first.
_MOST_BESIDE = 3
#: The share of counted heads that the detected formats must explain.
_MUST_EXPLAIN = 0.6
#: The share of heads that an additional format must have.
_MUST_HAVE = 0.02


#: Lines of which the heads are kept, and characters of the longest.
_MOST_KEPT = 4_096
_LONGEST_KEPT = 1_000


#: Formats without a time: as fields, lines have one that isn't part of the sign.
_UNTIMED = re.compile(r"(?!(?:[a-z-]+>)*(?:json|logfmt)\|)[^|]*\|")


class Formats:
    """The formats of one log: what its entries begin with.

    `signs`: as `sign_of` gives them, the most common one first.
    """

    def __init__(self, signs: list[str]) -> None:
        self.signs = signs
        #: The expression that an administrator gave, which then decides alone.
        self.expression: HeadReader | None = None
        #: Whether an administrator gave the format: then other programs' lines don't begin entries.
        self.is_given = False
        #: Whether no format has a time, so that a line begins an entry if nothing says that it continues one.
        self.is_untimed = all(_UNTIMED.fullmatch(sign) for sign in signs)
        #: How entries write their times, if nothing is wrapped around them.
        self.time_shapes: set[str] = set()
        self.rows: list[Row] = []
        self.wrappers: list[Row] = []
        #: Whether lines of JSON, or of pairs, begin entries; whether all lines of JSON do, or only those with level or
        #: time.
        self.takes_json = self.takes_pairs = self.takes_any_json = False
        inside: dict[str, list[str]] = {}
        for sign in signs:
            path, rest = _cut(sign)
            if path:
                outer, *deeper = path.split(">")
                within = inside.setdefault(outer, [])
                if rest != "|":
                    within.append(">".join([*deeper, rest]))
            elif rest == "json|":
                self.takes_json = True
                self.takes_any_json = self.takes_any_json or sign == signs[0]
            elif rest == "logfmt|":
                self.takes_pairs = True
            else:
                id, shape = rest.split("|", 1)
                self.rows.extend(rows_like(id, shape))
                if shape:
                    self.time_shapes.add(shape)
        self._inside = {id: Formats(inner) for id, inner in inside.items()}
        self.is_indented = INDENTED in inside
        if self.is_indented:
            # Right-aligned numbers and levels have no blanks before the longest.
            self.rows.extend(self._inside[INDENTED].rows)
        for id in inside:
            if id == "docker":
                self.takes_json = True
            elif wrapper := wrapper_called(id):
                self.wrappers.append(wrapper)

    def within(self, id: str) -> Formats | None:
        """The formats of lines inside a wrapper; None (any format) if none were found."""
        found = self._inside.get(id)
        return found if found and found.signs else None

    @property
    def names(self) -> list[str]:
        """Names for people, the most common format first."""
        return [self.expression.source] if self.expression else list(dict.fromkeys(map(_named, self.signs)))


def _cut(sign: str) -> tuple[str, str]:
    """The wrappers, and what is inside them."""
    before, bar, after = sign.partition("|")
    path, _arrow, own = before.rpartition(">")
    return path, own + bar + after


def _named(sign: str) -> str:
    path, rest = _cut(sign)
    own = {"json|": "JSON lines", "logfmt|": "logfmt"}.get(rest) or name_of(rest.partition("|")[0])
    outer = ["Docker (json-file)" if id == "docker" else name_of(id) for id in path.split(">") if id]
    return ", ".join(filter(None, [*outer, own]))


def sign_of(head: Head) -> str:
    """What heads of one format have in common."""
    shape = shape_of(head.written) if head.written and head.format and not head.is_fields else ""
    return f"{head.wrapper}>{head.format}|{shape}" if head.wrapper else f"{head.format}|{shape}"


def _signed(text: str) -> tuple[Head | None, str]:
    """The head of a line, read with every format, and its sign; nobody may change the head."""
    head = head_of(text)
    return head, "" if head is None else sign_of(head)


#: Trying all formats takes ten times as long as reading a line with the right one, and each request for a log samples
#: about the same lines.
_kept = lru_cache(maxsize=_MOST_KEPT)(_signed)


@dataclass(slots=True)
class _Seen:
    sign: str
    is_timed: bool
    count: int = 0
    clean: int = 0


def detect(first: Iterable[str], last: Iterable[str] = ()) -> Formats | None:
    """The formats that explain most heads of a log's first and last lines, or None if too little is known.

    With None, lines are read with every format. A head inside another entry's body (a dumped response, a quoted log)
    counts for its format only if that format also has heads elsewhere.
    """
    found: dict[str, _Seen] = {}
    for lines in (first, last):
        is_after_head = True
        above: Head | None = None
        for text in lines:
            head, sign = _kept(text) if len(text) <= _LONGEST_KEPT else _signed(text)
            if head is None or head.blank or _says_nothing(head) or (above and is_below(head, above)):
                if text:
                    is_after_head = False
                continue
            above = head
            seen = found.setdefault(sign, _Seen(sign, head.written != ""))
            seen.count += 1
            seen.clean += is_after_head
            # Words like ERROR: in an entry's body often follow one another.
            is_strong = head.written != "" and head.level != "O"
            is_after_head = (is_after_head or is_strong) and not announces(text)
    ranked = sorted(found.values(), key=lambda seen: (-seen.count, -seen.clean, seen.sign))
    if not ranked:
        return None
    heads = sum(seen.count for seen in ranked)
    main = next((seen for seen in ranked if seen.is_timed and seen.count * 2 > ranked[0].count), ranked[0])
    if main.count < 2:
        return None
    beside = [
        seen
        for seen in ranked
        if seen is not main
        and seen.clean >= 2
        and seen.clean * 2 >= seen.count
        and seen.count >= heads * _MUST_HAVE
    ]
    chosen = [main, *beside[:_MOST_BESIDE]]
    known = sum(seen.count for seen in chosen)
    counted = known + sum(seen.clean for seen in ranked if seen not in chosen)
    return Formats([seen.sign for seen in chosen]) if known >= counted * _MUST_EXPLAIN else None


class _Above(Protocol):
    """The entry above a line, as far as it says whether the line belongs to it."""

    @property
    def wrapper(self) -> str: ...
    @property
    def format(self) -> str: ...
    @property
    def written(self) -> str: ...


def is_below(head: Head, above: _Above) -> bool:
    """Whether a head after spaces is part of the entry above, like a quoted log."""
    if not is_indented(head.wrapper) or is_indented(above.wrapper) or above.format == head.format:
        return False
    return above.written != "" or head.word is None


def _says_nothing(head: Head) -> bool:
    return (head.format == "json" and not head.is_keyed) or (head.is_bare and head.of == "lines")


def announces(text: str) -> bool:
    """Whether this line announces the lines that follow."""
    return text.endswith((":", "{", "[", "("))
