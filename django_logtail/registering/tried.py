"""What this host's rules hide at the end of a log's file, for people who choose rules. No hidden byte leaves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from django_logtail.formats.escapes import plain
from django_logtail.models import Log, rows_with_files
from django_logtail.redaction.keys import KEY_BYTES
from django_logtail.redaction.redactor import BLOCK_BYTES, LOOK_BYTES
from django_logtail.redaction.rules import Rule, RuleFailed
from django_logtail.redaction.trial import Part, tried
from django_logtail.redaction_rules import digest, rules_for
from django_logtail.registering.files import Patience, Seen, tail
from django_logtail.tailing.reasons import reason

#: Bytes at the end of a file, or of a text, on which rules are tried: with rules that take 100 ms a MB, a fifth of a
#: second.
TRIED_BYTES: Final = 1024 * 1024
#: Lines in an answer.
MOST_LINES: Final = 20


def tried_on_log(pk: int, patience: Patience | None = None) -> Mapping[str, Any]:
    """What the rules for this log of the registry hide in the end of its file, or why they can't be tried."""
    log = rows_with_files().filter(pk=pk).first()
    if log is None:
        return {"reason": reason("gone")}
    found = _tail(log.file, patience or Patience())
    if isinstance(found, Seen):
        return {"reason": found.reason}
    read, start, size, head = found
    return _tried(read, start, size, slugs_of(log), log.encoding, head)


def tried_on_text(text: str, log: Log | None) -> Mapping[str, Any]:
    """The same for lines that somebody has; by all rules, or those for a log."""
    data = text.replace("\r\n", "\n").encode("utf-8", "replace")[:TRIED_BYTES]
    data += b"\n" * (not data.endswith(b"\n"))
    slugs = None if log is None else slugs_of(log)
    return _tried(lambda start, size: data[start : start + size], 0, len(data), slugs, "utf-8", b"")


def slugs_of(log: Log) -> frozenset[str]:
    return frozenset({log.slug, log.registration.slug})


def _tail(path: Path, patience: Patience) -> Seen | tuple[Callable[[int, int], bytes], int, int, bytes]:
    """How to read the end of the file with what decides about it, where that end begins, the file's size, and its head;
    or why it can't be read.
    """
    found = tail(path, TRIED_BYTES + BLOCK_BYTES + LOOK_BYTES + KEY_BYTES, patience)
    if isinstance(found, Seen):
        return found
    data, base, head = found
    size = base + len(data)
    start = max(0, size - TRIED_BYTES) // BLOCK_BYTES * BLOCK_BYTES
    return lambda at, count: data[max(0, at - base) : max(0, at - base + count)], start, size, head


def _tried(
    read: Callable[[int, int], bytes],
    start: int,
    stop: int,
    slugs: frozenset[str] | None,
    encoding: str,
    head: bytes,
) -> Mapping[str, Any]:
    try:
        rules: Sequence[Rule] = rules_for(slugs)
        trial = tried(read, start, stop, rules, encoding, head=head, most_lines=MOST_LINES)
    except RuleFailed as error:
        return {"reason": reason("rule-failed", rule=error.rule, why=str(error))}
    except LookupError:
        return {"reason": reason("bad-encoding", encoding=encoding)}
    return {
        "digest": digest(),
        "size": trial.size,
        "rules": [[name, trial.counts[name], seconds] for name, seconds in trial.seconds.items() if name],
        "counts": [[name, count] for name, count in trial.counts.items()],
        "seconds": trial.seconds[""],
        "lines": [[list(_harmless(part)) for part in line] for line in trial.lines],
    }


def _harmless(part: Part) -> Part:
    """Without what has an effect where it is shown."""
    text, rule = part
    return "".join(letter if letter.isprintable() else " " for letter in plain(text)), rule
