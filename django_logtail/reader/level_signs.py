"""What the first line of an entry has in any case if the entry has certain levels: words, letters, numbers.

Lines without any of them need not be read, which takes a hundred times as long as passing over them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, Protocol

from django_logtail.formats.detection import Formats
from django_logtail.formats.rows import INDENTED, KEYS, MAPS, REQUEST_KEYS, TABLE, Row
from django_logtail.tailing.text.matching import own_expression

#: How crashes begin, which have no word of a level: a part of each.
_CRASHES: Final = (
    "Uncaught",
    "uncaught",
    "Unhandled",
    "exception",
    "Traceback",
    "Logging e",
    "Caused by",
    "goroutine",
    "terminate called",
    "Segmentation fault",
    r"\*\*\* ",
    r"\*\* \(",
    "CRASH",
    "NotFound",
    "Invalid",
    ":in [`']",
    r"^(?:[A-Za-z_$][\w$]*\.)+[A-Z][\w$]*(?:: |$)",
    "[A-Za-z0-9_]Error",
)

#: Keys of an HTTP status, which is the level of a request without one.
_STATUSES: Final = "|".join(sorted({re.escape(key.rpartition(".")[2]) for key in REQUEST_KEYS["status"]}))


class Signs(Protocol):
    """An expression of this module."""

    def search(self, text: bytes, start: int, end: int) -> Any: ...


def signs_of(levels: str, formats: Formats | None) -> Signs | None:
    """An expression for what lines that begin an entry with one of these levels have; None: there is none."""
    if formats is None or not levels or set(levels) - {"E", "W"} or not _are_told(formats):
        return None
    parts = [*_words(levels), r"Level [3-9]\d", *_CRASHES]
    if formats.takes_json:
        keys = "|".join(sorted({re.escape(key.rpartition(".")[2]) for key, _ in KEYS["level"]}))
        parts += [r"\\u", rf'"(?i:{keys})"\s*:\s*"?(?:[A-Za-z]"|\d)']
        parts.append(rf'"(?i:{_STATUSES})"\s*:\s*"?[45]\d\d')
    if formats.takes_pairs or any(row.pairs for row in formats.rows):
        parts.append(r"""(?i:level|lvl|severity|at)=["']?(?:\d|[A-Za-z]\b)""")
        parts.append(rf"""(?i:{_STATUSES})=["']?[45]\d\d""")
    for row in formats.rows:
        parts += _signs_of(row, levels)
    # Another program may write into the same file, with letters for levels.
    letters = "".join(letter for letter, level in MAPS["letter"].items() if level in levels)
    parts.append(rf"\b[{letters}](?:[^A-Za-z]|$)")
    found: Signs = own_expression("|".join(dict.fromkeys(parts)))
    return found


def _are_told(formats: Formats) -> bool:
    """Whether the rows of its formats alone say which level a line has."""
    wrappers = {wrapper.id for wrapper in formats.wrappers} - {INDENTED}
    is_wrapped = bool(wrappers) or formats.within("docker") is not None
    has_others = any(row.follows or row.level is not None for row in formats.rows)
    return formats.expression is None and not (formats.is_untimed or is_wrapped or has_others)


def _signs_of(row: Row, levels: str) -> Iterator[str]:
    if "status" in row.slots:
        yield rf"\b[{'45' if 'W' in levels else '5'}]\d\d\b"
    if "pri" in row.slots:
        yield r"<\d{1,3}>"
    if row.map is not None:
        yield from _words_in(row.map, levels)


def _words_in(words: Mapping[str, str], levels: str) -> Iterator[str]:
    for word, level in words.items():
        if level in levels:
            yield rf"\b{word}(?:[^A-Za-z]|$)" if len(word) == 1 and word.isalpha() else re.escape(word)


def _words(levels: str) -> Iterator[str]:
    """The words of levels, however they are written; not those that contain another."""
    words = sorted({word for level in levels for word in TABLE["words"][level]}, key=len)
    least = [word for n, word in enumerate(words) if not any(other in word for other in words[:n])]
    narrow = "|".join(word for word in least if word.isascii())
    yield f"(?i:{narrow})"
    yield from (word for word in least if not word.isascii())
    yield "[\uff21-\uff5a]{3}"  # wide letters
