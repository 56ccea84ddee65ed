"""What rules hide in a text, and how long they take: to try them before they are in force."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from django_logtail.redaction.redactor import Redactor, Span
from django_logtail.redaction.rules import Rule

#: Bytes read at a time.
CHUNK_BYTES: Final = 1024 * 1024
#: Characters shown of a line.
LINE_CHARACTERS: Final = 400

#: A part of a line: its text and "", or "" and the name of the rule that hides it.
Part = tuple[str, str]


@dataclass
class Trial:
    """What was found. `counts`: places by rule. `seconds`: processor time by rule, each alone, and "" for all together.
    `lines`: the first lines in which something is hidden, as their parts.
    """

    size: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    lines: list[list[Part]] = field(default_factory=list)


def tried(
    read: Callable[[int, int], bytes],
    start: int,
    stop: int,
    rules: Sequence[Rule],
    encoding: str,
    *,
    head: bytes,
    most_lines: int,
) -> Trial:
    """Try the rules on bytes [start, stop) of a file, or as many as it has; `head`: its first bytes. Raises what `read`
    does, `LookupError` and `RuleFailed`.
    """
    trial = Trial()
    redactor = Redactor(rules, encoding, head)
    alone = {
        name: Redactor([rule for rule in rules if rule.name == name], encoding, head)
        for name in dict.fromkeys(rule.name for rule in rules)
    }
    for at in range(start, stop, CHUNK_BYTES):
        size = min(CHUNK_BYTES, stop - at)
        before = time.thread_time()
        data, spans = redactor.read(read, at, size)
        trial.seconds[""] += time.thread_time() - before
        if not data:
            break
        for name, one in alone.items():
            before = time.thread_time()
            one.read(read, at, size)
            trial.seconds[name] += time.thread_time() - before
        trial.counts.update(span.rule for span in spans)
        trial.lines += islice(_lines(redactor, data, spans, at), most_lines - len(trial.lines))
        trial.size += len(data)
    return trial


def _lines(redactor: Redactor, data: bytes, spans: Sequence[Span], base: int) -> Iterator[list[Part]]:
    """The lines in which something is hidden."""
    encoding = redactor.encoding
    index = 0
    for start, end in encoding.lines(data):
        parts, at, room = list[Part](), start, LINE_CHARACTERS
        while index < len(spans) and spans[index].start - base < end:
            one, other, rule = spans[index]
            text = data[at : one - base].decode(encoding.codec, "replace")
            parts += [(text[: max(room, 0)], ""), ("", rule)] if room > 0 else []
            room -= len(text)
            at, index = min(other - base, end), index + 1
        if parts:
            parts.append((data[at:end].decode(encoding.codec, "replace")[: max(room, 0)], ""))
            yield [part for part in parts if any(part)]
