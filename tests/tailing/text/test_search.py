"""Search in the bytes of a file: every line that matches, none that does not, whatever the encoding and the chunks."""

import random
import re
import threading

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from django_logtail.tailing.reasons import in_full
from django_logtail.tailing.text import matching, search
from django_logtail.tailing.text.matching import BadPattern, has_regex, matcher
from django_logtail.tailing.text.search import Hit, Search
from tests.tailing.stage import reading

ENCODINGS = (
    "utf-8",
    "utf-16-le",
    "utf-16-be",
    "gbk",
    "gb18030",
    "big5",
    "shift_jis",
    "cp932",
    "euc_kr",
    "euc_jp",
    "iso2022_jp",
    "cp1252",
    "koi8-r",
)
#: Few characters, so that they meet: some whose bytes hold those of others, pairs of letters, some of four bytes.
CHARACTERS = "aAbBé ÉдДжΣσςßsS中文乗乣ソ表ーaェ😀\t-[.\\"

needs_re2 = pytest.mark.skipif(not has_regex(), reason="google-re2 is not installed")


def found(tmp_path, data: bytes, pattern: str, *, regex=False, case=True, start=0, **options) -> list[Hit]:
    path = tmp_path / "searched.log"
    path.write_bytes(data)
    options.setdefault("chunk_bytes", 1024 * 1024)
    what = Search(
        reading(path), matcher(pattern, regex=regex, case=case), start, len(data), head=data[:4], **options
    )
    hits = []
    while not what.is_done:
        hits += what.step(60.0, 10**9)
    assert what.found == len(hits)
    return hits


def lines_of(data: bytes, hits: list[Hit]) -> list[bytes]:
    return [data[hit.start : hit.end] for hit in hits]


def text_of(hit: Hit) -> str:
    return "".join(hit.parts)


def test_a_line_that_matches_is_found_with_its_place_and_its_matches(tmp_path):
    data = b"one\ntwo ERROR here, ERROR there\nthree\n"

    assert found(tmp_path, data, "ERROR") == [Hit(4, 32, ("two ", "ERROR", " here, ", "ERROR", " there"))]


@pytest.mark.parametrize("has_re2", [pytest.param(True, marks=needs_re2), False])
def test_case_counts_only_when_asked_for(tmp_path, monkeypatch, has_re2):
    if not has_re2:
        monkeypatch.setattr(matching, "_re2", lambda: None)
    data = "Größe\nGRÖSSE\ngrÖßE\nΣίσυφος\nСБОЙ сбой\n".encode()

    assert lines_of(data, found(tmp_path, data, "größe", case=False)) == [
        "Größe\n".encode(),
        "grÖßE\n".encode(),
    ]
    assert found(tmp_path, data, "größe") == []
    assert [hit.parts for hit in found(tmp_path, data, "Сбой", case=False)] == [("", "СБОЙ", " ", "сбой", "")]


@pytest.mark.parametrize(
    ("encoding", "text", "pattern"),
    [
        # In each the bytes of `pattern` are there, across two characters or inside of one.
        ("gbk", "乗\n", "\\"),
        ("shift_jis", "ソ表\n", "\\"),
        ("shift_jis", "ア\n", "A"),
        ("big5", "功\n", "\\"),
        ("gbk", "中国\n", "泄"),
        ("utf-16-le", "āĀ\n", "Ā\x01"),
        ("utf-16-be", "愀戀\n", "a"),
        ("gb18030", "\U0001f600\n", "0"),
        ("iso2022_jp", "日本語\n", "F"),
    ],
)
def test_nothing_is_found_inside_a_character(tmp_path, encoding, text, pattern):
    data = text.encode(encoding)

    assert found(tmp_path, data, pattern, encoding=encoding) == []
    assert found(tmp_path, data, pattern, encoding=encoding, case=False) == []


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_line_is_found_where_it_is_in_the_bytes_of_its_encoding(tmp_path, encoding):
    word = "сбой" if encoding == "koi8-r" else "failed" if encoding == "cp1252" else "表示"
    lines = [f"line {number} {word if number % 7 == 3 else 'ok'}\n".encode(encoding) for number in range(50)]
    data = b"".join(lines)

    hits = found(tmp_path, data, word, encoding=encoding, chunk_bytes=200)

    assert lines_of(data, hits) == lines[3::7]
    assert {hit.parts[1] for hit in hits} == {word}


