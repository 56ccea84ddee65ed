import random

import pytest

from django_logtail.tailing.backlog import start_of_last_lines
from django_logtail.tailing.text.lines import LineEnds

ENCODINGS = ["utf-8", "utf-16-le", "utf-16-be", "gbk", "gb18030", "big5", "shift_jis", "latin-1", "utf-32-le"]


def text_in(encoding: str) -> str:
    """Lines with characters whose bytes hold 0x0A or 0x0D where that is possible, two bytes and more."""
    chosen = {
        "utf-16-le": "\u0a0a\u0d0a\u0a41 x\n\u0d0a\n\n",
        "utf-16-be": "\u0a0a\u0d0a\u0a41 x\n\u0d0a\n\n",
        "utf-32-le": "\u0a0a\U0001f600\n\u0d0a\n",
        "latin-1": "caf\xe9\n\xff\n",
        "gbk": "汉字编码\n日志\n",
        "gb18030": "汉字\U0001f600\u0a0a\n日志\n",
        "big5": "漢字功能\n許蓋\n",
        "shift_jis": "表示ソ\n能\n",
    }
    return chosen.get(encoding, "é汉\U0001f600\n\u2028x\n") * 5


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_wherever_a_read_is_cut_whole_lines_are_whole(encoding: str) -> None:
    data = text_in(encoding).encode(encoding)
    ends = LineEnds(encoding)

    for cut in range(len(data)):
        whole = ends.after_last(data[:cut], 0)
        decoded = data[:whole].decode(encoding)
        assert decoded == "" or decoded.endswith("\n")
        assert data[whole:cut].decode(encoding, "ignore").count("\n") == 0


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_wherever_a_read_begins_the_same_line_ends_are_found(encoding: str) -> None:
    data = text_in(encoding).encode(encoding)
    ends = LineEnds(encoding)

    for base in range(0, len(data), ends.unit):
        assert base + ends.after_last(data[base:], base) == len(data)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_cut_never_splits_a_character(encoding: str) -> None:
    data = text_in(encoding).encode(encoding)
    ends = LineEnds(encoding)

    for cut in range(len(data) + 1):
        whole = ends.whole_characters(data[:cut])
        assert cut - 4 < whole <= cut
        data[:whole].decode(encoding)


def test_bytes_that_are_no_utf8_are_passed_on() -> None:
    assert LineEnds("utf-8").whole_characters(b"ab\x80\x80\x80\x80\x80") == 7
    assert LineEnds("utf-8").whole_characters(b"ab\xc3(") == 4


@pytest.mark.parametrize(
    ("head", "newline"), [(b"\xff\xfe", b"\n\0"), (b"\xfe\xff", b"\0\n"), (b"", b"\n\0")]
)
def test_the_byte_order_mark_decides_about_utf16(head: bytes, newline: bytes) -> None:
    assert LineEnds("utf-16", head).newline == newline


def test_an_encoding_nobody_knows_is_refused() -> None:
    with pytest.raises(LookupError, match="unknown encoding: klingon"):
        LineEnds("klingon")


@pytest.mark.parametrize(
    ("data", "base", "run"),
    [
        (b"text\n", 0, None),
        (b"\0\0text\n", 0, (0, 2)),
        (b"\0\0text\n", 7, None),
        (b"text" + bytes(40) + b"more\n", 7, (4, 44)),
        (b"text\n" + bytes(3), 7, (5, 8)),
        (bytes(8), 7, (0, 8)),
    ],
)
def test_runs_of_nul_are_told_from_text(data: bytes, base: int, run: tuple[int, int] | None) -> None:
    assert LineEnds().unwritten(data, base) == run


def test_the_nuls_of_utf16_are_text() -> None:
    data = "plain text\nand more".encode("utf-16-le")

    assert LineEnds("utf-16-le").unwritten(data, 0) is None
    assert LineEnds("utf-16-le").unwritten(data + bytes(20), 0) == (len(data), len(data) + 20)
    assert LineEnds("utf-16-le").unwritten(data + bytes(64) + data, 0) == (len(data), len(data) + 64)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("seed", range(20))
def test_the_last_lines_begin_where_counting_says(encoding: str, seed: int) -> None:
    chance = random.Random(seed)
    lines = ["".join(chance.choices("ab\u0a0a\u0d0a", k=chance.choice((0, 5, 200)))) for _ in range(600)]
    text = "\n".join(lines) + chance.choice(("", "\n", "rest"))
    data = text.encode(encoding)
    wanted = chance.randint(1, 700)

    start = start_of_last_lines(
        lambda size, offset: data[offset : offset + size], len(data), wanted, LineEnds(encoding), 10**9
    )

    split = text.split("\n")
    pieces = [piece + "\n" for piece in split[:-1]] + ([split[-1]] if split[-1] else [])
    expected = "".join(pieces[-wanted:])
    assert data[start:].decode(encoding) == expected


@pytest.mark.parametrize(
    ("data", "lines", "most", "start"),
    [
        (b"", 10, 100, 0),
        (b"one\ntwo\n", 0, 100, 8),
        (b"one\ntwo\n", 1, 100, 4),
        (b"one\ntwo", 1, 100, 4),
        (b"one\ntwo\n", 9, 100, 0),
        (b"one\ntwo\nthree\n", 9, 9, 8),
        (b"x" * 50 + b"\n", 9, 20, 31),
    ],
)
def test_the_backlog_is_bounded_in_lines_and_bytes(data: bytes, lines: int, most: int, start: int) -> None:
    def read(size: int, offset: int) -> bytes:
        return data[offset : offset + size]

    assert start_of_last_lines(read, len(data), lines, LineEnds(), most) == start
