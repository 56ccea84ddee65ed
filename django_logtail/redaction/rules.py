"""Rules: which bytes of a line are hidden, and the name of what is hidden there."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Protocol

from django_logtail.redaction import credentials, ready_made
from django_logtail.tailing.reasons import in_full
from django_logtail.tailing.text.matching import BadPattern, Regex, has_regex, own_expression

#: What a callable is given, a line, and what it returns: spans of its characters to hide.
Finder = Callable[[str], Iterable[tuple[int, int]]]


#: Find secrets in a line of UTF-8, given where a gate matches first, and in the lines [start, end) of a text.
LineFinder = Callable[[bytes, int], Iterator[tuple[int, int]]]
TextFinder = Callable[[bytes, int, int], Iterator[tuple[int, int]]]


class RuleFailed(Exception):
    """A rule can't be used, or has failed. `rule`: its name. The text says why, and has nothing of the log: a part of a
    sentence in English.
    """

    def __init__(self, rule: str, why: str) -> None:
        super().__init__(why)
        self.rule = rule


class Rule(Protocol):
    """One rule. It judges each line on its own."""

    @property
    def name(self) -> str: ...

    @property
    def gate(self) -> str:
        """An expression, for RE2 and `re`, that matches somewhere in every line that has something to hide; "": none
        is known."""

    def spans(self, text: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
        """What to hide in the lines [start, end) of UTF-8, in any order. Raises `RuleFailed`."""


@dataclass(frozen=True)
class ByLine:
    """A rule that comes with the package, or a part of one, and looks at a line at a time."""

    name: str
    gate: str
    find: LineFinder

    @functools.cached_property
    def _gate(self) -> Any:
        return own_expression(self.gate)

    def spans(self, text: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
        done = start
        for found in self._gate.finditer(text, start, end):
            at = found.start()
            at += text[at] == 0x0A
            if at < done:
                continue
            begin = text.rfind(b"\n", start, at) + 1 or start
            stop = text.find(b"\n", at, end)
            done = stop if stop >= 0 else end
            for one, other in self.find(text[begin:done], at - begin):
                if one < other:
                    yield begin + one, begin + other


@dataclass(frozen=True)
class InText:
    """The same for one that looks at many lines at once. `also`: the rest of the rule, for which a line has another
    gate.
    """

    name: str
    gate: str
    find: TextFinder
    also: ByLine | None = None

    def spans(self, text: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
        return self.find(text, start, end)


@dataclass(frozen=True)
class Pattern:
    """An administrator's expression, for RE2: all that it matches is hidden."""

    name: str
    pattern: str

    gate = ""

    @functools.cached_property
    def _regex(self) -> Regex:
        try:
            return Regex(self.pattern, case=True)
        except BadPattern as error:
            raise RuleFailed(self.name, in_full(str(error))) from None

    def check(self) -> None:
        """Raises `RuleFailed` if it can't be compiled, or RE2 is missing."""
        _ = self._regex

    def spans(self, text: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
        while start < end and (found := self._regex.find(text, start, end)) >= 0:
            begin = text.rfind(b"\n", start, found) + 1 or start
            stop = text.find(b"\n", found, end)
            stop = stop if stop >= 0 else end
            for one, other in self._regex.spans(text[begin:stop]):
                if one < other:
                    yield begin + one, begin + other
            start = stop + 1


@dataclass(frozen=True)
class Called:
    """A function of the project's."""

    name: str
    find: Finder

    gate = ""

    def spans(self, text: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
        while start < end:
            stop = text.find(b"\n", start, end)
            stop = stop if stop >= 0 else end
            line = text[start:stop].decode("utf-8", "replace")
            for one, other in self._found(line):
                begin = start + len(line[:one].encode())
                yield begin, begin + len(line[one:other].encode())
            start = stop + 1

    def _found(self, line: str) -> list[tuple[int, int]]:
        try:
            found = [(one, other) for one, other in self.find(line)]
            are_spans = all(
                isinstance(one, int) and isinstance(other, int) and 0 <= one <= other <= len(line)
                for one, other in found
            )
        except Exception as error:  # noqa: BLE001 - a rule is code of the project's
            # Without its text, which may quote the line.
            raise RuleFailed(self.name, f"it raised {type(error).__name__}") from None
        if not are_spans:
            raise RuleFailed(self.name, "it returned something other than spans of its line")
        return [(one, other) for one, other in found if one < other]


def _password_gate() -> str:
    return credentials.PASSWORD_GATE if has_regex() else credentials.PASSWORD_GATE_FOR_RE


def _ip(name: str, version_4: TextFinder, version_6: LineFinder) -> InText:
    return InText(name, ready_made.IPV4_GATE, version_4, ByLine(name, ready_made.IPV6_GATE, version_6))


#: Name -> how it is made. `key` is not among them: it needs more than one line.
_READY_MADE: Final[dict[str, Callable[[], Rule]]] = {
    "token": lambda: ByLine("token", credentials.AUTHORIZATION_GATE, credentials.tokens),
    "cookie": lambda: ByLine("cookie", credentials.COOKIE_GATE, credentials.cookies),
    "password": lambda: ByLine("password", _password_gate(), credentials.passwords),
    "email": lambda: InText("email", ready_made.EMAIL_GATE, ready_made.emails),
    "card": lambda: ByLine("card", ready_made.CARD_GATE, ready_made.cards),
    "iban": lambda: ByLine("iban", ready_made.IBAN_GATE, ready_made.ibans),
    "ip": lambda: _ip("ip", ready_made.ipv4_addresses, ready_made.ipv6_addresses),
    "ip-ending": lambda: _ip("ip-ending", ready_made.ipv4_endings, ready_made.ipv6_endings),
}
#: Private keys, and the project's own secrets, which need their values.
KEY: Final = "key"
OWN: Final = "own"
#: The names of all ready-made rules.
NAMES: Final = (*_READY_MADE, KEY, OWN)


@dataclass(frozen=True)
class PrivateKeys:
    """Private keys, of many lines: the `Redactor` itself finds them."""

    name: str = KEY
    gate: str = r"PRIVATE KEY"

    def spans(self, text: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
        return iter(())


def ready_made_rule(name: str, own_values: Iterable[str] = ()) -> Rule | None:
    """The ready-made rule of this name; None if it has nothing to find. `own_values`: what `own` hides. Raises
    `KeyError`.
    """
    if name == KEY:
        return PrivateKeys()
    if name == OWN:
        forms = ready_made.forms_of(own_values)
        if not forms:
            return None
        return ByLine(OWN, "|".join(map(ready_made.literal, forms)), ready_made.values(forms))
    return _READY_MADE[name]()
