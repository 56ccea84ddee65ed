"""Why something is unavailable: a code with its details, turned into a sentence only where a person reads it.

A reason is sent as one string, a code and its details, from readers to web processes and on to pages. Each place that
shows it puts it into words in its own language: `in_full` for staff, terminals and logs; `in_short` for everyone else,
because paths, owners and hosts are for staff. A string without such a code is shown unchanged. Depends on no framework.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Mapping
from string import Formatter
from typing import Final
from urllib.parse import parse_qsl, urlencode

_MARK: Final = "reason:"


def gettext_noop(text: str) -> str:
    """Mark a string for `makemessages`, like Django's function of this name."""
    return text


#: By code: the phrase for everyone, then the one for staff if that says more. Details are in braces.
#: A phrase continues a sentence after a colon: no capital, no full stop, and advice after a semicolon.
REASONS: Final[Mapping[str, tuple[str, ...]]] = {
    # A file
    "outside": (
        gettext_noop("it is outside the allowed directories"),
        gettext_noop('path {path} is outside LOGTAIL["ROOTS"]'),
    ),
    "no-location": (
        gettext_noop("the file's location can't be determined"),
        gettext_noop("the file's location can't be determined ({error})"),
    ),
    "not-permitted": (
        gettext_noop("the reader has no permission to open it"),
        gettext_noop("owned by {owner}, mode {mode}, reader runs as {reader}"),
    ),
    "group-may": (
        gettext_noop("the reader has no permission to open it"),
        gettext_noop("{reader} may not read it; add {reader} to the group {group}, then restart the reader"),
    ),
    "not-searchable": (
        gettext_noop("the reader has no permission to enter its directory"),
        gettext_noop("the reader runs as {reader}, which has no permission to enter its directory"),
    ),
    "permission-denied": (gettext_noop("permission denied"), gettext_noop("permission denied: {path}")),
    "gone": (gettext_noop("the file no longer exists"), gettext_noop("the file no longer exists: {path}")),
    "io-error": (gettext_noop("input/output error"), gettext_noop("input/output error: {path}")),
    "stale-handle": (gettext_noop("stale file handle"), gettext_noop("stale file handle: {path}")),
    "system": (
        gettext_noop("the operating system reports {error}"),
        gettext_noop("the operating system reports {error}: {path}"),
    ),
    "process-files": (
        gettext_noop("the reader's process has reached its limit of open files"),
        gettext_noop(
            "the reader's process has reached its limit of open files ({count}): RLIMIT_NOFILE, which is "
            "LimitNOFILE in systemd and ulimit -n in a shell"
        ),
    ),
    "link-loop": (gettext_noop("symbolic link loop"),),
    "directory": (gettext_noop("a directory"),),
    "fifo": (gettext_noop("a named pipe (FIFO)"),),
    "socket": (gettext_noop("a socket"),),
    "device": (gettext_noop("a device"),),
    "special-file": (gettext_noop("a special file"),),
    "silent-file-system": (gettext_noop("its file system has not responded for {seconds} s"),),
    # A log
    "upwards": (gettext_noop("its path contains '..'; write the path without it"),),
    "taken": (gettext_noop("another log already reads this file"),),
    "belongs-to-another": (gettext_noop("the path leads to the file of another log"),),
    "not-a-member": (gettext_noop("its pattern does not match this file any more"),),
    "nul-in-path": (gettext_noop("its path contains a NUL character, which no file name can"),),
    "bad-encoding": (gettext_noop("there is no encoding called {encoding}"),),
    "not-registered": (gettext_noop("this log is not registered on the reading host, or is disabled"),),
    "changed": (gettext_noop("this log's settings were changed"),),
    "rule-failed": (
        gettext_noop("a rule that hides secrets can't be used"),
        gettext_noop('the rule {rule} of LOGTAIL["REDACT"] can\'t be used: {why}'),
    ),
    "rules-differ": (
        gettext_noop("the rules that hide secrets differ between the web server and the reader"),
        gettext_noop('LOGTAIL["REDACT"] differs between the web server and the reader'),
    ),
    "original-over": (gettext_noop("the time for which the original was shown is over"),),
    "no-registry": (
        gettext_noop("the reading host can't query its database"),
        gettext_noop("the reader on {host} can't query its database: {error}"),
    ),
    "stopped": (gettext_noop("stopped by {user}"),),
    "stopped-because": (gettext_noop("stopped by {user}: {why}"),),
    # A reader's limits and faults
    "too-many-logs": (
        gettext_noop("the reader has reached its log limit ({count})"),
        gettext_noop('the reader has reached its log limit ({count}), LOGTAIL["MAX_LOGS_PER_READER"]'),
    ),
    "too-many-files": (
        gettext_noop("the reader has reached its open file limit ({count})"),
        gettext_noop('the reader has reached its open file limit ({count}), LOGTAIL["MAX_OPEN_FILES"]'),
    ),
    "limited": (
        gettext_noop("limited to {bytes} bytes/s"),
        gettext_noop('limited to {bytes} bytes/s by LOGTAIL["{setting}"]'),
    ),
    "processor-limited": (
        gettext_noop("limited to a share of the processor"),
        gettext_noop('limited to a share of the processor by LOGTAIL["{setting}"]'),
    ),
    "log-failed": (
        gettext_noop("the reader failed on this log and will try again soon"),
        gettext_noop(
            "the reader failed on this log ({error}) and will try again soon; see the reader's own log"
        ),
    ),
    "reader-failed": (
        gettext_noop("the reader failed to answer"),
        gettext_noop("the reader failed to answer ({error}); see the reader's own log"),
    ),
    # No change notification: the file is polled
    "remote": (gettext_noop("its file system does not report changes made by other machines"),),
    "no-watches": (gettext_noop("fs.inotify.max_user_watches is used up"),),
    "no-instances": (gettext_noop("fs.inotify.max_user_instances is used up, or too many files are open"),),
    "system-files": (gettext_noop("the system has too many open files"),),
    "kernel-memory": (gettext_noop("the kernel has no memory left for it"),),
    "unwatchable": (gettext_noop("the reader has no permission to read it or its directory"),),
    "no-inotify": (gettext_noop("inotify_simple is not installed"),),
    "no-notification": (gettext_noop("this platform does not report file changes"),),
    # A request
    "not-recorded": (
        gettext_noop(
            "access to logs must be recorded, and that isn’t possible right now; if it stays like this, tell an "
            "administrator"
        ),
    ),
    "not-allowed": (gettext_noop("you may not do this with this log; an administrator decides about that"),),
    "too-old": (
        gettext_noop(
            "you may not see lines that are more than {hours} h old; an administrator decides about that"
        ),
    ),
    "bytes-gone": (gettext_noop("the file that held these bytes no longer exists"),),
    "file-changed": (gettext_noop("the file changed while it was being read; try again"),),
    "no-times": (gettext_noop("no times were recognised in this log"),),
    "times-out-of-order": (
        gettext_noop("times are out of order in this log, so the ends of the range are not exact"),
    ),
    "files-alike": (
        gettext_noop("several older files begin alike, so it is unknown which of them held these bytes"),
    ),
    # A compressed file
    "archive-unsupported": (
        gettext_noop("files compressed with {kind} can't be read here; unpack this one first"),
    ),
    "no-zstd": (gettext_noop('zstd needs the "zstd" extra, which is not installed'),),
    "archive-unfinished": (
        gettext_noop("its text breaks off at byte {bytes}: the file is damaged or still being written"),
    ),
    "archive-damaged": (gettext_noop("its text is damaged after byte {bytes}"),),
    "archive-garbage": (gettext_noop("byte {bytes} of its text is followed by other data"),),
    "archive-bomb": (
        gettext_noop(
            "its text is over {count} times the file's size; only the first {bytes} bytes of the text can be read"
        ),
    ),
    "archive-too-large": (gettext_noop("its text is too large; only the first {bytes} bytes can be read"),),
    "archive-copy-limit": (
        gettext_noop(
            "only the first {bytes} bytes of its text can be read, the limit for unpacking to disk; "
            "unpack it yourself, or use gzip"
        ),
    ),
    "no-older-file": (gettext_noop("this log has no older file that can be read"),),
    "no-answer": (gettext_noop("no reader answered; try again"),),
    "results-lost": (gettext_noop("some results were lost in transit; search again"),),
    "too-many-searches": (
        gettext_noop("you have reached your limit of running searches ({count}); try again when one ends"),
    ),
    "too-many-connects": (
        gettext_noop(
            "you have reached your limit of {limit} connections a minute; try again in {retry_after} s"
        ),
    ),
    "too-many-bytes": (
        gettext_noop("you have reached your limit of {limit} bytes a day; try again in {retry_after} s"),
    ),
    "host-busy": (
        gettext_noop("the host has reached its limit of running searches ({count}); try again when one ends"),
    ),
    "too-many-requests": (gettext_noop("this page has reached its limit of pending requests ({count})"),),
    "server-failed": (
        gettext_noop("the server failed to answer"),
        gettext_noop("the server failed to answer; see the server's own log"),
    ),
    "unavailable": (gettext_noop("the server can't check your access right now; try again"),),
    # A search's pattern
    "bad-term": (gettext_noop("this server does not support one of its terms"),),
    "pattern-empty": (gettext_noop("there is nothing to search for"),),
    "pattern-line-end": (gettext_noop("a match can't span lines"),),
    "pattern-half-character": (gettext_noop("it contains an incomplete character"),),
    "pattern-too-large": (gettext_noop("the expression is too large; reduce its repetitions"),),
    "pattern-classes": (gettext_noop("the expression has more than {count} letter classes (\\p)"),),
    "no-regex": (gettext_noop('regular expressions need the "regex" extra, which is not installed'),),
    "bad-escape": (gettext_noop("invalid escape sequence {part}"),),
    "bad-class": (gettext_noop("invalid character class {part}"),),
    "bad-range": (gettext_noop("invalid character class range {part}"),),
    "missing-bracket": (gettext_noop("missing ] after {part}"),),
    "missing-parenthesis": (gettext_noop("missing ) in {part}"),),
    "unexpected-parenthesis": (gettext_noop("unexpected ) in {part}"),),
    "trailing-backslash": (gettext_noop("a backslash at the end"),),
    "nothing-to-repeat": (gettext_noop("nothing to repeat before {part}"),),
    "bad-repetition": (gettext_noop("invalid repetition {part}"),),
    "bad-operator": (gettext_noop("RE2 does not support the Perl operator {part}"),),
    "bad-group": (gettext_noop("invalid group name {part}"),),
    # Redis, and what the reader says
    "worker-busy": (
        gettext_noop("the worker is busy with other tasks; this log has been waiting since {since}"),
        gettext_noop(
            "the worker on {host} is busy with other tasks ({count}); this log's wake-up has been waiting since {since}"
        ),
    ),
    "worker-silent": (
        gettext_noop("the worker does not answer"),
        gettext_noop(
            "a worker on {host} serves the queue, but takes no wake-up: it has just ended, can't use its broker, "
            "or has another one"
        ),
    ),
    "no-worker": (
        gettext_noop("no worker is running for this log"),
        gettext_noop("no worker serves queue “{queue}” on the Redis at {redis}"),
    ),
    "broker": (
        gettext_noop("the server can't wake the reader"),
        gettext_noop("the server can't wake the reader, because the broker can't be reached: {error}"),
    ),
    "broker-refuses": (
        gettext_noop("the server can't wake the reader"),
        gettext_noop(
            "the server can't wake the reader, because the broker's Redis refused a command: {error}"
        ),
    ),
    "redis": (
        gettext_noop("the server can't reach Redis"),
        gettext_noop("the server can't reach Redis: {error}"),
    ),
    "redis-refuses": (
        gettext_noop("Redis refused a command from the server"),
        gettext_noop("Redis refused a command from the server: {error}"),
    ),
    "channel-layer": (
        gettext_noop("the channel layer does not respond"),
        gettext_noop("the channel layer does not respond: {error}"),
    ),
    "channel-layer-refuses": (
        gettext_noop("the channel layer's Redis refused a command"),
        gettext_noop("the channel layer's Redis refused a command: {error}"),
    ),
    "unsent": (
        gettext_noop("the reader can't send what it reads"),
        gettext_noop("the reader on {host} can't send what it reads: {error}"),
    ),
    "unheard": (
        gettext_noop("a reader is running, but its messages do not arrive"),
        gettext_noop(
            "a reader is running, but its messages do not arrive; check that web processes and workers use the "
            "same channel layer and release"
        ),
    ),
    "not-taken": (
        gettext_noop("the server failed to handle what the reader sent"),
        gettext_noop("this web process failed to handle what the reader sent ({error})"),
    ),
    "foreign-lease": (gettext_noop("this queue's lease in Redis is not held by a reader of this project"),),
    "reader-newer": (
        gettext_noop("the reader is newer than this web process"),
        gettext_noop("the reader on {host} is newer than this web process"),
    ),
    "reader-older": (
        gettext_noop("the reader is older than this web process"),
        gettext_noop("the reader on {host} is older than this web process"),
    ),
    "garbled": (
        gettext_noop("this web process can't read what the reader sends"),
        gettext_noop("this web process can't read what the reader on {host} sends: {error}"),
    ),
    # Why a viewer ended, by the `reason` of the protocol's `end`
    "bad-message": (gettext_noop("the server did not understand a message from this page"),),
    "no-hello": (gettext_noop("this page did not identify itself in time"),),
    "not-acknowledged": (gettext_noop("this page stopped acknowledging what it received"),),
    "too-many-messages": (gettext_noop("this page sent too many messages"),),
    "too-many-downloads": (
        gettext_noop("you have reached your limit of downloads; try again when one ends"),
    ),
}
#: Shown to everyone but staff for a reason unknown to this version: a newer reader sent it.
UNKNOWN: Final = gettext_noop("an administrator can see the reason")
#: Characters of one detail; the rest is cut. A path may be this long.
MOST_DETAIL_CHARACTERS: Final = 4_096
#: Details that are numbers, and those that are shown in quotes.
_NUMBERS: Final = frozenset({"bytes", "count", "limit", "retry_after", "seconds", "since"})
#: Numbers that are moments, in seconds since the epoch, shown as the local time of day.
_MOMENTS: Final = frozenset({"since"})
_QUOTED: Final = frozenset({"path", "encoding"})
_ERRORS: Final = {
    errno.EACCES: "permission-denied",
    errno.EPERM: "permission-denied",
    errno.ENOENT: "gone",
    errno.EIO: "io-error",
    errno.ESTALE: "stale-handle",
}