def test_lines_are_the_encodings_own_and_a_line_separator_ends_none(tmp_path):
    data = "a\u2028b\x0cc\x85needle\n\u0a0a needle\n".encode("utf-16-le")

    assert lines_of(data, found(tmp_path, data, "needle", encoding="utf-16-le")) == [
        "a\u2028b\x0cc\x85needle\n".encode("utf-16-le"),
        "\u0a0a needle\n".encode("utf-16-le"),
    ]


def test_a_byte_order_mark_is_no_text(tmp_path):
    utf16 = "\ufefffirst\nsecond\n".encode("utf-16-le")

    assert found(tmp_path, utf16, "first", encoding="utf-16-le") == [Hit(0, 14, ("", "first", ""))]
    assert found(tmp_path, b"\xef\xbb\xbffirst\n", "first")[0].parts == ("", "first", "")


def test_carriage_returns_are_not_shown(tmp_path):
    assert found(tmp_path, b"one\r\ntwo\r\n", "one") == [Hit(0, 5, ("", "one", ""))]


def test_the_last_line_may_lack_its_end(tmp_path):
    assert found(tmp_path, b"one\ntwo", "two") == [Hit(4, 7, ("", "two", ""))]


def test_a_search_from_further_on_leaves_out_what_is_before(tmp_path):
    assert [hit.start for hit in found(tmp_path, b"x\nx\nx\n", "x", start=2)] == [2, 4]


def test_bytes_that_are_no_characters_hinder_nobody(tmp_path):
    data = b"\xff\xfe before\nneedle \xc3\n\x81\nneedle\n"

    assert [hit.start for hit in found(tmp_path, data, "needle")] == [10, 21]
    assert [hit.start for hit in found(tmp_path, data, "needle", encoding="gbk")] == [10, 21]


def test_a_broken_character_that_takes_its_line_feed_along_moves_no_hit(tmp_path):
    data = b"\x1b$B$\nneedle\nok\nneedle\n"  # the escape is never ended
    wide = b"\x00\xd8\n\x00" + "needle\nok\nneedle\n".encode("utf-16-le")  # one half of a pair

    hits = found(tmp_path, data, "needle", encoding="iso2022_jp")
    wide_hits = found(tmp_path, wide, "needle", encoding="utf-16-le")

    assert [hit.start for hit in hits] == [5, 15]
    assert [hit.start for hit in wide_hits] == [4, 24]


def test_a_far_match_is_shown_with_what_is_around_it_only(tmp_path):
    data = "é".encode() * 4_000 + b" needle " + "é".encode() * 4_000 + b"\n"

    (hit,) = found(tmp_path, data, "needle")

    assert (hit.start, hit.end) == (0, len(data))
    assert hit.before
    assert hit.after
    assert len(text_of(hit).encode()) <= search.EXCERPT_BYTES
    assert set(text_of(hit)) == set("é needle")


def test_marks_in_one_line_are_bounded_and_its_text_is_whole(tmp_path):
    (hit,) = found(tmp_path, b"x" * 300 + b"\n", "x")

    assert len(hit.parts) == 2 * search.MAX_MARKED + 1
    assert text_of(hit) == "x" * 300


def test_a_line_longer_than_a_chunk_is_found_once_where_it_begins(tmp_path):
    data = b"first\n" + b"a needle " * 100 + b"\nlast needle\n"

    hits = found(tmp_path, data, "needle", chunk_bytes=100)

    assert [hit.start for hit in hits] == [6, 6 + 901]
    assert hits[0].after
    assert not hits[1].before


