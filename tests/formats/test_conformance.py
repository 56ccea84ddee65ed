"""Lines as programs write them, and the entries they make: the page's reader answers the same files in `tests/js`."""

import json
import re
import time
from collections.abc import Callable
from datetime import datetime
from math import floor
from pathlib import Path
from typing import Any

import pytest

from django_logtail.formats import heads, rows
from django_logtail.formats.context import Context, read
from django_logtail.formats.detection import detect
from django_logtail.formats.given import names
from django_logtail.formats.heads import shown as plain
from django_logtail.formats.moments import moment_of
from django_logtail.formats.shape import fields_of
from tests.stack import CHECKOUT

HERE = Path(__file__).parent
#: Noon of the day that the lines were written on: what a clock without a day, and a day without a year, belong to.
BESIDE = 1_795_867_200_000


def failing(name: str, holds: Callable[[dict[str, Any]], None]) -> dict[str, str]:
    """Every case of the file that does not hold, and why: a test for each of 1,300 would cost more than its claim."""
    failed = {}
    lines = (HERE / name).read_text(encoding="utf-8").splitlines()
    for number, case in enumerate(map(json.loads, filter(None, lines)), 1):
        try:
            holds(case)
        except AssertionError as error:
            of = case.get("program") or case.get("name") or case.get("written") or "line"
            failed[f"{number}-{of}"] = str(error)
    return failed


def test_a_case_that_does_not_hold_is_named_and_the_others_are_tried() -> None:
    tried = []

    def holds(case: dict[str, Any]) -> None:
        tried.append(case)
        assert len(tried) not in (2, 4), "no"

    failed = failing("moments.jsonl", holds)

    assert len(tried) >= 100
    assert [name.partition("-")[0] for name in failed] == ["2", "4"]
    assert all(why.startswith("no\n") for why in failed.values())


def test_a_line_says_what_its_program_meant() -> None:
    assert failing("conformance.jsonl", says_what_its_program_meant) == {}


def says_what_its_program_meant(case: dict[str, Any]) -> None:
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


def test_lines_make_the_entries_that_were_written() -> None:
    assert failing("entries.jsonl", make_their_entries) == {}


def make_their_entries(case: dict[str, Any]) -> None:
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


def milliseconds(at: str) -> int:
    return round(datetime.fromisoformat(at.replace("Z", "+00:00")).timestamp() * 1000)


def test_a_written_time_means_its_moment() -> None:
    assert failing("moments.jsonl", means_its_moment) == {}


def means_its_moment(case: dict[str, Any]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        if "now" in case:
            patch.setattr(time, "time", lambda: milliseconds(case["now"]) / 1000)
        moment = moment_of(case["written"], milliseconds(case["beside"]) if "beside" in case else None)

    assert (moment and floor(moment.ms)) == (case["at"] and milliseconds(case["at"]))


def test_a_line_has_the_fields_that_were_written() -> None:
    assert failing("fields.jsonl", has_its_fields) == {}


def has_its_fields(case: dict[str, Any]) -> None:
    fields = fields_of(case["line"])

    named = fields and [[field.name, field.text] for field in fields if field.name]
    assert named == case["fields"]


@pytest.mark.parametrize("count", [5_000, 5_001])
def test_a_line_has_at_most_5000_fields(count: int) -> None:
    pairs = fields_of(" ".join(f"k{number}=1" for number in range(count - 1)) + " level=info")
    json_fields = fields_of(json.dumps({f"k{number}": 1 for number in range(count)}))

    assert (pairs and len(pairs), json_fields and len(json_fields)) == (
        (5_000, 5_000) if count == 5_000 else (None, None)
    )


def test_there_are_enough_lines_and_programs() -> None:
    lines = [json.loads(line) for line in (HERE / "conformance.jsonl").read_text("utf-8").splitlines()]

    assert len(lines) >= 200
    assert len({line["program"] for line in lines}) >= 120


def test_each_row_of_the_table_reads_a_line_of_the_cases(monkeypatch: pytest.MonkeyPatch) -> None:
    used: set[int] = set()

    def captured(row: rows.Row, text: str) -> tuple[str, ...] | None:
        found = rows.captured(row, text)
        used.update([id(row)] if found else [])
        return found

    monkeypatch.setattr(heads, "captured", captured)
    for name in ("conformance.jsonl", "entries.jsonl"):
        for case in map(json.loads, (HERE / name).read_text("utf-8").splitlines()):
            for line in case.get("lines") or [case["line"]]:
                read(plain(line), Context())

    unread = [row["head"] for row, made in table_rows() if id(made) not in used]
    assert unread == []


def table_rows() -> list[tuple[dict[str, Any], rows.Row]]:
    made = [*rows._ROWS, *rows._WRAPPERS]
    return list(zip([*rows.TABLE["rows"], *rows.TABLE["wrappers"]], made, strict=True))


#: What the names of formats are made of that no program is called.
WORDS = set(
    re.findall(
        r"\w+", "and brackets error epoch in indented letter level log logger process program thread time"
    )
)


def test_the_page_about_formats_names_each_of_the_table() -> None:
    page = (CHECKOUT / "docs" / "explanation" / "formats.md").read_text("utf-8")
    said = page.partition("## What is recognised")[2].partition("\n## ")[0].casefold()

    assert {name: missing for name in names().values() if (missing := unnamed(name, said))} == {}


def unnamed(name: str, said: str) -> list[str]:
    """The words of a format's name that a text lacks."""
    words = set(re.findall(r"[\w.-]*\w", re.sub(r" \(.*?\)", "", name).casefold())) - WORDS
    return [word for word in words if not re.search(rf"(?<!\w){re.escape(word)}", said)]
