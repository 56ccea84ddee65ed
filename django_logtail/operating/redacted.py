"""What rules hide in a file, and how long they take: to try them before they are in force."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from django_logtail.redaction.redactor import Redactor, Span
from django_logtail.redaction.rules import Rule

#: Bytes read at a time.
CHUNK_BYTES: Final = 1024 * 1024
#: Characters shown of a line.
LINE_CHARACTERS: Final = 400


@dataclass
class Trial:
    """What was found. `counts`: places by rule. `seconds`: processor time by rule, each alone, and "" for all together.
    `lines`: the first lines in which something is hidden, with the rule's name in its place.
    """

    size: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    lines: list[str] = field(default_factory=list)


def tried(path: Path, rules: Sequence[Rule], encoding: str, *, most_bytes: int, most_lines: int) -> Trial:
    """Try the rules on the first bytes of a file. Raises `OSError`, `LookupError` and `RuleFailed`."""
    trial = Trial()
    with path.open("rb") as file:

        def read(offset: int, size: int) -> bytes:
            file.seek(offset)
            return file.read(size)

        head = read(0, 4)
        redactor = Redactor(rules, encoding, head)
        alone = [(rule.name, Redactor([rule], encoding, head)) for rule in rules]
        while trial.size < most_bytes:
            size = min(CHUNK_BYTES, most_bytes - trial.size)
            before = time.process_time()
            data, spans = redactor.read(read, trial.size, size)
            trial.seconds[""] += time.process_time() - before
            if not data:
                break
            for name, one in alone:
                before = time.process_time()
                one.read(read, trial.size, size)
                trial.seconds[name] += time.process_time() - before
            trial.counts.update(span.rule for span in spans)
            left = most_lines - len(trial.lines)
            trial.lines += [
                line for line, _ in zip(_lines(redactor, data, spans, trial.size), range(left), strict=False)
            ]
            trial.size += len(data)
    return trial


def _lines(redactor: Redactor, data: bytes, spans: Sequence[Span], base: int) -> Iterator[str]:
    """The lines in which something is hidden."""
    encoding = redactor.encoding
    index = 0
    for start, end in encoding.lines(data):
        parts, at = [], start
        while index < len(spans) and spans[index].start - base < end:
            one, other, rule = spans[index]
            parts += [data[at : one - base].decode(encoding.codec, "replace"), f"‹{rule}›"]
            at, index = min(other - base, end), index + 1
        if parts:
            parts.append(data[at:end].decode(encoding.codec, "replace"))
            yield "".join(parts)[:LINE_CHARACTERS]
