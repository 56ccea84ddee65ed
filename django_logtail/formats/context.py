"""Groups lines into entries, in order. The page has the same in `context.js`.

A line begins an entry only if it begins like this log's entries; any other line belongs to the entry before it. A crash
is always a separate entry.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from django_logtail.formats.detection import Formats, announces, is_below
from django_logtail.formats.heads import Head, head_of
from django_logtail.formats.moments import moment_of
from django_logtail.formats.rows import AT, FRAMES, HARD, MORE, SOFT, THROWN, Level, shape_of

#: An entry with more lines than this isn't one: the log's format was misjudged.
_MOST_ENTRY_LINES = 2_000
#: Characters to search for a crash.
_CRASH_CHARACTERS = 400
#: Of formats whose entries have two heads: that of the second.
_SECOND = {"jul": "colon", "terraform": "terraform"}
#: Milliseconds by which another program's head may be older than the entry before it.
_MAY_BE_OLDER = 5_000


@dataclass(slots=True)
class Context:
    """What is known from the lines before, as far as the next line depends on it.

    `formats`: the log's formats; None while too little is known. Use a new context wherever lines don't follow one
    another.
    """

    formats: Formats | None = None
    #: Whether the entries seen so far begin with a time.
    timed: bool = False
    #: Lines of the current entry so far; 0 if there is none.
    lines: int = 0
    level: Level = "O"
    #: Inside a traceback: in its frames up to the line that names the error, or after that line.
    trace: Literal["", "frames", "named"] = ""
    wrapper: str = ""
    #: The program that wrote the current entry, if there are several.
    label: str = ""
    format: str = ""
    #: The time of the current entry, as written.
    written: str = ""
    #: Whether the last line was an entry's head, and didn't announce more to follow.
    is_after_head: bool = True
    is_crash: bool = False

    def end(self) -> None:
        """End the current entry: following lines don't belong to it."""
        self.lines = 0
        self.level = "O"
        self.trace = self.wrapper = self.label = self.format = self.written = ""
        self.is_after_head = True
        self.is_crash = False


@dataclass(frozen=True, slots=True)
class Read:
    """What a line is. `head` is None for a line without one: a continuation, and some crashes."""

    kind: Literal["entry", "continuation"]
    level: Level
    head: Head | None = field(default=None)


def read(text: str, context: Context, following: str | None = None) -> Read:
    """Read the next line, without escape sequences; `following`: the one after it, if known."""
    if text[:1] == " ":
        found = _head_behind_blanks(text, context)
    elif text[:1] in ("", "\t"):
        found = None
    else:
        found = _head_here(text, context, following)
    return found or _plain_line(text, context, following, "")


def _head_behind_blanks(text: str, context: Context) -> Read | None:
    """A head with blanks before it, or in place of a repeated time, as rich writes it."""
    formats = context.formats
    may_be_blank = text[8:9] == " "
    takes_blanks = formats is None or formats.is_indented or formats.expression is not None
    if context.trace == "frames" or not (takes_blanks or may_be_blank):
        return None
    head = head_of(text, formats)
    if head is None:
        return None
    if not head.blank and formats is None and context.lines and is_below(head, context):
        return None
    return _begun(head, text, context)


def _head_here(text: str, context: Context, following: str | None) -> Read | None:
    head = head_of(text, context.formats)
    if head is None and context.formats and not context.formats.is_given:
        head = _other_timed_head(text, context, context.formats)
    if head is None:
        return None
    if head.is_bare:
        return _in_wrapper(head, text, context, following)
    if context.trace == "frames" and not head.written and not head.is_fields and not head.wrapper:
        return None
    if head.part:
        if context.lines and context.format == head.format:
            return _continued(context)
        head.level = "I"
    if context.formats is None and _is_weak(head, context):
        return None
    if head.follows and following:
        next_head = head_of(following)
        if next_head and next_head.word and not next_head.written:
            head.level = next_head.level
    if (
        context.lines == 1
        and head.format == _SECOND.get(context.format)
        and not (head.written or head.follows)
    ):
        return _continued(context)
    return _begun(head, text, context)


#: A line with a time near its beginning.
_MAY_BE_TIMED = re.compile(r'[\[(<]?(?:[A-Z]{4,8}:? {1,4})?[\[(<]?[\dA-Z][^"]{0,24}\d:\d\d', re.ASCII)


#: A word behind a time, in brackets or between bars: a level, whatever it is called.
_MARKED = re.compile(
    r"[\])>]? {0,4}(?:[\[(<][A-Z][A-Z_]{2,15} {0,8}[\])>]|\| [A-Z][A-Z_]{2,15} {1,8}\|)", re.ASCII
)


def _other_timed_head(text: str, context: Context, formats: Formats) -> Head | None:
    """Another program's head, but only if the line can't be part of the entry above; or one with this log's own time
    and a level that its format doesn't know.
    """
    if not _MAY_BE_TIMED.match(text):
        return None
    is_open = context.is_after_head and not context.is_crash and not context.trace
    if not is_open and not formats.time_shapes:
        return None
    head = head_of(text)
    if head is None or not head.written or head.wrapper or head.part:
        return None
    is_own = head.time is not None and head.time[0] <= 1 and shape_of(head.written) in formats.time_shapes
    if not head.word and not (is_own and head.time and _MARKED.match(text, head.time[1])):
        return None
    return head if (is_open or is_own) and _is_not_older(head, context) else None