def reason(code: str, **details: str | int) -> str:
    """The string to send. `code` is one of REASONS."""
    return f"{_MARK}{code}?{urlencode(details, errors='surrogateescape')}"


def is_coded(text: str) -> bool:
    """Whether a string is a code with details, from this version or another."""
    return text.startswith(_MARK)


def reason_of(error: Exception) -> str:
    """Why an exception was raised: the reason in one of ours, or the system's."""
    if isinstance(error, OSError):
        return reason_of_errno(error.errno, os.fsdecode(error.filename) if error.filename else "")
    return str(error.args[0]) if error.args else str(error)


def reason_of_errno(number: int | None, path: str = "") -> str:
    """Why a system call failed, and on which file if known."""
    where = {"path": path} if path else {}
    if number in _ERRORS:
        return reason(_ERRORS[number], **where)
    return reason("system", error=errno.errorcode.get(number or errno.EIO, f"error {number}"), **where)


def as_is(text: str) -> str:
    return text


def in_full(text: str, translate: Callable[[str], str] = as_is) -> str:
    """The reason with all details: for staff, terminals and logs. `translate` is gettext, or returns its argument."""
    code, details = _taken_apart(text)
    return _sentence(details, translate, REASONS[code][::-1]) or text if code in REASONS else text


def in_short(text: str, translate: Callable[[str], str] = as_is) -> str:
    """The reason without what only staff may know: for everyone."""
    code, details = _taken_apart(text)
    if code in REASONS:
        return _sentence(details, translate, REASONS[code][:1]) or translate(UNKNOWN)
    return translate(UNKNOWN) if text.startswith(_MARK) else text


