"""The rules that come with the package: where secrets of each kind are in a line of UTF-8. Tokens, cookies and
passwords are in `credentials`.

Each has a gate, an expression that every line with such a secret matches: RE2 looks for all gates at once, so that most
text is passed over at its speed. What looks closer are expressions of our own for `re`, each linear in the line, and
code that checks what they find: from `first` on, where the gate matches first in the line, unless a secret may begin
before that. An administrator's expression never gets here.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final
from urllib.parse import quote, quote_plus

from django_logtail.redaction.numbers import IBAN_CHARACTERS, is_card, is_iban

#: Spans of a line: from, to.
Spans = Iterator[tuple[int, int]]

#: Characters of the longest part of an e-mail address before the "@".
LOCAL_BYTES: Final = 64
#: Values from settings shorter than this are not hidden: they would be found inside words.
LEAST_VALUE_CHARACTERS: Final = 6


# -- e-mail addresses ----------------------------------------------------------------------------------

EMAIL_GATE: Final = "@|%40"
_DOMAIN: Final = re.compile(
    rb"[A-Za-z0-9\x80-\xff-]+(?:\.[A-Za-z0-9\x80-\xff-]+)*\.[A-Za-z\x80-\xff][A-Za-z0-9\x80-\xff-]+"
)
_LOCAL_CHARACTERS: Final = bytes(
    {*b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.!#$*+_~-", *range(0x80, 0x100)}
)


def emails(text: bytes, start: int, end: int) -> Spans:
    """E-mail addresses in whole lines [start, end)."""
    for mark in (b"@", b"%40"):
        at = text.find(mark, start, end)
        while at >= 0:
            near = text[max(start, at - LOCAL_BYTES) : at]
            local = len(near) - len(near.rstrip(_LOCAL_CHARACTERS))
            if local and (domain := _DOMAIN.match(text, at + len(mark), end)) is not None:
                yield _character(text, at - local), domain.end()
            at = text.find(mark, at + 1, end)


def _character(text: bytes, at: int) -> int:
    """`at`, or the next place at which a character begins."""
    while at < len(text) and text[at] & 0xC0 == 0x80:
        at += 1
    return at


# -- numbers -------------------------------------------------------------------------------------------

CARD_GATE: Final = r"\d{13}|\d{4}[ -]\d{4}[ -]\d{4}|\d{4}[ -]\d{6}[ -]\d{4}"
_DIGITS: Final = re.compile(rb"\d+(?:[ -]\d+)*")
_GROUP: Final = re.compile(rb"\d+")
#: Groups of the longest card number, and digits of its shortest group.
_MOST_GROUPS: Final = 5
_LEAST_GROUP: Final = 3


def cards(line: bytes, _: int) -> Spans:
    """Card numbers, in one piece or in groups, whose check digit is right."""
    for found in _DIGITS.finditer(line):
        if len(found[0]) < 13:
            continue
        is_fraction = (
            line[max(0, found.start() - 1) : found.start()] == b"."
            and line[max(0, found.start() - 2) : found.start() - 1].isdigit()
        )
        groups = [
            (group.start() + found.start(), group.end() + found.start())
            for group in _GROUP.finditer(found[0])
        ]
        index = int(is_fraction)
        while index < len(groups):
            count = _card_groups(line, groups[index : index + _MOST_GROUPS])
            if count:
                yield groups[index][0], groups[index + count - 1][1]
            index += count or 1


def _card_groups(line: bytes, groups: list[tuple[int, int]]) -> int:
    """How many of these groups are a card number; 0: none."""
    digits = b""
    for count, (start, end) in enumerate(groups, 1):
        if len(groups) > 1 and end - start < _LEAST_GROUP and count > 1:
            return 0
        digits += line[start:end]
        if len(digits) > 19:
            return 0
        if len(digits) >= 13 and is_card(digits):
            return count
    return 0


IBAN_GATE: Final = r"(?i:(?:^|[^a-z0-9])[a-z]{2}\d{2}(?:[ -]?[a-z0-9]{4}){2}[ -]?[a-z0-9]{3})"
_IBAN: Final = re.compile(rb"(?i)(?<![a-z0-9])[a-z]{2}\d{2}(?:[ -]?[a-z0-9]{4}){2,7}(?:[ -]?[a-z0-9]{1,3})?")


def ibans(line: bytes, _: int) -> Spans:
    """Account numbers whose check digits are right."""
    at = 0
    while (found := _IBAN.search(line, at)) is not None:
        at = found.start() + 4
        wanted = IBAN_CHARACTERS.get(found[0][:2].upper().decode())
        end, count = found.start(), 0
        while wanted and end < found.end() and count < wanted:
            count += line[end] not in b" -"
            end += 1
        text = line[found.start() : end].upper().translate(None, b" -")
        if wanted and is_iban(text) and not line[end : end + 1].isalnum():
            yield found.start(), end
            at = end


# -- addresses -----------------------------------------------------------------------------------------

IPV4_GATE: Final = r"\d\.\d{1,3}\.\d{1,3}\.\d"
#: Not the "::" between two names in C++ or Ruby.
IPV6_GATE: Final = r"(?i:\b[0-9a-f]{1,4}::|(?:^|\W)::[0-9a-f]|(?:[0-9a-f]{1,4}:){7})"
#: An IPv4 address from its first dot on: a text is searched for this mark ten times as fast as for digits. What is
#: before it, a number of three, two or one digits, is seen when it is known that there are further numbers. A group
#: says how many digits.
_IPV4: Final = re.compile(
    rb"\.(?=\d{1,3}\.\d)"
    rb"(?:(?<=\d\d\d\.)(?<!\d\d\d\d\.)(?<!\d\.\d\d\d\.)(?<![3-9]\d\d\.|2[6-9]\d\.|25[6-9]\.)()"
    rb"|(?<=\d\d\.)(?<!\d\d\d\.)(?<!\d\.\d\d\.)()"
    rb"|(?<=\d\.)(?<!\d\d\.)(?<!\d\.\d\.)())"
    + 2 * (rb"\d{1,3}" + (_UP_TO_255 := rb"(?<![3-9]\d\d|2[6-9]\d|25[6-9])") + rb"\.")
    + rb"\d{1,3}"
    + _UP_TO_255
    + rb"(?!\.?\d)"
)
_FIRST_DIGITS: Final = (0, 3, 2, 1)
_COLONS: Final = re.compile(rb"[0-9A-Fa-f:]{3,}")
_WORD_BYTE: Final = re.compile(rb"\w")
#: Colons of an IPv6 address at most.
_MOST_COLONS: Final = 8
#: Colons before the part of an IPv6 address that names a host and not its network, at most.
_NETWORK_COLONS: Final = 4


def ipv4_addresses(text: bytes, start: int, end: int) -> Spans:
    """IPv4 addresses in whole lines [start, end)."""
    for found in _IPV4.finditer(text, start, end):
        yield found.start() - _FIRST_DIGITS[found.lastindex or 0], found.end()


def ipv4_endings(text: bytes, start: int, end: int) -> Spans:
    """Of each its last number."""
    for one, other in ipv4_addresses(text, start, end):
        yield text.rfind(b".", one, other) + 1, other


def ipv6_addresses(line: bytes, _: int) -> Spans:
    """IPv6 addresses, whole."""
    for found in _COLONS.finditer(line):
        start, end = _ipv6(line, found.start(), found.end())
        if start < end:
            yield start, end


def ipv6_endings(line: bytes, first: int) -> Spans:
    """Of each the last half, or what follows "::"."""
    for start, end in ipv6_addresses(line, first):
        text = line[start:end]
        network = b":".join(text.split(b":")[:_NETWORK_COLONS]) + b":"
        network = min(network, text.partition(b"::")[0] + b"::", key=len)
        yield start + min(len(network), len(text) - 1), end


def _ipv6(line: bytes, start: int, end: int) -> tuple[int, int]:
    """The IPv6 address in a run of hexadecimal digits and colons; an empty span: none."""
    if not 2 <= line.count(b":", start, end) <= _MOST_COLONS:
        return start, start
    if start and _WORD_BYTE.match(line, start - 1):  # it begins inside a word
        if line.startswith(b"::", start):
            return start, start
        start = line.find(b":", start, end) + 1
    elif line[start] == 0x3A and not line.startswith(b"::", start):
        start += 1
    if _WORD_BYTE.match(line, end):  # it ends inside a word
        end = line.rfind(b":", start, end) + 1
    if line.endswith(b":", start, end) and not line.endswith(b"::", start, end):
        end -= 1
    if end - start > 2 and not _is_ipv6(line[start:end]):  # a number or a word precedes it
        start = line.find(b":", start, end) + 1
    return (start, end) if end - start > 2 and _is_ipv6(line[start:end]) else (start, start)


def _is_ipv6(text: bytes) -> bool:
    try:
        ipaddress.IPv6Address(text.decode())
    except ValueError:
        return False
    return True


# -- values from settings ------------------------------------------------------------------------------


def forms_of(values: Iterable[str]) -> tuple[str, ...]:
    """The values that are long enough to be hidden, longest first, and as addresses, JSON and Python write them."""
    forms = {
        form
        for value in values
        if len(value) >= LEAST_VALUE_CHARACTERS
        for form in (
            value,
            quote(value),
            quote(value, safe=""),
            quote_plus(value),
            json.dumps(value)[1:-1],
            json.dumps(value, ensure_ascii=False)[1:-1],
            repr(value)[1:-1],
        )
        if "\n" not in form
    }
    return tuple(sorted(forms, key=lambda form: (-len(form), form)))


def literal(text: str) -> str:
    """An expression, for RE2 and `re`, that matches this text."""
    return "".join(
        character
        if character.isalnum() or character == "_" or not character.isascii()
        else f"\\x{ord(character):02x}"
        for character in text
    )


def values(forms: tuple[str, ...]) -> Callable[[bytes, int], Spans]:
    """Finds these texts."""
    pattern = re.compile(b"|".join(re.escape(form.encode()) for form in forms))

    def find(line: bytes, first: int) -> Spans:
        return (found.span() for found in pattern.finditer(line, first))

    return find