def test_a_long_line_that_matches_further_on_is_found_where_it_begins(tmp_path):
    data = b"first\n" + b"." * 500 + b"needle" + b"." * 500 + b"\n"

    (hit,) = found(tmp_path, data, "needle", chunk_bytes=128)

    assert hit.start == 6
    assert hit.before
    assert hit.after


def test_a_search_ends_with_its_most_hits_and_goes_on_from_there(tmp_path):
    data = b"".join(b"needle %d\n" % number for number in range(100))
    path = tmp_path / "searched.log"
    path.write_bytes(data)
    what = Search(reading(path), matcher("needle", regex=False, case=True), 0, len(data), max_hits=30)
    first = what.step(60.0, 10**9)

    assert what.is_done
    assert what.is_full
    assert len(first) == 30
    assert what.position == first[-1].end
    assert lines_of(data, first + found(tmp_path, data, "needle", start=what.position)) == data.splitlines(
        True
    )


def test_a_file_that_becomes_shorter_ends_the_search(tmp_path):
    path = tmp_path / "searched.log"
    path.write_bytes(b"needle\n" * 10)
    what = Search(reading(path), matcher("needle", regex=False, case=True), 0, 10**9)
    hits = what.step(60.0, 10**9)

    assert what.is_done
    assert len(hits) == 10
    assert what.position == 70


def test_a_step_ends_with_the_first_hits_when_somebody_waits_for_them(tmp_path):
    path = tmp_path / "searched.log"
    path.write_bytes((b"x" * 99 + b"\n") * 1_000 + b"needle\n" + (b"x" * 99 + b"\n") * 100_000)
    what = Search(
        reading(path),
        matcher("needle", regex=False, case=True),
        0,
        path.stat().st_size,
        clock=lambda: 0.0,
    )
    hits = what.step(60.0, 10**9, is_eager=True)

    assert [hit.start for hit in hits] == [100_000]
    assert not what.is_done


def test_a_step_ends_when_its_time_or_its_bytes_are_over(tmp_path):
    path = tmp_path / "searched.log"
    path.write_bytes((b"x" * 99 + b"\n") * 100_000)
    ticks = iter(range(10_000))
    what = Search(
        reading(path),
        matcher("needle", regex=False, case=True),
        0,
        path.stat().st_size,
        clock=lambda: next(ticks) / 10,
        chunk_bytes=64 * 1024,
    )
    what.step(5.0, 10**9)
    after_time = what.position
    what.step(10**9, 1_000_000)
    after_bytes = what.position

    assert 0 < after_time < 1_000_000
    assert 1_000_000 <= after_bytes - after_time < 1_200_000


def test_cancelling_ends_the_step_under_way(tmp_path):
    path = tmp_path / "searched.log"
    path.write_bytes((b"x" * 99 + b"\n") * 10_000)
    begun, going_on = threading.Event(), threading.Event()

    class Slow:
        longest = pause_bytes = 1024 * 1024
        looks_ahead = False
        needed = ""

        def prepared(self, text):
            return text

        def find(self, text, start, end):
            begun.set()
            assert going_on.wait(10)
            return -1

        def spans(self, line):
            return iter(())

    what = Search(reading(path), Slow(), 0, 1_000_000, chunk_bytes=64 * 1024)
    thread = threading.Thread(target=what.step, args=(60.0, 10**9))
    thread.start()
    assert begun.wait(10)
    what.cancel()
    going_on.set()
    thread.join(10)

    assert not thread.is_alive()
    assert not what.is_done
    assert what.position <= 16_384


@pytest.mark.parametrize(
    ("pattern", "words"),
    [("", "pattern-empty"), ("a\nb", "pattern-line-end"), ("\ud800", "pattern-half-character")],
)
@pytest.mark.parametrize("regex", [False, pytest.param(True, marks=needs_re2)])
def test_what_cannot_be_searched_for_is_said(pattern, words, regex):
    with pytest.raises(BadPattern, match=words):
        matcher(pattern, regex=regex, case=True)


