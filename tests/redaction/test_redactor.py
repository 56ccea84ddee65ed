"""What is hidden does not depend on how a file is cut into reads."""

import itertools
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from django_logtail.redaction.redactor import Redactor, Span, neighbourhood
from django_logtail.redaction.rules import Called, Pattern, Rule, RuleFailed, ready_made_rule

SECRETS = (
    "Authorization: Bearer s3cret-token-1",
    "Set-Cookie: sid=s3cret; Path=/",
    "postgres://u:s3cret@db/x",
    'password="s3 cret"',
    "s3cret@shop.example",
    "4242 4242 4242 4242",
    "DE89 3704 0044 0532 0130 00",
    "203.0.113.41",
    "-----BEGIN PRIVATE KEY-----\nMIIEs3cret\nXy==\n-----END PRIVATE KEY-----",
    "ot_s3cret",
)
ENCODINGS = (
    "utf-8",
    "utf-16-le",
    "utf-16-be",
    "gbk",
    "gb18030",
    "latin-1",
    "shift_jis",
    "big5",
    "iso2022_jp",
)
KEY_LINES = [
    "-----BEGIN RSA PRIVATE KEY-----",
    *["MIIEowIBAAKCAQEA" * 4] * 20,
    "Xy==",
    "-----END RSA PRIVATE KEY-----",
]


def rules() -> list[Rule]:
    names = ("token", "cookie", "password", "email", "card", "iban", "ip", "key")
    ready = [ready_made_rule(name) for name in names]
    return [*(rule for rule in ready if rule is not None), Pattern("order", r"ot_[0-9a-z]+")]


def whole(redactor: Redactor, data: bytes) -> bytes:
    return redactor.hide(data, 0, redactor.spans(data, 0, 0, len(data)))


def whole_file(redactor: Redactor, data: bytes) -> bytes:
    """The same of a file that ends here, so that a line without end may go on."""
    return redactor.hide(data, 0, redactor.spans(data, 0, 0, len(data), is_end=True))


def reader(data: bytes) -> Callable[[int, int], bytes]:
    return lambda offset, size: data[offset : offset + size]


def pieces(redactor: Redactor, data: bytes, cuts: list[int]) -> bytes:
    edges = [0, *sorted(cuts), len(data)]
    return b"".join(
        redactor.read(reader(data), one, other - one)[0] for one, other in itertools.pairwise(edges)
    )


@st.composite
def logs(draw: st.DrawFn) -> tuple[str, bytes]:
    encoding = draw(st.sampled_from(ENCODINGS))
    fill = st.sampled_from(
        ["x", " ", "\n", "日本", "é", "a=1 ", "\r\n", "x" * 3_000, "x" * 50_000, " 12:30 " * 9_000]
    )
    parts = draw(st.lists(st.one_of(fill, st.sampled_from(SECRETS)), max_size=25))
    return encoding, "".join(parts).encode(encoding, "replace")


@settings(max_examples=60, deadline=None)
@given(logs(), st.data())
def test_a_file_in_pieces_is_redacted_like_the_whole_file(
    log: tuple[str, bytes], draw: st.DataObject
) -> None:
    encoding, data = log
    cuts = draw.draw(st.lists(st.integers(0, len(data)), max_size=6))
    redactor = Redactor(rules(), encoding)

    expected = whole_file(redactor, data)

    assert len(expected) == len(data)
    assert pieces(redactor, data, cuts) == expected
    assert redactor.encoding.newline * data.count(b"\n") in expected or data.count(b"\n") == expected.count(
        b"\n"
    )


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=300), st.sampled_from(ENCODINGS), st.integers(0, 400))
def test_bytes_that_mean_nothing_change_nothing_about_that(junk: bytes, encoding: str, cut: int) -> None:
    secret = " password=s3cret token\n".encode(encoding)
    data = junk + secret + junk + secret
    redactor = Redactor(rules(), encoding)

    assert pieces(redactor, data, [min(cut, len(data))]) == whole_file(redactor, data)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("secret", SECRETS, ids=lambda secret: secret[:12])
