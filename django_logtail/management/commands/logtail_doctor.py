"""Examine an installation step by step, from the settings to the first byte of each log."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit

from django.core.management.base import BaseCommand, CommandError
from django.urls import NoReverseMatch, reverse

from django_logtail.operating.doctor import examine
from django_logtail.operating.doctor.findings import Finding
from django_logtail.operating.plain import visible
from django_logtail.page.assets import asset_url


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
        parser.add_argument(
            "--url",
            default="",
            help="the address of the site as browsers open it: also tests the way through proxy and server",
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, seconds: float, url: str, json: bool, **options: Any) -> None:
        if url and (urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname):
            raise CommandError(f"--url is {url!r}; expected an address such as https://shop.example/logs/.")
        findings = examine(seconds, url, script_path() if url else "")
        problems = self._in_json(findings) if json else self._in_lines(findings)
        if problems:
            raise CommandError(f"{problems} problem{'s' if problems > 1 else ''} found.")

    def _in_lines(self, findings: Iterable[Finding]) -> int:
        """Print each finding as soon as it is there, and return the number of problems."""
        problems = 0
        pasted: set[str] = set()
        for finding in findings:
            problems += finding.is_problem
            self.stdout.write(f"{finding.mark:<8} {visible(finding.text)}")
            if finding.paste in pasted:
                self.stdout.write(f"{'':<8} -> As above.")
                continue
            if finding.advice:
                self.stdout.write(f"{'':<8} -> {visible(finding.advice)}")
            for line in finding.paste.splitlines():
                self.stdout.write(f"{'':<11} {visible(line)}".rstrip())
                pasted.add(finding.paste)
        return problems

    def _in_json(self, findings: Iterable[Finding]) -> int:
        found = list(findings)
        problems = sum(finding.is_problem for finding in found)
        report = {"problems": problems, "findings": [asdict(finding) for finding in found]}
        self.stdout.write(json.dumps(report, indent=2))
        return problems


def script_path() -> str:
    """The path of the page's script, below that of the list of logs."""
    try:
        return asset_url("page/logs-page.js").removeprefix(reverse("logtail:list"))
    except NoReverseMatch:
        raise CommandError("The pages are not in ROOT_URLCONF: see check logtail.W005.") from None
