"""Try the rules of LOGTAIL["REDACT"] on a file."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from django_logtail.operating.plain import visible
from django_logtail.operating.redacted import Trial, tried
from django_logtail.redaction.rules import NAMES, Rule, RuleFailed, ready_made_rule
from django_logtail.redaction_rules import own_values, rules_for


class Command(BaseCommand):
    help = 'Shows what the rules of LOGTAIL["REDACT"] hide in FILE, and how long they take. Changes nothing.'

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", help="the path of a file, not compressed")
        parser.add_argument("--log", metavar="SLUG", help="only the rules for this log; default: all rules")
        parser.add_argument(
            "--ready-made", action="store_true", help="all ready-made rules instead of those in the settings"
        )
        parser.add_argument("--encoding", default="utf-8", help="default: %(default)s")
        parser.add_argument("--lines", type=int, default=20, help="lines to show; default: %(default)s")
        parser.add_argument(
            "--mebibytes", type=int, default=64, help="how much of the file to read; default: %(default)s"
        )

    def handle(
        self, *args: Any, file: str, encoding: str, lines: int, mebibytes: int, **options: Any
    ) -> None:
        try:
            rules = _ready_made() if options["ready_made"] else rules_for(options["log"] and [options["log"]])
            if not rules:
                raise CommandError('LOGTAIL["REDACT"] has no rules for it. Try --ready-made.')
            trial = tried(Path(file), rules, encoding, most_bytes=mebibytes * 1024 * 1024, most_lines=lines)
        except RuleFailed as error:
            raise CommandError(f"The rule {error.rule!r} can't be used: {error}.") from None
        except OSError as error:
            raise CommandError(f"{file} can't be read: {error.strerror}.") from None
        except LookupError:
            raise CommandError(f"The encoding {encoding!r} is unknown.") from None
        for line in trial.lines:
            self.stdout.write(visible(line))
        for row in _table(trial, [rule.name for rule in rules]):
            self.stdout.write(row)


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
