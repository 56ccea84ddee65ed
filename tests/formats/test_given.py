"""The format that an administrator gave a log."""

from __future__ import annotations

import builtins
import importlib
import json
from pathlib import Path

import pytest

from django_logtail.formats.context import Context, read
from django_logtail.formats.given import BadFormat, choices, given, names

EXPRESSION = r"(?P<level>[A-Z]+) at (?P<time>\S+ \S+) <(?P<logger>[^>]*)> (?P<message>.*)"


def kinds(formats, *lines):
    context = Context(formats)
    return [(found.kind, found.level) for found in (read(line, context) for line in lines)]


CASES = [json.loads(line) for line in (Path(__file__).parent / "given.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_lines_are_read_as_the_format_says(case):
    context = Context(given(case["given"]))
    for line, expected in zip(case["lines"], case["read"], strict=True):
        found = read(line, context)
        said = [found.kind, found.level]
        if len(expected) > 2:
            said += [found.head.written, found.head.logger, line[found.head.message :]]
        assert said == expected


def test_what_an_expression_captures_stands_where_it_was_written():
    line = "WARN at 2026-11-28 10:00:00 <schöne.Grüße> vorbei"
    head = read(line, Context(given(EXPRESSION))).head

    assert [line[slice(*span)] for span in (head.time, head.word, head.source)] == [
        "2026-11-28 10:00:00",
        "WARN",
        "schöne.Grüße",
    ]


def test_an_empty_group_says_nothing():
    head = read("E at 2026-11-28 10:00:00 <> gone", Context(given(EXPRESSION))).head

    assert (head.source, head.logger) == (None, "")


@pytest.mark.parametrize(
    ("text", "code", "sentence"),
    [
        (
            "nginks",
            "unknown",
            "“nginks” is not the name of a format. Choose one from the list, or give an expression.",
        ),
        ("(?P<time>", "unreadable", "The expression is invalid: missing ): (?P<time>."),
        (
            "(?P<time>a)(?P<host>b)",
            "group",
            "Unknown group “host”. Use time, level, logger or message.",
        ),
        (
            "(?P<message>.*)",
            "no-group",
            "Add a group for the time or the level, as in (?P<time>…) or (?P<level>…).",
        ),
        (r"(?P<time>\C)", "unreadable", r"The expression is invalid: invalid escape sequence: \C."),
        ("(?P<time>a{990})b{40}", "too-large", "The expression is too large. Reduce its repetitions."),
        (
            "(?P<time>(?:.*?,){20}x*)",
            "too-many",
            "The expression has 21 repetitions, and 20 are allowed. Each “*”, “+” and “?” counts, inside “{5}” five "
            "times, and “{1,40}” counts 39 times: use “+” instead.",
        ),
        (r"(?P<time>a)\1", "unreadable", r"The expression is invalid: invalid escape sequence: \1."),
    ],
)
def test_a_wrong_format_is_explained(text, code, sentence):
    with pytest.raises(BadFormat) as raised:
        given(text)

    assert (raised.value.code, str(raised.value)) == (code, sentence)


REPETITIONS = [
    json.loads(line) for line in (Path(__file__).parent / "choices.jsonl").read_text().splitlines()
]


@pytest.mark.parametrize("case", REPETITIONS, ids=[case["source"] for case in REPETITIONS])
def test_repetitions_are_counted_as_often_as_they_are_repeated(case):
    assert choices(case["source"]) == case["choices"]


def test_a_backslash_before_a_letter_c_is_text():
    assert given(r"(?P<time>\\C)").names == [r"(?P<time>\\C)"]


def test_without_re2_names_are_left(monkeypatch):
    real = importlib.import_module

    def missing(name, package=None):
        if name == "re2":
            raise ImportError(name)
        return real(name, package)

    monkeypatch.setattr(importlib, "import_module", missing)

    with pytest.raises(BadFormat) as raised:
        given(EXPRESSION)
    assert raised.value.code == "no-re2"
    assert given("nginx").names == ["nginx, error log"]


def test_no_expression_reaches_the_standard_library(monkeypatch):
    import re

    given("nginx")  # the table's own are made ready
    monkeypatch.setattr(re, "compile", None)
    monkeypatch.setattr(builtins, "compile", None)

    assert read("E at 2026-11-28 10:00:00 <a> x", Context(given(EXPRESSION))).level == "E"


def test_a_backtracking_bomb_costs_nothing():
    formats = given(r"(?P<level>(?:A+)+)(?P<time>B)")

    assert kinds(formats, "A" * 100_000) == [("entry", "O")]


def test_each_name_is_taken_and_says_what_it_stands_for():
    found = names()

    assert found["nginx"] == "nginx, error log"
    assert found["docker"] == "Docker (json-file)"
    for name, words in found.items():
        assert given(name).names == [words]
