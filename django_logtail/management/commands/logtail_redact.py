"""Try the rules of LOGTAIL["REDACT"] on a file."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from django_logtail.audit.acting import actor
from django_logtail.audit.recorder import keeps_records
from django_logtail.audit.registry import of_log
from django_logtail.audit.viewings import record_action
from django_logtail.conf import conf
from django_logtail.management.as_user import AsUserCommand
from django_logtail.models import Log, rows_with_files
from django_logtail.operating.plain import visible
from django_logtail.redaction.rules import NAMES, Rule, RuleFailed, ready_made_rule
from django_logtail.redaction.trial import Trial, tried
from django_logtail.redaction_rules import own_values, rules_for
from django_logtail.rights import Right
from django_logtail.tailing.files.roots import Roots
from django_logtail.tailing.reasons import in_full, reason


class Command(AsUserCommand):
    help = 'Shows what the rules of LOGTAIL["REDACT"] hide in FILE, and how long they take. Changes nothing.'

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", help="the path of a file, not compressed")
        parser.add_argument("--log", metavar="SLUG", help="only the rules for this log; default: all rules")
        parser.add_argument(
            "--ready-made", action="store_true", help="all ready-made rules instead of those in the settings"
        )
        parser.add_argument("--encoding", help="default: utf-8")
        parser.add_argument("--lines", type=int, default=20, help="lines to show; default: %(default)s")
        parser.add_argument(
            "--mebibytes", type=int, default=64, help="how much of the file to read; default: %(default)s"
        )

    def handle(self, *args: Any, file: str, lines: int, mebibytes: int, **options: Any) -> None:
        own_choice = options["log"] or options["ready_made"] or options["encoding"]
        if self.user is not None and own_choice:  # other rules, or bytes in which they find nothing
            raise CommandError("--as takes all rules, and the log's encoding: leave out what chooses others.")
        encoding = self._admit(Path(file)) or options["encoding"] or "utf-8"
        try:
            rules = _ready_made() if options["ready_made"] else rules_for(options["log"] and [options["log"]])
            if not rules:
                raise CommandError('LOGTAIL["REDACT"] has no rules for it. Try --ready-made.')
            trial = _tried(Path(file), mebibytes * 1024 * 1024, rules, encoding, lines)
        except RuleFailed as error:
            raise CommandError(f"The rule {error.rule!r} can't be used: {error}.") from None
        except OSError as error:
            raise CommandError(f"{file} can't be read: {error.strerror}.") from None
        except LookupError:
            raise CommandError(f"The encoding {encoding!r} is unknown.") from None
        for line in trial.lines:
            self.stdout.write("".join(f"‹{rule}›" if rule else visible(text) for text, rule in line))
        for row in _table(trial, [rule.name for rule in rules]):
            self.stdout.write(row)

    def _admit(self, path: Path) -> str:
        """The encoding of the log whose file the user asks for; "": none. Raises `CommandError` if they may not see its
        lines, or if this can't be recorded.
        """
        logs = _logs_of(path) if self.user is not None else []
        for log in logs:
            self.require(Right.HISTORY, log)
        if self.user is not None and not logs:
            self.require(Right.REGISTER)
            if Roots(conf.ROOTS).may_register(path.resolve()) is not None:
                raise CommandError(f'{path} is in no directory of LOGTAIL["ROOTS"].')
        if not keeps_records(wait=True):
            raise CommandError(in_full(reason("not-recorded")))
        record_action("preview", of_log(actor(), logs[0] if logs else None), {"path": str(path.resolve())})
        return logs[0].encoding_label if logs else ""


def _logs_of(path: Path) -> list[Log]:
    """The logs whose file this is, by whatever links it is named: its lines are for those who may see all of them."""
    real = path.resolve()
    return [log for log in rows_with_files() if log.file.resolve() == real]


def _tried(path: Path, size: int, rules: Sequence[Rule], encoding: str, lines: int) -> Trial:
    with path.open("rb") as file:

        def read(offset: int, size: int) -> bytes:
            file.seek(offset)
            return file.read(size)

        return tried(read, 0, size, rules, encoding, head=read(0, 4), most_lines=lines)


def _ready_made() -> list[Rule]:
    rules = (ready_made_rule(name, own_values()) for name in NAMES if name != "ip-ending")
    return [rule for rule in rules if rule is not None]


def _table(trial: Trial, names: list[str]) -> list[str]:
    mebibytes = max(trial.size, 1) / (1024 * 1024)
    width = max(len("all together"), *map(len, names))
    rows = [f"{'rule':<{width}}  {'hidden':>9}  ms per MiB"]
    for name in dict.fromkeys(names):
        rows.append(
            f"{name:<{width}}  {trial.counts[name]:>9,}  {trial.seconds[name] * 1000 / mebibytes:>10.1f}"
        )
    total = trial.seconds[""] * 1000 / mebibytes
    return [*rows, f"{'all together':<{width}}  {trial.counts.total():>9,}  {total:>10.1f}"]
