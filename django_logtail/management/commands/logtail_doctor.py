"""Examine an installation step by step, from the settings to the first byte of each log."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from django_logtail.operating.doctor import examine
from django_logtail.operating.plain import visible


class Command(BaseCommand):
    help = "Examines the installation step by step, and says how to solve each problem."
    requires_system_checks: list[str] = []  # it reports them itself, as its first step

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--seconds",
            type=float,
            default=10.0,
            help="how long to wait for a reader's answer; default: %(default)g",
        )

    def handle(self, *args: Any, seconds: float, **options: Any) -> None:
        problems = 0
        for finding in examine(seconds):
            problems += finding.is_problem
            self.stdout.write(f"{finding.mark:<8} {visible(finding.text)}")
            if finding.advice:
                self.stdout.write(f"{'':<8} -> {visible(finding.advice)}")
        if problems:
            raise CommandError(f"{problems} problem{'s' if problems > 1 else ''} found.")
