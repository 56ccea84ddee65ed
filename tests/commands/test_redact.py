"""`manage.py logtail_redact`."""

import io
import re
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command


def said(*arguments: object, **options: Any) -> str:
    out = io.StringIO()
    call_command("logtail_redact", *map(str, arguments), stdout=out, **options)
    return out.getvalue()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "web.log"
    path.write_text(
        "plain\nfrom 203.0.113.41 password=s3cret\nmail a@b.example, c@d.example\n\x1b[2J a@b.example\n"
    )
    return path


def test_it_shows_what_is_hidden_and_counts_it(log: Path, settings: Any) -> None:
    settings.LOGTAIL = {"REDACT": ["password", "email", {"ready": "ip", "logs": ["web"]}]}

    lines = said(log).splitlines()

    assert lines[:3] == ["from ‹ip› password=‹password›", "mail ‹email›, ‹email›", "\\x1b[2J ‹email›"]
    rows = [re.sub(r" +[\d.]+$", "", line) for line in lines[4:]]
    assert [row.split() for row in rows] == [
        ["password", "1"],
        ["email", "3"],
        ["ip", "1"],
        ["all", "together", "5"],
    ]


def test_it_takes_the_rules_of_one_log(log: Path, settings: Any) -> None:
    settings.LOGTAIL = {"REDACT": ["password", {"ready": "ip", "logs": ["web"]}]}

    assert "203.0.113.41" in said(log, "--log", "db")
    assert "203.0.113.41" not in said(log, "--log", "web")


def test_without_rules_it_offers_the_ready_made_ones(log: Path, settings: Any) -> None:
    settings.LOGTAIL = {}

    with pytest.raises(CommandError, match="Try --ready-made"):
        said(log)
    assert "s3cret" not in said(log, "--ready-made")


def test_it_reads_as_much_and_shows_as_many_lines_as_asked(log: Path, settings: Any) -> None:
    settings.LOGTAIL = {"REDACT": ["email"]}

    assert said(log, "--lines", "1").count("‹email›") == 2
    assert said(log, "--lines", "0").splitlines()[-1].split()[:3] == ["all", "together", "3"]
    assert said(log, "--mebibytes", "0").splitlines()[-1].split()[:3] == ["all", "together", "0"]


@pytest.mark.parametrize(
    ("rule", "arguments", "error"),
    [
        ({"name": "mine", "pattern": "a("}, [], "The rule 'mine' can't be used: missing"),
        ("email", ["--encoding", "klingon"], "The encoding 'klingon' is unknown."),
    ],
)
def test_what_prevents_it_is_said(
    log: Path, settings: Any, rule: Any, arguments: list[str], error: str
) -> None:
    settings.LOGTAIL = {"REDACT": [rule]}

    with pytest.raises(CommandError, match=re.escape(error)):
        said(log, *arguments)


def test_a_file_that_is_not_there_is_said(log: Path, settings: Any) -> None:
    settings.LOGTAIL = {"REDACT": ["email"]}

    with pytest.raises(CommandError, match=r"can't be read: No such file or directory\."):
        said(log.with_name("other.log"))
