"""Lines as programs write them, and the entries they make: the page's reader answers the same files in `tests/js`."""

import json
from datetime import datetime
from math import floor
from pathlib import Path
from typing import Any

import pytest

from django_logtail.formats.context import Context, read
from django_logtail.formats.detection import detect
from django_logtail.formats.heads import shown as plain
from django_logtail.formats.moments import moment_of

HERE = Path(__file__).parent
#: Noon of the day that the lines were written on: what a clock without a day, and a day without a year, belong to.
BESIDE = 1_795_867_200_000


def cases(name: str) -> list[Any]:
    lines = (HERE / name).read_text(encoding="utf-8").splitlines()
    found = [json.loads(line) for line in lines if line]
    return [
        pytest.param(one, id=f"{number}-{one.get('program', one.get('name'))}")
        for number, one in enumerate(found, 1)
    ]


@pytest.mark.parametrize("case", cases("conformance.jsonl"))
def test_a_line_says_what_its_program_meant(case: dict[str, Any]) -> None:
    text = plain(case["line"])

    line = read(text, Context())

    head = line.head
    written = head.written if head else ""
    assert (line.level, written) == (case["level"], case["time"])
    if head and head.time:
        assert text[slice(*head.time)] == written
    if "at" in case:
        moment = moment_of(written, BESIDE)
        assert moment is not None
        expected = datetime.fromisoformat(case["at"].replace("Z", "+00:00")).timestamp() * 1000
        assert floor(moment.ms) == round(expected)
    if "logger" in case:
        assert (head.logger if head else "") == case["logger"]
    if "message" in case:
        assert head is not None
        assert (text[head.message :] if head.said is None else head.said) == case["message"]


@pytest.mark.parametrize("case", cases("entries.jsonl"))
def test_lines_make_the_entries_that_were_written(case: dict[str, Any]) -> None:
    lines = [plain(line) for line in case["lines"]]
    context = Context(detect(lines[:300], lines[300:][-300:]))

    entries: list[list[Any]] = []
    for line, following in zip(lines, [*lines[1:], None], strict=True):
        found = read(line, context, following)
        if found.kind == "entry":
            entries.append([found.level, 1])
        else:
            entries[-1][1] += 1

    assert entries == case["entries"]


def test_there_are_enough_lines_and_programs() -> None:
    lines = [json.loads(line) for line in (HERE / "conformance.jsonl").read_text("utf-8").splitlines()]

    assert len(lines) >= 200
    assert len({line["program"] for line in lines}) >= 120