def _is_not_older(head: Head, context: Context) -> bool:
    before = moment_of(context.written) if context.written else None
    now = moment_of(head.written, before.ms) if before else None
    return (
        before is None
        or now is None
        or now.clock >= before.clock - _MAY_BE_OLDER
        or now.ms >= before.ms - _MAY_BE_OLDER
    )


def _is_weak(head: Head, context: Context) -> bool:
    """Whether it may just as well be part of the entry above, while the log's formats are unknown."""
    is_inside = context.lines > 0 and context.written and not context.is_after_head and not context.is_crash
    if is_inside and not head.written and not head.wrapper and head.format != context.format:
        return True  # below lines that began no entry, ERROR: is one of their words
    if head.format == "json" and not head.wrapper and not head.is_keyed:
        return not (context.lines == 0 or context.format == "json" or context.wrapper == "docker")
    return False


def _begun(head: Head, text: str, context: Context) -> Read:
    context.lines = 1
    context.level = head.level
    context.trace = ""
    context.wrapper = head.wrapper
    context.label = head.label
    context.format = head.format
    if not head.blank:
        context.written = head.written
    context.timed = head.written != "" or head.blank
    context.is_after_head = not announces(text)
    context.is_crash = False
    return Read("entry", head.level, head)


def _continued(context: Context) -> Read:
    context.lines += 1
    context.is_after_head = False
    return Read("continuation", context.level)


def _in_wrapper(head: Head, text: str, context: Context, following: str | None) -> Read | None:
    """A line without a head of its own, in a wrapper."""
    inner = head.inner or ""
    is_same = context.lines > 0 and (context.wrapper.split(">")[0], context.label) == (
        head.wrapper,
        head.label,
    )
    if not is_same and head.of == "lines" and not head.written:
        return None
    if _is_crash(inner, context, None):
        return _crashed(inner, context, head)
    goes_on = context.trace == "frames" or MORE.match(inner[:_CRASH_CHARACTERS]) is not None
    if head.of == "lines":
        goes_on = goes_on or context.timed or not inner
    if is_same and goes_on:
        return _plain_line(inner, context, following, head.wrapper, head.label)
    _begun(head, text, context)
    context.timed = False
    return Read("entry", head.level, head)


def _is_crash(inner: str, context: Context, following: str | None) -> bool:
    part = inner[:_CRASH_CHARACTERS]
    if not part:
        return False
    if context.trace != "frames" and HARD.match(part):
        return True
    if context.lines and (context.is_crash or context.level in ("E", "W")):
        return False
    if SOFT.match(part):
        return True
    return _is_thrown(part, following)


def _is_thrown(part: str, following: str | None) -> bool:
    """Whether a line names an error, and the next one begins its frames."""
    return following is not None and AT.match(following) is not None and THROWN.match(part) is not None


def _crashed(inner: str, context: Context, head: Head | None) -> Read:
    context.lines = 1
    context.level = "E"
    context.trace = "frames" if FRAMES.match(inner) else ""
    context.wrapper = head.wrapper if head else ""
    context.label = head.label if head else ""
    context.format = "crash"
    context.is_after_head = False
    context.is_crash = True
    return Read("entry", "E", head)


#: Sentences in small letters have no head, and are many.
_MAY_HAVE_HEAD = re.compile(r"[^a-z]|[^:\[]{1,80}[:\[]")


def _other_head(text: str, context: Context) -> Head | None:
    """Another program's head, where the line begins an entry in any case: there is no time above it."""
    formats = context.formats
    if formats is None or formats.is_given or not _MAY_HAVE_HEAD.match(text):
        return None
    head = head_of(text)
    if head is None or head.level == "O" or head.written or head.wrapper:
        return None
    return head if formats.is_untimed or head.word else None


def _plain_line(inner: str, context: Context, following: str | None, wrapper: str, label: str = "") -> Read:
    if not wrapper and _is_crash(inner, context, following):
        return _crashed(inner, context, None)
    if 0 < context.lines < _MOST_ENTRY_LINES:
        is_indented = inner[:1] in ("", " ", "\t")
        if context.trace == "frames" and not is_indented:
            context.trace = "named"
            return _continued(context)
        if FRAMES.match(inner):
            context.trace = "frames"
            return _continued(context)
        part = inner[:_CRASH_CHARACTERS]
        if context.timed or is_indented or MORE.match(part) or _is_thrown(part, following):
            return _continued(context)
    other = _other_head(inner, context) if not wrapper else None
    if other:
        return _begun(other, inner, context)
    lines = 0 if context.timed or context.lines >= _MOST_ENTRY_LINES else 1
    context.end()
    context.lines = lines
    context.wrapper = wrapper
    context.label = label
    return Read("entry", "O")
