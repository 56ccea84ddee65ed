"""Properties that hold for every line, and tests of moments and formats."""

import re
import time

import pytest

from django_logtail.formats import detection
from django_logtail.formats.context import Context, read
from django_logtail.formats.detection import detect
from django_logtail.formats.escapes import plain
from django_logtail.formats.heads import head_of, shown
from django_logtail.formats.moments import moment_of, passed
from django_logtail.formats.rows import TABLE_FILE

PARTS = (
    *(
        " ",
        "a.",
        "[a]",
        ": ",
        "1 ",
        "- -",
        "a - ",
        "(",
        "INFO/",
        '{"a":',
        "x=1 ",
        "[",
        "a=",
        "0",
        "a",
        "ERROR ",
    ),
    *(
        '"',
        '\\"',
        "1-",
        "1:",
        "a::b",
        "<1>",
        "{}",
        "2026-11-28 14:22:09 ",
        "ab12-",
        "\t",
        "|",
        'x="',
        "Error",
        "a/",
    ),
)
BEFORE = (
    *(
        "",
        "2026-08-24 14:22:09 ",
        "INFO: ",
        '{"level":',
        "<34>",
        "[2026-08-24 14:22:09] ",
        "web | ",
        "[pid: ",
    ),
    *(
        '10.0.0.1 - - [28/Nov/2026:14:22:09 +0000] "',
        "Nov 28 14:22:09 web app: ",
        "1795875729.5 ",
        "Caused by: ",
    ),
    *("a=1 ", "2026-08-24 14:22:09 UTC [12] "),
)
LOG = "2026-11-28 14:22:0{},100 INFO shop: {}"