def test_without_re2_there_are_no_regular_expressions(monkeypatch):
    monkeypatch.setattr(matching, "_re2", lambda: None)

    assert not has_regex()
    with pytest.raises(BadPattern, match="no-regex"):
        matcher("a+", regex=True, case=True)


@needs_re2
@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("a(b", r"^missing \) in a\(b$"),
        ("(?=a)", r"does not support the Perl operator \(\?="),
        (r"(a)\1", r"invalid escape sequence \\1"),
        (".{1000}x", "too large"),
        (r"\pL{900}", "too large"),
    ],
)
def test_an_expression_that_cannot_be_is_refused_with_the_part_that_is_wrong(pattern, words):
    with pytest.raises(BadPattern) as raised:
        matcher(pattern, regex=True, case=True)

    assert re.search(words, in_full(str(raised.value)))


@needs_re2
@pytest.mark.parametrize(
    ("pattern", "numbers"),
    [
        (r"^b", [1]),
        (r"c$", [1, 3]),
        (r"\Ab", [1]),
        (r"c\z", [1, 3]),
        (r"(?-m)^b", [1]),
        (r"a\s*b", []),
        (r"a[^x]b", []),
        (r"(?s)a.b", []),
        (r"a\nb", []),
        (r"\bc\b", [3]),
        (r"^$", [2]),
        (r"x*", [0, 1, 2, 3]),
        (r"", None),
    ],
)
def test_an_expression_sees_one_line_at_a_time(tmp_path, pattern, numbers):
    lines = [b"a\n", b"b bc\n", b"\n", b"a c\n"]
    if numbers is None:
        with pytest.raises(BadPattern):
            matcher(pattern, regex=True, case=True)
        return

    hits = found(tmp_path, b"".join(lines), pattern, regex=True)

    assert lines_of(b"".join(lines), hits) == [lines[number] for number in numbers]


@needs_re2
def test_an_expression_without_case_finds_both_forms(tmp_path):
    data = "Ошибка\nошибка\n".encode()

    assert len(found(tmp_path, data, "ошибка", regex=True, case=False)) == 2
    assert len(found(tmp_path, data, "ошибка", regex=True)) == 1


@needs_re2
@pytest.mark.parametrize("pattern", ["(x+x+)+y", "(a|a)*$b", "(.*)*(.*)*y"])
def test_an_expression_that_would_never_end_elsewhere_ends(tmp_path, pattern):
    assert found(tmp_path, b"x" * 100_000 + b"\n", pattern, regex=True) == []


# -- against the plainest search there is ----------------------------------------------------------


def encodable(text: str, encoding: str) -> bool:
    try:
        return text.encode(encoding).decode(encoding) == text
    except UnicodeError:
        return False


texts = st.lists(st.text(CHARACTERS, max_size=12), max_size=12)
patterns = st.text(CHARACTERS, min_size=1, max_size=3)


def folded(text: str) -> str:
    """Alike are letters whose two forms take as many bytes in UTF-8."""
    return "".join(
        c.upper() if len(c.upper()) == 1 and len(c.upper().encode()) == len(c.encode()) else c for c in text
    )