def test_a_secret_is_gone_in_every_encoding_wherever_a_read_begins(secret: str, encoding: str) -> None:
    before, after = "用户 é ".encode(encoding, "replace"), " 成功\n".encode(encoding, "replace")
    data = before + secret.encode(encoding) + after
    redactor = Redactor(rules(), encoding)
    expected = whole(redactor, data)

    assert "s3cret".encode(encoding).strip(b"\xff\xfe") not in expected
    assert expected != data
    assert expected.decode(encoding).startswith(before.decode(encoding))
    assert expected.decode(encoding).endswith(after.decode(encoding))
    assert [pieces(redactor, data, [cut]) for cut in range(len(data))] == [expected] * len(data)


@pytest.mark.parametrize(
    ("encoding", "before"),
    [
        ("iso-2022-jp", b"\x1b$B "),
        ("gbk", b"\x81"),
        ("gb18030", b"\x81"),
        ("big5", b"\xa4"),
        ("shift_jis", b"\x81"),
    ],
)
def test_a_byte_before_a_secret_takes_nothing_from_the_rules(encoding: str, before: bytes) -> None:
    """A visitor may choose it: in these encodings it makes another character of what follows."""
    rules = [ready_made_rule("password"), ready_made_rule("email")]
    redactor = Redactor([rule for rule in rules if rule is not None], encoding)
    text = "文 a@b.example ".encode(encoding) + before + b"password=hunter2 x\n"

    data, _ = redactor.read(lambda at, size: text[at : at + size], 0, len(text))

    assert data == "文 *********** ".encode(encoding) + before + b"password=******* x\n"


@pytest.mark.parametrize("at", [0, 65_500, 65_530, 65_536, 131_060, 131_072, 200_000])
def test_a_secret_in_a_line_of_300_kib_is_found_wherever_it_is(at: int) -> None:
    data = b"x" * at + b" password=s3cret " + b"x" * (300_000 - at)

    assert b"s3cret" not in whole(Redactor(rules()), data)


@pytest.mark.parametrize("start", [0, 40_000, 65_000, 130_000, 196_000])
@pytest.mark.parametrize("length", [65_536, 65_537, 200_000])
def test_a_line_over_a_boundary_is_judged_alike_from_wherever_a_read_begins(start: int, length: int) -> None:
    line = b'{"password": "' + b"x" * (length - 16) + b'"}\n'
    data = b"a\n" * 30_000 + line + b"b\n" * 60_000  # it begins at 60,000, and blocks at multiples of 65,536
    redactor = Redactor(rules())

    expected = whole(redactor, data)[start : start + 65_536]
    assert redactor.read(reader(data), start, 65_536)[0] == expected


def test_a_line_of_64_kib_is_seen_whole() -> None:
    value = "s3cret-" * 9_000
    data = f'{{"password": "{value}"}}\n'.encode()
    shifted = b"\n" * 40_000 + data

    assert whole(Redactor(rules()), shifted)[40_000:] == b'{"password": "' + b"*" * 63_000 + b'"}\n'


def test_what_decides_is_bounded() -> None:
    assert neighbourhood(0, 1) == (0, 131_072)
    assert neighbourhood(200_000, 262_145) == (196_608 - 65_536 - 16_384, 393_216)


@pytest.mark.parametrize(("size", "hidden"), [(131_071, 131_071), (131_072, 65_536), (131_073, 65_537)])
def test_of_a_line_without_end_what_may_become_a_secret_is_hidden(size: int, hidden: int) -> None:
    redacted = whole_file(Redactor(rules()), b"first\n" + b"x" * (size - 6))

    assert redacted[:6] == b"first\n"
    assert redacted.count(b"*") == hidden - 6 * (hidden == size)


def test_what_began_in_another_file_is_hidden_as_far_as_told() -> None:
    data = b"cret-part\npassword=s3cret\n"
    redactor = Redactor(rules())

    assert redactor.read(reader(data), 0, 30, hidden_until=9)[0] == b"*********\npassword=******\n"
    assert redactor.read(reader(data), 4, 3, hidden_until=9) == (b"***", [Span(4, 7, "unfinished")])


def test_bytes_outside_the_neighbourhood_decide_nothing() -> None:
    secret = b"password=" + b"s3cret" * 30_000
    data = secret + b"\n" + secret
    redactor = Redactor(rules())
    start, end = 100_000, 101_000
    low, high = neighbourhood(start, end)

    assert redactor.spans(data[low:high], low, start, end) == redactor.spans(data, 0, start, end)


