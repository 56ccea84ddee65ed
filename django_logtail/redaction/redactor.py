"""Which bytes of a file are hidden.

A file is judged in blocks at multiples of `BLOCK_BYTES`. What is hidden in a block follows from its window, the block
and `LOOK_BYTES` on either side, and from the `KEY_BYTES` before that. In its window, each line is judged whole; of a
line longer than `LOOK_BYTES`, the part in the window. So all lines up to that length are judged whole, secrets in
longer ones are found in overlapping parts, and the result is the same from wherever a read begins.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, Final, NamedTuple

from django_logtail.redaction.converted import Encoding
from django_logtail.redaction.keys import KEY_BYTES, MARK, hidden_by_keys
from django_logtail.redaction.rules import KEY, Called, InText, Rule
from django_logtail.tailing.text.matching import OwnSet, own_expression

BLOCK_BYTES: Final = 64 * 1024
#: The longest line that is judged as a whole.
LOOK_BYTES: Final = 64 * 1024
#: What hidden characters of one byte are replaced by.
MASK: Final = "*"
#: The name of what is hidden because its line has not ended, or began in another file: it may be part of a secret.
UNFINISHED: Final = "unfinished"


#: From, to, and the name of the rule, as the same.
Found = tuple[int, int, str]


class Span(NamedTuple):
    """Hidden bytes [start, end) of a file, and the name of the rule that hides them."""

    start: int
    end: int
    rule: str


def neighbourhood(start: int, end: int) -> tuple[int, int]:
    """The bytes that decide what is hidden in [start, end); those beyond the end of the file don't exist."""
    first = start // BLOCK_BYTES * BLOCK_BYTES
    last = -(-end // BLOCK_BYTES) * BLOCK_BYTES
    return max(0, first - LOOK_BYTES - KEY_BYTES), last + LOOK_BYTES


class Redactor:
    """The rules for one file. `head`: its first bytes, for the byte order of `utf-16`."""

    def __init__(self, rules: Sequence[Rule], encoding: str = "utf-8", head: bytes = b"") -> None:
        """Raises `LookupError` for an unknown encoding."""
        self.encoding = Encoding(encoding, head)
        self._has_keys = any(rule.name == KEY for rule in rules)
        more = [rule.also for rule in rules if isinstance(rule, InText) and rule.also is not None]
        self._gated = [rule for rule in (*rules, *more) if rule.gate]
        self._ungated = [rule for rule in rules if not rule.gate]
        self._patterns = [rule for rule in self._ungated if not isinstance(rule, Called)]
        gates = [rule.gate for rule in self._gated]
        self._gate: Any = own_expression("|".join(gates)) if gates else None
        self._gates = OwnSet(gates)
        self._key_mark = self.encoding.encoded(MARK)

    def read(
        self,
        read: Callable[[int, int], bytes],
        offset: int,
        size: int,
        *,
        hidden_until: int = 0,
        older: bytes = b"",
    ) -> tuple[bytes, list[Span]]:
        """The bytes that `read(offset, size)` returns, redacted, and what is hidden there: also the line that has not
        ended at the end of the file, and everything before `hidden_until`. `older`: as for `spans`. Raises what `read`
        does, and `RuleFailed`.
        """
        base, end = neighbourhood(offset, offset + size)
        text = read(base, end - base)
        data = text[offset - base : offset - base + size]
        is_end = len(text) < end - base
        end = offset + len(data)
        spans = self.spans(text, base, offset, end, is_end=is_end, hidden_until=hidden_until, older=older)
        return self.hide(data, offset, spans), spans

    def spans(
        self,
        text: bytes,
        base: int,
        start: int,
        end: int,
        *,
        is_end: bool = False,
        hidden_until: int = 0,
        older: bytes = b"",
    ) -> list[Span]:
        """What is hidden in bytes [start, end) of a file, in order, without overlap. Raises `RuleFailed`.

        `text`: the file's bytes from `base` on, with all of `neighbourhood(start, end)` that the file has. `is_end`: it
        has no more, so a line without end may still go on. `older`: the end of the file before this one, in which a
        private key may have begun.
        """
        found: list[Span] = []
        if start < min(hidden_until, end):
            found.append(Span(start, min(hidden_until, end), UNFINISHED))
            start = found[0].end
        while start < end:
            block = start // BLOCK_BYTES * BLOCK_BYTES
            stop = min(end, block + BLOCK_BYTES)
            if stop < end and self._is_short(text, base, stop):  # both blocks say the same of the line there
                stop = min(end, start + BLOCK_BYTES)
            more = self._in_block(text, base, block, start, stop, is_end, older)
            if more and found and found[-1].end == more[0].start and found[-1].rule == more[0].rule:
                more[0] = more[0]._replace(start=found.pop().start)
            found += more
            start = stop
        return found

    def _is_short(self, text: bytes, base: int, at: int) -> bool:
        """Whether the line at offset `at` is judged as a whole."""
        at -= base
        low, high = max(0, at - LOOK_BYTES), min(len(text), at + LOOK_BYTES)
        begin = self.encoding.line_start(text, base, low, at)
        end = self.encoding.line_end(text, base, at, high)
        return low < begin and end < high and end - begin <= LOOK_BYTES

    def hide(self, data: bytes, base: int, spans: Sequence[Span]) -> bytes:
        """`data`, which begins at offset `base`, with these spans replaced."""
        if not spans:
            return data
        hidden = bytearray(data)
        mask = self.encoding.encoded(MASK)
        if len(mask) == 1:
            for start, end, _ in spans:
                hidden[start - base : end - base] = mask * (end - start)
            return bytes(hidden)
        for start, end, _ in spans:
            shift = start % len(mask)  # in UTF-16, a read may begin inside a character
            text = mask * ((end - start) // len(mask) + 2)
            hidden[start - base : end - base] = text[shift : shift + end - start]
        return bytes(hidden)

    def _in_block(
        self, text: bytes, base: int, block: int, start: int, stop: int, is_end: bool, older: bytes
    ) -> list[Span]:
        """What is hidden in bytes [start, stop), which begin in this block."""
        low = max(0, block - LOOK_BYTES - base)
        last_look = -(-stop // BLOCK_BYTES) * BLOCK_BYTES + LOOK_BYTES
        high = min(len(text), last_look - base)
        encoding = self.encoding
        begin = encoding.line_start(text, base, low, start - base)
        until = encoding.line_end(text, base, max(stop - base - encoding.unit, begin), high)
        data = text[begin:until]
        converted = encoding.utf8(data)
        first = self._gate.search(converted) if self._gate is not None else None
        found = self._by_rules(converted, first, self._ungated)
        if converted is not data:
            places = encoding.places(data, converted, [(one, other) for one, other, _ in found])
            found = [(*place, rule) for place, (_, _, rule) in zip(places, found, strict=True)]
            if encoding.may_swallow and (plain := encoding.ascii(data)) != converted:
                more = self._gate.search(plain) if self._gate is not None else None
                found = _merged([*found, *self._by_rules(plain, more, self._patterns)])
        if self._has_keys:
            before = text[max(0, begin - KEY_BYTES) : begin]
            if older and base + begin < KEY_BYTES:
                before = (older + before)[-KEY_BYTES:]
            if (first is not None or self._key_mark in before) and (
                keys := [(one, other, KEY) for one, other in hidden_by_keys(encoding, before, data)]
            ):
                found = _merged([*found, *keys])
        base += begin
        end = base + len(data)
        if is_end and until == len(text) and end < last_look:
            last = encoding.ends.after_last(data, base)
            found = [span for span in found if span[0] < last]
            if last < len(data):
                found.append((last, len(data), UNFINISHED))
        return _clipped(found, base, start, stop)

    def _by_rules(self, text: bytes, first: Any, ungated: Sequence[Rule]) -> list[Found]:
        """What the rules hide in whole lines of UTF-8. `first`: where a gate matches first."""
        spans: list[Found] = []
        if first is not None:
            start = text.rfind(b"\n", 0, first.start()) + 1
            for rule in map(self._gated.__getitem__, self._gates.matching(text[start:])):
                spans += [(one, other, rule.name) for one, other in rule.spans(text, start, len(text))]
        for rule in ungated:
            spans += [(one, other, rule.name) for one, other in rule.spans(text, 0, len(text))]
        return _merged(spans)


def _clipped(found: list[Found], base: int, start: int, stop: int) -> list[Span]:
    """The parts of them, which count from `base`, in [start, stop)."""
    low, high = start - base, stop - base
    spans = [Span(base + one, base + other, rule) for one, other, rule in found if other > low and one < high]
    if spans:
        spans[0] = spans[0]._replace(start=max(start, spans[0].start))
        spans[-1] = spans[-1]._replace(end=min(stop, spans[-1].end))
    return spans


def _merged(spans: list[Found]) -> list[Found]:
    """In order, without overlap: where two rules hide the same bytes, the one that begins first, or reaches further,
    names them."""
    spans.sort(key=itemgetter(0))
    merged = spans[:1]
    for span in spans[1:]:
        start, end, rule = merged[-1]
        if span[0] >= end:
            merged.append(span)
        elif span[1] > end:
            merged[-1] = span if span[0] == start else (start, span[1], rule)
    return merged