@given(
    texts,
    patterns,
    st.sampled_from(ENCODINGS),
    st.booleans(),
    st.integers(64, 400),
    st.booleans(),
    st.booleans(),
)
@example(["ソ", "\\a"], "a", "shift_jis", False, 64, True, True)
@example(["straße", "STRASSE"], "ß", "utf-8", False, 64, True, True)
@example(["ς"], "Σ", "utf-8", False, 64, True, True)
@example(["ς"], "σ", "utf-8", False, 64, True, False)
@example(["é[.É"], "É[.", "utf-8", False, 64, True, True)
def test_every_line_with_the_text_is_found_and_no_other(
    tmp_path_factory, texts, pattern, encoding, case, chunk_bytes, ends_with_newline, has_re2
):
    lines = [line for line in texts if encodable(line, encoding)]
    encoded = [(line + "\n").encode(encoding) for line in lines]
    if encoded and not ends_with_newline:
        encoded[-1] = lines[-1].encode(encoding)
    data = b"".join(encoded)
    wanted = [
        raw
        for raw, line in zip(encoded, lines, strict=True)
        if (pattern in line if case else folded(pattern) in folded(line))
    ]

    with pytest.MonkeyPatch.context() as patch:
        if not has_re2:
            patch.setattr(matching, "_re2", lambda: None)
        hits = found(
            tmp_path_factory.mktemp("search"),
            data,
            pattern,
            case=case,
            encoding=encoding,
            chunk_bytes=chunk_bytes,
        )

    assert lines_of(data, hits) == wanted
    for hit in hits:
        assert text_of(hit) == data[hit.start : hit.end].decode(encoding).removesuffix("\n")
        for match in hit.parts[1::2]:
            assert match == pattern if case else folded(match) == folded(pattern)


@needs_re2
@given(texts, st.from_regex(r"\A[ab^$.é中]{1,3}[*+?]?b?\Z"), st.sampled_from(ENCODINGS), st.integers(64, 400))
def test_every_line_that_the_expression_matches_is_found_and_no_other(
    tmp_path_factory, texts, pattern, encoding, chunk_bytes
):
    try:
        naive = re.compile(pattern)
        matcher(pattern, regex=True, case=True)
    except (re.error, BadPattern):
        return
    lines = [line for line in texts if encodable(line, encoding)]
    encoded = [(line + "\n").encode(encoding) for line in lines]
    data = b"".join(encoded)

    hits = found(
        tmp_path_factory.mktemp("search"),
        data,
        pattern,
        regex=True,
        encoding=encoding,
        chunk_bytes=chunk_bytes,
    )

    assert lines_of(data, hits) == [
        raw for raw, line in zip(encoded, lines, strict=True) if naive.search(line)
    ]


@needs_re2
@pytest.mark.parametrize("before", [*range(115, 130), *range(1_010, 1_026), 40_000])
def test_a_text_in_any_case_is_found_however_far_away_it_begins(before):
    what = matcher("Needle", regex=False, case=False)
    text = what.prepared(b"x" * before + b"the NEEDLE\nand needles\n")

    assert what.find(text, 0, len(text)) == before + 4
    assert what.find(text, before + 5, len(text)) == before + 15
    assert what.find(text, 0, before + 9) == -1
    assert what.find(text, before + 16, len(text)) == -1
    assert list(what.spans(b"a nEEdle or NEEDLE")) == [(2, 8), (12, 18)]


@needs_re2
@pytest.mark.parametrize("count", [1, 15, 16, 17, 500])
def test_a_text_in_any_case_is_found_in_every_line_of_each_piece(count):
    what = matcher("Needle", regex=False, case=False)
    for piece in (b"a NEEDLE, b\n", b"needles\n", b"no\nNeedle\n"):
        text, at, found = what.prepared(piece * count + b"x" * 2_000), 0, 0
        while (at := what.find(text, at, len(text))) >= 0:
            assert text[at : at + 6].lower() == b"needle"
            at, found = at + 1, found + 1
        assert found == count


#: Letters of two and three bytes with an upper form as long, in lower case.
LETTERS = "".join(
    chr(number)
    for number in (*range(0xE0, 0xF7), *range(0x430, 0x450), *range(0x561, 0x587), *range(0x2C30, 0x2C60))
)


@pytest.mark.parametrize("has_re2", [pytest.param(True, marks=needs_re2), False])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("count", [8, 9, 130])
def test_a_text_of_many_letters_is_found_in_upper_and_lower_case(
    tmp_path, monkeypatch, has_re2, encoding, count
):
    if not has_re2:
        monkeypatch.setattr(matching, "_re2", lambda: None)
    wanted = LETTERS[:count]
    lines = [wanted, wanted.upper(), wanted[1:] + wanted[:1], f"x{wanted.title()}x"]
    data = "".join(line + "\n" for line in lines).encode(encoding)

    hits = found(tmp_path, data, wanted, case=False, encoding=encoding)

    assert ["".join(hit.parts) for hit in hits] == [lines[0], lines[1], lines[3]]