class TestPrivateKeys:
    def hidden(self, *lines: str) -> list[str]:
        data = "\n".join(lines).encode()
        return whole(Redactor(rules()), data).decode().split("\n")

    def test_all_lines_of_a_key_are_hidden_and_those_of_others_are_not(self) -> None:
        lines = [*KEY_LINES[:5], "GET / 200", "ok then", *KEY_LINES[5:], "TheEnd"]

        assert self.hidden(*lines) == [
            *("*" * len(line) for line in lines[:5]),
            "GET / 200",
            "ok then",
            *("*" * len(line) for line in lines[7:-1]),
            "TheEnd",
        ]

    def test_a_key_is_hidden_as_it_arrives_line_by_line(self) -> None:
        for count in range(1, len(KEY_LINES)):
            assert set("".join(self.hidden(*KEY_LINES[:count]))) == {"*"}

    def test_lines_in_the_middle_of_a_key_are_hidden_though_nothing_in_them_says_so(self) -> None:
        data = "\n".join(KEY_LINES).encode()

        assert Redactor(rules()).read(reader(data), 300, 64)[0] == b"*" * 56 + b"\n" + b"*" * 7

    def test_lines_with_a_prefix_lose_their_base64(self) -> None:
        lines = [f"Nov 30 host app: {line}" for line in KEY_LINES]

        assert [line.rstrip("*") for line in self.hidden(*lines)] == ["Nov 30 host app: "] * len(lines)

    def test_a_key_after_others_and_after_one_that_never_ends_is_hidden(self) -> None:
        between = ["GET / 200 A+b=="] * 2_000
        lines = [*KEY_LINES, *between, *KEY_LINES[:3], *between, *KEY_LINES]

        found = self.hidden(*lines)

        assert set("".join(found[:23] + found[2_023:2_026] + found[4_026:])) == {"*"}
        assert (found[23:2_023], found[4_000:4_026]) == (between, between[:26])

    def test_a_key_without_end_hides_16_kib_and_no_more(self) -> None:
        found = self.hidden(KEY_LINES[0], *["A" * 63] * 300)

        assert found[0] == "*" * 31
        assert [set(line) for line in found[1:]].count(
            {"*"}
        ) == 256  # lines that begin up to 16,384 bytes after it


class TestOverlaps:
    def test_where_two_rules_hide_the_same_the_one_that_begins_first_names_it(self) -> None:
        redactor = Redactor([Pattern("b", "cde"), Pattern("a", "bcd")])

        assert redactor.spans(b"abcdef", 0, 0, 6) == [Span(1, 5, "a")]

    def test_neighbours_keep_their_names(self) -> None:
        redactor = Redactor([Pattern("one", "ab"), Pattern("two", "cd")])

        assert redactor.spans(b"abcd", 0, 1, 4) == [Span(1, 2, "one"), Span(2, 4, "two")]


class TestFailing:
    def test_a_function_that_raises_fails_without_a_word_of_the_line(self) -> None:
        def find(line: str) -> list[tuple[int, int]]:
            raise ValueError(line)

        with pytest.raises(RuleFailed) as raised:
            whole(Redactor([Called("mine", find)]), b"s3cret")

        assert (raised.value.rule, str(raised.value)) == ("mine", "it raised ValueError")
        assert raised.value.__cause__ is None
        assert raised.value.__suppress_context__

    @pytest.mark.parametrize("spans", [[(0, 9)], [(-1, 2)], [(3, 2)], [("a", "b")]])
    def test_a_function_that_returns_no_spans_of_its_line_fails(self, spans: list[tuple[int, int]]) -> None:
        with pytest.raises(RuleFailed, match="spans of its line"):
            whole(Redactor([Called("mine", lambda line: spans)]), b"s3cret")

    def test_a_function_gets_characters_and_its_spans_count_them(self) -> None:
        redactor = Redactor([Called("mine", lambda line: [(line.index("陈"), line.index("陈") + 2)])], "gbk")

        assert whole(redactor, "用户 陈杰 x".encode("gbk")) == "用户 **** x".encode("gbk")

    def test_an_expression_that_re2_refuses_fails(self) -> None:
        with pytest.raises(RuleFailed, match="missing"):
            Pattern("mine", "a(").check()
