import codecs

import pytest

from django_logtail.tailing.text.encodings import (
    EXAMPLES,
    LABELS,
    WIDER,
    UnknownEncoding,
    browser_label,
    shown_as,
)


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("utf-8", "utf-8"),
        ("UTF8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("utf-16-le", "utf-16le"),
        ("utf-16-be", "utf-16be"),
        ("latin-1", "windows-1252"),
        ("iso-8859-15", "iso-8859-15"),
        ("cp936", "gbk"),
        ("gb18030", "gb18030"),
        ("big5", "big5"),
        ("shift-jis", "shift_jis"),
        ("cp932", "shift_jis"),
        ("koi8-r", "koi8-r"),
    ],
)
def test_an_encoding_has_the_label_browsers_know(name: str, label: str) -> None:
    assert browser_label(name) == label


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_in_a_message_is_accepted(name: str) -> None:
    assert browser_label(name)


@pytest.mark.parametrize("name", sorted(LABELS))
def test_every_key_of_the_table_is_the_name_python_uses(name: str) -> None:
    assert codecs.lookup(name).name == name


@pytest.mark.parametrize("name", sorted(set(LABELS) - {"utf-16-le", "utf-16-be"}))
def test_in_every_single_or_multi_byte_encoding_a_newline_is_the_byte_0a(name: str) -> None:
    assert "\n".encode(name).endswith(b"\n")


@pytest.mark.parametrize("name", ["", "utf-9", "klingon", "a\0b", "é"])
def test_a_name_of_no_encoding_is_refused_with_examples(name: str) -> None:
    with pytest.raises(UnknownEncoding) as refused:
        browser_label(name)

    assert str(refused.value) == (
        f"The encoding {name!r} does not exist. "
        "Use one such as utf-8, utf-16-le, latin-1, cp1252, gbk, gb18030, big5, shift_jis, euc-kr."
    )


@pytest.mark.parametrize("name", ["rot13", "hex", "zlib", "idna", "utf-7", "utf-32", "cp037"])
def test_what_no_browser_decodes_as_text_is_refused(name: str) -> None:
    with pytest.raises(UnknownEncoding, match=f"^Browsers do not support the encoding '{name}'"):
        browser_label(name)


def test_utf_16_without_a_byte_order_asks_for_one() -> None:
    with pytest.raises(UnknownEncoding) as refused:
        browser_label("utf-16")

    assert str(refused.value) == (
        "'utf-16' doesn't specify the byte order. Use utf-16-le (most Windows logs) or utf-16-be."
    )


@pytest.mark.parametrize(
    ("name", "codec"), [("utf-8", "utf-8"), ("latin-1", "cp1252"), ("gbk", "gb18030"), ("x-none", "x-none")]
)
def test_text_is_searched_as_browsers_show_it(name: str, codec: str) -> None:
    assert shown_as(name) == codec


@pytest.mark.parametrize("name", sorted(WIDER))
def test_the_wider_codec_reads_ascii_and_what_the_narrower_one_writes(name: str) -> None:
    sample = "".join(c for c in "plain 中 가 ก" if c.encode(name, "ignore"))

    assert sample.encode(name).decode(shown_as(name)) == sample