def test_letters_are_alike_in_text_that_is_broken(tmp_path, monkeypatch):
    monkeypatch.setattr(matching, "_re2", lambda: None)
    data = b"\xff\xc3 " + LETTERS[:40].upper().encode() + b" \xed\xa0\x80\n"

    (hit,) = found(tmp_path, data, LETTERS[:40], case=False)

    assert hit.parts[1] == LETTERS[:40].upper()


@needs_re2
@pytest.mark.parametrize(
    ("pattern", "regex", "case", "most"),
    [
        ("needle", False, True, 1_048_576),
        ("needle", True, True, 419_430),
        ("a[ab]{60}c", True, True, 65_536),
        ("a[ab]{900}c", True, True, 4_660),
        ("a.{100}z", True, True, 5_300),
        (LETTERS[:130], False, False, 1_048_576),
    ],
)
def test_the_work_of_one_step_is_bounded_whatever_the_pattern(tmp_path, pattern, regex, case, most):
    path = tmp_path / "searched.log"
    path.write_bytes(b"ab" * 2_000_000)  # one line
    what = Search(
        reading(path),
        matcher(pattern, regex=regex, case=case),
        0,
        4_000_000,
        clock=iter(range(10**9)).__next__,
    )

    advances = []
    for _ in range(5):
        before = what.position
        what.step(0.0, 10**9)
        advances.append(what.position - before)

    assert max(advances) <= most
    assert min(advances[:3]) >= most // 2


@needs_re2
def test_slices_are_no_longer_than_the_pattern_allows_in_short_lines_too(tmp_path):
    path = tmp_path / "searched.log"
    path.write_bytes(b"ababab\n" * 100_000)
    what = Search(
        reading(path),
        matcher("a[ab]{900}c", regex=True, case=True),
        0,
        700_000,
        clock=lambda: 0.0,
    )

    while not what.is_done:
        before = what.position
        what.step(0.0, 1)
        assert what.position - before <= 4_660


@needs_re2
@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        (r"\pL" * 17, "pattern-classes.count=16"),
        (r"\p{Greek}" * 40, "pattern-classes.count=16"),
        ("a{1000}b", "pattern-too-large"),
        ("[" + LETTERS + "]{200}", "pattern-too-large"),
    ],
)
def test_an_expression_that_is_too_large_is_refused_in_words(pattern, words):
    with pytest.raises(BadPattern, match=words):
        matcher(pattern, regex=True, case=False)


@needs_re2
def test_half_a_character_is_not_matched_as_in_the_page():
    with pytest.raises(BadPattern, match=r"^reason:bad-escape"):
        matcher(r"a\Cb", regex=True, case=False)
    assert list(matcher(r"a\\C", regex=True, case=True).spans(rb"a\C")) == [(0, 3)]


@needs_re2
def test_a_text_that_re2_does_not_take_is_refused_and_not_searched_slowly(monkeypatch):
    monkeypatch.setattr(matching, "REGEX_MEMORY_BYTES", 4_000)

    with pytest.raises(BadPattern, match="pattern-too-large"):
        matcher(LETTERS, regex=False, case=False)


