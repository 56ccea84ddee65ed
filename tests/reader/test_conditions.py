"""What lines of a file are found by several terms, fields and levels, chunk by chunk."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from django_logtail.control.wants import Sought
from django_logtail.reader import conditions
from django_logtail.reader.conditions import Sample, matcher_of
from django_logtail.tailing.reasons import in_full
from django_logtail.tailing.text.matching import BadPattern, has_regex
from django_logtail.tailing.text.search import Search

LOG = """\
2026-08-24 10:00:00,000 INFO shop.web GET /healthz 200
2026-08-24 10:00:01,000 ERROR shop.pay payment failed
Traceback (most recent call last):
  File "pay.py", line 3, in pay
GatewayTimeout: no answer
2026-08-24 10:00:02,000 WARNING shop.web GET /checkout/pay 500
2026-08-24 10:00:03,000 DEBUG shop.cache miss timeout
"""


def found(
    tmp_path: Path,
    log: str,
    pattern: str = "",
    *terms: dict[str, Any],
    levels: str = "",
    chunk_bytes: int = 1024 * 1024,
    **more: bool,
) -> list[int]:
    """The numbers of the lines that are found, from 0."""
    path = tmp_path / "app.log"
    path.write_text(log, "utf-8", newline="")
    lines = log.splitlines()
    sample = Sample("", lines[:300], lines[-300:] if len(lines) > 300 else ())
    sought = Sought(pattern, terms=list(terms), levels=levels, **more)
    descriptor = os.open(path, os.O_RDONLY)
    search = Search(
        descriptor,
        matcher_of(sought, sample),
        0,
        path.stat().st_size,
        chunk_bytes=chunk_bytes,
        max_hits=9_999,
    )
    hits = []
    while not search.is_done:
        hits += search.step(5, 1024 * 1024 * 1024)
    search.close()
    starts = [0]
    for line in log.encode().splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    return [starts.index(hit.start) for hit in hits]


def test_a_line_holds_all_texts_that_are_wanted_and_none_that_is_not(tmp_path: Path) -> None:
    assert found(tmp_path, LOG, "get", {"text": "SHOP.web"}) == [0, 5]
    assert found(tmp_path, LOG, "get", {"text": "healthz", "not": True}) == [5]
    assert found(tmp_path, LOG, "GET", {"text": "SHOP.web"}, case=True) == []
    assert found(tmp_path, LOG, "", {"text": "shop", "not": True}) == [2, 3, 4]


@pytest.mark.skipif(not has_regex(), reason="google-re2 is not installed")
def test_an_expression_and_terms_narrow_together(tmp_path: Path) -> None:
    assert found(tmp_path, LOG, r"GET .* \d{3}$", {"text": "500", "not": True}, regex=True) == [0]
    assert found(tmp_path, LOG, r"^\S+ .*shop", levels="W", regex=True) == [5]


def test_a_line_has_the_level_of_its_entry(tmp_path: Path) -> None:
    assert found(tmp_path, LOG, "timeout", levels="E") == [4]
    assert found(tmp_path, LOG, "timeout", levels="D") == [6]
    assert found(tmp_path, LOG, "timeout", levels="WI") == []
    assert found(tmp_path, LOG, "", {"text": "answer"}, levels="E") == [4]


@pytest.mark.parametrize("chunk_bytes", [64, 200, 1024])
def test_the_head_of_an_entry_is_found_in_an_earlier_chunk(tmp_path: Path, chunk_bytes: int) -> None:
    assert found(tmp_path, LOG * 20, "no answer", levels="E", chunk_bytes=chunk_bytes) == [
        4 + 7 * i for i in range(20)
    ]
    assert found(tmp_path, LOG * 20, "no answer", levels="WID", chunk_bytes=chunk_bytes) == []


def test_fields_are_those_of_the_lines_of_json_logfmt_and_access_logs(tmp_path: Path) -> None:
    log = (
        '{"level":"info","status":500,"path":"/a"}\n'
        '{"level":"info","status":200,"note":"status 500","path":"/b"}\n'
        '{"level":"error","request":{"status":500},"path":"/checkout/a"}\n'
        "time=2026-08-24T10:00:00Z level=info status=500 path=/c\n"
        '203.0.113.84 - - [24/Aug/2026:10:00:00 +0000] "GET /checkout/b HTTP/2.0" 500 1157\n'
        "status=500 in a text\n"
    )
    status = {"field": "status", "is": ":", "value": "500"}
    path = {"field": "path", "is": ":", "value": "/checkout*"}

    assert found(tmp_path, log, "", status) == [0, 3, 4]
    assert found(tmp_path, log, "", path) == [2, 4]
    assert found(tmp_path, log, "", status, {**path, "not": True}) == [0, 3]
    assert found(tmp_path, log, "", {"field": "status", "is": "<", "value": "5e2"}) == [1]
    assert found(tmp_path, log, "", {**status, "not": True}) == [1, 2, 5]
    assert found(tmp_path, log, "info", status) == [0, 3]
    assert found(tmp_path, log.splitlines(keepends=True)[4] * 3, "", status, levels="E") == [0, 1, 2]
    assert found(tmp_path, log.splitlines(keepends=True)[4] * 3, "", status, levels="WID") == []


def test_a_carriage_return_and_escapes_do_not_hide_fields(tmp_path: Path) -> None:
    log = '{"level":"info","status":500}\r\n\x1b[32m{"level":"info","status":500}\x1b[0m\r\n'

    assert found(tmp_path, log, "", {"field": "status", "is": ":", "value": "500"}) == [0, 1]


def test_a_value_that_would_be_a_slow_expression_takes_no_time(tmp_path: Path) -> None:
    term = {"field": "a", "is": ":", "value": "*" + "a*" * 400 + "b"}

    assert found(tmp_path, '{"level":"info","a":"' + "a" * 100_000 + '"}\n', "", term) == []


@pytest.mark.parametrize("term", [{"text": 5}, {"colour": "blue"}, {"field": "a", "value": "b"}, 7, None])
def test_a_term_that_is_not_known_is_refused_and_not_left_out(term: Any) -> None:
    with pytest.raises(BadPattern) as caught:
        matcher_of(Sought("x", terms=[term]))

    assert in_full(str(caught.value)) == "this server does not know one of its terms"


def test_however_many_lines_are_candidates_each_is_read_a_few_times(tmp_path: Path, monkeypatch) -> None:
    """An entry without a head may be long: walking to its head from each of its lines takes minutes."""
    heads = []
    head_of = conditions.head_of
    monkeypatch.setattr(
        conditions, "head_of", lambda line, formats: heads.append(line) or head_of(line, formats)
    )

    assert found(tmp_path, "a\n" * 3_000, "a", levels="E") == []
    assert len(heads) <= 6_000


@pytest.mark.parametrize("chunk_bytes", [64, 200, 100_000])
def test_the_level_of_a_line_does_not_depend_on_which_lines_were_read_before(
    tmp_path: Path, chunk_bytes: int
) -> None:
    some = LOG.splitlines(keepends=True)
    log = "".join(some[:3] + ['  File "a.py", line 3, in needle\n'] * 40 + some[4:])

    everything = found(tmp_path, log, "", levels="E", chunk_bytes=chunk_bytes)
    needles = found(tmp_path, log, "needle", levels="E", chunk_bytes=chunk_bytes)

    assert everything == list(range(1, 44))
    assert needles == list(range(3, 43))


def test_a_search_that_parses_lines_pauses_after_a_kilobyte() -> None:
    assert matcher_of(Sought("a", levels="E"), Sample()).pause_bytes == 1024
    assert matcher_of(Sought("a"), Sample()).pause_bytes == 1024 * 1024