@pytest.mark.parametrize("before", BEFORE)
def test_no_line_takes_long(before: str) -> None:
    began = time.process_time()

    for part in PARTS:
        line = (before + part * (1_048_576 // len(part)))[:1_048_576]
        head_of(line)
        read(line, Context(), line)
        moment_of(line[:200])

    # An expression that goes back and forth would take hours; this is no measurement.
    assert time.process_time() - began < 60


def test_the_table_holds_nothing_that_the_two_languages_read_differently() -> None:
    table = TABLE_FILE.read_text(encoding="utf-8").partition("\nexport default ")[2]

    expressions = re.sub(r'"(?:id|name|first|words)": "[^"]*"', "", table)

    assert re.findall(r"\\\\[sSbBDWpPkZA]|\(\?<|\(\?P|\\\\[1-9]", expressions) == []
    assert re.findall(r"[)\]}][*+](?![^\[]*\])", expressions) == []


@pytest.mark.parametrize(
    ("before", "after", "milliseconds"),
    [
        ("23:59:58.100", "00:00:01.100", 3000),
        ("Dec 31 23:59:59", "Jan  1 00:00:01", 2000),
        ("2026-11-28T14:22:02.100+01:00", "2026-11-28T13:22:03.100Z", 1000),
        ("2026-11-28 14:22:01", "2026-11-28T14:22:02+01:00", 1000),
        ("28/Nov/2026:14:22:09 +0000", "28/Nov/2026:14:22:10 +0000", 1000),
        ("1795875729", "1795875729539", 539),
        ("11/28/2026 11:59:59 PM", "11/29/2026 12:00:01 AM", 2000),
        ("28.11.2026 14:22:09", "29.11.2026 14:22:09", 86_400_000),
        ("2026-11-28 14:22:09,5", "2026-11-28 14:22:09,6", 100),
    ],
)
def test_the_time_between_two_moments(before: str, after: str, milliseconds: int) -> None:
    first = moment_of(before)
    assert first is not None
    second = moment_of(after, first.ms)
    assert second is not None

    assert round(passed(first, second)) == milliseconds


@pytest.mark.parametrize("written", ["", "no time", "2026-13-28 14:22:09", "25:61:00", "99:99:99"])
def test_what_is_no_time_is_no_moment(written: str) -> None:
    assert moment_of(written) is None


def test_a_log_of_one_program_has_one_format() -> None:
    formats = detect([LOG.format(n, "ok") for n in range(5)])

    assert formats is not None
    assert formats.names == ["Time and level"]


def test_a_log_of_a_server_and_its_app_has_two_formats() -> None:
    server = '10.0.0.1 - - [28/Nov/2026:14:22:09 +0000] "GET / HTTP/1.1" 200 12'

    formats = detect([LOG.format(1, "ok"), server, server, LOG.format(2, "ok"), LOG.format(3, "ok")])

    assert formats is not None
    assert formats.names == ["Time and level", "Access log"]


def test_of_lines_that_have_nothing_in_common_no_format_is_known() -> None:
    assert detect(["ERROR boom", "2026-11-28 14:22:09 hello", '{"level":"info"}', "panic: x"]) is None
    assert detect([]) is None


def test_what_the_last_lines_say_counts_as_well() -> None:
    formats = detect(["hello"], [LOG.format(n, "ok") for n in range(3)])

    assert formats is not None


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a \x1b[31mred\x1b[0m b", "a red b"),
        ("\x9b31mred\x9b0m plain", "red plain"),
        ("  1% |#   |\r 50% |##  |\r100% |####|", "100% |####|"),
        ("a long state\rshort", "shortg state"),
        ("a long state\r\x1b[Kshort", "short"),
        ("one\rtwo\r", "two"),
        ("\x1b]8;;https://shop.example/\x1b\\link\x1b]8;;\x1b\\ after", "link (https://shop.example/) after"),
        ("\x1b]8;;https://a/\x07https://a/\x1b]8;;\x07!", "https://a/!"),
        ("\r" * 1_000_000 + "end", "end"),
    ],
)
def test_text_is_what_a_terminal_would_show(text, shown):
    assert plain(text) == shown


@pytest.mark.parametrize(
    ("line", "seen"),
    [
        ("10%\r20%", "20%"),
        ("2026-08-24 10:00:00 10%\r20%", "2026-08-24 10:00:00 10%\r20%"),
        ("ERROR 10%\r20%", "ERROR 10%\r20%"),
        ("\x1b[31mERROR\x1b[0m 10%", "ERROR 10%"),
    ],
)
def test_a_return_writes_over_a_progress_bar_and_over_no_line_with_a_head(line: str, seen: str) -> None:
    assert shown(line) == seen


def test_a_line_that_docker_wrapped_is_of_no_format_of_its_own() -> None:
    head = head_of('{"log":"plain text\\n","stream":"stderr","time":"2026-08-24T10:00:00Z"}')

    assert head is not None
    assert (head.format, head.wrapper, head.is_bare) == ("", "docker", True)
    assert (head.inner, head.said, head.written) == ("plain text", "plain text", "2026-08-24T10:00:00Z")
    assert (head.is_fields, head.is_keyed, head.level) == (False, False, "O")


@pytest.mark.parametrize(("seconds", "kind"), [("59", "entry"), ("54", "entry"), ("53", "continuation")])
def test_another_program_s_line_begins_an_entry_unless_it_is_over_5_s_older(seconds: str, kind: str) -> None:
    lines = [f"2026-11-28 14:22:{second:02},000 INFO shop.x said" for second in range(60)]
    context = Context(detect(lines))
    for line in lines:
        read(line, context)

    found = read(f"2026/11/28 14:22:{seconds} [warn] 12#0: slow", context)

    assert (found.kind, found.level) == (kind, "W" if kind == "entry" else "I")


def test_below_a_traceback_no_other_program_s_line_is_looked_for() -> None:
    lines = [f"2026-11-28 14:22:{second:02},000 INFO shop.x said" for second in range(60)]
    context = Context(detect(lines))
    for line in [*lines, "2026-11-28 14:22:59,500 ERROR shop.x no", "Traceback (most recent call last):"]:
        read(line, context)

    found = read("2026/11/28 14:22:59 [warn] 12#0: slow", context)

    assert (found.kind, found.level) == ("continuation", "E")


def test_a_line_that_was_sampled_before_is_not_read_again(monkeypatch):
    read_lines = []
    monkeypatch.setattr(detection, "head_of", lambda text: read_lines.append(text) or head_of(text))
    short = [f"2026-11-28 14:22:{second:02d} INFO shop: sampled again" for second in range(60)]
    long = "2026-11-28 14:23:00 INFO shop: " + "x" * 1_000

    first, second = detect(short), detect([*short, long])
    third = detect([*short, long])

    assert first.signs == second.signs == third.signs == ["time-level|0-0-0 0:0:0"]
    assert read_lines == [*short, long, long]
