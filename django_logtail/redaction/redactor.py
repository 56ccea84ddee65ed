"""Which bytes of a file are hidden.

A file is judged in blocks at multiples of `BLOCK_BYTES`. What is hidden in a block follows from its window, the block
and `LOOK_BYTES` on either side, and from the `KEY_BYTES` before that. In its window, each line is judged whole; of a
line longer than `LOOK_BYTES`, the part in the window. So all lines up to that length are judged whole, secrets in
longer ones are found in overlapping parts, and the result is the same from wherever a read begins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from django_logtail.redaction.converted import Encoding
from django_logtail.redaction.keys import KEY_BYTES, hidden_by_keys
from django_logtail.redaction.rules import KEY, Rule
from django_logtail.tailing.text.matching import own_expression

BLOCK_BYTES: Final = 64 * 1024
#: The longest line that is judged as a whole.
LOOK_BYTES: Final = 64 * 1024
#: Lines near each other with something to hide are judged together, up to this many bytes at a time.
MOST_TOGETHER_BYTES: Final = 32 * 1024
#: What hidden characters of one byte are replaced by.
MASK: Final = "*"
#: The name of what is hidden because its line has not ended, or began in another file: it may be part of a secret.
UNFINISHED: Final = "unfinished"


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
        self._rules = [rule for rule in rules if rule.name != KEY]
        self._gated = [rule for rule in self._rules if rule.gate]
        self._ungated = [rule for rule in self._rules if not rule.gate]
        gates = "|".join(rule.gate for rule in self._gated)
        self._gate: Any = own_expression(gates) if gates else None

    def read(
        self, read: Callable[[int, int], bytes], offset: int, size: int, *, hidden_until: int = 0
    ) -> tuple[bytes, list[Span]]:
        """The bytes that `read(offset, size)` returns, redacted, and what is hidden there: also the line that has not
        ended at the end of the file, and everything before `hidden_until`. Raises what `read` does, and `RuleFailed`.
        """
        base, end = neighbourhood(offset, offset + size)
        text = read(base, end - base)
        data = text[offset - base : offset - base + size]
        is_end = len(text) < end - base
        spans = self.spans(text, base, offset, offset + len(data), is_end=is_end, hidden_until=hidden_until)
        return self.hide(data, offset, spans), spans

    def spans(
        self, text: bytes, base: int, start: int, end: int, *, is_end: bool = False, hidden_until: int = 0
    ) -> list[Span]:
        """What is hidden in bytes [start, end) of a file, in order, without overlap. Raises `RuleFailed`.

        `text`: the file's bytes from `base` on, with all of `neighbourhood(start, end)` that the file has. `is_end`: it
        has no more, so a line without end may still go on.
        """
        found: list[Span] = []
        if start < min(hidden_until, end):
            found.append(Span(start, min(hidden_until, end), UNFINISHED))
            start = found[0].end
        while start < end:
            block = start // BLOCK_BYTES * BLOCK_BYTES
            stop = min(end, block + BLOCK_BYTES)
            for span in self._in_block(text, base, block, start, stop, is_end):
                one, other = max(span.start, start), min(span.end, stop)
                if found and found[-1].end == one == start and found[-1].rule == span.rule:
                    found[-1] = found[-1]._replace(end=other)
                elif one < other:
                    found.append(Span(one, other, span.rule))
            start = stop
        return found

    def hide(self, data: bytes, base: int, spans: Sequence[Span]) -> bytes:
        """`data`, which begins at offset `base`, with these spans replaced."""
        if not spans:
            return data
        hidden = bytearray(data)
        mask = self.encoding.encoded(MASK)
        for start, end, _ in spans:
            shift = start % len(mask)  # in UTF-16, a read may begin inside a character
            text = mask * ((end - start) // len(mask) + 2)
            hidden[start - base : end - base] = text[shift : shift + end - start]
        return bytes(hidden)

    def _in_block(
        self, text: bytes, base: int, block: int, start: int, stop: int, is_end: bool
    ) -> Iterator[Span]:
        """What is hidden in the lines of a block that have bytes in [start, stop)."""
        low = max(0, block - LOOK_BYTES) - base
        high = min(len(text), block + BLOCK_BYTES + LOOK_BYTES - base)
        encoding = self.encoding
        begin = low + encoding.line_start(text[low:high], base + low, start - base - low)
        until = encoding.line_end(text[:high], base, max(stop - base - encoding.unit, begin))
        data = text[begin:until]
        converted = encoding.utf8(data)
        found = self._by_rules(converted)
        places = encoding.places(data, converted, [(one, other) for one, other, _ in found])
        spans = [
            Span(base + begin + one, base + begin + other, rule)
            for (one, other), (_, _, rule) in zip(places, found, strict=True)
        ]
        if self._has_keys:
            before = text[max(0, begin - KEY_BYTES) : begin]
            keys = hidden_by_keys(encoding, before, data)
            spans += [Span(base + begin + one, base + begin + other, KEY) for one, other in keys]
            spans = _merged(spans)
        if is_end and until == len(text) and base + until < block + BLOCK_BYTES + LOOK_BYTES:
            last = base + begin + encoding.ends.after_last(data, base + begin)
            spans = [span for span in spans if span.start < last]
            if last < base + until:
                spans.append(Span(last, base + until, UNFINISHED))
        yield from spans

    def _by_rules(self, text: bytes) -> list[Span]:
        """What the rules hide in whole lines of UTF-8."""
        found: list[Span] = []
        for start, end in self._regions(text):
            for rule in self._gated:
                found += [Span(one, other, rule.name) for one, other in rule.spans(text, start, end)]
        for rule in self._ungated:
            found += [Span(one, other, rule.name) for one, other in rule.spans(text, 0, len(text))]
        return _merged(found)

    def _regions(self, text: bytes) -> Iterator[tuple[int, int]]:
        """The lines in which a gate matches, with more and more of the lines that follow where these are many."""
        if self._gate is None:
            return
        at = size = 0
        while at < len(text) and (found := self._gate.search(text, at)) is not None:
            place = found.start() + (text[found.start()] == 0x0A)
            start = text.rfind(b"\n", at, place) + 1 or at
            size = min(max(256, size * 2), MOST_TOGETHER_BYTES) if start == at and at else 0
            stop = text.find(b"\n", max(place, min(start + size, len(text))))
            stop = stop if stop >= 0 else len(text)
            yield start, stop
            at = stop + 1


def _merged(spans: list[Span]) -> list[Span]:
    """In order, without overlap: where two rules hide the same bytes, the one that begins first, or reaches further,
    names them."""
    if len(spans) < 2:
        return spans
    spans.sort(key=lambda span: (span.start, -span.end))
    found = [spans[0]]
    for span in spans[1:]:
        last = found[-1]
        if span.start >= last.end:
            found.append(span)
        elif span.end > last.end:
            found[-1] = last._replace(end=span.end)
    return found
