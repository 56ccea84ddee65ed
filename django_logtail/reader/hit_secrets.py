"""Where rules hide something in the excerpts of hits, so that a page can show what it is instead of asterisks."""

from __future__ import annotations

import codecs
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from django_logtail.redaction.redactor import Span
from django_logtail.tailing.text.search import Hit

#: Encodings in which an excerpt has the bytes of the file; in others, hits have only asterisks.
_AS_WRITTEN: Final = frozenset({"utf-8", "utf-8-sig", "ascii"})


def with_secrets(hits: Sequence[Hit], spans: Iterable[Span], encoding: str) -> list[Hit]:
    """The hits with what is hidden in their parts. `spans`: what was found while they were searched, in any order, and
    more than once; where some are missing, a hit has only asterisks.
    """
    if codecs.lookup(encoding).name not in _AS_WRITTEN:
        return list(hits)
    merged = _merged(spans)
    starts, ends = [span.start for span in merged], [span.end for span in merged]
    return [
        _with(hit, merged[bisect_right(ends, hit.start) : bisect_left(starts, hit.end)]) if merged else hit
        for hit in hits
    ]


def _merged(spans: Iterable[Span]) -> list[Span]:
    """In order, without overlap."""
    found: list[Span] = []
    for span in sorted(set(spans)):
        last = found[-1] if found else None
        if last is None or span.start >= last.end:
            if last is not None and span.start == last.end and span.rule == last.rule:
                found[-1] = last._replace(end=span.end)
            else:
                found.append(span)
        elif span.end > last.end and span.rule == last.rule:
            found[-1] = last._replace(end=span.end)
        elif span.end > last.end:
            found.append(span._replace(start=last.end))
    return found


def _with(hit: Hit, spans: Sequence[Span]) -> Hit:
    text = "".join(hit.parts)
    if not spans or hit.skipped < 0 or "\ufffd" in text:  # where the excerpt is in the file isn't known
        return hit
    data, base = text.encode(), hit.start + hit.skipped
    hidden = []
    for span in spans:
        one, other = max(0, span.start - base), min(len(data), span.end - base)
        if one < other:
            before, inside = (part.decode("utf-8", "ignore") for part in (data[:one], data[one:other]))
            hidden.append((len(before), len(inside), span.rule, span.end - span.start))
    return replace(hit, hidden=tuple(hidden))