def for_page(text: str, *, is_full: bool) -> dict[str, str | int] | None:
    """The code and the details that a page may show, for the page to word; None for a string shown unchanged."""
    code, details = _taken_apart(text)
    if code not in REASONS:
        return {"code": "unknown"} if text.startswith(_MARK) and not is_full else None
    told = (
        details if is_full else {name: details[name] for name in _places(REASONS[code][0]) if name in details}
    )
    return {
        "code": code,
        **{
            name: int(value) if _is_number(name, value) else _shown(name, value)
            for name, value in told.items()
        },
    }


def code_of(text: str) -> str:
    """One of REASONS, for programs; "" for a string without such a code."""
    code, _ = _taken_apart(text)
    return code if code in REASONS else ""


def detail_of(text: str, name: str) -> str:
    """One of a reason's details, for programs; "" if it has none of that name."""
    return _taken_apart(text)[1].get(name, "")


def _taken_apart(text: str) -> tuple[str, dict[str, str]]:
    """("", {}) for a string without such a code."""
    if not text.startswith(_MARK):
        return "", {}
    code, _, query = text.removeprefix(_MARK).partition("?")
    details = parse_qsl(query, keep_blank_values=True, errors="replace")
    return code, {name: value[:MOST_DETAIL_CHARACTERS] for name, value in details}


def _sentence(details: Mapping[str, str], translate: Callable[[str], str], phrases: tuple[str, ...]) -> str:
    """The first phrase with all its details present; "" if none has: another version sent it."""
    shown = {
        name: _number(name, int(value)) if _is_number(name, value) else _shown(name, value)
        for name, value in details.items()
    }
    for phrase in phrases:
        if set(_places(phrase)) <= shown.keys():
            return translate(phrase).format_map(shown)
    return ""


def _places(phrase: str) -> list[str]:
    return [name for _, name, _, _ in Formatter().parse(phrase) if name]


def _printable(text: str) -> str:
    """Remove control characters, because the stop flag's reason is not signed."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _is_number(name: str, value: str) -> bool:
    return name in _NUMBERS and value.isdecimal() and len(value) < 16


def _number(name: str, value: int) -> str:
    if name in _MOMENTS and value < time.time() + 86_400:  # a far one would be an error of the C library
        return time.strftime("%H:%M:%S", time.localtime(value))
    return f"{value:,}"


def _shown(name: str, value: str) -> str:
    return repr(value) if name in _QUOTED else _printable(value)
