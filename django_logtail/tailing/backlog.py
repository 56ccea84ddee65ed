"""Where the last lines of a file begin, found from its end backwards. Independent of followers."""

from __future__ import annotations

from collections.abc import Callable

from django_logtail.tailing.text.lines import LineEnds

#: Bytes of one read backwards: 500 lines of 100 bytes take one read.
BLOCK_BYTES = 64 * 1024


def start_of_last_lines(
    read: Callable[[int, int], bytes], end: int, lines: int, ends: LineEnds, max_bytes: int
) -> int:
    """The offset at which the last `lines` lines before `end` begin; an unfinished line at the end counts as one.

    `read(size, offset)` as `pread`. At most `max_bytes` are examined: if the lines are longer, the result is the first
    start of a line within these bytes, or their beginning if there is none.
    """
    if lines <= 0 or end <= 0:
        return end
    floor = max(0, end - max_bytes)
    floor += -floor % ends.unit
    stop, found = end, 0
    earliest = None  # the first start of a line seen so far, going backwards
    while stop > floor:
        start = max(floor, stop - BLOCK_BYTES)
        start += -start % ends.unit
        data = read(stop - start, start)
        if len(data) < stop - start:
            return end  # it shrank in the meantime, which the follower will notice by itself
        if stop == end and data.endswith(ends.newline):
            found = -1  # the line feed that ends the last line starts no new one
        index, count = ends.line_starts_before(data, start, lines - found)
        found += count
        if found == lines:
            return start + index
        if count and start + index < end:
            earliest = start + index
        stop = start
    if floor == 0 or earliest is None:
        return floor
    return earliest
