"""Tokens, cookies and passwords in a line of UTF-8: see `ready_made` about gates and `first`."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Final

from django_logtail.redaction.assigned import GAP, contained, quote_end

#: Spans of a line: from, to.
Spans = Iterator[tuple[int, int]]

#: Characters of the longest user name and password in an address, and of what may precede or follow a name's word.
URL_BYTES: Final = 1024
NAME_BYTES: Final = 64


# -- tokens --------------------------------------------------------------------------------------------

AUTHORIZATION_GATE: Final = r"(?i:bearer|basic|authorization|\beyj)"
_AUTHORIZATION: Final = re.compile(
    rf"(?i)authorization(?:(?:\\*[\"'])?{GAP}(?:=>|[:=])|\\*[\"']{GAP},(?={GAP}b?\\*[\"'][A-Za-z0-9-]+[ \t]+[^\s\"']))"
    rf"{GAP}(?:\[{GAP})?(?:b?\\*[\"'])?(?=[^\s\"'\\])".encode()
)
_SCHEME: Final = re.compile(
    rb"(?i)(?:bearer|basic|token|apikey|api-key|key|negotiate|ntlm)[ \t]+(?=[^\s\"'\\])"
)
_WORD: Final = re.compile(rb"[^\s\"'\\,;<>)\]}]+")
_REST: Final = re.compile(rb"[^\r\n\"'\\]*")
_PARAMETER: Final = rb"[A-Za-z0-9_-]+=(?:\\*\"[^\"\\]*\\*\"|[^\s,\"'\\]*)"
_PARAMETERS: Final = re.compile(rb"[A-Za-z0-9-]+[ \t]+" + _PARAMETER + rb"(?:,[ \t]*" + _PARAMETER + rb")*")
_BEARER: Final = re.compile(rb"(?i)\b(bearer|basic)(?:[ \t]+|%20|\+)([A-Za-z0-9._~+/-]{6,}={0,2})")
_JWT: Final = re.compile(rb"\beyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)*")


def tokens(line: bytes, first: int) -> Spans:
    """Credentials in an `Authorization` header, after `Bearer` and `Basic`, and JSON Web Tokens."""
    at = first
    while (header := _AUTHORIZATION.search(line, at)) is not None:
        start, at = _credentials(line, header.end())
        yield start, at
    for found in _BEARER.finditer(line, first):
        if _is_basic(found[2]) if found[1].lower() == b"basic" else _is_token(found[2]):
            yield found.span(2)
    for found in _JWT.finditer(line, first):
        yield found.span()


def _credentials(line: bytes, at: int) -> tuple[int, int]:
    """The credentials of a header's value that begins at `at`: a word after a known scheme, otherwise all of it,
    with its parameters, as those of `Digest`.
    """
    if (scheme := _SCHEME.match(line, at)) is not None:
        word = _WORD.match(line, scheme.end())
        return (scheme.end(), word.end()) if word is not None else (at, at)
    if (parameters := _PARAMETERS.match(line, at)) is not None and b'"' in parameters[0]:
        return parameters.span()
    rest = _REST.match(line, at)
    assert rest is not None
    return at, rest.end()


def _is_token(text: bytes) -> bool:
    """Whether what follows "bearer" is more than a word: "bearer authentication" has no token."""
    return not text.isalpha() or len(text) >= 20 or not (text.islower() or text.istitle())


def _is_basic(text: bytes) -> bool:
    """Whether this is base64 of a user name, a colon and a password."""
    try:
        return b":" in base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        return False


# -- cookies -------------------------------------------------------------------------------------------

COOKIE_GATE: Final = r"(?i:cookie)"
_COOKIE: Final = re.compile(
    rf"(?i)cookies?(?:(?:\\*[\"'])?{GAP}(?:=>|[:=])|\\*[\"']{GAP},(?={GAP}b?\\*[\"'][^\s;,=\"']+=)){GAP}(b?\\*[\"'])?".encode()
)
_ATTRIBUTE: Final = rb"(?:(?i:expires)=[^;\r\n\"']*|[^\s;,=\"']+(?:=(?:\"[^\"\r\n]*\"|[^\s;,\"']*))?)"
_PAIRS: Final = re.compile(rb"[^\s;,=\"']+=(?:\"[^\"\r\n]*\"|[^\s;\"']*)(?:[;,][ \t]*" + _ATTRIBUTE + rb")*")


def cookies(line: bytes, first: int) -> Spans:
    """What follows `Cookie:` and `Set-Cookie:`: all of a value in quotes or a list, otherwise pairs as
    in the headers.
    """
    at = first
    while (found := _COOKIE.search(line, at)) is not None:
        start = at = found.end()
        if found[1]:
            at = quote_end(line, start, found[1].lstrip(b"b"))
        elif (items := contained(line, start)) is not None:
            yield from items[0]
            start = at = items[1]
        elif (pairs := _PAIRS.match(line, start)) is not None:
            at = pairs.end()
        if start < at:
            yield start, at


# -- passwords -----------------------------------------------------------------------------------------

_NAMES: Final = (
    r"passw|passphrase|pwd|secret|token|api[_.-]?key|access[_.-]?key|private[_.-]?key|auth[_.-]?key|credential"
    r"|session[_.-]?(?:id|key)|bearer|\bpass\b|_pass\b"
)
PASSWORD_GATE: Final = rf"(?i:{_NAMES})|://[^\s\"'<>]*@"
#: The same for `re`, in which the former takes more than linear time.
PASSWORD_GATE_FOR_RE: Final = rf"(?i:{_NAMES})|://"
#: Not the number of tokens that a language model used.
_NAME: Final = re.compile(rf"(?i:{_NAMES})(?!(?<=token)s\b)".encode())
_ASSIGNED: Final = re.compile(
    rf"[A-Za-z0-9_.-]{{0,{NAME_BYTES}}}(?:\\*[\"'])?(?:\]|%5D|\[[0-9]{{0,9}}\]|%5B[0-9]{{0,9}}%5D)?"
    rf"{GAP}(?:=>|:=|[:=]|%3[Dd]){GAP}(?:[bBuU]?(\\*[\"']))?".encode()
)
#: A name and a value in parentheses, as Python prints items of dicts and headers.
_PAIR: Final = re.compile(
    rf"(?i)\([bu]?(\\*[\"'])[\w.-]{{0,{NAME_BYTES}}}?(?:{_NAMES})[\w.-]{{0,{NAME_BYTES}}}\1{GAP},{GAP}[bu]?(\\*[\"'])".encode()
)
#: What ends a value that isn't in quotes; the colours after it are not part of it.
_STOP: Final = r"\s,;&\"'<>)}\]\\"
_VALUE: Final = re.compile(
    rf"[^{_STOP}\x1b]*(?:\x1b(?!\[[0-9;:]{{0,32}}m(?:\x1b\[[0-9;:]{{0,32}}m){{0,3}}(?:[{_STOP}]|\Z))"
    rf"[^{_STOP}\x1b]*)*".encode()
)
_NOTHING: Final = frozenset({b"none", b"null", b"nil", b"true", b"false", b"undefined", b"[", b"{", b"("})
_PORT: Final = re.compile(rb"[0-9]{1,5}[/?#]")
_ADDRESS: Final = re.compile(rb"[^\s\"'<>]*")


def passwords(line: bytes, first: int) -> Spans:
    """Passwords in addresses, and values of names such as `password` and `api_key`."""
    yield from _in_addresses(line, first)
    for pair in _PAIR.finditer(line, max(0, first - 2 * NAME_BYTES)):
        yield pair.end(), quote_end(line, pair.end(), pair[2])
    at = first
    while (name := _NAME.search(line, at)) is not None:
        at = name.end()
        if (assigned := _ASSIGNED.match(line, at)) is None:
            continue
        start = assigned.end()
        if assigned[1]:
            end = quote_end(line, start, assigned[1])
        elif (items := contained(line, start)) is not None:
            yield from items[0]
            start = end = items[1]
        else:
            value = _VALUE.match(line, start)
            end = value.end() if value is not None else start
            if b"%3" in assigned[0]:
                end = _before(line, start, end, b"%26")
        at = max(at, end)
        if start < end and line[start:end].lower() not in _NOTHING:
            yield start, end


def _before(line: bytes, start: int, end: int, mark: bytes) -> int:
    found = line.find(mark, start, end)
    return found if found >= 0 else end


def _in_addresses(line: bytes, first: int) -> Spans:
    at = line.find(b"://", first)
    while at >= 0:
        start = at + 3
        address = _ADDRESS.match(line, start, start + URL_BYTES)
        end = address.end() if address is not None else start
        at = line.find(b"://", start)
        stop = line.rfind(b"@", start, at if start < at < end else end)
        colon = line.find(b":", start, stop) if stop >= 0 else -1
        if 0 <= colon < stop - 1 and not _PORT.match(line, colon + 1) and not _has_path(line, start, colon):
            yield colon + 1, stop


def _has_path(line: bytes, start: int, end: int) -> bool:
    return any(line.find(mark, start, end) >= 0 for mark in (b"/", b"?", b"#"))
