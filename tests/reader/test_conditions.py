"""What lines of a file are found by several terms, fields and levels, chunk by chunk."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from django_logtail.control.wants import Sought
from django_logtail.reader import levels
from django_logtail.reader.conditions import Sample, matcher_of
from django_logtail.tailing.reasons import in_full
from django_logtail.tailing.text.backwards import Backwards
from django_logtail.tailing.text.matching import BadPattern, Matcher, has_regex
from django_logtail.tailing.text.search import Search
from tests.length import at_length
from tests.tailing.stage import reading

LOG = """\
2026-08-24 10:00:00,000 INFO shop.web GET /healthz 200
2026-08-24 10:00:01,000 ERROR shop.pay payment failed
Traceback (most recent call last):
  File "pay.py", line 3, in pay
GatewayTimeout: no answer
2026-08-24 10:00:02,000 WARNING shop.web GET /checkout/pay 500
2026-08-24 10:00:03,000 DEBUG shop.cache miss timeout
"""

#: Lines with heads and without, flush and indented, long ones, and half a head of two lines.
PIECES = [
    *LOG.splitlines(keepends=True),
    "\n",
    "flush error\n",
    "  indented one\n",
    "Error: something\n",
    "no end",
    "long " * 40 + "error\n",
    "Aug 24, 2026 10:00:01 AM shop.Pay capture\n",
    "SEVERE: no answer\n",
]


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
    search = Search(
        reading(path),
        matcher_of(sought, sample),
        0,
        path.stat().st_size,
        chunk_bytes=chunk_bytes,
        max_hits=9_999,
    )
    hits = []
    while not search.is_done:
        hits += search.step(5, 1024 * 1024 * 1024)
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


@pytest.mark.skipif(not has_regex(), reason="google-re2 is not installed")
def test_a_line_matches_all_expressions_that_are_wanted_and_none_that_is_not(tmp_path: Path) -> None:
    assert found(tmp_path, LOG, "shop", {"regex": r"GET \S+ \d00$"}) == [0, 5]
    assert found(tmp_path, LOG, "get", {"regex": "HEALTHZ|checkout"}, {"regex": "5.."}) == [5]
    assert found(tmp_path, LOG, "get", {"regex": "HEALTHZ|checkout"}, case=True) == []
    assert found(tmp_path, LOG, "shop", {"regex": "GET|pay", "not": True}) == [6]
    assert found(tmp_path, LOG, "", {"regex": "^[A-Z]"}) == [2, 4]
    assert found(tmp_path, LOG, "GET", {"regex": "web"}, regex=True) == [0, 5]


@pytest.mark.skipif(not has_regex(), reason="google-re2 is not installed")
def test_an_expression_among_the_terms_is_refused_like_the_pattern(tmp_path: Path) -> None:
    for wrong in ("(", "(?=a)", "a{1000}{1000}", ".{1000}", "\\C", "\\pL" * 17):
        with pytest.raises(BadPattern):
            matcher_of(Sought("a", terms=[{"regex": wrong}]))


@pytest.mark.skipif(not has_regex(), reason="google-re2 is not installed")
def test_several_expressions_search_as_many_bytes_at_once_as_one_would_in_that_time() -> None:
    slow = "a[ab]{800}c"
    one = matcher_of(Sought("a", terms=[{"regex": slow}]))
    four = matcher_of(Sought("a", terms=[{"regex": slow}] * 4))

    assert four.longest == one.longest // 4


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

    assert in_full(str(caught.value)) == "this server does not support one of its terms"


def test_however_many_lines_are_candidates_each_is_read_a_few_times(tmp_path: Path, monkeypatch) -> None:
    """An entry without a head may be long: walking to its head from each of its lines takes minutes."""
    heads = []
    head_of = levels.head_of
    monkeypatch.setattr(levels, "head_of", lambda line, formats: heads.append(line) or head_of(line, formats))

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


@settings(deadline=None, max_examples=at_length(3_000, short=100))
@given(
    st.lists(st.sampled_from(PIECES), max_size=30),
    st.sampled_from(["E", "O", "WI", "EWD"]),
    st.sampled_from(["", "e", "o"]),
    st.integers(1, 600),
    st.sampled_from([64, 300, 1024 * 1024]),
)
def test_levels_are_the_same_in_both_orders_and_wherever_a_search_begins(
    tmp_path_factory, pieces, wanted, pattern, window_bytes, chunk_bytes
) -> None:
    path = tmp_path_factory.mktemp("levels") / "app.log"
    path.write_text("".join(pieces), "utf-8")
    size = path.stat().st_size
    sample = Sample("", LOG.splitlines())
    sought = Sought(pattern, terms=[] if pattern else [{"text": "\x00", "not": True}], levels=wanted)
    options = {"chunk_bytes": chunk_bytes, "max_hits": 9_999}

    def hits(search: Search | Backwards) -> list[int]:
        found = []
        while not search.is_done:
            found += search.step(5, 1024 * 1024 * 1024)
        return [hit.start for hit in found]

    def what() -> Matcher:
        return matcher_of(sought, sample)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(levels, "MOST_BACK", 6)
        patch.setattr(levels, "REACH_BYTES", 250)
        forwards = hits(Search(reading(path), what(), 0, size, **options))
        backwards = hits(Backwards(reading(path), what(), 0, size, window_bytes=window_bytes, **options))
        later = [hits(Search(reading(path), what(), start, size, **options)) for start in forwards[:5]]

    assert backwards == forwards[::-1]
    assert later == [forwards[n:] for n in range(len(forwards[:5]))]


def test_a_head_too_far_above_a_line_does_not_count(tmp_path: Path) -> None:
    head = "2026-08-24 10:00:01,000 ERROR shop.pay payment failed\n"

    assert found(tmp_path, head + "  more\n" * 299 + "  needle\n", "needle", levels="E") == [300]
    assert found(tmp_path, head + "  more\n" * 300 + "  needle\n", "needle", levels="E") == []


def test_nor_does_it_if_all_lines_between_are_candidates(tmp_path: Path) -> None:
    head = "2026-08-24 10:00:01,000 ERROR shop.pay payment failed\n"

    assert found(tmp_path, head + "  more\n" * 400, "", {"text": "x", "not": True}, levels="E") == list(
        range(301)
    )


def test_without_heads_a_crash_is_read_from_its_first_line(tmp_path: Path) -> None:
    log = "starting\nTraceback (most recent call last):\n" + '  File "a.py", line 3, in pay\n' * 5
    log += "GatewayTimeout: no answer\nstarting\n"

    assert found(tmp_path, log * 80, "answer", levels="E") == [7 + 9 * n for n in range(80)]
    assert found(tmp_path, log * 80, "start", levels="E") == []


def test_a_search_that_parses_lines_pauses_after_a_kilobyte() -> None:
    assert matcher_of(Sought("a", levels="E"), Sample()).pause_bytes == 1024
    assert matcher_of(Sought("a"), Sample()).pause_bytes == 1024 * 1024


WRITTEN = {
    "django": "2026-08-24 10:00:{:02d},000 {} shop.web {}\n",
    "json": '{{"time": "2026-08-24T10:00:{:02d}Z", "level": "{}", "message": "{}"}}\n',
    "logfmt": "time=2026-08-24T10:00:{:02d}Z level={} msg={}\n",
    "letter": "[{:02d}/Aug/2026 10:00:00] {} shop {}\n",
}


def _access(chance: random.Random, n: int) -> str:
    status = chance.choice([200, 200, 302, 404, 500, 503])
    return (
        f'10.0.0.{n} - - [24/Aug/2026:10:00:{n % 60:02d} +0000] "GET /errors HTTP/1.1" {status} 5 "-" "-"\n'
    )


@pytest.mark.parametrize("levels", ["E", "W", "EW"])
@pytest.mark.parametrize("kind", ["django", "json", "numbers", "logfmt", "letters", "access", "mixed"])
@pytest.mark.parametrize("seed", range(at_length(30, short=2)))
def test_lines_passed_over_for_want_of_a_word_are_never_those_that_begin_a_wanted_entry(
    tmp_path: Path, kind: str, levels: str, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(seed)
    words = ["INFO", "ERROR", "warning", "DEBUG", "CRITICAL", "FATAL", "Warn"]
    log = ""
    for n in range(400):
        message = chance.choice(["paid", "an error here", "no answer W", "500 ways"])
        second, word = n % 60, chance.choice(words)
        match chance.choice(["django", "json", "access", "letters"]) if kind == "mixed" else kind:
            case "django":
                log += WRITTEN["django"].format(second, word.upper(), message)
            case "json":
                log += WRITTEN["json"].format(second, chance.choice([word.lower(), "\\u0065rror"]), message)
            case "numbers":
                log += f'{{"level": {chance.choice([30, 40, 50, 60])}, "time": 17, "msg": "{message}"}}\n'
            case "logfmt":
                log += WRITTEN["logfmt"].format(second, word.lower(), message.split()[0])
            case "letters":
                letter = chance.choice("IWEFD")
                log += f"{letter}0824 10:00:{second:02d}.000000    7 pay.go:3] {message}\n"
            case _:
                log += _access(chance, n % 250)
        if chance.random() < 0.1:
            log += 'Traceback (most recent call last):\n  File "a.py", line 3, in pay\nKeyError: 3\n\n'
    sieved = found(tmp_path, log, levels=levels, heads=True)

    monkeypatch.setattr("django_logtail.reader.conditions.signs_of", lambda levels, formats: None)
    read = found(tmp_path, log, levels=levels, heads=True)

    assert sieved == read
    assert len(read) > 20


def test_only_the_lines_that_begin_an_entry_are_found(tmp_path: Path) -> None:
    assert found(tmp_path, LOG, levels="E", heads=True) == [1]
    assert found(tmp_path, LOG, levels="EW", heads=True) == [1, 5]
    assert found(tmp_path, LOG, "pay", heads=True) == [1, 5]


def test_lines_without_a_word_of_the_level_are_not_read(tmp_path: Path, monkeypatch) -> None:
    read = 0
    level_of = levels.Levels.level_of

    def counted(self: levels.Levels, begin: int, stop: int) -> str:
        nonlocal read
        read += 1
        return level_of(self, begin, stop)

    monkeypatch.setattr(levels.Levels, "level_of", counted)
    calm = LOG.replace("ERROR", "INFO").replace("failed", "made").replace("Traceback", "Track") * 500

    assert found(tmp_path, calm + LOG, levels="E", heads=True) == [7 * 500 + 1]
    assert read < 10


def test_a_log_is_read_in_the_format_that_it_was_given_if_that_can_be_used() -> None:
    lines = ("ERROR;no card", "INFO;paid")
    said = r"(?P<level>\w+);(?P<message>.*)"

    formats = [Sample(format, lines, lines).formats() for format in (said, "(", "")]

    assert [found is not None and found.is_given for found in formats] == [True, False, False]
