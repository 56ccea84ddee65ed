"""Private keys in PEM: the only secrets of many lines.

A line belongs to a key if a key began at most `KEY_BYTES` before the line, has not ended since, and the line looks like
part of one: so a line is judged by what precedes it alone, as it arrives, and lines of others in between stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from django_logtail.redaction.converted import Encoding

#: The longest key, from its first byte to its last line: an RSA key of 16,384 bits has 12,500.
KEY_BYTES: Final = 16 * 1024
MARK: Final = "PRIVATE KEY"
_BEGIN: Final = re.compile(rb"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_END: Final = re.compile(rb"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
#: A line of a key: base64 or a header, perhaps indented or quoted; and what is base64 in a line with a prefix.
_BODY: Final = re.compile(
    rb"[ \t>|\"',]*(?:[A-Za-z0-9+/=]+|(?:Proc-Type|DEK-Info|Version|Comment): [^\r]*)(?:\\[nr])*[ \t\"',+\\]*\r?"
)
_LONG_RUN: Final = re.compile(rb"[A-Za-z0-9+/]{32,}={0,2}")
_BASE64: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
#: What a line of base64 may end with, and what precedes the end of a key that is all in one line.
_AFTER_BODY: Final = b" \t\"',+\\\r"
_IN_BODY: Final = _BASE64 + b"=\\"


def hidden_by_keys(encoding: Encoding, before: bytes, data: bytes) -> Iterator[tuple[int, int]]:
    """Spans of `data` that are in private keys, each within a line. `before`: the `KEY_BYTES` before it, or all."""
    mark = encoding.encoded(MARK)
    if mark not in data and mark not in before:
        return
    text = before + data
    begun: int | None = None
    at = encoding.line_start(text, 0, 0, text.find(mark))
    while at <= len(text):
        end = encoding.line_end(text, 0, at)
        raw = text[at:end]
        line = encoding.utf8(raw)
        is_in_key = begun is not None and at - begun <= KEY_BYTES
        spans = list(_in_line(line, is_in_key=is_in_key))
        for (one, other), (_, _, begins) in zip(
            encoding.places(raw, line, [span[:2] for span in spans]), spans, strict=True
        ):
            if begins is not None:
                begun = at + one if begins else None
            # A key that is cut at the begin of what we see has no mark there.
            if at + other > len(before) and other > one:
                yield max(0, at + one - len(before)), at + other - len(before)
        at = end + encoding.unit
        if begun is None or at - begun > KEY_BYTES:  # go on where the next one may begin
            found = text.find(mark, at)
            if found < 0:
                return
            at = encoding.line_start(text, 0, at, found)


def _in_line(line: bytes, *, is_in_key: bool) -> Iterator[tuple[int, int, bool | None]]:
    """Spans of keys in one line, and whether the key goes on after the line (True), ends (False), or as before."""
    at = 0
    length = len(line) - line.endswith(b"\r")
    if is_in_key:
        if (end := _END.search(line)) is not None:
            yield _body_start(line, end.start()), end.end(), False
            at = end.end()
        else:
            begin = _BEGIN.search(line)
            stop = begin.start() if begin is not None else length
            yield from _body(line[:stop])
            at = stop
    while (begin := _BEGIN.search(line, at)) is not None:
        end = _END.search(line, begin.end())
        if end is None:
            yield begin.start(), length, True
            return
        yield begin.start(), end.end(), False
        at = end.end()


def _body_start(line: bytes, end: int) -> int:
    """Where the part of a line before the end of a key begins to be the key's."""
    return len(line[:end].rstrip(_IN_BODY))


def _body(line: bytes) -> Iterator[tuple[int, int, bool | None]]:
    if _BODY.fullmatch(line):
        start = len(line) - len(line.lstrip(b" \t>|\"',"))
        yield start, len(line.rstrip(b" \t\"',+\r")), None
        return
    runs = [found.span() for found in _LONG_RUN.finditer(line)]
    stripped = line.rstrip(_AFTER_BODY)
    if stripped.endswith(b"=") and (not runs or runs[-1][1] < len(stripped)):
        runs.append((len(stripped.rstrip(b"=").rstrip(_BASE64)), len(stripped)))
    for start, end in runs:
        yield start, end, None
