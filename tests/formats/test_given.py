"""The format that an administrator gave a log."""

from __future__ import annotations

import builtins
import importlib

import pytest

from django_logtail.formats.context import Context, read
from django_logtail.formats.given import BadFormat, given, names

EXPRESSION = r"(?P<level>[A-Z]+) at (?P<time>\S+ \S+) <(?P<logger>[^>]*)> (?P<message>.*)"


def kinds(formats, *lines):
    context = Context(formats)
    return [(found.kind, found.level) for found in (read(line, context) for line in lines)]


def test_an_expression_says_where_time_level_logger_and_message_stand():
    line = "WARN at 2026-11-28 10:00:00 <schöne.Grüße> vorbei"
    head = read(line, Context(given(EXPRESSION))).head

    assert head.level == "W"
    assert head.written == "2026-11-28 10:00:00"
    assert head.logger == "schöne.Grüße"
    assert [line[slice(*span)] for span in (head.time, head.word, head.source)] == [
        "2026-11-28 10:00:00",
        "WARN",
        "schöne.Grüße",
    ]
    assert line[head.message :] == "vorbei"


def test_only_what_an_expression_matches_begins_an_entry():
    assert kinds(
        given(EXPRESSION),
        "ERROR at 2026-11-28 10:00:00 <a> first",
        "2026-11-28 10:00:01 INFO b: another program's head",
        "Traceback (most recent call last):",
        "I at 2026-11-28 10:00:02 <a> a letter is a level",
        "  indented",
    ) == [
        ("entry", "E"),
        ("continuation", "E"),
        ("continuation", "E"),
        ("entry", "I"),
        ("continuation", "I"),
    ]


def test_an_empty_group_says_nothing():
    head = read("E at 2026-11-28 10:00:00 <> gone", Context(given(EXPRESSION))).head

    assert (head.source, head.logger) == (None, "")


def test_an_expression_without_a_message_leaves_the_rest_as_one():
    line = "[2026-11-28 10:00:00] hello"
    head = read(line, Context(given(r"\[(?P<time>[^\]]+)\] "))).head

    assert line[head.message :] == "hello"


def test_the_name_of_a_format_reads_times_of_any_kind():
    formats = given("time-level")

    assert formats.names == ["Time and level"]
    assert kinds(formats, "2026-11-28 10:00:00,123 ERROR x", "28/Nov/2026:10:00:00 +0000 WARN x") == [
        ("entry", "E"),
        ("entry", "W"),
    ]


def test_a_named_format_is_the_only_one():
    pairs = "time=2026-11-28T10:00:00Z level=error msg=x"
    fields = '{"time": "2026-11-28T10:00:00Z", "level": "warn"}'
    plain = "2026-11-28 10:00:00,123 INFO x"

    assert kinds(given("logfmt"), pairs, fields, plain) == [
        ("entry", "E"),
        ("continuation", "E"),
        ("continuation", "E"),
    ]
    assert kinds(given("json"), fields, pairs, plain) == [
        ("entry", "W"),
        ("continuation", "W"),
        ("continuation", "W"),
    ]
    assert kinds(given("time-level"), plain, fields, pairs) == [
        ("entry", "I"),
        ("continuation", "I"),
        ("continuation", "I"),
    ]


def test_a_named_wrapper_reads_any_line_inside():
    formats = given("syslog")

    assert formats.names == ["syslog (RFC 3164), journald"]
    assert kinds(formats, "Nov 28 10:00:00 web-1 shop[12]: ERROR: no stock") == [("entry", "E")]


@pytest.mark.parametrize(
    ("text", "code", "sentence"),
    [
        (
            "nginks",
            "unknown",
            "“nginks” is not the name of a format. Choose one from the list, or give an expression.",
        ),
        ("(?P<time>", "unreadable", "The expression cannot be read: missing ): (?P<time>."),
        (
            "(?P<time>a)(?P<host>b)",
            "group",
            "The group “host” has no meaning. Use time, level, logger and message.",
        ),
        (
            "(?P<message>.*)",
            "no-group",
            "Name the time or the level, as in (?P<time>…) or (?P<level>…).",
        ),
        ("(?P<time>a{990})b{40}", "too-large", "The expression is too large; repeat less in it."),
        (r"(?P<time>a)\1", "unreadable", r"The expression cannot be read: invalid escape sequence: \1."),
    ],
)
def test_what_is_no_format_is_said(text, code, sentence):
    with pytest.raises(BadFormat) as raised:
        given(text)

    assert (raised.value.code, str(raised.value)) == (code, sentence)


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
