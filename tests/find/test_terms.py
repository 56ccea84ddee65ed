"""Lines that terms take: `terms.jsonl` is read by the page's tests too."""

import json
from pathlib import Path
from typing import Any

import pytest

from django_logtail.control.wants import Sought
from django_logtail.formats.field_terms import number_in
from django_logtail.reader.conditions import Sample, matcher_of

CASES = [json.loads(line) for line in (Path(__file__).parent / "terms.jsonl").read_text("utf-8").splitlines()]
ID = [f"{case['term']}-{number}" for number, case in enumerate(CASES)]


@pytest.mark.parametrize("case", CASES, ids=ID)
def test_a_line_is_found_where_the_page_takes_it(case: dict[str, Any]) -> None:
    found = matcher_of(Sought("", case=case.get("case", False), terms=[case["sent"]]), Sample())
    text = f"before\n{case['line']}\nafter\n".encode()
    prepared = found.prepared(text)

    start, end = 7, len(text) - 6
    at = found.find(prepared, start, end - 1)

    is_unwanted = case["sent"].get("not", False)
    assert (at >= 0) is (case["matches"] is not is_unwanted)


def test_what_is_almost_a_number_is_judged_in_one_pass():
    """A line may be 128 KiB long, and its time must grow with its length only: squared, this takes minutes."""
    assert number_in("1" * 1_000_000 + "x") is None


def test_a_field_is_found_behind_the_byte_order_mark_of_a_file() -> None:
    wanted = {"field": "status", "is": ":", "value": "500"}
    found = matcher_of(Sought("", terms=[wanted]), Sample())
    text = b'\xef\xbb\xbf{"level":"error","status":500}\n'
    prepared = found.prepared(text)

    at = found.find(prepared, 0, len(text) - 1)

    assert at >= 0