@pytest.mark.parametrize("pause_bytes", [1, 12, 13, 100, 10_000])
def test_a_step_ends_at_a_pause_and_nothing_is_lost_or_found_twice(tmp_path, pause_bytes):
    """What parses lines may take seconds for one slice, in which it can neither be cancelled nor take turns."""
    what = matcher("7", regex=False, case=True)
    windows = []

    class Pausing:
        longest = 1024 * 1024
        looks_ahead = False
        needed = ""
        prepared, spans = what.prepared, what.spans

        def find(self, text, start, end):
            windows.append(end - start)
            return what.find(text, start, end)

    Pausing.pause_bytes = pause_bytes
    data = b"".join(b"line %7d\n" % number for number in range(400))
    path = tmp_path / "searched.log"
    path.write_bytes(data)
    search = Search(reading(path), Pausing(), 0, len(data))
    hits, steps = [], 0
    while not search.is_done:
        hits += search.step(0.0, 10**9)
        steps += 1

    assert [hit.start // 13 for hit in hits] == [number for number in range(400) if "7" in str(number)]
    assert max(windows) < pause_bytes + 13
    if pause_bytes == 100:
        assert steps > 40


@needs_re2
def test_marking_a_long_line_costs_a_bounded_number_of_looks_at_it(tmp_path):
    what = matcher("a(.*z)?", regex=True, case=True)
    looks = []

    class Counted:
        longest = pause_bytes = 4096
        looks_ahead = False
        needed = ""

        def prepared(self, text):
            return text

        def find(self, text, start, end):
            return what.find(text, start, end)

        def spans(self, line):
            for span in what.spans(line):
                looks.append(span)
                yield span

    path = tmp_path / "searched.log"
    path.write_bytes(b"a" * 4000 + b"\n")
    search = Search(reading(path), Counted(), 0, 4001)
    (hit,) = search.step(60.0, 10**9)

    assert len(looks) == 4
    assert hit.parts[:9] == ("", "a", "", "a", "", "a", "", "a", "a" * 508)


@pytest.mark.parametrize("encoding", ["gbk", "gb18030", "cp949", "shift_jis", "cp1252", "koi8-r"])
def test_bytes_that_may_not_match_are_left_out_and_all_others_searched(tmp_path, encoding):
    chance = random.Random(encoding)
    letters = [letter for letter in "aZzT7. 中文支付ソ表é한글" if letter.encode(encoding, "ignore")]
    for _ in range(150):
        lines = []
        for _ in range(chance.randrange(1, 30)):
            text = "".join(chance.choices(letters, k=chance.randrange(12))).encode(encoding)
            broken = chance.choice([b"", b"", b"", b"\x81", b"\xff", b"\x84\x31"])
            at = chance.randrange(len(text) + 1)
            lines.append(text[:at] + broken + text[at:] + b"\n")
        pattern = "".join(chance.choices(letters, k=chance.randrange(1, 4)))
        case = chance.random() < 0.5
        expected = []
        for line in lines:
            text = line.decode(encoding, "replace").removesuffix("\n")
            if (pattern in text) if case else (ascii_lower(pattern) in ascii_lower(text)):
                expected.append(line)

        data = b"".join(lines)
        assert lines_of(data, found(tmp_path, data, pattern, case=case, encoding=encoding)) == expected


def ascii_lower(text: str) -> str:
    return re.sub("[A-Z]", lambda letter: letter[0].lower(), text).replace("É", "é")


@pytest.mark.parametrize(
    ("encoding", "pattern", "case", "conversions"),
    [
        ("gbk", "支付失败", True, 0),
        ("gbk", "Timeout", False, 0),
        ("gbk", "支付", True, 1),
        ("cp1252", "Timeout", False, 0),
        # What may be written in two ways, and bytes without a meaning, are looked for in the text.
        ("cp932", "№", True, 1),
        ("gb18030", "\ufffd", True, 1),
        ("euc_jp", "支付失败", True, 1),
    ],
)
def test_only_bytes_that_may_match_are_converted(tmp_path, monkeypatch, encoding, pattern, case, conversions):
    converted = []
    chunk = search.Conversion.chunk
    monkeypatch.setattr(search.Conversion, "chunk", lambda *given: converted.append(given) or chunk(*given))

    found(tmp_path, "支付成功 № é\n".encode(encoding, "ignore"), pattern, case=case, encoding=encoding)

    assert len(converted) == conversions
