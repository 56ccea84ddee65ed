"""What is assigned to a name in a line: in `name=value`, in JSON, and in dicts, lists and pairs as Python and others
print them; each also with colours, as structlog and rich write them.

Each expression is linear in the line.
"""

from __future__ import annotations

import re
from typing import Final

#: The sequences that give text its colour, and what may be between a name, a sign and a value.
_CODE: Final = r"\x1b\[[0-9;:]{0,32}m"
GAP: Final = rf"[ \t]*(?:{_CODE}[ \t]*)*"
#: A list, a dict or a tuple, and not a text that begins with a bracket.
_CONTAINER: Final = re.compile(rf"[\[({{]{GAP}(?:[bBuU]?\\*[\"']|[\[({{]|-?[0-9])".encode())
_ITEM: Final = re.compile(
    rf"[bBuU]?(?P<quote>\\*[\"'])|(?P<open>[\[({{])|(?P<close>[\])}}])|{_CODE}"
    rf"|(?P<word>(?:(?!{_CODE})[^\s,:\[\](){{}}\"'\\])+)".encode()
)


def contained(line: bytes, at: int) -> tuple[list[tuple[int, int]], int] | None:
    """The texts and words of the list, dict or tuple that begins at `at`, keys included, and its end; None: there is
    none. One that isn't closed ends with the line.
    """
    if _CONTAINER.match(line, at) is None:
        return None
    spans, depth = [], 0
    while at < len(line):
        item = _ITEM.match(line, at)
        end = item.end() if item is not None else at + 1
        if item is not None and (quote := item["quote"]):
            start, at = end, quote_end(line, end, quote)
            spans.append((start, at))
            end = at + len(quote)
        elif item is not None and item["word"]:
            spans.append((at, end))
        elif item is not None and (item["open"] or item["close"]):
            depth += 1 if item["open"] else -1
        at = end
        if not depth:
            break
    return spans, min(at, len(line))


def quote_end(line: bytes, at: int, quote: bytes) -> int:
    """Where the text in quotes that begins at `at` ends; `quote`: what opened it, with any backslashes before it."""
    if len(quote) > 1:  # a text in a text
        end = line.find(quote, at)
    else:
        end = at
        while (end := line.find(quote, end)) >= 0 and _is_escaped(line, at, end):
            end += 1
    return end if end >= 0 else len(line.rstrip(b"\r"))


def _is_escaped(line: bytes, start: int, at: int) -> bool:
    run = at
    while run > start and line[run - 1] == 0x5C:
        run -= 1
    return (at - run) % 2 == 1
