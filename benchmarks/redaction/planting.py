"""Secrets of every kind, the same each time, and what finds them in whatever left the host."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import re2

from django_logtail.redaction.rules import NAMES
from tests.settings import SECRET_KEY

#: All ready-made rules, and an expression.
RULES = [*(name for name in NAMES if name != "ip-ending"), {"name": "order", "pattern": "ot_[a-z0-9]{12}"}]
#: Different secrets of each kind.
OF_EACH_KIND = 24
#: Characters of a secret that must not be seen: the beginning is enough.
SEEN_CHARACTERS = 12
#: Memory that RE2 may use: all secrets in all forms are a large expression.
SCAN_BYTES = 512 * 1024 * 1024


@dataclass(frozen=True)
class Secret:
    """`text`: what must not be seen. `lines`: a text that contains it, without its line feed."""

    kind: str
    text: str
    lines: str


def secrets(seed: int = 1) -> list[Secret]:
    rng = random.Random(seed)
    return [
        Secret(kind, text, line.format(text))
        for kind, (line, made) in _kinds(rng).items()
        for text in (made() for _ in range(OF_EACH_KIND))
    ]


def _kinds(rng: random.Random) -> dict[str, tuple[str, Callable[[], str]]]:
    """By kind a line, and what makes a secret."""

    def word(length: int) -> str:
        return "".join(rng.choices("abcdefghijkmnpqrstuvwxyz23456789", k=length))

    def digits(length: int) -> str:
        return "".join(rng.choices("123456789", k=length))

    def card() -> str:
        number = "4" + digits(14)
        number += _check_digit(number)
        return " ".join(number[at : at + 4] for at in range(0, 16, 4))

    def iban() -> str:
        account = "37040044" + digits(10)
        return f"DE{98 - int(account + '131400') % 97:02}{account}"

    return {
        "bearer token": ("Authorization: Bearer {} sent", lambda: f"tk1{word(20)}"),
        "basic token": ("Authorization: Basic {} sent", lambda: f"dXNlcjp{word(13)}"),
        "JSON web token": ("got {} from peer", lambda: f"eyJ{word(16)}.{word(20)}.{word(16)}"),
        "cookie": ("Cookie: sid={}; theme=dark", lambda: f"ck{word(20)}"),
        "Set-Cookie": ("Set-Cookie: sessionid={}; Path=/", lambda: f"sc{word(20)}"),
        "password in an address": ("postgres://shop:{}@db/shop", lambda: f"pu{word(14)}"),
        "password in JSON": ('{{"password": "{}", "user": "x"}}', lambda: f"pj {word(14)}"),
        "key=value": ("api_key={}&page=1", lambda: f"kv{word(14)}"),
        "e-mail address": ("mail to {} sent", lambda: f"{word(9)}@{word(8)}.example"),
        "card": ("card {} declined", card),
        "IBAN": ("paid to {} today", iban),
        "IPv4": ("login from {} ok", lambda: ".".join(str(rng.randrange(100, 255)) for _ in range(4))),
        "IPv6": ("login from {} ok", lambda: f"2001:db8:{rng.randrange(4096, 65535):x}::{digits(4)}"),
        "private key": (
            "-----BEGIN PRIVATE KEY-----\n{}\nQ2==\n-----END PRIVATE KEY-----",
            lambda: f"MIIE{word(56)}",
        ),
        "own": ("the key is {} here", lambda: SECRET_KEY),
        "expression": ("checked {} again", lambda: f"ot_{word(12)}"),
    }


def _check_digit(digits: str) -> str:
    doubled = sum(sum(divmod(int(digit) * 2, 10)) for digit in digits[::-2])
    return str(-(doubled + sum(map(int, digits[-2::-2]))) % 10)


class Scan:
    """Looks for secrets in pieces of something, also across them."""

    def __init__(
        self, found: Iterable[Secret], encodings: Iterable[str], *, is_escaped: bool = False
    ) -> None:
        """`is_escaped`: the bytes may also be written as Redis and Python write them."""
        texts = {secret.text[:SEEN_CHARACTERS] for secret in found}
        forms = {text.encode(encoding) for text in texts for encoding in encodings}
        if is_escaped:
            forms |= {form.replace(b"\0", b"\\x00") for form in forms}
        options = re2.Options()
        options.max_mem = SCAN_BYTES
        options.never_capture = True
        options.encoding = re2.Options.Encoding.LATIN1
        self._expression: Any = re2.compile(
            b"|".join(b"".join(b"\\x%02x" % byte for byte in form) for form in sorted(forms)), options
        )
        self._most = max(map(len, forms))
        self._tail = b""
        self.bytes = 0
        self.found: set[bytes] = set()

    def add(self, data: bytes) -> None:
        self.bytes += len(data)
        text = self._tail + data
        self.found |= {match.group() for match in self._expression.finditer(text)}
        self._tail = text[-self._most :]
